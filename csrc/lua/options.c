#include "lua/options.h"

#include "lua/error.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

uint32_t arpc__number_option(lua_State *L, int index, const char *name) {
  uint32_t value = 0;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    lua_Number n = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 0) || n > UINT32_MAX)
      arpc__raise(L, ARPC_S_INVALID_ARG, "option '%s': a number of 0 or more expected", name);
    value = (uint32_t)ceil(n);
  }
  lua_pop(L, 1);
  return value;
}

uint32_t arpc__ms_option(lua_State *L, int index, const char *name) {
  int type = lua_getfield(L, index, name);
  int for_ever = type == LUA_TNUMBER && lua_tonumber(L, -1) == HUGE_VAL;
  lua_pop(L, 1);
  return for_ever ? ARPC_FOREVER : arpc__number_option(L, index, name);
}

uint32_t arpc__transfer_option(lua_State *L, int index, const char *name) {
  uint32_t mask = 0;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    const char *text = lua_tostring(L, -1);
    if (text && strcmp(text, "ndr20") == 0) mask = ARPC_NDR20;
    else if (text && strcmp(text, "ndr64") == 0) mask = ARPC_NDR64;
    else arpc__raise(L, ARPC_S_INVALID_ARG, "option '%s': \"ndr20\" or \"ndr64\" expected", name);
  }
  lua_pop(L, 1);
  return mask;
}

const char *arpc__string_option(lua_State *L, int index, const char *name) {
  lua_pushstring(L, name);
  int type = lua_rawget(L, index);
  const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  if (type != LUA_TNIL && !text) arpc__raise(L, ARPC_S_INVALID_ARG, "option '%s': a string expected", name);
  lua_pop(L, 1); /* the table itself keeps it */
  return text;
}

void arpc__check_options(lua_State *L, int index, const char *const names[]) {
  lua_pushnil(L);
  while (lua_next(L, index)) {
    int known = lua_type(L, -2) == LUA_TNUMBER;
    for (int i = 0; !known && names[i]; i++) known = lua_type(L, -2) == LUA_TSTRING && !strcmp(lua_tostring(L, -2), names[i]);
    if (!known) arpc__raise(L, ARPC_S_INVALID_ARG, "unknown option '%s'", luaL_tolstring(L, -2, NULL));
    lua_pop(L, 1);
  }
}

arpc_binding *arpc__check_binding(lua_State *L, int index) {
  arpc_binding *b;
  arpc_status status = arpc_binding_parse(&b, luaL_checkstring(L, index));
  if (status) arpc__raise(L, status, "%s: %s", lua_tostring(L, index), arpc_status_text(status));
  return b;
}
