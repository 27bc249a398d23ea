/* A coroutine that waits has yielded inside a C function of ours whose continuation looks whether its wait
 * is over: a resume by anybody else finds it is not, drops what it was given and yields again. The anchor
 * keeps the coroutine, a to-be-closed value on its stack tells when it is closed instead of resumed.
 *
 * The main chunk waits by running the loop, turn by turn, through luv. It never nests: a wait inside a
 * callback of the loop, or where a coroutine cannot yield, raises. */
#include "lua/wait.h"

#include "lua/apc.h"
#include "lua/error.h"

#include <math.h>
#include <stdlib.h>

enum { AGAIN = -1 }; /* instead of a number of results */

static int resumed(lua_State *L, int status, lua_KContext context);

/* ---- may we wait -------------------------------------------------------------------------------*/

static int on_main_chunk(lua_State *L) {
  int main = lua_pushthread(L);
  lua_pop(L, 1);
  return main;
}

void arpc__wait_check(lua_State *L, arpc__state *st) {
  if (!st->rt) arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
  if (lua_isyieldable(L)) return;
  if (on_main_chunk(L) && !st->blocked && !arpc__loop_running(L, st)) return;
  arpc__raise(L, ARPC_S_CANNOT_SUPPORT,
              "cannot wait here: this function can neither yield (it runs in a bare callback of the loop, or under a "
              "function such as table.sort) nor run the loop; use rpc.spawn, an async handle, or a trailing callback");
}

/* ---- ending a wait -----------------------------------------------------------------------------*/

static void at_rest(arpc__task *t);
static void pool_ended(arpc__state *st);

/* The error is on top of L. */
static void died(lua_State *L, arpc__state *st, arpc__task *task) {
  if (!task || !task->telling) {
    arpc__report(L, st, "coroutine");
    return;
  }
  int top = lua_gettop(L) - 1;
  task->telling = 0;
  task->done(L, st, task->arg, ARPC__TASK_FAILED, 1);
  lua_settop(L, top);
}

static void discard_dead(lua_State *co, arpc__state *st, arpc__task *task) {
  if (lua_isnone(co, -1)) lua_pushnil(co);
  lua_State *L = st->main;
  luaL_checkstack(L, 4, NULL);
  luaL_traceback(L, co, NULL, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->traceback);
  lua_pushvalue(co, -1);
  lua_xmove(co, L, 1);
  died(L, st, task);
  lua_resetthread(co);
  lua_settop(co, 0);
}

/* `from` is the thread that runs: Lua counts the depth of the C stack along it. 0 = too deep to begin: the
 * error is on top of co. */
static int resume(arpc__state *st, arpc__task *task, lua_State *co, lua_State *from, int n) {
  int results, status;
  arpc__task *before = st->running;
  ARPC__STRESS(st->main);
  st->running = task;
  status = lua_resume(co, from, n, &results);
  st->running = before;
  if (status > LUA_YIELD && lua_status(co) == LUA_OK) return 0;
  if (status == LUA_YIELD) lua_pop(co, results);
  else if (status != LUA_OK) discard_dead(co, st, task);
  if (status != LUA_YIELD && task) at_rest(task);
  if (!arpc__list_empty(&st->ended_tasks)) pool_ended(st);
  return 1;
}

void arpc__wait_wake(arpc__wait *w) {
  if (w->woken) return;
  w->woken = 1;
  if (!w->waits) return;
  if (w->co) resume(w->st, w->task, w->co, w->st->main, 0);
  else if (w->st->rt) arpc__stay_awake(w->st->rt);
}

static void wake_now(arpc__deferred *d) {
  arpc__wait *w = arpc__of(arpc__wait, later, d);
  if (w->co && w->waits) resume(w->st, w->task, w->co, w->st->main, 0);
}

void arpc__wait_wake_later(arpc__wait *w) {
  if (w->woken) return;
  w->woken = 1;
  arpc__defer(w->st->rt, &w->later, wake_now);
}

static void on_timeout(arpc__timer *t) {
  arpc__wait *w = arpc__of(arpc__wait, timer, t);
  if (w->woken) return;
  w->timed_out = 1;
  arpc__leave(&w->waiter);
  arpc__wait_wake(w);
}

/* ---- waiting -----------------------------------------------------------------------------------*/

static int over(const arpc__wait *w) {
  return w->woken && (w->brief || !w->later.waiting);
}

static int raise_interrupt(lua_State *L, arpc__wait *w) {
  arpc_reply cancelled = {.status = ARPC_S_CALL_CANCELLED, .phase = ARPC_PHASE_WAIT};
  arpc__wait_give_up(L, w);
  arpc__push_error(L, &cancelled, "the wait was interrupted: the client cancelled the call");
  return lua_error(L);
}

static int finish(lua_State *L, arpc__wait *w) {
  if (w->interrupted) return raise_interrupt(L, w);
  arpc__wait_release(L, w);
  return w->kind->finish(L, w);
}

static void free_task(lua_State *L, arpc__task *t);

/* Whoever closed a task's coroutine holds it: it is not used again. */
static void end_closed_task(lua_State *L, arpc__state *st, int guarded) {
  arpc_reply closed = {.status = ARPC_S_CALL_CANCELLED, .phase = ARPC_PHASE_WAIT};
  for (arpc__list *n = st->busy_tasks.next; n != &st->busy_tasks; n = n->next) {
    arpc__task *t = arpc__of(arpc__task, node, n);
    if (t->co != L || t->guarded < guarded) continue;
    arpc__list_remove(&t->node);
    if (st->apc_queues) arpc__apc_end(L, st);
    arpc__push_error(L, &closed, "the coroutine was closed");
    t->done(L, st, t->arg, ARPC__TASK_CLOSED, 1);
    free_task(L, t);
    return;
  }
}

/* __close of the value every waiting coroutine has on its stack, a guarded task from its beginning: finds the
 * wait of the coroutine that is being closed. It also runs after an ordinary end, which `finishing` tells
 * without a search. */
static int on_close(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  if (st->finishing == L) {
    st->finishing = NULL;
    return 0;
  }
  for (arpc__list *n = st->waiting.next; n != &st->waiting; n = n->next) {
    arpc__wait *w = arpc__of(arpc__wait, node, n);
    if (w->co != L) continue;
    arpc__wait_give_up(L, w);
    end_closed_task(L, st, 0);
    return 0;
  }
  end_closed_task(L, st, 1); /* it yielded to somebody else */
  return 0;
}

static int yield(lua_State *L, arpc__wait *w) {
  w->waits = 1;
  return lua_yieldk(L, 0, (lua_KContext)w, resumed);
}

static ARPC__COLD int go_on(lua_State *L, arpc__wait *w);

static int resumed(lua_State *L, int status, lua_KContext context) {
  arpc__wait *w = (arpc__wait *)context;
  (void)status;
  if (over(w)) {
    arpc__state *st = w->st;
    if (!w->task || !w->task->guarded) st->finishing = L;
    int n = finish(L, w);
    return n == AGAIN ? go_on(L, st->again) : n;
  }
  lua_settop(L, (int)w->co_top);
  return yield(L, w);
}

static void guard(lua_State *L, arpc__state *st) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->closer);
  lua_toclose(L, -1);
}

/* What `finishing` says of a coroutine that was collected before it returned is not for the next one at its address,
 * nor for a wait below one that finishes. */
static void not_finishing(lua_State *L, arpc__state *st) {
  if (st->finishing == L) st->finishing = NULL;
}

/* Its guard is on the stack. */
static int begin(lua_State *L, arpc__wait *w) {
  w->co = L;
  w->co_top = (uint32_t)lua_gettop(L) & 0xffffff;
  arpc__list_append(&w->st->waiting, &w->node);
  return yield(L, w);
}

/* A task is known, any other coroutine is kept. */
static inline void belong(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  not_finishing(L, st);
  if (st->running && st->running->co == L) {
    w->task = st->running;
    w->task->wait = w;
    w->interrupted = w->task->interrupted & 1;
    w->task->interrupted = 0;
    if (w->interrupted) raise_interrupt(L, w);
  } else {
    lua_pushthread(L);
    w->slot = arpc__anchor(L, st);
  }
}

static int wait_in_coroutine(lua_State *L, arpc__wait *w) {
  belong(L, w);
  if (!w->task || !w->task->guarded) guard(L, w->st);
  return begin(L, w);
}

static ARPC__COLD int go_on(lua_State *L, arpc__wait *w) {
  belong(L, w);
  return begin(L, w);
}

static int run_loop(lua_State *L) {
  arpc__state *st = lua_touserdata(L, 1);
  arpc__wait *w = lua_touserdata(L, 2);
  while (!over(w) && arpc__loop_turn(L, st)) continue;
  return 0;
}

static void block(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  luaL_checkstack(L, 4, NULL);
  lua_pushcfunction(L, run_loop);
  lua_pushlightuserdata(L, st);
  lua_pushlightuserdata(L, w);
  st->blocked++;
  w->waits = 1;
  int status = lua_pcall(L, 2, 0, 0);
  st->blocked--;
  if (status == LUA_OK && over(w)) return;
  arpc__wait_give_up(L, w);
  if (status != LUA_OK) lua_error(L);
  arpc__raise(L, ARPC_S_NO_CALL_ACTIVE, "deadlock: nothing is left on the loop that could end this wait");
}

static int wait_on_main(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  int n;
  do {
    block(L, w);
    n = finish(L, w);
    w = st->again;
  } while (n == AGAIN);
  return n;
}

int arpc__wait_again(arpc__wait *w) {
  w->st->again = w;
  return AGAIN;
}

static ARPC__COLD int finish_at_once(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  int n = finish(L, w);
  return n == AGAIN ? arpc__wait_for(L, st->again, -1) : n;
}

int arpc__wait_for(lua_State *L, arpc__wait *w, lua_Number ms) {
  arpc__state *st = w->st;
  if (ms >= 0 && !w->woken) {
    if (!arpc__timer_start(st->rt, &w->timer, (uint64_t)ceil(ms), on_timeout)) luaL_error(L, "not enough memory");
    arpc__hold(st->rt); /* timers alone do not keep the loop going */
    w->holds = 1;
  }
  if (over(w)) return finish_at_once(L, w);
  return lua_isyieldable(L) ? wait_in_coroutine(L, w) : wait_on_main(L, w);
}

lua_Number arpc__check_ms(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return -1;
  lua_Number ms = luaL_checknumber(L, index);
  luaL_argcheck(L, ms >= 0, index, "milliseconds expected, 0 or more");
  return ms < 1e15 ? ms : -1;
}

/* ---- tasks -------------------------------------------------------------------------------------*/

enum { IDLE_TASKS = 256, BELOW = 3 /* on a task's stack, below its function */ };

static void tell(lua_State *L, arpc__task *t, int n) {
  t->telling = 1;
  t->done(L, t->st, t->arg, ARPC__TASK_OK, n);
  t->telling = 0;
}

static int told(lua_State *L) {
  arpc__task *t = lua_touserdata(L, 1);
  t->done(L, t->st, t->arg, ARPC__TASK_OK, lua_gettop(L) - 1);
  return 0;
}

/* Where somebody else's resume would get what is raised. */
static void tell_protected(lua_State *L, arpc__task *t, int n) {
  luaL_checkstack(L, 2, NULL);
  lua_pushcfunction(L, told);
  lua_insert(L, -n - 1);
  lua_pushlightuserdata(L, t);
  lua_insert(L, -n - 1);
  if (lua_pcall(L, n + 1, 0, 2) != LUA_OK) t->done(L, t->st, t->arg, ARPC__TASK_FAILED, 1);
}

static int body_ended(lua_State *L, int status, lua_KContext context) {
  arpc__task *t = (arpc__task *)context;
  arpc__state *st = t->st;
  int ok = status == LUA_OK || status == LUA_YIELD;
  arpc__list_remove(&t->node);
  if (st->running != t) arpc__list_append(&st->ended_tasks, &t->node);
  if (st->apc_queues) arpc__apc_end(L, st);
  if (!ok) t->done(L, st, t->arg, ARPC__TASK_FAILED, 1);
  else if (st->running == t) tell(L, t, lua_gettop(L) - BELOW);
  else tell_protected(L, t, lua_gettop(L) - BELOW);
  if (t->guarded) st->finishing = L;
  return 0;
}

/* Stack: the task, the message handler, the guard or what the task keeps, then the function and its arguments. */
static int body(lua_State *L) {
  arpc__task *t = lua_touserdata(L, 1);
  not_finishing(L, t->st);
  if (t->guarded) lua_toclose(L, 3);
  int status = lua_pcallk(L, lua_gettop(L) - BELOW - 1, LUA_MULTRET, 2, (lua_KContext)t, body_ended);
  return body_ended(L, status, (lua_KContext)t);
}

static void free_task(lua_State *L, arpc__task *t) {
  arpc__unanchor(L, t->st, t->slot);
  free(t);
}

/* A task whose coroutine returned with nothing on its stack is used again. */
static void at_rest(arpc__task *t) {
  arpc__state *st = t->st;
  arpc__list_remove(&t->node);
  if (st->nidle >= IDLE_TASKS) {
    free_task(st->main, t);
    return;
  }
  st->nidle++;
  arpc__list_append(&st->idle_tasks, &t->node);
}

/* A task that ended while somebody else's resume ran it has not returned yet, or is dead: it is not used
 * again before its thread is at rest. */
static void pool_ended(arpc__state *st) {
  arpc__list again;
  arpc__list_init(&again);
  for (arpc__list *n; (n = arpc__list_pop(&st->ended_tasks));) {
    arpc__task *t = arpc__of(arpc__task, node, n);
    lua_Debug ar;
    if (lua_status(t->co) != LUA_OK) free_task(st->main, t);
    else if (lua_getstack(t->co, 0, &ar)) arpc__list_append(&again, &t->node);
    else {
      lua_settop(t->co, 0);
      at_rest(t);
    }
  }
  arpc__list_splice(&st->ended_tasks, &again);
}

static arpc__task *make_task(arpc__state *st) {
  lua_State *L = st->main;
  arpc__task *t = calloc(1, sizeof *t);
  if (!t) luaL_error(L, "not enough memory");
  luaL_checkstack(L, 4, NULL);
  t->st = st;
  t->co = lua_newthread(L);
  t->slot = arpc__anchor(L, st);
  arpc__list_init(&t->node);
  return t;
}

static arpc__task *new_task(arpc__state *st, arpc__task_done done, void *arg, int guarded) {
  arpc__list *n = arpc__list_pop(&st->idle_tasks);
  arpc__task *t = n ? arpc__of(arpc__task, node, n) : make_task(st);
  if (n) st->nidle--;
  t->done = done;
  t->arg = arg;
  t->guarded = (uint8_t)guarded;
  t->interrupted = 0;
  arpc__list_append(&st->busy_tasks, &t->node);
  lua_pushcfunction(t->co, body);
  lua_pushlightuserdata(t->co, t);
  lua_pushcfunction(t->co, arpc__message_handler);
  if (guarded) lua_rawgeti(t->co, LUA_REGISTRYINDEX, st->closer);
  return t;
}

arpc__task *arpc__task_new(arpc__state *st, arpc__task_done done, void *arg) {
  return new_task(st, done, arg, 0);
}

void arpc__task_interrupt(arpc__task *t) {
  arpc__wait *w = t->wait;
  if (!w || w->woken) {
    t->interrupted = 1;
    return;
  }
  w->interrupted = 1;
  arpc__wait_wake(w);
}

/* 0 = it could not begin: the error is on top of L. */
static int run_task(lua_State *L, arpc__task *t, int n) {
  if (resume(t->st, t, t->co, L, n + BELOW + 1)) return 1;
  lua_xmove(t->co, L, 1);
  arpc__task_drop(t);
  return 0;
}

void arpc__task_run(arpc__task *t, int n) {
  arpc__state *st = t->st;
  if (!run_task(st->main, t, n)) arpc__report(st->main, st, "task");
}

void arpc__task_drop(arpc__task *t) {
  lua_settop(t->co, 0);
  arpc__list_remove(&t->node);
  t->st->nidle++;
  arpc__list_append(&t->st->idle_tasks, &t->node);
}

static void report_failure(lua_State *L, arpc__state *st, void *arg, int how, int n) {
  (void)n;
  if (how == ARPC__TASK_FAILED) arpc__report(L, st, arg);
}

static int go(lua_State *L, arpc__state *st, int n, const char *where, int guarded) {
  arpc__task *t = new_task(st, report_failure, (void *)(uintptr_t)where, guarded);
  if (!guarded) lua_pushnil(t->co);
  luaL_checkstack(t->co, n + 4, NULL);
  lua_xmove(L, t->co, n + 1);
  return run_task(L, t, n);
}

void arpc__go(lua_State *L, arpc__state *st, int n, const char *where) {
  if (!go(L, st, n, where, 0)) arpc__report(L, st, where);
}

/* ---- for scripts -------------------------------------------------------------------------------*/

static int sleep_finish(lua_State *L, arpc__wait *w) {
  arpc__wait_free(L, w);
  return 0;
}

static int alertable_finish(lua_State *L, arpc__wait *w) {
  int by_apc = w->by_apc;
  arpc__wait_free(L, w);
  lua_pushstring(L, by_apc ? "apc" : "timeout");
  return by_apc ? arpc__apc_run(L, 1) : 1;
}

/* sleep(ms, "alertable"): at least until the next turn of the loop; an alertable one answers "timeout", or "apc"
 * as soon as it has run APCs */
static int l_sleep(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  lua_Number ms = arpc__check_ms(L, 1);
  int alertable = arpc__check_alertable(L, 2);
  arpc__wait_check(L, st);
  static const arpc__wait_kind asleep = {sleep_finish, NULL}, attentive = {alertable_finish, NULL};
  arpc__wait *w = arpc__wait_new(L, st, alertable ? &attentive : &asleep);
  if (alertable && arpc__apc_attach(L, w)) return arpc__wait_for(L, w, -1);
  if (ms == 0) {
    arpc__wait_wake_later(w);
    ms = -1;
  }
  return arpc__wait_for(L, w, ms);
}

/* go(fn, ...): runs fn in a pooled coroutine until it first waits; its errors are reported */
static int l_go(lua_State *L) {
  arpc__state *st = arpc__state_of(L);
  luaL_checkany(L, 1);
  if (!st->rt) arpc__raise(L, ARPC_S_INVALID_BINDING, "the Lua state is closing");
  ARPC__STRESS(L);
  return go(L, st, lua_gettop(L) - 1, "task", 1) ? 0 : lua_error(L);
}

void arpc__open_wait(lua_State *L, arpc__state *st) {
  static const luaL_Reg functions[] = {{"sleep", l_sleep}, {"go", l_go}, {NULL, NULL}};
  arpc__functions(L, st, functions);
  lua_newuserdatauv(L, 1, 0);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, st);
  lua_pushcclosure(L, on_close, 1);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, -2);
  st->closer = luaL_ref(L, LUA_REGISTRYINDEX);
}
