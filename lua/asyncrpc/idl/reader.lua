-- Files -> declarations. An import is read where it stands, each file once; its declarations become d.units, one
-- list a file.

local acf = require "asyncrpc.idl.acf"
local builtin = require "asyncrpc.idl.builtin"
local diagnostics = require "asyncrpc.idl.diagnostics"
local files = require "asyncrpc.idl.files"
local grammar = require "asyncrpc.idl.grammar"
local parser = require "asyncrpc.idl.parser"
local preprocess = require "asyncrpc.idl.preprocess"
local sources = require "asyncrpc.idl.sources"

local Reader = {}
local reader_mt = {__index = Reader, __name = "asyncrpc.idl.reader"}

-- options: folders to look in, define: macros that are there from the start.
local function new(options)
  return setmetatable({sources = sources.new(), diagnostics = diagnostics.new(), folders = options.folders or {},
    define = options.define, seen = {}, depth = 0}, reader_mt)
end

function Reader:parser(name, text, folder)
  local file = self.sources:add(name, text)
  local tokens, macros = preprocess.run(self, file, folder)
  return parser.new(self.sources, self.diagnostics, tokens), macros
end

function Reader:import(file, folder)
  local path, text = files.find(file.name, folder, self.folders)
  if not path then
    local name = file.name:match "[^/\\]*$":lower()
    if not builtin.headers[name] and not name:match "%.acf$" then
      self.diagnostics:error(self.sources, file.pos, "the file '%s' is not found", file.name)
    end
    return nil
  end
  if self.seen[path] then return nil end
  if self.sources:full(self.depth) then
    self.diagnostics:error(self.sources, file.pos, "too many files")
    return nil
  end
  return self:idl(path, text, files.folder(path))
end

function Reader:imports(declarations, folder)
  for _, d in ipairs(declarations) do
    if d.tag == "import" then
      d.units = {}
      for _, file in ipairs(d.files) do d.units[#d.units + 1] = self:import(file, folder) end
    elseif d.tag == "interface" then
      self:imports(d.body, folder)
    end
  end
end

--- The declarations of an IDL text, and the macros it leaves.
function Reader:idl(name, text, folder)
  self.seen[name], self.depth = true, self.depth + 1
  local p, macros = self:parser(name, text, folder)
  local declarations = grammar.parse(p)
  self:imports(declarations, folder)
  self.depth = self.depth - 1
  return declarations, macros
end

--- The declarations of a text that names no files.
function Reader:text(name, text)
  return grammar.parse((self:parser(name, text)))
end

--- What an ACF says (acf.lua).
function Reader:acf(name, text, folder)
  return acf.parse((self:parser(name, text, folder)))
end

return {new = new}
