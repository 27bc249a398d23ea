-- Unions: tag and arm. U1 to U10 are the worked examples of the wire reference.
local idl = require "asyncrpc.idl"
local stubs = require "spec.support.stubs"

local load, bytes, same = stubs.load, stubs.bytes, stubs.same

local encode, decode, message_of, status_of = stubs.encode, stubs.decode, stubs.message_of, stubs.status_of

local SEL = [[typedef [switch_type(byte) %s] union {
    [case(1)] byte a; [case(2)] hyper h; [case(3)] ; [case(4), unique] unsigned long *p;
  } U;
  typedef struct {byte sel; [switch_is(sel)] U u; byte after;} S;
  void F([in] S *s);]]

describe("unions", function()
  local t = load(SEL:format "")

  local function struct(tag, value)
    return {{sel = tag, u = {tag = tag, value = value}, after = 0xee}}
  end

  it("U1, U2, U4: in structs", function()
    same(t, "F", "in", struct(1, 0x55), {L = "01 01 55 ee", B = "01 01 55 ee", ["6"] = "01 00*7 01 00*7 55 ee 00*6"})
    same(t, "F", "in", struct(2, 0x1122334455667788), {
      L = "02 02 00*6 8877665544332211 ee", B = "02 02 00*6 1122334455667788 ee",
      ["6"] = "02 00*7 02 00*7 8877665544332211 ee 00*7"})
    same(t, "F", "in", struct(3, nil), {L = "03 03 ee", ["6"] = "03 00*7 03 00*7 ee 00*7"})
  end)

  it("U2m: [ms_union] aligns every arm alike", function()
    same(load(SEL:format ", ms_union"), "F", "in", struct(1, 0x55), {L = "01 01 00*6 55 ee",
      ["6"] = "01 00*7 01 00*7 55 ee 00*6"})
  end)

  it("U3: pointers in arms point behind the outermost construct", function()
    same(t, "F", "in", struct(4, 0xcafe), {
      L = "04 04 0000 00000200 ee 00*3 feca0000", B = "04 04 0000 00020000 ee 00*3 0000cafe",
      ["6"] = "04 00*7 04 00*7 0000020000000000 ee 00*7 feca0000"})
    same(t, "F", "in", struct(4, nil), {L = "04 04 0000 00000000 ee"})
  end)

  it("U5 to U8: of parameters, sized by what came in", function()
    local e = idl.load("examples/rpcecho.idl").rpcecho
    assert.equal("TestCall2(level) -> return, info", e:signature "TestCall2")
    local function info(level, value, want)
      same(e, "TestCall2", "out", {0x1234, {tag = level, value = value}}, want, {level})
    end
    same(e, "TestCall2", "in", {1}, {L = "0100"})
    info(1, {v = 0x11}, {L = "0100 11 00 34120000", ["6"] = "0100 00*6 11 00*3 34120000"})
    info(2, {v = 0x22}, {L = "0200 2200 34120000"})
    info(3, {v = 0x33}, {L = "0300 0000 33000000 34120000", ["6"] = "0300 00*6 33000000 34120000"})
    info(4, {v = 0x44}, {L = "0400 00*6 4400000000000000 34120000", ["6"] = "0400 00*6 4400000000000000 34120000"})
    info(5, {v1 = 0x11, v2 = 0x2222222222222222}, {L = "0500 00*6 11 00*7 2222222222222222 34120000",
      ["6"] = "0500 00*6 11 00*7 2222222222222222 34120000"})
    assert.equal("TestCall2: result 2 'info.tag': 1 expected",
      message_of(encode, e, "TestCall2", "out", "ndr20", {1}, 0, {tag = 2, value = {v = 1}}))
    assert.equal(1733, status_of(decode, e, "TestCall2", "out", "ndr20", bytes "0200 2200 34120000", false, {1}))
  end)

  it("U10: encapsulated ones bring their tag along", function()
    local x = load [[typedef union switch (long t) u {case 1: short s; case 2: case 3: ; default: [string] char *p;} U;
      void F([in] U *u, [in] byte after);]]
    assert.equal("F(u, after)", x:signature "F")
    same(x, "F", "in", {{tag = 1, value = 7}, 9}, {L = "01000000 0700 09", B = "00000001 0007 09",
      ["6"] = "01000000 00*4 0700 09"})
    same(x, "F", "in", {{tag = 3}, 9}, {L = "03000000 09", ["6"] = "03000000 00*4 09"})
    same(x, "F", "in", {{tag = -1, value = "a"}, 9}, {
      L = "ffffffff 00000200 02000000 00000000 02000000 6100 09",
      ["6"] = "ffffffff 00*4 0000020000000000 0200000000000000 00*8 0200000000000000 6100 09"})
  end)

  it("have tags of every integral type", function()
    local x = load [[enum E {red, green = 5};
      typedef union switch (enum E e) {case red: byte b; case green: ;} A;
      typedef [switch_type(boolean)] union {[case(TRUE)] short s; [case(FALSE)] ;} B;
      typedef union switch (char c) {case 'x': byte b;} C;
      typedef union switch (unsigned hyper h) {case -1: byte b; case 2: ;} H;
      typedef [switch_type(short)] union {[case(0xffff, 7)] byte b;} N;
      void a([in] A a); void b([in] boolean f, [in, switch_is(f)] B *u); void c([in] C c); void h([in] H h);
      void n([in] unsigned short k, [in, switch_is(k)] N *n);]]
    same(x, "a", "in", {{tag = 0, value = 1}}, {L = "0000 01", ["6"] = "00000000 01"})
    assert.equal(bytes "0500", encode(x, "a", "in", "ndr20", nil, {tag = "green"}))
    same(x, "b", "in", {{tag = true, value = 3}}, {L = "01 01 0300", ["6"] = "01 00 01 00 0300"})
    same(x, "b", "in", {{tag = false}}, {L = "00 00"})
    assert.same({{tag = true, value = 3}}, {decode(x, "b", "in", "ndr20", bytes "ff 02 0300")})
    same(x, "c", "in", {{tag = 0x78, value = 1}}, {L = "78 01"})
    same(x, "h", "in", {{tag = -1, value = 1}}, {L = "ffffffffffffffff 01"})
    assert.same({{tag = -1, value = 4}}, {decode(x, "n", "in", "ndr20", bytes "ffff ffff 04")})
    assert.equal("n: argument 1 'n.tag': -1 is out of range",
      message_of(encode, x, "n", "in", "ndr20", nil, {tag = -1, value = 1}))
  end)

  it("take their discriminant along, as counts are taken", function()
    local x = load [[typedef [switch_type(long)] union {[case(1)] byte b; [default] ;} U;
      void A([in] long n, [in, switch_is(n)] U *u);
      void B([in, switch_is(n)] U *u, [in] long n);
      void C([in] long n, [in, unique, switch_is(n)] U *u);
      void D([in] long n, [in, switch_is(n + 1)] U *u);
      void E([in, out] long *n, [in, out, switch_is(*n)] U *u);
      void G([in] long n, [in, switch_is(n), size_is(2)] U *u);
      void H([in] long n, [in, out, switch_is(n)] U *u);]]
    local signatures = {}
    for i, p in ipairs(x.procs) do signatures[i] = x:signature(p.name) end
    assert.same({"A(u)", "B(u)", "C(n, u?)", "D(n, u)", "E(u) -> u", "G(n, u)", "H(u) -> u"}, signatures)
    same(x, "A", "in", {{tag = 1, value = 5}}, {L = "01000000 01000000 05"})
    same(x, "B", "in", {{tag = 1, value = 5}}, {L = "01000000 05 00*3 01000000"})
    same(x, "C", "in", {9, n = 2}, {L = "09000000 00000000"})
    same(x, "D", "in", {0, {tag = 1, value = 5}}, {L = "00000000 01000000 05"})
    same(x, "G", "in", {1, {{tag = 1, value = 5}, {tag = 1, value = 6}}}, {
      L = "01000000 02000000 01000000 05 00*3 01000000 06"})
    assert.equal("G: argument 2 'u[2].tag': 1 expected", message_of(encode, x, "G", "in", "ndr20", nil, 1,
      {{tag = 1, value = 5}, {tag = 2}}))
    assert.equal("D: argument 2 'u.tag': 2 expected",
      message_of(encode, x, "D", "in", "ndr20", nil, 1, {tag = 1, value = 5}))
    assert.equal(1733, status_of(decode, x, "A", "in", "ndr20", bytes "01000000 02000000"))
    assert.equal(1733, status_of(decode, x, "G", "in", "ndr20",
      bytes "01000000 02000000 01000000 05 00*3 02000000"))
    local u = t
    assert.equal(bytes "01 01 55 ee", encode(u, "F", "in", "ndr20", nil, {u = {tag = 1, value = 0x55}, after = 0xee}))
  end)

  it("have arms whose sizes and tags are those of the struct or the parameters around them", function()
    local x = load [[
      typedef [switch_type(long)] union {[case(1)] byte b; [case(2)] short s;} V;
      typedef [switch_type(long)] union {
        [case(1), size_is(n)] byte *a; [case(2), size_is(n), length_is(m)] short *s; [case(3), size_is(2)] long *two;
        [case(4), string, size_is(n)] char *text; [case(5), switch_is(m)] V *v; [default] ;
      } U;
      typedef struct {long n, m, k; [switch_is(k)] U u;} S;
      typedef struct {long j; [switch_is(j)] union {[case(1), size_is(j + 1)] byte *a;} w;} W;
      typedef union switch (long k) {case 1: [size_is(2)] byte *c;} E;
      typedef struct {long x; [size_is(x)] byte *p; long n, m, k; [switch_is(k)] U u;} Z;
      void J([in] Z *z); void F([in] S *s); void G([in] long n, [in] short m, [in] long k, [in, switch_is(k)] U *u);
      void H([in] W *w); void I([in] E *e);]]
    local function s(n, m, tag, value) return {{n = n, m = m, k = tag, u = {tag = tag, value = value}}} end
    same(x, "F", "in", s(2, 0, 1, "ab"), {
      L = "02000000 00000000 01000000 01000000 00000200 02000000 6162",
      B = "00000002 00000000 00000001 00000001 00020000 00000002 6162",
      ["6"] = "02000000 00000000 01000000 00*4 01000000 00*4 0000020000000000 0200000000000000 6162"})
    same(x, "F", "in", s(3, 1, 2, {5}), {
      L = "03000000 01000000 02000000 02000000 00000200 03000000 00000000 01000000 0500"})
    same(x, "F", "in", s(3, 1, 5, {tag = 1, value = 7}), {
      L = "03000000 01000000 05000000 05000000 00000200 01000000 07"})
    assert.equal("G(n, m, u)", x:signature "G")
    same(x, "G", "in", {2, 9, {tag = 1, value = "ab"}}, {
      L = "02000000 0900 0000 01000000 01000000 00000200 02000000 6162"})
    same(x, "H", "in", {{j = 1, w = {tag = 1, value = "ab"}}}, {L = "01000000 01000000 00000200 02000000 6162"})
    same(x, "J", "in", {{x = 1, p = "a", n = 2, m = 0, k = 1, u = {tag = 1, value = "bc"}}}, {
      L = "01000000 00000200 02000000 00000000 01000000 01000000 04000200 01000000 61 00*3 02000000 6263"})
    same(x, "I", "in", {{tag = 1, value = "ab"}}, {L = "01000000 00000200 02000000 6162"})
    local function says(want, value) assert.equal(want, message_of(encode, x, "F", "in", "ndr20", nil, value[1])) end
    says("F: argument 1 's.u.value': 2 bytes expected, got 3", s(2, 0, 1, "abc"))
    says("F: argument 1 's.u.value': a count of 1 is out of range (2 to 2)", s(1, 0, 3, {1}))
    says("F: argument 1 's.u.value.tag': 2 expected", s(1, 2, 5, {tag = 1, value = 7}))
    assert.equal(1734, status_of(decode, x, "F", "in", "ndr20",
      bytes "03000000 00000000 01000000 01000000 00000200 02000000 6162"))
    local alone = load [[typedef union switch (long k) {case 1: [size_is(n)] byte *c;} E; void F([in] E *e);
      void G([in] long n);]]
    assert.matches("the sizes of a union's arm are not known here", alone:find "F".refused)
    assert.equal("G(n)", alone:signature "G")
  end)

  it("without an arm for the tag are refused on both sides, and wrong values named", function()
    local function says(want, value) assert.equal(want, message_of(encode, t, "F", "in", "ndr20", nil, value)) end
    says("F: argument 1 's.u.tag': there is no case 9", {u = {tag = 9}, after = 1})
    says("F: argument 1 's.u.value': number expected, got string", {u = {tag = 1, value = "x"}, after = 1})
    says("F: argument 1 's.u.value': nothing expected, the tag's arm is empty", {u = {tag = 3, value = 1}, after = 1})
    says("F: argument 1 's.u.tag': number expected, got nil", {u = {value = 1}, after = 1})
    says("F: argument 1 's.u': unknown field 'tug'", {u = {tug = 1}, after = 1})
    says("F: argument 1 's.u': table expected, got nil", {after = 1})
    says("F: argument 1 's.u.tag': 2 expected", {sel = 2, u = {tag = 1, value = 1}, after = 1})
    assert.equal(1733, status_of(decode, t, "F", "in", "ndr20", bytes "09 09 00*6"))
    assert.equal(1733, status_of(decode, t, "F", "in", "ndr20", bytes "01 02 00*6 00*8 ee"))
  end)

  it("may stand in arms, behind pointers, and in lists of themselves", function()
    local x = load [[
      typedef union switch (short k) {case 1: long n; case 2: struct L *next; case 3: union switch (byte m) {
        case 1: [string] wchar_t *w;} inner;} A;
      typedef struct L {A a; A *b;} L;
      void F([in] L *l);]]
    local value = {a = {tag = 2, value = {a = {tag = 1, value = 5}}}, b = {tag = 3, value = {tag = 1, value = "w"}}}
    same(x, "F", "in", {value}, {
      L = [[0200 0000 00000200 04000200  0100 0000 05000000 00000000
        0300 01 00 08000200 02000000 00000000 02000000 77000000]]})
    assert.equal(1783, status_of(decode, x, "F", "in", "ndr20", ("\2\0\0\0\1\0\0\0\0\0\0\0"):rep(10000)))
  end)

  it("are checked", function()
    local function says(want, body)
      local ok, err = pcall(load, body)
      assert.is_false(ok)
      assert.equal(want, err.errors[1].message)
    end
    says("parameter 'u' is a union without switch_is", "union U {[case(1)] byte b;}; void F([in] union U *u);")
    says("case 1 stands here twice", "typedef [switch_type(byte)] union {[case(1)] byte b; [case(257)] ;} U;"
      .. "void F([in] byte n, [in, switch_is(n)] U *u);")
    says("the union has a default already", "union switch (long n) {default: ; default: byte b;}; void F();")
    says("a case expected, got 'byte'", "union U {byte b;};")
    says("a union's tag must be an integer", "union switch (float f) {case 1: ;};")
    says("no parameter, member or constant is named 'n'",
      "union U {[case(1)] byte b;}; void F([in, switch_is(n)] union U *u);")
    says("'n' must be [in]: the tag of 'u' depends on it",
      "union U {[case(1)] byte b;}; void F([out] long *n, [in, switch_is(*n)] union U *u);")
    says("switch_is for what is no union without a switch", "void F([in] long n, [in, switch_is(n)] long *u);")
    says("a union without arms", "typedef union switch (long n) {} U;")
  end)
end)
