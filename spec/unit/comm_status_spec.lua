-- [comm_status] and [fault_status]: a synchronous call's failure is a result, an asynchronous one's is raised.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local stubs = require "spec.support.stubs"
local world = require "spec.support.world"

local BODY = [[
  error_status_t Both([in] long how, [out] long *v);
  void Out([in] long how, [out] long *v, [out, comm_status, fault_status] error_status_t *st);
  long Hidden([in] long how, [out] long *v);
  [comm_status] error_status_t Comm([in] long how);
  [fault_status] error_status_t Fault([in] long how);
  void Two([in] long how);]]
local ACF = [[interface T {
  [comm_status, fault_status] Both(); Hidden([comm_status, fault_status] st);
  Two([comm_status] c, [fault_status] f);
}]]

local t = stubs.load(BODY, ACF)

-- A client of managers that fault with what they are told, and of an address where nobody is.
local function with_clients(fn)
  return h.async(function()
    local server = rpc.server { "memory:[statuses]" }
    local function fail(how) if how ~= 0 then rpc.raise(how) end end
    server:register(t, {
      Both = function(_, how) fail(how); return 7, 1 end,
      Out = function(_, how) fail(how); return 1, 2 end,
      Hidden = function(_, how) fail(how); return 7, 1 end,
      Comm = function(_, how) fail(how); return 3 end,
      Fault = function(_, how) fail(how); return 3 end,
      Two = function(_, how) fail(how) end,
    })
    server:listen()
    local client, alone = rpc.client(t, "memory:[statuses]"), rpc.client(t, "memory:[nobody]")
    local ok, err = xpcall(fn, debug.traceback, client, alone)
    client:close()
    alone:close()
    server:close()
    if not ok then error(err, 0) end
  end)
end

describe("a status that is a result", function()
  it("is told by the signature", function()
    local signatures = {}
    for i, p in ipairs(t.procs) do signatures[i] = t:signature(p.name) end
    assert.same({"Both(how) -> return, v", "Out(how) -> v, st", "Hidden(how) -> return, v, st",
      "Comm(how) -> return", "Fault(how) -> return", "Two(how) -> c, f"}, signatures)
  end)

  it("is what the server says, or 0 where it says nothing, when the call succeeds", with_clients(function(client)
    assert.same({7, 1, n = 2}, table.pack(client:Both(0)))
    assert.same({1, 2, n = 2}, table.pack(client:Out(0)))
    assert.same({7, 1, 0, n = 3}, table.pack(client:Hidden(0)))
    assert.same({0, 0, n = 2}, table.pack(client:Two(0)))
    assert.equal(3, client:Comm(0))
  end))

  it("is the failure's, and the other results are nil", with_clients(function(client, alone)
    assert.same({5, n = 2}, table.pack(client:Both(5)))
    assert.same({nil, 5, n = 2}, table.pack(client:Out(5)))
    assert.same({nil, nil, 5, n = 3}, table.pack(client:Hidden(5)))
    assert.same({0, 5, n = 2}, table.pack(client:Two(5)))
    assert.same({1722, n = 2}, table.pack(alone:Both(0)))
    assert.same({nil, nil, 1722, n = 3}, table.pack(alone:Hidden(0)))
    assert.same({1722, 0, n = 2}, table.pack(alone:Two(0)))
  end))

  it("takes failures of its own kind alone", with_clients(function(client, alone)
    assert.equal(5, client:Fault(5))
    assert.equal(5, world.status_of(client.Comm, client, 5))
    assert.equal(1722, alone:Comm(0))
    assert.equal(1722, world.status_of(alone.Fault, alone, 0))
  end))

  it("is raised where the call is asynchronous, and where it could not be issued", with_clients(function(client, alone)
    local call = client.async:Both(5)
    assert.equal(5, world.status_of(call.await, call))
    local async = rpc.async { event = rpc.event() }
    alone:Both(async, 0)
    async.event:wait()
    assert.equal(1722, world.status_of(async.complete, async))
    assert.equal(87, world.status_of(client.Both, client, "x"))
    local good = client.async:Hidden(0)
    assert.same({7, 1, 0, n = 3}, table.pack(good:await()))
  end))

  it("is an unsigned long, once", function()
    local function says(want, body, acf)
      local ok, err = pcall(stubs.load, body, acf)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    local where = " is for an error_status_t that is returned or [out]"
    says("comm_status" .. where, "[comm_status] void F();")
    says("fault_status" .. where, "[fault_status] short F();")
    says("comm_status" .. where, "void F([in, comm_status] error_status_t *st);")
    says("comm_status" .. where, "void F([in] long n);", "interface T { F([comm_status] n); }")
    says("procedure 'F' has a comm_status already", "[comm_status] long F([out, comm_status] long *st);")
  end)
end)
