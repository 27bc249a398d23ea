/* Lua values as the encoder's source and the decoder's sink (ndr.h). Tables are read and written raw. */
#ifndef ARPC_LUA_VALUE_H
#define ARPC_LUA_VALUE_H

#include "lua/marshal.h"

typedef struct arpc__source arpc__source;
struct arpc__source {
  lua_State *L;
  const arpc__proc *proc;
  const char *what; /* "argument" or "result" */
  int first, n;     /* the values on the stack */
  int shift;        /* added to their numbers in messages */
  int at;           /* index of the current value */
  int absent;       /* index of the nil that stands for values left out */
  int depth;
  struct arpc__source_step {
    const arpc__ndr_member *m; /* NULL: element i */
    size_t i;
    int at; /* before the step */
  } path[ARPC__NDR_DEPTH + 4];
};

extern const arpc__ndr_source arpc__lua_source; /* arg: an arpc__source */
extern const arpc__ndr_sink arpc__lua_sink;     /* arg: a lua_State, which the values are pushed on */

/* Raises: the current value is wrong, and why. */
void arpc__source_refuse(arpc__source *s, const char *why);

#endif
