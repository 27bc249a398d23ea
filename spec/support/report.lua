-- Adds up what the runs in a folder left: NAME.tsv (results), NAME.code (how the process ended), NAME.log.
-- lua5.4 spec/support/report.lua FOLDER: prints failures, skips and what was noted ("note: ..." in a log), then
-- the one closing line.
local folder = arg[1]
local count = { passed = 0, failed = 0, skipped = 0 }
local skips, notes = {}, {}

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

-- Counts the results of one process; how many failed, and whether it came to its end.
local function add(results)
  local failed, ended = 0, false
  for line in (results or ""):gmatch "[^\n]+" do
    local verdict, name, _, why = line:match "^(%l+)\t([^\t]*)\t([^\t]*)\t?(.*)$"
    if verdict then count[verdict] = count[verdict] + 1 else ended = line == "end" end
    if verdict == "failed" then failed = failed + 1 end
    if verdict == "skipped" then skips[#skips + 1] = ("skipped: %s: %s"):format(name, why) end
  end
  return failed, ended
end

local function judge(name)
  local base = folder .. "/" .. name
  local code, log = tonumber(read(base .. ".code") or ""), read(base .. ".log") or ""
  local failed, ended = add(read(base .. ".tsv"))
  for note in ("\n" .. log):gmatch "\nnote: ([^\n]+)" do notes[#notes + 1] = note end
  if failed > 0 or code ~= 0 or not ended then io.write("\n---- ", name, "\n", log) end
  if failed == 0 and (code ~= 0 or not ended) then
    count.failed = count.failed + 1
    print(("failed: %s: the process ended with exit code %s%s"):format(name, code, ended and "" or ", in the middle"))
  end
end

for name in io.popen(("cd '%s' && ls"):format(folder)):lines() do
  local stem = name:match "^(.*)%.code$"
  if stem then judge(stem) end
end
for _, line in ipairs(notes) do print(line) end
for _, line in ipairs(skips) do print(line) end
print(("%d passed, %d failed, %d skipped"):format(count.passed, count.failed, count.skipped))
os.exit(count.failed == 0 and count.passed > 0)
