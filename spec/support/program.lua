-- Runs other programs beside the loop's other business.
local rpc = require "asyncrpc"
local uv = require "luv"

local program = {}

local methods = {}
methods.__index = methods

local function collect(self, pipe, done)
  pipe:read_start(function(err, data)
    if data then self.parts[#self.parts + 1] = data end
    if err or not data then
      pipe:close()
      done()
    end
  end)
end

-- Starts `command` with `args`. Its code is nil until it has ended, and then, when a signal ended it.
function program.start(command, args)
  local self = setmetatable({ parts = {}, ended = rpc.event { manual_reset = true } }, methods)
  local open = 3
  local out, err = uv.new_pipe(), uv.new_pipe()
  local function close_one()
    open = open - 1
    if open == 0 then self.ended:set() end
  end
  self.process = assert(uv.spawn(command, { args = args, stdio = { nil, out, err } }, function(status, signal)
    self.code = signal == 0 and status or nil
    self.process:close()
    close_one()
  end))
  collect(self, out, close_one)
  collect(self, err, close_one)
  return self
end

-- What it has written so far.
function methods:words()
  return table.concat(self.parts)
end

-- Waits until it has written `text`, at most ms.
function methods:expect(text, ms)
  local by = rpc.now() + ms
  while not self:words():find(text, 1, true) do
    if self.ended:wait(10) or rpc.now() > by then
      error(("no '%s' from a program (exit code %s):\n%s"):format(text, self.code, self:words()), 2)
    end
  end
end

-- Waits until it has ended, at most ms; kills it then. Its code and its words.
function methods:finish(ms)
  if not self.ended:wait(ms) then
    self.process:kill "sigkill"
    self.ended:wait(5000)
  end
  return self.code, self:words()
end

-- Asks it to end, and waits until it has.
function methods:stop(ms)
  if not self.ended:wait(0) then self.process:kill "sigterm" end
  return self:finish(ms or 5000)
end

-- Waits for `command` with `args`, at most ms (default 60 s); its exit code, or nil when it was killed for
-- being late, and what it wrote.
function program.run(command, args, ms)
  return program.start(command, args):finish(ms or 60000)
end

-- Calls body(started) and stops what was started whatever happened.
function program.with(started, body)
  local ok, err = xpcall(body, debug.traceback, started)
  started:stop()
  if not ok then error(("%s\nthe program said:\n%s"):format(err, started:words()), 0) end
end

return program
