#include "lua/pipe_values.h"

#include "lua/error.h"
#include "lua/value.h"
#include "ndr/pipe.h"

#include <lauxlib.h>

static int is_text(const arpc__proc *proc, uint32_t pipe) {
  return proc->pipes[pipe].chunk->kind == ARPC__NDR_TEXT;
}

static void refuse(lua_State *L, const arpc__chunk *c, const char *why) {
  arpc__raise(L, ARPC_S_INVALID_ARG, "%s: pipe '%s': %s", c->proc->name, c->proc->pipes[c->pipe].name, why);
}

/* ---- pushing -----------------------------------------------------------------------------------*/

/* The gap behind the last element may be left out. */
static void check_packed(lua_State *L, arpc__chunk *c, size_t len) {
  const arpc_pipe_type *t = &c->proc->pipe_types[c->pipe];
  size_t stride = arpc__pipe_stride(t, c->transfer), gap = stride - t->size[c->transfer == ARPC_NDR64];
  c->n = (len + gap) / stride;
  if (len + gap - c->n * stride > gap)
    refuse(L, c, lua_pushfstring(L, "a packed string of elements of %d bytes expected, got %I", (int)stride, (lua_Integer)len));
}

void arpc__chunk_check(lua_State *L, arpc__chunk *ret, const arpc__proc *proc, uint32_t pipe, int index, int transfer) {
  size_t len;
  int type = lua_type(L, index), text = is_text(proc, pipe);
  *ret = (arpc__chunk){.proc = proc, .pipe = pipe, .index = index, .transfer = transfer};
  luaL_checkstack(L, 8, NULL);
  if (type != LUA_TSTRING && (text || type != LUA_TTABLE))
    refuse(L, ret, lua_pushfstring(L, "%s expected, got %s", text ? "string" : "table or packed string", luaL_typename(L, index)));
  if (type == LUA_TTABLE) {
    ret->n = lua_rawlen(L, index);
    lua_pushnil(L);
    if (!ret->n && lua_next(L, index)) refuse(L, ret, "a list of elements expected, got a table without any");
    if (ret->n) lua_pop(L, 1);
    return;
  }
  ret->bytes = lua_tolstring(L, index, &len);
  ret->n = len;
  if (!text && transfer) check_packed(L, ret, len);
}

static void encode(lua_State *L, const arpc__chunk *c, arpc__buf *out, size_t first, size_t n) {
  arpc__ndr_member self = {.name = c->proc->pipes[c->pipe].name, .slot = -1};
  arpc__writer w = {.buf = out};
  arpc__source s;
  s.L = L, s.proc = c->proc, s.what = "pipe";
  s.first = s.at = c->index, s.n = 1, s.shift = s.piped = 0;
  s.fields = s.absent = s.known = 0;
  s.safe = s.top = lua_gettop(L);
  s.depth = 1;
  s.path[0] = (struct arpc__source_step){.m = &self, .at = c->index, .top = s.top};
  arpc__ndr_pipe_elements(c->proc->pipes[c->pipe].chunk, c->transfer, &w, &arpc__lua_source, &s, first, n);
}

const void *arpc__chunk_bytes(lua_State *L, arpc__state *st, const arpc__chunk *c, size_t first, size_t n) {
  uint32_t encoding;
  if (c->bytes) return c->bytes + first * arpc__pipe_stride(&c->proc->pipe_types[c->pipe], c->transfer);
  luaL_checkstack(L, 24, NULL);
  do { /* once more when a finalizer used the buffer meanwhile */
    encoding = ++st->encodings;
    arpc__buf_clear(&st->scratch);
    encode(L, c, &st->scratch, first, n);
  } while (st->encodings != encoding);
  if (st->scratch.error) refuse(L, c, "there is no memory for a chunk");
  return st->scratch.data;
}

/* ---- pulling -----------------------------------------------------------------------------------*/

/* The string on top, in the sender's byte order -> a table in its place. */
static arpc_status unpack(lua_State *L, const arpc__ndr_type *chunk, size_t n, int transfer, int big) {
  int top = lua_gettop(L);
  arpc__ndr_pipe reader;
  arpc__ndr_pipe_begin(&reader, chunk, transfer);
  const uint8_t *at = (const uint8_t *)lua_tostring(L, top);
  arpc_status status = arpc__ndr_pipe_give(&reader, at, (uint32_t)n, big, &arpc__lua_sink, L);
  if (!status) lua_replace(L, top);
  lua_settop(L, status ? top - 1 : top);
  return status;
}

/* The table on top -> a packed string in its place. */
static void pack(lua_State *L, arpc__state *st, const arpc__proc *proc, uint32_t pipe, size_t n, int transfer) {
  arpc__chunk c = {.proc = proc, .pipe = pipe, .index = lua_gettop(L), .transfer = transfer, .n = n};
  const void *at = arpc__chunk_bytes(L, st, &c, 0, n);
  lua_pushlstring(L, at, st->scratch.len);
  lua_replace(L, -2);
}

static void append_gap(lua_State *L, size_t gap) {
  static const char zeros[8];
  if (!gap) return;
  lua_pushlstring(L, zeros, gap);
  lua_concat(L, 2);
}

arpc_status arpc__pipe_give(lua_State *L, arpc__state *st, const arpc__proc *proc, uint32_t pipe, const void *at, size_t n,
                            int transfer, int big, int packed) {
  const arpc_pipe_type *t = &proc->pipe_types[pipe];
  size_t stride = arpc__pipe_stride(t, transfer), gap = stride - t->size[transfer == ARPC_NDR64];
  lua_pushlstring(L, at, n * stride - gap);
  if (is_text(proc, pipe)) return ARPC_S_OK;
  luaL_checkstack(L, 24, NULL);
  if (!packed || big) {
    arpc_status status = unpack(L, proc->pipes[pipe].chunk, n, transfer, big);
    if (status || !packed) return status;
    pack(L, st, proc, pipe, n, transfer);
  }
  append_gap(L, gap);
  return ARPC_S_OK;
}
