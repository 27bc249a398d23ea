#include "lua/graph.h"

#include <lauxlib.h>

const char *arpc__field_string(lua_State *L, int index, const char *name) {
  int type = lua_getfield(L, index, name);
  if (type != LUA_TNIL && type != LUA_TSTRING) luaL_error(L, "interface description: '%s' is no string", name);
  const char *value = lua_tostring(L, -1);
  lua_pop(L, 1);
  return value;
}

lua_Integer arpc__field_integer(lua_State *L, int index, const char *name, lua_Integer low, lua_Integer high,
                                lua_Integer absent) {
  int exact;
  if (lua_getfield(L, index, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return absent;
  }
  lua_Integer value = lua_tointegerx(L, -1, &exact);
  if (!exact || value < low || value > high) luaL_error(L, "interface description: '%s' is unusable", name);
  lua_pop(L, 1);
  return value;
}

int arpc__field_true(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  int value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

void *arpc__block(lua_State *L, int blocks, size_t n, size_t size) {
  size_t total = n * size;
  if (n && total / n != size) luaL_error(L, "interface description: too large");
  void *block = lua_newuserdatauv(L, total ? total : 1, 0);
  memset(block, 0, total);
  lua_rawseti(L, blocks, (lua_Integer)lua_rawlen(L, blocks) + 1);
  return block;
}

/* Pushes the table in a field of the one at index and gives its length; pushes nothing for an absent one. */
static int open_table(lua_State *L, int index, const char *name, lua_Integer most, lua_Integer *ret_n) {
  *ret_n = 0;
  luaL_checkstack(L, 8, NULL);
  if (lua_getfield(L, index, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return 0;
  }
  luaL_checktype(L, -1, LUA_TTABLE);
  *ret_n = (lua_Integer)lua_rawlen(L, -1);
  if (*ret_n > most) luaL_error(L, "interface description: '%s' is too long", name);
  return lua_gettop(L);
}

static const arpc__ndr_type *type_at(const arpc__graph *g, int at, const char *name) {
  return &g->types[arpc__field_integer(g->L, at, name, 1, g->ntypes, 1) - 1];
}

/* ---- lists -------------------------------------------------------------------------------------*/
static void load_member(arpc__graph *g, arpc__ndr_member *m, int at) {
  lua_State *L = g->L;
  m->name = arpc__field_string(L, at, "name");
  lua_getfield(L, at, "name");
  m->key = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (!m->name) luaL_error(L, "interface description: a member without a name");
  m->type = type_at(g, at, "type");
  m->slot = (int8_t)arpc__field_integer(L, at, "slot", 0, ARPC__NDR_SLOTS - 1, -1);
  m->hidden = (uint8_t)arpc__field_true(L, at, "hidden");
  m->place = (uint16_t)arpc__field_integer(L, at, "place", 0, UINT16_MAX, 0);
  m->counts = (uint16_t)arpc__field_integer(L, at, "counts", 0, UINT16_MAX, 0);
  m->level = (uint8_t)arpc__field_integer(L, at, "level", 0, ARPC__NDR_DIMENSIONS - 1, 0);
  m->add = (int32_t)arpc__field_integer(L, at, "add", INT32_MIN, INT32_MAX, 0);
  m->mul = (int32_t)arpc__field_integer(L, at, "mul", 1, INT32_MAX, 1);
  m->div = (int32_t)arpc__field_integer(L, at, "div", 1, INT32_MAX, 1);
}

static void load_members(arpc__graph *g, arpc__ndr_list *ret, int at) {
  lua_Integer n;
  int members = open_table(g->L, at, "members", 4096, &n);
  if (!members) return;
  ret->members = arpc__block(g->L, g->blocks, (size_t)n, sizeof *ret->members);
  ret->count = (uint16_t)n;
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(g->L, members, i + 1);
    luaL_checktype(g->L, -1, LUA_TTABLE);
    load_member(g, &ret->members[i], lua_gettop(g->L));
    ret->members[i].index = (uint16_t)i;
    lua_pop(g->L, 1);
  }
  lua_pop(g->L, 1);
}

static void load_checked(arpc__graph *g, arpc__ndr_list *ret, int at) {
  lua_Integer n;
  int checked = open_table(g->L, at, "checked", ARPC__NDR_CHECKS, &n);
  if (!checked) return;
  ret->checked = arpc__block(g->L, g->blocks, (size_t)n, sizeof *ret->checked);
  ret->nchecked = (uint8_t)n;
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(g->L, checked, i + 1);
    lua_Integer type = lua_tointeger(g->L, -1);
    if (type < 1 || type > g->ntypes) luaL_error(g->L, "interface description: 'checked' is unusable");
    ret->checked[i] = &g->types[type - 1];
    lua_pop(g->L, 1);
  }
  lua_pop(g->L, 1);
}

void arpc__load_list(arpc__graph *g, arpc__ndr_list *ret, int at) {
  memset(ret, 0, sizeof *ret);
  ret->nslots = (uint8_t)arpc__field_integer(g->L, at, "nslots", 0, ARPC__NDR_SLOTS, 0);
  ret->aliases = (uint8_t)arpc__field_integer(g->L, at, "aliases", 0, ARPC__NDR_SLOTS, 0);
  load_members(g, ret, at);
  load_checked(g, ret, at);
}

/* ---- types -------------------------------------------------------------------------------------*/
static int number_of(lua_State *L, const char *const names[], const char *name, const char *what) {
  for (int i = 0; name && names[i]; i++)
    if (!strcmp(names[i], name)) return i;
  return luaL_error(L, "interface description: unknown %s '%s'", what, name ? name : "nil");
}

/* {"slot", 0, "const", 1, "add"} */
static void load_expr(arpc__graph *g, arpc__ndr_expr *ret, int at, const char *name) {
  static const char *const codes[] = {"const", "slot", "+",  "-",  "*",  "/",  "%",   "<<",  ">>",    "&", "|",  "^",
                                      "==",    "!=",   "<",  ">",  "<=", ">=", "&&", "||", "neg", "!", "~", "?:", NULL};
  lua_State *L = g->L;
  lua_Integer n;
  int ops = open_table(L, at, name, 256, &n);
  if (!ops) return;
  arpc__ndr_op *op = arpc__block(L, g->blocks, (size_t)n, sizeof *op);
  ret->ops = op;
  for (lua_Integer i = 1; i <= n; i++, op++, ret->count++) {
    lua_rawgeti(L, ops, i);
    op->code = (uint8_t)number_of(L, codes, lua_tostring(L, -1), "operator");
    lua_pop(L, 1);
    if (op->code > ARPC__NDR_SLOT) continue;
    lua_rawgeti(L, ops, ++i);
    op->value = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void load_labels(arpc__graph *g, arpc__ndr_type *t, int at) {
  lua_Integer n;
  int labels = open_table(g->L, at, "labels", 65536, &n);
  if (!labels) return;
  arpc__ndr_label *label = arpc__block(g->L, g->blocks, (size_t)n, sizeof *label);
  t->labels = label;
  t->nlabels = (uint32_t)n;
  for (lua_Integer i = 1; i <= n; i++, label++) {
    lua_rawgeti(g->L, labels, i);
    luaL_checktype(g->L, -1, LUA_TTABLE);
    int top = lua_gettop(g->L);
    label->name = arpc__field_string(g->L, top, "name");
    label->value = (int32_t)arpc__field_integer(g->L, top, "value", INT32_MIN, INT32_MAX, 0);
    lua_pop(g->L, 1);
    if (!label->name) luaL_error(g->L, "interface description: a label without a name");
  }
  lua_pop(g->L, 1);
}

/* arms = {{type}, {}, ...}, cases = {value, arm, value, arm, ...}, otherwise = arm */
static void load_arms(arpc__graph *g, arpc__ndr_type *t, int at) {
  lua_State *L = g->L;
  lua_Integer n;
  int arms = open_table(L, at, "arms", 4096, &n);
  if (!arms) luaL_error(L, "interface description: a union without arms");
  t->list.members = arpc__block(L, g->blocks, (size_t)n + 1, sizeof *t->list.members);
  t->list.count = (uint16_t)(n + 1);
  t->list.members[0] = (arpc__ndr_member){.name = "tag", .type = t->of, .slot = -1};
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, arms, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_Integer type = arpc__field_integer(L, lua_gettop(L), "type", 1, g->ntypes, 0);
    t->list.members[i] = (arpc__ndr_member){.name = "value", .type = type ? &g->types[type - 1] : NULL, .slot = -1};
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void load_cases(arpc__graph *g, arpc__ndr_type *t, int at) {
  lua_State *L = g->L;
  lua_Integer n;
  int cases = open_table(L, at, "cases", 65536, &n);
  if (!cases) return;
  arpc__ndr_case *c = arpc__block(L, g->blocks, (size_t)n / 2, sizeof *c);
  t->cases = c;
  t->ncases = (uint32_t)n / 2;
  for (lua_Integer i = 1; i < n; i += 2, c++) {
    lua_rawgeti(L, cases, i);
    lua_rawgeti(L, cases, i + 1);
    c->value = luaL_checkinteger(L, -2);
    c->arm = (uint16_t)luaL_checkinteger(L, -1);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

static uint8_t flags_at(lua_State *L, int at) {
  static const char *const names[] = {"signed", "ref", "conformant", "varying", "string", "wide", NULL};
  unsigned flags = 0;
  for (int i = 0; names[i]; i++)
    if (arpc__field_true(L, at, names[i])) flags |= 1u << i;
  return (uint8_t)flags;
}

static void load_type(arpc__graph *g, arpc__ndr_type *t, int at) {
  static const char *const kinds[] = {"none", "int",     "bool",   "enum",  "float", "uuid",
                                      "pointer", "struct", "array", "text",  "union", "context", "grid", NULL};
  lua_State *L = g->L;
  t->kind = (uint8_t)number_of(L, kinds, arpc__field_string(L, at, "kind"), "kind");
  t->flags = flags_at(L, at);
  if (arpc__field_true(L, at, "ignored")) t->flags |= ARPC__NDR_IGNORED;
  if (arpc__field_true(L, at, "full")) t->flags |= ARPC__NDR_FULL;
  if (arpc__field_true(L, at, "dimension")) t->flags |= ARPC__NDR_DIMENSION;
  t->name = arpc__field_string(L, at, "name");
  t->size[0] = (uint32_t)arpc__field_integer(L, at, "size", 0, 8, 0);
  t->size[1] = (uint32_t)arpc__field_integer(L, at, "size64", 0, 8, t->size[0]);
  t->count = (uint32_t)arpc__field_integer(L, at, "count", 0, INT32_MAX, 0);
  t->check = (uint8_t)arpc__field_integer(L, at, "check", 0, ARPC__NDR_CHECKS - 1, 0);
  if (t->kind == ARPC__NDR_POINTER || t->kind == ARPC__NDR_ARRAY || t->kind == ARPC__NDR_UNION ||
      t->kind == ARPC__NDR_GRID)
    t->of = type_at(g, at, "of");
  if (arpc__field_true(L, at, "ranged")) {
    t->flags |= ARPC__NDR_RANGED;
    t->low[0] = t->low[1] = arpc__field_integer(L, at, "low", INT64_MIN, INT64_MAX, 0);
    t->high[0] = t->high[1] = arpc__field_integer(L, at, "high", INT64_MIN, INT64_MAX, 0);
  }
  load_expr(g, &t->maximum, at, "maximum");
  load_expr(g, &t->actual, at, "actual");
  load_expr(g, &t->first, at, "first");
  load_labels(g, t, at);
  if (t->kind == ARPC__NDR_STRUCT) arpc__load_list(g, &t->list, at);
  if (t->kind != ARPC__NDR_UNION) return;
  if (arpc__field_true(L, at, "widest")) t->flags |= ARPC__NDR_WIDEST;
  t->otherwise = (uint16_t)arpc__field_integer(L, at, "otherwise", 0, 4096, 0);
  load_arms(g, t, at);
  load_cases(g, t, at);
}

void arpc__load_types(arpc__graph *g, int description) {
  lua_Integer n;
  uint32_t wrong = 0;
  int types = open_table(g->L, description, "types", 1 << 20, &n);
  if (!types) return;
  g->types = arpc__block(g->L, g->blocks, (size_t)n, sizeof *g->types);
  g->ntypes = (uint32_t)n;
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(g->L, types, i + 1);
    luaL_checktype(g->L, -1, LUA_TTABLE);
    load_type(g, &g->types[i], lua_gettop(g->L));
    lua_pop(g->L, 1);
  }
  const char *why = arpc__ndr_layout(g->types, g->ntypes, &wrong);
  if (why) luaL_error(g->L, "interface description: type %d: %s", (int)wrong + 1, why);
  lua_pop(g->L, 1);
}
