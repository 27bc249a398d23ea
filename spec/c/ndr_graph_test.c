/* Layout, expressions, and the decoder under graphs and bytes that nobody meant. */
#include "test.h"

#include "ndr/ndr.h"
#include "ndr/utf16.h"

static arpc__ndr_type integer_of(uint32_t size) {
  return (arpc__ndr_type){.kind = ARPC__NDR_INT, .size = {size, size}};
}

static const char *lay(arpc__ndr_type *types, uint32_t n) {
  uint32_t at;
  return arpc__ndr_layout(types, n, &at);
}

TEST("layout computes sizes and alignments of both syntaxes") {
  arpc__ndr_type t[6] = {integer_of(1), {.kind = ARPC__NDR_POINTER, .of = t}};
  arpc__ndr_member members[] = {{.name = "a", .type = &t[0], .slot = -1}, {.name = "b", .type = &t[1], .slot = -1}};
  t[2] = (arpc__ndr_type){.kind = ARPC__NDR_STRUCT, .list = {.members = members, .count = 2}};
  t[3] = (arpc__ndr_type){.kind = ARPC__NDR_ARRAY, .of = &t[2], .count = 10};
  t[4] = (arpc__ndr_type){.kind = ARPC__NDR_ARRAY, .of = &t[0], .flags = ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING};
  t[5] = (arpc__ndr_type){.kind = ARPC__NDR_TEXT, .flags = ARPC__NDR_WIDE, .count = 3};
  CHECK(lay(t, 6) == NULL);
  CHECK_EQ(t[2].align[0], 4);
  CHECK_EQ(t[2].align[1], 8);
  CHECK_EQ(t[3].size[0], 50);
  CHECK_EQ(t[3].size[1], 90);
  CHECK(t[3].flags & ARPC__NDR_POINTERS);
  CHECK(!(t[4].flags & ARPC__NDR_POINTERS));
  CHECK_EQ(t[4].size[0], 12);
  CHECK_EQ(t[4].size[1], 24);
  CHECK_EQ(t[5].size[0], 6);
}

TEST("layout knows what fits") {
  arpc__ndr_type t[3] = {integer_of(2), integer_of(8)};
  t[2] = (arpc__ndr_type){.kind = ARPC__NDR_ENUM, .flags = ARPC__NDR_SIGNED, .size = {2, 4}};
  CHECK(lay(t, 3) == NULL);
  CHECK_EQ(t[0].low[0], 0);
  CHECK_EQ(t[0].high[0], 65535);
  CHECK_EQ(t[1].low[0], INT64_MIN);
  CHECK_EQ(t[1].high[0], INT64_MAX);
  CHECK_EQ(t[2].low[0], -32768);
  CHECK_EQ(t[2].high[1], INT32_MAX);
}

TEST("layout refuses graphs that no value could have") {
  arpc__ndr_type t[2] = {integer_of(1)};
  arpc__ndr_member self = {.name = "self", .type = &t[1], .slot = -1};
#define REFUSED(...) CHECK((t[1] = (arpc__ndr_type)__VA_ARGS__, lay(t, 2) != NULL))
  REFUSED({.kind = ARPC__NDR_NONE});
  REFUSED({.kind = 99});
  REFUSED({.kind = ARPC__NDR_INT, .size = {3, 3}});
  REFUSED({.kind = ARPC__NDR_FLOAT, .size = {2, 2}});
  REFUSED({.kind = ARPC__NDR_POINTER});
  REFUSED({.kind = ARPC__NDR_STRUCT});
  REFUSED({.kind = ARPC__NDR_STRUCT, .list = {.members = &self, .count = 1}});
  REFUSED({.kind = ARPC__NDR_ARRAY, .of = &t[1], .count = 1});
  REFUSED({.kind = ARPC__NDR_ARRAY, .of = &t[0]});
  REFUSED({.kind = ARPC__NDR_ARRAY, .of = &t[0], .count = UINT32_MAX});
  t[0] = integer_of(8);
  REFUSED({.kind = ARPC__NDR_ARRAY, .of = &t[0], .count = INT32_MAX});
  REFUSED({.kind = ARPC__NDR_TEXT, .flags = ARPC__NDR_STRING, .count = 4});
}

static int eval(const arpc__ndr_op *ops, uint32_t n, int64_t *ret) {
  static const int64_t slots[ARPC__NDR_SLOTS] = {7, 0, -3};
  return arpc__ndr_eval(&(arpc__ndr_expr){ops, n}, slots, ret);
}

TEST("expressions are computed as C does, and fail where C would not define them") {
  int64_t v = 0;
#define OPS(...) (const arpc__ndr_op[]){__VA_ARGS__}, sizeof((arpc__ndr_op[]){__VA_ARGS__}) / sizeof(arpc__ndr_op)
#define K(n) {n, ARPC__NDR_CONST}
#define S(n) {n, ARPC__NDR_SLOT}
#define O(op) {0, ARPC__NDR_##op}
  CHECK(eval(OPS(S(0), K(2), O(DIV)), &v) && v == 3);
  CHECK(eval(OPS(S(0), K(3), O(MOD), K(4), O(SHL)), &v) && v == 16);
  CHECK(eval(OPS(S(1), S(0), K(9), O(PICK)), &v) && v == 9);
  CHECK(eval(OPS(S(0), S(0), K(9), O(PICK)), &v) && v == 7);
  CHECK(eval(OPS(S(2), O(NEG)), &v) && v == 3);
  CHECK(eval(OPS(S(2), O(NOT)), &v) && v == 0);
  CHECK(eval(OPS(S(2), K(0), O(LT), S(0), O(BOTH)), &v) && v == 1);
  CHECK(!eval(OPS(S(0), S(1), O(DIV)), &v));
  CHECK(!eval(OPS(S(0), S(1), O(MOD)), &v));
  CHECK(!eval(OPS(K(INT64_MIN), K(-1), O(DIV)), &v));
  CHECK(!eval(OPS(K(INT64_MAX), K(1), O(ADD)), &v));
  CHECK(!eval(OPS(K(1), K(64), O(SHL)), &v));
  CHECK(!eval(OPS(S(2)), &v));
}

/* ---- decoding ----------------------------------------------------------------------------------
 * A sink that only counts what it is given, and keeps track of the stack it is promised to be. */
typedef struct counting {
  long pushed, begun, elements;
} counting;

static void push(void *arg) {
  ((counting *)arg)->pushed++;
}
static void on_integer(void *arg, const arpc__ndr_type *t, int64_t v) {
  (void)t, (void)v;
  push(arg);
}
static void on_number(void *arg, double v) {
  (void)v;
  push(arg);
}
static void on_uuid(void *arg, const arpc_uuid *v) {
  (void)v;
  push(arg);
}
static void on_text(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big) {
  static char room[65536];
  if (t->flags & ARPC__NDR_WIDE && arpc__utf16_length(units, n, big) <= sizeof room)
    arpc__utf16_get(units, n, big, room);
  push(arg);
}
static int on_begin(void *arg, const arpc__ndr_type *t, size_t n) {
  (void)t;
  ((counting *)arg)->begun++;
  ((counting *)arg)->elements += (long)n;
  push(arg);
  return 1;
}
static void on_set(void *arg, const arpc__ndr_member *m, size_t i) {
  (void)m, (void)i;
  ((counting *)arg)->pushed--;
  CHECK(((counting *)arg)->pushed > 0);
}
static int on_waits(void *arg, const arpc__ndr_member *m, size_t i) {
  (void)arg, (void)m, (void)i;
  return 1;
}
static void on_null(void *arg, int inner) {
  (void)inner;
  push(arg);
}
static void on_open(void *arg, const arpc__ndr_member *m, size_t i) {
  (void)m, (void)i;
  push(arg);
}
static void on_drop(void *arg) {
  ((counting *)arg)->pushed--;
}
static size_t on_count(void *arg, const arpc__ndr_type *t) {
  (void)arg, (void)t;
  return 2;
}
static int64_t on_recall(void *arg, const arpc__ndr_member *m) {
  (void)arg, (void)m;
  return 1;
}

static const arpc__ndr_sink sink = {
    .integer = on_integer, .number = on_number, .uuid = on_uuid, .text = on_text,   .null = on_null,    .pending = push,
    .begin = on_begin,     .set = on_set,       .waits = on_waits, .open = on_open, .drop = on_drop, .count = on_count,
    .recall = on_recall};

enum { TYPES = 12, MEMBERS = 6 };

static unsigned dice(unsigned n) {
  return (unsigned)(test_random() % n);
}

/* A random graph: most are refused by layout, the rest must not hurt. */
typedef struct random_graph {
  arpc__ndr_type types[TYPES];
  arpc__ndr_member members[TYPES + 1][MEMBERS];
  const arpc__ndr_type *checked[TYPES + 1][ARPC__NDR_CHECKS];
  arpc__ndr_op ops[TYPES][3];
  arpc__ndr_case cases[TYPES][3];
} random_graph;

static void random_members(random_graph *g, int list, int below, arpc__ndr_list *ret) {
  ret->members = g->members[list];
  ret->count = (uint16_t)(1 + dice(MEMBERS));
  ret->nslots = (uint8_t)dice(3);
  for (int i = 0; i < ret->count; i++)
    ret->members[i] = (arpc__ndr_member){.name = "m", .type = &g->types[dice((unsigned)below)],
                                         .slot = (int8_t)((int)dice(4) - 2 < 0 ? -1 : (int)dice(16)),
                                         .hidden = dice(8) == 0, .counts = (uint16_t)dice(MEMBERS), .mul = 1, .div = 1};
  ret->checked = g->checked[list];
  for (int i = 0; i < below; i++) {
    const arpc__ndr_type *t = &g->types[i];
    if (t->maximum.count && t->check == ret->nchecked) ret->checked[ret->nchecked++] = t;
  }
}

static void random_union(random_graph *g, int i) {
  arpc__ndr_type *t = &g->types[i];
  t->list.members = g->members[i];
  t->list.count = 4;
  for (int k = 0; k < 4; k++)
    t->list.members[k] = (arpc__ndr_member){.name = "value", .slot = -1, .type = dice(4) ? &g->types[dice((unsigned)i)] : NULL};
  t->list.members[0].type = t->of;
  for (int k = 0; k < 3; k++) g->cases[i][k] = (arpc__ndr_case){dice(4), (uint16_t)dice(5)};
  t->cases = g->cases[i];
  t->ncases = 3;
  t->otherwise = (uint16_t)dice(4);
}

static void random_type(random_graph *g, int i) {
  arpc__ndr_type *t = &g->types[i];
  static const uint32_t sizes[] = {1, 2, 4, 8};
  memset(t, 0, sizeof *t);
  t->kind = (uint8_t)(1 + dice(10));
  t->flags = (uint16_t)(dice(64) | (dice(4) ? 0 : ARPC__NDR_WIDEST));
  t->size[0] = t->size[1] = sizes[dice(4)];
  t->of = &g->types[t->kind == ARPC__NDR_POINTER ? dice(TYPES) : dice(i ? (unsigned)i : 1)];
  t->count = dice(4) ? dice(5) : dice(1000000);
  t->check = (uint8_t)dice(3);
  if (dice(2)) {
    g->ops[i][0] = (arpc__ndr_op){dice(16), ARPC__NDR_SLOT};
    t->maximum = (arpc__ndr_expr){g->ops[i], 1};
  }
  if (t->kind == ARPC__NDR_STRUCT) random_members(g, i, i ? i : 1, &t->list);
  if (t->kind == ARPC__NDR_UNION && i) random_union(g, i);
}

TEST("random graphs and random bytes: no crash, nothing begun that the bytes cannot hold") {
  static random_graph g;
  unsigned good = 0;
  for (unsigned round = test_scale(200000); round; round--) {
    uint8_t bytes[128];
    uint32_t at;
    arpc__ndr_list list = {0};
    for (int i = 0; i < TYPES; i++) {
      do random_type(&g, i);
      while (g.types[i].kind != ARPC__NDR_POINTER && arpc__ndr_layout(&g.types[i], 1, &at) && dice(20));
    }
    if (arpc__ndr_layout(g.types, TYPES, &at)) continue;
    random_members(&g, TYPES, TYPES, &list);
    if (arpc__ndr_check_list(&list)) continue;
    good++;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(dice(4) ? dice(4) : dice(256));
    int64_t slots[ARPC__NDR_SLOTS] = {0};
    counting c = {0};
    arpc__reader r = arpc__reader_of(bytes, dice(sizeof bytes), (int)dice(2));
    arpc__ndr_decode(&list, 1 + (int)dice(2), &r, &sink, &c, slots);
    CHECK(c.elements <= 128 * ARPC__NDR_DEPTH);
    CHECK(r.pos <= r.len);
  }
  CHECK(good > 0);
}

TEST("UTF-16 of random bytes comes back as it was") {
  for (unsigned round = test_scale(20000); round; round--) {
    uint8_t units[40], back[40];
    char text[80];
    size_t n = dice(20), count = 0;
    for (size_t i = 0; i < sizeof units; i++) units[i] = (uint8_t)(i % 2 && dice(2) ? 0xD8 + dice(8) : test_random());
    size_t len = arpc__utf16_length(units, n, 0);
    CHECK(len <= 3 * n);
    arpc__utf16_get(units, n, 0, text);
    CHECK(arpc__utf16_count(text, len, &count));
    CHECK_EQ(count, n);
    arpc__utf16_put(text, len, back);
    CHECK_BYTES(back, 2 * n, units, 2 * n);
  }
}
