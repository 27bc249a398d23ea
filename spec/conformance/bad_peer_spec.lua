-- Peers that refuse, lie, break off or talk nonsense: a documented status each, never a hang.
local h = require "spec.support.harness"
local uv = require "luv"
local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of = world.status_of

-- A tcp server that does `talk(socket, bytes)` for what it receives. Its port, and how to close it.
local function fake_server(talk)
  local listener, sockets = uv.new_tcp(), {}
  listener:bind("127.0.0.1", 0)
  listener:listen(8, function()
    local socket = uv.new_tcp()
    sockets[#sockets + 1] = socket
    listener:accept(socket)
    socket:read_start(function(_, data)
      if data then talk(socket, data) elseif not socket:is_closing() then socket:close() end
    end)
  end)
  return ("ncacn_ip_tcp:127.0.0.1[%d]"):format(listener:getsockname().port), function()
    listener:close()
    for _, socket in ipairs(sockets) do
      if not socket:is_closing() then socket:close() end
    end
  end
end

local function pdu(ptype, call_id, body, flags)
  return string.pack("<BBBB I4 I2I2 I4", 5, 0, ptype, flags or 3, 0x10, 16 + #body, 0, call_id) .. body
end

local function call_id(data)
  return (string.unpack("<I4", data, 13))
end

local NDR20 = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"

-- Accepts the first element and refuses the others of a bind with `elements` of them.
local function bind_ack(data, fragment)
  local elements = data:byte(25)
  local results = { string.pack("<I2I2", 0, 0) .. NDR20 }
  for i = 2, elements do results[i] = string.pack("<I2I2", 2, 2) .. ("\0"):rep(20) end
  return pdu(12, call_id(data), string.pack("<I2I2I4 I2I2 I4", fragment or 5840, fragment or 5840, 77, 0, 0, elements)
    .. table.concat(results))
end

local function expect(status, phase, talk, options)
  local binding, close = fake_server(talk)
  local client = rpc.client(world.Test, binding, options)
  local is, err = status_of(client.Add, client, 1, 2)
  assert.equal(status, is, tostring(err))
  if phase then assert.equal(phase, err.phase) end
  client:close()
  close()
  return err
end

describe("a client whose server [tcp]", function()
  local naks = { [0] = 1727, [1] = 1723, [2] = 1723, [3] = 1727, [4] = 1728, [8] = 1747, [9] = 5 }
  for reason, status in pairs(naks) do
    it(("refuses the bind with reason %d raises %d"):format(reason, status), h.async(function()
      expect(status, "connect", function(socket, data)
        socket:write(pdu(13, call_id(data), string.pack("<I2BBB", reason, 1, 5, 0) .. "\0\0\0"))
      end)
    end))
  end

  it("closes during the bind raises 1727", h.async(function()
    expect(1727, "connect", function(socket) socket:close() end)
  end))

  it("never answers the bind raises 1722 after connect_timeout", h.async(function()
    local err = expect(1722, "connect", function() end, { connect_timeout = 20 })
    assert.equal("timeout", err.reason)
  end))

  it("talks nonsense raises 1728", h.async(function()
    expect(1728, "connect", function(socket) socket:write(("HTTP/1.0 400 what?\r\n"):rep(10)) end)
  end))

  it("grants fragments that are too small raises 1728", h.async(function()
    expect(1728, "connect", function(socket, data) socket:write(bind_ack(data, 1000)) end)
  end))

  local function after_bind(talk)
    return function(socket, data)
      if data:byte(3) == 11 then socket:write(bind_ack(data)) else talk(socket, data) end
    end
  end

  it("closes after the request raises 1726, maybe executed", h.async(function()
    local err = expect(1726, "wait", after_bind(function(socket) socket:close() end))
    assert.is_true(err.maybe_executed)
  end))

  it("breaks off within the answer raises 1726", h.async(function()
    expect(1726, "wait", after_bind(function(socket, data)
      socket:write(pdu(2, call_id(data), string.pack("<I4I2BB", 4, 0, 0, 0) .. "\3\0\0\0"):sub(1, -2))
      socket:shutdown()
    end))
  end))

  it("answers with too few bytes raises 1783 at harvest", h.async(function()
    expect(1783, "harvest", after_bind(function(socket, data)
      socket:write(pdu(2, call_id(data), string.pack("<I4I2BB", 3, 0, 0, 0) .. "\3\0\0"))
    end))
  end))

  it("faults with a hardware exception, or 0, raises 1728", h.async(function()
    for _, code in ipairs { 0xC0000005, 0 } do
      local err = expect(1728, nil, after_bind(function(socket, data)
        socket:write(pdu(3, call_id(data), string.pack("<I4I2BB I4I4", 24, 0, 0, 0, code, 0)))
      end))
      assert.equal(code, err.fault)
    end
  end))

  it("answers more than max_response raises 14", h.async(function()
    expect(14, nil, after_bind(function(socket, data)
      local fragment = string.pack("<I4I2BB", 0, 0, 0, 0) .. ("x"):rep(4000)
      for i = 0, 9 do socket:write(pdu(2, call_id(data), fragment, i == 0 and 1 or 0)) end
    end), { max_response = 10000 })
  end))

  it("answers calls nobody made is listened to all the same", h.async(function()
    local binding, close = fake_server(after_bind(function(socket, data)
      local answer = string.pack("<I4I2BB", 4, 0, 0, 0) .. "\3\0\0\0"
      socket:write(pdu(2, 99999, answer) .. pdu(2, 0, answer) .. pdu(2, call_id(data), answer))
    end))
    local client = rpc.client(world.Test, binding)
    assert.equal(3, client:Add(1, 2))
    client:close()
    close()
  end))

  it("says shutdown gets the next call on a new connection", h.async(function()
    local connections = 0
    local binding, close = fake_server(function(socket, data)
      if data:byte(3) == 11 then
        connections = connections + 1
        return socket:write(bind_ack(data))
      end
      socket:write(pdu(2, call_id(data), string.pack("<I4I2BB", 4, 0, 0, 0) .. "\3\0\0\0") .. pdu(17, 0, ""))
    end)
    local client = rpc.client(world.Test, binding)
    for _ = 1, 3 do
      assert.equal(3, client:Add(1, 2))
      rpc.sleep(1) -- the answer came first: what it woke ran before the shutdown was seen
    end
    assert.equal(3, connections)
    client:close()
    close()
  end))
end)

describe("a server whose clients", function()
  local function connect(binding)
    local socket, connected = uv.new_tcp(), rpc.event()
    socket:connect("127.0.0.1", tonumber(binding:match "%[(%d+)"), function() connected:set() end)
    connected:wait()
    return socket
  end

  it("talk nonsense, in pieces, still serves the others [tcp]", h.async(function()
    local w = world.open "ncacn_ip_tcp:127.0.0.1[0]"
    local bind = pdu(11, 1, string.pack("<I2I2I4 I4 I2BB", 5840, 5840, 0, 1, 0, 1, 0)
      .. "\x3e\x8a\x2f\x6d\xc7\x51\x0b\x4a\x9e\x77\x0c\x5b\x1d\x9f\x4e\x21\1\0\0\0" .. NDR20)
    local request = pdu(0, 2, string.pack("<I4I2I2 i4i4", 8, 0, 0, 1, 2))
    math.randomseed(20261121)
    for i = 1, h.scale(300) do
      local socket, over = connect(w.binding), rpc.event()
      socket:read_start(function(err, data) if err or not data then over:set() end end)
      local bytes = { (bind .. request .. request):byte(1, -1) }
      for _ = 1, math.random(1, 4) do bytes[math.random(#bytes)] = math.random(0, 255) end
      local text = string.char(table.unpack(bytes))
      local cut = math.random(#text)
      if i % 5 == 0 then
        text = {}
        for k = 1, 64 do text[k] = string.char(math.random(0, 255)) end
        text = table.concat(text)
      end
      socket:write(text:sub(1, cut))
      socket:write(text:sub(cut + 1))
      socket:shutdown()
      over:wait(5000)
      socket:close()
      assert.equal(i, w.client:Add(i, 0))
    end
    w.close()
  end, 60000))

  it("die with a hundred calls outstanding cost nothing once those end [tcp]", h.async(function()
    local w = world.open "ncacn_ip_tcp:127.0.0.1[0]"
    local script = ([[
      local rpc = require "asyncrpc"
      local client = rpc.client(require "spec.support.world".Test, %q)
      for id = 1, 100 do client.async:Slow(id, function() end) end
      rpc.run()
    ]]):format(w.binding)
    local env = {}
    for name, value in pairs(uv.os_environ()) do env[#env + 1] = name .. "=" .. value end
    local exited = rpc.event()
    local process
    local options = { args = { "-e", script }, stdio = { nil, 1, 2 }, env = env }
    process = assert(uv.spawn(os.getenv "LUA" or "lua5.4", options, function() exited:set() end))
    w.arrived(100)
    process:kill "sigkill"
    assert.is_true(exited:wait(10000))
    process:close()
    world.eventually(function() return rpc.stats().connections == 0 end)
    assert.equal(100, rpc.stats().parked)
    for id = 1, 100 do
      local cancelled, why = w.parked[id]:cancelled()
      assert.is_true(cancelled)
      assert.equal("disconnect", why)
      w.parked[id]:complete(0, 0)
    end
    assert.equal(0, rpc.stats().parked)
    assert.equal(0, rpc.stats().handles)
    assert.equal(3, w.client:Add(1, 2))
    w.close()
  end, 30000))
end)
