#include "rpc_world.h"

static void count(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)rt;
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  ++*(unsigned *)async->user_info;
}

TEST("handle: #4 a wrong size is 87, no handle is 1914") {
  arpc_async a;
  CHECK_EQ(arpc_async_init(&a, sizeof a - 1), 87);
  CHECK_EQ(arpc_async_init(&a, sizeof a + 1), 87);
  CHECK_EQ(arpc_async_init(NULL, sizeof a), 1914);
  CHECK_EQ(arpc_async_init(&a, sizeof a), 0);
}

static void check_bad(world *w, const arpc_async *a) {
  arpc_reply reply;
  arpc_event_kind why;
  CHECK_EQ(arpc_async_status(w->rt, a), 1914);
  CHECK_EQ(arpc_async_complete(w->rt, a, &reply), 1914);
  CHECK_EQ(arpc_async_cancel(w->rt, a, 0), 1914);
  CHECK_EQ(arpc_async_cancel(w->rt, a, 1), 1914);
  CHECK_EQ(arpc_async_notify(w->rt, a), 1914);
  CHECK_EQ(arpc_async_drop(w->rt, a), 1914);
  CHECK_EQ(arpc_async_reply(w->rt, a, "", 0), 1914);
  CHECK_EQ(arpc_async_abort(w->rt, a, 5), 1914);
  CHECK_EQ(arpc_server_test_cancel(w->rt, a, &why), a ? 1702 : 1725);
}

TEST("handle: #5 never initialised, corrupt, stale and copied handles answer 1914 everywhere [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    world_open(&w, t, NULL, NULL);
    arpc_async zero, garbage, corrupt, idle = world_handle(NULL, NULL);
    memset(&zero, 0, sizeof zero);
    check_bad(&w, NULL);
    check_bad(&w, &zero);
    check_bad(&w, &idle);
    for (unsigned i = 0; i < test_scale(2000); i++) {
      for (size_t k = 0; k < sizeof garbage; k++) ((uint8_t *)&garbage)[k] = (uint8_t)test_random();
      check_bad(&w, &garbage);
      corrupt = idle;
      corrupt.id = test_random() & 0x1ffffffffULL;
      check_bad(&w, &corrupt);
    }
    CHECK_EQ(world_call(&w, &zero, ECHO_IT, "", 0), 1914);
    arpc_async a = idle;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "abcd", 4), 0);
    arpc_async copy = a;
    corrupt = a;
    corrupt.signature ^= 1;
    check_bad(&w, &corrupt);
    while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &copy, NULL), 0);
    check_bad(&w, &a);
    check_bad(&w, &copy);
    world_close(&w);
  }
}

TEST("call: an echo comes back, in one fragment and in many [tcp] [unix] [memory]") {
  static uint8_t big[300001];
  EACH_TRANSPORT(t) {
    for (size_t len = 0; len < sizeof big; len = len * 7 + 1) {
      world w;
      unsigned told = 0;
      arpc_reply reply;
      arpc_async a = world_handle(count, &told);
      for (size_t i = 0; i < sizeof big; i++) big[i] = (uint8_t)(i * 7 + len);
      world_open(&w, t, NULL, NULL);
      CHECK_EQ(world_call(&w, &a, ECHO_IT, big, len), 0);
      CHECK_EQ(told, 0);
      CHECK_EQ(arpc_async_status(w.rt, &a), 997);
      CHECK_EQ(arpc_async_complete(w.rt, &a, &reply), 997);
      world_until(&w, &told, 1);
      CHECK_EQ(arpc_async_status(w.rt, &a), 0);
      CHECK_EQ(arpc_async_complete(w.rt, &a, &reply), 0);
      CHECK_BYTES(reply.stub, reply.len, big, len);
      CHECK_EQ(told, 1);
      world_close(&w);
    }
  }
}

TEST("call: #3 a busy handle is refused with 1915 and its call goes on [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_async a = world_handle(count, &told);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 1915);
    world_until(&w, &w.nparked, 1);
    CHECK_EQ(arpc_async_status(w.rt, &w.parked[0]), 1915);
    CHECK_EQ(arpc_async_reply(w.rt, &a, "", 0), 1915);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "xy", 2), 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "xy", 2), 1914);
    world_until(&w, &told, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 0);
    world_until(&w, &told, 2);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}

enum { MANY = 1000 };

static struct {
  unsigned told[MANY], total, in_order;
  int last;
} many;

static void count_many(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  int i = (int)(intptr_t)async->user_info;
  arpc_reply reply;
  (void)event;
  CHECK_EQ(arpc_async_complete(rt, async, &reply), 0);
  CHECK_BYTES(reply.stub, reply.len, &i, sizeof i);
  many.told[i]++;
  many.total++;
  many.in_order += i == many.last + 1;
  many.last = i;
}

TEST("call: #2 #83 a thousand are outstanding and complete in another order, each once [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_stats s;
    memset(&many, 0, sizeof many);
    world_open(&w, t, NULL, NULL);
    for (int i = 0; i < MANY; i++) {
      arpc_async a = world_handle(count_many, (void *)(intptr_t)i);
      CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    }
    world_until(&w, &w.nparked, MANY);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.pending, MANY);
    CHECK_EQ(s.connections, 2); /* both ends of one */
    for (int i = MANY - 1; i >= 0; i--) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], &i, sizeof i), 0);
    world_until(&w, &many.total, MANY);
    for (int i = 0; i < MANY; i++) CHECK_EQ(many.told[i], 1);
    CHECK(many.in_order < MANY / 2);
    world_close(&w);
  }
}

TEST("call: #78 #79 abort delivers exactly its code; 0 and hardware exceptions are refused [tcp] [unix] [memory]") {
  static const uint32_t codes[] = {1, 5, 997, 1726, 0x6F7, 0x1C000021, 0xDEADBEEF, 0xFFFFFFFF};
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    world_open(&w, t, NULL, NULL);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
      arpc_async a = world_handle(count, &told);
      CHECK_EQ(world_call(&w, &a, FAULT_IT, &codes[i], 4), 0);
      world_until(&w, &told, (unsigned)i + 1);
      CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), codes[i]);
    }
    arpc_async a = world_handle(count, &told);
    unsigned before = told;
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    world_until(&w, &w.nparked, 1);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 0), 87);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 0xC0000005), 87);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 0x80000001), 87);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    world_until(&w, &told, before + 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("call: #76 a call parked for ten minutes is completed as if nothing was [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_async a = world_handle(count, &told);
    world_open(&w, t, &(arpc_runtime_options){.manual_clock = 1}, NULL);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    world_until(&w, &w.nparked, 1);
    for (int minute = 0; minute < 10; minute++) {
      arpc_runtime_advance(w.rt, 60000);
      world_turns(&w, 3);
      CHECK_EQ(arpc_async_status(w.rt, &a), 997);
    }
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "late", 4), 0);
    world_until(&w, &told, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("call: a timeout gives 1818, says so, and the late answer is drained [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_reply reply;
    arpc_stats s;
    arpc_async a = world_handle(count, &told), b = world_handle(count, &told);
    world_open(&w, t, &(arpc_runtime_options){.manual_clock = 1}, NULL);
    CHECK_EQ(arpc_client_call(w.client, &a, &(arpc_request){.opnum = PARK_IT, .stub = "", .timeout = 500}), 0);
    world_until(&w, &w.nparked, 1);
    arpc_runtime_advance(w.rt, 499);
    world_turns(&w, 3);
    CHECK_EQ(told, 0);
    arpc_runtime_advance(w.rt, 1);
    world_until(&w, &told, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, &reply), 1818);
    CHECK_EQ(reply.timed_out, 1);
    CHECK_EQ(reply.maybe_executed, 1);
    world_turns(&w, 5);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[0], NULL), 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "late", 4), 0);
    CHECK_EQ(world_call(&w, &b, ECHO_IT, "next", 4), 0);
    world_until(&w, &told, 2);
    CHECK_EQ(arpc_async_complete(w.rt, &b, NULL), 0);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.connections, 2);
    world_close(&w);
  }
}

TEST("call: #85 without multiplexing calls go over connections of one group, or wait [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int strict = 0; strict < 2; strict++) {
      world w;
      unsigned told = 0;
      arpc_stats s;
      arpc_async a[4];
      world_open(&w, t, NULL, &(arpc_client_options){.no_multiplex = 1, .causal_strict = strict});
      for (int i = 0; i < 4; i++) {
        a[i] = world_handle(count, &told);
        CHECK_EQ(world_call(&w, &a[i], PARK_IT, "", 0), 0);
      }
      world_until(&w, &w.nparked, strict ? 1 : 4);
      world_turns(&w, 20);
      CHECK_EQ(w.nparked, strict ? 1 : 4);
      arpc_runtime_stats(w.rt, &s);
      CHECK_EQ(s.connections, strict ? 2 : 8);
      for (unsigned i = 0; i < 4; i++) {
        world_until(&w, &w.nparked, i + 1);
        CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
      }
      world_until(&w, &told, 4);
      for (int i = 0; i < 4; i++) CHECK_EQ(arpc_async_complete(w.rt, &a[i], NULL), 0);
      world_close(&w);
    }
  }
}

TEST("call: #98 a client that goes leaves the server's calls to be ended [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_event_kind why;
    arpc_stats s;
    arpc_async a[100];
    world_open(&w, t, NULL, NULL);
    for (int i = 0; i < 100; i++) {
      a[i] = world_handle(count, &told);
      CHECK_EQ(world_call(&w, &a[i], PARK_IT, "", 0), 0);
    }
    world_until(&w, &w.nparked, 100);
    arpc_client_close(w.client);
    w.client = NULL;
    world_until(&w, &told, 100);
    for (int i = 0; i < 100; i++) CHECK_EQ(arpc_async_complete(w.rt, &a[i], NULL), 1726);
    world_turns(&w, 20);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.parked, 100);
    for (int i = 0; i < 100; i++) {
      CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[i], &why), 0);
      CHECK_EQ(why, ARPC_CLIENT_DISCONNECT);
      CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
    }
    world_close(&w);
  }
}

TEST("call: closing the runtime completes every call once [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_async a[50];
    world_open(&w, t, NULL, NULL);
    for (int i = 0; i < 50; i++) {
      a[i] = world_handle(count, &told);
      CHECK_EQ(world_call(&w, &a[i], PARK_IT, "", 0), 0);
      if (i == 25) world_until(&w, &w.nparked, 26); /* the rest was never sent */
    }
    arpc_runtime_close(w.rt);
    CHECK_EQ(told, 0);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    CHECK_EQ(told, 50);
    CHECK_EQ(uv_loop_close(&w.loop), 0);
  }
}

TEST("call: #13 what is refused is not pending [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_stats s;
    unsigned told = 0;
    arpc_async a = world_handle(count, &told);
    world_open(&w, t, NULL, &(arpc_client_options){.max_pending = 1});
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    arpc_async b = world_handle(count, &told);
    CHECK_EQ(world_call(&w, &b, PARK_IT, "", 0), 1721);
    b.notification = ARPC_NOTIFY_EVENT;
    b.event = NULL;
    CHECK_EQ(world_call(&w, &b, PARK_IT, "", 0), 87);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.pending, 1);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0); /* not sent: nothing to wait for */
    CHECK_EQ(told, 0);
    world_until(&w, &told, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 1818);
    world_close(&w);
  }
}

static void posted(arpc_runtime *rt, void *arg) {
  world *w = arg;
  CHECK_EQ(arpc_async_reply(rt, &w->parked[0], "post", 4), 0);
}

static void post_from_thread(void *arg) {
  world *w = arg;
  arpc_post(w->rt, posted, w);
}

TEST("call: #75 a parked call is completed from another thread through a post [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    uv_thread_t thread;
    arpc_async a = world_handle(count, &told);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    world_until(&w, &w.nparked, 1);
    CHECK_EQ(uv_thread_create(&thread, post_from_thread, &w), 0);
    world_until(&w, &told, 1);
    uv_thread_join(&thread);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}
