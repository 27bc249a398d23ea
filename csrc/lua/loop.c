/* How luv's loop is found and shared; nowhere else is anything known of luv.
 *
 * luv keeps a context in the registry under "luv_context": the loop first, a lua_State second, the function
 * through which callbacks call Lua third. The lua_State there is whichever thread required luv first and may
 * dangle, so the main thread comes from the registry. luv walks all handles of its loop and takes their
 * `data` for a luv_handle_t: ours holds one block of that shape, whose reference names a userdata that
 * answers is_closing and close. */
#include "lua/state.h"

#include "lua/error.h"

#include <stdlib.h>

typedef struct luv_context {
  uv_loop_t *loop;
  lua_State *unreliable;
  arpc__pcall pcall;
} luv_context;

typedef struct luv_handle_shape {
  int ref;
  int callbacks[2];
  void *context;
  void *extra;
  void (*extra_gc)(void *);
} luv_handle_shape;

static void enter(void *arg, void (*fn)(void *p), void *p);

typedef struct entry entry;
struct entry {
  void (*fn)(void *p);
  void *p;
};

static int entered(lua_State *L) {
  entry *e = lua_touserdata(L, 1);
  lua_settop(L, 0);
  e->fn(e->p);
  return 0;
}

static void enter(void *arg, void (*fn)(void *p), void *p) {
  arpc__state *st = arg;
  entry e = {fn, p};
  ARPC__STRESS(st->main);
  lua_checkstack(st->main, 8);
  lua_pushcfunction(st->main, entered);
  lua_pushlightuserdata(st->main, &e);
  st->pcall(st->main, 1, 0, 0);
}

static void released(void *handle_data) {
  free(handle_data);
}

/* ---- what uv.walk hands out --------------------------------------------------------------------*/

static int walked_is_closing(lua_State *L) {
  lua_pushboolean(L, arpc__state_of(L)->rt == NULL);
  return 1;
}

/* Closing any handle of ours closes all connections and servers: pending calls complete, nothing is torn. */
static int walked_close(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  if (st->rt) arpc_runtime_reset(st->rt);
  return 0;
}

static int walked_tostring(lua_State *L) {
  lua_pushliteral(L, "asyncrpc.loop");
  return 1;
}

static const luaL_Reg walked_methods[] = {{"is_closing", walked_is_closing},
                                          {"is_active", walked_is_closing},
                                          {"has_ref", walked_is_closing},
                                          {"close", walked_close},
                                          {NULL, NULL}};

static void push_walked(lua_State *L, arpc__state *st) {
  lua_newuserdatauv(L, 1, 0);
  lua_newtable(L);
  lua_newtable(L);
  arpc__functions(L, st, walked_methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, walked_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
}

static void *make_handle_data(lua_State *L, arpc__state *st, luv_context *context) {
  luv_handle_shape *shape = calloc(1, sizeof *shape);
  if (!shape) luaL_error(L, "not enough memory");
  push_walked(L, st);
  shape->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  shape->callbacks[0] = shape->callbacks[1] = LUA_NOREF;
  shape->context = context;
  return shape;
}

/* ---- finding the loop --------------------------------------------------------------------------*/

static void require_luv(lua_State *L, arpc__state *st) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "luv");
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  st->uv = luaL_ref(L, LUA_REGISTRYINDEX); /* collected, it would close every handle of its loop */
}

/* Two libuvs in one process take each other's loops apart. */
static void check_version(lua_State *L) {
  lua_getfield(L, -1, "version");
  lua_call(L, 0, 1);
  lua_Integer theirs = lua_tointeger(L, -1);
  if (theirs != (lua_Integer)uv_version())
    luaL_error(L,
               "asyncrpc runs on libuv %s, but luv was built on %d.%d.%d: both must use the same libuv "
               "(build luv with WITH_SHARED_LIBUV)",
               uv_version_string(), (int)(theirs >> 16 & 0xff), (int)(theirs >> 8 & 0xff), (int)(theirs & 0xff));
  lua_pop(L, 1);
}

void arpc__loop_open(lua_State *L, arpc__state *st, int manual_clock) {
  require_luv(L, st);
  check_version(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "luv_context");
  luv_context *context = lua_touserdata(L, -1);
  if (!context || !context->loop || !context->pcall) luaL_error(L, "luv's loop was not found");
  lua_pop(L, 2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  st->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  st->loop = context->loop;
  st->pcall = context->pcall;
  st->handle_data = make_handle_data(L, st, context);
  arpc_runtime_options o = {.host = {.arg = st, .enter = enter, .handle_data = st->handle_data}};
  o.manual_clock = manual_clock;
  o.host.released = released;
  arpc_status status = arpc_runtime_new(&st->rt, st->loop, &o);
  if (status) luaL_error(L, "asyncrpc: %s", arpc_status_text(status));
}

/* ---- running it --------------------------------------------------------------------------------*/

static void get_uv(lua_State *L, arpc__state *st, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->uv);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

int arpc__loop_running(lua_State *L, arpc__state *st) {
  if (st->rt->entered) return 1; /* luv 1.44 forgets its mode when loops are nested */
  get_uv(L, st, "loop_mode");
  lua_call(L, 0, 1);
  int running = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return running;
}

int arpc__loop_turn(lua_State *L, arpc__state *st) {
  get_uv(L, st, "run");
  lua_pushliteral(L, "once");
  lua_call(L, 1, 1);
  int alive = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return alive;
}
