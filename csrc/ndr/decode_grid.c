/* Arrays of several dimensions, and those with an offset: first the counts of all dimensions, then the elements. */
#include "ndr/decoder.h"

enum { NOTHING = 1024 }; /* rows without elements, which no bytes bound */

typedef struct dimension {
  const arpc__ndr_type *t;
  uint64_t most, first, n; /* n of strings, which have counts of their own, is 0 */
} dimension;

static void bad(arpc__decoder *d) {
  arpc__fail(d->r, ARPC_X_BAD_STUB_DATA);
}

static int ranged(const arpc__decoder *d, const arpc__ndr_type *t, uint64_t most) {
  return !(t->flags & ARPC__NDR_RANGED) || ((int64_t)most >= t->low[d->s] && (int64_t)most <= t->high[d->s]);
}

/* ---- counts ------------------------------------------------------------------------------------*/
static void get_maxima(arpc__decoder *d, dimension *x, unsigned n) {
  unsigned taken = 0;
  for (unsigned i = 0; i < n; i++) {
    x[i].most = x[i].t->count;
    if (!(x[i].t->flags & ARPC__NDR_CONFORMANT)) continue;
    x[i].most = d->hoisted ? d->most[taken] : arpc__decode_word(d);
    taken++;
  }
  if (!taken || !d->hoisted) return;
  d->hoisted = 0;
  if (d->s) arpc__read_align(d->r, d->tail);
}

static void get_ranges(arpc__decoder *d, dimension *x, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    int string = x[i].t->flags & ARPC__NDR_STRING, varying = x[i].t->flags & ARPC__NDR_VARYING && !string;
    x[i].first = varying ? arpc__decode_word(d) : 0;
    x[i].n = varying ? arpc__decode_word(d) : string ? 0 : x[i].most;
  }
}

static void check(arpc__decoder *d, const dimension *x) {
  if (x->most > INT32_MAX || x->n > x->most || x->first > x->most - x->n || !ranged(d, x->t, x->most)) bad(d);
  if (x->first && !x->t->first.count) bad(d);
  if (!d->r->error && x->t->maximum.count | x->t->actual.count | x->t->first.count)
    arpc__decode_note(d, x->t, (uint32_t)x->most, (uint32_t)x->first, (uint32_t)x->n);
}

/* The fewest bytes of what the last dimension holds. */
static uint64_t least(const arpc__decoder *d, const arpc__ndr_type *t) {
  if (t->kind == ARPC__NDR_ARRAY) return t->of->size[d->s];
  if (t->flags & ARPC__NDR_STRING) return d->s ? 16 : 8;
  return t->flags & ARPC__NDR_WIDE ? 2 : 1;
}

/* How many times the innermost elements stand there; most + 1 for more than that. Of strings there is one. */
static uint64_t times(const dimension *x, unsigned n, uint64_t most) {
  uint64_t total = 1;
  for (unsigned i = 0; i < n && total <= most; i++)
    if (!(x[i].t->flags & ARPC__NDR_STRING)) total *= x[i].n;
  return total <= most ? total : most + 1;
}

/* Whether the bytes left can hold the elements of all dimensions. */
static int fits(const arpc__decoder *d, const dimension *x, unsigned n) {
  uint64_t left = arpc__left(d->r);
  for (unsigned i = 0; i < n; i++)
    if (!x[i].n && !(x[i].t->flags & ARPC__NDR_STRING)) return times(x, i, NOTHING) <= NOTHING;
  return times(x, n, left) <= left / least(d, x[n - 1].t);
}

/* ---- elements ----------------------------------------------------------------------------------*/
static void get_units(arpc__decoder *d, const dimension *x) {
  uint64_t n = x->n, unit = x->t->flags & ARPC__NDR_WIDE ? 2 : 1;
  int string = x->t->flags & ARPC__NDR_STRING;
  if (string) {
    uint64_t first = arpc__decode_word(d);
    n = arpc__decode_word(d);
    if (first || !n || n > x->most) bad(d);
  }
  if (n) arpc__read_align(d->r, unit);
  const uint8_t *at = arpc__take(d->r, (size_t)(n * unit));
  if (!at) return;
  if (string) n--;
  if (string && (at[unit * n] | at[unit * n + unit - 1])) bad(d);
  else if (arpc__decode_charge(d, (size_t)n)) d->to->text(d->arg, x->t, at, (size_t)n, d->r->big);
}

static void get_dimension(arpc__decoder *d, const dimension *x, unsigned n) {
  if (x->t->kind == ARPC__NDR_TEXT) {
    get_units(d, x);
    return;
  }
  if (!arpc__decode_deeper(d)) return;
  arpc__decode_array(d, x->t, (size_t)x->n);
  for (uint64_t i = 0; i < x->n && !d->r->error; i++) {
    if (n > 1) get_dimension(d, x + 1, n - 1);
    else arpc__decode_flat(d, x->t->of);
    if (!d->r->error) d->to->set(d->arg, NULL, (size_t)i);
  }
  d->depth--;
}

void arpc__decode_grid(arpc__decoder *d, const arpc__ndr_type *t) {
  dimension x[ARPC__NDR_DIMENSIONS];
  const arpc__ndr_type *dim = t->of;
  for (unsigned i = 0; i < t->count; i++, dim = dim->of) x[i].t = dim;
  get_maxima(d, x, t->count);
  get_ranges(d, x, t->count);
  for (unsigned i = 0; i < t->count && !d->r->error; i++) check(d, &x[i]);
  if (!d->r->error && !fits(d, x, t->count)) arpc__run_out(d->r);
  if (!d->r->error) get_dimension(d, x, t->count);
}
