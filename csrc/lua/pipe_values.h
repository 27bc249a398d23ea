/* Elements of pipes <-> Lua values: strings of bytes and characters, tables of anything else, or strings packed as
 * NDR lays elements out in the call's transfer syntax, little endian, with a gap behind the last one too. */
#ifndef ARPC_LUA_PIPE_VALUES_H
#define ARPC_LUA_PIPE_VALUES_H

#include "lua/marshal.h"
#include "lua/state.h"

/* Bytes from one element to the next. */
static inline size_t arpc__pipe_stride(const arpc_pipe_type *t, int transfer) {
  size_t s = transfer == ARPC_NDR64, align = t->align[s];
  return (t->size[s] + align - 1) & ~(align - 1);
}

/* A chunk that is pushed: the value at an index. All raise error objects that name procedure and pipe. */
typedef struct arpc__chunk {
  const arpc__proc *proc;
  uint32_t pipe;
  int index, transfer;
  const char *bytes; /* of a string; NULL: a table */
  size_t n;          /* elements */
} arpc__chunk;

/* transfer 0: not known yet, a packed string is then taken for a table. */
void arpc__chunk_check(lua_State *L, arpc__chunk *ret, const arpc__proc *proc, uint32_t pipe, int index, int transfer);
/* The bytes of n elements from `first` on: good until the next use of the state's scratch buffer. */
const void *arpc__chunk_bytes(lua_State *L, arpc__state *st, const arpc__chunk *c, size_t first, size_t n);

/* Pushes n elements that were pulled, in one piece; they are copied before anything else can happen. The status of
 * contents that are bad, and then nothing. */
arpc_status arpc__pipe_give(lua_State *L, arpc__state *st, const arpc__proc *proc, uint32_t pipe, const void *at, size_t n,
                            int transfer, int big, int packed);

#endif
