-- W3 from Lua: stream.lua ADDR serves Down and Up; stream.lua ADDR down|up mib=N calls them.
local rpc = require "asyncrpc"
local uv = require "luv"
local here = arg[0]:match "^(.*)/"
local B = require "benchlua"
B.init(arg)
local Bench = rpc.idl.load(here .. "/bench.idl").Bench
local binding, dir = dofile(here .. "/address.lua")(arg[1])

local CHUNK, CHUNKS = 64 << 10, {}
for i = 0, 15 do CHUNKS[i] = ("<i8"):pack(i) .. string.char(97 + i):rep(CHUNK - 8) end

local function push(pipe, bytes)
  for k = 0, bytes // CHUNK - 1 do pipe:push(CHUNKS[k % 16]) end
  pipe:close()
end

-- How many bytes came; the beginnings of the chunks, where they lie whole in a piece, say which they are.
local function pull(pipe)
  local at = 0
  for piece in pipe:chunks(CHUNK) do
    for skip = -at % CHUNK, #piece - 8, CHUNK do
      if string.unpack("<i8", piece, skip + 1) ~= (at + skip) // CHUNK % 16 then error "wrong bytes" end
    end
    at = at + #piece
  end
  return at
end

if not arg[2] then
  local server = rpc.server { binding, local_dir = dir }
  server:register(Bench, {
    Down = function(_, bytes, data) push(data, bytes) end,
    Up = function(_, data) return pull(data) end,
  })
  server:listen()
  rpc.run()
  return
end

local client = rpc.client(Bench, binding, { local_dir = dir })
local ways = {}

function ways.down(bytes)
  local call, data = client.async:Down(bytes)
  local got = pull(data)
  call:await()
  return got
end

function ways.up(bytes)
  local call, data = client.async:Up()
  push(data, bytes)
  return call:await()
end

rpc.spawn(function()
  local bytes = B.opt("mib", 1024) << 20
  assert(ways[arg[2]](16 << 20) == 16 << 20)
  B.begin()
  assert(ways[arg[2]](bytes) == bytes)
  B.finish(bytes // CHUNK)
  uv.stop()
end)
rpc.run()
B.report ""
os.exit(0, false)
