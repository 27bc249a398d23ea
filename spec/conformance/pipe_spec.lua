-- Rows 33-44 and 50-52: pipes, both sides in Lua, as coroutines use them and as the documents' programs do.
local rpc = require "asyncrpc"
local pipes = require "spec.support.pipes"
local world = require "spec.support.world"
local status_of, eventually = world.status_of, world.eventually
local drain, counter, settle = pipes.drain, pipes.counter, pipes.settle

local PENDING, BOUND, ORDER, CLOSED, DISCIPLINE, EMPTY = 997, 1734, 1831, 1916, 1917, 1918

-- Managers that keep their handle and pipes in `seen`, and never do anything.
local function keeping(seen)
  return {
    Put = function(call, a, data) seen.call, seen.a, seen.data = call, a, data end,
    Get = function(call, a, data) seen.call, seen.a, seen.data = call, a, data end,
    Both = function(call, a, data) seen.call, seen.a, seen.data = call, a, data end,
    Few = function(call, data) seen.call, seen.data = call, data end,
  }
end

local function arrived(seen)
  eventually(function() return seen.data end)
  return seen.data
end

-- try_pull until there are n elements, or the end, which give status and what came; a part may come first.
local function pull_now(pipe, n)
  local got = ""
  while true do
    local status, chunk = pipe:try_pull(n - #got)
    if status == PENDING then rpc.sleep(1) else got = got .. (chunk or "") end
    if status ~= PENDING and (status ~= 0 or not chunk or #got == n) then return status, chunk and got end
  end
end

pipes.everywhere(function(with, transport)
  it("#33 an in pipe: the server pulls every chunk, and its end as nothing", with({
    Put = function(call, a, data)
      local all, lengths = drain(data)
      call:complete(a + 1, #all)
      assert(#lengths >= 1)
    end,
  }, function(w)
    local call, data = w.client.async:Put(41)
    for _, chunk in ipairs { "one", "", "two", ("three"):rep(50000), "four" } do data:push(chunk) end
    data:close()
    assert.same({ 42, 250010 }, { call:await() })
  end))

  it("#33 the same without a coroutine: 0 and the chunk, 0 and nil at the end", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local inp = arrived(seen)
    for _, chunk in ipairs { "one", "two", "three" } do
      eventually(function() return data:try_push(chunk) == 0 end)
      assert.same({ 0, chunk }, { pull_now(inp, #chunk) })
    end
    data:close()
    local status, chunk = pull_now(inp, 1)
    assert.equal(0, status)
    assert.is_nil(chunk)
    seen.call:complete(2, 11)
    assert.same({ 2, 11 }, { call:await() })
  end))

  it("#34 an out pipe: the client pulls to the end, then has the result and the other outs", with({
    Get = function(call, a, data)
      for i = 1, 3 do data:push(("x"):rep(i * a)) end
      data:close()
      call:complete(7, 6 * a)
    end,
  }, function(w)
    for _, a in ipairs { 1, 2, 3, 1000, 100003 } do -- the outs stand at every offset behind the pipe
      local call, data = w.client.async:Get(a)
      assert.equal(6 * a, #drain(data))
      assert.same({ 7, 6 * a }, { call:await() })
    end
  end))

  it("#35 an in,out pipe: the whole input, then the whole output", with({
    Both = function(call, a, data)
      local all = drain(data)
      for _, v in ipairs(all) do data:push { v * a } end
      data:close()
      call:complete(0, #all)
    end,
  }, function(w)
    local call, data = w.client.async:Both(-3)
    data:push { 1, 2, 3 }
    data:push { 2147483647 // 3 }
    data:close()
    assert.same({ -3, -6, -9, -2147483646 }, (drain(data)))
    assert.same({ 0, 4 }, { call:await() })
  end))

  it("#36 a manager's pull without data is 997, a receive-complete follows, then data", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(1)
    local inp = arrived(seen)
    local counts, callback = counter()
    seen.call:notify { callback = callback }
    assert.equal(PENDING, (inp:try_pull(10)))
    settle()
    assert.equal(0, counts[rpc.RECEIVE_COMPLETE])
    data:push "abc"
    eventually(function() return counts[rpc.RECEIVE_COMPLETE] > 0 end)
    assert.equal(rpc.RECEIVE_COMPLETE, seen.call.last_event)
    local status, got = inp:try_pull(10)
    assert.same({ 0, ("abc"):sub(1, #got) }, { status, got })
    data:push "de" -- nobody asks
    data:close()
    settle()
    assert.equal(1, counts[rpc.RECEIVE_COMPLETE])
    assert.equal("abcde", got .. drain(inp))
    seen.call:complete(0, 0)
    call:await()
  end))

  it("#36 a client's likewise, by event and by packet", with(keeping, function(w, seen)
    local event, port = rpc.event(), rpc.completion_port()
    for _, how in ipairs { { event = event }, { port = port, key = 5 } } do
      seen.data = nil
      local async = rpc.async(how)
      local data = w.client:Get(async, 1)
      local outp = arrived(seen)
      assert.equal(PENDING, (data:try_pull(10)))
      outp:push "abc"
      if how.event then
        assert.is_true(event:wait())
        assert.equal(rpc.RECEIVE_COMPLETE, async.last_event)
      else
        local _, key, _, kind, handle = port:get()
        assert.same({ 5, rpc.RECEIVE_COMPLETE, async }, { key, kind, handle })
      end
      local status, got = data:try_pull(10)
      assert.same({ 0, ("abc"):sub(1, #got) }, { status, got })
      outp:close()
      assert.equal("abc", got .. drain(data))
      seen.call:complete(3, 4)
      assert.same({ 3, 4 }, { async:await() })
      event:reset()
      while port:get(0) do end
    end
  end))

  it("#37 a small pull gets a part, the rest follows, and no border of a chunk is seen", with(keeping, function(w, seen)
    local call, data = w.client.async:Both(1)
    local inp = arrived(seen)
    data:push { 1, 2, 3, 4, 5 }
    data:push { 6, 7, 8 }
    data:push { 9 }
    data:close()
    local all = {}
    for chunk in inp:chunks(2) do
      assert.is_true(#chunk == 1 or #chunk == 2)
      table.move(chunk, 1, #chunk, #all + 1, all)
    end
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, all)
    inp:close()
    seen.call:complete(0, 0)
    assert.is_nil(data:pull(1))
    assert.same({ 0, 0 }, { call:await() })
  end))

  it("#38 push returns at once, and its table may be changed then", with(keeping, function(w, seen)
    local call, data = w.client.async:Both(1)
    arrived(seen)
    local chunk = { 1, 2, 3 }
    assert.equal(0, data:try_push(chunk))
    chunk[1], chunk[2], chunk[3] = 9, 9, 9
    assert.equal(0, data:try_push(chunk))
    data:close()
    assert.same({ 1, 2, 3, 9, 9, 9 }, (drain(seen.data)))
    seen.data:close()
    seen.call:complete(0, 0)
    assert.is_nil(data:pull())
    call:await()
  end))

  it("#39 one push in flight: each is told of once when it has left", with(keeping, function(w, seen)
    local counts, callback = counter()
    local async = rpc.async { callback = callback, notify_on_send_complete = true }
    local data = w.client:Put(async, 1)
    arrived(seen)
    settle()
    local before = counts[rpc.SEND_COMPLETE] -- the request itself may have been told of
    for i = 1, 5 do
      assert.equal(0, data:try_push(("x"):rep(i * 100)))
      eventually(function() return counts[rpc.SEND_COMPLETE] == before + i end)
      settle()
      assert.equal(before + i, counts[rpc.SEND_COMPLETE])
    end
    async.notify_on_send_complete = false
    data:close()
    assert.equal(1500, #drain(seen.data))
    settle()
    assert.equal(before + 5, counts[rpc.SEND_COMPLETE])
    seen.call:complete(0, 0)
    async:await()
  end))

  it("#39 #40 a manager's pushes likewise; of two in a row at least one is told", with(keeping, function(w, seen)
    local call, data = w.client.async:Get(1)
    local outp = arrived(seen)
    local counts, callback = counter()
    seen.call:notify { callback = callback }
    assert.equal(0, outp:try_push "not told")
    settle()
    assert.equal(0, counts[rpc.SEND_COMPLETE])
    assert.is_false(seen.call.notify_on_send_complete)
    seen.call.notify_on_send_complete = true
    assert.is_true(seen.call.notify_on_send_complete)
    for i = 1, 3 do
      assert.equal(0, outp:try_push "told")
      eventually(function() return counts[rpc.SEND_COMPLETE] == i end)
    end
    settle()
    assert.equal(3, counts[rpc.SEND_COMPLETE])
    outp:try_push "two"
    outp:try_push "in a row"
    eventually(function() return counts[rpc.SEND_COMPLETE] > 3 end)
    seen.call.notify_on_send_complete = false -- as the documents' server does before the null push
    settle()
    local before = counts[rpc.SEND_COMPLETE]
    assert.is_true(before <= 5)
    outp:close()
    settle()
    assert.equal(before, counts[rpc.SEND_COMPLETE])
    assert.equal("not toldtoldtoldtoldtwoin a row", (drain(data)))
    seen.call:complete(0, 0)
    call:await()
  end))

  it("#41 the plain ins are there before any pipe data was sent", with(keeping, function(w, seen)
    local call, data = w.client.async:Put(4711)
    arrived(seen)
    assert.equal(4711, seen.a)
    assert.equal(PENDING, (seen.data:try_pull()))
    data:close()
    assert.is_nil(seen.data:pull())
    seen.call:complete(1, 2)
    assert.same({ 1, 2 }, { call:await() })
  end))

  it("#42 the plain outs come with the call's end, which comes when the pipe was pulled to its end", with({
    Get = function(call, _, data)
      data:push "abc"
      data:close()
      call:complete(1, 2)
    end,
  }, function(w)
    local counts, callback = counter()
    local async = rpc.async { callback = callback }
    local data = w.client:Get(async, 1)
    local got = data:pull(3)
    while #got < 3 do got = got .. data:pull(3 - #got) end
    settle()
    assert.equal(PENDING, async:status())
    assert.equal(PENDING, (status_of(async.complete, async)))
    assert.equal(0, counts[rpc.CALL_COMPLETE])
    assert.is_nil(data:pull())
    eventually(function() return counts[rpc.CALL_COMPLETE] == 1 end)
    assert.same({ 1, 2 }, { async:complete() })
    settle()
    assert.equal(1, counts[rpc.CALL_COMPLETE])
  end))

  it("#43 several pipes of one call go from left to right, each in its place", with({
    Many = function(call, one, a, two, three, four, text)
      assert(select("#", call, one, a, two, three, four, text) == 7)
      assert(status_of(three.pull, three) == ORDER)
      assert(status_of(two.push, two, { 1 }) == ORDER)
      local bytes = drain(one)
      local records = drain(three)
      assert(status_of(four.push, four, "x") == ORDER)
      for _, r in ipairs(records) do two:push { r.n } end
      two:close()
      four:push(bytes:rep(a))
      four:push(text)
      four:close()
      call:complete(records[2].id, records[1].s)
    end,
  }, function(w)
    local call, one, two, three, four = w.client.async:Many(2, "words")
    assert.equal(ORDER, three:try_push { { id = 1, n = 2, s = 3 } })
    assert.equal(ORDER, (two:try_pull()))
    one:push "ab"
    one:push "c"
    one:close()
    three:push { { id = 1, n = -2, s = 3 }, { id = 77, n = 5, s = -6 } }
    three:push { { id = 3, n = 8, s = 9 } }
    assert.equal(ORDER, (four:try_pull()))
    three:close()
    assert.equal(ORDER, (four:try_pull()))
    assert.same({ -2, 5, 8 }, (drain(two)))
    assert.equal("abcabcwords", (drain(four)))
    assert.same({ 77, 3 }, { call:await() })
  end))

  it("#44 wrong order 1831, undrained 1917, after the end 1916 and 1918", with(keeping, function(w, seen)
    local call, data = w.client.async:Both(1)
    local p = arrived(seen)
    assert.equal(ORDER, (data:try_pull()))
    assert.equal(ORDER, (status_of(data.pull, data)))
    assert.equal(ORDER, p:try_push { 1 })
    assert.equal(DISCIPLINE, (status_of(seen.call.complete, seen.call, 0, 0)))
    data:push { 1 }
    data:close()
    local _, err = status_of(data.push, data, { 2 })
    assert.equal(CLOSED, err.status)
    assert.equal("Both: pipe 'data': push: the pipe is closed", err.message)
    assert.equal(CLOSED, (status_of(data.close, data)))
    assert.equal(CLOSED, data:try_push { 2 })
    assert.same({ 1 }, (drain(p)))
    _, err = status_of(p.pull, p)
    assert.equal(EMPTY, err.status)
    assert.equal("Both: pipe 'data': pull: the pipe has no more data", err.message)
    assert.equal(EMPTY, (p:try_pull()))
    assert.equal(DISCIPLINE, (status_of(seen.call.complete, seen.call, 0, 0)))
    p:close()
    seen.call:complete(5, 6)
    assert.is_nil(data:pull())
    assert.equal(EMPTY, (data:try_pull()))
    assert.same({ 5, 6 }, { call:await() })
    assert.equal(1914, (data:try_pull()))
    assert.equal(1914, p:try_push { 1 })
  end))

  it("#50 a range bounds a chunk's elements where it is pushed", with(function(seen)
    return { Few = function(call, data)
      seen.all = drain(data)
      call:complete()
    end }
  end, function(w, seen)
    local call, data = w.client.async:Few()
    for _, chunk in ipairs { { 1 }, { 1, 2, 3, 4, 5, 6 } } do
      assert.equal(BOUND, (status_of(data.push, data, chunk)))
    end
    data:push { 1, 2 }
    data:push {}
    assert.equal(BOUND, data:try_push { 1 })
    data:push { 3, 4, 5, 6, 7 }
    data:close()
    call:await()
    assert.same({ 1, 2, 3, 4, 5, 6, 7 }, seen.all)
  end))

  it("#50 a chunk that goes in several has all of them in range", with(function(seen)
    return { Few = function(call, data)
      seen.all = drain(data)
      call:complete()
    end }
  end, function(w, seen)
    local call, data = w.client.async:Few()
    data:push { 1, 2, 3, 4, 5 }
    data:push { 6, 7, 8, 9 }
    data:close()
    call:await()
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, seen.all)
  end, { client = { pipe_high = 4 } }))

  local loose = rpc.idl.parse((world.read "spec/support/pipes.idl":gsub("%[range%(2, 5%)%]", "")),
    { acf = world.read "spec/support/pipes.acf", name = "loose.idl" }).Pipes

  it("#50 and where it is pulled: 1783, with which the manager ends the call", with({
    Few = function(_, data)
      for _ in data:chunks() do end
    end,
  }, function(w)
    local call, data = w.client.async:Few()
    data:push { 1 }
    data:close()
    assert.equal(1783, (status_of(call.await, call)))
  end, { client_interface = loose }))

  it("#51 #52 who does not pull stops who pushes; then it goes on, and all arrives", with(keeping, function(w, seen)
    local counts, callback = counter()
    local async = rpc.async { callback = callback }
    local data = w.client:Put(async, 1)
    local inp = arrived(seen)
    local before = rpc.stats().bytes_in
    local block, taken, still = ("0123456789abcdef"):rep(4096), 0, 0
    repeat
      local status = data:try_push(block)
      if status == 0 then
        taken, still = taken + #block, 0
      else
        assert.equal(PENDING, status)
        still = still + 1
        rpc.sleep(0)
      end
    until still == 50
    assert.is_true(taken >= 65536)
    local read = rpc.stats().bytes_in - before
    assert.is_true(read <= 65536 + 256 * 1024 + 4096, read)
    if transport == "memory" then assert.is_true(taken <= 2 * 1024 * 1024, taken) end
    local told = counts[rpc.SEND_COMPLETE]
    local writer = rpc.spawn(function()
      while data:try_push(block) == PENDING do
        local seen_so_far = counts[rpc.SEND_COMPLETE]
        eventually(function() return counts[rpc.SEND_COMPLETE] > seen_so_far end)
      end
      data:close()
    end)
    assert.equal(block:rep(taken // #block + 1), (drain(inp)))
    writer:await()
    assert.is_true(counts[rpc.SEND_COMPLETE] > told)
    seen.call:complete(0, 0)
    async:await()
  end, { server = { pipe_high = 65536 }, client = { pipe_high = 65536, pipe_low = 1024 } }))

  it("#51 #52 and the other way: a manager's push waits until its client pulls", with(function(seen)
    return { Get = function(call, a, data)
      for i = 1, a do
        data:push(("x"):rep(65536))
        seen.pushed = i
      end
      data:close()
      call:complete(0, a)
    end }
  end, function(w, seen)
    local n = 400 -- more than all sockets hold
    local call, data = w.client.async:Get(n)
    local before
    eventually(function()
      settle(20)
      local same = seen.pushed and seen.pushed == before
      before = seen.pushed
      return same
    end)
    assert.is_true(seen.pushed < n)
    assert.equal(65536 * n, #drain(data))
    assert.same({ 0, n }, { call:await() })
  end, { server = { pipe_high = 65536 }, client = { pipe_high = 65536 } }))
end)
