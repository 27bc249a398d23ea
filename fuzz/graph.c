/* The NDR decoder over types that come from the input too. Whatever arpc__ndr_layout and arpc__ndr_check_list let
 * through must decode any stub within bounds: of memory, of depth, of work for the bytes.
 *
 * Input: a byte of options, the number of types, the types, the parameters, the stub. A type is a byte that says its
 * kind (with 0x80 set, references and numbers are not kept within reason), a byte of flags, two bytes, and
 * what its kind needs. */
#include "fuzz.h"
#include "tree.h"

enum { TYPES = 24, MEMBERS = 6, OPS = 12, CASES = 6 };

typedef struct graph {
  fuzz_input in;
  arpc__ndr_type types[TYPES];
  arpc__ndr_member members[TYPES + 1][MEMBERS + 1];
  const arpc__ndr_type *checked[TYPES + 1][ARPC__NDR_CHECKS];
  arpc__ndr_op ops[TYPES][2][OPS];
  arpc__ndr_case cases[TYPES][CASES];
  uint32_t n;
  int wild;
} graph;

static uint8_t byte(graph *g) {
  return fuzz_byte(&g->in);
}

/* A number that fits a byte, or with its highest bit set any. */
static int64_t number(graph *g) {
  uint8_t first = byte(g);
  if (first < 0xf0) return first & 0x80 ? (int64_t)(first & 0x7f) - 64 : first;
  uint64_t v = 0;
  for (int i = 0; i < 8; i++) v = v << 8 | byte(g);
  return (int64_t)v;
}

/* One of the first n types. */
static const arpc__ndr_type *one_of(graph *g, uint32_t n) {
  uint8_t which = byte(g);
  if (g->wild) return which < g->n ? &g->types[which] : NULL;
  return n ? &g->types[which % n] : NULL;
}

static void make_expr(graph *g, arpc__ndr_expr *ret, arpc__ndr_op *ops) {
  ret->ops = ops;
  ret->count = byte(g) % (OPS + 1);
  for (uint32_t i = 0; i < ret->count; i++) {
    ops[i].code = byte(g) % (ARPC__NDR_OPERATORS + 1);
    if (ops[i].code <= ARPC__NDR_SLOT) ops[i].value = number(g);
  }
}

static void make_member(graph *g, arpc__ndr_member *m, uint32_t n) {
  uint8_t slot = byte(g);
  m->name = "m";
  m->type = one_of(g, n);
  m->slot = slot & 0x80 ? (int8_t)(slot & (g->wild ? 31 : 15)) : -1;
  m->hidden = slot >> 6 & 1;
  m->counts = slot >> 4 & 3;
  m->mul = m->div = 1;
}

/* The arrays and unions with a check among the first n types that make 0, 1, 2 ... */
static uint8_t find_checked(graph *g, const arpc__ndr_type **ret, uint32_t n) {
  uint8_t found = 0;
  for (uint32_t i = 0; i < n && found < ARPC__NDR_CHECKS; i++) {
    const arpc__ndr_type *t = &g->types[i];
    if ((t->maximum.count || t->actual.count) && t->check == found) ret[found++] = t;
  }
  return found;
}

static void make_list(graph *g, arpc__ndr_list *ret, uint32_t at, uint32_t n) {
  ret->members = g->members[at];
  ret->count = byte(g) % (MEMBERS + 1);
  for (uint16_t i = 0; i < ret->count; i++) make_member(g, &ret->members[i], n);
  ret->checked = g->checked[at];
  ret->nchecked = find_checked(g, ret->checked, n);
  ret->nslots = ARPC__NDR_SLOTS;
}

static void make_union(graph *g, arpc__ndr_type *t, uint32_t at) {
  arpc__ndr_member *m = g->members[at];
  t->of = one_of(g, at);
  m[0] = (arpc__ndr_member){.name = "tag", .type = t->of, .slot = -1};
  t->list.members = m;
  t->list.count = 1 + byte(g) % MEMBERS;
  for (uint16_t i = 1; i < t->list.count; i++) {
    uint8_t empty = byte(g) & 1;
    m[i] = (arpc__ndr_member){.name = "value", .type = empty ? NULL : one_of(g, at), .slot = -1};
  }
  t->otherwise = byte(g) % (t->list.count + (g->wild ? 1 : 0));
  t->cases = g->cases[at];
  t->ncases = byte(g) % (CASES + 1);
  for (uint32_t i = 0; i < t->ncases; i++) {
    g->cases[at][i].value = number(g);
    g->cases[at][i].arm = g->wild || t->list.count < 2 ? byte(g) % 8 : 1 + byte(g) % (t->list.count - 1);
  }
  make_expr(g, &t->maximum, g->ops[at][0]);
}

static void make_sized(graph *g, arpc__ndr_type *t, uint32_t at) {
  int64_t count = number(g);
  t->count = count >= 0 || g->wild ? (uint32_t)count : 1;
  if (t->kind == ARPC__NDR_ARRAY) t->of = one_of(g, at);
  make_expr(g, &t->maximum, g->ops[at][0]);
  make_expr(g, &t->actual, g->ops[at][1]);
  if (t->flags & ARPC__NDR_DIMENSION) t->first = t->actual;
}

static void make_scalar(graph *g, arpc__ndr_type *t, uint8_t sizes) {
  static const uint8_t size[] = {1, 2, 4, 8};
  int real = t->kind == ARPC__NDR_FLOAT;
  t->size[0] = g->wild ? sizes : size[real ? 2 + (sizes & 1) : sizes & 3];
  t->size[1] = g->wild ? sizes : sizes & 4 ? size[real ? 3 : sizes >> 3 & 3] : t->size[0];
}

static void make_type(graph *g, uint32_t at) {
  arpc__ndr_type *t = &g->types[at];
  uint8_t kind = byte(g), flags = byte(g), sizes = byte(g), check = byte(g);
  g->wild = kind >> 7;
  t->kind = g->wild ? kind & 15 : 1 + (kind & 15) % ARPC__NDR_GRID;
  t->flags = flags & (g->wild ? 0xff : 0x3f);
  t->check = check & (g->wild ? 31 : ARPC__NDR_CHECKS - 1);
  if (check & 0x40) t->flags |= ARPC__NDR_WIDEST;
  if (check & 0x80) {
    t->flags |= ARPC__NDR_RANGED;
    t->low[0] = t->low[1] = number(g);
    t->high[0] = t->high[1] = number(g);
  }
  if (sizes & 0x40) t->flags |= ARPC__NDR_DIMENSION;
  if (sizes & 0x80) t->flags |= ARPC__NDR_FULL;
  if (t->flags & ARPC__NDR_STRING && !g->wild) t->flags |= ARPC__NDR_VARYING;
  switch (t->kind) {
    case ARPC__NDR_POINTER: t->of = one_of(g, g->n); break;
    case ARPC__NDR_STRUCT: make_list(g, &t->list, at, at); break;
    case ARPC__NDR_ARRAY: case ARPC__NDR_TEXT: make_sized(g, t, at); break;
    case ARPC__NDR_UNION: make_union(g, t, at); break;
    case ARPC__NDR_GRID:
      t->of = one_of(g, at);
      t->count = sizes & 15;
      break;
    default: make_scalar(g, t, sizes);
  }
}

/* Gives whether the graph is one that can be decoded. */
static int make(graph *g, arpc__ndr_list *ret) {
  uint32_t at;
  g->n = 1 + byte(g) % TYPES;
  for (uint32_t i = 0; i < g->n; i++) make_type(g, i);
  g->wild = 0;
  make_list(g, ret, TYPES, g->n);
  if (!arpc__ndr_layout(g->types, g->n, &at)) return !arpc__ndr_check_list(ret);
  FUZZ_CHECK(at < g->n);
  return 0;
}

static int expected(arpc_status status) {
  return status == ARPC_X_BAD_STUB_DATA || status == ARPC_S_INVALID_BOUND || status == ARPC_S_INVALID_TAG ||
         status == ARPC_X_NULL_REF_POINTER || status == ARPC_X_SS_CONTEXT_MISMATCH ||
         status == ARPC_S_OUT_OF_MEMORY;
}

static void decode(const arpc__ndr_list *list, uint8_t options, fuzz_input in) {
  fuzz_tree w = {.fed = in.left, .most = options & 4 ? 8 : SIZE_MAX};
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  unsigned pushed = 0;
  uint8_t *stub = fuzz_own(in.at, in.left);
  arpc__reader r = arpc__reader_of(stub, in.left, options & 2);
  arpc__ndr_decode(list, options & 1 ? ARPC_NDR64 : ARPC_NDR20, &r, &fuzz_tree_sink, &w, slots);
  for (uint16_t i = 0; i < list->count; i++) pushed += list->members[i].slot < 0 || !list->members[i].hidden;
  FUZZ_CHECK(r.error ? expected(r.error) : w.top == pushed);
  FUZZ_CHECK(w.nodes <= (in.left + MEMBERS) * (ARPC__NDR_DEPTH + 4));
  fuzz_tree_drop(&w);
  free(stub);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static graph g;
  arpc__ndr_list list = {0};
  memset(&g, 0, sizeof g);
  g.in = (fuzz_input){data, size};
  uint8_t options = byte(&g);
  if (make(&g, &list)) decode(&list, options, g.in);
  return 0;
}
