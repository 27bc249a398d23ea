/* Every yield, resume and blocking run of the loop. Nothing else in the project yields or resumes.
 *
 * A wait is made by whoever lets a script wait, ended once by arpc__wait_wake, and then `finish` runs in the
 * waiting coroutine (or on the main chunk) and pushes the results or raises. When the coroutine is closed
 * first, `cancel` is called instead: the operation must not wake the wait any more. */
#ifndef ARPC_LUA_WAIT_H
#define ARPC_LUA_WAIT_H

#include "lua/marshal.h"
#include "lua/state.h"
#include "rpc/shared.h"

typedef struct arpc__wait_kind {
  int (*finish)(lua_State *L, arpc__wait *w); /* returns the number of results it pushed, or arpc__wait_again */
  void (*cancel)(arpc__wait *w);              /* NULL = there is nothing to do */
} arpc__wait_kind;

/* Synchronous calls are outstanding by the hundred thousand, a coroutine each: theirs is a brief one. */
struct arpc__wait {
  arpc__state *st;
  arpc__list node;      /* on state.waiting, while a coroutine waits; on state.waits or brief_waits, while free */
  const arpc__wait_kind *kind;
  lua_State *co;        /* the waiting coroutine; NULL = the main chunk */
  arpc__task *task;     /* whose coroutine it is, and which keeps it */
  uint32_t slot;        /* else: its anchor */
  uint32_t co_top : 24; /* of its stack when it yielded */
  uint32_t brief : 1;
  uint32_t woken : 1;
  uint32_t timed_out : 1;   /* woken by its own timer */
  uint32_t by_apc : 1;      /* woken by an APC, which is to be run */
  uint32_t interrupted : 1; /* woken to raise: what was waited for is given up */
  uint32_t holds : 1;       /* keeps the loop alive */
  uint32_t waits : 1;       /* the coroutine has yielded, or the main chunk runs the loop */
  union {
    struct {            /* brief: for the answer to a call, without a time; woken at once only */
      uint64_t id;      /* of the call */
      const arpc__proc *proc;
      arpc__kept kept;  /* as many as the procedure needs */
    };
    struct {
      arpc__timer timer;
      arpc__deferred later;
      arpc__wait *next;     /* on handle.awaiting */
      arpc__waiter waiter;  /* for an event, a port or a queue */
      struct arpc__apcs *apcs; /* an alertable wait: its task's APCs */
      void *p;              /* whoever waits */
      uint32_t results;     /* an anchor: what several who wait share */
    };
  };
};
_Static_assert(offsetof(arpc__wait, kept) <= 72, "a synchronous call's wait is larger than it need be");

/* Raises unless the running thread may wait: in a coroutine that can yield, or on the main chunk outside
 * of the loop. Call it before anything is started. */
void arpc__wait_check(lua_State *L, arpc__state *st);
/* A wait of the running thread. The finisher frees it; raises for want of memory. */
arpc__wait *arpc__wait_new(lua_State *L, arpc__state *st, const arpc__wait_kind *kind);
/* A brief one, for a call of proc. */
arpc__wait *arpc__wait_new_brief(lua_State *L, arpc__state *st, const arpc__wait_kind *kind, const arpc__proc *proc);
/* For a wait that never came to wait. */
void arpc__wait_free(lua_State *L, arpc__wait *w);
/* When the state closes: all that wait in coroutines, and the free ones. */
void arpc__waits_free(arpc__state *st);
/* It waits no more: off every list, timer and anchor. */
void arpc__wait_release(lua_State *L, arpc__wait *w);
/* The same for one that was not woken: cancelled and freed. */
void arpc__wait_give_up(lua_State *L, arpc__wait *w);
/* Waits; to be returned: `return arpc__wait_for(L, w, -1)`. ms < 0: for ever, as brief ones do. */
int arpc__wait_for(lua_State *L, arpc__wait *w, lua_Number ms);
/* For a finisher that has freed its wait, to be returned: goes on waiting, in another one. The stack is as it was. */
int arpc__wait_again(arpc__wait *w);
/* Ends the wait and runs the coroutine at once: from the loop only, inside arpc__enter. */
void arpc__wait_wake(arpc__wait *w);
/* The same on a later turn, from anywhere: not of a brief one. */
void arpc__wait_wake_later(arpc__wait *w);

/* ---- tasks: pooled coroutines ---- */

/* Runs when the task's function has ended: with n results on top, or with the error. CLOSED: somebody closed the
 * coroutine while it waited. What it raises when told OK it is told itself: FAILED. */
typedef void (*arpc__task_done)(lua_State *L, arpc__state *st, void *arg, int how, int n);
enum { ARPC__TASK_FAILED, ARPC__TASK_OK, ARPC__TASK_CLOSED };

struct arpc__task {
  arpc__list node;      /* on state.busy_tasks, ended_tasks or idle_tasks */
  arpc__state *st;
  lua_State *co;
  uint32_t slot;
  arpc__task_done done;
  void *arg;
  arpc__wait *wait;     /* the one it waits in, NULL = none */
  uint8_t interrupted;  /* its next wait raises */
  uint8_t telling;      /* `done` is being told OK */
  uint8_t guarded;      /* closing its coroutine is noticed from its beginning on, not wait by wait */
};

/* A task whose stack is ready for a value it keeps, the function and its arguments. Raises for want of memory. */
arpc__task *arpc__task_new(arpc__state *st, arpc__task_done done, void *arg);
/* Runs the function with n arguments that lie on top of the task's stack, until it ends or waits. */
void arpc__task_run(arpc__task *t, int n);
/* What the task waits for is given up and raises 1818 there; if it does not wait, its next wait will. From the loop
 * only, inside arpc__enter. Once: what it waits for after that is waited for. */
void arpc__task_interrupt(arpc__task *t);
/* Gives back a task that was not run. */
void arpc__task_drop(arpc__task *t);
/* Runs the function and n arguments on top of L (popped) in a task; errors are reported. */
void arpc__go(lua_State *L, arpc__state *st, int n, const char *where);

/* Times from Lua: milliseconds, nil = -1. */
lua_Number arpc__check_ms(lua_State *L, int index);

#endif
