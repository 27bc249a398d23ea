/* What carries bytes: tcp, unix sockets, the in-process pair. A transport belongs to one owner, to whom
 * it reports; it never reports from inside a function the owner called. */
#ifndef ARPC_RPC_TRANSPORT_H
#define ARPC_RPC_TRANSPORT_H

#include "rpc/runtime.h"

typedef struct arpc__transport arpc__transport;

/* All but `closed` run inside arpc__enter. After arpc__transport_close only `closed` comes. */
typedef struct arpc__transport_owner {
  void (*opened)(void *owner, int error);                            /* dialled: 0 or a uv error */
  void (*received)(void *owner, const uint8_t *bytes, size_t len);   /* bytes are borrowed */
  void (*ended)(void *owner, int error);                             /* 0 = the peer is done; else a uv error. Once */
  void (*drained)(void *owner);                                      /* unsent fell, perhaps to 0 */
  void (*closed)(void *owner);                                       /* the transport's memory is gone */
} arpc__transport_owner;

typedef struct arpc__transport_ops {
  void (*write)(arpc__transport *t, arpc__buf *out, const void *more, size_t n);
  void (*reading)(arpc__transport *t, int on);
  void (*finish)(arpc__transport *t);
  void (*close)(arpc__transport *t);
  int (*remote)(const arpc__transport *t, struct sockaddr_storage *ret);
  void (*keep_alive)(arpc__transport *t, unsigned level);
} arpc__transport_ops;

struct arpc__transport {
  const arpc__transport_ops *ops;
  const arpc__transport_owner *owner_ops;
  void *owner;
  arpc_runtime *rt;
  size_t unsent;   /* bytes taken from the owner that the kernel (or the peer) has not taken yet */
  uint8_t open;    /* connected, not ended */
  uint8_t closing;
  uint32_t read_most; /* bytes to receive at a time; 0 = as many as the runtime has room for */
};

/* Starts to connect to a binding; *ret is usable for close at once. local_dir: see asyncrpc.h, may be NULL. */
arpc_status arpc__transport_dial(arpc__transport **ret, arpc_runtime *rt, const arpc_binding *binding,
                                 const char *local_dir, const arpc__transport_owner *ops, void *owner);

/* Takes all unread bytes of out, which is empty afterwards. */
static inline void arpc__transport_write(arpc__transport *t, arpc__buf *out) {
  t->ops->write(t, out, NULL, 0);
}
/* And n bytes behind them, which are borrowed until the function returns. */
static inline void arpc__transport_write_more(arpc__transport *t, arpc__buf *out, const void *more, size_t n) {
  t->ops->write(t, out, more, n);
}
/* Reading is off until switched on. */
static inline void arpc__transport_reading(arpc__transport *t, int on) {
  t->ops->reading(t, on);
}
/* Says end of stream behind what is unsent. Reading goes on. */
static inline void arpc__transport_finish(arpc__transport *t) {
  t->ops->finish(t);
}
/* Unsent bytes are lost. Idempotent. */
static inline void arpc__transport_close(arpc__transport *t) {
  t->ops->close(t);
}

/* How a silent TCP connection is probed: see arpc_client_keep_alive. Nothing where it cannot be. */
static inline void arpc__transport_keep_alive(arpc__transport *t, unsigned level) {
  t->ops->keep_alive(t, level);
}

/* The address of the other end; 0 = it has none. */
static inline int arpc__transport_remote(const arpc__transport *t, struct sockaddr_storage *ret) {
  return t->ops->remote(t, ret);
}

/* ---- listening ---- */

typedef struct arpc__listener arpc__listener;
struct arpc__listener {
  arpc_runtime *rt;
  void *owner;
  /* A new connection: `t` is open, to be owned with arpc__transport_own or closed with it. In arpc__enter. */
  void (*accepted)(arpc__listener *l, arpc__transport *t);
  void (*closed)(arpc__listener *l); /* memory is the owner's to free with arpc__listener_free */
  void (*close)(arpc__listener *l);
  void (*start)(arpc__listener *l);
  arpc_binding *binding; /* with the real port */
};

static inline void arpc__transport_own(arpc__transport *t, const arpc__transport_owner *ops, void *owner) {
  t->owner_ops = ops;
  t->owner = owner;
}

/* Binds. Connections come after arpc__listener_start. 1720, 1740, 1703, 1707. */
arpc_status arpc__listener_new(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *binding,
                               const char *local_dir, void (*accepted)(arpc__listener *l, arpc__transport *t),
                               void (*closed)(arpc__listener *l), void *owner);
static inline void arpc__listener_start(arpc__listener *l) {
  l->start(l);
}
static inline void arpc__listener_close(arpc__listener *l) {
  l->close(l);
}

/* ---- each kind's constructors, for transport.c ---- */

arpc_status arpc__stream_dial_tcp(arpc__transport **ret, arpc_runtime *rt, const char *host, const char *port,
                                  const arpc__transport_owner *ops, void *owner);
arpc_status arpc__stream_dial_unix(arpc__transport **ret, arpc_runtime *rt, const char *path,
                                   const arpc__transport_owner *ops, void *owner);
arpc_status arpc__stream_listen(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *binding,
                                const char *path);
arpc_status arpc__memory_dial(arpc__transport **ret, arpc_runtime *rt, const char *name,
                              const arpc__transport_owner *ops, void *owner);
arpc_status arpc__memory_listen(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *binding);

#endif
