-- The server of a file repository: lua5.4 examples/filecopy/server.lua FOLDER [binding]
local rpc = require "asyncrpc"
local uv = require "luv"

local here = arg[0]:match "^(.*)/" or "."
local FileRepository = rpc.idl.load(here .. "/filecopy.idl").FileRepository
local files = dofile(here .. "/files.lua")
local E = FileRepository.constants
local folder = arg[1] or error "which folder?"

-- A name is one of a file in the folder: nothing that leads elsewhere, is hidden, no text, or not stored to its end.
-- With a zero byte in it, it would be opened as another.
local function belongs(name)
  local apart = name == "" or name:find "[/\\\0]" or name:sub(1, 1) == "." or name:sub(-#files.PART) == files.PART
  return not apart and utf8.len(name) ~= nil
end

local function path_of(name)
  if not belongs(name) then rpc.raise(E.ERROR_ACCESS_DENIED) end
  return folder .. "/" .. name
end

local function breathe()
  rpc.sleep(0) -- others have their turn
end

local manager = {}

function manager.List()
  local list = {}
  for name in uv.fs_scandir_next, assert(uv.fs_scandir(folder)) do
    local size = belongs(name) and files.size(folder .. "/" .. name)
    if size then list[#list + 1] = { name = name, size = size } end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

function manager.Size(_, name)
  local path = path_of(name)
  return files.size(path) or -1, files.size(path .. files.PART) or 0
end

function manager.Fetch(_, name, offset, data)
  local path = path_of(name)
  local size = files.size(path) or rpc.raise(E.ERROR_FILE_NOT_FOUND)
  if offset < 0 or offset > size then rpc.raise(E.ERROR_HANDLE_EOF) end
  local sum = files.sum_of(path, offset, breathe) or rpc.raise(E.ERROR_HANDLE_EOF)
  local file <close> = assert(io.open(path, "rb"))
  file:seek("set", offset)
  for block in file:lines(files.BLOCK) do
    sum(block)
    data:push(block) -- waits while the client is behind
  end
  data:close()
  return sum()
end

-- What was stored before the client went away stays, for it to go on.
local function receive(part, offset, size, data)
  local file <close> = assert(io.open(part, offset > 0 and "ab" or "wb"))
  local at = offset
  for chunk in data:chunks(files.BLOCK) do
    at = at + #chunk
    if at > size then rpc.raise(E.ERROR_HANDLE_EOF) end
    assert(file:write(chunk))
  end
end

local busy = {}

function manager.Store(_, name, offset, size, sum, data)
  local path = path_of(name)
  local part = path .. files.PART
  if busy[name] then rpc.raise(E.ERROR_SHARING_VIOLATION) end
  if offset ~= 0 and offset ~= files.size(part) then rpc.raise(E.ERROR_HANDLE_EOF) end
  busy[name] = true
  local _ <close> = setmetatable({}, { __close = function() busy[name] = nil end })
  receive(part, offset, size, data)
  local stored = files.size(part) == size and files.sum_of(part, size, breathe)
  if not stored or stored() ~= sum then
    os.remove(part)
    rpc.raise(E.ERROR_CRC)
  end
  assert(os.rename(part, path))
end

local server = rpc.server { arg[2] or "ncacn_ip_tcp:127.0.0.1[0]" }
server:register(FileRepository, manager)
server:listen()
io.stdout:setvbuf "line"
print("listening on " .. server:bindings()[1])

local signal = uv.new_signal()
signal:start("sigterm", function()
  signal:close()
  server:close()
end)
rpc.run()
