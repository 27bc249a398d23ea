/* Records, slots and timers are used again: nothing of the call before may show. */
#include "rpc_world.h"

static void finish(world *w, arpc_async *a) {
  CHECK_EQ(world_call(w, a, ECHO_IT, "abcd", 4), 0);
  while (arpc_async_status(w->rt, a) == 997) world_turns(w, 1);
  CHECK_EQ(arpc_async_complete(w->rt, a, NULL), 0);
}

TEST("reuse: #5 a handle of a collected call does not name the next one [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_async a = world_handle(NULL, NULL), b = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    finish(&w, &a);
    CHECK_EQ(world_call(&w, &b, PARK_IT, "", 0), 0);
    CHECK_EQ(arpc_async_status(w.rt, &a), 1914);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 1914);
    world_until(&w, &w.nparked, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    while (arpc_async_status(w.rt, &b) == 997) world_turns(&w, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &b, NULL), 0);
    world_close(&w);
  }
}

TEST("reuse: a call's timer ends with it [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_stats before, after;
    arpc_async a = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    finish(&w, &a);
    arpc_runtime_stats(w.rt, &before);
    arpc_request request = {.opnum = ECHO_IT, .stub = "abcd", .len = 4, .timeout = 100000};
    CHECK_EQ(arpc_client_call(w.client, &a, &request), 0);
    while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
    arpc_runtime_stats(w.rt, &after);
    CHECK_EQ(after.timers, before.timers);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("reuse: #98 calls that are over, or whose client has gone, do not keep the loop going [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_async a = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    finish(&w, &a);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    world_until(&w, &w.nparked, 1);
    CHECK(uv_loop_alive(&w.loop));
    arpc_client_close(w.client);
    arpc_server_close(w.server);
    w.client = NULL;
    w.server = NULL;
    while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
    world_turns(&w, 20);
    CHECK(!uv_loop_alive(&w.loop));
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 1726);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    world_close(&w);
  }
}
