-- What went over the loopback while a body ran, as tshark reads it. For a namespace of its own: every TCP
-- connection is taken for DCE/RPC.
local program = require "spec.support.program"
local rpc = require "asyncrpc"

local capture = {}

local function tshark(path, ...)
  local code, words = program.run("tshark", { "-r", path, "-d", "tcp.port==1-65535,dcerpc", ... }, 30000)
  if code ~= 0 then error(("tshark ended with %s:\n%s"):format(code, words), 0) end
  return words
end

-- The lines of these fields, of packets that `filter` takes, as tables. A field that occurs several times in a
-- packet is comma separated.
local function fields(path, filter, ...)
  local args = { "-Y", filter, "-T", "fields" }
  for _, name in ipairs { ... } do table.move({ "-e", name }, 1, 2, #args + 1, args) end
  local lines = {}
  for line in tshark(path, table.unpack(args)):gmatch "[^\n]+" do
    if line:find "\t" then
      local values = {}
      for value in (line .. "\t"):gmatch "([^\t]*)\t" do values[#values + 1] = value end
      lines[#lines + 1] = values
    end
  end
  return lines
end

local function each(list, fn)
  for value in list:gmatch "[^,]+" do fn(value) end
end

-- What tshark makes of it:
--   types   how many PDUs of each type
--   parts   how many that are not first and last fragment at once
--   most    the largest number of requests on a connection that wait for their answer
--   odd     what is malformed, warned of, or no PDU at all, as lines
local function read(path)
  local found = { types = {}, parts = 0, most = 0, odd = {} }
  local bytes, covered = 0, 0
  -- Without what TCP sent again because the acknowledgement was slow.
  local once = "tcp.len > 0 && !tcp.analysis.retransmission && !tcp.analysis.spurious_retransmission"
  for _, line in ipairs(fields(path, once, "tcp.stream", "tcp.len")) do bytes = bytes + tonumber(line[2]) end
  local names = { "tcp.stream", "dcerpc.pkt_type", "dcerpc.cn_flags", "dcerpc.cn_frag_len" }
  local open = {}
  for _, line in ipairs(fields(path, "dcerpc", table.unpack(names))) do
    local kinds, flags = {}, {}
    each(line[2], function(kind) kinds[#kinds + 1] = tonumber(kind) end)
    each(line[3], function(flag) flags[#flags + 1] = tonumber(flag) end)
    each(line[4], function(len) covered = covered + tonumber(len) end)
    for i, kind in ipairs(kinds) do
      found.types[kind] = (found.types[kind] or 0) + 1
      if flags[i] & 3 ~= 3 then found.parts = found.parts + 1 end
      local waiting = open[line[1]] or 0
      if kind == 0 and flags[i] & 2 ~= 0 then waiting = waiting + 1 end
      if (kind == 2 or kind == 3) and flags[i] & 2 ~= 0 then waiting = waiting - 1 end
      open[line[1]] = waiting
      found.most = math.max(found.most, waiting)
    end
  end
  if covered ~= bytes then found.odd[1] = ("%d bytes came, %d of them in PDUs"):format(bytes, covered) end
  -- 0x600000 is a warning; the TCP dissector's words are about TCP.
  local strange = "_ws.malformed || (_ws.expert.severity >= 0x600000 && !tcp.analysis.flags && !tcp.options.sack.dsack)"
  for _, line in ipairs(fields(path, strange, "frame.number", "_ws.malformed", "_ws.expert.message")) do
    found.odd[#found.odd + 1] = table.concat(line, " ")
  end
  return found
end

-- Runs body() and returns what read makes of the packets.
function capture.of(body)
  local path = os.getenv "XDG_RUNTIME_DIR" .. "/" .. tostring(body):match "0x%x+" .. ".pcap"
  local dump = program.start("dumpcap", { "-i", "lo", "-q", "-P", "-B", "16", "-f", "tcp", "-w", path })
  program.with(dump, function()
    dump:expect("File: ", 10000)
    body()
    rpc.sleep(300) -- the last packets
  end)
  return read(path)
end

return capture
