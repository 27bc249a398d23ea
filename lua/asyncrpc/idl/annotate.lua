-- An interface -> LuaCATS annotations, for editors: a class for the client's procedures and one for every struct.

local Writer = {}
local writer_mt = {__index = Writer}

local plain = {int = "integer", bool = "boolean", float = "number", uuid = "string", text = "string",
  enum = "string|integer", context = "userdata"}

local function named(t)
  return t.kind == "struct" or t.kind == "union"
end

local reserved = {}
for name in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while]]):gmatch "%S+" do
  reserved[name] = true
end

-- The class of a struct or a union; its fields are written once, later. Uses of one union are types of their own.
function Writer:class(number, t)
  local name = ("%s.%s"):format(self.iface.name, t.name or t.kind .. number)
  if not self.classes[number] then
    if not self.taken[name] then self.waiting[#self.waiting + 1] = number end
    self.classes[number], self.taken[name] = name, true
  end
  return self.classes[number]
end

function Writer:type(number)
  local t = self.iface.described[number]
  if plain[t.kind] then return plain[t.kind] end
  if t.ignored then return "nil" end
  if t.kind == "pointer" or t.kind == "grid" then return self:type(t.of) end
  if named(t) then return self:class(number, t) end
  if t.kind ~= "array" then return "any" end
  local of = self:type(t.of)
  return (of:find("|", 1, true) and "(%s)[]" or "%s[]"):format(of)
end

function Writer:line(format, ...)
  self.lines[#self.lines + 1] = format:format(...)
end

local function may_be_nil(types, number)
  local t = types[number]
  while t.kind == "pointer" and t.ref do t = types[t.of] end
  return t.kind == "pointer" or t.kind == "context" and not t.ref
end

function Writer:procedure(p)
  self:line("")
  self:line("--- opnum %d", p.opnum)
  if p.refused then return self:line("--- %s cannot be called: %s", p.name, p.refused) end
  local names = {}
  for i, a in ipairs(p.arguments) do
    names[i] = reserved[a.name] and a.name .. "_" or a.name
    self:line("---@param %s%s %s", names[i], a.optional and "?" or "", self:type(a.type))
  end
  for _, r in ipairs(p.results) do
    self:line("---@return %s%s %s", self:type(r.type), r.optional and "?" or "", r.name)
  end
  if reserved[p.name] then
    return self:line("--- called as client:call(%s)", table.concat({("%q"):format(p.name), table.unpack(names)}, ", "))
  end
  self:line("function %s:%s(%s) end", self.iface.name, p.name, table.concat(names, ", "))
end

-- The values of all arms, each once; nil where one is empty.
function Writer:union(t)
  local found, list = {}, {}
  for _, arm in ipairs(t.arms) do
    local name = arm.type and self:type(arm.type) or "nil"
    if arm.type and may_be_nil(self.iface.described, arm.type) then found["nil"] = true end
    if not found[name] and name ~= "nil" then list[#list + 1] = name end
    found[name] = true
  end
  self:line("---@field tag %s", self:type(t.of))
  self:line("---@field value%s %s", found["nil"] and "?" or "", #list > 0 and table.concat(list, "|") or "nil")
end

function Writer:struct(number)
  self:line("")
  self:line("---@class %s", self.classes[number])
  local t = self.iface.described[number]
  if t.kind == "union" then return self:union(t) end
  for _, m in ipairs(self.iface.described[number].members) do
    local optional = m.hidden or may_be_nil(self.iface.described, m.type)
    self:line("---@field %s%s %s", m.name, optional and "?" or "", self:type(m.type))
  end
end

--- The annotations of an interface, as the text of a file.
---@param iface asyncrpc.Interface
---@return string
local function annotate(iface)
  local self = setmetatable({iface = iface, lines = {}, classes = {}, taken = {}, waiting = {}}, writer_mt)
  self:line("---@meta")
  self:line("")
  self:line("--- %s, version %s, %s", iface.name, iface.version, iface.uuid)
  self:line("---@class %s", iface.name)
  self:line("local %s = {}", iface.name)
  for _, p in ipairs(iface.procs) do self:procedure(p) end
  local at = 1
  while self.waiting[at] do
    self:struct(self.waiting[at])
    at = at + 1
  end
  return table.concat(self.lines, "\n") .. "\n"
end

return {annotate = annotate}
