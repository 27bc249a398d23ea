-- Where a script may wait, and what happens where it may not.
local h = require "spec.support.harness"
local uv = require "luv"
local rpc, world

local function open(options)
  rpc, world = require "asyncrpc", require "spec.support.world"
  return world.open(h.binding "tcp", options)
end

describe("waiting", function()
  it("runs the loop on the main chunk", h.main(function()
    local w = open()
    assert.equal(3, w.client:Add(1, 2))
    local call = w.client.async:Slow(1)
    rpc.spawn(function() w.arrived(1):complete(1, 2) end)
    assert.same({ 1, 2 }, { call:await() })
    assert.is_false(rpc.event():wait(2))
    rpc.sleep(1)
    w.close()
  end))

  it("lets luv's own timers run while the main chunk waits", h.main(function()
    local w = open()
    local ticks = 0
    local timer = uv.new_timer()
    timer:start(1, 1, function() ticks = ticks + 1 end)
    for _ = 1, 100 do
      if ticks <= 2 then rpc.sleep(20) end
    end
    timer:close()
    assert.is_true(ticks > 2)
    w.close()
  end))

  it("says so when nothing on the loop could end the wait of the main chunk", h.main(function()
    rpc = require "asyncrpc"
    local ok, err = pcall(function() rpc.event():wait() end)
    assert.is_false(ok)
    assert.truthy(err.message:find "deadlock")
  end))

  it("yields in a coroutine, also one that is not a task", h.async(function()
    local w = open()
    local got = {}
    local co = coroutine.create(function()
      got[1] = w.client:Add(1, 2)
      rpc.sleep(1)
      got[2] = w.client:Add(3, 4)
    end)
    assert(coroutine.resume(co))
    assert.same({}, got)
    world.eventually(function() return got[2] end)
    assert.same({ 3, 7 }, got)
    assert.equal("dead", coroutine.status(co))
    w.close()
  end))

  it("works through pcall, metamethods' callers and nested coroutines' resumes", h.async(function()
    local w = open()
    local ok, sum = pcall(function() return w.client:Add(1, 2) end)
    assert.is_true(ok)
    assert.equal(3, sum)
    local inner = coroutine.wrap(function()
      local a = w.client:Add(1, 2)
      coroutine.yield(a)
      return "end"
    end)
    inner() -- the wait's yield came here; the answer goes to the coroutine all the same
    rpc.sleep(5)
    assert.equal("end", inner())
    w.close()
  end))

  it("is not ended by somebody else's resume", h.async(function()
    local w = open()
    local got
    local co = coroutine.create(function() got = table.pack(w.client:Slow(1)) end)
    coroutine.resume(co)
    for i = 1, 5 do assert.is_true(coroutine.resume(co, "not", "an", "answer", i)) end
    assert.is_nil(got)
    w.arrived(1):complete(10, 20)
    world.eventually(function() return got end)
    assert.same({ 10, 20, n = 2 }, got)
    w.close()
  end))

  it("is cancelled when its coroutine is closed", h.async(function()
    local w = open()
    local co = coroutine.create(function() w.client:Slow(1) end)
    coroutine.resume(co)
    local parked = w.arrived(1)
    assert.equal(1, rpc.stats().pending)
    assert.is_true(coroutine.close(co))
    world.eventually(function() return rpc.stats().pending == 0 end)
    world.eventually(function() return (parked:cancelled()) end)
    parked:complete(0, 0)
    local sleeper = coroutine.create(function() rpc.sleep(1000000) end)
    coroutine.resume(sleeper)
    assert.equal(1, rpc.stats().timers)
    coroutine.close(sleeper)
    assert.equal(0, rpc.stats().timers)
    w.close()
  end))

  it("raises in a bare callback of the loop, and says what to do", h.async(function()
    local w = open()
    local results = {}
    local timer = uv.new_timer()
    timer:start(1, 0, function()
      timer:close()
      results[1] = table.pack(pcall(w.client.Add, w.client, 1, 2))
      results[2] = table.pack(pcall(rpc.sleep, 1))
      results[3] = table.pack(pcall(function() rpc.event():wait() end))
      w.client.async:Add(1, 2, function(_, sum) results[4] = sum end) -- this is allowed
      rpc.spawn(function() results[5] = w.client:Add(3, 4) end) -- and this
    end)
    world.eventually(function() return results[4] and results[5] end)
    for i = 1, 3 do
      assert.is_false(results[i][1])
      assert.truthy(results[i][2].message:find "rpc.spawn")
    end
    assert.equal(3, results[4])
    assert.equal(7, results[5])
    w.close()
  end))

  it("raises under table.sort in a coroutine", h.async(function()
    local w = open()
    local ok, err = pcall(table.sort, { 3, 1, 2 }, function(a, b) return w.client:Add(a, 0) < b end)
    assert.is_false(ok)
    assert.truthy(err.message:find "table.sort")
    assert.equal(0, rpc.stats().pending)
    w.close()
  end))

  it("waits on the main chunk under table.sort", h.main(function()
    local w = open()
    local list = { 3, 1, 2 }
    table.sort(list, function(a, b) return w.client:Add(a, 0) < w.client:Add(b, 0) end)
    assert.same({ 1, 2, 3 }, list)
    w.close()
  end))
end)

describe("rpc.spawn", function()
  it("gives the results to whoever awaits, and the error", h.async(function()
    rpc = require "asyncrpc"
    local task = rpc.spawn(function(...)
      rpc.sleep(1)
      return select("#", ...), ...
    end, nil, "b", nil)
    assert.equal("running", task:status())
    assert.same(table.pack(3, nil, "b", nil), table.pack(task:await()))
    local failing = rpc.spawn(function() error({ code = 7 }, 0) end)
    local ok, err = pcall(failing.await, failing)
    assert.is_false(ok)
    assert.equal(7, err.code)
    assert.equal("failed", failing:status())
  end))

  it("raises 1460 for a wait that is too short, and the task goes on", h.async(function()
    rpc = require "asyncrpc"
    local gate = rpc.event()
    local task = rpc.spawn(function() gate:wait() return "done" end)
    local ok, err = pcall(task.await, task, 1)
    assert.is_false(ok)
    assert.equal(1460, err.status)
    gate:set()
    assert.equal("done", task:await())
  end))

  it("reports an error nobody awaits, with a traceback of where it was", h.async(function()
    rpc = require "asyncrpc"
    local seen
    local before = rpc.on_error(function(...) seen = table.pack(...) end)
    rpc.spawn(function()
      rpc.sleep(1)
      error "nobody cares"
    end)
    while not seen do rpc.sleep(1) end
    rpc.on_error(before)
    assert.truthy(tostring(seen[1]):find "nobody cares")
    assert.truthy(seen[2]:find "wait_spec.lua")
  end))

  it("uses a coroutine again, however the last function ended in it", h.async(function()
    rpc = require "asyncrpc"
    local before = rpc.stats().anchors
    for i = 1, h.scale(500) do
      local task = rpc.spawn(function()
        rpc.sleep(0)
        if i % 2 == 0 then error({}, 0) end
      end)
      pcall(task.await, task)
    end
    assert.equal(before, rpc.stats().anchors)
  end))
end)

describe("rpc.sleep", function()
  it("lets other work run, at 0 too, without starving the loop", h.async(function()
    rpc = require "asyncrpc"
    local fired = false
    local timer = uv.new_timer()
    timer:start(2, 0, function()
      timer:close()
      fired = true
    end)
    while not fired do rpc.sleep(0) end
    assert.is_true(fired)
  end))
end)
