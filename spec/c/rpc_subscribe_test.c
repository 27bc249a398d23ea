/* Rows 61-64: what a server's call tells of its client. */
#include "rpc_world.h"

typedef struct notices {
  unsigned cancel, disconnect;
  uint64_t id;
  int end; /* the first notice ends the call */
} notices;

static void note(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  notices *n = async->user_info;
  CHECK(event == ARPC_CLIENT_CANCEL || event == ARPC_CLIENT_DISCONNECT);
  n->id = async->id;
  if (event == ARPC_CLIENT_CANCEL) n->cancel++;
  else n->disconnect++;
  if (n->end) CHECK_EQ(arpc_async_abort(rt, async, 1818), 0);
}

static arpc_async park(world *w) {
  arpc_async a = world_handle(NULL, NULL);
  unsigned n = w->nparked;
  CHECK_EQ(world_call(w, &a, PARK_IT, "", 0), 0);
  world_parked(w, n);
  return a;
}

static const unsigned BOTH = ARPC_SUBSCRIBE_CANCEL | ARPC_SUBSCRIBE_DISCONNECT;

TEST("subscribe: #61 cancel and disconnect are told apart, once each, on a later turn [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices both = {0}, only = {0};
    arpc_async how = world_handle(note, &both), how_only = world_handle(note, &only);
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w), b = park(&w);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[0], BOTH, &how), 0);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[1], ARPC_SUBSCRIBE_DISCONNECT, &how_only), 0);
    world_turns(&w, 10);
    CHECK_EQ(both.cancel + both.disconnect + only.cancel + only.disconnect, 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &b, 0), 0);
    world_until(&w, &both.cancel, 1);
    CHECK_EQ(both.id, w.parked[0].id);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 1), 0); /* orphaned: told already */
    CHECK_EQ(world_result(&w, &a, NULL), 1818);
    world_turns(&w, 10);
    CHECK_EQ(both.cancel, 1);
    CHECK_EQ(both.disconnect, 0);
    CHECK_EQ(only.cancel, 0);
    arpc_client_close(w.client);
    w.client = NULL;
    world_until(&w, &only.disconnect, 1);
    world_turns(&w, 10);
    CHECK_EQ(both.cancel, 1);
    CHECK_EQ(both.disconnect, 1);
    CHECK_EQ(only.disconnect, 1);
    CHECK_EQ(world_result(&w, &b, NULL), 1726);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
    world_close(&w);
  }
}

TEST("subscribe: #61 what happened before is told too, never inside the subscribing function [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices n = {0};
    arpc_async how = world_handle(note, &n);
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w);
    CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL)) world_turns(&w, 1);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[0], BOTH, &how), 0);
    CHECK_EQ(n.cancel, 0);
    world_until(&w, &n.cancel, 1);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[0], BOTH, &how), 0); /* not told again */
    world_turns(&w, 10);
    CHECK_EQ(n.cancel, 1);
    CHECK_EQ(n.disconnect, 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("subscribe: #62 unsubscribing tells how many notices there were, and none comes that was not counted [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices n = {0};
    uint32_t queued = 7;
    arpc_async how = world_handle(note, &n);
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w), b = park(&w);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[i], BOTH, &how), 0);
    CHECK_EQ(arpc_server_unsubscribe(w.rt, &w.parked[0], ARPC_SUBSCRIBE_CANCEL, &queued), 0);
    CHECK_EQ(queued, 0);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_async_cancel(w.rt, i ? &b : &a, 0), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[1], NULL)) world_turns(&w, 1);
    CHECK_EQ(arpc_server_unsubscribe(w.rt, &w.parked[1], ARPC_SUBSCRIBE_CANCEL, &queued), 0);
    CHECK_EQ(queued, 1);
    world_turns(&w, 10);
    CHECK_EQ(n.cancel, 1); /* of the second: it was on its way, or had come */
    CHECK_EQ(n.id, w.parked[1].id);
    CHECK_EQ(arpc_server_unsubscribe(w.rt, &w.parked[1], ARPC_SUBSCRIBE_DISCONNECT, NULL), 0);
    CHECK_EQ(arpc_server_unsubscribe(w.rt, &w.parked[1], BOTH, NULL), 1764);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    CHECK_EQ(world_result(&w, &b, NULL), 0);
    world_close(&w);
  }
}

TEST("subscribe: #63 other kinds are 1764, no notification is 87, no call is 1725 or 1702 [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices n = {0};
    arpc_async how = world_handle(note, &n), none = world_handle(NULL, NULL), event = none;
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w);
    const arpc_async *call = &w.parked[0];
    for (unsigned what = 0; what < 16; what++)
      CHECK_EQ(arpc_server_subscribe(w.rt, call, what, &how), what >= 1 && what <= 3 ? 0 : 1764);
    CHECK_EQ(arpc_server_subscribe(w.rt, call, BOTH, &none), 87);
    CHECK_EQ(arpc_server_subscribe(w.rt, call, BOTH, NULL), 87);
    event.notification = ARPC_NOTIFY_EVENT;
    CHECK_EQ(arpc_server_subscribe(w.rt, call, ARPC_SUBSCRIBE_CANCEL, &event), 87);
    event.event = (arpc_event *)&n; /* only looked at for being there */
    CHECK_EQ(arpc_server_subscribe(w.rt, call, BOTH, &event), 87);
    CHECK_EQ(arpc_server_subscribe(w.rt, NULL, BOTH, &how), 1725);
    CHECK_EQ(arpc_server_subscribe(w.rt, &a, BOTH, &how), 1702);
    CHECK_EQ(arpc_server_subscribe(w.rt, &how, BOTH, &how), 1702);
    CHECK_EQ(arpc_server_unsubscribe(w.rt, NULL, ARPC_SUBSCRIBE_CANCEL, NULL), 1725);
    CHECK_EQ(arpc_async_reply(w.rt, call, "", 0), 0);
    CHECK_EQ(arpc_server_subscribe(w.rt, call, BOTH, &how), 1702);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("subscribe: #64 #61 the call's end is the end of its subscriptions, also of a notice on its way [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices n = {0}, ends = {.end = 1};
    arpc_async how = world_handle(note, &n), how_ends = world_handle(note, &ends);
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w), b = park(&w), c = park(&w);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[0], BOTH, &how), 0);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[1], BOTH, &how_ends), 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0); /* while subscribed */
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &b, 0), 0);
    CHECK_EQ(world_result(&w, &b, NULL), 1818); /* the routine ended it */
    CHECK_EQ(arpc_async_cancel(w.rt, &c, 0), 0);
    while (arpc_server_test_cancel(w.rt, &w.parked[2], NULL)) world_turns(&w, 1);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[2], BOTH, &how), 0); /* queued, and overtaken */
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[2], "", 0), 0);
    CHECK_EQ(world_result(&w, &c, NULL), 0);
    arpc_client_close(w.client);
    w.client = NULL;
    world_turns(&w, 20);
    CHECK_EQ(n.cancel + n.disconnect, 0);
    CHECK_EQ(ends.cancel, 1);
    CHECK_EQ(ends.disconnect, 0);
    world_close(&w);
  }
}

TEST("subscribe: #98 #61 a closing server disconnects its calls, on a later turn [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    notices n = {0};
    arpc_async how = world_handle(note, &n);
    world_open(&w, t, NULL, NULL);
    arpc_async a = park(&w);
    CHECK_EQ(arpc_server_subscribe(w.rt, &w.parked[0], BOTH, &how), 0);
    arpc_server_close(w.server);
    w.server = NULL;
    CHECK_EQ(n.disconnect, 0);
    world_until(&w, &n.disconnect, 1);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 5), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 1726);
    world_close(&w);
  }
}
