-- What the grammars of IDL and ACF share: looking at tokens, expecting them, going on after a mistake.

local Parser = {}
local parser_mt = {__index = Parser, __name = "asyncrpc.idl.parser"}

local MOST = 60 -- levels of nesting
local GIVE_UP = {} -- what a syntax error throws, once it is noted

-- tokens end with one of kind "end"; source knows their places (sources.lua).
local function new(source, diagnostics, tokens)
  return setmetatable({
    source = source,
    diagnostics = diagnostics,
    tokens = tokens,
    at = 1,
    depth = 0,
  }, parser_mt)
end

function Parser:peek(ahead)
  return self.tokens[math.min(self.at + (ahead or 0), #self.tokens)]
end

function Parser:next()
  local t = self:peek()
  self.at = self.at + 1
  return t
end

function Parser:is(text, ahead)
  local t = self:peek(ahead)
  return t.text == text and (t.kind == "punctuation" or t.kind == "name")
end

function Parser:accept(text)
  if self:is(text) then return self:next() end
end

function Parser:error(pos, format, ...)
  self.diagnostics:error(self.source, pos, format, ...)
end

function Parser:fail(pos, format, ...)
  self:error(pos, format, ...)
  error(GIVE_UP, 0)
end

local function shown(t)
  return t.kind == "end" and t.text or ("'%s'"):format(t.text:match("^[^\n]*"):sub(1, 40))
end

function Parser:expected(what)
  self:fail(self:peek().pos, "%s expected, got %s", what, shown(self:peek()))
end

-- Whether the next token stands on a later line than the one before it.
function Parser:line_ended()
  local t, before = self:peek(), self.tokens[self.at - 1]
  if not before then return false end
  local line, _, file = self.source:place(before.pos)
  local line_of_next, _, file_of_next = self.source:place(t.pos)
  return line ~= line_of_next or file ~= file_of_next
end

-- A ';' that is missing at the end of a line is complained about, and taken for there.
function Parser:expect(text)
  local t = self:accept(text)
  if t then return t end
  if text == ";" and self:line_ended() then
    local before = self.tokens[self.at - 1]
    self:error(before.pos + #before.text, "';' expected, got %s", shown(self:peek()))
    return before
  end
  self:expected(("'%s'"):format(text))
end

function Parser:kind(kind, what)
  if self:peek().kind ~= kind then self:expected(what) end
  return self:next()
end

function Parser:name(what)
  return self:kind("name", what or "a name")
end

-- Calls fn(self); after a syntax error skips to behind the next ';' or before the '}' that ends the block.
function Parser:guarded(fn)
  local start, depth = self.at, self.depth
  local ok, result = pcall(fn, self)
  if ok then return result end
  if result ~= GIVE_UP then error(result, 0) end
  self.depth = depth
  self:skip()
  if self.at == start then self:next() end
end

-- fn(self, ...), which may come to be called inside itself.
function Parser:nested(fn, ...)
  if self.depth >= MOST then self:fail(self:peek().pos, "this is nested too deeply") end
  self.depth = self.depth + 1
  local result = fn(self, ...)
  self.depth = self.depth - 1
  return result
end

function Parser:skip()
  local depth = 0
  while self:peek().kind ~= "end" do
    if self:is "{" then depth = depth + 1 end
    if self:is "}" then
      if depth == 0 then return end
      depth = depth - 1
    end
    if self:next().text == ";" and depth == 0 then return end
  end
end

local function skip_pair(self, first, last)
  local open, depth = self:expect(first), 1
  while depth > 0 do
    local t = self:next()
    if t.kind == "end" then self:fail(open.pos, "this '%s' is never closed", first) end
    if t.kind == "punctuation" then
      depth = depth + (t.text == first and 1 or t.text == last and -1 or 0)
    end
  end
end

-- Skips what stands between parentheses, the first of which is next.
function Parser:skip_parentheses() skip_pair(self, "(", ")") end

-- The same for braces.
function Parser:skip_braces() skip_pair(self, "{", "}") end

return {new = new}
