-- What a side's memory grows by while pipes run: resident.lua ADDR serves Give and Take; resident.lua ADDR give|take
-- mib=N pipes=N rest=MS calls them: so many at once, the reader rests before each MiB. Both sides sum up all bytes.
local rpc = require "asyncrpc"
local uv = require "luv"
local here = arg[0]:match "^(.*)/"
local B = require "benchlua"
B.init(arg)
local Bench = rpc.idl.load(here .. "/bench.idl").Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])

local MIB, CHUNK, CHUNKS = 1 << 20, 64 << 10, {}
for i = 0, 15 do CHUNKS[i] = ("<i8"):pack(i) .. string.char(97 + i):rep(CHUNK - 8) end

local function push(pipe, bytes)
  local sum = 0
  for k = 0, bytes // CHUNK - 1 do
    sum = B.sum(sum, CHUNKS[k % 16])
    pipe:push(CHUNKS[k % 16])
  end
  pipe:close()
  return sum
end

local function pull(pipe, rest)
  local sum, at, rested = 0, 0, -MIB
  while true do
    if rest > 0 and at - rested >= MIB then
      rpc.sleep(rest)
      rested = at
    end
    local piece = pipe:pull(CHUNK)
    if not piece then return sum, at end
    sum, at = B.sum(sum, piece), at + #piece
  end
end

if not arg[2] then
  local server = rpc.server { binding, local_dir = dir }
  server:register(Bench, {
    Give = function(_, bytes, data) return push(data, bytes) end,
    Take = function(_, rest, data) return (pull(data, rest)) end,
  })
  server:listen()
  rpc.run()
  return
end

local client = rpc.client(Bench, binding, { local_dir = dir })
local ways = {}

function ways.give(bytes, rest)
  local call, data = client.async:Give(bytes)
  local sum, got = pull(data, rest)
  assert(got == bytes and call:await() == sum, "not what was sent")
end

function ways.take(bytes, rest)
  local call, data = client.async:Take(rest)
  local sum = push(data, bytes)
  assert(call:await() == sum, "not what was sent")
end

-- A line of /proc/PID/status, in KiB.
local function memory(pid, line)
  local file = assert(io.open(("/proc/%s/status"):format(pid)))
  local kib = tonumber(file:read("a"):match(line .. ":%s+(%d+)"))
  file:close()
  return kib
end

-- From here on the highest counts.
local function forget(pid)
  local file = assert(io.open(("/proc/%s/clear_refs"):format(pid), "w"))
  assert(file:write "5")
  file:close()
end

rpc.spawn(function()
  local way, server = ways[arg[2]], os.getenv "BENCH_SRV"
  local bytes, n, rest = B.opt("mib", 64) * MIB, B.opt("pipes", 1), B.opt("rest", 0)
  way(CHUNK, 0)
  collectgarbage()
  local before = { memory("self", "VmRSS"), memory(server, "VmRSS") }
  forget "self"
  forget(server)
  local began, calls = uv.hrtime(), {}
  for i = 1, n do calls[i] = rpc.spawn(way, bytes, rest) end
  rpc.all(calls)
  local grown = { memory("self", "VmHWM") - before[1], memory(server, "VmHWM") - before[2] }
  print(('{"secs":%.3f,"client":%d,"server":%d}'):format((uv.hrtime() - began) / 1e9, grown[1], grown[2]))
  os.exit(0, false)
end)
rpc.run()
