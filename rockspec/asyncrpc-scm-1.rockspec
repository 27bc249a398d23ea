-- For `luarocks --lua-version=5.4 make rockspec/asyncrpc-scm-1.rockspec` in a clone; a release names its tag.
rockspec_format = "3.0"
package = "asyncrpc"
version = "scm-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Asynchronous Microsoft RPC (DCE/RPC v5, NDR) for Lua on luv",
  detailed = [[
    A C core on libuv speaks the connection-oriented DCE/RPC protocol with the MS-RPCE extensions. Scripts
    call, and are called by, Windows, Samba, Wine, impacket and each other, asynchronously and synchronously
    side by side.]],
  license = "MIT",
  labels = { "rpc", "async", "network", "luv" },
}
dependencies = {
  "lua >= 5.4, < 5.6",
  "luv >= 1.44",
  "lpeg >= 1.0",
}
external_dependencies = {
  LIBUV = { header = "uv.h", library = "uv" },
}
-- One description of the build, the Makefile's; it writes nothing but under build/.
local variables = {
  BUILD = "build/rock/objects",
  CC = "$(CC)",
  CFLAGS = "$(CFLAGS)",
  WERROR = "",
  LUA_INC = "-I$(LUA_INCDIR)",
  UV_INC = "-I$(LIBUV_INCDIR)",
  UV_LIBS = "-L$(LIBUV_LIBDIR) -luv -lpthread",
  INSTALL_LMOD = "$(LUADIR)",
  INSTALL_CMOD = "$(LIBDIR)",
}
build = {
  type = "make",
  build_target = "core",
  build_variables = variables,
  install_variables = variables,
  copy_directories = { "examples" },
}
test = {
  type = "command",
  command = "make test",
}
