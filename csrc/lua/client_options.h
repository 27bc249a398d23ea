/* The options of clients and of their calls. */
#ifndef ARPC_LUA_CLIENT_OPTIONS_H
#define ARPC_LUA_CLIENT_OPTIONS_H

#include "lua/state.h"

/* What a client and each of its views have of their own. */
typedef struct arpc__call_options {
  uint32_t timeout, grace; /* 0 = none */
  uint64_t deadline;       /* likewise */
  uint8_t has_object;
  arpc_uuid object;
} arpc__call_options;

/* From the table at an index: what is given replaces what is there. Raises. */
void arpc__call_options_read(lua_State *L, int index, arpc__call_options *ret);
/* All that a client may be made with, checked; the core's are returned. Raises. */
arpc_client_options arpc__client_options_read(lua_State *L, int index, int *ret_causal);

#endif
