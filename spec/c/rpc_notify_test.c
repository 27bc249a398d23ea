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

TEST("notify: a kind that does not exist is refused with 87") {
  world w;
  world_open(&w, "memory", NULL, NULL);
  arpc_async a = world_handle(NULL, NULL);
  a.notification = (arpc_notification)6;
  CHECK_EQ(world_call(&w, &a, ECHO_IT, "", 0), 87);
  world_close(&w);
}
