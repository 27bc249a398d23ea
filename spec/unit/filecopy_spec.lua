-- examples/filecopy: the server and the client as programs, and what a client of another kind may try.
local h = require "spec.support.harness"
local program = require "spec.support.program"
local rpc = require "asyncrpc"
local uv = require "luv"

local lua = os.getenv "LUA" or "lua5.4"
local FileRepository = rpc.idl.load("examples/filecopy/filecopy.idl").FileRepository
local files = dofile "examples/filecopy/files.lua"
local SIZE = 3 * (1 << 20) + 12345

local function write(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Bytes of which no two parts are alike.
local function some_bytes()
  local parts, x = {}, 1
  for i = 1, SIZE // 8 + 1 do
    x = x * 6364136223846793005 + 1442695040888963407
    parts[i] = ("<i8"):pack(x)
  end
  return table.concat(parts):sub(1, SIZE)
end

local big = some_bytes()

-- body(run, there, here, binding): a server serves the folder `there`, in which big, empty and some others lie;
-- run(...) is the client's code and words.
local function with_server(body)
  return h.async(function()
    local root = assert(uv.fs_mkdtemp((os.getenv "XDG_RUNTIME_DIR" or "/tmp") .. "/filecopyXXXXXX"))
    local there, here = root .. "/there", root .. "/here"
    assert(uv.fs_mkdir(there, 448) and uv.fs_mkdir(here, 448))
    write(there .. "/big", big)
    write(there .. "/empty", "")
    write(there .. "/.hidden", "secret")
    write(there .. "/broken.part", "broken off")
    write(root .. "/outside", "secret")
    assert(uv.fs_symlink(root .. "/outside", there .. "/link"))
    program.with(program.start(lua, { "examples/filecopy/server.lua", there }), function(server)
      server:expect("listening on", 20000)
      local binding = server:words():match "listening on (%S+)"
      body(function(...)
        return program.run(lua, { "examples/filecopy/client.lua", binding, ... }, 60000)
      end, there, here, binding)
      assert.equal(0, (server:stop(20000)), server:words())
    end)
    os.execute(("rm -rf '%s'"):format(root))
  end, 60000)
end

describe("the file repository", function()
  it("says what it holds: no hidden, unfinished or linked file", with_server(function(run)
    local code, words = run "list"
    assert.equal(0, code, words)
    assert.equal(("%12d  big\n%12d  empty\n"):format(SIZE, 0), words)
  end))

  it("streams a file down, with a bar that fills", with_server(function(run, _, here)
    local code, words = run("get", "big", here)
    assert.equal(0, code, words)
    assert.truthy(words:find("[###                           ]  1", 1, true), words)
    assert.truthy(words:find("[##############################] 100 %", 1, true), words)
    assert.truthy(words:find(("got big, %d bytes\n"):format(SIZE), 1, true), words)
    assert.is_true(read(here .. "/big") == big)
    assert.is_nil(files.size(here .. "/big.part"))
    code, words = run("get", "empty", here)
    assert.equal(0, code, words)
    assert.equal("", read(here .. "/empty"))
  end))

  it("goes on where the stream down broke off", with_server(function(run, _, here)
    write(here .. "/big.part", big:sub(1, 1000001))
    local code, words = run("get", "big", here)
    assert.equal(0, code, words)
    assert.truthy(words:find(("got big, %d bytes, from 1000001 on"):format(SIZE), 1, true), words)
    assert.is_true(read(here .. "/big") == big)
  end))

  it("finds out that what it goes on from is damaged", with_server(function(run, _, here)
    write(here .. "/big.part", "?" .. big:sub(2, 1000001))
    local code, words = run("get", "big", here)
    assert.equal(1, code, words)
    assert.truthy(words:find("big: what arrived is not what was sent", 1, true), words)
    assert.is_nil(files.size(here .. "/big"))
    assert.is_nil(files.size(here .. "/big.part"))
  end))

  it("streams a file up", with_server(function(run, there, here)
    write(here .. "/new", big)
    local code, words = run("put", here .. "/new")
    assert.equal(0, code, words)
    assert.truthy(words:find(("put new, %d bytes\n"):format(SIZE), 1, true), words)
    assert.is_true(read(there .. "/new") == big)
    assert.is_nil(files.size(there .. "/new.part"))
  end))

  it("goes on where the stream up broke off", with_server(function(run, there, here, binding)
    write(here .. "/new", big)
    local client = rpc.client(FileRepository, binding)
    local sum = files.sum_of(here .. "/new", SIZE)()
    local call, data = client.async:Store("new", 0, SIZE, sum)
    data:push(big:sub(1, 1000000))
    while select(2, client:Size "new") < 900000 do rpc.sleep(1) end -- the last of it may be in a buffer of the server's
    assert.is_false((pcall(client.Store, client, "new", 0, SIZE, sum, "")))
    call:abandon()
    assert.is_false((pcall(call.await, call)))
    client:close()
    local code, words
    repeat code, words = run("put", here .. "/new") until not words:find "somebody else"
    assert.equal(0, code, words)
    assert.truthy(words:find(("put new, %d bytes, from 1000000 on"):format(SIZE), 1, true), words)
    assert.is_true(read(there .. "/new") == big)
  end))

  it("keeps nothing that is not what was to be sent", with_server(function(_, there, _, binding)
    local client = rpc.client(FileRepository, binding)
    local function refuses(status, ...)
      local ok, err = pcall(...)
      assert.is_false(ok)
      assert.equal(status, err.status, tostring(err))
    end
    refuses(23, client.Store, client, "new", 0, 5, 12345, "hello")
    refuses(38, client.Store, client, "new", 0, 4, 12345, "hello")
    refuses(38, client.Store, client, "new", 3, 5, 12345, "lo")
    refuses(38, client.Fetch, client, "big", SIZE + 1, function() end)
    refuses(2, client.Fetch, client, "none", 0, function() end)
    assert.is_nil(files.size(there .. "/new"))
    client:close()
  end))

  it("refuses names that lead elsewhere", with_server(function(run, there, here, binding)
    local client = rpc.client(FileRepository, binding)
    local names = { "", ".", "..", "../outside", "/etc/passwd", "a/b", "a\\b", ".hidden", "broken.part" }
    for _, name in ipairs(names) do
      for _, call in ipairs {
        function() client:Size(name) end,
        function() client:Fetch(name, 0, function() error "a chunk" end) end,
        function() client:Store(name, 0, 5, 0, "hello") end,
      } do
        local ok, err = pcall(call)
        assert.is_false(ok, name)
        assert.equal(5, err.status, name .. ": " .. tostring(err))
      end
    end
    assert.equal(-1, (client:Size "link"))
    local ok, err = pcall(client.Fetch, client, "link", 0, function() error "a chunk" end)
    assert.is_true(not ok and err.status == 2, tostring(err))
    client:close()
    local code, words = run("get", "../outside", here)
    assert.equal(1, code)
    assert.truthy(words:find("../outside: the repository can have no file of that name", 1, true), words)
    assert.equal("broken off", read(there .. "/broken.part"))
  end))

  it("refuses a name with a zero byte, which it would open as another", with_server(function(_, there, _, binding)
    local text = read "examples/filecopy/filecopy.idl"
    for _, name in ipairs { "empty\0", "big\0", "broken.part\0", "link\0" } do
      local units = #name + 1
      local array = ("[in, size_is(%d), length_is(%d)] short name[]"):format(units, units) -- the same on the wire
      local same = text:gsub("%[in, string%] wchar_t %*name", array)
      local client = rpc.client(rpc.idl.parse(same, { name = "same.idl" }).FileRepository, binding)
      local wide = { (name .. "\0"):byte(1, -1) }
      for _, call in ipairs {
        function() client:Size(wide) end,
        function() client:Fetch(wide, 0, function() error "a chunk" end) end,
        function() client:Store(wide, 0, 5, 0, "hello") end,
      } do
        local ok, err = pcall(call)
        assert.is_false(ok, name)
        assert.equal(5, err.status, name .. ": " .. tostring(err))
      end
      client:close()
    end
    assert.equal("", read(there .. "/empty"))
    assert.is_true(read(there .. "/big") == big)
  end))

  it("says how it is to be used", h.async(function()
    local code, words = program.run(lua, { "examples/filecopy/client.lua" }, 20000)
    assert.equal(2, code)
    assert.truthy(words:find("get NAME", 1, true), words)
  end, 20000))
end)
