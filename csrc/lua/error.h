/* The one place that turns a status into a Lua error object. */
#ifndef ARPC_LUA_ERROR_H
#define ARPC_LUA_ERROR_H

#include "asyncrpc.h"

#include <lua.h>

/* Pushes an error object {status, name, message, phase, where, maybe_executed, fault, timed_out}. detail
 * (may be NULL) goes in front of the status's text in the message. */
void arpc__push_error(lua_State *L, const arpc_reply *failure, const char *detail);

/* Raises one of phase issue, where local, whose message is the formatted text (lua_pushfstring). Never returns. */
int arpc__raise(lua_State *L, arpc_status status, const char *format, ...);

/* The status of the error object at an index; 0 when the value is none. */
arpc_status arpc__error_status(lua_State *L, int index);

/* What a manager that failed with the value at an index faults with; 0: it is a mistake of the manager's own
 * (no error object, a misuse it committed, or a status that must not travel), to be reported. */
arpc_status arpc__error_fault(lua_State *L, int index);

void arpc__open_error(lua_State *L); /* adds to the module table on top */

#endif
