/* Rows 55-67: cancelling and giving up, from both ends. */
#include "rpc_world.h"

static void count(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)rt;
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  ++*(unsigned *)async->user_info;
}

static arpc_async park(world *w, unsigned *told) {
  arpc_async a = world_handle(count, told);
  unsigned n = w->nparked;
  CHECK_EQ(world_call(w, &a, PARK_IT, "", 0), 0);
  world_parked(w, n);
  return a;
}

static uint64_t bytes_out(world *w) {
  arpc_stats s;
  world_turns(w, 3);
  arpc_runtime_stats(w->rt, &s);
  return s.bytes_out;
}

TEST("cancel: #55 #59 #57 #67 the server's test turns true, and what it then does is the outcome [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_event_kind why = ARPC_CALL_COMPLETE;
    arpc_reply reply;
    world_open(&w, t, NULL, NULL);
    arpc_async kept = park(&w, &told), stopped = park(&w, &told);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[i], &why), 1791);
    CHECK_EQ(arpc_async_cancel(w.rt, &kept, 0), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &stopped, 0), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[1], NULL) == 1791) world_turns(&w, 1);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[0], &why), 0);
    CHECK_EQ(why, ARPC_CLIENT_CANCEL);
    world_turns(&w, 20);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_status(w.rt, &kept), 997);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "done", 4), 0);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[1], 1818), 0);
    CHECK_EQ(world_result(&w, &kept, &reply), 0);
    CHECK_BYTES(reply.stub, reply.len, "done", 4);
    CHECK_EQ(world_result(&w, &stopped, &reply), 1818);
    CHECK_EQ(reply.fault, 0x1C00000D);
    CHECK_EQ(reply.where, ARPC_WHERE_FAULT);
    CHECK_EQ(reply.timed_out, 0);
    world_turns(&w, 5);
    CHECK_EQ(told, 2);
    world_close(&w);
  }
}

TEST("cancel: #56 #57 giving up completes with 1818 on a later turn, without the server [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_reply reply;
    arpc_stats s;
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w, &told);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 0);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_status(w.rt, &a), 997);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 0);
    CHECK_EQ(world_result(&w, &a, &reply), 1818);
    CHECK_EQ(reply.where, ARPC_WHERE_LOCAL);
    CHECK_EQ(reply.maybe_executed, 1);
    CHECK_EQ(told, 1);
    while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL) == 1791) world_turns(&w, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "late", 4), 0); /* nobody waits: nothing is sent */
    arpc_async b = world_handle(NULL, NULL);
    CHECK_EQ(world_call(&w, &b, ECHO_IT, "", 0), 0);
    CHECK_EQ(world_result(&w, &b, NULL), 0);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.connections, 2);
    CHECK_EQ(told, 1);
    world_close(&w);
  }
}

TEST("cancel: #58 after completion it changes nothing, before and after the result is collected [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    world_open(&w, t, NULL, NULL);
    arpc_async a = world_handle(count, &told);
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "abcd", 4), 0);
    world_until(&w, &told, 1);
    uint64_t before = bytes_out(&w);
    for (int abortive = 0; abortive < 2; abortive++) CHECK_EQ(arpc_async_cancel(w.rt, &a, abortive), 0);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 5), 0);
    CHECK_EQ(bytes_out(&w), before);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 1914);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 5), 1914);
    CHECK_EQ(told, 1);
    world_close(&w);
  }
}

TEST("cancel: a call that has not left is never sent, and did not execute [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int abortive = 0; abortive < 2; abortive++) {
      world w;
      unsigned told = 0;
      arpc_reply reply;
      arpc_stats s;
      arpc_async a = world_handle(count, &told), b = world_handle(NULL, NULL);
      world_open(&w, t, NULL, NULL);
      CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
      CHECK_EQ(arpc_async_cancel(w.rt, &a, abortive), 0);
      CHECK_EQ(told, 0);
      CHECK_EQ(world_result(&w, &a, &reply), 1818);
      CHECK_EQ(reply.maybe_executed, 0);
      CHECK_EQ(reply.phase, ARPC_PHASE_CONNECT);
      CHECK_EQ(world_call(&w, &b, ECHO_IT, "", 0), 0);
      CHECK_EQ(world_result(&w, &b, NULL), 0);
      arpc_runtime_stats(w.rt, &s);
      CHECK_EQ(s.calls_served, 1);
      CHECK_EQ(told, 1);
      world_close(&w);
    }
  }
}

TEST("cancel: a request in this turn's output leaves first, then what is said of it [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_async first = world_handle(NULL, NULL), a = world_handle(count, &told);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(world_call(&w, &first, ECHO_IT, "", 0), 0);
    CHECK_EQ(world_result(&w, &first, NULL), 0);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    world_parked(&w, 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL) == 1791) world_turns(&w, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    CHECK_EQ(told, 1);
    world_close(&w);
  }
}

enum { HEADER = 16 }; /* co_cancel and orphaned are no more than that */

TEST("cancel: #65 asking twice is asking once, and giving up may follow [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w, &told);
    uint64_t before = bytes_out(&w);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    CHECK_EQ(bytes_out(&w), before + HEADER);
    for (int i = 0; i < 3; i++) CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 60000), 0);
    CHECK_EQ(bytes_out(&w), before + HEADER);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 0);
    CHECK_EQ(bytes_out(&w), before + 2 * HEADER);
    CHECK_EQ(world_result(&w, &a, NULL), 1818);
    CHECK_EQ(told, 1);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 5), 0);
    world_close(&w);
  }
}

/* ---- from routines -----------------------------------------------------------------------------*/

typedef struct victim {
  arpc_async other;
  unsigned told;
} victim;

static void cancel_both(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  victim *v = async->user_info;
  (void)event;
  v->told++;
  CHECK_EQ(arpc_async_cancel(rt, async, 0), 0); /* it is complete */
  CHECK_EQ(arpc_async_cancel(rt, async, 1), 0);
  CHECK_EQ(arpc_async_cancel(rt, &v->other, 1), 0);
  CHECK_EQ(arpc_async_status(rt, &v->other), 997);
}

TEST("cancel: from a routine: its own call is over, another one ends on a later turn [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    victim v = {0};
    world_open(&w, t, NULL, NULL);
    v.other = park(&w, &told);
    arpc_async a = world_handle(cancel_both, &v);
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    CHECK_EQ(world_result(&w, &v.other, NULL), 1818);
    CHECK_EQ(told + v.told, 2);
    world_turns(&w, 10);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    world_close(&w);
  }
}

/* ---- escalation --------------------------------------------------------------------------------*/

TEST("cancel: #65 with a grace: the server has that long, then the call is given up [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_reply reply;
    world_open(&w, t, &world_manual, NULL);
    arpc_async in_time = park(&w, &told), late = park(&w, &told);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &in_time, 100), 0);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &late, 100), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[1], NULL) == 1791) world_turns(&w, 1);
    arpc_runtime_advance(w.rt, 99);
    world_turns(&w, 5);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(world_result(&w, &in_time, NULL), 0);
    arpc_runtime_advance(w.rt, 1);
    CHECK_EQ(world_result(&w, &late, &reply), 1818);
    CHECK_EQ(reply.timed_out, 0);
    CHECK_EQ(reply.where, ARPC_WHERE_LOCAL);
    CHECK_EQ(told, 2);
    world_turns(&w, 5);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[1], "", 0), 0);
    world_close(&w);
  }
}

TEST("cancel: a grace of nothing is giving up; a shorter one replaces a longer, not the reverse [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    world_open(&w, t, &world_manual, NULL);
    arpc_async now = park(&w, &told), a = park(&w, &told);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &now, 0), 0);
    CHECK_EQ(world_result(&w, &now, NULL), 1818);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 1000), 0);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 50), 0);
    CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 500), 0);
    arpc_runtime_advance(w.rt, 49);
    world_turns(&w, 5);
    CHECK_EQ(arpc_async_status(w.rt, &a), 997);
    arpc_runtime_advance(w.rt, 1);
    CHECK_EQ(world_result(&w, &a, NULL), 1818);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
    world_close(&w);
  }
}

/* ---- what stays of the connection --------------------------------------------------------------*/

TEST("cancel: #66 after orphaned the connection ends with its last call, unless keeping it was agreed [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int keep = 0; keep < 2; keep++) {
      world w;
      unsigned told = 0;
      arpc_stats s;
      world_open(&w, t, NULL, &(arpc_client_options){.no_keep_on_orphan = !keep});
      arpc_async gone = park(&w, &told), stays = park(&w, &told), next = world_handle(count, &told);
      CHECK_EQ(arpc_async_cancel(w.rt, &gone, 1), 0);
      CHECK_EQ(world_result(&w, &gone, NULL), 1818);
      while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL) == 1791) world_turns(&w, 1);
      CHECK_EQ(world_call(&w, &next, PARK_IT, "", 0), 0);
      world_parked(&w, 2);
      arpc_runtime_stats(w.rt, &s);
      CHECK_EQ(s.connections, keep ? 2 : 4); /* the old one still has a call */
      for (int i = 0; i < 3; i++) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
      CHECK_EQ(world_result(&w, &stays, NULL), 0);
      CHECK_EQ(world_result(&w, &next, NULL), 0);
      do {
        world_turns(&w, 1);
        arpc_runtime_stats(w.rt, &s);
      } while (s.connections != 2);
      world_close(&w);
    }
  }
}

/* ---- the server's questions --------------------------------------------------------------------*/

TEST("cancel: #60 test_cancel: 0, 1791, 1725 outside of a manager, 1702 for what is no call [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    uint32_t said;
    arpc_reply reply;
    arpc_async a, garbage, asking = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(arpc_server_test_cancel(w.rt, NULL, NULL), 1725);
    CHECK_EQ(world_call(&w, &asking, ASK_IT, "", 0), 0);
    CHECK_EQ(world_result(&w, &asking, &reply), 0);
    memcpy(&said, reply.stub, sizeof said);
    CHECK_EQ(said, 1791);
    CHECK_EQ(arpc_server_test_cancel(w.rt, NULL, NULL), 1725);
    a = park(&w, &told);
    CHECK_EQ(arpc_server_test_cancel(w.rt, NULL, NULL), 1725); /* its manager has returned */
    memset(&garbage, 0xA5, sizeof garbage);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &garbage, NULL), 1702);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &a, NULL), 1702);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[0], NULL), 1791);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL)) world_turns(&w, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(arpc_server_test_cancel(w.rt, &w.parked[0], NULL), 1702);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    world_close(&w);
  }
}
