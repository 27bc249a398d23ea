-- Pipes as the runtime sends them, read by others: Wireshark's dissector takes every PDU, Samba's ndrdump every chunk.
local h = require "spec.support.harness"
local capture = require "spec.support.capture"
local pipes = require "spec.support.pipes"
local program = require "spec.support.program"
local rpc = require "asyncrpc"
local uv = require "luv"

local REQUEST, RESPONSE, FAULT, CO_CANCEL, ORPHANED = 0, 2, 3, 18, 19

local function pattern(n, from)
  local all = {}
  for i = 1, n do all[i] = string.char(((from or 0) + i - 1) % 256) end
  return table.concat(all)
end

-- ---- Wireshark

local managers = {
  Put = function(call, a, data)
    local n = 0
    for chunk in data:chunks() do
      n = n + #chunk
      if a == 1 then return call:abort(4711) end
    end
    call:complete(0, n)
  end,
  Get = function(call, a, data)
    for i = 1, a do data:push(pattern(i * 777)) end
    data:close()
    call:complete(0, a)
  end,
  Both = function(call, _, data)
    local all = pipes.drain(data)
    for i = 1, #all, 500 do data:push(table.move(all, i, math.min(i + 499, #all), 1, {})) end
    data:close()
    call:complete(0, #all)
  end,
}

-- Small chunks and large ones, both ways, several calls at once; one that is aborted, one cancelled, one given up.
-- The first is there all the time: with the last connection the association would end.
local function busy(client)
  local first, open = client.async:Put(0)
  open:push "abc"
  local calls = {}
  for i = 1, 3 do
    calls[i] = rpc.spawn(function()
      local call, data = client.async:Put(0)
      for k = 1, 40 do data:push(pattern(k * 97)) end
      data:push(pattern(100000))
      data:close()
      local _, n = call:await()
      assert.equal(97 * 820 + 100000, n)
    end)
  end
  local call, data = client.async:Get(60)
  local all = pipes.drain(data)
  assert.equal(777 * 1830, #all)
  call:await()
  for i = 1, 3 do calls[i]:await() end
  local longs = {}
  for i = 1, 5000 do longs[i] = i end
  call, data = client.async:Both(0)
  for i = 1, 5000, 1000 do data:push(table.move(longs, i, i + 999, 1, {})) end
  data:close()
  assert.same(longs, (pipes.drain(data)))
  call:await()
  call, data = client.async:Put(1)
  data:push "abc"
  assert.is_false((pcall(call.await, call)))
  for i = 1, 2 do
    call, data = client.async:Put(0)
    data:push "abc"
    if i == 1 then call:cancel() else call:abandon() end
    assert.is_false((pcall(call.await, call)))
  end
  open:close()
  assert.equal(3, select(2, first:await()))
end

describe("tshark finds nothing wrong with pipes", function()
  for _, transfer in ipairs { "ndr20", "ndr64" } do
    it("in " .. transfer, h.async(function()
      local found = capture.of(function()
        local w = pipes.open("ncacn_ip_tcp:127.0.0.1[0]", transfer, managers, { server = { max_fragment = 2048 } })
        local ok, err = xpcall(busy, debug.traceback, w.client)
        w.close()
        if not ok then error(err, 0) end
      end)
      assert.same({}, found.odd)
      for _, kind in ipairs { REQUEST, RESPONSE, FAULT, CO_CANCEL } do assert.truthy(found.types[kind], kind) end
      assert.equal(1, found.types[ORPHANED])
      assert.truthy(found.parts > 1000, found.parts)
    end, 60000))
  end
end)

-- ---- ndrdump

local stub = os.getenv "XDG_RUNTIME_DIR" .. "/pipe_stub"
local UUIDS = { ndr20 = "045d888aeb1cc9119fe808002b10486002000000", ndr64 = "33057171babe37498319b5dbef9ccc3601000000" }
local INTERFACE = [[
  [uuid(897e2e5f-93f3-4376-9c9c-fd2277495c27), version(1.0)] interface frstrans
  { typedef pipe byte BYTES; long RawGet([out] BYTES *data); }]]

local function unhex(text)
  return (text:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end))
end

local function pdu(kind, body)
  return ("<BBBB I4 I2 I2 I4"):pack(5, 0, kind, 3, 0x10, 16 + #body, 0, 1) .. body
end

-- What a server answers to opnum 0 of the interface, from all fragments.
local function answer(port, transfer)
  local said, parts, done, tcp = "", {}, rpc.event(), uv.new_tcp()
  local function take(bytes)
    if bytes:byte(3) == 12 then
      tcp:write(pdu(REQUEST, ("<I4 I2 I2"):pack(0, 0, 0)))
    else
      assert(bytes:byte(3) == RESPONSE, "no response")
      parts[#parts + 1] = bytes:sub(25)
      local even = (#bytes - 24) % 8 == 0
      if bytes:byte(4) & 2 ~= 0 then done:set() else assert(even, "a fragment of an odd length") end
    end
  end
  tcp:connect("127.0.0.1", port, function()
    tcp:write(pdu(11, ("<I2 I2 I4 I4 I2 I2"):pack(5840, 5840, 0, 1, 0, 1) ..
      unhex "5f2e7e89f39376439c9cfd2277495c2701000000" .. unhex(UUIDS[transfer])))
    tcp:read_start(function(_, data)
      said = said .. (data or "")
      while #said >= 16 and #said >= ("<I2"):unpack(said, 9) do
        local n = ("<I2"):unpack(said, 9)
        take(said:sub(1, n))
        said = said:sub(n + 1)
      end
    end)
  end)
  local ok = done:wait(10000)
  tcp:close()
  assert.truthy(ok)
  return table.concat(parts), #parts
end

-- The answer of a manager that pushes chunks of these lengths, the bytes of which count up.
local function sent(transfer, lengths)
  local frstrans = rpc.idl.parse(INTERFACE, { name = "frstrans" }).frstrans
  local server = rpc.server { "ncacn_ip_tcp:127.0.0.1[0]", max_fragment = 2048 }
  server:register(frstrans, {
    RawGet = function(_, data)
      local at = 0
      for _, n in ipairs(lengths) do
        data:push(pattern(n, at))
        at = at + n
      end
      data:close()
      return 0
    end,
  })
  server:listen()
  local ok, bytes, parts = xpcall(answer, debug.traceback, tonumber(server:bindings()[1]:match "%[(%d+)%]"), transfer)
  server:close()
  if not ok then error(bytes, 0) end
  return bytes, parts
end

-- The counts of the chunks that ndrdump saw, and all their bytes.
local function chunks(words)
  local counts, bytes = {}, {}
  for line in words:gmatch "[^\n]+" do
    local count = line:match "^%s+count%s+: 0x%x+ %((%d+)%)"
    if count then counts[#counts + 1] = math.tointeger(count) end
    local hex = line:match "^%s+array%s+: (%x*)" or (line:match "^%[%x+%] (.*)$" or ""):sub(1, 50):gsub("[^%x]", "")
    bytes[#bytes + 1] = unhex(hex)
  end
  return counts, table.concat(bytes)
end

describe("ndrdump reads chunks as a manager pushed them", function()
  for _, transfer in ipairs { "ndr20", "ndr64" } do
    for _, lengths in ipairs { {}, { 1 }, { 3, 5 }, { 300, 1, 2 }, { 4, 8, 7, 1, 65535 } } do
      it(("%s, of %s"):format(transfer, table.concat(lengths, ", ")), h.async(function()
        local bytes, parts = sent(transfer, lengths)
        assert.truthy(parts > #bytes // 2048)
        local f = assert(io.open(stub, "wb"))
        f:write(bytes)
        f:close()
        local args = { "frstrans", "frstrans_RawGetFileDataAsync", "out", stub }
        if transfer == "ndr64" then table.insert(args, 1, "--ndr64") end
        local code, words = program.run("ndrdump", args)
        assert.equal(0, code, words)
        local expected, total = { table.unpack(lengths) }, 0
        expected[#expected + 1] = 0
        for _, n in ipairs(lengths) do total = total + n end
        local counts, all = chunks(words)
        assert.same(expected, counts)
        assert.equal(pattern(total), all)
        assert.truthy(words:find("result%s+: WERR_OK"))
        assert.truthy(words:find("dump OK", 1, true))
      end, 30000))
    end
  end
end)
