-- Stubs that promise more than they hold, and values without end: refused before anything is made of them.
require "asyncrpc"
local stubs = require "spec.support.stubs"

local NODES = 100000
local HUGE = {0x80000000, 0x7fffffff, 0xffffffff, 0x40000000}

-- Bytes of Lua's memory that fn leaves behind or takes on the way, at most; its failure's status.
local function costs(fn, ...)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  local ok, err = pcall(fn, ...)
  local after = collectgarbage "count"
  collectgarbage "restart"
  return (after - before) * 1024, not ok and err.status
end

local function word(transfer, n) return (transfer == "ndr64" and "<I8" or "<I4"):pack(n) end

describe("a stub of one kilobyte", function()
  local t = stubs.load [[
    typedef struct { long a; [string] wchar_t *s; } S;
    void A([in] long n, [in, size_is(n)] S a[]);
    void B([in] long n, [in, size_is(n)] byte a[]);
    void C([in, string] wchar_t *s);
    void D([in] long n, [in] long m, [in, size_is(n), length_is(m)] S *a);
    void E([in] long n, [in, size_is(n)] S **a);
    typedef struct { long n; [size_is(n)] hyper a[]; } T;
    void F([in] T *t);]]
  -- What stands in front of the elements.
  local heads = {
    A = function(w, n) return w(n) end,
    B = function(w, n) return w(n) end,
    C = function(w, n) return w(n) .. w(0) .. w(n) end,
    D = function(w, n) return w(n) .. w(0) .. w(n) end,
    E = function(w, n) return w(n) end,
    F = function(w, n) return w(n) end,
  }

  it("that claims 2^31 elements is refused, and nothing is allocated for them", function()
    for name, head in pairs(heads) do
      for _, transfer in ipairs {"ndr20", "ndr64"} do
        for _, n in ipairs(HUGE) do
          local first = name == "D" and ("<I4I4"):pack(n, n) or name ~= "C" and name ~= "F" and ("<I4"):pack(n) or ""
          if transfer == "ndr64" and #first % 8 ~= 0 then first = first .. "\0\0\0\0" end
          local stub = first .. head(function(v) return word(transfer, v) end, n)
          stub = stub .. ("\1"):rep(1024 - #stub)
          local bytes, status = costs(stubs.decode, t, name, "in", transfer, stub, false)
          assert.equal(1783, status, name)
          assert.is_true(bytes < 2048, ("%s, %s: %d bytes"):format(name, transfer, bytes))
        end
      end
    end
  end)
end)

describe("a list of 100,000 nodes", function()
  local t = stubs.load "typedef struct N { struct N *next; long v; } N; void F([in] N *n);"

  it("is refused where it nests too deeply, on receipt and on sending", function()
    for transfer, format in pairs {ndr20 = "<I4I4", ndr64 = "<I8I4xxxx"} do
      local nodes = {}
      for i = 1, NODES do nodes[i] = format:pack(0x20000 + 4 * i, i) end
      local bytes, status = costs(stubs.decode, t, "F", "in", transfer, table.concat(nodes), false)
      assert.equal(1783, status)
      assert.is_true(bytes < 100000, ("%d bytes"):format(bytes))
      local list
      for i = 1, NODES do list = {next = list, v = i} end
      assert.matches("nested too deeply", stubs.message_of(stubs.encode, t, "F", "in", transfer, nil, list))
    end
  end)
end)
