/* The encoder. A list's slots are filled first, by a walk over the members that have some: sizes are
 * needed in front of the arrays, whatever the order of the members is. */
#include "base/uuid.h"
#include "ndr/encoder.h"
#include "ndr/utf16.h"

#include <inttypes.h>
#include <stdio.h>

typedef arpc__encoder encoder;

enum { INNER = ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING };

static inline void flat(encoder *e, const arpc__ndr_type *t);
static void deferred(encoder *e, const arpc__ndr_type *t);

static void fail(encoder *e) {
  if (!e->w->buf->error) e->w->buf->error = ARPC_S_INVALID_ARG;
}

static void refuse(encoder *e, const char *why) {
  e->from->refuse(e->arg, why);
  fail(e);
}

static void miscounted(encoder *e, const arpc__ndr_type *t, int64_t want, size_t got, int most) {
  e->from->miscounted(e->arg, t, want, got, most);
  fail(e);
}

static int is_null(encoder *e, const arpc__ndr_type *t) {
  return !(t->flags & ARPC__NDR_REF) && e->from->null(e->arg, t);
}

static int deeper(encoder *e) {
  if (e->w->buf->error) return 0;
  if (++e->depth <= e->deepest) return 1;
  e->depth--;
  char why[64];
  snprintf(why, sizeof why, "nested too deeply (max_depth is %d)", e->deepest);
  refuse(e, why);
  return 0;
}

/* ---- scalars -----------------------------------------------------------------------------------*/
/* Room for n bytes that are aligned to `align`, the gap before them filled; NULL without memory. */
static inline uint8_t *room(encoder *e, size_t n, size_t align) {
  size_t gap = (e->w->base - e->w->buf->len) & (align - 1);
  uint8_t *at = arpc__buf_add(e->w->buf, gap + n);
  if (!at) return NULL;
  while (gap--) *at++ = 0;
  return at;
}

/* The low `size` bytes of v, which are 4 or 8 as a rule. */
static inline void store(uint8_t *at, size_t size, uint64_t v) {
  if (ARPC__HOST_BIG) v = __builtin_bswap64(v);
  if (size == 4) memcpy(at, (uint8_t *)&v, 4);
  else memcpy(at, (uint8_t *)&v, size);
}

static inline void put_sized(encoder *e, size_t size, uint64_t v) {
  uint8_t *at = room(e, size, size);
  if (at) store(at, size, v);
}

static void put_integer(encoder *e, const arpc__ndr_type *t, int64_t v) {
  put_sized(e, t->size[e->s], (uint64_t)v);
}

static void put_word(encoder *e, uint64_t v) {
  put_sized(e, e->s ? 8 : 4, v);
}

static void put_id(encoder *e) {
  put_word(e, 0x00020000u + 4 * (uint64_t)e->pointers++);
}

/* Equal values have one number. */
static void put_number(encoder *e, const arpc__ndr_type *t) {
  if (t->flags & ARPC__NDR_IGNORED) {
    put_word(e, 0);
    return;
  }
  uint32_t number = e->from->number_of(e->arg, t, e->numbers + 1);
  if (number > e->numbers) e->numbers = number;
  put_word(e, number);
}

/* 1 when it points to something. */
static int put_pointer(encoder *e, const arpc__ndr_type *t) {
  int null = is_null(e, t);
  if (null) put_word(e, 0);
  else if (t->flags & (ARPC__NDR_FULL | ARPC__NDR_IGNORED)) put_number(e, t);
  else put_id(e);
  return !null;
}

/* Whether what the current pointer, which is not null, points to was sent before. */
static int is_sent(encoder *e, const arpc__ndr_type *t) {
  return t->flags & ARPC__NDR_FULL && e->from->sent(e->arg, t);
}

static void put_float(encoder *e, const arpc__ndr_type *t) {
  double v = e->from->number(e->arg);
  arpc__write_align(e->w, t->size[e->s]);
  if (t->size[e->s] == 8) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    arpc__put64(e->w, bits);
  } else {
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    arpc__put32(e->w, bits);
  }
}

static void put_uuid(encoder *e) {
  arpc_uuid u = {0};
  e->from->uuid(e->arg, &u);
  arpc__write_align(e->w, 4);
  arpc__uuid_put(e->w, &u);
}

static void put_context(encoder *e, const arpc__ndr_type *t) {
  arpc__ndr_context v = {0};
  e->from->context(e->arg, t, &v);
  arpc__write_align(e->w, 4);
  arpc__put32(e->w, v.attributes);
  arpc__uuid_put(e->w, &v.uuid);
}

/* ---- arrays ------------------------------------------------------------------------------------*/
static int eval(encoder *e, const arpc__ndr_expr *x, int64_t otherwise, int64_t *ret) {
  *ret = otherwise;
  if (!x->count || arpc__ndr_eval(x, e->slots, ret)) return 1;
  refuse(e, "its size cannot be computed");
  return 0;
}

static int in_range(encoder *e, const arpc__ndr_type *t, int64_t most) {
  char why[128];
  if (most >= t->low[e->s] && most <= t->high[e->s]) return 1;
  snprintf(why, sizeof why, "a count of %" PRId64 " is out of range (%" PRId64 " to %" PRId64 ")", most, t->low[e->s],
           t->high[e->s]);
  refuse(e, why);
  return 0;
}

/* Nothing but the wire says how many elements there are. */
static inline int any_count(const arpc__ndr_type *t) {
  return (t->flags & (INNER | ARPC__NDR_RANGED)) == INNER && !(t->maximum.count | t->actual.count);
}

static int check_sizes(encoder *e, const arpc__ndr_type *t, size_t n, int64_t *ret_most) {
  int64_t most, want;
  if (!eval(e, &t->maximum, t->flags & ARPC__NDR_CONFORMANT ? (int64_t)n : t->count, &most)) return 0;
  if (!eval(e, &t->actual, t->flags & ARPC__NDR_VARYING ? (int64_t)n : most, &want)) return 0;
  if ((int64_t)n != want) return miscounted(e, t, want, n, 0), 0;
  if ((int64_t)n > most || most > INT32_MAX) return miscounted(e, t, most, n, 1), 0;
  *ret_most = most;
  return !(t->flags & ARPC__NDR_RANGED) || in_range(e, t, most);
}

/* What the maximum count of n elements must be; 0 when n is not what the sizes say. */
static inline int check_count(encoder *e, const arpc__ndr_type *t, size_t n, int64_t *ret_most) {
  if (n > INT32_MAX) return miscounted(e, t, INT32_MAX, n, 1), 0;
  *ret_most = (int64_t)n;
  return any_count(t) || check_sizes(e, t, n, ret_most);
}

/* A conformant struct begins: the maximum counts stand in front of the outermost one. */
static void hoist(encoder *e, const arpc__ndr_type *t) {
  e->tail = t->align[e->s];
  if (e->hoisted) return;
  put_word(e, 0);
  e->hoisted = e->w->buf->len - (e->s ? 8 : 4) + 1;
  for (uint32_t i = 1; i < t->count; i++) put_word(e, 0);
}

/* The struct's gap is in front of its last array, in NDR64. */
static void unhoist(encoder *e, int64_t most) {
  arpc__patch32(e->w, e->hoisted - 1, (uint32_t)most);
  if (e->s) arpc__write_align(e->w, e->tail);
  e->hoisted = 0;
}

/* The words in front of n elements, and room for `more` bytes behind, which are aligned to unit; NULL when n is
 * not what the sizes say. All of it is one piece of the buffer. */
static uint8_t *put_counts(encoder *e, const arpc__ndr_type *t, size_t n, size_t more, size_t unit) {
  int64_t most;
  unsigned size = e->s ? 8 : 4, varying = t->flags & ARPC__NDR_VARYING ? 2 : 0;
  unsigned words = varying + !!(t->flags & ARPC__NDR_CONFORMANT);
  if (!check_count(e, t, n, &most)) return NULL;
  if (words & 1 && e->hoisted) {
    unhoist(e, most);
    words = varying;
  }
  uint8_t *at = room(e, words * size + more, words ? size : more ? unit : 1);
  if (!at) return NULL;
  if (words & 1) store(at, size, (uint64_t)most), at += size;
  if (varying) store(at, size, 0), store(at + size, size, n);
  return at + varying * size;
}

static void __attribute__((noinline)) put_text(encoder *e, const arpc__ndr_type *t) {
  size_t len, n;
  const char *text = e->from->text(e->arg, t, &len);
  size_t nul = t->flags & ARPC__NDR_STRING ? 1 : 0, unit = t->flags & ARPC__NDR_WIDE ? 2 : 1;
  if (unit == 1) {
    n = len;
  } else if (!arpc__utf16_count(text, len, &n)) {
    refuse(e, "UTF-8 expected");
    return;
  }
  uint8_t *at = put_counts(e, t, n + nul, (n + nul) * unit, unit);
  if (!at) return;
  if (unit == 1) memcpy(at, text, n);
  else arpc__utf16_put(text, len, at);
  for (at += n * unit; nul && unit; unit--) *at++ = 0;
}

/* Runs one pass over all elements. */
static void each(encoder *e, const arpc__ndr_type *t, size_t n, void (*pass)(encoder *, const arpc__ndr_type *)) {
  if (!deeper(e)) return;
  for (size_t i = 0; i < n && !e->w->buf->error; i++) {
    e->from->element(e->arg, i);
    pass(e, t->of);
    e->from->leave(e->arg);
  }
  e->depth--;
}

static void put_array(encoder *e, const arpc__ndr_type *t) {
  size_t n = e->from->count(e->arg, t);
  if (t->flags & INNER ? put_counts(e, t, n, 0, 1) != NULL : check_count(e, t, n, &(int64_t){0})) each(e, t, n, flat);
}

/* ---- unions ------------------------------------------------------------------------------------*/
static int64_t tag_of(encoder *e, const arpc__ndr_type *t) {
  e->from->open(e->arg, t);
  e->from->member(e->arg, &t->list.members[0]);
  int64_t tag = e->from->integer(e->arg, t->of, e->s);
  e->from->leave(e->arg);
  return tag;
}

static void refuse_tag(encoder *e, const arpc__ndr_type *t, const char *form, int64_t v) {
  char why[64];
  snprintf(why, sizeof why, form, v);
  e->from->member(e->arg, &t->list.members[0]);
  refuse(e, why);
  e->from->leave(e->arg);
}

/* The member that the current union's tag selects; NULL when there is none, or switch_is wants another one. */
static const arpc__ndr_member *arm_of(encoder *e, const arpc__ndr_type *t, int64_t *ret_tag) {
  int64_t tag = tag_of(e, t), want = tag;
  const arpc__ndr_member *arm = arpc__ndr_arm(t, tag);
  if (t->maximum.count && !arpc__ndr_eval_tag(t, e->slots, &want)) refuse(e, "its tag cannot be computed");
  else if (want != tag) refuse_tag(e, t, "%" PRId64 " expected", want);
  else if (!arm) refuse_tag(e, t, "there is no case %" PRId64, tag);
  *ret_tag = tag;
  return e->w->buf->error ? NULL : arm;
}

static void put_arm(encoder *e, const arpc__ndr_member *arm) {
  static const arpc__ndr_type nothing = {.kind = ARPC__NDR_NONE};
  e->from->member(e->arg, arm);
  if (arm->type) flat(e, arm->type);
  else if (!e->from->null(e->arg, &nothing)) refuse(e, "nothing expected, the tag's arm is empty");
  e->from->leave(e->arg);
}

static void put_union(encoder *e, const arpc__ndr_type *t) {
  int64_t tag;
  const arpc__ndr_member *arm = arm_of(e, t, &tag);
  if (!arm || !deeper(e)) return;
  if (e->s) arpc__write_align(e->w, t->align[1]);
  put_integer(e, t->of, tag);
  if (e->s || t->flags & ARPC__NDR_WIDEST) arpc__write_align(e->w, t->align[e->s]);
  put_arm(e, arm);
  e->depth--;
}

static void union_later(encoder *e, const arpc__ndr_type *t) {
  int64_t tag;
  const arpc__ndr_member *arm = arm_of(e, t, &tag);
  if (!arm || !arm->type || !(arm->type->flags & ARPC__NDR_POINTERS) || !deeper(e)) return;
  e->from->member(e->arg, arm);
  deferred(e, arm->type);
  e->from->leave(e->arg);
  e->depth--;
}

/* ---- slots -------------------------------------------------------------------------------------*/
static int64_t fetch(encoder *e, const arpc__ndr_type *t) {
  if (t->kind != ARPC__NDR_POINTER) return e->from->integer(e->arg, t, e->s);
  if (is_null(e, t)) return 0;
  return e->from->integer(e->arg, t->of, e->s);
}

static int64_t tag_for(encoder *e, const arpc__ndr_type *t, const arpc__ndr_type *counter) {
  int64_t tag = tag_of(e, t);
  if (tag < counter->low[e->s] || tag > counter->high[e->s]) refuse_tag(e, t, "%" PRId64 " is out of range", tag);
  return tag;
}

/* Elements of the current value, or of the first element so many levels down. */
static size_t count_at(encoder *e, const arpc__ndr_type *t, unsigned level) {
  size_t n = e->from->count(e->arg, t);
  if (!level || !n) return n;
  e->from->element(e->arg, 0);
  n = count_at(e, t->of, level - 1);
  e->from->leave(e->arg);
  return n;
}

/* What the hidden member m must be, the member it counts being current. */
static int64_t inverted(encoder *e, const arpc__ndr_member *m, const arpc__ndr_type *t) {
  for (; t->kind == ARPC__NDR_POINTER; t = t->of)
    if (is_null(e, t)) return 0;
  const arpc__ndr_type *counter = m->type->kind == ARPC__NDR_POINTER ? m->type->of : m->type;
  if (t->kind == ARPC__NDR_UNION) return tag_for(e, t, counter);
  if (t->kind == ARPC__NDR_GRID) t = t->of;
  size_t n = count_at(e, t, m->level);
  if (n > INT32_MAX) return miscounted(e, t, INT32_MAX, n, 1), 0;
  int64_t rest = (int64_t)n - m->add;
  if (rest < 0) return refuse(e, "too few elements"), 0;
  if (rest % m->mul) return refuse(e, "not a multiple of the elements expected"), 0;
  rest = rest / m->mul * m->div;
  if (rest < counter->low[e->s]) return refuse(e, "too few elements"), 0;
  if (rest > counter->high[e->s]) return miscounted(e, t, counter->high[e->s] / m->div * m->mul + m->add, n, 1), 0;
  return rest;
}

static int leads_to_null(encoder *e, const arpc__ndr_type *t) {
  for (; t->kind == ARPC__NDR_POINTER; t = t->of)
    if (is_null(e, t)) return 1;
  return 0;
}

/* Whether there is something to count in the current member, and nothing but the slot says how much. */
static int counts_alone(encoder *e, const arpc__ndr_type *t, int slot) {
  if (leads_to_null(e, t)) return 0;
  while (t->kind == ARPC__NDR_POINTER) t = t->of;
  const arpc__ndr_expr *x = &t->maximum;
  return (t->kind == ARPC__NDR_ARRAY || t->kind == ARPC__NDR_TEXT) && !(t->flags & ARPC__NDR_VARYING) &&
         x->count == 1 && x->ops[0].code == ARPC__NDR_SLOT && x->ops[0].value == slot;
}

/* Several arrays may have one count. Where the one that tells it is null, the first other one does. */
static int64_t count_for(encoder *e, const arpc__ndr_list *list, const arpc__ndr_member *m) {
  const arpc__ndr_member *counted = &list->members[m->counts];
  e->from->member(e->arg, counted);
  int64_t v = inverted(e, m, counted->type);
  int plain = !m->level && !m->add && m->mul == 1 && m->div == 1;
  int told = v || !plain || !leads_to_null(e, counted->type);
  e->from->leave(e->arg);
  for (uint16_t i = (uint16_t)(m->counts + 1); !told && i < list->count; i++) {
    const arpc__ndr_member *other = &list->members[i];
    e->from->member(e->arg, other);
    if (counts_alone(e, other->type, m->slot)) v = inverted(e, m, other->type), told = 1;
    e->from->leave(e->arg);
  }
  return v;
}

static int64_t slot_of(encoder *e, const arpc__ndr_list *list, const arpc__ndr_member *m) {
  if (m->hidden && !m->place) return count_for(e, list, m);
  e->from->member(e->arg, m);
  int given = !m->hidden || !e->from->null(e->arg, m->type);
  int64_t v = given ? fetch(e, m->type) : 0;
  e->from->leave(e->arg);
  return given ? v : count_for(e, list, m);
}

static void fill(encoder *e, const arpc__ndr_list *list, int64_t *slots) {
  for (uint16_t i = 0; i < list->count; i++) {
    const arpc__ndr_member *m = &list->members[i];
    if (m->slot >= 0) slots[m->slot] = slot_of(e, list, m);
  }
}

/* ---- structs -----------------------------------------------------------------------------------*/
static void members(encoder *e, const arpc__ndr_type *t, int later) {
  for (uint16_t i = 0; i < t->list.count && !e->w->buf->error; i++) {
    const arpc__ndr_member *m = &t->list.members[i];
    if (later && !(m->type->flags & ARPC__NDR_POINTERS)) continue;
    if (m->hidden) {
      put_integer(e, m->type, e->slots[m->slot]);
      continue;
    }
    e->from->member(e->arg, m);
    if (later) deferred(e, m->type);
    else flat(e, m->type);
    e->from->leave(e->arg);
  }
}

/* With slots of its own. Apart, so that structs without need no room for them. */
static void __attribute__((noinline)) framed(encoder *e, const arpc__ndr_type *t, int later) {
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  const int64_t *outer = e->slots;
  fill(e, &t->list, slots);
  e->slots = slots;
  members(e, t, later);
  e->slots = outer;
}

static void put_struct(encoder *e, const arpc__ndr_type *t, int later) {
  if (!deeper(e)) return;
  if (t->list.nslots || t->list.nchecked) framed(e, t, later);
  else members(e, t, later);
  e->depth--;
}

/* ---- constructs --------------------------------------------------------------------------------*/
static void put_other(encoder *e, const arpc__ndr_type *t) {
  switch (t->kind) {
    case ARPC__NDR_FLOAT: put_float(e, t); break;
    case ARPC__NDR_UUID: put_uuid(e); break;
    case ARPC__NDR_CONTEXT: put_context(e, t); break;
    case ARPC__NDR_ARRAY: put_array(e, t); break;
    case ARPC__NDR_POINTER: put_pointer(e, t); break;
    case ARPC__NDR_UNION: put_union(e, t); break;
    case ARPC__NDR_GRID: arpc__encode_grid(e, t); break;
    default:
      e->from->open(e->arg, t);
      if (t->flags & ARPC__NDR_CONFORMANT) hoist(e, t);
      arpc__write_align(e->w, t->align[e->s]);
      put_struct(e, t, 0);
      if (e->s && !(t->flags & ARPC__NDR_CONFORMANT)) arpc__write_align(e->w, t->align[1]);
  }
}

static inline void flat(encoder *e, const arpc__ndr_type *t) {
  if (t->kind <= ARPC__NDR_ENUM) put_integer(e, t, e->from->integer(e->arg, t, e->s));
  else if (t->kind == ARPC__NDR_TEXT) put_text(e, t);
  else put_other(e, t);
}

static void construct(encoder *e, const arpc__ndr_type *t) {
  if (!deeper(e)) return;
  if (t->kind == ARPC__NDR_POINTER) {
    if (put_pointer(e, t) && !is_sent(e, t)) construct(e, t->of);
  } else {
    flat(e, t);
    if (t->flags & ARPC__NDR_POINTERS) deferred(e, t);
  }
  e->depth--;
}

static void deferred(encoder *e, const arpc__ndr_type *t) {
  if (t->kind == ARPC__NDR_POINTER) {
    if (!is_null(e, t) && !is_sent(e, t)) construct(e, t->of);
  } else if (t->kind == ARPC__NDR_STRUCT) {
    put_struct(e, t, 1);
  } else if (t->kind == ARPC__NDR_UNION) {
    union_later(e, t);
  } else if (t->kind == ARPC__NDR_GRID) {
    deferred(e, t->of);
  } else {
    each(e, t, e->from->count(e->arg, t), deferred);
  }
}

/* ---- parameters --------------------------------------------------------------------------------*/
static void put_hidden(encoder *e, const arpc__ndr_type *t, int64_t v) {
  if (t->kind == ARPC__NDR_POINTER) {
    if (t->flags & ARPC__NDR_FULL) put_word(e, ++e->numbers);
    else if (!(t->flags & ARPC__NDR_REF)) put_id(e);
    t = t->of;
  }
  put_integer(e, t, v);
}

static void parameter(encoder *e, const arpc__ndr_type *t) {
  if (t->kind == ARPC__NDR_POINTER && t->flags & ARPC__NDR_REF) t = t->of;
  if (t->flags & ARPC__NDR_POINTERS) construct(e, t);
  else flat(e, t);
}

void arpc__ndr_encode(const arpc__ndr_list *list, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                      void *arg, int64_t *slots) {
  encoder e = {.w = w, .from = source, .arg = arg, .slots = slots, .s = (uint8_t)arpc__ndr_syntax(transfer)};
  e.deepest = list->depth ? list->depth : ARPC__NDR_DEPTH;
  if (list->aliases) e.numbers = (uint32_t)slots[list->aliases - 1];
  if (list->nslots) fill(&e, list, slots);
  const arpc__ndr_member *m = list->members;
  for (uint32_t left = list->count; left && !w->buf->error; left--, m++) {
    if (m->hidden) {
      put_hidden(&e, m->type, slots[m->slot]);
      continue;
    }
    source->member(arg, m);
    parameter(&e, m->type);
    source->leave(arg);
  }
  if (list->aliases) slots[list->aliases - 1] = e.numbers;
}

/* ---- for encode_grid.c -------------------------------------------------------------------------*/
void arpc__encode_flat(encoder *e, const arpc__ndr_type *t) {
  flat(e, t);
}

void arpc__encode_word(encoder *e, uint64_t v) {
  put_word(e, v);
}

void arpc__encode_refuse(encoder *e, const char *why) {
  refuse(e, why);
}

void arpc__encode_miscounted(encoder *e, const arpc__ndr_type *t, int64_t want, size_t got, int most) {
  miscounted(e, t, want, got, most);
}

int arpc__encode_deeper(encoder *e) {
  return deeper(e);
}

int arpc__encode_eval(encoder *e, const arpc__ndr_expr *x, int64_t otherwise, int64_t *ret) {
  return eval(e, x, otherwise, ret);
}

int arpc__encode_count(encoder *e, const arpc__ndr_type *t, size_t n, int64_t *ret_most) {
  return check_count(e, t, n, ret_most);
}
