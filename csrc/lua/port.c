/* Completion ports and message queues. A message is a packet whose bytes are its number and key its wparam; its
 * lparam is the handle that is notified, or what a script posted. */
#include "lua/port.h"

#include "lua/apc.h"
#include "lua/error.h"

static int new_box(lua_State *L, enum arpc__class class, const arpc__shared_kind *kind) {
  arpc__state *st = arpc__state_of(L);
  arpc__box *box;
  arpc__check_not_closing(L, st);
  if (!lua_isnoneornil(L, 1)) {
    arpc__open_shared(L, st, class, kind, 1);
    return 1;
  }
  if (arpc__box_new(&box, kind)) return luaL_error(L, "not enough memory");
  arpc__push_shared(L, st, class, &box->shared);
  return 1;
}

/* completion_port(token): a new one, or the one of the token */
static int l_completion_port(lua_State *L) {
  return new_box(L, ARPC__PORT, &arpc__port_kind);
}

static int l_message_queue(lua_State *L) {
  return new_box(L, ARPC__QUEUE, &arpc__queue_kind);
}

static int tostring(lua_State *L, enum arpc__class class, const char *name) {
  lua_pushfstring(L, "%s: %p", name, (void *)arpc__check_shared(L, arpc__state_of(L), 1, class));
  return 1;
}

/* ---- ports -------------------------------------------------------------------------------------*/

static int finish_get(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc__parcel *p = NULL;
  enum arpc__outcome how = arpc__outcome_of(L, w, &p);
  if (!p) {
    lua_pushnil(L);
    lua_pushstring(L, arpc__outcome_name(how));
    return how == ARPC__APC ? arpc__apc_run(L, 2) : 2;
  }
  arpc_packet packet = p->packet;
  lua_pushinteger(L, (lua_Integer)packet.bytes);
  arpc__parcel_open(L, st, p);
  if (packet.event < 0) lua_pushnil(L);
  else lua_pushinteger(L, packet.event);
  lua_insert(L, -2);
  return 5;
}

/* get(ms, "alertable") -> bytes, key, overlapped, event, handle; nil, "timeout" or "apc" */
static int port_get(lua_State *L) {
  static const arpc__wait_kind kind = {finish_get, NULL};
  return arpc__wait_shared(L, ARPC__PORT, &kind);
}

/* post(bytes, key, overlapped): a packet of the script's own */
static int port_post(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  arpc__check_shared(L, st, 1, ARPC__PORT);
  arpc_packet packet = {.bytes = (uint64_t)luaL_optinteger(L, 2, 0), .event = -1};
  lua_settop(L, 4);
  arpc__parcel_post(L, st, 1, &packet, 3, 4, 0);
  return 0;
}

void arpc__port_notify(lua_State *L, arpc__state *st, int handle, const arpc_packet *packet) {
  int top = lua_gettop(L);
  arpc__parcel_post(L, st, top - 2, packet, top - 1, top, handle);
}

static int port_token(lua_State *L) {
  return arpc__shared_token_method(L, ARPC__PORT);
}

static int port_tostring(lua_State *L) {
  return tostring(L, ARPC__PORT, "asyncrpc.completion_port");
}

/* ---- queues ------------------------------------------------------------------------------------*/

/* Pushes msg, wparam and lparam: an async handle, or what was posted in its place. */
static void push_message(lua_State *L, arpc__state *st, arpc__parcel *p) {
  lua_pushinteger(L, (lua_Integer)p->packet.bytes);
  arpc__parcel_open(L, st, p);
  lua_remove(L, lua_isnil(L, -1) ? -1 : -2);
}

static int no_message(lua_State *L, enum arpc__outcome how) {
  lua_pushnil(L);
  lua_pushstring(L, arpc__outcome_name(how));
  return how == ARPC__APC ? arpc__apc_run(L, 2) : 2;
}

static int finish_message(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc__parcel *p = NULL;
  enum arpc__outcome how = arpc__outcome_of(L, w, &p);
  if (!p) return no_message(L, how);
  push_message(L, st, p);
  return 3;
}

/* get(ms, "alertable") -> msg, wparam, lparam; nil, "timeout" or "apc" */
static int queue_get(lua_State *L) {
  static const arpc__wait_kind kind = {finish_message, NULL};
  return arpc__wait_shared(L, ARPC__QUEUE, &kind);
}

/* post(msg, wparam, lparam): a message of the script's own */
static int queue_post(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  arpc__check_shared(L, st, 1, ARPC__QUEUE);
  arpc_packet packet = {.bytes = (uint64_t)luaL_checkinteger(L, 2), .event = -1};
  lua_settop(L, 4);
  arpc__parcel_post(L, st, 1, &packet, 3, 4, 0);
  return 0;
}

/* on(msg, fn): what dispatch calls; nil: nothing any more */
static int queue_on(lua_State *L) {
  arpc__check_shared(L, arpc__state_of(L), 1, ARPC__QUEUE);
  luaL_checkinteger(L, 2);
  if (!lua_isnil(L, 3)) luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  if (lua_getiuservalue(L, 1, ARPC__UV_HANDLERS) == LUA_TNIL) {
    lua_newtable(L);
    lua_copy(L, -1, -2);
    lua_setiuservalue(L, 1, ARPC__UV_HANDLERS);
  }
  lua_insert(L, 2);
  lua_rawset(L, 2);
  lua_settop(L, 1);
  return 1;
}

static int dispatched(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  lua_pushboolean(L, 1);
  return 1;
}

static int finish_dispatch(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc__parcel *p = NULL;
  enum arpc__outcome how = arpc__outcome_of(L, w, &p);
  if (!p) {
    lua_pushboolean(L, 0);
    lua_pushstring(L, arpc__outcome_name(how));
    return how == ARPC__APC ? arpc__apc_run(L, 2) : 2;
  }
  lua_Integer msg = (lua_Integer)p->packet.bytes;
  lua_getiuservalue(L, 1, ARPC__UV_HANDLERS);
  int handlers = lua_gettop(L);
  push_message(L, st, p);
  if (!lua_istable(L, handlers) || lua_rawgeti(L, handlers, msg) == LUA_TNIL)
    return arpc__raise(L, ARPC_S_ENTRY_NOT_FOUND, "dispatch: the queue has no handler for message %I", msg);
  lua_insert(L, handlers + 1);
  lua_callk(L, 3, 0, 0, dispatched);
  return dispatched(L, LUA_OK, 0);
}

/* dispatch(ms, "alertable"): true once it called the handler of a message; false, "timeout" or "apc" */
static int queue_dispatch(lua_State *L) {
  static const arpc__wait_kind kind = {finish_dispatch, NULL};
  return arpc__wait_shared(L, ARPC__QUEUE, &kind);
}

void arpc__queue_notify(lua_State *L, arpc__state *st, int handle, lua_Integer msg, uint64_t id) {
  arpc_packet packet = {.bytes = (uint64_t)msg, .handle = id};
  int queue = lua_gettop(L);
  lua_pushinteger(L, 0);
  lua_pushnil(L);
  arpc__parcel_post(L, st, queue, &packet, queue + 1, queue + 2, handle);
  lua_pop(L, 2);
}

static int queue_token(lua_State *L) {
  return arpc__shared_token_method(L, ARPC__QUEUE);
}

static int queue_tostring(lua_State *L) {
  return tostring(L, ARPC__QUEUE, "asyncrpc.message_queue");
}

void arpc__open_port(lua_State *L, arpc__state *st) {
  static const luaL_Reg port_methods[] = {{"get", port_get}, {"post", port_post}, {"token", port_token}, {NULL, NULL}};
  static const luaL_Reg port_meta[] = {{"__gc", arpc__shared_gc}, {"__tostring", port_tostring}, {NULL, NULL}};
  static const luaL_Reg queue_methods[] = {{"get", queue_get}, {"post", queue_post},         {"on", queue_on},
                                           {"dispatch", queue_dispatch}, {"token", queue_token}, {NULL, NULL}};
  static const luaL_Reg queue_meta[] = {{"__gc", arpc__shared_gc}, {"__tostring", queue_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"completion_port", l_completion_port}, {"message_queue", l_message_queue}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__PORT, "asyncrpc.completion_port", port_methods, port_meta);
  arpc__class_new(L, st, ARPC__QUEUE, "asyncrpc.message_queue", queue_methods, queue_meta);
  arpc__functions(L, st, functions);
}
