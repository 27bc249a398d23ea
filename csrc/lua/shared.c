#include "lua/shared.h"

#include "lua/apc.h"
#include "lua/error.h"

/* Registry: a weak table by address, so that one object has one userdata in a state. */
static const char known_key;

static void push_known(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &known_key) != LUA_TNIL) return;
  lua_pop(L, 1);
  arpc__push_weak(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &known_key);
}

int arpc__push_known_shared(lua_State *L, const arpc__shared *core) {
  push_known(L);
  int type = lua_rawgetp(L, -1, core);
  lua_remove(L, -2);
  return type != LUA_TNIL;
}

static void make_known(lua_State *L, const arpc__shared *core) {
  push_known(L);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, core);
  lua_pop(L, 1);
}

void arpc__push_shared(lua_State *L, arpc__state *st, enum arpc__class class, arpc__shared *core) {
  arpc__shared_object *o = arpc__object_new(L, st, class, sizeof *o, class == ARPC__EVENT ? 0 : ARPC__UV_BOX);
  o->core = core;
  if (class == ARPC__EVENT) return; /* known once it has a token */
  lua_newtable(L);
  lua_setiuservalue(L, -2, ARPC__UV_HELD);
  make_known(L, core);
}

void arpc__check_not_closing(lua_State *L, const arpc__state *st) {
  if (!st->rt) arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
}

arpc__shared *arpc__check_shared(lua_State *L, arpc__state *st, int index, enum arpc__class class) {
  arpc__check_not_closing(L, st);
  arpc__shared_object *o = arpc__object_check(L, st, index, class);
  if (!o->core) luaL_argerror(L, index, "the object was collected");
  return o->core;
}

void arpc__open_shared(lua_State *L, arpc__state *st, enum arpc__class class, const arpc__shared_kind *kind, int index) {
  arpc__shared *core = arpc__shared_open(kind, luaL_checkstring(L, index));
  if (!core) arpc__raise(L, ARPC_S_ENTRY_NOT_FOUND, "no %s has the token '%s'", kind->name, lua_tostring(L, index));
  if (arpc__push_known_shared(L, core)) {
    arpc__shared_unref(core); /* the userdata has its own */
    return;
  }
  lua_pop(L, 1);
  arpc__push_shared(L, st, class, core);
  make_known(L, core);
}

int arpc__shared_token_method(lua_State *L, enum arpc__class class) {
  char text[96];
  arpc__shared *core = arpc__check_shared(L, arpc__state_of(L), 1, class);
  lua_settop(L, 1);
  make_known(L, core);
  arpc__shared_token(core, text, sizeof text);
  lua_pushstring(L, text);
  return 1;
}

int arpc__shared_gc(lua_State *L) {
  arpc__shared_object *o = arpc__object_own(L);
  if (!o) return 0;
  if (o->core) arpc__shared_unref(o->core);
  o->core = NULL;
  return 0;
}

/* ---- waiting -----------------------------------------------------------------------------------*/

static void on_given(arpc__waiter *waiter) {
  arpc__wait_wake_later(arpc__of(arpc__wait, waiter, waiter));
}

int arpc__wait_shared(lua_State *L, enum arpc__class class, const arpc__wait_kind *kind) {
  arpc__state *st = arpc__state_of(L);
  arpc__shared *core = arpc__check_shared(L, st, 1, class);
  lua_Number ms = arpc__check_ms(L, 2);
  int alertable = arpc__check_alertable(L, 3);
  lua_settop(L, 1);
  if (ms != 0) arpc__wait_check(L, st);
  arpc__wait *w = arpc__wait_new(L, st, kind);
  w->waiter.wake = on_given;
  if (arpc__await(core, st->rt, &w->waiter)) w->woken = 1;
  else if (alertable && arpc__apc_attach(L, w)) arpc__leave(&w->waiter);
  else if (ms == 0) {
    arpc__leave(&w->waiter);
    w->woken = w->timed_out = 1;
  }
  return arpc__wait_for(L, w, ms == 0 ? -1 : ms);
}

enum arpc__outcome arpc__outcome_of(lua_State *L, arpc__wait *w, arpc__parcel **ret_parcel) {
  enum arpc__outcome how = w->by_apc ? ARPC__APC : w->timed_out ? ARPC__TIMED_OUT : ARPC__GIVEN;
  if (arpc__take_given(&w->waiter) && ret_parcel) *ret_parcel = w->waiter.parcel;
  arpc__wait_free(L, w);
  return how;
}

const char *arpc__outcome_name(enum arpc__outcome how) {
  return how == ARPC__APC ? "apc" : "timeout";
}
