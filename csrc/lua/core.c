/* The module asyncrpc.core: what lua/asyncrpc builds upon. One state record per Lua state. */
#include "lua/apc.h"
#include "lua/error.h"
#include "lua/shared.h"

#include <stdlib.h>

static const char state_key; /* registry: the state's userdata */

/* Runs when the Lua state closes (the registry keeps it until then), before luv's loop is closed, which runs
 * the close callbacks of our handles: none of them enters Lua. */
static int state_gc(lua_State *L) {
  arpc__state *st = lua_touserdata(L, 1);
  arpc_runtime *rt = st->rt;
  arpc__waits_free(st);
  arpc__undefer(rt, &st->report);
  arpc__reports_free(st);
  if (st->home) arpc__home_close(st->home);
  st->rt = NULL;
  arpc_runtime_abandon(rt);
  for (arpc__list *n; (n = arpc__list_pop(&st->idle_tasks));) free(arpc__of(arpc__task, node, n));
  for (arpc__list *n; (n = arpc__list_pop(&st->ended_tasks));) free(arpc__of(arpc__task, node, n));
  for (arpc__list *n; (n = arpc__list_pop(&st->busy_tasks));) free(arpc__of(arpc__task, node, n));
  arpc__buf_free(&st->scratch);
  free(st->free_slots);
  st->free_slots = NULL;
  st->nfree = st->nslots = st->free_size = 0;
  return 0;
}

arpc__state *arpc__state_find(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  arpc__state *st = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return st;
}

static arpc__state *state_new(lua_State *L) {
  arpc__state *st = memset(lua_newuserdatauv(L, sizeof *st, 0), 0, sizeof *st);
  arpc__list_init(&st->waiting);
  arpc__list_init(&st->idle_tasks);
  arpc__list_init(&st->ended_tasks);
  arpc__list_init(&st->busy_tasks);
  arpc__list_init(&st->reports);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
  lua_newtable(L);
  st->anchors = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushboolean(L, 0);
  st->traceback = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_getglobal(L, "print"); /* until lua/asyncrpc sets its own */
  st->on_error = luaL_ref(L, LUA_REGISTRYINDEX);
  return st;
}

/* After luv was required: finalizers run in the reverse order of creation. */
static void set_gc(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, state_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* report(error, traceback, where): hands it to on_error */
static int l_report(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  lua_settop(L, 3);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->on_error);
  lua_insert(L, 1);
  lua_call(L, 3, 0);
  return 0;
}

/* on_error(fn) -> the function before */
static int l_on_error(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->on_error);
  lua_insert(L, 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->on_error);
  return 1;
}

static int l_stats(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  arpc_stats s = {0};
  if (st->rt) arpc_runtime_stats(st->rt, &s);
  lua_createtable(L, 0, 16);
#define FIELD(name)                             \
  lua_pushinteger(L, (lua_Integer)s.name);      \
  lua_setfield(L, -2, #name);
  FIELD(calls_issued)
  FIELD(calls_completed)
  FIELD(calls_served)
  FIELD(calls_ended)
  FIELD(late_answers)
  FIELD(bytes_in)
  FIELD(bytes_out)
  FIELD(reads)
  FIELD(writes)
  FIELD(connections)
  FIELD(pending)
  FIELD(parked)
  FIELD(handles)
  FIELD(timers)
#undef FIELD
  lua_pushinteger(L, (lua_Integer)(st->nslots - st->nfree - st->nidle));
  lua_setfield(L, -2, "anchors");
  return 1;
}

static int l_now(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  lua_pushinteger(L, st->rt ? (lua_Integer)arpc_runtime_now(st->rt) : 0);
  return 1;
}

/* advance(ms): with the manual clock (ASYNCRPC_MANUAL_CLOCK set when the module was loaded), for specs */
static int l_advance(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  if (!st->rt->clock.manual) return luaL_error(L, "the clock is the real one");
  arpc_runtime_advance(st->rt, (uint64_t)luaL_checkinteger(L, 1));
  return 0;
}

/* reset(): closes every client, server and connection */
static int l_reset(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  if (st->rt) arpc_runtime_reset(st->rt);
  return 0;
}

static int open_module(lua_State *L) {
  static const luaL_Reg functions[] = {{"on_error", l_on_error}, {"report", l_report}, {"stats", l_stats}, {"now", l_now},
                                       {"advance", l_advance},   {"reset", l_reset}, {NULL, NULL}};
  arpc__state *st = state_new(L);
  arpc__loop_open(L, st, getenv("ASYNCRPC_MANUAL_CLOCK") != NULL);
  set_gc(L);
  if (!(st->home = arpc__home_new(st))) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  lua_pushliteral(L, ARPC_VERSION);
  lua_setfield(L, -2, "version");
  arpc__functions(L, st, functions);
  arpc__open_error(L);
  arpc__open_interface(L);
  arpc__open_context(L);
  arpc__open_wait(L, st);
  arpc__open_event(L, st);
  arpc__open_port(L, st);
  arpc__open_apc(L, st);
  arpc__open_handle(L, st);
  arpc__open_pipe(L, st);
  arpc__open_call(L, st);
  arpc__open_client(L, st);
  arpc__open_server(L, st);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_asyncrpc_core(lua_State *L);

int luaopen_asyncrpc_core(lua_State *L) {
  return open_module(L);
}
