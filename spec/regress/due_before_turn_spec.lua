-- A timer may be due when the turn that waits for it begins: libuv fires it before it polls, and the turn
-- must not sleep then. The hook makes it due between arming it and the turn.
local h = require "spec.support.harness"
local uv = require "luv"

local function busy(ms)
  local till = uv.hrtime() + ms * 1000000
  while uv.hrtime() < till do end
end

describe("a sleep on the main chunk", function()
  it("does not sleep on when its time is over before the turn begins", h.main(function()
    local rpc = require "asyncrpc"
    local guard, slept_on = uv.new_timer(), false
    guard:start(3000, 0, function() slept_on = true end)
    debug.sethook(function()
      if debug.getinfo(2, "S").what == "C" then busy(3) end
    end, "c")
    rpc.sleep(1)
    debug.sethook()
    guard:close()
    assert.is_false(slept_on)
  end))
end)
