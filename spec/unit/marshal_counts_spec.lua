-- Sizes and counts: which are left to the engine, and what disagrees.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("counts", function()
  it("are not in the list where they only count", function()
    local t = load [[
      void A([in] long n, [in, size_is(n)] byte a[]);
      void B([in, size_is(n)] byte a[], [in] long n);
      void C([in] unsigned short n, [in, size_is(n * 2 )] byte a[]);
      void D([in] long n, [in, size_is(n + 1)] byte *a);
      void E([in, out] long *n, [in, out, size_is(*n)] byte *a);
      void G([in] long n, [in, size_is(n / 2)] wchar_t *a);
      void H([in] long n, [out, size_is(n)] byte *a);
      void I([in] long size, [out] long *len, [out, size_is(size), length_is(*len)] byte *a);
      void J([in] long n, [in, size_is(n & 3)] byte *a);
      void K([out] long *n, [out, size_is(, *n)] byte **a);
      void L([in] long n, [in, max_is(n)] byte *a);
      void M([in] long n, [in, out, string, size_is(n)] char *a);]]
    local signatures = {}
    for _, p in ipairs(t.procs) do signatures[#signatures + 1] = t:signature(p.name) end
    assert.same({"A(a)", "B(a)", "C(a)", "D(a)", "E(a) -> a", "G(a)", "H(n) -> a", "I(size) -> a", "J(n, a)",
      "K() -> a?", "L(a)", "M(n, a) -> a"}, signatures)
    same(t, "B", "in", {"abc"}, {L = "03000000 616263 00 03000000"})
    same(t, "C", "in", {"abcd"}, {L = "0200 0000 04000000 61626364"})
    same(t, "D", "in", {"abc"}, {L = "02000000 03000000 616263"})
    same(t, "E", "in", {"abc"}, {L = "03000000 03000000 616263"})
    same(t, "G", "in", {"ab"}, {L = "04000000 02000000 61006200"})
    same(t, "I", "out", {"abc"}, {L = "03000000 08000000 00000000 03000000 616263"}, {8, 3})
    assert.equal(1734, status_of(decode, t, "I", "out", "ndr20",
      bytes "02000000 08000000 00000000 03000000 616263", false, {8}))
    same(t, "J", "in", {7, "abc"}, {L = "07000000 03000000 616263"})
    same(t, "K", "out", {"ab"}, {L = "02000000 00000200 02000000 6162"})
    same(t, "L", "in", {"abc"}, {L = "02000000 03000000 616263"})
    same(t, "M", "in", {8, "ab"}, {L = "08000000 08000000 00000000 03000000 616200"})
    assert.equal("M: argument 2 'a': 1 byte at most, got 3", message_of(encode, t, "M", "in", "ndr20", nil, 2, "abc"))
  end)

  it("that do not agree are refused on both sides", function()
    local t = load [[void J([in] long n, [in, size_is(n & 3)] byte *a);
      void C([in] long n, [in, size_is(n * 2)] byte *a);]]
    assert.equal("J: argument 2 'a': 2 bytes expected, got 3", message_of(encode, t, "J", "in", "ndr20", nil, 2, "abc"))
    assert.matches("C: argument 1 'a': not a multiple", message_of(encode, t, "C", "in", "ndr20", nil, "abc"))
    assert.equal(1734, status_of(decode, t, "J", "in", "ndr20", bytes "02000000 03000000 616263"))
  end)

  it("of [in] parameters size what comes out", function()
    local t = idl.load("examples/rpcecho.idl").rpcecho
    assert.equal("SourceData: result 1 'data': 4 bytes expected, got 3",
      message_of(encode, t, "SourceData", "out", "ndr20", {4}, "abc"))
    assert.equal(1734, status_of(decode, t, "SourceData", "out", "ndr20", bytes "03000000 616263", false, {4}))
  end)

  it("in structs may be left out, and must agree", function()
    local t = load "typedef struct {long n; [size_is(n)] byte *a;} S; void F([in] S *s);"
    same(t, "F", "in", {{n = 2, a = "ab"}}, {L = "02000000 00000200 02000000 6162"})
    assert.equal(bytes "02000000 00000200 02000000 6162", encode(t, "F", "in", "ndr20", nil, {a = "ab"}))
    assert.equal("F: argument 1 's.a': 3 bytes expected, got 2",
      message_of(encode, t, "F", "in", "ndr20", nil, {n = 3, a = "ab"}))
    assert.equal(1734, status_of(decode, t, "F", "in", "ndr20", bytes "02000000 00000200 03000000 616263"))
  end)

  it("too large for their type are refused", function()
    local t = load "void F([in] byte n, [in, size_is(n)] byte *a);"
    assert.equal("F: argument 1 'a': 255 bytes at most, got 256",
      message_of(encode, t, "F", "in", "ndr20", nil, ("x"):rep(256)))
  end)

  it("of several arrays are told by the first that is there", function()
    local t = load [[typedef struct {long n; [size_is(n), unique] byte *a; [size_is(n), unique] byte *b;} S;
      void F([in] long n, [in, size_is(n), unique] byte *a, [in, size_is(n), unique] byte *b, [in, size_is(n)] byte *c);
      void G([in] S *s);]]
    same(t, "F", "in", {nil, nil, "xy"}, {L = "02000000 00000000 00000000 02000000 7879"})
    same(t, "G", "in", {{n = 2, b = "xy"}}, {L = "02000000 00000000 00000200 02000000 7879"})
    assert.equal(bytes "02000000 00000000 00000200 02000000 7879", encode(t, "G", "in", "ndr20", nil, {b = "xy"}))
    assert.equal("F: argument 2 'b': 0 bytes expected, got 1",
      message_of(encode, t, "F", "in", "ndr20", nil, "", "x", ""))
    assert.equal("F: argument 3 'c': 1 byte expected, got 2",
      message_of(encode, t, "F", "in", "ndr20", nil, nil, "x", "xy"))
  end)
end)
