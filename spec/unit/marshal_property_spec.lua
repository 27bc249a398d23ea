-- Random types and random values of them: what is decoded is what was encoded. ARPC_SEED tries others.
local harness = require "spec.support.harness"
local model = require "spec.support.model_ndr"
local random_idl = require "spec.support.random_idl"
local stubs = require "spec.support.stubs"

local VALUES, OPINIONS = 10, 4 -- of each type
local SEED = math.tointeger(tonumber(os.getenv "ARPC_SEED")) or 1

-- Where two values differ, or nil. Tables are as much the same, or not, in both.
local function difference(a, b, path, seen)
  if type(a) ~= "table" or type(b) ~= "table" then
    if a == b and math.type(a) == math.type(b) then return nil end
    return ("%s: %s, then %s"):format(path, tostring(a), tostring(b))
  end
  if seen[a] then return seen[a] ~= b and path .. ": no longer one table" or nil end
  seen[a] = b
  for k, v in pairs(a) do
    local found = difference(v, b[k], ("%s.%s"):format(path, k), seen)
    if found then return found end
  end
  for k in pairs(b) do
    if a[k] == nil then return ("%s.%s: only then"):format(path, k) end
  end
end

-- The values a script passes or gets, in the order of the interface.
local function listed(t, proc, values)
  local p, list = t:find(proc.name), {}
  local parameters = proc.direction == "in" and p.arguments or p.results
  for i, parameter in ipairs(parameters) do list[i] = values[parameter.name] end
  list.n = #parameters
  return list
end

local function round(t, proc, list, transfer)
  local stub = stubs.encode(t, proc.name, proc.direction, transfer, nil, table.unpack(list, 1, list.n))
  local again = table.pack(stubs.decode(t, proc.name, proc.direction, transfer, stub, false))
  return difference(list, again, proc.name, {})
end

-- What Give answers, as a second implementation has it: our bytes, and what is read from the other byte order.
local function second_opinion(t, list)
  local number = t:find "Give".results[2].type
  local function stub(how)
    local w = model.encode(t.described, number, list[2], how)
    w:integer(4, list[1])
    return w:bytes()
  end
  for transfer, how in pairs {ndr20 = {}, ndr64 = {ndr64 = true}} do
    local ours = stubs.encode(t, "Give", "out", transfer, nil, table.unpack(list, 1, list.n))
    if ours ~= stub(how) then return ("%s: %s, expected %s"):format(transfer, stubs.hex(ours), stubs.hex(stub(how))) end
  end
  local again = table.pack(stubs.decode(t, "Give", "out", "ndr20", stub {big = true}, true))
  return difference(list, again, "big endian", {})
end

local function explain(seed, made, transfer, what)
  error(("seed %d, %s: %s\n%s"):format(seed, transfer, what, made.text), 0)
end

local function try_type(seed)
  local made = random_idl.new(seed)
  local ok, t = pcall(stubs.load, made.text)
  if not ok then explain(seed, made, "idl", tostring(t)) end
  for i = 1, VALUES do
    local proc = made.procs[i % #made.procs + 1]
    local list = listed(t, proc, proc.values())
    for _, transfer in ipairs {"ndr20", "ndr64"} do
      local fine, what = pcall(round, t, proc, list, transfer)
      if not fine or what then explain(seed, made, transfer, tostring(what)) end
    end
    if proc.direction == "out" and i <= OPINIONS then
      local fine, what = pcall(second_opinion, t, list)
      if not fine or what then explain(seed, made, "second opinion", tostring(what)) end
    end
  end
end

describe("random values of random types", function()
  it("come back as they went in", function()
    for i = 0, harness.scale(10000 // VALUES) - 1 do try_type(SEED + i) end
  end)
end)
