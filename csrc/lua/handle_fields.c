/* What scripts read and set on a handle. */
#include "base/uuid.h"
#include "lua/handle.h"

static int push_object(lua_State *L, const arpc__handle *h) {
  arpc_uuid object;
  char text[ARPC__UUID_TEXT];
  if (!h->st->rt || arpc_server_object(h->st->rt, ARPC__ASYNC(h), &object)) return luaL_pushfail(L), 1;
  arpc__uuid_format(&object, text);
  lua_pushstring(L, text);
  return 1;
}

static int push_binding(lua_State *L, const arpc__handle *h) {
  char text[512];
  size_t n = h->st->rt ? arpc_server_client(h->st->rt, ARPC__ASYNC(h), text, sizeof text) : 0;
  if (!n) return luaL_pushfail(L), 1;
  lua_pushlstring(L, text, n < sizeof text ? n : sizeof text - 1);
  return 1;
}

/* On the clock of rpc.now(); nil when there is none. */
static void push_deadline(lua_State *L, const arpc__handle *h) {
  uint64_t until = 0;
  if (h->st->rt && !arpc_async_deadline(h->st->rt, ARPC__ASYNC(h), &until) && until) lua_pushinteger(L, (lua_Integer)until);
  else luaL_pushfail(L);
}

/* object and binding: whom a manager serves; nil on a client's handle, and once the call is over. */
static int get_field(lua_State *L, arpc__handle *h, const char *key) {
  if (strcmp(key, "object") == 0) return push_object(L, h);
  if (strcmp(key, "binding") == 0) return push_binding(L, h);
  if (strcmp(key, "user_info") == 0) arpc__handle_get(L, 1, ARPC__SCRIPT_USER_INFO);
  else if (strcmp(key, "event") == 0 && h->notification == ARPC_NOTIFY_EVENT) arpc__handle_get(L, 1, ARPC__SCRIPT_TARGET);
  else if (strcmp(key, "last_event") == 0 && h->last_event >= 0) lua_pushinteger(L, h->last_event);
  else if (strcmp(key, "notify_on_send_complete") == 0) lua_pushboolean(L, h->send_complete);
  else if (strcmp(key, "deadline") == 0) push_deadline(L, h);
  else if (strcmp(key, "pipes") == 0 && arpc__handle_pipes(h)) arpc__handle_get(L, 1, ARPC__SCRIPT_PIPES);
  else if (strcmp(key, "id") == 0) lua_pushinteger(L, (lua_Integer)h->id);
  else lua_pushnil(L);
  return 1;
}

int arpc__handle_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  if (lua_type(L, 2) != LUA_TSTRING) return 1;
  return get_field(L, arpc__handle_check(L), lua_tostring(L, 2));
}

/* Also while a call is pending: what has not been told yet is told, or not, as it is now. */
static void set_send_complete(lua_State *L, arpc__handle *h) {
  h->send_complete = lua_toboolean(L, 3) & 1;
  if (!arpc__handle_pending(h)) return;
  arpc_async how = arpc__handle_async(h);
  if (!h->server) arpc_async_notify(h->st->rt, &how);
  else if (arpc__handle_pipes(h)) arpc__handle_notified(h);
}

int arpc__handle_newindex(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  const char *key = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  if (strcmp(key, "user_info") == 0) arpc__handle_set(L, 1, ARPC__SCRIPT_USER_INFO);
  else if (strcmp(key, "notify_on_send_complete") == 0) set_send_complete(L, h);
  else return luaL_error(L, "an async handle has no field '%s' to set", key);
  return 0;
}

int arpc__handle_tostring(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  arpc_status status = !h->st->rt || h->server ? 0 : arpc_async_status(h->st->rt, ARPC__ASYNC(h));
  const char *state = status == ARPC_S_ASYNC_CALL_PENDING ? "pending" : "finished";
  if (!arpc__handle_pending(h)) state = "idle";
  else if (h->server) state = "in progress";
  lua_pushfstring(L, "asyncrpc.handle (%s%s%s): %p", h->proc ? h->proc->name : "", h->proc ? ", " : "", state, (void *)h);
  return 1;
}
