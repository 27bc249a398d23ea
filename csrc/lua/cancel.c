/* The handle's verbs about cancelling and time. A client asks, waits a grace and gives up; a manager polls,
 * subscribes, or has its coroutine interrupted.
 *
 * Two weak tables of the registry know the handles that subscribed: by address the handle, and by handle what is to
 * be called. Neither keeps a handle: a forgotten one is collected and takes its subscriptions with it. */
#include "lua/error.h"
#include "lua/handle.h"
#include "lua/options.h"

static const char by_address; /* registry: light pointer -> handle, weak values */
static const char by_handle;  /* registry: handle -> {[event kind] = function}, weak keys */

/* ---- the client's side -------------------------------------------------------------------------*/

static int said(lua_State *L, arpc_status status, const arpc__handle *h, const char *verb) {
  return status ? arpc__handle_raise(L, status, h, verb) : 0;
}

/* cancel{grace = ms}: without a grace the server's answer is waited for however long it takes */
static int handle_cancel(lua_State *L) {
  static const char *const names[] = {"grace", NULL};
  arpc__handle *h = arpc__handle_check_side(L, 0, "cancel");
  int grace = 0;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    arpc__check_options(L, 2, names);
    grace = lua_getfield(L, 2, "grace") != LUA_TNIL;
  }
  if (!grace) return said(L, arpc_async_cancel(h->st->rt, ARPC__ASYNC(h), 0), h, "cancel");
  return said(L, arpc_async_cancel_within(h->st->rt, ARPC__ASYNC(h), arpc__ms_option(L, 2, "grace")), h, "cancel");
}

static int handle_abandon(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 0, "abandon");
  return said(L, arpc_async_cancel(h->st->rt, ARPC__ASYNC(h), 1), h, "abandon");
}

/* ---- both sides --------------------------------------------------------------------------------*/

/* remaining() -> ms until the call's deadline, 0 once it has passed, nil without one */
static int handle_remaining(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  uint64_t until = 0;
  arpc_status status = h->st->rt ? arpc_async_deadline(h->st->rt, ARPC__ASYNC(h), &until) : ARPC_S_INVALID_ASYNC_HANDLE;
  if (status) return arpc__handle_raise(L, status, h, "remaining");
  if (!until) return luaL_pushfail(L), 1;
  uint64_t now = arpc__clock_look(h->st->rt);
  lua_pushinteger(L, until > now ? (lua_Integer)(until - now) : 0);
  return 1;
}

/* ---- the manager's side ------------------------------------------------------------------------*/

/* cancelled() -> boolean, "cancel" | "disconnect" */
static int handle_cancelled(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 1, "cancelled");
  arpc_event_kind why = ARPC_CALL_COMPLETE;
  arpc_status status = arpc_server_test_cancel(h->st->rt, ARPC__ASYNC(h), &why);
  if (status == ARPC_S_INVALID_BINDING) return arpc__handle_raise(L, ARPC_S_INVALID_ASYNC_HANDLE, h, "cancelled");
  lua_pushboolean(L, status == ARPC_S_OK);
  if (status) return 1;
  lua_pushstring(L, why == ARPC_CLIENT_DISCONNECT ? "disconnect" : "cancel");
  return 2;
}

/* The handle is on top of the stack: function(handle, nil, event) */
static void start_notice(lua_State *L, arpc__state *st, arpc_event_kind event) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &by_handle);
  lua_pushvalue(L, -2);
  if (lua_rawget(L, -2) == LUA_TTABLE && lua_rawgeti(L, -1, event) == LUA_TFUNCTION) {
    lua_pushvalue(L, -4);
    lua_pushnil(L);
    lua_pushinteger(L, event);
    arpc__go(L, st, 3, "subscription");
  }
}

static void on_notice(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  arpc__handle *h = async->user_info;
  arpc__state *st = h->st;
  lua_State *L = st->main;
  int top = lua_gettop(L);
  luaL_checkstack(L, 12, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &by_address);
  if (lua_rawgetp(L, -1, h) == LUA_TUSERDATA) { /* else it is about to be finalized */
    h->last_event = event & 7;
    start_notice(L, st, event); /* may end the call, and its manager */
    arpc__task *raising = arpc__slot_of(rt, async) ? h->raises : NULL;
    h->raises = NULL;
    if (raising) arpc__task_interrupt(raising);
  }
  lua_settop(L, top);
}

static const unsigned BOTH = ARPC_SUBSCRIBE_CANCEL | ARPC_SUBSCRIBE_DISCONNECT;

/* Of the handle at 1. */
static void subscribe(lua_State *L, arpc__handle *h, unsigned what, const char *verb) {
  arpc_async how = {.size = sizeof how, .notification = ARPC_NOTIFY_CALLBACK, .routine = on_notice, .user_info = h};
  arpc_status status = arpc_server_subscribe(h->st->rt, ARPC__ASYNC(h), what, &how);
  if (status == ARPC_S_INVALID_BINDING) status = ARPC_S_INVALID_ASYNC_HANDLE;
  if (status) arpc__handle_raise(L, status, h, verb);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &by_address);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, h);
  lua_pop(L, 1);
}

/* Pushes {[event kind] = function} of the handle at 1. */
static void push_functions(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &by_handle);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_remove(L, -2);
}

/* subscribe("cancel" | "disconnect", function(call, nil, event) | nil): nil takes the subscription back */
static int handle_subscribe(lua_State *L) {
  static const char *const kinds[] = {"disconnect", "cancel", NULL};
  arpc__handle *h = arpc__handle_check_side(L, 1, "subscribe");
  int cancel = luaL_checkoption(L, 2, NULL, kinds);
  if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  subscribe(L, h, cancel ? ARPC_SUBSCRIBE_CANCEL : ARPC_SUBSCRIBE_DISCONNECT, "subscribe");
  push_functions(L);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, cancel ? ARPC_CLIENT_CANCEL : ARPC_CLIENT_DISCONNECT);
  return 0;
}

/* on_cancel("raise" | nil): whether the manager's coroutine is interrupted at its next wait once nobody waits for
 * the call any more */
static int handle_on_cancel(lua_State *L) {
  static const char *const what[] = {"raise", NULL};
  arpc__handle *h = arpc__handle_check_side(L, 1, "on_cancel");
  arpc__task *running = h->st->running;
  if (!lua_isnoneornil(L, 2)) luaL_checkoption(L, 2, NULL, what);
  if (!running || running->co != L || running->arg != h)
    return arpc__raise(L, ARPC_S_CANNOT_SUPPORT, "on_cancel: only the coroutine of the call's own manager can ask for it");
  h->raises = NULL;
  if (lua_isnoneornil(L, 2)) return 0;
  subscribe(L, h, BOTH, "on_cancel");
  h->raises = running;
  return 0;
}

const luaL_Reg arpc__cancel_methods[] = {{"cancel", handle_cancel},       {"abandon", handle_abandon},
                                         {"remaining", handle_remaining}, {"cancelled", handle_cancelled},
                                         {"subscribe", handle_subscribe}, {"on_cancel", handle_on_cancel},
                                         {NULL, NULL}};

static void weak_table(lua_State *L, const char *mode, const void *key) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

static void add_methods(lua_State *L, arpc__state *st, enum arpc__class class) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables[class]);
  lua_getfield(L, -1, "methods");
  arpc__functions(L, st, arpc__cancel_methods);
  lua_pop(L, 2);
}

void arpc__open_cancel(lua_State *L, arpc__state *st) {
  weak_table(L, "v", &by_address);
  weak_table(L, "k", &by_handle);
  add_methods(L, st, ARPC__HANDLE);
  add_methods(L, st, ARPC__SYNC_HANDLE);
}
