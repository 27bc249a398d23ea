-- The loop is luv's; this only runs it.
local uv = require "luv"

local M = {}

---Runs luv's loop until nothing is pending: no call, no listening server, no timer or socket of luv's.
function M.run()
  uv.run()
end

return M
