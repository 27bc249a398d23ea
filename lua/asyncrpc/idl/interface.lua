-- A loaded interface, as a script sees it.

local core = require "asyncrpc.core"

---@class asyncrpc.Procedure
---@field name string
---@field opnum integer
---@field async boolean            [async] in the ACF
---@field refused string?          why it cannot be called
---@field arguments asyncrpc.Parameter[] what a script passes, in order
---@field results asyncrpc.Parameter[] what it gets, the return value first

---@field pipes asyncrpc.Pipe[]    in declared order

---@class asyncrpc.Pipe
---@field name string
---@field in boolean?              the client pushes
---@field out boolean?             the server pushes
---@field place integer            its number among the arguments and the pipes
---@field type integer             of its chunks: an index into `described`

---@class asyncrpc.Parameter
---@field name string
---@field optional boolean         may be nil
---@field type integer             an index into `described`

---@class asyncrpc.Interface
---@field name string
---@field uuid string
---@field version string           "1.0"
---@field procs asyncrpc.Procedure[] procs[opnum + 1]
---@field enums table<string, table<string, integer>>
---@field constants table<string, integer|number|string>
---@field types table<string, asyncrpc.Type> typedefs and tags: values to bytes and back, without a call
---@field endpoints string[]       of the [endpoint] attribute
---@field warnings string[]
---@field described table[]       what compile.lua says of the types
---@field core userdata
local Interface = {}

local interface_mt = {__index = Interface, __name = "asyncrpc.interface"}

function interface_mt:__tostring()
  return ("interface %s %s (%s)"):format(self.name, self.version, self.uuid)
end

--- A procedure by name or opnum.
---@param which string|integer
---@return asyncrpc.Procedure?
function Interface:find(which)
  if math.type(which) == "integer" then return self.procs[which + 1] end
  for _, p in ipairs(self.procs) do
    if p.name == which then return p end
  end
end

local function names(list)
  local found = {}
  for i, p in ipairs(list) do found[i] = p.name .. (p.optional and "?" or "") end
  return table.concat(found, ", ")
end

-- The arguments with the pipes at their places.
local function passed(p)
  local list = {}
  for i, argument in ipairs(p.arguments) do list[i] = argument end
  for _, pipe in ipairs(p.pipes) do table.insert(list, pipe.place, {name = "pipe " .. pipe.name}) end
  return names(list)
end

--- What a script passes and gets: "EchoData(in_data) -> out_data". A '?' marks what may be nil. Where a pipe stands a
--- synchronous call passes what it comes from or goes to, and a manager gets it.
---@param which string|integer
---@return string
function Interface:signature(which)
  local p = self:find(which)
  if not p then error(("interface %s has no procedure '%s'"):format(self.name, tostring(which)), 2) end
  if p.refused then return ("%s: %s"):format(p.name, p.refused) end
  return ("%s(%s)%s%s"):format(p.name, passed(p), #p.results > 0 and " -> " or "", names(p.results))
end

local function may_be_nil(t)
  return t.kind == "pointer" or t.kind == "context" and not t.ref
end

local function parameters(description, list)
  local found = {}
  for _, m in ipairs(list and list.members or {}) do
    local t = description.types[m.type]
    while t.kind == "pointer" and t.ref do t = description.types[t.of] end
    if m.place then found[m.place] = {name = m.name, optional = may_be_nil(t), type = m.type} end
  end
  return found
end

local function procedure(description, p, opnum)
  local results = parameters(description, p.out)
  for _, extra in ipairs(p.extras or {}) do results[extra.place] = {name = extra.name, type = extra.type} end
  return {name = p.name, opnum = opnum, async = p.async, refused = p.refused,
    arguments = parameters(description, p["in"]), results = results, pipes = p.pipes or {}}
end

local function is(value)
  return getmetatable(value) == interface_mt
end

--- The core's interface for a description (compile.lua), or nil and which of the core's limits it exceeds.
local function accepted(description)
  local ok, made = pcall(core.interface, description)
  if ok then return made end
  local why = type(made) == "string" and made:match "interface description: (.*)"
  if not why then error(made, 0) end
  return nil, why
end

--- The object for a description (compile.lua), or nil and what the core does not accept.
local function new(description, more)
  local made, why = accepted(description)
  if not made then return nil, why end
  local self = {
    name = description.name,
    uuid = description.uuid,
    version = ("%d.%d"):format(description.major, description.minor),
    procs = {},
    enums = more.enums,
    constants = more.constants,
    types = more.types,
    endpoints = more.endpoints or {},
    warnings = more.warnings,
    described = description.types,
    core = made,
  }
  for i, p in ipairs(description.procs) do self.procs[i] = procedure(description, p, i - 1) end
  return setmetatable(self, interface_mt)
end

return {accepted = accepted, new = new, is = is}
