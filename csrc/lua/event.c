#include "lua/event.h"

#include "lua/wait.h"

typedef struct event {
  arpc__object head;
  arpc_event *core; /* NULL once collected */
} event;

arpc_event *arpc__check_event(lua_State *L, arpc__state *st, int index) {
  event *e = arpc__object_check(L, st, index, ARPC__EVENT);
  if (!e->core) luaL_argerror(L, index, "the event was collected");
  return e->core;
}

arpc_event *arpc__to_event(lua_State *L, int index) {
  event *e = lua_touserdata(L, index);
  return e ? e->core : NULL;
}

/* event(manual_reset, set) */
static int l_event(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  unsigned flags = (lua_toboolean(L, 1) ? ARPC_EVENT_MANUAL : 0) | (lua_toboolean(L, 2) ? ARPC_EVENT_SET : 0);
  event *e = arpc__object_new(L, st, ARPC__EVENT, sizeof *e, 0);
  if (arpc_event_new(&e->core, st->rt, flags)) luaL_error(L, "not enough memory");
  return 1;
}

static int event_gc(lua_State *L) {
  event *e = lua_touserdata(L, 1);
  arpc_event_free(e->core);
  e->core = NULL;
  return 0;
}

static int event_set(lua_State *L) {
  arpc_event_set(arpc__check_event(L, arpc__state_of(L), 1));
  return 0;
}

static int event_reset(lua_State *L) {
  arpc_event_reset(arpc__check_event(L, arpc__state_of(L), 1));
  return 0;
}

static void on_set(arpc__waiter *waiter) {
  arpc__wait_wake_later(arpc__of(arpc__wait, waiter, waiter));
}

static int finish_wait(lua_State *L, arpc__wait *w) {
  int set = !w->timed_out;
  arpc__wait_free(L, w);
  lua_pushboolean(L, set);
  return 1;
}

/* wait(ms): true once set, false after ms */
static int event_wait(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  arpc_event *e = arpc__check_event(L, st, 1);
  lua_Number ms = arpc__check_ms(L, 2);
  if (ms == 0 && !e->set) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (e->set && e->manual) {
    lua_pushboolean(L, 1);
    return 1;
  }
  arpc__wait_check(L, st);
  arpc__wait *w = arpc__wait_new(L, st, finish_wait, NULL);
  w->waiter.wake = on_set;
  if (arpc__event_await(e, &w->waiter)) w->woken = 1;
  return arpc__wait_for(L, w, ms);
}

static int event_is_set(lua_State *L) {
  lua_pushboolean(L, arpc__check_event(L, arpc__state_of(L), 1)->set);
  return 1;
}

static int event_tostring(lua_State *L) {
  arpc_event *e = arpc__check_event(L, arpc__state_of(L), 1);
  lua_pushfstring(L, "asyncrpc.event (%s-reset, %s): %p", e->manual ? "manual" : "auto", e->set ? "set" : "not set",
                  (void *)e);
  return 1;
}

void arpc__open_event(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {
      {"set", event_set}, {"reset", event_reset}, {"wait", event_wait}, {"is_set", event_is_set}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", event_gc}, {"__tostring", event_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"event", l_event}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__EVENT, "asyncrpc.event", methods, meta);
  arpc__functions(L, st, functions);
}
