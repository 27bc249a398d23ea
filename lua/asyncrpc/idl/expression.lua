-- Expressions: tokens -> trees, and the value of constant ones.
--   {tag = "value", value, pos}  {tag = "name", name, pos}  {tag = "unary", op, a, pos}
--   {tag = "binary", op, a, b, pos}  {tag = "pick", a, b, c, pos}

local builtin = require "asyncrpc.idl.builtin"

local levels = {
  ["||"] = 1, ["&&"] = 2, ["|"] = 3, ["^"] = 4, ["&"] = 5, ["=="] = 6, ["!="] = 6,
  ["<"] = 7, [">"] = 7, ["<="] = 7, [">="] = 7, ["<<"] = 8, [">>"] = 8,
  ["+"] = 9, ["-"] = 9, ["*"] = 10, ["/"] = 10, ["%"] = 10,
}

local parse, unary

local function is_cast(p)
  return p:is "(" and p:peek(1).kind == "name" and builtin.words[p:peek(1).text]
end

-- "(unsigned long *) x" is x: what a cast would change does not matter for counts.
local function cast(p)
  p:expect "("
  while not p:is ")" do
    if not (p:is "*" or p:peek().kind == "name") then p:expected "')'" end
    p:next()
  end
  p:expect ")"
  return p:nested(unary)
end

local function primary(p)
  local t = p:peek()
  if is_cast(p) then return cast(p) end
  if p:accept "(" then
    local e = p:nested(parse)
    p:expect ")"
    return e
  end
  if t.kind == "integer" or t.kind == "float" or t.kind == "string" or t.kind == "char" then
    p:next()
    if t.value == nil then p:fail(t.pos, "the number is too large") end
    return {tag = "value", value = t.value, pos = t.pos}
  end
  if t.kind ~= "name" then p:expected "an expression" end
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
  [">>"] = function(a, b) return a >> b end,
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

-- The value of a tree, or nil and what is wrong with it and where. lookup(name) gives a constant's value.
local function evaluate(e, lookup)
  local function value(x)
    if x.tag == "value" then return x.value end
    if x.tag == "name" then
      local v = lookup(x.name)
      return v ~= nil and v or error({pos = x.pos, text = ("no constant is named '%s'"):format(x.name)}, 0)
    end
    if x.tag == "pick" then return value(x.a) ~= 0 and value(x.b) or value(x.c) end
    local fn = x.tag == "unary" and unaries[x.op] or x.tag == "binary" and binaries[x.op]
    if not fn then error({pos = x.pos, text = "the expression is not constant"}, 0) end
    local a, b = value(x.a), x.b and value(x.b)
    local ok, result = pcall(fn, a, b)
    if not ok then error({pos = x.pos, text = "the expression has no value"}, 0) end
    return result
  end
  local ok, result = pcall(value, e)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, result.text, result.pos
end

return {parse = parse, evaluate = evaluate}
