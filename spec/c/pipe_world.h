/* A server and a client of an interface with pipes, on one transport and in one syntax. The manager parks each call:
 * a test plays both sides. Opnums say which pipes a procedure has; each takes a u32 besides, and has a u32 as result. */
#ifndef ARPC_SPEC_PIPE_WORLD_H
#define ARPC_SPEC_PIPE_WORLD_H

#include "asyncrpc.h"
#include "test.h"

#include <uv.h>

enum {
  BYTES_IN,     /* [in] bytes */
  BYTES_OUT,    /* [out] bytes */
  LONGS_BOTH,   /* [in, out] u32 */
  MANY,         /* [in] bytes, [in] u64, [out] u16, [out] structs of u64 and u32 */
  RANGED_IN,    /* [in] u16, of 2 to 5 elements a chunk */
  PLAIN,        /* none */
  PIPED_PROCEDURES
};

typedef struct pipe_told { /* how often a side's handle was told of what */
  unsigned complete, send, receive, disconnect, cancel;
} pipe_told;

typedef struct pipe_world pipe_world;
struct pipe_world {
  uv_loop_t loop;
  arpc_runtime *rt;
  arpc_server *server;
  arpc_client *client;
  char binding[256], dir[64];
  arpc_async call;             /* the client's */
  pipe_told told, server_told;
  arpc_async served[256];      /* the managers', in the order they came; told as server_told says */
  uint32_t given[256];         /* their u32 */
  unsigned nserved;
  unsigned flags;              /* of the managers' handles */
};

typedef struct pipe_options {
  const char *transport;
  uint32_t transfer;
  int manual_clock;
  arpc_client_options client;
  arpc_server_options server;
} pipe_options;

const arpc_pipe_type *pipe_types(uint16_t opnum, uint32_t *ret_n);
void pipe_open(pipe_world *w, const pipe_options *o);
void pipe_close(pipe_world *w); /* and checks that nothing is left */
/* Issues a call with w->call, and another one with a handle of one's own. */
arpc_status pipe_call(pipe_world *w, uint16_t opnum, uint32_t given, unsigned flags);
arpc_status pipe_call_with(pipe_world *w, arpc_async *a, uint16_t opnum, uint32_t given);
arpc_async pipe_handle(pipe_told *told, unsigned flags);
/* Turns of the loop, until something holds. */
void pipe_turns(pipe_world *w, unsigned n);
const arpc_async *pipe_served(pipe_world *w, unsigned n); /* waits for a manager's call */
#define PIPE_UNTIL(w, cond)                                  \
  do {                                                       \
    uint64_t limit_ = uv_hrtime() + (uint64_t)10e9;          \
    while (!(cond)) {                                        \
      if (uv_hrtime() > limit_) test_fail(__FILE__, __LINE__, "never: %s", #cond); \
      uv_run(&(w)->loop, UV_RUN_NOWAIT);                     \
    }                                                        \
  } while (0)
/* Pushes, closes or pulls until that is taken; the loop turns meanwhile. Give the last status. */
arpc_status pipe_push(pipe_world *w, const arpc_async *a, uint32_t pipe, const void *elements, size_t n);
arpc_status pipe_pull(pipe_world *w, const arpc_async *a, uint32_t pipe, void *elements, size_t most, size_t *ret_n);
/* Pulls to the end, or until a failure; gives how many there were. */
arpc_status pipe_drain(pipe_world *w, const arpc_async *a, uint32_t pipe, void *elements, size_t size, size_t room, size_t *ret_n);
/* The manager's answer, encoded where it belongs. */
arpc_status pipe_reply(pipe_world *w, const arpc_async *a, uint32_t result);
/* The client's call to its end: status, and the u32. */
arpc_status pipe_result(pipe_world *w, const arpc_async *a, uint32_t *ret);

/* for (o: each transport, each syntax) */
#define EACH_PIPE_WORLD(o)                                                                                   \
  for (unsigned i_##o = 0; i_##o < 6; i_##o++)                                                               \
    for (pipe_options o = {.transport = pipe_transports[i_##o % 3], .transfer = i_##o < 3 ? ARPC_NDR20 : ARPC_NDR64}; \
         o.transport; o.transport = NULL)
extern const char *const pipe_transports[];

#endif
