/* Lua values <-> stub bytes, driven by an interface's type programs (ndr.h). */
#ifndef ARPC_LUA_MARSHAL_H
#define ARPC_LUA_MARSHAL_H

#include "base/cursor.h"
#include "ndr/ndr.h"

#include <lua.h>

enum { ARPC__KEPT = 16 };

/* What one direction of a call must remember for the other: counts and discriminants given by [in]
 * parameters that size [out] ones. Filled by the in-direction, read by the out-direction. A procedure uses
 * the first `nkept` slots, and memory for more need not be there. */
typedef struct arpc__kept arpc__kept;
struct arpc__kept {
  int64_t value[ARPC__KEPT];
};

/* A parameter that is a pipe: its chunks' type (ndr/pipe.h), and its number, from 1, among what is passed in and
 * the pipes, in declared order. */
typedef struct arpc__proc_pipe {
  const char *name;
  const arpc__ndr_type *chunk;
  uint8_t in, out, place;
} arpc__proc_pipe;

typedef struct arpc__proc arpc__proc; /* one procedure, immutable after load */
struct arpc__proc {
  const char *name;
  uint16_t opnum;
  uint8_t async;    /* [async] in the ACF */
  uint8_t nin;      /* Lua arguments of a call */
  uint8_t nout;     /* Lua results: the return value first, if there is one */
  uint8_t nkept;    /* slots used in arpc__kept */
  uint8_t nextra;   /* Lua results behind those, which are not sent: statuses that only the ACF knows */
  uint8_t comm, fault; /* the Lua results, from 1, where failures go instead of being raised; 0 = none */
  uint8_t npipes;
  arpc__proc_pipe *pipes; /* in declared order; not among nin and nout */
  arpc_pipe_type *pipe_types; /* the same as the core knows them */
  const char *refused; /* why it cannot be called here, NULL = it can */
  arpc__ndr_program *program; /* marshal's own */
};

typedef struct arpc__interface arpc__interface; /* inside a userdata "asyncrpc.interface" */
struct arpc__interface {
  const char *name;
  arpc_syntax id;
  uint32_t nprocs;  /* opnums 0 .. nprocs-1 */
  arpc__proc *procs; /* by opnum; a hole has name NULL */
};

/* The interface at a stack index: the userdata itself, or the table idl.load made, whose field "core"
 * it is. Raises otherwise. The pointer lives as long as the userdata. */
arpc__interface *arpc__check_interface(lua_State *L, int index);

/* Client: the values at first .. first+n-1 become the request's stub. Raises an error object (87, phase
 * issue; error.h) that names procedure, argument and path: "AsyncFunc: argument 2 'delay': number expected,
 * got string"; `shift` is what to add to an argument's number for the message (1 when an async handle
 * stands in front); `piped`: what pipes were given stood among them. Leaves the stack as it was. */
void arpc__marshal_in(lua_State *L, const arpc__proc *p, int first, int n, int shift, int piped, int transfer,
                      arpc__writer *w, arpc__kept *kept);
/* Server: pushes p->nin arguments. On failure pushes nothing and returns the status to fault with; *ret_limit is
 * the limit that was hit, or NULL. */
arpc_status arpc__unmarshal_in(lua_State *L, const arpc__proc *p, arpc__reader *r, int transfer, arpc__kept *kept,
                               const char **ret_limit);
/* Server: the n results at first .. become the response's stub. Raises as arpc__marshal_in does
 * ("EchoData: result 1 'out_data': ..."). */
void arpc__marshal_out(lua_State *L, const arpc__proc *p, int first, int n, int transfer, arpc__writer *w,
                       const arpc__kept *kept);
/* Client: pushes p->nout + p->nextra results. On failure the same. */
arpc_status arpc__unmarshal_out(lua_State *L, const arpc__proc *p, arpc__reader *r, int transfer,
                                const arpc__kept *kept, const char **ret_limit);

/* Client: the results of a synchronous call that failed, if one of them is to be the status: pushes and counts
 * them. 0: the failure is to be raised. */
int arpc__push_failed(lua_State *L, const arpc__proc *p, const arpc_reply *failure);

/* Registers what idl/compile.lua calls: core.interface{...} makes the userdata. Adds to the table on top. */
void arpc__open_interface(lua_State *L);
void arpc__open_context(lua_State *L); /* adds context_handle to the table on top */

#endif
