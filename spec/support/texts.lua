-- Files for the length of a spec: a folder of texts by name.
local uv = require "luv"

local texts = {}

local function remove(folder)
  for name, kind in uv.fs_scandir_next, assert(uv.fs_scandir(folder)) do
    local path = folder .. "/" .. name
    if kind == "directory" then remove(path) else os.remove(path) end
  end
  assert(uv.fs_rmdir(folder))
end

-- Calls fn(folder) with a folder in which the files {["dir/name"] = text} are.
function texts.with(named, fn)
  local folder = assert(uv.fs_mkdtemp((os.getenv "XDG_RUNTIME_DIR" or "/tmp") .. "/textsXXXXXX"))
  for name, text in pairs(named) do
    local inner = name:match "^(.*)/"
    if inner then uv.fs_mkdir(folder .. "/" .. inner, tonumber("700", 8)) end
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end
  local ok, err = pcall(fn, folder)
  remove(folder)
  if not ok then error(err, 0) end
end

return texts
