/* The client side: a client with its links to the server, and its calls.
 *
 * A call waits on client.waiting until a link can carry it, is then on link.calls until it is answered or
 * given up, and is settled once: from then on it holds its reply until the handle's owner collects it. */
#ifndef ARPC_RPC_CLIENT_H
#define ARPC_RPC_CLIENT_H

#include "proto/conn.h"
#include "rpc/pipe.h"
#include "rpc/runtime.h"
#include "rpc/transport.h"

typedef struct arpc__link arpc__link;
typedef struct arpc__call arpc__call;
typedef struct arpc__sending arpc__sending;

struct arpc_client {
  arpc_runtime *rt;
  arpc__list runtime_node;  /* on runtime.clients */
  arpc_binding *binding;
  arpc_syntax interface;
  arpc_client_options options; /* defaults filled in */
  char *local_dir;
  arpc__list links;
  arpc__list waiting;       /* calls no link has taken */
  arpc__list piped;         /* and those of them with pipes */
  arpc__list draining;      /* calls whose answers are here, but not pulled */
  uint32_t nlinks;
  uint32_t pending;         /* calls not settled */
  uint32_t group;           /* association group, 0 = none yet */
  uint8_t transfer;         /* what stubs are needed: the offer, then the one agreed */
  uint8_t serial;           /* the server does not multiplex */
  uint8_t enough;           /* and refused a further link: those that are ready have to do */
  uint8_t noncausal;        /* option 9 */
  uint8_t unique;           /* options 11 and 13: */
  uint8_t dont_linger;      /* remembered, there is nothing to do */
  uint8_t called;           /* a call has been issued */
  uint8_t closed;           /* refuses calls, its links are going */
  uint8_t released;         /* the owner's pointer is gone */
  uint8_t pumping;
  arpc__deferred later;     /* pumps, or ends the client */
  arpc__list sending;       /* requests whose leaving is to be told */
  arpc__deferred sent;      /* tells */
};

enum arpc__call_state { ARPC__WAITING, ARPC__SENT, ARPC__DRAINING, ARPC__SETTLING, ARPC__SETTLED }; /* the third: piped.c */

typedef struct arpc__unsent { /* what a call is to send that no link has taken */
  uint8_t transfer;         /* which stubs there are, mask */
  uint8_t has_object;
  arpc_uuid object;
  size_t len, len64;
  uint8_t bytes[];
} arpc__unsent;

/* Calls are outstanding by the hundred thousand: what is not needed at the same time shares a place. */
struct arpc__call {
  arpc__list node;          /* on client.waiting, .piped or .draining, link.calls, runtime.settling, or runtime.call_pool */
  arpc__client_call wire;
  arpc_client *client;      /* NULL once settled */
  union {
    arpc__unsent *unsent;   /* while WAITING */
    arpc__link *link;       /* while SENT; NULL afterwards */
  };
  union {                   /* whom to notify, by `notification` */
    arpc_routine routine;
    arpc_event *event;
    arpc_async *other;      /* of the kinds that say more: all they said */
  };
  void *user_info;
  uint64_t id;
  uint32_t flags;           /* of the handle */
  uint16_t opnum;
  uint8_t state;
  uint8_t notification;
  uint8_t cancelled : 1;    /* co_cancel was sent, or would have been */
  uint8_t borrowed : 1;     /* reply.stub lies in bytes that go away when the notification returns */
  uint8_t dropped : 1;      /* nobody will collect it */
  uint8_t last : 1;         /* the timer gives the call up: the server has been asked */
  uint8_t expired : 1;      /* the deadline has passed */
  uint8_t piped : 1;        /* it has pipes */
  uint32_t grace;           /* ms from the deadline to giving up */
  uint64_t deadline;        /* 0 = none */
  union {
    arpc__sending *sending; /* its leaving is to be told; NULL = not, or not any more */
    arpc__pipes *pipes;     /* of a call that has some */
  };
  union {
    struct {                /* until it is settled */
      arpc__timer timer;
      uint64_t mark;        /* bytes that went to the link before its first one */
    };
    arpc_reply reply;       /* from SETTLING on */
  };
};
_Static_assert(sizeof(arpc__call) <= 136, "a call is larger than it need be");

/* ---- calls (call.c) ---- */

/* The handle it was issued with, as routines receive it. */
arpc_async arpc__call_handle(const arpc__call *call);
/* Takes the call off whatever it is on and settles it now: inside arpc__enter only. */
void arpc__call_settle(arpc__call *call, const arpc_reply *reply);
/* The same on a later turn, from anywhere. The first one counts. */
void arpc__call_settle_later(arpc__call *call, const arpc_reply *reply);
/* A reply that is a failure of the transport or of ours. */
arpc_reply arpc__failure(arpc_status status, arpc_phase phase, arpc_where where, int maybe_executed);
/* A call that is not on a link any more did or may have run, by what left of its bytes. */
arpc_reply arpc__call_lost(const arpc__call *call);
/* Runtime teardown: frees every call that is left, without a word. */
void arpc__call_free_all(arpc_runtime *rt);

/* ---- links (link.c) ---- */

struct arpc__link {
  arpc__list node;          /* on client.links */
  arpc_client *client;
  arpc__transport *transport;
  arpc__client_conn conn;
  arpc__client_context *context;
  arpc__writing writing;
  arpc__list calls;
  arpc__list piped;         /* pipes of the call it is for alone */
  arpc__timer timer;        /* until bound */
  uint64_t flushed;         /* bytes ever handed to the transport */
  uint8_t state;
  uint8_t feeding;          /* inside on_received */
  uint8_t gone;             /* closed while feeding: freed after it */
  arpc__buf backlog;        /* what came meanwhile */
};

enum arpc__link_state { ARPC__DIALLING, ARPC__BINDING, ARPC__READY, ARPC__ALONE, ARPC__RETIRING, ARPC__DEAD }; /* ALONE: piped.c */

enum { ARPC__CLIENT_UNSENT = 1024 * 1024 }; /* a link that owes more takes no further calls */

/* Starts a link; its outcome pumps the client or fails what waits. */
arpc_status arpc__link_open(arpc_client *client);
int arpc__link_free_for_call(const arpc__link *link);
/* Puts the request on the connection. */
arpc_status arpc__link_send(arpc__link *link, arpc__call *call, const arpc_uuid *object, const void *stub, size_t len);
/* Takes a sent call off: its answer will be drained. orphan: says so to the server; a link that must not
 * live on after that retires. */
void arpc__link_give_up(arpc__link *link, arpc__call *call, int orphan);
void arpc__link_cancel(arpc__link *link, arpc__call *call);
void arpc__link_keep_alive(arpc__link *link);
/* It is bound and lives, for others' calls or for one with pipes. */
static inline int arpc__link_is_of_use(const arpc__link *link) {
  return link->state == ARPC__READY || link->state == ARPC__ALONE;
}
/* No calls are to come any more: it ends with the last one it has. */
void arpc__link_retire(arpc__link *link);
/* It carries nothing: others use it, or it ends. */
void arpc__link_spare(arpc__link *link);
/* Before and after something is put into conn.out; and: writes that at once, with n bytes behind it. */
void arpc__link_writes(arpc__link *link);
void arpc__link_wrote(arpc__link *link);
void arpc__link_write_now(arpc__link *link, const void *bytes, size_t n);
/* Ends the link: its calls are lost or fail with `reply` (NULL: by what was sent), settled later. */
void arpc__link_kill(arpc__link *link, const arpc_reply *reply);

/* ---- calls with pipes (piped.c) ---- */

ARPC__COLD arpc_status arpc__piped_make(arpc__call *call, const arpc_pipe_type *pipes, uint32_t n);
/* An idle link takes the call; stub: what is no pipe's of its request. */
ARPC__COLD arpc_status arpc__piped_send(arpc__link *link, arpc__call *call, const arpc_uuid *object, const void *stub, size_t len);
ARPC__COLD void arpc__piped_data(arpc__link *link, arpc__call *call, const uint8_t *bytes, size_t n, int big, int last);
ARPC__COLD void arpc__piped_before_cancel(arpc__call *call);
ARPC__COLD void arpc__piped_cancel(arpc__call *call); /* of a call that is sent */
/* The call leaves the link it is on, if it is on one. */
ARPC__COLD void arpc__piped_take_off(arpc__call *call);

/* ---- telling that a request has left (sent.c) ---- */

/* The request of a call that asks to be told was put on its link. */
void arpc__sent_expect(arpc__link *link, arpc__call *call);
/* Bytes have left: tells on a later turn what is to be told. */
void arpc__sent_look(arpc_client *client);
/* The call has its reply: tells now what the reply proves. call->sending is set. */
void arpc__sent_before_end(arpc__call *call);
void arpc__sent_forget(arpc__call *call);

/* ---- clients (client.c) ---- */

/* Sends what waits as far as links allow, opens links. */
void arpc__client_pump(arpc_client *client);
/* No link is left to try: what waits fails. */
void arpc__client_fail_waiting(arpc_client *client, const arpc_reply *reply);
void arpc__client_link_gone(arpc_client *client);
/* Closes all but the owner's pointer. */
void arpc__client_shut(arpc_client *client);
/* A released client frees itself once its last link and its last call are gone. */
void arpc__client_try_end(arpc_client *client);

#endif
