-- Rows 45-47: how pipes end in the middle, for coroutines that wait in them and for scripts that try.
local rpc = require "asyncrpc"
local h = require "spec.support.harness"
local pipes = require "spec.support.pipes"
local world = require "spec.support.world"
local status_of, eventually = world.status_of, world.eventually
local counter, settle = pipes.counter, pipes.settle

local PENDING, CANCELLED, LOST, BAD_HANDLE = 997, 1818, 1820, 1914

-- Managers that keep their handle and pipe in `seen`, and never do anything.
local function keeping(seen)
  local function keep(call, a, data) seen.call, seen.a, seen.data = call, a, data end
  return { Put = keep, Get = keep, Both = keep }
end

-- Managers whose coroutine pulls, or pushes, until it fails; the error is kept and raised again.
local function streaming(seen)
  local function guard(fn)
    return function(call, a, data)
      seen.call = call
      seen.ok, seen.err = pcall(fn, call, a, data)
      seen.over = true
      if not seen.ok then error(seen.err, 0) end
    end
  end
  return {
    Put = guard(function(call, _, data)
      for chunk in data:chunks() do seen.got = (seen.got or 0) + #chunk end
      call:complete(0, seen.got)
    end),
    Get = guard(function(_, _, data)
      while true do
        data:push(("x"):rep(10000))
        seen.pushed = (seen.pushed or 0) + 10000
      end
    end),
  }
end

local function arrived(seen)
  eventually(function() return seen.call end)
  return seen.call, seen.data
end

-- What fn raises in a task of its own, later.
local function waiting(fn, ...)
  local task = rpc.spawn(pcall, fn, ...)
  settle()
  return function()
    local ok, err = task:await()
    assert.is_false(ok)
    assert.is_true(rpc.is_error(err), tostring(err))
    return err.status, err
  end
end

pipes.everywhere(function(with)
  it("#46 an abort reaches a client that waits in pull, and its call's await again", with(keeping, function(w, seen)
    local call, data = w.client.async:Get(1)
    local parked, outp = arrived(seen)
    outp:push "abc"
    assert.equal("abc", data:pull())
    local outcome = waiting(data.pull, data)
    parked:abort(4711)
    local status, err = outcome()
    assert.equal(4711, status)
    assert.matches("^Get: pipe 'data': pull: ", err.message)
    assert.equal(4711, (data:try_pull()))
    local again
    status, again = status_of(call.await, call)
    assert.same({ 4711, "fault" }, { status, again.where })
    assert.equal(BAD_HANDLE, (data:try_pull()))
    assert.equal(BAD_HANDLE, outp:try_push "x")
  end))

  it("#46 an abort reaches a client that waits in push, and one that only polls", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local parked = arrived(seen)
    local outcome = waiting(data.push, data, ("x"):rep(32 * 1024 * 1024))
    parked:abort(5)
    assert.equal(5, (outcome()))
    assert.equal(5, data:try_push "x")
    assert.equal(5, (status_of(data.close, data)))
    assert.equal(5, (status_of(call.complete, call)))
  end))

  it("#46 an abort is one call-complete for a notified handle, no receive-complete", with(keeping, function(w, seen)
    local counts, callback = counter()
    local async = rpc.async { callback = callback }
    local data = w.client:Get(async, 1)
    local parked = arrived(seen)
    assert.equal(PENDING, (data:try_pull()))
    parked:abort(5)
    eventually(function() return counts[rpc.CALL_COMPLETE] > 0 end)
    settle()
    assert.same({ 1, 0 }, { counts[rpc.CALL_COMPLETE], counts[rpc.RECEIVE_COMPLETE] })
    assert.equal(5, (status_of(async.complete, async)))
  end))

  it("#46 an error of the manager is reported there and a failed call here", with({
    Get = function(_, _, data)
      data:push "abc"
      error "oops"
    end,
  }, function(w)
    local call, data = w.client.async:Get(1)
    local status = status_of(function()
      while true do data:pull() end
    end)
    assert.equal(0x1C000012, select(2, status_of(call.await, call)).fault)
    assert.is_true(status ~= PENDING)
    assert.matches("oops", tostring(h.reported(1)[1]))
  end))

  for _, how in ipairs { "cancel", "abandon" } do
    it(("#47 a client's %s wakes a manager that waits in pull"):format(how), with(streaming, function(w, seen)
      local call, data = w.client.async:Put(1)
      data:push "abc"
      eventually(function() return seen.got == 3 end)
      call[how](call)
      eventually(function() return seen.over end)
      assert.is_true(seen.err.status == CANCELLED or seen.err.status == LOST)
      if how == "cancel" then assert.equal(CANCELLED, seen.err.status) end
      assert.matches("^Put: pipe 'data': pull: ", seen.err.message)
      assert.equal(CANCELLED, (status_of(call.await, call)))
      assert.is_true(data:try_push "x" == BAD_HANDLE)
    end))

    it(("#47 a client's %s wakes a manager that waits in push"):format(how), with(streaming, function(w, seen)
      local call, data = w.client.async:Get(1)
      eventually(function()
        local before = seen.pushed
        settle()
        return before and before == seen.pushed
      end)
      call[how](call)
      assert.equal(CANCELLED, (data:try_pull()))
      eventually(function() return seen.over end)
      assert.is_true(seen.err.status == CANCELLED or seen.err.status == LOST)
      assert.equal(CANCELLED, (status_of(call.await, call)))
    end))
  end

  it("#47 a cancelled client's own coroutines are woken too", with(keeping, function(w, seen)
    local call, data = w.client.async:Get(1)
    local parked = arrived(seen)
    local outcome = waiting(data.pull, data)
    call:cancel()
    assert.equal(CANCELLED, (outcome()))
    assert.equal(CANCELLED, (data:try_pull()))
    parked:abort(CANCELLED)
    assert.equal(CANCELLED, (status_of(call.await, call)))
  end))

  it("#47 a manager that tries is told: a receive-complete, then 1818", with(keeping, function(w, seen)
    local call = w.client.async:Put(1)
    local parked, inp = arrived(seen)
    local counts, callback = counter()
    parked:notify { callback = callback }
    assert.equal(PENDING, (inp:try_pull()))
    call:cancel()
    eventually(function() return counts[rpc.RECEIVE_COMPLETE] == 1 and counts[rpc.CLIENT_CANCEL] == 1 end)
    assert.equal(CANCELLED, (inp:try_pull()))
    assert.is_true((parked:cancelled()))
    parked:abort(CANCELLED)
    assert.equal(CANCELLED, (status_of(call.await, call)))
  end))

  it("a manager learns of a cancel that came before it chose how to be told", with(keeping, function(w, seen)
    local call = w.client.async:Put(1)
    local parked = arrived(seen)
    call:cancel()
    eventually(function() return (parked:cancelled()) end)
    settle()
    local counts, callback = counter()
    parked:notify { callback = callback }
    eventually(function() return counts[rpc.CLIENT_CANCEL] == 1 end)
    settle()
    assert.equal(1, counts[rpc.CLIENT_CANCEL])
    parked:abort(CANCELLED)
    assert.equal(CANCELLED, (status_of(call.await, call)))
  end))

  it("#45 a client that is closed leaves its waiters and the manager's with an error", with(streaming, function(w, seen)
    local call, data = w.client.async:Put(1)
    data:push "abc"
    eventually(function() return seen.got == 3 end)
    local outcome = waiting(data.push, data, ("x"):rep(64 * 1024 * 1024))
    w.client:close()
    assert.is_true((outcome()) ~= PENDING)
    assert.is_true((status_of(call.await, call)) ~= PENDING)
    eventually(function() return seen.over end)
    assert.equal(LOST, seen.err.status)
  end))

  it("#45 a server that is closed likewise", with(streaming, function(w, seen)
    local call, data = w.client.async:Get(1)
    eventually(function() return seen.pushed end)
    while data:try_pull() == 0 do end
    local outcome = waiting(function()
      while true do data:pull() end
    end)
    w.server:close()
    assert.is_true((outcome()) ~= PENDING)
    assert.is_true((status_of(call.await, call)) ~= PENDING)
    eventually(function() return seen.over end)
    assert.equal(LOST, seen.err.status)
  end))

  it("a timeout ends a call whose manager does nothing, and whoever waits in its pipe", with({
    Get = function(call)
      call:on_cancel "raise"
      rpc.sleep(1000000)
    end,
  }, function(w)
    local call, data = w.client:with { timeout = 20 }.async:Get(1)
    assert.equal(CANCELLED, (status_of(data.pull, data)))
    local status, err = status_of(call.await, call)
    assert.same({ CANCELLED, "timeout" }, { status, err.reason })
    eventually(function() return rpc.stats().parked == 0 end)
  end))

  it("who ends the call from this side wakes those that wait in its pipes", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local parked, inp = arrived(seen)
    local outcome = waiting(inp.pull, inp)
    parked:abort(5)
    assert.equal(BAD_HANDLE, (outcome()))
    assert.equal(5, (status_of(call.await, call)))
    assert.is_true(data:try_push "x" == BAD_HANDLE)
    seen.call = nil
    local polled, out = w.client.async:Get(1)
    parked = arrived(seen)
    outcome = waiting(out.pull, out)
    polled:close()
    assert.equal(CANCELLED, (outcome()))
    eventually(function() return (parked:cancelled()) end)
    parked:abort(CANCELLED)
  end))

  it("one coroutine waits in each direction; closing it lets another", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local parked, inp = arrived(seen)
    local co = coroutine.create(function() return inp:pull() end)
    assert.is_true(coroutine.resume(co))
    local status, err = status_of(inp.pull, inp)
    assert.equal(1791, status)
    assert.equal("Put: pipe 'data': pull: a coroutine waits in it already", err.message)
    assert.equal(1791, (inp:try_pull()))
    coroutine.close(co)
    local counts, callback = counter()
    parked:notify { callback = callback }
    data:push "abc"
    settle()
    assert.equal(0, counts[rpc.RECEIVE_COMPLETE]) -- was the closed one's
    assert.equal("abc", inp:pull())
    data:close()
    assert.is_nil(inp:pull())
    parked:complete(1, 2)
    assert.same({ 1, 2 }, { call:await() })
  end))

  it("a manager that asked is interrupted in its pull", with(function(seen)
    return { Put = function(call, _, data)
      call:on_cancel "raise"
      seen.call = call
      seen.ok, seen.err = pcall(data.pull, data)
      call:abort(CANCELLED)
      seen.over = true
    end }
  end, function(w, seen)
    local call = w.client.async:Put(1)
    arrived(seen)
    call:cancel()
    eventually(function() return seen.over end)
    assert.equal(CANCELLED, seen.err.status)
    assert.equal(CANCELLED, (status_of(call.await, call)))
  end))

  it("a pipe keeps its call; a forgotten one gives it up and says so", with(keeping, function(w, seen)
    local data = select(2, w.client.async:Get(1))
    local _, outp = arrived(seen)
    collectgarbage()
    collectgarbage()
    outp:push "abc"
    assert.equal("abc", data:pull())
    data = nil -- luacheck: ignore
    eventually(function()
      collectgarbage()
      return (seen.call:cancelled())
    end)
    assert.matches("Get: the async handle of the pending call was collected", tostring(h.reported(1)[1]))
    seen.call:abort(CANCELLED)
  end))

  it("a manager that forgets its call and pipes has it faulted", with(function(seen)
    return { Put = function() seen.ran = true end }
  end, function(w)
    local call = w.client.async:Put(1)
    eventually(function()
      collectgarbage()
      return call:status() ~= PENDING
    end)
    assert.equal(0x1C000012, select(2, status_of(call.await, call)).fault)
    assert.matches("its manager's handle was collected", tostring(h.reported(1)[1]))
  end))

  it("the scope of a pipe is its end, but with an error it is the end of the call", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local parked, inp = arrived(seen)
    do
      local scoped <close> = data
      scoped:push "abc"
    end
    assert.same({ "abc" }, { (pipes.drain(inp)) })
    parked:complete(1, 2)
    assert.same({ 1, 2 }, { call:await() })
    seen.call = nil
    call, data = w.client.async:Put(1)
    parked, inp = arrived(seen)
    assert.is_false(pcall(function()
      local scoped <close> = data
      scoped:push "abc"
      error "oops"
    end))
    assert.equal(CANCELLED, (status_of(call.await, call)))
    assert.is_true((status_of(pipes.drain, inp)) >= CANCELLED)
    parked:abort(CANCELLED)
  end))
end)
