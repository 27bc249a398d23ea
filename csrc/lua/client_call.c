/* Issuing is: marshal into the scratch buffer, hand it to the core, then wait (a synchronous call), or return a
 * handle. */
#include "lua/client.h"
#include "lua/error.h"
#include "lua/handle.h"

#include <stdlib.h>

/* ---- issuing -----------------------------------------------------------------------------------*/

typedef struct issue {
  arpc__client *client;
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
  arpc__client *c = i->client;
  request->opnum = i->proc->opnum;
  request->timeout = c->own.timeout;
  request->deadline = c->own.deadline;
  request->grace = c->own.grace;
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

static int is_callable(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TFUNCTION) return 1;
  if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || luaL_getmetafield(L, index, "__call") == LUA_TNIL) return 0;
  lua_pop(L, 1);
  return 1;
}

/* The arguments start at 2, or at 3 behind an async handle: then nothing is returned. */
static int call_client(lua_State *L, arpc__client *c, const arpc__proc *proc) {
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
static int call_view(lua_State *L, arpc__client *c, const arpc__proc *proc) {
  issue i = {c, proc, 2, lua_gettop(L) - 1, 0};
  check_callable(L, &i);
  int callback = i.n == proc->nin + 1 && is_callable(L, 1 + i.n) ? 1 + i.n : 0;
  if (callback) i.n--;
  arpc__handle_new(L, c->st, proc->nkept, callback);
  call_with_handle(L, &i, lua_gettop(L), callback);
  return 1;
}

int arpc__client_call(lua_State *L, arpc__state *st, const arpc__proc *proc) {
  arpc__client *c = arpc__object_test(L, st, 1, ARPC__CLIENT);
  ARPC__STRESS(L);
  if (c) return call_client(L, c, proc);
  arpc__async_view *view = arpc__object_test(L, st, 1, ARPC__ASYNC_VIEW);
  if (!view) return luaL_typeerror(L, 1, "asyncrpc.client (call procedures with a colon)");
  return call_view(L, view->client, proc);
}
