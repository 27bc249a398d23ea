-- Bytes that Samba 4.17's own marshalling (python3-samba, ndr_pack_in and ndr_pack_out) made of the same values.
local stubs = require "spec.support.stubs"

local load, same = stubs.load, stubs.same

describe("Samba's bytes", function()
  it("srvsvc NetShareGetInfo: a union of pointers as a result", function()
    local t = load [[
      typedef struct {[string] wchar_t *name; unsigned long type; [string] wchar_t *comment;} Info1;
      typedef [switch_type(unsigned long)] union {[case(0)] long *i0; [case(1)] Info1 *i1; [default] ;} Info;
      unsigned long F([in] unsigned long level, [out, switch_is(level)] Info *info);]]
    local info = {tag = 1, value = {name = "C$", type = 0x80000000, comment = "x"}}
    same(t, "F", "out", {0xffffffff, info}, {
      B = [[0000000100020000000200048000000000020008000000030000000000000003004300240000000000000002000000000000
        000200780000ffffffff]],
      ["6"] = [[0100000000000000000002000000000004000200000000000000008000000000080002000000000003000000000000000000
        000000000000030000000000000043002400000000000200000000000000000000000000000002000000000000007800
        0000ffffffff]]}, {1})
  end)

  it("samr QueryDomainInfo: a union with a short tag behind a pointer", function()
    local t = load [[
      typedef struct {unsigned short length, history; unsigned long properties; hyper most, least;} Info1;
      typedef union {[case(1)] Info1 i1; [case(2)] hyper h;} Info;
      unsigned long F([in] unsigned short level, [out, switch_is(level)] Info **info);]]
    local info = {tag = 1, value = {length = 7, history = 24, properties = 1, most = -5, least = -3}}
    same(t, "F", "out", {0, info}, {
      L = "00000200010000000700180001000000fbfffffffffffffffdffffffffffffff00000000",
      ["6"] = "000002000000000001000000000000000700180001000000fbfffffffffffffffdffffffffffffff00000000"}, {1})
  end)

  it("srvsvc NetShareEnumAll: a discriminant beside its union", function()
    local t = load [[
      typedef struct {[string] wchar_t *name; unsigned long type; [string] wchar_t *comment;} Info1;
      typedef struct {unsigned long count; [size_is(count)] Info1 *array;} Ctr1;
      typedef union {[case(0)] long *c0; [case(1)] Ctr1 *c1; [default] ;} Ctr;
      typedef struct {unsigned long level; [switch_is(level)] Ctr ctr;} InfoCtr;
      void F([in, unique, string] wchar_t *server, [in, out] InfoCtr *info, [in] unsigned long most,
        [in, out, unique] unsigned long *resume);]]
    local info = {level = 1, ctr = {tag = 1, value = {count = 1, array = {{name = "A", type = 3}}}}}
    same(t, "F", "in", {nil, info, 0xffffffff, n = 4}, {
      L = [[0000000001000000010000000000020001000000040002000100000008000200030000000000000002000000000000000200
        000041000000ffffffff00000000]],
      B = [[0000000000000001000000010002000000000001000200040000000100020008000000030000000000000002000000000000
        000200410000ffffffff00000000]],
      ["6"] = [[0000000000000000010000000000000001000000000000000000020000000000010000000000000004000200000000000100
        000000000000080002000000000003000000000000000000000000000000020000000000000000000000000000000200
        00000000000041000000ffffffff0000000000000000]]})
  end)

  local SID = "typedef struct {byte revision, n, authority[6]; [size_is(n)] unsigned long sub[];} SID;"

  it("samr OpenDomain: a conformant struct", function()
    local t = load(SID .. "void F([in] GUID *id, [in] unsigned long kind, [in] unsigned long mask, [in] SID *sid);")
    local zero = "00000000-0000-0000-0000-000000000000"
    same(t, "F", "in", {zero, 0, 0x02000000,
      {revision = 1, n = 3, authority = "\0\0\0\0\0\5", sub = {21, 1, 2}}}, {
      L = "000000000000000000000000000000000000000000000002030000000103000000000005150000000100000002000000",
      B = "000000000000000000000000000000000000000002000000000000030103000000000005000000150000000100000002",
      ["6"] = [[00000000000000000000000000000000000000000000000203000000000000000103000000000005150000000100000002
        000000]]})
  end)

  it("lsa LookupSids: an array of structs that point to conformant ones", function()
    local t = load(SID .. [[typedef struct {SID *sid;} Ptr;
      typedef struct {unsigned long n; [size_is(n)] Ptr *sids;} Sids;
      typedef struct {unsigned long n; [size_is(n)] long *names;} Names;
      void F([in] GUID *id, [in] unsigned long kind, [in] Sids *sids, [in, out] Names *names, [in] short level,
        [in, out] unsigned long *count);]])
    local sids = {n = 2, sids = {{sid = {revision = 1, n = 3, authority = "\0\0\0\0\0\5", sub = {21, 1, 2}}},
      {sid = {revision = 1, n = 1, authority = "\0\0\0\0\0\1", sub = {0}}}}}
    same(t, "F", "in", {"00000000-0000-0000-0000-000000000000", 0, sids, {n = 0, names = {}}, 1, 0}, {
      L = [[000000000000000000000000000000000000000002000000000002000200000004000200080002000300000001030000000000
        0515000000010000000200000001000000010100000000000100000000000000000c000200000000000100000000000000]],
      B = [[000000000000000000000000000000000000000000000002000200000000000200020004000200080000000301030000000000
        0500000015000000010000000200000001010100000000000100000000000000000002000c000000000001000000000000]],
      ["6"] = [[000000000000000000000000000000000000000000000000020000000000000000000200000000000200000000000000
        040002000000000008000200000000000300000000000000010300000000000515000000010000000200000000000000
        01000000000000000101000000000001000000000000000000000000000000000c000200000000000000000000000000
        0100000000000000]]})
  end)
end)
