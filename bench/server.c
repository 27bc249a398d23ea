/* The server of the C measurements: server ADDR, where ADDR is unix:PATH or tcp:PORT. Opnum 0 answers its
 * int32 (W1), opnum 1 its int32 and string (W2): the stub goes back as it came. */
#include "asyncrpc.h"
#include "address.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static void echo(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  (void)arg;
  arpc_async_reply(rt, call, in->stub, in->len);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  arpc_runtime *rt;
  arpc_server *server;
  arpc_binding *binding;
  arpc_interface interface = {.id = BENCH_INTERFACE, .procedures = 2, .manager = echo};
  char text[256], dir[256];
  if (argc < 2 || !bench_address(argv[1], text, dir)) return 2;
  if (arpc_runtime_new(&rt, loop, NULL) || arpc_binding_parse(&binding, text) ||
      arpc_server_new(&server, rt, &(arpc_server_options){.local_dir = dir}) || arpc_server_use(server, binding) ||
      arpc_server_register(server, &interface) || arpc_server_listen(server)) {
    fprintf(stderr, "server: cannot listen on %s\n", text);
    return 1;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
