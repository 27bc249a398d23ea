-- Events: rpc.event{ manual_reset = boolean, set = boolean }
local core = require "asyncrpc.core"

---@class asyncrpc.event
---@field wait fun(self: asyncrpc.event, timeout: number?): boolean true once set, false after timeout ms
---@field set fun(self: asyncrpc.event)
---@field reset fun(self: asyncrpc.event)
---@field is_set fun(self: asyncrpc.event): boolean

local known = { manual_reset = true, set = true }

---@param options { manual_reset: boolean?, set: boolean? }?
---@return asyncrpc.event
return function(options)
  for key in pairs(options or {}) do
    if not known[key] then error(("event: unknown option '%s'"):format(tostring(key)), 2) end
  end
  return core.event(options and options.manual_reset, options and options.set)
end
