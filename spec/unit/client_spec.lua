-- What a client answers to.
local h = require "spec.support.harness"

describe("a client's names", function()
  local rpc = require "asyncrpc"
  local iface = rpc.idl.parse([[
    [uuid(6d2f8a3e-51c7-4a0b-9e77-0c5b1d9f4e22), version(1.0)] interface Odd {
      long call([in] long n); long with([in] long n); long close([in] long n); long binding([in] long n);
      long async([in] long n); long end([in] long n); long Plain([in] long n);
    }]]).Odd

  local function with_client(body)
    local managers = {}
    for i, name in ipairs { "call", "with", "close", "binding", "async", "end", "Plain" } do
      managers[name] = function(_, n) return n + i end
    end
    local server = rpc.server { h.binding "memory" }
    server:register(iface, managers):listen()
    local client = rpc.client(iface, server:bindings()[1])
    body(client, server)
    client:close()
    server:close()
  end

  it("are its own first; a procedure so named is reached by the long form", h.async(function()
    with_client(function(client)
      for i, name in ipairs { "call", "with", "close", "binding", "async", "end", "Plain" } do
        assert.equal(100 + i, client:call(name, 100))
        assert.equal(100 + i, client:call(i - 1, 100))
        assert.equal(100 + i, (client.async:call(name, 100):await()))
      end
      assert.equal(107, client:Plain(100))
      assert.equal("memory", client:binding():match "^%l+")
      assert.is_nil(client.NoSuch)
      assert.is_nil(client[1])
      assert.equal(102, (client.async:with(100):await()))
    end)
  end))

  it("were told when the interface was loaded", function()
    local words = table.concat(iface.warnings, "\n")
    for _, name in ipairs { "call", "with", "close", "binding", "async", "end" } do
      assert.truthy(words:find(name, 1, true), name)
    end
  end)

  it("of no procedure raise 1745 in the long form", h.async(function()
    with_client(function(client)
      for _, name in ipairs { "NoSuch", 99, -1, -2 } do
        local ok, err = pcall(client.call, client, name)
        assert.is_false(ok)
        assert.equal(1745, err.status)
      end
      assert.has_error(function() client:call({}) end)
      assert.has_error(function() client.Plain(1) end)
    end)
  end))

  it("with: views share the association and differ in timeout and object", h.async(function()
    with_client(function(client)
      local view = client:with { timeout = 5000, object = "00000000-0000-0000-0000-000000000001" }
      assert.equal(8, view:Plain(1))
      assert.equal(8, client:Plain(1))
      assert.equal(2, rpc.stats().connections)
      view:close()
      local ok, err = pcall(client.Plain, client, 1)
      assert.is_false(ok)
      assert.equal(1702, err.status)
      assert.has_error(function() client:with { timeout = "soon" } end)
      assert.has_error(function() client:with { tiemout = 1 } end)
    end)
  end))
end)
