-- Checked interfaces -> the core's description of them: types by number, parts before wholes.

local builtin = require "asyncrpc.idl.builtin"
local unions = require "asyncrpc.idl.unions"

local Compiler = {}
local compiler_mt = {__index = Compiler, __name = "asyncrpc.idl.compiler"}

local function new()
  return setmetatable({types = {}, numbers = {}, dimensions = {}, later = {}, lists = {}}, compiler_mt)
end

-- ---- what cannot be done

-- Why a type cannot be used, looking through everything it contains and points to; nil when it can.
local function why_not(t, seen)
  if seen[t] then return nil end
  seen[t] = true
  if t.kind == "refused" then return ("%s (%s)"):format(t.why, t.where) end
  if t.incomplete then return ("%s '%s' is not defined"):format(t.kind, t.name or "?") end
  if t.kind == "void" or t.kind == "handle" then return ("%s is no type to send"):format(t.name) end
  if t.of then return why_not(t.of, seen) end
  local d = t.definition
  if d and d.incomplete then return ("union '%s' is not defined"):format(d.name or "?") end
  if (d or t).open and not (d and t.members) then return "the sizes of a union's arm are not known here" end
  for _, m in ipairs(t.members or d and d.members or {}) do
    local why = m.type and why_not(m.type, seen)
    if why then return why end
  end
end

local function refusal(proc)
  if proc.refused then return ("%s (%s)"):format(proc.refused.why, proc.refused.where) end
  local seen = {}
  for _, entry in ipairs(proc.entries) do
    local why = not entry.pipe and why_not(entry.type, seen)
    if why then return why end
  end
end

-- ---- types

local scalar = {int = true, bool = true, enum = true, float = true, uuid = true}

-- A pointer gets its number at once, and what it points to another turn: it may be the struct it stands in.
function Compiler:pointer(t, number)
  local made = {kind = "pointer", ref = t.class == "ref", full = t.class == "ptr"}
  self.types[number] = made
  self.later[#self.later + 1] = function() made.of = self:number(t.of) end
end

local function scalar_of(t)
  return {kind = t.kind, size = t.size, size64 = t.size64, signed = t.signed, name = t.name, labels = t.labels,
    ranged = t.ranged, low = t.low, high = t.high}
end

local function sized(t, made)
  made.count, made.conformant, made.varying = t.count, t.conformant, t.varying
  made.maximum, made.actual, made.first, made.check = t.maximum_ops, t.actual_ops, t.first_ops, t.check
  made.ranged, made.low, made.high = t.ranged, t.low, t.high
  return made
end

function Compiler:union(t)
  local d = t.definition or t
  local tag = t.switch or d.switch or builtin.base {"long"}
  local made = {kind = "union", name = t.name, of = self:number(tag), maximum = t.maximum_ops, check = t.check,
    widest = d.widest, otherwise = d.otherwise, cases = unions.cases(nil, d, tag), arms = {}}
  for i, m in ipairs(t.members or d.members) do made.arms[i] = {type = m.type and self:number(m.type)} end
  return made
end

local function text_of(t)
  return sized(t, {kind = "text", string = t.string, wide = t.wide})
end

local function is_array(t)
  return t.kind == "array" or t.kind == "text"
end

-- A dimension of a grid, and how many it and those inside of it are.
function Compiler:dimension(t)
  local made
  local inner = 0
  if t.kind == "text" then
    made = text_of(t)
  elseif is_array(t.of) then
    made = sized(t, {kind = "array"})
    made.of, inner = self:dimension(t.of)
  else
    made = sized(t, {kind = "array", of = self:number(t.of)})
  end
  made.dimension = true
  self.types[#self.types + 1] = made
  self.dimensions[t] = #self.types
  return #self.types, inner + 1
end

function Compiler:grid(t)
  local of, count = self:dimension(t)
  return {kind = "grid", of = of, count = count}
end

function Compiler:make(t)
  if scalar[t.kind] then return scalar_of(t) end
  if t.kind == "context" then return {kind = "context", name = t.name, ref = t.ref} end
  if t.grid then return self:grid(t) end
  if t.kind == "text" then return text_of(t) end
  if t.kind == "array" then return sized(t, {kind = "array", of = self:number(t.of)}) end
  if t.kind == "union" then return self:union(t) end
  local made = self:list(t.list, t.members, "struct")
  made.kind, made.name = "struct", t.name
  return made
end

function Compiler:number(t)
  local number = self.numbers[t]
  if number then return number end
  if t.kind == "ignored" then
    number = #self.types + 1
    self.numbers[t], self.types[number] = number, {kind = "pointer", ignored = true, of = number}
    return number
  end
  if t.kind == "pointer" then
    number = #self.types + 1
    self.numbers[t] = number
    self:pointer(t, number)
    return number
  end
  local made = self:make(t)
  number = #self.types + 1
  self.types[number], self.numbers[t] = made, number
  return number
end

-- ---- lists

local function index_of(entries, entry)
  for i, e in ipairs(entries) do
    if e == entry then return i - 1 end
  end
end

function Compiler:member(entries, entry, direction, place)
  local made = {name = entry.name, type = self:number(entry.type), slot = entry.slot, place = place}
  local how = entry.hidden and entry.hidden[direction]
  if how then
    made.hidden = true
    made.counts, made.level = index_of(entries, how.counts), how.level
    made.add, made.mul, made.div = how.add, how.mul, how.div
  end
  return made
end

-- A pipe's chunks: strings where its elements are bytes or characters, tables of anything else.
function Compiler:chunk(t)
  local made = t.of.char and {kind = "text", conformant = true}
    or {kind = "array", of = self:number(t.of), conformant = true}
  made.ranged, made.low, made.high = t.ranged, t.low, t.high
  self.types[#self.types + 1] = made
  return #self.types
end

-- The pipes in declared order; place is a pipe's own among what is passed in and the pipes.
function Compiler:pipes(proc)
  local found, place = {}, 0
  for _, e in ipairs(proc.entries) do
    local passed = e["in"] and not (e.hidden and e.hidden["in"]) and not e.returned
    if e.pipe or passed then place = place + 1 end
    if e.pipe then
      found[#found + 1] = {name = e.name, type = self:chunk(e.type), ["in"] = e["in"], out = e.out, place = place}
    end
  end
  return #found > 0 and found or nil
end

-- The members of one direction, with their places among the values a script gives or gets.
function Compiler:list(list, entries, direction)
  local made = {nslots = list.nslots, members = {}, checked = {}}
  local place = 0
  if direction == "out" and #entries > 0 and entries[#entries].returned then place = 1 end
  for i, entry in ipairs(entries) do
    local hidden = direction ~= "struct" and entry.hidden and entry.hidden[direction]
    local at = nil
    if entry.returned then
      at = 1
    elseif not hidden then
      place = place + 1
      at = place
    end
    made.members[i] = self:member(entries, entry, direction, at)
  end
  self.lists[#self.lists + 1] = function()
    for i, t in ipairs(list.checked) do made.checked[i] = self.dimensions[t] or self:number(t) end
  end
  return made
end

local function in_direction(entries, direction)
  local found = {}
  for _, e in ipairs(entries) do
    if e[direction] and not e.pipe then found[#found + 1] = e end
  end
  return found
end

function Compiler:finish()
  while #self.later > 0 do table.remove(self.later)() end
  for _, fill in ipairs(self.lists) do fill() end
  self.lists = {}
end

-- ---- procedures

-- Whether a value of a compiled type leads to a full pointer.
function Compiler:has_full(number, seen)
  if not number or seen[number] then return false end
  seen[number] = true
  local t = self.types[number]
  if t.full or self:has_full(t.of, seen) then return true end
  for _, m in ipairs(t.members or t.arms or {}) do
    if self:has_full(m.type, seen) then return true end
  end
  return false
end

-- The highest number of a full pointer is kept behind the other slots.
function Compiler:keep_numbers(made)
  local seen, found = {}, false
  for _, direction in ipairs {"in", "out"} do
    for _, m in ipairs(made[direction].members) do found = found or self:has_full(m.type, seen) end
  end
  if not found then return end
  made.nkept = made.nkept + 1
  made["in"].aliases, made.out.aliases = made.nkept, made.nkept
end

-- The places among the results where the statuses of failures go; behind those that are sent are the extra ones.
function Compiler:statuses(proc, made)
  local places, sent = {}, 0
  for _, m in ipairs(made.out.members) do
    places[m.name] = m.place
    sent = math.max(sent, m.place or 0)
  end
  made.extras = {}
  for _, which in ipairs {"comm", "fault"} do
    local entry = (proc.statuses or {})[which] or {}
    if entry.extra and not places[entry] then
      made.extras[#made.extras + 1] = {name = entry.name, type = self:number(builtin.base {"error_status_t"})}
      places[entry] = sent + #made.extras
      made.extras[#made.extras].place = places[entry]
    end
    made[which] = places[entry] or places[entry.name]
  end
  made.nextra = #made.extras
end

function Compiler:procedure(proc, async)
  local made = {name = proc.name, async = async, refused = refusal(proc), nkept = proc.list.nslots}
  if made.refused then
    made.nkept = 0
    return made
  end
  made["in"] = self:list(proc.list, in_direction(proc.entries, "in"), "in")
  made.out = self:list(proc.list, in_direction(proc.entries, "out"), "out")
  made.pipes = self:pipes(proc)
  self:statuses(proc, made)
  self:finish()
  self:keep_numbers(made)
  if made.pipes and made["in"].aliases then made.refused = "full pointers do not go with pipes" end
  return made
end

--- The description of one interface; acf maps names of procedures to their attributes there. limits has max_depth
--- and max_memory, of values: nil is the core's default.
local function compile(iface, acf, limits)
  local c = new()
  local description = {name = iface.name, uuid = iface.uuid, major = iface.major, minor = iface.minor, procs = {},
    max_depth = limits.max_depth, max_memory = limits.max_memory}
  for i, proc in ipairs(iface.procs) do
    description.procs[i] = c:procedure(proc, (acf[proc.name] or acf[true] or {}).async and true or false)
  end
  description.types = c.types
  return description
end

--- The description of an interface whose one procedure takes a value of the type.
local function type_alone(name, t, limits)
  local c = new()
  local proc = {name = name, entries = {{name = "value", type = t, ["in"] = true}}, list = {nslots = 0, checked = {}}}
  return {name = name, uuid = "00000000-0000-0000-0000-000000000000", major = 0, minor = 0,
    procs = {c:procedure(proc, false)}, types = c.types, max_depth = limits.max_depth, max_memory = limits.max_memory}
end

return {compile = compile, type_alone = type_alone}
