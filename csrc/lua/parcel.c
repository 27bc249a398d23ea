/* What a packet carries besides numbers stays in its Lua state, in a table of the box's userdata, by slot: a box
 * nobody has any more is collected with it. The parcel has the slot, and copies of what other states may have. A
 * parcel that was dropped elsewhere goes back to its home, which then forgets the slot. */
#include "lua/shared.h"

#include "lua/error.h"

#include <stdlib.h>

struct arpc__home {
  atomic_uint references; /* the state and each of its parcels */
  uv_mutex_t lock;
  arpc__state *st;        /* NULL once closed */
  arpc__list returned;    /* parcels whose slots are to be forgotten */
};

/* A value that may cross threads, or what kind of value may not. */
typedef struct plain {
  int type;
  union {
    int boolean;
    lua_Integer integer;
    lua_Number number;
  } as;
  uint8_t is_integer;
  char *text; /* in the parcel */
  size_t len;
} plain;

typedef struct luggage luggage;
struct luggage {
  arpc__parcel parcel;
  arpc__home *home;
  arpc__shared *box;     /* an address only: the box may be gone */
  uint64_t slot;         /* 0 = nothing is kept at home */
  plain key, overlapped;
  const char *left_behind; /* the type of a value another state could not have */
  char texts[];
};

static int plain_type(int type) {
  return type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING;
}

/* ---- home --------------------------------------------------------------------------------------*/

arpc__home *arpc__home_new(arpc__state *st) {
  arpc__home *home = malloc(sizeof *home);
  if (!home || uv_mutex_init(&home->lock)) {
    free(home);
    return NULL;
  }
  atomic_init(&home->references, 1);
  home->st = st;
  arpc__list_init(&home->returned);
  return home;
}

static void home_unref(arpc__home *home) {
  if (atomic_fetch_sub(&home->references, 1) != 1) return;
  uv_mutex_destroy(&home->lock);
  free(home);
}

static void free_luggage(luggage *l) {
  arpc__home *home = l->home;
  free(l);
  home_unref(home);
}

static luggage *next_returned(arpc__home *home) {
  uv_mutex_lock(&home->lock);
  arpc__list *n = arpc__list_pop(&home->returned);
  uv_mutex_unlock(&home->lock);
  return n ? arpc__of(luggage, parcel.node, n) : NULL;
}

void arpc__home_close(arpc__home *home) {
  uv_mutex_lock(&home->lock);
  home->st = NULL;
  uv_mutex_unlock(&home->lock);
  for (luggage *l; (l = next_returned(home));) free_luggage(l);
  home_unref(home);
}

static void forget_slot(lua_State *L, const luggage *l) {
  if (arpc__push_known_shared(L, l->box)) {
    lua_getiuservalue(L, -1, ARPC__UV_HELD);
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)l->slot);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void report_left_behind(arpc__state *st, const luggage *l) {
  char text[128];
  if (!l->left_behind) return;
  snprintf(text, sizeof text, "a packet that another thread got had a %s: nil, booleans, numbers and strings only can go there",
           l->left_behind);
  arpc__report_later(st, ARPC_S_INVALID_ARG, text);
}

static void take_back(arpc_runtime *rt, void *arg) {
  arpc__state *st = arg;
  (void)rt;
  luaL_checkstack(st->main, 8, NULL);
  for (luggage *l; (l = next_returned(st->home));) {
    forget_slot(st->main, l);
    report_left_behind(st, l);
    free_luggage(l);
  }
}

static void drop(arpc__parcel *p) {
  luggage *l = arpc__of(luggage, parcel, p);
  arpc__home *home = l->home;
  uv_mutex_lock(&home->lock);
  int there = home->st && l->slot;
  if (there) {
    int first = arpc__list_empty(&home->returned);
    arpc__list_append(&home->returned, &p->node);
    if (first && arpc_post(home->st->rt, take_back, home->st)) arpc__list_remove(&p->node), there = 0;
  }
  uv_mutex_unlock(&home->lock);
  if (!there) free_luggage(l);
}

/* ---- packing -----------------------------------------------------------------------------------*/

static size_t text_size(lua_State *L, int index) {
  size_t len = 0;
  if (lua_type(L, index) == LUA_TSTRING) lua_tolstring(L, index, &len);
  return len;
}

/* Returns where the next text goes. */
static char *pack(lua_State *L, int index, plain *ret, char *room) {
  ret->type = lua_type(L, index);
  ret->is_integer = (uint8_t)lua_isinteger(L, index);
  if (ret->type == LUA_TBOOLEAN) ret->as.boolean = lua_toboolean(L, index);
  else if (ret->is_integer) ret->as.integer = lua_tointeger(L, index);
  else if (ret->type == LUA_TNUMBER) ret->as.number = lua_tonumber(L, index);
  if (ret->type != LUA_TSTRING) return room;
  ret->text = room;
  memcpy(room, lua_tolstring(L, index, &ret->len), text_size(L, index));
  return room + ret->len;
}

static void unpack(lua_State *L, luggage *l, const plain *p) {
  if (p->type == LUA_TBOOLEAN) lua_pushboolean(L, p->as.boolean);
  else if (p->is_integer) lua_pushinteger(L, p->as.integer);
  else if (p->type == LUA_TNUMBER) lua_pushnumber(L, p->as.number);
  else if (p->type == LUA_TSTRING) lua_pushlstring(L, p->text, p->len);
  else lua_pushnil(L);
  if (!plain_type(p->type)) l->left_behind = lua_typename(L, p->type);
}

/* held[slot] = { key, overlapped, handle } */
static void hold(lua_State *L, int box, uint64_t slot, int key, int overlapped, int handle) {
  lua_getiuservalue(L, box, ARPC__UV_HELD);
  lua_createtable(L, 3, 0);
  lua_pushvalue(L, key);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, overlapped);
  lua_rawseti(L, -2, 2);
  if (handle) lua_pushvalue(L, handle);
  else lua_pushnil(L);
  lua_rawseti(L, -2, 3);
  lua_rawseti(L, -2, (lua_Integer)slot);
  lua_pop(L, 1);
}

void arpc__parcel_post(lua_State *L, arpc__state *st, int box, const arpc_packet *packet, int key, int overlapped,
                       int handle) {
  arpc__shared_object *o = lua_touserdata(L, box);
  int kept = handle || !plain_type(lua_type(L, key)) || !plain_type(lua_type(L, overlapped));
  if (kept) hold(L, box, ++st->last_slot, key, overlapped, handle);
  luggage *l = calloc(1, sizeof *l + text_size(L, key) + text_size(L, overlapped));
  if (!l) luaL_error(L, "not enough memory");
  pack(L, overlapped, &l->overlapped, pack(L, key, &l->key, l->texts));
  l->parcel.packet = *packet;
  if (l->key.is_integer) l->parcel.packet.key = (uint64_t)l->key.as.integer;
  if (l->overlapped.is_integer) l->parcel.packet.overlapped = (void *)(uintptr_t)l->overlapped.as.integer;
  l->parcel.drop = drop;
  l->slot = kept ? st->last_slot : 0;
  l->home = st->home;
  l->box = o->core;
  atomic_fetch_add(&st->home->references, 1);
  arpc__box_post(arpc__of(arpc__box, shared, o->core), &l->parcel);
}

/* ---- unpacking ---------------------------------------------------------------------------------*/

static void push_id(lua_State *L, uint64_t id) {
  if (id) lua_pushinteger(L, (lua_Integer)id);
  else lua_pushnil(L);
}

/* Of a program in C. */
static void open_foreign(lua_State *L, arpc__parcel *p) {
  lua_pushinteger(L, (lua_Integer)p->packet.key);
  lua_pushinteger(L, (lua_Integer)(uintptr_t)p->packet.overlapped);
  push_id(L, p->packet.handle);
  p->drop(p);
}

/* 1 = what the parcel kept at home was pushed, and is kept no longer. */
static int open_at_home(lua_State *L, const luggage *l) {
  lua_getiuservalue(L, 1, ARPC__UV_HELD);
  int held = lua_gettop(L);
  if (lua_rawgeti(L, held, (lua_Integer)l->slot) != LUA_TTABLE) { /* the userdata is a later one */
    lua_settop(L, held - 1);
    return 0;
  }
  lua_pushnil(L);
  lua_rawseti(L, held, (lua_Integer)l->slot);
  for (int i = 1; i <= 3; i++) lua_rawgeti(L, held + 1, i);
  lua_remove(L, held + 1);
  lua_remove(L, held);
  return 1;
}

void arpc__parcel_open(lua_State *L, arpc__state *st, arpc__parcel *p) {
  luaL_checkstack(L, 8, NULL);
  if (p->drop != drop) {
    open_foreign(L, p);
    return;
  }
  luggage *l = arpc__of(luggage, parcel, p);
  if (l->home == st->home && l->slot && open_at_home(L, l)) {
    free_luggage(l);
    return;
  }
  unpack(L, l, &l->key);
  unpack(L, l, &l->overlapped);
  push_id(L, p->packet.handle);
  drop(p);
}
