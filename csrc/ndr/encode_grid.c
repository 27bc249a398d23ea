/* Arrays of several dimensions, and those with an offset. The counts of all dimensions come first, so that the
 * value is looked at twice: the first elements say how many there are, and all others must be as long. */
#include "ndr/encoder.h"
#include "ndr/utf16.h"

typedef struct dimension {
  const arpc__ndr_type *t;
  int64_t most, first;
  size_t n; /* elements; of strings, which have counts of their own, nothing */
} dimension;

/* ---- counts ------------------------------------------------------------------------------------*/
static int measure_strings(arpc__encoder *e, dimension *d) {
  d->first = 0;
  d->n = 0;
  if (d->t->flags & ARPC__NDR_CONFORMANT && !d->t->maximum.count) return arpc__encode_refuse(e, "its size is not known"), 0;
  return arpc__encode_eval(e, &d->t->maximum, d->t->count, &d->most);
}

/* Elements that are not there have the size that was said. */
static int measure_nothing(arpc__encoder *e, dimension *d) {
  int64_t n;
  if (!arpc__encode_eval(e, &d->t->maximum, d->t->count, &d->most)) return 0;
  if (!arpc__encode_eval(e, &d->t->actual, d->t->flags & ARPC__NDR_VARYING ? 0 : d->most, &n)) return 0;
  d->n = (size_t)n;
  return arpc__encode_eval(e, &d->t->first, 0, &d->first);
}

static int measure_elements(arpc__encoder *e, dimension *d) {
  d->n = e->from->count(e->arg, d->t);
  if (!arpc__encode_count(e, d->t, d->n, &d->most)) return 0;
  if (!arpc__encode_eval(e, &d->t->first, 0, &d->first)) return 0;
  if (d->first <= d->most - (int64_t)d->n) return 1;
  arpc__encode_refuse(e, "its elements reach beyond its size");
  return 0;
}

/* The current value is what the first of these dimensions holds, if it is there. */
static int measure(arpc__encoder *e, const arpc__ndr_type *t, unsigned n, int there, dimension *d) {
  d->t = t;
  if (t->flags & ARPC__NDR_STRING) return measure_strings(e, d);
  if (!(there ? measure_elements : measure_nothing)(e, d)) return 0;
  if (n == 1) return 1;
  if (!there || !d->n) return measure(e, t->of, n - 1, 0, d + 1);
  e->from->element(e->arg, 0);
  int good = measure(e, t->of, n - 1, 1, d + 1);
  e->from->leave(e->arg);
  return good;
}

static void put_maxima(arpc__encoder *e, const dimension *d, unsigned n) {
  size_t at = e->hoisted;
  for (unsigned i = 0; i < n; i++) {
    if (!(d[i].t->flags & ARPC__NDR_CONFORMANT)) continue;
    if (!at) {
      arpc__encode_word(e, (uint64_t)d[i].most);
      continue;
    }
    arpc__patch32(e->w, at - 1, (uint32_t)d[i].most);
    at += e->s ? 8 : 4;
  }
  if (at == e->hoisted) return; /* nothing was hoisted, or for another one */
  if (e->s) arpc__write_align(e->w, e->tail);
  e->hoisted = 0;
}

static void put_ranges(arpc__encoder *e, const dimension *d, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    if (!(d[i].t->flags & ARPC__NDR_VARYING) || d[i].t->flags & ARPC__NDR_STRING) continue;
    arpc__encode_word(e, (uint64_t)d[i].first);
    arpc__encode_word(e, d[i].n);
  }
}

/* ---- elements ----------------------------------------------------------------------------------*/
/* A text of this dimension. Strings have their counts with them. */
static void put_units(arpc__encoder *e, const dimension *d) {
  size_t len, n, nul = d->t->flags & ARPC__NDR_STRING ? 1 : 0, unit = d->t->flags & ARPC__NDR_WIDE ? 2 : 1;
  const char *text = e->from->text(e->arg, d->t, &len);
  n = len;
  if (unit == 2 && !arpc__utf16_count(text, len, &n)) {
    arpc__encode_refuse(e, "UTF-8 expected");
    return;
  }
  if (nul ? (int64_t)n >= d->most : n != d->n) {
    arpc__encode_miscounted(e, d->t, nul ? d->most : (int64_t)d->n, n + nul, (int)nul);
    return;
  }
  if (nul) arpc__encode_word(e, 0), arpc__encode_word(e, n + nul);
  if (n + nul) arpc__write_align(e->w, unit);
  uint8_t *at = arpc__buf_add(e->w->buf, (n + nul) * unit);
  if (!at) return;
  if (unit == 1) memcpy(at, text, n);
  else arpc__utf16_put(text, len, at);
  if (nul) memset(at + n * unit, 0, unit);
}

static void put_elements(arpc__encoder *e, const dimension *d, unsigned n);

static void put_dimension(arpc__encoder *e, const dimension *d, unsigned n) {
  if (d->t->kind == ARPC__NDR_TEXT) {
    put_units(e, d);
    return;
  }
  size_t got = e->from->count(e->arg, d->t);
  if (got != d->n) arpc__encode_miscounted(e, d->t, (int64_t)d->n, got, 0);
  else put_elements(e, d, n);
}

static void put_elements(arpc__encoder *e, const dimension *d, unsigned n) {
  if (!arpc__encode_deeper(e)) return;
  for (size_t i = 0; i < d->n && !e->w->buf->error; i++) {
    e->from->element(e->arg, i);
    if (n > 1) put_dimension(e, d + 1, n - 1);
    else arpc__encode_flat(e, d->t->of);
    e->from->leave(e->arg);
  }
  e->depth--;
}

void arpc__encode_grid(arpc__encoder *e, const arpc__ndr_type *t) {
  dimension d[ARPC__NDR_DIMENSIONS];
  if (!measure(e, t->of, t->count, 1, d)) return;
  put_maxima(e, d, t->count);
  put_ranges(e, d, t->count);
  put_dimension(e, d, t->count);
}
