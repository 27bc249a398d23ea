#ifndef ARPC_LUA_PORT_H
#define ARPC_LUA_PORT_H

#include "lua/shared.h"

/* Posts a notification of the handle at an index to the port, with the key and the overlapped, that are on top of
 * the stack in this order. Leaves the stack as it was. */
void arpc__port_notify(lua_State *L, arpc__state *st, int handle, const arpc_packet *packet);
/* The same to the queue on top of the stack. */
void arpc__queue_notify(lua_State *L, arpc__state *st, int handle, lua_Integer msg, uint64_t id);

#endif
