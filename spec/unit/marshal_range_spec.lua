-- [range]: checked where values are sent and where they are received; nothing on the wire tells of it.
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

describe("ranges", function()
  local t = load [[const long MOST = 5;
    typedef [range(-2, MOST)] short Few;
    typedef enum {red, green, blue} Colour;
    typedef struct {[range(1, MOST * 2)] long v; Few *p; Few a[2];} S;
    void F([in] S *s);
    void C([in, range(0, 1)] Colour c);
    void N([in, range(1, 3)] unsigned long n, [in, size_is(n)] byte *p);
    void A([in, string, range(0, 4)] wchar_t *s, [in] long n, [in, size_is(n), range(2, 3)] hyper *h);]]

  local function stub(v, p, a, b)
    return ("<i4I4i2i2i2"):pack(v, 0x20000, a, b, p)
  end

  it("let through what lies in them", function()
    for _, s in ipairs {{v = 1, p = -2, a = {5, 0}}, {v = 10, p = 5, a = {-2, 5}}} do
      assert.equal(stub(s.v, s.p, s.a[1], s.a[2]), encode(t, "F", "in", "ndr20", nil, s))
      assert.same({s}, {decode(t, "F", "in", "ndr20", stub(s.v, s.p, s.a[1], s.a[2]))})
    end
    same(t, "C", "in", {1}, {L = "0100", ["6"] = "01000000"})
    same(t, "N", "in", {"abc"}, {L = "03000000 03000000 616263"})
    same(t, "A", "in", {"abc", {1, 2}}, {L = [[04000000 00000000 04000000 6100620063000000 02000000 02000000 00*4
      0100000000000000 0200000000000000]]})
  end)

  it("name what does not", function()
    local function says(want, name, ...) assert.equal(want, message_of(encode, t, name, "in", "ndr20", nil, ...)) end
    says("F: argument 1 's.v': 0 is out of range (1 to 10)", "F", {v = 0, p = 1, a = {1, 1}})
    says("F: argument 1 's.a[2]': 6 is out of range (-2 to 5)", "F", {v = 1, p = 1, a = {1, 6}})
    says("F: argument 1 's.p': -3 is out of range (-2 to 5)", "F", {v = 1, p = -3, a = {1, 1}})
    says("C: argument 1 'c': 2 is out of range (0 to 1)", "C", "blue")
    says("N: argument 1 'p': too few elements", "N", "")
    says("N: argument 1 'p': 3 bytes at most, got 4", "N", "abcd")
    says("A: argument 1 's': a count of 5 is out of range (0 to 4)", "A", "abcd", {1, 2})
    says("A: argument 2 'h': a count of 1 is out of range (2 to 3)", "A", "abc", {1})
  end)

  it("fault with 1783 what was received", function()
    for _, s in ipairs {stub(0, 1, 1, 1), stub(11, 1, 1, 1), stub(1, 6, 1, 1), stub(1, 1, -3, 1), stub(1, 1, 1, 6)} do
      assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", s))
    end
    assert.equal(1783, status_of(decode, t, "C", "in", "ndr20", bytes "0200"))
    assert.equal(1783, status_of(decode, t, "N", "in", "ndr20", bytes "04000000 04000000 61626364"))
    assert.equal(1783, status_of(decode, t, "A", "in", "ndr20", bytes "05000000 00000000 01000000 0000 00*40"))
  end)

  it("must make sense", function()
    local function says(want, body)
      local ok, err = pcall(load, body)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    says("a range must be (lowest, highest)", "void F([in, range(5, 1)] long n);")
    says("a range must be (lowest, highest)", "void F([in, range(5)] long n);")
    says("range is for integers and for arrays of no fixed size", "void F([in, range(0, 1)] double d);")
  end)
end)
