#ifndef ARPC_LUA_EVENT_H
#define ARPC_LUA_EVENT_H

#include "lua/state.h"

arpc_event *arpc__check_event(lua_State *L, arpc__state *st, int index); /* raises */
/* Of what is an event or nil; NULL also once it was collected. */
arpc_event *arpc__to_event(lua_State *L, int index);

#endif
