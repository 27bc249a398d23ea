-- The IDL front end over any text. An input is the text of an IDL file; behind zero bytes may stand that of an ACF,
-- then those of a.idl, b.h, c.idl, d.acf, which the others can name. What comes out is interfaces, or an error
-- as a compiler tells it: never an error of Lua's.

local names = {"a.idl", "b.h", "c.idl", "d.acf"}
local parts

-- The only files there are.
io.open = function(path)
  for i, name in ipairs(names) do
    local text = parts[i + 2]
    if path == name and text then
      return {read = function() return text end, close = function() end}
    end
  end
  return nil, path .. ": not there"
end

local annotate = require "asyncrpc.idl.annotate"
local idl = require "asyncrpc.idl"

local function split(text)
  local found = {}
  for part in text:gmatch "[^\0]*" do found[#found + 1] = part end
  return found
end

local function check(holds, format, ...)
  if not holds then error(format:format(...), 0) end
end

local function is_place(e)
  return type(e.file) == "string" and math.type(e.line) == "integer" and e.line > 0
    and math.type(e.column) == "integer" and e.column > 0
end

-- Something that Lua says, not a compiler.
local function is_foreign(message)
  return message:find "attempt to " or message:find "%.lua:%d" or message:find "bad argument #"
    or message:find "stack overflow" or message:find "stack traceback"
end

local function check_error(e)
  check(is_place(e), "an error without a place: %s", e.message)
  check(type(e.message) == "string" and #e.message > 0 and not is_foreign(e.message), "no message: %s", e.message)
  local line, mark = e.excerpt:match "^    ([^\n]*)\n    ([^\n]*)%^$"
  check(line and #line <= 120 and #mark <= #line and not mark:find "[^ \t]", "no caret:\n%s", e.excerpt)
end

local function check_errors(err)
  check(type(err) == "table" and type(err.errors) == "table" and #err.errors > 0, "not a compiler's error: %s", err)
  for _, e in ipairs(err.errors) do check_error(e) end
  local words = tostring(err)
  check(select(2, words:gsub("error: ", "")) >= 1 and words:match "^[^\n]*:%d+:%d+: error: ", "not as a compiler: %s", words)
end

local function check_types(iface, text)
  local asked = 0
  for name in text:gmatch "[%a_][%w_]*" do
    if asked >= 8 then return end
    asked = asked + 1
    local _ = iface.types[name]
  end
end

local function check_interface(iface, text)
  for _, p in ipairs(iface.procs) do
    check(iface:signature(p.opnum):find(p.name, 1, true) == 1, "a signature that is none")
  end
  for _, warning in ipairs(iface.warnings) do check(warning:match ":%d+:%d+: ", "not a warning: %s", warning) end
  check(type(annotate.annotate(iface)) == "string", "no annotations")
  check_types(iface, text)
end

return function(input)
  parts = split(input)
  local ok, result = pcall(idl.parse, parts[1], {name = "in.idl", acf = parts[2], folder = ""})
  if not ok then return check_errors(result) end
  for _, iface in pairs(result) do check_interface(iface, parts[1]) end
end
