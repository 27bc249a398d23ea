-- The measurements: lua5.4 bench/run.lua times   ratios to raw libuv of the same round, medians
--                   lua5.4 bench/run.lua cost    user instructions and system calls per call
--                   lua5.4 bench/run.lua check   cost, held against bench/cost.tsv with 5 % of slack
-- Called by make, which builds; BUILD names where. Server on CPU 0, client on CPU 1 (W1: both on CPU 0).
local build = os.getenv "BUILD" or "build"
local lua = os.getenv "LUA" or "lua5.4"
local dir = os.getenv "TMPDIR" or "/tmp"

local peers = {
  { name = "raw libuv", server = build .. "/bench/raw_server", client = build .. "/bench/raw_client" },
  { name = "C to C", server = build .. "/bench/server", client = build .. "/bench/client" },
  { name = "Lua to Lua", server = lua .. " bench/server.lua", client = lua .. " bench/client.lua" },
}

local function capture(command)
  local pipe = assert(io.popen(command))
  local words = pipe:read "a"
  pipe:close()
  return words
end

local serial = 0

-- Runs one server and one client; what the client printed. `wrap_*` stand in front of the commands; strace
-- is ended by ending its child.
local function pair(peer, workload, arguments, cpus, wrap_server, wrap_client)
  serial = serial + 1
  local socket = ("%s/arpc-bench-%d-%d"):format(dir, os.time() % 100000, serial)
  local script = ([[
    rm -f %s; taskset -c %s %s %s unix:%s & server=$!
    i=0; while [ ! -S %s ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
    BENCH_SRV=$server timeout 120 taskset -c %s %s %s unix:%s %s %s
    pkill -P $server || kill $server; wait $server 2>/dev/null; rm -f %s
  ]]):format(socket, cpus[1], wrap_server or "", peer.server, socket, socket, cpus[2], wrap_client or "", peer.client,
    socket, workload, arguments, socket)
  return capture(("sh -c '%s' 2>&1"):format(script))
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

local cases = {
  { title = "W1: one call at a time, both on one CPU", workload = "w1", arguments = "ms=500", cpus = { 0, 0 } },
  { title = "W2: 64 calls outstanding", workload = "w2", arguments = "depth=64 ms=500", cpus = { 0, 1 } },
  { title = "W5: 1,000 records there and back", workload = "w5", arguments = "ms=1000 warmn=20", cpus = { 0, 1 },
    without = "C to C" },
}

local function without(name)
  local list = {}
  for _, peer in ipairs(peers) do list[#list + 1] = peer.name ~= name and peer or nil end
  return list
end

-- Bytes a call in flight may cost, beside the script's own values.
local most = { handles = 400, callbacks = 400, coroutines = 1434, server = 1536 }

-- W4b: 100,000 calls outstanding on one connection. Times with a server that takes a second; memory with one that
-- takes long enough for all of them to be there at once on a busy machine too.
local function later(peer, way, delay)
  local env = ("env BENCH_DELAY=%d"):format(delay)
  local words = pair(peer, way, "n=100000", { 0, 1 }, env, env)
  local secs, client, server = words:match '"secs":([%d.]+),"client":([%d-]+),"server":([%d-]+)'
  if not secs then error(("W4b, %s, %s:\n%s"):format(peer.name, way, words), 0) end
  return tonumber(secs), tonumber(client), tonumber(server)
end

local function outstanding(rounds)
  local raw = { name = "raw libuv", server = build .. "/bench/raw_later", client = build .. "/bench/raw_later" }
  local ours = { name = "Lua to Lua" }
  ours.server, ours.client = lua .. " bench/later_server.lua", lua .. " bench/later_client.lua"
  local base, secs = {}, { handles = {}, callbacks = {}, coroutines = {} }
  for _ = 1, rounds do
    base[#base + 1] = later(raw, "w4b", 1000)
    for way, list in pairs(secs) do list[#list + 1] = later(ours, way, 1000) end
  end
  print "W4b: 100,000 calls outstanding, a second each"
  print(("  %-24s %6.2f s"):format(raw.name, median(base)))
  for _, way in ipairs { "handles", "callbacks", "coroutines" } do
    local _, client, server = later(ours, way, 8000)
    local line = "  %-24s %6.2f s  %5.2f x raw   client %5d bytes a call (at most %d), server %5d (%d)"
    print(line:format(ours.name .. ", " .. way, median(secs[way]), median(secs[way]) / median(base), client, most[way],
      server, most.server))
    if client > most[way] or server > most.server then error("W4b: a call in flight costs too much memory", 0) end
  end
end

local function times()
  local rounds = tonumber(os.getenv "ARPC_ROUNDS") or 5
  for _, case in ipairs(cases) do
    local cpu, rate, ratio = {}, {}, {}
    for _ = 1, rounds do
      local base
      for i, peer in ipairs(without(case.without)) do
        local words = pair(peer, case.workload, case.arguments, case.cpus)
        local calls, secs, c, s = words:match '"calls":(%d+),"secs":([%d.]+),"ccpu":([%d.]+),"scpu":([%d.]+)'
        if not calls then error(("%s, %s:\n%s"):format(case.title, peer.name, words), 0) end
        local each = (c + s) / calls * 1e6
        base = base or each
        cpu[i], rate[i], ratio[i] = cpu[i] or {}, rate[i] or {}, ratio[i] or {}
        table.insert(cpu[i], each)
        table.insert(rate[i], calls / secs)
        table.insert(ratio[i], each / base)
      end
    end
    print(case.title)
    for i, peer in ipairs(without(case.without)) do
      local line = "  %-12s %10.0f calls/s  %7.3f us CPU/call  %5.2f x raw"
      print(line:format(peer.name, median(rate[i]), median(cpu[i]), median(ratio[i])))
    end
  end
  outstanding(math.min(rounds, 3))
end

-- The difference of two runs of different length, so that starting up is not in it.
local few, many = 4000, 16000

local function instructions(peer, side)
  local count = {}
  for _, n in ipairs { few, many } do
    local wrap = "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file=" .. dir .. "/arpc-bench-vg"
    pair(peer, "w2", ("depth=64 n=%d"):format(n), { 0, 1 }, side == "server" and wrap, side == "client" and wrap)
    local log = assert(io.open(dir .. "/arpc-bench-vg")):read "a"
    count[#count + 1] = tonumber(log:match "Collected : (%d+)") or error(log, 0)
  end
  local each = (count[2] - count[1]) / (many - few)
  if each < 10 then error(("%s: the %s did not make its calls"):format(peer.name, side), 0) end
  return each
end

local function system_calls(peer, side)
  local count = {}
  for _, n in ipairs { few, many } do
    local out = dir .. "/arpc-bench-st"
    local wrap = ("strace -f -qq -c -o %s"):format(out)
    pair(peer, "w2", ("depth=64 n=%d"):format(n), { 0, 1 }, side == "server" and wrap, side == "client" and wrap)
    local total = 0
    for line in io.lines(out) do
      local calls, name = line:match "^%s*[%d.]+%s+[%d.]+%s+%d+%s+(%d+)%s*%d*%s+([%w_]+)$"
      if calls and name ~= "total" then total = total + tonumber(calls) end
    end
    count[#count + 1] = total
  end
  return (count[2] - count[1]) / (many - few)
end

local function costs()
  local rows = {}
  for _, peer in ipairs(peers) do
    local ir = { instructions(peer, "server"), instructions(peer, "client") }
    local sys = { system_calls(peer, "server"), system_calls(peer, "client") }
    rows[#rows + 1] = { name = peer.name, ir = ir[1] + ir[2], sys = sys[1] + sys[2] }
    print(("%-12s %8.0f user instructions a call (server %.0f, client %.0f), %.3f system calls"):format(peer.name,
      ir[1] + ir[2], ir[1], ir[2], sys[1] + sys[2]))
  end
  return rows
end

-- Instructions hold within 5 %; system calls depend on how the two processes meet, and have a bound of their own.
local function check()
  local failed = 0
  local kept = {}
  for line in io.lines "bench/cost.tsv" do
    local name, ir, sys = line:match "^([^\t#]+)\t(%d+)\t([%d.]+)"
    if name then kept[name] = { ir = tonumber(ir), sys = tonumber(sys) } end
  end
  for _, row in ipairs(costs()) do
    local keep = kept[row.name]
    if keep and (row.ir > keep.ir * 1.05 or row.sys > keep.sys) then
      failed = failed + 1
      print(("%s: kept are %d instructions and %.2f system calls"):format(row.name, keep.ir, keep.sys))
    end
  end
  print(("cost: %d passed, %d failed, 0 skipped"):format(2 - failed, failed))
  os.exit(failed == 0 and 0 or 1)
end

local what = { times = times, cost = costs, check = check }
assert(what[arg[1]], "times, cost or check?")()
