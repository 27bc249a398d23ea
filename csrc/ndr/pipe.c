#include "ndr/pipe.h"

#include "base/plant.h"
#include "ndr/decoder.h"
#include "ndr/encoder.h"

#include <inttypes.h>
#include <stdio.h>

enum { COUNT, ELEMENTS, AGAIN, LAST, ENDED }; /* what is next; AGAIN and LAST: NDR64's second counts */

/* ---- sizes -------------------------------------------------------------------------------------*/
static uint64_t upto(uint64_t n, uint64_t align) {
  return (n + align - 1) & ~(align - 1);
}

static uint64_t extent(const arpc__ndr_type *t, int s);

/* Bytes of n elements, the last of which has nothing behind it. */
static uint64_t repeated(const arpc__ndr_type *of, uint64_t n, int s) {
  uint64_t one = extent(of, s);
  return one ? (n - 1) * upto(one, of->align[s]) + one : 0;
}

static uint64_t of_struct(const arpc__ndr_type *t, int s) {
  uint64_t total = 0;
  for (uint16_t i = 0; i < t->list.count; i++) {
    const arpc__ndr_type *m = t->list.members[i].type;
    uint64_t one = extent(m, s);
    if (!one) return 0;
    total = upto(total, m->align[s]) + one;
  }
  return s ? upto(total, t->align[1]) : total;
}

/* Bytes of a value that begins at its alignment; 0 when that depends on the value, or it holds what no pipe may. */
static uint64_t extent(const arpc__ndr_type *t, int s) {
  int counted = t->flags & (ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING | ARPC__NDR_POINTERS);
  if (counted || t->maximum.count || t->actual.count) return 0;
  switch (t->kind) {
    case ARPC__NDR_INT: case ARPC__NDR_BOOL: case ARPC__NDR_ENUM: case ARPC__NDR_FLOAT: case ARPC__NDR_UUID:
      return t->size[s];
    case ARPC__NDR_TEXT: return (uint64_t)t->count * (t->flags & ARPC__NDR_WIDE ? 2 : 1);
    case ARPC__NDR_ARRAY: return repeated(t->of, t->count, s);
    case ARPC__NDR_STRUCT: return of_struct(t, s);
    default: return 0;
  }
}

static uint64_t unit_of(const arpc__ndr_type *chunk, int s) {
  return chunk->kind == ARPC__NDR_ARRAY ? extent(chunk->of, s) : 1;
}

const char *arpc__ndr_pipe_check(const arpc__ndr_type *chunk) {
  static const unsigned known = ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING | ARPC__NDR_DIMENSION | ARPC__NDR_WIDE;
  int open = (chunk->flags & known) == ARPC__NDR_CONFORMANT;
  if ((chunk->kind != ARPC__NDR_ARRAY && chunk->kind != ARPC__NDR_TEXT) || !open || chunk->maximum.count)
    return "a pipe's chunks are no arrays";
  for (int s = 0; s < 2; s++)
    if (!unit_of(chunk, s) || unit_of(chunk, s) > 65536) return "a pipe's elements have no fixed size, or one beyond 64 KiB";
  return NULL;
}

/* ---- writing -----------------------------------------------------------------------------------*/
static uint32_t within(int64_t bound) {
  return bound < 0 ? 0 : bound > INT32_MAX ? INT32_MAX : (uint32_t)bound;
}

/* How many elements a chunk may have. */
static void range_of(const arpc__ndr_type *chunk, int s, uint32_t *ret_low, uint32_t *ret_high) {
  int ranged = chunk->flags & ARPC__NDR_RANGED;
  *ret_low = ranged ? within(chunk->low[s]) : 0;
  *ret_high = ranged ? within(chunk->high[s]) : INT32_MAX;
}

static int in_range(const arpc__ndr_type *chunk, int s, uint64_t n) {
  uint32_t low, high;
  range_of(chunk, s, &low, &high);
  return n >= low && n <= high;
}

static void put_text(arpc__encoder *e, const arpc__ndr_type *chunk) {
  size_t len;
  const char *text = e->from->text(e->arg, chunk, &len);
  arpc__buf_put(e->w->buf, text, len);
}

static void put_elements(arpc__encoder *e, const arpc__ndr_type *chunk, size_t first, size_t n) {
  for (size_t i = first; i < first + n && !e->w->buf->error; i++) {
    e->from->element(e->arg, i);
    arpc__encode_flat(e, chunk->of);
    e->from->leave(e->arg);
  }
}

static arpc__encoder encoder_of(int transfer, arpc__writer *w, const arpc__ndr_source *source, void *arg) {
  static const int64_t no_slots[ARPC__NDR_SLOTS];
  return (arpc__encoder){.w = w, .from = source, .arg = arg, .slots = no_slots,
                         .deepest = ARPC__NDR_DEPTH, .s = (uint8_t)arpc__ndr_syntax(transfer)};
}

void arpc__ndr_pipe_elements(const arpc__ndr_type *chunk, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                             void *arg, size_t first, size_t n) {
  arpc__encoder e = encoder_of(transfer, w, source, arg);
  put_elements(&e, chunk, first, n);
}

void arpc__ndr_pipe_put(const arpc__ndr_type *chunk, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                        void *arg) {
  arpc__encoder e = encoder_of(transfer, w, source, arg);
  size_t n = source->count(arg, chunk);
  if (!n) return;
  if (!in_range(chunk, e.s, n)) {
    char why[80];
    snprintf(why, sizeof why, "a chunk of %zu elements is out of range", n);
    arpc__encode_refuse(&e, why);
    return;
  }
  arpc__encode_word(&e, n);
  if (chunk->kind == ARPC__NDR_TEXT) put_text(&e, chunk);
  else put_elements(&e, chunk, 0, n);
  if (e.s) arpc__encode_word(&e, 0 - (uint64_t)n);
}

void arpc__ndr_pipe_end(int transfer, arpc__writer *w) {
  size_t size = arpc__ndr_syntax(transfer) ? 8 : 4;
  arpc__write_align(w, size);
  uint8_t *at = arpc__buf_add(w->buf, size == 8 ? 16 : 4);
  if (at) memset(at, 0, size == 8 ? 16 : 4);
}

/* ---- reading -----------------------------------------------------------------------------------*/
void arpc__ndr_pipe_begin(arpc__ndr_pipe *p, const arpc__ndr_type *chunk, int transfer) {
  int s = arpc__ndr_syntax(transfer);
  *p = (arpc__ndr_pipe){.chunk = chunk, .s = (uint8_t)s, .align = chunk->align[s]};
  p->unit = (uint32_t)unit_of(chunk, s);
  p->stride = (uint32_t)upto(p->unit, p->align);
  range_of(chunk, s, &p->low, &p->high);
}

void arpc__ndr_pipe_open(arpc__ndr_pipe *p, const arpc_pipe_type *type, int transfer) {
  int s = arpc__ndr_syntax(transfer);
  *p = (arpc__ndr_pipe){.s = (uint8_t)s, .align = type->align[s], .unit = type->size[s], .high = INT32_MAX};
  p->stride = (uint32_t)upto(p->unit, p->align);
  if (!type->ranged) return;
  p->low = type->low;
  p->high = within(type->high);
}

/* Whether n bytes are there at the next multiple of align; *ret_gap is what stands in front of them. */
static int there(const arpc__reader *r, size_t n, size_t align, size_t *ret_gap) {
  *ret_gap = (0 - r->pos) & (align - 1);
  return !r->error && r->len - r->pos >= *ret_gap + n;
}

static int take_word(const arpc__ndr_pipe *p, arpc__reader *r, uint64_t *ret) {
  size_t gap, size = p->s ? 8 : 4;
  if (!there(r, size, size, &gap)) return 0;
  arpc__take(r, gap);
  *ret = p->s ? arpc__get64(r) : arpc__get32(r);
  return 1;
}

static int take_count(arpc__ndr_pipe *p, arpc__reader *r) {
  uint64_t n;
  if (!take_word(p, r, &n)) return 0;
  if (n && (n < p->low || n > p->high)) {
    arpc__fail(r, ARPC_X_BAD_STUB_DATA);
    return 0;
  }
  p->count = p->left = (uint32_t)n;
  p->state = n ? ELEMENTS : p->s ? LAST : ENDED;
  return 1;
}

static int take_again(arpc__ndr_pipe *p, arpc__reader *r) {
  uint64_t n;
  if (!take_word(p, r, &n)) return 0;
  if (n != 0 - (uint64_t)p->count) {
    arpc__fail(r, ARPC_X_BAD_STUB_DATA);
    return 0;
  }
  p->state = p->state == LAST ? ENDED : COUNT;
  return 1;
}

/* How many whole elements lie behind the gap. */
static uint32_t take_elements(arpc__ndr_pipe *p, arpc__reader *r, uint32_t most, const uint8_t **ret_at) {
  size_t gap, align = ARPC__PLANTED(15) && p->left < p->count ? 1 : p->align;
  if (!there(r, p->unit, align, &gap)) return 0;
  uint64_t n = 1 + (r->len - r->pos - gap - p->unit + ARPC__PLANTED(14)) / p->stride;
  if (n > most) n = most;
  if (n > p->left) n = p->left;
  arpc__take(r, gap);
  *ret_at = arpc__take(r, (size_t)((n - 1) * p->stride + p->unit));
  p->left -= (uint32_t)n;
  if (!p->left) p->state = p->s ? AGAIN : COUNT;
  return (uint32_t)n;
}

arpc__ndr_pipe_event arpc__ndr_pipe_ready(arpc__ndr_pipe *p, arpc__reader *r) {
  size_t gap;
  for (;;) {
    if (p->state == ENDED) return ARPC__NDR_PIPE_END;
    if (p->state == ELEMENTS) return there(r, p->unit, p->align, &gap) ? ARPC__NDR_PIPE_ELEMENTS : ARPC__NDR_PIPE_MORE;
    if (!(p->state == COUNT ? take_count : take_again)(p, r)) return ARPC__NDR_PIPE_MORE;
  }
}

size_t arpc__ndr_pipe_need(const arpc__ndr_pipe *p, const arpc__reader *r) {
  size_t size = p->state == ELEMENTS ? p->unit : p->s ? 8 : 4;
  size_t align = p->state == ELEMENTS ? p->align : size;
  return ((0 - r->pos) & (align - 1)) + size;
}

arpc__ndr_pipe_event arpc__ndr_pipe_next(arpc__ndr_pipe *p, arpc__reader *r, uint32_t most, uint32_t *ret_n,
                                         const uint8_t **ret_at) {
  for (;;) {
    if (p->state == ENDED) return ARPC__NDR_PIPE_END;
    if (p->state == ELEMENTS) {
      *ret_n = take_elements(p, r, most, ret_at);
      return *ret_n ? ARPC__NDR_PIPE_ELEMENTS : ARPC__NDR_PIPE_MORE;
    }
    if (!(p->state == COUNT ? take_count : take_again)(p, r)) return ARPC__NDR_PIPE_MORE;
  }
}

arpc_status arpc__ndr_pipe_give(const arpc__ndr_pipe *p, const uint8_t *at, uint32_t n, int big,
                                const arpc__ndr_sink *sink, void *arg) {
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  arpc__frame frame = {.slots = slots};
  arpc__reader r = arpc__reader_of(at, (size_t)(n - 1) * p->stride + p->unit, big);
  arpc__decoder d = {.r = &r, .to = sink, .arg = arg, .frame = &frame, .s = p->s, .deepest = ARPC__NDR_DEPTH};
  d.memory = INT64_MAX; /* as many elements as whoever reads asked for */
  if (p->chunk->kind == ARPC__NDR_TEXT) {
    sink->text(arg, p->chunk, at, n, big);
    return ARPC_S_OK;
  }
  if (!sink->begin(arg, p->chunk, n)) arpc__fail(&r, ARPC_X_BAD_STUB_DATA);
  for (uint32_t i = 0; i < n && !r.error; i++) {
    arpc__read_align(&r, p->align);
    arpc__decode_flat(&d, p->chunk->of);
    if (!r.error) sink->set(arg, NULL, i);
  }
  return r.error;
}
