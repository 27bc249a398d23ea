-- An ACF: attributes for an interface and its procedures.
--   {{name, pos, attributes, procedures = {{name, pos, attributes}}}}

local attributes = require "asyncrpc.idl.attributes"

-- What may stand in an ACF: true = used or without effect here, else what cannot be done yet.
local known = {
  async = true, explicit_handle = true, implicit_handle = true, auto_handle = true, code = true, nocode = true,
  strict_context_handle = true, type_strict_context_handle = true, allocate = true, optimize = true, heap = true,
  enable_allocate = true, notify = true, notify_flag = true, extern_handle = true, in_line = true, out_of_line = true,
  comm_status = "comm_status", fault_status = "fault_status", byte_count = "byte_count", represent_as = "represent_as",
  user_marshal = "user_marshal", encode = "pickling", decode = "pickling", cs_stag = "cs_stag", cs_drtag = "cs_drtag",
  cs_rtag = "cs_rtag", cs_tag_rtn = "cs_tag_rtn", partial_ignore = "partial_ignore", force_allocate = true,
  disable_consistency_check = true, handle = true, binding_callout = true, default_handle = true,
}

local function attribute(p, into)
  local t = p:name "an attribute"
  if known[t.text] == nil then
    p:error(t.pos, "unknown attribute '%s'", t.text)
  elseif known[t.text] ~= true then
    p:error(t.pos, "%s is not supported yet", known[t.text])
  end
  attributes.skip(p)
  into[t.text] = {name = t.text, pos = t.pos}
end

local function list(p)
  local found = {}
  while p:accept "[" do
    if not p:is "]" then
      repeat attribute(p, found) until not p:accept ","
    end
    p:expect "]"
  end
  return found
end

local function parameter(p)
  list(p)
  p:name "a parameter"
end

local function procedure(p, found)
  local t = p:name "a procedure"
  p:expect "("
  if not p:is ")" then
    repeat parameter(p) until not p:accept ","
  end
  p:expect ")"
  p:expect ";"
  return {name = t.text, pos = t.pos, attributes = found}
end

local function item(p)
  if p:accept ";" then return nil end
  if p:accept "include" then
    repeat p:kind("string", "a file name") until not p:accept ","
    p:expect ";"
    return nil
  end
  if p:accept "typedef" then
    list(p)
    repeat p:name "a type" until not p:accept ","
    p:expect ";"
    return nil
  end
  return procedure(p, list(p))
end

local function interface(p)
  local found = {attributes = list(p), procedures = {}}
  p:expect "interface"
  local t = p:name "the interface's name"
  found.name, found.pos = t.text, t.pos
  p:expect "{"
  while not p:is "}" do
    if p:peek().kind == "end" then p:expected "'}'" end
    found.procedures[#found.procedures + 1] = p:guarded(item)
  end
  p:expect "}"
  p:accept ";"
  return found
end

--- The interfaces an ACF speaks of, from a parser (parser.lua).
local function parse(p)
  local found = {}
  while p:peek().kind ~= "end" do
    if p:is "}" then p:error(p:next().pos, "this '}' closes nothing")
    else found[#found + 1] = p:guarded(interface) end
  end
  return found
end

return {parse = parse}
