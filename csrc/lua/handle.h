/* The async handle as scripts see it, on either side. */
#ifndef ARPC_LUA_HANDLE_H
#define ARPC_LUA_HANDLE_H

#include "lua/wait.h"

/* User values of the userdata. */
enum {
  ARPC__UV_OWNER = 1, ARPC__UV_USER_INFO, ARPC__UV_TARGET, ARPC__UV_SERVED = ARPC__UV_TARGET,
  ARPC__UV_CALLBACK, ARPC__UV_COUNT = ARPC__UV_CALLBACK /* a client's only */
};

typedef struct arpc__handle arpc__handle;
struct arpc__handle {
  arpc__state *st;
  size_t class;             /* arpc__object so far */
  arpc_async async;         /* the call it stands for, or stood for last */
  const arpc__proc *proc;   /* lives in the interface, which the owner keeps */
  uint32_t anchor;          /* while pending and somebody is to be told */
  arpc__wait *awaiting;     /* the coroutine in call:await */
  int8_t last_event;        /* arpc_event_kind, -1 = none yet */
  uint8_t notification;     /* arpc_notification, as the script sees it */
  uint8_t server;           /* a manager's */
  uint8_t trailing;         /* the call has a trailing callback, in ARPC__UV_CALLBACK */
  uint8_t detached;
  uint8_t send_complete;    /* notify_on_send_complete */
  uint8_t transfer;         /* server: of the request */
  arpc__task *raises;       /* server: the task that a cancel interrupts, NULL = none */
  arpc__kept kept;          /* last: a manager's handle has only as many as its procedure needs */
};

/* On top of the stack, ready. */
arpc__handle *arpc__handle_new(lua_State *L, arpc__state *st);
/* A manager's, for a call of proc. A synchronous procedure's call ends with its manager: such a handle is
 * not watched by the collector. */
arpc__handle *arpc__handle_new_served(lua_State *L, arpc__state *st, const arpc__proc *proc);
/* Before issuing with the handle at an index: raises 1915 when its call is not over. Prepares async so that
 * completion comes back here. */
void arpc__handle_arm(lua_State *L, arpc__handle *h, const arpc__proc *proc);
/* After a successful issue: anchors the handle at an index if somebody waits to be told. */
void arpc__handle_issued(lua_State *L, arpc__handle *h, int index);
/* The handle at 1, of that side (0 client, 1 server) or raises 1915. */
arpc__handle *arpc__handle_check(lua_State *L);
arpc__handle *arpc__handle_check_side(lua_State *L, int server, const char *verb);
int arpc__handle_raise(lua_State *L, arpc_status status, const arpc__handle *h, const char *verb);
/* cancel.c: the verbs about cancelling and time, and what makes them work. */
void arpc__open_cancel(lua_State *L, arpc__state *st);
extern const luaL_Reg arpc__cancel_methods[];

/* Collects the finished call of a client's handle: pushes its results, or raises. */
int arpc__harvest(lua_State *L, arpc__state *st, const arpc_async *async, const arpc__proc *proc,
                  const arpc__kept *kept);
/* Server: replies with the n values at first. Raises what marshalling raises, or 1914. */
void arpc__handle_reply(lua_State *L, arpc__handle *h, int first, int n);

#endif
