/* Only want of memory keeps a notification from its port, queue or loop. */
#include "rpc/notify.h"

#include "rpc/shared.h"

#include <stdlib.h>

static int names_somebody(const arpc_async *how) {
  switch (how->notification) {
  case ARPC_NOTIFY_EVENT:
    return how->event != NULL;
  case ARPC_NOTIFY_APC:
    return how->apc.routine && how->apc.thread;
  case ARPC_NOTIFY_PORT:
    return how->ioc.port != NULL;
  case ARPC_NOTIFY_QUEUE:
    return how->hwnd.queue != NULL;
  default:
    return 0;
  }
}

arpc_status arpc__notify_check_other(const arpc_async *how) {
  return names_somebody(how) ? ARPC_S_OK : ARPC_S_INVALID_ARG;
}

typedef struct apc {
  arpc_async async;
  arpc_event_kind event;
} apc;

static void run_apc(arpc_runtime *rt, void *arg) {
  apc *a = arg;
  a->async.apc.routine(rt, &a->async, a->event);
  free(a);
}

static void queue_apc(const arpc_async *async, arpc_event_kind event) {
  apc *a = malloc(sizeof *a);
  if (!a) return;
  *a = (apc){*async, event};
  if (arpc_post(async->apc.thread, run_apc, a)) free(a);
}

static void post_packet(const arpc_async *async, arpc_event_kind event) {
  arpc_packet packet = {.bytes = async->ioc.bytes, .key = async->ioc.key, .overlapped = async->ioc.overlapped};
  packet.handle = async->id;
  packet.event = event;
  arpc_port_post(async->ioc.port, &packet);
}

void arpc__notify_other(const arpc_async *async, arpc_event_kind event) {
  switch (async->notification) {
  case ARPC_NOTIFY_EVENT:
    arpc_event_set(async->event);
    break;
  case ARPC_NOTIFY_APC:
    queue_apc(async, event);
    break;
  case ARPC_NOTIFY_PORT:
    post_packet(async, event);
    break;
  case ARPC_NOTIFY_QUEUE:
    arpc_queue_post(async->hwnd.queue, &(arpc_message){.msg = async->hwnd.msg, .lparam = async->id});
    break;
  default:
    break;
  }
}
