-- Libraries, several constants at once, sizes of unions, procedures that give nothing back.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local UUID = "uuid(12345678-1234-5678-9abc-def01234567%s)"

local function with_uuids(text)
  local n = 0
  return (text:gsub("UUID", function()
    n = n + 1
    return UUID:format(n)
  end))
end

describe("a library", function()
  it("has interfaces that are as good as any, and things that are passed over", function()
    local t = idl.parse(with_uuids [[
      [UUID] interface First { void A(); };
      [UUID, version(1.0), helpstring("x")] library L {
        importlib("stdole2.tlb");
        typedef struct {long x;} P;
        [UUID] interface Second { void B([in] P *p); };
        [UUID] coclass C { [default] interface Second; interface First; };
        [UUID] dispinterface D { properties: methods: [id(1)] void M(); };
        module M { const long Z = {1}; };
        interface First;
      };
      [UUID] interface Third { void E([in] D *d); };]])
    assert.equal("A()", t.First:signature "A")
    assert.equal("B(p)", t.Second:signature "B")
    assert.matches("COM interface pointers are not supported", t.Third:find "E".refused)
    assert.is_nil(t.D)
  end)

  it("is closed", function()
    local ok, err = pcall(idl.parse, "library L { coclass C { ")
    assert.is_false(ok)
    assert.equal("this '{' is never closed", err.errors[1].message)
  end)
end)

describe("constants", function()
  it("may be several at once", function()
    local t = stubs.load [[const long A = 1, B = A + 1; const char *C = "c", *D = "d"; void F([in] byte v[B]);]]
    assert.same({A = 1, B = 2, C = "c", D = "d"}, t.constants)
  end)

  it("may be the size of a union", function()
    local t = stubs.load [[
      union U {[case(1)] byte b; [case(2)] hyper h; [case(3)] ; [case(4)] short s[7];};
      typedef union switch (short k) {case 1: long n; case 2: byte b[5];} E;
      typedef struct {byte k; [switch_is(k)] union U u; byte z;} S;
      const long A = sizeof(union U), B = sizeof(E), C = sizeof(S); void F();]]
    assert.same({A = 16, B = 12, C = 32}, t.constants)
    local ok, err = pcall(stubs.load, "const long A = sizeof(union X);")
    assert.is_false(ok)
    assert.equal("unknown type 'X'", err.errors[1].message)
  end)
end)

describe("a maybe procedure", function()
  it("is a procedure like others that give nothing back", function()
    local t = stubs.load "[maybe] void F([in] long a);"
    assert.equal("F(a)", t:signature "F")
    for _, body in ipairs {"[maybe] long F();", "[maybe] void F([out] long *a);"} do
      local ok, err = pcall(stubs.load, body)
      assert.is_false(ok)
      assert.equal("a maybe procedure has no results", err.errors[1].message)
    end
  end)
end)
