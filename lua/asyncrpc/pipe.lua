-- Synchronous calls with pipes: what is pushed comes from a script's sources, what is pulled goes to its sinks. Their
-- kinds have been checked.

local BLOCK = 65536 -- bytes read from a file at once

local function is_file(value)
  return io.type(value) == "file"
end

-- A function that gives chunk after chunk, then nil.
local function source_of(value, where)
  if is_file(value) then
    return function()
      local block, why = value:read(BLOCK)
      if why then error(where .. why, 0) end
      return block
    end
  end
  if type(value) ~= "string" and (type(value) ~= "table" or (getmetatable(value) or {}).__call) then return value end
  local only = value
  return function()
    local chunk = only
    only = nil
    return chunk
  end
end

local function sink_of(value, where)
  if not is_file(value) then return value end
  return function(chunk)
    local ok, why = value:write(chunk)
    if not ok then error(where .. why, 0) end
  end
end

-- false: the call has failed, which is its own to tell. What a script did wrong is raised, and so is what interrupted
-- the wait of a call that goes on: that is not said of the pipe.
local function try(where, verb, pipe, value)
  local ok, got = pcall(verb, pipe, value)
  if ok then return true, got end
  if type(got) == "table" and got.phase == "wait" and got.message:sub(1, #where) == where then return false end
  error(got, 0)
end

local function feed(pipe, source, where)
  local chunk = source()
  while chunk ~= nil do
    if not try(where, pipe.push, pipe, chunk) then return false end
    chunk = source()
  end
  return try(where, pipe.close, pipe)
end

local function drain(pipe, sink, where)
  while true do
    local ok, chunk = try(where, pipe.pull, pipe)
    if not ok then return false end
    if chunk == nil then return true end
    sink(chunk)
  end
end

-- given: of each pipe its direction, where it is, its end
local function move(call, given)
  for i = 1, #call.pipes do
    local direction, where, value = given[3 * i - 2], given[3 * i - 1], given[3 * i]
    if direction == "in, out" then value = value[1] end
    if direction ~= "out" and not feed(call.pipes[i], source_of(value, where), where) then return end
  end
  for i = 1, #call.pipes do
    local direction, where, value = given[3 * i - 2], given[3 * i - 1], given[3 * i]
    if direction == "in, out" then value = value[2] end
    if direction ~= "in" and not drain(call.pipes[i], sink_of(value, where), where) then return end
  end
end

--- Moves the data of a call that was just issued, and gives its results. An error of a source or a sink gives the
--- call up.
return function(handle, ...)
  local call <close> = handle
  move(call, table.pack(...))
  return call:await()
end
