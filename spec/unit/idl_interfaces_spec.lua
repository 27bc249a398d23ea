-- Interfaces and types as the published documents write them.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local A, B = "[uuid(12345678-1234-5678-9abc-def012345678), version(1.0)] interface A ",
  "[uuid(12345678-1234-5678-9abc-def012345679), version(2)] interface B "

local function signatures(t)
  local list = {}
  for i, p in ipairs(t.procs) do
    assert.equal(i - 1, p.opnum)
    list[i] = p.refused and p.name or t:signature(p.opnum)
  end
  return table.concat(list, "; ")
end

describe("interfaces", function()
  it("inherit: the procedures of the other come first", function()
    local found = idl.parse(A .. "{ void F([in] long x); void G(); } " .. B .. ": A { void H(); }")
    assert.equal("F(x); G(); H()", signatures(found.B))
    assert.equal("2.0", found.B.version)
    assert.equal("F(x); G()", signatures(found.A))
  end)

  it("of COM are refused by name, and keep their numbers", function()
    local found = idl.parse('import "unknwn.idl"; interface IMine; '
      .. "[object, uuid(12345678-1234-5678-9abc-def012345678), "
      .. "async_uuid(12345678-1234-5678-9abc-def012345670), local] interface L : IUnknown {}"
      .. "[object, uuid(12345678-1234-5678-9abc-def012345678)] interface IMine : IUnknown { HRESULT F([in] long x); }"
      .. B .. "{ void F([in] IMine *p, [in] IUnknown *q); void G(); }")
    assert.is_nil(found.L)
    assert.equal("QueryInterface; AddRef; Release; F", signatures(found.IMine))
    assert.matches("COM interfaces are not supported", found.IMine.procs[4].refused)
    assert.matches("COM interface pointers are not supported", found.B.procs[1].refused)
    assert.equal("F; G()", signatures(found.B))
  end)

  it("take all the attributes of MIDL", function()
    local found = idl.parse [[
      [uuid(12345678-1234-5678-9abc-def012345678), version(3.1),
       pointer_default(unique),
       endpoint("ncacn_np:[\\pipe\\x]", "ncalrpc:"), implicit_handle(handle_t h), helpstring("x"),
       strict_context_handle]
      interface A {
        midl_pragma warning(disable: 4066)
        cpp_quote("typedef int X;")
        [idempotent] void F(handle_t h);
        [broadcast, message] void G([in] handle_t h, [out, comm_status] error_status_t *st);
        [callback] void C([in] long x);
        [local] int L(int x);
        [maybe] void H(void);
        [call_as(L)] long I([in] long x, [out, retval] long *y);
      }]]
    assert.equal("F(); G() -> st; H; I(x) -> return, y", signatures(found.A):gsub("H%(%)", "H"))
    assert.same({"ncacn_np:[\\pipe\\x]", "ncalrpc:"}, found.A.endpoints)
  end)
end)

describe("types", function()
  it("are chained, anonymous, forward and recursive", function()
    local t = stubs.load [[
      typedef struct _NODE NODE, *PNODE;
      struct _NODE { long value; PNODE next; struct { short a, b[2]; } inner; };
      typedef struct _PAIR { NODE first, *second; enum { ONE, TWO } which; } PAIR, *PPAIR, PAIRS[2];
      typedef [v1_enum] enum _COLOR { RED, GREEN = 5, } COLOR;
      void F([in] PNODE n, [in] PPAIR p, [in] PAIRS ps, [in] COLOR c);
      COLOR G([in, unique] const PNODE n);]]
    assert.equal("F(n, p, ps, c); G(n?) -> return", signatures(t))
    assert.same({RED = 0, GREEN = 5}, t.enums.COLOR or t.enums._COLOR)
    local inner = {a = 1, b = {2, 3}}
    stubs.same(t, "G", "in", {{value = 1, next = {value = 2, inner = inner}, inner = inner}},
      {L = "00000200 01000000 04000200 010002000300 0000 02000000 00000000 010002000300"})
  end)

  it("of the wire stand for those of a program", function()
    local t = stubs.load [[
      typedef struct { long a; } WIRE;
      typedef [transmit_as(WIRE)] struct whatever *TREE;
      typedef [wire_marshal(unsigned short)] UNHEARD_OF SHORT;
      typedef [handle] wchar_t *SERVER;
      void F([in] TREE t, [in] SHORT s); void G([in, string, unique] SERVER name);]]
    assert.equal("F(t, s); G(name?)", signatures(t))
    stubs.same(t, "F", "in", {{a = 1}, 2}, {L = "01000000 0200"})
  end)

  it("of the Windows headers are there, until a file has its own", function()
    local t = stubs.load [[
      long F([in, unique] LPWSTR server, [in] PFILETIME when, [out] LARGE_INTEGER *size,
        [in] SYSTEMTIME *now, [in] LUID id);
      typedef struct _FILETIME { hyper ticks; } FILETIME;
      void G([in] FILETIME *when, [in] PGUID id, [in] LPDWORD n, [in] ACCESS_MASK mask);
      void H([in] PVOID p);]]
    assert.equal("F(server?, when, now, id) -> return, size; G(when, id, n, mask); H", signatures(t))
    stubs.same(t, "G", "in", {{ticks = 1}, "00000000-0000-0000-0000-000000000000", 2, 3},
      {L = "0100000000000000 00*16 02000000 03000000"})
    assert.matches("void pointers are not supported", t:find "H".refused)
  end)

  it("that need what is not there refuse their procedure, not the file", function()
    local t = stubs.load "typedef struct {[ignore] long *p;} S; void F([in] S *s); void G([in] long x);"
    assert.equal("G(x)", t:signature "G")
  end)
end)
