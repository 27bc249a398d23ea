-- The rows of the conformance table, the specs that name each (#33 in a title) and the transports they ran
-- on, from the results of the last runs: lua5.4 spec/support/rows.lua FOLDER ...
local rows, last = {}, 0

for line in io.lines "spec/data/rows.tsv" do
  local number, text = line:match "^(%d+)\t(.+)$"
  number = tonumber(number)
  rows[number] = { text = text, specs = {}, order = {} }
  last = math.max(last, number)
end

-- A spec's name without transport and row numbers: the same spec on three transports is one.
local function plain(name)
  return (name:gsub("%[%w+%] ?", ""):gsub("%s*#%d+", ""))
end

local function add(row, verdict, name)
  local key = plain(name)
  local spec = row.specs[key]
  if not spec then
    spec = { on = {}, bad = verdict ~= "passed" and verdict or nil }
    row.specs[key] = spec
    row.order[#row.order + 1] = key
  end
  spec.bad = spec.bad or (verdict ~= "passed" and verdict or nil)
  for _, transport in ipairs { "tcp", "unix", "memory" } do
    if name:find("[" .. transport .. "]", 1, true) then spec.on[transport] = true end
  end
end

local function read(path)
  for line in io.lines(path) do
    local verdict, name = line:match "^(%l+)\t([^\t]*)\t"
    if verdict then
      for number in name:gmatch "#(%d+)" do
        local row = rows[tonumber(number)]
        if row then add(row, verdict, name) end
      end
    end
  end
end

local function transports(on)
  local list = {}
  for _, name in ipairs { "tcp", "unix", "memory" } do
    if on[name] then list[#list + 1] = name end
  end
  return #list > 0 and (" [" .. table.concat(list, " ") .. "]") or ""
end

for _, folder in ipairs(arg) do
  for path in io.popen(("ls '%s'/*.tsv 2>/dev/null"):format(folder)):lines() do read(path) end
end

local covered = 0
for number = 1, last do
  local row = rows[number]
  print(("#%d %s"):format(number, row.text))
  if #row.order > 0 then covered = covered + 1 end
  for _, name in ipairs(row.order) do
    local spec = row.specs[name]
    print(("      %s%s%s"):format(spec.bad and spec.bad:upper() .. " " or "", name, transports(spec.on)))
  end
end
print(("%d of %d rows are named by a spec"):format(covered, last))
