/* The clock seam: now, and timers in a heap over one uv_timer. With the manual clock time stands still
 * but for arpc_runtime_advance. */
#ifndef ARPC_RPC_CLOCK_H
#define ARPC_RPC_CLOCK_H

#include "asyncrpc.h"

#include <uv.h>

typedef struct arpc__timer arpc__timer;
struct arpc__timer {
  uint64_t due;
  void (*fn)(arpc__timer *t);
  uint32_t at; /* 1 + place in the heap, 0 = not armed */
};

typedef struct arpc__clock arpc__clock;
struct arpc__clock {
  uv_timer_t timer;
  arpc__timer **heap;
  uint32_t count, size;
  uint64_t armed_for; /* what timer is set to, 0 = not running */
  uint64_t now;       /* manual: the time */
  int manual;
};

/* 1 = armed; it fires once, on a later turn, inside arpc__enter. Re-arming moves it. ms 0 counts as 1. */
int arpc__timer_start(arpc_runtime *rt, arpc__timer *t, uint64_t ms, void (*fn)(arpc__timer *t));
void arpc__timer_stop(arpc_runtime *rt, arpc__timer *t);
/* Now, looked up anew: whoever asks may have computed for long. */
uint64_t arpc__clock_look(arpc_runtime *rt);
static inline int arpc__timer_armed(const arpc__timer *t) {
  return t->at != 0;
}

void arpc__clock_init(arpc_runtime *rt, int manual);
void arpc__clock_close(arpc_runtime *rt); /* closes the uv_timer, disarms all */

#endif
