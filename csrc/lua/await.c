/* call:await(): the coroutines that wait for a call are in h->awaiting, in the order they came. */
#include "lua/handle.h"

/* Several wait for one call: its results, {ok, ...}, are collected once and go to each. */
static void share_results(lua_State *L, arpc__handle *h, arpc__wait *awaiting) {
  int top = lua_gettop(L);
  lua_newtable(L);
  lua_pushcfunction(L, arpc__harvest_protected);
  lua_pushvalue(L, top);
  lua_pushboolean(L, lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK);
  lua_insert(L, top + 2);
  int n = lua_gettop(L) - (top + 1);
  for (int i = n; i >= 1; i--) lua_rawseti(L, top + 1, i);
  lua_pushinteger(L, n);
  lua_setfield(L, top + 1, "n");
  for (arpc__wait *w = awaiting; w; w = w->next) {
    lua_pushvalue(L, top + 1);
    w->results = arpc__anchor(L, h->st);
    arpc__wait_wake_later(w);
  }
  lua_settop(L, top);
}

void arpc__await_over(lua_State *L, arpc__handle *h) {
  arpc__wait *awaiting = h->awaiting;
  h->awaiting = NULL;
  if (awaiting && awaiting->next) share_results(L, h, awaiting);
  else if (awaiting) arpc__wait_wake(awaiting);
}

static void leave_awaiting(arpc__handle *h, arpc__wait *w) {
  arpc__wait **at = &h->awaiting;
  while (*at && *at != w) at = &(*at)->next;
  if (*at) *at = w->next;
  if (!h->awaiting) arpc__handle_stop_awaiting(h);
}

/* {ok, results ... or the error} */
static int share_of(lua_State *L, arpc__state *st, uint32_t results) {
  arpc__push_anchored(L, st, results);
  arpc__unanchor(L, st, results);
  int shared = lua_gettop(L);
  lua_getfield(L, shared, "n");
  int n = (int)lua_tointeger(L, -1);
  luaL_checkstack(L, n, NULL);
  for (int i = 1; i <= n; i++) lua_rawgeti(L, shared, i);
  if (!lua_toboolean(L, shared + 2)) return lua_error(L);
  return n - 1;
}

static int finish_await(lua_State *L, arpc__wait *w) {
  arpc__handle *h = w->p;
  int timed_out = w->timed_out;
  uint32_t results = w->results;
  if (timed_out) leave_awaiting(h, w);
  arpc__wait_free(L, w);
  if (results) return share_of(L, h->st, results);
  if (!timed_out) return arpc__harvest(L, h);
  return arpc__handle_raise(L, ARPC_S_TIMEOUT, h, "await");
}

static void cancel_await(arpc__wait *w) {
  arpc__handle *h = w->p;
  if (w->results) arpc__unanchor(h->st->main, h->st, w->results);
  else leave_awaiting(h, w);
}

/* await(ms): the results once there, for all that wait for them; raises the call's failure, or 1460 after ms and the
 * call stays */
int arpc__handle_await(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 0, "await");
  lua_Number ms = arpc__check_ms(L, 2);
  if (arpc_async_status(h->st->rt, ARPC__ASYNC(h)) != ARPC_S_ASYNC_CALL_PENDING)
    return arpc__harvest(L, h);
  if (h->trailing) return arpc__handle_raise(L, ARPC_S_INVALID_ASYNC_CALL, h, "await: a trailing callback gets the results");
  arpc__wait_check(L, h->st);
  static const arpc__wait_kind kind = {finish_await, cancel_await};
  arpc__wait *w = arpc__wait_new(L, h->st, &kind);
  w->p = h;
  arpc__wait **last = &h->awaiting;
  while (*last) last = &(*last)->next;
  *last = w;
  arpc__handle_keep(L, h, 1);
  return arpc__wait_for(L, w, ms);
}
