-- Tasks together: all, race, any, scopes, closing; and coroutines that others resume and close.
local h = require "spec.support.harness"
local rpc, world

local function async(body, ms)
  return h.async(function()
    rpc, world = require "asyncrpc", require "spec.support.world"
    body()
  end, ms)
end

-- fails(1460, fn, ...): fn raises an error object of that status, or this very value.
local function fails(with, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  if type(with) == "number" then assert.equal(with, rpc.is_error(err) and err.status or err)
  else assert.equal(with, err) end
  return err
end

local function sleeper(ms, value, log)
  return function()
    local _ <close> = setmetatable({}, { __close = function() if log then log[#log + 1] = value end end })
    rpc.sleep(ms)
    return value
  end
end

local function failing(ms, err)
  return function()
    rpc.sleep(ms)
    error(err, 0)
  end
end

local function errors_until(n)
  local all = {}
  world.eventually(function()
    for _, e in ipairs(h.errors()) do all[#all + 1] = e end
    return #all >= n
  end)
  return all
end

describe("a task", function()
  it("that is closed closes what it has to, and failed with 1818 for those who await it", async(function()
    local log = {}
    local task = rpc.spawn(sleeper(100000, "closed", log))
    local waiting = rpc.spawn(function() return task:await() end)
    task:close()
    task:close()
    assert.same({ "closed" }, log)
    assert.equal("failed", task:status())
    fails(1818, waiting.await, waiting)
    assert.equal(0, rpc.stats().timers)
  end))

  it("is closed at the end of its scope by <close>, unless it has ended", async(function()
    local log = {}
    do
      local done <close> = rpc.spawn(sleeper(0, 1))
      local pending <close> = rpc.spawn(sleeper(100000, "gone", log))
      done:await()
      assert.equal("running", pending:status())
    end
    assert.same({ "gone" }, log)
  end))

  it("that fails in a __close while it is closed is reported", async(function()
    local task = rpc.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() error("in the __close", 0) end })
      rpc.sleep(100000)
    end)
    task:close()
    assert.same({ "in the __close" }, errors_until(1))
  end))

  it("may close itself, and must not await itself", async(function()
    local ended, task = {}, nil
    task = rpc.spawn(function()
      rpc.sleep(0)
      ended[1] = select(2, pcall(task.await, task)).status
      task:close()
      ended[2] = "not reached"
    end)
    fails(1818, task.await, task)
    assert.same({ 87 }, ended)
  end))

  it("keeps its error for those who wait, and reports it when the last of them was closed before", async(function()
    local task = rpc.spawn(failing(2, "nobody's"))
    local waiting = rpc.spawn(function() task:await() end)
    waiting:close()
    assert.same({ "nobody's" }, errors_until(1))
    fails("nobody's", task.await, task) -- it is still there
  end))

  it("has its error raised in each of those who await it, and reported to nobody", async(function()
    local task = rpc.spawn(failing(1, "shared"))
    local first, second = rpc.spawn(function() task:await() end), rpc.spawn(function() task:await() end)
    fails("shared", first.await, first)
    fails("shared", second.await, second)
  end))

  it("whose only waiter gave up in time is reported when it fails later", async(function()
    local gate = rpc.event()
    local task = rpc.spawn(function()
      gate:wait()
      error("late", 0)
    end)
    fails(1460, task.await, task, 1)
    gate:set()
    assert.same({ "late" }, errors_until(1))
  end))

  it("may be resumed and closed by a scheduler of the user's", async(function()
    local got, before = nil, rpc.stats().anchors
    local task = rpc.spawn(function()
      rpc.sleep(1)
      got = coroutine.yield "to the scheduler"
      return "done"
    end)
    local co = task.thread
    for _ = 1, 3 do assert.is_true(coroutine.resume(co, "spurious")) end -- our wait is not over
    rpc.sleep(5)
    assert.equal("suspended", coroutine.status(co))
    assert.is_true(coroutine.resume(co, "from the scheduler"))
    assert.equal("from the scheduler", got)
    assert.equal("done", task:await())
    local closed = rpc.spawn(function() coroutine.yield() end) -- it waits for nothing of ours
    assert.is_true(coroutine.close(closed.thread))
    fails(1818, closed.await, closed)
    assert.equal(before, rpc.stats().anchors)
  end))

  it("of a user's round robin makes calls beside its plain yields", async(function()
    local w = world.open(h.binding "memory")
    local ready, sums = {}, {}
    for i = 1, 5 do
      ready[i] = coroutine.create(function()
        for k = 1, 4 do
          coroutine.yield()
          sums[i] = (sums[i] or 0) + w.client:Add(i, k)
        end
      end)
    end
    world.eventually(function()
      local alive = false
      for i = 1, 5 do
        if coroutine.status(ready[i]) == "suspended" then assert(coroutine.resume(ready[i])) end
        alive = alive or coroutine.status(ready[i]) ~= "dead"
      end
      return not alive
    end)
    for i = 1, 5 do assert.equal(4 * i + 10, sums[i]) end
    w.close()
  end))
end)

describe("rpc.all", function()
  it("gives the first result of each, holes and all", async(function()
    local w = world.open(h.binding "memory")
    local task = rpc.spawn(sleeper(3, "task"))
    local results = rpc.all { task, w.client.async:Add(1, 2), sleeper(1, nil), sleeper(0, false) }
    assert.same({ "task", 3, nil, false, n = 4 }, results)
    assert.same({ n = 0 }, rpc.all {})
    w.close()
  end))

  it("raises the first error, closes what it started, and leaves tasks and calls alone", async(function()
    local w, log = world.open(h.binding "memory"), {}
    local task, call = rpc.spawn(sleeper(10, "mine")), w.client.async:Slow(1)
    fails("first", rpc.all, { task, call, sleeper(100000, "started", log), failing(1, "first") })
    assert.same({ "started" }, log)
    assert.equal(997, call:status())
    assert.equal("mine", task:await())
    w.arrived(1):complete(1, 2)
    assert.same({ 1, 2 }, { call:await() })
    w.close()
  end))

  it("reports the errors it did not raise", async(function()
    local now, later = rpc.event { manual_reset = true }, rpc.event { manual_reset = true }
    local function fail_at(gate, err)
      return function()
        gate:wait()
        error(err, 0)
      end
    end
    local third = rpc.spawn(fail_at(later, "third"))
    local task = rpc.spawn(rpc.all, { fail_at(now, "first"), fail_at(now, "second"), third })
    now:set()
    fails("first", task.await, task)
    later:set()
    local errors = errors_until(2)
    table.sort(errors)
    assert.same({ "second", "third" }, errors)
  end))

  it("gives up in time", async(function()
    local log = {}
    fails(1460, rpc.all, { sleeper(100000, "closed", log), sleeper(0, 1) }, 3)
    assert.same({ "closed" }, log)
    fails(1460, rpc.all, { sleeper(100000) }, 0)
  end))

  it("closes what it started when the coroutine that waits is closed", async(function()
    local log = {}
    local task = rpc.spawn(rpc.all, { sleeper(100000, "a", log), sleeper(100000, "b", log) })
    task:close()
    table.sort(log)
    assert.same({ "a", "b" }, log)
  end))

  it("says what is no item", async(function()
    assert.truthy(fails(
      "all: item 2: a task, a call or a function expected, got number", rpc.all, { sleeper(0), 7 }))
  end))

  it("works on the main chunk", h.main(function()
    rpc = require "asyncrpc"
    assert.same({ 1, 2, n = 2 }, rpc.all { sleeper(2, 1), sleeper(1, 2) })
  end))
end)

describe("rpc.race", function()
  it("gives the place and the results of the first that ends", async(function()
    local log = {}
    local which, value = rpc.race { sleeper(100000, "slow", log), sleeper(1, "quick"), sleeper(100000, "slow", log) }
    assert.same({ 2, "quick" }, { which, value })
    assert.same({ "slow", "slow" }, log)
    assert.same({ 1, 1, nil, 3, n = 4 }, table.pack(rpc.race { function() return 1, nil, 3 end }))
  end))

  it("raises the error of the first that ends, when it failed", async(function()
    fails("quick", rpc.race, { failing(1, "quick"), sleeper(100000) })
    fails(87, rpc.race, {})
    fails(1460, rpc.race, { sleeper(100000) }, 1)
  end))

  it("does not lose the error of a task that lost", async(function()
    local gate = rpc.event()
    local task = rpc.spawn(function()
      gate:wait()
      error("lost the race", 0)
    end)
    assert.equal(2, (rpc.race { task, sleeper(1, 1) }))
    gate:set()
    assert.same({ "lost the race" }, errors_until(1))
  end))
end)

describe("rpc.any", function()
  it("gives the first that ends well", async(function()
    local which, value = rpc.any { function() error("bad", 0) end, sleeper(3, "good"), sleeper(100000) }
    assert.same({ 2, "good" }, { which, value })
  end))

  it("raises the last error when none does, which knows the others", async(function()
    local w = world.open(h.binding "memory")
    local calls = { w.client.async:Fail(5), w.client.async:Slow(1) }
    w.arrived(1):abort(1734)
    local err = fails(1734, rpc.any, {
      calls[1], function() error("second", 0) end, function() return calls[2]:await() end,
    })
    assert.equal(5, err.errors[1].status)
    assert.equal("second", err.errors[2])
    assert.equal(err, err.errors[3])
    w.close()
  end))
end)

describe("rpc.scope", function()
  it("ends when all its children have, with the results of its function", async(function()
    local log = {}
    local a, b = rpc.scope(function(scope)
      for i = 1, 3 do scope:spawn(sleeper(i, i, log)) end
      assert.is_nil(scope:remaining())
      return 1, "two"
    end)
    assert.same({ 1, "two" }, { a, b })
    assert.same({ 1, 2, 3 }, log)
  end))

  it("left by an error closes its children, their calls too", async(function()
    local w, log = world.open(h.binding "memory"), {}
    fails("body", rpc.scope, function(scope)
      scope:spawn(function() w.client:Slow(1) end)
      scope:spawn(sleeper(100000, "child", log))
      local call = scope:keep(w.client.async:Slow(2))
      assert.equal(997, call:status())
      w.arrived(2)
      error("body", 0)
    end)
    assert.same({ "child" }, log)
    world.eventually(function() return w.parked[1]:cancelled() and w.parked[2]:cancelled() end)
    assert.equal(0, rpc.stats().pending)
    w.parked[1]:abort(5)
    w.parked[2]:abort(5)
    w.close()
  end))

  it("is ended by a child's error, which is raised; others are reported", async(function()
    local log, gate = {}, rpc.event { manual_reset = true }
    local task = rpc.spawn(rpc.scope, function(scope)
      local _ <close> = setmetatable({}, { __close = function() log[#log + 1] = "body" end })
      for i = 1, 2 do
        scope:spawn(function()
          gate:wait()
          error("child " .. i, 0)
        end)
      end
      rpc.sleep(100000)
    end)
    gate:set()
    fails("child 1", task.await, task)
    assert.same({ "body" }, log)
    assert.same({ "child 2" }, errors_until(1))
  end))

  it("leaves a child's error to who awaits the child", async(function()
    local caught
    assert.equal("fine", rpc.scope(function(scope)
      local child = scope:spawn(failing(1, "caught"))
      caught = select(2, pcall(child.await, child))
      return "fine"
    end))
    assert.equal("caught", caught)
  end))

  it("has a deadline, that its children see and that closes them", async(function()
    local w, log = world.open(h.binding "memory"), {}
    fails(1460, rpc.scope, function(scope)
      assert.is_true(scope:remaining() <= 300)
      scope:spawn(sleeper(100000, "child", log))
      w.client:Slow(1)
    end, { timeout = 300 })
    assert.same({ "child" }, log)
    fails(1460, rpc.scope, sleeper(100000), { deadline = rpc.now() + 2 })
    assert.equal(1, rpc.scope(sleeper(0, 1), { timeout = 10000 }))
    w.arrived(1):abort(5)
    w.close()
  end))

  it("nests, and an inner one's end is no end of the outer", async(function()
    local log = {}
    rpc.scope(function(outer)
      local gate = rpc.event()
      outer:spawn(function()
        gate:wait()
        log[#log + 1] = "outer's child"
      end)
      fails(1460, rpc.scope, function(inner)
        inner:spawn(sleeper(100000, "inner's child", log))
      end, { timeout = 1 })
      gate:set()
    end)
    assert.same({ "inner's child", "outer's child" }, log)
  end))

  it("is cancelled from within and from without, and starts nothing after its end", async(function()
    local kept
    fails(1818, rpc.scope, function(scope)
      kept = scope
      scope:spawn(function() scope:cancel() end)
      rpc.sleep(100000)
    end)
    fails(87, kept.spawn, kept, print)
    fails(87, kept.keep, kept, {})
    local log = {}
    local task = rpc.spawn(rpc.scope, function(scope)
      scope:spawn(sleeper(100000, "child", log))
      rpc.sleep(100000)
    end)
    task:close()
    assert.same({ "child" }, log)
  end))

  it("works on the main chunk", h.main(function()
    rpc = require "asyncrpc"
    assert.equal(5, rpc.scope(function(scope) return scope:spawn(sleeper(1, 5)):await() end))
  end))
end)

describe("a call's handle", function()
  it("left by <close> gives its call up, without a report", async(function()
    local w = world.open(h.binding "memory")
    do
      local call <close> = w.client.async:Slow(1)
      w.arrived(1)
      assert.equal(997, call:status())
    end
    world.eventually(function() return (w.parked[1]:cancelled()) end)
    assert.equal(0, rpc.stats().pending)
    w.parked[1]:abort(5)
    do
      local async_with <close> = rpc.async { event = rpc.event() }
      w.client:Slow(async_with, 2)
      w.arrived(2)
    end
    world.eventually(function() return rpc.stats().pending == 0 end)
    w.parked[2]:abort(5)
    w.close()
  end))
end)
