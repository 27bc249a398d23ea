-- doc/windows-map.md names nothing that there is not, and leaves out none of the names it is about.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local pipes = require "spec.support.pipes"
local world = require "spec.support.world"

local page, header = world.read "doc/windows-map.md", world.read "csrc/asyncrpc.h"

-- What stands between backticks in a column of the tables, of column 0 in all of the page.
local function quoted(column)
  local words = {}
  for line in page:gmatch "[^\n]+" do
    local cells, text = {}, line
    for cell in line:gmatch "|([^|]+)" do cells[#cells + 1] = cell end
    if column > 0 then text = cells[column] or "" end
    for word in text:gmatch "`([^`]+)`" do words[#words + 1] = word end
  end
  return words
end

-- The cells of the column about C.
local function in_c()
  local cells = {}
  for cell in page:gmatch "\n|[^|\n]+|([^|\n]+)|" do cells[#cells + 1] = cell end
  return cells
end

describe("the page of Windows names", function()
  it("names only functions, types and fields that the header has", function()
    local n = 0
    for _, word in ipairs(quoted(0)) do
      for name in word:gmatch "[aA][rR][pP][cC]_[%w_]+" do
        assert.truthy(header:find("%f[%w_]" .. name .. "%f[^%w_]"), name)
        n = n + 1
      end
    end
    assert.is_true(n > 40, n)
    for field in table.concat(in_c(), " "):gmatch "field `([%w_]+)`" do
      assert.truthy(header:find("[ *]" .. field .. ";"), field)
    end
  end)

  it("names only what scripts have", h.async(function()
    local w = world.open(h.binding "memory")
    local call = w.client.async:Slow(1)
    local piped = pipes.open(h.binding "memory", "ndr20", {})
    local refused, pipe = piped.client.async:Put(1)
    local objects = { async = call, call = w.arrived(1), client = w.client, server = w.server, rpc = rpc, pipe = pipe }
    local fields = { user_info = true, last_event = true, object = true, binding = true, deadline = true, pipes = true,
      notify_on_send_complete = true }
    local n = 0
    for _, word in ipairs(quoted(0)) do
      local object, sign, name = word:match "^(%w+)([.:])([%a_]+)"
      if objects[object] then
        n = n + 1
        local there = sign == "." and fields[name] or objects[object][name] ~= nil
        assert.is_true(there, word)
      end
    end
    assert.is_true(n > 40, n)
    w.parked[1]:complete(1, 2)
    call:await()
    w.close()
    assert.equal(1745, (world.status_of(refused.await, refused)))
    piped.close()
  end))

  it("says of options what the options are", h.async(function()
    local w = world.open(h.binding "memory")
    for option in page:gmatch "option `([%w_]+)`" do
      local value = option == "pass_deadline" or 1
      rpc.client(world.Test, w.binding, { [option] = value }):close()
    end
    w.close()
  end))

  it("leaves out none of the names", function()
    local names = [[
      RpcAsyncInitializeHandle RpcAsyncRegisterInfo RpcAsyncRegisterHandle RpcAsyncGetCallStatus RpcAsyncCompleteCall
      RpcAsyncAbortCall RpcAsyncCancelCall RpcAsyncGetCallHandle RpcAsyncCleanupThread RpcServerTestCancel RpcTestCancel
      RpcServerSubscribeForNotification RpcServerUnsubscribeForNotification RpcServerInqCallAttributes
      RpcCancelThread RpcCancelThreadEx RpcMgmtSetCancelTimeout RpcMgmtSetComTimeout RpcMgmtInqComTimeout
      RpcBindingFromStringBinding RpcBindingToStringBinding RpcStringBindingCompose RpcStringBindingParse
      RpcBindingCopy RpcBindingFree RpcBindingReset RpcBindingSetObject RpcBindingInqObject RpcBindingSetOption
      RpcBindingInqOption RpcBindingCreate RpcBindingBind RpcBindingUnbind RpcBindingVectorFree
      RpcBindingServerFromClient RpcBindingSetAuthInfo RpcBindingSetAuthInfoEx RpcBindingInqAuthInfo
      RpcNotificationTypeNone RpcNotificationTypeEvent RpcNotificationTypeApc RpcNotificationTypeIoc
      RpcNotificationTypeHwnd RpcNotificationTypeCallback RPC_C_NOTIFY_ON_SEND_COMPLETE RPC_INTERFACE_HAS_PIPES
      RpcReceiveComplete RpcSendComplete pull push alloc state I_RpcAsyncSetHandle I_RpcAsyncAbortCall I_RpcReceive
      I_RpcSend
      RpcBindingInqAuthInfoEx RpcBindingInqAuthClient RpcBindingInqAuthClientEx RpcServerInqBindings]]
    local there = {}
    for _, word in ipairs(quoted(1)) do there[word] = true end
    for name in names:gmatch "%S+" do assert.is_true(there[name], name) end
  end)
end)
