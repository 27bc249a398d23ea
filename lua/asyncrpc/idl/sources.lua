-- The texts of one load under one range of positions, so that a number says file, line and column.

local WIDTH = 120 -- of a line shown
local MOST_FILES, MOST_DEPTH = 200, 40

local Sources = {}
local sources_mt = {__index = Sources, __name = "asyncrpc.idl.sources"}

local function new()
  return setmetatable({files = {}, size = 0}, sources_mt)
end

--- Takes a text in. Its byte n has the position file.base + n.
function Sources:add(name, text)
  local file = {name = name, text = text, base = self.size, starts = nil}
  self.files[#self.files + 1] = file
  self.size = self.size + #text + 1
  return file
end

--- Whether no further file may come in, from one that is this deep among those that name each other.
function Sources:full(depth)
  return #self.files >= MOST_FILES or depth >= MOST_DEPTH
end

local function line_starts(text)
  local starts = {1}
  for at in text:gmatch("\n()") do starts[#starts + 1] = at end
  return starts
end

-- The last of an ascending list that is not above the limit.
local function last_upto(count, value_of, limit)
  local low, high = 1, count
  while low < high do
    local middle = (low + high + 1) // 2
    if value_of(middle) <= limit then low = middle else high = middle - 1 end
  end
  return low
end

function Sources:file(pos)
  return self.files[last_upto(#self.files, function(i) return self.files[i].base + 1 end, pos)]
end

--- Line and column of a position, both from 1, and the name of the file.
function Sources:place(pos)
  local file = self:file(pos)
  file.starts = file.starts or line_starts(file.text)
  local at = pos - file.base
  local line = last_upto(#file.starts, function(i) return file.starts[i] end, at)
  return line, at - file.starts[line] + 1, file.name
end

function Sources:where(pos)
  local line, column, name = self:place(pos)
  return ("%s:%d:%d"):format(name, line, column)
end

--- The line of a position, and a caret under it; tabs stay tabs, so that the caret stands where it should.
function Sources:excerpt(pos)
  local line, column = self:place(pos)
  local file = self:file(pos)
  local text = file.text:match("^[^\r\n]*", file.starts[line])
  if #text > WIDTH then
    local from = math.max(1, math.min(column - WIDTH // 2, #text - WIDTH + 1))
    text, column = text:sub(from, from + WIDTH - 1), column - from + 1
  end
  return ("    %s\n    %s^"):format(text, text:sub(1, column - 1):gsub("[^\t]", " "))
end

return {new = new}
