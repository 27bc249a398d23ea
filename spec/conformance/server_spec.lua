-- Rows 74-92 that need no more than managers: completion, aborting, faults, order, versions.
local h = require "spec.support.harness"
local uv = require "luv"
local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of = world.status_of

local function one_error()
  local all = h.reported(1)
  assert.equal(1, #all)
  return all[1]
end

h.transports(function(_, binding)
  local with = world.with(binding)

  it("#74 a manager gets the handle first and may return without completing", with(function(w)
    local call = w.client.async:Slow(7)
    local parked = w.arrived(7)
    assert.truthy(tostring(parked):find("asyncrpc.handle (Slow, in progress)", 1, true))
    rpc.sleep(2)
    assert.equal(997, call:status())
    parked:complete(1, 2)
    assert.same({ 1, 2 }, { call:await() })
  end))

  it("a manager sees the object uuid and where the call came from, as long as it lasts", with(function(w)
    local seen = w.options.seen
    local object = "6f0c2d1e-0000-4000-8000-00000000002a"
    assert.equal(3, w.client:Add(1, 2))
    assert.is_nil(seen.object)
    assert.equal(3, w.client:with({ object = object }):Add(1, 2))
    assert.equal(object, seen.object)
    local protseq, rest = w.binding:match "^([%w_]+):(.*)"
    assert.equal(protseq, seen.from:match "^[%w_]+")
    if protseq == "ncacn_ip_tcp" then
      assert.truthy(seen.from:match "^ncacn_ip_tcp:127%.0%.0%.1%[%d+%]$", seen.from)
      assert.not_equal(w.binding, seen.from)
    else
      assert.equal(protseq .. ":" .. rest, seen.from)
    end
    assert.is_nil(seen.call.object)
    assert.is_nil(seen.call.binding)
  end, function()
    local seen = {}
    local function Add(call, a, b)
      seen.call, seen.object, seen.from = call, call.object, call.binding
      return a + b
    end
    return { seen = seen, managers = { Add = Add } }
  end))

  it("#75 complete works inside the manager, from another coroutine and from a bare callback", with(function(w)
    assert.same({ 1, 11 }, { w.client:Slow(1) })
    assert.same({ 2, 12 }, { w.client:Slow(2) })
    assert.same({ 3, 13 }, { w.client:Slow(3) })
    assert.same({ 4, 14 }, { w.client:Slow(4) })
  end, {
    managers = {
      Slow = function(call, id)
        if id == 1 then
          call:complete(1, 11)
        elseif id == 2 then
          rpc.spawn(function()
            rpc.sleep(1)
            call:complete(2, 12)
          end)
        elseif id == 3 then
          local timer = uv.new_timer()
          timer:start(1, 0, function()
            timer:close()
            call:complete(3, 13)
          end)
        else
          rpc.sleep(1)
          call:complete(4, 14)
        end
      end,
    },
  }))

  it("#77 a procedure without results is pending until it is completed", with(function(w)
    local call = w.client.async:Park(1)
    local parked = w.arrived(1)
    for _ = 1, 5 do
      rpc.sleep(0)
      assert.equal(997, call:status())
    end
    parked:complete()
    assert.equal(0, select("#", call:await()))
  end))

  it("#78 abort delivers exactly its 32-bit code", with(function(w)
    for i, code in ipairs { 1, 5, 997, 1783, 0xDEADBEEF, 0xFFFFFFFF } do
      local call = w.client.async:Park(i)
      w.arrived(i):abort(code)
      assert.equal(code, (status_of(call.await, call)))
    end
  end))

  it("#79 abort refuses 0 and hardware exceptions, and the call goes on", with(function(w)
    local call = w.client.async:Park(1)
    local parked = w.arrived(1)
    for _, code in ipairs { 0, 0xC0000005, 0x80000003 } do assert.equal(87, (status_of(parked.abort, parked, code))) end
    assert.equal(997, call:status())
    parked:complete()
    call:await()
  end))

  it("#80 an error in a manager is a fault without words, and goes to on_error", with(function(w)
    local status, err = status_of(w.client.Nothing, w.client)
    assert.equal(1726, status)
    assert.equal(0x1C000012, err.fault)
    assert.falsy(err.message:find "secret")
    assert.truthy(tostring(one_error()):find "the secret reason")
    assert.equal(3, w.client:Add(1, 2))
  end, { managers = { Nothing = function() error "the secret reason" end } }))

  it("#80 rpc.raise in a manager is a fault with its status, and nobody's mistake", with(function(w)
    assert.equal(1734, (status_of(w.client.Fail, w.client, 1734)))
    assert.equal(0x12345, (status_of(w.client.Fail, w.client, 0x12345)))
    local call = w.client.async:Slow(1)
    assert.equal(5, (status_of(call.await, call)))
  end, { managers = { Slow = function() rpc.raise "RPC_S_ACCESS_DENIED" end } }))

  it("#80 a nested call's failure passes, but for 997 and 1727", with(function(w)
    assert.equal(1734, (status_of(w.client.Slow, w.client, 1734)))
    assert.equal(1726, (status_of(w.client.Slow, w.client, 997)))
    one_error()
    assert.equal(1726, (status_of(w.client.Slow, w.client, 1727)))
    one_error()
  end, function()
    local nested
    return {
      managers = {
        Slow = function(_, status)
          nested = nested or rpc.client(world.Test, world.current)
          local ok, err = pcall(nested.Fail, nested, status)
          nested:close()
          nested = nil
          error(ok or err, 0)
        end,
      },
    }
  end))

  it("a manager whose results do not fit faults, and says which result", with(function(w)
    assert.equal(1726, (status_of(w.client.Add, w.client, 1, 2)))
    assert.truthy(tostring(one_error()):find("Add: result 1", 1, true))
  end, { managers = { Add = function() return "no number" end } }))

  it("and so when it is the script's own resume that brings a manager to its end", function()
    local resting
    local function rest(result)
      return function()
        resting = coroutine.running()
        coroutine.yield()
        return result
      end
    end
    local function resumed(w)
      resting = nil
      local call = w.client.async:Add(1, 2)
      world.eventually(function() return resting end)
      assert.is_true(coroutine.resume(resting))
      return call
    end
    with(function(w)
      local call = resumed(w)
      assert.equal(1726, (status_of(call.await, call)))
      assert.truthy(tostring(one_error()):find("Add: result 1", 1, true))
    end, { managers = { Add = rest "no number" } })()
    with(function(w)
      for _ = 1, 3 do assert.equal(7, resumed(w):await()) end
    end, { managers = { Add = rest(7) } })()
  end)

  it("#83 calls on one connection complete out of order, each with its own answer", with(function(w)
    local n = h.scale(1000)
    local ended = {}
    w.client:Nothing()
    local connections = rpc.stats().connections
    for id = 1, n do
      w.client.async:Slow(id, function(err, ret, twice)
        ended[#ended + 1] = id
        assert(not err and ret == id and twice == 2 * id)
      end)
    end
    w.arrived(n)
    assert.equal(n, rpc.stats().pending)
    assert.equal(connections, rpc.stats().connections)
    for id = n, 1, -1 do w.parked[id]:complete(id, 2 * id) end
    world.eventually(function() return #ended == n end)
    for i = 1, n do assert.equal(n + 1 - i, ended[i]) end
  end))

  it("#85 without multiplexing a connection carries one call at a time", with(function(w)
    local first, second = w.client.async:Slow(1), w.client.async:Slow(2)
    w.arrived(1)
    rpc.sleep(5)
    assert.is_nil(w.parked[2])
    w.parked[1]:complete(1, 0)
    assert.equal(1, (first:await()))
    w.arrived(2):complete(2, 0)
    assert.equal(2, (second:await()))
  end, { client = { multiplex = false, max_connections = 1 } }))

  it("#17 #85 without multiplexing a synchronous call takes a second connection", with(function(w)
    local call = w.client.async:Slow(1)
    w.arrived(1)
    assert.equal(3, w.client:Add(1, 2))
    assert.equal(4, rpc.stats().connections)
    w.parked[1]:complete(1, 0)
    call:await()
  end, { client = { multiplex = false } }))

  it("#92 an unknown opnum is 1745 and the connection lives", with(function(w)
    local more = rpc.idl.parse([[
      [uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e21), version(1.2)] interface Test {
        void P0(); void P1(); void P2(); void P3(); void P4(); void P5(); void P6(); void P7(); void P8();
      }]]).Test
    local client = rpc.client(more, w.binding)
    local status, err = status_of(client.P8, client)
    assert.equal(1745, status)
    assert.equal("RPC_S_PROCNUM_OUT_OF_RANGE", err.name)
    assert.is_false(err.maybe_executed)
    client:P1()
    client:close()
  end))

  it("#92 majors must agree, and the server's minor must not be less", with(function(w)
    for version, works in pairs { ["1.0"] = true, ["1.2"] = true, ["1.3"] = false, ["2.0"] = false, ["0.2"] = false } do
      local other = rpc.idl.parse(([[
        [uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e21), version(%s)] interface Test { void P0(); void Nothing(); }
      ]]):format(version)).Test
      local client = rpc.client(other, w.binding)
      if works then client:Nothing() else assert.equal(1717, (status_of(client.Nothing, client)), version) end
      client:close()
    end
  end))

  it("both transfer syntaxes carry the same values", with(function(w)
    for _, syntax in ipairs { "ndr20", "ndr64" } do
      local client = rpc.client(world.Test, w.binding, { transfer = syntax })
      assert.same({ 7, 5, 2 }, { client:Measure("hello", 1) })
      assert.equal("\0\1\2", client:Echo "\0\1\2")
      assert.same({ x = 2, y = 1 }, client:Swap { x = 1, y = 2 })
      client:close()
    end
  end))

  it("large values go both ways in fragments", with(function(w)
    for _, size in ipairs { 0, 1, 5000, 65528, 200000, 3000000 } do
      local data = ("0123456789abcdef"):rep(size // 16 + 1):sub(1, size)
      assert.is_true(data == w.client:Echo(data), size)
    end
  end, { client = { max_fragment = 4096 } }))

  it("a request over the limit is refused with 5", with(function(w)
    assert.equal(5, (status_of(w.client.Echo, w.client, ("x"):rep(20000))))
    local client = rpc.client(world.Test, w.binding)
    assert.equal("x", client:Echo "x")
    client:close()
  end, { server = { max_request = 10000 } }))

  it("a server that closes in mid-call ends it with 1726", with(function(w)
    local call = w.client.async:Slow(1)
    w.arrived(1)
    w.server:close()
    local status, err = status_of(call.await, call)
    assert.equal(1726, status)
    assert.is_true(err.maybe_executed)
    assert.equal("transport", err.where)
    w.parked[1]:complete(1, 2) -- nobody listens, and nothing is wrong with that
  end))
end)
