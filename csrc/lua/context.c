/* Context handles as opaque values. One handle is one object, however often it is received: what a script keeps
 * by it in a table is found again. */
#include "base/uuid.h"
#include "lua/error.h"
#include "lua/state.h"
#include "lua/value.h"

#include <lauxlib.h>

static const char *const META = "asyncrpc.context_handle";
static const char handles; /* registry: objects by what they are, weak */

enum { TYPE = 1 }; /* user value: the name of its type, nil before it has one */

static int is_nil(const arpc__ndr_context *v) {
  return !v->attributes && arpc__uuid_nil(&v->uuid);
}

static arpc__ndr_context *push_new(lua_State *L, const arpc__ndr_context *v) {
  arpc__ndr_context *made = lua_newuserdatauv(L, sizeof *made, 1);
  *made = *v;
  luaL_setmetatable(L, META);
  return made;
}

/* Pushes the table of handles and the key of one. */
static void push_key(lua_State *L, const arpc__ndr_context *v, const char *type) {
  char bytes[4 + sizeof v->uuid];
  memcpy(bytes, &v->attributes, 4);
  memcpy(bytes + 4, &v->uuid, sizeof v->uuid);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &handles);
  lua_pushlstring(L, bytes, sizeof bytes);
  lua_pushstring(L, type ? type : "");
  lua_concat(L, 2);
}

/* The object at `at` is the one of that type from now on. */
static void note(lua_State *L, int at, const char *type) {
  push_key(L, lua_touserdata(L, at), type);
  lua_pushvalue(L, at);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_pushstring(L, type);
  lua_setiuservalue(L, at, TYPE);
}

void arpc__sink_context(void *arg, const arpc__ndr_type *t, const arpc__ndr_context *v) {
  lua_State *L = arg;
  if (is_nil(v) || !lua_checkstack(L, 6)) {
    lua_pushnil(L);
    return;
  }
  push_key(L, v, t->name);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 1);
    push_new(L, v);
    note(L, lua_gettop(L), t->name);
  }
  lua_remove(L, -2);
}

/* A handle that was made here is of the type it is first sent as. */
static void check_type(arpc__source *s, const arpc__ndr_type *t) {
  lua_State *L = s->L;
  if (!t->name) return;
  if (lua_getiuservalue(L, s->at, TYPE) == LUA_TNIL) {
    note(L, s->at, t->name);
  } else if (strcmp(lua_tostring(L, -1), t->name)) {
    arpc__source_refuse(s, lua_pushfstring(L, "%s expected, got a context handle of type %s", t->name, lua_tostring(L, -1)));
  }
  lua_pop(L, 1);
}

void arpc__source_context(void *arg, const arpc__ndr_type *t, arpc__ndr_context *ret) {
  arpc__source *s = arg;
  int type = lua_type(s->L, s->at);
  luaL_checkstack(s->L, 8, NULL);
  if (type == LUA_TNIL || (type == LUA_TLIGHTUSERDATA && !lua_touserdata(s->L, s->at))) {
    if (t->flags & ARPC__NDR_REF) arpc__source_refuse_as(s, ARPC_X_SS_IN_NULL_CONTEXT, "it is null");
    return;
  }
  const arpc__ndr_context *v = luaL_testudata(s->L, s->at, META);
  if (!v) {
    arpc__source_refuse(s, lua_pushfstring(s->L, "context handle expected, got %s", luaL_typename(s->L, s->at)));
    return;
  }
  check_type(s, t);
  *ret = *v;
}

/* context_handle() -> one that nobody else has, for a manager to give out */
static int core_context_handle(lua_State *L) {
  arpc__ndr_context v = {0};
  arpc_status status = arpc__uuid_random(&v.uuid);
  if (status) return arpc__raise(L, status, "context_handle: %s", arpc_status_text(status));
  push_new(L, &v);
  return 1;
}

/* "context handle LSAPR_HANDLE (uuid)" */
static int context_tostring(lua_State *L) {
  const arpc__ndr_context *v = luaL_checkudata(L, 1, META);
  char uuid[ARPC__UUID_TEXT];
  arpc__uuid_format(&v->uuid, uuid);
  const char *type = lua_getiuservalue(L, 1, TYPE) == LUA_TNIL ? "" : lua_tostring(L, -1);
  lua_pushfstring(L, "context handle %s%s(%s)", type, *type ? " " : "", uuid);
  return 1;
}

void arpc__open_context(lua_State *L) {
  luaL_newmetatable(L, META);
  lua_pushcfunction(L, context_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  arpc__push_weak(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &handles);
  lua_pushcfunction(L, core_context_handle);
  lua_setfield(L, -2, "context_handle");
}
