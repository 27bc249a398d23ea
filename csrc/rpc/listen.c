/* Listening on tcp and unix sockets. */
#include "rpc/stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { BACKLOG = 1024 };

typedef struct arpc__stream_listener arpc__stream_listener;
struct arpc__stream_listener {
  arpc__listener base;
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } uv;
  arpc__deferred late; /* accepts what came before the start */
  uint8_t is_tcp;
  uint8_t started;
  uint8_t waiting;     /* a connection came before the start; libuv holds it and further ones */
  uint8_t closing;
};

static void accept_one(void *p) {
  arpc__stream_listener *l = p;
  arpc__stream *s = arpc__stream_new(l->base.rt, NULL, NULL);
  if (!s) return;
  if (l->is_tcp) arpc__stream_init_tcp(s);
  else arpc__stream_init_pipe(s);
  s->dialled = 1;
  if (uv_accept(&l->uv.stream, &s->uv.stream)) {
    arpc__transport_close(&s->base);
    return;
  }
  if (l->is_tcp) uv_tcp_nodelay(&s->uv.tcp, 1);
  s->base.open = 1;
  l->base.accepted(&l->base, &s->base);
}

static void on_connection(uv_stream_t *stream, int error) {
  arpc__stream_listener *l = arpc__of(arpc__stream_listener, uv, stream);
  if (error || l->closing) return;
  if (!l->started) {
    l->waiting = 1;
    return;
  }
  arpc__enter(l->base.rt, accept_one, l);
  arpc__flush(l->base.rt);
}

static void accept_late(arpc__deferred *d) {
  accept_one(arpc__of(arpc__stream_listener, late, d));
}

static void listener_start(arpc__listener *base) {
  arpc__stream_listener *l = (arpc__stream_listener *)base;
  if (l->started) return;
  l->started = 1;
  arpc__hold(base->rt);
  if (l->waiting) arpc__defer(base->rt, &l->late, accept_late);
}

static void on_listener_closed(uv_handle_t *handle) {
  arpc__stream_listener *l = arpc__of(arpc__stream_listener, uv, handle);
  arpc_runtime *rt = l->base.rt;
  void (*closed)(arpc__listener *) = l->base.closed;
  if (closed) closed(&l->base);
  arpc_binding_free(l->base.binding);
  free(l);
  arpc__disown(rt);
}

static void listener_close(arpc__listener *base) {
  arpc__stream_listener *l = (arpc__stream_listener *)base;
  if (l->closing) return;
  l->closing = 1;
  if (l->started) arpc__release(base->rt);
  arpc__undefer(base->rt, &l->late);
  uv_close(&l->uv.handle, on_listener_closed);
}

static arpc_status from_uv(int error) {
  switch (error) {
  case 0:
    return ARPC_S_OK;
  case UV_EADDRINUSE:
    return ARPC_S_DUPLICATE_ENDPOINT;
  case UV_EINVAL:
    return ARPC_S_INVALID_NET_ADDR;
  default:
    return ARPC_S_CANT_CREATE_ENDPOINT;
  }
}

/* Numeric addresses only: a server that resolves names would block, or bind later than it says. */
static int bind_tcp(arpc__stream_listener *l, const arpc_binding *b) {
  struct sockaddr_storage address;
  const char *host = *arpc_binding_address(b) ? arpc_binding_address(b) : "127.0.0.1";
  const char *port = *arpc_binding_endpoint(b) ? arpc_binding_endpoint(b) : "0";
  if (!arpc__stream_address(host, port, &address)) return UV_EINVAL;
  return uv_tcp_bind(&l->uv.tcp, (struct sockaddr *)&address, 0);
}

static int port_of(const uv_tcp_t *tcp) {
  struct sockaddr_storage address;
  int len = sizeof address;
  if (uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &len)) return 0;
  return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                       : ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int bind_stream(arpc__stream_listener *l, const arpc_binding *b, const char *path) {
  if (path) {
    uv_pipe_init(l->base.rt->loop, &l->uv.pipe, 0);
    arpc__adopt(l->base.rt, &l->uv.handle);
    return uv_pipe_bind(&l->uv.pipe, path);
  }
  l->is_tcp = 1;
  uv_tcp_init(l->base.rt->loop, &l->uv.tcp);
  arpc__adopt(l->base.rt, &l->uv.handle);
  return bind_tcp(l, b);
}

static arpc_binding *with_port(const arpc_binding *b, int port) {
  char text[256], number[8];
  size_t len;
  arpc_binding *ret;
  snprintf(number, sizeof number, "%d", port);
  if (arpc_binding_compose(NULL, "ncacn_ip_tcp", arpc_binding_address(b), number, NULL, text, sizeof text, &len) ||
      len >= sizeof text || arpc_binding_parse(&ret, text))
    return NULL;
  return ret;
}

/* A bind error shows only when listening (libuv), so a listener listens from the first; until it is
 * started it accepts nobody. */
arpc_status arpc__stream_listen(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *b, const char *path) {
  arpc__stream_listener *l = calloc(1, sizeof *l);
  if (!l) return ARPC_S_OUT_OF_MEMORY;
  l->base.rt = rt;
  l->base.close = listener_close;
  l->base.start = listener_start;
  int error = bind_stream(l, b, path);
  if (!error) error = uv_listen(&l->uv.stream, BACKLOG, on_connection);
  if (!error) {
    l->base.binding = path ? arpc_binding_copy(b) : with_port(b, port_of(&l->uv.tcp));
    if (!l->base.binding) error = UV_ENOMEM;
  }
  if (error) {
    listener_close(&l->base);
    return from_uv(error);
  }
  *ret = &l->base;
  return ARPC_S_OK;
}
