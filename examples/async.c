/* The documents' example on the C API alone: an asynchronous call beside a synchronous one. Server and
 * client share a loop here; between two processes nothing would differ but the binding.
 *
 * interface AsyncRPC: opnum 0 NonAsyncFunc([in, string] char *message), opnum 1 AsyncFunc([in] long delay). */
#include "asyncrpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static const arpc_syntax ASYNC_RPC = {
    {0xb2a0a5f6, 0x4c1e, 0x4a5b, {0x9d, 0x1f, 0x6e, 0x2a, 0x90, 0x7c, 0x31, 0x55}}, 1, 0};

enum { NON_ASYNC_FUNC, ASYNC_FUNC, PROCEDURES };

static void check(arpc_status status, const char *what) {
  if (!status) return;
  fprintf(stderr, "%s: %s (%s, %u)\n", what, arpc_status_text(status), arpc_status_name(status), status);
  exit(1);
}

/* ---- the server ---- */

typedef struct parked { /* a call whose manager has returned */
  uv_timer_t timer;
  arpc_runtime *rt;
  arpc_async call;
} parked;

static void on_timer_closed(uv_handle_t *timer) {
  free(timer->data);
}

static void on_delay_over(uv_timer_t *timer) {
  parked *p = timer->data;
  printf("server: AsyncFunc completes\n");
  check(arpc_async_reply(p->rt, &p->call, NULL, 0), "reply");
  uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void async_func(arpc_runtime *rt, const arpc_async *call, arpc_stub_reader *in, uv_loop_t *loop) {
  parked *p = malloc(sizeof *p);
  uint32_t delay = arpc_get_u32(in);
  if (in->error || !p) {
    arpc_async_abort(rt, call, in->error ? in->error : ARPC_S_OUT_OF_MEMORY);
    free(p);
    return;
  }
  printf("server: AsyncFunc begins, to take %u ms\n", delay);
  p->rt = rt;
  p->call = *call;
  p->timer.data = p;
  uv_timer_init(loop, &p->timer);
  uv_timer_start(&p->timer, on_delay_over, delay, 0);
}

static void non_async_func(arpc_runtime *rt, const arpc_async *call, arpc_stub_reader *in) {
  size_t len;
  const char *message = arpc_get_string(in, &len);
  if (in->error) {
    arpc_async_abort(rt, call, in->error);
    return;
  }
  printf("server: NonAsyncFunc says: %s\n", message);
  arpc_async_reply(rt, call, NULL, 0);
}

static void manager(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *loop) {
  arpc_stub_reader stub = {
      .data = in->stub, .len = in->len, .transfer = in->transfer, .big_endian = in->big_endian};
  if (in->opnum == ASYNC_FUNC) async_func(rt, call, &stub, loop);
  else non_async_func(rt, call, &stub);
}

static arpc_server *serve(arpc_runtime *rt, uv_loop_t *loop, char *ret_binding, size_t size) {
  arpc_server *server;
  arpc_binding *binding;
  arpc_interface interface = {.id = ASYNC_RPC, .procedures = PROCEDURES, .manager = manager, .arg = loop};
  check(arpc_server_new(&server, rt, NULL), "server");
  check(arpc_binding_parse(&binding, "ncacn_ip_tcp:127.0.0.1[0]"), "binding");
  check(arpc_server_use(server, binding), "endpoint");
  check(arpc_server_register(server, &interface), "register");
  check(arpc_server_listen(server), "listen");
  arpc_binding_free(binding);
  arpc_server_binding(server, 0, ret_binding, size);
  return server;
}

/* ---- the client ---- */

typedef struct stubs { /* a request's stub in each syntax the server may choose */
  arpc_stub *ndr20, *ndr64;
} stubs;

static void issue(arpc_client *client, arpc_async *async, uint16_t opnum, const stubs *s, const char *what) {
  arpc_request request = {.opnum = opnum};
  request.stub = arpc_stub_bytes(s->ndr20, &request.len);
  request.stub64 = arpc_stub_bytes(s->ndr64, &request.len64);
  check(arpc_client_call(client, async, &request), what);
  arpc_stub_free(s->ndr20);
  arpc_stub_free(s->ndr64);
}

static void start_async_func(arpc_client *client, arpc_async *async, uint32_t delay) {
  stubs s = {arpc_stub_new(ARPC_NDR20), arpc_stub_new(ARPC_NDR64)};
  arpc_put_u32(s.ndr20, delay);
  arpc_put_u32(s.ndr64, delay);
  issue(client, async, ASYNC_FUNC, &s, "AsyncFunc");
}

static void call_non_async_func(arpc_runtime *rt, arpc_client *client, arpc_event *event, const char *message) {
  arpc_async async;
  stubs s = {arpc_stub_new(ARPC_NDR20), arpc_stub_new(ARPC_NDR64)};
  arpc_put_string(s.ndr20, message);
  arpc_put_string(s.ndr64, message);
  check(arpc_async_init(&async, sizeof async), "handle");
  async.notification = ARPC_NOTIFY_EVENT;
  async.event = event;
  issue(client, &async, NON_ASYNC_FUNC, &s, "NonAsyncFunc");
  check(arpc_event_wait(event, rt, -1), "wait");
  check(arpc_async_complete(rt, &async, NULL), "NonAsyncFunc");
}

static arpc_client *connect_to(arpc_runtime *rt, const char *text) {
  arpc_binding *binding;
  arpc_client *client;
  check(arpc_binding_parse(&binding, text), "binding");
  check(arpc_client_new(&client, rt, binding, &ASYNC_RPC, NULL), "client");
  arpc_binding_free(binding);
  return client;
}

int main(void) {
  uv_loop_t loop;
  arpc_runtime *rt;
  arpc_event *finished, *answered;
  arpc_async async;
  char binding[128];
  uv_loop_init(&loop);
  check(arpc_runtime_new(&rt, &loop, NULL), "runtime");
  check(arpc_event_new(&finished, 0), "event");
  check(arpc_event_new(&answered, 0), "event");
  arpc_server *server = serve(rt, &loop, binding, sizeof binding);
  arpc_client *client = connect_to(rt, binding);

  check(arpc_async_init(&async, sizeof async), "handle");
  async.notification = ARPC_NOTIFY_EVENT;
  async.event = finished;
  start_async_func(client, &async, 300);
  printf("client: AsyncFunc was issued, status %u\n", arpc_async_status(rt, &async));
  call_non_async_func(rt, client, answered, "while AsyncFunc is running");
  printf("client: NonAsyncFunc returned, status of AsyncFunc %u\n", arpc_async_status(rt, &async));
  check(arpc_event_wait(finished, rt, 10000), "wait");
  check(arpc_async_complete(rt, &async, NULL), "AsyncFunc");
  printf("client: AsyncFunc completed, status %u\n", arpc_async_status(rt, &async));

  arpc_client_close(client);
  arpc_server_close(server);
  arpc_event_free(finished);
  arpc_event_free(answered);
  arpc_runtime_close(rt);
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) ? 1 : 0;
}
