-- Mistakes in IDL and ACF are told as a compiler tells them.
local idl = require "asyncrpc.idl"

local HEAD = "[uuid(12345678-1234-5678-9abc-def012345678), version(1.0)]\ninterface T {\n"

local function complaint(text, options)
  options = options or {name = "t.idl"}
  local ok, err = pcall(idl.parse, text, options)
  assert.is_false(ok)
  assert.equal("table", type(err), tostring(err))
  return err
end

-- The first complaint about a body: message and column, the body being line 3.
local function says(want, body, column)
  local err = complaint(HEAD .. body .. "\n}")
  assert.equal(want, err.errors[1].message)
  if column then assert.same({3, column}, {err.errors[1].line, err.errors[1].column}) end
end

describe("idl errors", function()
  it("show place, line and caret, all of them in order", function()
    local err = complaint(HEAD .. "  void F([in] foo x);\n\tvoid G([in] bar *y);\n}", {name = "dir/t.idl"})
    assert.equal(table.concat({
      "dir/t.idl:3:15: error: unknown type 'foo'",
      "      void F([in] foo x);",
      "                  ^",
      "dir/t.idl:4:14: error: unknown type 'bar'",
      "    \tvoid G([in] bar *y);",
      "    \t            ^",
    }, "\n"), tostring(err))
    assert.same({file = "dir/t.idl", line = 3, column = 15, message = "unknown type 'foo'",
      excerpt = "      void F([in] foo x);\n                  ^"}, err.errors[1])
  end)

  it("go on after a syntax error", function()
    local err = complaint(HEAD .. [[void F([in] long);
void G(;
long H()
void I();
typedef struct { long } S;
void J()
}]])
    local lines = {}
    for i, e in ipairs(err.errors) do lines[i] = ("%d:%d %s"):format(e.line, e.column, e.message) end
    assert.same({
      "4:8 a type expected, got ';'",
      "5:9 ';' expected, got 'void'",
      "7:23 a name expected, got '}'",
      "8:9 ';' expected, got '}'",
    }, lines)
  end)

  it("know what is missing", function()
    says("a parameter without a name", "void F([in] long);")
    says("a type expected, got ')'", "void F([in] long a,);", 20)
    says("'(' expected, got ';'", "long F;")
    says("'$' is no part of the language", "void F([in] long $);", 18)
    says("the string does not end on its line", "const char *s = \"abc;", 17)
    assert.equal("the comment does not end", complaint(HEAD .. "void F();\n} /* and so on").errors[1].message)
    assert.equal("this '{' is never closed", complaint(HEAD .. "void F();").errors[1].message)
    says("an expression expected, got ';'", "const long a = ;", 16)
    says("'=' expected, got ';'", "const long a;")
    says("a name expected, got '5'", "typedef long 5;")
  end)

  it("know names", function()
    says("'S' is defined already, in line 3", "typedef long S; typedef short S;")
    says("struct 's' is defined already", "struct s {long a;}; struct s {long b;};")
    says("'a' is a member already", "typedef struct {long a; short a;} S;")
    says("'a' is a parameter already", "void F([in] long a, [in] long a);")
    says("procedure 'F' is declared already", "void F(); void F();", 16)
    says("no constant is named 'B'", "const long A = B;", 16)
    says("unknown attribute 'inn'", "void F([inn] long a);", 9)
    says("'in' is given twice", "void F([in, in] long a);", 13)
    says("'unsigned float' is no type", "void F([in] unsigned float a);")
    says("member 's' has a type that is not defined to its end", "struct S {struct S s;};")
    says("parameter 's' has a type that is not defined", "void F([in] struct S s);")
    says("parameter 'v' cannot be void", "void F([in] void v);")
  end)

  it("know sizes", function()
    says("no parameter, member or constant is named 'n'", "void F([in, size_is(n)] byte *p);", 21)
    says("'n' is a pointer: '*n' is its value", "void F([in] long *n, [in, size_is(n)] byte *p);", 35)
    says("'n' is no pointer", "void F([in] long n, [in, size_is(*n)] byte *p);")
    says("'s' is no integer", "void F([in, string] char s[4], [in, size_is(s)] byte *p);")
    says("'n' must be [in]: the size of 'p' depends on it", "void F([out] long *n, [in, size_is(*n)] byte *p);")
    says("size_is or a size is missing", "void F([in] byte p[]);")
    says("the array has a fixed size already", "void F([in] long n, [in, size_is(n)] byte p[4]);")
    says("the size of an array must be an integer from 1 to 2147483647", "void F([in] byte p[0]);")
    says("a size for what is neither array nor pointer", "void F([in] long n, [in, size_is(n)] long p);")
    says("[string] is for char, byte and wchar_t", "void F([in, string] long *p);")
    says("[string] is for arrays and pointers", "void F([in, string] char p);")
    says("size_is and max_is at once", "void F([in] long n, [in, size_is(n), max_is(n)] byte *p);")
    says("the expression is nested too deeply",
      "void F([in] long n, [in, size_is(n+(n+(n+(n+(n+(n+(n+(n+(n+n)))))))))] byte *p);")
  end)

  it("know directions and pointers", function()
    says("[out] parameter 'a' must be a pointer or an array", "void F([out] long a);")
    says("[out] parameter 'a' must be a reference pointer", "void F([out, unique] long *a);")
    says("ref, unique and ptr are for pointers", "void F([in, unique] long a);")
  end)

  it("know interfaces", function()
    local function first(text) return complaint(text).errors[1].message end
    assert.equal("interface 'A' has no uuid", first "interface A {}")
    assert.equal("a uuid expected, got '5'", first "[uuid(5)] interface A {}")
    assert.equal("a uuid expected", first '[uuid("5")] interface A {}')
    assert.equal("interface 'B' is not defined",
      first "[uuid(12345678-1234-5678-9abc-def012345678)] interface A : B {}")
    assert.equal("the version must be major.minor, each up to 65535",
      first "[uuid(12345678-1234-5678-9abc-def012345678), version(70000)] interface A {}")
    assert.equal("ref, unique or ptr expected, got 'many'",
      first "[uuid(12345678-1234-5678-9abc-def012345678), pointer_default(many)] interface A {}")
    assert.equal("the file 'mine.idl' is not found", first 'import "mine.idl";')
    assert.equal("this '{' is never closed", first "library L {")
    assert.equal("a procedure outside of an interface", first "void F();")
    assert.equal("this '}' closes nothing", first "}")
  end)

  it("of an ACF are told with its name", function()
    local err = complaint(HEAD .. "void F();\n}", {name = "t.idl", acf = "interface T {\n  [async] G();\n}"})
    assert.matches("^t%.acf:2:11: error: interface 'T' has no procedure 'G'\n", tostring(err))
    err = complaint(HEAD .. "void F();\n}", {name = "t.idl", acf = "interface U { [asink] F(); }"})
    assert.equal("unknown attribute 'asink'", err.errors[1].message)
    err = complaint(HEAD .. "void F();\n}", {name = "t.idl", acf = "interface U { }"})
    assert.equal("the IDL file has no interface 'U'", err.errors[1].message)
  end)

  it("are never a traceback, whatever the text", function()
    local text = assert(io.open "examples/rpcecho.idl"):read "a"
    local pieces = {"\"", "'", "/*", "\0", "\xff", "99999999999999999999"}
    local words = "[ ] ( ) { } ; , * = ? : # 0 struct enum union typedef size_is long switch import const void"
    for piece in words:gmatch "%S+" do
      pieces[#pieces + 1] = piece
    end
    math.randomseed(tonumber(os.getenv "ARPC_SEED") or 20240229)
    for _ = 1, 2000 // math.max(1, tonumber(os.getenv "ARPC_SCALE") or 1) do
      local changed = text
      for _ = 1, math.random(3) do
        local at, upto = math.random(#changed), math.random(0, 12)
        changed = changed:sub(1, at - 1) .. pieces[math.random(#pieces)] .. changed:sub(at + upto)
      end
      local ok, err = pcall(idl.parse, changed)
      assert(ok or type(err) == "table" and #err.errors > 0, tostring(err) .. "\n" .. changed)
    end
    for _, s in ipairs {"(", "[", "{", "struct {", "long (", "const long a = (", "const long a = -", "#", "'",
      "[size_is("} do
      local ok, err = pcall(idl.parse, s:rep(20000))
      assert(not ok and type(err) == "table", s .. tostring(err):sub(1, 200))
      ok, err = pcall(idl.parse, HEAD .. s:rep(20000))
      assert(not ok and type(err) == "table", s .. tostring(err):sub(1, 200))
    end
  end)

  it("tell which limit of the core an interface exceeds", function()
    local err = complaint(HEAD .. "void F([in] long a[65535][65535]);\n}")
    assert.matches("^interface 'T': type %d+: an array is too large$", err.errors[1].message)
    assert.equal(2, err.errors[1].line)
    local many = {}
    for i = 1, 201 do many[i] = "[in] long a" .. i end
    says("interface 'T': too many parameters", "void F(" .. table.concat(many, ", ") .. ");")
  end)
end)
