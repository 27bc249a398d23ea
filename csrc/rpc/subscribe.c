/* What a server's call tells of its client: one notice of each kind, on a later turn, gone with the call. A call
 * that nobody subscribes to carries one pointer for it. */
#include "rpc/notify.h"
#include "rpc/server.h"

#include <stdlib.h>

enum { KINDS = 2 };

typedef struct subscription subscription;
struct subscription {
  arpc__subscriptions *all;
  arpc_async how;
  uint8_t wanted;
  uint8_t queued;        /* the notice is, or was, on its way */
  arpc__deferred later;
};

struct arpc__subscriptions {
  arpc__served *call;
  subscription of[KINDS]; /* disconnect, cancel */
};

static int index_of(arpc_event_kind kind) {
  return kind == ARPC_CLIENT_CANCEL;
}

/* The call may be ended inside: nothing of it is looked at afterwards. */
static void tell(arpc__deferred *d) {
  subscription *s = arpc__of(subscription, later, d);
  arpc__served *call = s->all->call;
  arpc_event_kind kind = s == &s->all->of[1] ? ARPC_CLIENT_CANCEL : ARPC_CLIENT_DISCONNECT;
  arpc_async handle = s->how;
  handle.size = sizeof handle;
  handle.signature = ARPC__SIGNATURE;
  handle.id = call->id;
  arpc__notify(call->rt, &handle, kind);
}

void arpc__subscribed(arpc__served *call, arpc_event_kind kind) {
  subscription *s = &call->subscriptions->of[index_of(kind)];
  if (!s->wanted || s->queued) return;
  s->queued = 1;
  arpc__defer(call->rt, &s->later, tell);
}

void arpc__unsubscribe_all(arpc__served *call) {
  for (int i = 0; i < KINDS; i++) arpc__undefer(call->rt, &call->subscriptions->of[i].later);
  free(call->subscriptions);
  call->subscriptions = NULL;
}

static arpc_status check(unsigned what, const arpc_async *how) {
  const unsigned both = ARPC_SUBSCRIBE_DISCONNECT | ARPC_SUBSCRIBE_CANCEL;
  if (!what || what & ~both) return ARPC_S_CANNOT_SUPPORT;
  if (!how || how->notification == ARPC_NOTIFY_NONE) return ARPC_S_INVALID_ARG;
  if (how->notification == ARPC_NOTIFY_EVENT && what == both) return ARPC_S_INVALID_ARG;
  return arpc__notify_check(how);
}

static void want(arpc__served *call, arpc_event_kind kind, const arpc_async *how) {
  subscription *s = &call->subscriptions->of[index_of(kind)];
  s->all = call->subscriptions;
  s->how = *how;
  s->wanted = 1;
  if (call->happened & 1u << index_of(kind)) arpc__subscribed(call, kind);
}

arpc_status arpc_server_subscribe(arpc_runtime *rt, const arpc_async *async, unsigned what, const arpc_async *how) {
  arpc_status error = check(what, how);
  arpc__served *call = error ? NULL : arpc__served_or_running(rt, async, &error);
  if (!call) return error;
  if (!call->subscriptions) call->subscriptions = calloc(1, sizeof *call->subscriptions);
  if (!call->subscriptions) return ARPC_S_OUT_OF_MEMORY;
  call->subscriptions->call = call;
  if (what & ARPC_SUBSCRIBE_DISCONNECT) want(call, ARPC_CLIENT_DISCONNECT, how);
  if (what & ARPC_SUBSCRIBE_CANCEL) want(call, ARPC_CLIENT_CANCEL, how);
  return ARPC_S_OK;
}

arpc_status arpc_server_unsubscribe(arpc_runtime *rt, const arpc_async *async, unsigned what, uint32_t *ret_queued) {
  arpc_status error = ARPC_S_OK;
  if (what != ARPC_SUBSCRIBE_DISCONNECT && what != ARPC_SUBSCRIBE_CANCEL) return ARPC_S_CANNOT_SUPPORT;
  arpc__served *call = arpc__served_or_running(rt, async, &error);
  if (!call) return error;
  subscription *s = call->subscriptions ? &call->subscriptions->of[what == ARPC_SUBSCRIBE_CANCEL] : NULL;
  if (ret_queued) *ret_queued = s && s->queued;
  if (s) s->wanted = 0;
  return ARPC_S_OK;
}
