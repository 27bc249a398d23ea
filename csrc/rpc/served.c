/* A call on the server: from its request until somebody ends it, exactly once. */
#include "rpc/server.h"

#include "base/status.h"
#include "rpc/binding.h"

#include <stdio.h>
#include <stdlib.h>

enum { POOLED = 1024, OP_RANGE = 0x1C010002, TOO_BUSY = 0x1C010014, NO_MEMORY = 0x1C00001B, BAD_STUB = 0x6F7 };

/* What accepting and beginning do not set is cleared. */
static arpc__served *record_new(arpc_runtime *rt) {
  arpc__list *node = arpc__pool_pop(&rt->served_pool);
  arpc__served *call = node ? arpc__of(arpc__served, node, node) : malloc(sizeof *call);
  if (!call) return NULL;
  if (node) rt->pooled--;
  call->rt = rt;
  call->cancelled = call->happened = 0;
  call->deadline = 0;
  call->subscriptions = NULL;
  call->pipes = NULL;
  call->watch = NULL;
  return call;
}

static void record_free(arpc__served *call) {
  arpc_runtime *rt = call->rt;
  if (rt->pooled >= POOLED) {
    free(call);
    return;
  }
  rt->pooled++;
  arpc__pool_push(&rt->served_pool, &call->node);
}

/* What most calls have nothing of. */
static ARPC__COLD void free_more(arpc__served *call) {
  if (call->subscriptions) arpc__unsubscribe_all(call);
  if (call->pipes) arpc__served_pipes_free(call);
  if (call->watch) arpc__watch_free(call->watch);
}

static inline void finish(arpc__served *call) {
  arpc_runtime *rt = call->rt;
  if ((uintptr_t)call->subscriptions | (uintptr_t)call->pipes | (uintptr_t)call->watch) free_more(call);
  arpc__slot_free(rt, call->id);
  rt->stats.calls_ended++;
  if (call->peer) {
    arpc__list_unlink(&call->node);
    arpc__release(rt);
  }
  record_free(call);
}

/* ---- beginning ---------------------------------------------------------------------------------*/

static arpc__served *begin(arpc__peer *peer, const arpc__server_event *ev) {
  arpc_runtime *rt = peer->server->rt;
  arpc__served *call = record_new(rt);
  if (!call) return NULL;
  call->id = arpc__slot_new(rt, call, 1);
  if (!call->id || arpc__server_accept(&peer->conn, &call->wire, ev)) {
    if (call->id) arpc__slot_free(rt, call->id);
    record_free(call);
    return NULL;
  }
  call->peer = peer;
  call->has_object = ev->has_object;
  if (ev->has_object) call->object = ev->object;
  if (ev->cancels) {
    call->cancelled = 1 + ARPC_CLIENT_CANCEL;
    call->happened = ARPC_SUBSCRIBE_CANCEL;
  }
  arpc__list_append(&peer->calls, &call->node);
  arpc__hold(rt);
  rt->stats.calls_served++;
  return call;
}

enum { DEADLINE = 4 }; /* bytes behind the stub, where that was agreed: ms that are left, UINT32_MAX = no end */

static uint64_t deadline_of(arpc_runtime *rt, const uint8_t *bytes) {
  uint32_t left = arpc__load32(bytes, 0);
  return left == UINT32_MAX ? 0 : arpc__clock_look(rt) + left;
}

void arpc__serve_with(arpc__served *call, const arpc_interface *interface, arpc_incoming *in) {
  arpc_runtime *rt = call->rt;
  arpc_async handle = {.size = sizeof handle, .signature = ARPC__SIGNATURE, .id = call->id};
  uint64_t before = rt->dispatching; /* a host may nest its loop */
  rt->dispatching = call->id;
  interface->manager(rt, &handle, in, interface->arg);
  rt->dispatching = before;
}

static inline int has_pipes(const arpc__server_event *ev) {
  const arpc__registered *r = ev->context->interface;
  return r->interface.pipes && r->piped[ev->opnum];
}

void arpc__serve(arpc__peer *peer, const arpc__server_event *ev) {
  const arpc_interface *interface = &((const arpc__registered *)ev->context->interface)->interface;
  if (ev->opnum >= interface->procedures) {
    arpc__server_refuse(&peer->conn, ev, OP_RANGE);
    return;
  }
  if (peer->conn.running >= peer->server->options.max_calls) {
    arpc__server_refuse(&peer->conn, ev, TOO_BUSY);
    return;
  }
  size_t behind = peer->conn.deadlines ? DEADLINE : 0;
  if (ev->len < behind && !has_pipes(ev)) {
    arpc__server_refuse(&peer->conn, ev, BAD_STUB);
    return;
  }
  arpc__served *call = begin(peer, ev);
  if (!call) {
    arpc__server_refuse(&peer->conn, ev, NO_MEMORY);
    return;
  }
  if (has_pipes(ev)) {
    arpc__serve_piped(call, interface, ev);
    return;
  }
  if (behind) call->deadline = deadline_of(call->rt, ev->stub + ev->len - behind);
  arpc_incoming in = {.opnum = ev->opnum,
                      .object = ev->has_object ? &ev->object : NULL,
                      .stub = ev->stub,
                      .len = ev->len - behind,
                      .transfer = ev->context->transfer,
                      .big_endian = ev->big_endian};
  arpc__serve_with(call, interface, &in);
}

uint64_t arpc__served_deadline(const arpc__served *call) {
  return call->deadline;
}

/* ---- what the client does meanwhile ------------------------------------------------------------*/

void arpc__served_cancel(arpc__served *call) {
  if (!call->cancelled) call->cancelled = 1 + ARPC_CLIENT_CANCEL;
  call->happened |= ARPC_SUBSCRIBE_CANCEL;
  if (call->pipes) arpc__served_pipes_over(call, ARPC_S_CALL_CANCELLED);
  if (call->subscriptions) arpc__subscribed(call, ARPC_CLIENT_CANCEL);
  if (call->watch) arpc__watch_see(call->watch, ARPC_CLIENT_CANCEL);
}

void arpc__served_disconnect(arpc__served *call) {
  if (arpc__served_opening(call)) {
    finish(call);
    return;
  }
  if (call->pipes) {
    arpc__served_pipes_over(call, ARPC_S_COMM_FAILURE);
    arpc__pipes_let_go(call->pipes);
  }
  call->cancelled = 1 + ARPC_CLIENT_DISCONNECT;
  call->happened |= ARPC_SUBSCRIBE_DISCONNECT;
  if (call->subscriptions) arpc__subscribed(call, ARPC_CLIENT_DISCONNECT);
  arpc__list_unlink(&call->node);
  call->peer = NULL;
  if (call->watch) arpc__watch_see(call->watch, ARPC_CLIENT_DISCONNECT);
  arpc__release(call->rt); /* nobody waits for it any more */
}

/* ---- the handle --------------------------------------------------------------------------------*/

static inline arpc__served *served_of(arpc_runtime *rt, const arpc_async *async, arpc_status *ret_error) {
  arpc__slot *s = rt ? arpc__slot_of(rt, async) : NULL;
  if (!s) *ret_error = ARPC_S_INVALID_ASYNC_HANDLE;
  else if (!s->server) *ret_error = ARPC_S_INVALID_ASYNC_CALL;
  else return s->call;
  return NULL;
}

arpc__served *arpc__served_or_running(arpc_runtime *rt, const arpc_async *async, arpc_status *ret_error) {
  arpc_async running = {.size = sizeof running, .signature = ARPC__SIGNATURE, .id = rt ? rt->dispatching : 0};
  arpc__served *call = served_of(rt, async ? async : &running, ret_error);
  if (!call) *ret_error = async ? ARPC_S_INVALID_BINDING : ARPC_S_NO_CALL_ACTIVE;
  return call;
}

static ARPC__COLD arpc_status reply_piped(arpc__served *call, const void *stub, size_t len) {
  arpc_status error = arpc__served_pipes_done(call);
  if (error) return error;
  if (call->peer) arpc__served_answer(call, stub, len);
  finish(call);
  return ARPC_S_OK;
}

arpc_status arpc_async_reply(arpc_runtime *rt, const arpc_async *async, const void *stub, size_t len) {
  arpc_status error = ARPC_S_OK;
  arpc__served *call = served_of(rt, async, &error);
  if (!call) return error;
  if (call->pipes) return reply_piped(call, stub, len);
  if (call->peer) {
    arpc__peer_writes(call->peer);
    arpc__server_respond(&call->peer->conn, &call->wire, stub, len);
    arpc__peer_wrote(call->peer);
  }
  finish(call);
  return ARPC_S_OK;
}

arpc_status arpc_async_abort(arpc_runtime *rt, const arpc_async *async, arpc_status status) {
  arpc_status error = ARPC_S_OK;
  arpc__served *call = served_of(rt, async, &error);
  if (!call) return error;
  uint32_t code = arpc_status_to_fault(status);
  if (arpc__fault_forbidden(code)) return ARPC_S_INVALID_ARG;
  if (call->peer) {
    arpc__peer_writes(call->peer);
    arpc__server_fault(&call->peer->conn, &call->wire, code, 0);
    arpc__peer_wrote(call->peer);
  }
  finish(call);
  return ARPC_S_OK;
}

arpc_status arpc_server_test_cancel(arpc_runtime *rt, const arpc_async *async, arpc_event_kind *ret_why) {
  arpc_status error = ARPC_S_OK;
  arpc__served *call = arpc__served_or_running(rt, async, &error);
  if (!call) return error;
  if (!call->cancelled) return ARPC_S_CALL_IN_PROGRESS;
  if (ret_why) *ret_why = (arpc_event_kind)(call->cancelled - 1);
  return ARPC_S_OK;
}

arpc_status arpc_server_object(arpc_runtime *rt, const arpc_async *async, arpc_uuid *ret) {
  arpc_status error = ARPC_S_OK;
  arpc__served *call = served_of(rt, async, &error);
  if (!call) return error;
  if (!call->has_object) return ARPC_S_INVALID_OBJECT;
  *ret = call->object;
  return ARPC_S_OK;
}

static size_t format_client(const struct sockaddr_storage *at, char *ret, size_t size) {
  char host[64] = "", port[8];
  int v6 = at->ss_family == AF_INET6;
  uv_ip_name((const struct sockaddr *)at, host, sizeof host);
  snprintf(port, sizeof port, "%u",
           ntohs(v6 ? ((const struct sockaddr_in6 *)at)->sin6_port : ((const struct sockaddr_in *)at)->sin_port));
  size_t n = 0;
  arpc_binding_compose(NULL, arpc__protseq_name(ARPC_TCP), host, port, NULL, ret, size, &n);
  return n;
}

size_t arpc_server_client(arpc_runtime *rt, const arpc_async *async, char *ret, size_t size) {
  arpc_status error = ARPC_S_OK;
  struct sockaddr_storage at;
  arpc__served *call = served_of(rt, async, &error);
  if (!call || !call->peer) return 0;
  if (arpc__transport_remote(call->peer->transport, &at)) return format_client(&at, ret, size);
  const arpc__listener *l = call->peer->endpoint->listener;
  return l ? arpc_binding_format(l->binding, ret, size) : 0;
}

void arpc__served_free_all(arpc_runtime *rt) {
  for (uint32_t i = 0; i < rt->nslots; i++)
    if (rt->slots[i].call && rt->slots[i].server) finish(rt->slots[i].call);
}
