-- The client of the documents' sample, with its options. Beside the asynchronous call it makes a synchronous one.
--   lua5.4 examples/asyncrpc_client.lua --binding ncacn_ip_tcp:127.0.0.1[8765] [options]
local usage = [[
options:
  --binding TEXT   where the server listens
  --notify HOW     event, poll, apc, iocp, hwnd, callback or await: how completion is told (default event)
  --delay MS       how long the call takes on the server (default 3000)
  --cancel [MS]    ask the server to stop, after MS (default 100), and wait for what it does
  --grace MS       with --cancel: give the call up when the server has not ended it by then
  --abandon [MS]   give the call up, after MS (default 100), without the server
  --timeout MS     how long the call may take in all
  --shutdown       end the server afterwards
]]
local rpc = require "asyncrpc"
local uv = require "luv"

local function parse(words)
  local flags = { shutdown = true }
  local optional = { cancel = 100, abandon = 100 }
  local options = { notify = "event", delay = 3000 }
  local i = 1
  while words[i] do
    local name, value = words[i]:match "^%-%-(%w+)$", words[i + 1]
    if flags[name] then
      options[name] = true
    elseif optional[name] and not tonumber(value) then
      options[name] = optional[name]
    elseif name and value then
      options[name], i = tonumber(value) or value, i + 1
    else
      error(usage, 0)
    end
    i = i + 1
  end
  if not options.binding then error(usage, 0) end
  return options
end

local parsed, options = pcall(parse, arg)
if not parsed then
  io.stderr:write(options)
  os.exit(2)
end

local here = arg[0]:match "^(.*)/" or "."
local AsyncRPC = rpc.idl.load(here .. "/asyncrpc.idl").AsyncRPC
local client = rpc.client(AsyncRPC, options.binding, { timeout = options.timeout })

local began = uv.hrtime()
local function say(...)
  print(("%6.0f ms  "):format((uv.hrtime() - began) / 1e6) .. string.format(...))
end

-- Each way issues the call and gives the handle, and a function that waits until it has completed.
local ways = {}

function ways.event()
  local async = rpc.async { event = rpc.event() }
  client:AsyncFunc(async, options.delay)
  return async, function() async.event:wait() end
end

function ways.poll()
  local async = rpc.async {}
  client:AsyncFunc(async, options.delay)
  return async, function()
    while async:status() == rpc.status.RPC_S_ASYNC_CALL_PENDING do rpc.sleep(20) end
  end
end

function ways.apc()
  local ran = false
  local async = rpc.async {
    apc = function(_, _, event)
      say("the APC was told of event %d", event)
      ran = true
    end,
  }
  client:AsyncFunc(async, options.delay)
  return async, function()
    while not ran do rpc.sleep(nil, "alertable") end
  end
end

function ways.iocp()
  local port = rpc.completion_port()
  local async = rpc.async { port = port, key = "rpc", overlapped = options }
  client:AsyncFunc(async, options.delay)
  return async, function()
    local _, key, overlapped, event = port:get()
    assert(key == "rpc" and overlapped == options)
    say("the port has a packet of event %d", event)
  end
end

function ways.hwnd()
  local queue, done = rpc.message_queue(), 1025
  local async = rpc.async { queue = queue, msg = done }
  client:AsyncFunc(async, options.delay)
  return async, function()
    local msg, wparam, lparam = queue:get()
    assert(msg == done and wparam == 0 and lparam == async)
    say("the queue has message %d", msg)
  end
end

function ways.callback()
  local done = rpc.event { manual_reset = true }
  local async = rpc.async {
    callback = function(_, _, event)
      say("the callback was told of event %d", event)
      done:set()
    end,
  }
  client:AsyncFunc(async, options.delay)
  return async, function() done:wait() end
end

function ways.await()
  return client.async:AsyncFunc(options.delay), function() end -- awaiting is waiting and completing in one
end

local function stop_later(async)
  local ms, verb = options.cancel or options.abandon, options.cancel and "cancel" or "abandon"
  if not ms then return end
  rpc.spawn(function()
    rpc.sleep(ms)
    say("%s", verb)
    async[verb](async, options.cancel and options.grace and { grace = options.grace } or nil)
  end)
end

local function main()
  local async, wait = (ways[options.notify] or error(usage, 0))()
  say("AsyncFunc was issued, status %d", async:status())
  stop_later(async)
  if not options.timeout or options.timeout > 1000 then
    client:NonAsyncFunc "beside the asynchronous call"
    say "NonAsyncFunc has returned"
  end
  wait()
  local ok, err = pcall(options.notify == "await" and async.await or async.complete, async)
  if ok then
    say "AsyncFunc completed"
  elseif rpc.is_error(err) then
    say("AsyncFunc failed with %d, %s%s", err.status, err.name or "?", err.reason and ", " .. err.reason or "")
  else
    error(err, 0)
  end
  if options.shutdown then client:with({ timeout = 5000 }):Shutdown() end
end

io.stdout:setvbuf "line"
local ok, err = pcall(main)
client:close()
if not ok then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
