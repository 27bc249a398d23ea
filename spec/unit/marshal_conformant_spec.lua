-- Structs that end with an array of no fixed size: its maximum count comes first. T10 to T13 are the worked examples.
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("conformant structs", function()
  it("T10, T11, T12: the count stands in front of the struct and its gap", function()
    local t = load [[typedef struct {byte n, k; [size_is(n)] byte v[];} A;
      typedef struct {byte n; hyper h; byte k; [size_is(n)] byte v[];} B;
      typedef struct {unsigned long n; [size_is(n)] hyper v[];} C;
      void a([in] A *a); void b([in] B *b); void c([in] C *c);]]
    same(t, "a", "in", {{n = 2, k = 9, v = "\xaa\xbb"}}, {L = "02000000 02 09 aabb", B = "00000002 02 09 aabb",
      ["6"] = "0200000000000000 02 09 aabb"})
    same(t, "b", "in", {{n = 2, h = 0x1122334455667788, k = 9, v = "\xaa\xbb"}}, {
      L = "02000000 00*4 02 00*7 8877665544332211 09 aa bb",
      ["6"] = "0200000000000000 02 00*7 8877665544332211 09 00*7 aa bb"})
    same(t, "c", "in", {{n = 2, v = {0x11, 0x22}}}, {
      L = "02000000 00*4 02000000 00*4 1100000000000000 2200000000000000",
      B = "00000002 00*4 00000002 00*4 0000000000000011 0000000000000022",
      ["6"] = "0200000000000000 02000000 00*4 1100000000000000 2200000000000000"})
    assert.equal(bytes "02000000 02 09 6162", encode(t, "a", "in", "ndr20", nil, {k = 9, v = "ab"}))
  end)

  it("T13: through structs around it, and by value", function()
    local t = load [[typedef struct {unsigned long x; [size_is(x)] unsigned short v[];} I;
      typedef struct {byte b; I i;} O; typedef struct {O o;} P;
      void F([in] P p, [in] byte after);]]
    same(t, "F", "in", {{o = {b = 7, i = {x = 3, v = {0x1111, 0x2222, 0x3333}}}}, 5}, {
      L = "03000000 07 00*3 03000000 1111 2222 3333 05", B = "00000003 07 00*3 00000003 1111 2222 3333 05",
      ["6"] = "0300000000000000 07 00*3 03000000 1111 2222 3333 05"})
  end)

  it("may be varying, strings, and point to others", function()
    local t = load [[typedef struct {short max, len; [size_is(max), length_is(len)] short v[];} V;
      typedef struct {byte k; [string] wchar_t s[];} S;
      typedef struct {long n; [size_is(n), string] char *v[];} N;
      typedef struct L {struct L *next; long n; [size_is(n)] byte v[];} L;
      void v([in] V *v); void s([in] S *s); void n([in] N *n); void l([in] L *l);]]
    same(t, "v", "in", {{max = 4, len = 2, v = {5, 6}}}, {
      L = "04000000 0400 0200 00000000 02000000 0500 0600",
      ["6"] = "0400000000000000 0400 0200 00*4 00*8 0200000000000000 0500 0600"})
    same(t, "s", "in", {{k = 1, s = "ab"}}, {L = "03000000 01 00*3 00000000 03000000 610062000000"})
    same(t, "n", "in", {{n = 2, v = {"a", stubs.null}}}, {
      L = "02000000 02000000 00000200 00000000 02000000 00000000 02000000 6100"})
    same(t, "l", "in", {{n = 1, v = "a", next = {n = 2, v = "bc", next = {n = 0, v = ""}}}}, {
      L = [[01000000 00000200 01000000 61 00*3 02000000 04000200 02000000 6263 0000
        00000000 00000000 00000000]]})
  end)

  it("that end with nothing have no gap in front of it", function()
    local t = load [[typedef struct {byte n; [ptr] boolean *p; byte m;
      [size_is(m)] wchar_t v[];} S; void F([in] S *s);]]
    same(t, "F", "in", {{n = 1, p = true, m = 0, v = ""}}, {
      L = "00000000 01 00*3 01000000 00 01", ["6"] = "00*8 01 00*7 0100000000000000 00 00*7 01"})
  end)

  it("whose counts are wrong are refused", function()
    local t = load [[typedef struct {unsigned long n; [size_is(n)] byte v[];} S; void F([in] S *s);]]
    assert.equal("F: argument 1 's.v': 3 bytes expected, got 1",
      message_of(encode, t, "F", "in", "ndr20", nil, {n = 3, v = "a"}))
    assert.equal(1734, status_of(decode, t, "F", "in", "ndr20", bytes "02000000 01000000 6162"))
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes "ffffff7f ffffff7f 6162"))
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes "02000000 02000000 61"))
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr64", bytes "0100000001000000 01000000 61"))
  end)

  it("stand last, and in no array", function()
    local V = "typedef struct {long n; [size_is(n)] byte v[];} V;"
    local function says(want, body)
      local ok, err = pcall(load, V .. body)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    says("'v' is conformant and not the last member", "struct S {V v; long n;};")
    says("an array of conformant structs", "void F([in] V v[2]);")
  end)
end)
