-- IDL and ACF -> interfaces: what is understood.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local load, same = stubs.load, stubs.same

local function signatures(t)
  local list = {}
  for i, p in ipairs(t.procs) do list[i] = t:signature(p.opnum) end
  return list
end

describe("idl.load", function()
  it("reads the example and the ACF beside it", function()
    local t = idl.load("examples/asyncrpc.idl").AsyncRPC
    assert.equal("AsyncRPC", t.name)
    assert.equal("1.0", t.version)
    assert.equal("6ad5a8cc-1f4e-4b6a-9c1b-0d6f3e2a7b51", t.uuid)
    assert.same({"NonAsyncFunc(message)", "AsyncFunc(delay)", "Shutdown()"}, signatures(t))
    assert.same({false, true, false}, {t.procs[1].async, t.procs[2].async, t.procs[3].async})
    assert.equal(5000, t.constants.DEFAULT_DELAY)
    assert.same({}, t.warnings)
    assert.equal("interface AsyncRPC 1.0 (6ad5a8cc-1f4e-4b6a-9c1b-0d6f3e2a7b51)", tostring(t))
    assert.equal(tostring(t), tostring(t.core))
  end)

  it("takes another ACF, its text, or none", function()
    local path = "examples/asyncrpc.idl"
    assert.is_false(idl.load(path, {acf = false}).AsyncRPC.procs[2].async)
    local t = idl.load(path, {acf = "interface AsyncRPC { [async] Shutdown(); }"}).AsyncRPC
    assert.same({false, true}, {t.procs[2].async, t.procs[3].async})
    assert.has_error(function() idl.load(path, {acf = "none.acf"}) end, "idl.load: none.acf: No such file or directory")
    assert.has_error(function() idl.load "none.idl" end, "idl.load: none.idl: No such file or directory")
  end)

  it("gives rpcecho's procedures their numbers", function()
    local t = idl.load("examples/rpcecho.idl").rpcecho
    local names = {}
    for i, p in ipairs(t.procs) do
      names[i] = p.name
      assert.equal(i - 1, p.opnum)
    end
    assert.same({"AddOne", "EchoData", "SinkData", "SourceData", "TestCall", "TestCall2", "TestSleep", "TestEnum",
      "TestSurrounding", "TestDoublePointer"}, names)
    assert.equal("EchoData(in_data) -> out_data", t:signature "EchoData")
    assert.equal("TestSleep(seconds) -> return", t:signature(6))
    assert.same({"ncacn_np:[\\pipe\\rpcecho]", "ncacn_ip_tcp:"}, t.endpoints)
    assert.same({}, t.warnings)
    assert.has_error(function() t:signature "Nothing" end)
  end)
end)

describe("an interface", function()
  it("needs a uuid and has a version", function()
    local t = idl.parse("[uuid(12345678-1234-5678-9ABC-DEF012345678), version(3.4)] interface A {}").A
    assert.same({"12345678-1234-5678-9abc-def012345678", "3.4"}, {t.uuid, t.version})
    assert.equal("0.0", idl.parse('[uuid("12345678-1234-5678-9abc-def012345678")] interface A {};').A.version)
  end)

  it("may stand beside others, and see what the file defined before", function()
    local found = idl.parse [[
      import "unknwn.idl", "wtypes.idl";
      #include <windows.h>
      #pragma pack(8)
      cpp_quote("// \"nothing\" here")
      typedef long number; // for both
      [uuid(12345678-1234-5678-9abc-def012345678)] interface A { void F([in] number n); }
      [uuid(12345678-1234-5678-9abc-def012345679)] interface B { number G(); void F(); };
    ]]
    assert.same({"F(n)"}, signatures(found.A))
    assert.same({"G() -> return", "F()"}, signatures(found.B))
  end)

  it("warns of names that are the client's or Lua's", function()
    local t = load "void close(); void end(); void F(); void async();"
    assert.equal(3, #t.warnings)
    assert.matches("'close' is a name of the client's or of Lua's: call it as client:call%(\"close\", ...%)",
      t.warnings[1])
  end)

  it("takes attributes of its procedures from an ACF", function()
    local acf = [[/* all of it */ [implicit_handle(handle_t binding)] interface T { include "x.h";
      [async] F(); [async, code] G([notify] st); typedef [heap] number; [nocode] H(); }]]
    local t = load("typedef long number; void F(); long G([in] long st); void H();", acf)
    assert.same({true, true, false}, {t.procs[1].async, t.procs[2].async, t.procs[3].async})
    t = load("void F(); void G();", "[async] interface T { [code] G(); }")
    assert.same({true, true}, {t.procs[1].async, t.procs[2].async})
  end)
end)

describe("types", function()
  it("have all their names", function()
    local sizes = {
      [1] = "boolean, byte, char, small, __int8, int8, uint8, uint8_t, BYTE, unsigned char, unsigned small, BOOLEAN",
      [2] = "short, wchar_t, __int16, int16, uint16, unsigned short, WORD, short int, unsigned short int, WCHAR",
      [4] = "long, int, __int32, int32, uint32, unsigned long, unsigned int, unsigned, DWORD, NTSTATUS, BOOL, float, "
        .. "error_status_t, long int, HRESULT, __int3264",
      [8] = "hyper, __int64, int64, uint64, unsigned hyper, long long, unsigned long long, unsigned __int64, double, "
        .. "ULONGLONG, hyper int",
      [16] = "GUID, uuid_t, UUID",
    }
    for size, names in pairs(sizes) do
      for name in names:gmatch "[^,]+" do
        local t = load(("void F([in] %s v);"):format(name))
        local value = name == "boolean" and true or size == 16 and "00112233-4455-6677-8899-aabbccddeeff" or 1
        assert.equal(size, #stubs.encode(t, "F", "in", "ndr20", nil, value), name)
      end
    end
  end)

  it("may be hidden in typedefs, also as pointers", function()
    local t = load [[
      typedef [string] wchar_t *LPWSTR;
      typedef byte *PBYTE, BYTES[4];
      typedef struct _P { long x, *y; } P, *PP;
      void A([in] LPWSTR s); void B([in, unique] LPWSTR s); void C([in, string] LPWSTR s);
      void D([in] long n, [in, size_is(n)] PBYTE p); void E([in] BYTES b); void G([in] PP p, [in, unique] PP q);
      void H([out] LPWSTR *s);]]
    assert.same({"A(s)", "B(s?)", "C(s)", "D(p)", "E(b)", "G(p, q?)", "H() -> s?"}, signatures(t))
    local hi = "03000000 00000000 03000000 480069000000"
    same(t, "A", "in", {"Hi"}, {L = hi})
    same(t, "B", "in", {"Hi"}, {L = "00000200" .. hi})
    same(t, "C", "in", {"Hi"}, {L = hi})
    same(t, "D", "in", {"ab"}, {L = "02000000 02000000 6162"})
    same(t, "E", "in", {"abcd"}, {L = "61626364"})
    same(t, "G", "in", {{x = 1, y = 2}, {x = 3}, n = 2}, {L = "01000000 00000200 02000000 04000200 03000000 00000000"})
  end)

  it("follow pointer_default where nothing else is said", function()
    local function with(default)
      return idl.parse(("[uuid(12345678-1234-5678-9abc-def012345678), %s] interface T {%s}"):format(default,
        "typedef struct {long *p;} S; void F([in] S *s, [in] long **p); char *G();")).T
    end
    same(with "pointer_default(unique)", "F", "in", {{}, n = 2}, {L = "00000000 00000000"})
    same(with "pointer_default(ref)", "F", "in", {{p = 1}, 2}, {L = "00000200 01000000 04000200 02000000"})
    assert.equal("F: argument 2 'p': number expected, got nil",
      stubs.message_of(stubs.encode, with "pointer_default(ref)", "F", "in", "ndr20", nil, {p = 1}, nil))
    same(with "pointer_default(ptr)", "F", "in", {{p = 1}, 2}, {L = "01000000 01000000 02000000 02000000"})
    same(with "pointer_default(ptr)", "G", "out", {n = 1}, {L = "00000000"})
  end)

  it("compute constants as C does", function()
    local t = load [[
      const long A = (1 + 2) * 3 - -4;
      const unsigned long B = 0xFF & ~0x0f | 1 << 10;
      const short C = A > 12 ? A % 4 : 0;
      const long D = 'A' + 010;
      const char *F = "text\n\x41";
      const double G = 1.5e1;
      const long H = -7 / 2;
      const long J = 10 - 4 - 3;
      const long I = (unsigned long) !0 && A == 13;
      enum e {a = A, b, c = a + B};
      void P([in] byte v[A - 12], [in] byte w[c]);]]
    assert.same({A = 13, B = 0x4F0, C = 1, D = 73, F = "text\nA", G = 15.0, H = -3, I = 1, J = 3,
      a = 13, b = 14, c = 13 + 0x4F0}, t.constants)
    assert.equal(1 + 13 + 0x4F0, #stubs.encode(t, "P", "in", "ndr20", nil, "x", ("y"):rep(13 + 0x4F0)))
  end)

  it("that cannot be had yet refuse the procedures that need them, and only these", function()
    local t = load [[
      void F([in] long ok); void I([in] void *p);
      typedef void (__stdcall *FN)(long x, void (*inner)(int)); void G([in] long a, [in] long (*fn)(long, [in] long));
      void H([in] FN fn); void L([in] FN *fn); void J([in] interface IUnknown *p);
      [callback] void K();]]
    local want = {
      G = "pointers to functions are", H = "pointers to functions are", L = "pointers to functions are",
      I = "void pointers are",
      J = "COM interface pointers are"}
    for _, p in ipairs(t.procs) do
      if want[p.name] then assert.matches(want[p.name] .. " not supported", p.refused) else assert.is_nil(p.refused) end
    end
    assert.is_nil(t:find "K")
    same(t, "F", "in", {5}, {L = "05000000"})
    local why = stubs.message_of(stubs.encode, t, "I", "in", "ndr20", nil)
    assert.matches("I: void pointers are not supported %(idl:", why)
  end)
end)
