#include "tree.h"

#include "fuzz.h"
#include "ndr/utf16.h"

static fuzz_node *push(fuzz_tree *w, int64_t v) {
  FUZZ_CHECK(w->top < FUZZ_TREE_DEPTH);
  fuzz_node *x = calloc(1, sizeof *x);
  x->v = v;
  w->nodes++;
  w->opened[w->top] = 0;
  return w->stack[w->top++] = x;
}

static void drop_tree(fuzz_node *x) {
  if (!x) return;
  for (size_t i = 0; i < x->n; i++) drop_tree(x->kids[i]);
  free(x->kids);
  free(x);
}

static fuzz_node **kid(fuzz_node *x, const arpc__ndr_member *m, size_t i) {
  if (m) i = (size_t)(m - x->type->list.members);
  if (m && x->type->kind == ARPC__NDR_UNION) i = i > 0;
  FUZZ_CHECK(x->type && i < x->n);
  return &x->kids[i];
}

static fuzz_node *top(fuzz_tree *w) {
  FUZZ_CHECK(w->top);
  return w->stack[w->top - 1];
}

static void on_integer(void *arg, const arpc__ndr_type *t, int64_t v) {
  (void)t;
  push(arg, v);
}
static void on_number(void *arg, double v) {
  push(arg, v > 0);
}
static void on_uuid(void *arg, const arpc_uuid *v) {
  push(arg, v->a);
}
/* UTF-16 becomes UTF-8 that becomes the same UTF-16 in little endian. */
static void there_and_back(const uint8_t *units, size_t n, int big) {
  size_t length = arpc__utf16_length(units, n, big), again;
  char *utf8 = malloc(length + 1);
  uint8_t *back = malloc(2 * n + 1);
  arpc__utf16_get(units, n, big, utf8);
  FUZZ_CHECK(arpc__utf16_count(utf8, length, &again) && again == n);
  arpc__utf16_put(utf8, length, back);
  for (size_t i = 0; i < n; i++) FUZZ_CHECK(arpc__load16(back + 2 * i, 0) == arpc__load16(units + 2 * i, big));
  free(utf8);
  free(back);
}
static void on_text(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big) {
  fuzz_read(units, t->flags & ARPC__NDR_WIDE ? 2 * n : n);
  push(arg, 0);
  if (t->flags & ARPC__NDR_WIDE) there_and_back(units, n, big);
}
static void on_context(void *arg, const arpc__ndr_type *t, const arpc__ndr_context *v) {
  (void)t;
  push(arg, v->attributes);
}
static void on_null(void *arg, int inner) {
  push(arg, inner);
}
static void on_pending(void *arg) {
  push(arg, 0)->waits = 1;
}
static int on_begin(void *arg, const arpc__ndr_type *t, size_t n) {
  fuzz_tree *w = arg;
  FUZZ_CHECK(n <= w->fed || (t->kind == ARPC__NDR_STRUCT && n == t->list.count) || t->kind == ARPC__NDR_UNION);
  fuzz_node *x = push(w, 0);
  x->type = t;
  x->n = n;
  x->kids = calloc(n + 1, sizeof *x->kids);
  return w->nodes < w->most;
}
static void on_set(void *arg, const arpc__ndr_member *m, size_t i) {
  fuzz_tree *w = arg;
  FUZZ_CHECK(w->top > 1 && !w->opened[w->top - 1]);
  fuzz_node *x = w->stack[--w->top], **at = kid(top(w), m, i);
  FUZZ_CHECK(!*at || (*at)->waits);
  drop_tree(*at);
  *at = x;
}
static int on_waits(void *arg, const arpc__ndr_member *m, size_t i) {
  fuzz_node *x = *kid(top(arg), m, i);
  return x && x->waits;
}
static void on_open(void *arg, const arpc__ndr_member *m, size_t i) {
  fuzz_tree *w = arg;
  fuzz_node *x = *kid(top(w), m, i);
  FUZZ_CHECK(w->top < FUZZ_TREE_DEPTH && x && x->type);
  w->opened[w->top] = 1;
  w->stack[w->top++] = x;
}
static void on_drop(void *arg) {
  fuzz_tree *w = arg;
  fuzz_node *x = top(w);
  if (!w->opened[--w->top]) drop_tree(x);
}
static size_t on_count(void *arg, const arpc__ndr_type *t) {
  FUZZ_CHECK(top(arg)->type == t);
  return top(arg)->n;
}
/* A promise is a node that waits, with the number as its value. What is the same is told apart by no more than that. */
static void on_promise(void *arg, uint64_t number) {
  fuzz_node *x = push(arg, (int64_t)number);
  x->waits = 1;
}
static uint64_t on_promised(void *arg, const arpc__ndr_member *m, size_t i) {
  fuzz_node *x = *kid(top(arg), m, i);
  return x && x->waits ? (uint64_t)x->v : 0;
}
static void on_learn(void *arg, uint64_t number, const arpc__ndr_type *t) {
  fuzz_tree *w = arg;
  FUZZ_CHECK(number && w->top);
  if (w->nknown == FUZZ_TREE_KNOWN) return;
  w->known[w->nknown].number = number;
  w->known[w->nknown++].type = t;
}
static const arpc__ndr_type *on_alias(void *arg, uint64_t number) {
  fuzz_tree *w = arg;
  for (unsigned i = 0; i < w->nknown; i++)
    if (w->known[i].number == number) return push(w, 1), w->known[i].type;
  return NULL;
}
static int64_t on_recall(void *arg, const arpc__ndr_member *m) {
  if (!m) return top(arg)->v;
  return (*kid(top(arg), m, 0))->v;
}

const arpc__ndr_sink fuzz_tree_sink = {
    .integer = on_integer, .number = on_number, .uuid = on_uuid,   .context = on_context,   .text = on_text,
    .null = on_null,       .pending = on_pending, .begin = on_begin, .set = on_set,         .waits = on_waits,
    .open = on_open,       .drop = on_drop,     .count = on_count, .recall = on_recall,     .promise = on_promise,
    .alias = on_alias,     .learn = on_learn,   .promised = on_promised};

void fuzz_tree_drop(fuzz_tree *w) {
  while (w->top--)
    if (!w->opened[w->top]) drop_tree(w->stack[w->top]);
}
