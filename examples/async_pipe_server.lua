-- The server of the documents' example of asynchronous pipes: lua5.4 examples/async_pipe_server.lua [binding]
-- First as it stands there, statement by statement; then the same job as a script would have it.
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local AsyncPipe = rpc.idl.load(here .. "/async_pipe.idl").AsyncPipe
local ASYNC_CHUNK_SIZE, ASYNC_NUM_CHUNKS = AsyncPipe.constants.ASYNC_CHUNK_SIZE, AsyncPipe.constants.ASYNC_NUM_CHUNKS
local APP_ERROR = 0x20000001

-- The job: numbers are added, in turn, to the sums in a buffer.
local function new_buffer(a)
  local buffer = {}
  for i = 1, ASYNC_CHUNK_SIZE do buffer[i] = a end
  return buffer
end

local function fold(buffer, seen, numbers)
  for i, number in ipairs(numbers) do
    local place = (seen + i - 1) % ASYNC_CHUNK_SIZE + 1
    buffer[place] = buffer[place] + number
  end
  return seen + #numbers
end

-- ---- as in the documents: an APC sends the next chunk each time the one before it has left

local function my_async_pipe_apc_routine(async, _, event)
  local cookie = async.user_info
  if event ~= rpc.SEND_COMPLETE then return end
  if cookie.i < ASYNC_NUM_CHUNKS then
    cookie.status = cookie.outpipe:try_push(cookie.buffer)
  else
    async.notify_on_send_complete = false -- of the null push nothing is to be told
    cookie.outpipe:close()
  end
  cookie.i = cookie.i + 1
end

local function wait_for_apc()
  if rpc.sleep(nil, "alertable") ~= "apc" then rpc.raise(APP_ERROR) end
end

local function thread_proc_pipes(cookie)
  local async, seen, done = cookie.async, 0, false
  async:notify {
    apc = my_async_pipe_apc_routine,
    thread = coroutine.running(),
    user_info = cookie,
    notify_on_send_complete = true,
  }
  while not done do
    local status, numbers = cookie.inpipe:try_pull(ASYNC_CHUNK_SIZE)
    if status == rpc.status.RPC_S_ASYNC_CALL_PENDING then
      wait_for_apc()
    elseif status == rpc.status.RPC_S_OK and not numbers then
      done = true
    elseif status == rpc.status.RPC_S_OK then
      seen = fold(cookie.buffer, seen, numbers)
    else
      return async:abort(status)
    end
  end
  cookie.i = 1
  cookie.status = cookie.outpipe:try_push(cookie.buffer)
  while cookie.status == rpc.status.RPC_S_OK and cookie.i < ASYNC_NUM_CHUNKS + 1 do wait_for_apc() end
  if cookie.status ~= rpc.status.RPC_S_OK then return async:abort(cookie.status) end
  cookie.b = 10
  async:complete(seen, cookie.b)
end

local function my_async_pipe_func(async, a, inpipe, outpipe)
  rpc.spawn(thread_proc_pipes, { async = async, inpipe = inpipe, outpipe = outpipe, buffer = new_buffer(a) })
end

-- ---- as Lua people write it: a manager is a coroutine, and push and pull wait

local function my_pipe_func(_, a, inpipe, outpipe)
  local buffer, seen = new_buffer(a), 0
  for numbers in inpipe:chunks(ASYNC_CHUNK_SIZE) do seen = fold(buffer, seen, numbers) end
  for _ = 1, ASYNC_NUM_CHUNKS do outpipe:push(buffer) end
  outpipe:close()
  return seen, 10
end

-- ----

local server = rpc.server { arg[1] or "ncacn_ip_tcp:127.0.0.1[0]" }
server:register(AsyncPipe, { MyAsyncPipeFunc = my_async_pipe_func, MyPipeFunc = my_pipe_func })
server:listen()
io.stdout:setvbuf "line"
print("listening on " .. server:bindings()[1])

local signal = uv.new_signal()
signal:start("sigterm", function()
  signal:close()
  server:close()
end)
rpc.run()
