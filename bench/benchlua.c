/* bench.h for Lua clients: init(arg), opt(key, default), step() or begin() and finish(calls), report(); and sum(so far,
 * string), a number that every byte and its place counts for, however the bytes were cut. */
#include "bench.h"

#include <lauxlib.h>
#include <lua.h>

static int l_init(lua_State *L) {
  int n = (int)luaL_len(L, 1);
  char **argv = calloc((size_t)n + 2, sizeof *argv);
  argv[0] = "client";
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    argv[i] = strdup(lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  b_init(n + 1, argv);
  return 0;
}

static int l_opt(lua_State *L) {
  lua_pushinteger(L, b_opt(luaL_checkstring(L, 1), (long)luaL_checkinteger(L, 2)));
  return 1;
}

static int l_step(lua_State *L) {
  lua_pushboolean(L, b_step());
  return 1;
}

static int l_begin(lua_State *L) {
  (void)L;
  b_begin();
  return 0;
}

static int l_finish(lua_State *L) {
  B.calls = (long)luaL_checkinteger(L, 1);
  b_end();
  return 0;
}

static int l_sum(lua_State *L) {
  size_t n;
  uint64_t sum = (uint64_t)luaL_checkinteger(L, 1);
  const char *s = luaL_checklstring(L, 2, &n);
  for (size_t i = 0; i < n; i++) sum = sum * 0x100000001b3 + (uint8_t)s[i];
  lua_pushinteger(L, (lua_Integer)sum);
  return 1;
}

static int l_report(lua_State *L) {
  b_report(luaL_optstring(L, 1, ""));
  return 0;
}

__attribute__((visibility("default"))) int luaopen_benchlua(lua_State *L);

int luaopen_benchlua(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"init", l_init},     {"opt", l_opt}, {"step", l_step},     {"begin", l_begin},
      {"finish", l_finish}, {"sum", l_sum}, {"report", l_report}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
