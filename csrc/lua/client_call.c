/* Issuing is: marshal into the scratch buffer, hand it to the core, then wait (a synchronous call), or return a
 * handle. */
#include "lua/client.h"
#include "lua/error.h"
#include "lua/pipe.h"

#include <stdlib.h>

/* ---- issuing -----------------------------------------------------------------------------------*/

typedef struct issue {
  arpc__client *client;
  const arpc__proc *proc;
  int first, n; /* the arguments on the stack */
  int shift;    /* arguments in front of them, for messages */
  int piped;    /* what the pipes were given stood among them */
} issue;

static int raise_issue(lua_State *L, const issue *i, arpc_status status) {
  return arpc__raise(L, status, "%s: %s", i->proc->name, arpc_status_text(status));
}

static void check_callable(lua_State *L, const issue *i) {
  if (i->proc->refused) arpc__raise(L, ARPC_S_CANNOT_SUPPORT, "%s: %s", i->proc->name, i->proc->refused);
}

/* Asked last of all: making a handle may collect garbage, and a finalizer may close the client. */
static arpc_client *open_core(lua_State *L, const issue *i) {
  arpc_client *core = arpc__client_core(i->client);
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
    arpc__marshal_in(L, i->proc, i->first, i->n, i->shift, i->piped, ARPC_NDR20, &(arpc__writer){out, 0}, kept);
    split = out->len;
  }
  if (transfer & ARPC_NDR64)
    arpc__marshal_in(L, i->proc, i->first, i->n, i->shift, i->piped, ARPC_NDR64, &(arpc__writer){out, split}, kept);
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
  arpc__client *c = i->client;
  request->opnum = i->proc->opnum;
  request->timeout = c->own.timeout;
  request->deadline = c->own.deadline;
  request->grace = c->own.grace;
  request->pipes = i->proc->pipe_types;
  request->npipes = i->proc->npipes;
  if (c->own.has_object) request->object = &c->own.object;
  return arpc_client_call(arpc__client_core(c), async, request);
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

/* The same for a call that may have pipes: pushes them, and counts them. */
static int call_piped(lua_State *L, const issue *i, int index, int callback) {
  const arpc__proc *proc = i->proc;
  if (!proc->npipes) {
    call_with_handle(L, i, index, callback);
    return 0;
  }
  luaL_checkstack(L, proc->npipes + 8, NULL);
  arpc__call_pipes *pipes = arpc__call_pipes_new(L, i->client->st, index, 1, proc, i->client->shared->pipe_portion);
  int at = lua_gettop(L);
  call_with_handle(L, i, index, callback);
  arpc__call_pipes_set(L, pipes, at, index);
  for (uint32_t n = 0; n < proc->npipes; n++) arpc__call_pipes_push(L, at, n);
  return proc->npipes;
}

/* ---- synchronous, with pipes -------------------------------------------------------------------*/

static int is_callable(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TFUNCTION) return 1;
  if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || luaL_getmetafield(L, index, "__call") == LUA_TNIL) return 0;
  lua_pop(L, 1);
  return 1;
}

/* What the pipes are given is taken out from between the arguments, and lies behind them in declared order. */
static void take_ends(lua_State *L, issue *i) {
  const arpc__proc *proc = i->proc;
  int all = proc->nin + proc->npipes;
  while (i->n > all && lua_isnil(L, i->first + i->n - 1)) i->n--;
  if (i->n > all) arpc__raise(L, ARPC_S_INVALID_ARG, "%s: %d arguments at most, got %d", proc->name, all, i->n);
  luaL_checkstack(L, all, NULL);
  lua_settop(L, i->first + all - 1);
  for (int n = 0; n < proc->npipes; n++) lua_pushvalue(L, i->first + proc->pipes[n].place - 1);
  for (int n = proc->npipes; n > 0; n--) lua_remove(L, i->first + proc->pipes[n - 1].place - 1);
  i->n = proc->nin;
  i->piped = 1;
}

static int streamed(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return lua_gettop(L) - (int)context;
}

static int is_file(lua_State *L, int index) {
  const luaL_Stream *file = luaL_testudata(L, index, LUA_FILEHANDLE);
  return file && file->closef;
}

static void check_end(lua_State *L, const arpc__proc *proc, const arpc__proc_pipe *t, int source, int index) {
  static const char *const sources[] = {"a function, a table or a packed string", "a function, a string or a file"};
  static const char *const sinks[] = {"a function", "a function or a file"};
  int text = t->chunk->kind == ARPC__NDR_TEXT, type = lua_type(L, index);
  if (is_callable(L, index) || (text && is_file(L, index))) return;
  if (source && (type == LUA_TSTRING || (type == LUA_TTABLE && !text))) return;
  arpc__raise(L, ARPC_S_INVALID_ARG, "%s: pipe '%s': %s expected, got %s", proc->name, t->name,
              source ? sources[text] : sinks[text], luaL_typename(L, index));
}

/* An [in, out] pipe has {source, sink}. */
static void check_ends(lua_State *L, const arpc__proc *proc, int ends) {
  for (int n = 0; n < proc->npipes; n++) {
    const arpc__proc_pipe *t = &proc->pipes[n];
    int top = lua_gettop(L), both = t->in && t->out;
    if (both && !lua_istable(L, ends + n))
      arpc__raise(L, ARPC_S_INVALID_ARG, "%s: pipe '%s': a table of a source and a sink expected, got %s", proc->name,
                  t->name, luaL_typename(L, ends + n));
    if (both) lua_rawgeti(L, ends + n, 1), lua_rawgeti(L, ends + n, 2);
    if (t->in) check_end(L, proc, t, 1, both ? top + 1 : ends + n);
    if (t->out) check_end(L, proc, t, 0, both ? top + 2 : ends + n);
    lua_settop(L, top);
  }
}

/* Pushes what a pipe is to the driver. */
static void push_end(lua_State *L, const arpc__proc *proc, const arpc__proc_pipe *t, int end) {
  lua_pushstring(L, t->in && t->out ? "in, out" : t->in ? "in" : "out");
  lua_pushfstring(L, "%s: pipe '%s': ", proc->name, t->name);
  lua_pushvalue(L, end);
}

/* stream(handle, direction, where, end, direction, ...): lua/asyncrpc/pipe.lua moves the data and collects the results */
static ARPC__COLD int call_and_stream(lua_State *L, issue *i) {
  const arpc__proc *proc = i->proc;
  arpc__state *st = i->client->st;
  arpc__wait_check(L, st);
  take_ends(L, i);
  int top = lua_gettop(L), ends = top - proc->npipes + 1;
  luaL_checkstack(L, 8, NULL);
  check_ends(L, proc, ends);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->stream);
  arpc__handle *h = arpc__handle_new(L, st, proc->nkept, 0);
  int handle = lua_gettop(L);
  call_piped(L, i, handle, 0);
  h->blocking = 1;
  lua_settop(L, handle);
  luaL_checkstack(L, 3 * proc->npipes + 4, NULL);
  for (int n = 0; n < proc->npipes; n++) push_end(L, proc, &proc->pipes[n], ends + n);
  lua_callk(L, 1 + 3 * proc->npipes, LUA_MULTRET, top, streamed);
  return streamed(L, LUA_OK, top);
}

/* on_stream(fn) */
static int l_on_stream(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, st->stream);
  st->stream = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

void arpc__open_call(lua_State *L, arpc__state *st) {
  static const luaL_Reg functions[] = {{"on_stream", l_on_stream}, {NULL, NULL}};
  st->stream = LUA_NOREF;
  arpc__functions(L, st, functions);
}

/* The arguments start at 2, or at 3 behind an async handle: then only the pipes are returned. */
static int call_client(lua_State *L, arpc__client *c, const arpc__proc *proc) {
  issue i = {.client = c, .proc = proc, .first = 2, .n = lua_gettop(L) - 1};
  check_callable(L, &i);
  if (!arpc__object_test(L, c->st, 2, ARPC__HANDLE)) return proc->npipes ? call_and_stream(L, &i) : call_and_wait(L, &i);
  i.first = 3;
  i.n--;
  i.shift = 1;
  return call_piped(L, &i, 2, 0);
}

/* Through the async view: a handle is returned, and the pipes. */
static int call_view(lua_State *L, arpc__client *c, const arpc__proc *proc) {
  issue i = {.client = c, .proc = proc, .first = 2, .n = lua_gettop(L) - 1};
  check_callable(L, &i);
  int callback = i.n == proc->nin + 1 && is_callable(L, 1 + i.n) ? 1 + i.n : 0;
  if (callback) i.n--;
  arpc__handle_new(L, c->st, proc->nkept, callback);
  int handle = lua_gettop(L), n = call_piped(L, &i, handle, callback);
  if (n) lua_remove(L, handle + 1); /* what keeps the pipes */
  return 1 + n;
}

int arpc__client_call(lua_State *L, arpc__state *st, const arpc__proc *proc) {
  arpc__client *c = arpc__object_test(L, st, 1, ARPC__CLIENT);
  ARPC__STRESS(L);
  if (c) return call_client(L, c, proc);
  arpc__async_view *view = arpc__object_test(L, st, 1, ARPC__ASYNC_VIEW);
  if (!view) return luaL_typeerror(L, 1, "asyncrpc.client (call procedures with a colon)");
  return call_view(L, view->client, proc);
}
