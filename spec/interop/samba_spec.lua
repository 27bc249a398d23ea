-- Samba's clients of our servers: its Python bindings and rpcclient.
local h = require "spec.support.harness"
local program = require "spec.support.program"

local function expect(code, words, ...)
  if code ~= 0 then error(("ended with %s:\n%s"):format(code, words), 0) end
  for _, text in ipairs { ... } do assert.truthy(words:find(text, 1, true), words) end
end

local function with_server(binding, body)
  require("spec.interop.services").with_server({ binding }, body)
end

local function port_of(server)
  return server:bindings()[1]:match "%[(%d+)"
end

local room = os.getenv "XDG_RUNTIME_DIR"

-- An smb.conf by which Samba keeps its files, and looks for unix sockets, where ours are.
local function conf()
  local path = room .. "/samba_spec.conf"
  local file = assert(io.open(path, "w"))
  file:write("[global]\nncalrpc dir = ", room, "/asyncrpc\n")
  for _, kind in ipairs { "lock", "state", "cache", "pid" } do file:write(kind, " directory = ", room, "\n") end
  file:write("private dir = ", room, "\n")
  file:close()
  return path
end

describe("Samba's Python", function()
  -- It lives with the system's own Python.
  local function run_python(...)
    local code, words = program.run("/usr/bin/python3", { "spec/interop/samba_echo.py", ... })
    expect(code, words, "all answered")
  end

  for _, order in ipairs { "", ",bigendian" } do
    it("agrees on rpcecho and mgmt [tcp]" .. order, h.async(function()
      with_server("ncacn_ip_tcp:127.0.0.1[0]", function(server)
        run_python(("ncacn_ip_tcp:127.0.0.1[%s%s]"):format(port_of(server), order))
      end)
    end, 60000))

    it("agrees on rpcecho and mgmt [unix]" .. order, h.async(function()
      local name = h.unique "samba"
      with_server(("ncalrpc:[%s]"):format(name), function()
        run_python(("ncalrpc:[%s%s]"):format(name, order), conf())
      end)
    end, 60000))
  end
end)

describe("Samba's rpcclient", function()
  -- It asks the endpoint mapper for the port. Of data that is right it says nothing.
  it("sends and gets 70,000 bytes [tcp]", h.async(function()
    local services = require "spec.interop.services"
    services.asked = {}
    services.with_server({ "ncacn_ip_tcp:127.0.0.1[135]", "ncacn_ip_tcp:127.0.0.1[0]" }, function()
      local commands = "echoaddone 41; echodata 70000; sinkdata 70000; sourcedata 70000"
      local args = { "-s", conf(), "-U%", "ncacn_ip_tcp:127.0.0.1", "-c", commands }
      local code, words = program.run("rpcclient", args)
      expect(code, words)
      assert.equal("41 + 1 = 42\n", words)
    end)
    assert.same({ "AddOne 41", "EchoData 70000", "SinkData 70000", "SourceData 70000" }, services.asked)
  end, 60000))
end)
