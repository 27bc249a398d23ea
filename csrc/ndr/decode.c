/* The decoder. Counts are compared with what they should be at the end of a list, when all its slots are
 * known: a count may stand behind its array. */
#include "base/plant.h"
#include "base/uuid.h"
#include "ndr/decoder.h"

typedef arpc__frame frame;
typedef arpc__decoder decoder;

static inline void flat(decoder *d, const arpc__ndr_type *t);
static void deferred(decoder *d, const arpc__ndr_type *t);
static inline void construct(decoder *d, const arpc__ndr_type *t, int inner, uint64_t number);

static int deeper(decoder *d) {
  if (d->r->error) return 0;
  if (++d->depth <= d->deepest || ARPC__PLANTED(12)) return 1;
  d->depth--;
  d->limit = "nested too deeply (max_depth)";
  arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
  return 0;
}

/* What hosts need for values, at a guess: composites and texts have a head, members stand in a table half full. */
enum { HEAD = 80, MEMBER = 48, ELEMENT = 16, UNIT = 3, MUCH = 16 };

static inline int charge(decoder *d, int64_t bytes) {
  if ((d->memory -= bytes) >= 0) return 1;
  d->limit = "it would take too much memory (max_memory)";
  arpc__fail(d->r, ARPC_S_OUT_OF_MEMORY);
  return 0;
}

static inline int begin(decoder *d, const arpc__ndr_type *t, size_t n, int64_t each) {
  if (!charge(d, HEAD + (int64_t)n * each)) return 0;
  if (d->to->begin(d->arg, t, n)) return 1;
  arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
  return 0;
}

/* n bytes at the next multiple of `align`; NULL and a failure when there are fewer. */
static inline const uint8_t *take(decoder *d, size_t n, size_t align) {
  arpc__read_align(d->r, align);
  return arpc__take(d->r, n);
}

/* Words at a place that has them. */
static inline uint64_t load64(const decoder *d, const uint8_t *at) {
  uint64_t v;
  memcpy(&v, at, sizeof v);
  return d->r->big == ARPC__HOST_BIG ? v : __builtin_bswap64(v);
}

static inline uint32_t load32(const decoder *d, const uint8_t *at) {
  uint32_t v;
  memcpy(&v, at, sizeof v);
  return d->r->big == ARPC__HOST_BIG ? v : __builtin_bswap32(v);
}

static inline uint64_t word_at(const decoder *d, const uint8_t *at) {
  return d->s ? load64(d, at) : load32(d, at);
}

/* ---- scalars -----------------------------------------------------------------------------------*/
static int64_t get_any(decoder *d, const arpc__ndr_type *t) {
  uint32_t size = t->size[d->s];
  int is_signed = t->flags & ARPC__NDR_SIGNED;
  const uint8_t *at = take(d, size, size);
  if (!at) return 0;
  if (size == 4) return is_signed ? (int32_t)load32(d, at) : (int64_t)load32(d, at);
  if (size == 8) return (int64_t)load64(d, at);
  if (size == 1) return is_signed ? (int8_t)*at : *at;
  uint16_t v = (uint16_t)(d->r->big ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
  return is_signed ? (int16_t)v : v;
}

static int64_t get_integer(decoder *d, const arpc__ndr_type *t) {
  int64_t v = get_any(d, t);
  if (t->flags & ARPC__NDR_RANGED && (v < t->low[d->s] || v > t->high[d->s])) arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
  return v;
}

static uint64_t get_word(decoder *d) {
  size_t size = d->s ? 8 : 4;
  const uint8_t *at = take(d, size, size);
  return at ? word_at(d, at) : 0;
}

static void integer(decoder *d, const arpc__ndr_type *t) {
  int64_t v = get_integer(d, t);
  if (!d->r->error) d->to->integer(d->arg, t, v);
}

static void number(decoder *d, const arpc__ndr_type *t) {
  double v;
  arpc__read_align(d->r, t->size[d->s]);
  if (t->size[d->s] == 8) {
    uint64_t bits = arpc__get64(d->r);
    memcpy(&v, &bits, sizeof v);
  } else {
    uint32_t bits = arpc__get32(d->r);
    float f;
    memcpy(&f, &bits, sizeof f);
    v = (double)f;
  }
  if (!d->r->error) d->to->number(d->arg, v);
}

static void uuid(decoder *d) {
  arpc_uuid u;
  arpc__read_align(d->r, 4);
  arpc__uuid_get(d->r, &u);
  if (!d->r->error) d->to->uuid(d->arg, &u);
}

static void context(decoder *d, const arpc__ndr_type *t) {
  arpc__ndr_context v;
  arpc__read_align(d->r, 4);
  v.attributes = arpc__get32(d->r);
  arpc__uuid_get(d->r, &v.uuid);
  if (t->flags & ARPC__NDR_REF && !v.attributes && arpc__uuid_nil(&v.uuid)) arpc__fail(d->r, ARPC_X_SS_CONTEXT_MISMATCH);
  if (!d->r->error) d->to->context(d->arg, t, &v);
}

/* ---- arrays ------------------------------------------------------------------------------------*/
/* The words in front of the elements; 0 after a failure. */
static inline int get_words(decoder *d, const arpc__ndr_type *t, uint64_t *most, uint64_t *offset, uint64_t *n) {
  size_t size = d->s ? 8 : 4, varying = t->flags & ARPC__NDR_VARYING ? 2 : 0;
  size_t words = varying + !!(t->flags & ARPC__NDR_CONFORMANT);
  *most = t->count;
  if (t->flags & ARPC__NDR_CONFORMANT && d->hoisted) {
    *most = d->most[0];
    words = varying;
    d->hoisted = 0;
    if (d->s) arpc__read_align(d->r, d->tail);
  }
  *offset = 0;
  if (words) {
    const uint8_t *at = take(d, words * size, size);
    if (!at) return 0;
    if (words & 1) *most = word_at(d, at), at += size;
    if (varying) *offset = word_at(d, at), *n = word_at(d, at + size);
  }
  if (!varying) *n = *most;
  return 1;
}

static void disagrees(decoder *d, const arpc__ndr_type *t) {
  arpc__fail(d->r, t->kind == ARPC__NDR_UNION ? ARPC_S_INVALID_TAG : ARPC_S_INVALID_BOUND);
}

/* Several values of one array in one frame must have the same counts. */
static void note(decoder *d, const arpc__ndr_type *t, uint32_t most, uint32_t n) {
  frame *f = d->frame;
  uint32_t bit = 1u << t->check;
  if (f->seen & bit && (f->maximum[t->check] != most || f->actual[t->check] != n)) disagrees(d, t);
  f->seen |= bit;
  f->maximum[t->check] = most;
  f->actual[t->check] = n;
}

/* How many elements follow; 0 when the counts are wrong or so many cannot be there. */
static inline int get_counts(decoder *d, const arpc__ndr_type *t, uint32_t least, uint32_t *ret) {
  uint64_t most, offset, n = 0;
  if (!get_words(d, t, &most, &offset, &n)) return 0;
  if (t->flags & ARPC__NDR_RANGED && ((int64_t)most < t->low[d->s] || (int64_t)most > t->high[d->s]))
    arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
  if (most > INT32_MAX || offset || n > most) {
    arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
    return 0;
  }
  if (n * least > arpc__left(d->r) && !ARPC__PLANTED(10)) {
    arpc__run_out(d->r);
    return 0;
  }
  if (t->maximum.count | t->actual.count) note(d, t, (uint32_t)most, (uint32_t)n);
  *ret = (uint32_t)n;
  return !d->r->error;
}

static int ends(const uint8_t *at, uint32_t n, uint32_t unit) {
  return (n || ARPC__PLANTED(9)) && !at[unit * (n - 1)] && !at[unit * n - 1];
}

static void __attribute__((noinline)) text(decoder *d, const arpc__ndr_type *t) {
  uint32_t n, unit = t->flags & ARPC__NDR_WIDE ? 2 : 1;
  if (!get_counts(d, t, unit, &n)) return;
  if (n) arpc__read_align(d->r, unit);
  const uint8_t *at = arpc__take(d->r, (size_t)n * unit);
  if (!at) return;
  if (t->flags & ARPC__NDR_STRING) {
    if (!ends(at, n, unit)) {
      arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
      return;
    }
    n--;
  }
  if (charge(d, HEAD + (unit == 1 ? n : (int64_t)n * UNIT))) d->to->text(d->arg, t, at, n, d->r->big);
}

static void array(decoder *d, const arpc__ndr_type *t) {
  uint32_t n;
  if (!get_counts(d, t, t->of->size[d->s], &n) || !deeper(d)) return;
  begin(d, t, n, ELEMENT);
  for (uint32_t i = 0; i < n && !d->r->error; i++) {
    flat(d, t->of);
    if (!d->r->error) d->to->set(d->arg, NULL, i);
  }
  d->depth--;
}

/* ---- unions ------------------------------------------------------------------------------------*/
/* What switch_is is compared with takes the place of the counts. */
static void note_tag(decoder *d, const arpc__ndr_type *t, int64_t tag) {
  note(d, t, (uint32_t)tag, (uint32_t)((uint64_t)tag >> 32));
}

static int tag_agrees(const frame *f, const arpc__ndr_type *t) {
  int64_t want;
  uint64_t tag = f->maximum[t->check] | (uint64_t)f->actual[t->check] << 32;
  return arpc__ndr_eval_tag(t, f->slots, &want) && (uint64_t)want == tag;
}

static const arpc__ndr_member *get_tag(decoder *d, const arpc__ndr_type *t, int64_t *ret) {
  if (d->s) arpc__read_align(d->r, t->align[1]);
  int64_t tag = get_integer(d, t->of);
  if (t->of->kind == ARPC__NDR_BOOL) tag = tag != 0;
  if (d->r->error) return NULL;
  const arpc__ndr_member *arm = arpc__ndr_arm(t, tag);
  if (!arm) arpc__fail(d->r, ARPC_S_INVALID_TAG);
  else if (t->maximum.count) note_tag(d, t, tag);
  if (d->s || t->flags & ARPC__NDR_WIDEST) arpc__read_align(d->r, t->align[d->s]);
  *ret = tag;
  return d->r->error ? NULL : arm;
}

static void get_union(decoder *d, const arpc__ndr_type *t) {
  int64_t tag;
  const arpc__ndr_member *arm = get_tag(d, t, &tag);
  if (!arm || !deeper(d)) return;
  if (begin(d, t, 2, MEMBER)) {
    d->to->integer(d->arg, t->of, tag);
    d->to->set(d->arg, &t->list.members[0], 0);
    if (arm->type) flat(d, arm->type);
    if (arm->type && !d->r->error) d->to->set(d->arg, arm, 0);
  }
  d->depth--;
}

/* ---- frames ------------------------------------------------------------------------------------*/
static int is_buffer(const arpc__ndr_type *t) {
  return t->flags & ARPC__NDR_STRING && !(t->flags & ARPC__NDR_DIMENSION);
}

/* The capacity of a string's buffer bounds its counts; those of any other array must be what was said. */
static int agrees(const frame *f, const arpc__ndr_type *t) {
  int64_t want = 0;
  if (t->kind == ARPC__NDR_UNION) return tag_agrees(f, t);
  if (t->maximum.count) {
    if (!arpc__ndr_eval(&t->maximum, f->slots, &want)) return 0;
    if (is_buffer(t) ? f->actual[t->check] > want : f->maximum[t->check] != want) return 0;
  }
  if (t->first.count && (!arpc__ndr_eval(&t->first, f->slots, &want) || f->first[t->check] != want)) return 0;
  return !t->actual.count || (arpc__ndr_eval(&t->actual, f->slots, &want) && f->actual[t->check] == want);
}

static void compare(decoder *d, const arpc__ndr_list *list, const frame *f) {
  if (!f->seen || d->r->error) return;
  for (uint8_t i = 0; i < list->nchecked; i++)
    if (f->seen >> i & 1 && !agrees(f, list->checked[i])) disagrees(d, list->checked[i]);
}

/* ---- structs -----------------------------------------------------------------------------------*/
static void member(decoder *d, const arpc__ndr_member *m) {
  if (m->slot >= 0) {
    int64_t v = get_integer(d, m->type);
    d->frame->slots[m->slot] = v;
    if (!d->r->error) d->to->integer(d->arg, m->type, v);
  } else {
    flat(d, m->type);
  }
  if (!d->r->error) d->to->set(d->arg, m, 0);
}

static void members(decoder *d, const arpc__ndr_type *t) {
  for (uint16_t i = 0; i < t->list.count && !d->r->error; i++) member(d, &t->list.members[i]);
}

/* What a pointer points to that is not null: it follows, or it has been here before under the same number. */
static void referent(decoder *d, const arpc__ndr_type *t, uint64_t number) {
  int full = t->flags & ARPC__NDR_FULL;
  const arpc__ndr_type *was = full ? d->to->alias(d->arg, number) : NULL;
  if (full && number > d->highest) d->highest = number;
  if (!was) construct(d, t->of, !(t->flags & ARPC__NDR_REF), full ? number : 0);
  else if (!arpc__ndr_alike(was, t->of)) arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
}

/* Takes the place of what is pending there, or goes on to what is pending further inside. */
static void finish(decoder *d, const arpc__ndr_type *t, const arpc__ndr_member *m, size_t i) {
  if (t->kind == ARPC__NDR_POINTER) {
    int full = t->flags & ARPC__NDR_FULL;
    uint64_t number = full ? d->to->promised(d->arg, m, i) : (uint64_t)d->to->waits(d->arg, m, i);
    if (!number) return;
    referent(d, t, number);
    if (!d->r->error) d->to->set(d->arg, m, i);
  } else {
    d->to->open(d->arg, m, i);
    deferred(d, t);
    if (!d->r->error) d->to->drop(d->arg);
  }
}

static void members_later(decoder *d, const arpc__ndr_type *t) {
  for (uint16_t i = 0; i < t->list.count && !d->r->error; i++) {
    const arpc__ndr_member *m = &t->list.members[i];
    if (m->type->flags & ARPC__NDR_POINTERS) finish(d, m->type, m, 0);
  }
}

static void recall(decoder *d, const arpc__ndr_list *list, int64_t *slots) {
  for (uint16_t i = 0; i < list->count; i++) {
    const arpc__ndr_member *m = &list->members[i];
    if (m->slot >= 0) slots[m->slot] = d->to->recall(d->arg, m);
  }
}

/* With a frame of its own. Apart, so that structs without need no room for it. */
static void __attribute__((noinline)) framed(decoder *d, const arpc__ndr_type *t, int later) {
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  frame f = {.slots = slots}, *outer = d->frame;
  d->frame = &f;
  if (later) recall(d, &t->list, slots);
  (later ? members_later : members)(d, t);
  compare(d, &t->list, &f);
  d->frame = outer;
}

static void structure(decoder *d, const arpc__ndr_type *t, int later) {
  if (!deeper(d)) return;
  if (t->list.nslots | t->list.nchecked) framed(d, t, later);
  else (later ? members_later : members)(d, t);
  d->depth--;
}

static void structure_here(decoder *d, const arpc__ndr_type *t) {
  arpc__read_align(d->r, t->align[d->s]);
  if (d->r->error) return;
  if (begin(d, t, t->list.count, MEMBER)) structure(d, t, 0);
}

/* The maximum counts stand in front of the outermost one. There are no more than a grid has dimensions. */
static void __attribute__((noinline)) conformant_structure(decoder *d, const arpc__ndr_type *t) {
  uint64_t most[ARPC__NDR_DIMENSIONS];
  d->tail = t->align[d->s];
  if (!d->hoisted) {
    for (uint32_t i = 0; i < t->count; i++) most[i] = get_word(d);
    d->most = most;
    d->hoisted = 1;
  }
  structure_here(d, t);
  d->hoisted = 0;
}

static void begin_structure(decoder *d, const arpc__ndr_type *t) {
  if (t->flags & ARPC__NDR_CONFORMANT) {
    conformant_structure(d, t);
    return;
  }
  structure_here(d, t);
  if (d->s) arpc__read_align(d->r, t->align[1]);
}

/* ---- constructs --------------------------------------------------------------------------------*/
static void pointer(decoder *d, const arpc__ndr_type *t) {
  uint64_t id = get_word(d);
  if (!id && t->flags & ARPC__NDR_REF) arpc__fail(d->r, ARPC_X_NULL_REF_POINTER);
  if (d->r->error) return;
  if (id && t->flags & ARPC__NDR_IGNORED) id = 0;
  if (id && t->flags & ARPC__NDR_FULL) d->to->promise(d->arg, id);
  else if (id) d->to->pending(d->arg);
  else d->to->null(d->arg, 0);
}

static void other(decoder *d, const arpc__ndr_type *t) {
  switch (t->kind) {
    case ARPC__NDR_FLOAT: number(d, t); break;
    case ARPC__NDR_UUID: uuid(d); break;
    case ARPC__NDR_CONTEXT: context(d, t); break;
    case ARPC__NDR_ARRAY: array(d, t); break;
    case ARPC__NDR_POINTER: pointer(d, t); break;
    case ARPC__NDR_UNION: get_union(d, t); break;
    case ARPC__NDR_GRID: arpc__decode_grid(d, t); break;
    default: begin_structure(d, t);
  }
}

static inline void flat(decoder *d, const arpc__ndr_type *t) {
  if (t->kind <= ARPC__NDR_ENUM) integer(d, t);
  else if (t->kind == ARPC__NDR_TEXT) text(d, t);
  else other(d, t);
}

/* inner: what points to it could have been null too. number: of the full pointer to it, 0 = it was none. */
static inline void construct(decoder *d, const arpc__ndr_type *t, int inner, uint64_t number) {
  if (!deeper(d)) return;
  if (t->kind == ARPC__NDR_POINTER) {
    uint64_t id = get_word(d);
    if (id) referent(d, t, id);
    else if (t->flags & ARPC__NDR_REF) arpc__fail(d->r, ARPC_X_NULL_REF_POINTER);
    else if (!d->r->error) d->to->null(d->arg, inner);
    if (number && !d->r->error && charge(d, HEAD)) d->to->learn(d->arg, number, t);
  } else {
    flat(d, t);
    if (number && !d->r->error && charge(d, HEAD)) d->to->learn(d->arg, number, t);
    if (t->flags & ARPC__NDR_POINTERS && !d->r->error) deferred(d, t);
  }
  d->depth--;
}

static void each_later(decoder *d, const arpc__ndr_type *t) {
  size_t n = d->to->count(d->arg, t);
  if (!deeper(d)) return;
  for (size_t i = 0; i < n && !d->r->error; i++) finish(d, t->of, NULL, i);
  d->depth--;
}

static void union_later(decoder *d, const arpc__ndr_type *t) {
  const arpc__ndr_member *arm = arpc__ndr_arm(t, d->to->recall(d->arg, &t->list.members[0]));
  if (!arm || !arm->type || !(arm->type->flags & ARPC__NDR_POINTERS) || !deeper(d)) return;
  finish(d, arm->type, arm, 0);
  d->depth--;
}

/* The second walk over the composite on top. */
static void deferred(decoder *d, const arpc__ndr_type *t) {
  if (t->kind == ARPC__NDR_STRUCT) structure(d, t, 1);
  else if (t->kind == ARPC__NDR_UNION) union_later(d, t);
  else if (t->kind == ARPC__NDR_GRID) each_later(d, t->of);
  else each_later(d, t);
}

/* ---- parameters --------------------------------------------------------------------------------*/
/* One whose value is kept: an integer or a pointer to one. */
static void kept_alias(decoder *d, const arpc__ndr_member *m, uint64_t number) {
  referent(d, m->type, number);
  if (d->r->error) return;
  d->frame->slots[m->slot] = d->to->recall(d->arg, NULL);
  if (m->hidden) d->to->drop(d->arg);
}

static void kept(decoder *d, const arpc__ndr_member *m) {
  const arpc__ndr_type *t = m->type;
  int64_t v = 0;
  int present = 1;
  if (t->kind == ARPC__NDR_POINTER) {
    uint64_t id = t->flags & ARPC__NDR_REF ? 1 : get_word(d);
    if (id && t->flags & ARPC__NDR_FULL) {
      kept_alias(d, m, id);
      return;
    }
    present = id != 0;
    t = t->of;
  }
  if (present) v = get_integer(d, t);
  if (d->r->error) return;
  d->frame->slots[m->slot] = v;
  if (m->hidden) return;
  if (present) d->to->integer(d->arg, t, v);
  else d->to->null(d->arg, 0);
}

static void parameter(decoder *d, const arpc__ndr_member *m) {
  const arpc__ndr_type *t = m->type;
  if (m->slot >= 0) {
    kept(d, m);
    return;
  }
  if (t->kind == ARPC__NDR_POINTER && t->flags & ARPC__NDR_REF) t = t->of;
  if (t->flags & ARPC__NDR_POINTERS) construct(d, t, 0, 0);
  else flat(d, t);
}

const char *arpc__ndr_decode(const arpc__ndr_list *list, int transfer, arpc__reader *r, const arpc__ndr_sink *sink,
                             void *arg, int64_t *slots) {
  frame f;
  decoder d = {.r = r, .to = sink, .arg = arg, .frame = &f, .s = (uint8_t)arpc__ndr_syntax(transfer)};
  f.slots = slots;
  f.seen = 0;
  d.deepest = list->depth ? list->depth : ARPC__NDR_DEPTH;
  d.memory = (list->depth ? list->memory : ARPC__NDR_MEMORY) + (int64_t)(MUCH * arpc__left(r));
  const arpc__ndr_member *m = list->members;
  for (uint32_t left = list->count; left && !r->error; left--, m++) parameter(&d, m);
  compare(&d, list, &f);
  if (list->aliases) slots[list->aliases - 1] = d.highest > INT32_MAX ? 0 : (int64_t)d.highest;
  return d.limit;
}

/* ---- for decode_grid.c -------------------------------------------------------------------------*/
void arpc__decode_flat(decoder *d, const arpc__ndr_type *t) {
  flat(d, t);
}

uint64_t arpc__decode_word(decoder *d) {
  return get_word(d);
}

int arpc__decode_deeper(decoder *d) {
  return deeper(d);
}

int arpc__decode_array(decoder *d, const arpc__ndr_type *t, size_t n) {
  return begin(d, t, n, ELEMENT);
}

int arpc__decode_charge(decoder *d, size_t units) {
  return charge(d, HEAD + (int64_t)units * UNIT);
}

void arpc__decode_note(decoder *d, const arpc__ndr_type *t, uint32_t most, uint32_t first, uint32_t n) {
  frame *f = d->frame;
  if (f->seen >> t->check & 1 && f->first[t->check] != first) disagrees(d, t);
  f->first[t->check] = first;
  note(d, t, most, n);
}
