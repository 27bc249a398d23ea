/* Lua values as the encoder's source and the decoder's sink (ndr.h). Tables are read and written raw. */
#ifndef ARPC_LUA_VALUE_H
#define ARPC_LUA_VALUE_H

#include "lua/marshal.h"

typedef struct arpc__source arpc__source;
struct arpc__source {
  lua_State *L;
  const arpc__proc *proc;
  const char *what; /* "argument", "result", or "pipe" */
  int first, n;     /* the values on the stack */
  int shift;        /* added to their numbers in messages */
  int piped;        /* as are the pipes in front of them */
  int at;           /* index of the current value */
  int fields;       /* index of its first field, where it is a struct that was opened; 0 = not */
  int top;          /* of the stack, between the functions of the source */
  int safe;         /* how far it may grow */
  int absent;       /* index of the nil that stands for values left out */
  int depth;
  int known;        /* index of a table: by type of full pointer, values and their numbers */
  struct arpc__source_step {
    const arpc__ndr_member *m; /* NULL: element i */
    size_t i;
    int at, fields, top; /* before the step */
  } path[ARPC__NDR_DEEPEST + 4];
};

extern const arpc__ndr_source arpc__lua_source; /* arg: an arpc__source */
extern const arpc__ndr_sink arpc__lua_sink;     /* arg: a lua_State, which the values are pushed on */

/* ---- alias.c: what full pointers point to ---- */
int arpc__push_aliases(lua_State *L); /* for source.known; its index */
uint32_t arpc__source_number_of(void *arg, const arpc__ndr_type *t, uint32_t fresh);
int arpc__source_sent(void *arg, const arpc__ndr_type *t);
/* Around a decoding: pushes what was known before, and puts it back from the index behind `below`. */
void arpc__sink_begin_aliases(lua_State *L);
void arpc__sink_end_aliases(lua_State *L, int below);
void arpc__sink_learn(void *arg, uint64_t number, const arpc__ndr_type *t);
const arpc__ndr_type *arpc__sink_alias(void *arg, uint64_t number);

/* ---- context.c ---- */
void arpc__source_context(void *arg, const arpc__ndr_type *t, arpc__ndr_context *ret);
void arpc__sink_context(void *arg, const arpc__ndr_type *t, const arpc__ndr_context *v);

/* Raises: the current value is wrong, and why. */
void arpc__source_refuse(arpc__source *s, const char *why);
void arpc__source_refuse_as(arpc__source *s, arpc_status status, const char *why);

#endif
