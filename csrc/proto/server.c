/* The server machine. PDUs are judged in the order other servers do: form, size, state of fragments,
 * context, security, budget; who checks in another order answers another fault than Windows.
 *
 * Three endings. `die`: without a word, for bytes that are no PDU. `fatal`: a fault, then the end; it says
 * "did not execute" or not, and stands on a context or on 0, by the table. `fault_of`: a fault for one
 * request, and life goes on.
 *
 * One request is under reassembly at most. Without multiplexing everything wrong with fragments is put
 * down to that request, with it to the one that came. */
#include "proto/conn.h"

#include "base/plant.h"
#include "proto/server_bind.h"
#include "proto/stub.h"

#include <stdlib.h>

enum {
  FAULT_NO_CALL_ACTIVE = 0x6bd,
  FAULT_UNKNOWN_IF = 0x1C010003,
  FAULT_NO_MEMORY = 0x1C00001B,
  DID_NOT_EXECUTE = ARPC__PFC_DID_NOT_EXECUTE
};

void arpc__server_init(arpc__server_conn *c, const arpc__server_options *options) {
  *c = (arpc__server_conn){.options = *options};
  arpc__frame_init(&c->in);
  if (c->options.max_fragment < ARPC__MIN_GRANT) c->options.max_fragment = ARPC__MIN_GRANT;
  if (!c->options.address) c->options.address = "";
  c->max_xmit = ARPC__MIN_GRANT;
  c->max_recv = ARPC__USUAL_FRAGMENT;
}

void arpc__server_fini(arpc__server_conn *c) {
  arpc__frame_fini(&c->in);
  arpc__buf_free(&c->out);
  arpc__buf_free(&c->request.stub);
  arpc__map_free(&c->calls);
  free(c->contexts);
  *c = (arpc__server_conn){.broken = 2};
}

/* ---- endings -----------------------------------------------------------------------------------*/

static arpc__server_event_kind die(arpc__server_conn *c) {
  c->broken = 2;
  c->request.open = 0;
  return ARPC__S_BROKEN;
}

static arpc__server_event_kind fatal(arpc__server_conn *c, uint32_t code, uint8_t flags, uint32_t call_id,
                                     uint16_t context_id) {
  arpc__write_fault(&c->out, flags, call_id, context_id, 0, code);
  return die(c);
}

static arpc__server_event_kind fatal_open(arpc__server_conn *c, uint32_t code, uint8_t flags) {
  return fatal(c, code, flags, c->request.call_id, c->request.context_id);
}

static arpc__server_event_kind fault_of(arpc__server_conn *c, const arpc__pdu *p, uint32_t code, uint16_t context_id) {
  if (p->flags & ARPC__PFC_MAYBE) return ARPC__S_NONE;
  return arpc__write_fault(&c->out, DID_NOT_EXECUTE, p->call_id, context_id, 0, code) ? ARPC__S_NONE : die(c);
}

/* ---- requests ----------------------------------------------------------------------------------*/

/* The code to refuse a request's trailer with: there is no security context yet that could speak for one. */
static uint32_t refuse_trailer(const arpc__pdu *p, const arpc__pdu_stub *r) {
  arpc__pdu_trailer t;
  size_t head = p->len - r->len;
  if (!arpc__read_trailer(p, head, &t) || t.offset & 3 || t.pad > t.offset - head) return ARPC__FAULT_PROTO;
  return ARPC__FAULT_ACCESS;
}

/* The place of security: 0, or the code to refuse a request with. */
static inline uint32_t check_security(const arpc__pdu *p, const arpc__pdu_stub *r) {
  return p->auth_len ? refuse_trailer(p, r) : 0;
}

static arpc_uuid object_of(const arpc__pdu *p, const uint8_t *at) {
  arpc__reader r = arpc__reader_of(at, 16, p->big);
  arpc_uuid u;
  arpc__uuid_get(&r, &u);
  return u;
}

static void tell(arpc__server_event *ret, const arpc__server_context *context, uint32_t call_id, uint16_t opnum,
                 uint8_t flags, int big, const uint8_t *stub, size_t len) {
  ret->context = context;
  ret->call_id = call_id;
  ret->opnum = opnum;
  ret->has_object = (flags & ARPC__PFC_OBJECT) != 0;
  ret->maybe = (flags & ARPC__PFC_MAYBE) != 0;
  ret->big_endian = (uint8_t)big;
  ret->cancels = 0;
  ret->last = 1;
  ret->stub = stub;
  ret->len = len;
}

static arpc__server_event_kind open_request(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r) {
  c->request.open = 1;
  c->request.drep0 = p->drep0;
  c->request.flags = p->flags;
  c->request.cancels = 0;
  c->request.empty = 0;
  c->request.streaming = 0;
  c->request.call_id = p->call_id;
  c->request.context_id = r->context_id;
  c->request.opnum = r->opnum;
  if (r->object) c->request.object = object_of(p, r->object);
  return ARPC__S_NONE;
}

static arpc__server_event_kind close_request(arpc__server_conn *c, arpc__server_event *ret) {
  c->request.open = 0;
  tell(ret, arpc__server_context_of(c, c->request.context_id), c->request.call_id, c->request.opnum, c->request.flags,
       !(c->request.drep0 & 0x10), c->request.stub.data, c->request.stub.len);
  ret->cancels = c->request.cancels;
  if (ret->has_object) ret->object = c->request.object;
  return ARPC__S_REQUEST;
}

/* The budget covers what a fragment brings, and what it says is still to come. */
static arpc__server_event_kind add_fragment(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r) {
  size_t left = c->options.max_request - c->request.stub.len;
  if (r->len > left || (!(p->flags & ARPC__PFC_LAST) && r->alloc_hint > left))
    return fatal_open(c, ARPC__FAULT_ACCESS, 0);
  if (arpc__join_stub(&c->request.stub, &c->request.empty, c->options.max_request, r->stub, r->len))
    return fatal_open(c, c->request.stub.error ? FAULT_NO_MEMORY : ARPC__FAULT_PROTO, 0);
  return ARPC__S_NONE;
}

/* The first fragment of a request that is told of at once; who takes it on sets request.call. */
static ARPC__COLD arpc__server_event_kind open_stream(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r,
                                           const arpc__server_context *context, arpc__server_event *ret) {
  open_request(c, p, r);
  c->request.streaming = 1;
  c->request.call = NULL;
  tell(ret, context, p->call_id, r->opnum, p->flags, p->big, r->stub, r->len);
  ret->last = 0;
  if (r->object) ret->object = c->request.object;
  return ARPC__S_REQUEST;
}

static ARPC__COLD arpc__server_event_kind stream(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r,
                                      arpc__server_event *ret) {
  c->request.empty = r->len ? 0 : (uint16_t)(c->request.empty + 1);
  if (c->request.empty > ARPC__EMPTY_FRAGMENTS) return fatal_open(c, ARPC__FAULT_PROTO, 0);
  if (p->flags & ARPC__PFC_LAST) c->request.open = 0;
  ret->call = c->request.call;
  ret->stub = r->stub;
  ret->len = r->len;
  ret->big_endian = p->big;
  ret->last = !c->request.open;
  return ret->call ? ARPC__S_DATA : ARPC__S_NONE;
}

/* A first fragment while another request is open. */
static arpc__server_event_kind intrusion(arpc__server_conn *c, const arpc__pdu *p) {
  if (c->multiplex && p->call_id != c->request.call_id) return fatal(c, ARPC__FAULT_PROTO, 0, p->call_id, 0);
  return fatal_open(c, ARPC__FAULT_PROTO, 0);
}

static arpc__server_event_kind first_fragment(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r,
                                              arpc__server_event *ret) {
  if (c->awaited && !c->multiplex) return fatal(c, ARPC__FAULT_PROTO, 0, p->call_id, 0);
  if (c->request.open) return intrusion(c, p);
  if (p->flags & ARPC__PFC_PENDING_CANCEL) return fatal(c, FAULT_NO_CALL_ACTIVE, DID_NOT_EXECUTE, p->call_id, 0);
  const arpc__server_context *context = arpc__server_context_of(c, r->context_id);
  if (!context) return fault_of(c, p, FAULT_UNKNOWN_IF, 0);
  uint32_t refused = check_security(p, r);
  if (refused) return fatal(c, refused, 0, p->call_id, r->context_id);
  if (!(p->flags & ARPC__PFC_LAST)) {
    const arpc__server_host *host = &c->options.host;
    if (host->streams && host->streams(host->arg, context, r->opnum)) return open_stream(c, p, r, context, ret);
    open_request(c, p, r);
    return add_fragment(c, p, r);
  }
  if (r->len > c->options.max_request) return fatal(c, ARPC__FAULT_ACCESS, 0, p->call_id, r->context_id);
  tell(ret, context, p->call_id, r->opnum, p->flags, p->big, r->stub, r->len);
  if (r->object) ret->object = object_of(p, r->object);
  return ARPC__S_REQUEST;
}

/* A fragment that is not the first, of no request that is open. */
static arpc__server_event_kind stray_fragment(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r) {
  if (c->request.open && !c->multiplex) return fatal_open(c, ARPC__FAULT_PROTO, 0);
  if (c->request.open || !c->multiplex) return fatal(c, ARPC__FAULT_PROTO, 0, p->call_id, 0);
  if (!arpc__server_context_of(c, r->context_id)) return fault_of(c, p, FAULT_UNKNOWN_IF, 0);
  uint32_t refused = check_security(p, r);
  return fatal(c, refused ? refused : ARPC__FAULT_PROTO, 0, p->call_id, r->context_id);
}

/* Context, opnum and object of a later fragment do not matter. */
static arpc__server_event_kind later_fragment(arpc__server_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r,
                                              arpc__server_event *ret) {
  if (!c->request.open || p->call_id != c->request.call_id) return stray_fragment(c, p, r);
  if (p->drep0 != c->request.drep0) return fatal_open(c, ARPC__FAULT_PROTO, DID_NOT_EXECUTE);
  uint32_t refused = check_security(p, r);
  if (refused) return fatal_open(c, refused, 0);
  if (c->request.streaming) return stream(c, p, r, ret);
  if (p->flags & ARPC__PFC_PENDING_CANCEL && c->request.cancels < UINT8_MAX) c->request.cancels++;
  arpc__server_event_kind kind = add_fragment(c, p, r);
  return kind || !(p->flags & ARPC__PFC_LAST) ? kind : close_request(c, ret);
}

static arpc__server_event_kind request(arpc__server_conn *c, const arpc__pdu *p, arpc__server_event *ret) {
  arpc__pdu_stub r;
  if (!arpc__read_request(p, &r)) return die(c);
  if (p->len > c->max_recv) return fatal(c, ARPC__FAULT_PROTO, 0, p->call_id, 0);
  return p->flags & ARPC__PFC_FIRST ? first_fragment(c, p, &r, ret) : later_fragment(c, p, &r, ret);
}

/* ---- everything else that comes ----------------------------------------------------------------*/

static arpc__server_event_kind first_pdu(arpc__server_conn *c, const arpc__pdu *p) {
  if (!arpc__server_bind(c, p)) return die(c);
  c->bound = 1;
  return ARPC__S_BOUND;
}

static arpc__server_event_kind second_bind(arpc__server_conn *c, const arpc__pdu *p) {
  arpc__write_nak(&c->out, p->call_id, ARPC__NAK_NONE);
  return die(c);
}

static arpc__server_event_kind alter(arpc__server_conn *c, const arpc__pdu *p) {
  uint32_t code = arpc__server_alter(c, p);
  return code ? fatal(c, code, DID_NOT_EXECUTE, p->call_id, 0) : ARPC__S_NONE;
}

static int gathers(const arpc__server_conn *c) {
  return c->request.open && !c->request.streaming;
}

/* Of a request under reassembly a cancel is remembered and an orphaning is not: it may still complete. */
static arpc__server_event_kind cancel(arpc__server_conn *c, const arpc__pdu *p, arpc__server_event *ret) {
  if (gathers(c) && c->request.call_id == p->call_id) {
    if (c->request.cancels < UINT8_MAX) c->request.cancels++;
    return ARPC__S_NONE;
  }
  ret->call = arpc__map_get(&c->calls, p->call_id);
  if (!ret->call) return ARPC__S_NONE;
  if (ret->call->cancels < UINT8_MAX) ret->call->cancels++;
  return ARPC__S_CANCEL;
}

static arpc__server_event_kind orphan(arpc__server_conn *c, const arpc__pdu *p, arpc__server_event *ret) {
  if (gathers(c) && c->request.call_id == p->call_id) return ARPC__S_NONE;
  ret->call = arpc__map_get(&c->calls, p->call_id);
  if (!ret->call) return ARPC__S_NONE;
  if (!ret->call->unheard) c->awaited--;
  ret->call->unheard = 1;
  return ARPC__S_ORPHAN;
}

static arpc__server_event_kind dispatch(arpc__server_conn *c, const arpc__pdu *p, arpc__server_event *ret) {
  if (!c->bound) return first_pdu(c, p);
  if (p->type == ARPC__REQUEST && !p->odd) return request(c, p, ret);
  if (p->type == ARPC__BIND) return second_bind(c, p);
  if (p->odd) return fatal(c, ARPC__FAULT_PROTO, DID_NOT_EXECUTE, p->call_id, 0);
  switch (p->type) {
  case ARPC__ALTER:
    return alter(c, p);
  case ARPC__CO_CANCEL:
    return cancel(c, p, ret);
  case ARPC__ORPHANED:
    return orphan(c, p, ret);
  default: /* AUTH3 too, as long as no exchange can be open */
    return fatal(c, ARPC__FAULT_PROTO, DID_NOT_EXECUTE, p->call_id, 0);
  }
}

void arpc__server_feed(arpc__server_conn *c, const void *bytes, size_t len) {
  if (!c->broken) arpc__frame_feed(&c->in, bytes, len);
}

/* A failure outside of next is said here. */
static arpc__server_event_kind said_broken(arpc__server_conn *c) {
  if (c->broken == 2) return ARPC__S_NONE;
  return die(c);
}

arpc__server_event_kind arpc__server_next(arpc__server_conn *c, arpc__server_event *ret) {
  arpc__server_event_kind kind = ARPC__S_NONE;
  const uint8_t *bytes;
  size_t len;
  ret->call = NULL;
  if (c->broken) return ret->kind = said_broken(c);
  if (c->request.stub.data && !c->request.open) arpc__buf_free(&c->request.stub);
  while (!kind && (bytes = arpc__frame_next(&c->in, &len))) {
    arpc__pdu p;
    arpc__read_pdu(&p, bytes, len);
    kind = dispatch(c, &p, ret);
  }
  if (!kind && c->in.error) kind = die(c);
  return ret->kind = kind;
}

int arpc__server_midway(const arpc__server_conn *c) {
  return gathers(c) || arpc__frame_pending(&c->in);
}

/* ---- answers -----------------------------------------------------------------------------------*/

arpc_status arpc__server_accept(arpc__server_conn *c, arpc__server_call *call, const arpc__server_event *ev) {
  if (!arpc__map_put(&c->calls, ev->call_id, call)) return ARPC_S_OUT_OF_MEMORY;
  *call = (arpc__server_call){
      .call_id = ev->call_id, .context_id = ev->context->id, .maybe = ev->maybe, .on = 1, .unheard = ev->maybe};
  c->running++;
  c->awaited += !ev->maybe;
  return ARPC_S_OK;
}

void arpc__server_refuse(arpc__server_conn *c, const arpc__server_event *ev, uint32_t code) {
  if (c->broken || ev->maybe) return;
  if (!arpc__write_fault(&c->out, DID_NOT_EXECUTE, ev->call_id, ev->context->id, 0, code)) c->broken = 1;
}

/* Takes the call off; 1 when it is to be answered. Another call of the same id stays. */
static inline __attribute__((always_inline)) int take_off(arpc__server_conn *c, arpc__server_call *call) {
  if (!call->on) return 0;
  struct arpc__map_slot *at = arpc__map_find(&c->calls, call->call_id);
  if (at && at->value == call && !(ARPC__PLANTED(7) && call->cancels)) arpc__map_clear(&c->calls, at);
  call->on = 0;
  c->running--;
  c->awaited -= !call->unheard;
  return !call->unheard && !c->broken;
}

int arpc__server_finish(arpc__server_conn *c, arpc__server_call *call) {
  return take_off(c, call);
}

static void say_fault(arpc__server_conn *c, const arpc__server_call *call, uint32_t code, uint8_t flags) {
  if (!arpc__write_fault(&c->out, flags, call->call_id, call->context_id, call->cancels, code)) c->broken = 1;
}

void arpc__server_respond(arpc__server_conn *c, arpc__server_call *call, const void *stub, size_t len) {
  if (!take_off(c, call)) return;
  arpc__stub_head head = {ARPC__RESPONSE, call->context_id & 0xff, call->cancels, call->call_id, NULL};
  if (!arpc__write_stub(&c->out, &head, c->max_xmit, stub, len)) say_fault(c, call, FAULT_NO_MEMORY, 0);
}

void arpc__server_fault(arpc__server_conn *c, arpc__server_call *call, uint32_t code, uint8_t flags) {
  if (arpc__server_finish(c, call)) say_fault(c, call, code, flags);
}

void arpc__server_follow(arpc__server_conn *c, arpc__server_call *call, int on) {
  if (on) c->request.call = call;
  else if (c->request.call == call && !ARPC__PLANTED(16)) c->request.call = NULL;
}

void arpc__server_drop(arpc__server_conn *c, arpc__server_call *call) {
  arpc__server_finish(c, call);
}

void arpc__server_shutdown(arpc__server_conn *c) {
  if (c->bound && !c->broken) arpc__write_header(&c->out, ARPC__SHUTDOWN, 0);
}
