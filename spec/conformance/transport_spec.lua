-- How bytes travel: names and addresses, and what happens when the other side does not read.
local h = require "spec.support.harness"
local uv = require "luv"
local rpc = require "asyncrpc"
local world = require "spec.support.world"

local NDR20 = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"
local TEST = "\x3e\x8a\x2f\x6d\xc7\x51\x0b\x4a\x9e\x77\x0c\x5b\x1d\x9f\x4e\x21\1\0\0\0"

local function pdu(ptype, call_id, body)
  return string.pack("<BBBB I4 I2I2 I4", 5, 0, ptype, 0x13, 0x10, 16 + #body, 0, call_id) .. body
end

local function bind()
  return pdu(11, 1, string.pack("<I2I2I4 I4 I2BB", 65528, 65528, 0, 1, 0, 1, 0) .. TEST .. NDR20)
end

-- Echo is opnum 3: a count, a conformant array of bytes.
local function echo_request(id, data)
  return pdu(0, id, string.pack("<I4I2I2 I4I4", 0, 0, 3, #data, #data) .. data)
end

local function port_of(binding)
  return tonumber(binding:match "%[(%d+)%]")
end

describe("addresses [tcp]", function()
  it("may be names, resolved beside the loop's other business", h.async(function()
    local w = world.open "ncacn_ip_tcp:127.0.0.1[0]"
    local client = rpc.client(world.Test, ("ncacn_ip_tcp:localhost[%d]"):format(port_of(w.binding)))
    assert.equal(3, client:Add(1, 2))
    client:close()
    w.close()
  end))

  it("that do not resolve give 1722", h.async(function()
    local client = rpc.client(world.Test, "ncacn_ip_tcp:no-such-host.invalid[1]")
    local status, err = world.status_of(client.Add, client, 1, 2)
    assert.equal(1722, status)
    assert.equal("connect", err.phase)
    client:close()
  end))

  it("may be of IPv6", h.async(function()
    local w = world.open "ncacn_ip_tcp:::1[0]"
    assert.truthy(w.binding:find("ncacn_ip_tcp:::1[", 1, true), w.binding)
    assert.equal(3, w.client:Add(1, 2))
    w.close()
  end))

  it("must be there to be listened on: 1740 for a port that is taken, 1707 for a name", h.async(function()
    local w = world.open "ncacn_ip_tcp:127.0.0.1[0]"
    assert.equal(1740, (world.status_of(rpc.server, { w.binding })))
    assert.equal(1707, (world.status_of(rpc.server, { "ncacn_ip_tcp:some-name[0]" })))
    w.close()
  end))
end)

describe("endpoints [unix]", function()
  it("of a server that died are taken over, of a live one not", h.async(function()
    local binding = h.binding "unix"
    local path = os.getenv "XDG_RUNTIME_DIR" .. "/asyncrpc/" .. binding:match "%[(.*)%]"
    local w = world.open(binding)
    assert.equal(1740, (world.status_of(rpc.server, { binding })))
    w.close()
    rpc.sleep(2)
    local dead = uv.new_pipe()
    assert(dead:bind(path))
    uv.fs_link(path, path .. ".kept")
    dead:close()
    rpc.sleep(2)
    uv.fs_rename(path .. ".kept", path)
    local again = world.open(binding)
    assert.equal(3, again.client:Add(1, 2))
    again.close()
  end))

  it("live in a folder nobody else can enter", h.async(function()
    local w = world.open(h.binding "unix")
    local stat = uv.fs_stat(os.getenv "XDG_RUNTIME_DIR" .. "/asyncrpc")
    assert.equal(tonumber("700", 8), stat.mode & tonumber("777", 8))
    w.close()
  end))
end)

describe("back-pressure [tcp]", function()
  it("of a client that does not read its answers stops the server's reading, and loses nothing", h.async(function()
    local w = world.open("ncacn_ip_tcp:127.0.0.1[0]", { server = { max_unsent = 1 << 20 } })
    local socket, connected = uv.new_tcp(), rpc.event()
    socket:connect("127.0.0.1", port_of(w.binding), function() connected:set() end)
    connected:wait()
    local n, size, base = 400, 60000, rpc.stats().bytes_in
    socket:write(bind())
    for id = 2, n + 1 do socket:write(echo_request(id, ("x"):rep(size))) end
    local before
    repeat -- until it reads no more
      before = rpc.stats().bytes_in
      rpc.sleep(50)
    until rpc.stats().bytes_in == before
    assert.is_true(before - base > size)
    assert.is_true(before - base < n * size / 2, before - base)
    local received, over = 0, rpc.event()
    socket:read_start(function(_, data)
      received = received + #(data or "")
      if received >= n * size then over:set() end
    end)
    assert.is_true(over:wait(20000))
    socket:close()
    w.close()
  end, 40000))

  it("of a server that does not read keeps a client's calls waiting, not its memory growing", h.async(function()
    local listener, peer = uv.new_tcp(), nil
    listener:bind("127.0.0.1", 0)
    listener:listen(8, function()
      peer = uv.new_tcp()
      listener:accept(peer)
      peer:read_start(function(_, data)
        if not data or data:byte(3) ~= 11 then return end
        peer:read_stop() -- acknowledges the bind, then sleeps
        local results = string.pack("<I2I2", 0, 0) .. NDR20
          .. (string.pack("<I2I2", 2, 2) .. ("\0"):rep(20)):rep(data:byte(25) - 1)
        local ack = string.pack("<I2I2I4 I2I2 I4", 65528, 65528, 1, 0, 0, data:byte(25)) .. results
        peer:write(pdu(12, string.unpack("<I4", data, 13), ack))
      end)
    end)
    local binding = ("ncacn_ip_tcp:127.0.0.1[%d]"):format(listener:getsockname().port)
    local client = rpc.client(world.Test, binding)
    local data, failed, n, base = ("x"):rep(60000), 0, 400, rpc.stats().bytes_out
    for _ = 1, n do
      client.async:Echo(data, function(err) failed = failed + (err and 1 or 0) end)
    end
    local before
    repeat
      before = rpc.stats().bytes_out
      rpc.sleep(50)
    until rpc.stats().bytes_out == before
    assert.is_true(before - base < n * #data / 2, before - base)
    assert.equal(n, rpc.stats().pending)
    peer:close()
    world.eventually(function() return rpc.stats().pending == 0 or failed > 0 end)
    client:close()
    world.eventually(function() return failed == n end)
    listener:close()
    if peer and not peer:is_closing() then peer:close() end
  end, 40000))
end)
