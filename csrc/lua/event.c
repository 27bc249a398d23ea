#include "lua/event.h"

#include "lua/apc.h"
#include "lua/shared.h"

static arpc_event *core_of(arpc__shared *s) {
  return arpc__of(arpc_event, shared, s);
}

arpc_event *arpc__check_event(lua_State *L, arpc__state *st, int index) {
  return core_of(arpc__check_shared(L, st, index, ARPC__EVENT));
}

arpc_event *arpc__to_event(lua_State *L, int index) {
  arpc__shared_object *e = lua_touserdata(L, index);
  return e && e->core ? core_of(e->core) : NULL;
}

/* event(manual_reset, set), or event(token) */
static int l_event(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  arpc_event *e;
  arpc__check_not_closing(L, st);
  if (lua_type(L, 1) == LUA_TSTRING) {
    arpc__open_shared(L, st, ARPC__EVENT, &arpc__event_kind, 1);
    return 1;
  }
  unsigned flags = (lua_toboolean(L, 1) ? ARPC_EVENT_MANUAL : 0) | (lua_toboolean(L, 2) ? ARPC_EVENT_SET : 0);
  if (arpc_event_new(&e, flags)) luaL_error(L, "not enough memory");
  arpc__push_shared(L, st, ARPC__EVENT, &e->shared);
  return 1;
}

static int event_set(lua_State *L) {
  arpc_event_set(arpc__check_event(L, arpc__state_of(L), 1));
  return 0;
}

static int event_reset(lua_State *L) {
  arpc_event_reset(arpc__check_event(L, arpc__state_of(L), 1));
  return 0;
}

static int finish_wait(lua_State *L, arpc__wait *w) {
  enum arpc__outcome how = arpc__outcome_of(L, w, NULL);
  lua_pushboolean(L, how == ARPC__GIVEN);
  if (how == ARPC__GIVEN) return 1;
  lua_pushstring(L, arpc__outcome_name(how));
  return how == ARPC__APC ? arpc__apc_run(L, 2) : 2;
}

/* wait(ms, "alertable"): true once set; false, "timeout" after ms; false, "apc" when APCs ran instead */
static int event_wait(lua_State *L) {
  static const arpc__wait_kind kind = {finish_wait, NULL};
  return arpc__wait_shared(L, ARPC__EVENT, &kind);
}

static int event_is_set(lua_State *L) {
  lua_pushboolean(L, arpc__event_is_set(arpc__check_event(L, arpc__state_of(L), 1)));
  return 1;
}

/* token(): names the event in any thread, as long as somebody has it */
static int event_token(lua_State *L) {
  return arpc__shared_token_method(L, ARPC__EVENT);
}

static int event_tostring(lua_State *L) {
  arpc_event *e = arpc__check_event(L, arpc__state_of(L), 1);
  lua_pushfstring(L, "asyncrpc.event (%s-reset, %s): %p", e->manual ? "manual" : "auto",
                  arpc__event_is_set(e) ? "set" : "not set", (void *)e);
  return 1;
}

void arpc__open_event(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {{"set", event_set},       {"reset", event_reset}, {"wait", event_wait},
                                     {"is_set", event_is_set}, {"token", event_token}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", arpc__shared_gc}, {"__tostring", event_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"event", l_event}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__EVENT, "asyncrpc.event", methods, meta);
  arpc__functions(L, st, functions);
}
