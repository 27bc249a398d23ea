#include "pipe_world.h"

#include "rpc_world.h"

#include <unistd.h>

static const arpc_syntax INTERFACE = {{0x50495045, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}}, 1, 0};
const char *const pipe_transports[] = {"tcp", "unix", "memory"};

#define BASE(n, way) {.size = {n, n}, .align = {n, n}, .directions = way}

static const arpc_pipe_type bytes_in[] = {BASE(1, ARPC_PIPE_IN)};
static const arpc_pipe_type bytes_out[] = {BASE(1, ARPC_PIPE_OUT)};
static const arpc_pipe_type longs_both[] = {BASE(4, ARPC_PIPE_IN | ARPC_PIPE_OUT)};
static const arpc_pipe_type many[] = {BASE(1, ARPC_PIPE_IN), BASE(8, ARPC_PIPE_IN), BASE(2, ARPC_PIPE_OUT),
                                      {.size = {12, 16}, .align = {8, 8}, .directions = ARPC_PIPE_OUT}};
static const arpc_pipe_type ranged_in[] = {
    {.size = {2, 2}, .align = {2, 2}, .directions = ARPC_PIPE_IN, .ranged = 1, .low = 2, .high = 5}};

static const struct {
  const arpc_pipe_type *types;
  uint32_t n;
} procedures[PIPED_PROCEDURES] = {[BYTES_IN] = {bytes_in, 1},     [BYTES_OUT] = {bytes_out, 1},
                                  [LONGS_BOTH] = {longs_both, 1}, [MANY] = {many, 4},
                                  [RANGED_IN] = {ranged_in, 1},   [PLAIN] = {NULL, 0}};

const arpc_pipe_type *pipe_types(uint16_t opnum, uint32_t *ret_n) {
  *ret_n = procedures[opnum].n;
  return procedures[opnum].types;
}

static const arpc_pipe_type *pipes_of(void *arg, uint16_t opnum, uint32_t *ret_n) {
  (void)arg;
  return pipe_types(opnum, ret_n);
}

static arpc_status head_of(void *arg, const arpc_incoming *in, size_t *ret_len) {
  (void)arg;
  *ret_len = 4;
  return in->len < 4 ? ARPC_ERROR_MORE_DATA : ARPC_S_OK;
}

static void told(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  pipe_told *t = async->user_info;
  unsigned *counts[] = {&t->complete, &t->send, &t->receive, &t->disconnect, &t->cancel};
  (void)rt;
  ++*counts[event];
}

arpc_async pipe_handle(pipe_told *t, unsigned flags) {
  arpc_async a;
  CHECK_EQ(arpc_async_init(&a, sizeof a), 0);
  a.notification = ARPC_NOTIFY_CALLBACK;
  a.routine = told;
  a.flags = flags;
  a.user_info = t;
  return a;
}

static void manager(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  pipe_world *w = arg;
  arpc_async a = pipe_handle(&w->server_told, w->flags);
  CHECK(w->nserved < 256);
  CHECK_EQ(in->len, 4);
  memcpy(&w->given[w->nserved], in->stub, 4);
  a.id = call->id;
  CHECK_EQ(arpc_async_notify(rt, &a), 0);
  w->served[w->nserved++] = a;
}

static const char *binding_of(const char *transport) {
  if (!strcmp(transport, "tcp")) return "ncacn_ip_tcp:127.0.0.1[0]";
  return strcmp(transport, "unix") ? "memory:[pipes]" : "ncalrpc:[pipes]";
}

void pipe_open(pipe_world *w, const pipe_options *o) {
  arpc_binding *b;
  arpc_client_options co = o->client;
  arpc_server_options so = o->server;
  arpc_interface interface = {
      .id = INTERFACE, .procedures = PIPED_PROCEDURES, .manager = manager, .arg = w, .pipes = pipes_of, .head = head_of};
  memset(w, 0, sizeof *w);
  snprintf(w->dir, sizeof w->dir, "%s/XXXXXX", test_folder());
  CHECK(mkdtemp(w->dir) != NULL);
  so.local_dir = co.local_dir = w->dir;
  CHECK_EQ(uv_loop_init(&w->loop), 0);
  CHECK_EQ(arpc_runtime_new(&w->rt, &w->loop, &(arpc_runtime_options){.manual_clock = o->manual_clock}), 0);
  CHECK_EQ(arpc_server_new(&w->server, w->rt, &so), 0);
  CHECK_EQ(arpc_binding_parse(&b, binding_of(o->transport)), 0);
  CHECK_EQ(arpc_server_use(w->server, b), 0);
  arpc_binding_free(b);
  CHECK_EQ(arpc_server_register(w->server, &interface), 0);
  CHECK_EQ(arpc_server_listen(w->server), 0);
  CHECK(arpc_server_binding(w->server, 0, w->binding, sizeof w->binding) > 0);
  CHECK_EQ(arpc_binding_parse(&b, w->binding), 0);
  co.transfer = o->transfer;
  CHECK_EQ(arpc_client_new(&w->client, w->rt, b, &INTERFACE, &co), 0);
  arpc_binding_free(b);
}

void pipe_close(pipe_world *w) {
  if (w->client) arpc_client_close(w->client);
  if (w->server) arpc_server_close(w->server);
  world_end(w->rt, &w->loop);
}

void pipe_turns(pipe_world *w, unsigned n) {
  while (n--) uv_run(&w->loop, UV_RUN_NOWAIT);
}

arpc_status pipe_call_with(pipe_world *w, arpc_async *a, uint16_t opnum, uint32_t given) {
  return arpc_client_call(w->client, a,
                          &(arpc_request){.opnum = opnum,
                                          .stub = &given,
                                          .len = sizeof given,
                                          .stub64 = &given,
                                          .len64 = sizeof given,
                                          .pipes = procedures[opnum].types,
                                          .npipes = procedures[opnum].n});
}

arpc_status pipe_call(pipe_world *w, uint16_t opnum, uint32_t given, unsigned flags) {
  memset(&w->told, 0, sizeof w->told);
  w->call = pipe_handle(&w->told, flags);
  return pipe_call_with(w, &w->call, opnum, given);
}

const arpc_async *pipe_served(pipe_world *w, unsigned n) {
  PIPE_UNTIL(w, w->nserved > n);
  return &w->served[n];
}

arpc_status pipe_push(pipe_world *w, const arpc_async *a, uint32_t pipe, const void *elements, size_t n) {
  arpc_status status;
  PIPE_UNTIL(w, (status = arpc_pipe_push(w->rt, a, pipe, elements, n)) != ARPC_S_ASYNC_CALL_PENDING);
  return status;
}

arpc_status pipe_pull(pipe_world *w, const arpc_async *a, uint32_t pipe, void *elements, size_t most, size_t *ret_n) {
  arpc_status status;
  PIPE_UNTIL(w, (status = arpc_pipe_pull(w->rt, a, pipe, elements, most, ret_n)) != ARPC_S_ASYNC_CALL_PENDING);
  return status;
}

arpc_status pipe_drain(pipe_world *w, const arpc_async *a, uint32_t pipe, void *elements, size_t size, size_t room,
                       size_t *ret_n) {
  for (*ret_n = 0;;) {
    size_t n = 0;
    arpc_status status = pipe_pull(w, a, pipe, (char *)elements + *ret_n * size, room - *ret_n, &n);
    if (status || !n) return status;
    *ret_n += n;
    CHECK(*ret_n < room);
  }
}

arpc_status pipe_reply(pipe_world *w, const arpc_async *a, uint32_t result) {
  arpc_stub *s = arpc_stub_new(ARPC_NDR20);
  size_t len;
  arpc_stub_at(s, arpc_pipe_offset(w->rt, a));
  arpc_put_u32(s, result);
  const void *bytes = arpc_stub_bytes(s, &len);
  arpc_status status = arpc_async_reply(w->rt, a, bytes, len);
  arpc_stub_free(s);
  return status;
}

arpc_status pipe_result(pipe_world *w, const arpc_async *a, uint32_t *ret) {
  arpc_reply reply;
  PIPE_UNTIL(w, arpc_async_status(w->rt, a) != ARPC_S_ASYNC_CALL_PENDING);
  arpc_status status = arpc_async_complete(w->rt, a, &reply);
  if (status) return status;
  arpc_stub_reader r = {.data = reply.stub - reply.offset, .len = reply.len + (size_t)reply.offset, .pos = (size_t)reply.offset,
                        .transfer = reply.transfer, .big_endian = reply.big_endian};
  *ret = arpc_get_u32(&r);
  return r.error;
}
