-- Unions: their definitions, and their uses with switch_is.
--
-- A definition is {kind = "union", name, switch = type of the tag or nil, encapsulated, widest, members, cases,
-- otherwise, open}: members are the arms, types may be nil; cases = {{value, arm, pos}}, arm and otherwise count
-- members. open: the sizes of some arm, which is open itself, speak of what stands beside the union. A use of such
-- a union has members of its own.

local function integral(t)
  return t.kind == "int" or t.kind == "enum" or t.kind == "bool"
end

local function switch_type(scope, spec, attributes, resolve)
  local named = attributes and attributes.switch_type
  if spec.switch and named then scope:error(named.pos, "switch_type for a union that has a switch") end
  local from = spec.switch and spec.switch.spec or named and named.args
  if not from then return nil end
  local t = resolve(scope, from)
  if t.kind ~= "refused" and not integral(t) then scope:error(from.pos, "a union's tag must be an integer") end
  return integral(t) and t or nil
end

local function add_cases(scope, t, arm, number)
  if arm.default then
    if t.otherwise then scope:error(arm.pos, "the union has a default already") end
    t.otherwise = number
  end
  for _, e in ipairs(arm.labels) do
    local value = scope:integer(e, math.mininteger, math.maxinteger, "a case")
    if value then t.cases[#t.cases + 1] = {value = value, arm = number, pos = e.pos} end
  end
end

--- The union of a spec; resolve(scope, spec) gives the tag's type.
local function define(scope, spec, attributes, resolve)
  local t = spec.name and scope:tag("union", spec.name) or {kind = "union", incomplete = true}
  if not spec.arms then return t end
  if not t.incomplete then scope:error(spec.pos, "union '%s' is defined already", spec.name) end
  t.incomplete, t.filling = nil, true
  t.switch = switch_type(scope, spec, attributes, resolve)
  t.encapsulated = spec.switch ~= nil
  t.widest = attributes and attributes.ms_union and not t.encapsulated or nil
  t.members, t.cases = {}, {}
  for i, arm in ipairs(spec.arms) do
    t.members[i] = scope.arm(scope, arm)
    t.open = t.open or t.members[i].open
    add_cases(scope, t, arm, i)
  end
  if #spec.arms == 0 then scope:error(spec.pos, "a union without arms") end
  t.filling = nil
  return t
end

-- t with fn applied to what its arrays and pointers lead to.
local function inside(t, fn)
  if t.kind ~= "pointer" and t.kind ~= "array" then return fn(t) end
  local of = inside(t.of, fn)
  if of == t.of then return t end
  local changed = {}
  for k, v in pairs(t) do changed[k] = v end
  changed.of = of
  return changed
end

local own_members

-- A copy as far as sizes are concerned.
local function copied(t)
  local sized = t.kind == "pointer" or t.kind == "array" or t.kind == "text" or t.definition
  if not sized then return t end
  local made = {}
  for k, v in pairs(t) do made[k] = v end
  made.of = t.of and copied(t.of)
  made.members = t.definition and own_members(t.definition)
  return made
end

-- The arms of an open union, for one use of it.
function own_members(u)
  if not u.open then return nil end
  local members = {}
  for i, m in ipairs(u.members) do
    members[i] = m.open and {name = m.name, pos = m.pos, open = true, type = copied(m.type)} or m
  end
  return members
end

--- The type t with the switch_is of its declarator.
local function use(scope, t, attributes)
  local a = attributes.switch_is
  return inside(t, function(u)
    if u.kind == "refused" then return u end
    if u.kind ~= "union" or u.encapsulated or u.definition then
      scope:error(a.pos, "switch_is for what is no union without a switch")
      return u
    end
    return {kind = "union", name = u.name, definition = u, members = own_members(u), expression = a.args[1] or nil,
      pos = a.pos}
  end)
end

--- The union a type is, or leads to.
local function find(t)
  while t.kind == "pointer" or t.kind == "array" do t = t.of end
  return t.kind == "union" and t or nil
end

--- Whether a type leads to a union whose tag nobody gives.
local function lacks_switch(t)
  local u = find(t)
  return u and not u.definition and not u.encapsulated and not u.incomplete
end

-- As the tag's type has it on the wire.
local function narrowed(t, value)
  if t.kind == "bool" then return value ~= 0 and 1 or 0 end
  local bits = 8 * math.max(t.size, t.size64 or 0)
  if bits == 64 then return value end
  value = value & ((1 << bits) - 1)
  return t.signed and value >= 1 << (bits - 1) and value - (1 << bits) or value
end

--- The cases of a definition for a tag of type `tag`: {value, arm, ...}; complains of those that are one.
local function cases(scope, definition, tag)
  local list, taken = {}, {}
  for _, c in ipairs(definition.cases) do
    local value = narrowed(tag, c.value)
    if taken[value] then scope:error(c.pos, "case %d stands here twice", value) end
    taken[value] = true
    list[#list + 1] = value
    list[#list + 1] = c.arm
  end
  return list
end

return {define = define, use = use, find = find, lacks_switch = lacks_switch, cases = cases, integral = integral}
