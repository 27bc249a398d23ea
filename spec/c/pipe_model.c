#include "pipe_model.h"

size_t model_size(const model_call *k, unsigned pipe) {
  return k->types[pipe].size[k->syntax];
}

size_t model_stride(const model_call *k, unsigned pipe) {
  size_t a = k->types[pipe].align[k->syntax];
  return (model_size(k, pipe) + a - 1) / a * a;
}

uint8_t model_byte(const model_call *k, const model_side *from, unsigned pipe, size_t element, size_t b) {
  return (uint8_t)(k->number * 31 + pipe * 57 + element * 7 + b * 13 + from->way);
}

unsigned model_next(const model_call *k, unsigned at, unsigned way) {
  while (at < k->npipes && !(k->types[at].directions & way)) at++;
  return at;
}

model_side *model_other(model_call *k, const model_side *x) {
  return x == &k->c ? &k->s : &k->c;
}

size_t model_between(model_call *k, const model_side *x) {
  size_t n = 0;
  for (unsigned i = 0; i < k->npipes; i++) n += (x->pushed[i] - model_other(k, x)->pulled[i]) * model_size(k, i);
  return n;
}

int model_pushed_all(const model_call *k, const model_side *x) {
  return x->push_at == k->npipes;
}

int model_pulled_all(const model_call *k, const model_side *x) {
  return x->pull_at == k->npipes;
}

arpc_status model_push_order(const model_call *k, const model_side *x, unsigned pipe) {
  if (pipe >= k->npipes) return 87;
  if (!(k->types[pipe].directions & x->way)) return 1831;
  if (pipe < x->push_at) return 1916;
  return pipe > x->push_at || (x == &k->s && !model_pulled_all(k, x)) ? 1831 : 0;
}

arpc_status model_pull_order(const model_call *k, const model_side *x, unsigned pipe) {
  if (pipe >= k->npipes) return 87;
  if (!(k->types[pipe].directions & ~x->way & 3)) return 1831;
  if (pipe < x->pull_at) return 1918;
  return pipe > x->pull_at || (x == &k->c && !model_pushed_all(k, x)) ? 1831 : 0;
}

int model_one_of(unsigned may, arpc_status status) {
  if (status == 0) return (may & REPLIED) != 0;
  if (status == CODE) return (may & ABORTED) != 0;
  if (status == 1818) return (may & GIVEN_UP) != 0;
  return (status == 1726 || status == 1727) && (may & LOST) != 0;
}

int model_may_be_over(const model_call *k, const model_side *x, arpc_status status) {
  if (x == &k->s) return (status == 1818 && k->asked) || (status == 1820 && k->gone);
  if (k->told && k->status) return status == k->status;
  return (status == 1818 && (k->told ? k->called_off : k->asked)) || (status && !k->told && model_one_of(k->may, status));
}

int model_must_be_over(const model_call *k, const model_side *x) {
  if (x == &k->s) return k->sure;
  if (k->told) return k->status != 0;
  return k->called_off && !(k->may & ~(unsigned)GIVEN_UP);
}
