-- Scopes: no task started in one outlives it.
local core = require "asyncrpc.core"
local task = require "asyncrpc.task"

---@class asyncrpc.scope
---@field private children table<asyncrpc.task, boolean>
---@field private ended asyncrpc.task[] children whose end was not looked at yet
---@field private kept table[] what is closed with the scope, last first
---@field private changed asyncrpc.event
---@field private deadline number?
---@field private over boolean
local Scope = {}

---Starts a child. Its error, unless somebody awaits it, ends the scope.
---@param fn function
---@return asyncrpc.task
function Scope:spawn(fn, ...)
  if self.over then error(core.error_new(87, "scope: it has ended"), 0) end
  local child = task.spawn(fn, ...)
  self.children[child] = true
  child:watch(function()
    table.insert(self.ended, child)
    self.changed:set()
  end)
  return child
end

---Keeps a value, a call for instance, that is closed when the scope ends.
---@generic T
---@param value T
---@return T
function Scope:keep(value)
  if self.over then error(core.error_new(87, "scope: it has ended"), 0) end
  if value and not (debug.getmetatable(value) or {}).__close then
    error(core.error_new(87, "scope: a value that can be closed expected"), 0)
  end
  table.insert(self.kept, value)
  return value
end

---Ends the scope with an error: by default 1818.
function Scope:cancel(err)
  self.failure = self.failure or { err or core.error_new(1818, "the scope was cancelled") }
  self.changed:set()
end

---Milliseconds until the scope's deadline, nil without one.
---@return number?
function Scope:remaining()
  return self.deadline and math.max(0, self.deadline - core.now())
end

-- A child whose error somebody else waits for, or has received, does not end the scope.
local function look_at(self, child)
  self.children[child] = nil
  if child:status() == "failed" and not child.taken and child.waiting == 1 and not self.failure then
    child.taken = true
    self.failure = { child.outcome[2] }
  end
  child:unwatch()
end

-- The last first, and all of them: also when closing one raises.
local function close_kept(kept, i)
  if i > #kept then return end
  local value <close> = kept[i] -- luacheck: ignore
  close_kept(kept, i + 1)
end

local function close_all(self)
  self.over = true
  for child in pairs(self.children) do child:close() end
  for child in pairs(self.children) do child:unwatch() end
  close_kept(self.kept, 1)
end

local function follow(self)
  while next(self.children) and not self.failure do
    local child = table.remove(self.ended, 1)
    if child then look_at(self, child)
    elseif not self.changed:wait(self:remaining()) then self:cancel(core.error_new(1460, "scope")) end
  end
end

local meta = { __index = Scope, __name = "asyncrpc.scope", __close = close_all }

---Runs fn(scope) as a task and waits until it and all children have ended: its results. The first error of any of
---them, or the deadline (1460), closes all others and is raised here.
---@param fn fun(scope: asyncrpc.scope): ...
---@param options { timeout: number?, deadline: number? }? deadline: on the clock of rpc.now()
local function scope(fn, options)
  options = options or {}
  local deadline = options.timeout and core.now() + options.timeout or options.deadline
  local self <close> = setmetatable({
    children = {}, ended = {}, kept = {}, changed = core.event(), deadline = deadline, over = false,
  }, meta)
  local body = self:spawn(fn, self)
  follow(self)
  if self.failure then error(self.failure[1], 0) end
  return body:take()
end

return scope
