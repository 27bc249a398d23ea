/* The client proxy. A procedure's method is one closure, made when the first client of an interface is; its
 * upvalues are the state and the procedure. */
#include "lua/client.h"
#include "lua/error.h"
#include "lua/options.h"
#include "lua/pipe.h"

#include <stdlib.h>

/* User values: the methods, and the interface (of a client) or the client (of its async view). */
enum { UV_METHODS = 1, UV_INTERFACE, UV_CLIENT = UV_INTERFACE, UV_COUNT = UV_INTERFACE };

static const char methods_key; /* registry: methods by interface */

static arpc__client *check_client(lua_State *L, arpc__state *st) {
  return arpc__object_check(L, st, 1, ARPC__CLIENT);
}

/* The closure of one procedure: upvalues are state, procedure, and the interface that keeps it. */
static int method(lua_State *L) {
  return arpc__client_call(L, arpc__state_of(L), lua_touserdata(L, lua_upvalueindex(2)));
}

/* ---- methods of an interface -------------------------------------------------------------------*/

static int long_form(lua_State *L);
static int client_with(lua_State *L);
static int client_close(lua_State *L);
static int client_binding(lua_State *L);

static const luaL_Reg client_methods[] = {{"call", long_form},         {"with", client_with}, {"close", client_close},
                                          {"binding", client_binding}, {NULL, NULL}};
static const luaL_Reg view_methods[] = {{"call", long_form}, {NULL, NULL}};

/* A client's own table does not have a name yet: it learns it, and is asked alone from then on. */
static int learn(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

/* Pushes {__index = what a client, or its async view, answers to}: its own names, and the procedures that
 * are not named like them. */
static void push_names(lua_State *L, arpc__state *st, const arpc__interface *iface, int methods, int view) {
  lua_createtable(L, 0, 2);
  lua_createtable(L, 0, (int)iface->nprocs + 4);
  for (uint32_t n = 0; n < iface->nprocs; n++) {
    if (!iface->procs[n].name) continue;
    lua_rawgeti(L, methods, n);
    lua_setfield(L, -2, iface->procs[n].name);
  }
  arpc__functions(L, st, view ? view_methods : client_methods);
  if (!view) lua_pushcclosure(L, learn, 1);
  lua_setfield(L, -2, "__index");
}

/* Pushes the table of methods: by name and by opnum for the long form, at -1 and -2 what clients and views
 * answer to; kept in a weak table by interface. */
static void push_methods(lua_State *L, arpc__state *st, arpc__interface *iface, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
  lua_pushvalue(L, index);
  if (lua_rawget(L, -2) != LUA_TNIL) {
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  lua_createtable(L, (int)iface->nprocs, (int)iface->nprocs);
  for (uint32_t n = 0; n < iface->nprocs; n++) {
    if (!iface->procs[n].name) continue;
    lua_pushlightuserdata(L, st);
    lua_pushlightuserdata(L, &iface->procs[n]);
    lua_pushvalue(L, index);
    lua_pushcclosure(L, method, 3);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, n);
    lua_setfield(L, -2, iface->procs[n].name);
  }
  for (int view = 0; view < 2; view++) {
    push_names(L, st, iface, lua_gettop(L), view);
    lua_pushstring(L, view ? "asyncrpc.client.async" : "asyncrpc.client");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "protected");
    lua_setfield(L, -2, "__metatable");
    lua_rawseti(L, -2, -1 - view);
  }
  lua_pushvalue(L, index);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  lua_remove(L, -2);
}

/* call("Name" or opnum, ...): the long form, of clients and views */
static int long_form(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  if (!arpc__object_test(L, st, 1, ARPC__CLIENT)) arpc__object_check(L, st, 1, ARPC__ASYNC_VIEW);
  luaL_argexpected(L, lua_type(L, 2) == LUA_TSTRING || lua_isinteger(L, 2), 2, "procedure name or opnum");
  lua_getiuservalue(L, 1, UV_METHODS);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TFUNCTION)
    return arpc__raise(L, ARPC_S_PROCNUM_OUT_OF_RANGE, "no procedure %s in the interface", luaL_tolstring(L, 2, NULL));
  lua_getupvalue(L, -1, 2);
  const arpc__proc *proc = lua_touserdata(L, -1);
  lua_pop(L, 3);
  lua_remove(L, 2);
  return arpc__client_call(L, st, proc);
}

/* ---- making clients ----------------------------------------------------------------------------*/

/* A view's metatable is the same for all of an interface. */
static void push_view(lua_State *L, arpc__state *st, arpc__client *c, int self, int methods) {
  arpc__async_view *view = arpc__object_new(L, st, ARPC__ASYNC_VIEW, sizeof *view, UV_COUNT);
  view->client = c;
  lua_pushvalue(L, methods);
  lua_setiuservalue(L, -2, UV_METHODS);
  lua_pushvalue(L, self);
  lua_setiuservalue(L, -2, UV_CLIENT);
  lua_rawgeti(L, methods, -2);
  lua_setmetatable(L, -2);
}

/* A client's metatable is its own: a procedure is looked up in one table, {async = its view} and what it learnt. */
static void set_metatable(lua_State *L, arpc__state *st, arpc__client *c, int self, int methods) {
  static const char *const same[] = {"__gc", "__close", "__tostring", "__name", "__metatable"};
  lua_createtable(L, 0, 6);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables[ARPC__CLIENT]);
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    lua_getfield(L, -1, same[i]);
    lua_setfield(L, -3, same[i]);
  }
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  push_view(L, st, c, self, methods);
  lua_setfield(L, -2, "async");
  lua_rawgeti(L, methods, -1);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, self);
}

static arpc__client *push_client(lua_State *L, arpc__state *st, int interface, int methods) {
  arpc__client *c = arpc__object_new(L, st, ARPC__CLIENT, sizeof *c, UV_COUNT);
  lua_pushvalue(L, interface);
  lua_setiuservalue(L, -2, UV_INTERFACE);
  lua_pushvalue(L, methods);
  lua_setiuservalue(L, -2, UV_METHODS);
  set_metatable(L, st, c, lua_gettop(L), methods);
  return c;
}

/* client(interface, binding, options) */
static int l_client(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  lua_settop(L, 3);
  arpc__interface *iface = arpc__check_interface(L, 1);
  if (lua_istable(L, 1)) { /* the core object, from here on */
    lua_getfield(L, 1, "core");
    lua_replace(L, 1);
  }
  if (lua_isnil(L, 3)) lua_newtable(L), lua_replace(L, 3);
  luaL_checktype(L, 3, LUA_TTABLE);
  int causal;
  arpc_client_options o = arpc__client_options_read(L, 3, &causal);
  push_methods(L, st, iface, 1);
  arpc__client *c = push_client(L, st, 1, 4);
  arpc__call_options_read(L, 3, &c->own);
  if (!st->rt) return arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
  if (!(c->shared = calloc(1, sizeof *c->shared))) return luaL_error(L, "not enough memory");
  c->shared->views = 1;
  c->shared->pipe_portion = arpc__pipe_portion(o.pipe_high, o.pipe_low);
  arpc_binding *b = arpc__check_binding(L, 2);
  arpc_status status = arpc_client_new(&c->shared->core, st->rt, b, &iface->id, &o);
  arpc_binding_free(b);
  if (status) return arpc__raise(L, status, "%s: %s", lua_tostring(L, 2), arpc_status_text(status));
  arpc_client_set_option(c->shared->core, ARPC_OPT_NONCAUSAL, !causal);
  return 1;
}

/* with{timeout=, deadline=, grace=, object=}: a view on the same association */
static int client_with(lua_State *L) {
  static const char *const names[] = {"timeout", "deadline", "grace", "object", NULL};
  arpc__state *st = arpc__state_of(L);
  arpc__client *c = check_client(L, st);
  if (!c->shared) arpc__raise(L, ARPC_S_INVALID_BINDING, "the client was collected");
  luaL_checktype(L, 2, LUA_TTABLE);
  arpc__check_options(L, 2, names);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, UV_INTERFACE);
  lua_getiuservalue(L, 1, UV_METHODS);
  arpc__client *view = push_client(L, st, 3, 4);
  view->own = c->own;
  arpc__call_options_read(L, 2, &view->own);
  view->shared = c->shared;
  c->shared->views++;
  return 1;
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void close_core(arpc__client *c) {
  if (arpc__client_core(c)) arpc_client_close(c->shared->core);
  if (c->shared) c->shared->core = NULL;
}

static int client_close(lua_State *L) {
  close_core(check_client(L, arpc__state_of(L)));
  return 0;
}

static int client_gc(lua_State *L) {
  arpc__client *c = arpc__object_own(L);
  if (!c || !c->shared || --c->shared->views) return 0;
  close_core(c);
  free(c->shared);
  c->shared = NULL;
  return 0;
}

static int client_binding(lua_State *L) {
  arpc__client *c = check_client(L, arpc__state_of(L));
  char text[512];
  if (!arpc__client_core(c)) return luaL_pushfail(L), 1;
  arpc_client_binding(arpc__client_core(c), text, sizeof text);
  lua_pushstring(L, text);
  return 1;
}

static int client_tostring(lua_State *L) {
  arpc__client *c = check_client(L, arpc__state_of(L));
  lua_getiuservalue(L, 1, UV_INTERFACE);
  lua_pushfstring(L, "asyncrpc.client (%s%s): %p", arpc__check_interface(L, -1)->name,
                  arpc__client_core(c) ? "" : ", closed", (void *)c);
  return 1;
}

void arpc__open_client(lua_State *L, arpc__state *st) {
  static const luaL_Reg meta[] = {
      {"__gc", client_gc}, {"__close", client_close}, {"__tostring", client_tostring}, {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg functions[] = {{"client", l_client}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__CLIENT, "asyncrpc.client", client_methods, meta);
  arpc__class_new(L, st, ARPC__ASYNC_VIEW, "asyncrpc.client.async", view_methods, none);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);
  arpc__functions(L, st, functions);
}
