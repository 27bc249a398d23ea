-- Tasks: functions that run in coroutines of their own, and whose outcome can be awaited. An error belongs to those
-- who await the task; when nobody does, it goes to rpc.on_error.
local core = require "asyncrpc.core"

---@class asyncrpc.task
---@field thread thread? the coroutine, while the function runs
---@field private ended asyncrpc.event? set when the function has ended; made for the first who waits
---@field private outcome table? packed: ok, then results or the error
---@field private waiting integer those who wait for the outcome now
---@field private taken boolean somebody has received the outcome
---@field private watchers function[]? called at the end
---@field private traceback string|false of where it failed
local Task = {}

local function settle(self, ...)
  self.outcome = table.pack(...)
  self.thread = nil
  if self.ended then self.ended:set() end
  for _, fn in ipairs(self.watchers or {}) do fn() end
end

-- The message handler runs where the error was raised: the only place where its traceback can be had.
local function handler(self)
  return function(e)
    self.traceback = debug.traceback(nil, 2)
    return e
  end
end

local function report(self)
  core.sleep(0)
  if self.taken or self.waiting > 0 then return end
  self.taken = true
  core.report(self.outcome[2], self.traceback, "task")
end

-- Nobody waits any more: an error that was not received goes to rpc.on_error.
local function check_reported(self)
  local outcome = self.outcome
  if not outcome or outcome[1] or outcome.closed or self.taken or self.waiting > 0 then return end
  core.go(report, self)
end

-- Somebody closed the coroutine; an error that a __close raised meanwhile is the outcome.
local closed = { __close = function(guard, err)
  local self = guard.task
  if self.outcome then return end
  settle(self, false, err or core.error_new(1818, "the task was closed"))
  self.outcome.closed = err == nil
  check_reported(self)
end }

local function run(self, fn, ...)
  local _ <close> = setmetatable({ task = self }, closed)
  self.thread = coroutine.running()
  settle(self, xpcall(fn, handler(self), ...))
  check_reported(self)
end

local meta = { __index = Task, __name = "asyncrpc.task" }

---Runs fn(...) in a coroutine of its own until it first waits. Its error goes to rpc.on_error unless
---somebody awaits the task.
---@param fn function
---@return asyncrpc.task
local function spawn(fn, ...)
  if type(fn) ~= "function" and not (debug.getmetatable(fn) or {}).__call then
    error(("spawn: a function expected, got %s"):format(type(fn)), 2)
  end
  local self = setmetatable({ waiting = 0, taken = false, traceback = false }, meta)
  core.go(run, self, fn, ...)
  return self
end

local leaving = { __close = function(guard)
  guard.task:unwatch()
end }

---Waits for the function's end: its results, or its error raised here. Raises 1460 after timeout ms.
---@param timeout number?
function Task:await(timeout)
  if self.thread == coroutine.running() then error(core.error_new(87, "a task cannot await itself"), 0) end
  self.waiting = self.waiting + 1
  local _ <close> = setmetatable({ task = self }, leaving)
  self.ended = self.ended or core.event(true, self.outcome ~= nil)
  if not self.ended:wait(timeout) then error(core.error_new(1460, "task"), 0) end
  return self:take()
end

local function close_soon(self)
  core.sleep(0)
  self:close()
end

---Stops the function where it waits; what it has to be closed is closed. To those who await it the task failed with
---1818. Does nothing to a task that has ended; a task that closes itself ends there, and one that waits for whoever
---closes it, because it resumed or closes that coroutine, is stopped on the next turn of the loop.
function Task:close()
  local thread = self.thread
  if not thread then return end
  if thread == coroutine.running() then error(core.error_new(1818, "the task was closed"), 0) end
  if coroutine.status(thread) == "normal" then return core.go(close_soon, self) end
  coroutine.close(thread)
end
meta.__close = Task.close

---"running", "done" or "failed"
---@return string
function Task:status()
  if not self.outcome then return "running" end
  return self.outcome[1] and "done" or "failed"
end

---@private The results, or the error raised: to whoever waited.
function Task:take()
  self.taken = true
  if self.outcome[1] then return table.unpack(self.outcome, 2, self.outcome.n) end
  error(self.outcome[2], 0)
end

---@private fn is called at the end, or now; until unwatch the error is for whoever watches.
function Task:watch(fn)
  self.waiting = self.waiting + 1
  if self.outcome then return fn() end
  self.watchers = self.watchers or {}
  table.insert(self.watchers, fn)
end

---@private
function Task:unwatch()
  self.waiting = self.waiting - 1
  check_reported(self)
end

return { spawn = spawn, is = function(value) return getmetatable(value) == meta end }
