#include "rpc_world.h"

#include <unistd.h>

const arpc_syntax WORLD_INTERFACE = {{0x11223344, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}}, 1, 3};
const char *const world_transports[] = {"tcp", "unix", "memory", NULL};

static void manager(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  world *w = arg;
  uint32_t code;
  switch (in->opnum) {
  case ECHO_IT:
    CHECK_EQ(arpc_async_reply(rt, call, in->stub, in->len), 0);
    break;
  case PARK_IT:
    CHECK(w->nparked < MAX_PARKED);
    w->tags[w->nparked] = 0;
    if (in->len >= 4) memcpy(&w->tags[w->nparked], in->stub, 4);
    w->parked[w->nparked++] = *call;
    break;
  case ASK_IT:
    code = arpc_server_test_cancel(rt, NULL, NULL);
    CHECK_EQ(arpc_async_reply(rt, call, &code, sizeof code), 0);
    break;
  case FAULT_IT:
    memcpy(&code, in->stub, sizeof code);
    CHECK_EQ(arpc_async_abort(rt, call, code), 0);
    break;
  }
}

static void binding_of(const world *w, const char *transport, char *ret, size_t size) {
  if (!strcmp(transport, "tcp")) snprintf(ret, size, "ncacn_ip_tcp:127.0.0.1[0]");
  else if (!strcmp(transport, "unix")) snprintf(ret, size, "ncalrpc:[world]");
  else snprintf(ret, size, "memory:[world]");
  (void)w;
}

void world_open(world *w, const char *transport, const arpc_runtime_options *options,
                const arpc_client_options *client_options) {
  char text[128];
  arpc_binding *b;
  arpc_client_options co = client_options ? *client_options : (arpc_client_options){0};
  arpc_interface interface = {.id = WORLD_INTERFACE, .procedures = PROCEDURES, .manager = manager, .arg = w};
  memset(w, 0, sizeof *w);
  snprintf(w->dir, sizeof w->dir, "%s/XXXXXX", test_folder());
  CHECK(mkdtemp(w->dir) != NULL);
  CHECK_EQ(uv_loop_init(&w->loop), 0);
  CHECK_EQ(arpc_runtime_new(&w->rt, &w->loop, options), 0);
  CHECK_EQ(arpc_server_new(&w->server, w->rt, &(arpc_server_options){.local_dir = w->dir}), 0);
  binding_of(w, transport, text, sizeof text);
  CHECK_EQ(arpc_binding_parse(&b, text), 0);
  CHECK_EQ(arpc_server_use(w->server, b), 0);
  arpc_binding_free(b);
  CHECK_EQ(arpc_server_register(w->server, &interface), 0);
  CHECK_EQ(arpc_server_listen(w->server), 0);
  CHECK(arpc_server_binding(w->server, 0, w->binding, sizeof w->binding) > 0);
  CHECK_EQ(arpc_binding_parse(&b, w->binding), 0);
  co.local_dir = w->dir;
  if (!co.transfer) co.transfer = ARPC_NDR20;
  CHECK_EQ(arpc_client_new(&w->client, w->rt, b, &WORLD_INTERFACE, &co), 0);
  arpc_binding_free(b);
}

void world_end(arpc_runtime *rt, uv_loop_t *loop) {
  arpc_stats s;
  for (unsigned i = 0; i < 30; i++) uv_run(loop, UV_RUN_NOWAIT);
  arpc_runtime_stats(rt, &s);
  CHECK_EQ(s.pending, 0);
  CHECK_EQ(s.parked, 0);
  CHECK_EQ(s.handles, 0);
  CHECK_EQ(s.connections, 0);
  CHECK_EQ(s.timers, 0);
  CHECK_EQ(s.calls_issued, s.calls_completed);
  CHECK_EQ(s.calls_served, s.calls_ended);
  arpc_runtime_close(rt);
  uv_run(loop, UV_RUN_DEFAULT);
  CHECK_EQ(uv_loop_close(loop), 0);
}

void world_close(world *w) {
  if (w->client) arpc_client_close(w->client);
  if (w->server) arpc_server_close(w->server);
  world_end(w->rt, &w->loop);
}

void world_until(world *w, const unsigned *flag, unsigned n) {
  uint64_t limit = uv_hrtime() + (uint64_t)10e9;
  while (*flag < n) {
    CHECK(uv_hrtime() < limit);
    uv_run(&w->loop, UV_RUN_NOWAIT);
  }
}

void world_turns(world *w, unsigned n) {
  while (n--) uv_run(&w->loop, UV_RUN_NOWAIT);
}

const arpc_runtime_options world_manual = {.manual_clock = 1};

const arpc_async *world_parked(world *w, unsigned n) {
  world_until(w, &w->nparked, n + 1);
  return &w->parked[n];
}

arpc_status world_result(world *w, arpc_async *async, arpc_reply *ret) {
  uint64_t limit = uv_hrtime() + (uint64_t)10e9;
  while (arpc_async_status(w->rt, async) == 997) {
    CHECK(uv_hrtime() < limit);
    uv_run(&w->loop, UV_RUN_NOWAIT);
  }
  return arpc_async_complete(w->rt, async, ret);
}

arpc_async world_handle(arpc_routine routine, void *info) {
  arpc_async a;
  CHECK_EQ(arpc_async_init(&a, sizeof a), 0);
  a.notification = routine ? ARPC_NOTIFY_CALLBACK : ARPC_NOTIFY_NONE;
  a.routine = routine;
  a.user_info = info;
  return a;
}

arpc_status world_call(world *w, arpc_async *async, uint16_t opnum, const void *stub, size_t len) {
  return arpc_client_call(w->client, async, &(arpc_request){.opnum = opnum, .stub = stub, .len = len});
}
