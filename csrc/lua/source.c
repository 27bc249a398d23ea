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

void arpc__source_refuse_as(arpc__source *s, arpc_status status, const char *why) {
  luaL_checkstack(s->L, 8, NULL);
  push_path(s);
  arpc__raise(s->L, status, "%s: %s %d '%s': %s", s->proc->name, s->what, s->path[0].m->place + s->shift,
              lua_tostring(s->L, -1), why);
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
static int is_member(const arpc__ndr_type *t, const char *name) {
  for (uint16_t i = 0; i < t->list.count; i++)
    if (t->list.members[i].name == name) return 1;
  for (uint16_t i = 0; i < t->list.count; i++)
    if (!strcmp(t->list.members[i].name, name)) return 1;
  return 0;
}

static void unknown(arpc__source *s, int key) {
  luaL_tolstring(s->L, key, NULL);
  arpc__source_refuse(s, lua_pushfstring(s->L, "unknown field '%s'", lua_tostring(s->L, -1)));
}

static void source_open(void *arg, const arpc__ndr_type *t) {
  arpc__source *s = arg;
  lua_State *L = s->L;
  expect(s, LUA_TTABLE);
  luaL_checkstack(L, 4, NULL);
  lua_pushnil(L);
  while (lua_next(L, s->at)) {
    if (lua_type(L, -2) != LUA_TSTRING || !is_member(t, lua_tostring(L, -2))) unknown(s, -2);
    lua_pop(L, 1);
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
  return to;
}

static void source_member(void *arg, const arpc__ndr_member *m) {
  arpc__source *s = arg;
  step(s)->m = m;
  if (s->depth == 1) {
    s->at = m->place <= s->n ? s->first + m->place - 1 : s->absent;
    return;
  }
  luaL_checkstack(s->L, 2, NULL);
  lua_pushstring(s->L, m->name);
  lua_rawget(s->L, s->at);
  s->at = lua_gettop(s->L);
}

static void source_element(void *arg, size_t i) {
  arpc__source *s = arg;
  struct arpc__source_step *to = step(s);
  to->m = NULL;
  to->i = i;
  luaL_checkstack(s->L, 2, NULL);
  lua_rawgeti(s->L, s->at, (lua_Integer)i + 1);
  s->at = lua_gettop(s->L);
}

static void source_leave(void *arg) {
  arpc__source *s = arg;
  s->at = s->path[--s->depth].at;
  if (s->depth) lua_pop(s->L, 1);
}

const arpc__ndr_source arpc__lua_source = {
    .integer = source_integer, .number = source_number, .uuid = source_uuid,
    .context = arpc__source_context,
    .text = source_text,       .count = source_count,   .null = source_null,
    .open = source_open,       .member = source_member, .element = source_element,
    .number_of = arpc__source_number_of,                .sent = arpc__source_sent,
    .leave = source_leave,     .refuse = source_refuse, .miscounted = source_miscounted};
