/* The client machine. Answers are matched by call id alone: servers send back only eight bits of the
 * context id, and some send none of it. Fragments of different answers may interleave.
 *
 * A forgotten call leaves a mark in the map under its id, which goes when the last fragment of its answer,
 * or a fault, has come. Answers nobody ever asked for are dropped without a trace: there are servers that
 * answer twice. Anything else that does not fit ends the connection, because what follows on it could be
 * taken for an answer to another call. */
#include "proto/conn.h"

#include "base/plant.h"
#include "proto/client_bind.h"
#include "proto/stub.h"

#include <stdlib.h>

static const char forgotten_mark;

static void *forgotten(void) {
  return (void *)(uintptr_t)&forgotten_mark;
}

void arpc__client_init(arpc__client_conn *c, const arpc__client_options *options) {
  *c = (arpc__client_conn){.options = *options, .next_call_id = 1};
  arpc__frame_init(&c->in);
  c->in.strict = 1;
  if (c->options.max_fragment < ARPC__MIN_GRANT) c->options.max_fragment = ARPC__MIN_GRANT;
  c->max_xmit = ARPC__MUST_RECEIVE;
  c->max_recv = c->options.max_fragment > ARPC__USUAL_FRAGMENT ? c->options.max_fragment : ARPC__USUAL_FRAGMENT;
  c->group = c->options.group;
}

void arpc__client_free_answer(arpc__client_call *call) {
  if (!call->answer) return;
  arpc__buf_free(call->answer);
  free(call->answer);
  call->answer = NULL;
}

static void let_go(arpc__client_call *call) {
  arpc__client_free_answer(call);
  call->call_id = 0;
}

void arpc__client_fini(arpc__client_conn *c) {
  uint32_t at = 0;
  for (void *call; (call = arpc__map_next(&c->calls, &at));)
    if (call != forgotten()) let_go(call);
  for (arpc__client_context *x; (x = c->contexts);) {
    c->contexts = x->next;
    free(x);
  }
  arpc__map_free(&c->calls);
  arpc__frame_fini(&c->in);
  arpc__buf_free(&c->out);
  c->broken = 2;
}

/* ---- what the owner says -----------------------------------------------------------------------*/

int arpc__client_idle(const arpc__client_conn *c) {
  return !c->calls.used && !c->asking;
}

static arpc_status may_request(const arpc__client_conn *c, const arpc__client_context *context) {
  if (c->broken) return ARPC_S_CALL_FAILED_DNE;
  if (context->state != ARPC__ACCEPTED) return ARPC_S_INVALID_ARG;
  if (!c->multiplex && !arpc__client_idle(c)) return ARPC_S_CALL_IN_PROGRESS;
  return c->next_call_id < INT32_MAX ? ARPC_S_OK : ARPC_S_OUT_OF_RESOURCES;
}

static inline void begun(arpc__client_conn *c, arpc__client_call *call, uint8_t mode) {
  call->call_id = c->next_call_id++;
  call->mode = mode;
  call->empty = 0;
}

arpc_status arpc__client_open(arpc__client_conn *c, arpc__client_call *call, const arpc__client_context *context,
                              arpc__stub_head *ret) {
  arpc_status status = may_request(c, context);
  if (status) return status;
  if (!arpc__map_put(&c->calls, c->next_call_id, call)) return ARPC_S_OUT_OF_MEMORY;
  begun(c, call, ARPC__STREAMING);
  ret->type = ARPC__REQUEST;
  ret->context_id = context->id;
  ret->call_id = call->call_id;
  return ARPC_S_OK;
}

arpc_status arpc__client_request(arpc__client_conn *c, arpc__client_call *call, const arpc__client_context *context,
                                 uint16_t opnum, const arpc_uuid *object, const void *stub, size_t len) {
  arpc_status status = may_request(c, context);
  if (status) return status;
  arpc__stub_head head = {ARPC__REQUEST, context->id, opnum, c->next_call_id, object};
  if (!arpc__map_put(&c->calls, head.call_id, call)) return ARPC_S_OUT_OF_MEMORY;
  if (!arpc__write_stub(&c->out, &head, c->max_xmit, stub, len)) {
    arpc__map_remove(&c->calls, head.call_id);
    return ARPC_S_OUT_OF_MEMORY;
  }
  begun(c, call, 0);
  return ARPC_S_OK;
}

static void say(arpc__client_conn *c, const arpc__client_call *call, uint8_t type) {
  if (call->call_id && !c->broken) arpc__write_header(&c->out, type, call->call_id);
}

void arpc__client_cancel(arpc__client_conn *c, arpc__client_call *call) {
  say(c, call, ARPC__CO_CANCEL);
}

void arpc__client_orphan(arpc__client_conn *c, arpc__client_call *call) {
  say(c, call, ARPC__ORPHANED);
}

void arpc__client_forget(arpc__client_conn *c, arpc__client_call *call) {
  if (!call->call_id) return;
  if (ARPC__PLANTED(6) && call->mode & ARPC__ANSWERING) arpc__map_remove(&c->calls, call->call_id);
  else arpc__map_put(&c->calls, call->call_id, forgotten()); /* replaces, so it cannot fail */
  let_go(call);
}

/* ---- what the server says ----------------------------------------------------------------------*/

static arpc__client_event_kind break_off(arpc__client_conn *c, arpc__client_event *ret, arpc_status status) {
  c->broken = 2;
  ret->status = status;
  return ARPC__C_BROKEN;
}

/* Where the call stands that an answer is for. NULL: nobody's; the end of a forgotten one is counted. */
static inline struct arpc__map_slot *find_call(arpc__client_conn *c, const arpc__pdu *p, int last) {
  struct arpc__map_slot *at = arpc__map_find(&c->calls, p->call_id);
  if (!at || at->value != forgotten()) return at;
  if (last) {
    arpc__map_clear(&c->calls, at);
    c->late++;
  }
  return NULL;
}

static void answer_with(arpc__client_event *ret, const arpc__pdu *p, arpc__client_call *call, const uint8_t *stub,
                        size_t len) {
  ret->call = call;
  ret->stub = stub;
  ret->len = len;
  ret->big_endian = p->big;
}

/* The place of security: an answer's trailer. None was agreed to, so there must be none. */
static int check_security(const arpc__pdu *p) {
  return !p->auth_len;
}

static inline int in_bounds(const arpc__client_conn *c, const arpc__pdu *p) {
  return p->len <= c->max_recv && check_security(p);
}

static int fits(const arpc__client_conn *c, const arpc__pdu *p, const arpc__client_call *call) {
  if (!in_bounds(c, p)) return 0;
  if (!(call->mode & ARPC__ANSWERING)) return (p->flags & ARPC__PFC_FIRST) != 0;
  return !(p->flags & ARPC__PFC_FIRST) && p->drep0 == call->drep0;
}

static arpc_status join(const arpc__client_conn *c, arpc__client_call *call, const uint8_t *stub, size_t len) {
  if (!call->answer && !(call->answer = calloc(1, sizeof *call->answer))) return ARPC_S_OUT_OF_MEMORY;
  return arpc__join_stub(call->answer, &call->empty, c->options.max_response, stub, len);
}

/* Of a streaming call, with n bytes: empty ones may not follow each other for ever. */
static arpc_status note_piece(arpc__client_call *call, size_t n) {
  call->empty = n ? 0 : (uint16_t)(call->empty + 1);
  return call->empty > ARPC__EMPTY_FRAGMENTS ? ARPC_S_PROTOCOL_ERROR : ARPC_S_OK;
}

static void off(arpc__client_conn *c, struct arpc__map_slot *at) {
  ((arpc__client_call *)at->value)->call_id = 0;
  arpc__map_clear(&c->calls, at);
}

/* One of several fragments, or anything for a streaming call. */
static arpc__client_event_kind piece(arpc__client_conn *c, const arpc__pdu *p, const arpc__pdu_stub *r,
                                     struct arpc__map_slot *at, arpc__client_event *ret) {
  arpc__client_call *call = at->value;
  int last = p->flags & ARPC__PFC_LAST, streaming = call->mode & ARPC__STREAMING;
  if (!fits(c, p, call)) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  call->mode |= ARPC__ANSWERING;
  call->drep0 = p->drep0;
  arpc_status status = streaming ? note_piece(call, r->len) : join(c, call, r->stub, r->len);
  if (status) return break_off(c, ret, status);
  if (last && !(ARPC__PLANTED(17) && streaming)) off(c, at);
  if (streaming) answer_with(ret, p, call, r->stub, r->len);
  else if (last) answer_with(ret, p, call, call->answer->data, call->answer->len);
  ret->last = last != 0;
  return streaming ? ARPC__C_DATA : last ? ARPC__C_RESPONSE : ARPC__C_NONE;
}

static arpc__client_event_kind response(arpc__client_conn *c, const arpc__pdu *p, arpc__client_event *ret) {
  arpc__pdu_stub r;
  if (!arpc__read_response(p, &r)) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  struct arpc__map_slot *at = find_call(c, p, p->flags & ARPC__PFC_LAST);
  if (!at) return ARPC__C_NONE;
  arpc__client_call *call = at->value;
  if (call->mode || (p->flags & ARPC__PFC_WHOLE) != ARPC__PFC_WHOLE) return piece(c, p, &r, at, ret);
  if (!in_bounds(c, p)) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  if (r.len > c->options.max_response) return break_off(c, ret, ARPC_S_OUT_OF_MEMORY);
  off(c, at);
  answer_with(ret, p, call, r.stub, r.len);
  return ARPC__C_RESPONSE;
}

/* With a status of 0 some servers put the code into the stub. */
static uint32_t fault_code(const arpc__pdu *p, const arpc__pdu_fault *f) {
  return f->status || f->len < 4 ? f->status : arpc__load32(f->stub, p->big);
}

/* The question was answered with a fault: that interface is not to be had here. */
static arpc__client_event_kind question_failed(arpc__client_conn *c, uint32_t code, arpc__client_event *ret) {
  arpc_status status = arpc_status_from_fault(code);
  if (!c->bound) return break_off(c, ret, status);
  ret->context = arpc__client_asked(c);
  ret->context->state = ARPC__REFUSED;
  ret->context->error = status;
  c->asking = 0;
  return ARPC__C_BOUND;
}

static arpc__client_event_kind fault(arpc__client_conn *c, const arpc__pdu *p, arpc__client_event *ret) {
  arpc__pdu_fault f;
  if (!arpc__read_fault(p, &f)) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  uint32_t code = fault_code(p, &f);
  if (c->asking && p->call_id == c->asking) return question_failed(c, code, ret);
  struct arpc__map_slot *at = find_call(c, p, 1);
  if (!at) return ARPC__C_NONE;
  arpc__client_call *call = at->value;
  if (!ARPC__PLANTED(5)) arpc__map_clear(&c->calls, at);
  let_go(call);
  answer_with(ret, p, call, f.stub, f.len);
  ret->status = code;
  ret->flags = p->flags;
  return ARPC__C_FAULT;
}

static arpc__client_event_kind acked(arpc__client_conn *c, const arpc__pdu *p, arpc__client_event *ret) {
  ret->context = arpc__client_asked(c);
  arpc_status status = arpc__client_acked(c, p, ret->context);
  return status ? break_off(c, ret, status) : ARPC__C_BOUND;
}

static arpc__client_event_kind nak(arpc__client_conn *c, const arpc__pdu *p, arpc__client_event *ret) {
  uint16_t reason;
  if (!c->asking || c->bound || !arpc__read_nak(p, &reason)) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  ret->reject = reason < UINT8_MAX ? (uint8_t)(reason + 1) : UINT8_MAX;
  return break_off(c, ret, arpc__client_nak_status(reason));
}

static arpc__client_event_kind dispatch(arpc__client_conn *c, const arpc__pdu *p, arpc__client_event *ret) {
  if (p->odd) return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  if (p->type == ARPC__RESPONSE) return response(c, p, ret);
  switch (p->type) {
  case ARPC__FAULT:
    return fault(c, p, ret);
  case ARPC__BIND_ACK:
  case ARPC__ALTER_RESP:
    return acked(c, p, ret);
  case ARPC__BIND_NAK:
    return nak(c, p, ret);
  case ARPC__SHUTDOWN:
    c->shutdown = 1;
    return ARPC__C_SHUTDOWN;
  default:
    return break_off(c, ret, ARPC_S_PROTOCOL_ERROR);
  }
}

void arpc__client_feed(arpc__client_conn *c, const void *bytes, size_t len) {
  if (!c->broken) arpc__frame_feed(&c->in, bytes, len);
}

arpc__client_event_kind arpc__client_next(arpc__client_conn *c, arpc__client_event *ret) {
  arpc__client_event_kind kind = ARPC__C_NONE;
  const uint8_t *bytes;
  size_t len;
  *ret = (arpc__client_event){0};
  if (c->broken) return kind;
  while (!kind && (bytes = arpc__frame_next(&c->in, &len))) {
    arpc__pdu p;
    arpc__read_pdu(&p, bytes, len);
    kind = dispatch(c, &p, ret);
  }
  if (!kind && c->in.error) kind = break_off(c, ret, c->in.error);
  return ret->kind = kind;
}
