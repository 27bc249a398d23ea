#include "rpc/clock.h"

#include "rpc/runtime.h"

#include <stdlib.h>

uint64_t arpc_runtime_now(const arpc_runtime *rt) {
  return rt->clock.manual ? rt->clock.now : uv_now(rt->loop);
}

uint64_t arpc__clock_look(arpc_runtime *rt) {
  if (!rt->clock.manual) uv_update_time(rt->loop);
  return arpc_runtime_now(rt);
}

static void place(arpc__clock *c, uint32_t i, arpc__timer *t) {
  c->heap[i] = t;
  t->at = i + 1;
}

static void sift_up(arpc__clock *c, uint32_t i, arpc__timer *t) {
  while (i > 0 && c->heap[(i - 1) / 2]->due > t->due) {
    place(c, i, c->heap[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  place(c, i, t);
}

static void sift_down(arpc__clock *c, uint32_t i, arpc__timer *t) {
  for (;;) {
    uint32_t child = 2 * i + 1;
    if (child >= c->count) break;
    if (child + 1 < c->count && c->heap[child + 1]->due < c->heap[child]->due) child++;
    if (c->heap[child]->due >= t->due) break;
    place(c, i, c->heap[child]);
    i = child;
  }
  place(c, i, t);
}

static void take_out(arpc__clock *c, arpc__timer *t) {
  uint32_t i = t->at - 1;
  arpc__timer *last = c->heap[--c->count];
  t->at = 0;
  if (last == t) return;
  if (i > 0 && c->heap[(i - 1) / 2]->due > last->due) sift_up(c, i, last);
  else sift_down(c, i, last);
}

/* Fires what is due now; what a timer's function arms waits for a later turn, as it is due later. */
static void fire(void *p) {
  arpc_runtime *rt = p;
  arpc__clock *c = &rt->clock;
  uint64_t now = arpc_runtime_now(rt);
  while (c->count && c->heap[0]->due <= now) {
    arpc__timer *t = c->heap[0];
    take_out(c, t);
    rt->stats.timers--;
    t->fn(t);
  }
}

static void rearm(arpc_runtime *rt);

static void on_timer(uv_timer_t *timer) {
  arpc_runtime *rt = arpc__of(arpc_runtime, clock.timer, timer);
  rt->clock.armed_for = 0;
  arpc__enter(rt, fire, rt);
  rearm(rt);
}

static void rearm(arpc_runtime *rt) {
  arpc__clock *c = &rt->clock;
  if (c->manual || rt->closing || !c->count) return;
  uint64_t due = c->heap[0]->due, now = uv_now(rt->loop);
  if (c->armed_for && c->armed_for <= due) return; /* wakes early at worst, and arms anew then */
  c->armed_for = due;
  uv_timer_start(&c->timer, on_timer, due > now ? due - now : 1, 0);
  uv_unref((uv_handle_t *)&c->timer);
}

static int room(arpc__clock *c) {
  if (c->count < c->size) return 1;
  uint32_t size = c->size ? c->size * 2 : 16;
  arpc__timer **heap = realloc(c->heap, size * sizeof(*heap));
  if (!heap) return 0;
  c->heap = heap;
  c->size = size;
  return 1;
}

int arpc__timer_start(arpc_runtime *rt, arpc__timer *t, uint64_t ms, void (*fn)(arpc__timer *t)) {
  arpc__clock *c = &rt->clock;
  arpc__timer_stop(rt, t);
  if (!room(c)) return 0;
  uint64_t now = arpc__clock_look(rt);
  t->fn = fn;
  t->due = ms > UINT64_MAX / 2 ? UINT64_MAX : now + (ms ? ms : 1);
  sift_up(c, c->count++, t);
  rt->stats.timers++;
  rearm(rt);
  return 1;
}

void arpc__timer_stop(arpc_runtime *rt, arpc__timer *t) {
  if (!t->at) return;
  take_out(&rt->clock, t);
  rt->stats.timers--;
}

static void fire_later(arpc__deferred *d) {
  arpc__of(arpc_runtime, advanced, d)->clock.armed_for = 0;
  fire(arpc__of(arpc_runtime, advanced, d));
}

void arpc_runtime_advance(arpc_runtime *rt, uint64_t ms) {
  if (!rt->clock.manual) return;
  rt->clock.now += ms;
  arpc__defer(rt, &rt->advanced, fire_later);
}

void arpc__clock_init(arpc_runtime *rt, int manual) {
  rt->clock.manual = manual;
  rt->clock.now = 1000;
  uv_timer_init(rt->loop, &rt->clock.timer);
  arpc__adopt(rt, (uv_handle_t *)&rt->clock.timer);
}

static void on_closed(uv_handle_t *handle) {
  arpc__disown(arpc__of(arpc_runtime, clock.timer, handle));
}

void arpc__clock_close(arpc_runtime *rt) {
  while (rt->clock.count) arpc__timer_stop(rt, rt->clock.heap[0]);
  free(rt->clock.heap);
  rt->clock.heap = NULL;
  rt->clock.size = 0;
  uv_close((uv_handle_t *)&rt->clock.timer, on_closed);
}
