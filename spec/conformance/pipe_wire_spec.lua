-- Rows 48, 49, 53 and 54: what pipes are on the wire, and how much of them is anywhere at a time.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local uv = require "luv"
local pipes = require "spec.support.pipes"

local FRAGMENT = 2048

-- Stands before a server, and keeps what its client sends and gets: the binding to call, {sent, got}, and its end.
-- A pair in memory has no place to stand at: then nothing is kept.
local function relay(transport, binding)
  if transport == "memory" then return binding, nil, function() end end
  local folder, name = os.getenv "XDG_RUNTIME_DIR" .. "/asyncrpc/", binding:match "%[(.-)%]"
  local kept, open = { sent = {}, got = {} }, {}
  local function new() return transport == "tcp" and uv.new_tcp() or uv.new_pipe() end
  local function forward(from, to, list)
    from:read_start(function(_, bytes)
      if bytes then
        list[#list + 1] = bytes
        if not to:is_closing() then to:write(bytes) end
      elseif not to:is_closing() then
        to:shutdown()
      end
    end)
  end
  local function accepted(listener)
    local client, server = new(), new()
    open[#open + 1], open[#open + 2] = client, server
    listener:accept(client)
    local function connected(err)
      assert(not err, err)
      forward(client, server, kept.sent)
      forward(server, client, kept.got)
    end
    if transport == "tcp" then server:connect("127.0.0.1", tonumber(name), connected)
    else server:connect(folder .. name, connected) end
  end
  local listener = new()
  open[1] = listener
  if transport == "tcp" then listener:bind("127.0.0.1", 0) else listener:bind(folder .. name .. ".relay") end
  listener:listen(8, function(err) assert(not err, err) accepted(listener) end)
  local place = transport == "tcp" and ("ncacn_ip_tcp:127.0.0.1[%d]"):format(listener:getsockname().port)
    or ("ncalrpc:[%s.relay]"):format(name)
  return place, kept, function()
    for _, handle in ipairs(open) do
      if not handle:is_closing() then handle:close() end
    end
  end
end

-- The stub of the PDUs of a type, and where in it its fragments end.
local function stub_of(list, ptype)
  local bytes, at, parts, ends, length = table.concat(list), 1, {}, {}, 0
  while at <= #bytes do
    local kind, len = bytes:byte(at + 2), string.unpack("<I2", bytes, at + 8)
    if kind == ptype then
      parts[#parts + 1] = bytes:sub(at + 24, at + len - 1)
      length = length + len - 24
      ends[#ends + 1] = length
    end
    at = at + len
  end
  return table.concat(parts), ends
end

local function aligned(at, to)
  return at + -at % to
end

-- Chunks of elements that begin at `at`: their counts, where elements begin, and what is behind the pipe.
local function chunks_of(stub, at, syntax, size, align)
  local word, counts, begin = syntax == "ndr20" and 4 or 8, {}, {}
  local format = word == 4 and "<I4" or "<i8"
  local stride = aligned(size, align)
  while true do
    at = aligned(at, word)
    local n = string.unpack(format, stub, at + 1)
    at = at + word
    if n > 0 then
      at = aligned(at, align)
      for i = 0, n - 1 do begin[#begin + 1] = at + i * stride end
      at = at + (n - 1) * stride + size
    end
    if word == 8 then
      at = aligned(at, 8)
      assert.equal(-n, (string.unpack("<i8", stub, at + 1)))
      at = at + 8
    end
    if n == 0 then return counts, begin, at end
    counts[#counts + 1] = n
  end
end

-- How many elements lie over the end of a fragment.
local function cut(begin, size, ends)
  local n = 0
  for _, place in ipairs(ends) do
    for _, at in ipairs(begin) do
      if at < place and place < at + size then n = n + 1 end
    end
  end
  return n
end

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i * 65537 end
  return list
end

local function growth(before)
  return math.max(0, uv.resident_set_memory() - before)
end

pipes.everywhere(function(with, transport, syntax)
  it("#48 #49 chunks are counts and elements, and end once; what follows stands behind them", with({
    Both = function(call, a, data)
      local all = pipes.drain(data)
      for i = 1, #all, 7 do data:push(table.move(all, i, math.min(i + 6, #all), 1, {})) end
      data:close()
      call:complete(a, #all)
    end,
  }, function(w)
    local place, kept, close = relay(transport, w.server:bindings()[1])
    local client = rpc.client(pipes.Async, place, { transfer = syntax })
    local call, data = client.async:Both(5)
    for i = 1, 40 do data:push(numbers(i % 5)) end -- some of them of nothing
    data:close()
    assert.equal(80, #pipes.drain(data))
    assert.same({ 5, 80 }, { call:await() })
    client:close()
    close()
    if not kept then return end
    local question, answer = stub_of(kept.sent, 0), stub_of(kept.got, 2)
    local counts, _, at = chunks_of(question, 4, syntax, 4, 4)
    for i = 1, 32 do assert.equal((i - 1) % 4 + 1, counts[i]) end
    assert.same({ 32, #question }, { #counts, at })
    counts, _, at = chunks_of(answer, 0, syntax, 4, 4)
    assert.same({ 12, 7, 3, #answer }, { #counts, counts[1], counts[12], at + 8 })
    local all, a = string.unpack("<i4i4", answer, at + 1)
    assert.same({ 80, 5 }, { all, a })
  end, { server = { max_fragment = FRAGMENT } }))

  it("#54 elements that fragments cut in two arrive whole", with({
    Many = function(call, one, a, two, three, four)
      local bytes, records = #pipes.drain(one), pipes.drain(three)
      for i, record in ipairs(records) do
        assert(record.id == i * 3 and record.n == i and record.s == i % 100, i)
      end
      two:push(numbers(3000))
      two:close()
      four:push(("x"):rep(5001))
      four:close()
      call:complete(a, bytes + #records)
    end,
  }, function(w)
    local place, kept, close = relay(transport, w.server:bindings()[1])
    local client = rpc.client(pipes.Async, place, { transfer = syntax, max_fragment = FRAGMENT })
    local call, one, two, three, four = client.async:Many(9, "text")
    one:push(("abc"):rep(2001))
    one:close()
    local sent = 0
    for i = 1, 40 do
      local records = {}
      for k = 1, i do
        sent = sent + 1
        records[k] = { id = sent * 3, n = sent, s = sent % 100 }
      end
      three:push(records)
    end
    three:close()
    assert.same(numbers(3000), pipes.drain(two))
    assert.equal(("x"):rep(5001), pipes.drain(four))
    assert.same({ 9, 6003 + sent }, { call:await() })
    client:close()
    close()
    if not kept then return end
    local question, ends = stub_of(kept.sent, 0)
    for i = 1, #ends - 1 do assert.equal(0, ends[i] % 8) end
    local size = syntax == "ndr20" and 13 or 16
    local first = question:find(string.pack("<i8i4i1", 3, 1, 1), 1, true) - 1
    local at = syntax == "ndr20" and string.unpack("<I4", question, first - 3) == 1 and first - 4 or first - 8
    local counts, begin, last = chunks_of(question, at, syntax, size, 8)
    assert.same({ 40, sent, #question }, { #counts, #begin, last })
    assert.is_true(cut(begin, size, ends) > 0)
  end, { server = { max_fragment = FRAGMENT } }))

  it("#53 what is on its way is a few blocks, however much there is", with({
    Put = function(call, _, data)
      local n = 0
      for chunk in data:chunks() do n = n + #chunk end
      call:complete(0, n)
    end,
    Get = function(call, mib, data)
      for _ = 1, mib * 16 do data:push(("y"):rep(65536)) end
      data:close()
      call:complete(0, mib)
    end,
  }, function(w)
    local mib, less = h.scale(transport == "unix" and syntax == "ndr20" and 1024 or 64), h.scale(64)
    local block = ("x"):rep(65536)
    local call, data = w.client.async:Put(0) -- all that is made once is there
    data:push(block:rep(32))
    data:close()
    call:await()
    collectgarbage()
    local before = uv.resident_set_memory()
    call, data = w.client.async:Put(0)
    for _ = 1, mib * 16 do data:push(block) end
    data:close()
    assert.equal(mib << 20, (select(2, call:await())))
    call, data = w.client.async:Get(less)
    local n = 0
    for chunk in data:chunks() do n = n + #chunk end
    assert.equal(less << 20, n)
    call:await()
    if not os.getenv "ARPC_VARIANT" then assert.is_true(growth(before) < 16 << 20, growth(before)) end
  end, { ms = 60000 }))
end)
