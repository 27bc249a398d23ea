-- Scripts in processes of their own, under the variant's wrapper.
local child = {}

local lua = os.getenv "LUA" or "lua5.4"

-- Runs a script; its exit code and what it wrote.
function child.run(script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local wrap = os.getenv "ARPC_WRAP" or ""
  local preload = os.getenv "ARPC_PRELOAD"
  local command = ("%s%s %s %s 2>&1"):format(preload and "LD_PRELOAD=" .. preload .. " " or "", wrap, lua, path)
  local pipe = assert(io.popen(command))
  local words = pipe:read "a"
  local _, _, code = pipe:close()
  os.remove(path)
  return code, words
end

-- Runs a script that is to end with this code and to write this.
function child.expect(script, code, pattern)
  local assert = require "luassert"
  local is, words = child.run(script)
  assert.equal(code, is, words)
  if pattern then assert.truthy(words:find(pattern), words) end
end

return child
