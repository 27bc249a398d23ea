/* The client of the C measurements: client ADDR w1|w2 [depth=N ...]. */
#include "asyncrpc.h"
#include "address.h"
#include "bench.h"

#include <uv.h>

static arpc_client *client;
static arpc_runtime *rt;
static char stub[64];
static size_t stub_len;
static uint16_t opnum;
static int over;

static void issue(arpc_async *async);

static void on_answer(arpc_runtime *runtime, const arpc_async *async, arpc_event_kind event) {
  arpc_reply reply = {0};
  (void)event;
  if (arpc_async_complete(runtime, async, &reply) || reply.len != stub_len || memcmp(reply.stub, stub, stub_len)) {
    fprintf(stderr, "client: wrong answer\n");
    exit(1);
  }
  if (over || b_step()) over = 1;
  else issue(async->user_info);
}

static void issue(arpc_async *async) {
  if (!arpc_client_call(client, async, &(arpc_request){.opnum = opnum, .stub = stub, .len = stub_len})) return;
  fprintf(stderr, "client: a call was refused\n");
  exit(1);
}

/* An int32, and for W2 a [string] of 31 characters behind it. */
static void make_stub(int with_string) {
  static const uint32_t words[] = {7, 32, 0, 32};
  memcpy(stub, words, with_string ? sizeof words : 4);
  if (with_string) memcpy(stub + sizeof words, "0123456789abcdef0123456789abcde", 32);
  stub_len = with_string ? sizeof words + 32 : 4;
  opnum = with_string != 0;
}

int main(int argc, char **argv) {
  arpc_binding *binding;
  arpc_syntax interface = BENCH_INTERFACE;
  char text[256], dir[256];
  b_init(argc, argv);
  if (argc < 3 || !bench_address(argv[1], text, dir)) return 2;
  long depth = b_opt("depth", 1);
  make_stub(strcmp(argv[2], "w2") == 0);
  uv_loop_t *loop = uv_default_loop();
  if (arpc_runtime_new(&rt, loop, NULL) || arpc_binding_parse(&binding, text) ||
      arpc_client_new(&client, rt, binding, &interface,
                      &(arpc_client_options){.transfer = ARPC_NDR20, .local_dir = *dir ? dir : NULL}))
    return 1;
  arpc_async *calls = calloc((size_t)depth, sizeof *calls);
  for (long i = 0; i < depth; i++) {
    arpc_async_init(&calls[i], sizeof calls[i]);
    calls[i].notification = ARPC_NOTIFY_CALLBACK;
    calls[i].routine = on_answer;
    calls[i].user_info = &calls[i];
    issue(&calls[i]);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  b_report("");
  return 0;
}
