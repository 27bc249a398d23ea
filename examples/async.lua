-- The documents' example, end to end: starts examples/async_server.lua as a process of its own, runs
-- examples/async_client.lua against it, and checks the order of what happened.
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local lines = {}

local function hear(line)
  lines[#lines + 1] = line
  print(line)
end

-- Calls each(line) for every line of a pipe, done() at its end.
local function read_lines(pipe, each, done)
  local rest = ""
  pipe:read_start(function(err, data)
    assert(not err, err)
    if not data then
      pipe:close()
      return done and done()
    end
    rest = (rest .. data):gsub("(.-)\n", function(line) each(line) return "" end)
  end)
end

local function start(script, argument, each, done)
  local stdin, stdout = uv.new_pipe(), uv.new_pipe()
  local process
  process = assert(uv.spawn("lua5.4", {
    args = { here .. "/" .. script, argument },
    stdio = { stdin, stdout, 2 },
  }, function(code)
    process:close()
    if code ~= 0 then os.exit(1) end
  end))
  read_lines(stdout, each, done)
  return stdin
end

local function place(pattern)
  for i, line in ipairs(lines) do
    if line:find(pattern) then return i end
  end
  error("nobody said: " .. pattern)
end

local server_stdin
server_stdin = start("async_server.lua", nil, function(line)
  hear(line)
  local binding = line:match "^listening on (.*)"
  if not binding then return end
  local stdin = start("async_client.lua", binding, hear, function() server_stdin:close() end)
  stdin:close()
end)
uv.run()

assert(place "issued; bytes read so far: 0; status 997", "the issuing call waited for its answer")
assert(place "AsyncFunc begins" < place "NonAsyncFunc: while", "NonAsyncFunc ran before AsyncFunc began")
assert(place "NonAsyncFunc: while" < place "AsyncFunc ends", "NonAsyncFunc waited for AsyncFunc")
assert(place "NonAsyncFunc returned; AsyncFunc's status 997" < place "AsyncFunc completed")
print "AsyncFunc was issued before a byte of its answer was read, and NonAsyncFunc ran while it was running."
