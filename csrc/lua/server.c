/* Servers and the running of managers. Every request gets a handle and a task: the task calls the manager
 * with the handle and the arguments. A synchronous manager's return values are the reply; an asynchronous
 * one replies through its handle whenever it likes, and the handle alone keeps the call. */
#include "lua/error.h"
#include "lua/handle.h"
#include "lua/options.h"
#include "lua/pipe.h"
#include "ndr/measure.h"

#include <stdlib.h>

typedef struct registration registration; /* one interface of one server */
struct registration {
  arpc__list node;
  arpc__state *st;
  struct server *server;
  arpc__interface *iface;
  int *managers;     /* registry: functions by opnum; LUA_NOREF = none */
  int metatables[2]; /* registry: of handles that are not watched, and that are; they keep the interface */
};

typedef struct server server;
struct server {
  arpc__state *st;
  uint8_t class;       /* arpc__object so far */
  arpc_server *core;  /* NULL once closed */
  uint32_t anchor;    /* while listening */
  arpc__list registrations;
  uint32_t pipe_portion; /* bytes that are pushed at once */
};

static server *check(lua_State *L) {
  return arpc__object_check(L, arpc__state_of(L), 1, ARPC__SERVER);
}

static server *check_open(lua_State *L) {
  server *s = check(L);
  if (!s->core || !s->st->rt) arpc__raise(L, ARPC_S_INVALID_BINDING, "the server is closed");
  return s;
}

/* ---- running managers --------------------------------------------------------------------------*/

/* What a synchronous manager returned, unless it has ended its call itself. */
static void reply(lua_State *L, arpc__handle *h, int n) {
  if (h->proc->async || !h->st->rt || !arpc__slot_at(h->st->rt, h->id)) return;
  arpc__handle_reply(L, h, lua_gettop(L) - n + 1, n);
}

/* A call that was to be completed before its pipes were: a mistake that its client may know of, and none when nobody
 * waits for the call any more. */
static ARPC__COLD arpc_status discipline(lua_State *L, const arpc__handle *h, int *ret_report) {
  arpc_status status = h->proc->npipes ? arpc__error_status(L, -1) : ARPC_S_OK;
  if (status != ARPC_X_PIPE_DISCIPLINE_ERROR && status != ARPC_S_CALL_CANCELLED) return ARPC_S_CALL_FAILED;
  if (arpc_server_test_cancel(h->st->rt, ARPC__ASYNC(h), NULL)) return ARPC_X_PIPE_DISCIPLINE_ERROR;
  *ret_report = 0;
  return ARPC_S_CALL_CANCELLED;
}

/* An error object made by rpc.raise, or a nested call's failure, faults with its status; anything else is
 * the manager's own mistake: the client learns no more than that, on_error gets the rest. */
static void ended(lua_State *L, arpc__state *st, void *arg, int how, int n) {
  arpc__handle *h = arg;
  h->raises = NULL;
  if (how == ARPC__TASK_OK) reply(L, h, n);
  if (how == ARPC__TASK_OK || !st->rt) return;
  arpc_status status = arpc__error_fault(L, -1);
  int report = !status;
  if (report) status = discipline(L, h, &report);
  arpc_async_abort(st->rt, ARPC__ASYNC(h), status);
  arpc__handle_ended(h);
  if (report) arpc__report(L, st, h->proc->name);
}

static arpc__handle *push_handle(lua_State *co, registration *r, const arpc_async *call, const arpc_incoming *in) {
  const arpc__proc *proc = &r->iface->procs[in->opnum];
  arpc__handle *h = arpc__handle_new_served(co, r->st, proc, r->metatables[arpc__proc_watched(proc)]);
  h->id = call->id;
  h->transfer = in->transfer & 3;
  return h;
}

/* Between the arguments, which are on top. */
static ARPC__COLD void insert_pipes(lua_State *co, registration *r, arpc__handle *h) {
  const arpc__proc *proc = h->proc;
  int base = lua_gettop(co) - proc->nin; /* of places */
  luaL_checkstack(co, proc->npipes + 8, NULL);
  arpc__call_pipes *pipes = arpc__call_pipes_new(co, r->st, base, 0, proc, r->server->pipe_portion);
  int at = lua_gettop(co);
  arpc__call_pipes_set(co, pipes, at, base);
  for (uint32_t i = 0; i < proc->npipes; i++) {
    arpc__call_pipes_push(co, at, i);
    lua_insert(co, base + proc->pipes[i].place);
    at++;
  }
  lua_settop(co, at - 1);
  arpc__handle_listen(co, h, base);
}

/* The task keeps the handle, and calls the manager with it and the arguments; a coroutine at rest has room for more
 * than that, and unmarshalling sees to its own. */
static void run(registration *r, const arpc_async *call, const arpc_incoming *in) {
  arpc__state *st = r->st;
  arpc__task *t = arpc__task_new(st, ended, NULL);
  lua_State *co = t->co;
  arpc__handle *h = push_handle(co, r, call, in);
  t->arg = h;
  lua_rawgeti(co, LUA_REGISTRYINDEX, r->managers[in->opnum]);
  lua_pushvalue(co, -2);
  arpc__reader reader = arpc__reader_of(in->stub, in->len, in->big_endian);
  const char *limit;
  arpc_status status = arpc__unmarshal_in(co, h->proc, &reader, in->transfer, arpc__handle_kept(h), &limit);
  if (status) {
    arpc_async_abort(st->rt, call, status);
    arpc__task_drop(t);
    return;
  }
  if (h->proc->npipes) insert_pipes(co, r, h);
  arpc__task_run(t, 1 + h->proc->nin + h->proc->npipes);
}

static void on_request(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  registration *r = arg;
  if (r->managers[in->opnum] != LUA_NOREF) run(r, call, in);
  else arpc_async_abort(rt, call, ARPC_S_PROCNUM_OUT_OF_RANGE);
}

/* ---- pipes ---- */

static const arpc_pipe_type *pipes_of(void *arg, uint16_t opnum, uint32_t *ret_n) {
  const registration *r = arg;
  const arpc__proc *proc = &r->iface->procs[opnum];
  *ret_n = proc->npipes;
  return proc->pipe_types;
}

static arpc_status head_of(void *arg, const arpc_incoming *in, size_t *ret_len) {
  const registration *r = arg;
  const arpc__proc *proc = &r->iface->procs[in->opnum];
  arpc__reader reader = arpc__reader_of(in->stub, in->len, in->big_endian);
  return arpc__ndr_measure(&proc->program->in, in->transfer, &reader, ret_len);
}

static int has_pipes(const arpc__interface *iface) {
  for (uint32_t i = 0; i < iface->nprocs; i++)
    if (iface->procs[i].npipes) return 1;
  return 0;
}

/* ---- registering -------------------------------------------------------------------------------*/

static int opnum_of(const arpc__interface *iface, const char *name) {
  for (uint32_t n = 0; n < iface->nprocs; n++)
    if (iface->procs[n].name && strcmp(iface->procs[n].name, name) == 0) return (int)n;
  return -1;
}

static void check_names(lua_State *L, const arpc__interface *iface, int managers) {
  lua_pushnil(L);
  while (lua_next(L, managers)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    int opnum = name ? opnum_of(iface, name) : -1;
    if (opnum < 0)
      arpc__raise(L, ARPC_S_INVALID_ARG, "%s has no procedure '%s' to register a manager for", iface->name,
                  name ? name : luaL_typename(L, -2));
    if (!lua_isfunction(L, -1))
      arpc__raise(L, ARPC_S_INVALID_ARG, "%s.%s: a function expected, got %s", iface->name, name, luaL_typename(L, -1));
    if (iface->procs[opnum].refused)
      arpc__raise(L, ARPC_S_CANNOT_SUPPORT, "%s.%s: %s", iface->name, name, iface->procs[opnum].refused);
    lua_pop(L, 1);
  }
}

static void keep_managers(lua_State *L, registration *r, int managers) {
  for (uint32_t n = 0; n < r->iface->nprocs; n++) {
    r->managers[n] = LUA_NOREF;
    if (!r->iface->procs[n].name) continue;
    if (lua_getfield(L, managers, r->iface->procs[n].name) == LUA_TNIL) lua_pop(L, 1);
    else r->managers[n] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
}

static void forget(lua_State *L, registration *r) {
  arpc__list_remove(&r->node);
  for (uint32_t n = 0; n < r->iface->nprocs; n++) luaL_unref(L, LUA_REGISTRYINDEX, r->managers[n]);
  for (int i = 0; i < 2; i++) luaL_unref(L, LUA_REGISTRYINDEX, r->metatables[i]);
  free(r->managers);
  free(r);
}

/* register(interface, {Name = function(call, ...) ... end, ...}) */
static int server_register(lua_State *L) {
  server *s = check_open(L);
  arpc__interface *iface = arpc__check_interface(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  check_names(L, iface, 3);
  registration *r = calloc(1, sizeof *r);
  if (r && !(r->managers = calloc(iface->nprocs + 1, sizeof *r->managers))) free(r), r = NULL;
  if (!r) return luaL_error(L, "not enough memory");
  arpc__list_append(&s->registrations, &r->node);
  r->st = s->st;
  r->server = s;
  r->iface = iface;
  keep_managers(L, r, 3);
  for (int watched = 0; watched < 2; watched++) {
    if (lua_istable(L, 2)) lua_getfield(L, 2, "core");
    else lua_pushvalue(L, 2);
    r->metatables[watched] = arpc__handle_metatable(L, s->st, watched);
  }
  arpc_interface core = {.id = iface->id, .procedures = iface->nprocs, .manager = on_request, .arg = r};
  if (has_pipes(iface)) core.pipes = pipes_of, core.head = head_of;
  arpc_status status = arpc_server_register(s->core, &core);
  if (status) {
    forget(L, r);
    return arpc__raise(L, status, "%s: %s", iface->name, arpc_status_text(status));
  }
  lua_settop(L, 1);
  return 1;
}

/* ---- life --------------------------------------------------------------------------------------*/

static void close_core(lua_State *L, server *s) {
  if (s->core && s->st->rt) arpc_server_close(s->core);
  s->core = NULL;
  for (arpc__list *n; (n = s->registrations.next) != &s->registrations;) forget(L, arpc__of(registration, node, n));
  if (s->anchor) arpc__unanchor(L, s->st, s->anchor);
  s->anchor = 0;
}

static arpc_server_options core_options(lua_State *L, int index) {
  static const char *const names[] = {"max_fragment", "max_request",  "max_contexts",  "max_connections", "max_calls",
                                      "max_unsent",   "bind_timeout", "stall_timeout", "transfer",        "prefer",
                                      "local_dir",    "pipe_high",    "pipe_low",      "pipe_stall",      NULL};
  arpc_server_options o = {0};
  arpc__check_options(L, index, names);
  o.max_fragment = arpc__number_option(L, index, "max_fragment");
  o.max_request = arpc__number_option(L, index, "max_request");
  o.max_contexts = arpc__number_option(L, index, "max_contexts");
  o.max_connections = arpc__number_option(L, index, "max_connections");
  o.max_calls = arpc__number_option(L, index, "max_calls");
  o.max_unsent = arpc__number_option(L, index, "max_unsent");
  o.bind_timeout = arpc__number_option(L, index, "bind_timeout");
  o.stall_timeout = arpc__number_option(L, index, "stall_timeout");
  o.transfer = arpc__transfer_option(L, index, "transfer");
  o.prefer = arpc__transfer_option(L, index, "prefer");
  o.pipe_high = arpc__number_option(L, index, "pipe_high");
  o.pipe_low = arpc__number_option(L, index, "pipe_low");
  o.pipe_stall = arpc__ms_option(L, index, "pipe_stall");
  o.local_dir = arpc__string_option(L, index, "local_dir");
  return o;
}

/* A server that is being made holds no endpoint when one of them cannot be had. */
static void use(lua_State *L, server *s, int index, int making) {
  arpc_binding *b;
  const char *text = lua_tostring(L, index);
  arpc_status status = text ? arpc_binding_parse(&b, text) : ARPC_S_INVALID_STRING_BINDING;
  if (!status) {
    status = arpc_server_use(s->core, b);
    arpc_binding_free(b);
  }
  if (!status) return;
  if (making) close_core(L, s);
  arpc__raise(L, status, "%s: %s", luaL_tolstring(L, index, NULL), arpc_status_text(status));
}

/* server{binding, ..., option = ...} */
static int l_server(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  arpc_server_options o = core_options(L, 1);
  if (!st->rt) return arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
  server *s = arpc__object_new(L, st, ARPC__SERVER, sizeof *s, 0);
  arpc__list_init(&s->registrations);
  s->pipe_portion = arpc__pipe_portion(o.pipe_high, o.pipe_low);
  arpc_status status = arpc_server_new(&s->core, st->rt, &o);
  if (status) return arpc__raise(L, status, "server: %s", arpc_status_text(status));
  for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
    use(L, s, lua_gettop(L), 1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return 1;
}

/* use(binding): one more endpoint */
static int server_use(lua_State *L) {
  use(L, check_open(L), 2, 0);
  lua_settop(L, 1);
  return 1;
}

static int server_listen(lua_State *L) {
  server *s = check_open(L);
  arpc_status status = arpc_server_listen(s->core);
  if (status) return arpc__raise(L, status, "listen: %s", arpc_status_text(status));
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  s->anchor = arpc__anchor(L, s->st);
  return 1;
}

/* bindings() -> {text, ...} with the real ports */
static int server_bindings(lua_State *L) {
  server *s = check_open(L);
  char text[512];
  lua_newtable(L);
  for (unsigned i = 0; arpc_server_binding(s->core, i, text, sizeof text); i++) {
    lua_pushstring(L, text);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static int server_close(lua_State *L) {
  close_core(L, check(L));
  return 0;
}

static int server_gc(lua_State *L) {
  server *s = arpc__object_own(L);
  if (s) close_core(L, s);
  return 0;
}

static int server_tostring(lua_State *L) {
  server *s = check(L);
  const char *state = !s->core ? "closed" : s->anchor ? "listening" : "not listening";
  lua_pushfstring(L, "asyncrpc.server (%s): %p", state, (void *)s);
  return 1;
}

void arpc__open_server(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {{"register", server_register}, {"use", server_use},
                                     {"listen", server_listen},     {"bindings", server_bindings},
                                     {"close", server_close},       {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__gc", server_gc}, {"__close", server_close}, {"__tostring", server_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"server", l_server}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__SERVER, "asyncrpc.server", methods, meta);
  arpc__functions(L, st, functions);
}
