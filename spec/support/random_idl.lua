-- Random types, as the text of an interface, and random values of them: what comes back must be what went in.
--
--   local made = random_idl.new(seed)   { text, procs = { name, direction, values() -> {[parameter] = value} } }
--
-- A shape is how one member or parameter is written and what it may hold: {base, declarator, attributes, value(),
-- extra}. extra are integers that count it or discriminate it, {name, base, of(value)}; `last`: it must be the last
-- member. A named type is {name, value(), conformant, pointer}. To have another kind of type tried, add a shape.
local core = require "asyncrpc.core"

local random_idl = {}

local Maker = {}
local maker_mt = {__index = Maker}

local random = math.random

local function chance(n) return random(n) == 1 end
local function pick(list) return list[random(#list)] end

local function times(low, high, fn)
  local list = {}
  for i = 1, random(low, high) do list[i] = fn(i) end
  return list
end

-- A null where nil cannot stand.
local function held(v)
  if v == nil then return core.null end
  return v
end

-- ---- scalars

local function between(low, high)
  return function()
    if chance(6) then return pick {low, high, low <= 0 and high >= 0 and 0 or low} end
    return random(low, high)
  end
end

local texts = {byte = 1, char = 1, small = 1, wchar_t = 2} -- whose arrays are texts

local integers = {
  {"byte", 0, 255}, {"char", 0, 255}, {"small", -128, 127}, {"wchar_t", 0, 65535}, {"short", -32768, 32767},
  {"unsigned short", 0, 65535}, {"long", -2 ^ 31 | 0, 2 ^ 31 - 1 | 0}, {"unsigned long", 0, 2 ^ 32 - 1 | 0},
  {"hyper", math.mininteger, math.maxinteger}, {"unsigned hyper", math.mininteger, math.maxinteger},
  {"__int3264", -2 ^ 31 | 0, 2 ^ 31 - 1 | 0}, {"unsigned __int3264", 0, 2 ^ 32 - 1 | 0},
}

local function double()
  return pick {0.0, -0.5, 1e300, math.huge, -math.huge, random(), random(-1000, 1000) / 8}
end

local others = {
  {"float", function() return pick {0.0, 0.5, -2.25, math.huge, random(-1000, 1000) / 8} end},
  {"double", double},
  {"boolean", function() return chance(2) end},
  {"GUID", function()
    return ("%08x-%04x-%04x-%04x-%012x"):format(random(0, 2 ^ 32 - 1 | 0), random(0, 65535), random(0, 65535),
      random(0, 65535), random(0, 2 ^ 48 - 1 | 0))
  end},
}

local function scalar()
  if chance(3) then
    local s = pick(others)
    return {name = s[1], value = s[2]}
  end
  local i = pick(integers)
  return {name = i[1], value = between(i[2], i[3]), integer = i}
end

-- ---- texts

local characters = {"a", "Z", "0", " ", "\u{e9}", "\u{4e2d}", "\u{ffff}"}

-- A text of n units of UTF-16, or of bytes. Lone surrogates are among them, never two side by side.
local function units(wide, n)
  local list, left = {}, n
  while left > 0 do
    local c = wide and pick(characters) or string.char(random(1, 255))
    local two = wide and left > 1 and random(20) or 0
    if two > 17 then c = "\u{1f600}" elseif two == 1 then c = utf8.char(random(0xd800, 0xdfff)) .. "x" end
    list[#list + 1], left = c, left - ((two > 17 or two == 1) and 2 or 1)
  end
  return table.concat(list)
end

local function bytes(n)
  local list = times(n, n, function() return string.char(random(0, 255)) end)
  return table.concat(list)
end

-- n elements of an array of a named type, as a script has them.
local function elements(of, n)
  if texts[of.name] then return of.name == "wchar_t" and units(true, n) or bytes(n) end
  return times(n, n, function() return held(of.value()) end)
end

local function length(of, v)
  if of.name ~= "wchar_t" then return #v end
  local n = 0
  for _, c in utf8.codes(v, true) do n = n + (c > 0xffff and 2 or 1) end
  return n
end

-- ---- counts: how an expression over n is written, which counts it can make, and which n makes one

local counts = {
  {"size_is(%s)", function(n) return n end},
  {"size_is(%s + 1)", function(n) return n - 1 end, 1},
  {"size_is(%s - 2)", function(n) return n + 2 end},
  {"size_is(%s / 2)", function(n) return 2 * n end},
  {"max_is(%s)", function(n) return n - 1 end, 1},
  {"size_is(%s * 3)", function(n) return n // 3 end, 0, 3},
  {"size_is(%s & 15)", function(n) return n end},
  {"size_is((%s << 1) - %s)", function(n) return n end},
}

local function counter_base() return pick {"long", "unsigned long", "unsigned short", "short", "hyper", "byte"} end

-- ---- named types

function Maker:fresh(stem)
  self.serial = self.serial + 1
  return stem .. self.serial
end

function Maker:define(format, ...)
  self.lines[#self.lines + 1] = format:format(...)
end

function Maker:enum()
  local name, values, labels = self:fresh "E", {}, {}
  local at = random(-3, 3)
  for i = 1, random(1, 4) do
    labels[i], values[i] = ("%s_%d = %d"):format(name, i, at), at
    at = at + random(1, 40)
  end
  self:define("typedef %s enum { %s } %s;", chance(2) and "[v1_enum]" or "", table.concat(labels, ", "), name)
  return {name = name, value = function() return pick(values) end}
end

local function written(shape, name)
  local list = table.concat(shape.attributes or {}, ", ")
  local front = #list > 0 and ("[%s] "):format(list) or ""
  return front .. shape.base .. " " .. shape.declarator:format(name)
end

-- The texts of members, their counters at either side of them, and the names of the shapes.
function Maker:members(shapes, place)
  local list, names = {}, {}
  for _, shape in ipairs(shapes) do
    local name, extra = self:fresh "m", {}
    for i, e in ipairs(shape.extra or {}) do extra[i] = ("%s%s %s"):format(place, e.base, e.name) end
    local behind = not shape.last and chance(2)
    if behind then list[#list + 1] = place .. written(shape, name) end
    table.move(extra, 1, #extra, #list + 1, list)
    if not behind then list[#list + 1] = place .. written(shape, name) end
    names[#names + 1] = {name = name, shape = shape}
  end
  return list, names
end

-- The value of every name, those of counters among them.
local function values_of(names)
  local found = {}
  for _, n in ipairs(names) do
    local v = n.shape.value()
    found[n.name] = v
    for _, e in ipairs(n.shape.extra or {}) do found[e.name] = e.of(v) end
  end
  return found
end

function Maker:shapes(depth, low, high)
  local list = times(low, high, function() return self:shape(depth) end)
  local last
  for i = #list, 1, -1 do
    if list[i].last then last = table.remove(list, i) end
  end
  list[#list + 1] = last
  return list, last
end

function Maker:struct(depth)
  local shapes, last = self:shapes(depth - 1, 1, 4)
  local name = self:fresh "S"
  local list, names = self:members(shapes, "")
  self:define("typedef struct { %s; } %s;", table.concat(list, "; "), name)
  return {name = name, conformant = last ~= nil, value = function() return values_of(names) end}
end

-- Two full pointers, to one thing or to two.
function Maker:twins(depth)
  local name, of = self:fresh "W", self:struct(depth - 1)
  self:define("typedef struct { [ptr] %s *one; [ptr] %s *other; } %s;", of.name, of.name, name)
  return {name = name, value = function()
    local v = of.value()
    return pick {{one = v, other = v}, {one = v, other = of.value()}, {other = v}}
  end}
end

-- A list, or a tree.
function Maker:recursive(depth)
  local name, of = self:fresh "L", self:named(depth - 1, true)
  if chance(2) then
    self:define("typedef struct %s { %s v; struct %s *next; } %s;", name, of.name, name, name)
    return {name = name, value = function()
      local list
      for _ = 1, random(4) do list = {v = of.value(), next = list} end
      return list
    end}
  end
  self:define("typedef struct %s { %s v; byte n; [size_is(n)] struct %s **kids; } %s;", name, of.name, name, name)
  local function tree(levels)
    local kids = levels > 0 and times(0, 2, function() return chance(4) and core.null or tree(levels - 1) end) or nil
    return {v = of.value(), n = kids and #kids or 0, kids = kids}
  end
  return {name = name, value = function() return tree(2) end}
end

-- Arms, and how a union of them is written; values are {tag, value}.
function Maker:arms(depth, form)
  local lines, choices, label = {}, {}, 0
  for i = 1, random(1, 4) do
    local shape = chance(4) and {} or self:plain(depth)
    local labels = times(1, 2, function()
      label = label + 1
      choices[#choices + 1] = {tag = label, value = shape.value}
      return label
    end)
    lines[i] = form(labels, shape.base and written(shape, "a" .. i) or "")
  end
  if chance(2) then
    local shape = chance(3) and {} or self:plain(depth)
    lines[#lines + 1] = form(nil, shape.base and written(shape, "d") or "")
    choices[#choices + 1] = {tag = 100, value = shape.value}
  end
  return table.concat(lines, " "), function()
    local c = pick(choices)
    return {tag = c.tag, value = c.value and c.value()}
  end
end

function Maker:encapsulated(depth)
  local name, base = self:fresh "U", pick {"short", "long", "byte", "unsigned hyper"}
  local arms, value = self:arms(depth - 1, function(labels, text)
    if not labels then return ("default: %s;"):format(text) end
    return ("case %s: %s;"):format(table.concat(labels, ": case "), text)
  end)
  self:define("typedef union switch (%s k) { %s } %s;", base, arms, name)
  return {name = name, value = value}
end

function Maker:pointer(depth)
  local name, of = self:fresh "P", self:named(depth - 1)
  if of.pointer then of = scalar() end -- a null two pointers away cannot be said
  self:define("typedef %s *%s;", of.name, name)
  return {name = name, pointer = true, value = function()
    if chance(4) then return nil end
    return of.value()
  end}
end

function Maker:string_type()
  local name, wide = self:fresh "T", chance(2)
  self:define("typedef [string] %s *%s;", wide and "wchar_t" or "char", name)
  return {name = name, pointer = true, value = function()
    if chance(4) then return nil end
    return units(wide, random(0, 6))
  end}
end

-- flat: it is to stand by value where a conformant struct cannot.
function Maker:named(depth, flat)
  if #self.known > 0 and chance(4) then
    local t = pick(self.known)
    if not (flat and t.conformant) then return t end
  end
  if depth <= 0 or chance(2) then return chance(5) and self:enum() or scalar() end
  local made = pick {Maker.struct, Maker.struct, Maker.recursive, Maker.twins, Maker.encapsulated, Maker.pointer,
    Maker.string_type}
  local t = made(self, depth)
  self.known[#self.known + 1] = t
  if flat and t.conformant then return scalar() end
  return t
end

-- ---- shapes

local shapes = {}

function shapes.plain(g, depth)
  local of = g:named(depth, true)
  return {base = of.name, declarator = "%s", attributes = {of.pointer and "unique"}, value = of.value}
end

function shapes.ranged()
  local low = random(-100, 100)
  local high = low + random(0, 50)
  return {base = "long", declarator = "%s", attributes = {("range(%d, %d)"):format(low, high)},
    value = between(low, high)}
end

function shapes.pointer(g, depth)
  local of, ref = g:named(depth), chance(3)
  if of.pointer then ref = false end
  return {base = of.name, declarator = "*%s", attributes = {ref and "ref" or "unique"}, value = function()
    if not ref and chance(4) then return nil end
    local v = of.value()
    if of.pointer then return held(v) end
    return v
  end}
end

function shapes.full_pointer(g, depth)
  local of = g:named(depth)
  if of.pointer then of = scalar() end
  return {base = of.name, declarator = "*%s", attributes = {"ptr"}, value = function()
    if chance(4) then return nil end
    return of.value()
  end}
end

function shapes.fixed_string()
  local wide, n = chance(2), random(1, 9)
  return {base = wide and "wchar_t" or "char", declarator = "%s[" .. n .. "]", attributes = {"string"},
    value = function() return units(wide, random(0, n - 1)) end}
end

function shapes.string()
  local wide = chance(2)
  return {base = wide and "wchar_t" or "char", declarator = "*%s", attributes = {"unique", "string"}, value = function()
    if chance(4) then return nil end
    return units(wide, random(0, 9))
  end}
end

function shapes.fixed_array(g, depth)
  local of, n = g:named(depth, true), random(1, 4)
  return {base = of.name, declarator = "%s[" .. n .. "]", value = function() return elements(of, n) end}
end

function shapes.varying_array(g, depth)
  local of, n, name = g:named(depth, true), random(1, 4), g:fresh "c"
  return {base = of.name, declarator = "%s[" .. n .. "]", attributes = {("length_is(%s)"):format(name)},
    value = function() return elements(of, random(0, n)) end,
    extra = {{name = name, base = counter_base(), of = function(v) return length(of, v) end}}}
end

local function counted(g, of, declarator)
  local name, how = g:fresh "c", pick(counts)
  return {base = of.name, declarator = declarator, attributes = {(how[1]:gsub("%%s", name))},
    value = function() return elements(of, random(how[3] or 0, 2) * (how[4] or 1)) end,
    extra = {{name = name, base = counter_base(), of = function(v) return how[2](v and length(of, v) or 0) end}}}
end

function shapes.counted_array(g, depth)
  return counted(g, g:named(depth, true), "*%s")
end

function shapes.tail(g, depth)
  local shape = counted(g, g:named(depth, true), "%s[]")
  shape.last = true
  return shape
end

local function rows(of, n, m)
  return times(n, n, function() return elements(of, m) end)
end

function shapes.table_of_constants(g, depth)
  local of, n, m = g:named(depth, true), random(1, 3), random(1, 3)
  return {base = of.name, declarator = ("%%s[%d][%d]"):format(n, m), value = function() return rows(of, n, m) end}
end

function shapes.grid(g, depth)
  local of, n, m = g:named(depth, true), g:fresh "c", g:fresh "c"
  return {base = of.name, declarator = "%s[][]", attributes = {("size_is(%s, %s + 1)"):format(n, m)}, last = true,
    value = function() return rows(of, random(1, 3), random(1, 3)) end,
    extra = {{name = n, base = counter_base(), of = function(v) return #v end},
      {name = m, base = counter_base(), of = function(v) return length(of, v[1]) - 1 end}}}
end

function shapes.part(g, depth)
  local of, n, first = g:named(depth, true), g:fresh "c", g:fresh "c"
  local most, from = random(1, 4), random(0, 1)
  return {base = of.name, declarator = ("%%s[%d]"):format(most),
    attributes = {("first_is(%s), length_is(%s)"):format(first, n)},
    value = function() return elements(of, random(0, most - from)) end,
    extra = {{name = n, base = counter_base(), of = function(v) return length(of, v) end},
      {name = first, base = counter_base(), of = function() return from end}}}
end

function shapes.partly_filled(g, depth)
  local of, size, used = g:named(depth, true), g:fresh "c", g:fresh "c"
  local spare = random(0, 3)
  return {base = of.name, declarator = "*%s",
    attributes = {("size_is(%s)"):format(size), ("length_is(%s)"):format(used)},
    value = function() return elements(of, random(0, 3)) end,
    extra = {{name = size, base = "long", of = function(v) return length(of, v) + spare end},
      {name = used, base = counter_base(), of = function(v) return length(of, v) end}}}
end

function shapes.switched(g, depth)
  local name, key, base = g:fresh "U", g:fresh "k", pick {"short", "long", "byte", "hyper"}
  local arms, value = g:arms(depth - 1, function(labels, text)
    if not labels then return ("[default] %s;"):format(text) end
    return ("[case(%s)] %s;"):format(table.concat(labels, ", "), text)
  end)
  g:define("typedef [switch_type(%s)%s] union { %s } %s;", base, chance(3) and ", ms_union" or "", arms, name)
  return {base = name, declarator = "%s", attributes = {("switch_is(%s)"):format(key)}, value = value,
    extra = {{name = key, base = base, of = function(v) return v.tag end}}}
end

local every = {shapes.plain, shapes.ranged, shapes.pointer, shapes.fixed_string, shapes.string, shapes.fixed_array,
  shapes.varying_array, shapes.counted_array, shapes.tail, shapes.partly_filled, shapes.switched,
  shapes.full_pointer, shapes.table_of_constants, shapes.grid, shapes.part}
local simple = {shapes.plain, shapes.plain, shapes.pointer, shapes.string, shapes.fixed_array, shapes.ranged}

function Maker:shape(depth) return pick(every)(self, depth) end
-- One that needs nothing beside it.
function Maker:plain(depth) return pick(simple)(self, depth) end

-- ---- procedures: one that takes all sorts of parameters, one that gives a struct back

function Maker:taking()
  local list, names = self:members(self:shapes(3, 1, 3), "[in] ")
  self:define("void Take(%s);", table.concat(list, ", "))
  return {name = "Take", direction = "in", values = function() return values_of(names) end}
end

function Maker:giving()
  local of = self:struct(3)
  self:define("%s Give([out] %s *result);", "long", of.name)
  return {name = "Give", direction = "out", values = function()
    return {["return"] = random(-5, 5), result = of.value()}
  end}
end

function random_idl.new(seed)
  math.randomseed(seed)
  local g = setmetatable({lines = {}, serial = 0, known = {}}, maker_mt)
  local procs = {g:taking(), g:giving()}
  return {text = table.concat(g.lines, "\n"), procs = procs}
end

return random_idl
