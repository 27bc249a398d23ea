/* Events, completion ports and message queues on one thread. */
#include "rpc_world.h"

#include "rpc/shared.h"

static int somewhere;

static void post(arpc_port *port, uint64_t key) {
  CHECK_EQ(arpc_port_post(port, &(arpc_packet){.bytes = 7, .key = key, .overlapped = &somewhere, .event = 2, .handle = 9}), 0);
}

static uint64_t key_of(arpc_port *port, arpc_runtime *rt) {
  arpc_packet p;
  return arpc_port_get(port, rt, 0, &p) ? 0 : p.key;
}

TEST("port: #24 a packet comes as it was posted, and packets in their order") {
  world w;
  arpc_port *port;
  arpc_packet p = {0};
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_port_new(&port), 0);
  post(port, 1);
  post(port, UINT64_MAX);
  CHECK_EQ(arpc_port_get(port, w.rt, 0, &p), 0);
  CHECK_EQ(p.bytes, 7);
  CHECK_EQ(p.key, 1);
  CHECK(p.overlapped == &somewhere);
  CHECK_EQ(p.event, 2);
  CHECK_EQ(p.handle, 9);
  CHECK_EQ(arpc_port_get(port, w.rt, -1, &p), 0);
  CHECK(p.key == UINT64_MAX);
  CHECK_EQ(arpc_port_get(port, w.rt, 0, &p), ARPC_S_TIMEOUT);
  CHECK_EQ(arpc_port_get(port, w.rt, 1, &p), ARPC_S_TIMEOUT);
  arpc_port_free(port);
  world_close(&w);
}

TEST("port: a wait that nothing on the loop can end says so, unless another thread could") {
  uv_loop_t loop;
  arpc_runtime *rt;
  arpc_port *port;
  arpc_packet p;
  char token[96];
  CHECK_EQ(uv_loop_init(&loop), 0);
  CHECK_EQ(arpc_runtime_new(&rt, &loop, NULL), 0);
  CHECK_EQ(arpc_port_new(&port), 0);
  CHECK_EQ(arpc_port_get(port, rt, -1, &p), ARPC_S_NO_CALL_ACTIVE);
  arpc_port_token(port, token, sizeof token);
  CHECK_EQ(arpc_port_get(port, rt, 20, &p), ARPC_S_TIMEOUT);
  arpc_port_free(port);
  arpc_runtime_close(rt);
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK_EQ(uv_loop_close(&loop), 0);
}

TEST("queue: a message comes as it was posted") {
  world w;
  arpc_queue *queue;
  arpc_message m = {0};
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_queue_new(&queue), 0);
  CHECK_EQ(arpc_queue_post(queue, &(arpc_message){.msg = 0x401, .wparam = 0, .lparam = 77}), 0);
  CHECK_EQ(arpc_queue_get(queue, w.rt, -1, &m), 0);
  CHECK_EQ(m.msg, 0x401);
  CHECK_EQ(m.wparam, 0);
  CHECK_EQ(m.lparam, 77);
  CHECK_EQ(arpc_queue_get(queue, w.rt, 0, &m), ARPC_S_TIMEOUT);
  arpc_queue_free(queue);
  world_close(&w);
}

TEST("token: opens the object of its kind as long as somebody has it") {
  char token[96], other[96];
  arpc_port *port, *again, *second;
  arpc_event *event;
  arpc_queue *queue;
  CHECK_EQ(arpc_port_new(&port), 0);
  CHECK_EQ(arpc_port_new(&second), 0);
  CHECK(arpc_port_token(port, token, sizeof token) < sizeof token);
  arpc_port_token(second, other, sizeof other);
  CHECK(strcmp(token, other) != 0);
  CHECK_EQ(arpc_port_token(port, other, 4), strlen(token));
  CHECK_EQ(arpc_event_open(&event, token), ARPC_S_ENTRY_NOT_FOUND);
  CHECK_EQ(arpc_queue_open(&queue, token), ARPC_S_ENTRY_NOT_FOUND);
  CHECK_EQ(arpc_port_open(&again, ""), ARPC_S_ENTRY_NOT_FOUND);
  CHECK_EQ(arpc_port_open(&again, token), 0);
  CHECK(again == port);
  arpc_port_free(port);
  post(again, 5);
  arpc_port_free(again); /* with a packet in it */
  CHECK_EQ(arpc_port_open(&again, token), ARPC_S_ENTRY_NOT_FOUND);
  arpc_port_free(second);
}

static unsigned woken;

static void on_wake(arpc__waiter *w) {
  CHECK(w->given);
  woken++;
}

TEST("port: what came for a waiter that leaves goes to the next, or back to its place") {
  world w;
  arpc_port *port;
  arpc__waiter a = {.wake = on_wake}, b = {.wake = on_wake}, c = {.wake = on_wake};
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_port_new(&port), 0);
  arpc__shared *s = &arpc__box_of_port(port)->shared;
  CHECK_EQ(arpc__await(s, w.rt, &a), 0);
  CHECK_EQ(arpc__await(s, w.rt, &b), 0);
  post(port, 1);
  post(port, 2);
  post(port, 3);
  CHECK_EQ(woken, 2);
  CHECK_EQ(arpc__await(s, w.rt, &c), 1);
  arpc__leave(&c);
  arpc__leave(&a);
  arpc__leave(&b);
  arpc__leave(&b);
  CHECK_EQ(arpc__take_given(&a), 0);
  for (uint64_t key = 1; key <= 3; key++) CHECK_EQ(key_of(port, w.rt), key);
  CHECK_EQ(arpc__await(s, w.rt, &a), 0);
  CHECK_EQ(arpc__await(s, w.rt, &b), 0);
  post(port, 4);
  CHECK_EQ(woken, 3);
  arpc__leave(&a);
  CHECK_EQ(woken, 4);
  CHECK_EQ(arpc__take_given(&b), 1);
  CHECK_EQ(b.parcel->packet.key, 4);
  b.parcel->drop(b.parcel);
  CHECK_EQ(key_of(port, w.rt), 0);
  arpc_port_free(port);
  world_close(&w);
}

TEST("event: #28 an auto-reset event that was set for a waiter who leaves is set for the next") {
  world w;
  arpc_event *event;
  arpc__waiter a = {.wake = on_wake}, b = {.wake = on_wake};
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_event_new(&event, 0), 0);
  CHECK_EQ(arpc__await(&event->shared, w.rt, &a), 0);
  CHECK_EQ(arpc__await(&event->shared, w.rt, &b), 0);
  arpc_event_set(event);
  CHECK_EQ(woken, 1);
  CHECK_EQ(arpc__event_is_set(event), 0);
  arpc__leave(&a);
  CHECK_EQ(woken, 2);
  arpc__leave(&b);
  CHECK_EQ(arpc__event_is_set(event), 1);
  CHECK_EQ(arpc_event_wait(event, w.rt, 0), 0);
  CHECK_EQ(arpc_event_wait(event, w.rt, 0), ARPC_S_TIMEOUT);
  arpc_event_free(event);
  world_close(&w);
}

TEST("event: a wait holds the loop of its thread once the event has a token") {
  world w;
  arpc_event *event;
  arpc__waiter a = {.wake = on_wake}, b = {.wake = on_wake};
  char token[96];
  world_open(&w, "memory", NULL, NULL);
  CHECK_EQ(arpc_event_new(&event, ARPC_EVENT_MANUAL), 0);
  uint32_t before = w.rt->holds;
  CHECK_EQ(arpc__await(&event->shared, w.rt, &a), 0);
  CHECK_EQ(w.rt->holds, before);
  arpc_event_token(event, token, sizeof token);
  CHECK_EQ(w.rt->holds, before + 1);
  CHECK_EQ(arpc__await(&event->shared, w.rt, &b), 0);
  CHECK_EQ(w.rt->holds, before + 2);
  arpc_event_set(event);
  CHECK_EQ(arpc__take_given(&a), 1);
  arpc__leave(&b);
  CHECK_EQ(w.rt->holds, before);
  arpc_event_free(event);
  world_close(&w);
}
