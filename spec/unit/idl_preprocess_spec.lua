-- Directives, macros, and files that name other files.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"
local with = require("spec.support.texts").with

local HEAD = "[uuid(12345678-1234-5678-9abc-def012345678), version(1.0)] interface T {\n"

local function load(body, options)
  return idl.parse(HEAD .. body .. "\n}", options).T
end

local function signatures(t)
  local list = {}
  for i, p in ipairs(t.procs) do list[i] = t:signature(p.opnum) end
  return table.concat(list, "; ")
end

local function complaints(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal("table", type(err), tostring(err))
  local list = {}
  for i, e in ipairs(err.errors) do
    list[i] = ("%s:%d:%d %s"):format(e.file:match "[^/]*$", e.line, e.column, e.message)
  end
  return list
end

local function complaint(text, options) return complaints(idl.parse, text, options)[1] end

describe("macros", function()
  it("stand for their text, with and without arguments", function()
    local t = load [[
#define COUNT 4
#define TWICE(n) ((n) * 2)
#  define ARRAY(type, name, n) [in] type \
     name[n] /* of n */ // and nothing else
#define NOTHING
#define NONE() NOTHING
      void F(ARRAY(byte, a, TWICE(COUNT + 1)) NOTHING NONE());
#undef COUNT
#define COUNT 5
      void G(ARRAY(byte, TWICE, TWICE((COUNT)) + TWICE (1)
        ) NOTHING);]]
    assert.equal("F(a); G(TWICE)", signatures(t))
    assert.equal(10, #stubs.encode(t, "F", "in", "ndr20", nil, ("x"):rep(10)))
    assert.equal(12, #stubs.encode(t, "G", "in", "ndr20", nil, ("x"):rep(12)))
  end)

  it("paste, quote, and do not expand in themselves", function()
    local t = load [[
#define NAME(a, b) a ## b
#define PROC(n, ...) void Proc##n(__VA_ARGS__);
#define QUOTE(x) #x
#define long long
#define SELF(x) SELF2(x)
#define F2 F2
#define SELF2(x) x
      PROC(7, [in] long a, [in] long b) PROC(8) void NAME(F, 1)([in] long NAME(x, y));
#undef long
      const char *TEXT = QUOTE(a + "b\n");
      void SELF(F2)();]]
    assert.equal("Proc7(a, b); Proc8(); F1(xy); F2()", signatures(t))
    assert.equal('a + "b\\n"', t.constants.TEXT)
  end)

  it("are there from the start, if a caller says so", function()
    local body = "#if SIZE > 2 && FLAG\nvoid F([in] byte a[SIZE]);\n#endif"
    assert.equal("F(a)", signatures(load(body, {define = {SIZE = 3, FLAG = true}})))
    assert.equal("", signatures(load(body)))
  end)

  it("are bounded", function()
    local lines = {"#define A0 x"}
    for i = 1, 40 do lines[#lines + 1] = ("#define A%d A%d A%d"):format(i, i - 1, i - 1) end
    assert.equal("idl:42:1 macros make more than 200000 tokens", complaint(table.concat(lines, "\n") .. "\nA40"))
    lines = {"#define A0(x) x"}
    for i = 1, 60 do lines[#lines + 1] = ("#define A%d(x) A%d(x##x)"):format(i, i - 1) end
    assert.equal("idl:62:1 macros make more than 200000 tokens", complaint(table.concat(lines, "\n") .. "\nA60(y)"))
    assert.equal("idl:2:184 macros are nested too deeply",
      complaint("#define F(x) x\n" .. ("F ("):rep(100) .. (")"):rep(100)))
    assert.equal("idl:3:2 a name expected, got the end of the file", complaint("#define A B\n#define B A\nA"))
  end)
end)

describe("conditions", function()
  it("choose lines, and nest", function()
    local t = load [[
#define A 3
#if defined(B) || !defined A
#  error not here
don't look " here
#elif A == 3 && (C + 1) == 1
#  if 0
#    else
      void F();
#  endif
#  ifdef A
      void G();
#  else
      void H();
#  endif
#elif 1 / 0
      void I();
#else
#  ifndef A
#  endif
      void J();
#endif
#ifndef B
      void K();
#endif]]
    assert.equal("F(); G(); K()", signatures(t))
  end)

  it("are complained about where they are wrong", function()
    assert.equal("idl:1:1 this condition has no #endif", complaint "#if 1\n")
    assert.equal("idl:2:2 #else without #if", complaint "\n #else")
    assert.equal("idl:3:1 #else behind #else", complaint "#if 1\n#else\n#else\n#endif")
    assert.equal("idl:1:9 an expression expected, got the end of the line", complaint "#if 1 + \n#endif")
    assert.equal("idl:1:7 the end of the line expected, got '2'", complaint "#if 1 2\n#endif")
    assert.equal("idl:1:1 '#elsif' is no directive", complaint "#elsif 1")
    assert.equal("idl:2:1 #error too old", complaint "\n#error too old  \n")
  end)
end)

describe("messages", function()
  it("point to where a macro is used", function()
    local text = "#define TYPE(x) unknown x\n" .. HEAD .. "  void F([in] TYPE(y));\n"
      .. "  void G([in] TYPE(y), [in, TYPE(int)] z);}"
    assert.same({"t.idl:3:15 unknown type 'unknown'"}, {complaint(text:gsub("\n  void G.*", "}"), {name = "t.idl"})})
    assert.equal("t.idl:4:29 unknown attribute 'unknown'", complaint(text, {name = "t.idl"}))
    assert.equal("idl:2:1 macro 'M' takes 2 arguments, got 1", complaint "#define M(a, b) a b\nM(1)")
    assert.equal("idl:2:1 the arguments of macro 'M' do not end", complaint "#define M(a) a\nM(1")
    assert.equal("idl:2:9 macro 'M' is defined already, in idl:1:9", complaint "#define M 1\n#define M 2")
    assert.equal("idl:1:9 the name of a macro expected", complaint "#define 5")
  end)
end)

describe("other files", function()
  local base = [[
#ifndef BASE
#define BASE 4
#include "base.h"
typedef struct { long x; } POINT;
const long LONGEST = BASE;
#endif]]

  it("are included and imported once, from beside the file and from folders", function()
    with({
      ["a.idl"] = 'import "B.idl", "ms-dtyp.idl"; import "b.idl";\n#include "inc/base.h"\n#include <more.h>\n'
        .. HEAD .. 'import "inc/c.idl"; '
        .. 'void F([in] POINT *p, [in] byte a[BASE], [in] C c, [in] MORE m);}',
      ["b.idl"] = 'import "a.idl"; import "inc/c.idl"; cpp_quote("x")',
      ["inc/c.idl"] = "[uuid(12345678-1234-5678-9abc-def012345679)] interface C { typedef short C; void X(); }",
      ["inc/base.h"] = base,
      ["far/more.h"] = "typedef unsigned long MORE;\r\n#pragma once\r\n",
    }, function(folder)
      local found = idl.load(folder .. "/a.idl", {folders = {folder .. "/far"}})
      assert.is_nil(found.C)
      assert.equal("F(p, a, c, m)", signatures(found.T))
      assert.equal(4, found.T.constants.LONGEST)
      assert.same({"a.idl:3:1 the file 'more.h' is not found"}, complaints(idl.load, folder .. "/a.idl"))
    end)
  end)

  it("have their own places in messages", function()
    with({
      ["a.idl"] = 'import "b.idl";\n#include "c.h"\n' .. HEAD .. "void F([in] A a, [in] B b, [in] C c);}",
      ["b.idl"] = "typedef long A;\n\n typedef nothing B;",
      ["c.h"] = "typedef long C;\ntypedef short A;",
    }, function(folder)
      assert.same({"b.idl:3:10 unknown type 'nothing'", "c.h:2:15 'A' is defined already, in " .. folder
        .. "/b.idl:1"}, complaints(idl.load, folder .. "/a.idl"))
    end)
    assert.equal("idl:1:8 the file 'ms-none.idl' is not found", complaint 'import "ms-none.idl";')
  end)

  it("may not be without end", function()
    local named = {["a0.idl"] = ""}
    for i = 1, 60 do named[("a%d.idl"):format(i)] = ('import "a%d.idl";'):format(i - 1) end
    with(named, function(folder)
      assert.equal("a21.idl:1:8 too many files", complaints(idl.load, folder .. "/a60.idl")[1])
    end)
  end)
end)
