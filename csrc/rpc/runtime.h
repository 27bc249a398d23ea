/* The runtime: what the objects of one loop share. Its uv handles are all unreferenced but one, which
 * is referenced while anybody holds: only pending work and listeners keep a loop alive. */
#ifndef ARPC_RPC_RUNTIME_H
#define ARPC_RPC_RUNTIME_H

#include "base/buf.h"
#include "base/list.h"
#include "rpc/clock.h"

#include <uv.h>

/* Work for a later turn of the loop. Zero-initialised is idle. */
typedef struct arpc__deferred arpc__deferred;
struct arpc__deferred {
  arpc__list turn_node; /* on runtime.deferred while waiting */
  void (*fn)(arpc__deferred *d);
  uint8_t waiting;
};

/* Something with bytes to write at the end of this turn. */
typedef struct arpc__writing arpc__writing;
struct arpc__writing {
  arpc__list dirty_node;           /* on runtime.dirty */
  void (*flush)(arpc__writing *w); /* must not call back into user code */
  uint8_t dirty;
};

typedef struct arpc__slot arpc__slot; /* what an async handle's id leads to */
struct arpc__slot {
  void *call;          /* arpc__call or arpc__served; NULL = free */
  uint32_t generation;
  union {
    uint32_t server;   /* what call is */
    uint32_t next;     /* while free: the free list, by index */
  };
};

struct arpc_runtime {
  uv_loop_t *loop;
  arpc_host host;
  uv_prepare_t prepare;     /* flushes before the loop sleeps */
  uv_check_t check;         /* runs deferred work after it woke */
  uv_idle_t idle;           /* active while deferred work waits, so that the loop does not sleep */
  uv_async_t post;          /* arpc_post; referenced while holds > 0 */
  uint32_t holds;
  uint32_t uv_handles;      /* on the loop, ours, not yet closed */
  uint8_t closing;
  uint8_t silent;           /* nothing may be notified any more */
  uint8_t entered;          /* depth of arpc__enter, saturating */
  uint8_t reading;          /* read_buffer is in use */
  char *read_buffer;        /* one for all connections */
  arpc__buf spare;          /* an output buffer to lend to whoever writes next */
  arpc__buf harvested;      /* bytes of the reply that was harvested last */
  arpc__list dirty;
  arpc__list deferred;
  arpc__list clients;
  arpc__list servers;
  arpc__list endpoints;     /* memory: listeners by name */
  arpc__clock clock;
  arpc__deferred advanced;  /* the manual clock was moved */
  arpc__list settling;      /* calls that settle on a later turn */
  arpc__deferred settle;    /* settles them */
  arpc__slot *slots;
  uint32_t nslots;          /* ever used: what is behind them is not touched */
  uint32_t slots_size, free_slot; /* UINT32_MAX = none free */
  arpc__list *call_pool, *served_pool; /* stacks of records, by the `next` of their nodes */
  uint32_t pooled;          /* records in both */
  uint32_t next_group;
  uint64_t dispatching;     /* the call whose manager is running, 0 = none */
  uv_mutex_t post_lock;     /* guards posted and woken */
  arpc__list posted;
  arpc__list woken;         /* waiters whom other threads gave what they wait for */
  arpc_stats stats;
};

#define ARPC__SIGNATURE 0x43595341u /* "ASYC" */

enum { ARPC__READ_SIZE = 256 * 1024, ARPC__EARLY_FLUSH = 64 * 1024 };

/* Every entry from the loop into code that may call back goes through here. */
void arpc__enter(arpc_runtime *rt, void (*fn)(void *p), void *p);
/* Runs d->fn on a later turn of the loop, once; a second call before that does nothing. Holds the loop. */
void arpc__defer(arpc_runtime *rt, arpc__deferred *d, void (*fn)(arpc__deferred *d));
void arpc__undefer(arpc_runtime *rt, arpc__deferred *d);
/* The turn under way, or else the next, does not sleep: libuv fires timers that are due before it polls. */
void arpc__stay_awake(arpc_runtime *rt);
/* Keeps the loop alive until the matching release. */
void arpc__hold(arpc_runtime *rt);
void arpc__release(arpc_runtime *rt);
/* w->flush runs before the loop sleeps next, or at the next arpc__flush. */
void arpc__dirty(arpc_runtime *rt, arpc__writing *w);
void arpc__clean(arpc__writing *w);
void arpc__flush(arpc_runtime *rt);
/* An empty output buffer borrows the runtime's spare memory; a drained one gives it back. */
void arpc__lend(arpc_runtime *rt, arpc__buf *out);
void arpc__give_back(arpc_runtime *rt, arpc__buf *out);

/* A uv handle of ours: counted, unreferenced, with the host's data. */
void arpc__adopt(arpc_runtime *rt, uv_handle_t *handle);
/* In its close callback. The last one frees a closing runtime. */
void arpc__disown(arpc_runtime *rt);

/* A stack of records that are kept for reuse. */
static inline void arpc__pool_push(arpc__list **pool, arpc__list *node) {
  node->next = *pool;
  *pool = node;
}
static inline arpc__list *arpc__pool_pop(arpc__list **pool) {
  arpc__list *node = *pool;
  if (node) *pool = node->next;
  return node;
}

/* Handles: the id of a new slot, 0 without memory. */
ARPC__COLD int arpc__slot_first_use(arpc_runtime *rt); /* one more is free; 0 without memory */
static inline uint64_t arpc__slot_new(arpc_runtime *rt, void *call, int server) {
  if (rt->free_slot == UINT32_MAX && !arpc__slot_first_use(rt)) return 0;
  uint32_t i = rt->free_slot;
  arpc__slot *s = &rt->slots[i];
  rt->free_slot = s->next;
  s->call = call;
  s->server = (uint32_t)server;
  return (uint64_t)s->generation << 32 | i;
}

static inline void arpc__slot_free(arpc_runtime *rt, uint64_t id) {
  uint32_t i = (uint32_t)id;
  arpc__slot *s = &rt->slots[i];
  s->call = NULL;
  if (++s->generation == 0) s->generation = 1;
  s->next = rt->free_slot;
  rt->free_slot = i;
}

/* Whether a slot that was made is still the same one. */
static inline int arpc__slot_lives(const arpc_runtime *rt, uint64_t id) {
  return rt->slots[(uint32_t)id].generation == id >> 32;
}

/* What any number leads to, NULL when stale. No generation is 0. */
static inline arpc__slot *arpc__slot_at(const arpc_runtime *rt, uint64_t id) {
  if ((uint32_t)id >= rt->nslots) return NULL;
  arpc__slot *s = &rt->slots[(uint32_t)id];
  return s->generation == id >> 32 && s->call ? s : NULL;
}

/* What a handle leads to, NULL when it is stale or none. */
static inline arpc__slot *arpc__slot_of(const arpc_runtime *rt, const arpc_async *async) {
  if (!async || async->size != sizeof *async || async->signature != ARPC__SIGNATURE) return NULL;
  return arpc__slot_at(rt, async->id);
}

#endif
