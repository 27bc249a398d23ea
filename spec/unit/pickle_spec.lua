-- Type serialization: values of single types to bytes and back.
require "asyncrpc"
local idl = require "asyncrpc.idl"

local iface = idl.parse([[
  [uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e23), version(1.0), pointer_default(unique)] interface Kept {
    typedef struct point { long x; short y; } Point;
    typedef struct { long count; [size_is(count)] Point *points; [string] wchar_t *name; hyper big; } Shape;
    typedef enum { red, green } Colour;
    typedef [string] wchar_t *Text;
    typedef struct { void *nothing; } Useless;
    void Nothing();
  }]]).Kept

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function bytes(text)
  return (text:gsub("%s", ""):gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function refused(status, part, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal(status, err.status)
  assert.truthy(tostring(err):find(part, 1, true), tostring(err))
end

describe("a type of an interface", function()
  local types = iface.types

  it("encodes behind two headers, padded to eight bytes", function()
    assert.equal("01100800cccccccc" .. "0800000000000000" .. "070000000300" .. "0000",
      hex(types.Point:encode { x = 7, y = 3 }))
    assert.equal("01100800cccccccc" .. "0800000000000000" .. "0100" .. "000000000000", hex(types.Colour:encode "green"))
  end)

  it("gives the same value back", function()
    local shape = { count = 2, points = { { x = 1, y = -2 }, { x = 3, y = 4 } }, name = "d\u{e9}j\u{e0}", big = -5 }
    assert.same(shape, types.Shape:decode(types.Shape:encode(shape)))
    assert.equal("word", types.Text:decode(types.Text:encode "word"))
    assert.is_nil(types.Text:decode(types.Text:encode(nil)))
  end)

  it("takes the byte order from the header", function()
    local value = types.Point:decode(bytes "01000008 cccccccc 00000008 00000000 00000007 0003 0000")
    assert.same({ x = 7, y = 3 }, value)
  end)

  it("may be a union: its tag is a long where nobody says of what type it is", function()
    local t = idl.parse([[[uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e23), version(1.0)] interface K {
      typedef union {[case(1)] short s; [case(2)] hyper h; [default] ;} Plain;
      typedef [switch_type(short)] union {[case(1)] byte b;} Short;
      typedef [switch_type(long)] union {[case(1), size_is(n)] byte *b;} Open;
      typedef union switch (byte k) {case 1: short s;} Tagged;}]]).K.types
    local head = "01100800cccccccc" .. "0800000000000000"
    assert.equal(head .. "01000000" .. "0700" .. "0000", hex(t.Plain:encode { tag = 1, value = 7 }))
    assert.same({ tag = 1, value = 7 }, t.Plain:decode(t.Plain:encode { tag = 1, value = 7 }))
    assert.same({ tag = 9 }, t.Plain:decode(t.Plain:encode { tag = 9 }))
    assert.equal(head .. "0100" .. "07" .. "0000000000", hex(t.Short:encode { tag = 1, value = 7 }))
    assert.equal(head .. "01" .. "00" .. "0700" .. "00000000", hex(t.Tagged:encode { tag = 1, value = 7 }))
    refused(1733, "Short", t.Short.decode, t.Short, bytes("01100800cccccccc 0800000000000000 0200 000000000000"))
    refused(1764, "the sizes of a union's arm are not known here", function() return t.Open:encode {} end)
  end)

  it("is found by its tag too, made once, and nil when there is none", function()
    assert.same({ x = 1, y = 2 }, types.point:decode(types.Point:encode { x = 1, y = 2 }))
    assert.equal(types.Point, types.Point)
    assert.is_nil(types.Elsewhere)
    assert.equal("type Point", tostring(types.Point))
  end)

  it("says what does not fit, and where", function()
    local message = "Point: argument 1 'value.y': 70000 is out of range"
    refused(87, message, types.Point.encode, types.Point, { x = 1, y = 70000 })
    refused(1764, "void pointers are not supported", function() return types.Useless:encode {} end)
  end)

  it("refuses bytes that are none of its own", function()
    local good = types.Point:encode { x = 1, y = 2 }
    for part, wrong in pairs {
      ["end within the header"] = good:sub(1, 15),
      ["version 2"] = "\2" .. good:sub(2),
      ["byte order"] = good:sub(1, 1) .. "\1" .. good:sub(3),
      ["length is not 8"] = good:sub(1, 2) .. "\9" .. good:sub(4),
      ["8 bytes announced, 7 there"] = good:sub(1, -2),
    } do
      refused(1783, part, types.Point.decode, types.Point, wrong)
    end
    refused(1783, "", types.Shape.decode, types.Shape, good)
    refused(87, "Point: string expected, got nil", types.Point.decode, types.Point)
    refused(1783, "", types.Point.decode, types.Point, good:sub(1, 8) .. ("\0"):rep(8))
  end)

  it("refuses to be a pipe, or larger than the core takes", function()
    local other = idl.parse([[
      [uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e23), version(1.0)] interface Kept {
        typedef pipe long Longs;
        typedef struct { hyper a[0x10000000]; } Huge;
        void Nothing();
      }]]).Kept.types
    refused(1764, "a pipe is no value", other.Longs.encode, other.Longs, { 1 })
    refused(1764, "Huge: type", function() return other.Huge end)
  end)
end)
