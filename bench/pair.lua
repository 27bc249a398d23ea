-- Runs a server and a client, each a process on a CPU of its own, and gives what the client printed.
local dir = os.getenv "TMPDIR" or "/tmp"
local pair = { dir = dir }

local function capture(command)
  local pipe = assert(io.popen(command))
  local words = pipe:read "a"
  pipe:close()
  return words
end

local serial = os.time() % 20000

-- An address, and a shell's test for whether it is listened on.
local function place(transport)
  serial = serial + 1
  if transport == "tcp" then
    local port = 20000 + serial % 10000
    return "tcp:" .. port, ('grep -q ":%04X 00000000:0000 0A" /proc/net/tcp'):format(port)
  end
  local socket = ("%s/arpc-bench-%d-%d"):format(dir, os.time() % 100000, serial)
  return "unix:" .. socket, "[ -S " .. socket .. " ]"
end

-- peer: { server =, client = }, commands; how: { cpus = { 0, 1 }, transport = "unix", wrap_server =, wrap_client = }:
-- `wrap_*` stand in front of the commands; strace is ended by ending its child.
function pair.run(peer, workload, arguments, how)
  local address, listens = place(how.transport)
  local script = ([[
    taskset -c %s %s %s %s & server=$!
    i=0; while ! %s && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
    BENCH_SRV=$server timeout 120 taskset -c %s %s %s %s %s %s
    pkill -P $server || kill $server 2>/dev/null; wait $server 2>/dev/null; rm -f %s
  ]]):format(how.cpus[1], how.wrap_server or "", peer.server, address, listens, how.cpus[2], how.wrap_client or "",
    peer.client, address, workload, arguments, address:match "^unix:(.*)" or "")
  return capture(("sh -c '%s' 2>&1"):format(script))
end

function pair.median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

return pair
