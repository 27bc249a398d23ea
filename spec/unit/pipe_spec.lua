-- Pipes in scripts: values, forms of calls, options, what the objects say. The rows are in spec/conformance.
local rpc = require "asyncrpc"
local h = require "spec.support.harness"
local pipes = require "spec.support.pipes"
local world = require "spec.support.world"
local status_of, eventually, drain = world.status_of, world.eventually, pipes.drain

local HEAD = "[uuid(0f6f3f5c-6d1e-4d3a-9a53-2f60a3f1c7b2), version(1.0), pointer_default(unique)] interface T {"

-- A body with a world whose interface this is, once in each syntax, over memory.
local function each(idl, managers, body, acf)
  return h.async(function()
    local iface = rpc.idl.parse(HEAD .. idl .. "}", { acf = acf and ("interface T {%s}"):format(acf) }).T
    for _, transfer in ipairs { "ndr20", "ndr64" } do
      local seen = {}
      local made = type(managers) == "function" and managers(seen) or managers
      local w = pipes.open(h.binding "memory", transfer, made, { interface = iface, client_interface = iface })
      local ok, err = xpcall(body, debug.traceback, w, seen, transfer)
      w.close()
      if not ok then error(err, 0) end
    end
  end)
end

-- A manager that sends back what it got.
local function echo(_, p)
  local all = {}
  for chunk in p:chunks() do all[#all + 1] = chunk end
  for _, chunk in ipairs(all) do p:push(chunk) end
  p:close()
end

local function sent_back(client, name, values, ...)
  local parts = {}
  client[name](client, { values, function(chunk) parts[#parts + 1] = chunk end }, ...)
  if type(parts[1]) == "string" then return table.concat(parts) end
  local all = {}
  for _, part in ipairs(parts) do table.move(part, 1, #part, #all + 1, all) end
  return all
end

describe("elements", function()
  local of = {
    { "small", "\0\127\128" }, { "unsigned small", "\0\255" }, { "short", { -32768, 32767, 5 } },
    { "unsigned short", { 65535, 0, 1 } }, { "long", { -2147483648, 2147483647 } }, { "unsigned long", { 4294967295 } },
    { "hyper", { math.mininteger, math.maxinteger, -1 } },
    { "unsigned hyper", { -1, 1 } },
    { "float", { 0.5, -1.25, 65536.0 } }, { "double", { 0.1, -1e300, math.huge } },
    { "boolean", { true, false, true } },
    { "wchar_t", { 0x41, 0xFFFF } }, { "byte", "bytes\0of all kinds\255" }, { "char", "characters" },
    { "unsigned char", "unsigned" }, { "uuid_t", { "12345678-1234-5678-9abc-def012345678" } },
    { "int", { 1, -1, 2 } }, { "error_status_t", { 0, 1783 } },
  }
  local idl, managers = {}, {}
  for i, t in ipairs(of) do
    idl[#idl + 1] = ("typedef pipe %s P%d; void F%d([in, out] P%d *p);"):format(t[1], i, i, i)
    managers["F" .. i] = echo
  end

  it("#32 are of every base type", each(table.concat(idl, " "), managers, function(w)
    for i, t in ipairs(of) do assert.same(t[2], sent_back(w.client, "F" .. i, t[2]), t[1]) end
  end))

  local STRUCTS = [[
    typedef enum { RED, GREEN = 700 } COLOUR;
    typedef struct { byte tag; hyper id; short s[3]; byte name[4]; COLOUR c; struct { small a; long b; } in;
      small last; } S;
    typedef pipe S P; void F([in, out] P *p); typedef pipe COLOUR C; void G([in, out] C *p);
    typedef struct { long a; small b; } G; typedef pipe G Q; void H([in, out] Q *p);]]

  local function struct(i)
    return { tag = i & 255, id = i << 40, s = { i & 7, -i & 7, 3 }, name = ("%04d"):format(i % 10000),
      c = i % 2 == 0 and 0 or 700, ["in"] = { a = i % 100, b = -i }, last = -i % 128 }
  end

  local ECHOES = { F = echo, G = echo, H = echo }

  it("#32 are structs of fixed size, also with gaps, and enums", each(STRUCTS, ECHOES, function(w)
    local all = {}
    for i = 1, h.scale(3000) do all[i] = struct(i) end
    assert.same(all, sent_back(w.client, "F", all))
    assert.same({ 0, 700, 700 }, sent_back(w.client, "G", { "RED", "GREEN", 700 }))
    local two = { { a = 1, b = 2 }, { a = 3, b = 4 } }
    assert.same(two, sent_back(w.client, "H", two))
  end))

  it("are told of by name and place when they are wrong, and nothing of their chunk is sent",
    each(STRUCTS, ECHOES, function(w)
      local function says(want, name, value)
        local status, err = status_of(sent_back, w.client, name, value)
        assert.same({ 87, want }, { status, (err.message:gsub(" %(.*", "")) })
      end
      says("F: pipe 'p[2].name': 4 bytes expected, got 3", "F", { struct(1), (function()
        local s = struct(2)
        s.name = "abc"
        return s
      end)() })
      says("G: pipe 'p[1]': enum COLOUR has no 'BLUE'", "G", { "BLUE" })
      says("H: pipe 'p[1].b': number expected, got nil", "H", { { a = 1 } })
      says("H: pipe 'p': a list of elements expected, got a table without any", "H", { a = 1, b = 2 })
      says("H: pipe 'p[1]': unknown field 'c'", "H", { { a = 1, b = 2, c = 3 } })
    end))
end)

describe("packed strings", function()
  local IDL = [[typedef pipe long L; void F([in, out] L *p); typedef struct { long a; small b; } S; typedef pipe S P;
    void G([in, out] P *p); void Park([in, out] P *p);]]
  local function repack(_, p)
    local all = {}
    for chunk in p:chunks(7, "packed") do all[#all + 1] = chunk end
    p:push(table.concat(all))
    p:close()
  end

  it("are NDR's layout, little endian, with every gap", each(IDL, { F = repack, G = repack }, function(w)
    assert.same({ 1, -2, 3 }, sent_back(w.client, "F", ("<i4i4i4"):pack(1, -2, 3)))
    local all = {}
    for i = 1, 100 do all[i] = { a = i, b = -i } end
    assert.same(all, sent_back(w.client, "G", all))
    local parts = {}
    local call, p = w.client.async:F()
    p:push { 5, 6 }
    p:close()
    for chunk in p:chunks(1, "packed") do parts[#parts + 1] = chunk end
    assert.same({ ("<i4"):pack(5), ("<i4"):pack(6) }, parts)
    call:await()
  end, "[async] Park();"))

  it("must be of whole elements; the last gap may be left out", each(IDL, function(seen)
    return { G = echo, F = function(_, p) seen.p = drain(p) p:close() end }
  end, function(w, _, transfer)
    local one = ("<i4i1"):pack(1, 2) .. (transfer == "ndr64" and "\0\0\0" or "") -- whose structs end with their gap
    local gap = ("\0"):rep(8 - #one)
    assert.same({ { a = 1, b = 2 }, { a = 1, b = 2 } }, sent_back(w.client, "G", one .. gap .. one))
    assert.same({ { a = 1, b = 2 } }, sent_back(w.client, "G", one .. gap))
    for _, bad in ipairs { "x", one .. gap .. "x", one .. gap .. "\0" } do
      local status, err = status_of(sent_back, w.client, "G", bad)
      assert.equal(87, status)
      assert.matches("G: pipe 'p': a packed string of elements of 8 bytes expected, got %d+", err.message)
    end
  end))
end)

describe("calls with pipes", function()
  local function managers(seen)
    return {
      Put = function(call, a, data)
        seen.call = call
        seen.got = drain(data)
        call:complete(a, #seen.got)
      end,
      Plain = function(_, a) return a + 1 end,
      Many = function(call, one, a, two, three, four, text)
        drain(one)
        drain(three)
        two:close()
        four:push(text)
        four:close()
        call:complete(a, 1)
      end,
    }
  end

  local function with(body)
    return h.async(function()
      local seen = {}
      local w = pipes.open(h.binding "memory", "ndr20", managers(seen))
      local ok, err = xpcall(body, debug.traceback, w, seen)
      w.close()
      if not ok then error(err, 0) end
    end)
  end

  it("are made in every form, and their pipes are returned behind the handle", with(function(w, seen)
    local async = rpc.async {}
    for _, make in ipairs {
      function() return w.client.async:Put(5) end,
      function() return async, w.client:Put(async, 5) end,
      function() return w.client.async:call("Put", 5) end,
      function() return async, w.client:call("Put", async, 5) end,
      function() return w.client:with { timeout = 10000 }.async:Put(5) end,
    } do
      local call, data = make()
      assert.equal(data, call.pipes.data)
      assert.equal(data, call.pipes[1])
      assert.is_nil(call.pipes.other)
      assert.is_nil(call.pipes[2])
      assert.equal(1, #call.pipes)
      data:push "abc"
      data:close()
      assert.same({ 5, 3 }, { call:await() })
      assert.equal("abc", seen.got)
      assert.equal(seen.call.pipes.data, seen.call.pipes[1])
      assert.is_nil(call.pipes.data.nothing)
    end
    assert.equal(1, select("#", w.client:Put(async, 1)))
    async:abandon()
    assert.equal(1818, (status_of(async.await, async)))
    eventually(function() return #h.errors() >= 0 and rpc.stats().parked == 0 end)
  end))

  it("are told by a trailing callback, which stands behind the plain arguments", with(function(w)
    local results
    local call, data = w.client.async:Put(6, function(...) results = table.pack(...) end)
    data:push "abcd"
    data:close()
    eventually(function() return results end)
    assert.same({ nil, 6, 4, n = 3 }, results)
    assert.equal(1914, (status_of(call.complete, call)))
  end))

  it("leave nothing behind when they cannot be issued", with(function(w)
    local async = rpc.async {}
    assert.equal(87, (status_of(w.client.Put, w.client, async, "x")))
    assert.equal(87, (status_of(w.client.Put, w.client, async, 1, 2)))
    assert.is_nil(async.pipes)
    w.client:close()
    assert.equal(1702, (status_of(w.client.Put, w.client, async, 1)))
    assert.is_nil(async.pipes)
    assert.equal(0, rpc.stats().pending)
  end))

  it("have their own pipes when a handle is used again", with(function(w)
    local async = rpc.async {}
    local old = w.client:Put(async, 1)
    old:close()
    async:await()
    local new = w.client:Put(async, 2)
    assert.equal(new, async.pipes.data)
    assert.equal(1914, old:try_push "x")
    new:close()
    assert.same({ 2, 0 }, { async:await() })
    w.client:Plain(async, 3)
    assert.is_nil(async.pipes)
    assert.equal(4, (async:await()))
  end))

  it("say what they are", with(function(w)
    local call, one, two, three, four = w.client.async:Many(1, "x")
    assert.matches("^asyncrpc.pipe %(Many.one, in%): ", tostring(one))
    assert.matches("^asyncrpc.pipe %(Many.two, out%): ", tostring(two))
    assert.is_true(call.pipes.three == three and call.pipes.four == four)
    local ok, err = pcall(one.push, call, "x")
    assert.is_false(ok)
    assert.matches("asyncrpc.pipe expected", err)
    one:close()
    three:close()
    assert.same({}, (drain(two) == "" and {}))
    assert.equal("x", (drain(four)))
    assert.same({ 1, 1 }, { call:await() })
  end))

  it("take what a pipe takes: the rest is refused before anything is sent", with(function(w)
    local call, data = w.client.async:Put(1)
    for value, got in pairs { [{}] = "table", [5] = "number", [true] = "boolean", [print] = "function" } do
      local status, err = status_of(data.push, data, value)
      assert.same({ 87, "Put: pipe 'data': string expected, got " .. got }, { status, err.message })
    end
    assert.equal(87, (status_of(data.push, data)))
    for _, bad in ipairs { 0, -1, 1.5, "x" } do assert.is_false(pcall(data.pull, data, bad)) end
    assert.is_false(pcall(data.pull, data, 1, "tables"))
    data:close()
    assert.same({ 1, 0 }, { call:await() })
  end))

  it("push and pull where nothing can wait say so, and trying works there", with(function(w)
    local uv = require "luv"
    local call, data = w.client.async:Put(1)
    local why, status
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      why = select(2, pcall(data.push, data, "x"))
      status = data:try_push ""
      timer:close()
    end)
    eventually(function() return status end)
    assert.equal(1764, why.status)
    assert.equal(0, status)
    data:close()
    call:await()
  end))
end)

describe("on the main chunk", function()
  it("push, pull and chunks run the loop", h.main(function()
    local w = pipes.open(h.binding "tcp", "ndr20", {
      Put = function(call, a, data) call:complete(a, #drain(data)) end,
      Get = function(call, a, data)
        for _ = 1, a do data:push(("x"):rep(100000)) end
        data:close()
        call:complete(0, a)
      end,
    })
    local call, data = w.client.async:Put(1)
    for _ = 1, 100 do data:push(("x"):rep(100000)) end
    data:close()
    assert.same({ 1, 10000000 }, { call:await() })
    call, data = w.client.async:Get(50)
    local n = 0
    for chunk in data:chunks(1000) do n = n + #chunk end
    assert.equal(5000000, n)
    assert.same({ 0, 50 }, { call:await() })
    w.close()
  end))
end)

describe("options", function()
  it("bound what a pipe holds, and how long it may stand still", h.async(function()
    local stalled = {}
    local w = pipes.open(h.binding "tcp", "ndr20", {
      Get = function(call, _, data)
        stalled.ok, stalled.err = pcall(function()
          while true do data:push(("x"):rep(100000)) end
        end)
        call:close()
      end,
    }, { server = { pipe_stall = 30, pipe_high = 4096, pipe_low = 1024 }, client = { pipe_high = 4096 } })
    local call, data = w.client.async:Get(1)
    eventually(function() return stalled.err end)
    assert.equal(1820, stalled.err.status)
    assert.is_true((status_of(drain, data)) > 1700) -- who does not read learns of nothing
    assert.is_true((status_of(call.await, call)) > 1700)
    w.close()
  end))

  it("of a client too: who does not pull loses the call", h.async(function()
    local w = pipes.open(h.binding "tcp", "ndr20", {
      Get = function(_, _, data)
        while true do data:push(("x"):rep(100000)) end
      end,
    }, { client = { pipe_stall = 30, pipe_high = 4096 } })
    local call = w.client.async:Get(1)
    local status, err = status_of(call.await, call)
    assert.same({ 1818, "timeout" }, { status, err.reason })
    w.close()
  end))

  it("a large push goes in several chunks, none beyond what fits between the water marks", h.async(function()
    local text = HEAD .. "typedef %s pipe byte P; long F([in] P p); }"
    local strict, loose = rpc.idl.parse(text:format "[range(1, 49152)]").T, rpc.idl.parse(text:format "").T
    local w = pipes.open(h.binding "memory", "ndr20", { F = function(_, p) return #drain(p) end },
      { interface = strict, client_interface = loose, client = { pipe_high = 65536, pipe_low = 16384 } })
    assert.equal(1000000, (w.client:F(("x"):rep(1000000))))
    w.close()
  end))

  it("max_pipe_calls: one more waits for its connection", h.async(function()
    local w = pipes.open(h.binding "memory", "ndr20", {
      Put = function(call, a, data) call:complete(a, #drain(data)) end,
    }, { client = { max_pipe_calls = 1 } })
    local first, one = w.client.async:Put(1)
    local second, two = w.client.async:Put(2)
    one:push "a"
    pipes.settle()
    assert.equal(997, two:try_push "b")
    one:close()
    assert.same({ 1, 1 }, { first:await() })
    two:push "bc"
    two:close()
    assert.same({ 2, 2 }, { second:await() })
    w.close()
  end))
end)
