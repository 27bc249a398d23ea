--- Interface definitions (IDL and ACF) -> interfaces that can be called and served.

local acf_apply = require "asyncrpc.idl.acf_apply"
local annotate = require "asyncrpc.idl.annotate"
local check = require "asyncrpc.idl.check"
local compile = require "asyncrpc.idl.compile"
local constants = require "asyncrpc.idl.constants"
local diagnostics = require "asyncrpc.idl.diagnostics"
local files = require "asyncrpc.idl.files"
local interface = require "asyncrpc.idl.interface"
local pickle = require "asyncrpc.idl.pickle"
local readers = require "asyncrpc.idl.reader"

local idl = {}

--- The annotations of an interface, as the text of a file.
---@param iface asyncrpc.Interface
---@return string
function idl.annotate(iface)
  if not interface.is(iface) then error(("idl.annotate: interface expected, got %s"):format(type(iface)), 2) end
  return annotate.annotate(iface)
end

---@class asyncrpc.idl.Options
---@field folders? string[]          where imported and included files are looked for
---@field define? table<string, string|number|true> macros
---@field acf? string|false          idl.load: another path, or the ACF's text, or false for none; idl.parse: the text
---@field acf_name? string           idl.parse: what messages call the ACF
---@field name? string               idl.parse: what messages call the text
---@field max_depth? integer         of values, structs within arrays within structs ...: 100, at most 1000
---@field max_memory? integer        in bytes, of what is decoded from one stub, beyond 16 for each byte of it: 16 MiB
---@field folder? string             idl.parse: "here/", where the text's own files are looked for first

-- Names a client has for itself, and those that Lua keeps.
local reserved = {}
for name in ([[async call with close binding and break do else elseif end false for function goto if in local nil not or
  repeat return then true until while]]):gmatch "%S+" do
  reserved[name] = true
end

-- Copies of what names mean in the whole file; every interface gets the same.
local function enums_of(scope)
  local found = {}
  local function note(name, t)
    if t.kind ~= "enum" or not t.labels or not name then return end
    found[name] = {}
    for _, l in ipairs(t.labels) do found[name][l.name] = l.value end
  end
  for name, t in pairs(scope.types) do note(name, t) end
  for _, t in pairs(scope.tags) do note(t.name, t) end
  return found
end

local function warn(iface, description, source, notes)
  for i, p in ipairs(description.procs) do
    local pos = iface.procs[i].pos
    if p.refused then notes:warning(source, pos, "%s cannot be called: %s", p.name, p.refused) end
    if reserved[p.name] then
      notes:warning(source, pos, "'%s' is a name of the client's or of Lua's: call it as client:call(%q, ...)",
        p.name, p.name)
    end
  end
end

local function limit(options, name, low, high)
  local value = options[name]
  local exact = math.type(value) == "integer"
  if value ~= nil and not (exact and value >= low and value <= high) then
    error(("idl.load: option '%s' must be an integer from %d to %d"):format(name, low, high), 4)
  end
  return value
end

local function limits_of(options)
  return {max_depth = limit(options, "max_depth", 1, 1000), max_memory = limit(options, "max_memory", 0, 1 << 40)}
end

local function build(found, scope, attributes, reader, macros, limits)
  local source = reader.sources
  local result, enums, all_constants = {}, enums_of(scope), constants.exported(scope, macros)
  local types = pickle.all(scope, limits)
  for _, iface in ipairs(found) do
    local notes = diagnostics.new()
    local description = compile.compile(iface, attributes[iface.name] or {}, limits)
    warn(iface, description, source, notes)
    local made, why = interface.new(description, {enums = enums, constants = all_constants,
      endpoints = iface.endpoints, types = types, warnings = notes.warnings})
    if not made then reader.diagnostics:error(source, iface.pos, "interface '%s': %s", iface.name, why) end
    result[iface.name] = made
  end
  reader.diagnostics:raise()
  return result
end

--- Interfaces by name, from the text of an IDL file. Raises an object that tells every mistake in it
--- (`tostring`; `errors` has them one by one: file, line, column, message, excerpt).
---@param text string
---@param options? asyncrpc.idl.Options
---@return table<string, asyncrpc.Interface>
function idl.parse(text, options)
  options = options or {}
  local limits = limits_of(options)
  local reader, name = readers.new(options), options.name or "idl"
  local declarations, macros = reader:idl(name, text, options.folder)
  local entries, notes = {}, reader.diagnostics
  if options.acf then
    entries = reader:acf(options.acf_name or (name:gsub("%.idl$", "") .. ".acf"), options.acf, options.folder)
  end
  notes:raise()
  local found, scope = check.check(declarations, reader)
  local attributes = acf_apply.apply(entries, found, scope)
  notes:raise()
  return build(found, scope, attributes, reader, macros, limits)
end

local function acf_beside(path, wanted)
  if wanted == false then return nil end
  if wanted and wanted:find "[\n{]" then return wanted end
  local name = wanted or path:gsub("%.[^./\\]*$", "") .. ".acf"
  local text, why = files.read(name)
  if wanted and not text then error(("idl.load: %s"):format(why), 3) end
  return text, name
end

--- The same from a file, and from the .acf file of the same name beside it, if there is one. Files that it
--- imports or includes are looked for beside it, then in options.folders.
---@param path string
---@param options? asyncrpc.idl.Options
---@return table<string, asyncrpc.Interface>
function idl.load(path, options)
  options = options or {}
  local text, why = files.read(path)
  if not text then error(("idl.load: %s"):format(why), 2) end
  local acf_text, acf_name = acf_beside(path, options.acf)
  return idl.parse(text, {name = path, folder = files.folder(path), folders = options.folders, define = options.define,
    acf = acf_text, acf_name = acf_name, max_depth = options.max_depth, max_memory = options.max_memory})
end

return idl
