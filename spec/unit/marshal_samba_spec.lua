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
end)
