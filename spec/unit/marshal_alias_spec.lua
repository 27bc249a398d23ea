-- Full pointers: several of them may point to the same. Q12 is a worked example.
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("full pointers", function()
  local NODE = "typedef struct N {long v; [ptr] struct N *a; [ptr] struct N *b;} N; void F([in, ptr] N *n);"

  it("Q12: two to one long", function()
    local t = load "typedef struct {[ptr] long *a; [ptr] long *b;} S; void F([in] S *s);"
    assert.same({{a = 7, b = 7}}, {decode(t, "F", "in", "ndr20", bytes "01000000 01000000 07000000")})
    assert.same({{a = 7, b = 7}}, {decode(t, "F", "in", "ndr20", bytes "00000001 00000001 00000007", true)})
    assert.same({{a = 7, b = 7}}, {decode(t, "F", "in", "ndr64", bytes "0100000000000000 0100000000000000 07000000")})
    same(t, "F", "in", {{a = 7, b = 7}}, {L = "01000000 02000000 07000000 07000000"})
    same(t, "F", "in", {{b = 7}}, {L = "00000000 01000000 07000000", ["6"] = "00*8 0100000000000000 07000000"})
  end)

  it("to one table send it once, and give one table", function()
    local t = load(NODE)
    local shared = {v = 2}
    local value = {v = 1, a = shared, b = shared}
    local want = {L = [[01000000 01000000 02000000 02000000 02000000 00000000 00000000]],
      ["6"] = [[0100000000000000 01000000 00*4 0200000000000000 0200000000000000 02000000 00*4 00*8 00*8]]}
    same(t, "F", "in", {value}, want)
    local got = decode(t, "F", "in", "ndr20", bytes(want.L))
    assert.equal(got.a, got.b)
  end)

  it("may lead in circles", function()
    local t = load(NODE)
    local ring = {v = 1}
    ring.a, ring.b = {v = 2, a = ring}, ring
    for _, transfer in ipairs {"ndr20", "ndr64"} do
      local got = decode(t, "F", "in", transfer, encode(t, "F", "in", transfer, nil, ring))
      assert.equal(got, got.b)
      assert.equal(got, got.a.a)
      assert.equal(2, got.a.v)
    end
    assert.equal(bytes "01000000 01000000 02000000 01000000 02000000 01000000 00000000",
      encode(t, "F", "in", "ndr20", nil, ring))
  end)

  it("carry what they point to where a walk in depth meets it first", function()
    local t = load(NODE)
    local last = {v = 3}
    local value = {v = 1, a = {v = 2, a = last}, b = last}
    same(t, "F", "in", {value}, {
      L = [[01000000 01000000 02000000 03000000 02000000 03000000 00000000 03000000 00000000 00000000]]})
  end)

  it("cross parameters, arrays, unions and strings", function()
    local t = load [[
      typedef struct {long v;} S;
      typedef [switch_type(long)] union {[case(1), ptr] S *s; [default] ;} U;
      typedef [ptr] S *P;
      void Two([in, ptr] S *a, [in, ptr] S *b);
      void A([in] long n, [in, size_is(n)] P a[]);
      void V([in, ptr] S *a, [in] long k, [in, switch_is(k)] U *u);
      void T([in, ptr, string] char *a, [in, ptr, string] char *b);]]
    local s = {v = 5}
    same(t, "Two", "in", {s, s}, {L = "01000000 05000000 01000000",
      ["6"] = "0100000000000000 05000000 00*4 0100000000000000"})
    same(t, "A", "in", {{s, stubs.null, s}}, {L = "03000000 03000000 01000000 00000000 01000000 05000000"})
    same(t, "V", "in", {s, {tag = 1, value = s}}, {L = "01000000 05000000 01000000 01000000 01000000"})
    assert.same({"a", "a"}, {decode(t, "T", "in", "ndr20",
      bytes "09000000 02000000 00000000 02000000 6100 0000 09000000")})
    same(t, "T", "in", {"a", "a"}, {
      L = "01000000 02000000 00000000 02000000 6100 0000 02000000 02000000 00000000 02000000 6100"})
  end)

  it("by themselves where the interface says so", function()
    local idl = require "asyncrpc.idl"
    local t = idl.parse([[[uuid(12345678-1234-5678-9abc-def012345678), version(1.0), pointer_default(ptr)] interface T {
      typedef struct N {struct N *next;} N; void F([in] N *n);
      typedef struct {long n; [size_is(n)] byte *v;} S; void G([in] S *s);}]]).T
    local ring = {}
    ring.next = {next = ring}
    local got = decode(t, "F", "in", "ndr20", encode(t, "F", "in", "ndr20", nil, ring))
    assert.equal(got.next.next.next, got.next)
    same(t, "G", "in", {{n = 2, v = "ab"}}, {L = "02000000 01000000 02000000 6162"})
  end)

  it("to counts and to pointers", function()
    local t = load [[
      void F([in, ptr] long *n, [in, ptr] long *m, [in, size_is(*n)] byte *a, [in, size_is(*m + 1)] byte *b);
      void G([in, ptr] long *v, [in, ptr] long *n, [in, size_is(n ? *n : 0)] byte *a);
      typedef [ptr] long *P; void H([in, ptr] P *a, [in, ptr] P *b);]]
    assert.equal("F(a, b)", t:signature "F")
    same(t, "F", "in", {"abc", "abcd"}, {
      L = "01000000 03000000 02000000 03000000 03000000 616263 00 04000000 61626364"})
    assert.same({"abc", "abcd"}, {decode(t, "F", "in", "ndr20",
      bytes "01000000 03000000 01000000 03000000 616263 00 04000000 61626364")})
    assert.same({2, "ab"}, {decode(t, "G", "in", "ndr20", bytes "05000000 02000000 05000000 02000000 6162")})
    assert.equal(1734, status_of(decode, t, "G", "in", "ndr20", bytes "05000000 02000000 05000000 01000000 61"))
    assert.same({3, 3}, {decode(t, "H", "in", "ndr20", bytes "01000000 02000000 03000000 01000000")})
    same(t, "H", "in", {3, stubs.null}, {L = "01000000 02000000 03000000 03000000 00000000"})
  end)

  it("have numbers of their own in an answer", function()
    local t = load "typedef struct {long v;} S; typedef [ptr] S *P; void F([in, out, ptr] S *a, [out] P *b);"
    local kept = {}
    local s = {v = 1}
    encode(t, "F", "in", "ndr20", kept, s)
    assert.same({1}, kept)
    assert.equal(bytes "02000000 01000000 03000000 05000000",
      encode(t, "F", "out", "ndr20", kept, s, {v = 5}))
    assert.equal(bytes "02000000 01000000 02000000", encode(t, "F", "out", "ndr20", kept, s, s))
    kept = {}
    decode(t, "F", "in", "ndr20", bytes "09000000 01000000", false, kept)
    assert.same({9}, kept)
    decode(t, "F", "in", "ndr20", bytes "fffffff0 01000000", false, kept)
    assert.same({0}, kept)
  end)

  it("that point to something else by the same number are refused", function()
    local t = load [[typedef struct {long v;} S; typedef struct {long v;} O;
      void F([in, ptr] S *a, [in, ptr] O *b); void G([in, ptr] long *a, [in, ptr] short *b);
      typedef struct N {[ptr] struct N *next;} N; void H([in] N *n);]]
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes "01000000 05000000 01000000"))
    assert.equal(1783, status_of(decode, t, "G", "in", "ndr20", bytes "01000000 05000000 01000000"))
    assert.same({{v = 5}, {v = 6}}, {decode(t, "F", "in", "ndr20", bytes "01000000 05000000 02000000 06000000")})
    assert.equal(1783, status_of(decode, t, "H", "in", "ndr20", bytes "01000000"))
    local chain = {}
    for i = 1, 1000 do chain[i] = ("<I4"):pack(i) end
    assert.equal(1783, status_of(decode, t, "H", "in", "ndr20", table.concat(chain)))
  end)

  it("to a table that is of two types make two of it", function()
    local t = load "typedef struct {long v;} S; typedef struct {long v;} O; void F([in, ptr] S *a, [in, ptr] O *b);"
    local both = {v = 5}
    same(t, "F", "in", {both, both}, {L = "01000000 05000000 02000000 05000000"})
    assert.equal("F: argument 2 'b.v': number expected, got nil",
      message_of(encode, t, "F", "in", "ndr20", nil, both, {}))
  end)
end)
