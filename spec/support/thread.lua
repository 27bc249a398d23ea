-- Functions in OS threads of their own, each with a Lua state and a loop.
local rpc = require "asyncrpc"
local uv = require "luv"

local thread = {}

-- Starts fn(token, ...) in a thread; it must not have upvalues. Its two first results, as text, or its error come
-- in a packet on a port whose `join` waits for it: at most ms.
function thread.start(fn, ...)
  local port = rpc.completion_port()
  local started = uv.new_thread(function(path, cpath, token, code, ...)
    package.path, package.cpath = path, cpath
    local remote = require "asyncrpc"
    local reply = remote.completion_port(token)
    local ok, result = xpcall(load(code, "=thread", "b"), debug.traceback, ...)
    reply:post(ok and 1 or 0, type(result) == "table" and tostring(result) or result)
  end, package.path, package.cpath, port:token(), string.dump(fn), ...)
  local self = {}
  -- What fn returned; raises its error.
  function self.join(ms)
    local ok, result = port:get(ms or 20000)
    if ok == nil then error("a thread is late", 2) end
    started:join()
    if ok ~= 1 then error(result, 2) end
    return result
  end
  return self
end

return thread
