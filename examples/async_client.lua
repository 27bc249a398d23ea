-- The client of the documents' example: lua5.4 examples/async_client.lua binding
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local AsyncRPC = rpc.idl.load(here .. "/asyncrpc.idl").AsyncRPC
local client = rpc.client(AsyncRPC, arg[1] or error "which binding?")

local function say(...)
  print(("%8.1f ms  client  "):format(uv.hrtime() / 1e6 % 1e7), ...)
end

io.stdout:setvbuf "line"

local async = rpc.async { event = rpc.event() }

client:AsyncFunc(async, 300)
say(("AsyncFunc was issued; bytes read so far: %d; status %d"):format(rpc.stats().bytes_in, async:status()))

client:NonAsyncFunc "while AsyncFunc is running"
say(("NonAsyncFunc returned; AsyncFunc's status %d"):format(async:status()))

async.event:wait()
async:complete()
say "AsyncFunc completed"
