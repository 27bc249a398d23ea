-- "[name, name(...)]": how the arguments of each attribute read, and what becomes of it.

local builtin = require "asyncrpc.idl.builtin"
local expression = require "asyncrpc.idl.expression"

local function nothing() end

local function optional_expression(p)
  if p:is "," or p:is ")" then return false end
  return expression.plain(expression.parse(p))
end

-- size_is(, *n): a list in which places may be empty
local function expressions(p)
  p:expect "("
  local list = {optional_expression(p)}
  while p:accept "," do list[#list + 1] = optional_expression(p) end
  p:expect ")"
  return list
end

local function one(kind, what)
  return function(p)
    p:expect "("
    local t = p:peek()
    if t.kind ~= kind and t.kind ~= "string" then p:expected(what) end
    p:next()
    p:expect ")"
    return t
  end
end

local function strings(p)
  local list = {}
  p:expect "("
  repeat list[#list + 1] = p:kind("string", "a string").value until not p:accept ","
  p:expect ")"
  return list
end

-- (X): the type that takes another's place on the wire, or is that of a tag
local function type_spec(p)
  p:expect "("
  local t, words = p:peek(), {}
  if t.kind ~= "name" then p:expected "a type" end
  while p:peek().kind == "name" do words[#words + 1] = p:next().text end
  p:expect ")"
  if builtin.words[words[1]] then return {tag = "base", words = words, pos = t.pos} end
  local tag = words[1] == "enum" and words[2] and "enum" or "named"
  return {tag = tag, name = words[#words], pos = t.pos}
end

local function version(p)
  p:expect "("
  local t = p:peek()
  if t.kind ~= "float" and t.kind ~= "integer" then p:expected "a version" end
  p:next()
  p:expect ")"
  return t
end

local function skip(p)
  if p:is "(" then p:skip_parentheses() end
end

-- name = {parse}: used. name = "why": what it makes of the thing it stands at cannot be done yet.
local known = {
  uuid = {one("uuid", "a uuid")}, version = {version}, pointer_default = {one("name", "ref, unique or ptr")},
  endpoint = {strings},
  ["in"] = {nothing}, out = {nothing}, string = {nothing}, ref = {nothing}, unique = {nothing}, ptr = {nothing},
  v1_enum = {nothing}, ["local"] = {nothing}, object = {nothing},
  size_is = {expressions}, length_is = {expressions}, max_is = {expressions}, min_is = {expressions},
  first_is = {expressions}, last_is = {expressions},
  context_handle = {nothing}, context_handle_noserialize = {nothing}, context_handle_serialize = {nothing},
  switch_is = {expressions}, switch_type = {type_spec}, ms_union = {nothing}, case = {expressions}, default = {nothing},
  iid_is = "COM interface pointers",
  transmit_as = {type_spec}, wire_marshal = {type_spec},
  cs_char = "cs_char", ignore = {nothing}, range = {expressions},
  callback = "callbacks", pipe = "pipes", maybe = {nothing},
  partial_ignore = "partial_ignore", force_allocate = {nothing},
}

-- Those that change nothing here.
for name in ([[helpstring public nopush nopull noprint noopnum idempotent broadcast message allocate code nocode
  optimize usesgetlasterror async_uuid auto_handle explicit_handle implicit_handle helper bindings
  charset strict_context_handle type_strict_context_handle context_handle_type decode encode notify notify_flag
  enable_allocate heap extern_handle helpcontext hidden restricted oleautomation dual annotation
  disable_consistency_check custom id retval unused authservice handle call_as comm_status fault_status byte_count
  represent_as user_marshal in_line out_of_line async propget propput propputref defaultvalue lcid source uidefault
  bindable requestedit displaybind defaultbind nonbrowsable immediatebind replaceable readonly
  aggregatable]]):gmatch "%S+" do
  known[name] = {skip}
end

local function attribute(p, into)
  local t = p:name "an attribute"
  local how = known[t.text]
  local a = {name = t.text, pos = t.pos}
  if how == nil then
    p:error(t.pos, "unknown attribute '%s'", t.text)
    skip(p)
  elseif type(how) == "string" then
    a.unsupported = how
    skip(p)
  else
    a.args = how[1](p)
  end
  if into[a.name] then p:error(t.pos, "'%s' is given twice", a.name) end
  into[a.name] = a
  into[#into + 1] = a
end

-- Attributes by name and in order; an empty set where there is no '['.
local function parse(p, into)
  local list = into or {}
  while p:accept "[" do
    if not p:is "]" then
      repeat attribute(p, list) until not p:accept ","
    end
    p:expect "]"
  end
  return list
end

return {parse = parse, skip = skip}
