-- Times count from when they are asked for, not from when the loop last looked at its clock.
local h = require "spec.support.harness"
local uv = require "luv"

it("a call after a long computation has its whole timeout", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  local w = world.open(h.binding "tcp", { client = { timeout = 2000 } })
  w.client:Add(1, 2)
  rpc.sleep(1)
  local started = uv.hrtime()
  while uv.hrtime() - started < 2300e6 do end
  assert.equal(7, w.client:Add(3, 4))
  w.close()
end))
