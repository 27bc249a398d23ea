local h = require "spec.support.harness"
local rpc = require "asyncrpc"

-- Runs what a spec would be given, which must fail; its failure as text.
local function failure(spec)
  local ok, err = pcall(spec)
  assert.is_false(ok)
  return tostring(type(err) == "table" and err.message or err)
end

describe("the harness", function()
  it("passes a body that waits and returns", h.async(function() rpc.sleep(1) end))

  it("fails with the body's own failure", function()
    local why = failure(h.async(function()
      rpc.sleep(1)
      error "of the body"
    end))
    assert.matches("harness_spec.lua:%d+: of the body\nstack traceback", why)
  end)

  it("fails a body that is late, and says where it waits", function()
    local why = failure(h.async(function() rpc.sleep(400 * (tonumber(os.getenv "ARPC_PATIENCE") or 1)) end, 20))
    assert.matches("not done after", why)
    assert.matches("harness_spec.lua", why)
  end)

  it("fails a body that nothing will wake", function()
    assert.matches("nothing on the loop", failure(h.async(coroutine.yield)))
  end)

  it("fails when an error was nobody's", function()
    local why = failure(h.async(function()
      rpc.spawn(function() error "nobody's" end)
      rpc.sleep(1)
    end))
    assert.matches("nobody's", why)
  end)

  it("lets a spec fetch the errors it expects", h.async(function()
    rpc.spawn(function() error "expected" end)
    local all = h.reported(1)
    assert.equal(1, #all)
    assert.matches("expected", tostring(all[1]))
  end))

  it("fails when something is left", function()
    local stats, settle = rpc.stats, h.settle
    finally(function()
      rpc.stats, h.settle = stats, settle
    end)
    h.settle = 5
    rpc.stats = function() return { pending = 2, parked = 0, handles = 1, connections = 0, timers = 0 } end
    assert.matches("left when the spec was over: 2 pending, 1 handles", failure(h.main(function() end)))
  end)
end)
