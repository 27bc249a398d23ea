/* Options out of a script's table. All raise error objects that name the option. */
#ifndef ARPC_LUA_OPTIONS_H
#define ARPC_LUA_OPTIONS_H

#include "asyncrpc.h"

#include <lua.h>

/* Raises on a string key of the table at an index that is not among the names. */
void arpc__check_options(lua_State *L, int index, const char *const names[]);
uint32_t arpc__number_option(lua_State *L, int index, const char *name);      /* 0 when absent */
uint32_t arpc__ms_option(lua_State *L, int index, const char *name);          /* the same; math.huge = ARPC_FOREVER */
uint32_t arpc__transfer_option(lua_State *L, int index, const char *name);    /* a mask, 0 when absent */
const char *arpc__string_option(lua_State *L, int index, const char *name);   /* NULL when absent; the table keeps it */
/* A parsed string binding, to be freed by the caller. */
arpc_binding *arpc__check_binding(lua_State *L, int index);

#endif
