-- Context handles as values: opaque, typed, and the same object whenever they are the same handle.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

local IDL = [[
  typedef [context_handle] void *DOOR; typedef DOOR *PDOOR; typedef [context_handle] struct _KEY *KEY;
  typedef void *PVOID;
  long Open([in, string] wchar_t *name, [out] DOOR *door);
  long Use([in] DOOR door, [in] byte how);
  long Close([in, out] PDOOR door);
  void Turn([in] KEY key, [in] DOOR *door);
  void Any([in, context_handle] void *any, [out, context_handle] void **other);
  void Both([in, context_handle_noserialize] PVOID any);]]

local WIRE = "00000000 33221100 5544 7766 8899aabbccddeeff"
local t = load(IDL)

describe("context handles", function()
  it("are 20 bytes, null all zero, and one object while somebody has it", function()
    local door = decode(t, "Use", "in", "ndr20", bytes(WIRE .. "07"))
    assert.equal("context handle DOOR (00112233-4455-6677-8899-aabbccddeeff)", tostring(door))
    assert.equal(door, (decode(t, "Use", "in", "ndr20", bytes "00000000 00112233 4455 6677 8899aabbccddeeff 07", true)))
    same(t, "Use", "in", {door, 7}, {L = WIRE .. "07", ["6"] = WIRE .. "07"})
    same(t, "Close", "in", {door}, {L = WIRE})
    same(t, "Close", "out", {0, n = 2}, {L = "00*20 00000000"})
    same(t, "Close", "in", {n = 1}, {L = "00*20"})
    same(t, "Open", "out", {5, door}, {L = WIRE .. "05000000", ["6"] = WIRE .. "05000000"})
    assert.not_equal(door, (decode(t, "Use", "in", "ndr20", bytes("01" .. WIRE:sub(3) .. "07"))))
    assert.equal(bytes(WIRE), encode(t, "Close", "in", "ndr20", nil, door))
    assert.equal(bytes("00*20"), encode(t, "Close", "in", "ndr20", nil, rpc.null))
  end)

  it("are pointers, and may be said to be", function()
    local r = load "typedef [context_handle] void *DOOR; void F([in, ref] DOOR door, [in, out, ref] DOOR *other);"
    assert.equal("F(door, other?) -> other?", r:signature "F")
    local door = decode(t, "Use", "in", "ndr20", bytes(WIRE .. "07"))
    assert.equal(bytes(WIRE .. WIRE), encode(r, "F", "in", "ndr20", nil, door, door))
  end)

  it("keep the attributes that came with them", function()
    local door = decode(t, "Use", "in", "ndr20", bytes("78563412" .. WIRE:sub(9) .. "07"))
    assert.equal(bytes("78563412" .. WIRE:sub(9)), encode(t, "Close", "in", "ndr20", nil, door))
  end)

  it("that only come in are not null: 1775 here, 6 from there", function()
    local ok, err = pcall(encode, t, "Use", "in", "ndr20", nil, nil, 1)
    assert.is_false(ok)
    assert.equal(1775, err.status)
    assert.equal("Use: argument 1 'door': it is null", err.message)
    assert.equal(1775, status_of(encode, t, "Turn", "in", "ndr20", nil, rpc.null))
    assert.equal(6, status_of(decode, t, "Use", "in", "ndr20", bytes "00*20 07"))
    assert.equal(1783, status_of(decode, t, "Use", "in", "ndr20", bytes "00*19"))
    local signatures = {}
    for i, p in ipairs(t.procs) do signatures[i] = t:signature(p.name) end
    assert.same({"Open(name) -> return, door?", "Use(door, how) -> return", "Close(door?) -> return, door?",
      "Turn(key, door)", "Any(any) -> other?", "Both(any)"}, signatures)
  end)

  it("have a type, unless nobody said which", function()
    local door = decode(t, "Close", "in", "ndr20", bytes(WIRE))
    assert.equal("Turn: argument 1 'key': KEY expected, got a context handle of type DOOR",
      message_of(encode, t, "Turn", "in", "ndr20", nil, door, door))
    assert.equal("Use: argument 1 'door': context handle expected, got string",
      message_of(encode, t, "Use", "in", "ndr20", nil, "door", 1))
    same(t, "Any", "in", {(decode(t, "Any", "in", "ndr20", bytes(WIRE)))}, {L = WIRE})
    assert.equal(bytes(WIRE), encode(t, "Any", "in", "ndr20", nil, door))
    local made = rpc.context_handle()
    assert.matches("^context handle %(%x+%-", tostring(made))
    local stub = encode(t, "Close", "in", "ndr20", nil, made)
    assert.equal(made, (decode(t, "Close", "in", "ndr20", stub)))
    assert.equal(1, select("#", message_of(encode, t, "Turn", "in", "ndr20", nil, made, door)))
    assert.not_equal(stub, encode(t, "Close", "in", "ndr20", nil, rpc.context_handle()))
  end)

  it("go to a manager and come back as what it opened", h.async(function()
    local open, used = {}, {}
    local server = rpc.server { "memory:[doors]" }
    server:register(t, {
      Open = function(_, name)
        local door = rpc.context_handle()
        open[door] = name
        return 0, door
      end,
      Use = function(_, door, how)
        if not open[door] then rpc.raise(6) end
        used[#used + 1] = open[door] .. how
        return 0
      end,
      Close = function(_, door)
        open[door] = nil
        return 0, nil
      end,
    })
    server:listen()
    local client = rpc.client(t, "memory:[doors]")
    local _, front = client:Open "front"
    local _, back = client:Open "back"
    assert.not_equal(front, back)
    client:Use(front, 1)
    client:Use(back, 2)
    assert.same({"front1", "back2"}, used)
    local result = table.pack(client:Close(front))
    assert.same({0, nil, n = 2}, result)
    assert.equal(6, status_of(client.Use, client, front, 3))
    assert.equal(1775, status_of(client.Use, client, nil, 3))
    client:close()
    server:close()
  end))

  it("are described rightly", function()
    local ok, err = pcall(load, "void F([in, context_handle] long h);")
    assert.is_false(ok)
    assert.equal("context_handle is for pointers", err.errors[1].message)
  end)
end)
