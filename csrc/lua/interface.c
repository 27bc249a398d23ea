#include "base/uuid.h"
#include "lua/error.h"
#include "lua/graph.h"
#include "ndr/pipe.h"

#include <lauxlib.h>

static const char *const META = "asyncrpc.interface";

enum { DESCRIPTION = 1, BLOCKS }; /* user values: what the strings live in, what the memory lives in */

arpc__interface *arpc__check_interface(lua_State *L, int index) {
  arpc__interface *iface = luaL_testudata(L, index, META);
  if (iface) return iface;
  if (lua_istable(L, index)) {
    index = lua_absindex(L, index);
    lua_pushliteral(L, "core");
    lua_rawget(L, index);
    iface = luaL_testudata(L, -1, META);
    lua_pop(L, 1);
  }
  if (!iface) arpc__raise(L, ARPC_S_INVALID_ARG, "interface expected, got %s", luaL_typename(L, index));
  return iface;
}

/* ---- loading -----------------------------------------------------------------------------------*/
static void load_direction(arpc__graph *g, arpc__ndr_list *ret, int at, const char *name, uint8_t *ret_places) {
  unsigned places = 0;
  if (lua_getfield(g->L, at, name) != LUA_TNIL) {
    luaL_checktype(g->L, -1, LUA_TTABLE);
    arpc__load_list(g, ret, lua_gettop(g->L));
  }
  lua_pop(g->L, 1);
  const char *why = arpc__ndr_check_list(ret);
  for (uint16_t i = 0; i < ret->count && !why; i++) {
    if (!ret->members[i].hidden) places++;
    if (!ret->members[i].hidden == !ret->members[i].place) why = "a parameter has no place";
  }
  if (!why && places > 200) why = "too many parameters";
  if (why) luaL_error(g->L, "interface description: %s", why);
  *ret_places = (uint8_t)places;
}

/* Every list of parameters has them, so that a stub needs nothing else. */
static void load_limits(lua_State *L, int description, arpc__ndr_program *program) {
  lua_Integer depth = arpc__field_integer(L, description, "max_depth", 1, ARPC__NDR_DEEPEST, ARPC__NDR_DEPTH);
  lua_Integer memory = arpc__field_integer(L, description, "max_memory", 0, INT64_MAX / 2, ARPC__NDR_MEMORY);
  program->in.depth = program->out.depth = (uint16_t)depth;
  program->in.memory = program->out.memory = memory;
}

static void load_pipe(arpc__graph *g, arpc__proc_pipe *p, int at) {
  lua_State *L = g->L;
  p->name = arpc__field_string(L, at, "name");
  p->chunk = &g->types[arpc__field_integer(L, at, "type", 1, g->ntypes, 1) - 1];
  p->in = (uint8_t)arpc__field_true(L, at, "in");
  p->out = (uint8_t)arpc__field_true(L, at, "out");
  p->place = (uint8_t)arpc__field_integer(L, at, "place", 1, 200, 1);
  const char *why = p->name ? arpc__ndr_pipe_check(p->chunk) : "a pipe without a name";
  if (!why && !p->in && !p->out) why = "a pipe without a direction";
  if (why) luaL_error(L, "interface description: %s", why);
}

static void set_pipe_type(arpc_pipe_type *t, const arpc__proc_pipe *p) {
  t->directions = (uint8_t)((p->in ? ARPC_PIPE_IN : 0) | (p->out ? ARPC_PIPE_OUT : 0));
  t->ranged = (p->chunk->flags & ARPC__NDR_RANGED) != 0;
  for (int s = 0; s < 2; s++) {
    arpc__ndr_pipe reader;
    arpc__ndr_pipe_begin(&reader, p->chunk, s ? ARPC_NDR64 : ARPC_NDR20);
    t->size[s] = reader.unit;
    t->align[s] = reader.align;
    t->low = reader.low;
    t->high = reader.high;
  }
}

static void load_pipes(arpc__graph *g, arpc__proc *p, int at) {
  lua_State *L = g->L;
  if (lua_getfield(L, at, "pipes") != LUA_TNIL) {
    lua_Integer n = luaL_len(L, -1);
    if (n > 200) luaL_error(L, "interface description: too many pipes");
    p->npipes = (uint8_t)n;
    p->pipes = arpc__block(L, g->blocks, (size_t)n, sizeof *p->pipes);
    p->pipe_types = arpc__block(L, g->blocks, (size_t)n, sizeof *p->pipe_types);
    for (lua_Integer i = 0; i < n; i++) {
      lua_rawgeti(L, -1, i + 1);
      luaL_checktype(L, -1, LUA_TTABLE);
      load_pipe(g, &p->pipes[i], lua_gettop(L));
      set_pipe_type(&p->pipe_types[i], &p->pipes[i]);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

static void load_proc(arpc__graph *g, arpc__proc *p, int at) {
  lua_State *L = g->L;
  p->name = arpc__field_string(L, at, "name");
  p->refused = arpc__field_string(L, at, "refused");
  p->async = (uint8_t)arpc__field_true(L, at, "async");
  p->nkept = (uint8_t)arpc__field_integer(L, at, "nkept", 0, ARPC__KEPT, 0);
  p->nextra = (uint8_t)arpc__field_integer(L, at, "nextra", 0, 2, 0);
  p->comm = (uint8_t)arpc__field_integer(L, at, "comm", 1, 202, 0);
  p->fault = (uint8_t)arpc__field_integer(L, at, "fault", 1, 202, 0);
  p->program = arpc__block(L, g->blocks, 1, sizeof *p->program);
  load_direction(g, &p->program->in, at, "in", &p->nin);
  load_direction(g, &p->program->out, at, "out", &p->nout);
  load_limits(L, g->description, p->program);
  load_pipes(g, p, at);
}

static void load_procs(arpc__graph *g, arpc__interface *iface, int description) {
  lua_State *L = g->L;
  lua_getfield(L, description, "procs");
  luaL_checktype(L, -1, LUA_TTABLE);
  int procs = lua_gettop(L);
  lua_Integer n = (lua_Integer)lua_rawlen(L, procs);
  if (n > UINT16_MAX) luaL_error(L, "interface description: too many procedures");
  iface->procs = arpc__block(L, g->blocks, (size_t)n, sizeof *iface->procs);
  iface->nprocs = (uint32_t)n;
  for (lua_Integer i = 0; i < n; i++) {
    iface->procs[i].opnum = (uint16_t)i;
    if (lua_rawgeti(L, procs, i + 1) == LUA_TTABLE) load_proc(g, &iface->procs[i], lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void load_identity(lua_State *L, arpc__interface *iface, int description) {
  const char *uuid = arpc__field_string(L, description, "uuid");
  iface->name = arpc__field_string(L, description, "name");
  iface->id.major = (uint16_t)arpc__field_integer(L, description, "major", 0, UINT16_MAX, 0);
  iface->id.minor = (uint16_t)arpc__field_integer(L, description, "minor", 0, UINT16_MAX, 0);
  if (!iface->name || !uuid || arpc_uuid_parse(uuid, &iface->id.uuid))
    luaL_error(L, "interface description: no identity");
}

/* interface(description) -> userdata. The description must not be changed any more. */
static int core_interface(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  arpc__interface *iface = lua_newuserdatauv(L, sizeof *iface, 2);
  memset(iface, 0, sizeof *iface);
  lua_newtable(L);
  arpc__graph g = {.L = L, .blocks = 3, .description = 1};
  load_identity(L, iface, 1);
  arpc__load_types(&g, 1);
  load_procs(&g, iface, 1);
  lua_setiuservalue(L, 2, BLOCKS);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, DESCRIPTION);
  luaL_setmetatable(L, META);
  return 1;
}

/* "interface AsyncRPC 1.0 (uuid)" */
static int interface_tostring(lua_State *L) {
  const arpc__interface *iface = luaL_checkudata(L, 1, META);
  char uuid[ARPC__UUID_TEXT];
  arpc__uuid_format(&iface->id.uuid, uuid);
  lua_pushfstring(L, "interface %s %d.%d (%s)", iface->name, iface->id.major, iface->id.minor, uuid);
  return 1;
}

/* ---- stubs without a call ----------------------------------------------------------------------*/
typedef struct stub_args {
  const arpc__proc *proc;
  int out, transfer;
  arpc__kept kept;
} stub_args;

/* (interface, opnum, "in" or "out", "ndr20" or "ndr64") */
static void check_args(lua_State *L, stub_args *a) {
  static const char *const directions[] = {"in", "out", NULL}, *const transfers[] = {"ndr20", "ndr64", NULL};
  const arpc__interface *iface = arpc__check_interface(L, 1);
  lua_Integer opnum = luaL_checkinteger(L, 2);
  luaL_argcheck(L, opnum >= 0 && opnum < iface->nprocs && iface->procs[opnum].name, 2, "no such procedure");
  a->proc = &iface->procs[opnum];
  if (a->proc->refused) arpc__raise(L, ARPC_S_CANNOT_SUPPORT, "%s: %s", a->proc->name, a->proc->refused);
  a->out = luaL_checkoption(L, 3, NULL, directions);
  a->transfer = luaL_checkoption(L, 4, NULL, transfers) ? ARPC_NDR64 : ARPC_NDR20;
}

/* What the in-direction leaves for the out-direction is a table here. */
static void read_kept(lua_State *L, int index, stub_args *a) {
  memset(&a->kept, 0, sizeof a->kept);
  for (int i = 0; lua_istable(L, index) && i < ARPC__KEPT; i++) {
    lua_rawgeti(L, index, i + 1);
    a->kept.value[i] = lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
}

static void write_kept(lua_State *L, int index, const stub_args *a) {
  for (int i = 0; lua_istable(L, index) && i < a->proc->nkept; i++) {
    lua_pushinteger(L, a->kept.value[i]);
    lua_rawseti(L, index, i + 1);
  }
}

static int free_buffer(lua_State *L) {
  arpc__buf_free(lua_touserdata(L, 1));
  return 0;
}

static arpc__buf *push_buffer(lua_State *L) {
  arpc__buf *b = lua_newuserdatauv(L, sizeof *b, 0);
  arpc__buf_init(b, 0);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, free_buffer);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return b;
}

/* encode(interface, opnum, direction, transfer, kept, ...) -> bytes */
static int core_encode(lua_State *L) {
  stub_args a;
  check_args(L, &a);
  read_kept(L, 5, &a);
  int n = lua_gettop(L) - 5;
  arpc__writer w = {.buf = push_buffer(L)};
  if (a.out) arpc__marshal_out(L, a.proc, 6, n < 0 ? 0 : n, a.transfer, &w, &a.kept);
  else arpc__marshal_in(L, a.proc, 6, n < 0 ? 0 : n, 0, 0, a.transfer, &w, &a.kept);
  if (w.buf->error) return arpc__raise(L, w.buf->error, "%s", a.proc->name);
  if (!a.out) write_kept(L, 5, &a);
  lua_pushlstring(L, w.buf->len ? (const char *)w.buf->data : "", w.buf->len);
  return 1;
}

/* decode(interface, opnum, direction, transfer, bytes, big endian, kept) -> values, or raises the status */
static int core_decode(lua_State *L) {
  stub_args a;
  size_t len;
  check_args(L, &a);
  const char *bytes = luaL_checklstring(L, 5, &len);
  read_kept(L, 7, &a);
  arpc__reader r = arpc__reader_of(bytes, len, lua_toboolean(L, 6));
  int top = lua_gettop(L);
  const char *limit;
  arpc_status status = a.out ? arpc__unmarshal_out(L, a.proc, &r, a.transfer, &a.kept, &limit)
                             : arpc__unmarshal_in(L, a.proc, &r, a.transfer, &a.kept, &limit);
  if (status && lua_gettop(L) != top) return luaL_error(L, "%s: values were left behind", a.proc->name);
  if (status)
    return arpc__raise(L, status, "%s: %s at byte %d", a.proc->name, limit ? limit : arpc_status_text(status),
                       (int)r.error_at);
  if (!a.out) write_kept(L, 7, &a);
  return lua_gettop(L) - top;
}

void arpc__open_interface(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"interface", core_interface}, {"encode", core_encode}, {"decode", core_decode}, {NULL, NULL}};
  luaL_newmetatable(L, META);
  lua_pushcfunction(L, interface_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
}
