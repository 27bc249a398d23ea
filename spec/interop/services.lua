-- What strangers find on our servers: rpcecho, and stand-ins for mgmt and the endpoint mapper. A stand-in is
-- little, and on the wire what the real one is.
local rpc = require "asyncrpc"

local services = {}

local function load(name)
  return rpc.idl.load(("spec/interop/%s.idl"):format(name))[name]
end

services.rpcecho = rpc.idl.load("examples/rpcecho.idl").rpcecho
services.mgmt, services.epmapper = load "mgmt", load "epmapper"

-- 0 1 2 ... 255 0 1 ..., as long as that.
function services.pattern(size)
  local all = {}
  for i = 0, 255 do all[i + 1] = string.char(i) end
  return table.concat(all):rep(size // 256 + 1):sub(1, size)
end

-- What rpcecho was asked: procedures, how much data, the object if any.
services.asked = {}

local function note(name, size)
  services.asked[#services.asked + 1] = ("%s %d"):format(name, size)
end

-- What Samba's own server answers to TestCall2, by level.
services.infos = {
  { v = 10 }, { v = 20 }, { v = 30 }, { v = 40 }, { v1 = 50, v2 = 60 }, { v1 = 70, info1 = { v = 80 } },
  { v1 = 80, info4 = { v = 90 } },
}

services.echo_managers = {
  TestCall = function(_, text) return text end,
  TestCall2 = function(_, level)
    if not services.infos[level] then rpc.raise(1783) end
    return 0, { tag = level, value = services.infos[level] }
  end,
  TestSleep = function(call, seconds) -- asynchronous
    rpc.sleep(seconds * 1000)
    call:complete(seconds)
  end,
  TestEnum = function(_, foo2, foo3)
    foo2.e1 = "ECHO_ENUM2"
    return foo2, foo3
  end,
  TestSurrounding = function(_, data)
    local twice = {}
    for i = 1, 2 * #data.surrounding do twice[i] = 0 end
    return { x = #twice, surrounding = twice }
  end,
  TestDoublePointer = function(_, number) return math.type(number) == "integer" and number or 0 end,
  AddOne = function(call, n)
    note("AddOne", n)
    services.object = call.object or services.object
    return n + 1 & 0xffffffff
  end,
  EchoData = function(_, data)
    note("EchoData", #data)
    return data
  end,
  SinkData = function(_, data)
    note("SinkData", #data)
    assert(data == services.pattern(#data), "SinkData: not the pattern")
  end,
  SourceData = function(_, len)
    note("SourceData", len)
    return services.pattern(len)
  end,
}

local served = {
  { uuid = "60a15ec5-4de8-11d7-a637-005056a20182", major = 1, minor = 0 },
  { uuid = "afa8bd80-7d8a-11c9-bef4-08002b102989", major = 1, minor = 0 },
  { uuid = "e1af8308-5d1f-11c9-91a4-08002b14a0fa", major = 3, minor = 0 },
}

services.mgmt_managers = {
  inq_if_ids = function() return 0, { room = #served, count = #served, ids = served } end,
  inq_stats = function(_, most)
    local counts = {}
    for i = 1, math.min(most, 4) do counts[i] = i end
    return 0, counts -- their count goes with them
  end,
  is_server_listening = function() return 1, 0 end,
}

-- Where a tower for TCP has its port, as an offset: after the count, two floors of 25 bytes, one of 7, and 5 more.
local PORT_AT = 64
local NOTHING_REGISTERED = 0x16c9a0d6
local no_handle = { attributes = 0, uuid = "00000000-0000-0000-0000-000000000000" }

-- The asked tower, with the port of the server's first TCP endpoint that is not the endpoint mapper's.
local function map(server, tower)
  local port = 135
  for _, binding in ipairs(server:bindings()) do
    local number = tonumber(binding:match "^ncacn_ip_tcp:.*%[(%d+)")
    if port == 135 and number then port = number end
  end
  local octets = tower.octets:sub(1, PORT_AT) .. (">I2"):pack(port) .. tower.octets:sub(PORT_AT + 3)
  return { { room = #octets, length = #octets, octets = octets } }
end

local function epm_managers(server)
  return {
    ept_map = function(_, _, tower, _, most)
      if not tower or most == 0 then return NOTHING_REGISTERED, no_handle, {} end
      return 0, no_handle, map(server, tower)
    end,
  }
end

-- A server of all three that listens; settings as of rpc.server.
function services.open(settings)
  local server = rpc.server(settings)
  server:register(services.rpcecho, services.echo_managers)
  server:register(services.mgmt, services.mgmt_managers)
  server:register(services.epmapper, epm_managers(server))
  server:listen()
  return server
end

-- Calls body(server), and closes the server whatever happened.
function services.with_server(settings, body)
  local server = services.open(settings)
  local ok, err = xpcall(body, debug.traceback, server)
  server:close()
  if not ok then error(err, 0) end
end

return services
