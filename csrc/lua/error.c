#include "lua/error.h"

#include "base/status.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <string.h>

static const char *const META = "asyncrpc.error";
static const char *const phases[] = {"issue", "connect", "send", "wait", "harvest"};
static const char *const wheres[] = {"local", "transport", "fault"};

static void set_string(lua_State *L, const char *field, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, field);
}

static void set_boolean(lua_State *L, const char *field, int value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, field);
}

/* Fills the table below the message on top with everything but the message, which it takes. */
static void finish(lua_State *L, const arpc_reply *f) {
  const char *name = arpc_status_name(f->status);
  lua_createtable(L, 0, 8);
  lua_insert(L, -2);
  lua_setfield(L, -2, "message");
  lua_pushinteger(L, f->status);
  lua_setfield(L, -2, "status");
  if (!name) lua_pushfstring(L, "%I", (lua_Integer)f->status);
  else lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  set_string(L, "phase", phases[f->phase]);
  set_string(L, "where", wheres[f->where]);
  set_boolean(L, "maybe_executed", f->maybe_executed);
  if (f->timed_out) set_string(L, "reason", "timeout");
  if (f->where == ARPC_WHERE_FAULT) {
    lua_pushinteger(L, f->fault);
    lua_setfield(L, -2, "fault");
  }
  luaL_setmetatable(L, META);
}

void arpc__push_error(lua_State *L, const arpc_reply *f, const char *detail) {
  const char *text = f->timed_out ? "timed out" : arpc_status_text(f->status);
  luaL_checkstack(L, 6, NULL);
  if (detail)
    lua_pushfstring(L, "%s: %s", detail, text);
  else
    lua_pushstring(L, text);
  finish(L, f);
}

int arpc__raise(lua_State *L, arpc_status status, const char *format, ...) {
  va_list args;
  arpc_reply f = {.status = status, .phase = ARPC_PHASE_ISSUE, .where = ARPC_WHERE_LOCAL};
  luaL_checkstack(L, 6, NULL);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  finish(L, &f);
  return lua_error(L);
}

arpc_status arpc__error_status(lua_State *L, int index) {
  if (!lua_istable(L, index) || !lua_getmetatable(L, index)) return 0;
  luaL_getmetatable(L, META);
  int ours = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  if (!ours) return 0;
  index = lua_absindex(L, index);
  lua_pushliteral(L, "status");
  lua_rawget(L, index);
  arpc_status status = (arpc_status)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return status;
}

arpc_status arpc__error_fault(lua_State *L, int index) {
  arpc_status status = arpc__error_status(L, index);
  if (!status || status == ARPC_S_ASYNC_CALL_PENDING || status == ARPC_S_CALL_FAILED_DNE) return 0;
  if (arpc__fault_forbidden(arpc_status_to_fault(status))) return 0;
  lua_getfield(L, index, "phase");
  int misuse = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), phases[ARPC_PHASE_ISSUE]) == 0;
  lua_pop(L, 1);
  return misuse ? 0 : status;
}

/* "AsyncFunc: the call was cancelled (RPC_S_CALL_CANCELLED, 1818)" */
static int error_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "message");
  lua_getfield(L, 1, "name");
  lua_getfield(L, 1, "status");
  lua_Integer status = lua_tointeger(L, -1);
  const char *message = lua_tostring(L, -3), *name = lua_tostring(L, -2);
  lua_pushfstring(L, "%s (%s, %I)", message ? message : "?", name ? name : "?", status);
  return 1;
}

/* error_new(status, message | nil) -> object, for rpc.raise */
static int error_new(lua_State *L) {
  lua_Integer status = luaL_checkinteger(L, 1);
  luaL_argcheck(L, status > 0 && status <= UINT32_MAX, 1, "a status from 1 to 0xFFFFFFFF expected");
  const char *detail = luaL_optstring(L, 2, NULL);
  arpc_reply f = {.status = (arpc_status)status};
  arpc__push_error(L, &f, detail);
  lua_pushnil(L); /* no call of ours failed */
  lua_setfield(L, -2, "phase");
  return 1;
}

static int error_status(lua_State *L) {
  arpc_status status = arpc__error_status(L, 1);
  if (status) lua_pushinteger(L, status);
  else lua_pushnil(L);
  return 1;
}

/* statuses() -> {name = number}, {number = text}, {fault name = code} */
static int error_statuses(lua_State *L) {
  arpc_status status;
  const char *name;
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  for (unsigned i = 0; (name = arpc__status_entry(i, &status)); i++) {
    lua_pushinteger(L, status);
    lua_setfield(L, -4, name);
    lua_pushstring(L, arpc_status_text(status));
    lua_rawseti(L, -3, status);
  }
  for (unsigned i = 0; (name = arpc__fault_entry(i, &status)); i++) {
    lua_pushinteger(L, status);
    lua_setfield(L, -2, name);
  }
  return 3;
}

static int error_name(lua_State *L) {
  lua_pushstring(L, arpc_status_name((arpc_status)luaL_checkinteger(L, 1)));
  return 1;
}

static int error_from_fault(lua_State *L) {
  lua_pushinteger(L, arpc_status_from_fault((uint32_t)luaL_checkinteger(L, 1)));
  return 1;
}

static int error_to_fault(lua_State *L) {
  lua_pushinteger(L, arpc_status_to_fault((arpc_status)luaL_checkinteger(L, 1)));
  return 1;
}

void arpc__open_error(lua_State *L) {
  static const luaL_Reg functions[] = {{"error_new", error_new},
                                       {"error_status", error_status},
                                       {"error_name", error_name},
                                       {"statuses", error_statuses},
                                       {"from_fault", error_from_fault},
                                       {"to_fault", error_to_fault},
                                       {NULL, NULL}};
  luaL_newmetatable(L, META);
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
