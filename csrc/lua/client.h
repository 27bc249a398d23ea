/* What a client is to those who issue calls. */
#ifndef ARPC_LUA_CLIENT_H
#define ARPC_LUA_CLIENT_H

#include "lua/client_options.h"
#include "lua/marshal.h"
#include "lua/state.h"

typedef struct arpc__shared_client { /* what views of one client share */
  arpc_client *core; /* NULL once closed */
  uint32_t views;
  uint32_t pipe_portion; /* bytes that are pushed at once */
} arpc__shared_client;

typedef struct arpc__client {
  arpc__state *st;
  uint8_t class; /* arpc__object so far */
  arpc__shared_client *shared;
  arpc__call_options own;
} arpc__client;

typedef struct arpc__async_view {
  arpc__object head;
  arpc__client *client; /* kept by the user value */
} arpc__async_view;

/* NULL once closed; also when a finalizer reaches a client that was collected before it. */
static inline arpc_client *arpc__client_core(const arpc__client *c) {
  return c->shared && c->st->rt ? c->shared->core : NULL;
}

/* ---- client_call.c: a procedure of the client, or of the view, at 1; the arguments are behind it ---- */
int arpc__client_call(lua_State *L, arpc__state *st, const arpc__proc *proc);

#endif
