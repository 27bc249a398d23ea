#include "rpc/event.h"

#include <stdlib.h>

arpc_status arpc_event_new(arpc_event **ret, arpc_runtime *rt, unsigned flags) {
  arpc_event *e = malloc(sizeof *e);
  if (!e) return ARPC_S_OUT_OF_MEMORY;
  e->rt = rt;
  e->manual = (flags & ARPC_EVENT_MANUAL) != 0;
  e->set = (flags & ARPC_EVENT_SET) != 0;
  arpc__list_init(&e->waiters);
  *ret = e;
  return ARPC_S_OK;
}

void arpc_event_free(arpc_event *e) {
  for (arpc__list *n; e && (n = arpc__list_pop(&e->waiters));) continue;
  free(e);
}

void arpc_event_set(arpc_event *e) {
  e->set = 1;
  while (e->set && !arpc__list_empty(&e->waiters)) {
    if (!e->manual) e->set = 0;
    arpc__waiter *w = arpc__of(arpc__waiter, node, arpc__list_pop(&e->waiters));
    w->wake(w);
  }
}

void arpc_event_reset(arpc_event *e) {
  e->set = 0;
}

int arpc__event_await(arpc_event *e, arpc__waiter *w) {
  if (!e->set) {
    arpc__list_append(&e->waiters, &w->node);
    return 0;
  }
  if (!e->manual) e->set = 0;
  arpc__list_init(&w->node);
  return 1;
}

typedef struct blocked blocked;
struct blocked {
  arpc__waiter waiter;
  arpc__timer timer;
  arpc_runtime *rt;
  int woken, timed_out;
};

static void on_wake(arpc__waiter *w) {
  blocked *b = arpc__of(blocked, waiter, w);
  b->woken = 1;
  arpc__stay_awake(b->rt);
}

static void on_timeout(arpc__timer *t) {
  blocked *b = arpc__of(blocked, timer, t);
  b->timed_out = 1;
  arpc__stay_awake(b->rt);
}

/* A timer does not keep the loop alive; a wait with a timeout does. */
arpc_status arpc_event_wait(arpc_event *e, int64_t ms) {
  blocked b = {.waiter.wake = on_wake, .rt = e->rt};
  if (arpc__event_await(e, &b.waiter)) return ARPC_S_OK;
  if (ms >= 0 && !arpc__timer_start(e->rt, &b.timer, (uint64_t)ms, on_timeout)) {
    arpc__event_leave(&b.waiter);
    return ARPC_S_OUT_OF_MEMORY;
  }
  if (ms >= 0) arpc__hold(e->rt);
  int alive = 1;
  while (!b.woken && !b.timed_out && alive) alive = uv_run(e->rt->loop, UV_RUN_ONCE);
  arpc__event_leave(&b.waiter);
  arpc__timer_stop(e->rt, &b.timer);
  if (ms >= 0) arpc__release(e->rt);
  return b.woken ? ARPC_S_OK : b.timed_out ? ARPC_S_TIMEOUT : ARPC_S_NO_CALL_ACTIVE;
}
