-- Constant expressions, and what scripts see of them.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local load = stubs.load

local function complaint(body)
  local ok, err = pcall(load, body)
  assert.is_false(ok)
  assert.equal("table", type(err), tostring(err))
  return err.errors[1].message
end

local function value(expression, kind)
  return load(("enum {ONE = 1, TWO}; typedef struct {char c; long l[3]; short s;} S; const %s V = %s;")
    :format(kind or "hyper", expression)).constants.V
end

describe("constant expressions", function()
  it("follow C's operators and their precedence", function()
    for expression, want in pairs {
      ["1 + 2 * 3 - 4 / 3"] = 6, ["7 % 4 << 2 >> 1"] = 6, ["1 | 2 ^ 3 & 5"] = 3, ["1 < 2 == 2 > 1"] = 1,
      ["!0 && 2 || 0"] = 1, ["1 ? 2 : 0 ? 3 : 4"] = 2, ["-7 / 2"] = -3, ["-7 % 4"] = -3, ["-8 >> 1"] = -4,
      ["~0x0F & 0xFF"] = 0xF0, ["ONE + TWO"] = 3, ["- -3"] = 3, ["(1 << 31) - 1"] = 0x7FFFFFFF, ["3 >= 3 != 0"] = 1,
    } do
      assert.equal(want, value(expression), expression)
    end
  end)

  it("know literals in all their forms", function()
    for expression, want in pairs {
      ["0x1FUL"] = 31, ["017"] = 15, ["10LL"] = 10, ["5u"] = 5, ["'A'"] = 65, ["L'\\x20AC'"] = 0x20AC, ["'\\n'"] = 10,
      ["'\\0'"] = 0, ["'\\''"] = 39, ["0xFFFFFFFFFFFFFFFF"] = -1, ["9223372036854775807"] = math.maxinteger,
    } do
      assert.equal(want, value(expression), expression)
    end
    assert.equal("two\tparts€", value([[L"two\tparts" L"\x20ac"]], "wchar_t *"))
    assert.equal('a "b" \\', value([["a \"b\" \\"]], "char *"))
    assert.equal(0.5, value("1 / 2.0", "double"))
    assert.equal("the number is too large", complaint "const hyper V = 0x10000000000000000;")
    assert.equal("the number is too large", complaint "const hyper V = 9223372036854775808;")
  end)

  it("cast, measure, and fit the constant's type", function()
    for expression, want in pairs {
      ["(unsigned char) 0x1FF"] = 0xFF, ["(char) -1 + 1"] = 256, ["(short) 0xFFFF"] = -1, ["(DWORD) -1"] = 0xFFFFFFFF,
      ["(BYTE) (1 + 255)"] = 0, ["(S *) 0"] = 0, ["sizeof(long)"] = 4, ["sizeof(S)"] = 20,
      ["sizeof(unsigned short) * 2"] = 4,
      ["sizeof(GUID) + 1"] = 17, ["sizeof(UINT8)"] = 1, ["sizeof(UINT16)"] = 2, ["sizeof(DWORD32)"] = 4,
      ["sizeof(QWORD)"] = 8, ["sizeof(UINT128)"] = 16, ["sizeof(EVENT_DESCRIPTOR)"] = 16, ["(INT8) 255"] = -1,
    } do
      assert.equal(want, value(expression), expression)
    end
    assert.equal(0xFFFFFFFF, value("~0", "unsigned long"))
    assert.equal(-1, value("0xFFFFFFFF", "long"))
    assert.equal("the size of a pointer depends on the machine", complaint "const long V = sizeof(void *);")
    assert.equal("unknown type 'T9'", complaint "const long V = sizeof(T9);")
    assert.equal("unknown type 'T9'", complaint "const long V = (T9) 1;")
  end)

  it("may stand in sizes", function()
    local t = load "void F([in] long n, [in, size_is((unsigned long) n / sizeof(short))] short *p);"
    assert.equal("F(p)", t:signature "F")
    assert.equal(12, #stubs.encode(t, "F", "in", "ndr20", nil, {1, 2}))
  end)

  it("have no value where C gives none", function()
    assert.equal("the expression has no value", complaint "const long V = 1 / 0;")
    assert.equal("the expression has no value", complaint "const long V = 1 % (2 - 2);")
    assert.equal("the expression has no value", complaint 'const long V = "1" + 1;')
    assert.equal("the value is no number", complaint 'const long V = "1";')
    assert.equal("no constant is named 'x'", complaint "const long V = x ? 1 : 2;")
    assert.equal("the expression is not constant", complaint "const long x = 1; const long V = *x;")
  end)

  it("are a script's, macros too", function()
    local t = idl.parse [[
#define MOST 16
#define TWICE (MOST * 2)
#define NAME L"pipe"
#define KIND unsigned long
#define GUARD
      [uuid(12345678-1234-5678-9abc-def012345678)] interface T {
        const long SUM = MOST + TWICE; typedef enum {A = SUM} E; }]]
    assert.same({MOST = 16, TWICE = 32, NAME = "pipe", SUM = 48, A = 48}, t.T.constants)
    assert.same({E = {A = 48}}, t.T.enums)
  end)
end)
