-- A loop nested in a callback of a connection closes that connection (seen by valgrind: libuv looks at the
-- handle again when the callback returns).
local h = require "spec.support.harness"
local uv = require "luv"

h.transports(function(_, binding)
  it("a connection may be closed by a loop that is nested in its own callback", h.async(function()
    local rpc, world = require "asyncrpc", require "spec.support.world"
    local told
    local w = world.open(binding)
    w.client.async:Add(1, 2, function(_, sum)
      w.close()
      for _ = 1, 20 do uv.run "nowait" end
      told = sum
    end)
    world.eventually(function() return told end)
    assert.equal(3, told)
    assert.equal(0, rpc.stats().connections)
  end))

  it("and so may the server's end, by a manager", h.async(function()
    local world = require "spec.support.world"
    local w
    w = world.open(binding, {
      managers = {
        Nothing = function()
          w.close()
          for _ = 1, 20 do uv.run "nowait" end
        end,
      },
    })
    local ok, err = pcall(w.client.Nothing, w.client)
    assert.is_false(ok)
    assert.equal(1726, err.status)
  end))
end)
