-- The worked examples T4, Q6 to Q10 and U9, of published interfaces: handles are context handles there.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local HANDLE = "00000000 33221100 5544 7766 8899aabbccddeeff"
local BIG_HANDLE = "00000000 00112233 4455 6677 8899aabbccddeeff"

-- The bytes give these values behind a handle, if there is one, and the values the bytes.
local function example(file, name, values, want)
  local _, t = next(idl.load(("spec/idl/y_%s.idl"):format(file)))
  for key, text in pairs(want) do
    local transfer, big = key == "6" and "ndr64" or "ndr20", key == "B"
    local stub = stubs.bytes((text:gsub("HANDLE", big and BIG_HANDLE or HANDLE)))
    local got = table.pack(stubs.decode(t, name, "in", transfer, stub, big))
    if not big then
      assert.equal(stubs.hex(stub), stubs.hex(stubs.encode(t, name, "in", transfer, nil, table.unpack(got, 1, got.n))))
    end
    if text:find "HANDLE" then
      assert.matches("^context handle %u+.*%(00112233%-4455%-6677%-8899%-aabbccddeeff%)$", tostring(got[1]))
      got = table.pack(table.unpack(got, 2, got.n))
    end
    assert.same(values, got)
  end
end

describe("published interfaces", function()
  it("Q6, Q7: samr, a counted string", function()
    local name = {Length = 4, MaximumLength = 4, Buffer = "AB"}
    example("samr", "SamrLookupDomainInSamServer", {name, n = 1}, {
      L = "HANDLE 0400 0400 00000200 02000000 00000000 02000000 41004200",
      B = "HANDLE 0004 0004 00020000 00000002 00000000 00000002 00410042",
      ["6"] = "HANDLE 00*4 0400 0400 00*4 0000020000000000 0200000000000000 00*8 0200000000000000 41004200"})
    example("samr", "SamrLookupDomainInSamServer", {{Length = 0, MaximumLength = 0}, n = 1}, {
      L = "HANDLE 00000000 00000000", ["6"] = "HANDLE 00*4 00000000 00*4 00*8"})
  end)

  it("Q8: lsarpc, an array of counted strings", function()
    local names = {{Length = 2, MaximumLength = 2, Buffer = "A"}, {Length = 4, MaximumLength = 4, Buffer = "BC"}}
    example("lsarpc", "LsarLookupNames", {names, {Entries = 0}, 1, 0, n = 4}, {
      L = [[HANDLE 02000000 02000000 0200 0200 00000200 0400 0400 04000200 01000000 00000000 01000000 4100 0000
        02000000 00000000 02000000 42004300 00000000 00000000 0100 0000 00000000]]})
  end)

  it("Q9: samr, a conformant struct", function()
    local sid = {Revision = 1, SubAuthorityCount = 3, IdentifierAuthority = {Value = "\0\0\0\0\0\5"},
      SubAuthority = {21, 1, 2}}
    example("samr", "SamrOpenDomain", {0x02000000, sid, n = 2}, {
      L = "HANDLE 00000002 03000000 01 03 000000000005 15000000 01000000 02000000",
      B = "HANDLE 02000000 00000003 01 03 000000000005 00000015 00000001 00000002",
      ["6"] = "HANDLE 00000002 0300000000000000 01 03 000000000005 15000000 01000000 02000000"})
  end)

  it("Q10: winreg, a conformant varying array behind a pointer", function()
    local name = {Length = 4, MaximumLength = 4, Buffer = "v\0"}
    example("winreg", "BaseRegQueryValue", {name, 0, "\xaa\xbb", 16, n = 4}, {
      L = [[HANDLE 0400 0400 00000200 02000000 00000000 02000000 76000000 04000200 00000000
        08000200 10000000 00000000 02000000 aabb 0000 0c000200 10000000 10000200 02000000]]})
  end)

  it("T4: rpcecho, enums of both sizes, and a union switched by one", function()
    local t = idl.load("examples/rpcecho.idl").rpcecho
    assert.equal("TestEnum(foo2, foo3) -> foo2, foo3", t:signature "TestEnum")
    stubs.same(t, "TestEnum", "in", {{e1 = 1, e2 = 2}, {tag = 1, value = 1}}, {
      L = "0100 0000 0100 0000 02000000 0100 0100", B = "0001 0000 0001 0000 00000002 0001 0001",
      ["6"] = "01000000 01000000 02000000 01000000 01000000"})
  end)

  it("U9: srvsvc, a union behind its level", function()
    local info = {Level = 1, ShareInfo = {tag = 1, value = {EntriesRead = 0}}}
    example("srvsvc", "NetrShareEnum", {"S", info, 0xffffffff, n = 4}, {
      L = [[00000200 02000000 00000000 02000000 5300 0000 01000000 01000000 04000200 00000000 00000000
        ffffffff 00000000]],
      ["6"] = [[0000020000000000 0200000000000000 00*8 0200000000000000 53000000 00*4 01000000 00*4 01000000 00*4
        0400020000000000 00000000 00*4 00*8 ffffffff 00*4 00*8]]})
  end)
end)
