/* The pipes of one call, on either side: one stream of stub bytes out, one in, and in each of them pipe after pipe.
 *
 * What is pushed becomes fragments on the call's connection, the carrier; what the carrier receives is handed to
 * arpc__pipes_data and waits until it is pulled. The owner, a call or a served call, has the rest of the stub: a
 * request's head and an answer's tail. */
#ifndef ARPC_RPC_PIPE_H
#define ARPC_RPC_PIPE_H

#include "ndr/pipe.h"
#include "proto/stub.h"
#include "rpc/transport.h"

typedef struct arpc__pipes arpc__pipes;

/* What the owner and its carrier do for the pipes. `tell` and `drained` are called inside arpc__enter. */
typedef struct arpc__pipes_ops {
  /* Tells the handle; asked: a refused push or pull waits for it, whatever the flags say. May end the call. */
  void (*tell)(arpc__pipes *p, arpc_event_kind kind, int asked);
  /* Before and after something is put into `out`. */
  void (*writes)(arpc__pipes *p);
  void (*wrote)(arpc__pipes *p);
  /* Writes `out` and n borrowed bytes behind it at once. */
  void (*send)(arpc__pipes *p, const void *bytes, size_t n);
  void (*reading)(arpc__pipes *p, int on);
  /* The last pipe was pulled to its end and no more is to come. Once. NULL: nothing follows from that */
  void (*drained)(arpc__pipes *p);
  /* What came is no pipe (1783), or there is no memory for it (14). */
  void (*broken)(arpc__pipes *p, arpc_status status);
  /* Nothing moved for as long as it may. */
  void (*stalled)(arpc__pipes *p);
} arpc__pipes_ops;

struct arpc__pipes {
  const arpc__pipes_ops *ops;
  arpc_runtime *rt;
  void *owner;
  arpc__list node;            /* on the carrier's list */
  arpc__transport *transport; /* NULL: no carrier, yet or any more */
  arpc__buf *out;             /* the carrier's */
  arpc__stub_head head;       /* of the fragments that go out */
  arpc_uuid object;           /* what head.object points to */
  uint16_t max_fragment;
  uint8_t transfer;
  uint8_t big;                /* byte order of what comes */
  uint8_t pushes, pulls;      /* ARPC_PIPE_IN and ARPC_PIPE_OUT, as the side has it */
  uint8_t server;
  uint8_t begun;              /* the first fragment is out */
  uint8_t ended;              /* and the last one */
  uint8_t whole;              /* the last fragment has come */
  uint8_t want;               /* a pull was refused */
  uint8_t refused;            /* a push was, of this size: */
  uint8_t owes;               /* a push was taken, and has not all left */
  uint8_t full;               /* the carrier is not read */
  uint8_t discard;            /* what comes is thrown away */
  uint8_t due;                /* bits by arpc_event_kind: to be told on a later turn; FLUSH */
  uint8_t asked;              /* of those: waited for */
  uint8_t odd;                /* bytes that are no eight have waited for a turn */
  uint8_t coming;             /* `here` is not in the inbox yet */
  uint8_t finished;           /* `drained` was said */
  uint8_t busy, dead;         /* the first: in use further down the stack; the second: freed meanwhile */
  arpc_status over;           /* what push and pull answer from now on */
  uint8_t done;               /* everything had been pulled and pushed by then */
  uint32_t high, low, stall, most_tail;
  uint32_t push_at, pull_at;  /* the pipe whose turn it is; count = all are done */
  uint32_t early;             /* ends pushed before there was a carrier */
  uint64_t written, taken;    /* position in the stub, out and in */
  size_t wanted;
  size_t turn;                /* bytes pushed since the last flush */
  arpc__buf pending;          /* stub bytes for the next fragment */
  arpc__buf inbox;            /* what came and was not taken; lies as the stub does, modulo 8 */
  const uint8_t *here;        /* what is coming in just now: behind the inbox; 7 bytes before it are readable */
  size_t nhere;
  arpc__ndr_pipe reader;      /* of the pipe at pull_at */
  arpc__writing writing;
  arpc__deferred later;
  arpc__timer timer;
  struct arpc__opening *opening; /* server: while the manager cannot be called yet */
  uint32_t count;
  arpc_pipe_type types[];
};

/* What the options leave out. */
static inline void arpc__pipes_marks(uint32_t *high, uint32_t *low) {
  if (!*high) *high = 256 * 1024;
  if (!*low) *low = *high / 4;
  if (*low > *high) *low = *high;
}

typedef struct arpc__pipes_options {
  const arpc__pipes_ops *ops;
  void *owner;
  uint8_t server;
  uint32_t high, low, stall; /* stall: 0 = none */
  uint32_t most_tail;        /* bytes behind the last pulled pipe */
} arpc__pipes_options;

/* NULL: out of memory, or (*ret_error 87) a type that cannot be. */
arpc__pipes *arpc__pipes_new(arpc_runtime *rt, const arpc__pipes_options *o, const arpc_pipe_type *types,
                             uint32_t n, arpc_status *ret_error);
/* Also from inside `tell`. */
void arpc__pipes_free(arpc__pipes *p);

/* From here on bytes go out through a carrier and its list of pipes. p->head is set. */
void arpc__pipes_carry(arpc__pipes *p, arpc__transport *t, arpc__buf *out, uint16_t max_fragment, int transfer,
                       arpc__list *carried);
/* The carrier is gone, or has nothing more to do with it. */
void arpc__pipes_let_go(arpc__pipes *p);
/* Push and pull answer `status` from now on; whoever was refused is woken to see it. */
void arpc__pipes_over(arpc__pipes *p, arpc_status status);
/* What comes is only looked through for its end. */
void arpc__pipes_discard(arpc__pipes *p);
/* Bytes of those on a carrier's list have left, or a flush was made. */
void arpc__pipes_sent(arpc__list *carried);

/* ---- out (pipe_push.c) ---- */
/* Stub bytes that are no pipe's. 0 when memory fails. */
int arpc__pipes_put(arpc__pipes *p, const void *bytes, size_t n);
/* Puts what is pending into fragments; last: and ends the stream. */
void arpc__pipes_emit(arpc__pipes *p, int last);
/* The same but for the last bytes that are no eight: how many. */
size_t arpc__pipes_emit_even(arpc__pipes *p);
arpc_status arpc__pipes_push(arpc__pipes *p, uint32_t pipe, const void *elements, size_t n);
arpc_status arpc__pipes_close(arpc__pipes *p, uint32_t pipe);
void arpc__pipes_begin(arpc__pipes *p); /* a carrier is there, and what is not a pipe's was put */
size_t arpc__pipes_queued(const arpc__pipes *p);
int arpc__pipes_have_room(const arpc__pipes *p, size_t size);

/* ---- in (pipe_pull.c) ---- */
/* Stub bytes from pull_at's pipe on. p may be gone afterwards. */
void arpc__pipes_data(arpc__pipes *p, const uint8_t *bytes, size_t n, int big, int last);
arpc_status arpc__pipes_look(arpc__pipes *p, uint32_t pipe, size_t most, const void **ret, size_t *ret_n);
arpc_status arpc__pipes_pull(arpc__pipes *p, uint32_t pipe, void *elements, size_t most, size_t *ret_n);
void arpc__pipes_first_pulled(arpc__pipes *p);
void arpc__pipes_watch(arpc__pipes *p); /* the stall timer, as things stand */

static inline int arpc__pipes_pushed_all(const arpc__pipes *p) {
  return p->push_at == p->count;
}
static inline int arpc__pipes_pulled_all(const arpc__pipes *p) {
  return p->pull_at == p->count;
}

/* The pipe at or after `at` that goes a way; count when there is none. */
static inline uint32_t arpc__pipes_next(const arpc__pipes *p, uint32_t at, unsigned way) {
  while (at < p->count && !(p->types[at].directions & way)) at++;
  return at;
}

#endif
