-- Samba's marshalling, in a process of its own: samba_values.py is asked a line and answers a line.
local rpc = require "asyncrpc"
local uv = require "luv"

local MOST_MS = 60000

local peer = {null = setmetatable({}, {__tostring = function() return "null" end})}

local methods = {}
methods.__index = methods

local function read_from(self, pipe, arrived)
  pipe:read_start(function(err, data)
    if err or not data then
      pipe:close()
      self.open = self.open - 1
    end
    if data then arrived(data) end
    self.news:set()
  end)
end

-- Starts the process; it ends with peer:stop().
function peer.start()
  local self = setmetatable({text = "", words = "", news = rpc.event {}, open = 3}, methods)
  local out, err = uv.new_pipe(), uv.new_pipe()
  self.stdin = uv.new_pipe()
  local options = {args = {"spec/interop/samba_values.py"}, stdio = {self.stdin, out, err}}
  self.process = assert(uv.spawn("/usr/bin/python3", options, function()
    self.process:close()
    self.open = self.open - 1
    self.news:set()
  end))
  read_from(self, out, function(data) self.text = self.text .. data end)
  read_from(self, err, function(data) self.words = self.words .. data end)
  return self
end

local function line(self)
  local by = rpc.now() + MOST_MS
  while true do
    local first, rest = self.text:match "^([^\n]*)\n(.*)$"
    if first then
      self.text = rest
      return first
    end
    if self.open < 3 or rpc.now() > by then error("no answer from Samba: " .. self.words, 0) end
    self.news:wait(1000)
  end
end

-- Its answer to a request.
function methods:ask(...)
  self.stdin:write(table.concat({...}, " ") .. "\n")
  local answer = assert(load("return " .. line(self), "=samba", "t", {null = peer.null}))()
  if type(answer) == "table" and answer.failed then error("Samba: " .. answer.failed, 0) end
  return answer
end

-- Asks it to end, and waits until it has.
function methods:stop()
  self.stdin:close()
  while self.open > 0 do self.news:wait(1000) end
end

return peer
