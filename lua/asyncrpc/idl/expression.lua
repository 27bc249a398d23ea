-- Expressions: tokens -> trees, and the value of constant ones.
--   {tag = "value", value, pos}  {tag = "name", name, pos}  {tag = "unary", op, a, pos}
--   {tag = "binary", op, a, b, pos}  {tag = "pick", a, b, c, pos}
--   {tag = "cast", type, a, pos}  {tag = "sizeof", type, pos}; a type is {words} or {name} or {struct = name}
--   (or enum, or union), with pointer and pos

local builtin = require "asyncrpc.idl.builtin"

local levels = {
  ["||"] = 1, ["&&"] = 2, ["|"] = 3, ["^"] = 4, ["&"] = 5, ["=="] = 6, ["!="] = 6,
  ["<"] = 7, [">"] = 7, ["<="] = 7, [">="] = 7, ["<<"] = 8, [">>"] = 8,
  ["+"] = 9, ["-"] = 9, ["*"] = 10, ["/"] = 10, ["%"] = 10,
}

local parse, unary

local starts_type = {struct = true, enum = true, union = true, const = true}
local starts_value = {name = true, integer = true, float = true, char = true, string = true}

local function is_type(p, ahead)
  local t = p:peek(ahead)
  return t.kind == "name" and (builtin.words[t.text] or starts_type[t.text])
end

-- "(T)" in front of what can only be a value is a cast, whatever T turns out to be; so is a known T before a sign.
local function is_cast(p)
  if not p:is "(" then return false end
  if is_type(p, 1) then return true end
  local t, ahead = p:peek(1), 2
  if t.kind ~= "name" then return false end
  while p:is("*", ahead) do ahead = ahead + 1 end
  if not p:is(")", ahead) then return false end
  return starts_value[p:peek(ahead + 1).kind] or p:is("(", ahead + 1) or builtin.names[t.text] ~= nil
end

local function type_name(p)
  local found = {pos = p:peek().pos}
  p:accept "const"
  local t = p:peek()
  if p:accept "struct" or p:accept "enum" or p:accept "union" then
    found[t.text] = p:name().text
  elseif builtin.words[t.text] then
    found.words = {}
    while p:peek().kind == "name" do table.insert(found.words, p:next().text) end
  else
    found.name = p:name("a type").text
  end
  while p:accept "*" do found.pointer = true end
  return found
end

local function cast(p)
  local open = p:expect "("
  local found = type_name(p)
  p:expect ")"
  return {tag = "cast", type = found, a = p:nested(unary), pos = open.pos}
end

local function size_of(p)
  local t = p:next()
  p:expect "("
  local found = {tag = "sizeof", type = type_name(p), pos = t.pos}
  p:expect ")"
  return found
end

-- Strings side by side are one.
local function strings(p)
  local t, parts = p:peek(), {}
  while p:peek().kind == "string" do parts[#parts + 1] = p:next().value end
  return {tag = "value", value = table.concat(parts), pos = t.pos}
end

local function primary(p)
  local t = p:peek()
  if is_cast(p) then return cast(p) end
  if p:accept "(" then
    local e = p:nested(parse)
    p:expect ")"
    return e
  end
  if t.kind == "string" then return strings(p) end
  if t.kind == "integer" or t.kind == "float" or t.kind == "char" then
    p:next()
    if t.value == nil then p:fail(t.pos, "the number is too large") end
    return {tag = "value", value = t.value, pos = t.pos}
  end
  if t.kind ~= "name" then p:expected "an expression" end
  if t.text == "sizeof" and p:is("(", 1) then return size_of(p) end
  p:next()
  return {tag = "name", name = t.text, pos = t.pos}
end

local prefixes = {["-"] = true, ["!"] = true, ["~"] = true, ["*"] = true, ["+"] = true}

function unary(p)
  local t = p:peek()
  if not (t.kind == "punctuation" and prefixes[t.text]) then return primary(p) end
  p:next()
  local a = p:nested(unary)
  return t.text == "+" and a or {tag = "unary", op = t.text, a = a, pos = t.pos}
end

local function binary(p, least)
  local a = unary(p)
  while true do
    local t = p:peek()
    local level = t.kind == "punctuation" and levels[t.text]
    if not level or level < least then return a end
    p:next()
    a = {tag = "binary", op = t.text, a = a, b = binary(p, level + 1), pos = t.pos}
  end
end

function parse(p)
  local a = binary(p, 1)
  local t = p:accept "?"
  if not t then return a end
  local b = p:nested(parse)
  p:expect ":"
  return {tag = "pick", a = a, b = b, c = p:nested(parse), pos = t.pos}
end

local function truth(v) return v and 1 or 0 end

local binaries = {
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["&"] = function(a, b) return a & b end,
  ["|"] = function(a, b) return a | b end,
  ["^"] = function(a, b) return a ~ b end,
  ["<<"] = function(a, b) return a << b end,
  [">>"] = function(a, b) return a >= 0 and a >> b or ~(~a >> b) end,
  ["=="] = function(a, b) return truth(a == b) end,
  ["!="] = function(a, b) return truth(a ~= b) end,
  ["<"] = function(a, b) return truth(a < b) end,
  [">"] = function(a, b) return truth(a > b) end,
  ["<="] = function(a, b) return truth(a <= b) end,
  [">="] = function(a, b) return truth(a >= b) end,
  ["&&"] = function(a, b) return truth(a ~= 0 and b ~= 0) end,
  ["||"] = function(a, b) return truth(a ~= 0 or b ~= 0) end,
  ["/"] = function(a, b)
    if math.type(a) == "float" or math.type(b) == "float" then return a / b end
    local q = a // b
    return q < 0 and q * b ~= a and q + 1 or q
  end,
  ["%"] = function(a, b) return math.fmod(a, b) end,
}

local unaries = {
  ["-"] = function(a) return -a end,
  ["~"] = function(a) return ~a end,
  ["!"] = function(a) return truth(a == 0) end,
}

local function wrong(x, text) error({pos = x.pos, text = text}, 0) end

local value

local function applied(x, env)
  local fn = x.tag == "unary" and unaries[x.op] or x.tag == "binary" and binaries[x.op]
  if not fn then wrong(x, "the expression is not constant") end
  local a, b = value(x.a, env), x.b and value(x.b, env)
  if type(a) ~= "number" or (x.b and type(b) ~= "number") then wrong(x, "the expression has no value") end
  local ok, result = pcall(fn, a, b)
  if not ok then wrong(x, "the expression has no value") end
  return result
end

local kinds = {
  value = function(x) return x.value end,
  name = function(x, env)
    local v = env.constant(x.name)
    if v == nil then wrong(x, ("no constant is named '%s'"):format(x.name)) end
    return v
  end,
  pick = function(x, env)
    return value(x.a, env) ~= 0 and value(x.b, env) or value(x.c, env)
  end,
  cast = function(x, env)
    local v, why = env.cast(value(x.a, env), x.type)
    if v == nil then wrong(x, why) end
    return v
  end,
  sizeof = function(x, env)
    local v, why = env.size(x.type)
    if v == nil then wrong(x, why) end
    return v
  end,
}

function value(x, env) return (kinds[x.tag] or applied)(x, env) end

local no_types = {
  cast = function(v) return v end,
  size = function() return nil, "sizeof is not known here" end,
}

--- The value of a tree, or nil and what is wrong with it and where. lookup(name) gives a constant's value; types
--- has cast(value, type) and size(type), where types can be known.
local function evaluate(e, lookup, types)
  types = types or no_types
  local ok, result = pcall(value, e, {constant = lookup, cast = types.cast, size = types.size})
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, result.text, result.pos
end

-- "p ? *p : 0": a null pointer counts as 0 anyway.
local function is_guard(e)
  return e.tag == "pick" and e.a.tag == "name" and e.b.tag == "unary" and e.b.op == "*" and e.b.a.name == e.a.name
    and e.c.tag == "value" and e.c.value == 0
end

--- A tree as sizes need it: without casts, which change nothing there, and without guards against null pointers.
local function plain(e)
  if e.tag == "cast" then return plain(e.a) end
  if is_guard(e) then return e.b end
  for _, k in ipairs {"a", "b", "c"} do
    if e[k] then e[k] = plain(e[k]) end
  end
  return e
end

return {parse = parse, evaluate = evaluate, plain = plain}
