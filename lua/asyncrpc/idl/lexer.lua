-- Text -> tokens {kind, text, pos, value}. Comments and blanks fall away; a preprocessor line is one token;
-- what is no token is one of kind "bad".

local lpeg = require "lpeg"

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cg, Cp, Ct, Cc = lpeg.C, lpeg.Cg, lpeg.Cp, lpeg.Ct, lpeg.Cc

local digit, hex = R "09", R("09", "af", "AF")
local letter = R("az", "AZ") + "_"
local word = letter + digit
local function times(pattern, n) return n == 1 and pattern or pattern * times(pattern, n - 1) end

local line_end = P "\n" + -P(1)
local continued = P "\\" * P "\r" ^ -1 * "\n"
local comment = "/*" * (1 - P "*/") ^ 0 * "*/"
local blank = S " \t\r\n\f\v" + "//" * (continued + 1 - line_end) ^ 0 + comment + continued

local uuid = times(hex, 8) * "-" * times(times(hex, 4) * "-", 3) * times(hex, 12) * -word
local exponent = S "eE" * S "+-" ^ -1 * digit ^ 1
local float = digit ^ 1 * "." * digit ^ 0 * exponent ^ -1 + digit ^ 1 * exponent
local integer = (P "0x" + "0X") * hex ^ 1 + digit ^ 1
local suffix = S "uUlL" ^ 0 * -word
local escape = P "\\" * 1
local wide = P "L" ^ -1
local text_literal = wide * '"' * (escape + 1 - S '"\n') ^ 0 * '"'
local char_literal = wide * "'" * (escape + 1 - S "'\n") ^ 1 * "'"
local punctuation = P "<<" + ">>" + "<=" + ">=" + "==" + "!=" + "&&" + "||" + "..." + S "[](){}<>,;:=*+-/%&|^!~?."
local rest_of_line = (continued + comment + text_literal + char_literal + 1 - P "\n") ^ 0

local function token(kind, pattern)
  return Ct(Cg(Cc(kind), "kind") * Cg(Cp(), "pos") * Cg(C(pattern), "text"))
end

local function grammar(first)
  local one = first
    + token("name", letter * word ^ 0 * -S "\"'")
    + token("float", float)
    + token("integer", integer * suffix)
    + token("string", text_literal)
    + token("char", char_literal)
    + token("name", letter * word ^ 0)
    + token("punctuation", punctuation)
    + token("bad", P(1))
  return P {Ct((blank + V "token") ^ 0), token = one}
end

local files = grammar(token("directive", P "#" * rest_of_line) + token("uuid", uuid))
local bodies = grammar(token("punctuation", P "##" + "#") + token("uuid", uuid))

local escapes = {n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v"}

-- What stands between quotes; character gives the text of a numbered character.
local function unescaped(most_digits, character)
  local function number(radix)
    return function(digits) return character(tonumber(digits, radix)) end
  end
  return lpeg.Cs((P "\\" / "" * (P "\r" ^ -1 * "\n" / ""
    + (P "x" / "") * (hex * hex ^ (1 - most_digits) / number(16))
    + R "07" * R "07" ^ -2 / number(8)
    + P(1) / function(c) return escapes[c] or c end) + 1) ^ 0)
end

local narrow = unescaped(2, function(code) return string.char(code & 255) end)
local broad = unescaped(4, utf8.char)

local function unescape(text)
  local is_wide, inner = text:match "^(L?).(.*).$"
  if not inner:find("\\", 1, true) then return inner end
  return lpeg.match(is_wide == "L" and broad or narrow, inner)
end

local function code(text)
  local inner = unescape(text)
  return utf8.len(inner) == 1 and utf8.codepoint(inner) or inner:byte()
end

local function whole(text)
  local digits = text:gsub("[uUlL]+$", "")
  local hexadecimal = digits:match "^0[xX]0*(%x*)$"
  if hexadecimal then return #hexadecimal <= 16 and math.tointeger(tonumber(digits)) or nil end
  if digits:match "^0[0-7]+$" then return #digits <= 22 and tonumber(digits, 8) or nil end
  return math.tointeger(tonumber(digits))
end

local values = {
  integer = whole,
  float = tonumber,
  string = unescape,
  char = code,
}

-- A comment that does not end is one bad token, and the last.
local function cut(list, at)
  list[at].kind, list[at].text = "bad", "/*"
  for i = #list, at + 1, -1 do list[i] = nil end
end

local function finish(list, base)
  local before
  for i, t in ipairs(list) do
    local value = values[t.kind]
    if value then t.value = value(t.text) end
    t.pos = t.pos + base
    if t.text == "*" and before and before.text == "/" and before.pos == t.pos - 1 then
      cut(list, i - 1)
      break
    end
    before = t
  end
  return list
end

--- The tokens of a file (sources.lua), with one of kind "end" behind the last.
local function lex(file)
  local tokens = finish(lpeg.match(files, file.text), file.base)
  tokens[#tokens + 1] = {kind = "end", pos = file.base + #file.text + 1, text = "the end of the file"}
  return tokens
end

--- The tokens of a piece of a text whose first byte has the position pos; '#' and '##' are tokens.
local function pieces(text, pos)
  return finish(lpeg.match(bodies, text), pos - 1)
end

return {lex = lex, pieces = pieces}
