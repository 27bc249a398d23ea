-- What the specs share: bodies that may wait, under a deadline; a check after each that nothing of ours is
-- left; the three transports; counts that ARPC_SCALE divides.
--
--   local h = require "spec.support.harness"
--   it("adds #9", h.async(function() ... any wait ... end))
--   it("runs the loop from the main chunk", h.main(function() ... end))
--   h.transports(function(name, binding) describe and it as usual end)
local uv = require "luv"

local harness = {}

local patience = tonumber(os.getenv "ARPC_PATIENCE") or 1
local deadline = 10000 * patience -- ms of a body
local errors = {} -- what came through rpc.on_error

harness.settle = 3000 * patience -- ms that may pass after a body until nothing is left

-- Divides a count of repetitions by ARPC_SCALE; at least 1.
function harness.scale(n)
  local by = tonumber(os.getenv "ARPC_SCALE") or 1
  return math.max(1, n // math.max(1, by))
end

-- The errors nobody awaited since the last asking. What a spec does not fetch fails it.
function harness.errors()
  local all = errors
  errors = {}
  return all
end

-- The same, waited for until there are n of them.
function harness.reported(n)
  local rpc, all = require "asyncrpc", {}
  repeat
    for _, e in ipairs(harness.errors()) do all[#all + 1] = e end
    if #all < n then rpc.sleep(1) end
  until #all >= n
  return all
end

local serial = 0

-- A name no other spec uses, fit for a socket.
function harness.unique(stem)
  serial = serial + 1
  return ("%s-%d-%d"):format(stem or "spec", uv.os_getpid(), serial)
end

local bindings = {
  tcp = function() return "ncacn_ip_tcp:127.0.0.1[0]" end,
  unix = function() return ("ncalrpc:[%s]"):format(harness.unique()) end,
  memory = function() return ("memory:[%s]"):format(harness.unique()) end,
}

-- A binding for a server on the transport of that name; its real port is in server:bindings().
function harness.binding(name)
  return bindings[name]()
end

-- Declares the same specs once for each transport.
function harness.transports(block)
  local describe = require("busted").describe
  for _, name in ipairs { "tcp", "unix", "memory" } do
    describe(("[%s]"):format(name), function() block(name, bindings[name]()) end)
  end
end

local kept = { "pending", "parked", "handles", "connections", "timers" }

local function leftovers(rpc)
  local stats, found = rpc.stats(), {}
  for _, name in ipairs(kept) do
    if stats[name] > 0 then found[#found + 1] = ("%d %s"):format(stats[name], name) end
  end
  return #found > 0 and table.concat(found, ", ") or nil
end

-- Runs the loop until nothing of ours is left, or time is up; what is left then.
local function quiet(rpc)
  local start = uv.hrtime()
  local left
  repeat
    collectgarbage()
    collectgarbage()
    uv.run "nowait"
    left = leftovers(rpc)
    if left then uv.sleep(1) end
  until not left or (uv.hrtime() - start) / 1e6 > harness.settle
  return left
end

local function report(what, detail)
  error(("%s\n%s"):format(what, detail or ""), 0)
end

-- After each body: everything has ended, and every error was somebody's.
local function check_end(rpc)
  local left = quiet(rpc)
  local lost = harness.errors()
  if left and rpc.reset then rpc.reset() end
  if #lost > 0 then report("an error came to rpc.on_error and the spec did not expect it:", tostring(lost[1])) end
  if left then report("left when the spec was over: " .. left) end
end

-- What busted itself throws stays as it is; anything else gets the place it came from.
local function keep(err)
  local type_of = (debug.getmetatable(err) or {}).__type
  if type_of == "failure" or type_of == "pending" then return err end
  return debug.traceback(tostring(err), 2)
end

-- Calls body and then the checks; the body's own failure comes first.
local function checked(run)
  local rpc = require "asyncrpc"
  local before = rpc.on_error(function(err) errors[#errors + 1] = err end)
  harness.errors()
  local ok, err = xpcall(run, keep, rpc)
  local clean, why = pcall(check_end, rpc)
  rpc.on_error(before)
  if not ok then error(err, 0) end
  if not clean then error(why, 0) end
end

-- For a body on the main chunk: its waits run the loop.
function harness.main(body)
  return function() checked(body) end
end

-- Starts body as a task; what became of it is in the returned table.
local function start(rpc, body)
  local state = {}
  rpc.spawn(function()
    state.co = coroutine.running()
    state.ok, state.err = xpcall(body, keep)
    state.done = true
  end)
  return state
end

local function drive(state, limit)
  local expired = false
  local timer = uv.new_timer()
  timer:start(limit, 0, function() expired = true end)
  timer:unref()
  local alive = true
  while not state.done and not expired and alive do alive = uv.run "once" end
  timer:close()
  uv.run "nowait"
  if state.done then return end
  local late = ("not done after %d ms"):format(limit)
  local why = expired and late or "not done, and nothing on the loop could go on with it"
  report(why, state.co and debug.traceback(state.co) or "it never started")
end

-- For a body that is a task: it may wait for anything, for at most ms.
function harness.async(body, ms)
  return function()
    checked(function(rpc)
      local state = start(rpc, body)
      drive(state, (ms or deadline / patience) * patience)
      if not state.ok then error(state.err, 0) end
    end)
  end
end

return harness
