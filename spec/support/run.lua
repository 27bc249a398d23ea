-- Runs spec files: lua5.4 spec/support/run.lua [busted's options] file ...
-- One closing line, or, with ARPC_RESULTS, results to that file (see output.lua).
package.path = "./?.lua;" .. package.path
local build = os.getenv "BUILD" or "build"
local options = {
  "--ignore-lua", "--no-auto-insulate", "-o", "spec/support/output.lua",
  "--cpath=" .. build .. "/lua/?.so", -- .busted names the plain build
}
table.move(arg, 1, #arg, #options + 1)
table.move(options, 1, #options, 1, arg)
require "busted.runner" { standalone = false }
