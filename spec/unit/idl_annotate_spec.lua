-- What editors are told of an interface.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

describe("idl.annotate", function()
  it("writes a class for the procedures and one for every struct", function()
    local t = stubs.load [[
      typedef enum { RED, GREEN } COLOR;
      typedef struct _NODE { long value; [string] wchar_t *name; COLOR colors[2]; struct _NODE *next; } NODE;
      typedef struct { long n; [size_is(n)] NODE *nodes; } NODES;
      long Add([in] long a, [in, unique] hyper *end, [out] double *sum);
      void Put([in] NODES *nodes, [in, string] char *text, [out] GUID *id, [in] boolean sure);
      void while();]]
    assert.equal([[
---@meta

--- T, version 1.0, 12345678-1234-5678-9abc-def012345678
---@class T
local T = {}

--- opnum 0
---@param a integer
---@param end_? integer
---@return integer return
---@return number sum
function T:Add(a, end_) end

--- opnum 1
---@param nodes T.NODES
---@param text string
---@param sure boolean
---@return string id
function T:Put(nodes, text, sure) end

--- opnum 2
--- called as client:call("while")

---@class T.NODES
---@field n? integer
---@field nodes? T._NODE[]

---@class T._NODE
---@field value integer
---@field name? string
---@field colors (string|integer)[]
---@field next? T._NODE
]], idl.annotate(t))
    assert(load(idl.annotate(t)))
  end)

  it("gives unions the values of all their arms", function()
    local t = stubs.load [[
      typedef struct {long n;} S; typedef enum {one, two} E;
      typedef [switch_type(long)] union {[case(1)] S *s; [case(2)] E e; [case(3)] short n; [default] ;} U;
      typedef struct {long k; [switch_is(k)] U u; [ignore] void *p;} W;
      typedef union switch (E e) {case one: byte b;} V;
      void F([in] W *w, [in] long k, [in, switch_is(k)] U *u, [in] V *v);]]
    local text = idl.annotate(t)
    local function has(part) assert.truthy(text:find(part, 1, true), text) end
    has "---@param u T.U\n---@param v T.V\nfunction T:F(w, u, v) end"
    has "---@class T.U\n---@field tag integer\n---@field value? T.S|string|integer|integer\n"
    has "---@class T.V\n---@field tag string|integer\n---@field value integer\n"
    has "---@field u T.U\n---@field p? nil\n"
    assert.is_nil(text:find("class T.U\n.*class T.U\n"))
    assert(load(text))
  end)

  it("says why a procedure cannot be called", function()
    local t = stubs.load "void F([in] void *p);"
    assert.matches("%-%-%- opnum 0\n%-%-%- F cannot be called: void pointers are not supported", idl.annotate(t))
  end)

  it("is for interfaces", function()
    assert.has_error(function() idl.annotate() end, "idl.annotate: interface expected, got nil")
    assert.has_error(function() idl.annotate {} end, "idl.annotate: interface expected, got table")
  end)
end)
