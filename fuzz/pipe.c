/* The pipe reader over elements of a fixed set, against a plain reading of the same bytes that has them all at once.
 * In one piece and in portions it gives the same elements, in the same chunks, with the same end; and what was read
 * makes a pipe that reads the same.
 *
 * Input: the elements' number, a byte of options (1 NDR20, 2 big endian, 4 a range of counts, 0x38 where the pipe
 * begins, modulo 8), 6 sizes of portions that take turns (0: the rest; the low bits also say how many elements are
 * asked for), the bytes. */
#include "fuzz.h"
#include "ndr/pipe.h"
#include "tree.h"

enum { BYTE, SHORT, LONG, HYPER, PAIR, RIAP, ODDS, SMALL, TRIPLE, MIXED, TYPES };
enum { LOW = 2, HIGH = 5, SIZES = 6, MOST_VALUES = 1 << 16, MOST_CHUNKS = 1 << 12 };

static arpc__ndr_type of[TYPES], chunks[2][TYPES]; /* [1]: with a range */

#define INT_OF(n, f) {.kind = ARPC__NDR_INT, .flags = f, .size = {n, n}}
#define LIST_OF(m) {.kind = ARPC__NDR_STRUCT, .list = {.members = m, .count = sizeof m / sizeof *m}}
#define MEMBER(t) {.name = "m", .type = &of[t], .slot = -1}
static arpc__ndr_member pair[] = {MEMBER(LONG), MEMBER(HYPER)}, riap[] = {MEMBER(HYPER), MEMBER(LONG)},
                        odds[] = {MEMBER(BYTE), MEMBER(SHORT), MEMBER(BYTE)},
                        mixed[] = {MEMBER(SMALL), MEMBER(TRIPLE), MEMBER(PAIR), MEMBER(BYTE)};

/* What they take, in NDR20 and NDR64, worked out by hand. */
static const struct {
  uint8_t unit[2], align[2], values;
} facts[TYPES] = {
    [BYTE] = {{1, 1}, {1, 1}, 1},     [SHORT] = {{2, 2}, {2, 2}, 1},  [LONG] = {{4, 4}, {4, 4}, 1},
    [HYPER] = {{8, 8}, {8, 8}, 1},    [PAIR] = {{16, 16}, {8, 8}, 2}, [RIAP] = {{12, 16}, {8, 8}, 2},
    [ODDS] = {{5, 6}, {2, 2}, 3},     [SMALL] = {{2, 4}, {2, 4}, 1},  [TRIPLE] = {{6, 6}, {2, 2}, 3},
    [MIXED] = {{25, 40}, {8, 8}, 7},
};

static void set_up(void) {
  static int done;
  uint32_t at;
  if (done++) return;
  const arpc__ndr_type all[TYPES] = {
      [BYTE] = INT_OF(1, 0), [SHORT] = INT_OF(2, ARPC__NDR_SIGNED), [LONG] = INT_OF(4, ARPC__NDR_SIGNED),
      [HYPER] = INT_OF(8, ARPC__NDR_SIGNED), [PAIR] = LIST_OF(pair), [RIAP] = LIST_OF(riap), [ODDS] = LIST_OF(odds),
      [SMALL] = {.kind = ARPC__NDR_ENUM, .flags = ARPC__NDR_RANGED, .size = {2, 4}, .low = {0, 0}, .high = {999, 999}},
      [TRIPLE] = {.kind = ARPC__NDR_ARRAY, .of = &of[SHORT], .count = 3}, [MIXED] = LIST_OF(mixed)};
  memcpy(of, all, sizeof of);
  FUZZ_CHECK(!arpc__ndr_layout(of, TYPES, &at));
  for (int ranged = 0; ranged < 2; ranged++) {
    for (int i = 0; i < TYPES; i++)
      chunks[ranged][i] = (arpc__ndr_type){
          .kind = i == BYTE ? ARPC__NDR_TEXT : ARPC__NDR_ARRAY, .of = i == BYTE ? NULL : &of[i], .low = {LOW, LOW}, .high = {HIGH, HIGH},
          .flags = (uint16_t)(ARPC__NDR_CONFORMANT | (ranged ? ARPC__NDR_RANGED : 0))};
    FUZZ_CHECK(!arpc__ndr_layout(chunks[ranged], TYPES, &at));
    for (int i = 0; i < TYPES; i++) FUZZ_CHECK(!arpc__ndr_pipe_check(&chunks[ranged][i]));
  }
  for (int i = 0; i < TYPES; i++) FUZZ_CHECK(arpc__ndr_pipe_check(&of[i]));
}

/* ---- what a reading brings ---------------------------------------------------------------------*/

enum { MORE, ENDED, BAD };

typedef struct found {
  int outcome;
  size_t used;                   /* ENDED: bytes that were the pipe's */
  int64_t values[MOST_VALUES];   /* of the elements given, until one had contents that cannot be */
  size_t nvalues, nelements;     /* elements: all that were there */
  int refused;                   /* there was such a one */
  uint32_t count[MOST_CHUNKS];   /* of the chunks that were whole */
  size_t nchunks;
} found;

typedef struct pipe_case {
  const uint8_t *bytes; /* begin at a multiple of 8; the pipe `offset` later */
  size_t len, offset;
  unsigned kind, s, big, ranged;
  const uint8_t *sizes;
} pipe_case;

static uint64_t word(const pipe_case *c, size_t at) {
  uint64_t v = 0;
  for (unsigned n = c->s ? 8 : 4, i = 0; i < n; i++) v |= (uint64_t)c->bytes[at + i] << 8 * (c->big ? n - 1 - i : i);
  return v;
}

static size_t aligned(size_t at, size_t n) {
  return (at + n - 1) / n * n;
}

/* The plain reading: where each element lies, and how it ends. */
static int plain(const pipe_case *c, size_t *places, size_t most, size_t *ret_n, size_t *ret_used) {
  size_t at = c->offset, size = c->s ? 8 : 4, unit = facts[c->kind].unit[c->s];
  *ret_n = 0;
  for (;;) {
    at = aligned(at, size);
    if (at + size > c->len) return MORE;
    uint64_t n = word(c, at);
    at += size;
    if (n > INT32_MAX || (n && c->ranged && (n < LOW || n > HIGH))) return BAD;
    for (uint64_t i = 0; i < n; i++, at += unit) {
      at = aligned(at, facts[c->kind].align[c->s]);
      if (at + unit > c->len) return MORE;
      FUZZ_CHECK(*ret_n < most);
      places[(*ret_n)++] = at;
    }
    if (c->s) {
      at = aligned(at, size);
      if (at + size > c->len) return MORE;
      if (word(c, at) + n) return BAD;
      at += size;
    }
    *ret_used = at - c->offset;
    if (!n) return ENDED;
  }
}

/* ---- the reader --------------------------------------------------------------------------------*/

static void take_values(const fuzz_node *x, found *f) {
  if (x->type) {
    for (size_t i = 0; i < x->n && x->kids[i]; i++) take_values(x->kids[i], f);
    return;
  }
  FUZZ_CHECK(f->nvalues < MOST_VALUES);
  f->values[f->nvalues++] = x->v;
}

/* Only what was given whole: an element that is refused leaves nothing. */
static void give(const pipe_case *c, const arpc__ndr_pipe *p, const uint8_t *at, uint32_t n, found *f) {
  fuzz_tree w = {.fed = (size_t)n * p->stride, .most = SIZE_MAX};
  if (f->refused || !p->chunk) return;
  arpc_status error = arpc__ndr_pipe_give(p, at, n, (int)c->big, &fuzz_tree_sink, &w);
  if (c->kind == BYTE) {
    FUZZ_CHECK(!error && w.top == 1 && f->nvalues + n <= MOST_VALUES);
    for (uint32_t i = 0; i < n; i++) f->values[f->nvalues++] = at[i];
  } else {
    FUZZ_CHECK(w.top && w.stack[0]->type == p->chunk && w.stack[0]->n == n);
    FUZZ_CHECK(!error == (w.top == 1 && (!n || w.stack[0]->kids[n - 1])));
    take_values(w.stack[0], f);
    f->refused = error != 0;
  }
  fuzz_tree_drop(&w);
}

static void note(const arpc__ndr_pipe *p, found *f) {
  if (p->left) return;
  FUZZ_CHECK(f->nchunks < MOST_CHUNKS);
  f->count[f->nchunks++] = p->count;
}

/* Takes what there is in the bytes from..upto, which are copied to memory that ends where they end; gives how far
 * it came. */
static size_t take_some(const pipe_case *c, arpc__ndr_pipe *p, size_t from, size_t upto, uint32_t most, const size_t *places, found *f) {
  size_t base = from & ~(size_t)7;
  uint8_t *own = fuzz_own(c->bytes + base, upto - base);
  arpc__reader r = arpc__reader_of(own, upto - base, (int)c->big);
  arpc__ndr_pipe_event event;
  r.pos = from - base;
  uint32_t n;
  const uint8_t *at;
  for (;;) {
    arpc__ndr_pipe_event soon = p->chunk ? ARPC__NDR_PIPE_MORE : arpc__ndr_pipe_ready(p, &r);
    event = arpc__ndr_pipe_next(p, &r, most, &n, &at);
    FUZZ_CHECK(p->chunk || soon == event);
    if (event != ARPC__NDR_PIPE_ELEMENTS) break;
    size_t unit = facts[c->kind].unit[c->s], stride = aligned(unit, facts[c->kind].align[c->s]);
    FUZZ_CHECK(n && n <= most && n + p->left <= p->count && p->unit == unit && p->stride == stride);
    FUZZ_CHECK(at + (n - 1) * stride + unit == own + r.pos);
    fuzz_read(at, (n - 1) * stride + unit);
    for (uint32_t i = 0; i < n; i++) FUZZ_CHECK((size_t)(at - own) + base + i * stride == places[f->nelements + i]);
    f->nelements += n;
    give(c, p, at, n, f);
    note(p, f);
  }
  f->outcome = event == ARPC__NDR_PIPE_END ? ENDED : r.error ? BAD : MORE;
  if (f->outcome == BAD) FUZZ_CHECK(r.error == ARPC_X_BAD_STUB_DATA);
  if (f->outcome == MORE) FUZZ_CHECK(r.len - r.pos < arpc__ndr_pipe_need(p, &r) && r.len - r.pos < 7 + (p->unit > 8 ? p->unit : 8));
  free(own);
  return base + r.pos;
}

/* By the type of its chunks, or by sizes only. */
static void begin(const pipe_case *c, arpc__ndr_pipe *p, int by_size, found *f) {
  f->nvalues = f->nelements = f->nchunks = 0;
  f->refused = 0;
  f->outcome = MORE;
  int transfer = c->s ? ARPC_NDR64 : ARPC_NDR20;
  arpc_pipe_type t = {.align = {facts[c->kind].align[0], facts[c->kind].align[1]}, .ranged = (uint8_t)c->ranged, .low = LOW, .high = HIGH};
  for (int s = 0; s < 2; s++) t.size[s] = facts[c->kind].unit[s];
  if (by_size) arpc__ndr_pipe_open(p, &t, transfer);
  else arpc__ndr_pipe_begin(p, &chunks[c->ranged][c->kind], transfer);
}

static void read_whole(const pipe_case *c, const size_t *places, found *f) {
  arpc__ndr_pipe p;
  begin(c, &p, 0, f);
  f->used = take_some(c, &p, c->offset, c->len, UINT32_MAX, places, f) - c->offset;
}

static void read_portions(const pipe_case *c, int by_size, const size_t *places, found *f) {
  arpc__ndr_pipe p;
  size_t from = c->offset, upto = c->offset;
  begin(c, &p, by_size, f);
  for (unsigned turn = 0; f->outcome == MORE && upto < c->len; turn++) {
    size_t n = c->sizes[turn % SIZES];
    upto = n && n < c->len - upto ? upto + n : c->len;
    from = take_some(c, &p, from, upto, 1 + n % 5, places, f);
  }
  f->used = from - c->offset;
}

static void same(const found *a, const found *b) {
  FUZZ_CHECK(a->nvalues == b->nvalues && !memcmp(a->values, b->values, a->nvalues * sizeof *a->values));
  FUZZ_CHECK(a->refused == b->refused && a->nchunks == b->nchunks && !memcmp(a->count, b->count, a->nchunks * sizeof *a->count));
  FUZZ_CHECK(a->nelements == b->nelements);
}

/* ---- written again -----------------------------------------------------------------------------*/

typedef struct cursor {
  const found *from;
  size_t at, n;
  char text[MOST_VALUES];
} cursor;

static size_t from_count(void *arg, const arpc__ndr_type *t) {
  return t == &of[TRIPLE] ? 3 : ((cursor *)arg)->n;
}
static int64_t from_integer(void *arg, const arpc__ndr_type *t, int s) {
  cursor *c = arg;
  (void)t, (void)s;
  return c->from->values[c->at++];
}
static const char *from_text(void *arg, const arpc__ndr_type *t, size_t *ret) {
  cursor *c = arg;
  (void)t;
  *ret = c->n;
  for (size_t i = 0; i < c->n; i++) c->text[i] = (char)c->from->values[c->at++];
  return c->text;
}
static void from_type(void *arg, const arpc__ndr_type *t) {
  (void)arg, (void)t;
}
static void from_member(void *arg, const arpc__ndr_member *m) {
  (void)arg, (void)m;
}
static void from_element(void *arg, size_t i) {
  (void)arg, (void)i;
}
static void from_leave(void *arg) {
  (void)arg;
}
static void from_refuse(void *arg, const char *why) {
  fuzz_read(why, strlen(why));
  (void)arg;
}
static const arpc__ndr_source source = {.count = from_count, .integer = from_integer, .text = from_text, .open = from_type,
                                        .member = from_member, .element = from_element, .leave = from_leave,
                                        .refuse = from_refuse};

static void write_again(const pipe_case *c, const found *f, const size_t *places) {
  static cursor from;
  static found again;
  arpc__buf out;
  arpc__buf_init(&out, 0);
  arpc__writer w = {.buf = &out};
  for (size_t i = 0; i < c->offset; i++) arpc__put8(&w, 0xee);
  from.from = f;
  from.at = 0;
  int transfer = c->s ? ARPC_NDR64 : ARPC_NDR20;
  for (size_t i = 0; i < f->nchunks; i++) {
    from.n = f->count[i];
    arpc__ndr_pipe_put(&chunks[c->ranged][c->kind], transfer, &w, &source, &from);
    from.n = 0;
    arpc__ndr_pipe_put(&chunks[c->ranged][c->kind], transfer, &w, &source, &from); /* nothing */
  }
  arpc__ndr_pipe_end(transfer, &w);
  FUZZ_CHECK(!out.error && from.at == f->nvalues && out.len - c->offset == f->used);
  pipe_case ours = {.bytes = out.data, .len = out.len, .offset = c->offset, .kind = c->kind, .s = c->s, .ranged = c->ranged};
  read_whole(&ours, places, &again);
  FUZZ_CHECK(again.outcome == ENDED && again.used == f->used);
  same(f, &again);
  from.n = c->ranged ? HIGH + 1 : (size_t)INT32_MAX + 1;
  arpc__ndr_pipe_put(&chunks[c->ranged][c->kind], transfer, &w, &source, &from);
  FUZZ_CHECK(out.error == ARPC_S_INVALID_ARG);
  arpc__buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static found whole, parts;
  static size_t places[MOST_VALUES];
  size_t n, used = 0;
  set_up();
  if (size < 2 + SIZES || size > 8000) return 0;
  pipe_case c = {.kind = data[0] % TYPES, .s = !(data[1] & 1), .big = data[1] >> 1 & 1, .ranged = data[1] >> 2 & 1,
                 .offset = data[1] >> 3 & 7, .sizes = data + 2};
  c.len = c.offset + size - 2 - SIZES;
  uint8_t *stub = malloc(c.len + 1);
  memset(stub, 0xee, c.offset);
  memcpy(stub + c.offset, data + 2 + SIZES, c.len - c.offset);
  c.bytes = stub;
  int outcome = plain(&c, places, MOST_VALUES, &n, &used);
  read_whole(&c, places, &whole);
  FUZZ_CHECK(whole.outcome == outcome && whole.nelements == n && (outcome != ENDED || whole.used == used));
  for (int by_size = 2; by_size--;) {
    read_portions(&c, by_size, places, &parts);
    FUZZ_CHECK((c.len == c.offset || parts.outcome == outcome) && (outcome != ENDED || parts.used == used));
    if (!by_size) same(&whole, &parts);
    else FUZZ_CHECK(parts.nelements == n && parts.nchunks == whole.nchunks);
  }
  if (outcome == ENDED && !whole.refused) {
    FUZZ_CHECK(whole.nvalues == n * facts[c.kind].values);
    write_again(&c, &whole, places);
  }
  free(stub);
  return 0;
}
