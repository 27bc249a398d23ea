-- Completion ports, message queues and events by themselves: what goes in comes out, in this thread and in others.
local h = require "spec.support.harness"
local uv = require "luv"
local rpc, thread

local function async(body, ms)
  return h.async(function()
    rpc, thread = require "asyncrpc", require "spec.support.thread"
    body()
  end, ms)
end

local function fails(status, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal(status, err.status)
  return err.message
end

describe("a completion port", function()
  it("#24 gives what was posted, verbatim and in order", async(function()
    local port, key, overlapped = rpc.completion_port(), {}, function() end
    port:post(1, key, overlapped)
    port:post()
    port:post(-3, "key", 2.5)
    assert.same({ 1, key, overlapped, n = 5 }, table.pack(port:get()))
    assert.same({ 0, n = 5 }, table.pack(port:get(0)))
    assert.same({ -3, "key", 2.5, n = 5 }, table.pack(port:get(10)))
    assert.same({ nil, "timeout", n = 2 }, table.pack(port:get(0)))
    assert.same({ nil, "timeout", n = 2 }, table.pack(port:get(1)))
  end))

  it("is shared by waiters: each packet goes to one, first come first served", async(function()
    local port, got, tasks = rpc.completion_port(), {}, {}
    for i = 1, 5 do
      tasks[i] = rpc.spawn(function() got[i] = select(2, port:get()) end)
    end
    for i = 1, 4 do port:post(0, i) end
    for i = 1, 4 do tasks[i]:await() end
    rpc.sleep(2)
    assert.same({ 1, 2, 3, 4 }, got)
    port:post(0, 5)
    tasks[5]:await()
    assert.equal(5, got[5])
  end))

  it("does not lose a packet to a waiter that is closed before it could run", async(function()
    local port, got = rpc.completion_port(), nil
    local first = coroutine.create(function() port:get() end)
    coroutine.resume(first)
    local second = rpc.spawn(function() got = select(2, port:get()) end)
    port:post(0, "kept")
    assert.is_true(coroutine.close(first))
    second:await(1000)
    assert.equal("kept", got)
  end))

  it("does not lose a packet to a waiter whose time is up", async(function()
    local port = rpc.completion_port()
    for i = 1, h.scale(200) do
      local waiting = rpc.spawn(function() return port:get(1) end)
      rpc.sleep(1)
      port:post(i)
      local got = waiting:await() or port:get(0)
      assert.equal(i, got)
    end
  end))

  it("waits on the main chunk, and says when nothing could end the wait", h.main(function()
    rpc = require "asyncrpc"
    local port = rpc.completion_port()
    rpc.spawn(function()
      rpc.sleep(1)
      port:post(7)
    end)
    assert.equal(7, (port:get()))
    assert.is_nil((port:get(1)))
    local ok, err = pcall(port.get, port)
    assert.is_false(ok)
    assert.truthy(err.message:find "deadlock")
  end))

  it("with packets that name it is collected like anything else", async(function()
    local gone = 0
    for _ = 1, 10 do
      local port = rpc.completion_port()
      port:post(0, setmetatable({ port }, { __gc = function() gone = gone + 1 end }))
    end
    collectgarbage()
    collectgarbage()
    rpc.sleep(1)
    assert.is_true(gone >= 9, gone)
  end))

  it("is one object however often it is opened", async(function()
    local port, key = rpc.completion_port(), {}
    local again = rpc.completion_port(port:token())
    assert.equal(port, again)
    assert.equal(port:token(), again:token())
    again:post(1, key)
    assert.equal(key, select(2, port:get(0)))
  end))

  it("is not opened by what is no token of a port, or no longer one", async(function()
    assert.truthy(fails(1761, rpc.completion_port, "asyncrpc-port-0-1"):find "no port has the token")
    fails(1761, rpc.completion_port, rpc.event():token())
    local token = rpc.completion_port():token()
    collectgarbage()
    collectgarbage()
    fails(1761, rpc.completion_port, token)
    assert.has_error(function() rpc.completion_port {} end)
  end))
end)

describe("a message queue", function()
  it("gives messages, and calls what they are for", async(function()
    local queue, seen = rpc.message_queue(), {}
    queue:post(1025, 1, "one")
    queue:post(1026)
    assert.same({ 1025, 1, "one", n = 3 }, table.pack(queue:get()))
    assert.same({ 1026, n = 3 }, table.pack(queue:get()))
    assert.same({ nil, "timeout", n = 2 }, table.pack(queue:get(0)))
    queue:on(1025, function(...)
      rpc.sleep(1)
      seen[#seen + 1] = table.pack(...)
    end)
    queue:post(1025, 2, "two")
    queue:post(1030)
    queue:post(1025, 3)
    assert.is_true(queue:dispatch())
    assert.truthy(fails(1761, queue.dispatch, queue):find "1030")
    assert.is_true(queue:dispatch(10))
    assert.same({ false, "timeout", n = 2 }, table.pack(queue:dispatch(0)))
    assert.same({ { 1025, 2, "two", n = 3 }, { 1025, 3, n = 3 } }, seen)
    queue:on(1025, nil):post(1025)
    fails(1761, queue.dispatch, queue)
    local token = queue:token()
    assert.equal(queue, rpc.message_queue(token))
  end))
end)

describe("across threads", function()
  it("nil, booleans, numbers and strings go both ways", async(function()
    local there, back = rpc.completion_port(), rpc.completion_port()
    local t = thread.start(function(to, from)
      local remote = require "asyncrpc"
      local inbox, outbox = remote.completion_port(to), remote.completion_port(from)
      for _ = 1, 4 do
        local bytes, key, overlapped = inbox:get()
        outbox:post(bytes + 1, key, overlapped)
      end
    end, there:token(), back:token())
    there:post(1, "k\0ey", true)
    there:post(2, 1 << 60, false)
    there:post(3, 2.5, nil)
    there:post(4, nil, "")
    assert.same({ 2, "k\0ey", true, n = 5 }, table.pack(back:get(10000)))
    assert.same({ 3, 1 << 60, false, n = 5 }, table.pack(back:get(10000)))
    assert.same({ 4, 2.5, n = 5 }, table.pack(back:get(10000)))
    assert.same({ 5, nil, "", n = 5 }, table.pack(back:get(10000)))
    t.join()
  end))

  it("another value stays behind, and its owner hears of it", async(function()
    local there = rpc.completion_port()
    local t = thread.start(function(token)
      local remote = require "asyncrpc"
      local bytes, key, overlapped = remote.completion_port(token):get()
      return ("%s %s %s"):format(bytes, key, overlapped)
    end, there:token())
    there:post(1, {}, "text")
    assert.equal("1 nil text", t.join())
    local errors = h.reported(1)
    assert.equal(1, #errors)
    assert.equal(87, errors[1].status)
    assert.truthy(errors[1].message:find "had a table")
  end))

  it("events are set and waited for", async(function()
    local mine, theirs = rpc.event(), rpc.event()
    local t = thread.start(function(set, wait)
      local remote = require "asyncrpc"
      for i = 1, 5 do
        remote.event(set):set()
        if not remote.event(wait):wait(10000) then return "not answered the " .. i .. ". time" end
      end
      return "done"
    end, mine:token(), theirs:token())
    for _ = 1, 5 do
      assert.is_true(mine:wait(10000))
      theirs:set()
    end
    assert.equal("done", t.join())
  end))

  -- luv gives a copy the metatable of its name, if the other state has one: so from the second time on.
  it("a userdata that was copied there refuses to act, and is not freed there", async(function()
    local Test = require("spec.support.world").Test
    local client, server = rpc.client(Test, "memory:[none]"), rpc.server {}
    local objects = { rpc.completion_port(), rpc.message_queue(), rpc.event(), rpc.async {}, client, server }
    local said = {}
    local work = uv.new_work(function(path, cpath, copy)
      package.path, package.cpath = path, cpath
      local remote = require "asyncrpc"
      local words = "not tried"
      if copy then
        local methods = { remote.completion_port().get, remote.message_queue().get, remote.event().wait,
          remote.async().status, remote.server({}).bindings }
        for _, method in ipairs(methods) do
          local ok, err = pcall(method, copy, 0)
          words = ok and "acted" or words .. tostring(err)
        end
      end
      copy = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      return words
    end, function(words) said[#said + 1] = words end)
    for round = 0, 8 * #objects do
      work:queue(package.path, package.cpath, objects[round % (#objects + 1)])
      while #said <= round do rpc.sleep(1) end
      assert.falsy(said[#said]:find "^acted", said[#said])
    end
    assert.truthy(table.concat(said):find "another thread's Lua state")
    client:close()
    server:close()
    objects[1]:post(1)
    assert.equal(1, (objects[1]:get(0)))
    objects[3]:set()
    assert.is_true(objects[3]:wait(0))
  end))

  it("a state that ends with packets of its own under way leaves nothing dangling", async(function()
    local port = rpc.completion_port()
    local t = thread.start(function(token)
      local remote = require "asyncrpc"
      local mine = remote.completion_port(token)
      for i = 1, 20 do mine:post(i, { i }, "text " .. i) end
    end, port:token())
    t.join()
    for i = 1, 20 do
      local bytes, key, overlapped = port:get(1000)
      assert.same({ i, nil, "text " .. i }, { bytes, key, overlapped })
    end
  end))
end)
