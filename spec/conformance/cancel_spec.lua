-- Rows 16, 55-69, 81, 82, 84, 98: cancelling, from scripts.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of, eventually = world.status_of, world.eventually

h.transports(function(_, binding)
  local with = world.with(binding)

  it("#55 #59 a cancelled call ends as its server ends it", with(function(w)
    local kept, stopped = w.client.async:Slow(1), w.client.async:Slow(2)
    local first, second = w.arrived(1), w.arrived(2)
    assert.same({ false }, { first:cancelled() })
    kept:cancel()
    stopped:cancel()
    eventually(function() return (first:cancelled()) and (second:cancelled()) end)
    assert.same({ true, "cancel" }, { first:cancelled() })
    assert.equal(997, kept:status())
    first:complete(10, 2)
    second:abort(1818)
    assert.same({ 10, 2 }, { kept:await() })
    local status, err = status_of(stopped.await, stopped)
    assert.same({ 1818, "fault", 0x1C00000D }, { status, err.where, err.fault })
    assert.is_nil(err.reason)
  end))

  it("#56 #57 an abandoned call ends with 1818, is told once, and its late answer disturbs nobody", with(function(w)
    local told = 0
    local async = rpc.async { callback = function() told = told + 1 end }
    w.client:Slow(async, 1)
    local parked = w.arrived(1)
    async:abandon()
    async:abandon()
    assert.equal(997, async:status())
    eventually(function() return told > 0 end)
    local status, err = status_of(async.complete, async)
    assert.same({ 1818, "local", true }, { status, err.where, err.maybe_executed })
    parked:complete(1, 2)
    assert.equal(3, w.client:Add(1, 2))
    rpc.sleep(2)
    assert.equal(1, told)
  end))

  it("#58 cancelling what has completed changes nothing", with(function(w)
    local call = w.client.async:Add(1, 2)
    eventually(function() return call:status() ~= 997 end)
    call:cancel()
    call:cancel { grace = 1 }
    call:abandon()
    assert.equal(0, call:status())
    assert.equal(3, call:await())
    assert.equal(1914, (status_of(call.cancel, call, { grace = 1 })))
  end))

  it("#65 cancel with a grace gives the server that long", with(function(w)
    local quick, slow = w.client.async:Slow(1), w.client.async:Slow(2)
    local parked = w.arrived(1)
    w.arrived(2)
    quick:cancel { grace = 60000 }
    slow:cancel { grace = 5 }
    assert.equal(1818, (status_of(slow.await, slow)))
    parked:complete(10, 2)
    assert.same({ 10, 2 }, { quick:await() })
    eventually(function() return (w.parked[2]:cancelled()) end)
    w.parked[2]:abort(1818)
    assert.equal(87, (status_of(quick.cancel, quick, { patience = 5 })))
    assert.equal(87, (status_of(quick.cancel, quick, { grace = "long" })))
  end))

  it("cancelling from a callback: the call's own, another one, one it has just made", with(function(w)
    local other, made, done = w.client.async:Slow(1), nil, rpc.event()
    w.arrived(1)
    w.client:Add(rpc.async {
      callback = function(async)
        async:cancel()
        other:abandon()
        made = w.client.async:Slow(2)
        made:abandon()
        assert.equal(3, async:complete())
        done:set()
      end,
    }, 1, 2)
    done:wait()
    assert.equal(1818, (status_of(other.await, other)))
    assert.equal(1818, (status_of(made.await, made)))
    w.arrived(1):abort(5)
    w.arrived(2):abort(5)
  end))

  it("a call that has not left is cancelled without a trace", with(function(w)
    local call = w.client.async:Slow(1)
    call:cancel()
    local status, err = status_of(call.await, call)
    assert.same({ 1818, false, "connect" }, { status, err.maybe_executed, err.phase })
    assert.equal(3, w.client:Add(1, 2))
    assert.is_nil(w.parked[1])
  end))

  -- ---- the server's side

  it("#61 #64 a manager subscribes to cancel and to disconnect, each told once", with(function(w)
    local seen = {}
    local function note(kind)
      return function(call, context, event) seen[#seen + 1] = { kind, call, context, event } end
    end
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    parked:subscribe("cancel", note "cancel")
    parked:subscribe("disconnect", note "disconnect")
    rpc.sleep(2)
    assert.equal(0, #seen)
    call:cancel()
    eventually(function() return #seen == 1 end)
    assert.same({ "cancel", parked, nil, rpc.CLIENT_CANCEL }, seen[1])
    assert.equal(rpc.CLIENT_CANCEL, parked.last_event)
    w.client:close()
    eventually(function() return #seen == 2 end)
    assert.same({ "disconnect", parked, nil, rpc.CLIENT_DISCONNECT }, seen[2])
    assert.same({ true, "disconnect" }, { parked:cancelled() })
    parked:complete(1, 2)
    rpc.sleep(2)
    assert.equal(2, #seen)
    assert.equal(1914, (status_of(parked.subscribe, parked, "cancel", print)))
    pcall(call.await, call)
  end))

  it("#61 a synchronous manager subscribes too, and its callback may wait and end nothing", with(function(w)
    local call = w.client.async:Add(1, 2)
    eventually(function() return w.options.log[1] end)
    call:cancel()
    assert.equal(3, call:await())
    assert.same({ "begun", "cancelled", "ended" }, w.options.log)
  end, function()
    local log = {}
    return {
      log = log,
      managers = {
        Add = function(call, a, b)
          local cancelled = rpc.event()
          call:subscribe("cancel", function()
            rpc.sleep(1)
            log[#log + 1] = "cancelled"
            cancelled:set()
          end)
          log[#log + 1] = "begun"
          cancelled:wait()
          log[#log + 1] = "ended"
          return a + b
        end,
      },
    }
  end))

  it("#61 #62 a subscription is taken back, and replaced", with(function(w)
    local seen = {}
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    parked:subscribe("cancel", function() seen[#seen + 1] = "first" end)
    parked:subscribe("cancel", function() seen[#seen + 1] = "second" end)
    parked:subscribe("disconnect", function() seen[#seen + 1] = "never" end)
    parked:subscribe("disconnect", nil)
    call:cancel()
    eventually(function() return #seen > 0 end)
    w.client:close()
    eventually(function() return select(2, parked:cancelled()) == "disconnect" end)
    rpc.sleep(2)
    assert.same({ "second" }, seen)
    parked:abort(5)
    pcall(call.await, call)
  end))

  it("#61 what happened before it is told to a late subscriber", with(function(w)
    local call = w.client.async:Slow(1)
    local parked, told = w.arrived(1), rpc.event()
    call:cancel()
    eventually(function() return (parked:cancelled()) end)
    parked:subscribe("cancel", function(c) c:abort(1818) told:set() end)
    assert.is_true(told:wait(5000))
    assert.equal(1818, (status_of(call.await, call)))
  end))

  it("#64 #82 a subscription keeps nothing: a forgotten call is collected and faulted", with(function(w)
    local call = w.client.async:Slow(1)
    do
      local parked = w.arrived(1)
      parked:subscribe("cancel", function() return parked end)
    end
    w.parked[1] = nil
    collectgarbage()
    collectgarbage()
    assert.equal(1726, (status_of(call.await, call)))
    assert.equal(1, #h.reported(1))
  end))

  it("#82 a call dropped by its manager faults its client, and is reported", with(function(w)
    local call = w.client.async:Park(1)
    w.arrived(1)
    w.parked[1] = nil
    collectgarbage()
    collectgarbage()
    local status, err = status_of(call.await, call)
    assert.same({ 1726, "fault" }, { status, err.where })
    local reported = h.reported(1)
    assert.equal(1, #reported)
    assert.truthy(tostring(reported[1]):find "collected before it was completed")
  end))

  it("#81 complete and abort: the first wins, the other gets 1914", with(function(w)
    for id, first in ipairs { "complete", "abort" } do
      local second = first == "complete" and "abort" or "complete"
      local call = w.client.async:Park(id)
      local parked = w.arrived(id)
      local args = { complete = {}, abort = { 5 } }
      parked[first](parked, table.unpack(args[first]))
      assert.equal(1914, (status_of(parked[second], parked, table.unpack(args[second]))))
      assert.equal(1914, (status_of(parked[first], parked, table.unpack(args[first]))))
      if first == "complete" then call:await() else assert.equal(5, (status_of(call.await, call))) end
    end
  end))

  it("#98 a client that goes leaves its call to the manager", with(function(w)
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    w.client:close()
    assert.equal(1726, (status_of(call.await, call)))
    eventually(function() return (parked:cancelled()) end)
    assert.equal(1, rpc.stats().parked)
    rpc.sleep(5)
    assert.same({ true, "disconnect" }, { parked:cancelled() })
    parked:complete(1, 2)
    assert.equal(0, rpc.stats().parked)
  end))

  -- ---- interrupted managers

  local function interrupted(body)
    return function()
      local log = {}
      return { log = log, managers = { Slow = body(log) } }
    end
  end

  it("on_cancel raise: a manager's wait raises 1818, and what it does not catch is its answer", with(function(w)
    local call = w.client.async:Slow(1)
    eventually(function() return w.options.log[1] end)
    call:cancel()
    local status, err = status_of(call.await, call)
    assert.same({ 1818, "fault" }, { status, err.where })
    assert.same({ "begun", "unwound" }, w.options.log)
  end, interrupted(function(log)
    return function(call)
      local _ <close> = setmetatable({}, { __close = function() log[#log + 1] = "unwound" end })
      call:on_cancel "raise"
      log[#log + 1] = "begun"
      rpc.sleep(1e6)
      log[#log + 1] = "not reached"
    end
  end)))

  it("on_cancel raise: once; cleaning up may wait, and complete", with(function(w)
    local call = w.client.async:Slow(1)
    eventually(function() return w.options.log[1] end)
    call:cancel()
    assert.same({ 7, 8 }, { call:await() })
    assert.same({ "begun", 1818, "local", "cleaned" }, w.options.log)
  end, interrupted(function(log)
    return function(call)
      call:on_cancel "raise"
      log[#log + 1] = "begun"
      local ok, err = pcall(rpc.sleep, 1e6)
      assert(not ok)
      log[#log + 1] = err.status
      log[#log + 1] = err.where
      rpc.sleep(1)
      log[#log + 1] = "cleaned"
      call:complete(7, 8)
    end
  end)))

  it("on_cancel raise: a nested call is given up, an event waited for is not taken", with(function(w)
    local event = w.options.event
    for id = 1, 2 do
      local call = w.client.async:Slow(id)
      eventually(function() return w.options.log[id] end)
      if id == 1 then w.arrived(99) end
      call:cancel()
      assert.equal(1818, (status_of(call.await, call)))
    end
    eventually(function() return (w.parked[99]:cancelled()) end)
    w.parked[99]:abort(5)
    event:set()
    assert.is_true(event:wait(0))
    w.options.nested:close()
  end, function()
    local log, options = {}, { event = rpc.event() }
    options.log = log
    options.managers = {
      Slow = function(call, id)
        call:on_cancel "raise"
        log[#log + 1] = "begun"
        options.nested = options.nested or rpc.client(world.Test, world.current)
        if id == 1 then options.nested:Park(99) else options.event:wait() end
      end,
    }
    return options
  end))

  it("on_cancel raise: what came before is raised at the next wait; switched off, or over, it is not", with(function(w)
    local seen = w.options.seen
    for id, status in ipairs { 1818, 0, 0 } do
      local call = w.client.async:Slow(id)
      eventually(function() return seen[id] end)
      call:cancel()
      eventually(function() return (seen[id]:cancelled()) end)
      w.options.go:set()
      local ok, why = pcall(call.await, call)
      assert.equal(status, ok and 0 or why.status)
    end
    assert.equal(3, w.client:Add(1, 2)) -- in a coroutine that was used before
  end, function()
    local options = { go = rpc.event(), seen = {} }
    options.managers = {
      Slow = function(call, id)
        options.seen[id] = call
        options.go:wait()
        call:on_cancel "raise"
        if id == 2 then call:on_cancel(nil) end
        if id < 3 then rpc.sleep(2) end
        call:complete(5, 6)
      end,
      Add = function(_, a, b)
        rpc.sleep(1)
        return a + b
      end,
    }
    return options
  end))

  it("on_cancel: only the manager's own coroutine can ask, and knows one word", with(function(w)
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    assert.equal(1764, (status_of(parked.on_cancel, parked, "raise")))
    assert.is_false(pcall(parked.on_cancel, parked, "explode"))
    parked:complete(1, 2)
    call:await()
  end))
end)
