/* The async handle as scripts see it, on either side. */
#ifndef ARPC_LUA_HANDLE_H
#define ARPC_LUA_HANDLE_H

#include "lua/wait.h"

/* User values of the userdata: a client's owner, or the table of what scripts put on a handle, made when they do,
 * which then has the owner too; and the callback of a handle that was made for a call with one. */
enum { ARPC__UV_SCRIPT = 1, ARPC__UV_CALLBACK };
enum { ARPC__SCRIPT_USER_INFO = 1, ARPC__SCRIPT_TARGET, ARPC__SCRIPT_OWNER, ARPC__SCRIPT_PIPES }; /* keys of that table */

typedef struct arpc__handle arpc__handle;
typedef struct arpc__call_pipes arpc__call_pipes;
struct arpc__handle {
  arpc__state *st;
  uint8_t class;             /* arpc__object so far */
  uint8_t room;              /* slots in kept */
  uint16_t notification : 3; /* arpc_notification, as the script sees it */
  uint16_t server : 1;       /* a manager's */
  uint16_t trailing : 1;     /* the call has a trailing callback, in ARPC__UV_CALLBACK */
  uint16_t detached : 1;
  uint16_t send_complete : 1; /* notify_on_send_complete */
  uint16_t transfer : 2;     /* server: of the request */
  uint16_t blocking : 1;     /* of a synchronous call: a failure may be a result */
  int16_t last_event : 4;    /* arpc_event_kind, -1 = none yet */
  uint32_t anchor;           /* while pending and somebody is to be told */
  uint64_t id;               /* the call it stands for, or stood for last; 0 = none */
  const arpc__proc *proc;    /* lives in the interface, which the owner keeps, or the metatable */
  union {
    arpc__wait *awaiting;    /* client: those in call:await, by next */
    arpc__task *raises;      /* server: the task that a cancel interrupts, NULL = none */
  };
  struct arpc__handle_more { /* its own, NULL = it needs no more */
    arpc__kept kept;         /* what the other has no room for */
    arpc__call_pipes *pipes; /* of its call, kept in ARPC__SCRIPT_PIPES; NULL = it has none */
  } *more;
  arpc__kept kept;           /* last: as many as the procedure needs that the handle was made for */
};

/* Handles are outstanding by the hundred thousand. */
_Static_assert(offsetof(arpc__handle, kept) <= 48, "a handle is larger than it need be");

/* pipe.c: the call has ended with this status: whoever waits in one of its pipes learns it, on a later turn. */
void arpc__call_pipes_over(arpc__call_pipes *p, arpc_status status);

/* The call of a handle, or of a wait, as the core knows it. */
#define ARPC__ASYNC(h) (&(arpc_async){.size = sizeof(arpc_async), .signature = ARPC__SIGNATURE, .id = (h)->id})

/* Whether it stands for a call that is not over. */
static inline int arpc__handle_pending(const arpc__handle *h) {
  return h->st->rt && arpc__slot_at(h->st->rt, h->id) != NULL;
}

/* On top of the stack, ready, with room for this many kept values (for more of them it makes room when armed) and, if
 * so wanted, for a callback. */
arpc__handle *arpc__handle_new(lua_State *L, arpc__state *st, uint8_t room, int callback);
/* Keeps the client or view at 1, for whose call the handle at an index is, as long as the handle. */
void arpc__handle_own(lua_State *L, int index);
static inline arpc__kept *arpc__handle_kept(arpc__handle *h) {
  return h->more ? &h->more->kept : &h->kept;
}
static inline arpc__call_pipes *arpc__handle_pipes(const arpc__handle *h) {
  return h->more ? h->more->pipes : NULL;
}
/* A manager's, for a call of proc. A synchronous procedure's call ends with its manager: such a handle is
 * not watched by the collector, unless it has pipes. metatable: its place in the registry; arpc__handle_metatable makes it once for
 * all such handles of an interface, which is on top of the stack (popped) and kept by it. */
arpc__handle *arpc__handle_new_served(lua_State *L, arpc__state *st, const arpc__proc *proc, int metatable);
int arpc__handle_metatable(lua_State *L, arpc__state *st, int watched);
static inline int arpc__proc_watched(const arpc__proc *proc) {
  return proc->async || proc->npipes;
}
/* Before issuing with a handle: raises 1915 when its call is not over. */
void arpc__handle_arm(lua_State *L, arpc__handle *h, const arpc__proc *proc);
/* A manager's, for a call with pipes that the handle at an index has: it is told of them from here on. */
void arpc__handle_listen(lua_State *L, arpc__handle *h, int index);
/* After its fields were set: the core knows of it. */
arpc_status arpc__handle_notified(arpc__handle *h);
/* The call has been ended from this side. */
static inline void arpc__handle_ended(const arpc__handle *h) {
  if (arpc__handle_pipes(h)) arpc__call_pipes_over(arpc__handle_pipes(h), ARPC_S_INVALID_ASYNC_HANDLE);
}
/* What to issue with, so that completion comes back here; the id it then has is the handle's. */
arpc_async arpc__handle_async(arpc__handle *h);
/* After a successful issue: anchors the handle at an index if somebody waits to be told. */
void arpc__handle_issued(lua_State *L, arpc__handle *h, int index);
/* The handle at 1, of that side (0 client, 1 server) or raises 1915. */
arpc__handle *arpc__handle_check(lua_State *L);
arpc__handle *arpc__handle_check_side(lua_State *L, int server, const char *verb);
int arpc__handle_raise(lua_State *L, arpc_status status, const arpc__handle *h, const char *verb);
/* cancel.c: the verbs about cancelling and time, and what makes them work. */
void arpc__open_cancel(lua_State *L, arpc__state *st);
extern const luaL_Reg arpc__cancel_methods[];

/* Collects the finished call of a client's handle: pushes its results, or raises. Of a synchronous call a failure
 * may be a result. */
int arpc__harvest_sync(lua_State *L, arpc__state *st, const arpc_async *async, const arpc__proc *proc,
                       const arpc__kept *kept);
int arpc__harvest(lua_State *L, arpc__handle *h);
/* Server: replies to a pending call with the n values at first. Raises what marshalling raises. */
void arpc__handle_reply(lua_State *L, arpc__handle *h, int first, int n);

/* ---- for the verbs ---- */

/* Pushes what the script put on the handle at an index; its type. Puts the value on top (popped) there. */
int arpc__handle_get(lua_State *L, int index, int key);
void arpc__handle_set(lua_State *L, int index, int key);
/* Keeps the handle at an index from being collected, until its call is over. */
void arpc__handle_keep(lua_State *L, arpc__handle *h, int index);
/* Handle -> its results: for a protected call. */
int arpc__harvest_protected(lua_State *L);

/* ---- handle_fields.c: metamethods; the second upvalue of __index is the table of methods ---- */
int arpc__handle_index(lua_State *L);
int arpc__handle_newindex(lua_State *L);
int arpc__handle_tostring(lua_State *L);

/* ---- await.c ---- */
int arpc__handle_await(lua_State *L);
/* The call is complete, its handle on top of the stack: those who await it are given the results. */
void arpc__await_over(lua_State *L, arpc__handle *h);
/* Nobody awaits any more: collected again, unless it has somebody else to tell. */
void arpc__handle_stop_awaiting(arpc__handle *h);

#endif
