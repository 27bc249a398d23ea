-- What size_is, max_is, min_is, length_is, first_is and last_is say of each level of a declarator.
--
-- A level's {maximum, actual, first} are trees: how many elements the array has, how many are sent, and how many
-- stand in front of those. Each is nil where nothing is said.

local fields = {size_is = "size", max_is = "max", min_is = "min", length_is = "length", first_is = "first",
  last_is = "last"}
local order = {"size_is", "max_is", "min_is", "length_is", "first_is", "last_is"}

local function number(value, pos)
  return {tag = "value", value = value, pos = pos}
end

local function binary(op, a, b)
  return {tag = "binary", op = op, a = a, b = b, pos = a.pos}
end

-- a - b, where b may be absent.
local function less(a, b)
  return b and binary("-", a, b) or a
end

--- What the attributes say: {[1] = {size = tree, length = tree, pos}, ...}, by level.
local function read(scope, attributes)
  local found = {}
  for _, name in ipairs(order) do
    local a = attributes[name]
    for i, e in ipairs(a and a.args or {}) do
      if e then
        found[i] = found[i] or {pos = e.pos}
        found[i][fields[name]] = e
      end
    end
  end
  for _, s in pairs(found) do
    if s.size and s.max then scope:error(attributes.max_is.pos, "size_is and max_is at once") end
    if s.length and s.last then scope:error(attributes.last_is.pos, "length_is and last_is at once") end
  end
  return found
end

local function actual(s, maximum, count)
  if s.length then return s.length end
  local lowest = s.first or s.min
  if s.last then return binary("+", less(s.last, lowest), number(1, s.last.pos)) end
  if not s.first then return nil end
  local all = maximum or count and number(count, s.first.pos)
  return all and binary("-", all, less(s.first, s.min))
end

--- The trees of one level, whose size is `count` where it is fixed.
local function trees(s, count)
  if not s then return {} end
  local maximum = s.size or s.max and binary("+", less(s.max, s.min), number(1, s.max.pos))
  return {maximum = maximum, actual = actual(s, maximum, count), first = s.first and less(s.first, s.min)}
end

return {read = read, trees = trees}
