-- Size expressions: from names of parameters or members to slots, and which of these need not be given
-- because they only count something else.
--
-- An entry is a parameter or a member: {name, type, pos, ["in"], out}; `slot` and `hidden` are added here.
-- hidden[direction] = {counts = entry, level, add, mul, div}: n = (count - add) / mul * div, or the tag of a union;
-- level is the dimension counted, 0 for the outermost.

local builtin = require "asyncrpc.idl.builtin"
local unions = require "asyncrpc.idl.unions"

local SLOTS, CHECKS = 16, 16 -- of the core

local unaries = {["-"] = "neg", ["!"] = "!", ["~"] = "~"}

-- ---- expressions -> operations

local function slot(list, entry)
  if not entry.slot then
    entry.slot = list.nslots
    list.nslots = list.nslots + 1
  end
  return entry.slot
end

local function put(ops, ...)
  for i = 1, select("#", ...) do ops[#ops + 1] = (select(i, ...)) end
end

local function put_name(scope, list, ops, e, through)
  local entry = list.by_name[e.name]
  local value = scope.constants[e.name]
  if entry then
    local t = entry.type
    if through and t.kind == "pointer" then t = t.of
    elseif through then scope:error(e.pos, "'%s' is no pointer", e.name)
    elseif t.kind == "pointer" then scope:error(e.pos, "'%s' is a pointer: '*%s' is its value", e.name, e.name) end
    if t.kind ~= "pointer" and t.kind ~= "refused" and not unions.integral(t) then
      scope:error(e.pos, "'%s' is no integer", e.name)
    end
    list.used[entry] = true
    put(ops, "slot", slot(list, entry))
  elseif math.type(value) == "integer" and not through then
    put(ops, "const", value)
  else
    scope:error(e.pos, "no parameter, member or constant is named '%s'", e.name)
  end
end

local function put_tree(scope, list, ops, e)
  if e.tag == "value" and math.type(e.value) == "integer" then
    put(ops, "const", e.value)
  elseif e.tag == "name" then
    put_name(scope, list, ops, e)
  elseif e.tag == "unary" and e.op == "*" and e.a.tag == "name" then
    put_name(scope, list, ops, e.a, true)
  elseif e.tag == "unary" and unaries[e.op] then
    put_tree(scope, list, ops, e.a)
    put(ops, unaries[e.op])
  elseif e.tag == "binary" then
    put_tree(scope, list, ops, e.a)
    put_tree(scope, list, ops, e.b)
    put(ops, e.op)
  elseif e.tag == "pick" then
    put_tree(scope, list, ops, e.a)
    put_tree(scope, list, ops, e.b)
    put_tree(scope, list, ops, e.c)
    put(ops, "?:")
  elseif e.tag == "sizeof" then
    put(ops, "const", scope:value(e) or 1)
  else
    scope:error(e.pos, "this cannot be part of a size")
  end
end

-- Operands an expression needs at once; the core has room for eight.
local function depth(e)
  if e.tag == "unary" then return depth(e.a) end
  if e.tag == "binary" then return math.max(depth(e.a), depth(e.b) + 1) end
  if e.tag == "pick" then return math.max(depth(e.a), depth(e.b) + 1, depth(e.c) + 2) end
  return 1
end

local function operations(scope, list, e)
  if not e then return nil end
  local ops = {}
  if depth(e) > 8 then scope:error(e.pos, "the expression is nested too deeply") end
  put_tree(scope, list, ops, e)
  return ops
end

-- ---- inversion

-- The one variable of a tree: an entry of the list, or nil.
local function variable(list, e)
  if e.tag == "unary" and e.op == "*" then e = e.a end
  return e.tag == "name" and list.by_name[e.name] or nil
end

local function constant(scope, e)
  local v = scope:try(e)
  return math.type(v) == "integer" and math.abs(v) < 2 ^ 31 and v or nil
end

local shapes = {
  ["+"] = function(k) return {add = k, mul = 1, div = 1} end,
  ["-"] = function(k) return {add = -k, mul = 1, div = 1} end,
  ["*"] = function(k) return k > 0 and {add = 0, mul = k, div = 1} or nil end,
  ["/"] = function(k) return k > 0 and {add = 0, mul = 1, div = k} or nil end,
}

-- count = f(n) -> the entry n, and how to compute it from the count; nil when that is not known.
local function invert(scope, list, e)
  local entry = variable(list, e)
  if entry then return entry, {add = 0, mul = 1, div = 1} end
  if e.tag ~= "binary" or not shapes[e.op] then return nil end
  local a, b = variable(list, e.a), variable(list, e.b)
  local k = a and constant(scope, e.b) or b and constant(scope, e.a)
  if not k or (not a and (e.op == "-" or e.op == "/")) then return nil end
  return a or b, shapes[e.op](k)
end

local function value_type(entry)
  local t = entry.type
  return t.kind == "pointer" and t.of or t
end

-- The array an entry is or points to, however far.
local function array_of(t)
  for _ = 1, 8 do
    if t.kind ~= "pointer" then break end
    t = t.of
  end
  return (t.kind == "array" or t.kind == "text") and t or nil
end

local function hide(scope, list, e, counted, direction, kind, level)
  local entry, how = invert(scope, list, e)
  if not how or entry == counted or not entry[direction] then return end
  if kind and not kind(value_type(entry)) or not kind and value_type(entry).kind ~= "int" then return end
  entry.hidden = entry.hidden or {}
  if entry.hidden[direction] then return end
  how.counts, how.level = counted, level
  entry.hidden[direction] = how
end

-- A tag that is the discriminant itself, of a union that is there.
local function hide_tag_of(scope, list, entry, direction)
  local t = entry.type
  while t.kind == "pointer" and (t.class == "ref" or entry.struct) do t = t.of end
  local e = t.kind == "union" and entry[direction] and t.expression
  if e and variable(list, e) then hide(scope, list, e, entry, direction, unions.integral) end
end

-- A capacity stays an argument: a maximum is only inverted where it is the count, or where nothing comes back and
-- nothing stands in front of what is sent.
local function hide_dimension(scope, list, t, entry, direction, level)
  if t.actual then hide(scope, list, t.actual, entry, direction, nil, level) end
  if t.maximum and not t.first and (not t.varying or not entry.out) then
    hide(scope, list, t.maximum, entry, direction, nil, level)
  end
end

local function hide_counts_of(scope, list, entry, direction)
  hide_tag_of(scope, list, entry, direction)
  local t, level = array_of(entry.type), 0
  if not entry[direction] then return end
  while t and (t.kind == "array" or t.kind == "text" and not (t.string and level > 0)) do
    hide_dimension(scope, list, t, entry, direction, level)
    if not t.grid then return end
    t, level = t.of, level + 1
  end
end

-- ---- lists

local function each_array(t, fn)
  while t.kind == "pointer" or t.kind == "array" do
    if t.kind == "array" then fn(t) end
    t = t.of
  end
  if t.kind == "text" or t.expression then fn(t) end
  for _, arm in ipairs(t.expression and t.members or {}) do
    if arm.open then each_array(arm.type, fn) end
  end
end

--- Sizes of a union's arm that are constant become ranges of its counts. Whether there are others.
local function settle_constants(scope, t)
  local open = false
  each_array(t, function(x)
    local value = x.maximum and constant(scope, x.maximum)
    if value and not x.grid and not x.actual and not x.ranged then
      x.ranged, x.low, x.high, x.maximum = true, value, value, nil
    end
    open = open or x.maximum or x.actual or x.first or x.expression
  end)
  return open and true or nil
end

-- An array or a union that comes in needs what it depends on to come in too.
local function check_directions(scope, list, entry)
  if not entry["in"] then return end
  for used in pairs(list.used) do
    if not used["in"] then
      local what = unions.find(entry.type) and "the tag" or "the size"
      scope:error(used.pos, "'%s' must be [in]: %s of '%s' depends on it", used.name, what, entry.name)
    end
  end
end

-- Without a switch_type the tag is of the type of what switch_is names.
local function settle_tag(scope, list, t)
  local named = variable(list, t.expression)
  local default = named and unions.integral(value_type(named)) and value_type(named) or builtin.base {"long"}
  t.switch = t.definition.switch or default
  if not t.definition.incomplete then unions.cases(scope, t.definition, t.switch) end
end

local function link_entry(scope, list, entry)
  list.used = {}
  each_array(entry.type, function(t)
    if not (t.maximum or t.actual or t.first or t.expression) then return end
    if t.expression then settle_tag(scope, list, t) end
    t.maximum_ops = operations(scope, list, t.maximum or t.expression)
    t.actual_ops = operations(scope, list, t.actual)
    t.first_ops = operations(scope, list, t.first)
    t.check = #list.checked
    list.checked[#list.checked + 1] = t
  end)
  check_directions(scope, list, entry)
end

-- Links the sizes in a list of entries. The result has nslots, checked, and what is wrong with it, if the core
-- has no room for it.
local function link(scope, entries, directions)
  local list = {entries = entries, by_name = {}, nslots = 0, checked = {}}
  for _, entry in ipairs(entries) do
    if entry.name then list.by_name[entry.name] = entry end
  end
  for _, entry in ipairs(entries) do link_entry(scope, list, entry) end
  for _, direction in ipairs(directions) do
    for _, entry in ipairs(entries) do hide_counts_of(scope, list, entry, direction) end
  end
  if list.nslots > SLOTS or #list.checked > CHECKS then
    list.too_many = ("%d counts and %d sizes in one place, and max_counts is %d"):format(list.nslots, #list.checked,
      SLOTS)
  end
  return list
end

return {link = link, settle_constants = settle_constants}
