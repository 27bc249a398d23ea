-- What names mean: types, struct and enum tags, constants. A file sees the predefined types underneath its own.

local builtin = require "asyncrpc.idl.builtin"
local expression = require "asyncrpc.idl.expression"
local layout = require "asyncrpc.idl.layout"
local well_known = require "asyncrpc.idl.well_known"

local Scope = {}
local scope_mt = {__index = Scope, __name = "asyncrpc.idl.scope"}

local function new(source, diagnostics)
  return setmetatable({
    source = source,
    diagnostics = diagnostics,
    types = {},
    tags = {},
    interfaces = {}, -- false: declared, not defined
    pointers = "unique", -- the class of pointers that say nothing
    constants = {TRUE = 1, FALSE = 0},
    places = {}, -- name -> where it was defined
  }, scope_mt)
end

function Scope:error(pos, format, ...)
  self.diagnostics:error(self.source, pos, format, ...)
end

-- Notes a definition; false when the name is taken.
function Scope:claim(name, pos)
  if self.places[name] then
    local line, _, file = self.source:place(self.places[name])
    local _, _, here = self.source:place(pos)
    local place = file == here and "line " .. line or ("%s:%d"):format(file, line)
    self:error(pos, "'%s' is defined already, in %s", name, place)
    return false
  end
  self.places[name] = pos
  return true
end

-- The same meaning may be given twice, as files that know nothing of each other do.
function Scope:define_type(name, pos, t)
  if self.types[name] == t then return end
  if self:claim(name, pos) then self.types[name] = t end
end

function Scope:define_constant(name, pos, value)
  if self:claim(name, pos) then self.constants[name] = value end
end

-- Reads a definition of well_known.lua; one of the file's own may come later, and takes its place.
function Scope:well_known(name)
  local places, pointers = self.places, self.pointers
  self.places, self.pointers = {}, "unique"
  for _, d in ipairs(self.read("(built in)", well_known[name])) do self.declare[d.tag](self, d) end
  self.places, self.pointers = places, pointers
  return self.types[name]
end

local com = {IUnknown = true, IDispatch = true, IStream = true, BSTR = true, VARIANT = true}

function Scope:type(name)
  local t = self.types[name] or builtin.names[name]
  if t then return t end
  if self.interfaces[name] ~= nil or com[name] then
    return {kind = "refused", why = "COM interface pointers are not supported", where = name}
  end
  return well_known[name] and self:well_known(name) or nil
end

-- A struct's or enum's tag: the same table from the first mention on.
function Scope:tag(kind, name)
  local key = kind .. " " .. name
  local t = self.tags[key]
  if not t then
    t = {kind = kind, name = name, incomplete = true}
    self.tags[key] = t
  end
  return t
end

-- The type an expression names; nil and why not.
function Scope:type_of(name)
  if name.pointer then return {kind = "pointer"} end
  local t
  if name.words then t = builtin.base(name.words)
  elseif name.name then t = self:type(name.name)
  else
    for _, kind in ipairs {"struct", "enum", "union"} do
      if name[kind] then t = self.tags[kind .. " " .. name[kind]] end
    end
  end
  if t then return t end
  local tag = name.struct or name.enum or name.union
  return nil, ("unknown type '%s'"):format(name.name or tag or table.concat(name.words, " "))
end

-- The value of a constant expression, or nil, what is wrong with it, and where.
function Scope:try(e)
  return expression.evaluate(e, function(name) return self.constants[name] end, {
    cast = function(value, name)
      local t, why = self:type_of(name)
      if not t then return nil, why end
      return layout.convert(value, t)
    end,
    size = function(name)
      local t, why = self:type_of(name)
      if not t then return nil, why end
      return layout.size(t)
    end,
  })
end

-- The same, or nil after a complaint.
function Scope:value(e)
  local value, why, pos = self:try(e)
  if value == nil then self:error(pos, "%s", why) end
  return value
end

-- The same where only an integer in a range will do.
function Scope:integer(e, low, high, what)
  local value = self:value(e)
  if value == nil then return nil end
  local exact = math.type(value) and math.tointeger(value)
  if not exact or exact < low or exact > high then
    self:error(e.pos, "%s must be an integer from %d to %d", what, low, high)
    return nil
  end
  return exact
end

return {new = new}
