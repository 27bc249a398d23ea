-- The server of the documents' example: lua5.4 examples/async_server.lua [binding]
-- It says where it listens, and ends when its standard input does.
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local AsyncRPC = rpc.idl.load(here .. "/asyncrpc.idl").AsyncRPC

local function say(...)
  print(("%8.1f ms  server  "):format(uv.hrtime() / 1e6 % 1e7), ...)
end

io.stdout:setvbuf "line"
local server = rpc.server { arg[1] or "ncacn_ip_tcp:127.0.0.1[0]" }

server:register(AsyncRPC, {
  NonAsyncFunc = function(_, message) say("NonAsyncFunc: " .. message) end,

  AsyncFunc = function(async, delay) -- [async] in asyncrpc.acf: ends when its handle is completed
    say(("AsyncFunc begins, to take %d ms"):format(delay))
    rpc.sleep(delay)
    say "AsyncFunc ends"
    async:complete()
  end,
})

server:listen()
print("listening on " .. server:bindings()[1])

local stdin = uv.new_pipe()
stdin:open(0)
stdin:read_start(function(err, data)
  if data and not err then return end
  stdin:close()
  server:close()
end)
rpc.run()
