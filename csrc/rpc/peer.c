/* A connection a client made. Once the machine is broken the peer lingers: its last words are written, the
 * stream is ended, and what still comes is read and thrown away until the client closes too, so that the
 * last words are not lost to a reset. */
#include "rpc/server.h"

#include <stdlib.h>

enum { OPEN, LINGERING, DEAD };
enum { NOTHING, BIND, STALL, LINGER };
enum { LINGER_MS = 1000 };

static void read_or_not(arpc__peer *peer) {
  arpc__transport_reading(peer->transport, !peer->choked && !peer->full);
}

/* A peer that does not read its answers is not read from either. */
static void choke(arpc__peer *peer) {
  int owes_much = peer->transport->unsent > peer->server->options.max_unsent;
  if (owes_much == peer->choked) return;
  peer->choked = (uint8_t)owes_much;
  read_or_not(peer);
}

void arpc__peer_full(arpc__peer *peer, int change) {
  peer->full += (uint32_t)change;
  if (peer->state == OPEN) read_or_not(peer);
}

static void flush(arpc__writing *w) {
  arpc__peer *peer = arpc__of(arpc__peer, writing, w);
  arpc__transport_write(peer->transport, &peer->conn.out);
  if (peer->state == OPEN) choke(peer);
  arpc__pipes_sent(&peer->piped);
}

void arpc__peer_write_now(arpc__peer *peer, const void *bytes, size_t n) {
  if (peer->conn.out.error) {
    arpc__peer_close(peer);
    return;
  }
  arpc__clean(&peer->writing);
  arpc__transport_write_more(peer->transport, &peer->conn.out, bytes, n);
  if (peer->state == OPEN) choke(peer);
}

void arpc__peer_writes(arpc__peer *peer) {
  arpc__lend(peer->server->rt, &peer->conn.out);
}

/* Output that memory failed for would leave a hole: such a connection ends. */
void arpc__peer_wrote(arpc__peer *peer) {
  if (peer->conn.out.error) {
    arpc__peer_close(peer);
    return;
  }
  size_t unread = arpc__buf_unread(&peer->conn.out);
  if (!unread) {
    arpc__give_back(peer->server->rt, &peer->conn.out);
  } else if (unread > ARPC__EARLY_FLUSH) {
    arpc__clean(&peer->writing);
    flush(&peer->writing);
  } else {
    arpc__dirty(peer->server->rt, &peer->writing);
  }
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void on_closed(void *owner) {
  arpc__peer *peer = owner;
  peer->gone = 1;
  if (peer->feeding) return; /* a nested loop closed it: on_received calls again */
  arpc__server_peer_gone(peer);
  arpc__server_fini(&peer->conn);
  arpc__buf_free(&peer->backlog);
  free(peer);
}

static void disconnect_calls(arpc__peer *peer) {
  for (arpc__list *n; (n = peer->calls.next) != &peer->calls;) arpc__served_disconnect(arpc__of(arpc__served, node, n));
}

void arpc__peer_close(arpc__peer *peer) {
  if (peer->state == DEAD) return;
  peer->state = DEAD;
  disconnect_calls(peer);
  arpc__timer_stop(peer->server->rt, &peer->timer);
  arpc__clean(&peer->writing);
  arpc__transport_close(peer->transport);
}

static void on_timer(arpc__timer *t) {
  arpc__peer_close(arpc__of(arpc__peer, timer, t));
}

static void watch(arpc__peer *peer, int what, uint32_t ms) {
  if (peer->timing == what) return;
  peer->timing = (uint8_t)what;
  if (what == NOTHING) arpc__timer_stop(peer->server->rt, &peer->timer);
  else arpc__timer_start(peer->server->rt, &peer->timer, ms, on_timer);
}

static void linger(arpc__peer *peer) {
  peer->state = LINGERING;
  disconnect_calls(peer);
  arpc__clean(&peer->writing);
  flush(&peer->writing);
  arpc__transport_finish(peer->transport);
  arpc__transport_reading(peer->transport, 1);
  watch(peer, LINGER, LINGER_MS);
}

/* ---- receiving ---------------------------------------------------------------------------------*/

static void handle_events(arpc__peer *peer) {
  arpc__server_event ev;
  while (peer->state == OPEN) {
    switch (arpc__server_next(&peer->conn, &ev)) {
    case ARPC__S_NONE:
      return;
    case ARPC__S_BOUND:
      break;
    case ARPC__S_REQUEST:
      arpc__serve(peer, &ev);
      break;
    case ARPC__S_DATA:
      arpc__served_data(arpc__of(arpc__served, wire, ev.call), &ev);
      break;
    case ARPC__S_CANCEL:
    case ARPC__S_ORPHAN:
      arpc__served_cancel(arpc__of(arpc__served, wire, ev.call));
      break;
    case ARPC__S_BROKEN:
      linger(peer);
      return;
    }
  }
}

/* The stall timer runs from the moment something is begun and starts anew when it goes on. */
static void watch_progress(arpc__peer *peer) {
  const arpc_server_options *o = &peer->server->options;
  if (!peer->conn.bound) return;
  if (peer->timing == STALL) watch(peer, NOTHING, 0);
  if (arpc__server_midway(&peer->conn) || arpc__served_opens_on(&peer->conn)) watch(peer, STALL, o->stall_timeout);
  else watch(peer, NOTHING, 0);
}

static void feed(arpc__peer *peer, const uint8_t *bytes, size_t len) {
  arpc__server_feed(&peer->conn, bytes, len);
  arpc__peer_writes(peer);
  handle_events(peer);
  if (peer->state != OPEN) return;
  arpc__peer_wrote(peer);
  if (peer->state == OPEN) watch_progress(peer);
}

/* Managers may run a nested loop, which may read: those bytes wait until the machine is done with these. */
static void on_received(void *owner, const uint8_t *bytes, size_t len) {
  arpc__peer *peer = owner;
  if (peer->state != OPEN) return;
  if (peer->feeding) {
    arpc__buf_put(&peer->backlog, bytes, len);
    return;
  }
  peer->feeding = 1;
  feed(peer, bytes, len);
  while (peer->backlog.len && peer->state == OPEN) {
    arpc__buf more = peer->backlog;
    arpc__buf_init(&peer->backlog, 0);
    feed(peer, more.data, more.len);
    arpc__buf_free(&more);
  }
  peer->feeding = 0;
  if (peer->gone) on_closed(peer);
}

static void on_opened(void *owner, int error) {
  (void)owner;
  (void)error;
}

static void on_ended(void *owner, int error) {
  (void)error;
  arpc__peer_close(owner);
}

static void on_drained(void *owner) {
  arpc__peer *peer = owner;
  if (peer->state == OPEN) choke(peer);
  arpc__pipes_sent(&peer->piped);
}

/* ---- beginning ---------------------------------------------------------------------------------*/

static const void *find_interface(void *arg, const arpc_syntax *wanted) {
  arpc__peer *peer = arg;
  for (arpc__list *n = peer->server->interfaces.next; n != &peer->server->interfaces; n = n->next) {
    arpc__registered *r = arpc__of(arpc__registered, node, n);
    const arpc_syntax *id = &r->interface.id;
    if (arpc__uuid_equal(&id->uuid, &wanted->uuid) && id->major == wanted->major && id->minor >= wanted->minor) return r;
  }
  return NULL;
}

/* Groups are the endpoint's: an id from another one is unknown. */
static uint32_t join_group(void *arg, uint32_t wanted) {
  arpc__endpoint *e = ((arpc__peer *)arg)->endpoint;
  uintptr_t members = wanted ? (uintptr_t)arpc__map_get(&e->groups, wanted) : 0;
  if (wanted && !members) return 0;
  while (!wanted || (!members && arpc__map_get(&e->groups, wanted))) wanted = ++e->server->rt->next_group;
  return arpc__map_put(&e->groups, wanted, (void *)(members + 1)) ? wanted : 0;
}

static const arpc__transport_owner owner_ops = {on_opened, on_received, on_ended, on_drained, on_closed};

void arpc__peer_new(arpc__endpoint *endpoint, arpc__transport *transport) {
  arpc_server *server = endpoint->server;
  const arpc_server_options *o = &server->options;
  arpc__peer *peer = server->npeers < o->max_connections ? calloc(1, sizeof *peer) : NULL;
  if (!peer) {
    arpc__transport_close(transport);
    return;
  }
  peer->server = server;
  peer->endpoint = endpoint;
  peer->transport = transport;
  peer->writing.flush = flush;
  arpc__list_init(&peer->calls);
  arpc__list_init(&peer->piped);
  arpc__list_append(&server->peers, &peer->node);
  server->npeers++;
  /* Several security contexts on a connection: no promise that a kind of security is spoken. */
  arpc__server_init(&peer->conn, &(arpc__server_options){.max_fragment = (uint16_t)o->max_fragment,
                                                         .max_request = o->max_request,
                                                         .max_contexts = o->max_contexts,
                                                         .transfer = (uint8_t)o->transfer,
                                                         .prefer = (uint8_t)o->prefer,
                                                         .features = ARPC__BTFN_SECURITY | ARPC__BTFN_KEEP_ON_ORPHAN,
                                                         .deadlines = 1,
                                                         .address = endpoint->address,
                                                         .host = {peer, find_interface, join_group, arpc__served_streams}});
  arpc__transport_own(transport, &owner_ops, peer);
  watch(peer, BIND, o->bind_timeout);
  arpc__transport_reading(transport, 1);
}
