-- What busted reports, for bin/test: failures in full on the terminal, and each spec's verdict as a line of
-- the file that ARPC_RESULTS names: verdict, name, place, and why it was skipped. The last line says "end".
local place_of = function(trace) return trace and ("%s:%d"):format(trace.short_src, trace.currentline) or "?" end
local one_line = function(text) return (tostring(text):gsub("[\t\n]", " ")) end

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local results = os.getenv "ARPC_RESULTS"
  local file = results and assert(io.open(results, "w")) or nil

  local function note(verdict, name, place, why)
    if not file then return end
    file:write(table.concat({ verdict, one_line(name), place, why and one_line(why) }, "\t"), "\n")
    file:flush()
  end

  -- The frames of the harness and of busted say nothing about a spec.
  local function message_of(item)
    local message = type(item.message) == "string" and item.message or require("pl.pretty").write(item.message)
    if options.verbose then return message end
    message = message:gsub("\nstack traceback:\n%s*%[C%]: in function 'error'.*", "")
    return (message:gsub("\n%s*%[C%]: in function 'xpcall'.*", ""))
  end

  local function show(verdict, item)
    print(("%s: %s\n    %s"):format(verdict, item.name, (message_of(item):gsub("\n", "\n    "))))
    io.flush()
  end

  local verdicts = { success = "passed", pending = "skipped", failure = "failed", error = "failed" }
  local lists = { success = "successes", pending = "pendings", failure = "failures", error = "errors" }

  function handler.testEnd(element, _, status)
    local list = handler[lists[status]]
    local item = list[#list]
    local verdict = verdicts[status]
    local why = verdict == "skipped" and (item.message or "no reason given") or nil
    note(verdict, handler.getFullName(element), place_of(element.trace), why)
    if verdict == "failed" then show(verdict, item) end
    return nil, true
  end

  -- An error outside any spec: in a file, a describe, a before_each.
  function handler.otherError(element)
    if element.descriptor ~= "it" then
      local item = handler.errors[#handler.errors]
      note("failed", item.name, place_of(item.trace))
      show("failed", item)
    end
    return nil, true
  end

  function handler.ended()
    if file then
      file:write "end\n"
      file:close()
    else
      local failed = #handler.failures + #handler.errors
      print(("%d passed, %d failed, %d skipped"):format(#handler.successes, failed, #handler.pendings))
    end
    return nil, true
  end

  busted.subscribe({ "test", "end" }, handler.testEnd)
  busted.subscribe({ "error" }, handler.otherError)
  busted.subscribe({ "failure" }, handler.otherError)
  busted.subscribe({ "suite", "end" }, handler.ended)
  return handler
end
