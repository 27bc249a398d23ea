-- Handles that are closed, detached or used again at unusual moments.
local h = require "spec.support.harness"

local function open(options)
  return require("asyncrpc"), require("spec.support.world").open(h.binding "memory", options)
end

it("a closed handle has no call to wait for", h.async(function()
  local _, w = open()
  local call = w.client.async:Slow(1)
  call:close()
  assert.equal(1914, call:status())
  local ok, err = pcall(call.await, call, 1000)
  assert.is_false(ok)
  assert.equal(1914, err.status)
  w.close()
end))

it("a detached call goes on when a wait for it ends early", h.async(function()
  local rpc, w = open()
  do
    local call = w.client.async:Slow(1)
    call:detach()
    assert.is_false(pcall(call.await, call, 1))
  end
  collectgarbage()
  collectgarbage()
  rpc.sleep(5)
  assert.equal(1, rpc.stats().pending)
  w.arrived(1):complete(1, 2)
  rpc.sleep(5)
  assert.equal(0, rpc.stats().handles)
  w.close()
end))

it("a handle that its awaiter uses and detaches at once keeps its new call", h.async(function()
  local rpc, w = open()
  local async = rpc.async {}
  w.client:Slow(async, 1)
  rpc.spawn(function()
    async:await()
    w.client:Slow(async, 2)
    async:detach()
  end)
  w.arrived(1):complete(1, 2)
  w.arrived(2)
  assert.equal(997, async:status())
  w.parked[2]:complete(3, 4)
  w.close()
end))

it("a server that cannot have all its endpoints has none", h.async(function()
  local rpc = require "asyncrpc"
  local name = h.binding "memory"
  for _, bad in ipairs { name, "ncacn_ip_tcp:no such", 3, {} } do
    local ok, err = pcall(rpc.server, { name, bad })
    assert.is_false(ok)
    assert.is_true(rpc.is_error(err), tostring(err))
  end
  rpc.server { name }:close()
end))

it("options that are strings are strings, and causal knows one word", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  for _, options in ipairs { { local_dir = 12345 }, { local_dir = true }, { causal = "loose" }, { causal = 1 } } do
    local ok, err = pcall(rpc.client, world.Test, "ncalrpc:[x]", options)
    assert.is_false(ok)
    assert.equal(87, err.status)
  end
end))

it("a handle made for one procedure serves another one that has more to remember", h.async(function()
  local _, w = open()
  local async = w.client.async:Add(1, 2)
  assert.equal(3, async:await())
  for _, data in ipairs { "abc", ("x"):rep(100000) } do
    w.client:Echo(async, data)
    assert.equal(data, async:await())
  end
  w.client:Add(async, 3, 4)
  assert.equal(7, async:await())
  w.close()
end))
