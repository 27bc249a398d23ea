-- The server of the documents' sample: lua5.4 examples/asyncrpc_server.lua [--binding TEXT] [--oncancel HOW]
-- HOW a cancelled AsyncFunc learns of it: poll, as in the documents (the default); notice, by subscription; raise, by
-- an error at its next wait; ignore, and it goes on. The server ends when a client asks for it.
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local AsyncRPC = rpc.idl.load(here .. "/asyncrpc.idl").AsyncRPC

local options = { binding = "ncacn_ip_tcp:127.0.0.1[0]", oncancel = "poll" }
for i = 1, #arg, 2 do options[arg[i]:match "^%-%-(%w+)$" or "?"] = arg[i + 1] end

local began = uv.hrtime()
local function say(...)
  print(("%6.0f ms  "):format((uv.hrtime() - began) / 1e6) .. string.format(...))
end

-- Each works for `delay` ms and ends the call.
local ways = {}

function ways.poll(call, delay)
  local until_when = rpc.now() + delay
  while rpc.now() < until_when do
    if call:cancelled() then
      call:abort(rpc.status.RPC_S_CALL_CANCELLED)
      return "saw that it was cancelled"
    end
    rpc.sleep(math.min(20, until_when - rpc.now()))
  end
  call:complete()
  return "completed"
end

function ways.notice(call, delay)
  local woken, why = rpc.event(), nil
  for _, kind in ipairs { "cancel", "disconnect" } do
    call:subscribe(kind, function()
      why = kind
      woken:set()
    end)
  end
  woken:wait(delay)
  if not why then
    call:complete()
    return "completed"
  end
  call:abort(rpc.status.RPC_S_CALL_CANCELLED)
  return "was told of a " .. why
end

function ways.raise(call, delay)
  call:on_cancel "raise"
  local ok, err = pcall(rpc.sleep, delay)
  if ok then
    call:complete()
    return "completed"
  end
  call:abort(err.status)
  return "was interrupted"
end

function ways.ignore(call, delay)
  rpc.sleep(delay)
  call:complete()
  return "completed"
end

local way = ways[options.oncancel] or error("--oncancel poll, notice, raise or ignore", 0)
local server = rpc.server { options.binding }

server:register(AsyncRPC, {
  NonAsyncFunc = function(_, message) say("NonAsyncFunc: %s", message) end,

  AsyncFunc = function(call, delay) -- [async] in asyncrpc.acf
    say("AsyncFunc begins, to take %d ms", delay)
    say("AsyncFunc %s", way(call, delay))
  end,

  Shutdown = function()
    say "Shutdown"
    rpc.spawn(function()
      rpc.sleep(50) -- the answer leaves first
      server:close()
    end)
  end,
})

io.stdout:setvbuf "line"
server:listen()
print("listening on " .. server:bindings()[1])
rpc.run()
