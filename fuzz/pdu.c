/* Every reader over one PDU, whatever its type says; what a writer makes of the values reads back the same.
 * Input: two bytes, the PDU. */
#include "fuzz.h"
#include "proto/stub.h"

static arpc__buf out;

/* Bytes a reader lends must be the PDU's. */
static void inside(const arpc__pdu *p, const uint8_t *at, size_t n) {
  FUZZ_CHECK(at >= p->bytes && n <= p->len && (size_t)(at - p->bytes) + n <= p->len);
  fuzz_read(at, n);
}

/* The PDU just written to `out`. */
static arpc__pdu written(uint8_t type, uint32_t call_id) {
  arpc__pdu p;
  FUZZ_CHECK(fuzz_said(&out, 1u << type, &p) && p.type == type && p.call_id == call_id);
  return p;
}

static void trailer(const arpc__pdu *p, size_t body) {
  arpc__pdu_trailer t;
  if (body > p->len || !arpc__read_trailer(p, body, &t)) return;
  FUZZ_CHECK(t.offset >= body && t.offset + 8u + p->auth_len == p->len);
  inside(p, p->bytes + t.offset, 8);
  inside(p, t.value, p->auth_len);
}

/* Cut into fragments and put together again. */
static void fragments(const arpc__pdu *p, const arpc__pdu_stub *s, uint16_t size, const arpc_uuid *object) {
  uint8_t type = object ? ARPC__REQUEST : ARPC__RESPONSE;
  arpc__stub_head head = {type, s->context_id, s->opnum, p->call_id, object};
  arpc__buf all = {0};
  arpc__pdu_stub f;
  uint16_t empty = 0;
  FUZZ_CHECK(arpc__write_stub(&out, &head, size, s->stub, s->len));
  for (int last = 0, first = 1; !last; first = 0) {
    arpc__pdu q = written(type, p->call_id);
    FUZZ_CHECK(q.len <= size && (q.flags & ARPC__PFC_FIRST) == first);
    FUZZ_CHECK(object ? arpc__read_request(&q, &f) : arpc__read_response(&q, &f));
    FUZZ_CHECK(f.context_id == s->context_id && f.alloc_hint == s->len - all.len && !f.object == !object);
    FUZZ_CHECK(!arpc__join_stub(&all, &empty, s->len, f.stub, f.len));
    last = q.flags & ARPC__PFC_LAST;
  }
  FUZZ_CHECK(all.len == s->len && (!all.len || !memcmp(all.data, s->stub, s->len)));
  FUZZ_CHECK(arpc__join_stub(&all, &empty, s->len, p->bytes, 1) == ARPC_S_OUT_OF_MEMORY);
  arpc__buf_free(&all);
}

static void stubs(const arpc__pdu *p, uint16_t size) {
  arpc__pdu_stub s;
  arpc_uuid object = {0};
  if (arpc__read_request(p, &s)) {
    inside(p, s.stub, s.len);
    if (s.object) inside(p, s.object, 16);
    trailer(p, p->len - s.len);
    if (s.object) memcpy(&object, s.object, sizeof object);
    fragments(p, &s, size, &object);
  }
  if (!arpc__read_response(p, &s)) return;
  inside(p, s.stub, s.len);
  s.opnum = s.cancels;
  fragments(p, &s, size, NULL);
}

static void fault(const arpc__pdu *p) {
  arpc__pdu_fault f, g;
  if (!arpc__read_fault(p, &f)) return;
  inside(p, f.stub, f.len);
  FUZZ_CHECK(arpc__write_fault(&out, p->flags, p->call_id, f.context_id, f.cancels, f.status));
  arpc__pdu q = written(ARPC__FAULT, p->call_id);
  FUZZ_CHECK(arpc__read_fault(&q, &g) && g.status == f.status);
  FUZZ_CHECK(g.cancels == f.cancels && g.context_id == f.context_id);
}

static void question(const arpc__pdu *p) {
  static arpc_syntax syntaxes[255];
  arpc__pdu_bind b, again;
  arpc__pdu_element e, f;
  if (!arpc__read_bind(p, &b) || !b.count) return;
  uint8_t features;
  size_t start = arpc__begin_pdu(&out, ARPC__BIND, p->flags, p->call_id);
  arpc__write_bind_head(&out, b.max_xmit, b.max_recv, b.group, 1);
  for (unsigned i = 0; i < b.count && arpc__read_element(&b.elements, &e); i++) {
    for (unsigned k = 0; k < e.count; k++) {
      arpc__read_syntax(&e.syntaxes, &syntaxes[k]);
      int is = arpc__transfer_of(&syntaxes[k]);
      FUZZ_CHECK(!(arpc__features_of(&syntaxes[k], &features) && is));
    }
    if (i == 0) arpc__write_element(&out, e.id, &e.abstract, syntaxes, e.count);
    if (i == 0) f = e;
    FUZZ_CHECK(!e.syntaxes.error);
  }
  size_t end = b.elements.pos;
  if (b.elements.error) out.error = ARPC_S_OUT_OF_MEMORY; /* given up: leaves nothing */
  else trailer(p, end);
  if (!arpc__end_pdu(&out, start)) return;
  arpc__pdu q = written(ARPC__BIND, p->call_id);
  FUZZ_CHECK(arpc__read_bind(&q, &again) && again.group == b.group && again.max_recv == b.max_recv);
  FUZZ_CHECK(arpc__read_element(&again.elements, &e) && e.id == f.id && e.count == f.count);
  FUZZ_CHECK(arpc__syntax_equal(&e.abstract, &f.abstract));
}

static void ack(const arpc__pdu *p) {
  arpc__pdu_ack a, b;
  arpc__pdu_result r, s;
  if (!arpc__read_ack(p, &a)) return;
  inside(p, a.address, a.address_len);
  unsigned n = 0;
  while (n < a.count && arpc__read_result(&a.results, &r)) n++;
  if (!a.count || n < a.count) return;
  char *address = calloc(1, a.address_len + 1u);
  memcpy(address, a.address, a.address_len);
  size_t start = arpc__begin_pdu(&out, ARPC__BIND_ACK, p->flags, p->call_id);
  arpc__write_ack_head(&out, start, a.max_xmit, a.max_recv, a.group, a.address_len ? address : NULL, 1);
  arpc__write_result(&out, r.result, r.reason, r.reason ? NULL : &r.transfer);
  free(address);
  if (!arpc__end_pdu(&out, start)) return; /* the address's NUL was too much */
  arpc__pdu q = written(ARPC__BIND_ACK, p->call_id);
  FUZZ_CHECK(arpc__read_ack(&q, &b) && b.group == a.group && b.address_len <= a.address_len + 1u);
  FUZZ_CHECK(arpc__read_result(&b.results, &s) && s.result == r.result && s.reason == r.reason);
}

static void reason(const arpc__pdu *p) {
  uint16_t is, again;
  if (!arpc__read_nak(p, &is)) return;
  FUZZ_CHECK(arpc__write_nak(&out, p->call_id, is));
  arpc__pdu q = written(ARPC__BIND_NAK, p->call_id);
  FUZZ_CHECK(arpc__read_nak(&q, &again) && again == is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2 + ARPC__HEADER || size > UINT16_MAX) return 0;
  uint8_t *bytes = fuzz_own(data + 2, size - 2);
  arpc__pdu p;
  arpc__read_pdu(&p, bytes, size - 2);
  trailer(&p, ARPC__HEADER);
  stubs(&p, (uint16_t)(64 + data[0] * 16 + data[1]));
  fault(&p);
  question(&p);
  ack(&p);
  reason(&p);
  FUZZ_CHECK(arpc__write_header(&out, ARPC__SHUTDOWN, p.call_id));
  written(ARPC__SHUTDOWN, p.call_id);
  FUZZ_CHECK(!arpc__buf_unread(&out) && !out.error);
  arpc__buf_free(&out);
  free(bytes);
  return 0;
}
