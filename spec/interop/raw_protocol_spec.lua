-- Samba's protocol suite against our server, as far as it goes without authentication.
local h = require "spec.support.harness"
local program = require "spec.support.program"

local function names_in(path)
  local names = {}
  for name in io.lines(path) do names[#names + 1] = name end
  return names
end

local names = names_in "spec/interop/raw_protocol.txt"
local later = names_in "spec/interop/raw_protocol_authenticated.txt"

-- Runs them all at once: {name = {verdict =, words =}}
local function run_all()
  local services = require "spec.interop.services"
  local results = {}
  local settings = { "ncacn_ip_tcp:127.0.0.1[135]", max_fragment = 5840 }
  services.with_server(settings, function()
    local python, suite = "/usr/bin/python3", "spec/interop/raw_protocol.py"
    local code, words = program.run(python, { suite, "spec/interop/raw_protocol.txt" }, 90000)
    local before = ""
    for line in words:gmatch "[^\n]*\n?" do
      local verdict, name = line:match "^(%l+)\t([%w_]+)\n"
      if name then results[name], before = { verdict = verdict, words = before }, "" else before = before .. line end
    end
    results.ending = ("exit code %s: %s"):format(code, before)
  end)
  return results
end

describe("Samba's raw_protocol suite", function()
  local results
  setup(h.async(function() results = run_all() end, 100000))

  it("came to its end, having run 71 tests", function()
    assert.equal("exit code 0: ran 71\n", results.ending)
  end)

  for _, name in ipairs(names) do
    it(name, function()
      local result = results[name] or { verdict = "no answer", words = results.ending }
      if result.verdict ~= "ok" then error(("%s\n%s"):format(result.verdict, result.words), 0) end
    end)
  end

  it("has 17 more that log on anonymously, which is to come", function()
    assert.equal(17, #later)
    for _, name in ipairs(later) do
      assert.is_nil(results[name])
      print("note: needs authentication, not built yet: raw_protocol " .. name)
    end
  end)
end)
