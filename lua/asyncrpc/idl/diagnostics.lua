-- A source text, and the mistakes found in it, told as a compiler tells them.

local WIDTH = 120 -- of a line shown

local Source = {}
local source_mt = {__index = Source, __name = "asyncrpc.idl.source"}

local function new_source(name, text)
  return setmetatable({name = name, text = text, starts = nil}, source_mt)
end

local function line_starts(text)
  local starts = {1}
  for at in text:gmatch("\n()") do starts[#starts + 1] = at end
  return starts
end

-- Line and column of a byte position, both from 1.
function Source:place(pos)
  self.starts = self.starts or line_starts(self.text)
  local low, high = 1, #self.starts
  while low < high do
    local middle = (low + high + 1) // 2
    if self.starts[middle] <= pos then low = middle else high = middle - 1 end
  end
  return low, pos - self.starts[low] + 1
end

function Source:where(pos)
  local line, column = self:place(pos)
  return ("%s:%d:%d"):format(self.name, line, column)
end

-- The line of a position, and a caret under it; tabs stay tabs, so that the caret stands where it should.
function Source:excerpt(pos)
  local line, column = self:place(pos)
  local text = self.text:match("^[^\r\n]*", self.starts[line])
  if #text > WIDTH then
    local from = math.max(1, math.min(column - WIDTH // 2, #text - WIDTH + 1))
    text, column = text:sub(from, from + WIDTH - 1), column - from + 1
  end
  return ("    %s\n    %s^"):format(text, text:sub(1, column - 1):gsub("[^\t]", " "))
end

local Diagnostics = {}
local diagnostics_mt = {__index = Diagnostics, __name = "asyncrpc.idl.diagnostics"}

local MOST = 20

local function new()
  return setmetatable({errors = {}, warnings = {}}, diagnostics_mt)
end

local function entry(source, pos, text)
  local line, column = source:place(pos)
  return {file = source.name, line = line, column = column, message = text, excerpt = source:excerpt(pos)}
end

-- Notes a mistake; one place is complained about once.
function Diagnostics:error(source, pos, format, ...)
  local found = entry(source, pos, format:format(...))
  for _, e in ipairs(self.errors) do
    if e.file == found.file and e.line == found.line and e.column == found.column then return end
  end
  self.errors[#self.errors + 1] = found
end

function Diagnostics:warning(source, pos, format, ...)
  self.warnings[#self.warnings + 1] = ("%s: %s"):format(source:where(pos), format:format(...))
end

local function in_order(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if a.line ~= b.line then return a.line < b.line end
  return a.column < b.column
end

local function text_of(errors)
  local lines = {}
  for i, e in ipairs(errors) do
    if i > MOST then
      lines[i] = ("and %d more"):format(#errors - MOST)
      break
    end
    lines[i] = ("%s:%d:%d: error: %s\n%s"):format(e.file, e.line, e.column, e.message, e.excerpt)
  end
  return table.concat(lines, "\n")
end

local errors_mt = {
  __name = "asyncrpc.idl.errors",
  __tostring = function(self) return self.message end,
}

-- Raises everything noted so far, if there is anything.
function Diagnostics:raise()
  if #self.errors == 0 then return end
  table.sort(self.errors, in_order)
  error(setmetatable({errors = self.errors, message = text_of(self.errors)}, errors_mt), 0)
end

return {new = new, source = new_source}
