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
  FUZZ_CHECK(w->top && w->opened[w->top - 1]);
  w->top--;
}
static size_t on_count(void *arg, const arpc__ndr_type *t) {
  FUZZ_CHECK(top(arg)->type == t);
  return top(arg)->n;
}
static int64_t on_recall(void *arg, const arpc__ndr_member *m) {
  return (*kid(top(arg), m, 0))->v;
}

const arpc__ndr_sink fuzz_tree_sink = {on_integer, on_number, on_uuid,  on_text, on_null,  on_pending, on_begin,
                                    on_set,     on_waits,  on_open,  on_drop, on_count, on_recall};

void fuzz_tree_drop(fuzz_tree *w) {
  while (w->top--)
    if (!w->opened[w->top]) drop_tree(w->stack[w->top]);
}
