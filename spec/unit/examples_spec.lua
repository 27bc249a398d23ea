-- Every program under examples/, and the README's script, run as they stand.
local h = require "spec.support.harness"
local program = require "spec.support.program"

local build = os.getenv "BUILD" or "build"
local lua = os.getenv "LUA" or "lua5.4"

local function expect(command, args, ...)
  local code, words = program.run(command, args, 60000)
  assert.equal(0, code, words)
  local at = 1
  for _, pattern in ipairs { ... } do
    local from, to = words:find(pattern, at)
    assert.truthy(from, ("'%s' is not in, or not where it should be:\n%s"):format(pattern, words))
    at = to + 1
  end
end

describe("examples", function()
  it("async.lua tells the documents' story, and proves its order", h.async(function()
    expect(lua, { "examples/async.lua" }, "listening on", "issued; bytes read so far: 0; status 997",
      "AsyncFunc completed", "NonAsyncFunc ran while it was running")
  end, 60000))

  it("async.c tells it on the C API alone", h.async(function()
    expect(build .. "/examples/async", {}, "AsyncFunc was issued, status 997", "server: AsyncFunc begins",
      "NonAsyncFunc says: while AsyncFunc is running", "NonAsyncFunc returned, status of AsyncFunc 997",
      "server: AsyncFunc completes", "client: AsyncFunc completed")
  end, 60000))

  it("async_pipe_server.lua does the job of the documents' twice, and its client sees the same", h.async(function()
    local server = program.start(lua, { "examples/async_pipe_server.lua" })
    program.with(server, function()
      server:expect("listening on", 20000)
      local binding = server:words():match "listening on (%S+)"
      local code, words = program.run(lua, { "examples/async_pipe_client.lua", binding }, 60000)
      assert.equal(0, code, words)
      for _, name in ipairs { "MyAsyncPipeFunc", "MyPipeFunc" } do
        assert.truthy(words:find(name .. " took 100000 numbers, gave 2048 sums, and b = 10", 1, true), words)
      end
      assert.equal(0, (server:stop(20000)), server:words())
    end)
  end, 60000))

  it("async_pipe_server.lua shows what coroutines save: two lines of three, and more", function()
    local file <close> = assert(io.open "examples/async_pipe_server.lua")
    local words = file:read "a"
    local function lines(from, to)
      local part = assert(words:match(from .. "\n(.-)\n" .. to))
      return select(2, part:gsub("[^\n]+", ""))
    end
    local documents = lines("%-%- %-%-%-%- as in the documents[^\n]*", "%-%- %-%-%-%-")
    local coroutines = lines("%-%- %-%-%-%- as Lua people[^\n]*", "%-%- %-%-%-%-")
    assert.is_true(coroutines > 5 and coroutines * 3 <= documents, ("%d and %d"):format(documents, coroutines))
  end)

  it("the README's script runs, and is no longer than twenty lines", h.async(function()
    local file = assert(io.open "README.md")
    local script = file:read("a"):match "```lua\n(.-)```"
    file:close()
    local _, lines = script:gsub("[^\n]+\n", "")
    assert.is_true(lines <= 20, lines)
    expect(lua, { "-e", script }, "while AsyncFunc is running")
  end, 60000))
end)
