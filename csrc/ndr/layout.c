/* What a graph needs to know of itself: sizes, alignments, ranges. */
#include "ndr/expr.h"

enum { INNER = ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING };

static int scalar_size(uint32_t size) {
  return size == 1 || size == 2 || size == 4 || size == 8;
}

static int integral(const arpc__ndr_type *t) {
  return t->kind == ARPC__NDR_INT || t->kind == ARPC__NDR_ENUM || t->kind == ARPC__NDR_BOOL;
}

/* What fits into size bytes. All 64 bits: any pattern. */
static void range(arpc__ndr_type *t, int s) {
  unsigned bits = 8 * t->size[s];
  int is_signed = t->flags & ARPC__NDR_SIGNED || bits == 64;
  int64_t low = is_signed ? INT64_MIN >> (64 - bits) : 0;
  int64_t high = is_signed ? INT64_MAX >> (64 - bits) : (int64_t)(UINT64_MAX >> (64 - bits));
  if (!(t->flags & ARPC__NDR_RANGED) || t->low[s] < low) t->low[s] = low;
  if (!(t->flags & ARPC__NDR_RANGED) || t->high[s] > high) t->high[s] = high;
}

static const char *lay_scalar(arpc__ndr_type *t) {
  for (int s = 0; s < 2; s++) {
    if (!scalar_size(t->size[s])) return "a scalar has a size that is none";
    if (t->kind == ARPC__NDR_FLOAT && t->size[s] < 4) return "a floating number has a size that is none";
    t->align[s] = (uint8_t)t->size[s];
    range(t, s);
  }
  return NULL;
}

static void lay(arpc__ndr_type *t, uint32_t size20, uint32_t size64, uint8_t align20, uint8_t align64) {
  t->size[0] = size20;
  t->size[1] = size64;
  t->align[0] = align20;
  t->align[1] = align64;
}

static const char *lay_pointer(arpc__ndr_type *t) {
  lay(t, 4, 8, 4, 8);
  if (!(t->flags & ARPC__NDR_IGNORED)) t->flags |= ARPC__NDR_POINTERS;
  return NULL;
}

/* The fewest bytes of count elements, with the count words the flags ask for. */
static const char *lay_elements(arpc__ndr_type *t, const uint32_t size[2]) {
  for (int s = 0; s < 2; s++) {
    uint32_t word = s ? 8 : 4;
    uint64_t least = t->flags & INNER ? 0 : (uint64_t)t->count * size[s];
    if (t->flags & ARPC__NDR_CONFORMANT) least += word;
    if (t->flags & ARPC__NDR_VARYING) least += 2 * word;
    if (least > INT32_MAX) return "an array is too large";
    t->size[s] = (uint32_t)least;
  }
  if (!(t->flags & ARPC__NDR_CONFORMANT) && (t->count == 0 || t->count > INT32_MAX)) return "an array has no elements";
  if ((t->maximum.count || t->actual.count || t->first.count) && t->check >= ARPC__NDR_CHECKS) return "an array has no check";
  if (t->first.count && !(t->flags & ARPC__NDR_DIMENSION)) return "an offset that is not of a dimension";
  const char *why = arpc__ndr_check_expr(&t->maximum);
  if (!why) why = arpc__ndr_check_expr(&t->actual);
  return why ? why : arpc__ndr_check_expr(&t->first);
}

static const char *lay_text(arpc__ndr_type *t) {
  uint8_t unit = t->flags & ARPC__NDR_WIDE ? 2 : 1;
  const uint32_t size[2] = {unit, unit};
  t->align[0] = t->align[1] = unit;
  if (t->flags & ARPC__NDR_STRING && !(t->flags & ARPC__NDR_VARYING)) return "a string must be varying";
  return lay_elements(t, size);
}

static int conformant(const arpc__ndr_type *t) {
  int may_be = t->kind == ARPC__NDR_ARRAY || t->kind == ARPC__NDR_TEXT || t->kind == ARPC__NDR_STRUCT || t->kind == ARPC__NDR_GRID;
  return may_be && t->flags & ARPC__NDR_CONFORMANT;
}

/* Dimensions stand in grids alone. */
static int misplaced(const arpc__ndr_type *t) {
  return (t->kind == ARPC__NDR_ARRAY || t->kind == ARPC__NDR_TEXT) && t->flags & ARPC__NDR_DIMENSION;
}

static const char *lay_array(arpc__ndr_type *t) {
  if (!t->of || t->of >= t) return "an array stands before its element";
  if (t->flags & ARPC__NDR_DIMENSION ? conformant(t->of) && !misplaced(t->of) : conformant(t->of) || misplaced(t->of))
    return "an array of conformant arrays or structs";
  t->align[0] = t->of->align[0];
  t->align[1] = t->of->align[1];
  t->flags |= t->of->flags & ARPC__NDR_POINTERS;
  return lay_elements(t, t->of->size);
}

/* The maximum counts in front of a value. */
static uint32_t maxima(const arpc__ndr_type *t) {
  uint32_t n = 0;
  if (t->kind == ARPC__NDR_STRUCT) return t->count;
  if (t->kind != ARPC__NDR_GRID) return conformant(t);
  const arpc__ndr_type *dimension = t->of;
  for (uint32_t i = 0; i < t->count; i++, dimension = dimension->of) n += (uint32_t)conformant(dimension);
  return n;
}

/* A grid's dimensions are a chain of so many. */
static const char *lay_grid(arpc__ndr_type *t) {
  const arpc__ndr_type *dimension = t->of;
  uint32_t words = 0;
  if (!t->count || t->count > ARPC__NDR_DIMENSIONS) return "a grid has too many dimensions, or none";
  t->flags &= (uint16_t)~ARPC__NDR_CONFORMANT;
  for (uint32_t i = 0; i < t->count; i++, dimension = dimension->of) {
    if (!dimension || dimension >= t || !misplaced(dimension)) return "a grid lacks a dimension";
    if (dimension->kind == ARPC__NDR_TEXT && i + 1 < t->count) return "a grid has a text that is not its last dimension";
    if (dimension->flags & ARPC__NDR_CONFORMANT) t->flags |= ARPC__NDR_CONFORMANT;
    words += !!(dimension->flags & ARPC__NDR_CONFORMANT) + (dimension->flags & ARPC__NDR_VARYING ? 2 : 0);
    if (i + 1 < t->count) continue;
    if (dimension->kind == ARPC__NDR_ARRAY && misplaced(dimension->of)) return "a grid has more dimensions";
    t->flags |= dimension->flags & ARPC__NDR_POINTERS;
    lay(t, 4 * words, 8 * words, dimension->align[0], dimension->align[1]);
  }
  return words ? NULL : "a grid has no counts";
}

static const char *lay_member(arpc__ndr_type *t, const arpc__ndr_member *m, int last) {
  if (!m->type || m->type >= t) return "a struct stands before its member";
  if (conformant(m->type) && !last) return "a conformant member is not the last";
  if (misplaced(m->type)) return "a member is a dimension";
  if (conformant(m->type)) t->flags |= ARPC__NDR_CONFORMANT;
  t->count = maxima(m->type);
  if (m->slot >= 0 && !integral(m->type)) return "a counting member is no integer";
  t->flags |= m->type->flags & ARPC__NDR_POINTERS;
  for (int s = 0; s < 2; s++) {
    if (m->type->align[s] > t->align[s]) t->align[s] = m->type->align[s];
    if (__builtin_add_overflow(t->size[s], m->type->size[s], &t->size[s]) || t->size[s] > INT32_MAX)
      return "a struct is too large";
  }
  return NULL;
}

static const char *lay_struct(arpc__ndr_type *t) {
  lay(t, 0, 0, 1, 1);
  t->flags &= (uint16_t)~ARPC__NDR_CONFORMANT;
  for (uint16_t i = 0; i < t->list.count; i++) {
    const char *why = lay_member(t, &t->list.members[i], i + 1 == t->list.count);
    if (why) return why;
  }
  if (!t->size[0]) return "a struct without members";
  return arpc__ndr_check_list(&t->list);
}

static const char *lay_arm(arpc__ndr_type *t, const arpc__ndr_type *arm) {
  if (!arm) return NULL;
  if (arm >= t) return "a union stands before its arm";
  if (conformant(arm) || misplaced(arm)) return "a union with a conformant arm";
  t->flags |= arm->flags & ARPC__NDR_POINTERS;
  for (int s = 0; s < 2; s++)
    if (arm->align[s] > t->align[s]) t->align[s] = arm->align[s];
  return NULL;
}

static const char *lay_union(arpc__ndr_type *t) {
  if (!t->of || t->of >= t || !integral(t->of)) return "a union has no tag";
  if (!t->list.count || t->list.members[0].type != t->of || t->otherwise >= t->list.count) return "a union lacks its members";
  if (t->maximum.count && t->check >= ARPC__NDR_CHECKS) return "a union has no check";
  lay(t, t->of->size[0], t->of->size[1], t->of->align[0], t->of->align[1]);
  for (uint32_t i = 0; i < t->ncases; i++)
    if (!t->cases[i].arm || t->cases[i].arm >= t->list.count) return "a case has no arm";
  for (uint16_t i = 1; i < t->list.count; i++) {
    const char *why = lay_arm(t, t->list.members[i].type);
    if (why) return why;
  }
  return arpc__ndr_check_expr(&t->maximum);
}

static const char *lay_type(arpc__ndr_type *t) {
  t->flags &= (uint16_t)~ARPC__NDR_POINTERS;
  switch (t->kind) {
    case ARPC__NDR_INT: case ARPC__NDR_BOOL: case ARPC__NDR_ENUM: case ARPC__NDR_FLOAT: return lay_scalar(t);
    case ARPC__NDR_UUID: lay(t, 16, 16, 4, 4); return NULL;
    case ARPC__NDR_CONTEXT: lay(t, 20, 20, 4, 4); return NULL;
    case ARPC__NDR_POINTER: return lay_pointer(t);
    case ARPC__NDR_STRUCT: return lay_struct(t);
    case ARPC__NDR_ARRAY: return lay_array(t);
    case ARPC__NDR_TEXT: return lay_text(t);
    case ARPC__NDR_UNION: return lay_union(t);
    case ARPC__NDR_GRID: return lay_grid(t);
    default: return "a type of no known kind";
  }
}

/* Lists look through pointers to types that stand behind them. */
static int leads_nowhere(const arpc__ndr_type *t) {
  return !t->of && (t->kind == ARPC__NDR_POINTER || t->kind == ARPC__NDR_GRID);
}

const char *arpc__ndr_layout(arpc__ndr_type *types, uint32_t count, uint32_t *ret_at) {
  for (uint32_t i = 0; i < count; i++) {
    *ret_at = i;
    if (leads_nowhere(&types[i])) return "a pointer points to nothing";
  }
  for (uint32_t i = 0; i < count; i++) {
    const char *why = lay_type(&types[i]);
    if (!why) continue;
    *ret_at = i;
    return why;
  }
  for (uint32_t i = 0; i < count; i++) {
    *ret_at = i;
    if (types[i].kind == ARPC__NDR_POINTER && misplaced(types[i].of)) return "a pointer to a dimension";
  }
  return NULL;
}

int arpc__ndr_alike(const arpc__ndr_type *a, const arpc__ndr_type *b) {
  for (int i = 0; a != b && i < ARPC__NDR_DIMENSIONS; i++) {
    if (a->kind != b->kind || a->flags != b->flags || a->kind == ARPC__NDR_STRUCT || a->kind == ARPC__NDR_UNION) return 0;
    if (a->size[0] != b->size[0] || a->size[1] != b->size[1] || a->count != b->count) return 0;
    if (!a->of || !b->of) return 1;
    a = a->of;
    b = b->of;
  }
  return a == b;
}

static const arpc__ndr_type *behind(const arpc__ndr_type *t) {
  return t->kind == ARPC__NDR_POINTER ? t->of : t;
}

/* An array or a union, or what points to one, at most so many pointers away. */
static int countable(const arpc__ndr_type *t) {
  for (int i = 0; i < 8 && (t->kind == ARPC__NDR_POINTER || t->kind == ARPC__NDR_GRID); i++) t = t->of;
  return t->kind == ARPC__NDR_ARRAY || t->kind == ARPC__NDR_TEXT || t->kind == ARPC__NDR_UNION;
}

/* Levels are dimensions of one grid, arrays all of them but the last. */
static int has_level(const arpc__ndr_type *t, unsigned level) {
  if (!level) return 1;
  for (int i = 0; i < 8 && t->kind == ARPC__NDR_POINTER; i++) t = t->of;
  return t->kind == ARPC__NDR_GRID && level < t->count;
}

static const char *check_member(const arpc__ndr_list *list, const arpc__ndr_member *m) {
  if (!m->type) return "a member has no type";
  if (misplaced(m->type)) return "a parameter is a dimension";
  if (m->slot >= ARPC__NDR_SLOTS) return "a member has a slot that does not exist";
  if (m->slot >= 0 && !integral(behind(m->type))) return "a counting member is no integer";
  if (!m->hidden) return NULL;
  if (m->slot < 0 || m->mul < 1 || m->div < 1) return "a hidden member has no slot";
  if (m->counts >= list->count || !countable(list->members[m->counts].type)) return "a hidden member counts no array";
  if (!has_level(list->members[m->counts].type, m->level)) return "a hidden member counts no dimension";
  return NULL;
}

const char *arpc__ndr_check_list(const arpc__ndr_list *list) {
  if (list->nslots > ARPC__NDR_SLOTS || list->nchecked > ARPC__NDR_CHECKS) return "too many counts in one place";
  for (uint16_t i = 0; i < list->count; i++) {
    const char *why = check_member(list, &list->members[i]);
    if (why) return why;
  }
  for (uint8_t i = 0; i < list->nchecked; i++)
    if (!list->checked[i] || list->checked[i]->check != i) return "a check is not where it belongs";
  return NULL;
}
