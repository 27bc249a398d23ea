-- Text -> tokens {kind, text, pos, value}. Comments and blanks fall away; a preprocessor line is one token.

local lpeg = require "lpeg"

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cp, Ct, Cc = lpeg.C, lpeg.Cp, lpeg.Ct, lpeg.Cc

local digit, hex = R "09", R("09", "af", "AF")
local letter = R("az", "AZ") + "_"
local word = letter + digit
local function times(pattern, n) return n == 1 and pattern or pattern * times(pattern, n - 1) end

local line_end = P "\n" + -P(1)
local blank = S " \t\r\n\f\v" + "//" * (1 - line_end) ^ 0 + "/*" * (1 - P "*/") ^ 0 * "*/"

local uuid = times(hex, 8) * "-" * times(times(hex, 4) * "-", 3) * times(hex, 12) * -word
local exponent = S "eE" * S "+-" ^ -1 * digit ^ 1
local float = digit ^ 1 * "." * digit ^ 0 * exponent ^ -1 + digit ^ 1 * exponent
local integer = (P "0x" + "0X") * hex ^ 1 + digit ^ 1
local suffix = S "uUlL" ^ 0 * -word
local escape = P "\\" * 1
local wide = P "L" ^ -1
local continued = P "\\" * P "\r" ^ -1 * "\n"
local punctuation = P "<<" + ">>" + "<=" + ">=" + "==" + "!=" + "&&" + "||" + "..." + S "[](){}<>,;:=*+-/%&|^!~?."

local function token(kind, pattern) return Ct(Cc(kind) * Cp() * C(pattern)) end

local one = token("directive", P "#" * (continued + 1 - P "\n") ^ 0)
  + token("uuid", uuid)
  + token("float", float)
  + token("integer", integer * suffix)
  + token("string", wide * '"' * (escape + 1 - S '"\n') ^ 0 * '"')
  + token("char", wide * "'" * (escape + 1 - S "'\n") ^ 1 * "'")
  + token("name", letter * word ^ 0)
  + token("punctuation", punctuation)

local bad = token("bad", P(1))
local grammar = P {Ct((blank + V "token") ^ 0) * Cp(), token = one + bad}

local escapes = {n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v", ["0"] = "\0"}

local function unescape(text)
  return (text:gsub("\\x(%x%x?)", function(x) return string.char(tonumber(x, 16)) end)
    :gsub("\\(.)", function(c) return escapes[c] or c end))
end

local values = {
  integer = function(text)
    local digits = text:gsub("[uUlL]+$", "")
    if digits:match "^0[0-7]+$" then return tonumber(digits, 8) end
    return math.tointeger(tonumber(digits))
  end,
  float = tonumber,
  string = function(text) return unescape(text:match '^L?"(.*)"$') end,
  char = function(text) return unescape(text:match "^L?'(.*)'$"):byte() end,
}

local function complain(t, diagnostics, source)
  if t.text == '"' then
    diagnostics:error(source, t.pos, "the string does not end on its line")
  elseif t.text == "/" then
    diagnostics:error(source, t.pos, "the comment does not end")
  else
    local shown = t.text:match "^%g" or ("\\x%02x"):format(t.text:byte())
    diagnostics:error(source, t.pos, "'%s' is no part of the language", shown)
  end
end

--- The tokens of a source, with one of kind "end" behind the last.
local function lex(source, diagnostics)
  local tokens, list = {}, lpeg.match(grammar, source.text)
  local last_bad
  for _, found in ipairs(list) do
    local t = {kind = found[1], pos = found[2], text = found[3]}
    if t.kind == "bad" then
      if last_bad ~= t.pos - 1 then complain(t, diagnostics, source) end
      last_bad = t.pos
    elseif t.kind == "punctuation" and t.text == "/" and source.text:sub(t.pos, t.pos + 1) == "/*" then
      complain(t, diagnostics, source)
      break
    else
      t.value = values[t.kind] and values[t.kind](t.text)
      tokens[#tokens + 1] = t
    end
  end
  tokens[#tokens + 1] = {kind = "end", pos = #source.text + 1, text = "the end of the file"}
  return tokens
end

return {lex = lex}
