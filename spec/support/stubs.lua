-- Stubs without a connection: interfaces from a few lines of IDL, their values to bytes and back.
local core = require "asyncrpc.core"
local idl = require "asyncrpc.idl"

local stubs = {null = core.null}

local HEAD = "[uuid(12345678-1234-5678-9abc-def012345678), version(1.0), pointer_default(unique)] interface T {"

-- The interface whose body this is.
function stubs.load(body, acf)
  return idl.parse(HEAD .. body .. "}", {acf = acf}).T
end

-- "01 00*3 ff" -> bytes
function stubs.bytes(text)
  local out = {}
  for hex, times in text:gmatch "(%x+)%*?(%d*)" do
    out[#out + 1] = (hex:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)):rep(tonumber(times) or 1)
  end
  return table.concat(out)
end

function stubs.hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- direction "in" or "out", transfer "ndr20" or "ndr64"; kept carries what [in] sizes mean for [out].
function stubs.encode(t, name, direction, transfer, kept, ...)
  return core.encode(t, t:find(name).opnum, direction, transfer, kept, ...)
end

function stubs.decode(t, name, direction, transfer, stub, big, kept)
  return core.decode(t, t:find(name).opnum, direction, transfer, stub, big, kept)
end

-- The same values make these bytes, and these bytes the same values; B is NDR20 big endian, read only.
function stubs.same(t, name, direction, values, want, kept)
  local assert = require "luassert"
  values.n = values.n or #values
  for key, transfer in pairs {L = "ndr20", ["6"] = "ndr64"} do
    if want[key] then
      local stub = stubs.bytes(want[key])
      local made = stubs.encode(t, name, direction, transfer, kept, table.unpack(values, 1, values.n))
      assert.equal(stubs.hex(stub), stubs.hex(made))
      assert.same(values, table.pack(stubs.decode(t, name, direction, transfer, stub, false, kept)))
    end
  end
  if want.B then
    assert.same(values, table.pack(stubs.decode(t, name, direction, "ndr20", stubs.bytes(want.B), true, kept)))
  end
end

local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("no error was raised", 3) end
  return err
end

function stubs.message_of(fn, ...)
  local err = failure(fn, ...)
  return type(err) == "table" and err.message or err
end

function stubs.status_of(fn, ...)
  return failure(fn, ...).status
end

return stubs
