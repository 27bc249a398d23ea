-- Synchronous calls and managers with pipes.
local rpc = require "asyncrpc"
local h = require "spec.support.harness"
local pipes = require "spec.support.pipes"
local world = require "spec.support.world"
local status_of, drain = world.status_of, pipes.drain

local managers = {
  Put = function(_, a, data) return a + 1, #drain(data) end,
  Get = function(_, a, data)
    for i = 1, a do data:push(("%08d"):format(i)) end
    data:close()
    return a, 8 * a
  end,
  Both = function(_, a, data)
    local all = drain(data)
    for i, v in ipairs(all) do all[i] = v * a end
    data:push(all)
    data:close()
    return 0, #all
  end,
  Many = function(_, one, a, two, three, four, text)
    local bytes, records = drain(one), drain(three)
    for i = 1, a do two:push { i } end
    two:close()
    four:push(bytes .. text)
    four:close()
    return #records, records[1].n
  end,
}

local function with(body, options)
  options = options or {}
  options.interface, options.client_interface = pipes.Sync, options.client_interface or pipes.Sync
  return h.async(function()
    for _, transfer in ipairs { "ndr20", "ndr64" } do
      local seen = {}
      local made = options.managers and options.managers(seen) or managers
      local w = pipes.open(h.binding "tcp", transfer, made, options)
      local ok, err = xpcall(body, debug.traceback, w, seen)
      w.close()
      if not ok then error(err, 0) end
    end
  end)
end

-- Numbers from 1 to n as a function that gives a chunk at a time.
local function counting(n)
  local i = 0
  return function()
    i = i + 1
    return i <= n and ("%08d"):format(i) or nil
  end
end

describe("a synchronous call", function()
  it("pushes what an iterator gives, a string, a file, or whatever can be called", with(function(w)
    assert.same({ 6, 800 }, { w.client:Put(5, counting(100)) })
    assert.same({ 6, 3 }, { w.client:Put(5, "abc") })
    assert.same({ 6, 0 }, { w.client:Put(5, "") })
    assert.same({ 6, 80 }, { w.client:Put(5, setmetatable({ next = counting(10) }, {
      __call = function(self) return self.next() end,
    })) })
    local file <close> = assert(io.tmpfile())
    file:write(("x"):rep(200001))
    file:seek "set"
    assert.same({ 6, 200001 }, { w.client:Put(5, file) })
  end))

  it("gives what is pulled to a function, or writes it to a file", with(function(w)
    local parts = {}
    assert.same({ 3, 24 }, { w.client:Get(3, function(chunk) parts[#parts + 1] = chunk end) })
    assert.equal("000000010000000200000003", table.concat(parts))
    local file <close> = assert(io.tmpfile())
    local n = h.scale(20000)
    assert.same({ n, 8 * n }, { w.client:Get(n, file) })
    file:seek "set"
    assert.equal(8 * n, #file:read "a")
  end))

  it("gives an in,out pipe a source and a sink", with(function(w)
    local all = {}
    local function collect(chunk) table.move(chunk, 1, #chunk, #all + 1, all) end
    assert.same({ 0, 3 }, { w.client:Both(-2, { { 1, 2, 3 }, collect }) })
    assert.same({ 0, 2 }, { w.client:Both(10, { ("<i4i4"):pack(7, 8), collect }) })
    assert.same({ -2, -4, -6, 70, 80 }, all)
  end))

  it("takes pipes at their places, and waits where it may", with(function(w)
    local two, four, order = {}, {}, {}
    local function slowly(source, name)
      return function()
        rpc.sleep(0)
        order[#order + 1] = name
        return source()
      end
    end
    local records = { { { id = 1, n = 2, s = 3 } } }
    local results = { w.client:Many(slowly(counting(2), "one"), 3, function(chunk)
      order[#order + 1] = "two"
      rpc.sleep(0)
      table.move(chunk, 1, #chunk, #two + 1, two)
    end, slowly(function() return table.remove(records) end, "three"), function(chunk)
      order[#order + 1] = "four"
      four[#four + 1] = chunk
    end, "tail") }
    assert.same({ 1, 2 }, results)
    assert.same({ 1, 2, 3 }, two)
    assert.equal("0000000100000002tail", table.concat(four))
    assert.equal("one one one three three two", table.concat(order, " "):match "^one one one three three two")
  end))

  it("runs on the main chunk", h.main(function()
    local w = pipes.open(h.binding "unix", "ndr20", managers, { interface = pipes.Sync, client_interface = pipes.Sync })
    local many, n = h.scale(1000), 0
    assert.same({ 6, 8 * many }, { w.client:Put(5, counting(many)) })
    assert.same({ many, 8 * many }, { w.client:Get(many, function(chunk) n = n + #chunk end) })
    assert.equal(8 * many, n)
    w.close()
  end))

  it("serves an asynchronous manager, and the other way round", h.async(function()
    local w = pipes.open(h.binding "memory", "ndr20", managers, { interface = pipes.Sync })
    local call, data = w.client.async:Put(5)
    data:push "abc"
    data:close()
    assert.same({ 6, 3 }, { call:await() })
    w.close()
    w = pipes.open(h.binding "memory", "ndr20", {
      Put = function(async, a, p)
        local n = #drain(p)
        rpc.spawn(function() async:complete(a, n) end)
      end,
    })
    assert.same({ 5, 3 }, { w.client:Put(5, "abc") })
    w.close()
  end))

  it("is refused before it begins when an end does not fit", with(function(w)
    local function says(want, fn, ...)
      local status, err = status_of(fn, w.client, ...)
      assert.same({ 87, want }, { status, err.message })
      assert.equal(0, rpc.stats().pending)
    end
    says("Put: pipe 'data': a function, a string or a file expected, got nil", w.client.Put, 1)
    says("Put: pipe 'data': a function, a string or a file expected, got table", w.client.Put, 1, {})
    says("Get: pipe 'data': a function or a file expected, got string", w.client.Get, 1, "x")
    says("Both: pipe 'data': a table of a source and a sink expected, got function", w.client.Both, 1, print)
    says("Both: pipe 'data': a function, a table or a packed string expected, got nil", w.client.Both, 1, {})
    says("Both: pipe 'data': a function expected, got nil", w.client.Both, 1, { { 1 } })
    says("Put: 2 arguments at most, got 3", w.client.Put, 1, "x", 2)
    says("Many: argument 2 'a': number expected, got string", w.client.Many, "", "x", print, {}, print, "")
    says("Many: argument 6 'text': string expected, got nil", w.client.Many, "", 1, print, {}, print)
    local file = assert(io.tmpfile())
    file:close()
    says("Put: pipe 'data': a function, a string or a file expected, got userdata", w.client.Put, 1, file)
  end))

  it("is given up when its source or its sink fails, and that is what is raised", with(function(w, seen)
    local mark = {}
    for _, fails in ipairs {
      function()
        local n = 0
        return pcall(w.client.Put, w.client, 1, function()
          n = n + 1
          if n == 3 then error(mark) end
          return "abc"
        end)
      end,
      function() return pcall(w.client.Get, w.client, 1, function() error(mark) end) end,
      function()
        local n = 0
        return pcall(w.client.Put, w.client, 1, function()
          n = n + 1
          if n == 1 then return "abc" end
          rpc.sleep(0)
          error(mark)
        end)
      end,
    } do
      seen.over = nil
      local ok, err = fails()
      assert.is_false(ok)
      assert.equal(mark, err)
      world.eventually(function() return seen.over and rpc.stats().pending == 0 end)
    end
    local status, err = status_of(w.client.Put, w.client, 1, function() return 5 end)
    assert.same({ 87, "Put: pipe 'data': string expected, got number" }, { status, err.message })
  end, {
    managers = function(seen)
      return {
        Put = function(_, _, data)
          local over <close> = setmetatable({}, { __close = function() seen.over = true end }) -- luacheck: ignore
          return 1, #drain(data)
        end,
        Get = function(_, _, data)
          local over <close> = setmetatable({}, { __close = function() seen.over = true end }) -- luacheck: ignore
          while true do data:push(("x"):rep(65536)) end
        end,
      }
    end,
  }))

  it("closed while it waits gives its call up", with(function(w, seen)
    local co = coroutine.create(function() w.client:Put(1, function() rpc.sleep(100000) end) end)
    coroutine.resume(co)
    world.eventually(function() return seen.began end)
    assert.is_true(coroutine.close(co))
    world.eventually(function() return seen.over and rpc.stats().pending == 0 end)
    assert.is_true(seen.status == 1818 or seen.status == 1820)
  end, {
    managers = function(seen)
      return { Put = function(_, _, data)
        seen.began = true
        seen.status = status_of(data.pull, data)
        seen.over = true
        rpc.raise(seen.status)
      end }
    end,
  }))

  it("of a manager that is interrupted as it waits for the data is given up", with(function(w, seen)
    seen.nested = rpc.client(pipes.Sync, w.server:bindings()[1])
    for _, name in ipairs { "Put", "Get" } do
      seen.name, seen.inner, seen.err, seen.over = name, nil, nil, rpc.event()
      local call = w.client.async:Plain(1)
      world.eventually(function() return seen.inner end)
      call:cancel()
      assert.equal(1818, (status_of(call.await, call)))
      assert.matches("^the wait was interrupted", seen.err.message)
      seen.over:set()
    end
    world.eventually(function() return rpc.stats().parked == 0 end)
    seen.nested:close()
  end, {
    managers = function(seen)
      local function stand(call)
        seen.inner = call
        seen.over:wait()
        rpc.raise(5)
      end
      return { Put = stand, Get = stand, Plain = function(call)
        call:on_cancel "raise"
        local ok, err = pcall(seen.nested[seen.name], seen.nested, 1, function() return ("x"):rep(65536) end)
        seen.err = not ok and err
        error(err, 0)
      end }
    end,
  }))

  it("raises its failure in full, wherever its data was", with(function(w)
    for _, make in ipairs {
      function() return status_of(w.client.Put, w.client, 4711, function() return ("x"):rep(65536) end) end,
      function() return status_of(w.client.Get, w.client, 4711, function() end) end,
    } do
      local status, err = make()
      assert.same({ 4711, 4711, "fault" }, { status, err.fault, err.where })
    end
    local limited = w.client:with { timeout = 30 }
    local status, err = status_of(limited.Put, limited, 0, function() rpc.sleep(1) return "x" end)
    assert.same({ 1818, "timeout" }, { status, err.reason })
  end, {
    managers = function()
      return {
        Put = function(call, a, data)
          if a == 4711 then rpc.raise(a) end
          drain(data)
          return call and 0, 0
        end,
        Get = function(_, a, data)
          data:push "abc"
          rpc.raise(a)
        end,
      }
    end,
  }))

  it("has a failure as a result where the interface says so", h.async(function()
    local text = [[[uuid(0f6f3f5c-6d1e-4d3a-9a53-2f60a3f1c7b3), version(1.0)] interface S {
      typedef pipe byte P; error_status_t F([in] P p, [out] long *n); }]]
    local iface = rpc.idl.parse(text, { acf = "interface S { [comm_status, fault_status] F(); }" }).S
    local w = pipes.open(h.binding "memory", "ndr20", { F = function(_, p)
      if drain(p) == "bad" then rpc.raise(4711) end
      return 0, 5
    end }, { interface = iface, client_interface = iface })
    assert.same({ 0, 5 }, { w.client:F "good" })
    assert.equal(4711, (w.client:F "bad"))
    w.close()
  end))
end)

describe("a synchronous manager", function()
  it("that returns before its pipes are done faults with 1917, and is reported", with(function(w)
    assert.equal(1917, (status_of(w.client.Put, w.client, 1, "abc")))
    assert.matches("Put: complete: the call was completed before its pipes were", tostring(h.reported(1)[1]))
    assert.equal(1917, (status_of(w.client.Get, w.client, 1, function() end)))
    assert.matches("Get: complete: the call was completed before its pipes were", tostring(h.reported(1)[1]))
  end, {
    managers = function()
      return { Put = function() return 1, 2 end, Get = function() return 1, 2 end }
    end,
  }))

  it("that returns because it was cancelled is not", with(function(w, seen)
    local call = w.client.async:Put(1)
    world.eventually(function() return seen.call end)
    call:cancel()
    assert.equal(1818, (status_of(call.await, call)))
    world.eventually(function() return rpc.stats().parked == 0 end)
  end, {
    client_interface = pipes.Async,
    managers = function(seen)
      return { Put = function(call, _, data)
        seen.call = call
        pcall(data.pull, data)
        return 1, 2
      end }
    end,
  }))

  it("is not run for plain arguments that are none, or end too soon", h.async(function()
    local function with_arguments(text)
      return rpc.idl.parse(([[[uuid(0f6f3f5c-6d1e-4d3a-9a53-2f60a3f1c7b4), version(1.0), pointer_default(unique)]
        interface B { typedef pipe byte P; void F(%s [in] P p); }]]):format(text)).B
    end
    local ran
    local served = with_arguments "[in] long a, [in, string] char *text, [in, unique] long *more,"
    for _, case in ipairs {
      { "[in] long a,", 1783, 5 }, -- breaks off
      { "[in] long a, [in] long n, [in] long o, [in] long m, [in] long c,", 1783, 5, 1, 0, 2, 0 }, -- more than its room
      { "", 1783 },
    } do
      local w = pipes.open(h.binding "memory", "ndr20", { F = function() ran = true end },
        { interface = served, client_interface = with_arguments(case[1]) })
      local arguments = table.move(case, 3, #case, 1, {})
      arguments[#arguments + 1] = ""
      assert.equal(case[2], (status_of(w.client.F, w.client, table.unpack(arguments))))
      w.close()
    end
    assert.is_nil(ran)
  end))

  it("gets plain arguments that come in many fragments, before any data", with(function(w, seen)
    local text = ("wide \xe2\x82\xac"):rep(3000)
    local call, one, two, three, four = w.client.async:Many(3, text)
    world.eventually(function() return seen.text end)
    assert.equal(text, seen.text)
    one:close()
    three:close()
    assert.equal("", (drain(two)))
    assert.equal("", (drain(four)))
    assert.same({ 3, 4 }, { call:await() })
  end, {
    client_interface = pipes.Async,
    client = { max_fragment = 2048 },
    managers = function(seen)
      return { Many = function(_, one, a, two, three, four, text)
        seen.text = text
        drain(one)
        drain(three)
        two:close()
        four:close()
        return a, 4
      end }
    end,
  }))
end)
