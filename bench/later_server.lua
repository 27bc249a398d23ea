-- W4b's server: answers each call ms (default 1000) after it came. lua5.4 bench/later_server.lua ADDR
local rpc = require "asyncrpc"
local uv = require "luv"
local here = arg[0]:match "^(.*)/"
local Bench = rpc.idl.load(here .. "/bench.idl", { acf = "interface Bench { [async] One(); }" }).Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])

local server = rpc.server { binding, local_dir = dir, max_calls = 1 << 20 }
local delay = tonumber(os.getenv "BENCH_DELAY") or 1000
local calls, dues, first = {}, {}, 1
local timer = uv.new_timer()

-- A pass at a time, so that the loop goes on between them.
local function answer()
  local last = math.min(#calls, first + 1000)
  while first <= last and dues[first] <= uv.now() do
    calls[first]:complete(7)
    calls[first] = false
    first = first + 1
  end
end

timer:start(1, 1, answer)
server:register(Bench, {
  One = function(call)
    calls[#calls + 1] = call
    dues[#calls] = uv.now() + delay
  end,
})
server:listen()
rpc.run()
