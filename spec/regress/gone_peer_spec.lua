-- The other end goes away with bytes for it on their way.
local h = require "spec.support.harness"
local child = require "spec.support.child"

local source = [[
[uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e23), version(1.0)]
interface Late { void Give([in] long n, [out, size_is(n)] byte back[]); void Park([in] long id); }]]

-- A client that asks for much and closes in the turn in which it is answered; the handles of its parked calls.
local function answer_and_leave(rpc, binding)
  local Late = rpc.idl.parse(source, { acf = "interface Late { [async] Give(); [async] Park(); }" }).Late
  local given, parked = nil, {}
  local server = rpc.server { binding, max_unsent = 1000 }
  server:register(Late, {
    Give = function(call) given = call end,
    Park = function(call) parked[#parked + 1] = call end,
  })
  server:listen()
  local client = rpc.client(Late, server:bindings()[1])
  client.async:Park(1):detach()
  client.async:Give(4000000):detach()
  while not (given and parked[1]) do rpc.sleep(1) end
  given:complete(("x"):rep(4000000))
  client:close()
  return server, parked
end

h.transports(function(_, binding)
  it("a server that waits for a slow reader sees it go", h.async(function()
    local rpc = require "asyncrpc"
    local server, parked = answer_and_leave(rpc, binding)
    while not parked[1]:cancelled() do rpc.sleep(1) end
    assert.equal("disconnect", select(2, parked[1]:cancelled()))
    parked[1]:abort(5)
    server:close()
  end))
end)

it("an answer to a client that has closed does not end the process with a signal [unix]", h.main(function()
  child.expect([[
    local rpc, uv = require "asyncrpc", require "luv"
    local world = require "spec.support.world"
    local w = world.open(require "spec.support.harness".binding "unix")
    w.client.async:Slow(1):detach()
    while not w.parked[1] do uv.run "once" end
    w.client:close()
    w.parked[1]:complete(1, 2)
    rpc.sleep(10)
    w.close()
    print "alive"
  ]], 0, "alive")
end))
