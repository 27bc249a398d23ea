-- Samba's marshalling and ours: the same values make the same bytes, and the same bytes the same values, in NDR20
-- of both orders and in NDR64. The interfaces are those of spec/idl, their values random.
local core = require "asyncrpc.core"
local compile = require "asyncrpc.idl.compile"
local files = require "asyncrpc.idl.files"
local h = require "spec.support.harness"
local idl = require "asyncrpc.idl"
local peer = require "spec.interop.samba_peer"
local random_values = require "spec.interop.random_values"
local stubs = require "spec.support.stubs"
local table_of_cases = require "spec.interop.samba_values_cases"

local TIMES = 60 -- random values of each
-- Fewer values, or others, may miss what is known to differ.
local usual = h.scale(TIMES) == TIMES and not os.getenv "ARPC_SEED"

local samba

-- Context handles are given as what they are on the wire: a script cannot make them up.
local HANDLE = "typedef struct {unsigned long attributes; GUID uuid;} %1;"
local EDITS = {{"typedef%s+%[context_handle%]%s+void%s*%*%s*([%w_]+)%s*;", HANDLE},
  {"%[in, ref%] DRS_HANDLE", "[in] DRS_HANDLE"}}

-- What fn() makes, and the last description that the compiler makes meanwhile by that name.
local function described(by, wanted, fn)
  local original, description = compile[by], nil
  compile[by] = function(...)
    local made = original(...)
    if made.name == wanted then description = made end
    return made
  end
  local ok, made = pcall(fn)
  compile[by] = original
  if not ok then error(tostring(made), 0) end
  return made, description
end

local loaded = {}

-- An interface and its description.
local function load_file(path, name)
  if loaded[path] then return loaded[path] end
  local text = assert(files.read(path))
  for _, edit in ipairs(EDITS) do text = text:gsub(edit[1], edit[2]) end
  local found, description = described("compile", name, function()
    return idl.parse(text, {name = path, folder = files.folder(path)})
  end)
  loaded[path] = {iface = found[name], description = description}
  return loaded[path]
end

local function opnum_of(x, name)
  local p = assert(x.iface:find(name), name)
  assert(not p.refused, p.refused)
  return p.opnum
end

-- What a script gives, by place.
local function arguments(list, all)
  local args, n = {}, 0
  for i, m in ipairs(list.members) do
    if m.place then args[m.place], n = all[i], math.max(n, m.place) end
  end
  args.n = n
  return args
end

local function copy(t)
  return table.move(t, 1, #t, 1, {})
end

local forms = {{"L", "ndr20", false}, {"B", "ndr20", true}, {"6", "ndr64", false}}

-- Samba's bytes are ours (the other order is read only), and mean the same here. Where they are known to
-- differ, row.differs[form] says why, and it is noted that they do; with row.otherwise they mean the same all the same.
local function check_bytes(row, where, answer, encode, decode, args)
  for _, form in ipairs(forms) do
    local key, transfer, big = table.unpack(form)
    local theirs = answer[key]
    local ours = theirs and not big and encode(transfer)
    if row.differs and row.differs[key] then
      row.seen = row.seen or ours and ours ~= theirs or big
    elseif theirs then
      if ours and row.otherwise then row.other = row.other or ours ~= theirs
      elseif ours then assert.equal(stubs.hex(theirs), stubs.hex(ours), where .. " " .. key) end
      assert.same(args, table.pack(decode(transfer, theirs, big)), where .. " " .. key)
    end
  end
end

local function context(row, description)
  return {types = description.types, null = peer.null, compare = row.compare, inlined = row.inlined}
end

local function direction(row, x, way, opnum, proc, all, kept_before, answer)
  local list = way == "in" and proc["in"] or proc.out
  local args = arguments(list, all)
  local where = row.ours .. " " .. way
  if not row.unread then random_values.agree(context(row, x.description), list, all, answer.values, where) end
  check_bytes(row, where, answer, function(transfer)
    return core.encode(x.iface.core, opnum, way, transfer, copy(kept_before), table.unpack(args, 1, args.n))
  end, function(transfer, bytes, big)
    return core.decode(x.iface.core, opnum, way, transfer, bytes, big, copy(kept_before))
  end, args)
end

local function check_call(row, x)
  local opnum = opnum_of(x, row.ours)
  local proc = x.description.procs[opnum + 1]
  assert.equal(samba:ask("opnum", row.samba), opnum)
  local maker = random_values.new(x.description, row)
  local ins, slots = maker:list(proc["in"], {})
  local args, kept = arguments(proc["in"], ins), {}
  local in_stub = core.encode(x.iface.core, opnum, "in", "ndr20", kept, table.unpack(args, 1, args.n))
  local outs = maker:list(proc.out, slots)
  local results = arguments(proc.out, outs)
  local out_stub = core.encode(x.iface.core, opnum, "out", "ndr20", copy(kept), table.unpack(results, 1, results.n))
  local answer = samba:ask("call", row.samba, "x" .. stubs.hex(in_stub),
    row.unanswered and "-" or "x" .. stubs.hex(out_stub))
  direction(row, x, "in", opnum, proc, ins, {}, answer["in"])
  if answer.out then direction(row, x, "out", opnum, proc, outs, kept, answer.out) end
end

local function check_type(row, x)
  rawset(x.iface.types, row.type, nil)
  local t, description = described("type_alone", row.type, function() return x.iface.types[row.type] end)
  local list = description.procs[1]["in"]
  local maker = random_values.new(description, row)
  local all = maker:list(list, {})
  local stub = core.encode(t.core, 0, "in", "ndr20", nil, all[1])
  local answer = samba:ask("type", row.samba, "x" .. stubs.hex(stub))
  random_values.agree_type(context(row, description), list.members[1].type, all[1], answer.values, row.type)
  check_bytes(row, row.type, answer, function(transfer) return core.encode(t.core, 0, "in", transfer, nil, all[1]) end,
    function(transfer, bytes, big) return core.decode(t.core, 0, "in", transfer, bytes, big) end, {all[1], n = 1})
end

local function check(row, x)
  if row.number then return assert.equal(samba:ask("opnum", row.samba), opnum_of(x, row.ours)) end
  for _ = 1, h.scale(TIMES) do (row.type and check_type or check_call)(row, x) end
end

describe("Samba's bytes and values are ours:", function()
  setup(function() samba = peer.start() end)
  teardown(function() samba:stop() end)

  for _, file in ipairs(table_of_cases) do
    for _, row in ipairs(file) do
      it(("%s, %s"):format(row.samba, row.ours or row.type), h.async(function()
        local x = load_file(file.path, file.interface)
        math.randomseed(tonumber(os.getenv "ARPC_SEED") or 20240301)
        local ok, why = pcall(check, row, x)
        if not row.unlike then assert(ok, why) end
        assert(not usual or not row.unlike or not ok, "Samba is no longer unlike us")
        assert(not usual or (not row.differs or row.seen) and (not row.otherwise or row.other),
          "Samba's bytes are no longer different")
      end, 60000))
    end
  end
end)
