-- impacket as a client of our server, and as a server for our client.
local h = require "spec.support.harness"
local program = require "spec.support.program"
local rpc = require "asyncrpc"
local services = require "spec.interop.services"

local python, script = "/usr/bin/python3", "spec/interop/impacket_echo.py"

describe("impacket's client", function()
  -- How many bytes came to us.
  local function agree(...)
    local more, before = { ... }, rpc.stats().bytes_in
    services.with_server({ "ncacn_ip_tcp:127.0.0.1[0]" }, function(server)
      local port = server:bindings()[1]:match "%[(%d+)"
      services.object = nil
      local code, words = program.run(python, { script, "client", port, table.unpack(more) })
      if code ~= 0 then error(("ended with %s:\n%s"):format(code, words), 0) end
      assert.truthy(words:find("all answered", 1, true))
      assert.equal("11111111-2222-3333-4444-555555555555", services.object)
    end)
    return rpc.stats().bytes_in - before
  end

  it("agrees on rpcecho, in large fragments and in small", h.async(function()
    local large, small = agree(), agree "200"
    local fragments = (600 + 20000) // 200
    assert.truthy(small - large > 24 * (fragments - 6), ("%d bytes came, and %d"):format(large, small))
  end, 60000))
end)

-- It serves one client at a time, joins no fragments of a request, and makes fragments of an answer that
-- nobody can read (each claims the length of the whole): up to 4,000 bytes it can be called.
describe("impacket's server", function()
  local function with_server(body)
    program.with(program.start(python, { script, "server" }), function(server)
      server:expect("listening on", 20000)
      body(("ncacn_ip_tcp:127.0.0.1[%s]"):format(server:words():match "listening on (%d+)"))
    end)
  end

  local function with_client(interface, binding, body)
    local client = rpc.client(interface, binding, { timeout = 10000 })
    local ok, err = xpcall(body, debug.traceback, client)
    client:close()
    if not ok then error(err, 0) end
  end

  it("answers", h.async(function()
    with_server(function(binding)
      with_client(services.rpcecho, binding, function(client)
        assert.equal(42, client:AddOne(41))
        assert.equal(services.pattern(4000), client:EchoData(services.pattern(4000)))
        client:SinkData(services.pattern(4000))
        assert.equal(services.pattern(4000), client:SourceData(4000))
        assert.equal(0, client:AddOne(0xffffffff))
        assert.equal(2, client:with({ object = "11111111-2222-3333-4444-555555555555" }):AddOne(1))
      end)
    end)
  end, 40000))

  it("is asked several things at once", h.async(function()
    with_server(function(binding)
      with_client(services.rpcecho, binding, function(client)
        local calls = {}
        for i = 1, 20 do calls[i] = client.async:AddOne(i) end
        for i = 1, 20 do assert.equal(i + 1, calls[i]:await(10000)) end
      end)
    end)
  end, 40000))

  it("faults in 28 bytes", h.async(function()
    with_server(function(binding)
      with_client(rpc.idl.load("examples/rpcecho.idl").rpcecho, binding, function(client)
        local ok, err = pcall(client.call, client, "TestSleep", 0)
        assert.is_false(ok)
        assert.same({ "fault", 1764 }, { err.where, err.status })
      end)
    end)
  end, 40000))
end)
