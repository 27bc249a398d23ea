-- An ACF: attributes for an interface, its procedures, their parameters, and types.
--   {{name, pos, attributes, procedures = {{name, pos, attributes, parameters = {{name, pos, attributes}}}},
--     types = {{name, pos}}}}

local attributes = require "asyncrpc.idl.attributes"

-- What may stand in an ACF, and where: i(nterface), p(rocedure), a(rgument), t(ype).
local known = {
  async = "ip", explicit_handle = "ip", implicit_handle = "i", auto_handle = "i", code = "ip", nocode = "ip",
  strict_context_handle = "i", type_strict_context_handle = "i", context_handle_serialize = "ia",
  context_handle_noserialize = "ia", allocate = "itpa", optimize = "ip", heap = "ta", enable_allocate = "ip",
  notify = "pa", notify_flag = "pa", extern_handle = "i", in_line = "ipta", out_of_line = "ipta", comm_status = "pa",
  fault_status = "pa", byte_count = "a", represent_as = "ta", user_marshal = "ta", encode = "ip", decode = "ip",
  cs_stag = "a", cs_drtag = "a", cs_rtag = "a", cs_tag_rtn = "ip", cs_char = "t", partial_ignore = "a",
  force_allocate = "a", disable_consistency_check = "ipa", handle = "t", binding_callout = "ip", default_handle = "i",
  context_handle = "at", ignore = "a", usesgetlasterror = "ip",
}

-- Those that would change what is sent, or what is there to call.
local unsupported = {encode = "pickling", decode = "pickling", cs_stag = "cs_stag", cs_drtag = "cs_drtag",
  cs_rtag = "cs_rtag", cs_tag_rtn = "cs_tag_rtn", cs_char = "cs_char", partial_ignore = "partial_ignore",
  ignore = "ignore"}

local places = {i = "an interface", p = "a procedure", a = "a parameter", t = "a type"}

local function attribute(p, into, place)
  local t = p:name "an attribute"
  if known[t.text] == nil then
    p:error(t.pos, "unknown attribute '%s'", t.text)
  elseif not known[t.text]:find(place) then
    p:error(t.pos, "'%s' is not for %s", t.text, places[place])
  elseif into[t.text] then
    p:error(t.pos, "'%s' is given twice", t.text)
  end
  attributes.skip(p)
  into[t.text] = {name = t.text, pos = t.pos, unsupported = unsupported[t.text]}
  into[#into + 1] = into[t.text]
end

local function list(p, place)
  local found = {}
  while p:accept "[" do
    if not p:is "]" then
      repeat attribute(p, found, place) until not p:accept ","
    end
    p:expect "]"
  end
  if found.code and found.nocode then p:error(found.nocode.pos, "code and nocode at once") end
  return found
end

local function parameter(p)
  local found = list(p, "a")
  local t = p:name "a parameter"
  return {name = t.text, pos = t.pos, attributes = found}
end

local function procedure(p, found)
  local t = p:name "a procedure"
  local parameters = {}
  p:expect "("
  if not p:is ")" then
    repeat parameters[#parameters + 1] = parameter(p) until not p:accept ","
  end
  p:expect ")"
  return {name = t.text, pos = t.pos, attributes = found, parameters = parameters}
end

local function include(p)
  repeat p:kind("string", "a file name") until not p:accept ","
  p:expect ";"
end

local function typedef(p, found)
  list(p, "t")
  repeat
    local t = p:name "a type"
    found.types[#found.types + 1] = {name = t.text, pos = t.pos}
  until not p:accept ","
  p:expect ";"
end

-- "[async] F(), G([heap] x);"
local function procedures(p, found)
  local common = list(p, "p")
  repeat found.procedures[#found.procedures + 1] = procedure(p, common) until not p:accept ","
  p:expect ";"
end

local function item(p, found)
  if p:accept ";" then return end
  if p:accept "include" then return include(p) end
  if p:accept "typedef" then return typedef(p, found) end
  return procedures(p, found)
end

local function interface(p)
  local found = {attributes = list(p, "i"), procedures = {}, types = {}}
  p:expect "interface"
  local t = p:name "the interface's name"
  found.name, found.pos = t.text, t.pos
  p:expect "{"
  while not p:is "}" do
    if p:peek().kind == "end" then p:expected "'}'" end
    p:guarded(function() return item(p, found) end)
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
