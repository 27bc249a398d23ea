/* The life of a call's pipes, and what scripts and programs are told of them. Nothing is told from inside a call of
 * theirs: `later` tells, but for what just came, of which arpc__pipes_data tells in the event that brought it. */
#include "rpc/pipe.h"

#include <stdlib.h>

static int good_type(const arpc_pipe_type *t) {
  for (int s = 0; s < 2; s++) {
    unsigned a = t->align[s];
    if (!t->size[s] || t->size[s] > 65536 || a < 1 || a > 8 || a & (a - 1)) return 0;
  }
  return t->directions >= ARPC_PIPE_IN && t->directions <= (ARPC_PIPE_IN | ARPC_PIPE_OUT);
}

static void flush(arpc__writing *w);

arpc__pipes *arpc__pipes_new(arpc_runtime *rt, const arpc__pipes_options *o, const arpc_pipe_type *types,
                             uint32_t n, arpc_status *ret_error) {
  *ret_error = ARPC_S_INVALID_ARG;
  for (uint32_t i = 0; i < n; i++)
    if (!good_type(&types[i])) return NULL;
  arpc__pipes *p = calloc(1, sizeof *p + n * sizeof *types);
  *ret_error = p ? ARPC_S_OK : ARPC_S_OUT_OF_MEMORY;
  if (!p) return NULL;
  p->ops = o->ops;
  p->rt = rt;
  p->owner = o->owner;
  p->server = o->server;
  p->pushes = o->server ? ARPC_PIPE_OUT : ARPC_PIPE_IN;
  p->pulls = o->server ? ARPC_PIPE_IN : ARPC_PIPE_OUT;
  p->high = o->high;
  p->low = o->low;
  p->stall = o->stall;
  p->most_tail = o->most_tail;
  p->writing.flush = flush;
  p->count = n;
  memcpy(p->types, types, n * sizeof *types);
  arpc__list_init(&p->node);
  p->push_at = arpc__pipes_next(p, 0, p->pushes);
  p->pull_at = arpc__pipes_next(p, 0, p->pulls);
  return p;
}

void arpc__pipes_free(arpc__pipes *p) {
  arpc__pipes_let_go(p);
  arpc__undefer(p->rt, &p->later);
  p->dead = 1;
  if (p->busy) return;
  arpc__buf_free(&p->pending);
  arpc__buf_free(&p->inbox);
  free(p);
}

enum { FLUSH = 1 << ARPC_CALL_COMPLETE }; /* in `due`; of a call's completion others tell */

/* ---- telling -----------------------------------------------------------------------------------*/

static void tell(arpc__deferred *d) {
  arpc__pipes *p = arpc__of(arpc__pipes, later, d);
  if (p->due & FLUSH && p->transport) arpc__dirty(p->rt, &p->writing);
  p->due &= (uint8_t)~FLUSH;
  p->busy++;
  for (arpc_event_kind kind = ARPC_SEND_COMPLETE; kind <= ARPC_RECEIVE_COMPLETE && !p->dead; kind++) {
    unsigned bit = 1u << kind;
    int asked = (p->asked & bit) != 0;
    if (!(p->due & bit)) continue;
    p->due &= (uint8_t)~bit;
    p->asked &= (uint8_t)~bit;
    p->ops->tell(p, kind, asked);
  }
  p->busy--;
  if (p->dead) arpc__pipes_free(p);
}

static void tell_later(arpc__pipes *p, arpc_event_kind kind, int asked) {
  p->due |= (uint8_t)(1u << kind);
  if (asked) p->asked |= (uint8_t)(1u << kind);
  arpc__defer(p->rt, &p->later, tell);
}

void arpc__pipes_over(arpc__pipes *p, arpc_status status) {
  if (p->over) return;
  p->over = status;
  p->done = arpc__pipes_pulled_all(p) && arpc__pipes_pushed_all(p);
  if (p->want) tell_later(p, ARPC_RECEIVE_COMPLETE, 1);
  if (p->refused || (p->owes && p->server)) tell_later(p, ARPC_SEND_COMPLETE, p->refused);
  p->want = p->refused = p->owes = 0;
  arpc__pipes_discard(p);
}

/* ---- the carrier -------------------------------------------------------------------------------*/

/* After bytes have left, or might have. */
static void look(arpc__pipes *p) {
  size_t queued = arpc__pipes_queued(p);
  if (p->owes && !queued) {
    p->owes = 0;
    tell_later(p, ARPC_SEND_COMPLETE, 0);
  }
  if (p->refused && !p->turn && queued <= p->low && arpc__pipes_have_room(p, p->wanted)) {
    p->refused = 0;
    tell_later(p, ARPC_SEND_COMPLETE, 1);
  }
  arpc__pipes_watch(p);
}

static void emit(arpc__pipes *p) {
  if (p->odd) arpc__pipes_emit(p, 0);
  p->odd = !p->odd && arpc__pipes_emit_even(p);
  if (p->odd) tell_later(p, ARPC_CALL_COMPLETE, 0); /* FLUSH */
}

/* At the end of a turn, before the carrier's own. */
static void flush(arpc__writing *w) {
  arpc__pipes *p = arpc__of(arpc__pipes, writing, w);
  p->turn = 0;
  if (p->transport && (arpc__buf_unread(&p->pending) || !(p->begun || p->server))) emit(p);
  look(p);
}

void arpc__pipes_sent(arpc__list *carried) {
  for (arpc__list *n = carried->next; n != carried; n = n->next) {
    arpc__pipes *p = arpc__of(arpc__pipes, node, n);
    if (!p->full) arpc__timer_stop(p->rt, &p->timer); /* something moved */
    look(p);
  }
}

static void on_stall(arpc__timer *t) {
  arpc__pipes *p = arpc__of(arpc__pipes, timer, t);
  p->ops->stalled(p);
}

void arpc__pipes_watch(arpc__pipes *p) {
  int still = p->full || (p->transport && p->transport->unsent);
  if (!still) arpc__timer_stop(p->rt, &p->timer);
  else if (p->stall && !arpc__timer_armed(&p->timer)) arpc__timer_start(p->rt, &p->timer, p->stall, on_stall);
}

void arpc__pipes_carry(arpc__pipes *p, arpc__transport *t, arpc__buf *out, uint16_t max_fragment, int transfer,
                       arpc__list *carried) {
  p->transport = t;
  p->out = out;
  p->max_fragment = max_fragment;
  p->transfer = (uint8_t)transfer;
  arpc__list_append(carried, &p->node);
  arpc__pipes_first_pulled(p);
  arpc__dirty(p->rt, &p->writing);
}

void arpc__pipes_let_go(arpc__pipes *p) {
  if (p->full) p->ops->reading(p, 1);
  p->full = 0;
  if (p->transport) p->transport->read_most = 0;
  p->transport = NULL;
  arpc__list_remove(&p->node);
  arpc__clean(&p->writing);
  arpc__timer_stop(p->rt, &p->timer);
}
