/* Anchors are slots of one registry table, so that keeping and releasing cost an array store each. Freed
 * slots go to a stack in C. */
#include "lua/state.h"

#include <stdlib.h>

static uint32_t take_slot(lua_State *L, arpc__state *st) {
  if (st->nfree) return st->free_slots[--st->nfree];
  if (st->nslots >= st->free_size) { /* room for every slot to be free at once */
    uint32_t size = st->free_size ? st->free_size * 2 : 64;
    uint32_t *slots = realloc(st->free_slots, size * sizeof *slots);
    if (!slots) luaL_error(L, "not enough memory");
    st->free_slots = slots;
    st->free_size = size;
  }
  return ++st->nslots;
}

uint32_t arpc__anchor(lua_State *L, arpc__state *st) {
  uint32_t slot = take_slot(L, st);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
  return slot;
}

void arpc__unanchor(lua_State *L, arpc__state *st, uint32_t slot) {
  if (!slot) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors);
  lua_pushboolean(L, 0); /* false, not nil: the table keeps its array part */
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
  st->free_slots[st->nfree++] = slot;
}

void arpc__push_weak(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

void arpc__push_anchored(lua_State *L, arpc__state *st, uint32_t slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}

void arpc__functions(lua_State *L, arpc__state *st, const luaL_Reg *functions) {
  lua_pushlightuserdata(L, st);
  luaL_setfuncs(L, functions, 1);
}

void arpc__class_new(lua_State *L, arpc__state *st, enum arpc__class class, const char *name, const luaL_Reg *methods,
                     const luaL_Reg *meta) {
  luaL_newmetatable(L, name);
  lua_pushvalue(L, -1);
  st->metatables[class] = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  arpc__functions(L, st, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");
  lua_setfield(L, -2, "__index");
  arpc__functions(L, st, meta);
  lua_pop(L, 1);
}

static const char *const names[] = {"asyncrpc.client", "asyncrpc.client.async", "asyncrpc.handle", "asyncrpc.handle",
                                    "asyncrpc.server", "asyncrpc.event", "asyncrpc.completion_port",
                                    "asyncrpc.message_queue", "asyncrpc.apcs", "asyncrpc.pipe", "asyncrpc.pipes"};

void *arpc__object_with(lua_State *L, arpc__state *st, enum arpc__class class, size_t size, int nuservalues,
                        int metatable) {
  arpc__object *object = memset(lua_newuserdatauv(L, size, nuservalues), 0, size);
  object->st = st;
  object->class = (uint8_t)class;
  lua_rawgeti(L, LUA_REGISTRYINDEX, metatable);
  lua_setmetatable(L, -2);
  return object;
}

void *arpc__object_new(lua_State *L, arpc__state *st, enum arpc__class class, size_t size, int nuservalues) {
  return arpc__object_with(L, st, class, size, nuservalues, st->metatables[class]);
}

void arpc__class_copy(lua_State *L, arpc__state *st, enum arpc__class class) {
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables[class]);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
}

void *arpc__object_test(lua_State *L, arpc__state *st, int index, enum arpc__class class) {
  arpc__object *object = lua_touserdata(L, index);
  if (!object || lua_rawlen(L, index) < sizeof *object || object->st != st) return NULL;
  if (object->class == class) return object;
  return class == ARPC__HANDLE && object->class == ARPC__SYNC_HANDLE ? object : NULL;
}

static int is_stray_copy(lua_State *L, arpc__state *st, int index, enum arpc__class class) {
  const char *name = luaL_getmetafield(L, index, "__name") == LUA_TSTRING ? lua_tostring(L, -1) : "";
  arpc__object *object = lua_touserdata(L, index);
  return object && strcmp(name, names[class]) == 0 && object->st != st;
}

void *arpc__object_check(lua_State *L, arpc__state *st, int index, enum arpc__class class) {
  ARPC__STRESS(L);
  void *object = arpc__object_test(L, st, index, class);
  if (object) return object;
  if (is_stray_copy(L, st, index, class))
    luaL_argerror(L, index, "the object belongs to another thread's Lua state (tokens name events, ports and queues there)");
  luaL_typeerror(L, index, names[class]);
  return NULL;
}

void *arpc__object_own(lua_State *L) {
  arpc__object *object = lua_touserdata(L, 1);
  return object->st == arpc__state_of(L) ? object : NULL;
}
