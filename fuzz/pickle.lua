-- Types of pickle.idl from any bytes. Input: the number of the type, a byte of options, the bytes. What decodes
-- is encoded again, and that decodes to the same; what does not is refused with a status of its own.

require "asyncrpc"
local idl = require "asyncrpc.idl"

local NAMES = {"Colour", "Wide", "Scalars", "Name", "Narrow", "Names", "Counted", "List", "Arrays", "Tail", "Pointers",
  "Choice", "Choices", "Tree", "Blobs"}
local STATUS = {[1733] = true, [1734] = true, [1780] = true, [1783] = true}
-- What bytes may hold and strings of a script's may not.
local UNFIT = {"string without zero bytes expected", "is out of range"}

local types = idl.load("fuzz/pickle.idl").Pickled.types

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b or (a ~= a and b ~= b) end
  for k, v in pairs(a) do
    if not same(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

-- Options: 1 bytes without headers, which get them here; 2 big endian; 4 padded with zeros.
local function complete(options, bytes)
  if options & 1 == 0 then return bytes end
  if options & 4 ~= 0 then bytes = bytes .. ("\0"):rep(64) end
  if options & 2 ~= 0 then return "\1\0\0\8\0\0\0\0" .. (">I4I4"):pack(#bytes, 0) .. bytes end
  return "\1\16\8\0\0\0\0\0" .. ("<I4I4"):pack(#bytes, 0) .. bytes
end

local function may_not_fit(err)
  for _, words in ipairs(UNFIT) do
    if tostring(err):find(words, 1, true) then return err.status == 87 end
  end
end

return function(input)
  if #input < 2 then return end
  local which, options = input:byte(1, 2)
  local t = types[NAMES[which % #NAMES + 1]]
  local ok, value = pcall(t.decode, t, complete(options, input:sub(3)))
  if not ok then
    if type(value) ~= "table" or not STATUS[value.status] then error("not a status of decoding: " .. tostring(value), 0) end
    return
  end
  local again, bytes = pcall(t.encode, t, value)
  if not again then
    if not may_not_fit(bytes) then error(bytes, 0) end
    return
  end
  if not same(value, t:decode(bytes)) then error("decodes to another value", 0) end
end
