-- A server of the Pipes interface and a client of it, in one process, on one transport, in one transfer syntax.
local rpc = require "asyncrpc"
local h = require "spec.support.harness"
local world = require "spec.support.world"

local pipes = {}

-- The interface with [async] procedures, or with synchronous ones.
function pipes.interface(synchronous)
  local acf = not synchronous and world.read "spec/support/pipes.acf" or nil
  return rpc.idl.parse(world.read "spec/support/pipes.idl", { acf = acf, name = "pipes.idl" }).Pipes
end

pipes.Async = pipes.interface()
pipes.Sync = pipes.interface(true)

-- { server, client, close() }; options.server and options.client are passed on, options.interface is the server's,
-- options.client_interface the client's.
function pipes.open(binding, transfer, managers, options)
  options = options or {}
  local settings = { binding, transfer = transfer, prefer = transfer }
  for name, value in pairs(options.server or {}) do settings[name] = value end
  local chosen = { transfer = transfer }
  for name, value in pairs(options.client or {}) do chosen[name] = value end
  local self = { server = rpc.server(settings) }
  self.server:register(options.interface or pipes.Async, managers)
  self.server:listen()
  self.client = rpc.client(options.client_interface or pipes.Async, self.server:bindings()[1], chosen)
  function self.close()
    self.client:close()
    self.server:close()
  end
  return self
end

-- Declares the same specs once for each transport and each syntax: block(with, name of the transport, syntax), where
-- with(managers, body, options) is a spec's body with a world of its own, which has options.ms. managers may be a
-- function of an empty table, which the body gets behind the world.
function pipes.everywhere(block)
  local describe = require("busted").describe
  h.transports(function(name, binding)
    for _, transfer in ipairs { "ndr20", "ndr64" } do
      describe(("[%s]"):format(transfer), function()
        block(function(managers, body, options)
          return h.async(function()
            local seen = {}
            local made = type(managers) == "function" and managers(seen) or managers
            local w = pipes.open(binding, transfer, made, options)
            local ok, err = xpcall(body, debug.traceback, w, seen)
            w.close()
            if not ok then error(err, 0) end
          end, options and options.ms)
        end, name, transfer)
      end)
    end
  end)
end

-- All of a pipe, in one piece, "" if there is nothing; and the lengths of what was pulled.
function pipes.drain(pipe, n)
  local parts, lengths = {}, {}
  for chunk in pipe:chunks(n) do
    parts[#parts + 1] = chunk
    lengths[#lengths + 1] = #chunk
  end
  if type(parts[1]) ~= "table" then return table.concat(parts), lengths end
  local all = {}
  for _, part in ipairs(parts) do table.move(part, 1, #part, #all + 1, all) end
  return all, lengths
end

-- A callback that counts the events by kind, and what it counted.
function pipes.counter()
  local counts = { [rpc.SEND_COMPLETE] = 0, [rpc.RECEIVE_COMPLETE] = 0, [rpc.CALL_COMPLETE] = 0,
    [rpc.CLIENT_CANCEL] = 0, [rpc.CLIENT_DISCONNECT] = 0 }
  return counts, function(_, _, event) counts[event] = counts[event] + 1 end
end

-- Turns of the loop in which nothing is waited for: what was to come has come.
function pipes.settle(n)
  for _ = 1, n or 20 do rpc.sleep(0) end
end

return pipes
