-- Specs and declarators -> types.
--
-- A type is {kind, ...}: int, bool, float, enum, uuid, struct, pointer, array, text as the core knows them;
-- void and handle; refused, with `why`. A pointer's class is nil until its place decides. Arrays and texts
-- carry their size expressions as trees until their list is known (counts.lua). A union's arms stand in what
-- its definition gives; each use with a switch_is is a type of its own, which has that as `definition`.

local builtin = require "asyncrpc.idl.builtin"
local sizes = require "asyncrpc.idl.sizes"
local unions = require "asyncrpc.idl.unions"

local resolve -- spec -> type

local function refused(scope, pos, why)
  return {kind = "refused", why = why, pos = pos, where = scope.source:where(pos)}
end

local function not_yet(scope, pos, what)
  local are = what:match "s$" and not what:match "_is$" and not what:match "status$"
  return refused(scope, pos, ("%s %s not supported yet"):format(what, are and "are" or "is"))
end

-- The first attribute that cannot be honoured yet, as a refused type.
local function unsupported(scope, attributes)
  for _, a in ipairs(attributes or {}) do
    if a.unsupported then return not_yet(scope, a.pos, a.unsupported) end
  end
end

-- ---- specs

local function enum_values(scope, spec)
  local labels, value = {}, -1
  for _, l in ipairs(spec.labels) do
    value = value + 1
    if l.value then value = scope:integer(l.value, -0x80000000, 0xFFFFFFFF, "an enumeration value") or value end
    if value > 0x7FFFFFFF then value = value - 0x100000000 end
    labels[#labels + 1] = {name = l.name, value = value}
    scope:define_constant(l.name, l.pos, value)
  end
  return labels
end

local function define(scope, spec, t)
  if not t.incomplete then
    scope:error(spec.pos, "%s '%s' is defined already", spec.tag, spec.name)
  end
  t.incomplete = nil
end

local function enum(scope, spec, attributes)
  local t = spec.name and scope:tag("enum", spec.name) or {kind = "enum", incomplete = true}
  t.size64, t.signed = 4, true
  t.size = t.size or 2
  if attributes and attributes.v1_enum then t.size = 4 end
  if not spec.labels then return t end
  define(scope, spec, t)
  t.labels = enum_values(scope, spec)
  return t
end

local function struct(scope, spec)
  local t = spec.name and scope:tag("struct", spec.name) or {kind = "struct", incomplete = true}
  if not spec.members then return t end
  define(scope, spec, t)
  t.filling, t.members = true, {}
  scope.fill(scope, t, spec)
  t.filling = nil
  return t
end

local function base(scope, spec)
  local t = builtin.base(spec.words)
  if t then return t end
  scope:error(spec.pos, "'%s' is no type", table.concat(spec.words, " "))
  return refused(scope, spec.pos, "a type is wrong")
end

local function named(scope, spec)
  local t = scope:type(spec.name)
  if t then return t end
  scope:error(spec.pos, "unknown type '%s'", spec.name)
  return refused(scope, spec.pos, "a type is unknown")
end

-- Whether all values of t have one size on the wire, and nothing outside of it.
local function is_fixed(t)
  if t.kind == "struct" and t.members and not t.filling then
    for _, m in ipairs(t.members) do
      if not is_fixed(m.type) then return false end
    end
    return true
  elseif t.kind == "array" or t.kind == "text" then
    return not (t.conformant or t.varying or t.grid) and (t.kind == "text" or is_fixed(t.of))
  end
  return t.kind == "int" or t.kind == "bool" or t.kind == "enum" and not t.incomplete or t.kind == "float"
    or t.kind == "uuid" or t.kind == "refused"
end

local function pipe(scope, spec)
  local of = resolve(scope, spec.of)
  if of.kind == "refused" then return of end
  if not is_fixed(of) then
    scope:error(spec.of.pos, "a pipe's elements must have a fixed size, without pointers")
    return refused(scope, spec.pos, "a pipe is wrong")
  end
  return {kind = "pipe", of = of, pos = spec.pos, where = scope.source:where(spec.pos)}
end

local specs = {
  base = base,
  named = named,
  enum = enum,
  struct = struct,
  union = function(scope, spec, attributes) return unions.define(scope, spec, attributes, resolve) end,
  pipe = function(scope, spec) return pipe(scope, spec) end,
  com = function(scope, spec) return refused(scope, spec.pos, "COM interface pointers are not supported") end,
}

function resolve(scope, spec, attributes)
  local t = specs[spec.tag](scope, spec, attributes)
  return unsupported(scope, attributes) or t
end

-- ---- declarators

local function copy(t, changes)
  local c = {}
  for k, v in pairs(t) do c[k] = v end
  for k, v in pairs(changes) do c[k] = v end
  return c
end

local function pointer_class(attributes)
  return attributes.ref and "ref" or attributes.unique and "unique" or attributes.ptr and "ptr" or nil
end

local function is_text(t, string)
  if t.kind ~= "int" then return false end
  return t.char or t.wide or (string and t.size <= 2 and not t.size64)
end

local DIMENSIONS = 8 -- of the core

local function is_array(t)
  return t.kind == "array" or t.kind == "text"
end

-- Whether a value of t has a maximum count in front of it.
local function conforms(t)
  return t.conformant or t.kind == "array" and is_array(t.of) and conforms(t.of) or nil
end

local function dimensions(t)
  return t.kind == "array" and 1 + dimensions(t.of) or t.kind == "text" and 1 or 0
end

-- Whether an array of t, or one with such an offset, is a grid: the counts of all dimensions come first.
local function is_grid(scope, t, f, pos)
  if not (f.first or is_array(t) and (t.grid or t.conformant or t.varying and not t.string)) then return nil end
  if dimensions(t) >= DIMENSIONS then scope:error(pos, "an array of more than %d dimensions", DIMENSIONS) end
  if t.string and t.conformant and not t.maximum then scope:error(pos, "size_is is missing for the strings") end
  return true
end

-- An array of t: texts where elements are bytes or characters. f: {count, conformant, maximum, actual, first, string}
local function array(scope, t, f, pos)
  if t.kind == "refused" then return t end
  if t.kind == "void" or t.kind == "handle" or t.kind == "pipe" then
    scope:error(pos, "an array of %s", t.name or "pipes")
    return refused(scope, pos, "an array is wrong")
  end
  if t.conformant and t.kind == "struct" then
    scope:error(pos, "an array of conformant structs")
    return refused(scope, pos, "an array is wrong")
  end
  local varying = f.actual ~= nil or f.string
  local made = {count = f.count, conformant = f.conformant, varying = varying or nil, maximum = f.maximum,
    actual = f.actual, first = f.first, grid = is_grid(scope, t, f, pos), pos = pos}
  if is_text(t, f.string) then
    made.kind, made.string, made.wide = "text", f.string, t.size == 2 or nil
    return made
  end
  if f.string then
    scope:error(pos, "[string] is for char, byte and wchar_t")
    return refused(scope, pos, "a string is wrong")
  end
  made.kind, made.of = "array", t
  return made
end

local function array_level(scope, t, level, size, string)
  local count = level.size and (scope:integer(level.size, 1, 0x7FFFFFFF, "the size of an array") or 1) or nil
  local f = sizes.trees(size, count)
  f.count, f.string, f.conformant = count, string, not count or nil
  if count and f.maximum then
    scope:error(f.maximum.pos, "the array has a fixed size already")
    f.maximum = nil
  elseif not count and not f.maximum and not string then
    scope:error(level.pos, "size_is or a size is missing")
  end
  return array(scope, t, f, level.pos)
end

local function pointer_level(scope, t, level, size, string)
  if size or string then
    local f = sizes.trees(size)
    f.conformant, f.string = true, string
    t = array(scope, t, f, level.pos)
  end
  if t.kind == "refused" then return t end
  if t.kind == "void" then return refused(scope, level.pos, "void pointers are not supported") end
  return {kind = "pointer", of = t, class = level.class, pos = level.pos}
end

-- Levels that attributes speak of may be hidden in a typedef: `typedef char *T; [string] T t`.
local function unfold(t, levels, wanted)
  local all = {table.unpack(levels)}
  while #all < wanted and t.kind == "pointer" do
    all[#all + 1] = {tag = "pointer", pos = t.pos, class = t.class}
    t = t.of
  end
  return t, all
end

local function wanted_levels(found, attributes)
  local wanted = attributes.string and 1 or 0
  for i in pairs(found) do wanted = math.max(wanted, i) end
  return wanted
end

-- A context handle is a pointer, though none of its levels is left.
local function complain_of_level(scope, d, t, attributes, found, levels)
  for i, f in pairs(found) do
    if i > levels then scope:error(f.pos, "a size for what is neither array nor pointer") end
  end
  if attributes.string and levels == 0 then
    scope:error(attributes.string.pos, "[string] is for arrays and pointers")
  elseif pointer_class(attributes) and levels == 0 and t.kind ~= "context" then
    scope:error(d.pos, "ref, unique and ptr are for pointers")
  end
end

-- The same type with a class for its outermost pointer, if that has none.
local function settle(t, class)
  if t.kind == "pointer" and not t.class then return copy(t, {class = class}) end
  return t
end

-- t with the range of an integer, or of the counts of a conformant array, however many pointers away.
local function ranged(scope, t, a, range)
  if t.kind == "refused" then return t end
  local inside = t.kind == "pointer" or t.kind == "array" and not t.conformant
  if inside then return copy(t, {of = ranged(scope, t.of, a, range)}) end
  if t.kind ~= "int" and t.kind ~= "enum" and t.kind ~= "pipe" and not t.conformant then
    scope:error(a.pos, "range is for integers and for arrays of no fixed size")
  end
  return copy(t, {ranged = true, low = range[1], high = range[2]})
end

local function with_range(scope, t, a)
  local range = {}
  for i = 1, 2 do
    local e = a.args[i]
    range[i] = e and scope:integer(e, math.mininteger, math.maxinteger, "a range")
  end
  if #a.args == 2 and range[1] and range[2] and range[1] <= range[2] then return ranged(scope, t, a, range) end
  scope:error(a.pos, "a range must be (lowest, highest)")
  return t
end

-- What [context_handle] makes of a type and its declarator: the pointer nearest to the type is the handle.
local function context(scope, t, d)
  if t.kind == "context" then return t, d.levels end
  local levels = {table.unpack(d.levels)}
  local last = levels[#levels]
  if last and last.tag == "pointer" and (t.kind ~= "pointer" and t.kind ~= "refused") then
    levels[#levels] = nil
  elseif t.kind ~= "pointer" and t.kind ~= "refused" then
    scope:error(d.pos, "context_handle is for pointers")
  end
  return {kind = "context"}, levels
end

local function is_context(attributes)
  return attributes.context_handle or attributes.context_handle_noserialize or attributes.context_handle_serialize
end

-- A pointer to a string as one to its characters, for a size that its declarator gives: `[size_is(n)] LPSTR t`.
local function unsized(t)
  return copy(t, {of = builtin.base {t.of.wide and "wchar_t" or "char"}})
end

-- The type a declarator gives to a name. inner is the class of pointers behind the first level.
local function declare(scope, t, d, attributes, inner)
  local found = sizes.read(scope, attributes)
  if attributes.switch_is then t = unions.use(scope, t, attributes) end
  local levels = d.levels
  if is_context(attributes) then t, levels = context(scope, t, d) end
  local own = t
  local is_string_type = own.kind == "pointer" and own.of.kind == "text" and own.of.string
  local resized = is_string_type and #levels == 0 and found[1]
  if resized then t = unsized(own) end
  t, levels = unfold(t, levels, wanted_levels(found, attributes))
  local string = attributes.string and not is_string_type or resized
  if #levels > 0 or not (own.kind == "pointer" or own.kind == "text" or own.kind == "refused") then
    complain_of_level(scope, d, own, attributes, found, #levels)
  end
  for i = #levels, 1, -1 do
    local level, size = levels[i], found[i]
    if level.tag == "function" then return refused(scope, level.pos, "pointers to functions are not supported") end
    t = settle(t, inner)
    local last = i == #levels and string and true or nil
    if level.tag == "array" then t = array_level(scope, t, level, size, last)
    else t = pointer_level(scope, t, level, size, last) end
  end
  local class = pointer_class(attributes)
  if class and t.kind == "pointer" then t = copy(t, {class = class}) end
  if attributes.ignore then return {kind = "ignored", pos = d.pos} end
  if attributes.range then t = with_range(scope, t, attributes.range) end
  return t
end

return {resolve = resolve, declare = declare, settle = settle, refused = refused, not_yet = not_yet,
  unsupported = unsupported, copy = copy, conforms = conforms}
