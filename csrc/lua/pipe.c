/* push and pull try, and while the core answers 997 wait for the event that follows and try again. A script that
 * tries by itself is told of that event as its handle chose.
 *
 * The stack of a verb stays as it was while it waits: the pipe, then its arguments. */
#include "lua/pipe.h"

#include "lua/error.h"
#include "lua/pipe_values.h"

/* User values: of those of a call, then its pipes; of a pipe. */
enum { KEPT_HANDLE = 1, KEPT_OWNER, KEPT_PIPES };
enum { KEPT_CALL = 1 };
enum { BLOCK = 65536 }; /* bytes that are pulled at most if nobody says how many elements */

typedef struct arpc__pipe {
  arpc__state *st;
  uint8_t class; /* arpc__object so far */
  arpc__call_pipes *of;
  uint32_t number;
} arpc__pipe;

static arpc__pipe *check(lua_State *L) {
  return arpc__object_check(L, arpc__state_of(L), 1, ARPC__PIPE);
}

#define CALL_OF(p) (&(arpc_async){.size = sizeof(arpc_async), .signature = ARPC__SIGNATURE, .id = (p)->of->id})

/* ---- failures ----------------------------------------------------------------------------------*/

/* A script that holds a pipe wrongly, or a call that failed. */
static int is_misuse(arpc_status status) {
  switch (status) {
  case ARPC_X_WRONG_PIPE_ORDER: case ARPC_X_PIPE_CLOSED: case ARPC_X_PIPE_EMPTY: case ARPC_S_INVALID_BOUND:
  case ARPC_S_CALL_IN_PROGRESS: case ARPC_S_INVALID_ARG: case ARPC_S_INVALID_ASYNC_HANDLE:
    return 1;
  default:
    return 0;
  }
}

static int fail(lua_State *L, const arpc__pipe *p, arpc_status status, const char *verb) {
  const arpc__proc *proc = p->of->proc;
  arpc_reply failure = {.status = status, .phase = is_misuse(status) ? ARPC_PHASE_ISSUE : ARPC_PHASE_WAIT};
  luaL_checkstack(L, 8, NULL);
  const char *name = proc->pipes[p->number].name;
  if (status == ARPC_S_CALL_IN_PROGRESS)
    return arpc__raise(L, status, "%s: pipe '%s': %s: a coroutine waits in it already", proc->name, name, verb);
  arpc__push_error(L, &failure, lua_pushfstring(L, "%s: pipe '%s': %s", proc->name, name, verb));
  return lua_error(L);
}

/* ---- waiting -----------------------------------------------------------------------------------*/

static void leave(arpc__wait *w) {
  arpc__call_pipes *c = w->p;
  for (int i = 0; i < 2; i++)
    if (c->ends[i].wait == w) c->ends[i].wait = NULL;
}

/* again: from a finisher. */
static int wait_for(lua_State *L, const arpc__pipe *p, int which, const arpc__wait_kind *kind, int again) {
  struct arpc__pipe_end *end = &p->of->ends[which];
  arpc__wait *w = arpc__wait_new(L, p->st, kind);
  w->p = p->of;
  end->wait = w;
  end->failed = 0;
  end->asked = 0;
  return again ? arpc__wait_again(w) : arpc__wait_for(L, w, -1);
}

/* The status that the call has ended with meanwhile. */
static arpc_status finish_wait(lua_State *L, arpc__wait *w, int which) {
  arpc__call_pipes *c = w->p;
  arpc_status failed = c->ends[which].failed;
  leave(w);
  arpc__wait_free(L, w);
  return failed;
}

int arpc__call_pipes_event(arpc__call_pipes *c, arpc_event_kind event) {
  struct arpc__pipe_end *end = &c->ends[event == ARPC_SEND_COMPLETE ? ARPC__PUSHING : ARPC__PULLING];
  arpc__wait *w = end->wait;
  if (w) {
    end->wait = NULL;
    arpc__wait_wake(w);
    return 1;
  }
  int told = end->asked || (event == ARPC_SEND_COMPLETE && c->h->send_complete);
  end->asked = 0;
  return !told;
}

void arpc__call_pipes_over(arpc__call_pipes *c, arpc_status status) {
  for (int i = 0; i < 2; i++) {
    arpc__wait *w = c->ends[i].wait;
    c->ends[i].wait = NULL;
    c->ends[i].failed = status;
    if (w && c->st->rt) arpc__wait_wake_later(w);
  }
}

static void check_alone(lua_State *L, const arpc__pipe *p, int which, const char *verb) {
  if (p->of->ends[which].wait) fail(L, p, ARPC_S_CALL_IN_PROGRESS, verb);
}

/* ---- pushing -----------------------------------------------------------------------------------*/

/* 0, or 997 while the syntax that chunks are encoded in is not known: then the push is refused as any other would be. */
static arpc_status check_chunk(lua_State *L, const arpc__pipe *p, arpc__chunk *ret) {
  const arpc__proc *proc = p->of->proc;
  int transfer = ARPC_NDR20, text = proc->pipes[p->number].chunk->kind == ARPC__NDR_TEXT;
  arpc_status status = text ? ARPC_S_OK : arpc_pipe_format(p->st->rt, CALL_OF(p), &transfer, NULL);
  arpc__chunk_check(L, ret, proc, p->number, 2, status ? 0 : transfer);
  if (status != ARPC_S_ASYNC_CALL_PENDING) return status;
  if (!ret->n) return ARPC_S_OK;
  uint32_t least = proc->pipe_types[p->number].low;
  return arpc_pipe_push(p->st->rt, CALL_OF(p), p->number, "", least ? least : 1);
}

/* How many of the elements that are left go next, in chunks that may be. */
static size_t portion(const arpc__pipe *p, const arpc__chunk *c) {
  const arpc_pipe_type *t = &p->of->proc->pipe_types[p->number];
  size_t left = c->n - p->of->sent, most = p->of->portion / arpc__pipe_stride(t, c->transfer);
  if (most < 1) most = 1;
  if (!t->ranged) return left < most ? left : most;
  if (most < t->low) most = t->low;
  return left <= most || left - most < t->low ? left : most;
}

static int in_range(const arpc_pipe_type *t, size_t n) {
  return !t->ranged || !n || (n >= t->low && n <= t->high);
}

static arpc_status push(lua_State *L, const arpc__pipe *p) {
  arpc__chunk c;
  arpc_status status = check_chunk(L, p, &c);
  if (status) return status;
  if (!in_range(&p->of->proc->pipe_types[p->number], c.n)) return ARPC_S_INVALID_BOUND;
  while (p->of->sent < c.n && !status) {
    size_t n = portion(p, &c);
    const void *bytes = arpc__chunk_bytes(L, p->st, &c, p->of->sent, n);
    status = arpc_pipe_push(p->st->rt, CALL_OF(p), p->number, bytes, n);
    if (!status) p->of->sent += n;
  }
  return status;
}

static int finish_push(lua_State *L, arpc__wait *w);

static int push_or_wait(lua_State *L, const arpc__pipe *p, int again) {
  arpc_status status = push(L, p);
  static const arpc__wait_kind kind = {finish_push, leave};
  if (status == ARPC_S_ASYNC_CALL_PENDING) return wait_for(L, p, ARPC__PUSHING, &kind, again);
  return status ? fail(L, p, status, "push") : 0;
}

static int finish_push(lua_State *L, arpc__wait *w) {
  const arpc__pipe *p = lua_touserdata(L, 1);
  arpc_status failed = finish_wait(L, w, ARPC__PUSHING);
  return failed ? fail(L, p, failed, "push") : push_or_wait(L, p, 1);
}

/* push(chunk): once all of it is taken. A large one goes in several chunks. */
static int pipe_push(lua_State *L) {
  arpc__pipe *p = check(L);
  lua_settop(L, 2);
  arpc__wait_check(L, p->st);
  check_alone(L, p, ARPC__PUSHING, "push");
  p->of->sent = 0;
  return push_or_wait(L, p, 0);
}

/* try_push(chunk) -> status: all or nothing. After 997 a SEND_COMPLETE is told. */
static int pipe_try_push(lua_State *L) {
  arpc__pipe *p = check(L);
  arpc__chunk c;
  lua_settop(L, 2);
  arpc_status status = p->of->ends[ARPC__PUSHING].wait ? ARPC_S_CALL_IN_PROGRESS : check_chunk(L, p, &c);
  if (!status && c.n) {
    const void *bytes = arpc__chunk_bytes(L, p->st, &c, 0, c.n);
    status = arpc_pipe_push(p->st->rt, CALL_OF(p), p->number, bytes, c.n);
  }
  if (status == ARPC_S_ASYNC_CALL_PENDING) p->of->ends[ARPC__PUSHING].asked = 1;
  lua_pushinteger(L, status);
  return 1;
}

/* close(): the end of what is pushed */
static int pipe_close(lua_State *L) {
  arpc__pipe *p = check(L);
  check_alone(L, p, ARPC__PUSHING, "close");
  arpc_status status = arpc_pipe_close(p->st->rt, CALL_OF(p), p->number);
  return status ? fail(L, p, status, "close") : 0;
}

/* The end of the scope that pushes is the end of the pipe, but not if it is left with an error: then a client's call is
 * given up, and a manager's goes the way its manager goes. */
static int pipe_leave(lua_State *L) {
  arpc__pipe *p = check(L);
  const arpc__proc_pipe *type = &p->of->proc->pipes[p->number];
  int server = p->of->h->server;
  if (lua_isnoneornil(L, 2)) {
    if (server ? type->out : type->in) arpc_pipe_close(p->st->rt, CALL_OF(p), p->number);
  } else if (!server && p->st->rt) {
    arpc_async_cancel(p->st->rt, CALL_OF(p), 1);
  }
  return 0;
}

/* ---- pulling -----------------------------------------------------------------------------------*/

/* pull(n, "packed"): at 2 and 3. */
static void check_pull(lua_State *L) {
  static const char *const forms[] = {"packed", NULL};
  lua_settop(L, 3);
  if (!lua_isnil(L, 2)) luaL_argcheck(L, luaL_checkinteger(L, 2) > 0, 2, "a number of elements of 1 or more expected");
  if (!lua_isnil(L, 3)) luaL_checkoption(L, 3, NULL, forms);
}

static size_t most_of(lua_State *L, const arpc__pipe *p, int transfer) {
  if (!lua_isnil(L, 2)) return (size_t)lua_tointeger(L, 2);
  size_t stride = arpc__pipe_stride(&p->of->proc->pipe_types[p->number], transfer);
  return stride < BLOCK ? BLOCK / stride : 1;
}

/* Pushes what there is: elements, or nil at the end. */
static arpc_status pull(lua_State *L, const arpc__pipe *p) {
  arpc_runtime *rt = p->st->rt;
  int transfer = ARPC_NDR20, big = 0;
  const void *at;
  size_t n;
  arpc_pipe_format(rt, CALL_OF(p), &transfer, &big);
  arpc_status status = arpc_pipe_look(rt, CALL_OF(p), p->number, most_of(L, p, transfer), &at, &n);
  if (status) return status;
  if (n) return arpc__pipe_give(L, p->st, p->of->proc, p->number, at, n, transfer, big, !lua_isnil(L, 3));
  lua_pushnil(L);
  return ARPC_S_OK;
}

static int finish_pull(lua_State *L, arpc__wait *w);

static int pull_or_wait(lua_State *L, const arpc__pipe *p, int again) {
  arpc_status status = pull(L, p);
  static const arpc__wait_kind kind = {finish_pull, leave};
  if (status == ARPC_S_ASYNC_CALL_PENDING) return wait_for(L, p, ARPC__PULLING, &kind, again);
  return status ? fail(L, p, status, "pull") : 1;
}

static int finish_pull(lua_State *L, arpc__wait *w) {
  const arpc__pipe *p = lua_touserdata(L, 1);
  arpc_status failed = finish_wait(L, w, ARPC__PULLING);
  return failed ? fail(L, p, failed, "pull") : pull_or_wait(L, p, 1);
}

static int begin_pull(lua_State *L, arpc__pipe *p) {
  arpc__wait_check(L, p->st);
  check_alone(L, p, ARPC__PULLING, "pull");
  return pull_or_wait(L, p, 0);
}

/* pull(n, "packed") -> at most n elements; nil: the end */
static int pipe_pull(lua_State *L) {
  arpc__pipe *p = check(L);
  check_pull(L);
  return begin_pull(L, p);
}

/* Upvalues: the state, n, "packed" */
static int next_chunk(lua_State *L) {
  arpc__pipe *p = check(L);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(3));
  return begin_pull(L, p);
}

/* for chunk in pipe:chunks(n, "packed") do */
static int pipe_chunks(lua_State *L) {
  arpc__pipe *p = check(L);
  check_pull(L);
  lua_pushlightuserdata(L, p->st);
  lua_insert(L, 2);
  lua_pushcclosure(L, next_chunk, 3);
  lua_insert(L, 1);
  return 2;
}

/* try_pull(n, "packed") -> status, chunk: 0 and elements, or nil at the end; 997, and a RECEIVE_COMPLETE is told */
static int pipe_try_pull(lua_State *L) {
  arpc__pipe *p = check(L);
  check_pull(L);
  arpc_status status = p->of->ends[ARPC__PULLING].wait ? ARPC_S_CALL_IN_PROGRESS : pull(L, p);
  if (status == ARPC_S_ASYNC_CALL_PENDING) p->of->ends[ARPC__PULLING].asked = 1;
  lua_pushinteger(L, status);
  if (status) return 1;
  lua_insert(L, -2);
  return 2;
}

static int pipe_tostring(lua_State *L) {
  const arpc__pipe *p = check(L);
  const arpc__proc *proc = p->of->proc;
  const arpc__proc_pipe *t = &proc->pipes[p->number];
  const char *way = t->in && t->out ? "in, out" : t->in ? "in" : "out";
  lua_pushfstring(L, "asyncrpc.pipe (%s.%s, %s): %p", proc->name, t->name, way, (const void *)p);
  return 1;
}

/* ---- those of a call ---------------------------------------------------------------------------*/

arpc__call_pipes *arpc__call_pipes_new(lua_State *L, arpc__state *st, int handle, int owner, const arpc__proc *proc,
                                       uint32_t portion) {
  luaL_checkstack(L, 8, NULL);
  arpc__call_pipes *c = arpc__object_new(L, st, ARPC__CALL_PIPES, sizeof *c, KEPT_PIPES - 1 + proc->npipes);
  int self = lua_gettop(L);
  c->h = lua_touserdata(L, handle);
  c->proc = proc;
  c->portion = portion;
  lua_pushvalue(L, handle);
  lua_setiuservalue(L, self, KEPT_HANDLE);
  if (owner) lua_pushvalue(L, owner), lua_setiuservalue(L, self, KEPT_OWNER);
  for (uint32_t i = 0; i < proc->npipes; i++) {
    arpc__pipe *p = arpc__object_new(L, st, ARPC__PIPE, sizeof *p, 1);
    p->of = c;
    p->number = i;
    lua_pushvalue(L, self);
    lua_setiuservalue(L, -2, KEPT_CALL);
    lua_setiuservalue(L, self, KEPT_PIPES + (int)i);
  }
  return c;
}

void arpc__call_pipes_set(lua_State *L, arpc__call_pipes *c, int index, int handle) {
  c->id = c->h->id;
  lua_pushvalue(L, index);
  arpc__handle_set(L, handle, ARPC__SCRIPT_PIPES);
  c->h->more->pipes = c;
}

void arpc__call_pipes_push(lua_State *L, int index, uint32_t i) {
  lua_getiuservalue(L, index, KEPT_PIPES + (int)i);
}

/* pipes.name, pipes[1] */
static int pipes_index(lua_State *L) {
  arpc__call_pipes *c = arpc__object_check(L, arpc__state_of(L), 1, ARPC__CALL_PIPES);
  int whole;
  lua_Integer number = lua_tointegerx(L, 2, &whole);
  if (lua_type(L, 2) == LUA_TSTRING) {
    for (number = 1; number <= c->proc->npipes; number++)
      if (!strcmp(c->proc->pipes[number - 1].name, lua_tostring(L, 2))) break;
  } else if (!whole) {
    number = 0;
  }
  if (number < 1 || number > c->proc->npipes) return luaL_pushfail(L), 1;
  arpc__call_pipes_push(L, 1, (uint32_t)number - 1);
  return 1;
}

static int pipes_len(lua_State *L) {
  arpc__call_pipes *c = arpc__object_check(L, arpc__state_of(L), 1, ARPC__CALL_PIPES);
  lua_pushinteger(L, c->proc->npipes);
  return 1;
}

void arpc__open_pipe(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {{"push", pipe_push},     {"try_push", pipe_try_push}, {"close", pipe_close},
                                     {"pull", pipe_pull},     {"try_pull", pipe_try_pull}, {"chunks", pipe_chunks},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__close", pipe_leave}, {"__tostring", pipe_tostring}, {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg call_meta[] = {{"__index", pipes_index}, {"__len", pipes_len}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__PIPE, "asyncrpc.pipe", methods, meta);
  arpc__class_new(L, st, ARPC__CALL_PIPES, "asyncrpc.pipes", none, call_meta);
}
