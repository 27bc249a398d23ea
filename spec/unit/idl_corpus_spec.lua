-- spec/idl: y_ files load, and n_ files are told what is wrong with them, word for word.
local idl = require "asyncrpc.idl"
local published = require "spec.support.published"
local stubs = require "spec.support.stubs"
local uv = require "luv"

local FOLDER = "spec/idl/"

local function files(pattern)
  local list = {}
  for name in uv.fs_scandir_next, assert(uv.fs_scandir(FOLDER)) do
    if name:match(pattern) then list[#list + 1] = name:match(pattern) end
  end
  table.sort(list)
  return list
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

describe("a published interface", function()
  for _, name in ipairs(files "^y_(.*)%.idl$") do
    it("loads: " .. name, function()
      local want = assert(published[name], "the spec knows nothing of this file")
      local t = idl.load(FOLDER .. "y_" .. name .. ".idl")[want.name]
      assert.equal(want.count, #t.procs)
      for procedure, opnum in pairs(want.opnums) do assert.equal(opnum, t:find(procedure).opnum, procedure) end
      for procedure, signature in pairs(want.signatures) do assert.equal(signature, t:signature(procedure)) end
      for constant, value in pairs(want.constants or {}) do assert.equal(value, t.constants[constant], constant) end
      for _, p in ipairs(t.procs) do
        if p.refused then assert.matches("not supported", p.refused) end
        assert.equal((want.async or {})[p.name] or false, p.async)
        assert.equal(p.name, t:signature(p.opnum):match "^[%w_]+")
      end
      assert(load(idl.annotate(t)))
    end)
  end

  it("counts what may not be there as nothing", function()
    local t = stubs.load "void F([in, unique, size_is(n ? *n : 0)] byte *p, [in, out, unique] long *n);"
    assert.equal(stubs.bytes "00000000", stubs.encode(t, "F", "in", "ndr20", nil):sub(1, 4))
    assert.is_nil((stubs.decode(t, "F", "in", "ndr20", stubs.bytes "00*8")))
  end)
end)

describe("a malformed file", function()
  for _, name in ipairs(files "^n_(.*)%.idl$") do
    it("is told why: " .. name, function()
      local ok, err = pcall(idl.load, FOLDER .. "n_" .. name .. ".idl")
      assert.is_false(ok)
      assert.equal(read(FOLDER .. "n_" .. name .. ".txt"), tostring(err) .. "\n")
    end)
  end

  it("is one of many", function() assert.is_true(#files "^n_(.*)%.idl$" >= 80) end)
end)

describe("whatever became of a file", function()
  local MOST_MS = 2000
  local CHANGED_BYTES = 400000 -- of one file, all changes together

  local function tokens(text)
    local list = {}
    for piece in text:gmatch "%s*[%w_]*[^%w_%s]?" do list[#list + 1] = piece end
    return list
  end

  local changes = {
    function(list) table.remove(list, math.random(#list)) end,
    function(list) table.insert(list, math.random(#list), list[math.random(#list)]) end,
    function(list)
      local a, b = math.random(#list), math.random(#list)
      list[a], list[b] = list[b], list[a]
    end,
    function(list)
      for i = #list, math.random(#list), -1 do list[i] = nil end
    end,
  }

  for _, name in ipairs(files "^y_(.*)%.idl$") do
    it("it loads or is told why, soon: " .. name, function()
      math.randomseed(tonumber(os.getenv "ARPC_SEED") or 20240301)
      local whole = read(FOLDER .. "y_" .. name .. ".idl")
      local times = math.min(60, CHANGED_BYTES // #whole)
      for _ = 1, math.max(1, times // (tonumber(os.getenv "ARPC_SCALE") or 1)) do
        local list = tokens(whole)
        for _ = 1, math.random(3) do
          if #list > 0 then changes[math.random(#changes)](list) end
        end
        local text, start = table.concat(list), os.clock()
        local ok, err = pcall(idl.parse, text)
        assert(ok or type(err) == "table" and #err.errors > 0, tostring(err) .. "\n" .. text)
        assert((os.clock() - start) * 1000 < MOST_MS * (tonumber(os.getenv "ARPC_PATIENCE") or 1), text)
      end
    end)
  end
end)
