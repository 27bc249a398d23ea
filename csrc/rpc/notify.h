/* How completion, and what clients do to the calls of a server, is told. */
#ifndef ARPC_RPC_NOTIFY_H
#define ARPC_RPC_NOTIFY_H

#include "rpc/runtime.h"

/* 0, or 87 for a handle that asks for a notification without what it needs. */
static inline arpc_status arpc__notify_check(const arpc_async *how) {
  if (how->notification == ARPC_NOTIFY_EVENT ? !how->event : 0) return ARPC_S_INVALID_ARG;
  return how->notification == ARPC_NOTIFY_CALLBACK && !how->routine ? ARPC_S_INVALID_ARG : ARPC_S_OK;
}

/* Tells of `event` as the handle asks for: inside arpc__enter. The handle must be the caller's copy. */
static inline void arpc__notify(arpc_runtime *rt, const arpc_async *handle, arpc_event_kind event) {
  switch (handle->notification) {
  case ARPC_NOTIFY_EVENT:
    if (handle->event) arpc_event_set(handle->event);
    break;
  case ARPC_NOTIFY_CALLBACK:
    if (handle->routine) handle->routine(rt, handle, event);
    break;
  case ARPC_NOTIFY_NONE:
    break;
  }
}

#endif
