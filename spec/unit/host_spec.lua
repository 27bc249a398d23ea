-- Living on luv's loop: loading, walking, leaving, and the host's own rules. Each in a process of its own.
local h = require "spec.support.harness"

local prelude = [[
local rpc = require "asyncrpc"
local uv = require "luv"
local Test = require "spec.support.world".Test
local server = rpc.server{ "ncacn_ip_tcp:127.0.0.1[0]" }
local parked = {}
server:register(Test, require "spec.support.world".managers(parked))
server:listen()
local client = rpc.client(Test, server:bindings()[1])
assert(client:Add(1, 2) == 3)
]]

local child = require "spec.support.child"
local expect = child.expect

describe("the host", function()
  it("may leave with open connections, pending calls and waiting coroutines", h.main(function()
    expect(prelude .. [[
      rpc.spawn(function() client:Slow(1) end)
      rpc.spawn(function() rpc.sleep(100000) end)
      local call = client.async:Slow(2, function() error "told at exit" end)
      local polled = client.async:Slow(3)
      rpc.sleep(10)
      print(call, polled, "leaving")
    ]], 0, "leaving")
    expect(prelude .. [[ client.async:Slow(2, function() end); rpc.sleep(5); os.exit(3, true) ]], 3)
  end))

  it("may walk the loop and close everything, which ends our calls and not the process", h.main(function()
    expect(prelude .. [[
      local status
      client.async:Slow(1, function(err) status = err.status end)
      rpc.sleep(5)
      local n = 0
      uv.walk(function(handle)
        n = n + 1
        if not handle:is_closing() then handle:close() end
      end)
      assert(n > 3)
      uv.run()
      assert(status == 1726, status)
      assert(rpc.stats().connections == 0)
      local again = rpc.server{ "ncacn_ip_tcp:127.0.0.1[0]" }
      again:close()
      parked[1]:abort(5)
      print "walked"
    ]], 0, "walked")
  end))

  it("may require luv, and us, first inside a coroutine that then dies", h.main(function()
    expect([[
      coroutine.wrap(function() require "luv" require "asyncrpc" end)()
      for _ = 1, 5 do collectgarbage() end
    ]] .. prelude .. [[
      for i = 1, 50 do assert(client:Add(i, i) == 2 * i) collectgarbage() end
      client:close() server:close()
      require "luv".run()
      print "fine"
    ]], 0, "fine")
  end))

  it("is refused when its luv was built on another libuv", h.main(function()
    expect([[
      local luv = require "luv"
      local real = luv.version()
      luv.version = function() return real + 0x10000 end
      local ok, err = pcall(require, "asyncrpc")
      assert(not ok)
      print(err)
    ]], 0, "same libuv")
  end))

  it("decides what becomes of an error that on_error itself raises", h.main(function()
    local code, words = child.run(prelude .. [[
      rpc.on_error(function() error "on_error failed" end)
      client.async:Add(1, 2, function() error "first" end)
      rpc.sleep(50)
      print "not reached"
    ]])
    assert.not_equal(0, code)
    assert.truthy(words:find "on_error failed", words)
    assert.falsy(words:find "not reached", words)
  end))

  it("goes on by default after an error in a callback, which is printed", h.main(function()
    expect(prelude .. [[
      client.async:Add(1, 2, function() error "printed" end)
      rpc.sleep(20)
      print "went on"
    ]], 0, "printed.*went on")
  end))

  it("ends its run when calls are over, though connections are open", h.main(function()
    expect(prelude .. [[
      server = nil
      local other = require "spec.support.world"
      local got
      client.async:Add(1, 2, function(_, sum) got = sum end)
      while not got do uv.run "once" end
      print(got)
    ]], 0, "3")
  end))

  it("may nest its loop in a callback", h.main(function()
    expect(prelude .. [[
      local got = {}
      client.async:Add(1, 2, function()
        client.async:Add(3, 4, function(_, sum) got[2] = sum end)
        local timer = uv.new_timer()
        timer:start(20, 0, function() timer:close() uv.stop() end)
        uv.run "default"
        got[1] = true
      end)
      for _ = 1, 1000 do uv.run "nowait" uv.sleep(1) if got[1] and got[2] then break end end
      assert(got[1] and got[2] == 7)
      print "nested"
    ]], 0, "nested")
  end))
end)
