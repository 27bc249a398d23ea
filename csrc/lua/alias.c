/* What full pointers point to. Numbers stand for values on the wire: the same table is sent once, and comes out as
 * one table wherever it was pointed to. */
#include "lua/value.h"

#include <lauxlib.h>

/* ---- sending: {[type] = {[table] = number, negative once it was sent}} -------------------------*/
int arpc__push_aliases(lua_State *L) {
  luaL_checkstack(L, 4, NULL);
  lua_newtable(L);
  return lua_gettop(L);
}

/* Pushes the numbers of the values that pointers of type t point to. */
static void push_numbers(arpc__source *s, const arpc__ndr_type *t) {
  luaL_checkstack(s->L, 4, NULL);
  if (lua_rawgetp(s->L, s->known, t->of) == LUA_TTABLE) return;
  lua_pop(s->L, 1);
  lua_newtable(s->L);
  lua_pushvalue(s->L, -1);
  lua_rawsetp(s->L, s->known, t->of);
}

static lua_Integer number_at(arpc__source *s) {
  lua_pushvalue(s->L, s->at);
  lua_rawget(s->L, -2);
  lua_Integer number = lua_tointeger(s->L, -1);
  lua_pop(s->L, 1);
  return number;
}

static void set_number(arpc__source *s, lua_Integer number) {
  lua_pushvalue(s->L, s->at);
  lua_pushinteger(s->L, number);
  lua_rawset(s->L, -3);
}

/* Only tables are the same or not; every other value has a number of its own. */
uint32_t arpc__source_number_of(void *arg, const arpc__ndr_type *t, uint32_t fresh) {
  arpc__source *s = arg;
  if (!lua_istable(s->L, s->at)) return fresh;
  push_numbers(s, t);
  lua_Integer number = number_at(s);
  if (!number) set_number(s, number = fresh);
  lua_pop(s->L, 1);
  return (uint32_t)(number < 0 ? -number : number);
}

int arpc__source_sent(void *arg, const arpc__ndr_type *t) {
  arpc__source *s = arg;
  if (!lua_istable(s->L, s->at)) return 0;
  push_numbers(s, t);
  lua_Integer number = number_at(s);
  if (number > 0) set_number(s, -number);
  lua_pop(s->L, 1);
  return number < 0;
}

/* ---- receiving: {values, types} by number; a decoding may run inside another one ----------------*/
static const char known;

void arpc__sink_begin_aliases(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &known);
  lua_createtable(L, 2, 0);
  for (int i = 1; i <= 2; i++) {
    lua_newtable(L);
    lua_rawseti(L, -2, i);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &known);
}

void arpc__sink_end_aliases(lua_State *L, int below) {
  lua_pushvalue(L, below + 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &known);
  lua_remove(L, below + 1);
}

void arpc__sink_learn(void *arg, uint64_t number, const arpc__ndr_type *t) {
  lua_State *L = arg;
  if (!lua_checkstack(L, 6)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &known);
  lua_rawgeti(L, -1, 1);
  lua_pushvalue(L, -3);
  lua_rawseti(L, -2, (lua_Integer)number);
  lua_rawgeti(L, -2, 2);
  lua_pushlightuserdata(L, (void *)t);
  lua_rawseti(L, -2, (lua_Integer)number);
  lua_pop(L, 3);
}

const arpc__ndr_type *arpc__sink_alias(void *arg, uint64_t number) {
  lua_State *L = arg;
  if (!lua_checkstack(L, 6)) return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &known);
  lua_rawgeti(L, -1, 2);
  lua_rawgeti(L, -1, (lua_Integer)number);
  const arpc__ndr_type *t = lua_touserdata(L, -1);
  lua_rawgeti(L, -3, 1);
  lua_rawgeti(L, -1, (lua_Integer)number);
  lua_replace(L, -5);
  lua_pop(L, t ? 3 : 4);
  return t;
}
