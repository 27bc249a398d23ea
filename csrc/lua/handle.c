/* Scripts choose how they are told (notify.c); underneath every handle is notified by one C routine, which
 * finds the handle by its address: a handle that is collected drops its call first. */
#include "lua/handle.h"

#include "lua/error.h"
#include "lua/notify.h"
#include "lua/pipe.h"

#include <stdlib.h>

/* ---- the result --------------------------------------------------------------------------------*/

static int raise_reply(lua_State *L, const arpc_reply *reply, const arpc__proc *proc) {
  arpc__push_error(L, reply, proc ? proc->name : NULL);
  return lua_error(L);
}

static int bad_answer(lua_State *L, arpc_status status, const arpc__proc *proc, const char *limit) {
  arpc_reply failure = {.status = status, .phase = ARPC_PHASE_HARVEST, .where = ARPC_WHERE_LOCAL, .maybe_executed = 1};
  if (!limit) return raise_reply(L, &failure, proc);
  arpc__push_error(L, &failure, lua_pushfstring(L, "%s: %s", proc->name, limit));
  return lua_error(L);
}

/* Making values may collect garbage and so run finalizers, which may collect another reply: the bytes of
 * this one are set aside meanwhile. */
static int harvest(lua_State *L, arpc__state *st, const arpc_async *async, const arpc__proc *proc,
                   const arpc__kept *kept, int sync) {
  arpc_reply reply;
  reply.status = ARPC_S_OK;
  arpc_status status = st->rt ? arpc_async_complete(st->rt, async, &reply) : ARPC_S_INVALID_ASYNC_HANDLE;
  if (status && reply.status) {
    int n = sync ? arpc__push_failed(L, proc, &reply) : 0;
    return n ? n : raise_reply(L, &reply, proc);
  }
  if (status) return arpc__raise(L, status, "%s: %s", proc ? proc->name : "async handle", arpc_status_text(status));
  arpc__buf bytes = st->rt->harvested;
  arpc__buf_init(&st->rt->harvested, 0);
  size_t behind = reply.len ? (size_t)reply.offset : 0;
  arpc__reader r = arpc__reader_of(reply.len ? reply.stub - behind : NULL, reply.len + behind, reply.big_endian);
  r.pos = behind;
  const char *limit;
  status = arpc__unmarshal_out(L, proc, &r, reply.transfer, kept, &limit);
  if (!st->rt->harvested.data) st->rt->harvested = bytes;
  else arpc__buf_free(&bytes);
  if (status) return bad_answer(L, status, proc, limit);
  return proc->nout + proc->nextra;
}

int arpc__harvest(lua_State *L, arpc__handle *h) {
  return harvest(L, h->st, ARPC__ASYNC(h), h->proc, arpc__handle_kept(h), h->blocking);
}

int arpc__harvest_sync(lua_State *L, arpc__state *st, const arpc_async *async, const arpc__proc *proc,
                       const arpc__kept *kept) {
  return harvest(L, st, async, proc, kept, 1);
}

/* ---- being told --------------------------------------------------------------------------------*/

static void release_anchor(arpc__handle *h) {
  uint32_t slot = h->anchor;
  h->anchor = 0;
  arpc__unanchor(h->st->main, h->st, slot);
}

int arpc__harvest_protected(lua_State *L) {
  arpc__handle *h = lua_touserdata(L, 1);
  return arpc__harvest(L, h);
}

static int called(lua_State *L, int status, lua_KContext context) {
  (void)L;
  (void)status;
  (void)context;
  return 0;
}

/* Task: function, handle -> function(nil, results ...) or function(error) */
static int run_trailing(lua_State *L) {
  lua_pushcfunction(L, arpc__harvest_protected);
  lua_insert(L, 2);
  if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, 2);
  }
  lua_callk(L, lua_gettop(L) - 1, 0, 0, called);
  return 0;
}

static void start_trailing(lua_State *L, arpc__state *st, int handle) {
  lua_pushcfunction(L, run_trailing);
  lua_getiuservalue(L, handle, ARPC__UV_CALLBACK);
  lua_pushvalue(L, handle);
  arpc__go(L, st, 2, "callback");
}

int arpc__handle_get(lua_State *L, int index, int key) {
  int type = lua_getiuservalue(L, index, ARPC__UV_SCRIPT);
  if (type == LUA_TTABLE) type = lua_rawgeti(L, -1, key);
  else lua_pushnil(L), type = LUA_TNIL;
  lua_remove(L, -2);
  return type;
}

void arpc__handle_set(lua_State *L, int index, int key) {
  if (lua_getiuservalue(L, index, ARPC__UV_SCRIPT) != LUA_TTABLE) {
    lua_createtable(L, ARPC__SCRIPT_OWNER, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, ARPC__SCRIPT_OWNER);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, ARPC__UV_SCRIPT);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, key);
  lua_pop(L, 1);
}

void arpc__handle_own(lua_State *L, int index) {
  int shared = lua_getiuservalue(L, index, ARPC__UV_SCRIPT) == LUA_TTABLE;
  lua_pushvalue(L, 1);
  if (shared) lua_rawseti(L, -2, ARPC__SCRIPT_OWNER);
  else lua_setiuservalue(L, index, ARPC__UV_SCRIPT);
  lua_pop(L, 1);
}

/* The handle is on top of the stack. Whoever awaits may use it again at once: what the finished call asked for is
 * noted before. */
static void tell(lua_State *L, arpc__handle *h, arpc_event_kind event) {
  arpc_async async = *ARPC__ASYNC(h);
  int handle = lua_gettop(L), detached = h->detached, trailing = h->trailing, notification = h->notification;
  arpc__handle_get(L, handle, ARPC__SCRIPT_TARGET);
  lua_pushvalue(L, handle);
  arpc__await_over(L, h);
  lua_pop(L, 1);
  if (detached) {
    arpc_async_drop(h->st->rt, &async);
    return;
  }
  if (trailing) start_trailing(L, h->st, handle);
  arpc__notify_tell(L, h->st, notification, async.id, event);
}

static void on_event(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  arpc__handle *h = async->user_info;
  arpc__call_pipes *pipes = arpc__handle_pipes(h);
  if (pipes && event == ARPC_CALL_COMPLETE) arpc__call_pipes_over(pipes, arpc_async_status(rt, async));
  else if (pipes && arpc__call_pipes_event(pipes, event)) return;
  h->last_event = event & 7;
  if (!h->anchor) return; /* polled */
  lua_State *L = h->st->main;
  luaL_checkstack(L, 16, NULL);
  int top = lua_gettop(L);
  arpc__push_anchored(L, h->st, h->anchor);
  if (event == ARPC_CALL_COMPLETE) {
    release_anchor(h);
    tell(L, h, event);
  } else {
    arpc__handle_get(L, -1, ARPC__SCRIPT_TARGET);
    arpc__notify_tell(L, h->st, h->notification, async->id, event);
  }
  lua_settop(L, top);
}

/* ---- a manager's, when it asked to be told -----------------------------------------------------*/

static const char served_key; /* registry: a weak table of handles by address: only their scripts keep them */

static void on_client(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  arpc__handle *h = async->user_info;
  lua_State *L = h->st->main;
  (void)rt;
  luaL_checkstack(L, 16, NULL);
  int top = lua_gettop(L), is_pipe = event == ARPC_SEND_COMPLETE || event == ARPC_RECEIVE_COMPLETE;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &served_key);
  int there = lua_rawgetp(L, -1, h) == LUA_TUSERDATA && h->id == async->id;
  arpc__call_pipes *pipes = there && is_pipe ? arpc__handle_pipes(h) : NULL;
  if (there && !(pipes && arpc__call_pipes_event(pipes, event))) {
    h->last_event = event & 7;
    arpc__handle_get(L, -1, ARPC__SCRIPT_TARGET);
    arpc__notify_tell(L, h->st, h->notification, async->id, event);
  }
  lua_settop(L, top);
}

arpc_status arpc__handle_notified(arpc__handle *h) {
  arpc_async how = *ARPC__ASYNC(h);
  how.notification = h->notification || arpc__handle_pipes(h) ? ARPC_NOTIFY_CALLBACK : ARPC_NOTIFY_NONE;
  how.routine = on_client;
  how.flags = (h->send_complete ? ARPC_NOTIFY_ON_SEND_COMPLETE : 0) | (h->notification ? 0 : ARPC_NOTIFY_PIPES_ONLY);
  how.user_info = h;
  return arpc_async_notify(h->st->rt, &how);
}

static void remember_served(lua_State *L, arpc__handle *h, int index) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &served_key);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, h);
  lua_pop(L, 1);
}

void arpc__handle_listen(lua_State *L, arpc__handle *h, int index) {
  remember_served(L, h, index);
  arpc_status status = arpc__handle_notified(h);
  if (status) arpc__handle_raise(L, status, h, "pipes");
}

/* ---- life --------------------------------------------------------------------------------------*/

arpc__handle *arpc__handle_new(lua_State *L, arpc__state *st, uint8_t room, int callback) {
  size_t size = offsetof(arpc__handle, kept) + room * sizeof(int64_t);
  arpc__handle *h = arpc__object_new(L, st, ARPC__HANDLE, size, callback ? ARPC__UV_CALLBACK : ARPC__UV_SCRIPT);
  h->room = room;
  h->last_event = -1;
  return h;
}

static void make_more(lua_State *L, arpc__handle *h) {
  if (!h->more && !(h->more = calloc(1, sizeof *h->more))) luaL_error(L, "not enough memory");
}

static enum arpc__class class_of(int watched) {
  return watched ? ARPC__HANDLE : ARPC__SYNC_HANDLE;
}

int arpc__handle_metatable(lua_State *L, arpc__state *st, int watched) {
  arpc__class_copy(L, st, class_of(watched));
  lua_insert(L, -2);
  lua_setfield(L, -2, "interface");
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

arpc__handle *arpc__handle_new_served(lua_State *L, arpc__state *st, const arpc__proc *proc, int metatable) {
  size_t size = offsetof(arpc__handle, kept) + proc->nkept * sizeof(int64_t);
  arpc__handle *h = arpc__object_with(L, st, class_of(arpc__proc_watched(proc)), size, ARPC__UV_SCRIPT, metatable);
  h->last_event = -1;
  h->server = 1;
  h->room = proc->nkept;
  h->proc = proc;
  if (proc->npipes) make_more(L, h);
  return h;
}

void arpc__handle_arm(lua_State *L, arpc__handle *h, const arpc__proc *proc) {
  if (h->server) arpc__raise(L, ARPC_S_INVALID_ASYNC_CALL, "%s: a manager's handle cannot issue calls", proc->name);
  if (arpc__handle_pending(h))
    arpc__raise(L, ARPC_S_INVALID_ASYNC_CALL, "%s: the async handle is busy with another call", proc->name);
  if (proc->npipes || proc->nkept > h->room) make_more(L, h);
  h->proc = proc;
  if (h->more) h->more->pipes = NULL;
  h->last_event = -1;
  h->trailing = h->detached = 0;
}

arpc_async arpc__handle_async(arpc__handle *h) {
  arpc_async async = *ARPC__ASYNC(h);
  async.notification = ARPC_NOTIFY_CALLBACK;
  async.routine = on_event;
  async.flags = h->send_complete ? ARPC_NOTIFY_ON_SEND_COMPLETE : 0;
  async.user_info = h;
  return async;
}

void arpc__handle_keep(lua_State *L, arpc__handle *h, int index) {
  if (h->anchor) return;
  lua_pushvalue(L, index);
  h->anchor = arpc__anchor(L, h->st);
}

void arpc__handle_issued(lua_State *L, arpc__handle *h, int index) {
  if (h->notification == ARPC_NOTIFY_APC) arpc__notify_by_task(L, h, index);
  if (h->trailing || h->notification != ARPC_NOTIFY_NONE) arpc__handle_keep(L, h, index);
}

arpc__handle *arpc__handle_check(lua_State *L) {
  return arpc__object_check(L, arpc__state_of(L), 1, ARPC__HANDLE);
}

arpc__handle *arpc__handle_check_side(lua_State *L, int server, const char *verb) {
  arpc__handle *h = arpc__handle_check(L);
  if (h->server != server)
    arpc__raise(L, ARPC_S_INVALID_ASYNC_CALL, "%s: %s's handle cannot do that", verb, h->server ? "a manager" : "a client");
  return h;
}

int arpc__handle_raise(lua_State *L, arpc_status status, const arpc__handle *h, const char *verb) {
  return arpc__raise(L, status, "%s%s%s: %s", h->proc ? h->proc->name : "", h->proc ? ": " : "", verb,
                     arpc_status_text(status));
}

/* Gives the call up, and nobody can ask for it any more. */
static void drop(arpc__handle *h) {
  arpc_async_cancel(h->st->rt, ARPC__ASYNC(h), 1);
  arpc_async_drop(h->st->rt, ARPC__ASYNC(h));
  if (arpc__handle_pipes(h)) arpc__call_pipes_over(arpc__handle_pipes(h), ARPC_S_CALL_CANCELLED);
  h->id = 0;
}

/* A call nobody can ask for any more: a client's is given up, a manager's is faulted; both are mistakes. */
static int handle_gc(lua_State *L) {
  arpc__handle *h = arpc__object_own(L);
  char text[128];
  if (!h) return 0;
  free(h->more);
  h->more = NULL;
  if (!arpc__handle_pending(h)) return 0;
  const char *name = h->proc ? h->proc->name : "?";
  if (h->server) {
    arpc_async_abort(h->st->rt, ARPC__ASYNC(h), ARPC_S_CALL_FAILED);
    lua_pushfstring(L, "%s: its manager's handle was collected before it was completed", name);
    strncpy(text, lua_tostring(L, -1), sizeof text - 1);
    text[sizeof text - 1] = 0;
    arpc__report_later(h->st, ARPC_S_CALL_FAILED, text);
    return 0;
  }
  int finished = arpc_async_status(h->st->rt, ARPC__ASYNC(h)) != ARPC_S_ASYNC_CALL_PENDING;
  drop(h);
  if (finished) return 0;
  lua_pushfstring(L, "%s: the async handle of the pending call was collected", name);
  arpc__report_later(h->st, ARPC_S_CALL_CANCELLED, lua_tostring(L, -1));
  return 0;
}

/* close, __close: leaving the scope of a handle gives its call up, without a report. */
static int handle_close(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  if (!arpc__handle_pending(h)) return 0;
  if (h->server) {
    arpc_async_abort(h->st->rt, ARPC__ASYNC(h), ARPC_S_CALL_FAILED);
    arpc__handle_ended(h);
    return 0;
  }
  if (h->anchor) arpc_async_cancel(h->st->rt, ARPC__ASYNC(h), 1);
  else drop(h);
  return 0;
}

/* ---- verbs of both sides -----------------------------------------------------------------------*/

static int handle_init(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  if (arpc__handle_pending(h)) return arpc__handle_raise(L, ARPC_S_INVALID_ASYNC_CALL, h, "init");
  if (h->server) return arpc__handle_raise(L, ARPC_S_INVALID_ASYNC_CALL, h, "init");
  h->last_event = -1;
  h->id = 0;
  lua_settop(L, 1);
  return 1;
}

/* notify{...}: a client's before it issues; a manager's at any time, to be told what its client does */
static int handle_notify(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (arpc__handle_pending(h) != h->server) {
    arpc_status status = h->server ? ARPC_S_INVALID_ASYNC_HANDLE : ARPC_S_INVALID_ASYNC_CALL;
    return arpc__handle_raise(L, status, h, "notify");
  }
  arpc__notify_configure(L, h, 2);
  if (h->server) {
    remember_served(L, h, 1);
    arpc__notify_by_task(L, h, 1);
    arpc_status status = arpc__handle_notified(h);
    if (status) return arpc__handle_raise(L, status, h, "notify");
  }
  lua_settop(L, 1);
  return 1;
}

/* complete(): a client's results, raising 997 while pending; complete(...): a manager's reply */
static int handle_complete(lua_State *L) {
  arpc__handle *h = arpc__handle_check(L);
  if (!h->server) return arpc__harvest(L, h);
  if (!arpc__handle_pending(h)) return arpc__handle_raise(L, ARPC_S_INVALID_ASYNC_HANDLE, h, "complete");
  arpc__handle_reply(L, h, 2, lua_gettop(L) - 1);
  return 0;
}

/* ---- client's verbs ----------------------------------------------------------------------------*/

static int handle_status(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 0, "status");
  lua_pushinteger(L, h->st->rt ? arpc_async_status(h->st->rt, ARPC__ASYNC(h)) : ARPC_S_INVALID_ASYNC_HANDLE);
  return 1;
}

/* Only the wait kept it, unless somebody else is to be told. */
void arpc__handle_stop_awaiting(arpc__handle *h) {
  if (!h->trailing && !h->detached && h->notification == ARPC_NOTIFY_NONE) release_anchor(h);
}

/* Nobody will ask for the result: the call goes on by itself. */
static int handle_detach(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 0, "detach");
  arpc_status status = arpc_async_status(h->st->rt, ARPC__ASYNC(h));
  if (status == ARPC_S_INVALID_ASYNC_HANDLE) return arpc__handle_raise(L, status, h, "detach");
  if (status != ARPC_S_ASYNC_CALL_PENDING) arpc_async_drop(h->st->rt, ARPC__ASYNC(h));
  h->detached = status == ARPC_S_ASYNC_CALL_PENDING;
  if (h->detached) arpc__handle_keep(L, h, 1);
  return 0;
}

/* ---- server's verbs ----------------------------------------------------------------------------*/

void arpc__handle_reply(lua_State *L, arpc__handle *h, int first, int n) {
  arpc__state *st = h->st;
  uint32_t encoding;
  size_t behind = h->proc->npipes ? arpc_pipe_offset(st->rt, ARPC__ASYNC(h)) : 0;
  do { /* once more when a finalizer made a call of its own meanwhile */
    encoding = ++st->encodings;
    arpc__buf_clear(&st->scratch);
    arpc__writer w = {&st->scratch, 0 - behind};
    arpc__marshal_out(L, h->proc, first, n, h->transfer, &w, arpc__handle_kept(h));
  } while (st->encodings != encoding);
  arpc_status status = st->scratch.error;
  if (!status) status = arpc_async_reply(st->rt, ARPC__ASYNC(h), st->scratch.data, st->scratch.len);
  if (status) arpc__handle_raise(L, status, h, "complete");
  arpc__handle_ended(h);
}

static int handle_abort(lua_State *L) {
  arpc__handle *h = arpc__handle_check_side(L, 1, "abort");
  lua_Integer status = luaL_checkinteger(L, 2);
  luaL_argcheck(L, status >= 0 && status <= UINT32_MAX, 2, "a 32-bit status expected");
  arpc_status error = arpc_async_abort(h->st->rt, ARPC__ASYNC(h), (arpc_status)status);
  if (error) return arpc__handle_raise(L, error, h, "abort");
  arpc__handle_ended(h);
  return 0;
}

/* ---- making them -------------------------------------------------------------------------------*/

/* async{event= | callback= | apc= | port= | queue=, user_info= ...} */
static int l_async(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  lua_settop(L, 1);
  arpc__handle *h = arpc__handle_new(L, st, 0, 0);
  lua_insert(L, 1);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    arpc__notify_configure(L, h, 2);
  }
  lua_settop(L, 1);
  return 1;
}

static void set_index(lua_State *L, arpc__state *st, enum arpc__class class) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables[class]);
  lua_pushlightuserdata(L, st);
  lua_getfield(L, -2, "methods");
  lua_pushcclosure(L, arpc__handle_index, 2);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void arpc__open_handle(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {{"init", handle_init},         {"notify", handle_notify},
                                     {"status", handle_status},     {"complete", handle_complete},
                                     {"await", arpc__handle_await},       {"detach", handle_detach},
                                     {"abort", handle_abort},       {"close", handle_close},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__close", handle_close},
                                  {"__newindex", arpc__handle_newindex},
                                  {"__tostring", arpc__handle_tostring},
                                  {"__gc", handle_gc},
                                  {NULL, NULL}};
  static const luaL_Reg unwatched[] = {{"__close", handle_close},
                                       {"__newindex", arpc__handle_newindex},
                                       {"__tostring", arpc__handle_tostring},
                                       {NULL, NULL}};
  static const luaL_Reg functions[] = {{"async", l_async}, {NULL, NULL}};
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &served_key);
  arpc__class_new(L, st, ARPC__HANDLE, "asyncrpc.handle", methods, meta);
  arpc__class_new(L, st, ARPC__SYNC_HANDLE, "asyncrpc.handle.sync", methods, unwatched);
  arpc__open_cancel(L, st);
  set_index(L, st, ARPC__HANDLE);
  set_index(L, st, ARPC__SYNC_HANDLE);
  arpc__functions(L, st, functions);
}
