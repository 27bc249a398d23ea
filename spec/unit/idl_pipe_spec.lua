-- Pipes in interfaces.
local stubs = require "spec.support.stubs"

local load = stubs.load

describe("pipes", function()
  local BODY = [[
    typedef pipe byte BYTES; typedef struct {long a; hyper b;} R; typedef pipe R RECORDS;
    typedef [range(1, 100)] pipe wchar_t WORDS; typedef pipe unsigned char CHARS;
    long F([in] long a, [in] BYTES in_pipe, [in] long n, [out] RECORDS *out_pipe, [in, size_is(n)] byte *b,
      [out] long *c, [in, out] WORDS both, [in] CHARS last);
    void G([in] long a);]]

  it("are told by name, type, direction and place", function()
    local t = load(BODY)
    local p = t:find "F"
    local found = {}
    for i, pipe in ipairs(p.pipes) do
      local chunk = t.described[pipe.type]
      local of = chunk.of and t.described[chunk.of]
      found[i] = {pipe.name, pipe["in"] or false, pipe.out or false, pipe.place, chunk.kind, of and of.kind, chunk.high}
    end
    assert.same({{"in_pipe", true, false, 2, "text"}, {"out_pipe", false, true, 3, "array", "struct"},
      {"both", true, true, 5, "array", "int", 100}, {"last", true, false, 6, "text"}}, found)
    assert.same({"a", "b"}, {p.arguments[1].name, p.arguments[2].name})
    assert.same({"return", "c"}, {p.results[1].name, p.results[2].name})
    assert.same({}, t:find "G".pipes)
  end)

  it("stand in the signature at their places", function()
    assert.equal("F(a, pipe in_pipe, pipe out_pipe, b, pipe both, pipe last) -> return, c", load(BODY):signature "F")
  end)

  it("do not go with full pointers, and the procedure says so", function()
    local t = load "typedef pipe byte P; void F([in] P p, [in, ptr] long *n); void G([in] P p, [in, unique] long *n);"
    assert.equal("full pointers do not go with pipes", t:find "F".refused)
    assert.matches("F: full pointers do not go with pipes", stubs.message_of(stubs.encode, t, "F", "in", "ndr20", nil))
    assert.is_nil(t:find "G".refused)
  end)

  it("#32 hold what has one size, and are parameters", function()
    local function says(want, body)
      local ok, err = pcall(load, body)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    local fixed = "a pipe's elements must have a fixed size, without pointers"
    says(fixed, "typedef [string] char *S; typedef pipe S P;")
    says(fixed, "typedef struct {long n; [size_is(n)] long v[];} S; typedef pipe S P;")
    says(fixed, "typedef pipe byte B; typedef pipe B P;")
    says(fixed, "typedef [context_handle] void *H; typedef pipe H P;")
    says(fixed, "typedef union switch (long k) {case 1: long n;} U; typedef pipe U P;")
    says("member 'p' cannot be a pipe: pipes are parameters", "typedef pipe byte B; typedef struct {B p;} S;")
    says("an array of pipes", "typedef pipe byte B; void F([in] B p[2]);")
    says("'p' is no integer", "typedef pipe byte B; void F([in] B p, [in, size_is(p)] byte *b);")
  end)
end)
