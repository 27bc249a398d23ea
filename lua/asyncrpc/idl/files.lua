-- Finding and reading the files that other files name.

local files = {}

local function read(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local text, failed = file:read "a"
  file:close()
  return text, failed
end

files.read = read

-- The same path for every way to write it, as far as that can be seen without asking the system.
local function plain(path)
  path = path:gsub("\\", "/"):gsub("/+", "/")
  local before
  repeat
    before = path
    path = path:gsub("/%./", "/"):gsub("^%./", ""):gsub("([^/]+)/%.%./", function(folder)
      return folder == ".." and "../../" or ""
    end, 1)
  until path == before
  return path
end

--- The folder of a path, to be put before a name: "a/b.idl" -> "a/".
function files.folder(path)
  return path:match "^(.*[/\\])[^/\\]*$" or ""
end

local function candidates(name, beside, folders)
  name = name:gsub("\\", "/")
  local list = {}
  local function add(folder)
    list[#list + 1] = plain(folder .. name)
    if name:lower() ~= name then list[#list + 1] = plain(folder .. name:lower()) end
  end
  if name:match "^/" or name:match "^%a:/" then
    add ""
    return list
  end
  if beside then add(beside) end
  for _, folder in ipairs(folders) do add(folder:gsub("([^/\\])$", "%1/")) end
  return list
end

--- Path and text of the file a file in folder `beside` calls name; nil when there is none.
function files.find(name, beside, folders)
  for _, path in ipairs(candidates(name, beside, folders)) do
    local text = read(path)
    if text then return path, text end
  end
end

return files
