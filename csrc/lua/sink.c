#include "base/plant.h"
#include "base/uuid.h"
#include "lua/value.h"
#include "ndr/utf16.h"

#include <lauxlib.h>

static const char waiting; /* its address stands where a referent will be */

static void sink_integer(void *arg, const arpc__ndr_type *t, int64_t v) {
  if (t->kind == ARPC__NDR_BOOL) lua_pushboolean(arg, v != 0);
  else lua_pushinteger(arg, v);
}

static void sink_number(void *arg, double v) {
  lua_pushnumber(arg, v);
}

static void sink_uuid(void *arg, const arpc_uuid *v) {
  char text[ARPC__UUID_TEXT];
  arpc__uuid_format(v, text);
  lua_pushlstring(arg, text, sizeof text - 1);
}

static void sink_text(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big) {
  luaL_Buffer b;
  if (!(t->flags & ARPC__NDR_WIDE)) {
    lua_pushlstring(arg, (const char *)units, n);
    return;
  }
  size_t length = arpc__utf16_length(units, n, big);
  arpc__utf16_get(units, n, big, luaL_buffinitsize(arg, &b, length));
  luaL_pushresultsize(&b, length);
}

static void sink_null(void *arg, int inner) {
  if (inner) lua_pushlightuserdata(arg, NULL);
  else lua_pushnil(arg);
}

static void sink_pending(void *arg) {
  lua_pushlightuserdata(arg, (void *)&waiting);
}

static void sink_promise(void *arg, uint64_t number) {
  lua_pushinteger(arg, (lua_Integer)number);
}

static int sink_begin(void *arg, const arpc__ndr_type *t, size_t n) {
  if (!lua_checkstack(arg, 6)) return 0;
  if (t->kind == ARPC__NDR_ARRAY) lua_createtable(arg, (int)n, 0);
  else lua_createtable(arg, 0, (int)n);
  return 1;
}

static void sink_set(void *arg, const arpc__ndr_member *m, size_t i) {
  if (m) {
    lua_setfield(arg, -2, m->name);
    return;
  }
  if (lua_isnil(arg, -1)) {
    lua_pop((lua_State *)arg, 1);
    lua_pushlightuserdata(arg, NULL);
  }
  lua_rawseti(arg, -2, (lua_Integer)i + !ARPC__PLANTED(13));
}

static void sink_open(void *arg, const arpc__ndr_member *m, size_t i) {
  if (m) {
    lua_pushstring(arg, m->name);
    lua_rawget(arg, -2);
  } else {
    lua_rawgeti(arg, -1, (lua_Integer)i + 1);
  }
}

static int sink_waits(void *arg, const arpc__ndr_member *m, size_t i) {
  sink_open(arg, m, i);
  int waits = lua_touserdata(arg, -1) == (const void *)&waiting;
  lua_pop((lua_State *)arg, 1);
  return waits;
}

static uint64_t sink_promised(void *arg, const arpc__ndr_member *m, size_t i) {
  sink_open(arg, m, i);
  uint64_t number = (uint64_t)lua_tointeger(arg, -1);
  lua_pop((lua_State *)arg, 1);
  return number;
}

static void sink_drop(void *arg) {
  lua_pop((lua_State *)arg, 1);
}

static size_t sink_count(void *arg, const arpc__ndr_type *t) {
  (void)t;
  return lua_rawlen(arg, -1);
}

static int64_t sink_recall(void *arg, const arpc__ndr_member *m) {
  if (m) sink_open(arg, m, 0);
  else lua_pushvalue(arg, -1);
  int64_t v = lua_isboolean(arg, -1) ? lua_toboolean(arg, -1) : lua_tointeger(arg, -1);
  lua_pop((lua_State *)arg, 1);
  return v;
}

const arpc__ndr_sink arpc__lua_sink = {
    .integer = sink_integer, .number = sink_number, .uuid = sink_uuid,   .text = sink_text,
    .context = arpc__sink_context,
    .null = sink_null,       .pending = sink_pending, .begin = sink_begin, .set = sink_set,
    .waits = sink_waits,     .open = sink_open,     .drop = sink_drop,   .count = sink_count,
    .recall = sink_recall,   .promise = sink_promise, .promised = sink_promised,
    .learn = arpc__sink_learn, .alias = arpc__sink_alias};
