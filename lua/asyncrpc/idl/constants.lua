-- The constants of a load, as scripts see them: const definitions, labels of enums, and macros that are constant
-- expressions.

local diagnostics = require "asyncrpc.idl.diagnostics"
local expression = require "asyncrpc.idl.expression"
local parser = require "asyncrpc.idl.parser"

-- The value of a macro; nil when it has none.
local function value_of(macro, macros, scope)
  local tokens = macros:expand(macro.body)
  tokens[#tokens + 1] = {kind = "end", pos = macro.pos, text = "the end of the line"}
  local p = parser.new(scope.source, diagnostics.new(), tokens)
  local tree = p:guarded(expression.parse)
  if not tree or p:peek().kind ~= "end" then return nil end
  return (scope:try(tree))
end

--- Names and values.
local function exported(scope, macros)
  local found = {}
  for name, value in pairs(scope.constants) do
    if scope.places[name] then found[name] = value end
  end
  for name, macro in pairs(macros.defined) do
    if found[name] == nil and not macro.parameters and #macro.body > 0 then
      found[name] = value_of(macro, macros, scope)
    end
  end
  return found
end

return {exported = exported}
