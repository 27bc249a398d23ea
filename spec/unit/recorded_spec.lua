-- What other implementations sent each other: every stub that is not sealed gives values, and these values the same
-- bytes, but for the numbers of pointers and for what stands in gaps. Pipes have spec/c/ndr_pipe_test.c.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local DATA = (os.getenv "ARPC_SPEC_DATA" or "spec/data")

local function files()
  local found = {}
  for _, folder in ipairs {"", "raw_protocol/"} do
    for line in io.popen(("ls %s/vectors/%s"):format(DATA, folder)):lines() do
      if line:find "%.hex%.txt$" then found[#found + 1] = folder .. line end
    end
  end
  return found
end

-- PDUs in order: {conn, from_client, bytes}
local function pdus(name)
  local list, conns = {}, 0
  for line in io.lines(("%s/vectors/%s"):format(DATA, name)) do
    if line:find "^## connect" then
      conns = conns + 1
    elseif line:find "^## " then
      local conn = tonumber(line:match "conn(%d+) ") or conns
      list[#list + 1] = {conn = conn, from_client = line:find "C>S" ~= nil or line:find "^## C " ~= nil, bytes = ""}
    elseif line:find "^%x" and list[1] then
      local last = list[#list]
      last.bytes = last.bytes .. stubs.bytes(line)
    end
  end
  return list
end

local function order(bytes)
  return bytes:byte(5) & 0x10 ~= 0 and "<" or ">"
end

local function uuid_of(bytes, at, o)
  local a, b, c = (o .. "I4I2I2"):unpack(bytes, at)
  local rest = stubs.hex(bytes:sub(at + 8, at + 15))
  return ("%08x-%04x-%04x-%s-%s"):format(a, b, c, rest:sub(1, 4), rest:sub(5))
end

local NDR64 = "71710533-beba-4937-8319-b5dbef9ccc36"

-- The contexts a bind offers: {uuid, transfer}
local function contexts(pdu, o, into)
  local at = 29
  for _ = 1, pdu.bytes:byte(25) do
    if at + 23 > #pdu.bytes then return end
    local id, n = (o .. "I2B"):unpack(pdu.bytes, at)
    local transfer = n > 0 and uuid_of(pdu.bytes, at + 24, o) == NDR64 and "ndr64" or "ndr20"
    into[pdu.conn .. "/" .. id] = {uuid = uuid_of(pdu.bytes, at + 4, o), transfer = transfer}
    at = at + 24 + 20 * n
  end
end

-- Whole requests and responses: {context, opnum, big, request = stub, response = stub}
local function calls(name)
  local known, open, last, done = {}, {}, {}, {}
  for _, pdu in ipairs(pdus(name)) do
    local b = pdu.bytes
    local kind = #b >= 24 and b:byte(3)
    local o = kind and order(b)
    local auth, id = 0, nil
    if kind then auth, id = (o .. "I2I4"):unpack(b, 11) end
    local key = pdu.conn .. "/" .. tostring(id)
    if kind == 11 or kind == 14 then
      contexts(pdu, o, known)
    elseif kind == 0 and auth == 0 then
      local context, opnum = (o .. "I2I2"):unpack(b, 21)
      local flags = b:byte(4)
      if flags & 1 ~= 0 then
        open[key] = {context = known[pdu.conn .. "/" .. context], opnum = opnum, big = o == ">", parts = {}}
      end
      local call = open[key]
      if call then
        table.insert(call.parts, b:sub(flags & 0x80 ~= 0 and 41 or 25))
        if flags & 2 ~= 0 then
          call.request, last[pdu.conn] = table.concat(call.parts), call
          done[#done + 1] = call
          call.parts = {}
        end
      end
    elseif kind == 2 and auth == 0 then
      local call = open[key] and open[key].request and not open[key].response and open[key] or last[pdu.conn]
      if call then
        call.answer_big = o == ">"
        table.insert(call.parts, b:sub(25))
        if b:byte(4) & 2 ~= 0 then call.response = table.concat(call.parts) end
      end
    end
  end
  return done
end

local function interfaces()
  local found = {}
  for _, path in ipairs {"spec/data/recorded.idl", "examples/rpcecho.idl", "spec/idl/y_epmapper.idl",
    "spec/idl/y_lsarpc.idl", "spec/idl/y_dssetup.idl"} do
    for _, iface in pairs(idl.load(path, {folders = {"spec/idl"}})) do found[iface.uuid] = iface end
  end
  return found
end

-- Decoded, encoded and decoded again. Whether the bytes are the very same.
local function round(t, p, direction, transfer, stub, big, kept)
  local before = kept and table.move(kept, 1, #kept, 1, {})
  local values = table.pack(stubs.decode(t, p.name, direction, transfer, stub, big, kept))
  local made = stubs.encode(t, p.name, direction, transfer, before or {}, table.unpack(values, 1, values.n))
  assert.is_true(#made <= #stub and #stub - #made < 16 or direction == "in", p.name)
  assert.same(values, table.pack(stubs.decode(t, p.name, direction, transfer, made, false, before or {})))
  return not big and made == stub:sub(1, #made)
end

describe("recorded stubs", function()
  local known = interfaces()
  local same, other, passed_over, missing = 0, 0, 0, {}

  for _, name in ipairs(files()) do
    it("of " .. name:gsub("%.hex%.txt$", ""), function()
      for _, call in ipairs(calls(name)) do
        local t = call.context and known[call.context.uuid]
        local p = t and t:find(call.opnum)
        if not p or p.refused or #p.pipes > 0 then
          passed_over = passed_over + 1
          if not t then missing[call.context and call.context.uuid or "no context"] = true end
        elseif #p.arguments == 0 or #call.request > 0 then
          local kept = {}
          local ok, exact = pcall(round, t, p, "in", call.context.transfer, call.request, call.big, kept)
          if not ok and call.response then error(("%s: %s"):format(p.name, tostring(exact)), 0) end
          if ok and exact then same = same + 1 elseif ok then other = other + 1 end
          if ok and call.response then
            exact = round(t, p, "out", call.context.transfer, call.response, call.answer_big, kept)
            if exact then same = same + 1 else other = other + 1 end
          end
        end
      end
    end)
  end

  -- Others: requests in big endian; full pointers of Samba's, whose numbers are none of ours; gaps that impacket fills.
  -- Passed over: pipes, opnums nobody has, calls on contexts that were never bound, and two interfaces.
  it("were there", function()
    assert.same({392, 30, 49}, {same, other, passed_over})
    assert.same({["no context"] = true, ["12345678-1234-abcd-ef00-01234567cffb"] = true,
      ["5ab2e9b4-3d48-11d2-9ea4-80c5140aaa77"] = true}, missing)
  end)
end)
