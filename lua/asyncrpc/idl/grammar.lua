-- Tokens -> declarations. Nothing is looked up here: what a name means is the checker's business.
--
--   interface    {tag = "interface", name, pos, attributes, base, body}
--   forward      {tag = "forward", name}                    interface X;
--   library      {tag = "library", body}
--   constant     {tag = "const", spec, constants = {{declarator, value}}}
--   typedef      {tag = "typedef", attributes, spec, declarators}
--   definition   {tag = "tag", attributes, spec}            struct X {...};
--   procedure    {tag = "procedure", name, pos, attributes, spec, declarator, parameters}
--   import       {tag = "import", files = {{name, pos}}}
--   spec         {tag = "base", words} {tag = "named", name} {tag = "struct", name, members}
--                {tag = "enum", name, labels} {tag = "union", name, switch, arms} {tag = "pipe"}, each with pos
--   switch       {spec, name, pos}; arms: {labels = {expression, ...}, default, attributes, spec, declarator, name,
--                pos}, without spec where the arm is empty
--   declarator   {name, pos, levels}; levels from the outermost in: {tag = "pointer"} {tag = "array", size}
--                {tag = "function"}
--   member, parameter   {attributes, spec, declarator, name, pos}

local attributes = require "asyncrpc.idl.attributes"
local builtin = require "asyncrpc.idl.builtin"
local expression = require "asyncrpc.idl.expression"

local declarator, spec

-- ---- declarators

local qualifiers = {const = true, volatile = true, __RPC_FAR = true, FAR = true, far = true, __restrict = true,
  __stdcall = true, __cdecl = true, _stdcall = true, stdcall = true, cdecl = true, STDMETHODCALLTYPE = true}

local function skip_qualifiers(p)
  while p:peek().kind == "name" and qualifiers[p:peek().text] do p:next() end
end

-- Bounds of one "[...]": nil for [] and [*]; [0..n] is not for now.
local function bounds(p)
  local open = p:expect "["
  local level = {tag = "array", pos = open.pos}
  if p:accept "*" or p:is "]" then
    p:expect "]"
    return level
  end
  level.size = expression.parse(p)
  if p:accept "." then p:fail(open.pos, "arrays with lower bounds are not supported yet") end
  p:expect "]"
  return level
end

local function direct(p, into, may_be_abstract)
  local levels, nested = {}, false
  if p:is "(" and (p:is("*", 1) or p:is("(", 1) or qualifiers[p:peek(1).text]) then
    p:next()
    levels, nested = p:nested(declarator, into, may_be_abstract).levels, true
    p:expect ")"
  elseif p:peek().kind == "name" then
    local t = p:next()
    into.name, into.pos = t.text, t.pos
  elseif not may_be_abstract then
    p:expected "a name"
  end
  while p:is "[" do levels[#levels + 1] = bounds(p) end
  if nested and p:is "(" and levels[1] then
    levels[#levels + 1] = {tag = "function", pos = p:peek().pos}
    p:skip_parentheses()
  end
  return levels
end

function declarator(p, into, may_be_abstract)
  local d = into or {pos = p:peek().pos}
  local pointers = {}
  skip_qualifiers(p)
  while p:is "*" do
    pointers[#pointers + 1] = {tag = "pointer", pos = p:next().pos}
    skip_qualifiers(p)
  end
  local levels = direct(p, d, may_be_abstract)
  for i = #pointers, 1, -1 do levels[#levels + 1] = pointers[i] end
  d.levels = levels
  return d
end

local function declarators(p)
  local list = {declarator(p)}
  while p:accept "," do list[#list + 1] = declarator(p) end
  return list
end

-- ---- types

local function member(p)
  local start = p:peek()
  local found = {attributes = attributes.parse(p), spec = spec(p)}
  if p:is ";" and found.spec.tag == "union" then return found, {{name = "u", pos = start.pos, levels = {}}} end
  if p:is ";" then p:fail(start.pos, "a member without a name") end
  return found, declarators(p)
end

local function members(p)
  local list = {}
  p:expect "{"
  while not p:is "}" do
    if p:peek().kind == "end" then p:expected "'}'" end
    p:guarded(function()
      local common, all = member(p)
      p:expect ";"
      for _, d in ipairs(all) do
        list[#list + 1] = {attributes = common.attributes, spec = common.spec, declarator = d,
          name = d.name, pos = d.pos}
      end
    end)
  end
  p:expect "}"
  return list
end

local function labels(p)
  local list = {}
  p:expect "{"
  repeat
    if p:is "}" then break end
    attributes.parse(p)
    local t = p:name()
    list[#list + 1] = {name = t.text, pos = t.pos, value = p:accept "=" and expression.parse(p) or nil}
  until not p:accept ","
  p:expect "}"
  return list
end

-- "case 1: case 2:", "default:" in front of an arm of a union with a switch; [case(1, 2)], [default] without.
local function arm_labels(p, arm)
  while p:is "case" or p:is "default" do
    if p:next().text == "default" then arm.default = true
    else arm.labels[#arm.labels + 1] = expression.parse(p) end
    p:expect ":"
  end
  attributes.parse(p, arm.attributes)
  for _, e in ipairs(arm.attributes.case and arm.attributes.case.args or {}) do
    arm.labels[#arm.labels + 1] = e or nil
  end
  arm.default = arm.default or arm.attributes.default and true
end

local function arm(p)
  local found = {labels = {}, attributes = {}, pos = p:peek().pos}
  arm_labels(p, found)
  if #found.labels == 0 and not found.default then p:expected "a case" end
  if not p:is ";" then
    found.spec = spec(p)
    found.declarator = declarator(p)
    found.name, found.pos = found.declarator.name, found.declarator.pos
  end
  p:expect ";"
  return found
end

local function arms(p)
  local list = {}
  p:expect "{"
  while not p:is "}" do
    if p:peek().kind == "end" then p:expected "'}'" end
    list[#list + 1] = p:guarded(arm)
  end
  p:expect "}"
  return list
end

-- "switch (long tag) name"
local function switch(p, found)
  p:expect "("
  found.switch = {spec = spec(p)}
  local t = p:name "the tag's name"
  found.switch.name, found.switch.pos = t.text, t.pos
  p:expect ")"
  if p:peek().kind == "name" then p:next() end
end

local function tagged(body, field)
  return function(p, t)
    local found = {tag = t.text, pos = t.pos}
    if p:peek().kind == "name" then found.name = p:next().text end
    if p:is "{" then found[field] = body(p)
    elseif not found.name then p:expected "'{'" end
    return found
  end
end

local compound = {
  struct = tagged(members, "members"),
  enum = tagged(labels, "labels"),
  union = function(p, t)
    local found = {tag = "union", pos = t.pos}
    if p:peek().kind == "name" and not p:is "switch" then found.name = p:next().text end
    if p:accept "switch" then switch(p, found) end
    if p:is "{" then found.arms = arms(p)
    elseif not found.name then p:expected "'{'" end
    return found
  end,
  pipe = function(p, t) return {tag = "pipe", pos = t.pos, of = spec(p)} end,
  interface = function(p, t)
    return {tag = "com", pos = t.pos, name = p:name().text}
  end,
}
compound.SAFEARRAY = function(p, t)
  p:skip_parentheses()
  return {tag = "com", pos = t.pos, name = "SAFEARRAY"}
end

function spec(p)
  skip_qualifiers(p)
  if p:is "[" then attributes.parse(p) end
  local t = p:peek()
  if t.kind ~= "name" then p:expected "a type" end
  if compound[t.text] and not (t.text == "pipe" and p:peek(1).kind ~= "name") then
    p:next()
    return p:nested(compound[t.text], t)
  end
  if not builtin.words[t.text] then
    p:next()
    skip_qualifiers(p)
    return {tag = "named", name = t.text, pos = t.pos}
  end
  local words = {}
  while p:peek().kind == "name" and (builtin.words[p:peek().text] or qualifiers[p:peek().text]) do
    local word = p:next().text
    if not qualifiers[word] then words[#words + 1] = word end
  end
  return {tag = "base", words = words, pos = t.pos}
end

-- ---- declarations

local function constant(p)
  p:expect "const"
  local found = {tag = "const", spec = spec(p), constants = {}}
  repeat
    local d = declarator(p)
    p:expect "="
    found.constants[#found.constants + 1] = {declarator = d, value = expression.parse(p)}
  until not p:accept ","
  p:expect ";"
  return found
end

local function typedef(p)
  p:expect "typedef"
  local found = {tag = "typedef", attributes = attributes.parse(p)}
  found.spec = spec(p)
  found.declarators = declarators(p)
  p:expect ";"
  return found
end

local function parameter(p)
  local found = {attributes = attributes.parse(p)}
  found.spec = spec(p)
  attributes.parse(p, found.attributes)
  found.declarator = declarator(p, nil, true)
  found.name, found.pos = found.declarator.name, found.declarator.pos
  return found
end

local function parameters(p)
  local list = {}
  p:expect "("
  if p:is "void" and p:is(")", 1) then p:next() end
  if not p:is ")" then
    repeat list[#list + 1] = parameter(p) until not p:accept ","
  end
  p:expect ")"
  return list
end

local function procedure(p, found_attributes, found_spec)
  local d = declarator(p)
  if not p:is "(" then p:expected "'('" end
  local found = {tag = "procedure", name = d.name, pos = d.pos, attributes = found_attributes, spec = found_spec,
    declarator = d, parameters = parameters(p)}
  p:expect ";"
  return found
end

local importing = {import = true, include = true, importlib = true}

local function import(p, word)
  local found = {tag = "import", files = {}}
  local parenthesis = p:accept "("
  repeat
    local t = p:kind("string", "a file name")
    found.files[#found.files + 1] = {name = t.value, pos = t.pos}
  until not p:accept ","
  if parenthesis then p:expect ")" end
  p:expect ";"
  return word.text == "importlib" and {tag = "nothing"} or found
end

local function simple(p)
  local t = p:peek()
  if p:accept ";" then return {tag = "nothing"} end
  if importing[t.text] and p:next() then return import(p, t) end
  if p:accept "cpp_quote" or p:accept "midl_pragma" then
    p:accept "warning"
    p:skip_parentheses()
    p:accept ";"
    return {tag = "nothing"}
  end
  if p:is "const" then return constant(p) end
  if p:is "typedef" then return typedef(p) end
end

local interface, declaration

-- Declarations up to the '}' of a block that has just been opened.
local function block(p, open, inside)
  local body = {}
  while not p:is "}" do
    if p:peek().kind == "end" then p:fail(open.pos, "this '{' is never closed") end
    body[#body + 1] = p:guarded(function() return declaration(p, inside) end)
  end
  p:expect "}"
  p:accept ";"
  return body
end

local function library(p)
  p:expect "library"
  p:name "the library's name"
  return {tag = "library", body = block(p, p:expect "{", false)}
end

-- What only COM knows, and no procedure needs: passed over, down to its last brace.
local com = {coclass = true, dispinterface = true, module = true, apicontract = true}

local function skip_com(p)
  p:next()
  local t = p:name()
  if p:is "{" then p:skip_braces() end
  p:accept ";"
  return {tag = "forward", name = t.text}
end

-- What begins with attributes or a type: an interface, a definition or a procedure.
local function attributed(p, inside)
  local found = attributes.parse(p)
  if p:is "typedef" then
    local t = typedef(p)
    for _, a in ipairs(found) do
      t.attributes[#t.attributes + 1] = a
      t.attributes[a.name] = t.attributes[a.name] or a
    end
    return t
  end
  if p:is "interface" and (not inside or p:is("{", 2)) then return interface(p, found) end
  if p:is "library" then return library(p) end
  if com[p:peek().text] and p:peek(1).kind == "name" then return skip_com(p) end
  local what = spec(p)
  if p:accept ";" then return {tag = "tag", attributes = found, spec = what} end
  return procedure(p, found, what)
end

function declaration(p, inside)
  return simple(p) or attributed(p, inside)
end

function interface(p, found_attributes)
  p:expect "interface"
  local t = p:name "the interface's name"
  local found = {tag = "interface", name = t.text, pos = t.pos, attributes = found_attributes}
  if p:accept ";" then return {tag = "forward", name = t.text} end
  if p:accept ":" then found.base = p:name "an interface" end
  found.body = block(p, p:expect "{", true)
  return found
end

--- The declarations a parser (parser.lua) finds.
local function parse(p)
  local list = {}
  while p:peek().kind ~= "end" do
    if p:is "}" then
      p:error(p:next().pos, "this '}' closes nothing")
    else
      list[#list + 1] = p:guarded(function() return declaration(p) end)
    end
  end
  return list
end

return {parse = parse}
