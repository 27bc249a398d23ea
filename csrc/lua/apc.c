/* A queue belongs to a task: while its coroutine is pooled and used again the next task has another one. Queues
 * are found by coroutine in a table with weak keys; a queue keeps its coroutine, so that whoever keeps a queue,
 * a pending handle, keeps both. */
#include "lua/apc.h"

#include "lua/error.h"

enum { UV_ENTRIES = 1, UV_TASK, UV_COUNT = UV_TASK };

struct arpc__apcs {
  arpc__object head;
  lua_State *co;
  arpc__wait *waiting;   /* alertable, of the task */
  lua_Integer first, n;  /* entries: first .. first + n - 1 */
  uint8_t ended;
};
typedef struct arpc__apcs queue;

static const char queues_key; /* registry: queues by coroutine */

int arpc__check_alertable(lua_State *L, int index) {
  static const char *const words[] = {"alertable", NULL};
  return !lua_isnoneornil(L, index) && luaL_checkoption(L, index, NULL, words) == 0;
}

static void push_current(lua_State *L, int index) {
  if (index) lua_pushvalue(L, index);
  else lua_pushthread(L);
}

/* Pushes the queue, or nil. */
static queue *push_existing(lua_State *L, int index) {
  push_current(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &queues_key);
  lua_insert(L, -2);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  return lua_touserdata(L, -1);
}

static void push_new(lua_State *L, arpc__state *st, int index) {
  queue *q = arpc__object_new(L, st, ARPC__APCS, sizeof *q, UV_COUNT);
  push_current(L, index);
  q->co = lua_tothread(L, -1);
  q->first = 1;
  lua_setiuservalue(L, -2, UV_TASK);
  lua_newtable(L);
  lua_setiuservalue(L, -2, UV_ENTRIES);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &queues_key);
  push_current(L, index);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  st->apc_queues++;
}

void arpc__apc_push_queue(lua_State *L, arpc__state *st, int index) {
  if (push_existing(L, index)) return;
  lua_pop(L, 1);
  push_new(L, st, index);
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void report_lost(arpc__state *st, lua_Integer n) {
  char text[96];
  snprintf(text, sizeof text, "%lld APC%s queued to a task that ended before it waited for them", (long long)n,
           n == 1 ? " was" : "s were");
  if (n) arpc__report_later(st, ARPC_S_CALL_CANCELLED, text);
}

static void end(queue *q) {
  if (q->ended) return;
  q->ended = 1;
  q->head.st->apc_queues--;
  report_lost(q->head.st, q->n);
  q->n = 0;
}

void arpc__apc_end(lua_State *L, arpc__state *st) {
  (void)st;
  luaL_checkstack(L, 4, NULL);
  queue *q = push_existing(L, 0);
  lua_pop(L, 1);
  if (!q) return;
  end(q);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &queues_key);
  lua_pushthread(L);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static int queue_gc(lua_State *L) {
  queue *q = arpc__object_own(L);
  if (q) end(q);
  return 0;
}

static int is_dead(lua_State *co) {
  lua_Debug ar;
  if (lua_status(co) == LUA_YIELD) return 0;
  return lua_status(co) != LUA_OK || (!lua_getstack(co, 0, &ar) && lua_gettop(co) == 0);
}

/* ---- queueing and running ----------------------------------------------------------------------*/

static void wake(queue *q) {
  arpc__wait *w = q->waiting;
  if (!w || w->woken) return;
  w->by_apc = 1;
  arpc__leave(&w->waiter);
  arpc__wait_wake_later(w);
}

void arpc__apc_queue(lua_State *L, arpc__state *st, int index) {
  queue *q = lua_touserdata(L, index);
  int top = lua_gettop(L);
  if (q->ended || (q->co != st->main && is_dead(q->co))) {
    report_lost(st, 1);
    lua_pop(L, 3);
    return;
  }
  lua_getiuservalue(L, index, UV_ENTRIES);
  lua_createtable(L, 3, 0);
  for (int i = 1; i <= 3; i++) {
    lua_pushvalue(L, top - 3 + i);
    lua_rawseti(L, -2, i);
  }
  lua_rawseti(L, -2, q->first + q->n++);
  lua_settop(L, top - 3);
  wake(q);
}

int arpc__apc_attach(lua_State *L, arpc__wait *w) {
  arpc__apc_push_queue(L, w->st, 0);
  queue *q = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (q->n) {
    w->by_apc = w->woken = 1;
    return 1;
  }
  w->apcs = q; /* the running coroutine keeps it */
  q->waiting = w;
  return 0;
}

void arpc__apc_detach(arpc__wait *w) {
  if (w->apcs->waiting == w) w->apcs->waiting = NULL;
  w->apcs = NULL;
}

/* Pushes function, handle, nil and event of the first entry, which is taken out. */
static void push_first(lua_State *L, queue *q, int index) {
  lua_getiuservalue(L, index, UV_ENTRIES);
  int entries = lua_gettop(L);
  lua_rawgeti(L, entries, q->first);
  lua_pushnil(L);
  lua_rawseti(L, entries, q->first++);
  q->n--;
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  lua_pushnil(L);
  lua_rawgeti(L, -4, 3);
  lua_rotate(L, entries, 4);
  lua_pop(L, 2);
}

/* The stack at `base` ends with the results; context is their number, base and how many APCs are to be run: those
 * that come meanwhile wait for the next alertable wait. */
static int run_next(lua_State *L, int status, lua_KContext context) {
  arpc__state *st = arpc__state_of(L);
  int n = (int)(context & 0xff), base = (int)(context >> 8 & 0xffffff);
  lua_KContext left = context >> 32;
  if (status != LUA_OK && status != LUA_YIELD) arpc__report(L, st, "apc");
  for (; left; left--) {
    lua_settop(L, base);
    luaL_checkstack(L, 8, NULL);
    queue *q = push_existing(L, 0);
    if (!q || !q->n) break;
    lua_pushcfunction(L, arpc__message_handler);
    push_first(L, q, base + 1);
    lua_KContext next = (left - 1) << 32 | base << 8 | n;
    status = lua_pcallk(L, 3, 0, base + 2, next, run_next);
    if (status != LUA_OK) arpc__report(L, st, "apc");
  }
  lua_settop(L, base);
  return n;
}

int arpc__apc_run(lua_State *L, int n) {
  int base = lua_gettop(L);
  queue *q = push_existing(L, 0);
  lua_KContext left = q ? (lua_KContext)q->n : 0;
  lua_settop(L, base);
  return run_next(L, LUA_OK, left << 32 | base << 8 | n);
}

void arpc__open_apc(lua_State *L, arpc__state *st) {
  static const luaL_Reg methods[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", queue_gc}, {NULL, NULL}};
  arpc__class_new(L, st, ARPC__APCS, "asyncrpc.apcs", methods, meta);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &queues_key);
}
