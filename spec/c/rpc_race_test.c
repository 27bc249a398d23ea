/* Two things at one time, in every order there is: one of them wins, the call completes once, nothing is left.
 * The clock is the manual one and each turn of the loop is counted, so that a race is the same every time. */
#include "rpc/client.h"
#include "rpc_world.h"

typedef struct outcome {
  unsigned told;
  arpc_status status;
  int timed_out;
} outcome;

static void collect(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  outcome *o = async->user_info;
  arpc_reply reply;
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  o->told++;
  o->status = arpc_async_complete(rt, async, &reply);
  o->timed_out = reply.timed_out;
}

static arpc_async issue(world *w, outcome *o, uint32_t timeout) {
  arpc_async a = world_handle(collect, o);
  memset(o, 0, sizeof *o);
  CHECK_EQ(arpc_client_call(w->client, &a, &(arpc_request){.opnum = PARK_IT, .stub = "", .timeout = timeout}), 0);
  return a;
}

static void settle(world *w, outcome *o) {
  world_until(w, &o->told, 1);
  world_turns(w, 20);
  CHECK_EQ(o->told, 1);
}

/* The connection is as good as before. */
static void still_works(world *w) {
  arpc_async a = world_handle(NULL, NULL);
  CHECK_EQ(world_call(w, &a, ECHO_IT, "abcd", 4), 0);
  CHECK_EQ(world_result(w, &a, NULL), 0);
}

enum { LAGS = 8 }; /* turns one event may be behind the other; more than a message takes in any transport */

TEST("race: #57 #58 cancel and abandon against a reply, whichever is how many turns behind [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int abortive = 0; abortive < 2; abortive++)
      for (int lag = -LAGS; lag <= LAGS; lag++) {
        world w;
        outcome o;
        world_open(&w, t, &world_manual, NULL);
        arpc_async a = issue(&w, &o, 0);
        world_parked(&w, 0);
        if (lag <= 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        world_turns(&w, (unsigned)(lag < 0 ? -lag : 0));
        arpc_status said = arpc_async_cancel(w.rt, &a, abortive);
        CHECK_EQ(said, o.told ? 1914 : 0);
        world_turns(&w, (unsigned)(lag > 0 ? lag : 0));
        if (lag > 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        settle(&w, &o);
        if (!abortive || lag == -LAGS) CHECK_EQ(o.status, 0);
        else CHECK(o.status == 0 || o.status == 1818);
        if (abortive && lag >= 0) CHECK_EQ(o.status, 1818);
        still_works(&w);
        world_close(&w);
      }
  }
}

TEST("race: #68 a timeout against a reply, whichever is how many turns behind [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (unsigned grace = 0; grace < 2; grace++)
      for (int lag = -LAGS; lag <= LAGS; lag++) {
        world w;
        outcome o;
        world_open(&w, t, &world_manual, &(arpc_client_options){.grace = grace * 10});
        issue(&w, &o, 100);
        world_parked(&w, 0);
        if (lag <= 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        world_turns(&w, (unsigned)(lag < 0 ? -lag : 0));
        arpc_runtime_advance(w.rt, 100);
        world_turns(&w, (unsigned)(lag > 0 ? lag : 0));
        if (lag > 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        settle(&w, &o);
        CHECK(o.status == 0 || o.status == 1818);
        CHECK_EQ(o.timed_out, o.status == 1818);
        if (grace || lag == -LAGS) CHECK_EQ(o.status, 0); /* it came in time, or in the grace */
        else if (lag == LAGS) CHECK_EQ(o.status, 1818);
        still_works(&w);
        world_close(&w);
      }
  }
}

TEST("race: #26 #98 a client's end against the server's reply, whichever is how many turns behind [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int server_closes = 0; server_closes < 2; server_closes++)
      for (int lag = -LAGS; lag <= LAGS; lag++) {
        world w;
        outcome o;
        world_open(&w, t, &world_manual, NULL);
        issue(&w, &o, 0);
        world_parked(&w, 0);
        if (lag <= 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        world_turns(&w, (unsigned)(lag < 0 ? -lag : 0));
        if (server_closes) arpc_server_close(w.server), w.server = NULL;
        else arpc_client_close(w.client), w.client = NULL;
        world_turns(&w, (unsigned)(lag > 0 ? lag : 0));
        if (lag > 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
        settle(&w, &o);
        CHECK(o.status == 0 || o.status == 1726);
        if (lag > 0) CHECK_EQ(o.status, 1726);
        if (lag == -LAGS) CHECK_EQ(o.status, 0);
        world_close(&w);
      }
  }
}

TEST("race: #65 giving up while the answer's fragments arrive: the rest is drained, others are unharmed [tcp] [unix] [memory]") {
  static uint8_t big[3000000];
  memset(big, 'x', sizeof big);
  EACH_TRANSPORT(t) {
    unsigned drained = 0;
    for (unsigned turns = 0; turns < 24; turns++) {
      world w;
      outcome o, other;
      arpc_stats s;
      world_open(&w, t, &world_manual, &(arpc_client_options){.max_fragment = 4096});
      arpc_async a = issue(&w, &o, 0);
      world_parked(&w, 0);
      issue(&w, &other, 0);
      world_parked(&w, 1);
      CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], big, sizeof big), 0);
      world_turns(&w, turns);
      arpc_async_cancel(w.rt, &a, 1);
      CHECK_EQ(arpc_async_reply(w.rt, &w.parked[1], "", 0), 0);
      settle(&w, &o);
      settle(&w, &other);
      CHECK(o.status == 1818 || o.status == 0);
      CHECK_EQ(other.status, 0);
      still_works(&w);
      arpc__link *link = arpc__of(arpc__link, node, w.client->links.next);
      CHECK_EQ(link->conn.late, o.status == 1818);
      drained += link->conn.late;
      arpc_runtime_stats(w.rt, &s);
      CHECK_EQ(s.connections, 2);
      world_close(&w);
    }
    CHECK(drained > 0);
  }
}

TEST("race: #16 dropping a call while its answer is on its way [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int lag = -LAGS; lag <= LAGS; lag++) {
      world w;
      arpc_stats s;
      arpc_async a = world_handle(NULL, NULL);
      world_open(&w, t, &world_manual, NULL);
      CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
      world_parked(&w, 0);
      if (lag <= 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "abcd", 4), 0);
      world_turns(&w, (unsigned)(lag < 0 ? -lag : 0));
      CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 0);
      CHECK_EQ(arpc_async_drop(w.rt, &a), 0);
      world_turns(&w, (unsigned)(lag > 0 ? lag : 0));
      if (lag > 0) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "abcd", 4), 0);
      world_turns(&w, 20);
      CHECK_EQ(arpc_async_status(w.rt, &a), 1914);
      arpc_runtime_stats(w.rt, &s);
      CHECK_EQ(s.pending, 0);
      CHECK_EQ(s.handles, 0);
      still_works(&w);
      world_close(&w);
    }
  }
}

TEST("race: #81 complete and abort, in either order: one wins, the other is told 1914 [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int abort_first = 0; abort_first < 2; abort_first++)
      for (unsigned turns = 0; turns < LAGS; turns++) {
        world w;
        outcome o;
        world_open(&w, t, &world_manual, NULL);
        issue(&w, &o, 0);
        world_parked(&w, 0);
        for (int i = 0; i < 2; i++) {
          arpc_status said = i == abort_first ? arpc_async_reply(w.rt, &w.parked[0], "", 0) : arpc_async_abort(w.rt, &w.parked[0], 5);
          CHECK_EQ(said, i ? 1914 : 0);
          world_turns(&w, turns);
        }
        settle(&w, &o);
        CHECK_EQ(o.status, abort_first ? 5 : 0);
        world_close(&w);
      }
  }
}
