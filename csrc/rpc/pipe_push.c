/* Pushing. Small chunks gather in `pending` until the turn's flush makes a fragment of them; a large one goes from
 * the caller's memory straight to the transport, behind what was pending.
 *
 * The bytes of every fragment but the last are to be a multiple of 8: there are receivers that rely on it. What is odd
 * waits for a turn, whether more comes; then it goes as it is, since somebody may wait for it. */
#include "rpc/pipe.h"

enum { DIRECT = 4096 };

size_t arpc__pipes_queued(const arpc__pipes *p) {
  return arpc__buf_unread(&p->pending) + (p->transport ? arpc__buf_unread(p->out) + p->transport->unsent : 0);
}

int arpc__pipes_put(arpc__pipes *p, const void *bytes, size_t n) {
  arpc__buf_put(&p->pending, bytes, n);
  p->written += n;
  return !p->pending.error;
}

/* ---- fragments ---------------------------------------------------------------------------------*/

/* The head of a fragment with n bytes, and those of them that are pending. */
static void put_fragment(arpc__pipes *p, size_t n, size_t pending, uint8_t flags) {
  if (!p->begun) flags |= ARPC__PFC_FIRST;
  p->begun = 1;
  if (!arpc__write_stub_head(p->out, &p->head, flags, n)) p->out->error = ARPC_S_OUT_OF_MEMORY;
  arpc__buf_put(p->out, p->pending.data + p->pending.pos, pending);
  p->pending.pos += pending;
}

static void put_full(arpc__pipes *p, size_t share) {
  while (arpc__buf_unread(&p->pending) > share) put_fragment(p, share, share, 0);
}

void arpc__pipes_emit(arpc__pipes *p, int last) {
  size_t share = arpc__stub_share(&p->head, p->max_fragment);
  p->ops->writes(p);
  if (p->pending.error) p->out->error = p->pending.error;
  put_full(p, share);
  size_t n = arpc__buf_unread(&p->pending);
  if (n || last || !p->begun) put_fragment(p, n, n, last ? ARPC__PFC_LAST : 0);
  p->ended |= (uint8_t)last;
  arpc__buf_clear(&p->pending);
  p->ops->wrote(p);
}

size_t arpc__pipes_emit_even(arpc__pipes *p) {
  size_t n = arpc__buf_unread(&p->pending), odd = n & 7;
  if (!odd || p->pending.error) {
    arpc__pipes_emit(p, 0);
    return 0;
  }
  if (n < 8) return odd;
  uint8_t rest[8];
  p->pending.len -= odd;
  memcpy(rest, p->pending.data + p->pending.len, odd);
  arpc__pipes_emit(p, 0);
  arpc__buf_put(&p->pending, rest, odd);
  return odd;
}

/* What is left at the end goes with the next chunk, or with the turn. */
static void send_now(arpc__pipes *p, const uint8_t *bytes, size_t len) {
  size_t share = arpc__stub_share(&p->head, p->max_fragment);
  p->written += len;
  while (len >= DIRECT && p->transport) {
    p->ops->writes(p);
    put_full(p, share);
    size_t pending = arpc__buf_unread(&p->pending), n = len < share - pending ? len : share - pending;
    n -= (pending + n) & 7;
    put_fragment(p, pending + n, pending, 0);
    arpc__buf_clear(&p->pending);
    p->ops->send(p, bytes, n);
    bytes += n;
    len -= n;
  }
  arpc__buf_put(&p->pending, bytes, len);
}

/* ---- chunks ------------------------------------------------------------------------------------*/

/* The next multiple of align, which is at most 8. */
static void put_gap(arpc__pipes *p, size_t align) {
  static const uint8_t zeros[8];
  arpc__pipes_put(p, zeros, (0 - p->written) & (align - 1));
}

static void put_word(arpc__pipes *p, uint64_t v) {
  uint8_t bytes[8];
  size_t size = p->transfer == ARPC_NDR64 ? 8 : 4;
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(v >> 8 * i);
  put_gap(p, size);
  arpc__pipes_put(p, bytes, size);
}

static void put_end(arpc__pipes *p) {
  put_word(p, 0);
  if (p->transfer == ARPC_NDR64) put_word(p, 0);
}

static int way_is_free(const arpc__pipes *p) {
  return !p->server || arpc__pipes_pulled_all(p);
}

static arpc_status may_push(const arpc__pipes *p, uint32_t pipe) {
  if (pipe >= p->count) return ARPC_S_INVALID_ARG;
  if (!(p->types[pipe].directions & p->pushes)) return ARPC_X_WRONG_PIPE_ORDER;
  if (pipe < p->push_at) return ARPC_X_PIPE_CLOSED;
  return pipe > p->push_at || !way_is_free(p) ? ARPC_X_WRONG_PIPE_ORDER : ARPC_S_OK;
}

int arpc__pipes_have_room(const arpc__pipes *p, size_t size) {
  size_t queued = arpc__pipes_queued(p);
  return p->transport && p->turn <= p->high && (!queued || (queued < p->high && size <= p->high - queued));
}

/* Bytes of n elements, the last of which has no gap behind it. */
static int size_of(const arpc_pipe_type *t, int s, size_t n, size_t *ret) {
  size_t stride = (t->size[s] + t->align[s] - 1) & ~(size_t)(t->align[s] - 1);
  return arpc__mul(n - 1, stride, ret) && arpc__add(*ret, t->size[s], ret);
}

static arpc_status refuse(arpc__pipes *p, size_t size) {
  p->refused = 1;
  p->wanted = size;
  if (p->transport) arpc__dirty(p->rt, &p->writing); /* which looks again at the end of the turn */
  return ARPC_S_ASYNC_CALL_PENDING;
}

enum { FRAME = 40 }; /* what goes around elements: counts and gaps */

arpc_status arpc__pipes_push(arpc__pipes *p, uint32_t pipe, const void *elements, size_t n) {
  arpc_status status = may_push(p, pipe);
  if (p->over || status) return p->over ? p->over : status;
  const arpc_pipe_type *t = &p->types[pipe];
  int s = p->transfer == ARPC_NDR64;
  size_t size;
  if (!n) return ARPC_S_OK;
  if (n > INT32_MAX || (t->ranged && (n < t->low || n > t->high))) return ARPC_S_INVALID_BOUND;
  if (!p->transport) return refuse(p, 0);
  if (!size_of(t, s, n, &size)) return ARPC_S_OUT_OF_MEMORY;
  if (!arpc__pipes_have_room(p, size)) return refuse(p, size);
  if (!arpc__buf_grow(&p->pending, FRAME + (size < DIRECT ? size : DIRECT))) {
    p->pending.error = 0;
    return ARPC_S_OUT_OF_MEMORY;
  }
  p->refused = 0;
  p->owes = 1;
  p->turn += size;
  arpc__dirty(p->rt, &p->writing);
  put_word(p, n);
  put_gap(p, t->align[s]);
  if (size >= DIRECT) send_now(p, elements, size);
  else arpc__pipes_put(p, elements, size);
  if (s) put_word(p, 0 - (uint64_t)n);
  return ARPC_S_OK;
}

static void end_pipe(arpc__pipes *p) {
  put_end(p);
  p->owes = 1;
  arpc__dirty(p->rt, &p->writing);
}

/* A client's request ends with its last pipe. */
arpc_status arpc__pipes_close(arpc__pipes *p, uint32_t pipe) {
  arpc_status status = may_push(p, pipe);
  if (p->over || status) return p->over ? p->over : status;
  p->push_at = arpc__pipes_next(p, pipe + 1, p->pushes);
  p->refused = 0;
  if (!p->transport) {
    p->early++;
    return ARPC_S_OK;
  }
  end_pipe(p);
  if (!p->server && arpc__pipes_pushed_all(p)) arpc__pipes_emit(p, 1);
  return ARPC_S_OK;
}

void arpc__pipes_begin(arpc__pipes *p) {
  p->owes = 1;
  for (; p->early; p->early--) end_pipe(p);
  if (!p->server && arpc__pipes_pushed_all(p)) arpc__pipes_emit(p, 1);
}
