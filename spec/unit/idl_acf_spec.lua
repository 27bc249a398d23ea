-- What an ACF may say, and about what.
local stubs = require "spec.support.stubs"

local BODY = "typedef long N; void F([in] N a); void G([in] long a, [in] long b); void H(); long I([in] handle_t h);"

local function async_of(acf)
  local list = {}
  for i, p in ipairs(stubs.load(BODY, acf).procs) do list[i] = p.async end
  return list
end

local function complaint(acf)
  local ok, err = pcall(stubs.load, BODY, acf)
  assert.is_false(ok)
  assert.equal("table", type(err), tostring(err))
  local e = err.errors[1]
  return ("%d:%d %s"):format(e.line, e.column, e.message)
end

describe("an ACF", function()
  it("speaks of the interface, of procedures, several at once, and of parameters", function()
    assert.same({true, true, false, true}, async_of [[
#define WAITS async
      [explicit_handle, strict_context_handle, optimize("x")] interface T {
        include "a.h", "b.h";
        typedef [heap, represent_as(NUMBER)] N;
        [WAITS] F([heap, in_line] a), G(b, [byte_count(a), fault_status] hidden);
        [async] [notify, nocode, fault_status] I([comm_status] hidden);
        H();
      }]])
    assert.same({true, true, true, true}, async_of "[async, auto_handle, code] interface T { [nocode] H(); }")
    assert.same({false, false, false, false}, async_of "[implicit_handle(handle_t h)] interface T {};")
  end)

  it("refuses by name what cannot be done", function()
    local t = stubs.load(BODY, "interface T { [encode] F(); G([partial_ignore] a); }")
    assert.matches("^pickling is not supported yet", t:find "F".refused)
    assert.matches("^partial_ignore is not supported yet", t:find "G".refused)
    assert.is_nil(t:find "H".refused)
    assert.matches("^pickling", stubs.load(BODY, "[decode] interface T {}"):find "H".refused)
  end)

  it("is wrong where it speaks of what is not there", function()
    assert.equal("1:22 procedure 'F' has no parameter 'x'", complaint "interface T {      F(x); }")
    assert.equal("1:24 unknown type 'M'", complaint "interface T { typedef  M; }")
    assert.equal("1:19 procedure 'F' is here twice", complaint "interface T { F(),F(); }")
    assert.equal("1:26 interface 'T' is here twice", complaint "interface T {} interface T {}")
    assert.equal("1:2 'heap' is not for an interface", complaint "[heap] interface T {}")
    assert.equal("1:16 'auto_handle' is not for a procedure", complaint "interface T { [auto_handle] F(); }")
    assert.equal("1:23 code and nocode at once", complaint "interface T { [code,  nocode] F(); }")
    assert.equal("2:2 unknown attribute 'asynch'", complaint "interface T {\n[asynch] F(); }")
    assert.equal("1:25 'heap' is given twice", complaint "interface T { F( [heap, heap] a); }")
    assert.equal("1:16 '(' expected, got ';'", complaint "interface T { F; }")
  end)
end)
