-- NDR a second time, written from the rules alone and with no thought of speed: what bytes a value of a described type
-- (iface.described) makes. For what the engine itself never says, big endian, and as a second opinion on the rest.
--
--   model.encode(iface.described, number, value, {big = , ndr64 = }) -> bytes, a writer to go on with
local core = require "asyncrpc.core"

local model = {}

local Writer = {}
local writer_mt = {__index = Writer}

function Writer:put(bytes)
  self.parts[#self.parts + 1] = bytes
  self.at = self.at + #bytes
end

function Writer:align(n) self:put(("\0"):rep(-self.at % n)) end

function Writer:integer(size, v)
  self:align(size)
  if size < 8 then v = v & (1 << 8 * size) - 1 end
  self:put((self.order .. "I" .. size):pack(v))
end

function Writer:word(v) self:integer(self.ndr64 and 8 or 4, v) end

-- ---- what types are like

local function size_of(w, t) return w.ndr64 and t.size64 or t.size end

local align_of
local aligns = {
  uuid = function() return 4 end,
  pointer = function(w) return w.ndr64 and 8 or 4 end,
  text = function(_, t) return t.wide and 2 or 1 end,
  array = function(w, t) return align_of(w, t.of) end,
  grid = function(w, t) return align_of(w, t.of) end,
  struct = function(w, t)
    local most = 1
    for _, m in ipairs(t.members) do most = math.max(most, align_of(w, m.type)) end
    return most
  end,
  union = function(w, t)
    local most = align_of(w, t.of)
    for _, arm in ipairs(t.arms) do most = math.max(most, arm.type and align_of(w, arm.type) or 1) end
    return most
  end,
}

function align_of(w, number)
  local t = w.types[number]
  local fn = aligns[t.kind]
  return fn and fn(w, t) or size_of(w, t)
end

-- Of an array or a text, itself; of a grid, from the outside to the inside.
local function dimensions(w, t)
  if t.kind ~= "grid" then return {t} end
  local list, number = {}, t.of
  repeat
    local d = w.types[number]
    list[#list + 1], number = d, d.of
  until not (number and w.types[number].dimension)
  return list
end

local function is_conformant(w, t)
  if t.kind == "grid" then
    for _, d in ipairs(dimensions(w, t)) do
      if d.conformant then return true end
    end
  end
  return t.kind ~= "struct" and t.conformant
end

-- The conformant array a struct ends with.
local function tail_of(w, t)
  if t.kind == "struct" then
    local last = t.members[#t.members]
    local inner, member, owner = tail_of(w, w.types[last.type])
    return inner, member or last, owner or t
  end
  return is_conformant(w, t) and t or nil
end

-- ---- counts

local operators = {
  ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a // b end,
  ["&"] = function(a, b) return a & b end, ["<<"] = function(a, b) return a << b end,
}

local function evaluate(ops, slots)
  local stack, i = {}, 1
  while i <= #ops do
    local op = ops[i]
    if op == "const" or op == "slot" then
      stack[#stack + 1] = op == "const" and ops[i + 1] or slots[ops[i + 1]]
      i = i + 2
    else
      local b = table.remove(stack)
      stack[#stack] = operators[op](stack[#stack], b)
      i = i + 1
    end
  end
  return stack[1]
end

local function units_of(text)
  local list = {}
  for _, c in utf8.codes(text, true) do
    if c > 0xffff then
      list[#list + 1] = 0xd800 + (c - 0x10000 >> 10)
      c = 0xdc00 + (c & 0x3ff)
    end
    list[#list + 1] = c
  end
  return list
end

local function units(t, v)
  local list = t.wide and units_of(v) or {v:byte(1, -1)}
  if t.string then list[#list + 1] = 0 end
  return list
end

local function count_of(t, v) return t.kind == "text" and #units(t, v) or #v end

-- fn(dimension, count) for each dimension of v.
local function each_dimension(w, t, v, fn)
  for _, d in ipairs(dimensions(w, t)) do
    fn(d, v and count_of(d, v) or 0)
    v = v and d.kind == "array" and v[1]
  end
end

local function maxima(w, t, v, slots)
  each_dimension(w, t, v, function(d, n)
    if d.conformant then w:word(d.maximum and #d.maximum > 0 and evaluate(d.maximum, slots) or n) end
  end)
end

-- ---- values

local flat, deferred

-- A null in a place where nil can stand is one that something points to.
local function is_null(w, t, v)
  local to = w.types[t.of]
  return v == nil or v == core.null and not (to.kind == "pointer" and not to.ref)
end

-- Full pointers to one table, as one type, have one number, and bring it once.
local function known(w, t, v)
  local all = w.known[t.of] or {}
  w.known[t.of] = all
  all[v] = all[v] or {}
  return all[v]
end

local function number_of(w, t, v)
  local entry = type(v) == "table" and known(w, t, v) or {}
  if not entry.number then
    w.numbers = w.numbers + 1
    entry.number = w.numbers
  end
  return entry.number
end

local function is_sent(w, t, v)
  if type(v) ~= "table" then return false end
  local entry = known(w, t, v)
  local before = entry.sent
  entry.sent = true
  return before
end

local function referent(v)
  if v ~= core.null then return v end
end

local function slots_of(t, v)
  local slots = {}
  for _, m in ipairs(t.members) do
    if m.slot then slots[m.slot] = v[m.name] end
  end
  return slots
end

local function counts(w, t, v, slots)
  if is_conformant(w, t) and w.hoisted then
    if w.ndr64 then w:align(w.hoisted) end
    w.hoisted = nil
  else
    maxima(w, t, v, slots)
  end
  each_dimension(w, t, v, function(d, n)
    if not d.varying then return end
    w:word(d.first and #d.first > 0 and evaluate(d.first, slots) or 0)
    w:word(n)
  end)
end

local function arm_of(t, v)
  local tag = v.tag
  for i = 1, #t.cases, 2 do
    if t.cases[i] == tag then return t.arms[t.cases[i + 1]] end
  end
  return t.arms[t.otherwise]
end

-- A conformant struct begins, within another one or not.
local function hoist(w, t, v)
  local array, _, owner = tail_of(w, t)
  if not array then return end
  local inner = v
  local at = t
  while at ~= owner do
    local last = at.members[#at.members]
    inner, at = inner[last.name], w.types[last.type]
  end
  local last = owner.members[#owner.members]
  if not w.hoisted then maxima(w, array, inner[last.name], slots_of(owner, inner)) end
  w.hoisted = align_of(w, owner.number)
end

local kinds = {
  int = function(w, t, v) w:integer(size_of(w, t), v) end,
  bool = function(w, _, v) w:integer(1, v and 1 or 0) end,
  float = function(w, t, v)
    w:align(t.size)
    w:put((w.order .. (t.size == 8 and "d" or "f")):pack(v))
  end,
  uuid = function(w, _, v)
    w:align(4)
    local a, b, c, d, e = v:match "(%x+)-(%x+)-(%x+)-(%x+)-(%x+)"
    w:put((w.order .. "I4I2I2"):pack(tonumber(a, 16), tonumber(b, 16), tonumber(c, 16)))
    w:put(((d .. e):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)))
  end,
  pointer = function(w, t, v)
    if is_null(w, t, v) then return w:word(0) end
    if t.full then return w:word(number_of(w, t, v)) end
    w:word(0x20000 + 4 * w.pointers)
    w.pointers = w.pointers + 1
  end,
  text = function(w, t, v, slots)
    if not t.dimension then counts(w, t, v, slots) end
    for _, unit in ipairs(units(t, v)) do w:integer(t.wide and 2 or 1, unit) end
  end,
  array = function(w, t, v, slots)
    if not t.dimension then counts(w, t, v, slots) end
    for _, e in ipairs(v) do flat(w, t.of, referent(e), slots) end
  end,
  grid = function(w, t, v, slots)
    counts(w, t, v, slots)
    flat(w, t.of, v, slots)
  end,
  struct = function(w, t, v)
    hoist(w, t, v)
    w:align(align_of(w, t.number))
    local slots = slots_of(t, v)
    for _, m in ipairs(t.members) do flat(w, m.type, v[m.name], slots) end
    if w.ndr64 and not tail_of(w, t) then w:align(align_of(w, t.number)) end
  end,
  union = function(w, t, v)
    local widest = align_of(w, t.number)
    if w.ndr64 then w:align(widest) end
    w:integer(size_of(w, w.types[t.of]), v.tag)
    if w.ndr64 or t.widest then w:align(widest) end
    local arm = arm_of(t, v)
    if arm and arm.type then flat(w, arm.type, v.value) end
  end,
}
kinds.enum = kinds.int

function flat(w, number, v, slots)
  local t = w.types[number]
  t.number = number
  kinds[t.kind](w, t, v, slots)
end

local laters = {
  pointer = function(w, t, v, slots)
    if is_null(w, t, v) or t.full and is_sent(w, t, v) then return end
    flat(w, t.of, referent(v), slots)
    deferred(w, t.of, referent(v), slots)
  end,
  array = function(w, t, v, slots)
    for _, e in ipairs(v) do deferred(w, t.of, referent(e), slots) end
  end,
  grid = function(w, t, v, slots) deferred(w, t.of, v, slots) end,
  struct = function(w, t, v)
    local slots = slots_of(t, v)
    for _, m in ipairs(t.members) do deferred(w, m.type, v[m.name], slots) end
  end,
  union = function(w, t, v)
    local arm = arm_of(t, v)
    if arm and arm.type then deferred(w, arm.type, v.value) end
  end,
}

function deferred(w, number, v, slots)
  local later = laters[w.types[number].kind]
  if later then later(w, w.types[number], v, slots) end
end

--- The stub of one parameter, behind which others may be put: w:integer(4, 7), then w:bytes().
function model.encode(types, number, value, how)
  local w = setmetatable({types = types, parts = {}, at = 0, pointers = 0, numbers = 0, known = {},
    ndr64 = how.ndr64, order = how.big and ">" or "<"}, writer_mt)
  local t = types[number]
  if t.kind == "pointer" and t.ref then number = t.of end
  flat(w, number, value)
  deferred(w, number, value)
  return w
end

function Writer:bytes() return table.concat(self.parts) end

return model
