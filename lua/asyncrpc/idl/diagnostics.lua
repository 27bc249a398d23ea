-- The mistakes found in texts (sources.lua), told as a compiler tells them.

local Diagnostics = {}
local diagnostics_mt = {__index = Diagnostics, __name = "asyncrpc.idl.diagnostics"}

local MOST = 20

local function new()
  return setmetatable({errors = {}, warnings = {}}, diagnostics_mt)
end

local function entry(source, pos, text)
  local line, column, name = source:place(pos)
  return {file = name, line = line, column = column, message = text, excerpt = source:excerpt(pos)}
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

return {new = new}
