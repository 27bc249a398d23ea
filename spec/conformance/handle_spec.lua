-- Rows 1-20: the handle and its lifecycle.
local h = require "spec.support.harness"
local uv = require "luv"

local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of = world.status_of

local PENDING, BAD_HANDLE, BAD_CALL = 997, 1914, 1915

h.transports(function(_, binding)
  local with = world.with(binding)

  it("#1 an asynchronous call returns before the server has replied", with(function(w)
    local call = w.client.async:Slow(1)
    assert.equal(PENDING, call:status())
    assert.is_nil(w.parked[1])
    w.arrived(1):complete(10, 2)
    assert.same({ 10, 2 }, { call:await() })
  end))

  it("#2 hundreds of calls are outstanding at once on one client", with(function(w)
    local calls = {}
    local n = math.max(110, h.scale(300))
    for id = 1, n do calls[id] = w.client.async:Slow(id) end
    w.arrived(n)
    assert.equal(n, rpc.stats().pending)
    for id = 1, n do w.parked[id]:complete(id, 2 * id) end
    for id = 1, n do assert.same({ id, 2 * id }, { calls[id]:await() }) end
  end))

  it("#3 a busy handle refuses a second call and the first is unharmed", with(function(w)
    local async = rpc.async {}
    w.client:Slow(async, 1)
    assert.equal(BAD_CALL, (status_of(w.client.Slow, w.client, async, 2)))
    assert.equal(BAD_CALL, (status_of(async.init, async)))
    w.arrived(1):complete(10, 2)
    assert.same({ 10, 2 }, { async:await() })
    assert.is_nil(w.parked[2])
  end))

  it("#6 a handle is reusable right after harvest, without initialising", with(function(w)
    local async = rpc.async {}
    for id = 1, 3 do
      w.client:Slow(async, id)
      w.arrived(id):complete(id, 0)
      assert.equal(id, (async:await()))
    end
    assert.equal(async, async:init())
    w.client:Slow(async, 4)
    w.arrived(4):complete(4, 0)
    assert.equal(4, (async:await()))
  end))

  it("#7 the status is 997 while pending, another one once finished, and asking consumes nothing", with(function(w)
    local good, bad = w.client.async:Slow(1), w.client.async:Slow(2)
    assert.equal(PENDING, good:status())
    w.arrived(1):complete(10, 2)
    w.arrived(2):abort(5)
    world.eventually(function() return good:status() ~= PENDING and bad:status() ~= PENDING end)
    for _ = 1, 3 do
      assert.equal(0, good:status())
      assert.equal(5, bad:status())
    end
    assert.same({ 10, 2 }, { good:complete() })
    assert.equal(5, (status_of(bad.complete, bad)))
  end))

  it("#8 complete on a pending call gives 997, and works later", with(function(w)
    local call = w.client.async:Slow(1)
    for _ = 1, 3 do assert.equal(PENDING, (status_of(call.complete, call))) end
    w.arrived(1):complete(10, 2)
    world.eventually(function() return call:status() ~= PENDING end)
    assert.same({ 10, 2 }, { call:complete() })
  end))

  it("#9 complete delivers the return value and every out and in,out value", with(function(w)
    local call = w.client.async:Measure("twelve bytes", 41)
    world.eventually(function() return call:status() ~= PENDING end)
    assert.same({ 7, 12, 42 }, { call:complete() })
    local swap = w.client.async:Swap { x = 1, y = -2 }
    world.eventually(function() return swap:status() ~= PENDING end)
    assert.same({ x = -2, y = 1 }, swap:complete())
  end))

  it("#10 a failed call's complete raises its code and gives no values", with(function(w)
    local call = w.client.async:Fail(1734)
    world.eventually(function() return call:status() ~= PENDING end)
    local results = table.pack(pcall(call.complete, call))
    assert.equal(2, results.n)
    assert.is_false(results[1])
    assert.equal(1734, results[2].status)
    assert.equal("fault", results[2].where)
    assert.equal(0x1C000007, results[2].fault)
  end))

  it("#11 collecting a call releases all of it, whatever came of it", with(function(w)
    w.client:Nothing() -- connected: what is given up below has been sent
    local function round()
      local ok, bad, gone = w.client.async:Add(1, 2), w.client.async:Fail(5), w.client.async:Slow(1)
      gone:abandon()
      ok:await()
      pcall(bad.await, bad)
      pcall(gone.await, gone)
      world.eventually(function() return w.parked[1] end)
      w.parked[1]:abort(1726)
      w.parked[1] = nil
    end
    round()
    collectgarbage()
    collectgarbage()
    local before, bytes = rpc.stats(), collectgarbage "count"
    for _ = 1, h.scale(200) do round() end
    collectgarbage()
    collectgarbage()
    local after = rpc.stats()
    assert.equal(before.handles, after.handles)
    assert.equal(before.anchors, after.anchors)
    assert.equal(before.timers, after.timers)
    assert.is_true(collectgarbage "count" - bytes < 200, "Lua memory grew")
  end))

  it("#12 complete, cancel and abandon after the end answer 1914; so do a manager's verbs", with(function(w)
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    parked:complete(10, 2)
    for _, verb in ipairs { "complete", "abort", "cancelled" } do
      assert.equal(BAD_HANDLE, (status_of(parked[verb], parked, 5, 5)), verb)
    end
    call:await()
    for _, verb in ipairs { "complete", "await", "cancel", "abandon" } do
      assert.equal(BAD_HANDLE, (status_of(call[verb], call)), verb)
    end
    assert.equal(BAD_HANDLE, call:status())
    assert.equal(BAD_CALL, (status_of(call.abort, call, 5)))
    assert.equal(BAD_CALL, (status_of(parked.cancel, parked)))
  end))

  it("#13 a failure while issuing is raised, leaves nothing pending and notifies nobody", with(function(w)
    local told = 0
    local async = rpc.async { callback = function() told = told + 1 end }
    local _, err = status_of(w.client.Slow, w.client, async, "no number")
    assert.equal("issue", err.phase)
    assert.truthy(err.message:find("Slow: argument 2 'id': number expected, got string", 1, true), err.message)
    assert.equal(0, rpc.stats().pending)
    assert.equal(BAD_HANDLE, async:status())
    w.client:close()
    assert.equal(1702, (status_of(w.client.Slow, w.client, async, 1)))
    assert.equal(1702, (status_of(w.client.async.Slow, w.client.async, 1, function() told = told + 1 end)))
    rpc.sleep(5)
    assert.equal(0, told)
  end))

  it("#14 what is attached to a handle is there in the notification", with(function(w)
    local info, seen = { 1, 2, 3 }, nil
    local done = rpc.event()
    local async = rpc.async {
      user_info = info,
      callback = function(a)
        seen = a.user_info
        done:set()
      end,
    }
    w.client:Add(async, 1, 2)
    done:wait()
    assert.equal(info, seen)
    async.user_info = "another"
    assert.equal("another", async.user_info)
    assert.equal(3, async:complete())
  end))

  it("#15 arguments may be changed as soon as the issuing function returned", with(function(w)
    local point = { x = 1, y = 2 }
    local unsent = w.client.async:Swap(point) -- no connection yet: the call waits
    point.x, point.y = 100, 200
    assert.same({ x = 2, y = 1 }, unsent:await())
    local sent = w.client.async:Swap(point)
    point.x, point.y = 0, 0
    assert.same({ x = 200, y = 100 }, sent:await())
  end))

  it("#16 a pending handle that is collected cancels its call and is reported", with(function(w)
    local kept = { w.client.async:Slow(1) }
    local parked = w.arrived(1)
    table.remove(kept)
    collectgarbage()
    collectgarbage()
    world.eventually(function() return rpc.stats().pending == 0 end)
    local reported = h.reported(1)
    assert.equal(1, #reported)
    assert.equal(1818, reported[1].status)
    world.eventually(function() return (parked:cancelled()) end)
    parked:abort(1818)
    assert.equal(5, w.client:Add(2, 3))
  end))

  it("#16 a pending handle with a callback is kept until it was told", with(function(w)
    local got
    w.client.async:Slow(1, function(err, ret, twice) got = { err, ret, twice } end)
    collectgarbage()
    collectgarbage()
    w.arrived(1):complete(10, 2)
    world.eventually(function() return got end)
    assert.same({ nil, 10, 2 }, got)
  end))

  it("#16 a pending handle keeps the client it was issued with, whatever the script puts on it", with(function(w)
    local function pending(issue)
      local client = rpc.client(world.Test, w.binding, w.options.client)
      return issue(client)
    end
    local calls = {
      pending(function(client) return client.async:Slow(1) end),
      pending(function(client)
        local call = client.async:Slow(2)
        call.user_info = "after"
        return call
      end),
      pending(function(client)
        local call = rpc.async { user_info = "before" }
        client:Slow(call, 3)
        return call
      end),
    }
    collectgarbage()
    collectgarbage()
    for id, call in ipairs(calls) do
      assert.equal(PENDING, call:status())
      w.arrived(id):complete(id, 2 * id)
      assert.same({ id, 2 * id }, { call:await() })
    end
    assert.same({ "after", "before" }, { calls[2].user_info, calls[3].user_info })
  end))

  it("#17 synchronous calls are made while asynchronous ones are pending", with(function(w)
    local calls = {}
    for id = 1, 5 do calls[id] = w.client.async:Slow(id) end
    for i = 1, 10 do assert.equal(i + 1, w.client:Add(i, 1)) end
    for id = 1, 5 do assert.equal(PENDING, calls[id]:status()) end
    for id = 5, 1, -1 do w.arrived(id):complete(id, 0) end
    for id = 1, 5 do assert.equal(id, (calls[id]:await())) end
  end))

  it("#18 a synchronous server serves asynchronous clients", with(function(w)
    assert.same({ 3, 6 }, { w.client.async:Slow(3):await() })
    assert.same({ 4, 8 }, { w.client:Slow(4) })
  end, {
    interface = require("spec.support.world").interface(true),
    managers = { Slow = function(_, id) return id, 2 * id end },
  }))

  it("#18 an asynchronous server serves synchronous clients", with(function(w)
    local task = rpc.spawn(function() return w.client:Slow(3) end)
    w.arrived(3):complete(3, 6)
    assert.same({ 3, 6 }, { task:await() })
  end, { client_interface = require("spec.support.world").interface(true) }))

  it("#19 what a call writes does not depend on how it was issued, or declared", with(function(w)
    local function bytes_of(issue)
      local before = rpc.stats().bytes_out
      issue()
      return rpc.stats().bytes_out - before
    end
    w.client:Add(1, 2)
    local sync = bytes_of(function() w.client:Add(1, 2) end)
    assert.equal(sync, bytes_of(function() w.client.async:Add(1, 2):await() end))
    local async = rpc.async {}
    assert.equal(sync, bytes_of(function()
      w.client:Add(async, 1, 2)
      async:await()
    end))
  end))

  it("#20 a server that is not there gives 1722, and soon", h.async(function()
    local nobody = world.open(binding)
    local gone = nobody.binding
    nobody.close()
    rpc.sleep(5)
    local client = rpc.client(world.Test, gone)
    local started = uv.hrtime()
    local status, err = status_of(client.Add, client, 1, 2)
    assert.equal(1722, status)
    assert.equal("connect", err.phase)
    assert.is_false(err.maybe_executed)
    local call = client.async:Add(1, 2)
    assert.equal(PENDING, call:status())
    assert.equal(1722, (status_of(call.await, call)))
    assert.is_true(uv.hrtime() - started < 5e9)
    client:close()
  end))

  it("#92 an interface nobody registered gives 1717, named", with(function(w)
    local other = rpc.idl.parse([[
      [uuid(00000000-1111-2222-3333-444444444444), version(1.0)]
      interface Other { void F(); }
    ]]).Other
    local client = rpc.client(other, w.binding)
    local status, err = status_of(client.F, client)
    assert.equal(1717, status)
    assert.equal("RPC_S_UNKNOWN_IF", err.name)
    client:close()
  end))
end)

-- #19 to the byte: a relay in between keeps what the client writes.
describe("wire", function()
  local function relay(to, recorded)
    local listener = uv.new_tcp()
    listener:bind("127.0.0.1", 0)
    listener:listen(8, function()
      local near, far = uv.new_tcp(), uv.new_tcp()
      listener:accept(near)
      local function pump(from, dest, keep)
        from:read_start(function(_, data)
          if data and keep then recorded[#recorded + 1] = data end
          if data then dest:write(data)
          elseif not dest:is_closing() then dest:close() end
        end)
      end
      far:connect("127.0.0.1", to, function()
        pump(near, far, true)
        pump(far, near, false)
      end)
    end)
    return listener, listener:getsockname().port
  end

  local function bytes_of(port, interface, issue)
    local recorded = {}
    local listener, at = relay(port, recorded)
    local client = rpc.client(interface, ("ncacn_ip_tcp:127.0.0.1[%d]"):format(at))
    issue(client)
    client:close()
    listener:close()
    return table.concat(recorded)
  end

  it("#19 requests are the same bytes from synchronous and asynchronous clients [tcp]", h.async(function()
    local w = world.open("ncacn_ip_tcp:127.0.0.1[0]", {
      interface = world.interface(true),
      managers = { Slow = function(_, id) return id, 2 * id end },
    })
    local port = tonumber(w.binding:match "%[(%d+)%]")
    local first = bytes_of(port, world.Test, function(c) c.async:Slow(9):await() end)
    local second = bytes_of(port, world.interface(true), function(c) c:Slow(9) end)
    w.close()
    assert.is_true(#first > 100)
    -- the association group asked for is 0 in both: every connection is a new client's
    assert.equal(first, second)
  end))
end)
