-- Rows 14, 22-31 for each kind of notification, on the client's side and on the manager's.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of = world.status_of

local COMPLETE, DISCONNECT, CANCEL = rpc.CALL_COMPLETE, rpc.CLIENT_DISCONNECT, rpc.CLIENT_CANCEL

-- How to ask for each kind, and to wait for what it brings: the event it told, or nil where the kind does not say.
local kinds = {
  none = function()
    return {}, function(async)
      world.eventually(function() return async:status() ~= 997 end)
      return async.last_event
    end
  end,
  event = function()
    local event = rpc.event()
    return { event = event }, function(async)
      assert(event:wait(10000))
      return async.last_event
    end
  end,
  callback = function()
    local seen, told = {}, rpc.event()
    return { callback = function(...)
      seen[#seen + 1] = table.pack(...)
      told:set()
    end }, function(async)
      assert(told:wait(10000))
      local args = table.remove(seen, 1)
      assert.same({ async, nil, args[3], n = 3 }, args)
      return args[3]
    end
  end,
  apc = function()
    local seen = {}
    return { apc = function(...) seen[#seen + 1] = table.pack(...) end }, function(async)
      while #seen == 0 do assert.equal("apc", rpc.sleep(10000, "alertable")) end
      local args = table.remove(seen, 1)
      assert.same({ async, nil, args[3], n = 3 }, args)
      return args[3]
    end
  end,
  port = function()
    local port, key, overlapped = rpc.completion_port(), {}, function() end
    return { port = port, key = key, overlapped = overlapped, bytes = 77 }, function(async)
      local bytes, k, o, event, handle = port:get(10000)
      assert.same({ 77, key, overlapped, async }, { bytes, k, o, handle })
      assert.is_true(rawequal(k, key) and rawequal(o, overlapped) and rawequal(handle, async))
      return event
    end
  end,
  queue = function()
    local queue = rpc.message_queue()
    return { queue = queue, msg = 1025 }, function(async)
      local message = table.pack(queue:get(10000))
      assert.same({ 1025, 0, async, n = 3 }, message)
      return async.last_event
    end
  end,
}

h.transports(function(_, binding)
  local with = world.with(binding)

  for kind, make in pairs(kinds) do
    it(("#27 #26 #14 %s: each call once, with its user_info, and which event it was"):format(kind), with(function(w)
      local options, wait = make()
      local mine = {}
      options.user_info = mine
      local async = rpc.async(options)
      for id = 1, 3 do
        w.client:Slow(async, id)
        w.arrived(id):complete(id, 0)
        assert.equal(COMPLETE, wait(async))
        assert.equal(COMPLETE, async.last_event)
        assert.is_true(rawequal(mine, async.user_info))
        assert.equal(id, (async:complete()))
      end
      local late = rpc.async { callback = function() end }
      w.client:Slow(late, 4)
      w.arrived(4):abort(5)
      world.eventually(function() return late:status() == 5 end)
      assert.is_false(pcall(late.complete, late))
    end))

    it(("#28 #10 %s: what comes before anybody waits is not lost, nor is a failure"):format(kind), with(function(w)
      local options, wait = make()
      local async = rpc.async(options)
      w.client:Slow(async, 1)
      w.arrived(1):abort(1734)
      world.eventually(function() return async:status() ~= 997 end)
      rpc.sleep(2)
      assert.equal(COMPLETE, wait(async))
      assert.equal(1734, (status_of(async.complete, async)))
    end))

    it(("#29 #30 %s: comes after issuing returned, and the handle may be issued again"):format(kind), with(function(w)
      local options, wait = make()
      local async = rpc.async(options)
      for i = 1, h.scale(50) do
        w.client:Add(async, i, 1)
        assert.equal(997, async:status())
        wait(async)
        assert.equal(i + 1, async:complete())
      end
    end))

    it(("#13 %s: a failure while issuing is never told"):format(kind), with(function(w)
      local options, wait = make()
      local async = rpc.async(options)
      assert.equal(87, (status_of(w.client.Add, w.client, async, "no number", 1)))
      w.client:Add(async, 1, 2)
      assert.equal(COMPLETE, wait(async))
      assert.equal(3, async:complete())
      if options.port then assert.is_nil((options.port:get(2))) end
      if options.queue then assert.is_nil((options.queue:get(2))) end
      if options.apc then assert.equal("timeout", rpc.sleep(2, "alertable")) end
    end))

    it(("#16 %s: a pending handle is kept until it has told"):format(kind), with(function(w)
      if kind == "none" then return end -- the one that is not kept: handle_spec.lua
      local weak = setmetatable({}, { __mode = "v" })
      weak[1] = rpc.async((make()))
      w.client:Slow(weak[1], 1)
      collectgarbage()
      collectgarbage()
      assert.truthy(weak[1])
      w.arrived(1):complete(1, 1)
      world.eventually(function() return weak[1] == nil or weak[1]:status() ~= 997 end)
      rpc.sleep(2, "alertable")
    end))

    it(("#27 %s: a manager hears that its client cancels, once, and that it is gone"):format(kind), with(function(w)
      local done, events = rpc.event(), {}
      local served
      w.server:register(rpc.idl.parse([[
        [uuid(00000000-1111-2222-3333-000000000001), version(1.0)] interface Watch { void Stay(); }
      ]], { acf = "interface Watch { [async] Stay(); }", name = "watch.idl" }).Watch, {
        Stay = function(async)
          local options, wait = make()
          options.user_info = "the server's"
          assert.equal(async, async:notify(options))
          served = async
          if kind == "none" then
            world.eventually(function() return async:cancelled() end)
            done:set()
            return
          end
          for i = 1, 2 do
            events[i] = wait(async)
            events[i] = events[i] or async.last_event
            if i == 1 then done:set() end
          end
          done:set()
        end,
      })
      local Watch = rpc.idl.parse([[
        [uuid(00000000-1111-2222-3333-000000000001), version(1.0)] interface Watch { void Stay(); }
      ]]).Watch
      local client = rpc.client(Watch, w.binding)
      local call = client.async:Stay()
      world.eventually(function() return served end)
      call:cancel()
      call:cancel()
      assert.is_true(done:wait(10000))
      if kind ~= "none" then
        assert.same({ CANCEL }, events)
        call:detach()
        client:close()
        assert.is_true(done:wait(10000))
        assert.same({ CANCEL, DISCONNECT }, events)
        assert.equal("the server's", served.user_info)
      end
      served:abort(1818)
      assert.equal(1914, (status_of(served.notify, served, {})))
      pcall(call.await, call)
      client:close()
    end))
  end

  for kind, make in pairs(kinds) do
    it(("#31 #27 #26 %s: that the request has left is told only when asked for, and before completion"):format(kind),
      with(function(w)
        local options, wait = make()
        local async = rpc.async(options)
        for id, asked in ipairs { false, true, false } do
          async.notify_on_send_complete = asked
          w.client:Slow(async, id)
          assert.equal(asked, async.notify_on_send_complete)
          if kind == "none" then world.eventually(function() return not asked or async.last_event end)
          elseif asked then assert.equal(rpc.SEND_COMPLETE, wait(async)) end
          assert.equal(asked and rpc.SEND_COMPLETE or nil, async.last_event)
          assert.equal(997, async:status())
          w.arrived(id):complete(id, 0)
          assert.equal(COMPLETE, wait(async))
          assert.equal(id, (async:complete()))
        end
      end))
  end

  it("#31 a handle changes its mind about it as long as nothing was told", with(function(w)
    local events, done = {}, rpc.event()
    local async = rpc.async { notify_on_send_complete = true, callback = function(_, _, event)
      events[#events + 1] = event
      if event == COMPLETE then done:set() end
    end }
    w.client:Add(async, 1, 2)
    async.notify_on_send_complete = false
    done:wait()
    assert.same({ COMPLETE }, events)
    assert.equal(3, async:complete())
  end))

  it("#24 several waiters share a port, and each completion goes to one of them", with(function(w)
    local port, seen, tasks, n = rpc.completion_port(), {}, {}, h.scale(200)
    for i = 1, 4 do
      tasks[i] = rpc.spawn(function()
        for bytes, key, _, event, async in function() return port:get() end do
          if bytes < 0 then return end
          assert(event == COMPLETE and async.id)
          seen[key] = (seen[key] or 0) + async:complete()
        end
      end)
    end
    for i = 1, n do w.client:Add(rpc.async { port = port, key = i }, i, 0) end
    world.eventually(function() return #seen == n end)
    for _ = 1, 4 do port:post(-1) end
    for i = 1, 4 do tasks[i]:await() end
    for i = 1, n do assert.equal(i, seen[i]) end
  end))

  it("#25 APCs go to the task they name, run only in its alertable waits, and in order", with(function(w)
    local ran, gate, worker = {}, rpc.event(), nil
    local task = rpc.spawn(function()
      worker = coroutine.running()
      gate:wait()                                  -- not alertable
      rpc.sleep(1)                                 -- nor this
      local before = #ran
      local why = rpc.sleep(10000, "alertable")
      return before, why, #ran
    end)
    local function apc(async)
      ran[#ran + 1] = { coroutine.running(), async.user_info }
      async:complete()
    end
    for i = 1, 3 do w.client:Slow(rpc.async { apc = apc, thread = worker, user_info = i }, i) end
    for i = 1, 3 do w.arrived(i):complete(i, 0) end
    world.eventually(function() return rpc.stats().pending == 0 end)
    assert.equal("timeout", rpc.sleep(3, "alertable")) -- they are not this task's
    assert.same({}, ran)
    gate:set()
    assert.same({ 0, "apc", 3 }, { task:await() })
    assert.same({ { worker, 1 }, { worker, 2 }, { worker, 3 } }, ran)
  end))

  it("#25 APCs without a thread are of the task that made the call, whoever configured the handle", with(function(w)
    local ran
    local async = rpc.async { apc = function() ran = coroutine.running() end }
    local task = rpc.spawn(function()
      w.client:Add(async, 1, 2)
      return rpc.sleep(10000, "alertable"), coroutine.running()
    end)
    local why, co = task:await()
    assert.equal("apc", why)
    assert.equal(co, ran)
    assert.equal(3, async:complete())
  end))

  it("an alertable wait for an event, a port or a queue says that APCs ended it", with(function(w)
    local waits = { rpc.event(), rpc.completion_port(), rpc.message_queue() }
    for i, object in ipairs(waits) do
      local ran
      w.client:Add(rpc.async { apc = function(a) ran = a:complete() end }, i, i)
      local wait, nothing = object.wait or object.get, nil
      if object.wait then nothing = false end
      local got = table.pack(wait(object, 10000, "alertable"))
      assert.equal(2 * i, ran)
      assert.same({ nothing, "apc", n = 2 }, got)
    end
    assert.same({ false, "timeout" }, { waits[1]:wait(1, "alertable") })
    waits[1]:set()
    assert.is_true(waits[1]:wait(0, "alertable"))
    w.client:Add(rpc.async { apc = function(a) a:complete() end }, 1, 2)
    assert.equal("timeout", rpc.sleep(0, "alertable"))
    world.eventually(function() return rpc.sleep(0, "alertable") == "apc" end)
  end))

  it("an APC may call and wait; one that fails is reported, and the next runs", with(function(w)
    local sum
    w.client:Add(rpc.async { apc = function() error "in the APC" end }, 1, 2)
    w.client:Add(rpc.async { apc = function(a) sum = w.client:Add(a:complete(), 10) end }, 3, 4)
    while not sum do assert.equal("apc", rpc.sleep(10000, "alertable")) end
    assert.equal(17, sum)
    local errors = h.errors()
    assert.equal(1, #errors)
    assert.truthy(tostring(errors[1]):find "in the APC")
  end))

  it("APCs of a task that ended are reported, and not run by the next in its coroutine", with(function(w)
    local ran = 0
    local function apc() ran = ran + 1 end
    for id = 1, 2 do
      local task = rpc.spawn(function()
        w.client:Slow(rpc.async { apc = apc }, id)
        if id == 2 then return end -- ends while the call is pending
        w.arrived(id):complete(1, 1)
        world.eventually(function() return rpc.stats().pending == 0 end)
      end)
      task:await()
      if id == 2 then w.arrived(id):complete(1, 1) end
      local errors
      world.eventually(function()
        errors = h.errors()
        return #errors > 0
      end)
      assert.equal(1, #errors)
      assert.equal(1818, errors[1].status)
      assert.truthy(errors[1].message:find "1 APC was queued to a task that ended", errors[1].message)
    end
    for _ = 1, 5 do
      rpc.spawn(function() assert(rpc.sleep(1, "alertable") == "timeout") end):await()
    end
    assert.equal(0, ran)
  end))

  it("APCs of a user's own coroutine that is dead are reported", with(function(w)
    local co = coroutine.create(function() w.client:Slow(rpc.async { apc = print }, 1) end)
    assert(coroutine.resume(co))
    w.arrived(1):complete(1, 1)
    local errors
    world.eventually(function()
      errors = h.errors()
      return #errors > 0
    end)
    assert.equal(1, #errors)
    assert.truthy(errors[1].message:find "APC")
  end))

  it("a manager's notification is changed in mid-call", with(function(w)
    local first, second, told = 0, 0, rpc.event()
    local call = w.client.async:Slow(1)
    local served = w.arrived(1)
    served:notify { callback = function() first = first + 1 end, user_info = 1 }
    served:notify { callback = function(async, _, event)
      second = second + (event == CANCEL and async == served and served.user_info or 0)
      told:set()
    end, user_info = 2, notify_on_send_complete = true }
    assert.is_true(served.notify_on_send_complete)
    call:cancel()
    assert.is_true(told:wait(10000))
    served:notify {}
    assert.same({ 0, 2 }, { first, second })
    served:complete(1, 1)
    assert.equal(1, (call:await()))
  end))

  it("a manager that asks late hears of the cancel that came before", with(function(w)
    local call = w.client.async:Slow(1)
    local served = w.arrived(1)
    call:cancel()
    world.eventually(function() return (served:cancelled()) end)
    local event = rpc.event()
    served:notify { event = event }
    assert.is_true(event:wait(10000))
    assert.equal(CANCEL, served.last_event)
    served:abort(1818)
    pcall(call.await, call)
  end))

  it("a manager's forgotten handle is collected though it asked to be told", with(function(w)
    local call
    do
      call = w.client.async:Slow(1)
      w.arrived(1):notify { callback = print }
      w.parked[1] = nil
    end
    world.eventually(function()
      collectgarbage()
      return call:status() ~= 997
    end)
    assert.equal(1726, (status_of(call.await, call)))
    assert.equal(1, #h.errors())
  end))

  it("several coroutines await one call, and each gets its results, or its failure", with(function(w)
    local good, bad, tasks = w.client.async:Slow(1), w.client.async:Slow(2), {}
    for i = 1, 4 do tasks[i] = rpc.spawn(function() return (i % 2 == 1 and good or bad):await() end) end
    local hasty = rpc.spawn(function() return good:await(1) end)
    assert.equal(1460, (status_of(hasty.await, hasty)))
    w.arrived(1):complete(10, 2)
    w.arrived(2):abort(5)
    assert.same({ 10, 2 }, { tasks[1]:await() })
    assert.same({ 10, 2 }, { tasks[3]:await() })
    assert.equal(5, (status_of(tasks[2].await, tasks[2])))
    assert.equal(5, (status_of(tasks[4].await, tasks[4])))
    assert.equal(1914, (status_of(good.complete, good)))
  end))
end)

describe("the main chunk", function()
  it("#25 runs its APCs in its alertable waits; they may call, and their errors are reported", h.main(function()
    local w = world.open(h.binding "memory")
    local sum
    w.client:Add(rpc.async { apc = function() error "in the APC" end }, 1, 2)
    w.client:Add(rpc.async { apc = function(a) sum = w.client:Add(a:complete(), 10) end }, 3, 4)
    rpc.sleep(5)
    assert.is_nil(sum)
    while not sum do assert.equal("apc", rpc.sleep(10000, "alertable")) end
    assert.equal(17, sum)
    assert.equal("timeout", rpc.sleep(1, "alertable"))
    local errors = h.errors()
    assert.equal(1, #errors)
    assert.truthy(tostring(errors[1]):find "in the APC")
    w.close()
  end))
end)

describe("what a handle is told by", function()
  it("is one kind, with what it needs, and nothing else", h.async(function()
    local function refused(options, words)
      local status, err = status_of(rpc.async, options)
      assert.equal(87, status)
      assert.truthy(err.message:find(words, 1, true), err.message)
    end
    refused({ event = rpc.event(), port = rpc.completion_port() }, "one of event and port")
    refused({ callback = 1 }, "the callback is no function")
    refused({ apc = {} }, "the apc is no function")
    refused({ apc = print, thread = 1 }, "a coroutine or a task expected")
    refused({ apc = print, thread = {} }, "a coroutine or a task expected")
    refused({ callback = print, thread = coroutine.running() }, "'thread' goes with 'apc' only")
    refused({ key = 1 }, "'key' goes with 'port' only")
    refused({ port = rpc.message_queue() }, "a completion port expected")
    refused({ event = rpc.completion_port() }, "an event expected")
    refused({ queue = rpc.completion_port(), msg = 1 }, "a message queue expected")
    refused({ queue = rpc.message_queue() }, "'msg': an integer expected")
    refused({ port = rpc.completion_port(), bytes = "many" }, "'bytes': an integer expected")
    refused({ hwnd = 1 }, "hwnd")
    assert.has_error(function() rpc.sleep(1, "alerted") end)
  end))
end)
