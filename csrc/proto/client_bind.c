/* One question at a time: one interface, offered as one element per transfer syntax, because there are
 * servers that cannot read an element with two. The first question (the bind) also asks for features.
 * Results come by position, so the elements are numbered the same way when asking and when reading:
 * NDR20, NDR64, features, deadlines, without those that are not offered. */
#include "proto/client_bind.h"

#include <stdlib.h>

enum { MAX_CONTEXTS = 64 };

typedef enum element_kind { NDR20, NDR64, FEATURES, DEADLINES, KINDS } element_kind;

static int offers(const arpc__client_conn *c, element_kind kind) {
  switch (kind) {
  case NDR20:
    return (c->options.transfer & ARPC_NDR20) != 0;
  case NDR64:
    return (c->options.transfer & ARPC_NDR64) != 0;
  case DEADLINES:
    return c->options.deadlines && !c->bound;
  default:
    return c->options.features && !c->bound;
  }
}

static uint8_t count_offers(const arpc__client_conn *c) {
  return (uint8_t)(offers(c, NDR20) + offers(c, NDR64) + offers(c, FEATURES) + offers(c, DEADLINES));
}

static arpc_syntax syntax_of(const arpc__client_conn *c, element_kind kind) {
  if (kind == DEADLINES) return arpc__deadlines_syntax;
  return kind == NDR20 ? arpc__ndr20 : kind == NDR64 ? arpc__ndr64 : arpc__features_syntax(c->options.features);
}

/* ---- asking ------------------------------------------------------------------------------------*/

static arpc__client_context *find(const arpc__client_conn *c, const arpc_syntax *abstract) {
  arpc__client_context *x = c->contexts;
  while (x && !arpc__syntax_equal(&x->abstract, abstract)) x = x->next;
  return x;
}

arpc__client_context *arpc__client_asked(const arpc__client_conn *c) {
  arpc__client_context *x = c->contexts;
  while (x && x->state != ARPC__ASKED) x = x->next;
  return x;
}

static int write_question(arpc__client_conn *c, const arpc_syntax *abstract) {
  uint8_t flags = ARPC__PFC_WHOLE | (c->options.multiplex ? ARPC__PFC_MULTIPLEX : 0);
  uint16_t id = c->next_context_id, size = c->options.max_fragment;
  size_t start = arpc__begin_pdu(&c->out, c->bound ? ARPC__ALTER : ARPC__BIND, flags, c->next_call_id);
  arpc__write_bind_head(&c->out, size, size, c->group, count_offers(c));
  for (element_kind kind = 0; kind < KINDS; kind++) {
    arpc_syntax transfer = syntax_of(c, kind);
    if (offers(c, kind)) arpc__write_element(&c->out, id++, abstract, &transfer, 1);
  }
  return arpc__end_pdu(&c->out, start);
}

static arpc_status ask(arpc__client_conn *c, const arpc_syntax *abstract, arpc__client_context **ret) {
  arpc__client_context *x = malloc(sizeof *x);
  if (!x || !write_question(c, abstract)) {
    free(x);
    return ARPC_S_OUT_OF_MEMORY;
  }
  *x = (arpc__client_context){
      .abstract = *abstract, .state = ARPC__ASKED, .asked_id = c->next_context_id, .next = c->contexts};
  c->contexts = x;
  c->ncontexts++;
  c->asking = c->next_call_id++;
  c->next_context_id += count_offers(c);
  *ret = x;
  return ARPC_S_OK;
}

arpc_status arpc__client_present(arpc__client_conn *c, const arpc_syntax *abstract, arpc__client_context **ret) {
  arpc__client_context *old = find(c, abstract);
  if (old) {
    *ret = old;
    return ARPC_S_OK;
  }
  if (c->broken) return ARPC_S_CALL_FAILED_DNE;
  if (c->asking) return ARPC_S_ASYNC_CALL_PENDING;
  if (c->ncontexts >= MAX_CONTEXTS || c->next_call_id >= INT32_MAX) return ARPC_S_OUT_OF_RESOURCES;
  return ask(c, abstract, ret);
}

/* ---- answers -----------------------------------------------------------------------------------*/

/* Of several reasons the one that says most about the interface. */
static void refused_for(arpc__client_context *x, const arpc__pdu_result *r) {
  int limit = r->reason == ARPC__REASON_LIMIT, transfer = r->reason == ARPC__REASON_TRANSFER;
  if (!limit && !transfer) x->error = ARPC_S_UNKNOWN_IF;
  else if (limit && x->error != ARPC_S_UNKNOWN_IF) x->error = ARPC_S_SERVER_TOO_BUSY;
  else if (!x->error) x->error = ARPC_S_UNSUPPORTED_TRANS_SYN;
}

static int accepted(arpc__client_context *x, const arpc__pdu_result *r, const arpc_syntax *offered, uint16_t id) {
  if (x->state == ARPC__ACCEPTED || !arpc__syntax_equal(&r->transfer, offered)) return 0;
  x->state = ARPC__ACCEPTED;
  x->transfer = (uint8_t)arpc__transfer_of(offered);
  x->id = id;
  return 1;
}

static int take_features(arpc__client_conn *c, element_kind kind, const arpc__pdu_result *r) {
  if (r->result == ARPC__NEGOTIATE_ACK && kind == DEADLINES) c->deadlines = r->reason == 1;
  else if (r->result == ARPC__NEGOTIATE_ACK) c->features = (uint8_t)(r->reason & c->options.features);
  return r->result != ARPC__ACCEPTANCE;
}

static int take_result(arpc__client_conn *c, arpc__client_context *x, element_kind kind, uint16_t id,
                       const arpc__pdu_result *r) {
  arpc_syntax offered = syntax_of(c, kind);
  if (kind >= FEATURES) return take_features(c, kind, r);
  if (r->result == ARPC__ACCEPTANCE) return accepted(x, r, &offered, id);
  if (r->result > ARPC__PROVIDER_REJECTION) return 0;
  refused_for(x, r);
  return 1;
}

static int take_results(arpc__client_conn *c, arpc__client_context *x, arpc__pdu_ack *ack) {
  uint16_t id = x->asked_id;
  if (ack->count != count_offers(c)) return 0;
  for (element_kind kind = 0; kind < KINDS; kind++) {
    arpc__pdu_result r;
    if (!offers(c, kind)) continue;
    if (!arpc__read_result(&ack->results, &r) || !take_result(c, x, kind, id++, &r)) return 0;
  }
  return 1;
}

/* What only the first answer settles. */
static int take_limits(arpc__client_conn *c, const arpc__pdu *p, const arpc__pdu_ack *ack) {
  uint16_t own = c->options.max_fragment;
  if (ack->max_xmit < ARPC__MUST_RECEIVE || ack->max_recv < ARPC__MUST_RECEIVE) return 0;
  c->max_xmit = ack->max_recv < own ? ack->max_recv : own;
  c->group = ack->group;
  c->multiplex = c->options.multiplex && p->flags & ARPC__PFC_MULTIPLEX;
  return 1;
}

arpc_status arpc__client_acked(arpc__client_conn *c, const arpc__pdu *p, arpc__client_context *asked) {
  arpc__pdu_ack ack;
  int expected = c->bound ? ARPC__ALTER_RESP : ARPC__BIND_ACK;
  if (!asked || p->type != expected || p->call_id != c->asking) return ARPC_S_PROTOCOL_ERROR;
  if (!arpc__read_ack(p, &ack) || !take_results(c, asked, &ack)) return ARPC_S_PROTOCOL_ERROR;
  if (!c->bound && !take_limits(c, p, &ack)) return ARPC_S_PROTOCOL_ERROR;
  if (asked->state != ARPC__ACCEPTED) asked->state = ARPC__REFUSED;
  else asked->error = ARPC_S_OK;
  c->bound = 1;
  c->asking = 0;
  return ARPC_S_OK;
}

arpc_status arpc__client_nak_status(uint16_t reason) {
  switch (reason) {
  case ARPC__NAK_CONGESTION:
  case ARPC__NAK_LIMIT:
    return ARPC_S_SERVER_TOO_BUSY;
  case ARPC__NAK_VERSION:
    return ARPC_S_PROTOCOL_ERROR;
  case ARPC__NAK_AUTH_TYPE:
    return ARPC_S_UNKNOWN_AUTHN_SERVICE;
  case ARPC__NAK_CHECKSUM:
    return ARPC_S_ACCESS_DENIED;
  default:
    return ARPC_S_CALL_FAILED_DNE;
  }
}
