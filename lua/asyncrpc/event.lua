-- Events: rpc.event{ manual_reset = boolean, set = boolean }, or by token the event of another thread.
local core = require "asyncrpc.core"

---@class asyncrpc.event
---@field wait fun(self: asyncrpc.event, timeout: number?, how: "alertable"?): boolean, ("timeout"|"apc")?
---@field token fun(self: asyncrpc.event): string
---@field set fun(self: asyncrpc.event)
---@field reset fun(self: asyncrpc.event)
---@field is_set fun(self: asyncrpc.event): boolean

local known = { manual_reset = true, set = true }

---@param options { manual_reset: boolean?, set: boolean? }|string?
---@return asyncrpc.event
return function(options)
  if type(options) == "string" then return core.event(options) end
  for key in pairs(options or {}) do
    if not known[key] then error(("event: unknown option '%s'"):format(tostring(key)), 2) end
  end
  return core.event(options and options.manual_reset, options and options.set)
end
