-- The documents' sample: each way to be told, cancelled, abandoned and timed out, client and server as programs.
local h = require "spec.support.harness"
local program = require "spec.support.program"

local lua = os.getenv "LUA" or "lua5.4"

-- What the client and the server said; both must have ended well.
local function run(server_options, ...)
  local server = program.start(lua, { "examples/asyncrpc_server.lua", table.unpack(server_options) })
  local args, said = { ... }, nil
  program.with(server, function()
    server:expect("listening on", 20000)
    local binding = server:words():match "listening on (%S+)"
    local all = { "examples/asyncrpc_client.lua", "--binding", binding, "--shutdown", table.unpack(args) }
    local code, words = program.run(lua, all, 60000)
    assert.equal(0, code, words)
    said = words
    assert.equal(0, (server:finish(20000)), server:words())
  end)
  return said, server:words()
end

local function expect(words, ...)
  local at = 1
  for _, text in ipairs { ... } do
    local from, to = words:find(text, at, true)
    assert.truthy(from, ("'%s' is not in, or not where it should be:\n%s"):format(text, words))
    at = to + 1
  end
end

describe("the documents' sample", function()
  for _, how in ipairs { "event", "poll", "apc", "iocp", "hwnd", "callback", "await" } do
    it("completes, told by " .. how, h.async(function()
      local client, server = run({}, "--notify", how, "--delay", "300")
      expect(client, "AsyncFunc was issued, status 997", "NonAsyncFunc has returned", "AsyncFunc completed")
      expect(server, "AsyncFunc begins, to take 300 ms", "NonAsyncFunc: beside the asynchronous call",
        "AsyncFunc completed", "Shutdown")
    end, 60000))
  end

  local learned = { poll = "saw that it was cancelled", notice = "was told of a cancel", raise = "was interrupted" }
  for how, words in pairs(learned) do
    it("is cancelled, and its server learns of it by " .. how, h.async(function()
      local client, server = run({ "--oncancel", how }, "--cancel", "50", "--delay", "60000")
      expect(client, "cancel", "AsyncFunc failed with 1818, RPC_S_CALL_CANCELLED")
      expect(server, "AsyncFunc " .. words)
    end, 60000))
  end

  it("completes although its server ignores that it was cancelled; with a grace it does not", h.async(function()
    local client = run({ "--oncancel", "ignore" }, "--cancel", "20", "--delay", "300")
    expect(client, "cancel", "AsyncFunc completed")
    client = run({ "--oncancel", "ignore" }, "--cancel", "20", "--grace", "50", "--delay", "1000")
    expect(client, "cancel", "AsyncFunc failed with 1818")
  end, 60000))

  it("is abandoned", h.async(function()
    local client, server = run({}, "--abandon", "50", "--delay", "60000")
    expect(client, "abandon", "AsyncFunc failed with 1818")
    expect(server, "AsyncFunc saw that it was cancelled")
  end, 60000))

  it("times out", h.async(function()
    local client = run({}, "--timeout", "200", "--delay", "60000")
    expect(client, "AsyncFunc failed with 1818, RPC_S_CALL_CANCELLED, timeout")
  end, 60000))

  it("says how it is to be used", h.async(function()
    local code, words = program.run(lua, { "examples/asyncrpc_client.lua" }, 20000)
    assert.equal(2, code)
    expect(words, "--binding TEXT")
  end, 60000))
end)
