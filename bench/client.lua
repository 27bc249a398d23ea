-- The client of the Lua measurements: lua5.4 bench/client.lua ADDR w1|w2|w5 [depth=N ...]
local rpc = require "asyncrpc"
local uv = require "luv"
local here = arg[0]:match "^(.*)/"
local B = require "benchlua"
B.init(arg)
local Bench = rpc.idl.load(here .. "/bench.idl").Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])
local client = rpc.client(Bench, binding, { local_dir = dir })
local step, text = B.step, ("0123456789abcdef"):rep(2)

local loops = {}
function loops.w1()
  repeat
    if client:One(7) ~= 7 then error "wrong answer" end
  until step()
  uv.stop()
end
function loops.w2()
  repeat
    local n, back = client:Pair(7, text)
    if n ~= 7 or back ~= text then error "wrong answer" end
  until step()
  uv.stop()
end
function loops.w5()
  local records = dofile(here .. "/records.lua")()
  repeat records = client:Records(records) until step()
  assert(#records == 1000 and records[1000].name == "record-00000999" and records[1000].x == 499.5)
  uv.stop()
end

for _ = 1, B.opt("depth", 1) do rpc.spawn(loops[arg[2]]) end
rpc.run()
B.report ""
os.exit(0, false)
