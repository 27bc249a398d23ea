-- Which part of the lines of Lua files ran: lua fuzz/lines.lua RAN FILE ... RAN has "FILE LINE" lines, as script.c
-- writes them. Prints the part in per cent, and after "-v" the lines that did not run. luac tells what lines there are.
local verbose = arg[1] == "-v" and table.remove(arg, 1)
local ran, total, hit = {}, 0, 0
for line in io.lines(table.remove(arg, 1)) do ran[line] = true end

for _, path in ipairs(arg) do
  local lines, missed = {}, {}
  local pipe = assert(io.popen(("luac5.4 -l -l -p %s"):format(path)))
  for words in pipe:lines() do
    local n = words:match "^%s+%d+%s+%[(%d+)%]"
    if n and not words:match "VARARGPREP" then lines[n] = true end
  end
  assert(pipe:close(), "luac5.4 failed")
  for n in pairs(lines) do
    total = total + 1
    if ran[path .. " " .. n] then hit = hit + 1 else missed[#missed + 1] = math.tointeger(n) end
  end
  table.sort(missed)
  if verbose and #missed > 0 then print(path .. ": " .. table.concat(missed, " ")) end
end
print(("%.1f"):format(100 * hit / total))
