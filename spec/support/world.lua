-- A server of the Test interface and a client of it, in one process, on one transport.
local rpc = require "asyncrpc"
local h = require "spec.support.harness"

local world = {}

local idl_text, acf_text

-- What a file holds.
function world.read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- The interface with [async] on Slow and Park, and without.
function world.interface(synchronous)
  idl_text = idl_text or world.read "spec/support/test.idl"
  acf_text = acf_text or world.read "spec/support/test.acf"
  return rpc.idl.parse(idl_text, { acf = not synchronous and acf_text or nil, name = "test.idl" }).Test
end

world.Test = world.interface()

-- Managers that answer; Slow and Park keep their handles in `parked`, by id.
function world.managers(parked)
  return {
    Add = function(_, a, b) return a + b end,
    Nothing = function() end,
    Measure = function(_, text, counter) return 7, #text, counter + 1 end,
    Echo = function(_, data) return data end,
    Swap = function(_, p) return { x = p.y, y = p.x } end,
    Fail = function(_, status) rpc.raise(status) end,
    Slow = function(call, id) parked[id] = call end,
    Park = function(call, id) parked[id] = call end,
  }
end

-- Waits until fn() is true; the harness's deadline ends it otherwise.
function world.eventually(fn)
  while not fn() do rpc.sleep(1) end
end

-- { server, client, parked, binding, close() }; options.managers replaces some, options.server and
-- options.client are passed on, options.interface is the server's.
function world.open(binding, options)
  options = options or {}
  local self = { parked = {}, options = options }
  local managers = world.managers(self.parked)
  for name, fn in pairs(options.managers or {}) do managers[name] = fn end
  local settings = { binding }
  for name, value in pairs(options.server or {}) do settings[name] = value end
  self.server = rpc.server(settings)
  self.server:register(options.interface or world.Test, managers)
  self.server:listen()
  self.binding = self.server:bindings()[1]
  world.current = self.binding
  self.client = rpc.client(options.client_interface or world.Test, self.binding, options.client)
  function self.close()
    self.client:close()
    self.server:close()
  end
  -- The handle of the parked call `id`, once it is there.
  function self.arrived(id)
    world.eventually(function() return self.parked[id] end)
    return self.parked[id]
  end
  return self
end

-- The status of the error object that fn(...) raises, and the object.
function world.status_of(fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("nothing was raised", 2) end
  if not rpc.is_error(err) then error("no error object: " .. tostring(err), 2) end
  return err.status, err
end

-- with(body, options): a spec's body with a world of its own on that binding, which it need not close.
-- options may be a function that makes them.
function world.with(binding)
  return function(body, options)
    return h.async(function()
      local w = world.open(binding, type(options) == "function" and options() or options)
      local ok, err = xpcall(body, debug.traceback, w)
      w.close()
      if not ok then error(err, 0) end
    end)
  end
end

return world
