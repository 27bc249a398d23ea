-- Bounds of a server, and what must reach the other end: each is a mutant that once stayed green.
local h = require "spec.support.harness"
local stubs = require "spec.support.stubs"
local uv = require "luv"
local rpc, world

local NDR20 = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"
local TEST = "\x3e\x8a\x2f\x6d\xc7\x51\x0b\x4a\x9e\x77\x0c\x5b\x1d\x9f\x4e\x21\x01\x00\x02\x00"
local PIPES = "\x5c\x3f\x6f\x0f\x1e\x6d\x3a\x4d\x9a\x53\x2f\x60\xa3\xf1\xc7\xb1\x01\x00\x00\x00"
local BIND_ACK, BIND_NAK = 12, 13

local function status_of(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.is_true(rpc.is_error(err), tostring(err))
  return err.status, err
end

local function pdu(ptype, call_id, body, flags)
  return string.pack("<BBBB I4 I2I2 I4", 5, 0, ptype, flags or 3, 0x10, 16 + #body, 0, call_id) .. body
end

local function bind(group, interface)
  return pdu(11, 1, string.pack("<I2I2I4 I4 I2I2", 5840, 5840, group, 1, 0, 1) .. (interface or TEST) .. NDR20)
end

-- A bare connection: what came so far is `heard`, `ended` is set when the other end closed.
local function connect(binding)
  local raw = { heard = "", socket = uv.new_tcp() }
  raw.socket:connect("127.0.0.1", tonumber(binding:match "%[(%d+)%]"), function(err)
    raw.connected = not err
    raw.socket:read_start(function(_, data)
      if data then raw.heard = raw.heard .. data else raw.ended = true end
    end)
  end)
  world.eventually(function() return raw.connected end)
  function raw.say(bytes)
    local before = #raw.heard
    raw.socket:write(bytes)
    world.eventually(function() return #raw.heard >= before + 16 or raw.ended end)
    return raw.heard:byte(before + 3), raw.heard:sub(before + 1)
  end
  function raw.close()
    raw.socket:close()
  end
  return raw
end

local function with(body, options)
  return h.async(function()
    local w = world.open(h.binding "tcp", options)
    local ok, err = xpcall(body, debug.traceback, w)
    w.close()
    if not ok then error(err, 0) end
  end)
end

describe("a server [tcp]", function()
  setup(function()
    rpc = require "asyncrpc"
    world = require "spec.support.world"
  end)

  it("with max_calls running refuses more with 1723, not executed", with(function(w)
    local first, second = w.client.async:Slow(1), w.client.async:Slow(2)
    w.arrived(2)
    local status, err = status_of(w.client.Add, w.client, 1, 2)
    assert.equal(1723, status)
    assert.is_false(err.maybe_executed)
    for id, call in pairs { first, second } do
      w.parked[id]:complete(id, id)
      assert.equal(id, (call:await()))
    end
    assert.equal(3, w.client:Add(1, 2))
  end, { server = { max_calls = 2 } }))

  it("with max_connections open closes further ones", with(function(w)
    assert.equal(3, w.client:Add(1, 2))
    local raw = connect(w.binding)
    world.eventually(function() return raw.ended end)
    raw.close()
    assert.equal(3, w.client:Add(1, 2))
  end, { server = { max_connections = 1 } }))

  it("closes a connection that binds too late", with(function(w)
    local raw = connect(w.binding)
    world.eventually(function() return raw.ended end)
    assert.equal("", raw.heard)
    raw.close()
  end, { server = { bind_timeout = 20 } }))

  it("closes a connection that stops within a PDU, or within a request", with(function(w)
    for _, bytes in ipairs { pdu(0, 2, ("\0"):rep(12)):sub(1, 20), pdu(0, 2, ("\0"):rep(12), 1) } do
      local raw = connect(w.binding)
      assert.equal(BIND_ACK, raw.say(bind(0)))
      raw.say(bytes)
      assert.is_true(raw.ended)
      raw.close()
    end
  end, { server = { stall_timeout = 20 } }))

  it("closes a connection that stops before its manager with pipes runs, not after that", with(function(w)
    local pipes, asked = require "spec.support.pipes", 0
    w.server:register(pipes.Async, {
      Put = function(call, _, data)
        asked = asked + 1
        call:complete(0, #pipes.drain(data))
      end,
    })
    for length = 2, 4, 2 do -- half a long, and one
      local raw = connect(w.binding)
      assert.equal(BIND_ACK, raw.say(bind(0, PIPES)))
      raw.socket:write(pdu(0, 2, string.pack("<I4I2I2", 0, 0, 0) .. ("\0"):rep(length), 1))
      if length == 2 then
        world.eventually(function() return raw.ended end)
      else
        world.eventually(function() return asked == 1 end)
        rpc.sleep(60)
        assert.is_nil(raw.ended)
        assert.equal(2, (raw.say(pdu(0, 2, string.pack("<I4I2I2", 0, 0, 0) .. ("\0"):rep(4), 2))))
      end
      raw.close()
    end
  end, { server = { stall_timeout = 20 } }))

  it("lets a group go with its last connection", with(function(w)
    local first = connect(w.binding)
    local _, ack = first.say(bind(0))
    local group = string.unpack("<I4", ack, 21)
    local second = connect(w.binding)
    assert.equal(BIND_ACK, second.say(bind(group)))
    first.close()
    world.eventually(function() return rpc.stats().connections == 1 end)
    local third = connect(w.binding)
    assert.equal(BIND_ACK, third.say(bind(group)))
    second.close()
    third.close()
    world.eventually(function() return rpc.stats().connections == 0 end)
    local late = connect(w.binding)
    assert.equal(BIND_NAK, late.say(bind(group)))
    late.close()
  end))
end)

h.transports(function(_, binding)
  it("a cancel and an abandoning reach the manager", h.async(function()
    local w = world.open(binding)
    local call = w.client.async:Slow(1)
    local parked = w.arrived(1)
    assert.is_false((parked:cancelled()))
    call:cancel()
    world.eventually(function() return (parked:cancelled()) end)
    assert.equal(997, call:status())
    parked:complete(5, 6)
    assert.same({ 5, 6 }, { call:await() })
    call = w.client.async:Slow(2)
    parked = w.arrived(2)
    call:abandon()
    assert.equal(1818, (status_of(call.await, call)))
    world.eventually(function() return (parked:cancelled()) end)
    local late = rpc.stats().late_answers
    parked:complete(0, 0)
    assert.equal(3, w.client:Add(1, 2))
    w.close()
    world.eventually(function() return rpc.stats().connections == 0 end)
    assert.equal(late, rpc.stats().late_answers)
  end))
end)

describe("a client [tcp]", function()
  it("takes answers in the order of bytes they say they have", h.async(function()
    local listener, socket = uv.new_tcp(), nil
    listener:bind("127.0.0.1", 0)
    listener:listen(1, function()
      socket = uv.new_tcp()
      listener:accept(socket)
      socket:read_start(function(_, data)
        if not data then return end
        if data:byte(3) == 11 then
          local n = data:byte(25)
          local refused = string.pack("<I2I2", 2, 2) .. ("\0"):rep(20)
          local results = string.pack("<I2I2", 0, 0) .. NDR20 .. refused:rep(n - 1)
          socket:write(pdu(BIND_ACK, 1, string.pack("<I2I2I4 I2I2 I4", 5840, 5840, 77, 0, 0, n) .. results))
        else
          socket:write(string.pack(">BBBB BBBB I2I2 I4 I4I2BB i4", 5, 0, 2, 3, 0, 0, 0, 0, 28, 0,
            (string.unpack("<I4", data, 13)), 4, 0, 0, 0, 258))
        end
      end)
    end)
    local client = rpc.client(world.Test, ("ncacn_ip_tcp:127.0.0.1[%d]"):format(listener:getsockname().port))
    assert.equal(258, client:Add(1, 2))
    client:close()
    listener:close()
    socket:close()
  end))
end)

describe("stub bytes", function()
  it("align a uuid behind a byte", function()
    local t = stubs.load "void F([in] byte b, [in] uuid_t u);"
    assert.equal(stubs.bytes "07 00*3 78563412 3412 7856 9abcdef012345678",
      stubs.encode(t, "F", "in", "ndr20", nil, 7, "12345678-1234-5678-9abc-def012345678"))
  end)
end)
