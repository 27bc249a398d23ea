/* A call is settled exactly once: its state leaves WAITING or SENT for SETTLED (through SETTLING when the
 * settling has to wait for a later turn). Settling stores the reply, notifies, and keeps the reply's
 * bytes; collecting (arpc_async_complete) or dropping frees the record and makes the handle's id stale. */
#include "rpc/client.h"

#include "rpc/notify.h"
#include "rpc/server.h"

#include <stdlib.h>

arpc_reply arpc__failure(arpc_status status, arpc_phase phase, arpc_where where, int maybe_executed) {
  return (arpc_reply){.status = status, .phase = phase, .where = where, .maybe_executed = maybe_executed};
}

arpc_reply arpc__call_lost(const arpc__call *call) {
  if (call->state != ARPC__SENT) return arpc__failure(ARPC_S_CALL_FAILED_DNE, ARPC_PHASE_SEND, ARPC_WHERE_TRANSPORT, 0);
  const arpc__link *link = call->link;
  uint64_t left = link->flushed - link->transport->unsent;
  if (left <= call->mark) return arpc__failure(ARPC_S_CALL_FAILED_DNE, ARPC_PHASE_SEND, ARPC_WHERE_TRANSPORT, 0);
  return arpc__failure(ARPC_S_CALL_FAILED, ARPC_PHASE_WAIT, ARPC_WHERE_TRANSPORT, 1);
}

static inline arpc__call *call_of(arpc_runtime *rt, const arpc_async *async, arpc_status *ret_error) {
  arpc__slot *s = rt ? arpc__slot_of(rt, async) : NULL;
  if (!s) *ret_error = ARPC_S_INVALID_ASYNC_HANDLE;
  else if (s->server) *ret_error = ARPC_S_INVALID_ASYNC_CALL;
  else return s->call;
  return NULL;
}

/* ---- records -----------------------------------------------------------------------------------*/

enum { POOLED = 1024 };

/* A pooled record was forgotten: it has no answer any more, and what it had to tell is freed. */
static arpc__call *record_new(arpc_runtime *rt) {
  arpc__list *node = arpc__pool_pop(&rt->call_pool);
  if (!node) {
    arpc__call *made = calloc(1, sizeof *made);
    if (made) arpc__list_init(&made->node);
    return made;
  }
  arpc__call *call = arpc__of(arpc__call, node, node);
  rt->pooled--;
  arpc__list_init(node);
  call->unsent = NULL;
  call->sending = NULL;
  call->state = ARPC__WAITING;
  call->cancelled = call->borrowed = call->dropped = call->last = call->expired = call->piped = 0;
  call->deadline = 0;
  call->timer.at = 0;
  return call;
}

static inline void record_free(arpc_runtime *rt, arpc__call *call) {
  if (rt->pooled >= POOLED) {
    free(call);
    return;
  }
  rt->pooled++;
  arpc__pool_push(&rt->call_pool, &call->node);
}

/* ---- whom it notifies --------------------------------------------------------------------------*/

static inline int is_other(unsigned notification) {
  return notification != ARPC_NOTIFY_CALLBACK && notification > ARPC_NOTIFY_EVENT;
}

static ARPC__COLD arpc_status keep_other(arpc__call *call, const arpc_async *async) {
  call->other = malloc(sizeof *call->other);
  if (!call->other) return ARPC_S_OUT_OF_MEMORY;
  *call->other = *async;
  return ARPC_S_OK;
}

/* Of a call that has none. Event and routine have one place, in the call and in the handle. */
static inline arpc_status set_handle(arpc__call *call, const arpc_async *async) {
  call->notification = (uint8_t)async->notification;
  call->user_info = async->user_info;
  call->flags = async->flags;
  call->routine = async->routine;
  if (!is_other(call->notification)) return ARPC_S_OK;
  return keep_other(call, async);
}

/* A failure leaves what was set before. */
static arpc_status replace_handle(arpc__call *call, const arpc_async *async) {
  arpc_async *before = is_other(call->notification) ? call->other : NULL;
  arpc__call changed = *call;
  arpc_status status = set_handle(&changed, async);
  if (status) return status;
  free(before);
  *call = changed;
  return ARPC_S_OK;
}

static inline void handle_of(const arpc__call *call, arpc_async *ret) {
  if (is_other(call->notification)) *ret = *call->other;
  else ret->routine = call->routine;
  ret->size = sizeof *ret;
  ret->signature = ARPC__SIGNATURE;
  ret->id = call->id;
  ret->notification = call->notification;
  ret->flags = call->flags;
  ret->user_info = call->user_info;
}

arpc_async arpc__call_handle(const arpc__call *call) {
  arpc_async async = {0};
  handle_of(call, &async);
  return async;
}

static ARPC__COLD void forget_more(arpc__call *call) {
  if (call->piped) arpc__pipes_free(call->pipes);
  else arpc__sent_forget(call);
}

static inline void forget(arpc_runtime *rt, arpc__call *call) {
  if (call->state == ARPC__SETTLING) arpc__list_remove(&call->node);
  if (call->sending) forget_more(call);
  arpc__slot_free(rt, call->id);
  if (is_other(call->notification)) free(call->other);
  if (call->wire.answer) arpc__client_free_answer(&call->wire);
  record_free(rt, call);
}

/* ---- settling ----------------------------------------------------------------------------------*/

/* An answered call is not on the connection any more: a link that only waited for it is looked after there. */
static inline void take_off(arpc__call *call) {
  if (call->piped) arpc__piped_take_off(call);
  if (call->wire.call_id) arpc__link_give_up(call->link, call, 0);
  if (call->state == ARPC__WAITING) free(call->unsent);
  arpc__list_unlink(&call->node);
  call->link = NULL;
  arpc__timer_stop(call->client->rt, &call->timer);
}

/* Bytes in the read buffer are copied only if nobody collected the reply while they were there. */
static void keep_reply(arpc__call *call) {
  if (!call->borrowed) return;
  call->borrowed = 0;
  arpc__client_free_answer(&call->wire);
  arpc__buf *kept = call->wire.answer = calloc(1, sizeof *kept);
  if (kept) arpc__buf_put(kept, call->reply.stub, call->reply.len);
  if (!kept || kept->error)
    call->reply = arpc__failure(ARPC_S_OUT_OF_MEMORY, ARPC_PHASE_WAIT, ARPC_WHERE_LOCAL, 1);
  else
    call->reply.stub = kept->data;
}

static void leave_client(arpc__call *call) {
  arpc_client *client = call->client;
  call->client = NULL;
  client->pending--;
  client->rt->stats.calls_completed++;
  arpc__release(client->rt);
  arpc__client_try_end(client);
}

static void tell_sent(arpc__call *call) {
  call->state = ARPC__SETTLING;
  arpc__list_init(&call->node);
  keep_reply(call);
  arpc__sent_before_end(call);
}

static inline void settle(arpc__call *call) {
  arpc_runtime *rt = call->client->rt;
  if (call->sending && !call->piped && !rt->silent) tell_sent(call);
  arpc_async handle;
  handle_of(call, &handle);
  call->state = ARPC__SETTLED;
  if (call->expired && call->reply.status == ARPC_S_CALL_CANCELLED) call->reply.timed_out = 1;
  leave_client(call);
  if (call->dropped || rt->silent) {
    forget(rt, call);
    return;
  }
  arpc__notify(rt, &handle, ARPC_CALL_COMPLETE);
  if (arpc__slot_lives(rt, handle.id)) keep_reply(call);
}

void arpc__call_settle(arpc__call *call, const arpc_reply *reply) {
  if (call->state >= ARPC__SETTLING) return;
  take_off(call);
  call->reply = *reply;
  const arpc__buf *answer = call->wire.answer;
  call->borrowed = reply->len && !(answer && reply->stub == answer->data);
  settle(call);
}

/* Those that begin to settle meanwhile are for the next turn. */
static void settle_all(arpc__deferred *d) {
  arpc__list due;
  arpc__list_init(&due);
  arpc__list_splice(&due, &arpc__of(arpc_runtime, settle, d)->settling);
  for (arpc__list *n; (n = arpc__list_pop(&due));) settle(arpc__of(arpc__call, node, n));
}

void arpc__call_settle_later(arpc__call *call, const arpc_reply *reply) {
  if (call->state >= ARPC__SETTLING) return;
  take_off(call);
  call->reply = *reply;
  call->state = ARPC__SETTLING;
  arpc_runtime *rt = call->client->rt;
  arpc__list_append(&rt->settling, &call->node);
  arpc__defer(rt, &rt->settle, settle_all);
}

void arpc__call_free_all(arpc_runtime *rt) {
  for (uint32_t i = 0; i < rt->nslots; i++)
    if (rt->slots[i].call && !rt->slots[i].server) forget(rt, rt->slots[i].call);
}

/* ---- giving up ---------------------------------------------------------------------------------*/

/* Tells the server that nobody waits any more: asked to stop first, whoever asked. */
static arpc_reply give_up(arpc__call *call) {
  int sent = call->state != ARPC__WAITING;
  if (call->state == ARPC__SENT && !call->cancelled) arpc__link_cancel(call->link, call);
  call->cancelled = 1;
  if (call->state == ARPC__SENT) arpc__link_give_up(call->link, call, 1);
  return arpc__failure(ARPC_S_CALL_CANCELLED, sent ? ARPC_PHASE_WAIT : ARPC_PHASE_CONNECT, ARPC_WHERE_LOCAL, sent);
}

/* The deadline, or the end of the grace after it or after a cancel. */
static void on_timer(arpc__timer *t) {
  arpc__call *call = arpc__of(arpc__call, timer, t);
  if (call->deadline && call->deadline <= arpc_runtime_now(call->client->rt)) call->expired = 1;
  if (!call->last && call->grace && call->state == ARPC__SENT) {
    call->last = 1;
    if (!call->cancelled) arpc__link_cancel(call->link, call);
    call->cancelled = 1;
    if (call->state == ARPC__SENT && arpc__timer_start(call->client->rt, t, call->grace, on_timer)) return;
  }
  arpc_reply late = give_up(call);
  arpc__call_settle(call, &late);
}

/* From the issue on: resolving, connecting, binding and sending are in it. */
static arpc_status start_clock(arpc__call *call, uint32_t timeout, uint64_t deadline, uint32_t grace) {
  const arpc_client_options *o = &call->client->options;
  if (!timeout) timeout = o->timeout;
  if (timeout == ARPC_FOREVER) timeout = 0;
  if (!timeout && !deadline) return ARPC_S_OK;
  uint64_t now = arpc__clock_look(call->client->rt);
  call->deadline = timeout ? now + timeout : deadline;
  if (deadline && deadline < call->deadline) call->deadline = deadline;
  call->grace = grace ? grace : o->grace;
  call->expired = call->deadline <= now;
  if (call->expired) return ARPC_S_OK;
  return arpc__timer_start(call->client->rt, &call->timer, call->deadline - now, on_timer) ? ARPC_S_OK : ARPC_S_OUT_OF_MEMORY;
}

/* ---- issuing -----------------------------------------------------------------------------------*/

typedef struct stubs { /* of a request, in each syntax that may be asked for */
  const void *stub, *stub64;
  size_t len, len64;
} stubs;

static arpc_status keep_unsent(arpc__call *call, const arpc_uuid *object, stubs r) {
  uint8_t transfer = call->client->transfer;
  size_t len = transfer & ARPC_NDR20 ? r.len : 0, len64 = transfer & ARPC_NDR64 ? r.len64 : 0;
  arpc__unsent *u = len < SIZE_MAX / 4 && len64 < SIZE_MAX / 4 ? malloc(sizeof *u + len + len64) : NULL;
  if (!u) return ARPC_S_OUT_OF_MEMORY;
  *u = (arpc__unsent){.transfer = transfer, .has_object = object != NULL, .len = len, .len64 = len64};
  if (object) u->object = *object;
  if (len) memcpy(u->bytes, r.stub, len);
  if (len64) memcpy(u->bytes + len, r.stub64, len64);
  call->unsent = u;
  return ARPC_S_OK;
}

/* With a copy of the stub, for the next link that can take it. One that is past its deadline waits for nothing. */
static ARPC__COLD arpc_status wait_for_link(arpc__call *call, const arpc_uuid *object, stubs r) {
  arpc_client *client = call->client;
  if (call->expired) {
    arpc_reply late = give_up(call);
    arpc__call_settle_later(call, &late);
    return ARPC_S_OK;
  }
  arpc_status status = keep_unsent(call, object, r);
  if (status) return status;
  arpc__list_append(call->piped ? &client->piped : &client->waiting, &call->node);
  arpc__client_pump(client);
  return ARPC_S_OK;
}

/* A link that is free takes the stub at once; else the call waits. */
static arpc_status submit(arpc__call *call, const arpc_request *request) {
  arpc_client *client = call->client;
  const arpc_uuid *object = request->object ? request->object : arpc_binding_object(client->binding);
  if (arpc__list_empty(&client->waiting) && !(call->expired || call->piped))
    for (arpc__list *n = client->links.next; n != &client->links; n = n->next) {
      arpc__link *link = arpc__of(arpc__link, node, n);
      if (!arpc__link_free_for_call(link)) continue;
      if (link->context->transfer == ARPC_NDR20)
        return arpc__link_send(link, call, object, request->stub, request->len);
      return arpc__link_send(link, call, object, request->stub64, request->len64);
    }
  return wait_for_link(call, object, (stubs){request->stub, request->stub64, request->len, request->len64});
}

static arpc_status check_issue(arpc_client *client, const arpc_async *async) {
  if (!async || async->size != sizeof *async || async->signature != ARPC__SIGNATURE)
    return ARPC_S_INVALID_ASYNC_HANDLE;
  if (!client || client->closed || client->rt->closing) return ARPC_S_INVALID_BINDING;
  if (arpc__slot_at(client->rt, async->id)) return ARPC_S_INVALID_ASYNC_CALL;
  arpc_status status = arpc__notify_check(async);
  if (status) return status;
  return client->pending >= client->options.max_pending ? ARPC_S_OUT_OF_RESOURCES : ARPC_S_OK;
}

static void account(arpc__call *call) {
  call->client->pending++;
  call->client->rt->stats.calls_issued++;
  arpc__hold(call->client->rt);
}

/* As if it had not been. */
static ARPC__COLD arpc_status refused(arpc_runtime *rt, arpc__call *call, arpc_status status) {
  take_off(call);
  leave_client(call);
  forget(rt, call);
  return status;
}

/* What only some calls ask for. */
static ARPC__COLD arpc_status prepare(arpc__call *call, const arpc_pipe_type *pipes, uint32_t n, uint32_t timeout,
                                      uint64_t deadline, uint32_t grace) {
  arpc_status status = n ? arpc__piped_make(call, pipes, n) : ARPC_S_OK;
  return status ? status : start_clock(call, timeout, deadline, grace);
}

arpc_status arpc_client_call(arpc_client *client, arpc_async *async, const arpc_request *request) {
  arpc_status status = check_issue(client, async);
  if (status) return status;
  arpc_runtime *rt = client->rt;
  arpc__call *call = record_new(rt);
  uint64_t id = call ? arpc__slot_new(rt, call, 0) : 0;
  if (!id) {
    if (call) record_free(rt, call);
    return ARPC_S_OUT_OF_MEMORY;
  }
  call->id = id;
  call->client = client;
  call->opnum = request->opnum;
  account(call);
  status = set_handle(call, async);
  if (!status && (request->npipes || request->timeout || request->deadline || client->options.timeout))
    status = prepare(call, request->pipes, request->npipes, request->timeout, request->deadline, request->grace);
  if (!status) status = submit(call, request);
  if (status) return refused(rt, call, status);
  async->id = id;
  return ARPC_S_OK;
}

/* The reply's bytes outlive the record by a moment: until the next reply is collected. */
static void keep_harvested(arpc_runtime *rt, arpc__call *call) {
  if (!call->wire.answer) return;
  arpc__buf_free(&rt->harvested);
  rt->harvested = *call->wire.answer;
  free(call->wire.answer);
  call->wire.answer = NULL;
}

/* ---- the handle --------------------------------------------------------------------------------*/

arpc_status arpc_async_init(arpc_async *async, size_t size) {
  if (!async) return ARPC_S_INVALID_ASYNC_HANDLE;
  if (size != sizeof *async) return ARPC_S_INVALID_ARG;
  memset(async, 0, sizeof *async);
  async->size = sizeof *async;
  async->signature = ARPC__SIGNATURE;
  return ARPC_S_OK;
}

arpc_status arpc_async_status(arpc_runtime *rt, const arpc_async *async) {
  arpc_status error = ARPC_S_OK;
  arpc__call *call = call_of(rt, async, &error);
  if (!call) return error;
  return call->state == ARPC__SETTLED ? call->reply.status : ARPC_S_ASYNC_CALL_PENDING;
}

arpc_status arpc_async_complete(arpc_runtime *rt, const arpc_async *async, arpc_reply *ret) {
  arpc_status error = ARPC_S_OK;
  arpc__call *call = call_of(rt, async, &error);
  if (!call) return error;
  if (call->state != ARPC__SETTLED) return ARPC_S_ASYNC_CALL_PENDING;
  error = call->reply.status;
  if (ret) *ret = call->reply;
  keep_harvested(rt, call);
  forget(rt, call);
  return error;
}

arpc_status arpc_async_cancel(arpc_runtime *rt, const arpc_async *async, int abortive) {
  arpc_status error = ARPC_S_OK;
  arpc__call *call = call_of(rt, async, &error);
  if (!call) return error;
  if (call->state >= ARPC__SETTLING) return ARPC_S_OK;
  if (call->state == ARPC__SENT && !abortive) {
    if (!call->cancelled) arpc__link_cancel(call->link, call);
    call->cancelled = 1;
    return ARPC_S_OK;
  }
  arpc_reply given_up = give_up(call);
  arpc__call_settle_later(call, &given_up);
  return ARPC_S_OK;
}

arpc_status arpc_async_cancel_within(arpc_runtime *rt, const arpc_async *async, uint32_t grace) {
  arpc_status error = arpc_async_cancel(rt, async, !grace);
  arpc__call *call = error ? NULL : call_of(rt, async, &error);
  if (!call || call->state != ARPC__SENT || grace == ARPC_FOREVER) return error;
  call->last = 1;
  uint64_t end = arpc__clock_look(rt) + grace;
  if (arpc__timer_armed(&call->timer) && call->timer.due <= end) return ARPC_S_OK;
  return arpc__timer_start(rt, &call->timer, grace, on_timer) ? ARPC_S_OK : ARPC_S_OUT_OF_MEMORY;
}

arpc_status arpc_async_deadline(arpc_runtime *rt, const arpc_async *async, uint64_t *ret) {
  arpc__slot *s = rt ? arpc__slot_of(rt, async) : NULL;
  if (!s) return ARPC_S_INVALID_ASYNC_HANDLE;
  *ret = s->server ? arpc__served_deadline(s->call) : ((arpc__call *)s->call)->deadline;
  return ARPC_S_OK;
}

arpc_status arpc_async_notify(arpc_runtime *rt, const arpc_async *async) {
  arpc__slot *slot = rt ? arpc__slot_of(rt, async) : NULL;
  if (!slot) return ARPC_S_INVALID_ASYNC_HANDLE;
  if (slot->server) return arpc__watch_set(slot->call, async);
  arpc__call *call = slot->call;
  if (call->state == ARPC__SETTLED) return ARPC_S_INVALID_ASYNC_CALL;
  return arpc__notify_check(async) ? ARPC_S_INVALID_ARG : replace_handle(call, async);
}

arpc_status arpc_async_drop(arpc_runtime *rt, const arpc_async *async) {
  arpc_status error = ARPC_S_OK;
  arpc__call *call = call_of(rt, async, &error);
  if (!call) return error;
  call->dropped = 1;
  if (!call->piped) arpc__sent_forget(call);
  if (call->state == ARPC__SETTLED) forget(rt, call);
  return ARPC_S_OK;
}
