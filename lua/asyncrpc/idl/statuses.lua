-- [comm_status] and [fault_status]: where the status of a call that failed goes, instead of being raised. A
-- procedure's `statuses` are {comm = entry, fault = entry}: its returned value, an [out] parameter, or one that only
-- the ACF knows, which is not sent: {name, extra = true}.

local names = {comm_status = "comm", fault_status = "fault"}

local function is_status(t)
  if t.kind == "pointer" then t = t.of end
  return t.kind == "int" and t.size == 4 and not t.size64
end

local function note(scope, proc, a, entry)
  local which = names[a.name]
  if proc.statuses[which] then
    scope:error(a.pos, "procedure '%s' has a %s already", proc.name, a.name)
  elseif not entry or not entry.out and not entry.extra or not entry.extra and not is_status(entry.type) then
    scope:error(a.pos, "%s is for an error_status_t that is returned or [out]", a.name)
  else
    proc.statuses[which] = entry
  end
end

local function each(attributes, fn)
  for name in pairs(names) do
    if attributes[name] then fn(attributes[name]) end
  end
end

--- Attributes of a procedure, which speak of what it returns.
local function of_procedure(scope, proc, attributes)
  local last = proc.entries[#proc.entries]
  each(attributes, function(a) note(scope, proc, a, last and last.returned and last or nil) end)
end

local function find(proc, name)
  for _, e in ipairs(proc.entries) do
    if e.name == name and not e.returned then return e end
  end
end

--- Attributes of the parameter of that name; of one that the IDL file does not have, in an ACF.
local function of_parameter(scope, proc, name, attributes)
  each(attributes, function(a)
    local entry = find(proc, name)
    for _, other in pairs(proc.statuses) do
      if other.extra and other.name == name then entry = other end
    end
    note(scope, proc, a, entry or not proc.names[name] and {name = name, extra = true} or nil)
  end)
end

return {of_procedure = of_procedure, of_parameter = of_parameter}
