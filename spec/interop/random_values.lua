-- Random values for the types of a loaded interface, and how what a peer calls the same value compares.
--
-- Both walk the compiler's description. A value is what a script gives; a peer's is a list of the values of a
-- struct's members or a procedure's parameters, counts and tags included, and an arm without its tag.
local stubs = require "spec.support.stubs"

local random_values = {}

local Maker = {}
Maker.__index = Maker

local DEEPEST, TRIES = 12, 200

-- options.structs[name]() makes values of that struct instead; options.cases[name] are the only tags of that
-- union; options.values[name]() gives the values of members and parameters of that name, or "struct.member".
function random_values.new(description, options)
  return setmetatable({types = description.types, options = options or {}}, Maker)
end

-- ---- numbers and texts

local function integer(t)
  local size = t.size64 and math.min(t.size, t.size64) or t.size
  local bits = 8 * size
  local pick = math.random(6)
  local value = pick == 1 and 0 or pick == 2 and -1 or pick == 3 and math.random(0, 255) or math.random(0)
  if t.ranged then return math.random(t.low, math.min(t.high, t.low + 300)) end
  if bits == 64 then return value end
  value = value & ((1 << bits) - 1)
  return t.signed and value >= 1 << (bits - 1) and value - (1 << bits) or value
end

local wide = {{0x20, 0x7e}, {0xa1, 0x17f}, {0x400, 0x4ff}, {0x4e00, 0x4fff}}

-- A text of n units: none is a null or half of a pair.
function random_values.text(n, is_wide)
  local units = {}
  while n > 0 do
    local pair = is_wide and n >= 2 and math.random(8) == 1
    local range = pair and {0x10000, 0x1f600} or is_wide and wide[math.random(#wide)] or wide[1]
    units[#units + 1] = utf8.char(math.random(range[1], range[2]))
    n = n - (pair and 2 or 1)
  end
  return table.concat(units)
end

local function bytes(n)
  local list = {}
  for i = 1, n do list[i] = string.char(math.random(0, 255)) end
  return table.concat(list)
end

local function uuid()
  local x = stubs.hex(bytes(16))
  return ("%s-%s-%s-%s-%s"):format(x:sub(1, 8), x:sub(9, 12), x:sub(13, 16), x:sub(17, 20), x:sub(21))
end

-- ---- sizes

local binary = {
  ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a // b end,
  ["%"] = function(a, b) return a % b end, ["&"] = function(a, b) return a & b end,
}

local function evaluate(ops, slots)
  local stack, i = {}, 1
  local function pop() return table.remove(stack) end
  while i <= #ops do
    local op = ops[i]
    if op == "slot" then i = i + 1; stack[#stack + 1] = slots[ops[i]] or 0
    elseif op == "const" then i = i + 1; stack[#stack + 1] = ops[i]
    elseif op == "?:" then
      local c, b, a = pop(), pop(), pop()
      stack[#stack + 1] = a ~= 0 and b or c
    else
      local b, a = pop(), pop()
      stack[#stack + 1] = assert(binary[op], op)(a, b)
    end
    i = i + 1
  end
  return stack[1]
end

-- Why a list is made anew: sizes that no value has.
local again = {}

local function units_of(t, slots)
  local maximum = t.maximum and evaluate(t.maximum, slots) or t.count
  if t.string then
    local most = math.min(maximum and maximum - 1 or 12, 12)
    return most < 0 and error(again) or math.random(0, most)
  end
  local actual = t.actual and evaluate(t.actual, slots) or maximum or math.random(0, 4)
  if actual < 0 or maximum and actual > maximum or actual > 1 << 16 then error(again) end
  return actual
end

-- ---- values

local makers = {}

function Maker:value(number, slots, depth)
  local t = self.types[number]
  if depth > 40 then error "the type has no end" end
  return makers[t.kind](self, t, slots, depth + 1)
end

function makers.int(_, t) return integer(t) end
function makers.bool() return math.random(2) == 1 end
function makers.enum(_, t) return t.labels[math.random(#t.labels)].value end
function makers.float() return math.random(-1000, 1000) / 8 end
function makers.uuid() return uuid() end

function makers.text(_, t, slots)
  local n = units_of(t, slots)
  local is_text = t.string or t.wide
  if not is_text then return bytes(n) end
  return random_values.text(n, t.wide)
end

function makers.array(self, t, slots, depth)
  local list, of = {}, self.types[t.of]
  for i = 1, units_of(t, slots) do
    local value = self:value(t.of, slots, depth)
    if value == nil and of.kind == "pointer" then value = stubs.null end
    list[i] = value
  end
  return list
end

-- What counts stand for is there; without a count it may be missing.
local function is_counted(self, t, slots)
  local of = self.types[t.of]
  return (of.kind == "array" or of.kind == "text") and of.maximum and not of.string and units_of(of, slots) > 0
end

function makers.pointer(self, t, slots, depth)
  if t.ref or is_counted(self, t, slots) then return self:value(t.of, slots, depth) end
  if depth > DEEPEST or math.random(4) == 1 then return nil end
  return self:value(t.of, slots, depth)
end

function makers.union(self, t, slots, depth)
  local tag = t.maximum and evaluate(t.maximum, slots) or self:tag(t)
  local arm = t.otherwise
  for i = 1, #t.cases, 2 do
    if t.cases[i] == tag then arm = t.cases[i + 1] end
  end
  if not arm then error(again) end
  local of = t.arms[arm].type
  return {tag = tag, value = of and self:value(of, slots, depth)}
end

function makers.struct(self, t, _, depth)
  local made = self.options.structs and self.options.structs[t.name]
  if made then return made() end
  local all = self:list(t, {}, depth)
  local value = {}
  for i, m in ipairs(t.members) do value[m.name] = all[i] end
  return value
end

-- ---- lists: first the numbers that sizes depend on, then the rest

function Maker:tag(t)
  local tags = self.options.cases and self.options.cases[t.name]
  if tags then return tags[math.random(#tags)] end
  return t.cases[2 * math.random(#t.cases // 2) - 1]
end

-- The union of a list whose tag that slot is.
function Maker:union_of(list, slot)
  for _, number in ipairs(list.checked) do
    local t = self.types[number]
    if t.kind == "union" and t.maximum and t.maximum[1] == "slot" and t.maximum[2] == slot then return t end
  end
end

local function counted(m)
  local count = math.random(0, 5)
  if not m.counts then return count end
  local n = count - m.add
  if n < 0 or n % m.mul ~= 0 then error(again) end
  return n // m.mul * m.div
end

-- What the options have for a member, by its name or by "struct.member".
function Maker:given(list, m)
  local values = self.options.values
  return values and (list.name and values[list.name .. "." .. m.name] or values[m.name])
end

function Maker:slot(list, m)
  local t, may_miss = self.types[m.type], false
  while t.kind == "pointer" do
    may_miss = may_miss or not t.ref
    t = self.types[t.of]
  end
  local union = self:union_of(list, m.slot)
  local given = self:given(list, m)
  if may_miss and not given and not m.hidden and math.random(4) == 1 then return nil, 0 end
  local value = given and given() or union and self:tag(union) or counted(m)
  if t.ranged and (value < t.low or value > t.high) then error(again) end
  return value, value
end

function Maker:try(list, slots, depth)
  local all, local_slots = {}, setmetatable({}, {__index = slots})
  for i, m in ipairs(list.members) do
    if m.slot then all[i], local_slots[m.slot] = self:slot(list, m) end
  end
  for i, m in ipairs(list.members) do
    local given = self:given(list, m)
    if not m.slot and given then all[i] = given()
    elseif not m.slot then all[i] = self:value(m.type, local_slots, depth) end
  end
  return all, local_slots
end

-- The values of a list's members, and its slots.
function Maker:list(list, slots, depth)
  for _ = 1, TRIES do
    local ok, all, local_slots = pcall(self.try, self, list, slots, depth or 0)
    if ok then return all, local_slots end
    if all ~= again then error(all, 0) end
  end
  error("no values fit the sizes", 0)
end

-- ---- comparison

local agree

local function differ(path, mine, theirs)
  error(("%s: %s here, %s there"):format(path, tostring(mine), tostring(theirs)), 0)
end

local function same_number(t, mine, theirs, path)
  if mine == true or mine == false then mine = mine and 1 or 0 end
  local bits = 8 * math.max(t.size, t.size64 or 0)
  local mask = bits == 64 and -1 or (1 << bits) - 1
  if math.type(theirs) ~= "integer" or mine & mask ~= theirs & mask then differ(path, mine, theirs) end
end

local comparers = {int = same_number, bool = same_number, enum = same_number}

function comparers.uuid(_, mine, theirs, path)
  if mine ~= theirs then differ(path, mine, theirs) end
end

local function from_utf16(units)
  local list, i = {}, 1
  while i <= #units do
    local code = units[i]
    if code >= 0xD800 and code < 0xDC00 then
      i = i + 1
      code = 0x10000 + ((code & 0x3FF) << 10) + (units[i] & 0x3FF)
    end
    list[#list + 1] = utf8.char(code)
    i = i + 1
  end
  return table.concat(list)
end

-- Bytes, and the units of a text, may be a list of numbers there, and a text may be alone in a struct.
function comparers.text(t, mine, theirs, path)
  if type(theirs) == "table" and #theirs == 1 and type(theirs[1]) == "string" then
    theirs = theirs[1]
  elseif type(theirs) == "table" then
    theirs = t.wide and from_utf16(theirs) or string.char(table.unpack(theirs))
  end
  if mine ~= theirs then differ(path, ("%q"):format(mine), ("%q"):format(tostring(theirs))) end
end

function comparers.array(t, mine, theirs, path, context)
  if type(theirs) ~= "table" or #mine ~= #theirs then differ(path, #mine .. " elements", theirs) end
  for i = 1, #mine do
    local value = mine[i] ~= stubs.null and mine[i] or nil
    agree(context, t.of, value, theirs[i], ("%s[%d]"):format(path, i))
  end
end

function comparers.pointer(t, mine, theirs, path, context)
  if mine == nil and type(theirs) == "table" and #theirs == 1 then theirs = theirs[1] end
  if mine == nil then return theirs ~= context.null and differ(path, mine, theirs) end
  agree(context, t.of, mine, theirs, path)
end

function comparers.union(t, mine, theirs, path, context)
  local arm = t.otherwise
  for i = 1, #t.cases, 2 do
    if t.cases[i] == mine.tag then arm = t.cases[i + 1] end
  end
  local of = t.arms[arm].type
  if of then agree(context, of, mine.value, theirs, path .. "." .. mine.tag) end
end

-- How many members of the outer struct a member is there, if that is a struct they do not have.
local function inlined(context, m)
  local t = context.types[m.type]
  return t.kind == "struct" and context.inlined and context.inlined[t.name] and #t.members
end

local function places_of(context, t)
  local n = 0
  for _, m in ipairs(t.members) do n = n + (inlined(context, m) or 1) end
  return n
end

function comparers.struct(t, mine, theirs, path, context)
  local compare = context.compare and context.compare[t.name]
  if compare then return compare(mine, theirs, path, differ) end
  local places = places_of(context, t)
  if type(theirs) ~= "table" or #theirs ~= places then
    -- A struct of one member may be that member there.
    if places == 1 then theirs = {theirs} else differ(path, places .. " members", theirs) end
  end
  local place = 1
  for _, m in ipairs(t.members) do
    local within = inlined(context, m)
    local value = within and table.move(theirs, place, place + within - 1, 1, {}) or theirs[place]
    agree(context, m.type, mine[m.name], value, path .. "." .. m.name)
    place = place + (within or 1)
  end
end

function agree(context, number, mine, theirs, path)
  local t = context.types[number]
  if mine == nil and t.kind ~= "pointer" then differ(path, mine, theirs) end
  comparers[t.kind](t, mine, theirs, path, context)
end

-- Raises where a list's values are not what the peer says. context: {types, null, compare, inlined}: compare[name]
-- compares structs of that name, inlined[name] tells that their members are the outer struct's there.
function random_values.agree(context, list, mine, theirs, path)
  if #theirs ~= #list.members then differ(path, #list.members .. " parameters", #theirs) end
  for i, m in ipairs(list.members) do agree(context, m.type, mine[i], theirs[i], path .. "." .. m.name) end
end

function random_values.agree_type(context, number, mine, theirs, path)
  agree(context, number, mine, theirs, path)
end

return random_values
