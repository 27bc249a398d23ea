-- Lua values <-> stub bytes. The bytes are those of the worked examples (T1, Q1, ...).
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("stub bytes", function()
  it("T1: a long", function()
    local t = load "void F([in] long v);"
    same(t, "F", "in", {0x01020304}, {L = "04030201", B = "01020304", ["6"] = "04030201"})
  end)

  it("T2: scalars with their gaps", function()
    local t = load "enum E {zero}; void F([in] small a, [in] hyper b, [in] enum E c, [in] double d);"
    same(t, "F", "in", {1, 2, 3, 1.0}, {
      L = "01 00*7 0200000000000000 0300 00*6 000000000000f03f",
      ["6"] = "01 00*7 0200000000000000 03000000 00*4 000000000000f03f",
    })
  end)

  it("T3: a struct of small things", function()
    local t = load "enum E {zero}; typedef struct {enum E e; byte q; unsigned __int3264 p;} S; void F([in] S s);"
    same(t, "F", "in", {{e = 1, q = 2, p = 3}}, {
      L = "0100 02 00 03000000",
      B = "0001 02 00 00000003",
      ["6"] = "01000000 02 00*3 0300000000000000",
    })
  end)

  it("T4: both kinds of enum", function()
    local t = load [[enum A {a0, a1}; typedef [v1_enum] enum {b0, b1, b2} B; typedef struct {enum A a; B b;} S;
      void F([in, out] enum A *a, [in, out] S *s);]]
    same(t, "F", "in", {1, {a = 1, b = 2}}, {
      L = "0100 0000 0100 0000 02000000", ["6"] = "01000000 01000000 02000000"})
    assert.equal(bytes "0100 0000 0100 0000 02000000", encode(t, "F", "in", "ndr20", nil, "a1", {a = "a1", b = "b2"}))
    assert.same({a0 = 0, a1 = 1}, t.enums.A)
    assert.same({b0 = 0, b1 = 1, b2 = 2}, t.enums.B)
  end)

  it("T5, T6: EchoData", function()
    local t = idl.load("examples/rpcecho.idl").rpcecho
    local kept = {}
    same(t, "EchoData", "in", {"\1\2\3"}, {L = "03000000 03000000 010203", B = "00000003 00000003 010203",
      ["6"] = "03000000 00*4 0300000000000000 010203"}, kept)
    assert.same({3}, kept)
    same(t, "EchoData", "out", {"\1\2\3"}, {L = "03000000 010203", ["6"] = "0300000000000000 010203"}, kept)
  end)

  it("T7: a ref string", function()
    local t = load "void F([in, string] wchar_t *s);"
    same(t, "F", "in", {"Hi"}, {
      L = "03000000 00000000 03000000 4800 6900 0000", B = "00000003 00000000 00000003 0048 0069 0000",
      ["6"] = "0300000000000000 00*8 0300000000000000 4800 6900 0000",
    })
  end)

  it("T8: a string the server allocates", function()
    local t = load "void F([out, string] wchar_t **s);"
    same(t, "F", "out", {"Hi"}, {
      L = "00000200 03000000 00000000 03000000 4800 6900 0000",
      ["6"] = "0000020000000000 0300000000000000 00*8 0300000000000000 4800 6900 0000",
    })
    same(t, "F", "out", {n = 1}, {L = "00000000", ["6"] = "00*8"})
  end)

  it("a size for a type that is a string already", function()
    for _, of in ipairs {"LPSTR", "[string] char *", "char *"} do
      local t = load(("typedef %s T; void F([in] long n, [out, string, size_is(n)] T text);"):format(of))
      same(t, "F", "out", {"ab"}, {L = "05000000 00000000 03000000 616200"}, {5})
    end
    local t = load "void F([in] long n, [in, unique, size_is(n), string] LPWSTR text);"
    same(t, "F", "in", {"a"}, {L = "02000000 00000200 02000000 00000000 02000000 61000000"})
  end)

  it("T9: gaps at the end of structs, NDR64 only", function()
    local t = load "typedef struct {byte a; unsigned short b; long c; byte d;} S; void F([in] S s[2]);"
    same(t, "F", "in", {{{a = 1, b = 2, c = 3, d = 4}, {a = 5, b = 6, c = 7, d = 8}}}, {
      L = "01 00 0200 03000000 04 00*3 05 00 0600 07000000 08",
      B = "01 00 0002 00000003 04 00*3 05 00 0006 00000007 08",
      ["6"] = "01 00 0200 03000000 04 00*3 05 00 0600 07000000 08 00*3",
    })
  end)

  it("T15: a varying array", function()
    local t = load "void F([in, length_is(2)] short a[5]);"
    same(t, "F", "in", {{1, 2}}, {L = "00000000 02000000 0100 0200", ["6"] = "00*8 0200000000000000 0100 0200"})
  end)

  it("T16: an array of strings", function()
    local t = load "void F([in, string] char a[2][8]);"
    same(t, "F", "in", {{"a", "bc"}}, {L = "00000000 02000000 61 00 0000 00000000 03000000 62 63 00"})
  end)

  it("Q1: a null pointer", function()
    local t = load "void F([in, unique] long *p);"
    same(t, "F", "in", {n = 1}, {L = "00000000", ["6"] = "00*8"})
    same(t, "F", "in", {7}, {L = "00000200 07000000", ["6"] = "0000020000000000 07000000"})
    assert.equal(bytes "00000000", encode(t, "F", "in", "ndr20", nil))
  end)

  it("Q2, Q3: a pointer to a pointer", function()
    local t = load "void F([in] short ***p);"
    same(t, "F", "in", {stubs.null}, {L = "00000200 00000000", ["6"] = "0000020000000000 00*8"})
    same(t, "F", "in", {12}, {L = "00000200 04000200 0c00"})
    same(t, "F", "in", {n = 1}, {L = "00000000"})
  end)

  local nest = [[typedef struct {[size_is(2)] unsigned short *a; unsigned long *b; byte c;} X;
    typedef struct {X x; X *y; byte tail;} N;]]

  it("Q4: embedded pointers", function()
    local t = load(nest .. "void F([in] X *x);")
    same(t, "F", "in", {{a = {0x1111, 0x2222}, b = 0xb0b0b0b0, c = 0xcc}}, {
      L = "00000200 04000200 cc 00*3 02000000 11112222 b0b0b0b0",
      B = "00020000 00020004 cc 00*3 00000002 11112222 b0b0b0b0",
      ["6"] = "0000020000000000 0400020000000000 cc 00*7 0200000000000000 11112222 b0b0b0b0",
    })
  end)

  it("Q5: what pointers point to comes depth first", function()
    local t = load(nest .. "void F([in] N *n);")
    local value = {x = {a = {0x1111, 0x2222}, b = 0xb0b0b0b0, c = 0xcc}, y = {b = 0xd0d0d0d0, c = 0xdd}, tail = 0xee}
    same(t, "F", "in", {value}, {
      L = [[00000200 04000200 cc 00*3 08000200 ee 00*3 02000000 11112222 b0b0b0b0 00000000 0c000200 dd 00*3 d0d0d0d0]],
      ["6"] = [[0000020000000000 0400020000000000 cc 00*7 0800020000000000 ee 00*7 0200000000000000 11112222
        b0b0b0b0 00*8 0c00020000000000 dd 00*7 d0d0d0d0]],
    })
  end)

  it("Q8: an array of counted strings, the structs first", function()
    local t = load [[typedef struct {unsigned short len; unsigned short max;
        [size_is(max / 2), length_is(len / 2)] wchar_t *text;} S;
      void F([in] unsigned long n, [in, size_is(n)] S s[]);]]
    local want = {L = [[02000000 02000000 0200 0200 00000200 0400 0400 04000200
      01000000 00000000 01000000 4100 0000 02000000 00000000 02000000 42004300]]}
    same(t, "F", "in", {{{len = 2, max = 2, text = "A"}, {len = 4, max = 4, text = "BC"}}}, want)
    assert.equal(bytes(want.L), encode(t, "F", "in", "ndr20", nil, {{text = "A"}, {text = "BC"}}))
  end)

  it("Q11: an embedded ref pointer", function()
    local t = load "typedef struct {[ref] long *p;} S; void F([in] S *s);"
    same(t, "F", "in", {{p = 5}}, {L = "00000200 05000000"})
    assert.same({{p = 5}}, {decode(t, "F", "in", "ndr20", bytes "f1aef1ae 05000000")})
    assert.equal(1780, status_of(decode, t, "F", "in", "ndr20", bytes "00000000"))
  end)

  it("arrays of pointers: all the pointers first; null is a value of its own in a table", function()
    local t = load "void F([in, unique, string] char *a[3]);"
    same(t, "F", "in", {{"a", stubs.null, "b"}}, {L = [[00000200 00000000 04000200
      02000000 00000000 02000000 6100 0000 02000000 00000000 02000000 6200]]})
  end)

  it("the return value is last on the wire and first in Lua", function()
    local t = load "long F([out] short *a, [in, out] byte *b);"
    same(t, "F", "out", {7, 1, 2}, {L = "0100 02 00 07000000"})
  end)

  it("an ignored pointer: its place, and null whatever was there", function()
    local t = load [[typedef struct {byte a; [ignore] void *p; [ignore] long *q; byte b;} S;
      void F([in] S *s, [in] long v);]]
    same(t, "F", "in", {{a = 1, b = 2}, 3}, {L = "01 00*3 00000000 00000000 02 00*3 03000000",
      ["6"] = "01 00*7 00*8 00*8 02 00*7 03000000"})
    assert.same({{a = 1, b = 2}, 3}, {decode(t, "F", "in", "ndr20",
      bytes "01 00*3 01000000 00000200 02 00*3 03000000")})
    assert.equal(bytes "01 00*3 00000000 00000000 02 00*3 03000000",
      encode(t, "F", "in", "ndr20", nil, {a = 1, b = 2, p = "anything", q = 5}, 3))
    assert.matches("ignore is for members of structs", load("void F([in, ignore] long *p);"):find "F".refused)
  end)

  it("a linked list, both ways, and not without end", function()
    local t = load "typedef struct N {long v; struct N *next;} N; void F([in] N *n);"
    same(t, "F", "in", {{v = 1, next = {v = 2, next = {v = 3}}}}, {
      L = "01000000 00000200 02000000 04000200 03000000 00000000"})
    local loop = {v = 1}
    loop.next = loop
    assert.matches("nested too deeply %(max_depth is 100%)", message_of(encode, t, "F", "in", "ndr20", nil, loop))
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", ("\1\0\0\0\1\0\0\0"):rep(100000)))
  end)

  it("negative numbers, and gaps before wide characters", function()
    local t = load "enum E {minus = -1}; void F([in] small a, [in] short b, [in] enum E c, [in] long d, [in] hyper e);"
    same(t, "F", "in", {-1, -2, -1, -3, -4}, {L = "ff 00 feff ffff 00*2 fdffffff 00*4 fcffffffffffffff"})
    t = load "void F([in] byte a, [in] wchar_t b[2], [in] wchar_t c);"
    same(t, "F", "in", {1, "ab", 99}, {L = "01 00 61006200 6300", B = "01 00 00610062 0063",
      ["6"] = "01 00 61006200 6300"})
  end)

  it("uuids, booleans, floats", function()
    local t = load "void F([in] GUID *u, [in] boolean b, [in] float f);"
    same(t, "F", "in", {"00112233-4455-6677-8899-aabbccddeeff", true, 0.5}, {
      L = "33221100 5544 7766 8899aabbccddeeff 01 00*3 0000003f",
      B = "00112233 4455 6677 8899aabbccddeeff 01 00*3 3f000000"})
  end)
end)
