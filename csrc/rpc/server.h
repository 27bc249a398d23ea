/* The server side: a server with its listeners, interfaces, association groups and peers (the connections
 * clients made), and the calls in progress. A call outlives its peer: it then only waits to be ended. */
#ifndef ARPC_RPC_SERVER_H
#define ARPC_RPC_SERVER_H

#include "proto/conn.h"
#include "rpc/pipe.h"
#include "rpc/transport.h"

typedef struct arpc__peer arpc__peer;
typedef struct arpc__served arpc__served;
typedef struct arpc__registered arpc__registered;
typedef struct arpc__subscriptions arpc__subscriptions;
typedef struct arpc__endpoint arpc__endpoint;
typedef struct arpc__watch arpc__watch;

struct arpc__registered { /* one interface */
  arpc__list node;
  arpc_interface interface;
  uint8_t piped[];          /* by opnum, when interface.pipes: whether it has some */
};

struct arpc__endpoint {
  arpc__list node;
  arpc_server *server;
  arpc__listener *listener;
  arpc__map groups;         /* association group id -> its number of connections */
  char address[64];         /* secondary address in bind_ack */
  uint8_t closed;           /* the listener is gone */
};

struct arpc_server {
  arpc_runtime *rt;
  arpc__list runtime_node;  /* on runtime.servers */
  arpc_server_options options;
  char *local_dir;
  arpc__list interfaces, endpoints, peers;
  uint32_t npeers;
  uint8_t listening;
  uint8_t closed;           /* endpoints and connections are going */
  uint8_t released;         /* the owner's pointer is gone */
  arpc__deferred later;     /* frees a closed server */
};

struct arpc__peer {
  arpc__list node;          /* on server.peers */
  arpc_server *server;
  arpc__endpoint *endpoint;
  arpc__transport *transport;
  arpc__server_conn conn;
  arpc__writing writing;
  arpc__list calls;
  arpc__list piped;         /* pipes of those */
  uint32_t full;            /* how many of the pipes have no room for more */
  arpc__timer timer;        /* bind, stall or linger */
  uint8_t state;
  uint8_t timing;           /* what the timer is about */
  uint8_t choked;           /* not read because it does not read */
  uint8_t feeding, gone;
  arpc__buf backlog;
};

struct arpc__served { /* one call in progress */
  arpc__list node;          /* on peer.calls, or runtime.served_pool */
  arpc__server_call wire;
  arpc_runtime *rt;
  arpc__peer *peer;         /* NULL: the client is gone */
  uint64_t id;
  uint8_t cancelled;        /* 0 or 1 + the arpc_event_kind that says why */
  uint8_t happened;         /* ARPC_SUBSCRIBE_*: what a subscription would tell */
  uint8_t has_object;
  arpc_uuid object;
  uint64_t deadline;        /* as the client handed it over, 0 = none */
  arpc__subscriptions *subscriptions; /* NULL = none */
  arpc__pipes *pipes;       /* NULL = it has none */
  arpc__watch *watch;       /* who is told what the client does; NULL = nobody */
};

/* peer.c */
void arpc__peer_new(arpc__endpoint *endpoint, arpc__transport *transport);
void arpc__peer_close(arpc__peer *peer);
void arpc__peer_writes(arpc__peer *peer);
void arpc__peer_wrote(arpc__peer *peer);
void arpc__peer_write_now(arpc__peer *peer, const void *bytes, size_t n); /* conn.out, and n bytes behind it */
void arpc__peer_full(arpc__peer *peer, int change); /* of peer->full */
/* served.c */
/* Calls the manager. */
void arpc__serve_with(arpc__served *call, const arpc_interface *interface, arpc_incoming *in);
void arpc__serve(arpc__peer *peer, const arpc__server_event *ev);
void arpc__served_cancel(arpc__served *call);
void arpc__served_disconnect(arpc__served *call);
void arpc__served_free_all(arpc_runtime *rt);
uint64_t arpc__served_deadline(const arpc__served *call);
/* Of a function that also takes NULL for the call whose manager is running; NULL and 1725 or 1702. */
arpc__served *arpc__served_or_running(arpc_runtime *rt, const arpc_async *async, arpc_status *ret_error);
/* served_pipe.c: a call that has begun, of a procedure with pipes */
int arpc__served_streams(void *arg, const arpc__server_context *context, uint16_t opnum);
ARPC__COLD void arpc__serve_piped(arpc__served *call, const arpc_interface *interface, const arpc__server_event *ev);
ARPC__COLD void arpc__served_data(arpc__served *call, const arpc__server_event *ev);
int arpc__served_opens_on(const arpc__server_conn *c); /* what is not complete is a request whose manager is not called yet */
int arpc__served_opening(const arpc__served *call); /* nobody but us knows of it yet */
void arpc__served_pipes_over(arpc__served *call, arpc_status status);
arpc_status arpc__served_pipes_done(const arpc__served *call);
void arpc__served_answer(arpc__served *call, const void *stub, size_t len);
void arpc__served_pipes_free(arpc__served *call);
/* subscribe.c */
void arpc__subscribed(arpc__served *call, arpc_event_kind kind); /* it has happened */
void arpc__unsubscribe_all(arpc__served *call);
/* watch.c */
/* The notification a script or program chose for its handle. */
arpc_status arpc__watch_set(arpc__served *call, const arpc_async *how);
/* Of pipes; asked: whatever the flags say. */
void arpc__watch_tell(arpc__watch *w, arpc_event_kind kind, int asked);
void arpc__watch_see(arpc__watch *w, arpc_event_kind kind);
void arpc__watch_free(arpc__watch *w);
/* server.c */
void arpc__server_shut(arpc_server *server); /* closes all but the owner's pointer */
void arpc__server_peer_gone(arpc__peer *peer);

#endif
