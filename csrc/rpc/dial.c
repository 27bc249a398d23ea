/* Connecting: to a unix socket, to a literal address, or to each address of a name in turn until one answers. */
#include "rpc/stream.h"

#include <stdlib.h>

int arpc__stream_address(const char *host, const char *port, struct sockaddr_storage *ret) {
  int number = atoi(port);
  return uv_ip4_addr(host, number, (struct sockaddr_in *)ret) == 0 ||
         uv_ip6_addr(host, number, (struct sockaddr_in6 *)ret) == 0;
}

static void opened(void *p) {
  arpc__stream *s = p;
  s->dialled = 1;
  s->base.open = !s->error;
  s->base.owner_ops->opened(s->base.owner, s->error);
}

static void try_next(arpc__stream *s);

static void on_retry(uv_handle_t *handle) {
  arpc__stream *s = arpc__of(arpc__stream, uv, handle);
  arpc_runtime *rt = s->base.rt;
  s->handle_open = 0;
  if (s->base.closing) arpc__stream_free(s);
  else try_next(s);
  arpc__disown(rt);
}

/* 1 = there is another address; a socket that failed to connect is used up. */
static int try_another(arpc__stream *s) {
  if (!s->trying || !s->trying->ai_next) return 0;
  s->trying = s->trying->ai_next;
  uv_close(&s->uv.handle, on_retry);
  return 1;
}

static void on_connect(uv_connect_t *req, int error) {
  arpc__stream *s = arpc__of(arpc__stream, connect, req);
  if (s->base.closing || (error && try_another(s))) return;
  s->error = error;
  arpc__enter(s->base.rt, opened, s);
  arpc__flush(s->base.rt);
}

static void try_next(arpc__stream *s) {
  arpc__stream_init_tcp(s);
  int error = uv_tcp_connect(&s->connect, &s->uv.tcp, s->trying->ai_addr, on_connect);
  if (error && !try_another(s)) arpc__stream_report(s, error);
}

static void on_resolved(uv_getaddrinfo_t *req, int error, struct addrinfo *addresses) {
  arpc__stream *s = req->data;
  free(req);
  if (!s) { /* closed meanwhile */
    if (addresses) uv_freeaddrinfo(addresses);
    return;
  }
  s->resolve = NULL;
  s->addresses = s->trying = addresses;
  if (error || !addresses) arpc__stream_report(s, error ? error : UV_EAI_NONAME);
  else try_next(s);
}

static int resolve(arpc__stream *s, const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  uv_getaddrinfo_t *req = malloc(sizeof *req);
  if (!req) return UV_ENOMEM;
  req->data = s;
  int error = uv_getaddrinfo(s->base.rt->loop, req, on_resolved, host, port, &hints);
  if (error) free(req);
  else s->resolve = req;
  return error;
}

arpc_status arpc__stream_dial_tcp(arpc__transport **ret, arpc_runtime *rt, const char *host, const char *port,
                                  const arpc__transport_owner *ops, void *owner) {
  struct sockaddr_storage address;
  int error;
  arpc__stream *s = arpc__stream_new(rt, ops, owner);
  if (!s) return ARPC_S_OUT_OF_MEMORY;
  if (!*host) host = "127.0.0.1";
  if (arpc__stream_address(host, port, &address)) {
    arpc__stream_init_tcp(s);
    error = uv_tcp_connect(&s->connect, &s->uv.tcp, (struct sockaddr *)&address, on_connect);
  } else {
    error = resolve(s, host, port);
  }
  if (error) arpc__stream_report(s, error);
  *ret = &s->base;
  return ARPC_S_OK;
}

arpc_status arpc__stream_dial_unix(arpc__transport **ret, arpc_runtime *rt, const char *path,
                                   const arpc__transport_owner *ops, void *owner) {
  arpc__stream *s = arpc__stream_new(rt, ops, owner);
  if (!s) return ARPC_S_OUT_OF_MEMORY;
  arpc__stream_init_pipe(s);
  uv_pipe_connect(&s->connect, &s->uv.pipe, path, on_connect);
  *ret = &s->base;
  return ARPC_S_OK;
}
