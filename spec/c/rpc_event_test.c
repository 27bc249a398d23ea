/* Waiting for an event by running the loop. */
#include "rpc_world.h"

static void set_event(uv_timer_t *timer) {
  arpc_event_set(timer->data);
}

TEST("event: a wait ends at once when a timer that was due before the turn ends it") {
  world w;
  arpc_event *event;
  uv_timer_t timer;
  world_open(&w, "tcp", NULL, NULL);
  CHECK_EQ(arpc_event_new(&event, 0), 0);
  uv_timer_init(&w.loop, &timer);
  timer.data = event;
  uv_timer_start(&timer, set_event, 1, 0);
  uint64_t start = uv_hrtime();
  while (uv_hrtime() - start < 4000000) continue;
  CHECK_EQ(arpc_event_wait(event, w.rt, 8000), 0);
  CHECK(uv_hrtime() - start < (uint64_t)4e9);
  arpc_event_free(event);
  uv_close((uv_handle_t *)&timer, NULL);
  world_close(&w);
}
