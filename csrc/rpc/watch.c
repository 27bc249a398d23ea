/* What a server's handle is told of: its client asks for cancellation, or is gone. Each at most once in a call, on a
 * later turn; also when it happened before anybody asked to be told. */
#include "rpc/server.h"

#include "rpc/notify.h"

#include <stdlib.h>

struct arpc__watch {
  arpc__served *call;
  arpc_async handle;
  arpc__deferred later;
  uint8_t due, told; /* bits by arpc_event_kind */
};

static void tell(arpc__deferred *d) {
  arpc__watch *w = arpc__of(arpc__watch, later, d);
  arpc_runtime *rt = w->call->rt;
  arpc_async handle = w->handle;
  if (handle.notification == ARPC_NOTIFY_NONE || handle.flags & ARPC_NOTIFY_PIPES_ONLY) return; /* until a kind is chosen */
  unsigned due = w->due;
  w->due = 0;
  w->told |= (uint8_t)due;
  for (arpc_event_kind kind = ARPC_CLIENT_DISCONNECT; kind <= ARPC_CLIENT_CANCEL; kind++)
    if ((due & 1u << kind) && arpc__slot_of(rt, &handle)) arpc__notify(rt, &handle, kind);
}

void arpc__watch_see(arpc__watch *w, arpc_event_kind kind) {
  if (w->told & 1u << kind) return;
  w->due |= (uint8_t)(1u << kind);
  arpc__defer(w->call->rt, &w->later, tell);
}

void arpc__watch_tell(arpc__watch *w, arpc_event_kind kind, int asked) {
  arpc_async handle = w->handle;
  if (asked || handle.flags & ARPC_NOTIFY_ON_SEND_COMPLETE) arpc__notify(w->call->rt, &handle, kind);
}

arpc_status arpc__watch_set(arpc__served *call, const arpc_async *how) {
  if (arpc__notify_check(how)) return ARPC_S_INVALID_ARG;
  if (!call->watch) {
    if (how->notification == ARPC_NOTIFY_NONE) return ARPC_S_OK;
    if (!(call->watch = calloc(1, sizeof *call->watch))) return ARPC_S_OUT_OF_MEMORY;
    call->watch->call = call;
  }
  call->watch->handle = *how;
  if (call->happened & ARPC_SUBSCRIBE_CANCEL) arpc__watch_see(call->watch, ARPC_CLIENT_CANCEL);
  if (call->happened & ARPC_SUBSCRIBE_DISCONNECT) arpc__watch_see(call->watch, ARPC_CLIENT_DISCONNECT);
  return ARPC_S_OK;
}

void arpc__watch_free(arpc__watch *w) {
  arpc__undefer(w->call->rt, &w->later);
  free(w);
}
