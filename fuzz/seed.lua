-- Makes seeds out of the recorded exchanges: lua seed.lua FOLDER FILE.hex.txt ... writes FOLDER/TARGET/NAME.
-- See fuzz.h for their form.
local folder = table.remove(arg, 1)
local TARGETS = { "frame", "pdu", "client", "server", "ndr", "pipe", "graph", "pickle", "idl" }
local MOST = 6000

for _, target in ipairs(TARGETS) do os.execute("mkdir -p " .. folder .. "/" .. target) end

local function write(target, name, bytes)
  local f = assert(io.open(folder .. "/" .. target .. "/" .. name, "wb"))
  f:write(bytes)
  f:close()
end

-- Connections of a file, each a list of { client = whether, bytes = a PDU }.
local function read(path)
  local conns, conn, step = {}, 0, nil
  for line in io.lines(path) do
    if line:match "^## connect" then conn = conn + 1
    elseif line:match "^## " then
      local n = tonumber(line:match "conn(%d+)") or conn
      conns[n] = conns[n] or {}
      step = { client = line:match "C>S" ~= nil or line:match "^## C " ~= nil, bytes = "" }
      table.insert(conns[n], step)
    elseif step and line:match "^%x" then
      step.bytes = step.bytes .. line:match "^%x+":gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end)
    end
  end
  return conns
end

local function type_of(pdu) return pdu:byte(3) end
local function ends(pdu) return pdu:byte(4) & 2 ~= 0 end

local function stream(steps, client)
  local all = {}
  for _, s in ipairs(steps) do if s.client == client then all[#all + 1] = s.bytes end end
  return table.concat(all):sub(1, MOST)
end

local function knobs(first) return string.char(first) .. ("\0"):rep(7) end

local function server_seed(steps, first)
  local items = { string.char(first, 0, 3, 0, 2, 3, 0, 0) }
  for _, s in ipairs(steps) do
    if s.client and #s.bytes >= 16 then items[#items + 1] = "\0" .. s.bytes end
  end
  return table.concat(items):sub(1, MOST)
end

-- What the client said is asked for again; answers get the ids of our questions.
local function client_seed(steps, first, forgets)
  local items, calls, contexts = { knobs(first) }, 0, 0
  for _, s in ipairs(steps) do
    local pdu = s.bytes
    local kind = #pdu >= 16 and type_of(pdu)
    if not s.client and kind then
      items[#items + 1] = "\8" .. pdu
      if forgets and kind == 2 and not ends(pdu) then items[#items + 1] = "\6" .. string.char((calls - 1) % 16) end
    elseif kind == 11 or kind == 14 then
      items[#items + 1] = "\5" .. string.char(contexts % 8)
      contexts = contexts + 1
    elseif kind == 0 and ends(pdu) then
      items[#items + 1] = "\4" .. string.char(calls % 16)
      calls = calls + 1
    elseif kind == 18 or kind == 19 then
      items[#items + 1] = kind == 18 and "\7\0" or "\6\x80"
    end
  end
  return table.concat(items):sub(1, MOST)
end

for _, path in ipairs(arg) do
  local name = path:gsub("%.hex%.txt$", ""):gsub("^.*/", "")
  for n, steps in pairs(read(path)) do
    local id = name .. "-" .. n
    write("frame", id .. "-c", knobs(0) .. stream(steps, true))
    write("frame", id .. "-s", "\1\7\0\40\1\200\16\24" .. stream(steps, false))
    write("server", id, server_seed(steps, 0x18))
    write("client", id, client_seed(steps, 0x18))
    write("client", id .. "-f", client_seed(steps, 0x18, true))
    for i, s in ipairs(steps) do
      if #s.bytes >= 16 and #s.bytes < MOST then write("pdu", id .. "-" .. i, "\16\0" .. s.bytes) end
      if name:find "pipes" and #s.bytes > 28 and (type_of(s.bytes) == 0 or type_of(s.bytes) == 2) then
        local offset = type_of(s.bytes) == 2 and 0 or name:find "^go" and 20 or 4
        write("pipe", id .. "-" .. i, string.char(name:find "^go" and 0 or 2, 1 | (offset & 7) << 3, 1, 100, 3, 0, 7, 33) ..
          s.bytes:sub(25 + offset, 24 + offset + 1500))
      end
    end
  end
end

-- A stub of small numbers for every type of ndr.c, in both syntaxes.
for kind = 0, 25 do
  local stub = ("\1\0\0\0\0\0\0\0"):rep(24)
  write("ndr", ("%d-20"):format(kind), string.char(kind, 1) .. stub:gsub("\1\0\0\0\0\0\0\0", "\1\0\0\0"))
  write("ndr", ("%d-64"):format(kind), string.char(kind, 0) .. stub)
end

-- Pipes of three chunks for every kind of pipe.c, in both syntaxes and byte orders, and the recorded ones.
local UNITS = { { 1, 2, 4, 8, 16, 12, 5, 2, 6, 25 }, { 1, 2, 4, 8, 16, 16, 6, 4, 6, 40 } }
local ALIGNS = { { 1, 2, 4, 8, 8, 8, 2, 2, 2, 8 }, { 1, 2, 4, 8, 8, 8, 2, 4, 2, 8 } }

local function pipe_seed(kind, s, order)
  local parts, at = {}, 0
  local function put(bytes, align)
    local all = ("\0"):rep(-at % align) .. bytes
    parts[#parts + 1] = all
    at = at + #all
  end
  local word = order .. (s == 2 and "i8" or "i4")
  for _, n in ipairs { 2, 3, 5, 0 } do
    put(word:pack(n), s * 4)
    for i = 1, n do put(string.char(i):rep(UNITS[s][kind + 1]), ALIGNS[s][kind + 1]) end
    if s == 2 then put(word:pack(-n), 8) end
  end
  return table.concat(parts)
end

for kind = 0, 9 do
  for options = 0, 3 do
    local bytes = pipe_seed(kind, options & 1 == 1 and 1 or 2, options & 2 == 2 and ">" or "<")
    write("pipe", ("%d-%d"):format(kind, options), string.char(kind, options, 1, 2, 3, 5, 8, 0) .. bytes)
    write("pipe", ("%d-%dr"):format(kind, options), string.char(kind, options | 4, 0, 7, 0, 30, 0, 1) .. bytes)
  end
end

-- Two graphs for graph.c: a list of lists, and a struct with a counted array.
local graph = string.char(0, 6,
  0, 0, 2, 0,                       -- 0: a long
  7, 4, 0, 0, 1, 0, 1, 1, 0, 0,     -- 1: a conformant array of 0, as slot 0 says
  5, 0, 0, 0, 1,                    -- 2: a pointer to 1
  6, 0, 0, 0, 2, 0x80, 0, 0, 2,     -- 3: a struct of 0, in slot 0, and 2
  5, 0, 0, 0, 5,                    -- 4: a pointer to 5
  6, 0, 0, 0, 2, 0, 0, 0, 4,        -- 5: a struct of 0 and 4
  2, 0, 3, 0, 5)
write("graph", "lists", graph .. ("<I4I4I4I4I4I4I4I4"):pack(2, 1, 2, 7, 8, 9, 4, 0))

-- Bytes of small numbers for every type of pickle.lua, with and without headers.
for kind = 0, 14 do
  local body = ("\1\0\0\0"):rep(24)
  write("pickle", kind .. "-l", string.char(kind, 1) .. body)
  write("pickle", kind .. "-b", string.char(kind, 3) .. ("\0\0\0\1"):rep(24))
  write("pickle", kind .. "-h", string.char(kind, 0) .. "\1\16\8\0\xcc\xcc\xcc\xcc" .. ("<I4I4"):pack(#body, 0) .. body)
end

-- The interfaces and the mistakes of spec/idl, with their ACFs.
local function text_of(path)
  local f = io.open(path, "rb")
  local text = f and f:read "a"
  if f then f:close() end
  return text
end

for path in io.popen("ls spec/idl/*.idl examples/*.idl"):lines() do
  local text, acf = text_of(path), text_of((path:gsub("idl$", "acf")))
  if acf then text = text .. "\0" .. acf end
  if #text < MOST then write("idl", path:match "[^/]*$", text) end
end
write("idl", "import", 'import "a.idl"; #include "b.h"\n interface I { L F(); }\0\0typedef long L;\0#define X 1\n')
