-- Samba's servers for our client: spec/interop/samba-server starts them.
local h = require "spec.support.harness"
local program = require "spec.support.program"
local rpc = require "asyncrpc"
local services = require "spec.interop.services"

-- With TestSleep, asynchronous.
local rpcecho = rpc.idl.load("examples/rpcecho.idl").rpcecho

local dir = os.getenv "XDG_RUNTIME_DIR" .. "/samba"
local server, port

local function with_client(interface, binding, options, body)
  local all = { timeout = 20000 }
  for name, value in pairs(options) do all[name] = value end
  local client = rpc.client(interface, binding, all)
  local ok, err = xpcall(body, debug.traceback, client)
  client:close()
  if not ok then error(err, 0) end
end

local function on_tcp(options, body)
  with_client(rpcecho, ("ncacn_ip_tcp:127.0.0.1[%d]"):format(port), options, body)
end

-- A tower that asks for rpcecho with NDR20 over TCP.
local function tower()
  local function uuid_floor(hex, major)
    local uuid = hex:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
    return ("<I2 B"):pack(19, 0x0d) .. uuid .. ("<I2 I2 I2"):pack(major, 2, 0)
  end
  local octets = ("<I2"):pack(5) .. uuid_floor("c55ea160e84dd711a637005056a20182", 1)
    .. uuid_floor("045d888aeb1cc9119fe808002b104860", 2)
    .. ("<I2 B I2 I2"):pack(1, 0x0b, 2, 0)
    .. ("<I2 B I2 >I2"):pack(1, 0x07, 2, 0)
    .. ("<I2 B I2 >I4"):pack(1, 0x09, 4, 0)
  return { room = #octets, length = #octets, octets = octets }
end

-- The port of rpcecho, as Samba's endpoint mapper says; nil and the status when it does not.
local function ask_endpoint_mapper(binding, options)
  local found, why
  with_client(services.epmapper, binding, options, function(epm)
    local none = { attributes = 0, uuid = "00000000-0000-0000-0000-000000000000" }
    local status, _, towers = epm:ept_map(nil, tower(), none, 1)
    why = status
    if status == 0 and towers[1] then found = (">I2"):unpack(towers[1].octets, 65) end
  end)
  return found, why
end

-- Until rpcecho is registered the endpoint mapper is not there, or does not know it.
local function wait_for_server()
  local by = rpc.now() + 25000
  repeat
    local ok, found, why = pcall(ask_endpoint_mapper, "ncacn_ip_tcp:127.0.0.1[135]", {})
    port = ok and found
    if not port and (rpc.now() > by or server.ended:wait(100)) then
      error(("Samba is not ready (%s):\n%s"):format(ok and why or found, server:words()), 0)
    end
  until port
end

describe("Samba's servers", function()
  setup(h.async(function()
    server = program.start("spec/interop/samba-server/start", { dir })
    wait_for_server()
  end, 40000))

  teardown(h.async(function() server:stop() end))

  local function calls(client)
    assert.equal(42, client:AddOne(41))
    for _, size in ipairs { 0, 1, 5000, 70000, 300000 } do
      local data = services.pattern(size)
      assert.equal(data, client:EchoData(data))
      client:SinkData(data)
      assert.equal(data, client:SourceData(size))
    end
  end

  it("echo fragments, both ways [tcp]", h.async(function() on_tcp({}, calls) end, 30000))

  -- This server answers the rest of rpcecho with a fault.
  it("have no TestCall to TestSurrounding [tcp]", h.async(function()
    on_tcp({}, function(client)
      local ok, err = pcall(client.TestCall, client, "word")
      assert.is_false(ok)
      assert.same({ "fault", 1745 }, { err.where, err.status })
    end)
  end, 30000))

  it("echo small fragments of ours [tcp]", h.async(function()
    on_tcp({ max_fragment = 2048, transfer = "ndr20" }, calls)
  end, 30000))

  it("echo fragments, both ways [unix]", h.async(function()
    with_client(rpcecho, "ncalrpc:[rpcd_rpcecho]", { local_dir = dir .. "/ncalrpc" }, calls)
  end, 30000))

  it("answer the endpoint mapper's and mgmt's questions [unix]", h.async(function()
    local options = { local_dir = dir .. "/ncalrpc" }
    assert.equal(port, ask_endpoint_mapper("ncalrpc:[EPMAPPER]", options))
    for _, name in ipairs { "EPMAPPER", "rpcd_rpcecho", "rpcd_classic", "rpcd_winreg" } do
      with_client(services.mgmt, ("ncalrpc:[%s]"):format(name), options, function(mgmt)
        assert.same({ 1, 0 }, { mgmt:is_server_listening() })
      end)
    end
  end, 30000))

  it("fault, and live on", h.async(function()
    on_tcp({}, function(client)
      for code, status in pairs { [0x0001] = 1767, [0x0015] = 1916 } do
        local ok, err = pcall(client.AddOne, client, 0xfa010000 + code)
        assert.is_false(ok)
        assert.same({ "fault", status }, { err.where, err.status })
      end
      assert.equal(42, client:AddOne(41))
    end)
  end, 30000))

  it("answer out of order on one connection", h.async(function()
    on_tcp({}, function(client)
      local order, pending, start = {}, {}, rpc.now()
      for i, seconds in ipairs { 3, 2, 1 } do
        pending[i] = rpc.async { callback = function(call) order[#order + 1] = call.user_info end }
        pending[i].user_info = seconds
        client:TestSleep(pending[i], seconds)
      end
      assert.equal(42, client:AddOne(41))
      assert.same({}, order)
      assert.equal(1, rpc.stats().connections)
      repeat rpc.sleep(20) until #order == 3
      assert.same({ 1, 2, 3 }, order)
      for i, seconds in ipairs { 3, 2, 1 } do assert.equal(seconds, pending[i]:complete()) end
      assert.truthy(rpc.now() - start < 5000)
    end)
  end, 30000))

  -- A second request on a connection that does not multiplex would be a fault, and the first never answered.
  describe("without multiplexing", function()
    local function two_sleeps(options)
      local took
      options.multiplex = false
      on_tcp(options, function(client)
        client:AddOne(1)
        local start = rpc.now()
        local first, second = client.async:TestSleep(1), client.async:TestSleep(1)
        local third = client.async:AddOne(41)
        assert.equal(42, third:await())
        assert.equal(1, first:await())
        assert.equal(1, second:await())
        took = rpc.now() - start
        assert.equal(2, client:AddOne(1))
      end)
      return took
    end

    it("are asked one thing after another on one connection", h.async(function()
      assert.truthy(two_sleeps { max_connections = 1 } >= 2000)
      assert.truthy(two_sleeps { causal = "strict" } >= 2000)
    end, 30000))

    it("are asked at once on several connections of a group", h.async(function()
      assert.truthy(two_sleeps {} < 1900)
    end, 30000))
  end)

  it("answer although a call was cancelled, and late when it was abandoned", h.async(function()
    local late = rpc.stats().late_answers
    on_tcp({}, function(client)
      local cancelled, abandoned = client.async:TestSleep(1), client.async:TestSleep(1)
      assert.equal(42, client:AddOne(41))
      cancelled:cancel()
      abandoned:abandon()
      assert.equal(1818, select(2, pcall(abandoned.await, abandoned)).status)
      assert.equal(1, cancelled:await())
      rpc.sleep(200)
      assert.equal(42, client:AddOne(41))
      assert.equal(1, rpc.stats().connections)
    end)
    repeat rpc.sleep(1) until rpc.stats().connections == 0 -- only then it says so
    assert.equal(late + 1, rpc.stats().late_answers)
  end, 30000))

  it("#69 do not know deadlines behind stubs, refuse them, and serve on", h.async(function()
    on_tcp({ pass_deadline = true }, function(client)
      local data = services.pattern(5000)
      assert.equal(42, client:AddOne(41))
      assert.equal(data, client:EchoData(data))
    end)
  end, 30000))

  -- This server knows neither cancel nor orphaned, and sleeps on.
  it("ignore cancels: a grace or a timeout gives the call up, and the connection lives", h.async(function()
    on_tcp({}, function(client)
      assert.equal(42, client:AddOne(41))
      local started = rpc.now()
      local graced, limited = client.async:TestSleep(2), client:with({ timeout = 100 }).async:TestSleep(2)
      graced:cancel { grace = 200 }
      local ok, err = pcall(limited.await, limited)
      assert.same({ false, 1818, "timeout", "local" }, { ok, err.status, err.reason, err.where })
      ok, err = pcall(graced.await, graced)
      assert.same({ false, 1818, "local" }, { ok, err.status, err.where })
      assert.is_nil(err.reason)
      assert.is_true(rpc.now() - started < 1900)
      assert.equal(42, client:AddOne(41))
    end)
  end, 30000))
end)
