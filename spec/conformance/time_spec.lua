-- Rows 68-71, 84, 115: time and order, from scripts. Their edges are in spec/c/rpc_time_test.c, on a clock that
-- stands still.
local h = require "spec.support.harness"
local rpc = require "asyncrpc"
local world = require "spec.support.world"
local status_of, eventually = world.status_of, world.eventually

-- Ends with 1818 because time was over.
local function timed_out(call)
  local status, err = status_of(call.await, call)
  assert.same({ 1818, "timeout" }, { status, err.reason })
  return err
end

h.transports(function(_, binding)
  local with = world.with(binding)

  it("#68 timeout and deadline end asynchronous and synchronous calls, of a client and of a view", with(function(w)
    w.client:Nothing()
    for _, name in ipairs { "timeout", "deadline" } do
      local function view() return w.client:with { [name] = name == "timeout" and 5 or rpc.now() + 5 } end
      timed_out(view().async:Slow(1))
      local limited = view()
      local status, err = status_of(limited.Slow, limited, 2)
      assert.same({ 1818, "timeout" }, { status, err.reason })
    end
    assert.same({ 1, 2 }, { w.client:Slow(3) }) -- the client itself has no limit, and lives on
    for _, parked in ipairs(w.options.all) do
      eventually(function() return (parked:cancelled()) end)
      parked:abort(1818)
    end
  end, function()
    local all = {}
    return {
      all = all,
      managers = {
        Slow = function(call, id)
          if id < 3 then all[#all + 1] = call else call:complete(1, 2) end
        end,
      },
    }
  end))

  it("#68 a timeout that has passed sends nothing", with(function(w)
    local late = w.client:with { deadline = rpc.now() - 1000 }
    local err = timed_out(late.async:Slow(1))
    assert.same({ false, "connect" }, { err.maybe_executed, err.phase })
    assert.equal(3, w.client:with({ deadline = math.huge, timeout = math.huge }):Add(1, 2))
    assert.is_nil(w.parked[1])
  end))

  it("#68 after a timeout the server has the grace: what it answers counts", with(function(w)
    w.client:Nothing() -- connected: what is issued is sent at once, and not given up on its way
    local call = w.client:with({ timeout = 5, grace = 60000 }).async:Slow(1)
    local parked = w.arrived(1)
    eventually(function() return (parked:cancelled()) end)
    assert.equal(997, call:status())
    parked:complete(10, 2)
    assert.same({ 10, 2 }, { call:await() })
    local stopped = w.client:with({ timeout = 5, grace = 60000 }).async:Slow(2)
    local second = w.arrived(2)
    second:subscribe("cancel", function(c) c:abort(1818) end)
    local err = timed_out(stopped)
    assert.equal("fault", err.where)
  end))

  it("#68 remaining() counts down on the client's side, and a handle has the deadline", with(function(w)
    local before = rpc.now()
    local call = w.client:with({ timeout = 60000 }).async:Slow(1)
    local left = call:remaining()
    assert.is_true(left > 0 and left <= 60000 and math.type(left) == "integer", left)
    assert.is_true(call.deadline >= before + 60000 and call.deadline <= rpc.now() + 60000)
    local parked = w.arrived(1)
    assert.is_nil(parked:remaining()) -- it was not handed over
    assert.is_nil(parked.deadline)
    parked:complete(1, 2)
    call:await()
    assert.equal(1914, (status_of(call.remaining, call)))
    local free = w.client.async:Slow(2)
    assert.is_nil(free:remaining())
    w.arrived(2):complete(1, 2)
    free:await()
  end))

  it("#69 a deadline travels to the server and on from it, if asked", with(function(w)
    local call, seen = w.client:with({ timeout = 60000 }).async:Slow(1), w.options.seen
    eventually(function() return seen[2] end)
    local left = seen[2]:remaining()
    assert.is_true(left > 0 and left <= 60000, left)
    assert.is_true(math.abs(seen[2].deadline - call.deadline) < 5000)
    seen[2]:complete(20, 3)
    assert.same({ 20, 3 }, { call:await() })
    assert.same({ x = 2, y = 1 }, w.client:Swap { x = 1, y = 2 }) -- without a deadline
    w.options.nested:close()
  end, function()
    local options = { client = { pass_deadline = true }, seen = {} }
    options.managers = {
      Slow = function(call, id)
        options.seen[id] = call
        if id > 1 then return end
        options.nested = rpc.client(world.Test, world.current, { pass_deadline = true })
        call:complete(options.nested:with({ deadline = call.deadline }):Slow(2))
      end,
    }
    return options
  end))

  it("#70 keep-alive levels are 0 to 10, else 1709", with(function(w)
    for level = 0, 10 do
      local client = rpc.client(world.Test, w.binding, { keep_alive = level })
      assert.equal(3, client:Add(1, 2))
      client:close()
    end
    for _, bad in ipairs { -1, 11, 1.5, "x" } do
      assert.equal(1709, (status_of(rpc.client, world.Test, w.binding, { keep_alive = bad })))
    end
  end))

  it("#71 math.huge is no limit, on a call and on connecting", with(function(w)
    local client = rpc.client(world.Test, w.binding, { connect_timeout = math.huge, timeout = math.huge })
    assert.equal(3, client:Add(1, 2))
    local call = client.async:Park(1)
    assert.is_nil(call:remaining())
    w.arrived(1):complete()
    call:await()
    client:close()
  end))

  it("#84 calls are dispatched in the order of issue, synchronous ones among them", with(function(w)
    local order, n = w.options.order, h.scale(200)
    local calls = {}
    for i = 1, n do
      if i % 5 == 0 then
        calls[i] = rpc.spawn(function() return w.client:Echo(("%04d"):format(i)) end)
      else
        calls[i] = w.client.async:Echo(("%04d"):format(i) .. ("x"):rep(i % 7 == 0 and 100000 or 0))
      end
    end
    for i = 1, n do calls[i]:await() end
    for i = 1, n do assert.equal(i, order[i]) end
  end, function()
    local order = {}
    return {
      order = order,
      managers = {
        Echo = function(_, data)
          order[#order + 1] = tonumber(data:sub(1, 4))
          rpc.sleep(math.random(0, 1))
          return data
        end,
      },
    }
  end))

  it("#115 #84 causal = false lets calls overtake, strict and false are all there is", with(function(w)
    local client = rpc.client(world.Test, w.binding, { causal = false, max_connections = 2 })
    local large, done = ("x"):rep(3000000), 0
    for _ = 1, 4 do client.async:Echo(large, function(err) done = done + (err and 0 or 1) end) end
    assert.equal(3, client:Add(1, 2))
    eventually(function() return done == 4 end)
    client:close()
    for _, bad in ipairs { true, 1, "loose" } do
      assert.equal(87, (status_of(rpc.client, world.Test, w.binding, { causal = bad })))
    end
  end))

  it("times are numbers of 0 or more", with(function(w)
    for _, name in ipairs { "timeout", "grace", "deadline", "connect_timeout" } do
      for _, bad in ipairs { -1, "soon", 0 / 0, true } do
        assert.equal(87, (status_of(rpc.client, world.Test, w.binding, { [name] = bad })), name)
        if name ~= "connect_timeout" then
          assert.equal(87, (status_of(w.client.with, w.client, { [name] = bad })), name)
        end
      end
    end
  end))
end)
