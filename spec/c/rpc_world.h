/* A server and a client in one process, on one transport, for the specs of csrc/rpc. Opnum 0 echoes its stub
 * and adds nothing; 1 parks; 2 faults with the u32 in its stub; 3 answers what test_cancel says of the call that
 * is running. */
#ifndef ARPC_SPEC_RPC_WORLD_H
#define ARPC_SPEC_RPC_WORLD_H

#include "asyncrpc.h"
#include "test.h"

#include <uv.h>

enum { ECHO_IT, PARK_IT, FAULT_IT, ASK_IT, PROCEDURES };
enum { MAX_PARKED = 4096 };

typedef struct world world;
struct world {
  uv_loop_t loop;
  arpc_runtime *rt;
  arpc_server *server;
  arpc_client *client;
  char binding[256];
  char dir[64];
  arpc_async parked[MAX_PARKED];
  uint32_t tags[MAX_PARKED]; /* the first four bytes of each one's stub, if it had any */
  unsigned nparked;
};

extern const arpc_syntax WORLD_INTERFACE;
extern const char *const world_transports[]; /* "tcp", "unix", "memory", NULL */

void world_open(world *w, const char *transport, const arpc_runtime_options *options,
                const arpc_client_options *client_options);
/* Runs the loop dry, checks that nothing is left, and closes the runtime and the loop. */
void world_end(arpc_runtime *rt, uv_loop_t *loop);
/* Closes everything before that. */
void world_close(world *w);
/* Runs turns of the loop until *flag is at least n, or fails after ten seconds. */
void world_until(world *w, const unsigned *flag, unsigned n);
void world_turns(world *w, unsigned n);
/* A fresh handle, notified by routine (NULL: polled). */
arpc_async world_handle(arpc_routine routine, void *info);
/* Runs turns until the parked call n is there / the call has completed; then its status, collected. */
const arpc_async *world_parked(world *w, unsigned n);
arpc_status world_result(world *w, arpc_async *async, arpc_reply *ret);
/* The options of a manual clock. */
extern const arpc_runtime_options world_manual;
arpc_status world_call(world *w, arpc_async *async, uint16_t opnum, const void *stub, size_t len);

#define EACH_TRANSPORT(name)                                             \
  for (const char *const *name##_ = world_transports; *name##_; name##_++) \
    for (const char *name = *name##_; name; name = NULL)

#endif
