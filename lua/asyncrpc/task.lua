-- Tasks: functions that run in coroutines of their own, and whose outcome can be awaited.
local core = require "asyncrpc.core"

---@class asyncrpc.task
---@field private ended asyncrpc.event set when the function has ended
---@field private outcome table? packed: ok, then results or the error
---@field private awaited boolean somebody took the outcome, or waits for it
---@field private traceback string|false of where it failed
local Task = {}

local function finish(self, ...)
  self.outcome = table.pack(...)
  self.ended:set()
end

-- Somebody closed the coroutine.
local function closed(self)
  if not self.outcome then finish(self, false, core.error_new(1818, "the task was closed")) end
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
  if not self.awaited then core.report(self.outcome[2], self.traceback, "task") end
end

local function run(self, fn, ...)
  local _ <close> = self
  finish(self, xpcall(fn, handler(self), ...))
  if not self.outcome[1] and not self.awaited then core.go(report, self) end
end

local meta = { __index = Task, __close = closed, __name = "asyncrpc.task" }

---Runs fn(...) in a coroutine of its own until it first waits. Its error goes to rpc.on_error unless
---somebody awaits the task.
---@param fn function
---@return asyncrpc.task
local function spawn(fn, ...)
  if type(fn) ~= "function" and not (debug.getmetatable(fn) or {}).__call then
    error(("spawn: a function expected, got %s"):format(type(fn)), 2)
  end
  local self = setmetatable({ ended = core.event(true), outcome = nil, awaited = false, traceback = false }, meta)
  core.go(run, self, fn, ...)
  return self
end

---Waits for the function's end: its results, or its error raised here. Raises 1460 after timeout ms.
---@param timeout number?
function Task:await(timeout)
  self.awaited = true
  if not self.ended:wait(timeout) then
    self.awaited = false
    error(core.error_new(1460, "task"), 0)
  end
  if self.outcome[1] then return table.unpack(self.outcome, 2, self.outcome.n) end
  error(self.outcome[2], 0)
end

---"running", "done" or "failed"
---@return string
function Task:status()
  if not self.outcome then return "running" end
  return self.outcome[1] and "done" or "failed"
end

return { spawn = spawn }
