-- Coroutines of tasks and managers that end in other ways than by returning.
local h = require "spec.support.harness"

local function closing(manager)
  local world = require "spec.support.world"
  local co
  local w = world.open(h.binding "memory", {
    managers = {
      Add = function(call)
        co = coroutine.running()
        return manager(call)
      end,
    },
  })
  return w, function()
    world.eventually(function() return co end)
    coroutine.close(co)
  end
end

it("a manager whose coroutine is closed faults its call", h.async(function()
  local rpc = require "asyncrpc"
  local w, close = closing(function() rpc.sleep(100000) end)
  local call = w.client.async:Add(1, 2)
  close()
  local ok, err = pcall(call.await, call)
  assert.is_false(ok)
  assert.equal(1818, err.status)
  w.close()
end))

it("a task whose coroutine is closed is over for those who await it", h.async(function()
  local rpc = require "asyncrpc"
  local co
  local task = rpc.spawn(function()
    co = coroutine.running()
    rpc.sleep(100000)
  end)
  coroutine.close(co)
  assert.equal("failed", task:status())
  local ok, err = pcall(task.await, task)
  assert.is_false(ok)
  assert.equal(1818, err.status)
end))

it("a task that fails again in its __close is reported once", h.async(function()
  local rpc = require "asyncrpc"
  rpc.spawn(function()
    local _ <close> = setmetatable({}, { __close = function() error("second", 0) end })
    rpc.sleep(1)
    error("first", 0)
  end)
  assert.same({ "second" }, h.reported(1))
end))

it("tasks that start tasks without end fail, and the process lives", h.async(function()
  local rpc = require "asyncrpc"
  local depth = 0
  local function deeper()
    depth = depth + 1
    rpc.spawn(deeper)
  end
  rpc.spawn(deeper)
  local errors = h.reported(1)
  assert.equal(1, #errors)
  assert.truthy(errors[1]:find "stack overflow")
  assert.is_true(depth > 10 and depth < 250)
end))

it("a coroutine that dies after a wait is dead, and its __close sees why", h.async(function()
  local rpc = require "asyncrpc"
  local why
  local co = coroutine.create(function()
    local _ <close> = setmetatable({}, { __close = function(_, e) why = e end })
    rpc.sleep(1)
    error("boom", 0)
  end)
  coroutine.resume(co)
  assert.same({ "boom" }, h.reported(1))
  assert.equal("boom", why)
  assert.equal("dead", coroutine.status(co))
end))

it("only functions are spawned", h.async(function()
  local rpc = require "asyncrpc"
  for _, what in ipairs { 3, "x", {} } do
    local ok, err = pcall(rpc.spawn, what)
    assert.is_false(ok)
    assert.truthy(err:find "function expected")
  end
  local called = setmetatable({}, { __call = function(_, a) return a end })
  assert.equal(7, rpc.spawn(called, 7):await())
end))

it("a coroutine at the address of one that never returned from a handler is closed like any other", h.async(function()
  local rpc = require "asyncrpc"
  local queue = rpc.message_queue()
  queue:on(1, function() coroutine.yield() end)
  for _ = 1, 20 do
    coroutine.wrap(function() queue:dispatch() end)()
    queue:post(1)
    rpc.sleep(1)
    collectgarbage()
    local event, waiting = rpc.event(), {}
    for i = 1, 20 do
      waiting[i] = coroutine.create(function() event:wait() end)
      coroutine.resume(waiting[i])
    end
    for _, co in ipairs(waiting) do coroutine.close(co) end
    event:set()
    assert.is_true(event:wait(0))
  end
end))

it("who closes a scope from inside closes all of it", h.async(function()
  local rpc = require "asyncrpc"
  local parent, outlived = nil, {}
  parent = rpc.spawn(rpc.scope, function(scope)
    for i = 1, 5 do
      scope:spawn(function()
        rpc.sleep(1)
        if i == 3 then parent:close() end
        rpc.sleep(5)
        table.insert(outlived, i)
      end)
    end
    rpc.sleep(100000)
  end)
  local ok, err = pcall(parent.await, parent)
  assert.is_false(ok)
  assert.equal(1818, err.status)
  rpc.sleep(20)
  assert.same({}, outlived)
end))

it("who closes a race from inside closes all of it", h.async(function()
  local rpc = require "asyncrpc"
  local parent, outlived = nil, {}
  local function item(i)
    return function()
      rpc.sleep(1)
      if i == 1 then parent:close() end
      rpc.sleep(5)
      table.insert(outlived, i)
    end
  end
  parent = rpc.spawn(rpc.race, { item(1), item(2), item(3) })
  assert.is_false(pcall(parent.await, parent))
  rpc.sleep(20)
  assert.same({}, outlived)
end))

it("a scope closes all it keeps, the last first, also when closing one raises", h.async(function()
  local rpc = require "asyncrpc"
  local closed, kept = {}, nil
  local function value(i)
    return setmetatable({}, { __close = function()
      table.insert(closed, i)
      if i == 2 then error("cannot be closed", 0) end
    end })
  end
  local ok, err = pcall(rpc.scope, function(scope)
    kept = scope
    for i = 1, 3 do scope:keep(value(i)) end
  end)
  assert.is_false(ok)
  assert.equal("cannot be closed", err)
  assert.same({ 3, 2, 1 }, closed)
  ok, err = pcall(kept.keep, kept, value(4))
  assert.is_false(ok)
  assert.equal(87, err.status)
end))
