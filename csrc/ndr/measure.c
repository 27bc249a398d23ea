/* The decoder walks twice over what has pointers, so its sink remembers integers, what is pending, and the shape of
 * composites: every value is a number, that of a composite is where its parts stand. */
#include "ndr/measure.h"

typedef struct shape {
  arpc__buf stack; /* int64_t: values */
  arpc__buf parts; /* int64_t: of each composite its type, the number of its parts, then they */
  int64_t nothing; /* what there is once memory has run out */
} shape;

static int failed(const shape *s) {
  return s->stack.error || s->parts.error;
}

static void push(void *arg, int64_t v) {
  shape *s = arg;
  arpc__buf_put(&s->stack, &v, sizeof v);
}

static int64_t *top(shape *s) {
  if (failed(s) || !s->stack.len) return &s->nothing;
  return (int64_t *)(void *)(s->stack.data + s->stack.len) - 1;
}

static int64_t pop(shape *s) {
  int64_t v = *top(s);
  if (s->stack.len) s->stack.len -= sizeof v;
  return v;
}

/* Of the composite on top. The arms of a union share a place. */
static int64_t *part(shape *s, const arpc__ndr_member *m, size_t i) {
  if (failed(s)) return &s->nothing;
  int64_t *parts = (int64_t *)(void *)s->parts.data + *top(s);
  const arpc__ndr_type *t = (const void *)(uintptr_t)parts[-2];
  if (m && t->kind == ARPC__NDR_UNION) i = m != &t->list.members[0];
  else if (m) i = (size_t)(m - t->list.members);
  return &parts[i];
}

static void on_integer(void *arg, const arpc__ndr_type *t, int64_t v) {
  (void)t;
  push(arg, v);
}
static void on_number(void *arg, double v) {
  (void)v;
  push(arg, 0);
}
static void on_uuid(void *arg, const arpc_uuid *v) {
  (void)v;
  push(arg, 0);
}
static void on_context(void *arg, const arpc__ndr_type *t, const arpc__ndr_context *v) {
  (void)t, (void)v;
  push(arg, 0);
}
static void on_text(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big) {
  (void)t, (void)units, (void)n, (void)big;
  push(arg, 0);
}
static void on_null(void *arg, int inner) {
  (void)inner;
  push(arg, 0);
}
static void on_pending(void *arg) {
  push(arg, 1);
}

static int on_begin(void *arg, const arpc__ndr_type *t, size_t n) {
  shape *s = arg;
  uint8_t *at = n <= INT32_MAX ? arpc__buf_add(&s->parts, (n + 2) * sizeof(int64_t)) : NULL;
  if (!at) return 0;
  int64_t head[2] = {(int64_t)(uintptr_t)t, (int64_t)n};
  memcpy(at, head, sizeof head);
  memset(at + sizeof head, 0, n * sizeof(int64_t));
  push(s, (int64_t)(s->parts.len / sizeof(int64_t) - n));
  return !failed(s);
}

static void on_set(void *arg, const arpc__ndr_member *m, size_t i) {
  int64_t v = pop(arg);
  *part(arg, m, i) = v;
}
static int on_waits(void *arg, const arpc__ndr_member *m, size_t i) {
  return *part(arg, m, i) != 0;
}
static void on_open(void *arg, const arpc__ndr_member *m, size_t i) {
  push(arg, *part(arg, m, i));
}
static void on_drop(void *arg) {
  pop(arg);
}
static size_t on_count(void *arg, const arpc__ndr_type *t) {
  shape *s = arg;
  (void)t;
  return failed(s) ? 0 : (size_t)((int64_t *)(void *)s->parts.data)[*top(s) - 1];
}
static int64_t on_recall(void *arg, const arpc__ndr_member *m) {
  return m ? *part(arg, m, 0) : *top(arg);
}

static const arpc__ndr_sink sink = {
    .integer = on_integer, .number = on_number, .uuid = on_uuid,   .context = on_context, .text = on_text,
    .null = on_null,       .pending = on_pending, .begin = on_begin, .set = on_set,       .waits = on_waits,
    .open = on_open,       .drop = on_drop,     .count = on_count, .recall = on_recall};

arpc_status arpc__ndr_measure(const arpc__ndr_list *list, int transfer, arpc__reader *r, size_t *ret_len) {
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  shape s = {0};
  arpc__ndr_decode(list, transfer, r, &sink, &s, slots);
  int none_left = failed(&s);
  arpc__buf_free(&s.stack);
  arpc__buf_free(&s.parts);
  if (none_left) return ARPC_S_OUT_OF_MEMORY;
  if (r->error) return r->ran_out ? ARPC_ERROR_MORE_DATA : r->error;
  *ret_len = r->pos;
  return ARPC_S_OK;
}
