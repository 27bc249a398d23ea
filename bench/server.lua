-- The server of the Lua measurements: lua5.4 bench/server.lua ADDR (unix:DIR/NAME or tcp:PORT)
local rpc = require "asyncrpc"
local here = arg[0]:match "^(.*)/"
local Bench = rpc.idl.load(here .. "/bench.idl").Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])

local server = rpc.server { binding, local_dir = dir }
server:register(Bench, {
  One = function(_, n) return n end,
  Pair = function(_, n, text) return n, text end,
  Records = function(_, records) return records end,
})
server:listen()
rpc.run()
