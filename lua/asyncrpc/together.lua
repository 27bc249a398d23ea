-- Waiting for several things at once. An item is a task, a call (what client.async returned), or a function, which is
-- started as a task and closed when nobody needs it any more. Tasks and calls stay with whoever made them.
local core = require "asyncrpc.core"
local task = require "asyncrpc.task"

local M = {}

local function start(item, name, i)
  if task.is(item) then return item, false end
  local meta = debug.getmetatable(item) or {}
  if type(item) == "function" or meta.__call then return task.spawn(item), true end
  if meta.__name ~= "asyncrpc.handle" then
    error(("%s: item %d: a task, a call or a function expected, got %s"):format(name, i, meta.__name or type(item)), 0)
  end
  return task.spawn(function() return item:await() end), true
end

-- What was started is closed, the rest is left to itself.
local leave = { __close = function(group)
  for i, t in ipairs(group) do
    t:unwatch()
    if group.owned[i] then t:close() end
  end
end }

-- Calls step(i, task) for each item as it ends, until it answers true or all have ended.
local function follow(name, items, timeout, step)
  local deadline = timeout and core.now() + timeout
  local ended, changed = {}, core.event()
  local group <close> = setmetatable({ owned = {} }, leave)
  for i, item in ipairs(items) do
    local t, owned = start(item, name, i)
    group[i], group.owned[i] = t, owned
    t:watch(function()
      ended[#ended + 1] = i
      changed:set()
    end)
  end
  for _ = 1, #items do
    while #ended == 0 do
      if not changed:wait(deadline and math.max(0, deadline - core.now())) and #ended == 0 then
        error(core.error_new(1460, name), 0)
      end
    end
    local i = table.remove(ended, 1)
    if step(i, group[i]) then return end
  end
end

---Waits until all have ended well: a list of the first result of each (n: how many). The first error is raised, and
---the others are not waited for.
---@param items table
---@param timeout number? 1460 is raised after so many ms
---@return table
function M.all(items, timeout)
  local results = { n = #items }
  follow("all", items, timeout, function(i, t) results[i] = t:take() end)
  return results
end

local function one(name, items, timeout, accept)
  local found
  if #items == 0 then error(core.error_new(87, name .. ": no items"), 0) end
  follow(name, items, timeout, function(i, t)
    found = accept(t, i) and { i, t } or found
    return found
  end)
  return found
end

---Waits until one has ended, well or not: its place in the list and its results, or its error raised.
---@param items table
---@param timeout number?
---@return integer which
---@return any ...
function M.race(items, timeout)
  local found = one("race", items, timeout, function(t)
    t.taken = true
    return true
  end)
  return found[1], found[2]:take()
end

---Waits until one has ended well: its place in the list and its results. When none does: raises the last error, whose
---`errors` has all of them, if it is an error object.
---@param items table
---@param timeout number?
---@return integer which
---@return any ...
function M.any(items, timeout)
  local errors, last = {}, nil
  local found = one("any", items, timeout, function(t, i)
    t.taken = true
    if t:status() == "done" then return true end
    last = t
    errors[i] = t.outcome[2]
  end)
  if found then return found[1], found[2]:take() end
  local e = last.outcome[2]
  if core.error_status(e) then e.errors = errors end
  error(e, 0)
end

return M
