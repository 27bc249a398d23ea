/* The client proxy. A procedure's method is one closure, made when the first client of an interface is; its
 * upvalues are the state and the procedure. Issuing is: marshal into the scratch buffer, hand it to the core,
 * then wait (a synchronous call), or return a handle. */
#include "lua/client_options.h"
#include "lua/error.h"
#include "lua/handle.h"
#include "lua/options.h"

#include <stdlib.h>

/* User values: the methods, and the interface (of a client) or the client (of its async view). */
enum { UV_METHODS = 1, UV_INTERFACE, UV_CLIENT = UV_INTERFACE, UV_COUNT = UV_INTERFACE };

typedef struct shared_client shared_client; /* what views of one client share */
struct shared_client {
  arpc_client *core; /* NULL once closed */
  uint32_t views;
};

typedef struct client client;
struct client {
  arpc__state *st;
  uint8_t class; /* arpc__object so far */
  shared_client *shared;
  arpc__call_options own;
};

typedef struct async_view {
  arpc__object head;
  client *client; /* kept by the user value */
} async_view;

static const char methods_key; /* registry: methods by interface */

static client *check_client(lua_State *L, arpc__state *st) {
  return arpc__object_check(L, st, 1, ARPC__CLIENT);
}

/* NULL once closed; also when a finalizer reaches a client that was collected before it. */
static arpc_client *core_of(const client *c) {
  return c->shared && c->st->rt ? c->shared->core : NULL;
}

/* ---- issuing -----------------------------------------------------------------------------------*/

typedef struct issue {
  client *client;
  const arpc__proc *proc;
  int first, n; /* the arguments on the stack */
  int shift;    /* arguments in front of them, for messages */
} issue;

static int raise_issue(lua_State *L, const issue *i, arpc_status status) {
  return arpc__raise(L, status, "%s: %s", i->proc->name, arpc_status_text(status));
}

static void check_callable(lua_State *L, const issue *i) {
  if (i->proc->refused) arpc__raise(L, ARPC_S_CANNOT_SUPPORT, "%s: %s", i->proc->name, i->proc->refused);
}

/* Asked last of all: making a handle may collect garbage, and a finalizer may close the client. */
static arpc_client *open_core(lua_State *L, const issue *i) {
  arpc_client *core = core_of(i->client);
  if (!core) arpc__raise(L, ARPC_S_INVALID_BINDING, "%s: the client is closed", i->proc->name);
  return core;
}

/* Both syntaxes into one buffer while the server's choice is not known: the NDR20 stub, then the other, which
 * begins at the offset that is returned. */
static size_t encode(lua_State *L, const issue *i, uint32_t transfer, arpc__kept *kept) {
  arpc__buf *out = &i->client->st->scratch;
  size_t split = 0;
  arpc__buf_clear(out);
  if (transfer & ARPC_NDR20) {
    arpc__marshal_in(L, i->proc, i->first, i->n, i->shift, ARPC_NDR20, &(arpc__writer){out, 0}, kept);
    split = out->len;
  }
  if (transfer & ARPC_NDR64)
    arpc__marshal_in(L, i->proc, i->first, i->n, i->shift, ARPC_NDR64, &(arpc__writer){out, split}, kept);
  return split;
}

/* Once more when a finalizer that ran meanwhile made a call of its own. */
static void marshal(lua_State *L, const issue *i, arpc_request *ret, arpc__kept *kept) {
  arpc__state *st = i->client->st;
  uint32_t encoding;
  size_t split;
  do {
    encoding = ++st->encodings;
    split = encode(L, i, arpc_client_transfer(open_core(L, i)), kept);
  } while (st->encodings != encoding);
  if (st->scratch.error) raise_issue(L, i, st->scratch.error);
  ret->stub = st->scratch.data;
  ret->len = split;
  ret->stub64 = st->scratch.data ? st->scratch.data + split : NULL;
  ret->len64 = st->scratch.len - split;
}

static arpc_status issue_call(const issue *i, arpc_async *async, arpc_request *request) {
  client *c = i->client;
  request->opnum = i->proc->opnum;
  request->timeout = c->own.timeout;
  request->deadline = c->own.deadline;
  request->grace = c->own.grace;
  if (c->own.has_object) request->object = &c->own.object;
  return arpc_client_call(core_of(c), async, request);
}

/* ---- synchronous -------------------------------------------------------------------------------*/

static void on_answer(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)rt;
  (void)event;
  arpc__wait_wake(async->user_info);
}

static int finish_call(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc_async async = *ARPC__ASYNC(w);
  const arpc__proc *proc = w->proc;
  arpc__kept kept;
  memcpy(kept.value, w->kept.value, proc->nkept * sizeof *kept.value);
  arpc__wait_free(L, w);
  return arpc__harvest_sync(L, st, &async, proc, &kept);
}

/* Nobody waits for the answer any more. */
static void cancel_call(arpc__wait *w) {
  if (!w->st->rt) return;
  arpc_async_cancel(w->st->rt, ARPC__ASYNC(w), 1);
  arpc_async_drop(w->st->rt, ARPC__ASYNC(w));
}

static int call_and_wait(lua_State *L, const issue *i) {
  static const arpc__wait_kind kind = {finish_call, cancel_call};
  arpc__state *st = i->client->st;
  arpc_request request = {0};
  arpc__kept kept;
  arpc__wait_check(L, st);
  marshal(L, i, &request, &kept);
  arpc__wait *w = arpc__wait_new_brief(L, st, &kind, i->proc);
  memcpy(w->kept.value, kept.value, i->proc->nkept * sizeof *kept.value);
  arpc_async async = {.size = sizeof async, .signature = ARPC__SIGNATURE, .notification = ARPC_NOTIFY_CALLBACK};
  async.routine = on_answer;
  async.user_info = w;
  arpc_status status = issue_call(i, &async, &request);
  if (status) {
    arpc__wait_free(L, w);
    return raise_issue(L, i, status);
  }
  w->id = async.id;
  return arpc__wait_for(L, w, -1);
}

/* ---- asynchronous ------------------------------------------------------------------------------*/

/* The handle is at `index`; a trailing callback, if there is one, at `callback`. */
static void call_with_handle(lua_State *L, const issue *i, int index, int callback) {
  arpc__handle *h = lua_touserdata(L, index);
  arpc_request request = {0};
  arpc__handle_arm(L, h, i->proc);
  marshal(L, i, &request, arpc__handle_kept(h));
  arpc__handle_own(L, index);
  h->trailing = callback != 0;
  if (callback) {
    lua_pushvalue(L, callback);
    lua_setiuservalue(L, index, ARPC__UV_CALLBACK);
  }
  arpc_async async = arpc__handle_async(h);
  arpc_status status = issue_call(i, &async, &request);
  if (status) raise_issue(L, i, status);
  h->id = async.id;
  arpc__handle_issued(L, h, index);
}

static int is_callable(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TFUNCTION) return 1;
  if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || luaL_getmetafield(L, index, "__call") == LUA_TNIL) return 0;
  lua_pop(L, 1);
  return 1;
}

/* The arguments start at 2, or at 3 behind an async handle: then nothing is returned. */
static int call_client(lua_State *L, client *c, const arpc__proc *proc) {
  issue i = {c, proc, 2, lua_gettop(L) - 1, 0};
  check_callable(L, &i);
  if (!arpc__object_test(L, c->st, 2, ARPC__HANDLE)) return call_and_wait(L, &i);
  i.first = 3;
  i.n--;
  i.shift = 1;
  call_with_handle(L, &i, 2, 0);
  return 0;
}

/* Through the async view: a handle is returned. */
static int call_view(lua_State *L, client *c, const arpc__proc *proc) {
  issue i = {c, proc, 2, lua_gettop(L) - 1, 0};
  check_callable(L, &i);
  int callback = i.n == proc->nin + 1 && is_callable(L, 1 + i.n) ? 1 + i.n : 0;
  if (callback) i.n--;
  arpc__handle_new(L, c->st, proc->nkept, callback);
  call_with_handle(L, &i, lua_gettop(L), callback);
  return 1;
}

static int call_any(lua_State *L, arpc__state *st, const arpc__proc *proc) {
  client *c = arpc__object_test(L, st, 1, ARPC__CLIENT);
  ARPC__STRESS(L);
  if (c) return call_client(L, c, proc);
  async_view *view = arpc__object_test(L, st, 1, ARPC__ASYNC_VIEW);
  if (!view) return luaL_typeerror(L, 1, "asyncrpc.client (call procedures with a colon)");
  return call_view(L, view->client, proc);
}

/* The closure of one procedure: upvalues are state, procedure, and the interface that keeps it. */
static int method(lua_State *L) {
  return call_any(L, arpc__state_of(L), lua_touserdata(L, lua_upvalueindex(2)));
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
  return call_any(L, st, proc);
}

/* ---- making clients ----------------------------------------------------------------------------*/

/* A view's metatable is the same for all of an interface. */
static void push_view(lua_State *L, arpc__state *st, client *c, int self, int methods) {
  async_view *view = arpc__object_new(L, st, ARPC__ASYNC_VIEW, sizeof *view, UV_COUNT);
  view->client = c;
  lua_pushvalue(L, methods);
  lua_setiuservalue(L, -2, UV_METHODS);
  lua_pushvalue(L, self);
  lua_setiuservalue(L, -2, UV_CLIENT);
  lua_rawgeti(L, methods, -2);
  lua_setmetatable(L, -2);
}

/* A client's metatable is its own: a procedure is looked up in one table, {async = its view} and what it learnt. */
static void set_metatable(lua_State *L, arpc__state *st, client *c, int self, int methods) {
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

static client *push_client(lua_State *L, arpc__state *st, int interface, int methods) {
  client *c = arpc__object_new(L, st, ARPC__CLIENT, sizeof *c, UV_COUNT);
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
  client *c = push_client(L, st, 1, 4);
  arpc__call_options_read(L, 3, &c->own);
  if (!st->rt) return arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
  if (!(c->shared = calloc(1, sizeof *c->shared))) return luaL_error(L, "not enough memory");
  c->shared->views = 1;
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
  client *c = check_client(L, st);
  if (!c->shared) arpc__raise(L, ARPC_S_INVALID_BINDING, "the client was collected");
  luaL_checktype(L, 2, LUA_TTABLE);
  arpc__check_options(L, 2, names);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, UV_INTERFACE);
  lua_getiuservalue(L, 1, UV_METHODS);
  client *view = push_client(L, st, 3, 4);
  view->own = c->own;
  arpc__call_options_read(L, 2, &view->own);
  view->shared = c->shared;
  c->shared->views++;
  return 1;
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void close_core(client *c) {
  if (core_of(c)) arpc_client_close(c->shared->core);
  if (c->shared) c->shared->core = NULL;
}

static int client_close(lua_State *L) {
  close_core(check_client(L, arpc__state_of(L)));
  return 0;
}

static int client_gc(lua_State *L) {
  client *c = arpc__object_own(L);
  if (!c || !c->shared || --c->shared->views) return 0;
  close_core(c);
  free(c->shared);
  c->shared = NULL;
  return 0;
}

static int client_binding(lua_State *L) {
  client *c = check_client(L, arpc__state_of(L));
  char text[512];
  if (!core_of(c)) return luaL_pushfail(L), 1;
  arpc_client_binding(core_of(c), text, sizeof text);
  lua_pushstring(L, text);
  return 1;
}

static int client_tostring(lua_State *L) {
  client *c = check_client(L, arpc__state_of(L));
  lua_getiuservalue(L, 1, UV_INTERFACE);
  lua_pushfstring(L, "asyncrpc.client (%s%s): %p", arpc__check_interface(L, -1)->name,
                  core_of(c) ? "" : ", closed", (void *)c);
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
