/* What the files of the stream transport share: stream.c (reading, writing, closing), dial.c, listen.c. */
#ifndef ARPC_RPC_STREAM_H
#define ARPC_RPC_STREAM_H

#include "rpc/transport.h"

typedef struct arpc__stream arpc__stream;
struct arpc__stream {
  arpc__transport base;
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } uv;
  uv_connect_t connect;
  uv_getaddrinfo_t *resolve; /* while resolving; frees itself */
  struct addrinfo *addresses, *trying;
  arpc__deferred report;     /* of a failure that was known at once */
  int error;
  uint8_t handle_open;       /* uv.handle is on the loop */
  uint8_t dialled;           /* opened was reported */
  uint8_t ended;
  uint8_t wants_end;         /* shutdown once all is sent */
  uint8_t reading;           /* depth of on_read: libuv looks at the handle again after it */
  uint8_t gone;              /* closed by a loop nested in on_read: freed on a later turn */
};

/* A stream without a handle on the loop yet; NULL: out of memory. */
arpc__stream *arpc__stream_new(arpc_runtime *rt, const arpc__transport_owner *ops, void *owner);
void arpc__stream_init_tcp(arpc__stream *s);
void arpc__stream_init_pipe(arpc__stream *s);
/* Tells the owner of a failure, on a later turn: `opened` before it was told of that, `ended` after. */
void arpc__stream_report(arpc__stream *s, int error);
/* Last of all: the memory goes, the owner hears `closed`. */
void arpc__stream_free(arpc__stream *s);
/* 1 for a literal IPv4 or IPv6 address. */
int arpc__stream_address(const char *host, const char *port, struct sockaddr_storage *ret);

#endif
