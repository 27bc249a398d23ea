-- Rows 21-30: how completion is told.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local world = require "spec.support.world"

h.transports(function(_, binding)
  local with = world.with(binding)

  it("#21 polling needs no callback", with(function(w)
    local async = rpc.async()
    w.client:Slow(async, 1)
    w.arrived(1):complete(10, 2)
    local turns = 0
    while async:status() == rpc.status.RPC_S_ASYNC_CALL_PENDING do
      turns = turns + 1
      rpc.sleep(0)
    end
    assert.is_true(turns > 0)
    assert.same({ 10, 2 }, { async:complete() })
  end))

  it("#22 #27 a callback gets the handle, a nil context and the kind of event", with(function(w)
    local seen, done = nil, rpc.event()
    local async
    async = rpc.async {
      callback = function(...)
        seen = table.pack(...)
        done:set()
      end,
    }
    assert.is_nil(async.last_event)
    w.client:Slow(async, 1)
    w.arrived(1):complete(10, 2)
    done:wait()
    assert.equal(3, seen.n)
    assert.equal(async, seen[1])
    assert.is_nil(seen[2])
    assert.equal(rpc.CALL_COMPLETE, seen[3])
    assert.equal(rpc.CALL_COMPLETE, async.last_event)
    assert.same({ 10, 2 }, { async:complete() })
  end))

  it("#23 an event is waited for with a timeout", with(function(w)
    local async = rpc.async { event = rpc.event() }
    w.client:Slow(async, 1)
    local parked = w.arrived(1)
    assert.is_false(async.event:wait(1))
    assert.is_false(async.event:wait(0))
    parked:complete(10, 2)
    assert.is_true(async.event:wait(10000))
    assert.same({ 10, 2 }, { async:complete() })
  end))

  it("#23 any number of coroutines wait for one event", with(function(w)
    local event, woken = rpc.event { manual_reset = true }, 0
    local async = rpc.async { event = event }
    local tasks = {}
    for i = 1, 10 do
      tasks[i] = rpc.spawn(function()
        assert(event:wait(10000))
        woken = woken + 1
      end)
    end
    w.client:Slow(async, 1)
    w.arrived(1):complete(10, 2)
    for i = 1, 10 do tasks[i]:await() end
    assert.equal(10, woken)
    async:complete()
  end))

  it("#26 every issued call is told once, last of all, whatever became of it", with(function(w)
    local told, n = {}, h.scale(60)
    local handles, events = {}, {}
    for id = 1, n do
      handles[id] = rpc.async {
        callback = function(async, _, event)
          told[id] = (told[id] or 0) + 1
          events[#events + 1] = event
          assert.not_equal(997, async:status())
        end,
      }
      w.client:Slow(handles[id], id)
    end
    for id = 1, n do
      local parked = w.arrived(id)
      if id % 3 == 0 then parked:complete(id, 0)
      elseif id % 3 == 1 then parked:abort(5)
      else
        handles[id]:abandon()
        handles[id]:abandon()
        parked:abort(1818)
      end
    end
    world.eventually(function() return #events == n end)
    rpc.sleep(5)
    for id = 1, n do
      assert.equal(1, told[id])
      pcall(handles[id].complete, handles[id])
    end
    assert.equal(n, #events)
  end))

  it("#28 a notification that comes before anybody waits is not lost", with(function(w)
    local async = rpc.async { event = rpc.event() }
    w.client:Add(async, 1, 2)
    world.eventually(function() return async:status() ~= 997 end)
    rpc.sleep(2)
    assert.is_true(async.event:wait(0) or async.event:wait(1000))
    assert.equal(3, async:complete())
    local call = w.client.async:Add(3, 4)
    world.eventually(function() return call:status() ~= 997 end)
    assert.equal(7, call:await())
  end))

  it("#29 a completion is never told before the issuing function returned", with(function(w)
    local issuing, early, told = false, 0, 0
    local function callback()
      if issuing then early = early + 1 end
      told = told + 1
    end
    w.client:Nothing()
    for _ = 1, h.scale(200) do
      issuing = true
      w.client.async:Nothing(callback)
      issuing = false
    end
    world.eventually(function() return told == h.scale(200) end)
    assert.equal(0, early)
  end))

  it("#30 callbacks issue calls of both kinds and wait for them", with(function(w)
    local results, done = {}, rpc.event()
    local async = rpc.async {
      callback = function(a)
        results[1] = a:complete()
        results[2] = w.client:Add(results[1], 1)
        results[3] = w.client.async:Add(results[2], 1):await()
        w.client.async:Add(results[3], 1, function(err, sum)
          results[4] = err or sum
          results[5] = w.client:Add(sum, 1)
          done:set()
        end)
      end,
    }
    w.client:Add(async, 1, 1)
    assert.is_true(done:wait(10000))
    assert.same({ 2, 3, 4, 5, 6 }, results)
  end))

  it("a trailing callback gets the error of a failed call first", with(function(w)
    local got, done = nil, rpc.event()
    w.client.async:Fail(5, function(...)
      got = table.pack(...)
      done:set()
    end)
    done:wait()
    assert.equal(1, got.n)
    assert.equal(5, got[1].status)
    assert.equal("RPC_S_ACCESS_DENIED", got[1].name)
  end))

  it("an error in a callback goes to on_error and breaks nothing", with(function(w)
    w.client.async:Add(1, 2, function() error "in the callback" end)
    local reported = h.reported(1)
    assert.truthy(tostring(reported[1]):find "in the callback")
    assert.equal(3, w.client:Add(1, 2))
  end))
end)
