-- How a C compiler lays types out in memory, for sizeof; and what becomes of a number in an integer type.

local layout = {}

local size

local function struct(t)
  if t.incomplete or t.filling then return nil, "the type is not defined to its end" end
  local at, most = 0, 1
  for _, m in ipairs(t.members) do
    local bytes, align = size(m.type)
    if not bytes then return nil, align end
    at = (at + align - 1) // align * align + bytes
    most = math.max(most, align)
  end
  return (at + most - 1) // most * most, most
end

-- The arms lie on each other; behind the tag, where there is one.
local function union(t)
  t = t.definition or t
  if t.incomplete or t.filling then return nil, "the type is not defined to its end" end
  local most, widest, tag = 0, 1, 0
  for _, m in ipairs(t.members) do
    local bytes, align = 0, 1
    if m.type then bytes, align = size(m.type) end
    if not bytes then return nil, align end
    most, widest = math.max(most, bytes), math.max(widest, align)
  end
  if t.encapsulated then
    local bytes, align = size(t.switch)
    if not bytes then return nil, align end
    tag = (bytes + widest - 1) // widest * widest
    widest = math.max(widest, align)
  end
  return (tag + most + widest - 1) // widest * widest, widest
end

local function many(bytes, align, t)
  if not bytes then return nil, align end
  if not t.count or t.conformant then return nil, "the size is not known before the call" end
  return bytes * t.count, align
end

local sizes = {
  int = function(t)
    if t.size64 and t.size64 ~= t.size then return nil, "the size depends on the machine" end
    return t.size, t.size
  end,
  float = function(t) return t.size, t.size end,
  bool = function() return 1, 1 end,
  enum = function() return 4, 4 end,
  uuid = function() return 16, 4 end,
  pointer = function() return nil, "the size of a pointer depends on the machine" end,
  text = function(t) return many(t.wide and 2 or 1, t.wide and 2 or 1, t) end,
  array = function(t)
    local bytes, align = size(t.of)
    return many(bytes, align, t)
  end,
  struct = struct,
  union = union,
}

-- Bytes and alignment of a type, or nil and why that is not known.
function size(t)
  local fn = sizes[t.kind]
  if not fn then return nil, "the type has no size" end
  return fn(t)
end

layout.size = size

--- A constant's value in a type.
function layout.convert(value, t)
  if type(value) ~= "number" then return value end
  if t.kind == "float" then return value + 0.0 end
  if t.kind ~= "int" then return value end
  if math.type(value) == "float" then
    value = math.tointeger(value >= 0 and math.floor(value) or math.ceil(value))
    if not value then return nil, "the value is too large" end
  end
  if t.size == 8 then return value end
  local bits = t.size * 8
  value = value & ((1 << bits) - 1)
  if t.signed and value >> (bits - 1) == 1 then value = value - (1 << bits) end
  return value
end

return layout
