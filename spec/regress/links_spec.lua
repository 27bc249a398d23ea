-- How many connections a client makes when servers do not want them.
local h = require "spec.support.harness"
local uv = require "luv"

it("a server that takes one connection is not asked for a second one again and again", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  local w = world.open(h.binding "tcp", { server = { max_connections = 1 }, client = { multiplex = false } })
  local first, second = w.client.async:Slow(1), w.client.async:Slow(2)
  w.arrived(1)
  local before = rpc.stats().writes
  rpc.sleep(30)
  assert.is_true(rpc.stats().writes - before < 5)
  assert.equal(997, second:status())
  w.parked[1]:complete(1, 2)
  assert.equal(1, (first:await()))
  w.arrived(2):complete(3, 4)
  assert.equal(3, (second:await()))
  w.close()
end))

local NDR20 = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\0\0\0"
local REFUSED = string.pack("<I2I2", 2, 2) .. ("\0"):rep(20)

-- shutdown, and then bind_ack, which accepts the first context
local function goodbye(bind)
  local contexts = bind:byte(25)
  local body = string.pack("<I2I2I4I2xxBxxxI2I2", 4280, 4280, 7, 0, contexts, 0, 0)
    .. NDR20 .. REFUSED:rep(contexts - 1)
  local ack = string.pack("<BBBBI4I2I2", 5, 0, 12, 3, 0x10, 16 + #body, 0) .. bind:sub(13, 16) .. body
  return string.pack("<BBBBI4I2I2I4", 5, 0, 17, 3, 0x10, 16, 0, 0) .. ack
end

it("a server that says shutdown before it accepts is unavailable", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  local accepted, conns = 0, {}
  local server = uv.new_tcp()
  server:bind("127.0.0.1", 0)
  server:listen(16, function()
    local conn = uv.new_tcp()
    server:accept(conn)
    accepted = accepted + 1
    conns[accepted] = conn
    conn:read_start(function(_, data)
      if data then conn:write(goodbye(data)) end
    end)
  end)
  local binding = ("ncacn_ip_tcp:127.0.0.1[%d]"):format(server:getsockname().port)
  local client = rpc.client(world.Test, binding, { transfer = "ndr20" })
  local ok, err = pcall(client.Add, client, 1, 2)
  assert.is_false(ok)
  assert.equal(1722, err.status)
  assert.equal("connect", err.phase)
  assert.equal(1, accepted)
  client:close()
  server:close()
  for _, conn in ipairs(conns) do conn:close() end
end, 3000))
