-- The client of a file repository. What was broken off goes on where it stood.
local usage = [[
lua5.4 examples/filecopy/client.lua BINDING COMMAND
  list               what is there
  get NAME [FOLDER]  a file from there, into FOLDER (default .)
  put PATH           a file to there
]]
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local FileRepository = rpc.idl.load(here .. "/filecopy.idl").FileRepository
local files = dofile(here .. "/files.lua")
local E = FileRepository.constants

local words = {
  [E.ERROR_FILE_NOT_FOUND] = "there is no such file",
  [E.ERROR_ACCESS_DENIED] = "the repository can have no file of that name",
  [E.ERROR_CRC] = "what arrived is not what was sent; start again",
  [E.ERROR_SHARING_VIOLATION] = "somebody else is storing it",
  [E.ERROR_HANDLE_EOF] = "it has changed meanwhile; start again",
}

-- A function to call with the number of bytes that have just been moved.
local function progress(name, at, size)
  local began, from, shown = uv.hrtime(), at, nil
  return function(n)
    at = at + n
    local percent = size == 0 and 100 or at * 100 // size
    if percent == shown then return end
    shown = percent
    local speed = (at - from) / (1 << 20) / ((uv.hrtime() - began) / 1e9)
    local bar = ("#"):rep(percent * 30 // 100)
    io.stderr:write(("\r%s [%-30s] %3d %%  %.0f MiB/s "):format(name, bar, percent, speed))
    if at >= size then io.stderr:write "\n" end
  end
end

local function say(verb, name, offset, size)
  print(("%s %s, %d bytes%s"):format(verb, name, size, offset > 0 and (", from %d on"):format(offset) or ""))
end

local commands = {}

function commands.list(client)
  for _, file in ipairs(client:List() or {}) do print(("%12d  %s"):format(file.size, file.name)) end
end

function commands.get(client, name, folder)
  local path = ("%s/%s"):format(folder or ".", name)
  local part = path .. files.PART
  local size = client:Size(name)
  if size < 0 then rpc.raise(E.ERROR_FILE_NOT_FOUND) end
  local offset = files.size(part) or 0
  if offset > size then offset = 0 end
  local sum = offset > 0 and files.sum_of(part, offset) or files.summer()
  local moved = progress(name, offset, size)
  local theirs
  do
    local file <close> = assert(io.open(part, offset > 0 and "ab" or "wb"))
    theirs = client:Fetch(name, offset, function(chunk)
      assert(file:write(chunk))
      sum(chunk)
      moved(#chunk)
    end)
  end
  if theirs ~= sum() then
    os.remove(part)
    rpc.raise(E.ERROR_CRC)
  end
  assert(os.rename(part, path))
  say("got", name, offset, files.size(path))
end

function commands.put(client, path)
  local name = path:match "([^/]*)$"
  local size = files.size(path) or rpc.raise(E.ERROR_FILE_NOT_FOUND)
  local _, offset = client:Size(name)
  if offset > size then offset = 0 end
  local sum = files.sum_of(path, size) or rpc.raise(E.ERROR_HANDLE_EOF)
  local moved = progress(name, offset, size)
  local file <close> = assert(io.open(path, "rb"))
  file:seek("set", offset)
  client:Store(name, offset, size, sum(), function()
    local block = file:read(files.BLOCK)
    if block then moved(#block) end
    return block
  end)
  say("put", name, offset, size)
end

local command = commands[arg[2]]
if not command or (arg[2] ~= "list" and not arg[3]) then
  io.stderr:write(usage)
  os.exit(2)
end

local client = rpc.client(FileRepository, arg[1])
local ok, err = pcall(command, client, table.unpack(arg, 3))
client:close()
if not ok then
  io.stderr:write(("%s: %s\n"):format(arg[3] or arg[2], rpc.is_error(err) and words[err.status] or tostring(err)))
  os.exit(1)
end
