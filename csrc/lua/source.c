#include "base/uuid.h"
#include "lua/error.h"
#include "lua/value.h"
#include "ndr/utf16.h"

#include <lauxlib.h>

/* Pushes "item.rows[3].name". */
static void push_path(const arpc__source *s) {
  lua_State *L = s->L;
  lua_pushstring(L, s->path[0].m->name);
  for (int i = 1; i < s->depth; i++) {
    const struct arpc__source_step *step = &s->path[i];
    if (step->m) lua_pushfstring(L, "%s.%s", lua_tostring(L, -1), step->m->name);
    else lua_pushfstring(L, "%s[%I]", lua_tostring(L, -1), (lua_Integer)step->i + 1);
    lua_remove(L, -2);
  }
}

/* The number of a parameter as the script counts them. */
static int number_of(const arpc__source *s) {
  int number = s->path[0].m->place;
  for (int i = 0; s->piped && i < s->proc->npipes; i++)
    if (s->proc->pipes[i].place <= number) number++;
  return number + s->shift;
}

void arpc__source_refuse_as(arpc__source *s, arpc_status status, const char *why) {
  luaL_checkstack(s->L, 8, NULL);
  push_path(s);
  const char *path = lua_tostring(s->L, -1), *name = s->proc->name;
  if (!s->path[0].m->place) arpc__raise(s->L, status, "%s: %s '%s': %s", name, s->what, path, why);
  arpc__raise(s->L, status, "%s: %s %d '%s': %s", name, s->what, number_of(s), path, why);
}

void arpc__source_refuse(arpc__source *s, const char *why) {
  arpc__source_refuse_as(s, ARPC_S_INVALID_ARG, why);
}

static void source_refuse(void *arg, const char *why) {
  arpc__source_refuse(arg, why);
}

static void mistyped(arpc__source *s, const char *expected) {
  luaL_checkstack(s->L, 2, NULL);
  const char *got = s->at == s->absent ? "no value" : luaL_typename(s->L, s->at);
  if (lua_type(s->L, s->at) == LUA_TLIGHTUSERDATA && !lua_touserdata(s->L, s->at)) got = "null";
  arpc__source_refuse(s, lua_pushfstring(s->L, "%s expected, got %s", expected, got));
}

static void expect(arpc__source *s, int type) {
  if (lua_type(s->L, s->at) != type) mistyped(s, lua_typename(s->L, type));
}

/* ---- scalars -----------------------------------------------------------------------------------*/
static void out_of_range(arpc__source *s, const arpc__ndr_type *t, int syntax, lua_Integer v) {
  luaL_checkstack(s->L, 2, NULL);
  arpc__source_refuse(s, lua_pushfstring(s->L, "%I is out of range (%I to %I)", v, (lua_Integer)t->low[syntax],
                                         (lua_Integer)t->high[syntax]));
}

static int64_t within(arpc__source *s, const arpc__ndr_type *t, int syntax, lua_Integer v) {
  if (v < t->low[syntax] || v > t->high[syntax]) out_of_range(s, t, syntax, v);
  return v;
}

static int64_t label(arpc__source *s, const arpc__ndr_type *t, int syntax) {
  const char *name = lua_tostring(s->L, s->at);
  for (uint32_t i = 0; i < t->nlabels; i++)
    if (!strcmp(t->labels[i].name, name)) return within(s, t, syntax, t->labels[i].value);
  luaL_checkstack(s->L, 2, NULL);
  const char *of = t->name ? t->name : "";
  arpc__source_refuse(s, lua_pushfstring(s->L, "enum%s%s has no '%s'", *of ? " " : "", of, name));
  return 0;
}

static int64_t boolean(arpc__source *s) {
  expect(s, LUA_TBOOLEAN);
  return lua_toboolean(s->L, s->at);
}

static int64_t source_integer(void *arg, const arpc__ndr_type *t, int syntax) {
  arpc__source *s = arg;
  int exact;
  if (lua_type(s->L, s->at) != LUA_TNUMBER) {
    if (t->kind == ARPC__NDR_BOOL) return boolean(s);
    if (t->kind == ARPC__NDR_ENUM && lua_type(s->L, s->at) == LUA_TSTRING) return label(s, t, syntax);
    mistyped(s, t->kind == ARPC__NDR_ENUM ? "number or name" : "number");
  }
  if (t->kind == ARPC__NDR_BOOL) mistyped(s, "boolean");
  lua_Integer v = lua_tointegerx(s->L, s->at, &exact);
  if (!exact) arpc__source_refuse(s, "number has no integer representation");
  return within(s, t, syntax, v);
}

static double source_number(void *arg) {
  arpc__source *s = arg;
  expect(s, LUA_TNUMBER);
  return lua_tonumber(s->L, s->at);
}

static void source_uuid(void *arg, arpc_uuid *ret) {
  arpc__source *s = arg;
  size_t len;
  expect(s, LUA_TSTRING);
  const char *text = lua_tolstring(s->L, s->at, &len);
  if (arpc__uuid_parse(text, len, ret)) arpc__source_refuse(s, "uuid expected");
}

/* The stack has room for what is pushed until the next check, at every eighth step. */
static void check_stack(arpc__source *s, int more) {
  if (s->top + more + 24 <= s->safe) return;
  luaL_checkstack(s->L, more + 96, NULL);
  s->safe = s->top + more + 96;
}

/* ---- arrays ------------------------------------------------------------------------------------*/
static const char *source_text(void *arg, const arpc__ndr_type *t, size_t *ret_len) {
  arpc__source *s = arg;
  expect(s, LUA_TSTRING);
  const char *text = lua_tolstring(s->L, s->at, ret_len);
  if (t->flags & ARPC__NDR_STRING && memchr(text, 0, *ret_len))
    arpc__source_refuse(s, "string without zero bytes expected");
  return text;
}

static size_t text_units(arpc__source *s, const arpc__ndr_type *t) {
  size_t len, units;
  const char *text = source_text(s, t, &len);
  size_t nul = t->flags & ARPC__NDR_STRING ? 1 : 0;
  if (!(t->flags & ARPC__NDR_WIDE)) return len + nul;
  if (!arpc__utf16_count(text, len, &units)) arpc__source_refuse(s, "UTF-8 expected");
  return units + nul;
}

static size_t source_count(void *arg, const arpc__ndr_type *t) {
  arpc__source *s = arg;
  if (t->kind == ARPC__NDR_TEXT) return text_units(s, t);
  expect(s, LUA_TTABLE);
  check_stack(s, 0);
  return lua_rawlen(s->L, s->at);
}

static void source_miscounted(void *arg, const arpc__ndr_type *t, int64_t want, size_t got, int most) {
  arpc__source *s = arg;
  const char *unit = t->kind == ARPC__NDR_ARRAY ? "element" : t->flags & ARPC__NDR_WIDE ? "UTF-16 unit" : "byte";
  if (t->flags & ARPC__NDR_STRING && want > 0 && got > 0) want--, got--;
  luaL_checkstack(s->L, 2, NULL);
  arpc__source_refuse(s, lua_pushfstring(s->L, "%I %s%s %s, got %I", (lua_Integer)want, unit, want == 1 ? "" : "s",
                                         most ? "at most" : "expected", (lua_Integer)got));
}

/* ---- structs, steps ----------------------------------------------------------------------------*/
/* The member whose name the key on the stack is, or the number of members. */
static uint16_t member_named(lua_State *L, const arpc__ndr_type *t) {
  uint16_t i = 0, n = t->list.count;
  const arpc__ndr_member *m = t->list.members;
  const void *key = lua_topointer(L, -2);
  while (i < n && m[i].key != key) i++;
  if (i < n && key) return i;
  if (lua_type(L, -2) != LUA_TSTRING) return n;
  const char *name = lua_tostring(L, -2);
  for (i = 0; i < n && strcmp(m[i].name, name); i++) continue;
  return i;
}

static void unknown(arpc__source *s, int key) {
  luaL_tolstring(s->L, key, NULL);
  arpc__source_refuse(s, lua_pushfstring(s->L, "unknown field '%s'", lua_tostring(s->L, -1)));
}

/* The fields of a struct are laid out on the stack, in the order of its members: one pass over the table finds
 * them all, and the keys that are none. */
static void source_open(void *arg, const arpc__ndr_type *t) {
  arpc__source *s = arg;
  lua_State *L = s->L;
  int fields = t->kind == ARPC__NDR_STRUCT ? t->list.count : 0;
  expect(s, LUA_TTABLE);
  check_stack(s, fields);
  if (fields) {
    s->fields = s->top + 1;
    s->top += fields;
  }
  lua_settop(L, s->top + 1);
  while (lua_next(L, s->at)) {
    uint16_t i = member_named(L, t);
    if (i == t->list.count) unknown(s, -2);
    if (fields) lua_replace(L, s->fields + i);
    else lua_pop(L, 1);
  }
}

/* core.null is nil where nil cannot stand, and a null that something points to. */
static int source_null(void *arg, const arpc__ndr_type *t) {
  arpc__source *s = arg;
  int type = lua_type(s->L, s->at);
  if (type != LUA_TLIGHTUSERDATA || lua_touserdata(s->L, s->at)) return type <= LUA_TNIL;
  int element = s->depth && !s->path[s->depth - 1].m;
  int nested = t->kind == ARPC__NDR_POINTER && t->of->kind == ARPC__NDR_POINTER && !(t->of->flags & ARPC__NDR_REF);
  return element || !nested;
}

static struct arpc__source_step *step(arpc__source *s) {
  struct arpc__source_step *to = &s->path[s->depth++];
  to->at = s->at;
  to->fields = s->fields;
  to->top = s->top;
  s->fields = 0;
  return to;
}

/* What was pushed becomes current. */
static void pushed(arpc__source *s) {
  s->at = ++s->top;
  if (s->depth % 8 == 0) check_stack(s, 0);
}

static void source_member(void *arg, const arpc__ndr_member *m) {
  arpc__source *s = arg;
  struct arpc__source_step *to = step(s);
  to->m = m;
  if (s->depth == 1) {
    s->at = m->place <= s->n ? s->first + m->place - 1 : s->absent;
  } else if (to->fields) {
    s->at = to->fields + m->index;
  } else {
    lua_pushstring(s->L, m->name);
    lua_rawget(s->L, s->at);
    pushed(s);
  }
}

static void source_element(void *arg, size_t i) {
  arpc__source *s = arg;
  struct arpc__source_step *to = step(s);
  to->m = NULL;
  to->i = i;
  lua_rawgeti(s->L, s->at, (lua_Integer)i + 1);
  pushed(s);
}

static void source_leave(void *arg) {
  arpc__source *s = arg;
  const struct arpc__source_step *to = &s->path[--s->depth];
  s->at = to->at;
  s->fields = to->fields;
  if (s->top == to->top) return;
  s->top = to->top;
  lua_settop(s->L, s->top);
}

const arpc__ndr_source arpc__lua_source = {
    .integer = source_integer, .number = source_number, .uuid = source_uuid,
    .context = arpc__source_context,
    .text = source_text,       .count = source_count,   .null = source_null,
    .open = source_open,       .member = source_member, .element = source_element,
    .number_of = arpc__source_number_of,                .sent = arpc__source_sent,
    .leave = source_leave,     .refuse = source_refuse, .miscounted = source_miscounted};
