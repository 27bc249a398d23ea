/* How completion, and what clients do to the calls of a server, is told. */
#ifndef ARPC_RPC_NOTIFY_H
#define ARPC_RPC_NOTIFY_H

#include "rpc/runtime.h"

/* Of the kinds that are not told on the spot: notify.c. */
arpc_status arpc__notify_check_other(const arpc_async *how);
void arpc__notify_other(const arpc_async *handle, arpc_event_kind event);

/* 0, or 87 for a handle that asks for a notification that there is not, or without what it needs. */
static inline arpc_status arpc__notify_check(const arpc_async *how) {
  if (how->notification == ARPC_NOTIFY_CALLBACK && how->routine) return ARPC_S_OK;
  return how->notification == ARPC_NOTIFY_NONE ? ARPC_S_OK : arpc__notify_check_other(how);
}

/* Tells of `event` as the handle asks for: inside arpc__enter. The handle must be the caller's copy. */
static inline void arpc__notify(arpc_runtime *rt, const arpc_async *handle, arpc_event_kind event) {
  if (handle->notification == ARPC_NOTIFY_CALLBACK) handle->routine(rt, handle, event);
  else if (handle->notification != ARPC_NOTIFY_NONE) arpc__notify_other(handle, event);
}

#endif
