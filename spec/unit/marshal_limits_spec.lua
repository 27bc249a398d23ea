-- The limits of values: how deep they nest, how much memory they take, how many counts one place has.
local h = require "spec.support.harness"
local idl = require "asyncrpc.idl"
local rpc = require "asyncrpc"
local stubs = require "spec.support.stubs"

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

local HEAD = "[uuid(12345678-1234-5678-9abc-def012345678), version(1.0)] interface T {"

local function load(body, options)
  return idl.parse(HEAD .. body .. "}", options).T
end

-- What fn leaves behind, in bytes.
local function kept(fn)
  collectgarbage()
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  local value = fn()
  local bytes = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return bytes, value
end

describe("max_memory", function()
  local BODY = [[
    typedef struct {byte b;} S; typedef struct {byte a, b, c, d, e;} S5;
    typedef union switch (byte k) {case 1: ;} U; typedef [ptr] byte *P;
    void Structs([in] long n, [in, size_is(n)] S a[]); void Five([in] long n, [in, size_is(n)] S5 a[]);
    void Unions([in] long n, [in, size_is(n)] U a[]); void Bytes([in] long n, [in, size_is(n)] byte a[]);
    void Longs([in] long n, [in, size_is(n)] long a[]); void Rows([in] long n, [in, size_is(n)] byte a[][1]);
    void Wide([in] long n, [in, size_is(n)] wchar_t a[]);]]
  local units = {Structs = "\0", Five = "\1\2\3\4\5", Unions = "\1", Bytes = "x", Longs = "\1\2\3\4", Rows = "x",
    Wide = "\x83\x30"}

  local function stub(unit, n)
    return ("<I4I4"):pack(n, n) .. unit:rep(n)
  end

  it("bounds what a stub's values take, at 16 bytes for each of its own and so many more", function()
    local t = load(BODY, {max_memory = 100000})
    for name, unit in pairs(units) do
      local n, refused = 64, nil
      while not refused and n < 100000 do
        local bytes = stub(unit, n)
        local ok, err = pcall(decode, t, name, "in", "ndr20", bytes)
        if not ok then
          refused = true
          assert.equal(14, err.status)
          assert.matches(name .. ": it would take too much memory %(max_memory%) at byte %d+", err.message)
        else
          local used, value = kept(function() return decode(t, name, "in", "ndr20", bytes) end)
          assert.is_true(used <= 1.05 * (100000 + 16 * #bytes), ("%s: %d bytes for %d"):format(name, used, #bytes))
          assert.equal(n, #value // (name == "Wide" and 3 or 1))
        end
        n = n * 5 // 4
      end
      local light = name == "Bytes" or name == "Wide" or name == "Longs"
      assert.equal(not light, refused or false, name)
    end
  end)

  it("has a default, and refuses before anything is made", function()
    local t = load(BODY)
    local n = 4 << 20
    local bytes = stub("\1", n)
    local used = kept(function() assert.equal(14, status_of(decode, t, "Unions", "in", "ndr20", bytes)) end)
    assert.is_true(used < 140 << 20, ("%d bytes"):format(used))
    assert.equal(1 << 20, #decode(t, "Bytes", "in", "ndr20", stub("x", 1 << 20)))
    assert.equal(100000, #decode(t, "Structs", "in", "ndr20", stub("x", 100000)))
    assert.equal(14, status_of(decode, load(BODY, {max_memory = 0}), "Structs", "in", "ndr20", stub("x", 10)))
  end)

  it("is a fault of a server's, and an error of a client's with its name", h.async(function()
    local body = "typedef struct {byte b;} S; void F([in] long n, [out] long *m, [out, size_is(, *m)] S **a);"
    local small = load(body, {max_memory = 1000})
    local server = rpc.server { "memory:[limits]" }
    server:register(load(body), { F = function(_, n)
      local list = {}
      for i = 1, n do list[i] = {b = 1} end
      return list
    end })
    server:listen()
    local client = rpc.client(small, "memory:[limits]")
    assert.equal(3, #client:F(3))
    local ok, err = pcall(client.F, client, 1000)
    assert.is_false(ok)
    assert.equal(14, err.status)
    assert.matches("F: it would take too much memory %(max_memory%)", err.message)
    client:close()
    server:close()
  end))
end)

describe("max_depth", function()
  local NODE = "typedef struct N {long v; struct N *next;} N; void F([in] N *n);"

  local function list(n)
    local value
    for i = 1, n do value = {v = i, next = value} end
    return value
  end

  it("is an option, on sending and on receipt", function()
    local t, deep = load(NODE), load(NODE, {max_depth = 1000})
    local function longest(x)
      local n = 1
      while pcall(encode, x, "F", "in", "ndr20", nil, list(n + 1)) do n = n + 1 end
      local bytes = encode(x, "F", "in", "ndr20", nil, list(n))
      assert.same(list(n), (decode(x, "F", "in", "ndr20", bytes)))
      return n
    end
    local short, long = longest(t), longest(deep)
    assert.is_true(short >= 30 and long >= 10 * short, short .. " and " .. long)
    local bytes = encode(deep, "F", "in", "ndr20", nil, list(long))
    assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes))
    assert.matches("F: nested too deeply %(max_depth%) at byte %d+", message_of(decode, t, "F", "in", "ndr20", bytes))
    assert.matches("nested too deeply %(max_depth is 1000%)",
      message_of(encode, deep, "F", "in", "ndr20", nil, list(100000)))
    assert.equal(1783, status_of(decode, deep, "F", "in", "ndr20", ("\1\0\0\0\1\0\0\0"):rep(100000)))
  end)

  it("goes for types without a call too", function()
    local t = load(NODE, {max_depth = 5})
    assert.matches("max_depth is 5", message_of(t.types.N.encode, t.types.N, list(9)))
  end)
end)

describe("limits", function()
  it("are integers within limits of their own", function()
    local function says(want, options)
      local ok, err = pcall(load, "void F();", options)
      assert.is_false(ok)
      assert.matches(want, err)
    end
    says("option 'max_depth' must be an integer from 1 to 1000", {max_depth = 0})
    says("option 'max_depth' must be an integer from 1 to 1000", {max_depth = 1001})
    says("option 'max_memory' must be an integer from 0", {max_memory = "1"})
  end)

  it("of counts are told by name when a procedure needs more", function()
    local parameters = {}
    for i = 1, 17 do parameters[i] = ("[in] long n%d, [in, size_is(n%d)] byte *a%d"):format(i, i, i) end
    local t = load(("void F(%s);"):format(table.concat(parameters, ", ")))
    assert.matches("17 counts and 17 sizes in one place, and max_counts is 16", t:find "F".refused)
    t = load(("void F(%s);"):format(table.concat(parameters, ", ", 1, 16)))
    assert.is_nil(t:find "F".refused)
  end)
end)
