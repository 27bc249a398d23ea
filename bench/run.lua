-- The measurements: lua5.4 bench/run.lua times   ratios to raw libuv of the same round, medians
--                   lua5.4 bench/run.lua streams of these, W3 alone
--                   lua5.4 bench/run.lua cost    user instructions and system calls per call
--                   lua5.4 bench/run.lua check   cost, held against bench/cost.tsv with 5 % of slack
-- Called by make, which builds; BUILD names where, ARPC_ROUNDS how many rounds (5). Server on CPU 0, client on CPU 1
-- (W1: both on CPU 0).
local build = os.getenv "BUILD" or "build"
local lua = os.getenv "LUA" or "lua5.4"
local rounds = tonumber(os.getenv "ARPC_ROUNDS") or 5
local pair = dofile(arg[0]:match "^(.*)/" .. "/pair.lua")
local dir, median = pair.dir, pair.median

local peers = {
  { name = "raw libuv", server = build .. "/bench/raw_server", client = build .. "/bench/raw_client" },
  { name = "C to C", server = build .. "/bench/server", client = build .. "/bench/client" },
  { name = "Lua to Lua", server = lua .. " bench/server.lua", client = lua .. " bench/client.lua" },
}

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
  local words = pair.run(peer, way, "n=100000", { cpus = { 0, 1 }, wrap_server = env, wrap_client = env })
  local secs, client, server = words:match '"secs":([%d.]+),"client":([%d-]+),"server":([%d-]+)'
  if not secs then error(("W4b, %s, %s:\n%s"):format(peer.name, way, words), 0) end
  return tonumber(secs), tonumber(client), tonumber(server)
end

local function outstanding()
  local raw = { name = "raw libuv", server = build .. "/bench/raw_later", client = build .. "/bench/raw_later" }
  local ours = { name = "Lua to Lua" }
  ours.server, ours.client = lua .. " bench/later_server.lua", lua .. " bench/later_client.lua"
  local base, secs = {}, { handles = {}, callbacks = {}, coroutines = {} }
  for _ = 1, math.min(rounds, 3) do
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

-- W3: bytes through a pipe, in chunks of 64 KiB. Each ratio is to raw libuv of the same round, and held to a bound; how
-- fast the clock on the wall ran depends on who else uses the machine, the CPU time hardly.
local streams = {
  { name = "raw libuv", server = build .. "/bench/raw_stream", client = build .. "/bench/raw_stream" },
  { name = "C to C", server = build .. "/bench/stream", client = build .. "/bench/stream", fast = 0.9, cheap = 1.2 },
  { name = "Lua to Lua", server = lua .. " bench/stream.lua", client = lua .. " bench/stream.lua",
    fast = 0.75, cheap = 1.5 },
}

local function stream(peer, way, transport)
  local words = pair.run(peer, way, "mib=1024", { cpus = { 0, 1 }, transport = transport })
  local chunks, secs, c, s = words:match '"calls":(%d+),"secs":([%d.]+),"ccpu":([%d.]+),"scpu":([%d.]+)'
  if not chunks then error(("W3, %s, %s:\n%s"):format(peer.name, way, words), 0) end
  local gib = chunks / (1 << 14)
  return gib / secs, (c + s) / gib
end

local function streaming(way, transport)
  local got = {}
  for _ = 1, rounds do
    local raw_rate, raw_cpu
    for i, peer in ipairs(streams) do
      local rate, cpu = stream(peer, way, transport)
      raw_rate, raw_cpu = raw_rate or rate, raw_cpu or cpu
      got[i] = got[i] or { {}, {}, {}, {} }
      for k, value in ipairs { rate, cpu, rate / raw_rate, cpu / raw_cpu } do table.insert(got[i][k], value) end
    end
  end
  print(("W3: 1 GiB %s, %s"):format(way, transport))
  for i, peer in ipairs(streams) do
    local rate, cpu, fast, cheap = table.unpack(got[i])
    local line = ("  %-12s %6.2f GiB/s  %5.2f x raw   %6.3f s CPU/GiB  %5.2f x raw"):format(peer.name, median(rate),
      median(fast), median(cpu), median(cheap))
    if peer.fast then line = line .. ("   (to be %.2f and %.2f)"):format(peer.fast, peer.cheap) end
    print(line)
  end
end

local function all_streams()
  for _, transport in ipairs { "unix", "tcp" } do
    for _, way in ipairs { "down", "up" } do streaming(way, transport) end
  end
end

local function times()
  for _, case in ipairs(cases) do
    local cpu, rate, ratio = {}, {}, {}
    for _ = 1, rounds do
      local base
      for i, peer in ipairs(without(case.without)) do
        local words = pair.run(peer, case.workload, case.arguments, case)
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
  all_streams()
  outstanding()
end

-- The difference of two runs of different length, so that starting up is not in it: nor what the collector still does
-- with what loading left behind, in the first of the calls.
local few, many = 16000, 28000

local function instructions(peer, side)
  local count = {}
  for _, n in ipairs { few, many } do
    local wrap = "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file=" .. dir .. "/arpc-bench-vg"
    pair.run(peer, "w2", ("depth=64 n=%d"):format(n), { cpus = { 0, 1 }, ["wrap_" .. side] = wrap })
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
    pair.run(peer, "w2", ("depth=64 n=%d"):format(n), { cpus = { 0, 1 }, ["wrap_" .. side] = wrap })
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

local what = { times = times, streams = all_streams, cost = costs, check = check }
assert(what[arg[1]], "times, streams, cost or check?")()
