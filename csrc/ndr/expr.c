#include "ndr/expr.h"

#include "base/plant.h"

static const int8_t arity[ARPC__NDR_OPERATORS] = {
    [ARPC__NDR_CONST] = 0, [ARPC__NDR_SLOT] = 0, [ARPC__NDR_ADD] = 2, [ARPC__NDR_SUB] = 2, [ARPC__NDR_MUL] = 2,
    [ARPC__NDR_DIV] = 2,   [ARPC__NDR_MOD] = 2,  [ARPC__NDR_SHL] = 2, [ARPC__NDR_SHR] = 2, [ARPC__NDR_AND] = 2,
    [ARPC__NDR_OR] = 2,    [ARPC__NDR_XOR] = 2,  [ARPC__NDR_EQ] = 2,  [ARPC__NDR_NE] = 2,  [ARPC__NDR_LT] = 2,
    [ARPC__NDR_GT] = 2,    [ARPC__NDR_LE] = 2,   [ARPC__NDR_GE] = 2,  [ARPC__NDR_BOTH] = 2, [ARPC__NDR_EITHER] = 2,
    [ARPC__NDR_NEG] = 1,   [ARPC__NDR_NOT] = 1,  [ARPC__NDR_FLIP] = 1, [ARPC__NDR_PICK] = 3};

const char *arpc__ndr_check_expr(const arpc__ndr_expr *e) {
  int depth = 0;
  for (uint32_t i = 0; i < e->count; i++) {
    const arpc__ndr_op *op = &e->ops[i];
    if (op->code >= ARPC__NDR_OPERATORS) return "an expression has an unknown operator";
    if (op->code == ARPC__NDR_SLOT && (op->value < 0 || op->value >= ARPC__NDR_SLOTS + ARPC__PLANTED(11)))
      return "an expression names a slot that does not exist";
    depth -= arity[op->code];
    if (depth < 0) return "an expression lacks an operand";
    if (++depth > ARPC__NDR_STACK) return "an expression is nested too deeply";
  }
  return e->count && depth != 1 ? "an expression has no single value" : NULL;
}

static int divide(uint8_t code, int64_t a, int64_t b, int64_t *ret) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return 0;
  *ret = code == ARPC__NDR_DIV ? a / b : a % b;
  return 1;
}

static int shift(uint8_t code, int64_t a, int64_t b, int64_t *ret) {
  if (b < 0 || b > 62 || a < 0 || (code == ARPC__NDR_SHL && a > INT64_MAX >> b)) return 0;
  *ret = code == ARPC__NDR_SHL ? a << b : a >> b;
  return 1;
}

static int64_t compare(uint8_t code, int64_t a, int64_t b) {
  switch (code) {
    case ARPC__NDR_EQ: return a == b;
    case ARPC__NDR_NE: return a != b;
    case ARPC__NDR_LT: return a < b;
    case ARPC__NDR_GT: return a > b;
    case ARPC__NDR_LE: return a <= b;
    case ARPC__NDR_GE: return a >= b;
    case ARPC__NDR_BOTH: return a && b;
    default: return a || b;
  }
}

static int binary(uint8_t code, int64_t a, int64_t b, int64_t *ret) {
  switch (code) {
    case ARPC__NDR_ADD: return !__builtin_add_overflow(a, b, ret);
    case ARPC__NDR_SUB: return !__builtin_sub_overflow(a, b, ret);
    case ARPC__NDR_MUL: return !__builtin_mul_overflow(a, b, ret);
    case ARPC__NDR_DIV: case ARPC__NDR_MOD: return divide(code, a, b, ret);
    case ARPC__NDR_SHL: case ARPC__NDR_SHR: return shift(code, a, b, ret);
    case ARPC__NDR_AND: *ret = a & b; return 1;
    case ARPC__NDR_OR: *ret = a | b; return 1;
    case ARPC__NDR_XOR: *ret = a ^ b; return 1;
    default: *ret = compare(code, a, b); return 1;
  }
}

static int unary(uint8_t code, int64_t a, int64_t *ret) {
  if (code == ARPC__NDR_NEG) return !__builtin_sub_overflow((int64_t)0, a, ret);
  *ret = code == ARPC__NDR_NOT ? !a : ~a;
  return 1;
}

/* One operator on the stack whose top is *at. */
static int apply(uint8_t code, int64_t *at) {
  switch (arity[code]) {
    case 1: return unary(code, at[0], at);
    case 2: return binary(code, at[-1], at[0], at - 1);
    default: at[-2] = at[-2] ? at[-1] : at[0]; return 1;
  }
}

static int compute(const arpc__ndr_expr *e, const int64_t *slots, int64_t *ret) {
  int64_t stack[ARPC__NDR_STACK] = {0};
  int depth = 0;
  for (uint32_t i = 0; i < e->count; i++) {
    const arpc__ndr_op *op = &e->ops[i];
    if (op->code <= ARPC__NDR_SLOT) {
      stack[depth++] = op->code == ARPC__NDR_CONST ? op->value : slots[op->value];
      continue;
    }
    if (!apply(op->code, &stack[depth - 1])) return 0;
    depth -= arity[op->code] - 1;
  }
  *ret = stack[0];
  return 1;
}

int arpc__ndr_eval(const arpc__ndr_expr *e, const int64_t *slots, int64_t *ret) {
  int64_t v;
  if (!compute(e, slots, &v) || v < 0) return 0;
  *ret = v;
  return 1;
}

/* ---- unions ------------------------------------------------------------------------------------*/
/* What of v is left in a scalar of its larger size. */
static int64_t as(const arpc__ndr_type *t, int64_t v) {
  if (t->kind == ARPC__NDR_BOOL) return v != 0;
  switch (t->size[t->size[1] > t->size[0]]) {
    case 1: return t->flags & ARPC__NDR_SIGNED ? (int8_t)v : (uint8_t)v;
    case 2: return t->flags & ARPC__NDR_SIGNED ? (int16_t)v : (uint16_t)v;
    case 4: return t->flags & ARPC__NDR_SIGNED ? (int32_t)v : (int64_t)(uint32_t)v;
    default: return v;
  }
}

int arpc__ndr_eval_tag(const arpc__ndr_type *t, const int64_t *slots, int64_t *ret) {
  int64_t v;
  if (!compute(&t->maximum, slots, &v)) return 0;
  *ret = as(t->of, v);
  return 1;
}

const arpc__ndr_member *arpc__ndr_arm(const arpc__ndr_type *t, int64_t tag) {
  tag = as(t->of, tag);
  for (uint32_t i = 0; i < t->ncases; i++)
    if (t->cases[i].value == tag) return &t->list.members[t->cases[i].arm];
  return t->otherwise ? &t->list.members[t->otherwise] : NULL;
}
