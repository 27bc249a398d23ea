/* A client's calls with pipes. Each has a link alone, from its first fragment to the last one of its answer; it then
 * drains: the answer is here, and its owner pulls what is left of the pipes. A link whose call did not end like that
 * ends with it; one that did carries other calls, unless there is another for them. */
#include "rpc/client.h"
#include "rpc/notify.h"

#include <stdlib.h>

static void tell(arpc__pipes *p, arpc_event_kind kind, int asked) {
  arpc__call *call = p->owner;
  if (call->state >= ARPC__SETTLING || call->dropped || p->rt->silent) return;
  if (!asked && !(call->flags & ARPC_NOTIFY_ON_SEND_COMPLETE)) return;
  arpc_async handle = arpc__call_handle(call);
  arpc__notify(p->rt, &handle, kind);
}

static arpc__link *link_of(const arpc__pipes *p) {
  const arpc__call *call = p->owner;
  return call->state == ARPC__SENT ? call->link : NULL;
}

static void before_write(arpc__pipes *p) {
  arpc__link_writes(link_of(p));
}

static void after_write(arpc__pipes *p) {
  arpc__link_wrote(link_of(p));
}

static void write_now(arpc__pipes *p, const void *bytes, size_t n) {
  arpc__link_write_now(link_of(p), bytes, n);
}

static void reading(arpc__pipes *p, int on) {
  arpc__link *link = link_of(p);
  if (link) arpc__transport_reading(link->transport, on);
}

static void broken(arpc__pipes *p, arpc_status status) {
  arpc_reply reply = arpc__failure(status, ARPC_PHASE_WAIT, ARPC_WHERE_LOCAL, 1);
  arpc__call_settle_later(p->owner, &reply);
}

/* The rest of the inbox is the answer; of nothing there is no place it begins at. */
static void drained(arpc__pipes *p) {
  arpc__call *call = p->owner;
  size_t len = arpc__buf_unread(&p->inbox);
  if (!(call->wire.answer = malloc(sizeof p->inbox))) {
    broken(p, ARPC_S_OUT_OF_MEMORY);
    return;
  }
  *call->wire.answer = p->inbox;
  arpc_reply reply = {.stub = len ? p->inbox.data + p->inbox.pos : NULL,
                      .len = len,
                      .transfer = p->transfer,
                      .big_endian = p->big,
                      .offset = len ? p->taken & 7 : 0};
  arpc__buf_init(&p->inbox, 0);
  arpc__call_settle_later(call, &reply);
}

static void stalled(arpc__pipes *p) {
  arpc_reply reply = arpc__failure(ARPC_S_CALL_CANCELLED, ARPC_PHASE_WAIT, ARPC_WHERE_LOCAL, 1);
  reply.timed_out = 1;
  arpc__call_settle_later(p->owner, &reply);
}

static const arpc__pipes_ops ops = {tell, before_write, after_write, write_now, reading, drained, broken, stalled};

/* ---- a call's way ------------------------------------------------------------------------------*/

arpc_status arpc__piped_make(arpc__call *call, const arpc_pipe_type *pipes, uint32_t n) {
  const arpc_client_options *o = &call->client->options;
  arpc_status error;
  arpc__pipes_options how = {.ops = &ops,
                             .owner = call,
                             .high = o->pipe_high,
                             .low = o->pipe_low,
                             .stall = o->pipe_stall,
                             .most_tail = o->max_response};
  arpc__pipes *p = arpc__pipes_new(call->client->rt, &how, pipes, n, &error);
  if (!p) return error;
  call->pipes = p;
  call->piped = 1;
  return ARPC_S_OK;
}

static arpc_status open_call(arpc__link *link, arpc__call *call, const arpc_uuid *object) {
  arpc__pipes *p = call->pipes;
  if (object) {
    p->object = *object;
    p->head.object = &p->object;
  }
  p->head.word = call->opnum;
  return arpc__client_open(&link->conn, &call->wire, link->context, &p->head);
}

arpc_status arpc__piped_send(arpc__link *link, arpc__call *call, const arpc_uuid *object, const void *stub, size_t len) {
  arpc__pipes *p = call->pipes;
  arpc_status status = open_call(link, call, object);
  if (status) return status;
  call->mark = link->flushed + arpc__buf_unread(&link->conn.out);
  call->state = ARPC__SENT;
  call->link = link;
  link->state = ARPC__ALONE;
  link->client->called = 1;
  arpc__list_append(&link->calls, &call->node);
  arpc__pipes_carry(p, link->transport, &link->conn.out, link->conn.max_xmit, link->context->transfer, &link->piped);
  arpc__pipes_put(p, stub, len);
  arpc__pipes_begin(p);
  return ARPC_S_OK;
}

/* The answer is here, and the link does not need the call any more. */
static void drain(arpc__link *link, arpc__call *call) {
  arpc__list_remove(&call->node);
  arpc__list_append(&call->client->draining, &call->node);
  arpc__pipes_let_go(call->pipes);
  call->state = ARPC__DRAINING;
  call->link = NULL;
  if (link->state == ARPC__ALONE) link->state = ARPC__READY;
}

void arpc__piped_data(arpc__link *link, arpc__call *call, const uint8_t *bytes, size_t n, int big, int last) {
  arpc__pipes *p = call->pipes;
  if (!p->ended) { /* an answer before the question was over */
    arpc_reply reply = arpc__failure(ARPC_S_PROTOCOL_ERROR, ARPC_PHASE_WAIT, ARPC_WHERE_TRANSPORT, 1);
    arpc__link_kill(link, &reply);
    return;
  }
  if (last) drain(link, call);
  arpc__pipes_data(p, bytes, n, big, last);
  if (last && link->state == ARPC__READY) arpc__link_spare(link);
}

/* A server knows nothing of a call that has not begun. */
void arpc__piped_before_cancel(arpc__call *call) {
  if (!call->pipes->begun) arpc__pipes_emit(call->pipes, 0);
}

void arpc__piped_cancel(arpc__call *call) {
  arpc__pipes *p = call->pipes;
  p->push_at = p->count;
  if (!p->ended) arpc__pipes_emit(p, 1); /* the pipe breaks off: the server need not wait for more of it */
  arpc__pipes_over(p, ARPC_S_CALL_CANCELLED);
}

static void left(arpc__call *call, arpc__link *link) {
  link->state = ARPC__READY;
  if (call->pipes->ended && !call->pipes->over) arpc__link_spare(link);
  else arpc__link_retire(link);
}

void arpc__piped_take_off(arpc__call *call) {
  arpc__link *link = link_of(call->pipes);
  arpc__pipes_let_go(call->pipes);
  if (!link) return;
  if (call->wire.call_id) arpc__link_give_up(link, call, 0);
  arpc__list_remove(&call->node);
  if (link->state == ARPC__ALONE) left(call, link);
}
