-- What cannot be sent is named, what cannot be read is refused.
local stubs = require "spec.support.stubs"

local load, bytes, encode, decode = stubs.load, stubs.bytes, stubs.encode, stubs.decode

local message_of, status_of = stubs.message_of, stubs.status_of

describe("wrong values are named", function()
  local t = load [[
    typedef enum {red, green} Colour;
    typedef struct {[string] char *name; long n;} Row;
    typedef struct {Row rows[2]; Colour colour;} Item;
    long Put([in] Item *item, [in] unsigned char small_one);
    void Wide([in, string] wchar_t *text, [in] double d, [in] boolean b, [in] hyper h);
    void None();
    long Two([out] long *other);]]

  local function says(want, name, ...)
    assert.equal(want, message_of(encode, t, name, "in", "ndr20", nil, ...))
  end

  local function item(changes)
    local value = {rows = {{name = "a", n = 1}, {name = "b", n = 2}}, colour = "red"}
    for k, v in pairs(changes or {}) do value[k] = v end
    return value
  end

  it("by path", function()
    assert.equal(51, #encode(t, "Put", "in", "ndr20", nil, item(), 1))
    says("Put: argument 1 'item.rows[2].name': string expected, got number", "Put",
      item {rows = {{name = "a", n = 1}, {name = 5, n = 1}}}, 1)
    says("Put: argument 1 'item.rows[1].n': number expected, got nil", "Put", item {rows = {{name = "a"}, {}}}, 1)
    says("Put: argument 1 'item.rows': 2 elements expected, got 1", "Put", item {rows = {{n = 1}}}, 1)
    says("Put: argument 1 'item.rows[1]': unknown field 'nn'", "Put", item {rows = {{n = 1, nn = 2}, {n = 1}}}, 1)
    says("Put: argument 1 'item': unknown field '1'", "Put", item {7}, 1)
    says("Put: argument 1 'item.colour': enum Colour has no 'blue'", "Put", item {colour = "blue"}, 1)
    says("Put: argument 1 'item': table expected, got string", "Put", "item", 1)
  end)

  it("by what was expected", function()
    says("Put: argument 2 'small_one': 256 is out of range (0 to 255)", "Put", item(), 256)
    says("Put: argument 2 'small_one': -1 is out of range (0 to 255)", "Put", item(), -1)
    says("Put: argument 2 'small_one': number expected, got string", "Put", item(), "1")
    says("Put: argument 2 'small_one': number expected, got no value", "Put", item())
    says("Put: argument 2 'small_one': number has no integer representation", "Put", item(), 1.5)
    says("Put: 2 arguments at most, got 3", "Put", item(), 1, 2)
    says("None: 0 arguments at most, got 1", "None", 1)
    says("Wide: argument 1 'text': UTF-8 expected", "Wide", "\xff", 1, true, 1)
    says("Wide: argument 1 'text': string without zero bytes expected", "Wide", "a\0b", 1, true, 1)
    says("Wide: argument 2 'd': number expected, got string", "Wide", "", "1", true, 1)
    says("Wide: argument 3 'b': boolean expected, got number", "Wide", "", 1, 1, 1)
  end)

  it("but what means the same is taken", function()
    assert.equal(encode(t, "Put", "in", "ndr20", nil, item(), 3),
      encode(t, "Put", "in", "ndr20", nil, item {colour = 0}, 3.0))
    assert.equal("", encode(t, "None", "in", "ndr20", nil, nil, nil))
    local stub = encode(t, "Wide", "in", "ndr20", nil, "", 1, false, math.mininteger)
    assert.same({"", 1.0, false, math.mininteger}, {decode(t, "Wide", "in", "ndr20", stub)})
  end)

  it("as results", function()
    assert.equal("Two: result 2 'other': number expected, got string",
      message_of(encode, t, "Two", "out", "ndr20", nil, 1, "x"))
    assert.equal(87, status_of(encode, t, "Two", "out", "ndr20", nil, 1, "x"))
    assert.matches("Two: result 1 'return'", message_of(encode, t, "Two", "out", "ndr20", nil, {}, 1))
    assert.equal("Two: 2 results at most, got 3", message_of(encode, t, "Two", "out", "ndr20", nil, 1, 1, 1))
  end)
end)

describe("wide strings", function()
  local t = load "void F([in, string] wchar_t *s);"

  it("carry everything UTF-16 can", function()
    local strings = {"", "Grüße", "\u{20AC}", "\u{10348}x", "\u{FFFF}", "\u{10FFFF}", "\xED\xA0\x80",
      "\xED\xBF\xBFa"}
    for _, s in ipairs(strings) do
      for _, transfer in ipairs {"ndr20", "ndr64"} do
        assert.equal(s, (decode(t, "F", "in", transfer, encode(t, "F", "in", transfer, nil, s))))
      end
    end
    assert.equal(bytes "03000000 00000000 03000000 00d8 48df 0000", encode(t, "F", "in", "ndr20", nil, "\u{10348}"))
    assert.equal("\u{10348}", (decode(t, "F", "in", "ndr20", bytes "00000003 00000000 00000003 d800 df48 0000", true)))
  end)

  it("refuse what is no UTF-8", function()
    for _, s in ipairs {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xF8", "a\xE2\x82"} do
      assert.matches("UTF%-8 expected", message_of(encode, t, "F", "in", "ndr20", nil, s))
    end
  end)

  it("must end with their NUL", function()
    for _, stub in ipairs {
      "00000080 00000000 02000000 4100 0000",
      "01000000 00000000 00000000", "01000000 00000000 01000000 4100",
      "01000000 01000000 01000000 0000", "01000000 00000000 02000000 41000000",
      "02000000 00000000 02000000 4100 0001"} do
      assert.equal(1783, status_of(decode, t, "F", "in", "ndr20", bytes(stub)))
    end
  end)
end)

describe("bad stubs", function()
  local t = load [[
    typedef struct N {long v; [string] wchar_t *name; struct N *next; byte b[3];} N;
    typedef struct {double d; N *n[2]; [string] char s[8];} S;
    long F([in] long n, [in, size_is(n)] S s[], [in, unique, string] char *t, [in, size_is(n)] unsigned short *u);]]
  local s = {d = 1.5, n = {{v = 1, name = "x", next = {v = 2, b = "abc"}, b = "def"}, stubs.null}, s = "short"}
  local values = {{s, s, s}, "text", {1, 2, 3}}

  local seed = tonumber(os.getenv "ARPC_SEED") or 20240229
  local times = 10000 // math.max(1, tonumber(os.getenv "ARPC_SCALE") or 1)

  for _, transfer in ipairs {"ndr20", "ndr64"} do
    local whole = encode(t, "F", "in", transfer, nil, table.unpack(values))

    it("cut short anywhere fail: " .. transfer, function()
      assert.same(values, {decode(t, "F", "in", transfer, whole)})
      for n = 0, #whole - 1 do
        assert.equal(1783, status_of(decode, t, "F", "in", transfer, whole:sub(1, n)))
      end
      assert.same(values, {decode(t, "F", "in", transfer, whole .. "more")})
    end)

    it("mutated never crash: " .. transfer, function()
      math.randomseed(seed)
      for _ = 1, times do
        local stub = whole
        for _ = 1, math.random(4) do
          local at = math.random(#stub)
          local by = math.random(3) == 1 and "\xff" or string.char(math.random(0, 255))
          stub = stub:sub(1, at - 1) .. by .. stub:sub(at + 1)
        end
        local result = table.pack(pcall(decode, t, "F", "in", transfer, stub, math.random(8) == 1))
        if not result[1] then
          assert(result[2].status == 1783 or result[2].status == 1734, tostring(result[2]))
        end
      end
    end)
  end

  it("that claim too much allocate nothing", function()
    local a = load "void F([in] long n, [in, size_is(n)] double *d);"
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    for _ = 1, 100 do
      assert.is_false(pcall(decode, a, "F", "in", "ndr20", bytes "ffffff7f ffffff7f" .. ("\0"):rep(1024)))
    end
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert(grown < 2000, grown .. " KB")
  end)
end)
