/* How a C program is told: each kind of notification. */
#include "rpc_world.h"

static int mark;

TEST("notify: #24 a port gets the packet that was asked for, once per call [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_port *port;
    arpc_packet p;
    arpc_async a = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(arpc_port_new(&port), 0);
    a.notification = ARPC_NOTIFY_PORT;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 87);
    a.ioc.port = port;
    a.ioc.bytes = UINT64_MAX;
    a.ioc.key = 42;
    a.ioc.overlapped = &mark;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "abc", 3), 0);
    CHECK_EQ(arpc_port_get(port, w.rt, 10000, &p), 0);
    CHECK(p.bytes == UINT64_MAX && p.key == 42 && p.overlapped == &mark);
    CHECK_EQ(p.event, ARPC_CALL_COMPLETE);
    CHECK_EQ(p.handle, a.id);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    CHECK_EQ(arpc_port_get(port, w.rt, 5, &p), ARPC_S_TIMEOUT);
    arpc_port_free(port);
    world_close(&w);
  }
}

TEST("notify: a queue gets msg, 0 and the handle [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_queue *queue;
    arpc_message m;
    arpc_async a = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(arpc_queue_new(&queue), 0);
    a.notification = ARPC_NOTIFY_QUEUE;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 87);
    a.hwnd.queue = queue;
    a.hwnd.msg = 0x8001;
    CHECK_EQ(world_call(&w, &a, FAULT_IT, &(uint32_t){5}, 4), 0);
    CHECK_EQ(arpc_queue_get(queue, w.rt, 10000, &m), 0);
    CHECK_EQ(m.msg, 0x8001);
    CHECK_EQ(m.wparam, 0);
    CHECK_EQ(m.lparam, a.id);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 5);
    arpc_queue_free(queue);
    world_close(&w);
  }
}

static void on_apc(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  *(arpc_runtime **)async->user_info = rt;
}

TEST("notify: #25 an APC runs in the loop it was directed to, and nowhere else [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    uv_loop_t other;
    arpc_runtime *there, *ran_in = NULL;
    arpc_event *never;
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(uv_loop_init(&other), 0);
    CHECK_EQ(arpc_runtime_new(&there, &other, NULL), 0);
    arpc_async a = world_handle(NULL, &ran_in);
    a.notification = ARPC_NOTIFY_APC;
    a.apc.routine = on_apc;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 87);
    a.apc.thread = there;
    CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 0);
    while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
    world_turns(&w, 3);
    CHECK(ran_in == NULL);
    CHECK_EQ(arpc_event_new(&never, 0), 0);
    CHECK_EQ(arpc_event_wait(never, there, 5), ARPC_S_TIMEOUT); /* runs its loop */
    arpc_event_free(never);
    CHECK(ran_in == there);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    arpc_runtime_close(there);
    uv_run(&other, UV_RUN_DEFAULT);
    CHECK_EQ(uv_loop_close(&other), 0);
    world_close(&w);
  }
}

/* What a handle asks for is told by `seen`: a packet's key, a message's msg, whether the event is set. */
typedef struct kinds {
  arpc_event *event;
  arpc_port *port;
  arpc_queue *queue;
} kinds;

static void ask_for(const kinds *k, arpc_notification kind, arpc_async *a) {
  a->notification = kind;
  if (kind == ARPC_NOTIFY_EVENT) a->event = k->event;
  if (kind == ARPC_NOTIFY_QUEUE) a->hwnd.queue = k->queue, a->hwnd.msg = 7;
  if (kind == ARPC_NOTIFY_PORT) a->ioc.port = k->port, a->ioc.key = 8;
}

static unsigned seen(const kinds *k, arpc_runtime *rt) {
  arpc_packet p;
  arpc_message m;
  unsigned kind = 0;
  if (!arpc_event_wait(k->event, rt, 0)) kind |= 1u << ARPC_NOTIFY_EVENT;
  if (!arpc_queue_get(k->queue, rt, 0, &m) && m.msg == 7) kind |= 1u << ARPC_NOTIFY_QUEUE;
  if (!arpc_port_get(k->port, rt, 0, &p) && p.key == 8) kind |= 1u << ARPC_NOTIFY_PORT;
  return kind;
}

TEST("notify: a pending call that changed its kind tells by the last one alone") {
  static const arpc_notification all[] = {ARPC_NOTIFY_EVENT, ARPC_NOTIFY_PORT, ARPC_NOTIFY_QUEUE};
  world w;
  kinds k;
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_event_new(&k.event, 0), 0);
  CHECK_EQ(arpc_port_new(&k.port), 0);
  CHECK_EQ(arpc_queue_new(&k.queue), 0);
  for (unsigned before = 0; before < 3; before++)
    for (unsigned after = 0; after < 3; after++) {
      arpc_async a = world_handle(NULL, NULL);
      ask_for(&k, all[before], &a);
      CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 0);
      ask_for(&k, all[after], &a);
      CHECK_EQ(arpc_async_notify(w.rt, &a), 0);
      a.notification = 17;
      CHECK_EQ(arpc_async_notify(w.rt, &a), 87);
      while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
      CHECK_EQ(seen(&k, w.rt), 1u << all[after]);
      CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    }
  arpc_event_free(k.event);
  arpc_port_free(k.port);
  arpc_queue_free(k.queue);
  world_close(&w);
}

TEST("notify: a kind that does not exist is refused with 87") {
  world w;
  world_open(&w, "memory", NULL, NULL);
  arpc_async a = world_handle(NULL, NULL);
  a.notification = (arpc_notification)6;
  CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 87);
  world_close(&w);
}

TEST("notify: a server's handle tells that its client cancels and that it is gone, each once [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_port *port;
    arpc_packet p;
    arpc_async a = world_handle(NULL, NULL);
    world_open(&w, t, NULL, NULL);
    CHECK_EQ(arpc_port_new(&port), 0);
    CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
    world_until(&w, &w.nparked, 1);
    arpc_async served = w.parked[0];
    CHECK_EQ(arpc_async_notify(w.rt, &served), 0);
    served.notification = ARPC_NOTIFY_PORT;
    served.ioc.port = NULL;
    CHECK_EQ(arpc_async_notify(w.rt, &served), 87);
    served.ioc.port = port;
    served.ioc.key = 3;
    CHECK_EQ(arpc_async_notify(w.rt, &served), 0);
    for (int i = 0; i < 2; i++) CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
    CHECK_EQ(arpc_port_get(port, w.rt, 10000, &p), 0);
    CHECK_EQ(p.event, ARPC_CLIENT_CANCEL);
    CHECK_EQ(p.key, 3);
    CHECK_EQ(p.handle, served.id);
    CHECK_EQ(arpc_async_notify(w.rt, &served), 0); /* the cancel is old news */
    CHECK_EQ(arpc_port_get(port, w.rt, 2, &p), ARPC_S_TIMEOUT);
    CHECK_EQ(arpc_async_drop(w.rt, &a), 0);
    arpc_client_close(w.client);
    w.client = NULL;
    CHECK_EQ(arpc_port_get(port, w.rt, 10000, &p), 0);
    CHECK_EQ(p.event, ARPC_CLIENT_DISCONNECT);
    CHECK_EQ(arpc_port_get(port, w.rt, 2, &p), ARPC_S_TIMEOUT);
    CHECK_EQ(arpc_async_abort(w.rt, &served, 1818), 0);
    CHECK_EQ(arpc_async_notify(w.rt, &served), 1914);
    arpc_port_free(port);
    world_close(&w);
  }
}

TEST("notify: a server's handle that ends before its news are told tells nothing") {
  world w;
  unsigned told = 0;
  arpc_async a = world_handle(NULL, NULL);
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(world_call(&w, &a, PARK_IT, "", 0), 0);
  world_until(&w, &w.nparked, 1);
  CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
  while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL)) world_turns(&w, 1);
  arpc_async served = w.parked[0];
  served.notification = ARPC_NOTIFY_CALLBACK;
  served.routine = on_apc;
  served.user_info = &told;
  CHECK_EQ(arpc_async_notify(w.rt, &served), 0); /* too late to be told at once */
  CHECK_EQ(arpc_async_abort(w.rt, &served, 5), 0);
  while (arpc_async_status(w.rt, &a) == 997) world_turns(&w, 1);
  CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 5);
  CHECK_EQ(told, 0);
  world_close(&w);
}

static unsigned sends, completes;

static void count_kinds(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)rt;
  if (event == ARPC_SEND_COMPLETE) {
    CHECK_EQ(sends++, completes);
    CHECK_EQ(arpc_async_complete(rt, async, NULL), 997);
  } else {
    CHECK_EQ(event, ARPC_CALL_COMPLETE);
    completes++;
  }
}

static void send_kinds(world *w, uint32_t flags, uint16_t opnum, size_t len, arpc_async *ret) {
  static uint8_t stub[200000];
  sends = completes = 0;
  *ret = world_handle(count_kinds, NULL);
  ret->flags = flags;
  CHECK_EQ(world_call(w, ret, opnum, stub, len), 0);
  CHECK_EQ(sends + completes, 0);
}

TEST("notify: #31 a request's leaving is told when the flag is on, once and before completion [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_async a;
    world_open(&w, t, NULL, NULL);
    for (size_t len = 4; len < 200000; len = len * 30 + 1) {
      for (uint32_t flags = 0; flags < 2; flags++) {
        send_kinds(&w, flags, ECHO_IT, len, &a);
        world_until(&w, &completes, 1);
        CHECK_EQ(sends, flags);
        CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
      }
    }
    w.nparked = 0;
    send_kinds(&w, 1, PARK_IT, 4, &a);
    world_until(&w, &sends, 1); /* long before it is answered */
    world_until(&w, &w.nparked, 1);
    CHECK_EQ(completes, 0);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[0], 5), 0);
    world_until(&w, &completes, 1);
    CHECK_EQ(sends, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 5);
    send_kinds(&w, 1, ECHO_IT, 4, &a);
    a.flags = 0;
    CHECK_EQ(arpc_async_notify(w.rt, &a), 0); /* changed its mind in time */
    world_until(&w, &completes, 1);
    CHECK_EQ(sends, 0);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), 0);
    world_close(&w);
  }
}

TEST("notify: #31 a request that never left is not told of, and dropping one forgets it [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_async a;
    world_open(&w, t, NULL, NULL);
    send_kinds(&w, 1, ECHO_IT, 4, &a);
    arpc_client_close(w.client); /* it waits for a connection */
    w.client = NULL;
    world_until(&w, &completes, 1);
    CHECK_EQ(sends, 0);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), ARPC_S_CALL_FAILED_DNE);
    world_close(&w);
    world_open(&w, t, NULL, NULL);
    arpc_async first = world_handle(NULL, NULL);
    CHECK_EQ(world_call(&w, &first, ECHO_IT, "", 0), 0); /* the connection is there */
    while (arpc_async_status(w.rt, &first) == 997) world_turns(&w, 1);
    CHECK_EQ(arpc_async_complete(w.rt, &first, NULL), 0);
    send_kinds(&w, 1, ECHO_IT, 4, &a);
    CHECK_EQ(arpc_async_drop(w.rt, &a), 0);
    world_turns(&w, 10);
    CHECK_EQ(sends + completes, 0);
    send_kinds(&w, 1, ECHO_IT, 4, &a);
    arpc_client_close(w.client); /* it was given to the connection, which had no time to send it */
    w.client = NULL;
    world_until(&w, &completes, 1);
    CHECK_EQ(sends, 0);
    CHECK_EQ(arpc_async_complete(w.rt, &a, NULL), ARPC_S_CALL_FAILED_DNE);
    world_close(&w);
  }
}
