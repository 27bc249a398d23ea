-- Macros and their expansion, as C's preprocessor does it.
--
-- A macro is {name, pos, body, parameters}: parameters nil without parentheses, else
-- {index = {[name] = number}, n, variadic}.
-- A token that came out of a macro has the position of the macro's use, and one that came out of an argument its
-- own. What a macro's expansion names of that macro itself stays as it is (`tired`).

local lexer = require "asyncrpc.idl.lexer"

local Macros = {}
local macros_mt = {__index = Macros, __name = "asyncrpc.idl.macros"}

local MOST_TOKENS = 200000 -- that macros may make in one load
local LONG_TOKEN = 64 -- bytes of a made token that count as one more
local MOST_DEPTH = 60 -- macros within arguments of macros

local function new(sources, diagnostics)
  return setmetatable({defined = {}, sources = sources, diagnostics = diagnostics, made = 0, depth = 0}, macros_mt)
end

function Macros:error(pos, format, ...)
  self.diagnostics:error(self.sources, pos, format, ...)
end

local function same_body(a, b)
  if #a.body ~= #b.body or (a.parameters and a.parameters.n) ~= (b.parameters and b.parameters.n) then return false end
  for i, t in ipairs(a.body) do
    if t.text ~= b.body[i].text then return false end
  end
  return true
end

function Macros:define(macro)
  local before = self.defined[macro.name]
  if before and not same_body(before, macro) then
    self:error(macro.pos, "macro '%s' is defined already, in %s", macro.name, self.sources:where(before.pos))
  end
  self.defined[macro.name] = macro
end

function Macros:undefine(name)
  self.defined[name] = nil
end

-- ---- streams: a list of tokens with others pushed in front of what is left of it

local Stream = {}
local stream_mt = {__index = Stream}

local function stream(tokens)
  return setmetatable({{tokens = tokens, at = 1}, busy = {}}, stream_mt)
end

-- Ends the expansions that are used up.
function Stream:settle()
  local top = self[#self]
  while #self > 1 and not top.tokens[top.at] do
    self.busy[top.macro] = nil
    self[#self] = nil
    top = self[#self]
  end
  return top
end

function Stream:peek()
  local top = self:settle()
  return top.tokens[top.at]
end

function Stream:next()
  local top = self:settle()
  top.at = top.at + 1
  return top.tokens[top.at - 1]
end

function Stream:push(tokens, macro)
  self.busy[macro] = true
  self[#self + 1] = {tokens = tokens, at = 1, macro = macro}
end

-- ---- arguments and substitution

-- The arguments of a use, each a list of tokens; nil when they do not end.
local function arguments(from)
  from:next()
  local list, depth = {{}}, 0
  while true do
    local t = from:peek()
    if not t or t.kind == "end" or t.kind == "directive" then return nil end
    from:next()
    local mark = t.kind == "punctuation" and t.text
    if mark == ")" and depth == 0 then return list end
    depth = depth + (mark == "(" and 1 or mark == ")" and -1 or 0)
    if mark == "," and depth == 0 then
      list[#list + 1] = {}
    else
      table.insert(list[#list], t)
    end
  end
end

local function text_of(tokens)
  local words = {}
  for i, t in ipairs(tokens) do words[i] = t.text end
  return table.concat(words, " ")
end

local function quoted(tokens, pos)
  local value = text_of(tokens)
  return {kind = "string", text = ('"%s"'):format(value:gsub('[\\"]', "\\%0")), value = value, pos = pos}
end

local function moved(t, pos)
  return {kind = t.kind, text = t.text, value = t.value, pos = pos, tired = t.tired}
end

function Macros:count(pos, n)
  self.made = self.made + n
  if self.made <= MOST_TOKENS then return true end
  if not self.full then
    self:error(pos, "macros make more than %d tokens", MOST_TOKENS)
    self.full = true
  end
end

-- Pastes the first of `right` to the last of `out`.
function Macros:paste(out, right, pos)
  local left = table.remove(out)
  local text = (left and left.text or "") .. (right and right.text or "")
  if not self:count(pos, #text // LONG_TOKEN) then return end
  for _, t in ipairs(lexer.pieces(text, 1)) do out[#out + 1] = moved(t, pos) end
end

-- What a body's token stands for: a parameter's argument, or itself.
function Macros:piece(macro, arguments_of, i, pos)
  local t = macro.body[i]
  local index = macro.parameters and t.kind == "name" and macro.parameters.index[t.text]
  if not index then return {moved(t, pos)} end
  local before, after = macro.body[i - 1], macro.body[i + 1]
  if (before and before.text == "##") or (after and after.text == "##") then return arguments_of[index] end
  local expanded = arguments_of.expanded[index]
  if not expanded then
    expanded = self:expand(arguments_of[index])
    arguments_of.expanded[index] = expanded
  end
  return expanded
end

function Macros:substitute(macro, given, pos)
  local out, body, i = {}, macro.body, 1
  while i <= #body do
    local t = body[i]
    if t.text == "#" and macro.parameters and body[i + 1] and macro.parameters.index[body[i + 1].text] then
      out[#out + 1] = quoted(given[macro.parameters.index[body[i + 1].text]], pos)
      if not self:count(pos, 1 + #out[#out].text // LONG_TOKEN) then return {} end
      i = i + 2
    else
      local pasted = t.text == "##" and body[i + 1]
      local found = self:piece(macro, given, pasted and i + 1 or i, pos)
      local first = 1
      if pasted then
        self:paste(out, found[1], pos)
        first = 2
      end
      if not self:count(pos, #found) then return {} end
      table.move(found, first, #found, #out + 1, out)
      i = i + (pasted and 2 or 1)
    end
  end
  return out
end

-- Fits what was given to the parameters; nil after a complaint.
function Macros:fit(macro, given, pos)
  local wanted = macro.parameters
  if wanted.variadic and #given >= wanted.n then
    local rest = given[wanted.n]
    for i = wanted.n + 1, #given do
      rest[#rest + 1] = {kind = "punctuation", text = ",", pos = pos}
      table.move(given[i], 1, #given[i], #rest + 1, rest)
      given[i] = nil
    end
  elseif wanted.n == 0 and #given == 1 and #given[1] == 0 then
    given[1] = nil
  end
  if #given ~= wanted.n and not (wanted.variadic and #given == wanted.n - 1) then
    self:error(pos, "macro '%s' takes %d argument%s, got %d", macro.name, wanted.n, wanted.n == 1 and "" or "s", #given)
    return nil
  end
  given[wanted.n] = given[wanted.n] or wanted.n > 0 and {} or nil
  given.expanded = {}
  return given
end

-- ---- expansion

-- Replaces the use of a macro at t, which was taken from the stream; false when it is none.
function Macros:replace(macro, t, from)
  local given = {}
  if macro.parameters then
    local following = from:peek()
    if not following or following.text ~= "(" or following.kind ~= "punctuation" then return false end
    given = arguments(from)
    if not given then
      self:error(t.pos, "the arguments of macro '%s' do not end", macro.name)
      return true
    end
    given = self:fit(macro, given, t.pos)
    if not given then return true end
  end
  from:push(self:substitute(macro, given, t.pos), macro)
  return true
end

-- One token of a stream, after expansion, into out.
function Macros:step(from, out)
  local t = from:next()
  local macro = t.kind == "name" and not t.tired and self.defined[t.text]
  if macro and from.busy[macro] then
    t = moved(t, t.pos)
    t.tired = true
  elseif macro and not self.full and self:replace(macro, t, from) then
    return
  end
  out[#out + 1] = t
end

--- A list of tokens with every macro in it expanded.
function Macros:expand(tokens)
  if self.depth >= MOST_DEPTH then
    if tokens[1] then self:error(tokens[1].pos, "macros are nested too deeply") end
    return {}
  end
  self.depth = self.depth + 1
  local from, out = stream(tokens), {}
  while from:peek() do self:step(from, out) end
  self.depth = self.depth - 1
  return out
end

return {new = new, stream = stream}
