-- Type serialization version 1 (pickling): a value of one type, as bytes that carry their own byte order.
--
-- A common header (version 1, byte order, its length 8, filler), then a private one: the length of what
-- follows, a multiple of 8, and filler; then the value as NDR20 has it, padded with zeros.

local compile = require "asyncrpc.idl.compile"
local core = require "asyncrpc.core"
local errors = require "asyncrpc.error"
local interface = require "asyncrpc.idl.interface"
local types = require "asyncrpc.idl.types"

local HEADER = "\1\16\8\0\xcc\xcc\xcc\xcc"

---@class asyncrpc.Type
---@field name string
---@field core userdata
local Type = {}
local type_mt = {__index = Type, __name = "asyncrpc.type"}

function type_mt:__tostring()
  return ("type %s"):format(self.name)
end

--- The bytes of a value. Raises as a call does for what does not fit.
---@param value any
---@return string
function Type:encode(value)
  local body = core.encode(self.core, 0, "in", "ndr20", nil, value)
  body = body .. ("\0"):rep(-#body % 8)
  return HEADER .. ("<I4I4"):pack(#body, 0) .. body
end

local function bad(self, what)
  errors.raise(1783, ("%s: %s"):format(self.name, what))
end

-- The body and whether it is big endian.
local function opened(self, bytes)
  if #bytes < 16 then bad(self, "the bytes end within the header") end
  local version, order = bytes:byte(1, 2)
  if version ~= 1 then bad(self, ("serialization version %d, 1 expected"):format(version)) end
  if order ~= 0x10 and order ~= 0 then bad(self, "a byte order nobody knows") end
  local big = order == 0
  local length = (big and ">I2" or "<I2"):unpack(bytes, 3)
  if length ~= 8 then bad(self, "the header's length is not 8") end
  local size = (big and ">I4" or "<I4"):unpack(bytes, 9)
  if size > #bytes - 16 then bad(self, ("%d bytes announced, %d there"):format(size, #bytes - 16)) end
  return bytes:sub(17, 16 + size), big
end

--- The value of bytes that encode, or another implementation, made.
---@param bytes string
---@return any
function Type:decode(bytes)
  if type(bytes) ~= "string" then errors.raise(87, ("%s: string expected, got %s"):format(self.name, type(bytes))) end
  local body, big = opened(self, bytes)
  return (core.decode(self.core, 0, "in", "ndr20", body, big))
end

local function make(name, t, limits)
  if t.kind == "pipe" then t = {kind = "refused", why = "a pipe is no value", where = t.where} end
  local description = compile.type_alone(name, types.settle(t, "unique"), limits)
  local made, why = interface.accepted(description)
  if not made then errors.raise(1764, ("%s: %s"):format(name, why)) end
  return setmetatable({name = name, core = made}, type_mt)
end

-- A typedef's name, or a tag.
local function find(scope, name)
  local t = scope.types[name]
  for _, kind in ipairs {"struct", "union", "enum"} do t = t or scope.tags[kind .. " " .. name] end
  return t
end

--- The types of a checked file by name, each made when it is first asked for.
local function all(scope, limits)
  return setmetatable({}, {__index = function(self, name)
    local t = type(name) == "string" and find(scope, name)
    if not t then return nil end
    local made = make(name, t, limits)
    rawset(self, name, made)
    return made
  end})
end

return {all = all}
