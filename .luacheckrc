std = "lua54"
max_line_length = 120
include_files = {"lua", "spec", "examples", "bench", "rockspec", ".luacheckrc", ".busted"}
exclude_files = {"build"}
files["spec"] = {std = "lua54+busted"}
files["rockspec"] = {std = "rockspec"}
files[".luacheckrc"] = {std = "luacheckrc"}
