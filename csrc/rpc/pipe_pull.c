/* Pulling. What comes is read where it lies, if somebody pulls it in the event that brought it; what is left after
 * that goes to the inbox. An element, or a count, that is half in the inbox is made whole there first. */
#include "rpc/pipe.h"

/* ---- the bytes ---------------------------------------------------------------------------------*/

/* At the inbox's cursor, or at what is coming in; aligned as the stub is. */
static arpc__reader reader(const arpc__pipes *p) {
  size_t skew = p->taken & 7;
  arpc__reader r = {.len = skew, .pos = skew, .big = p->big};
  if (arpc__buf_unread(&p->inbox)) {
    r.data = p->inbox.data;
    r.len = p->inbox.len;
    r.pos = p->inbox.pos;
  } else if (p->nhere) {
    r.data = p->here - skew;
    r.len = skew + p->nhere;
  }
  return r;
}

static void took(arpc__pipes *p, const arpc__reader *r) {
  size_t n;
  if (arpc__buf_unread(&p->inbox)) {
    n = r->pos - p->inbox.pos;
    p->inbox.pos = r->pos;
  } else {
    n = r->pos - (p->taken & 7);
    if (n) p->here += n;
    p->nhere -= n;
  }
  p->taken += n;
}

/* Behind what is there, which moves to the front when most of the room is used up, or the mark is reached. */
static void keep(arpc__pipes *p, size_t n) {
  arpc__buf *b = &p->inbox;
  size_t unread = arpc__buf_unread(b), skew = p->taken & 7;
  if (!n) return;
  if (!unread) {
    arpc__buf_clear(b);
    if (arpc__buf_add(b, skew)) memset(b->data, 0, skew);
    b->pos = skew;
  } else if (b->pos > unread + skew || (b->len + n > p->high && b->pos > skew + p->high / 16)) {
    memmove(b->data + skew, b->data + b->pos, unread);
    b->pos = skew;
    b->len = skew + unread;
  }
  arpc__buf_put(b, p->here, n);
  p->here += n;
  p->nhere -= n;
}

/* What the inbox lacks for the next step comes from behind it; 0: it is not here. */
static int complete(arpc__pipes *p, const arpc__reader *r) {
  size_t need = arpc__ndr_pipe_need(&p->reader, r), have = r->len - r->pos;
  if (!have || have >= need || p->nhere < need - have) return 0;
  keep(p, need - have);
  return !p->inbox.error;
}

/* ---- the pipe whose turn it is -----------------------------------------------------------------*/

enum { LEAST = 4096 }; /* bytes of a read, when there is hardly room */

/* What the inbox may still take, but for the beginning of a fragment, which lies elsewhere until it is whole. */
static size_t vacant(const arpc__pipes *p) {
  size_t used = arpc__buf_unread(&p->inbox) + p->high / 4;
  return used < p->high ? p->high - used : 0;
}

/* Whole fragments, if the peer's are as large as ours: then none of them has to be put together. */
static void limit_reads(arpc__pipes *p) {
  size_t most = vacant(p);
  if (!p->transport) return;
  if (most > p->max_fragment) most -= most % p->max_fragment;
  p->transport->read_most = arpc__pipes_pulled_all(p) ? 0 : most > LEAST ? (uint32_t)most : LEAST;
}

void arpc__pipes_first_pulled(arpc__pipes *p) {
  limit_reads(p);
  if (!arpc__pipes_pulled_all(p)) arpc__ndr_pipe_open(&p->reader, &p->types[p->pull_at], p->transfer);
}

/* A server's last pipe ends with the request: its answer may begin then. */
static int end_is_here(const arpc__pipes *p) {
  return !p->server || p->whole || arpc__pipes_next(p, p->pull_at + 1, p->pulls) < p->count;
}

/* What the next step needs is where `reader` looks, now that what was there has been taken. */
static int more_is_here(arpc__pipes *p) {
  arpc__reader r = reader(p);
  if (r.len - r.pos >= arpc__ndr_pipe_need(&p->reader, &r)) return 1;
  return arpc__buf_unread(&p->inbox) && complete(p, &r);
}

static void fail(arpc__pipes *p, arpc_status status) {
  if (!p->over) p->over = status;
  p->ops->broken(p, status);
}

/* Whatever stands between the end of the last pipe and that of the request belongs to nobody. */
static arpc__ndr_pipe_event wait_for_end(arpc__pipes *p) {
  p->nhere = 0;
  arpc__buf_clear(&p->inbox);
  return ARPC__NDR_PIPE_MORE;
}

/* What there is to be had. MORE with nothing to come is a failure, as is what is no pipe. */
static arpc__ndr_pipe_event ready(arpc__pipes *p) {
  for (;;) {
    arpc__reader r = reader(p);
    arpc__ndr_pipe_event event = arpc__ndr_pipe_ready(&p->reader, &r);
    took(p, &r);
    if (event == ARPC__NDR_PIPE_END && end_is_here(p)) return event;
    if (event == ARPC__NDR_PIPE_END) return wait_for_end(p);
    if (event != ARPC__NDR_PIPE_MORE) return event;
    if (!r.error && more_is_here(p)) continue;
    if (r.error || p->inbox.error) fail(p, r.error ? r.error : p->inbox.error);
    else if (p->whole) fail(p, ARPC_X_BAD_STUB_DATA);
    return ARPC__NDR_PIPE_MORE;
  }
}

/* There is room again, or no pipe left to leave room for; or what lies there is less than an element, and more is
 * waited for. */
static void read_on(arpc__pipes *p) {
  limit_reads(p);
  int room = arpc__buf_unread(&p->inbox) <= p->low || arpc__pipes_pulled_all(p);
  if (!p->full || (!room && !p->want)) return;
  p->full = 0;
  p->ops->reading(p, 1);
  arpc__pipes_watch(p);
}

static void look_for_end(arpc__pipes *p) {
  if (p->finished || p->coming || !p->whole || !arpc__pipes_pulled_all(p) || !p->ops->drained) return;
  p->finished = 1;
  p->ops->drained(p);
}

static void end_pipe(arpc__pipes *p) {
  p->pull_at = arpc__pipes_next(p, p->pull_at + 1, p->pulls);
  arpc__pipes_first_pulled(p);
  look_for_end(p);
}

static uint32_t take(arpc__pipes *p, size_t most, const uint8_t **ret) {
  arpc__reader r = reader(p);
  uint32_t n = 0;
  arpc__ndr_pipe_next(&p->reader, &r, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX, &n, ret);
  took(p, &r);
  return n;
}

/* ---- what comes --------------------------------------------------------------------------------*/

static void throw_away(arpc__pipes *p) {
  const uint8_t *at;
  while (!arpc__pipes_pulled_all(p)) {
    arpc__ndr_pipe_event event = ready(p);
    if (event == ARPC__NDR_PIPE_MORE) return;
    if (event == ARPC__NDR_PIPE_END) end_pipe(p);
    else take(p, UINT32_MAX, &at);
  }
}

void arpc__pipes_discard(arpc__pipes *p) {
  if (p->discard) return;
  p->discard = 1;
  if (p->transfer) throw_away(p);
  read_on(p);
}

/* Whoever waits is told in the event that brought it, and may pull from where it lies. */
static void tell(arpc__pipes *p) {
  if (!p->want) return;
  int something = ready(p) != ARPC__NDR_PIPE_MORE;
  if (!something && !(p->over && p->server)) return;
  p->want = 0;
  p->ops->tell(p, ARPC_RECEIVE_COMPLETE, 1);
}

static void keep_rest(arpc__pipes *p) {
  if (p->server && (p->over || arpc__pipes_pulled_all(p))) p->nhere = 0; /* belongs to nobody */
  keep(p, p->nhere);
  limit_reads(p);
  size_t unread = arpc__buf_unread(&p->inbox);
  if (p->inbox.error || (arpc__pipes_pulled_all(p) && unread > p->most_tail)) {
    fail(p, ARPC_S_OUT_OF_MEMORY);
    tell(p);
  }
  if (p->full || p->want || p->whole || p->discard || vacant(p) || arpc__pipes_pulled_all(p) || !p->transport) return;
  p->full = 1;
  p->ops->reading(p, 0);
  arpc__pipes_watch(p);
}

void arpc__pipes_data(arpc__pipes *p, const uint8_t *bytes, size_t n, int big, int last) {
  p->big = (uint8_t)big;
  p->whole |= (uint8_t)last;
  p->here = bytes;
  p->nhere = n;
  p->busy++;
  p->coming = 1;
  if (p->discard && !p->server) throw_away(p);
  else tell(p);
  if (!p->dead) keep_rest(p);
  p->coming = 0;
  if (!p->dead) look_for_end(p);
  p->busy--;
  if (p->dead) arpc__pipes_free(p);
}

/* ---- what is asked for -------------------------------------------------------------------------*/

static arpc_status may_pull(const arpc__pipes *p, uint32_t pipe) {
  if (pipe >= p->count) return ARPC_S_INVALID_ARG;
  if (!(p->types[pipe].directions & p->pulls)) return ARPC_X_WRONG_PIPE_ORDER;
  if (pipe < p->pull_at) return ARPC_X_PIPE_EMPTY;
  return pipe > p->pull_at || (!p->server && !arpc__pipes_pushed_all(p)) ? ARPC_X_WRONG_PIPE_ORDER : ARPC_S_OK;
}

arpc_status arpc__pipes_look(arpc__pipes *p, uint32_t pipe, size_t most, const void **ret, size_t *ret_n) {
  arpc_status status = most ? may_pull(p, pipe) : ARPC_S_INVALID_ARG;
  if (p->over || status) return p->over ? p->over : status;
  arpc__ndr_pipe_event event = p->transfer ? ready(p) : ARPC__NDR_PIPE_MORE;
  if (event == ARPC__NDR_PIPE_MORE) {
    p->want = !p->over;
    read_on(p);
    return p->over ? p->over : ARPC_S_ASYNC_CALL_PENDING;
  }
  const uint8_t *at = NULL;
  p->want = 0;
  *ret_n = event == ARPC__NDR_PIPE_ELEMENTS ? take(p, most, &at) : 0;
  *ret = at;
  if (!*ret_n) end_pipe(p);
  read_on(p);
  return ARPC_S_OK;
}

arpc_status arpc__pipes_pull(arpc__pipes *p, uint32_t pipe, void *elements, size_t most, size_t *ret_n) {
  const void *at;
  size_t n, got = 0, unit = p->reader.unit, stride = p->reader.stride;
  arpc_status status = arpc__pipes_look(p, pipe, most, &at, &n);
  if (status) return status;
  while (n) {
    memcpy((uint8_t *)elements + got * stride, at, (n - 1) * stride + unit);
    got += n;
    if (got == most || ready(p) != ARPC__NDR_PIPE_ELEMENTS) break;
    status = arpc__pipes_look(p, pipe, most - got, &at, &n);
    if (status) break;
  }
  *ret_n = got;
  return ARPC_S_OK;
}
