#include "fuzz.h"

uint8_t fuzz_byte(fuzz_input *in) {
  if (!in->left) return 0;
  in->left--;
  return *in->at++;
}

uint8_t *fuzz_own(const void *bytes, size_t n) {
  uint8_t *own = malloc(n ? n : 1);
  if (n) memcpy(own, bytes, n);
  return own;
}

void fuzz_read(const void *bytes, size_t n) {
  const volatile uint8_t *at = bytes;
  for (size_t i = 0; i < n; i++) (void)at[i];
}

static void take(fuzz_input *in, fuzz_item *ret, size_t n) {
  if (n > in->left) n = in->left;
  ret->bytes = fuzz_own(in->at, n);
  ret->len = n;
  in->at += n;
  in->left -= n;
}

static void store_length(uint8_t *header, size_t len) {
  int big = !(header[4] & 0x10);
  header[8 + big] = (uint8_t)len;
  header[9 - big] = (uint8_t)(len >> 8);
}

static void take_pdu(fuzz_input *in, fuzz_item *ret) {
  size_t len = in->left < ARPC__HEADER ? in->left : arpc__load16(in->at + 8, !(in->at[4] & 0x10));
  take(in, ret, len < ARPC__HEADER ? ARPC__HEADER : len);
  if (ret->len >= ARPC__HEADER && (ret->op & 7) < 2) store_length(ret->bytes, ret->len);
}

void fuzz_item_next(fuzz_input *in, fuzz_item *ret) {
  *ret = (fuzz_item){.kind = FUZZ_END};
  if (!in->left) return;
  ret->op = fuzz_byte(in);
  unsigned what = ret->op & 7;
  ret->kind = what > 3 ? FUZZ_OWNER : what == 3 ? FUZZ_RAW : what == 1 ? FUZZ_CUT : FUZZ_PDU;
  if (ret->kind != FUZZ_PDU) ret->arg = fuzz_byte(in);
  if (ret->kind == FUZZ_RAW) take(in, ret, ret->arg);
  else if (ret->kind != FUZZ_OWNER) take_pdu(in, ret);
}

static void feed(const fuzz_machine *m, void *arg, const uint8_t *bytes, size_t n) {
  uint8_t *portion = fuzz_own(bytes, n);
  m->feed(arg, portion, n);
  free(portion);
}

void fuzz_drive(const fuzz_machine *m, void *arg, fuzz_input in) {
  fuzz_item item;
  for (fuzz_item_next(&in, &item); item.kind != FUZZ_END; fuzz_item_next(&in, &item)) {
    if (item.kind == FUZZ_OWNER) {
      m->act(arg, item.op & 3, item.arg);
      continue;
    }
    if (m->mend && item.op & 8 && item.len >= ARPC__HEADER) m->mend(arg, item.bytes);
    size_t cut = item.kind == FUZZ_CUT && item.len ? item.arg % item.len : item.len;
    feed(m, arg, item.bytes, cut);
    if (cut < item.len) feed(m, arg, item.bytes + cut, item.len - cut);
    free(item.bytes);
  }
}

/* ---- what was said -----------------------------------------------------------------------------*/

static void check_question(const arpc__pdu *p) {
  arpc__pdu_bind b;
  FUZZ_CHECK(arpc__read_bind(p, &b));
  for (unsigned i = 0; i < b.count; i++) {
    arpc__pdu_element e;
    FUZZ_CHECK(arpc__read_element(&b.elements, &e));
  }
  FUZZ_CHECK(b.count && !arpc__left(&b.elements));
}

static void check_ack(const arpc__pdu *p) {
  arpc__pdu_ack a;
  unsigned accepted = 0;
  FUZZ_CHECK(arpc__read_ack(p, &a));
  for (unsigned i = 0; i < a.count; i++) {
    arpc__pdu_result r;
    FUZZ_CHECK(arpc__read_result(&a.results, &r));
    accepted += r.result == ARPC__ACCEPTANCE;
  }
  FUZZ_CHECK(a.count && accepted <= 1 && !arpc__left(&a.results));
}

static void check_body(const arpc__pdu *p) {
  arpc__pdu_stub s;
  arpc__pdu_fault f;
  uint16_t reason;
  switch (p->type) {
  case ARPC__REQUEST: FUZZ_CHECK(arpc__read_request(p, &s) && s.alloc_hint >= s.len); break;
  case ARPC__RESPONSE: FUZZ_CHECK(arpc__read_response(p, &s) && s.alloc_hint >= s.len); break;
  case ARPC__FAULT: FUZZ_CHECK(arpc__read_fault(p, &f) && p->len == 32); break;
  case ARPC__BIND:
  case ARPC__ALTER: check_question(p); break;
  case ARPC__BIND_ACK:
  case ARPC__ALTER_RESP: check_ack(p); break;
  case ARPC__BIND_NAK: FUZZ_CHECK(arpc__read_nak(p, &reason) && p->len == 24); break;
  default: FUZZ_CHECK(p->len == ARPC__HEADER);
  }
}

int fuzz_said(arpc__buf *out, uint32_t types, arpc__pdu *ret) {
  size_t there = arpc__buf_unread(out);
  if (!there) return 0;
  const uint8_t *at = out->data + out->pos;
  FUZZ_CHECK(there >= ARPC__HEADER && at[4] == 0x10);
  size_t len = arpc__load16(at + 8, 0);
  FUZZ_CHECK(len >= ARPC__HEADER && len <= there);
  arpc__read_pdu(ret, at, len);
  FUZZ_CHECK(!ret->odd && !ret->auth_len && ret->type < 32 && types >> ret->type & 1);
  check_body(ret);
  out->pos += len;
  return 1;
}

/* One fragment, behind the first `got` bytes; gives whether it is the last. */
static int check_fragment(const arpc__pdu *p, const fuzz_answer *want, size_t *got) {
  arpc__pdu_stub f;
  FUZZ_CHECK(p->call_id == want->call_id && p->len <= want->max && (p->flags & ARPC__PFC_FIRST) == !*got);
  FUZZ_CHECK(arpc__read_response(p, &f) && f.context_id == want->context_id && f.cancels == want->cancels);
  FUZZ_CHECK(f.len <= want->len - *got && f.alloc_hint == want->len - *got);
  FUZZ_CHECK(!f.len || !memcmp(f.stub, want->stub + *got, f.len));
  *got += f.len;
  return p->flags & ARPC__PFC_LAST;
}

int fuzz_said_answer(arpc__buf *out, const fuzz_answer *want) {
  arpc__pdu p;
  size_t got = 0;
  if (!arpc__buf_unread(out) || out->data[out->pos + 2] != ARPC__RESPONSE) return 0;
  while (fuzz_said(out, 1u << ARPC__RESPONSE, &p))
    if (check_fragment(&p, want, &got)) break;
  FUZZ_CHECK(p.flags & ARPC__PFC_LAST && got == want->len);
  return 1;
}
