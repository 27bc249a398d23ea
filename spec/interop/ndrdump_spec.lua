-- Samba's ndrdump reads the chunks of our pipes.
local h = require "spec.support.harness"
local program = require "spec.support.program"

local dir = os.getenv "XDG_RUNTIME_DIR"
local writer, stub = dir .. "/pipe_chunks", dir .. "/stub"

local function run(command, args)
  local code, words = program.run(command, args)
  assert.equal(0, code, words)
  return words
end

local function compile()
  run(os.getenv "CC" or "cc", { "-std=c11", "-D_GNU_SOURCE", "-Icsrc", "-o", writer, "spec/interop/pipe_chunks.c",
    os.getenv "BUILD" .. "/lib/libasyncrpc.a", "-luv" })
end

-- The counts of the chunks that ndrdump saw, and all their bytes.
local function chunks(words)
  local counts, bytes = {}, {}
  for line in words:gmatch "[^\n]+" do
    local count = line:match "^%s+count%s+: 0x%x+ %((%d+)%)"
    if count then counts[#counts + 1] = math.tointeger(count) end
    local hex = line:match "^%s+array%s+: (%x*)" or (line:match "^%[%x+%] (.*)$" or ""):sub(1, 50):gsub("[^%x]", "")
    bytes[#bytes + 1] = hex:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
  end
  return counts, table.concat(bytes)
end

describe("ndrdump reads chunks of bytes and what stands behind them", function()
  lazy_setup(h.main(compile))
  for _, syntax in ipairs { "20", "64" } do
    for _, lengths in ipairs { {}, { 1 }, { 3, 5 }, { 300, 1, 2 }, { 4, 8, 7, 1, 65535 } } do
      it(("NDR%s, chunks of %s"):format(syntax, table.concat(lengths, ", ")), h.main(function()
        local f = assert(io.open(stub, "wb"))
        f:write(run(writer, { syntax, table.unpack(lengths) }))
        f:close()
        local args = { "frstrans", "frstrans_RawGetFileDataAsync", "out", stub }
        if syntax == "64" then table.insert(args, 1, "--ndr64") end
        local words = run("ndrdump", args)
        local expected, all = { table.unpack(lengths) }, {}
        expected[#expected + 1] = 0
        for _, n in ipairs(lengths) do
          for _ = 1, n do all[#all + 1] = string.char(#all % 256) end
        end
        local counts, bytes = chunks(words)
        assert.same(expected, counts)
        assert.equal(table.concat(all), bytes)
        assert.truthy(words:find("result%s+: WERR_OK"))
        assert.truthy(words:find("dump OK", 1, true))
      end))
    end
  end
end)
