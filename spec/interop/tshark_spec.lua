-- Wireshark's dissector finds nothing wrong in what we write.
local h = require "spec.support.harness"
local capture = require "spec.support.capture"
local program = require "spec.support.program"
local rpc = require "asyncrpc"
local services = require "spec.interop.services"
local uv = require "luv"

local BIND, BIND_ACK, REQUEST, RESPONSE, FAULT, CO_CANCEL, ORPHANED = 11, 12, 0, 2, 3, 18, 19

local function expect_good(found)
  assert.same({}, found.odd)
end

-- A server of rpcecho, its TestSleep in ms, and a client of it.
local function with_pair(body)
  local rpcecho = rpc.idl.load("examples/rpcecho.idl").rpcecho
  local managers = {}
  for name, manager in pairs(services.echo_managers) do managers[name] = manager end
  function managers.TestSleep(call, ms)
    rpc.sleep(ms)
    call:complete(ms)
  end
  managers.TestCall = nil
  function managers.AddOne(_, n)
    if n == 0 then rpc.raise(1767) end
    return n + 1
  end
  local server = rpc.server { "ncacn_ip_tcp:127.0.0.1[0]", max_fragment = 2048 }
  server:register(rpcecho, managers)
  server:listen()
  local client = rpc.client(rpcecho, server:bindings()[1], { timeout = 20000 })
  local ok, err = xpcall(body, debug.traceback, client, server)
  client:close()
  server:close()
  if not ok then error(err, 0) end
end

-- Fragments both ways, several calls at once answered out of order, faults, a cancelled call, an abandoned one.
local function busy(client)
  assert.equal(42, client:AddOne(41)) -- what was not sent yet would be cancelled without a PDU
  local sleeps = {}
  for i = 1, 8 do sleeps[i] = client.async:TestSleep(20 * (9 - i)) end
  sleeps[2]:cancel()
  sleeps[4]:abandon()
  local data = services.pattern(70000)
  local echo = client.async:EchoData(data)
  assert.is_false((pcall(client.AddOne, client, 0)))
  assert.is_false((pcall(client.call, client, "TestCall", "there is no manager for this")))
  assert.equal(data, echo:await())
  for i = 1, 8 do
    if i ~= 2 and i ~= 4 then assert.equal(20 * (9 - i), sleeps[i]:await()) end
  end
  assert.equal(140, sleeps[2]:await())
  assert.is_false((pcall(sleeps[4].await, sleeps[4])))
end

describe("tshark", function()
  it("finds nothing wrong with the documents' example", h.async(function()
    local found = capture.of(function()
      local code, words = program.run(os.getenv "LUA" or "lua5.4", { "examples/async.lua" })
      assert.equal(0, code, words)
    end)
    expect_good(found)
    assert.same({ [BIND] = 1, [BIND_ACK] = 1, [REQUEST] = 2, [RESPONSE] = 2 }, found.types)
    assert.equal(2, found.most)
  end, 60000))

  it("finds nothing wrong with fragments, many calls at once, faults and cancels", h.async(function()
    local found = capture.of(function() with_pair(busy) end)
    expect_good(found)
    for _, kind in ipairs { BIND, BIND_ACK, REQUEST, RESPONSE } do assert.truthy(found.types[kind], kind) end
    assert.same({ 2, 1 }, { found.types[CO_CANCEL], found.types[ORPHANED] })
    assert.equal(2, found.types[FAULT])
    assert.truthy(found.parts >= 2 * (70000 // 2048), found.parts)
    assert.truthy(found.most >= 8, found.most)
  end, 60000))

  -- A bind that says it has five elements, and has none.
  it("would find a PDU that is malformed", h.async(function()
    local found = capture.of(function()
      with_pair(function(_, server)
        local port = tonumber(server:bindings()[1]:match "%[(%d+)%]")
        local closed, tcp = rpc.event(), uv.new_tcp()
        tcp:connect("127.0.0.1", port, function()
          tcp:write(("<BBBB I4 I2 I2 I4 I2 I2 I4 I4"):pack(5, 0, 11, 3, 0x10, 28, 0, 1, 4280, 4280, 0, 5))
          tcp:read_start(function(err, data)
            if err or not data then closed:set() end
          end)
        end)
        assert.truthy(closed:wait(5000))
        tcp:close()
      end)
    end)
    assert.truthy(#found.odd > 0)
  end, 60000))
end)
