/* The in-process pair: two ends of one runtime. What one end writes lies in the other's inbox until a
 * later turn of the loop delivers it. */
#include "rpc/transport.h"

#include <stdlib.h>

typedef struct arpc__memory arpc__memory;
struct arpc__memory {
  arpc__transport base;
  arpc__memory *peer;    /* NULL once it closed */
  arpc__buf inbox;
  arpc__deferred turn;   /* delivers; also the closing of this end */
  arpc__list wait_node;  /* on a listener's waiting, until accepted */
  uint8_t reading;
  uint8_t dialled;       /* opened was reported, or need not be */
  uint8_t refused;       /* nobody listens */
  uint8_t peer_finished; /* no more will come into the inbox */
  uint8_t ended;
};

typedef struct arpc__memory_listener arpc__memory_listener;
struct arpc__memory_listener {
  arpc__listener base;
  arpc__list endpoint_node; /* on runtime.endpoints */
  arpc__deferred turn;      /* accepts, and closes */
  arpc__list waiting;       /* server ends not accepted yet: by their wait_node */
  uint8_t started;
  uint8_t closing;
};

static void on_turn(arpc__deferred *d);

static void wake(arpc__memory *m) {
  if (m && !m->base.closing) arpc__defer(m->base.rt, &m->turn, on_turn);
}

/* Takes the inbox away first: the owner may write, close or stop reading while it looks at the bytes. */
static void deliver(arpc__memory *m) {
  arpc__buf bytes = m->inbox;
  arpc__buf_init(&m->inbox, 0);
  m->base.rt->stats.reads++;
  m->base.rt->stats.bytes_in += bytes.len;
  if (m->peer) {
    m->peer->base.unsent = 0;
    wake(m->peer);
  }
  wake(m);
  m->base.owner_ops->received(m->base.owner, bytes.data, bytes.len);
  arpc__buf_free(&bytes);
}

static void on_turn(arpc__deferred *d) {
  arpc__memory *m = arpc__of(arpc__memory, turn, d);
  if (!m->dialled) {
    m->dialled = 1;
    m->base.open = !m->refused;
    m->base.owner_ops->opened(m->base.owner, m->refused ? UV_ECONNREFUSED : 0);
    return;
  }
  if (!m->base.open || !m->base.owner_ops) return;
  if (m->reading && m->inbox.len) {
    deliver(m);
    return;
  }
  if (m->reading ? m->peer_finished : !m->peer) { /* an end that is not read still sees the other one gone */
    m->ended = 1;
    m->base.open = 0;
    m->base.owner_ops->ended(m->base.owner, 0);
    return;
  }
  if (!m->base.unsent) m->base.owner_ops->drained(m->base.owner);
}

static void memory_write(arpc__transport *t, arpc__buf *out, const void *more, size_t behind) {
  arpc__memory *m = (arpc__memory *)t;
  size_t n = arpc__buf_unread(out);
  if (t->open && m->peer && n + behind) {
    t->rt->stats.writes++;
    t->rt->stats.bytes_out += n + behind;
    arpc__buf_put(&m->peer->inbox, out->data + out->pos, n);
    arpc__buf_put(&m->peer->inbox, more, behind);
    t->unsent = m->peer->inbox.len;
    wake(m->peer);
  }
  arpc__buf_clear(out);
  arpc__give_back(t->rt, out);
}

static void memory_reading(arpc__transport *t, int on) {
  arpc__memory *m = (arpc__memory *)t;
  m->reading = (uint8_t)on;
  if (on) wake(m);
}

static void memory_finish(arpc__transport *t) {
  arpc__memory *m = (arpc__memory *)t;
  if (!m->peer) return;
  m->peer->peer_finished = 1;
  wake(m->peer);
}

static void on_closed(arpc__deferred *d) {
  arpc__memory *m = arpc__of(arpc__memory, turn, d);
  void (*closed)(void *) = m->base.owner_ops ? m->base.owner_ops->closed : NULL;
  void *owner = m->base.owner;
  m->base.rt->stats.connections--;
  arpc__buf_free(&m->inbox);
  free(m);
  if (closed) closed(owner);
}

static void memory_close(arpc__transport *t) {
  arpc__memory *m = (arpc__memory *)t;
  if (t->closing) return;
  memory_finish(t);
  t->closing = 1;
  t->open = 0;
  if (m->peer) m->peer->peer = NULL;
  m->peer = NULL;
  arpc__undefer(t->rt, &m->turn);
  arpc__defer(t->rt, &m->turn, on_closed);
}

static int memory_remote(const arpc__transport *t, struct sockaddr_storage *ret) {
  (void)t;
  (void)ret;
  return 0;
}

static void memory_keep_alive(arpc__transport *t, unsigned level) {
  (void)t;
  (void)level;
}

static const arpc__transport_ops memory_ops = {memory_write, memory_reading, memory_finish, memory_close,
                                               memory_remote, memory_keep_alive};

static arpc__memory *memory_new(arpc_runtime *rt) {
  arpc__memory *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  m->base.ops = &memory_ops;
  m->base.rt = rt;
  rt->stats.connections++;
  return m;
}

/* ---- listening ---------------------------------------------------------------------------------*/

static arpc__memory_listener *find(arpc_runtime *rt, const char *name) {
  for (arpc__list *n = rt->endpoints.next; n != &rt->endpoints; n = n->next) {
    arpc__memory_listener *l = arpc__of(arpc__memory_listener, endpoint_node, n);
    if (strcmp(arpc_binding_endpoint(l->base.binding), name) == 0) return l;
  }
  return NULL;
}

static void accept_all(arpc__memory_listener *l) {
  for (arpc__list *n; !l->closing && (n = arpc__list_pop(&l->waiting));) {
    arpc__memory *m = arpc__of(arpc__memory, wait_node, n);
    l->base.accepted(&l->base, &m->base);
  }
}

static void close_late(arpc__memory_listener *l) {
  for (arpc__list *n; (n = arpc__list_pop(&l->waiting));)
    arpc__transport_close(&arpc__of(arpc__memory, wait_node, n)->base);
  if (l->base.closed) l->base.closed(&l->base);
  arpc_binding_free(l->base.binding);
  free(l);
}

static void listener_turn(arpc__deferred *d) {
  arpc__memory_listener *l = arpc__of(arpc__memory_listener, turn, d);
  if (l->closing) close_late(l);
  else accept_all(l);
}

static void listener_start(arpc__listener *base) {
  arpc__memory_listener *l = (arpc__memory_listener *)base;
  if (l->started) return;
  l->started = 1;
  arpc__hold(base->rt);
  arpc__defer(base->rt, &l->turn, listener_turn);
}

static void listener_close(arpc__listener *base) {
  arpc__memory_listener *l = (arpc__memory_listener *)base;
  if (l->closing) return;
  l->closing = 1;
  arpc__list_remove(&l->endpoint_node);
  if (l->started) arpc__release(base->rt);
  arpc__defer(base->rt, &l->turn, listener_turn);
}

arpc_status arpc__memory_listen(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *b) {
  if (!*arpc_binding_endpoint(b)) return ARPC_S_INVALID_ENDPOINT_FORMAT;
  if (find(rt, arpc_binding_endpoint(b))) return ARPC_S_DUPLICATE_ENDPOINT;
  arpc__memory_listener *l = calloc(1, sizeof *l);
  if (!l || !(l->base.binding = arpc_binding_copy(b))) {
    free(l);
    return ARPC_S_OUT_OF_MEMORY;
  }
  l->base.rt = rt;
  l->base.close = listener_close;
  l->base.start = listener_start;
  arpc__list_init(&l->waiting);
  arpc__list_append(&rt->endpoints, &l->endpoint_node);
  *ret = &l->base;
  return ARPC_S_OK;
}

/* ---- dialling ----------------------------------------------------------------------------------*/

static void join(arpc__memory *client, arpc__memory *server, arpc__memory_listener *l) {
  client->peer = server;
  server->peer = client;
  server->base.open = server->dialled = 1;
  arpc__list_append(&l->waiting, &server->wait_node);
  if (l->started) arpc__defer(l->base.rt, &l->turn, listener_turn);
}

arpc_status arpc__memory_dial(arpc__transport **ret, arpc_runtime *rt, const char *name,
                              const arpc__transport_owner *ops, void *owner) {
  arpc__memory_listener *l = find(rt, name);
  arpc__memory *client = memory_new(rt), *server = l && client ? memory_new(rt) : NULL;
  if (!client || (l && !server)) {
    if (client) rt->stats.connections--;
    free(client);
    return ARPC_S_OUT_OF_MEMORY;
  }
  arpc__transport_own(&client->base, ops, owner);
  if (l) join(client, server, l);
  else client->refused = 1;
  wake(client);
  *ret = &client->base;
  return ARPC_S_OK;
}
