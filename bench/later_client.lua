-- W4b: many calls outstanding on one connection, for a second each. What a call in flight costs either side is read
-- from the processes' memory, beside the table of handles, which is the script's own.
-- lua5.4 bench/later_client.lua ADDR handles|callbacks|coroutines n=N
local rpc = require "asyncrpc"
local uv = require "luv"
local here = arg[0]:match "^(.*)/"
local Bench = rpc.idl.load(here .. "/bench.idl").Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])
local client = rpc.client(Bench, binding, { local_dir = dir })
local delay = tonumber(os.getenv "BENCH_DELAY") or 1000
local way, n = arg[2], tonumber(arg[3]:match "n=(%d+)")

local function resident(pid)
  local file = assert(io.open(("/proc/%s/statm"):format(pid)))
  local pages = file:read("a"):match "^%d+ (%d+)"
  file:close()
  return pages * 4096
end

assert(client:call("One", 7) == 7)
local handles, seen, done = {}, 0, rpc.event()
for i = 1, n do handles[i] = false end
collectgarbage()
collectgarbage()
local server = os.getenv "BENCH_SRV"
local own, theirs = resident "self", resident(server)
local began = uv.hrtime()

local function one_more(err, answer)
  assert(not err and answer == 7)
  seen = seen + 1
  if seen == n then done:set() end
end

local ways = {}

function ways.handles()
  for i = 1, n do handles[i] = client.async:One(7) end
  rpc.spawn(function()
    for i = 1, n do
      one_more(nil, handles[i]:await())
      handles[i] = false
    end
  end)
end

function ways.callbacks()
  for _ = 1, n do client.async:One(7, one_more) end
end

local function in_coroutine()
  one_more(nil, client:One(7))
end

function ways.coroutines()
  for _ = 1, n do assert(coroutine.resume(coroutine.create(in_coroutine))) end
end

ways[way]()
local issued = (uv.hrtime() - began) / 1e9
rpc.sleep(math.max(1, delay * 0.9 - issued * 1e3))
local all_out = seen == 0 -- all are with the server, none is answered
own, theirs = resident "self" - own, resident(server) - theirs
done:wait()
if delay > 1000 and not all_out then error "answers came while there were still calls to issue: too busy a machine" end
print(('{"n":%d,"secs":%.6f,"client":%.0f,"server":%.0f}'):format(n, (uv.hrtime() - began) / 1e9, own / n, theirs / n))
os.exit(0, false)
