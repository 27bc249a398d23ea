-- Finalizers that reach objects of ours which were collected before them.
local h = require "spec.support.harness"

-- What fn(make()) raises in a finalizer that runs after those of what make() made.
local function in_finalizer(make, fn)
  local said
  local function build()
    local object
    local older = setmetatable({}, { __gc = function() said = select(2, pcall(fn, object)) end })
    object = make()
    return older ~= nil
  end
  build()
  collectgarbage()
  collectgarbage()
  return tostring(said)
end

it("a collected client is a closed one", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  local function make() return rpc.client(world.Test, "ncacn_ip_tcp:127.0.0.1[1]") end
  assert.equal("nil", in_finalizer(make, function(c) c:close() end))
  assert.equal("nil", in_finalizer(make, function(c) return c:binding() end))
  assert.truthy(in_finalizer(make, function(c) return tostring(c) end):find "closed")
  assert.truthy(in_finalizer(make, function(c) c.async:Add(1, 2) end):find "1702")
  assert.truthy(in_finalizer(make, function(c) c:with {} end):find "1702")
end))

it("a collected event, server and handle refuse", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  for _, verb in ipairs { "set", "reset", "is_set", "wait" } do
    assert.truthy(in_finalizer(rpc.event, function(e) e[verb](e, 0) end):find "collected")
  end
  local function server() return rpc.server { "ncacn_ip_tcp:127.0.0.1[0]" } end
  assert.truthy(in_finalizer(server, function(s) s:listen() end):find "1702")
  local client = rpc.client(world.Test, "memory:[nobody]")
  local function handle() return client.async:Add(1, 2) end
  assert.truthy(in_finalizer(handle, function(call) call:await() end):find "1914")
  client:close()
  h.reported(1) -- of the handle that was collected
end))

it("a finalizer may close the client for which a handle is being made", h.async(function()
  local rpc, world = require "asyncrpc", require "spec.support.world"
  for _ = 1, h.scale(200) do
    local client = rpc.client(world.Test, "memory:[nobody]")
    local calls = {}
    setmetatable({}, { __gc = function() client:close() end })
    collectgarbage "generational"
    for i = 1, 100 do
      local ok, call = pcall(client.async.Add, client.async, i, i)
      if not ok then break end
      calls[i] = call
    end
    collectgarbage "incremental"
    client:close()
    for _, call in ipairs(calls) do call:close() end
  end
end))

it("a finalizer that is older than the module finds a closing state when the script ends", function()
  require("spec.support.child").expect([[
    local rpc
    Older = setmetatable({}, { __gc = function()
      local function closing(fn, ...)
        local ok, err = pcall(fn, ...)
        assert(not ok and err.status == 1702, tostring(err))
      end
      for _ = 1, 3 do
        closing(function() rpc.completion_port():post(1, {}, {}) end)
        closing(function() rpc.message_queue():dispatch(0) end)
        closing(function() rpc.event():wait(0) end)
      end
      closing(rpc.spawn, rpc.sleep, 1)
      closing(rpc.client, Test, "memory:[nobody]")
      print "all refused"
    end })
    rpc = require "asyncrpc"
    Test = rpc.idl.load("spec/support/test.idl").Test
  ]], 0, "all refused")
end)
