-- Declarations -> interfaces whose types are known and whose sizes are linked.

local counts = require "asyncrpc.idl.counts"
local layout = require "asyncrpc.idl.layout"
local scopes = require "asyncrpc.idl.scope"
local statuses = require "asyncrpc.idl.statuses"
local types = require "asyncrpc.idl.types"
local unions = require "asyncrpc.idl.unions"

-- ---- declarations

local function unfinished(t)
  if t.kind == "array" then return unfinished(t.of) end
  if t.definition then return unfinished(t.definition) end
  return (t.kind == "struct" or t.kind == "union") and (t.filling or t.incomplete)
end

-- The pipe a parameter is, or points to.
local function pipe_of(t)
  if t.kind == "pointer" then t = t.of end
  return t.kind == "pipe" and t or nil
end

local function complain_of_use(scope, t, what, d)
  if pipe_of(t) and what ~= "parameter" then
    scope:error(d.pos, "%s '%s' cannot be a pipe: pipes are parameters", what, d.name)
  elseif t.kind == "void" or t.kind == "handle" then
    scope:error(d.pos, "%s '%s' cannot be %s", what, d.name, t.name)
  elseif unfinished(t) then
    local yet = t.filling and " to its end" or ""
    scope:error(d.pos, "%s '%s' has a type that is not defined%s", what, d.name, yet)
  elseif unions.lacks_switch(t) then
    scope:error(d.pos, "%s '%s' is a union without switch_is", what, d.name)
  else
    return false
  end
  return true
end

local function member(scope, m, taken)
  local t = types.resolve(scope, m.spec, m.attributes)
  t = types.settle(types.declare(scope, t, m.declarator, m.attributes, scope.pointers), scope.pointers)
  if complain_of_use(scope, t, "member", m) then
    t = types.refused(scope, m.pos, "a member is wrong")
  end
  if taken[m.name] then scope:error(m.pos, "'%s' is a member already", m.name) end
  taken[m.name] = true
  return {name = m.name, type = t, pos = m.pos, struct = true}
end

-- Gives a struct its members.
local function fill(scope, t, spec)
  local taken = {}
  for i, m in ipairs(spec.members) do
    t.members[i] = member(scope, m, taken)
    local conformant = types.conforms(t.members[i].type)
    if conformant and i < #spec.members then
      scope:error(m.pos, "'%s' is conformant and not the last member", m.name)
    end
    t.conformant = conformant
  end
  if #t.members == 0 then scope:error(spec.pos, "a struct without members") end
  t.list = counts.link(scope, t.members, {"struct"})
  if t.list.too_many then t.members[1].type = types.refused(scope, spec.pos, t.list.too_many) end
  for _, m in ipairs(t.members) do
    if m.slot and m.type.kind == "pointer" then m.type = types.not_yet(scope, m.pos, "pointers to counts") end
  end
end

-- An arm of a union. Sizes that speak of other names are open: each use of the union brings the names along.
local function arm(scope, a)
  if not a.spec then return {name = a.name, pos = a.pos} end
  local m = member(scope, a, {})
  if types.conforms(m.type) then m.type = types.refused(scope, a.pos, "a union's arm cannot be a conformant array") end
  m.open = counts.settle_constants(scope, m.type)
  return m
end

local declare = {}

local function define_constant(scope, t, d)
  t = types.declare(scope, t, d.declarator, {}, scope.pointers)
  local value = scope:value(d.value)
  if value == nil then return end
  local number = t.kind == "int" or t.kind == "enum" or t.kind == "bool" or t.kind == "float"
  if number and type(value) ~= "number" then
    scope:error(d.value.pos, "the value is no number")
  elseif not number and t.kind ~= "pointer" and t.kind ~= "refused" then
    scope:error(d.declarator.pos, "a constant cannot be of this type")
  end
  scope:define_constant(d.declarator.name, d.declarator.pos, layout.convert(value, t) or value)
end

function declare.const(scope, d)
  local t = types.resolve(scope, d.spec)
  for _, each in ipairs(d.constants) do define_constant(scope, t, each) end
end

-- Those that have a name of their own, or their first typedef's.
local tagged = {struct = true, enum = true, union = true, context = true}

function declare.typedef(scope, d)
  local wire = d.attributes.transmit_as or d.attributes.wire_marshal
  local t = types.resolve(scope, wire and wire.args or d.spec, d.attributes)
  for _, each in ipairs(d.declarators) do
    local made = types.declare(scope, t, each, d.attributes, scope.pointers)
    if tagged[made.kind] then made.name = made.name or each.name end
    scope:define_type(each.name, each.pos, made)
  end
end

function declare.tag(scope, d)
  types.resolve(scope, d.spec, d.attributes)
end

function declare.nothing() end

-- ---- procedures

local function check_direction(scope, entry)
  local t = entry.type
  if not entry.out or t.kind == "refused" or entry.pipe then return end
  if t.kind ~= "pointer" and t.kind ~= "array" and t.kind ~= "text" then
    scope:error(entry.pos, "[out] parameter '%s' must be a pointer or an array", entry.name)
  elseif not entry["in"] and t.kind == "pointer" and t.class ~= "ref" then
    scope:error(entry.pos, "[out] parameter '%s' must be a reference pointer", entry.name)
  end
end

local function is_handle(t)
  return t.kind == "handle" or (t.kind == "pointer" and t.of.kind == "handle")
end

-- A context handle that only comes in is never null.
local function never_null(t)
  if t.kind == "pointer" and t.of.kind == "context" then
    return types.copy(t, {of = never_null(t.of)})
  end
  return t.kind == "context" and types.copy(t, {ref = true}) or t
end

-- A parameter's entry; nil for one that is not transmitted.
local function parameter(scope, p, taken)
  local a = p.attributes
  local t = types.resolve(scope, p.spec, a)
  t = types.settle(types.declare(scope, t, p.declarator, a, scope.pointers), "ref")
  if is_handle(t) then return nil end
  if not p.name then
    scope:error(p.pos, "a parameter without a name")
    return nil
  end
  if taken[p.name] then scope:error(p.pos, "'%s' is a parameter already", p.name) end
  taken[p.name] = true
  if complain_of_use(scope, t, "parameter", p) then t = types.refused(scope, p.pos, "a parameter is wrong") end
  if not a.out then t = never_null(t) end
  if t.kind == "ignored" then t = types.refused(scope, p.pos, "ignore is for members of structs") end
  t = pipe_of(t) or t
  local entry = {name = p.name, type = t, pipe = t.kind == "pipe", pos = p.pos, out = a.out and true,
    ["in"] = (a["in"] or not a.out) and true}
  check_direction(scope, entry)
  return entry
end

local function returned(scope, d)
  local t = types.resolve(scope, d.spec, d.attributes)
  t = types.settle(types.declare(scope, t, d.declarator, d.attributes, scope.pointers), scope.pointers)
  if t.kind == "void" then return nil end
  if complain_of_use(scope, t, "the result of", d) then return nil end
  return {name = "return", type = t, pos = d.pos, out = true, returned = true}
end

local function gives_something(entries)
  for _, e in ipairs(entries) do
    if e.out then return true end
  end
end

local function procedure(scope, d, taken)
  local entries, seen, names = {}, {}, {}
  if taken[d.name] then scope:error(d.pos, "procedure '%s' is declared already", d.name) end
  taken[d.name] = true
  for _, p in ipairs(d.parameters) do
    entries[#entries + 1] = parameter(scope, p, seen)
    if p.name then names[p.name] = true end
  end
  entries[#entries + 1] = returned(scope, d)
  local list = counts.link(scope, entries, {"in", "out"})
  local refused = types.unsupported(scope, d.attributes)
    or list.too_many and types.refused(scope, d.pos, list.too_many) or nil
  if d.attributes.maybe and gives_something(entries) then
    scope:error(d.attributes.maybe.pos, "a maybe procedure has no results")
  end
  local proc = {name = d.name, pos = d.pos, entries = entries, list = list, refused = refused, names = names,
    statuses = {}}
  statuses.of_procedure(scope, proc, d.attributes)
  for _, p in ipairs(d.parameters) do statuses.of_parameter(scope, proc, p.name, p.attributes) end
  return proc
end

-- ---- interfaces

local function version(scope, a)
  if not a then return 0, 0 end
  local major, minor = a.args.text:match "^(%d+)%.?(%d*)$"
  major, minor = tonumber(major), tonumber(minor ~= "" and minor or 0)
  if not major or major > 0xFFFF or minor > 0xFFFF then
    scope:error(a.args.pos, "the version must be major.minor, each up to 65535")
    return 0, 0
  end
  return major, minor
end

local function pointers(scope, a)
  if not a then return "unique" end
  local class = a.args.text
  if class ~= "ref" and class ~= "unique" and class ~= "ptr" then
    scope:error(a.args.pos, "ref, unique or ptr expected, got '%s'", class)
  end
  return class
end

local x4 = "%x%x%x%x"
local UUID = ("^%s%s%%-%s%%-%s%%-%s%%-%s%s%s$"):format(x4, x4, x4, x4, x4, x4, x4, x4)

local function identity(scope, d)
  local uuid = d.attributes.uuid
  local text = uuid and (uuid.args.value or uuid.args.text):lower()
  if text and not text:match(UUID) then
    scope:error(uuid.args.pos, "a uuid expected")
  elseif not text and not d.attributes["local"] then
    scope:error(d.pos, "interface '%s' has no uuid", d.name)
  end
  return text
end

local function declaration(scope, iface, d, taken)
  if d.tag == "procedure" then
    if d.attributes["local"] or d.attributes.callback then return end
    iface.procs[#iface.procs + 1] = procedure(scope, d, taken)
  elseif declare[d.tag] then
    declare[d.tag](scope, d)
  else
    scope:error(d.pos, "an interface within an interface")
  end
end

local com_methods = {
  IUnknown = {"QueryInterface", "AddRef", "Release"},
  IDispatch = {"QueryInterface", "AddRef", "Release", "GetTypeInfoCount", "GetTypeInfo", "GetIDsOfNames", "Invoke"},
}

-- The procedures of the interface that d is based on come first.
local function inherit(scope, d, procs, taken)
  if not d.base then return end
  local base = scope.interfaces[d.base.text]
  if base then
    for i, proc in ipairs(base.procs) do procs[i], taken[proc.name] = proc, true end
  elseif com_methods[d.base.text] then
    for i, name in ipairs(com_methods[d.base.text]) do
      procs[i] = {name = name, pos = d.base.pos, entries = {}, list = {nslots = 0, checked = {}}, names = {},
        statuses = {}}
    end
  else
    scope:error(d.base.pos, "interface '%s' is not defined", d.base.text)
  end
end

local function interface(scope, d)
  local iface = {name = d.name, pos = d.pos, uuid = identity(scope, d), procs = {},
    endpoints = d.attributes.endpoint and d.attributes.endpoint.args}
  iface.major, iface.minor = version(scope, d.attributes.version)
  scope.pointers = pointers(scope, d.attributes.pointer_default)
  local taken = {}
  inherit(scope, d, iface.procs, taken)
  for _, each in ipairs(d.body) do declaration(scope, iface, each, taken) end
  if d.attributes.object then
    local why = types.refused(scope, d.pos, "COM interfaces are not supported")
    for _, p in ipairs(iface.procs) do p.refused = why end
  end
  return iface
end

-- Declarations outside of interfaces; found gets the interfaces, which is nil for those of imported files. Those in a
-- library are as good as any.
local unit
function unit(scope, declarations, found)
  local before = scope.pointers
  scope.pointers = "unique"
  for _, d in ipairs(declarations) do
    if d.tag == "library" then
      unit(scope, d.body, found)
    elseif d.tag == "interface" then
      if scope.interfaces[d.name] then scope:error(d.pos, "interface '%s' is defined already", d.name) end
      local iface = interface(scope, d)
      scope.interfaces[d.name], scope.pointers = iface, "unique"
      if found and not d.attributes["local"] then found[#found + 1] = iface end
    elseif declare[d.tag] then
      declare[d.tag](scope, d)
    else
      scope:error(d.pos, "a procedure outside of an interface")
    end
  end
  scope.pointers = before
end

function declare.forward(scope, d)
  scope.interfaces[d.name] = scope.interfaces[d.name] or false
end

declare["import"] = function(scope, d)
  for _, declarations in ipairs(d.units) do unit(scope, declarations) end
end

--- Checked interfaces, in order of appearance.
local function check(declarations, reader)
  local scope = scopes.new(reader.sources, reader.diagnostics)
  local found = {}
  scope.fill, scope.arm, scope.declare = fill, arm, declare
  function scope.read(...) return reader:text(...) end
  unit(scope, declarations, found)
  return found, scope
end

return {check = check}
