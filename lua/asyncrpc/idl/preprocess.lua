-- A file -> its tokens, with directives obeyed and macros expanded (macros.lua).
--
-- A room to work in is {sources, diagnostics, folders, define}: where included files are looked for beside the
-- file that names them, and macros that are there from the start, {[name] = text}.

local builtin = require "asyncrpc.idl.builtin"
local expression = require "asyncrpc.idl.expression"
local files = require "asyncrpc.idl.files"
local lexer = require "asyncrpc.idl.lexer"
local macros = require "asyncrpc.idl.macros"
local parser = require "asyncrpc.idl.parser"

local Preprocessor = {}
local preprocessor_mt = {__index = Preprocessor, __name = "asyncrpc.idl.preprocessor"}

local directives = {}

function Preprocessor:error(pos, format, ...)
  self.room.diagnostics:error(self.room.sources, pos, format, ...)
end

-- ---- macros

local function parameters(self, tokens)
  local list, at = {index = {}, n = 0}, 3
  while tokens[at] and tokens[at].text ~= ")" do
    local t = tokens[at]
    if t.kind ~= "name" and t.text ~= "..." then
      return self:error(t.pos, "a parameter of the macro expected, got '%s'", t.text)
    end
    list.n = list.n + 1
    list.index[t.text == "..." and "__VA_ARGS__" or t.text] = list.n
    list.variadic = t.text == "..." or nil
    at = at + 1
    if tokens[at] and tokens[at].text == "," then at = at + 1
    elseif tokens[at] and tokens[at].text ~= ")" then
      return self:error(tokens[at].pos, "',' or ')' expected, got '%s'", tokens[at].text)
    end
  end
  if not tokens[at] then return self:error(tokens[2].pos, "this '(' is never closed") end
  return list, at + 1
end

function directives.define(self, d)
  local tokens = d:tokens()
  local name = tokens[1]
  if not name or name.kind ~= "name" or name.text == "defined" then
    return self:error(name and name.pos or d.pos, "the name of a macro expected")
  end
  local macro, first = {name = name.text, pos = name.pos}, 2
  if tokens[2] and tokens[2].text == "(" and tokens[2].pos == name.pos + #name.text then
    macro.parameters, first = parameters(self, tokens)
    if not macro.parameters then return end
  end
  macro.body = table.move(tokens, first, #tokens, 1, {})
  self.macros:define(macro)
end

function directives.undef(self, d)
  local name = d:tokens()[1]
  if name and name.kind == "name" then return self.macros:undefine(name.text) end
  self:error(name and name.pos or d.pos, "the name of a macro expected")
end

-- ---- conditions: {pos, active (its lines count), done (a branch was taken), outer (the lines around count)}

local function open(self, d, holds)
  local outer = self.active
  local c = {pos = d.pos, outer = outer, active = outer and holds, done = holds}
  self.conditions[#self.conditions + 1] = c
  self.active = c.active
end

local function innermost(self, d)
  local c = self.conditions[#self.conditions]
  if not c then self:error(d.pos, "#%s without #if", d.word) end
  return c
end

local function number(t, value)
  return {kind = "integer", text = tostring(value), value = value, pos = t.pos}
end

-- "defined X" -> 1 or 0, before macros are expanded.
local function answer_defined(self, tokens)
  local out, i = {}, 1
  while i <= #tokens do
    local t, name = tokens[i], tokens[i + 1]
    if t.text == "defined" and name and name.text == "(" and tokens[i + 3] and tokens[i + 3].text == ")" then
      name, i = tokens[i + 2], i + 2
    end
    if t.text == "defined" and name and name.kind == "name" then
      t, i = number(t, self.macros.defined[name.text] and 1 or 0), i + 1
    end
    out[#out + 1], i = t, i + 1
  end
  return out
end

local function condition(self, d)
  local tokens = self.macros:expand(answer_defined(self, d:tokens()))
  for i, t in ipairs(tokens) do
    if t.kind == "name" then tokens[i] = number(t, 0) end
  end
  tokens[#tokens + 1] = {kind = "end", pos = d.finish, text = "the end of the line"}
  local p = parser.new(self.room.sources, self.room.diagnostics, tokens)
  local tree = p:guarded(function()
    local e = expression.parse(p)
    if p:peek().kind ~= "end" then p:expected "the end of the line" end
    return e
  end)
  if not tree then return false end
  local value, why, pos = expression.evaluate(tree, function() return 0 end)
  if value == nil then self:error(pos, "%s", why) end
  return value ~= nil and value ~= 0
end

directives["if"] = function(self, d) open(self, d, self.active and condition(self, d)) end

local function named(self, d)
  local name = d:tokens()[1]
  if name and name.kind == "name" then return self.macros.defined[name.text] ~= nil end
  if self.active then self:error(d.pos, "the name of a macro expected") end
  return false
end

function directives.ifdef(self, d) open(self, d, named(self, d)) end
function directives.ifndef(self, d) open(self, d, not named(self, d)) end

directives["elif"] = function(self, d)
  local c = innermost(self, d)
  if not c then return end
  if c.last then self:error(d.pos, "#elif behind #else") end
  c.active = c.outer and not c.done and condition(self, d)
  c.done = c.done or c.active
  self.active = c.active
end

directives["else"] = function(self, d)
  local c = innermost(self, d)
  if not c then return end
  if c.last then self:error(d.pos, "#else behind #else") end
  c.last, c.active = true, c.outer and not c.done
  self.active = c.active
end

function directives.endif(self, d)
  local c = innermost(self, d)
  if not c then return end
  self.conditions[#self.conditions] = nil
  self.active = c.outer
end

local conditional = {["if"] = true, ifdef = true, ifndef = true, ["elif"] = true, ["else"] = true, endif = true}

-- ---- other files, and the rest

function directives.include(self, d)
  local name = d.rest:match '^%s*"([^"]+)"' or d.rest:match "^%s*<([^>]+)>"
  if not name then
    local t = self.macros:expand(d:tokens())[1]
    name = t and t.kind == "string" and t.value
  end
  if not name then return self:error(d.pos, "\"file\" or <file> expected") end
  local path, text = files.find(name, self.folder, self.room.folders)
  if path then return self:include(path, text, d.pos) end
  if not builtin.headers[name:match "[^/\\]*$":lower()] then self:error(d.pos, "the file '%s' is not found", name) end
end

directives["error"] = function(self, d) self:error(d.pos, "#error%s", (d.rest:gsub("%s+$", ""))) end
function directives.pragma() end
directives.line, directives.warning, directives.ident = directives.pragma, directives.pragma, directives.pragma

local Directive = {}
local directive_mt = {__index = Directive}

function Directive:tokens()
  local list = lexer.pieces(self.rest, self.start)
  for i, t in ipairs(list) do
    if t.text == "/*" and t.kind == "bad" then list[i] = nil end
  end
  return list
end

function Preprocessor:directive(t)
  local blank, word, rest = t.text:match "^#(%s*)([%a_]*)(.*)$"
  local start = t.pos + 1 + #blank + #word
  local d = setmetatable({pos = t.pos, word = word, rest = rest, start = start, finish = t.pos + #t.text}, directive_mt)
  if not self.active and not conditional[word] then return end
  local fn = directives[word]
  if fn then return fn(self, d) end
  if word ~= "" or d.rest:match "^%s*[^%s%d]" then
    self:error(t.pos, "'#%s' is no directive", word ~= "" and word or d.rest:match "^%s*(%g)")
  end
end

-- ---- files

function Preprocessor:complain(t)
  local mark = t.text:sub(1, 1)
  if t.text == "/*" then
    self:error(t.pos, "the comment does not end")
  elseif mark == '"' then
    self:error(t.pos, "the string does not end on its line")
  elseif self.last_bad ~= t.pos - 1 then
    self:error(t.pos, "'%s' is no part of the language", mark:match "%g" or ("\\x%02x"):format(mark:byte()))
  end
  self.last_bad = t.pos
end

-- The tokens of one file, behind those there are.
function Preprocessor:file(file)
  local from, out, made = macros.stream(lexer.lex(file)), self.out, {}
  local defined = self.macros.defined
  while true do
    local t = from:peek()
    if t.kind == "end" then return t end
    if t.kind == "directive" then
      self:directive(from:next())
    elseif not self.active then
      from:next()
    elseif t.kind == "name" and defined[t.text] then
      self.macros:step(from, made)
      table.move(made, 1, #made, #out + 1, out)
      made = {}
    elseif from:next().kind == "bad" then
      self:complain(t)
    else
      out[#out + 1] = t
    end
  end
end

function Preprocessor:include(path, text, pos)
  if self.seen[path] then return end
  if self.room.sources:full(self.depth) then
    return self:error(pos, "too many files")
  end
  self.seen[path] = true
  return self:enter(self.room.sources:add(path, text), files.folder(path))
end

-- Conditions end in the file they begin in.
function Preprocessor:enter(file, folder)
  local outer = {conditions = self.conditions, folder = self.folder}
  self.conditions, self.folder, self.depth = {}, folder, self.depth + 1
  local last = self:file(file)
  for _, c in ipairs(self.conditions) do self:error(c.pos, "this condition has no #endif") end
  self.active = true
  self.conditions, self.folder, self.depth = outer.conditions, outer.folder, self.depth - 1
  return last
end

local function predefine(self)
  for name, text in pairs(self.room.define or {}) do
    local file = self.room.sources:add("(define)", text == true and "1" or tostring(text))
    self.macros:define {name = name, pos = file.base + 1, body = lexer.pieces(file.text, file.base + 1)}
  end
end

--- The tokens of a file of the room's sources, whose includes are beside it in folder; and the macros it leaves.
local function run(room, file, folder)
  local self = setmetatable({room = room, macros = macros.new(room.sources, room.diagnostics), out = {}, seen = {},
    conditions = {}, active = true, depth = 0}, preprocessor_mt)
  predefine(self)
  local last = self:enter(file, folder)
  self.out[#self.out + 1] = last
  return self.out, self.macros
end

return {run = run}
