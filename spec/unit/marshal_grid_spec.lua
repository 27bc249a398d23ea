-- Arrays of several dimensions with counts, and arrays of which only a part is sent. T14 is a worked example.
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("arrays of several dimensions", function()
  it("T14: the maximum counts of all conformant dimensions come first", function()
    local t = load [[void F([in, size_is(2)] long a[][3]); void G([in, size_is(2, 3)] long a[][]);
      void H([in] long n, [in] short m, [in, size_is(n, m + 1)] byte a[][], [in] byte after);
      void I([in] long m, [in, size_is(, m)] short a[2][]);]]
    local six = {{1, 2, 3}, {4, 5, 6}}
    same(t, "F", "in", {six}, {L = "02000000 01000000 02000000 03000000 04000000 05000000 06000000",
      B = "00000002 00000001 00000002 00000003 00000004 00000005 00000006"})
    same(t, "G", "in", {six}, {L = "02000000 03000000 01000000 02000000 03000000 04000000 05000000 06000000",
      B = "00000002 00000003 00000001 00000002 00000003 00000004 00000005 00000006",
      ["6"] = "0200000000000000 0300000000000000 01000000 02000000 03000000 04000000 05000000 06000000"})
    assert.equal("H(a, after)", t:signature "H")
    same(t, "H", "in", {{"ab", "cd", "ef"}, 9}, {
      L = "03000000 0100 0000 03000000 02000000 616263646566 09",
      ["6"] = "03000000 0100 0000 0300000000000000 0200000000000000 616263646566 09"})
    assert.equal("I(a)", t:signature "I")
    same(t, "I", "in", {six}, {L = "03000000 03000000 0100 0200 0300 0400 0500 0600"})
  end)

  it("offset and actual count of every varying dimension follow, outer first", function()
    local t = load [[
      void F([in] long n, [in] long m, [in, size_is(4, 5), length_is(n, m)] short a[][]);
      void G([in] short n, [in, length_is(, n)] byte a[2][4]);]]
    assert.equal("F(a)", t:signature "F")
    same(t, "F", "in", {{{1, 2}, {3, 4}, {5, 6}}}, {
      L = [[03000000 02000000 04000000 05000000 00000000 03000000 00000000 02000000 0100 0200 0300 0400 0500 0600]],
      ["6"] = [[03000000 02000000 0400000000000000 0500000000000000 00*8 0300000000000000 00*8 0200000000000000
        0100 0200 0300 0400 0500 0600]]})
    same(t, "G", "in", {{"abc", "def"}}, {L = "0300 0000 00000000 03000000 616263646566"})
  end)

  it("strings have counts of their own but for the maximum", function()
    local t = load "void F([in] short n, [in, size_is(n, 8), string] wchar_t a[][]);"
    same(t, "F", "in", {{"a", ""}}, {
      L = "0200 0000 02000000 08000000 00000000 02000000 61000000 00000000 01000000 0000",
      B = "0002 0000 00000002 00000008 00000000 00000002 00610000 00000000 00000001 0000",
      ["6"] = [[0200 00*6 0200000000000000 0800000000000000 00*8 0200000000000000 61000000 00*4
        00*8 0100000000000000 0000]]})
    assert.equal("F: argument 1 'a[2]': 7 UTF-16 units at most, got 8",
      message_of(encode, t, "F", "in", "ndr20", nil, {"a", "12345678"}))
    local head = "0100 0000 01000000 08000000 "
    for _, bad in ipairs {"01000000 02000000 61000000", "00000000 09000000 00*18", "00000000 00000000",
      "00000000 02000000 61006200", "00000000 02000000 6100"} do
      assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes(head .. bad)))
    end
  end)

  it("stand at the end of structs, behind pointers, and hold structs and pointers", function()
    local t = load [[
      typedef struct {byte k; short n, m; [size_is(n, m)] hyper v[][];} S;
      typedef struct {long n, m; [size_is(n, m)] char *(*v)[];} Bad;
      typedef struct {byte b; [string] char *name;} Item;
      void F([in] S *s);
      void H([in] long n, [in, size_is(n, 2)] Item a[][]);]]
    same(t, "F", "in", {{k = 1, n = 1, m = 2, v = {{5, 6}}}}, {
      L = "01000000 02000000 01 00 0100 0200 00*2 0500000000000000 0600000000000000",
      ["6"] = "0100000000000000 0200000000000000 01 00 0100 0200 00*2 0500000000000000 0600000000000000"})
    local items = {{{b = 1, name = "a"}, {b = 2}}}
    same(t, "H", "in", {items}, {L = [[01000000 01000000 02000000 01 00*3 00000200 02 00*3 00000000
      02000000 00000000 02000000 6100]]})
  end)

  it("end a struct with others in it that have no maximum counts", function()
    local t = load [[typedef struct {[first_is(1), length_is(n)] byte p[2]; byte n; byte m;
      [size_is(m, 2)] byte v[][];} S;
      void F([in] S *s);]]
    same(t, "F", "in", {{p = "x", n = 1, m = 1, v = {"ab"}}}, {
      L = "01000000 02000000 01000000 01000000 78 01 01 6162"})
  end)

  it("may be empty, and keep their shape within reason", function()
    local t = load [[void F([in] long n, [in] long m, [in, size_is(n, m)] short a[][]);
      void G([in] long n, [in] long m, [in, size_is(3, m)] short a[][]);]]
    same(t, "F", "in", {{}}, {L = "00*16", ["6"] = "00*24"})
    same(t, "G", "in", {0, {{}, {}, {}}, n = 2}, {L = "00*8 03000000 00000000"})
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes "01040000 00000000 01040000 00000000"))
    assert.equal(1024, #decode(t, "F", "in", "ndr20", bytes "00040000 00000000 00040000 00000000"))
  end)

  it("that are no boxes, or do not have the counts that were said, are refused", function()
    local t = load "void F([in] long n, [in] long m, [in, size_is(n, m)] short a[][]);"
    local function says(want, value) assert.equal(want, message_of(encode, t, "F", "in", "ndr20", nil, value)) end
    says("F: argument 1 'a[2]': 2 elements expected, got 1", {{1, 2}, {3}})
    says("F: argument 1 'a[3]': 1 element expected, got 2", {{1}, {2}, {3, 4}})
    says("F: argument 1 'a[2]': table expected, got number", {{1, 2}, 3})
    says("F: argument 1 'a[1][2]': number expected, got string", {{1, "x"}})
    local function status(text) return status_of(decode, t, "F", "in", "ndr20", bytes(text)) end
    assert.equal(1734, status "02000000 01000000 01000000 01000000 0500")
    assert.equal(1734, status "01000000 02000000 01000000 01000000 0500")
    assert.equal(1783, status "01000000 02000000 01000000 02000000 0500")
    assert.equal(1783, status "00000100 00000100 00000100 00000100 0500")
    assert.equal(1783, status "ffffff7f ffffff7f ffffff7f ffffff7f 0500")
    assert.equal(1783, status "ffffffff ffffffff ffffffff ffffffff 0500")
    assert.equal(1783, status "01000000 02000000 01000000")
  end)
end)

describe("parts of arrays", function()
  it("begin at first_is, which counts from min_is", function()
    local t = load [[
      void F([in] long f, [in] long l, [in, first_is(f), last_is(l)] short a[10]);
      void G([in] long f, [in] long n, [in, size_is(n), first_is(f)] byte a[]);
      void H([in] long low, [in] long high, [in] long f, [in] long l,
        [in, min_is(low), max_is(high), first_is(f), last_is(l)] byte a[]);
      void I([in] long n, [in, first_is(1), length_is(n), size_is(8)] wchar_t *s);
      void J([in] long l, [in, last_is(l)] byte a[8]);
      void K([in] long f, [in, first_is(f)] byte a[4]);]]
    local signatures = {}
    for i, p in ipairs(t.procs) do signatures[i] = t:signature(p.name) end
    assert.same({"F(f, l, a)", "G(f, n, a)", "H(low, high, f, l, a)", "I(s)", "J(a)", "K(f, a)"}, signatures)
    same(t, "F", "in", {2, 3, {7, 8}}, {L = "02000000 03000000 02000000 02000000 0700 0800",
      B = "00000002 00000003 00000002 00000002 0007 0008",
      ["6"] = "02000000 03000000 0200000000000000 0200000000000000 0700 0800"})
    same(t, "G", "in", {1, 4, "bcd"}, {L = "01000000 04000000 04000000 01000000 03000000 626364"})
    same(t, "H", "in", {10, 14, 11, 12, "bc"}, {
      L = "0a000000 0e000000 0b000000 0c000000 05000000 01000000 02000000 6263"})
    same(t, "I", "in", {"ab"}, {L = "02000000 08000000 01000000 02000000 61006200"})
    same(t, "J", "in", {"abc"}, {L = "02000000 00000000 03000000 616263"})
    same(t, "K", "in", {3, "d"}, {L = "03000000 03000000 01000000 64"})
  end)

  it("stay within the array, on both sides", function()
    local t = load "void F([in] long f, [in] long n, [in, size_is(4), first_is(f), length_is(n)] byte a[]);"
    assert.equal("F: argument 2 'a': its elements reach beyond its size",
      message_of(encode, t, "F", "in", "ndr20", nil, 3, "ab"))
    assert.equal("F: argument 2 'a': its size cannot be computed",
      message_of(encode, t, "F", "in", "ndr20", nil, -1, "ab"))
    local function status(text) return status_of(decode, t, "F", "in", "ndr20", bytes(text)) end
    assert.equal(1783, status "03000000 02000000 04000000 03000000 02000000 6162")
    assert.equal(1734, status "01000000 02000000 04000000 02000000 02000000 6162")
    assert.equal(1783, status "ffffffff 02000000 04000000 ffffffff 02000000 6162")
    local plain = load "void F([in] long n, [in, size_is(4), length_is(n)] byte a[]);"
    assert.equal(1783, status_of(decode, plain, "F", "in", "ndr20", bytes "02000000 04000000 01000000 02000000 6162"))
  end)

  it("are described without contradiction", function()
    local function says(want, body)
      local ok, err = pcall(load, body)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    says("size_is and max_is at once", "void F([in] long n, [in, size_is(n), max_is(n)] byte a[]);")
    says("length_is and last_is at once", "void F([in] long n, [in, length_is(n), last_is(n)] byte a[4]);")
    says("size_is is missing for the strings", "void F([in] long n, [in, string, size_is(n)] char a[][]);")
    says("an array of more than 8 dimensions", "void F([in, size_is(1,1,1,1,1,1,1,1,1)] long a[][][][][][][][][]);")
    says("'v' is conformant and not the last member", "struct S {[size_is(, 2)] long v[2][]; long n;};")
  end)
end)

describe("sizes through pointers", function()
  it("belong to each level", function()
    local t = load [[
      void F([out] long *n, [out, size_is(, *n)] short **a);
      void G([in] long n, [in] long m, [in, size_is(n, m)] short **a);
      void H([in] long n, [in, size_is(, n, )] long ***a);
      void I([out] long *n, [out, size_is(, *n), length_is(, *n)] byte **a);]]
    same(t, "F", "out", {{1, 2}}, {L = "02000000 00000200 02000000 0100 0200",
      ["6"] = "02000000 00*4 0000020000000000 0200000000000000 0100 0200"})
    assert.equal("G(m, a)", t:signature "G")
    same(t, "G", "in", {2, {{1, 2}, stubs.null, {3, 4}}}, {L = [[03000000 02000000 03000000 00000200 00000000 04000200
      02000000 0100 0200 02000000 0300 0400]]})
    same(t, "H", "in", {{7, stubs.null}}, {
      L = "02000000 00000200 02000000 04000200 00000000 07000000"})
    same(t, "I", "out", {"ab"}, {L = "02000000 00000200 02000000 00000000 02000000 6162"})
  end)
end)
