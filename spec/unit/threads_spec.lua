-- OS threads of luv's, each with a Lua state, a loop, a server and clients of its own, exchange completions through
-- one port: for 10 s in `make load`, else for a hundredth of that, divided by ARPC_SCALE.
local h = require "spec.support.harness"

local THREADS = 4

local function seconds()
  if os.getenv "ARPC_LOAD" then return 10 end
  return math.max(0.02, 0.1 / (tonumber(os.getenv "ARPC_SCALE") or 1))
end

-- Issues calls to the neighbour's server for so long, each completed by whichever thread gets its packet, and tells
-- how many it issued and got, and the sums of their keys. A packet of its own thread brings the handle, another's its
-- number: that one is sent home in a packet on the issuer's own port, which harvests it.
local function exchange(index, port_token, home_token, ready_token, lasting)
  local rpc = require "asyncrpc"
  local uv = require "luv"
  local world = require "spec.support.world"
  index = math.tointeger(index) -- luv hands numbers over as floats
  local port, home = rpc.completion_port(port_token), rpc.completion_port(home_token)
  local ready = rpc.completion_port(ready_token)
  local server = rpc.server { "ncacn_ip_tcp:127.0.0.1[0]" }
  server:register(world.Test, world.managers {})
  server:listen()
  ready:post(index, server:bindings()[1])
  local _, neighbour = home:get(20000)
  local client = rpc.client(world.Test, neighbour)
  local count = { issued = 0, issued_keys = 0, got = 0, got_keys = 0, harvested = 0, foreign = 0 }
  local pending = {}

  local function harvest(async)
    assert(async.user_info == async:complete(), "another call's sum")
    pending[async.id] = nil
    count.harvested = count.harvested + 1
  end

  -- What is on the shared port: bytes says whose call it is, overlapped whose home.
  local getter = rpc.spawn(function()
    for owner, key, overlapped, event, async in function() return port:get() end do
      if owner < 0 then return end
      assert(event == rpc.CALL_COMPLETE)
      count.got, count.got_keys = count.got + 1, count.got_keys + key
      if type(async) == "number" then
        count.foreign = count.foreign + 1
        rpc.completion_port(overlapped):post(async, "harvest")
      else
        assert(owner == index)
        harvest(async)
      end
    end
  end)
  local homecoming = rpc.spawn(function()
    for id, what in function() return home:get() end do
      if what == "end" then return end
      harvest(pending[id])
    end
  end)

  local stop = uv.hrtime() + lasting * 1e9
  while uv.hrtime() < stop do
    for _ = 1, 20 do
      local key = count.issued * 4 + index
      local async = rpc.async {
        port = port, bytes = index, key = key, overlapped = home_token, user_info = key + 1,
      }
      client:Add(async, key, 1)
      pending[async.id] = async
      count.issued, count.issued_keys = count.issued + 1, count.issued_keys + key
    end
    rpc.sleep(0)
    while count.issued - count.harvested > 500 do rpc.sleep(1) end
  end
  while count.harvested < count.issued do rpc.sleep(1) end
  ready:post(index, "issued") -- and is here for the others until all have
  getter:await()
  homecoming:await()
  assert(next(pending) == nil)
  client:close()
  server:close()
  uv.run() -- nothing is left
  assert(rpc.stats().pending == 0 and rpc.stats().connections == 0)
  return ("%d %d %d %d %d"):format(count.issued, count.issued_keys, count.got, count.got_keys, count.foreign)
end

it("four threads exchange completions through one port under load, and nothing is lost", h.async(function()
  local rpc, thread = require "asyncrpc", require "spec.support.thread"
  local port, ready, homes, threads, names = rpc.completion_port(), rpc.completion_port(), {}, {}, {}
  for i = 1, THREADS do
    homes[i] = rpc.completion_port()
    threads[i] = thread.start(exchange, i, port:token(), homes[i]:token(), ready:token(), seconds())
  end
  for _ = 1, THREADS do
    local i, binding = ready:get(20000)
    names[i] = binding
  end
  for i = 1, THREADS do homes[i]:post(0, names[i % THREADS + 1]) end
  for _ = 1, THREADS do
    local _, what = ready:get(60000)
    if what ~= "issued" then break end -- a thread failed: join tells why
  end
  for i = 1, THREADS do
    port:post(-1)
    homes[i]:post(0, "end")
  end
  local issued, issued_keys, got, got_keys, foreign = 0, 0, 0, 0, 0
  for i = 1, THREADS do
    local a, b, c, d, e = threads[i].join(20000):match "(%d+) (%d+) (%d+) (%d+) (%d+)"
    issued, issued_keys, got, got_keys, foreign = issued + a, issued_keys + b, got + c, got_keys + d, foreign + e
  end
  assert.equal(issued, got)
  assert.equal(issued_keys, got_keys)
  assert.is_true(issued > 0)
  assert.is_nil((port:get(0)))
  if os.getenv "ARPC_LOAD" then print(("%d completions, %d of them in another thread"):format(issued, foreign)) end
end, 40000))
