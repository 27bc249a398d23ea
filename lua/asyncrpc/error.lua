-- Statuses by name and number, error objects, and where errors go that nobody can catch.
local core = require "asyncrpc.core"

local numbers, texts, faults = core.statuses()

local M = {}

---Statuses: by name the number, by number the name. `rpc.status.RPC_S_CALL_CANCELLED` is 1818.
---@type table<string|integer, integer|string>
M.status = setmetatable({}, {
  __index = function(_, key)
    if math.type(key) == "integer" then return core.error_name(key) end
    return numbers[key]
  end,
  __newindex = function() error("statuses are constant", 2) end,
  __pairs = function() return next, numbers, nil end,
  __name = "asyncrpc.status",
})

---The wire's fault codes by name, and the mapping both ways.
M.fault = {
  codes = faults,
  to_status = core.from_fault,
  from_status = core.to_fault,
}

---The text of a status.
---@param status integer
---@return string?
function M.text(status)
  return texts[status]
end

---Raises an error object. In a manager it becomes a fault with this status.
---@param status integer|string a number or a name
---@param message string? what to say in front of the status's text
function M.raise(status, message)
  local number = numbers[status] or status
  if math.type(number) ~= "integer" then
    error(("rpc.raise: unknown status '%s'"):format(tostring(status)), 2)
  end
  error(core.error_new(number, message), 0)
end

---Whether a value is an error object, of this status if one is given.
---@param value any
---@param status integer|string|nil
---@return boolean
function M.is(value, status)
  local is = core.error_status(value)
  return is ~= nil and (status == nil or is == (numbers[status] or status))
end

local function print_error(e, traceback, where)
  io.stderr:write("asyncrpc: unhandled error in ", where, ": ", tostring(e), "\n")
  if traceback then io.stderr:write(traceback, "\n") end
end

core.on_error(print_error)

---Sets what is called with errors nobody can catch: fn(error, traceback, where). The default prints.
---@param fn fun(error: any, traceback: string|false, where: string)|nil nil restores the default
---@return function previous
function M.on_error(fn)
  return core.on_error(fn or print_error)
end

return M
