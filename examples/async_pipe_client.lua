-- The client of the documents' example of asynchronous pipes: lua5.4 examples/async_pipe_client.lua binding
-- Both procedures get the same numbers, at the same time, and must give the same back.
local rpc = require "asyncrpc"

local here = arg[0]:match "^(.*)/" or "."
local AsyncPipe = rpc.idl.load(here .. "/async_pipe.idl").AsyncPipe
local client = rpc.client(AsyncPipe, arg[1] or error "which binding?")

local COUNT, A = 100000, 7
local SIZE, TIMES = AsyncPipe.constants.ASYNC_CHUNK_SIZE, AsyncPipe.constants.ASYNC_NUM_CHUNKS

-- What the sums must be of the numbers from 1 to COUNT.
local expected = {}
for i = 1, SIZE do
  expected[i] = A
  for number = i, COUNT, SIZE do expected[i] = expected[i] + number end
end

local function send(pipe)
  for first = 1, COUNT, 1000 do
    local chunk = {}
    for i = 1, 1000 do chunk[i] = first + i - 1 end
    pipe:push(chunk)
  end
  pipe:close()
end

local function receive(pipe)
  local n = 0
  for sums in pipe:chunks(SIZE) do
    for _, sum in ipairs(sums) do
      assert(sum == expected[n % SIZE + 1], "not the sums of what was sent")
      n = n + 1
    end
  end
  return n
end

local function run(name)
  local call, inpipe, outpipe = client.async:call(name, A)
  send(inpipe)
  local got = receive(outpipe)
  local seen, b = call:await()
  assert(seen == COUNT and got == SIZE * TIMES)
  print(("%s took %d numbers, gave %d sums, and b = %d"):format(name, seen, got, b))
end

rpc.all { function() run "MyAsyncPipeFunc" end, function() run "MyPipeFunc" end }
client:close()
