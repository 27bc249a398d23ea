/* A bind or alter_context offers elements (interface and transfer syntaxes under a context id). At most one
 * of them is accepted, as other servers do: the first that has the preferred syntax, else the first that
 * has one we speak. The list is walked twice where it lies: `examine` looks for violations and chooses,
 * `answer` writes a result for each.
 *
 * An id that already names a context may be offered again, for the same interface and with the syntax
 * chosen then. With another interface, or with only another known syntax, it is a violation; with unknown
 * ones it is merely refused.
 *
 * Reasons to refuse a bind are ordered as other servers check: form (4), elements (0), security level (0),
 * security type (8), group (0). A bind that offers nothing is refused with 0, as Samba and Windows up to
 * 2012 R2 do; later ones say 4. */
#include "proto/server_bind.h"

#include "base/plant.h"

#include <stdlib.h>

enum { GOOD = -1 }; /* beside the reasons of a bind_nak */

typedef struct offer { /* one element */
  arpc__pdu_element element;
  uint8_t listed;      /* known transfer syntaxes in it, a mask */
  uint8_t is_features; /* it is no interface but a question for features */
  uint8_t is_deadlines; /* ... for deadlines, and they are to be had */
  uint8_t features;
} offer;

typedef struct choice { /* what is accepted */
  int index;             /* of the element, -1 = none */
  uint8_t rank;
  uint8_t transfer;
  uint8_t asks_features;
  uint8_t features;      /* granted */
  uint8_t deadlines;     /* granted */
  uint16_t id;
  arpc_syntax abstract;
  arpc__pdu_bind bind;
} choice;

arpc__server_context *arpc__server_context_of(const arpc__server_conn *c, uint16_t id) {
  for (uint32_t i = 0; i < c->ncontexts; i++)
    if (c->contexts[i].id == id) return &c->contexts[i];
  return NULL;
}

static const void *find_interface(const arpc__server_conn *c, const arpc_syntax *abstract) {
  return c->options.host.find(c->options.host.arg, abstract);
}

/* ---- offers ------------------------------------------------------------------------------------*/

static int read_offer(const arpc__server_conn *c, arpc__reader *r, int in_bind, offer *ret) {
  if (!arpc__read_element(r, &ret->element)) return 0;
  arpc__reader syntaxes = ret->element.syntaxes;
  ret->listed = ret->is_features = ret->is_deadlines = 0;
  for (unsigned i = 0; i < ret->element.count; i++) {
    arpc_syntax s;
    arpc__read_syntax(&syntaxes, &s);
    ret->listed |= (uint8_t)arpc__transfer_of(&s);
    if (i > 0 || !in_bind) continue;
    ret->is_features = (uint8_t)arpc__features_of(&s, &ret->features);
    ret->is_deadlines = c->options.deadlines && arpc__syntax_equal(&s, &arpc__deadlines_syntax);
  }
  return 1;
}

static int contradicts(const arpc__server_context *old, const offer *o) {
  if (!arpc__syntax_equal(&old->abstract, &o->element.abstract)) return 1;
  return o->listed && !(o->listed & old->transfer);
}

/* The syntax that would be used, 0 = none. NDR64 exists in little endian only. */
static int usable(const arpc__server_conn *c, const arpc__server_context *old, const offer *o, int big) {
  int mask = o->listed & (old ? old->transfer : c->options.transfer) & (big ? ~ARPC_NDR64 : ~0);
  if (!mask || (!old && !find_interface(c, &o->element.abstract))) return 0;
  if (mask & c->options.prefer) return c->options.prefer;
  return mask & ARPC_NDR20 ? ARPC_NDR20 : ARPC_NDR64;
}

static void weigh(const arpc__server_conn *c, choice *ch, int index, const offer *o, int big) {
  const arpc__server_context *old = arpc__server_context_of(c, o->element.id);
  int transfer = usable(c, old, o, big), rank = !transfer ? 0 : transfer == c->options.prefer ? 2 : 1;
  if (rank <= ch->rank) return;
  ch->index = index;
  ch->rank = (uint8_t)rank;
  ch->transfer = (uint8_t)transfer;
  ch->id = o->element.id;
  ch->abstract = o->element.abstract;
}

static int take_features(const arpc__server_conn *c, choice *ch, const offer *o) {
  if (ch->asks_features) return ARPC__NAK_NONE;
  ch->asks_features = 1;
  ch->features = o->features & c->options.features;
  return GOOD;
}

static int examine_offers(const arpc__server_conn *c, const arpc__pdu *p, arpc__reader *r, choice *ch) {
  int reason = GOOD;
  for (int i = 0; i < ch->bind.count && reason == GOOD; i++) {
    offer o;
    if (!read_offer(c, r, p->type == ARPC__BIND, &o)) return ARPC__NAK_VERSION;
    const arpc__server_context *old = arpc__server_context_of(c, o.element.id);
    if (!o.element.count) reason = ARPC__NAK_NONE;
    else if (o.is_features) reason = take_features(c, ch, &o);
    else if (o.is_deadlines) ch->deadlines = 1;
    else if (old && contradicts(old, &o)) reason = ARPC__NAK_NONE;
    else weigh(c, ch, i, &o, p->big);
  }
  return reason;
}

/* The id of the accepted element must not stand for another interface too. */
static int examine_ids(const arpc__server_conn *c, const arpc__pdu *p, const choice *ch) {
  arpc__reader r = ch->bind.elements;
  for (int i = 0; i < ch->bind.count; i++) {
    offer o;
    read_offer(c, &r, p->type == ARPC__BIND, &o);
    if (o.is_features || o.is_deadlines || ch->index < 0 || o.element.id != ch->id) continue;
    if (!arpc__syntax_equal(&o.element.abstract, &ch->abstract)) return ARPC__NAK_NONE;
  }
  return GOOD;
}

/* The place of security: what it says about the trailer's form and about who asks. No type is known yet. */
static int examine_form(const arpc__pdu *p, size_t body) {
  arpc__pdu_trailer t;
  if (!p->auth_len) return GOOD;
  if (!arpc__read_trailer(p, body, &t)) return ARPC__NAK_VERSION;
  if (t.offset & 3) return ARPC__NAK_NONE;
  return t.pad ? ARPC__NAK_VERSION : GOOD;
}

static int examine_security(const arpc__pdu *p, size_t body) {
  arpc__pdu_trailer t;
  if (!p->auth_len || !arpc__read_trailer(p, body, &t)) return GOOD;
  return t.level < 2 || t.level > 6 ? ARPC__NAK_NONE : ARPC__NAK_AUTH_TYPE;
}

/* *ret_security stays GOOD or says why the security asked for is refused. */
static int examine(const arpc__server_conn *c, const arpc__pdu *p, choice *ch, int *ret_security) {
  *ch = (choice){.index = -1};
  *ret_security = GOOD;
  if (!arpc__read_bind(p, &ch->bind)) return ARPC__NAK_VERSION;
  if (!ch->bind.count) return examine_form(p, ch->bind.elements.pos) == GOOD ? ARPC__NAK_NONE : ARPC__NAK_VERSION;
  arpc__reader r = ch->bind.elements;
  int reason = examine_offers(c, p, &r, ch), form = examine_form(p, r.pos);
  if (reason == GOOD) reason = form;
  if (reason == GOOD) reason = examine_ids(c, p, ch);
  if (reason == GOOD) *ret_security = examine_security(p, r.pos);
  return reason;
}

/* ---- answers -----------------------------------------------------------------------------------*/

static int add_context(arpc__server_conn *c, const choice *ch) {
  if (arpc__server_context_of(c, ch->id)) return 1;
  if (c->ncontexts >= c->options.max_contexts) return 0;
  if (!(c->ncontexts & (c->ncontexts - 1))) {
    uint32_t room = c->ncontexts && !ARPC__PLANTED(8) ? c->ncontexts * 2 : c->ncontexts + 1;
    void *more = realloc(c->contexts, room * sizeof *c->contexts);
    if (!more) return 0;
    c->contexts = more;
  }
  c->contexts[c->ncontexts++] = (arpc__server_context){.id = ch->id,
                                                       .transfer = ch->transfer,
                                                       .abstract = ch->abstract,
                                                       .interface = find_interface(c, &ch->abstract)};
  return 1;
}

static void refuse_offer(arpc__server_conn *c, const offer *o) {
  int known = arpc__server_context_of(c, o->element.id) || find_interface(c, &o->element.abstract);
  arpc__write_result(&c->out, ARPC__PROVIDER_REJECTION, known ? ARPC__REASON_TRANSFER : ARPC__REASON_ABSTRACT, NULL);
}

static void answer_offer(arpc__server_conn *c, const choice *ch, int index, const offer *o) {
  const arpc_syntax *chosen = ch->transfer == ARPC_NDR64 ? &arpc__ndr64 : &arpc__ndr20;
  if (o->is_features) arpc__write_result(&c->out, ARPC__NEGOTIATE_ACK, ch->features, NULL);
  else if (o->is_deadlines) arpc__write_result(&c->out, ARPC__NEGOTIATE_ACK, 1, NULL);
  else if (index != ch->index) refuse_offer(c, o);
  else if (add_context(c, ch)) arpc__write_result(&c->out, ARPC__ACCEPTANCE, ARPC__REASON_NONE, chosen);
  else arpc__write_result(&c->out, ARPC__PROVIDER_REJECTION, ARPC__REASON_LIMIT, NULL);
}

/* Multiplexing is agreed in the bind; an alter_context only hears that it was. */
static uint8_t agree(arpc__server_conn *c, const arpc__pdu *p) {
  if (p->type == ARPC__BIND) c->multiplex = (p->flags & ARPC__PFC_MULTIPLEX) != 0;
  return p->flags & (ARPC__PFC_HEADER_SIGN | (c->multiplex ? ARPC__PFC_MULTIPLEX : 0));
}

static int answer(arpc__server_conn *c, const arpc__pdu *p, const choice *ch) {
  int in_bind = p->type == ARPC__BIND;
  uint8_t agreed = agree(c, p);
  const char *address = in_bind && *c->options.address ? c->options.address : NULL;
  size_t start =
      arpc__begin_pdu(&c->out, in_bind ? ARPC__BIND_ACK : ARPC__ALTER_RESP, ARPC__PFC_WHOLE | agreed, p->call_id);
  arpc__reader r = ch->bind.elements;
  arpc__write_ack_head(&c->out, start, c->max_xmit, c->max_xmit, c->group, address, ch->bind.count);
  for (int i = 0; i < ch->bind.count; i++) {
    offer o;
    read_offer(c, &r, in_bind, &o);
    answer_offer(c, ch, i, &o);
  }
  return arpc__end_pdu(&c->out, start);
}

static void grant(arpc__server_conn *c, const arpc__pdu_bind *b) {
  uint16_t v = b->max_xmit < b->max_recv ? b->max_xmit : b->max_recv;
  if (v < ARPC__MIN_GRANT) v = ARPC__MIN_GRANT;
  if (v > c->options.max_fragment) v = c->options.max_fragment;
  c->max_xmit = v & (uint16_t)~7;
  c->max_recv = c->max_xmit > ARPC__USUAL_FRAGMENT ? c->max_xmit : ARPC__USUAL_FRAGMENT;
}

static int join_group(arpc__server_conn *c, uint32_t wanted) {
  c->group = c->options.host.group(c->options.host.arg, wanted);
  if (c->group) return GOOD;
  return wanted ? ARPC__NAK_NONE : ARPC__NAK_LIMIT;
}

int arpc__server_bind(arpc__server_conn *c, const arpc__pdu *p) {
  choice ch;
  int security = GOOD, reason = ARPC__NAK_VERSION;
  if (p->type == ARPC__BIND && !p->odd) reason = examine(c, p, &ch, &security);
  if (reason == GOOD) reason = security;
  if (reason == GOOD) reason = join_group(c, ch.bind.group);
  if (reason != GOOD) {
    arpc__write_nak(&c->out, p->call_id, (uint16_t)reason);
    return 0;
  }
  grant(c, &ch.bind);
  c->features = ch.features;
  c->deadlines = ch.deadlines;
  return answer(c, p, &ch);
}

uint32_t arpc__server_alter(arpc__server_conn *c, const arpc__pdu *p) {
  choice ch;
  int security;
  if (examine(c, p, &ch, &security) != GOOD) return ARPC__FAULT_PROTO;
  if (security != GOOD) return ARPC__FAULT_ACCESS;
  return answer(c, p, &ch) ? 0 : ARPC__FAULT_PROTO;
}
