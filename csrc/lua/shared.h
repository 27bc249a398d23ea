/* Events, completion ports and message queues as scripts see them: one userdata for each in a Lua state. */
#ifndef ARPC_LUA_SHARED_H
#define ARPC_LUA_SHARED_H

#include "lua/wait.h"

#include <stdatomic.h>

typedef struct arpc__shared_object {
  arpc__state *st;
  uint8_t class;       /* arpc__object so far */
  arpc__shared *core; /* NULL once collected */
} arpc__shared_object;

/* User values of a port's or a queue's userdata. */
enum { ARPC__UV_HELD = 1, ARPC__UV_HANDLERS, ARPC__UV_BOX = ARPC__UV_HANDLERS };

/* On top of the stack: the userdata of an object whose reference is passed on. */
void arpc__push_shared(lua_State *L, arpc__state *st, enum arpc__class class, arpc__shared *core);
/* Pushes the userdata of an object, or nil and returns 0. */
int arpc__push_known_shared(lua_State *L, const arpc__shared *core);
/* Raises for finalizers that run later than the state's own. */
void arpc__check_not_closing(lua_State *L, const arpc__state *st);

/* Raises. */
arpc__shared *arpc__check_shared(lua_State *L, arpc__state *st, int index, enum arpc__class class);
/* open(token): class's object of that token, in a userdata of its own or the one there is. Raises. */
void arpc__open_shared(lua_State *L, arpc__state *st, enum arpc__class class, const arpc__shared_kind *kind, int index);
int arpc__shared_token_method(lua_State *L, enum arpc__class class);
int arpc__shared_gc(lua_State *L);
/* Waits for the object of class at index 1, ms and "alertable" being at 2 and 3. `finish` finds the outcome by
 * arpc__outcome. Returns what the method shall return. */
int arpc__wait_shared(lua_State *L, enum arpc__class class, const arpc__wait_kind *kind);

/* How a wait ended; it is freed by asking. *ret_parcel: the caller's, of a box that gave one. */
enum arpc__outcome { ARPC__GIVEN, ARPC__TIMED_OUT, ARPC__APC };
enum arpc__outcome arpc__outcome_of(lua_State *L, arpc__wait *w, arpc__parcel **ret_parcel);
const char *arpc__outcome_name(enum arpc__outcome how); /* "timeout" or "apc" */

/* ---- parcels (parcel.c) ---- */

/* Posts a packet to the box at an index. key and overlapped (stack indices) are kept as they are for this Lua
 * state; others receive them if they are nil, booleans, numbers or strings. handle: index of the handle that is
 * notified, 0 = none. Raises for want of memory. */
void arpc__parcel_post(lua_State *L, arpc__state *st, int box, const arpc_packet *packet, int key, int overlapped,
                       int handle);
/* Pushes key, overlapped and handle of what the box at 1 gave, and frees it. */
void arpc__parcel_open(lua_State *L, arpc__state *st, arpc__parcel *p);

/* What parcels of a state lead back to, as long as one of them is about. */
arpc__home *arpc__home_new(arpc__state *st); /* NULL: out of memory */
void arpc__home_close(arpc__home *home);     /* the state is going */

#endif
