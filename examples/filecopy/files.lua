-- What server and client have in common: files by blocks, their size, and a sum to compare them by.
local uv = require "luv"

local files = { BLOCK = 64 << 10, PART = ".part" }

local PRIME = 0x100000001b3
local WORDS = "<" .. ("i8"):rep(8)

-- 64 bytes at a time, since calls cost more than multiplications.
local function add(sum, bytes)
  for at = 1, #bytes - 63, 64 do
    local a, b, c, d, e, f, g, h = WORDS:unpack(bytes, at)
    sum = ((((sum ~ a) * PRIME ~ b) * PRIME ~ c) * PRIME ~ d) * PRIME
    sum = ((((sum ~ e) * PRIME ~ f) * PRIME ~ g) * PRIME ~ h) * PRIME
    sum = sum ~ sum >> 29
  end
  return sum
end

-- A function that takes bytes, however they are cut, and at last, called without any, gives the sum of them all.
function files.summer()
  local sum, length, rest = 0, 0, ""
  return function(bytes)
    if not bytes then return add(sum, rest .. ("\0"):rep(-#rest % 64) .. ("<i8"):pack(length):rep(8)) end
    length = length + #bytes
    bytes = rest .. bytes
    sum, rest = add(sum, bytes), bytes:sub(#bytes - #bytes % 64 + 1)
  end
end

-- nil when there is none; what is no plain file (a folder, a link out of here) counts as none.
function files.size(path)
  local stat = uv.fs_lstat(path)
  return stat and stat.type == "file" and stat.size or nil
end

-- A summer that has taken the first n bytes of a file, nil when there are not so many. Calls breathe() after each MiB.
function files.sum_of(path, n, breathe)
  local file <close> = assert(io.open(path, "rb"))
  local sum, at = files.summer(), 0
  while at < n do
    local block = file:read(math.min(files.BLOCK, n - at))
    if not block then return nil end
    sum(block)
    at = at + #block
    if breathe and at % (1 << 20) == 0 then breathe() end
  end
  return sum
end

return files
