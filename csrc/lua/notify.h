/* How a handle tells, on either side, as its script chose. */
#ifndef ARPC_LUA_NOTIFY_H
#define ARPC_LUA_NOTIFY_H

#include "lua/handle.h"

/* notify{...}: from the table at an index, for the handle at 1. Raises 87. What kind it is stands in
 * h->notification, whom it tells in ARPC__SCRIPT_TARGET: the event, the function, or a table. */
void arpc__notify_configure(lua_State *L, arpc__handle *h, int index);
/* The running task is who makes the call of the handle at an index: APCs without a thread are its. */
void arpc__notify_by_task(lua_State *L, arpc__handle *h, int index);
/* Tells of an event. The target is on top of the stack of L, the main thread, and the handle below it. */
void arpc__notify_tell(lua_State *L, arpc__state *st, int notification, uint64_t id, arpc_event_kind event);

#endif
