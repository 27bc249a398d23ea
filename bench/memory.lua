-- How much the memory of two processes grows while pipes run between them: lua5.4 bench/memory.lua. Fails when it is
-- more than it may be. Called by make, which builds.
local lua = os.getenv "LUA" or "lua5.4"
local pair = dofile(arg[0]:match "^(.*)/" .. "/pair.lua")
local ours = { server = lua .. " bench/resident.lua", client = lua .. " bench/resident.lua" }
local HIGH = 256 -- KiB: pipe_high's default

local failed = 0

-- Seconds it took.
local function case(title, bound, way, arguments)
  local words = pair.run(ours, way, arguments, { cpus = { 0, 1 } })
  local secs, client, server = words:match '"secs":([%d.]+),"client":([-%d]+),"server":([-%d]+)'
  if not secs then error(("memory, %s:\n%s"):format(title, words), 0) end
  local kept = tonumber(client) < bound and tonumber(server) < bound
  failed = failed + (kept and 0 or 1)
  local line = "  %-44s client %6d KiB, server %6d KiB   %s below %d   (%.1f s)"
  print(line:format(title, client, server, kept and "is" or "IS NOT", bound, secs))
  return tonumber(secs)
end

print "Memory: growth of what is resident, at the highest"
for _, way in ipairs { "give", "take" } do
  local direction = way == "give" and "down" or "up"
  local secs = case("1 GiB " .. direction, 8192, way, "mib=1024")
  local rest = math.ceil(secs * 10 * 1000 / 1024) -- so that a MiB takes ten times as long, and the other side waits
  case(("64 MiB %s, the reader at a tenth"):format(direction), 8192, way, ("mib=64 rest=%d"):format(rest))
  case(("100 x 10 MiB %s at once"):format(direction), 100 * (HIGH + 128), way, "mib=10 pipes=100 rest=250")
end
os.exit(failed == 0 and 0 or 1)
