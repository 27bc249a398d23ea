/* Events: set wakes waiters, in the order they came; an auto-reset event wakes one and stays unset. */
#ifndef ARPC_RPC_EVENT_H
#define ARPC_RPC_EVENT_H

#include "rpc/runtime.h"

typedef struct arpc__waiter arpc__waiter;
struct arpc__waiter {
  arpc__list node;            /* on event.waiters */
  void (*wake)(arpc__waiter *w); /* inside arpc_event_set; the waiter is off the list. Must not enter user code */
};

struct arpc_event {
  arpc_runtime *rt;
  arpc__list waiters;
  uint8_t manual;
  uint8_t set;
};

/* 1 = it was set and is taken (auto-reset), nothing is queued; else the waiter waits. */
int arpc__event_await(arpc_event *event, arpc__waiter *w);
static inline void arpc__event_leave(arpc__waiter *w) {
  arpc__list_remove(&w->node);
}

#endif
