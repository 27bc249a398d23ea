/* The pipes of a call as scripts see them, on either side. */
#ifndef ARPC_LUA_PIPE_H
#define ARPC_LUA_PIPE_H

#include "lua/handle.h"
#include "rpc/pipe.h"

enum { ARPC__PUSHING, ARPC__PULLING };

/* How many bytes push pushes at once, by the options of a client or server: as many as fit when it is told to try again,
 * with the core's defaults. */
static inline uint32_t arpc__pipe_portion(uint32_t high, uint32_t low) {
  arpc__pipes_marks(&high, &low);
  return low < high ? high - low : high;
}

/* Those of one call: a userdata, which a script has as handle.pipes. It keeps the handle, the pipes, and whatever keeps
 * the procedure. */
struct arpc__call_pipes {
  arpc__state *st;
  uint8_t class;            /* arpc__object so far */
  arpc__handle *h;
  uint64_t id;              /* the call, once there is one */
  const arpc__proc *proc;
  size_t sent;              /* elements of the chunk that is being pushed */
  uint32_t portion;         /* bytes: no push of ours is larger */
  struct arpc__pipe_end {
    arpc__wait *wait;       /* whoever waits, one at a time */
    arpc_status failed;     /* the call was over meanwhile */
    uint8_t asked;          /* the script tried and was refused: it is to be told */
  } ends[2];
};

/* On top of the stack, for a call of the handle at an index that is about to be made. owner: index of what keeps proc,
 * 0 = the handle does. */
arpc__call_pipes *arpc__call_pipes_new(lua_State *L, arpc__state *st, int handle, int owner, const arpc__proc *proc,
                                       uint32_t portion);
/* The call is there: the handle at an index has them. */
void arpc__call_pipes_set(lua_State *L, arpc__call_pipes *p, int index, int handle);
/* Pushes pipe i of those at an index. */
void arpc__call_pipes_push(lua_State *L, int index, uint32_t i);

/* SEND or RECEIVE_COMPLETE came for the call. 1: it was for a coroutine's own wait, or for nobody. */
int arpc__call_pipes_event(arpc__call_pipes *p, arpc_event_kind event);

#endif
