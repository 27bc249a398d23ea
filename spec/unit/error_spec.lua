local rpc = require "asyncrpc"

describe("statuses", function()
  it("#116 have names, numbers and texts, both ways", function()
    assert.equal(1818, rpc.status.RPC_S_CALL_CANCELLED)
    assert.equal("RPC_S_CALL_CANCELLED", rpc.status[1818])
    assert.equal(1753, rpc.status.EPT_S_NOT_REGISTERED)
    assert.equal(6, rpc.status.RPC_X_SS_CONTEXT_MISMATCH)
    assert.equal(14, rpc.status.RPC_X_PIPE_APP_MEMORY)
    assert.is_nil(rpc.status.NO_SUCH_NAME)
    assert.is_nil(rpc.status[123456])
    local n = 0
    for name, number in pairs(rpc.status) do
      n = n + 1
      assert.equal(number, rpc.status[name])
      assert.truthy(rpc.status[number])
      local ok, err = pcall(rpc.raise, name)
      if number == 0 then
        assert.is_false(ok)
      else
        assert.equal(number, err.status)
        assert.is_true(#err.message > 0)
      end
    end
    assert.is_true(n > 110)
  end)

  it("#117 become faults and come out of them; unknown codes pass", function()
    assert.equal(0x1C00000D, rpc.fault.from_status(1818))
    assert.equal(1818, rpc.fault.to_status(0x1C00000D))
    assert.equal(0x1C010002, rpc.fault.from_status(1745))
    assert.equal(1745, rpc.fault.to_status(rpc.fault.codes.nca_s_op_rng_error))
    assert.equal(0xDEADBEEF, rpc.fault.from_status(0xDEADBEEF))
    assert.equal(0xDEADBEEF, rpc.fault.to_status(0xDEADBEEF))
    assert.equal(1728, rpc.fault.to_status(0))
    assert.equal(1728, rpc.fault.to_status(0xC0000005))
  end)

  it("are constant", function()
    assert.has_error(function() rpc.status.RPC_S_OK = 1 end)
  end)
end)

describe("error objects", function()
  it("are made by rpc.raise, by name or number, and recognised", function()
    local ok, err = pcall(rpc.raise, "RPC_S_ACCESS_DENIED", "go away")
    assert.is_false(ok)
    assert.equal(5, err.status)
    assert.equal("RPC_S_ACCESS_DENIED", err.name)
    assert.equal("go away: access denied (RPC_S_ACCESS_DENIED, 5)", tostring(err))
    assert.is_true(rpc.is_error(err))
    assert.is_true(rpc.is_error(err, 5))
    assert.is_true(rpc.is_error(err, "RPC_S_ACCESS_DENIED"))
    assert.is_false(rpc.is_error(err, 6))
    assert.is_false(rpc.is_error("text"))
    assert.is_false(rpc.is_error({ status = 5 }))
  end)

  it("of codes without a name are named by their number", function()
    local _, err = pcall(rpc.raise, 0xDEADBEEF)
    assert.equal("3735928559", err.name)
    assert.truthy(tostring(err):find "3735928559")
  end)

  it("cannot be made of 0 or of what is no status", function()
    for _, bad in ipairs { 0, -1, 2 ^ 32 // 1 | 0, "NO_SUCH", 1.5 } do
      local ok, err = pcall(rpc.raise, bad)
      assert.is_false(ok)
      assert.is_false(rpc.is_error(err))
    end
  end)

  it("pass through pcall and assert unchanged", function()
    local _, err = pcall(rpc.raise, 5)
    local _, again = pcall(function() _G.assert(false, err) end)
    assert.equal(err, again)
  end)
end)
