-- Tables to bytes and back, without a call: lua5.4 bench/marshal.lua. The thousand records of W5 through NDR, beside
-- what else a script could use; and the time it takes to load an interface of a thousand lines. Medians of CPU time.
require "asyncrpc"
local core = require "asyncrpc.core"
local idl = require "asyncrpc.idl"
local here = arg[0]:match "^(.*)/"
local records = dofile(here .. "/records.lua")()
local ROUNDS = (tonumber(os.getenv "ARPC_ROUNDS") or 5) * 4 + 1

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

-- Microseconds of CPU that fn(value) takes.
local function timed(fn, value, times)
  local list = {}
  for i = 1, ROUNDS do
    local before = os.clock()
    for _ = 1, times do fn(value) end
    list[i] = (os.clock() - before) / times * 1e6
  end
  return median(list)
end

local ways = {}

local Bench = idl.load(here .. "/bench.idl").Bench
local opnum = Bench:find "Records".opnum
for _, transfer in ipairs { "ndr20", "ndr64" } do
  ways[#ways + 1] = { name = "asyncrpc, " .. transfer, ours = true,
    encode = function(list) return core.encode(Bench, opnum, "in", transfer, nil, list) end,
    decode = function(bytes) return core.decode(Bench, opnum, "in", transfer, bytes, false) end }
end

ways[#ways + 1] = { name = "string.pack",
  encode = function(list)
    local parts = {}
    for i = 1, #list do
      local r = list[i]
      parts[i] = ("<i4ds2"):pack(r.id, r.x, r.name)
    end
    return table.concat(parts)
  end,
  decode = function(bytes)
    local list, at, n = {}, 1, 0
    while at <= #bytes do
      local id, x, name
      id, x, name, at = ("<i4ds2"):unpack(bytes, at)
      n = n + 1
      list[n] = { id = id, x = x, name = name }
    end
    return list
  end }

for _, other in ipairs { { "lua-cjson", "cjson", "encode", "decode" }, { "lua-mpack", "mpack", "pack", "unpack" } } do
  local found, module = pcall(require, other[2])
  if found then
    ways[#ways + 1] = { name = other[1], encode = module[other[3]] or module.encode,
      decode = module[other[4]] or module.decode }
  else
    print(other[1] .. " does not load here")
  end
end

local best = {}
print "1,000 records {long; double; [string] char[16]}: us of CPU to encode, to decode"
for _, way in ipairs(ways) do
  local bytes = way.encode(records)
  local back = way.decode(bytes)
  assert(#back == 1000 and back[1000].name == records[1000].name and back[1000].x == 499.5)
  local times = { timed(way.encode, records, 20), timed(way.decode, bytes, 20) }
  print(("  %-18s %8.1f %8.1f   (%d bytes)"):format(way.name, times[1], times[2], #bytes))
  for i, t in ipairs(times) do
    local kind = (way.ours and "ours" or "others") .. i
    best[kind] = (way.ours and math.max or math.min)(best[kind] or t, t)
  end
end
print(("  faster than the fastest of the others: %.2f x, %.2f x"):format(best.others1 / best.ours1,
  best.others2 / best.ours2))

-- ---- loading

local lines = {
  '[uuid(7a0b1c2d-3e4f-5061-7283-94a5b6c7d8e9), version(1.0), pointer_default(unique)]',
  "interface Large",
  "{",
}
local function add(text)
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
end

for i = 1, 36 do
  add(([[
    #define LIMIT_$ (16 * $)
    typedef [v1_enum] enum _STATE_$
    {
        State_$_First = 1,
        State_$_Second = 0x10
    } STATE_$;
    typedef struct _ITEM_$
    {
        unsigned long Size; /* in bytes */
        STATE_$ State;
        [string] wchar_t *Name;
        [range(0, LIMIT_$)] unsigned long Count;
        [size_is(Count)] struct _ITEM_$ **Items;
    } ITEM_$, *PITEM_$;
    typedef [switch_type(unsigned long)] union _INFO_$
    {
        [case(1)] PITEM_$ Item;
        [case(2, 3)] unsigned hyper Number;
        [default] ;
    } INFO_$;
    error_status_t Query_$(
        [in] handle_t Binding,
        [in, string, unique] const wchar_t *Name, // of what is asked for
        [in] unsigned long Level,
        [out, switch_is(Level)] INFO_$ *Info,
        [in, out] unsigned long *Size,
        [out, size_is(, *Size)] ITEM_$ **Buffer);
]]):gsub("%$", tostring(i)))
end
while #lines < 999 do add(("    const long FILL_%d = %d << 2;"):format(#lines, #lines)) end
lines[#lines + 1] = "}"
local text = table.concat(lines, "\n")
assert(idl.parse(text).Large:find "Query_36" and #lines == 1000)
print(("loading an IDL of 1,000 lines (%d bytes): %.1f ms"):format(#text, timed(idl.parse, text, 1) / 1000))
