-- What an ACF says, laid on the checked interfaces of an IDL file.

local statuses = require "asyncrpc.idl.statuses"
local types = require "asyncrpc.idl.types"

local Apply = {}
local apply_mt = {__index = Apply}

function Apply:error(pos, ...)
  self.scope:error(pos, ...)
end

-- A parameter of [comm_status] or [fault_status] may be one that only the ACF knows.
function Apply:parameters(proc, p)
  for _, parameter in ipairs(p.parameters) do
    local a = parameter.attributes
    if not proc.names[parameter.name] and not a.comm_status and not a.fault_status then
      self:error(parameter.pos, "procedure '%s' has no parameter '%s'", proc.name, parameter.name)
    end
    statuses.of_parameter(self.scope, proc, parameter.name, a)
    proc.refused = proc.refused or types.unsupported(self.scope, a)
  end
end

function Apply:procedure(iface, p, given)
  local proc = iface.by_name[p.name]
  if not proc then return self:error(p.pos, "interface '%s' has no procedure '%s'", iface.name, p.name) end
  if given[p.name] then return self:error(p.pos, "procedure '%s' is here twice", p.name) end
  given[p.name] = p.attributes
  statuses.of_procedure(self.scope, proc, p.attributes)
  proc.refused = proc.refused or types.unsupported(self.scope, p.attributes)
  self:parameters(proc, p)
end

function Apply:interface(iface, entry)
  local given = {[true] = entry.attributes}
  for _, p in ipairs(entry.procedures) do self:procedure(iface, p, given) end
  for _, t in ipairs(entry.types) do
    if not self.scope:type(t.name) then self:error(t.pos, "unknown type '%s'", t.name) end
  end
  local why = types.unsupported(self.scope, entry.attributes)
  for _, proc in ipairs(iface.procs) do
    proc.refused = proc.refused or why
    local own = given[proc.name]
    if own and entry.attributes.async then own.async = entry.attributes.async end
  end
  return given
end

--- {[interface] = {[procedure] = attributes, [true] = attributes of all}}
local function apply(entries, found, scope)
  local self, all, by_name = setmetatable({scope = scope}, apply_mt), {}, {}
  for _, iface in ipairs(found) do
    by_name[iface.name], iface.by_name = iface, {}
    for _, proc in ipairs(iface.procs) do iface.by_name[proc.name] = proc end
  end
  for _, entry in ipairs(entries) do
    local iface = by_name[entry.name]
    if not iface then
      self:error(entry.pos, "the IDL file has no interface '%s'", entry.name)
    elseif all[entry.name] then
      self:error(entry.pos, "interface '%s' is here twice", entry.name)
    else
      all[entry.name] = self:interface(iface, entry)
    end
  end
  return all
end

return {apply = apply}
