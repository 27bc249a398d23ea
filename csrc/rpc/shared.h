/* What several threads share: events, completion ports, message queues. Each is counted atomically, has a
 * lock, waiters in the order they came, and perhaps a token by which other threads open it.
 *
 * A waiter belongs to the runtime whose thread waits. What it waited for is given to it under the lock, by
 * whichever thread brings it, and it is woken on its own thread. Until it took what it was given it may leave
 * instead: the gift then goes to the next waiter, or back to where it came from. As long as a waiter is on an
 * object its runtime lives: who wakes it need not fear for that. */
#ifndef ARPC_RPC_SHARED_H
#define ARPC_RPC_SHARED_H

#include "rpc/runtime.h"

#include <stdatomic.h>

typedef struct arpc__shared arpc__shared;
typedef struct arpc__waiter arpc__waiter;
typedef struct arpc__parcel arpc__parcel;

struct arpc__waiter {
  arpc__list node;               /* on shared.waiters, then on runtime.woken; initialised when idle */
  arpc__shared *object;          /* NULL: it waits for nothing, or has taken what it was given */
  void (*wake)(arpc__waiter *w); /* on its own thread, on no list, no lock held. Must not enter user code */
  arpc_runtime *rt;
  uv_thread_t thread;
  arpc__parcel *parcel;          /* given by a box; whoever takes it owns it */
  uint8_t given;
  uint8_t holds;                 /* keeps its loop alive, as another thread may wake it */
};

/* What a kind of object can do, each with the lock held. */
typedef struct arpc__shared_kind {
  const char *name;
  int (*give)(arpc__shared *s, arpc__waiter *w);     /* 1 = w got what it waits for; 0 = there is nothing */
  void (*restore)(arpc__shared *s, arpc__waiter *w); /* takes it back */
  void (*destroy)(arpc__shared *s);                  /* frees all, the last reference is gone; the lock is not held */
} arpc__shared_kind;

struct arpc__shared {
  const arpc__shared_kind *kind;
  atomic_uint references;
  uv_mutex_t lock;        /* guards what follows, and what a kind adds */
  arpc__list waiters;
  arpc__list token_node;  /* among all that have a token; guarded by their lock */
  uint64_t serial;        /* of its token, 0 = none; likewise */
  atomic_int has_token;
};

arpc_status arpc__shared_init(arpc__shared *s, const arpc__shared_kind *kind);
void arpc__shared_ref(arpc__shared *s);
void arpc__shared_unref(arpc__shared *s);
/* For destroy: what init made. */
void arpc__shared_fini(arpc__shared *s);
/* Like snprintf. From now on those who wait for it on this thread hold their loops. */
size_t arpc__shared_token(arpc__shared *s, char *ret, size_t size);
/* A reference to the object of that kind that has the token; NULL: there is none. */
arpc__shared *arpc__shared_open(const arpc__shared_kind *kind, const char *token);
/* Something came: gives it out to waiters as long as there is something. Lock held on entry, not on return. */
void arpc__shared_serve(arpc__shared *s);

/* 1 = w has been given what it waits for at once; 0 = it waits and will be woken. */
int arpc__await(arpc__shared *s, arpc_runtime *rt, arpc__waiter *w);
/* Takes what w was given, if it was: 1, and w->parcel is the caller's. On its own thread. */
int arpc__take_given(arpc__waiter *w);
/* Ends the waiting, whether or not something was given. Does nothing when w waits for nothing. */
void arpc__leave(arpc__waiter *w);
/* Runs the loop until w has been given something, which it takes: as arpc_event_wait. */
arpc_status arpc__wait_given(arpc__shared *s, arpc_runtime *rt, arpc__waiter *w, int64_t ms);
/* Of what other threads woke, the next: called by the runtime on its thread. 0 = no more. */
int arpc__wake_next(arpc_runtime *rt);

/* ---- boxes (box.c): what holds parcels, ports and queues alike ---- */

struct arpc__parcel {
  arpc__list node;         /* on box.parcels */
  arpc_packet packet;
  uint64_t sequence;       /* in which order it was posted */
  void (*drop)(arpc__parcel *p); /* frees it, on whatever thread; also when nobody took it */
};

typedef struct arpc__box {
  arpc__shared shared;
  arpc__list parcels;      /* by sequence */
  uint64_t posted;
} arpc__box;

extern const arpc__shared_kind arpc__port_kind, arpc__queue_kind;

arpc_status arpc__box_new(arpc__box **ret, const arpc__shared_kind *kind);
/* Takes the parcel over. */
void arpc__box_post(arpc__box *box, arpc__parcel *p);

static inline arpc__box *arpc__box_of_port(arpc_port *port) {
  return (arpc__box *)port;
}
static inline arpc__box *arpc__box_of_queue(arpc_queue *queue) {
  return (arpc__box *)queue;
}

/* ---- events (event.c): set wakes waiters in the order they came; an auto-reset one wakes one and stays unset ---- */

struct arpc_event {
  arpc__shared shared;
  uint8_t manual;
  uint8_t set;
};

extern const arpc__shared_kind arpc__event_kind;

int arpc__event_is_set(arpc_event *event);

#endif
