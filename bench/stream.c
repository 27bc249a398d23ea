/* W3 on the C API: stream ADDR serves Down and Up of bench.idl; stream ADDR down|up mib=N calls them. A pipe is pushed
 * to until it is full and pulled from until it is empty, and then the routine is told when to go on. */
#include "asyncrpc.h"
#include "address.h"
#include "bench.h"
#include "chunks.h"

#include <uv.h>

enum { DOWN = 3, UP, PROCEDURES };

typedef struct stream { /* one call, on either side */
  arpc_async async;
  uint64_t bytes, done; /* to push or to expect, and pushed or pulled */
  int pushes, over;
} stream;

static arpc_client *client;
static uint64_t bytes_wanted;

static void fail(const char *what, arpc_status status) {
  fprintf(stderr, "stream: %s: %s\n", what, arpc_status_text(status));
  exit(1);
}

static void push(arpc_runtime *rt, stream *s) {
  arpc_status status = 0;
  while (s->done < s->bytes && !(status = arpc_pipe_push(rt, &s->async, 0, chunks[s->done / CHUNK % CHUNKS], CHUNK)))
    s->done += CHUNK;
  if (status == ARPC_S_ASYNC_CALL_PENDING) return;
  if (status || (status = arpc_pipe_close(rt, &s->async, 0))) fail("push", status);
  s->over = 1;
}

static void pull(arpc_runtime *rt, stream *s) {
  const void *piece;
  size_t n = 0;
  arpc_status status;
  while (!(status = arpc_pipe_look(rt, &s->async, 0, CHUNK, &piece, &n)) && n) {
    if (!chunks_good(s->done, piece, n)) fail("pull: wrong bytes", 0);
    s->done += n;
  }
  if (status == ARPC_S_ASYNC_CALL_PENDING) return;
  if (status) fail("pull", status);
  s->over = 1;
}

/* ---- the server ---- */

static void serve(arpc_runtime *rt, stream *s) {
  if (s->pushes) push(rt, s);
  else pull(rt, s);
  if (!s->over) return;
  if (arpc_async_reply(rt, &s->async, &s->done, s->pushes ? 0 : sizeof s->done)) fail("reply", 0);
  free(s);
}

static void on_served(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)event;
  serve(rt, async->user_info);
}

static void manager(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  (void)arg;
  stream *s = calloc(1, sizeof *s);
  if (!s || (in->opnum != DOWN && in->opnum != UP)) exit(1);
  s->pushes = in->opnum == DOWN;
  if (s->pushes) memcpy(&s->bytes, in->stub, sizeof s->bytes);
  s->async = *call;
  s->async.notification = ARPC_NOTIFY_CALLBACK;
  s->async.routine = on_served;
  s->async.user_info = s;
  arpc_status status = arpc_async_notify(rt, &s->async);
  if (status) fail("notify", status);
  serve(rt, s);
}

static const arpc_pipe_type out = {{1, 1}, {1, 1}, ARPC_PIPE_OUT, 0, 0, 0}, in = {{1, 1}, {1, 1}, ARPC_PIPE_IN, 0, 0, 0};

static const arpc_pipe_type *pipes_of(void *arg, uint16_t opnum, uint32_t *ret_n) {
  (void)arg;
  *ret_n = opnum == DOWN || opnum == UP;
  return opnum == DOWN ? &out : opnum == UP ? &in : NULL;
}

static arpc_status head(void *arg, const arpc_incoming *request, size_t *ret_len) {
  (void)arg;
  size_t len = request->opnum == DOWN ? sizeof(uint64_t) : 0;
  if (request->len < len) return ARPC_ERROR_MORE_DATA;
  *ret_len = len;
  return 0;
}

static arpc_status listen_on(arpc_runtime *rt, const arpc_binding *binding, const char *dir) {
  arpc_server *server;
  arpc_interface interface = {
      .id = BENCH_INTERFACE, .procedures = PROCEDURES, .manager = manager, .pipes = pipes_of, .head = head};
  arpc_status status = arpc_server_new(&server, rt, &(arpc_server_options){.local_dir = *dir ? dir : NULL});
  if (!status) status = arpc_server_use(server, binding);
  if (!status) status = arpc_server_register(server, &interface);
  return status ? status : arpc_server_listen(server);
}

/* ---- the client ---- */

static stream call;
static int warm = 1;

static void issue(uint64_t bytes);

static void on_called(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  if (event == ARPC_SEND_COMPLETE && !call.over) push(rt, &call);
  if (event == ARPC_RECEIVE_COMPLETE) pull(rt, &call);
  if (event != ARPC_CALL_COMPLETE) return;
  uint64_t got = call.done;
  arpc_reply reply = {0};
  arpc_status status = arpc_async_complete(rt, async, &reply);
  if (status) fail("the call", status);
  if (call.pushes && reply.len == sizeof got) memcpy(&got, reply.stub, sizeof got);
  if (got != call.bytes) fail("not all arrived", 0);
  if (!warm) {
    B.calls = (long)(got / CHUNK);
    b_end();
    arpc_client_close(client);
    return;
  }
  warm = 0;
  b_begin();
  issue(bytes_wanted);
}

static void issue(uint64_t bytes) {
  int up = call.pushes;
  arpc_runtime *rt = call.async.user_info;
  arpc_request request = {.opnum = up ? UP : DOWN, .stub = &bytes, .len = up ? 0 : sizeof bytes, .pipes = up ? &in : &out,
                          .npipes = 1};
  call = (stream){.pushes = up, .bytes = bytes};
  arpc_async_init(&call.async, sizeof call.async);
  call.async.notification = ARPC_NOTIFY_CALLBACK;
  call.async.routine = on_called;
  call.async.user_info = rt;
  arpc_status status = arpc_client_call(client, &call.async, &request);
  if (status) fail("the call", status);
  if (up) push(rt, &call);
  else pull(rt, &call);
}

int main(int argc, char **argv) {
  arpc_runtime *rt;
  arpc_binding *binding;
  arpc_syntax interface = BENCH_INTERFACE;
  char text[256], dir[256];
  uv_loop_t *loop = uv_default_loop();
  b_init(argc, argv);
  chunks_make();
  if (argc < 2 || !bench_address(argv[1], text, dir)) return 2;
  if (arpc_runtime_new(&rt, loop, NULL) || arpc_binding_parse(&binding, text)) return 1;
  if (argc == 2) {
    arpc_status status = listen_on(rt, binding, dir);
    if (status) fail("listen", status);
    return uv_run(loop, UV_RUN_DEFAULT);
  }
  arpc_client_options options = {.transfer = ARPC_NDR20, .local_dir = *dir ? dir : NULL};
  if (arpc_client_new(&client, rt, binding, &interface, &options)) return 1;
  bytes_wanted = (uint64_t)b_opt("mib", 1024) << 20;
  call.pushes = strcmp(argv[2], "up") == 0;
  call.async.user_info = rt;
  issue(16 << 20);
  uv_run(loop, UV_RUN_DEFAULT);
  b_report("");
  return 0;
}
