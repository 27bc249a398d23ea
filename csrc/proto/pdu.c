/* Layouts are in the order of their fields on the wire. Readers of the PDUs that come by the thousand
 * (request, response) check the length once and then load from fixed places; the others walk a cursor,
 * which starts at the PDU's first byte so that alignment counts from there. */
#include "proto/pdu.h"

#include "base/plant.h"

const arpc_syntax arpc__ndr20 = {
    {0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, 2, 0};
const arpc_syntax arpc__ndr64 = {
    {0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}}, 1, 0};

int arpc__transfer_of(const arpc_syntax *syntax) {
  if (arpc__syntax_equal(syntax, &arpc__ndr20)) return ARPC_NDR20;
  if (arpc__syntax_equal(syntax, &arpc__ndr64)) return ARPC_NDR64;
  return 0;
}

const arpc_syntax arpc__deadlines_syntax = {{0x1d0f7c52, 0x8a36, 0x4e0b, {0xb1, 0x94, 0x5e, 0x27, 0x60, 0xc3, 0x1a, 0x8d}}, 1, 0};

arpc_syntax arpc__features_syntax(uint8_t features) {
  return (arpc_syntax){{0x6cb71c2c, 0x9812, 0x4540, {features}}, 1, 0};
}

int arpc__features_of(const arpc_syntax *syntax, uint8_t *ret) {
  const arpc_uuid *u = &syntax->uuid;
  if (u->a != 0x6cb71c2c || u->b != 0x9812 || u->c != 0x4540 || syntax->major != 1 || syntax->minor != 0) return 0;
  *ret = u->d[0];
  return 1;
}

/* ---- reading -----------------------------------------------------------------------------------*/

static int odd(const uint8_t *bytes) {
  static const uint8_t usual[8] = {5, 0, 0, 0, 0x10, 0, 0, 0}, mask[8] = {255, 255, 0, 0, 0xef, 255, 255, 255};
  uint64_t is, want, care;
  memcpy(&is, bytes, sizeof is);
  memcpy(&want, usual, sizeof want);
  memcpy(&care, mask, sizeof care);
  return ((is ^ want) & care) != 0;
}

void arpc__read_pdu(arpc__pdu *ret, const uint8_t *bytes, size_t len) {
  int big = !(bytes[4] & 0x10);
  ret->bytes = bytes;
  ret->len = (uint16_t)len;
  ret->auth_len = arpc__load16(bytes + 10, big);
  ret->call_id = arpc__load32(bytes + 12, big);
  ret->type = bytes[2];
  ret->flags = bytes[3];
  ret->drep0 = bytes[4];
  ret->big = (uint8_t)big;
  ret->odd = (uint8_t)odd(bytes);
}

int arpc__read_trailer(const arpc__pdu *p, size_t body, arpc__pdu_trailer *ret) {
  if (body + (ARPC__PLANTED(3) ? 0 : 8) + p->auth_len > p->len) return 0;
  const uint8_t *at = p->bytes + p->len - p->auth_len - 8;
  ret->offset = (uint16_t)(at - p->bytes);
  ret->type = at[0];
  ret->level = at[1];
  ret->pad = at[2];
  ret->context_id = arpc__load32(at + 4, p->big);
  ret->value = at + 8;
  return 1;
}

int arpc__read_request(const arpc__pdu *p, arpc__pdu_stub *ret) {
  size_t head = p->flags & ARPC__PFC_OBJECT ? ARPC__REQUEST_HEADER + 16 : ARPC__REQUEST_HEADER;
  if (p->len < (ARPC__PLANTED(4) ? ARPC__REQUEST_HEADER : head)) return 0;
  ret->alloc_hint = arpc__load32(p->bytes + 16, p->big);
  ret->context_id = arpc__load16(p->bytes + 20, p->big);
  ret->opnum = arpc__load16(p->bytes + 22, p->big);
  ret->cancels = 0;
  ret->object = p->flags & ARPC__PFC_OBJECT ? p->bytes + ARPC__REQUEST_HEADER : NULL;
  ret->stub = p->bytes + head;
  ret->len = p->len - head;
  return 1;
}

int arpc__read_response(const arpc__pdu *p, arpc__pdu_stub *ret) {
  if (p->len < ARPC__REQUEST_HEADER) return 0;
  ret->alloc_hint = arpc__load32(p->bytes + 16, p->big);
  ret->context_id = arpc__load16(p->bytes + 20, p->big);
  ret->opnum = 0;
  ret->cancels = p->bytes[22];
  ret->object = NULL;
  ret->stub = p->bytes + ARPC__REQUEST_HEADER;
  ret->len = p->len - ARPC__REQUEST_HEADER;
  return 1;
}

int arpc__read_fault(const arpc__pdu *p, arpc__pdu_fault *ret) {
  if (p->len < 28) return 0;
  ret->alloc_hint = arpc__load32(p->bytes + 16, p->big);
  ret->context_id = arpc__load16(p->bytes + 20, p->big);
  ret->cancels = p->bytes[22];
  ret->status = arpc__load32(p->bytes + 24, p->big);
  ret->len = p->len > 32 ? p->len - 32u : 0;
  ret->stub = p->bytes + p->len - ret->len;
  return 1;
}

/* The bytes between the common header and the trailer; one that does not fit leaves none. */
static arpc__reader body_of(const arpc__pdu *p) {
  size_t trailer = p->auth_len ? p->auth_len + 8u : 0;
  size_t end = p->len < ARPC__HEADER + trailer ? ARPC__HEADER : p->len - trailer;
  arpc__reader r = arpc__reader_of(p->bytes, end, p->big);
  r.pos = ARPC__HEADER;
  return r;
}

/* A version is one 32-bit number, major in its low half. */
void arpc__read_syntax(arpc__reader *r, arpc_syntax *ret) {
  arpc__uuid_get(r, &ret->uuid);
  uint32_t version = arpc__get32(r);
  ret->major = (uint16_t)version;
  ret->minor = (uint16_t)(version >> 16);
}

int arpc__read_bind(const arpc__pdu *p, arpc__pdu_bind *ret) {
  arpc__reader r = body_of(p);
  ret->max_xmit = arpc__get16(&r);
  ret->max_recv = arpc__get16(&r);
  ret->group = arpc__get32(&r);
  ret->count = arpc__get8(&r);
  if (ret->count) arpc__take(&r, 3); /* some leave them out when nothing follows */
  ret->elements = r;
  return !r.error;
}

int arpc__read_element(arpc__reader *r, arpc__pdu_element *ret) {
  ret->id = arpc__get16(r);
  ret->count = arpc__get8(r);
  arpc__take(r, 1);
  arpc__read_syntax(r, &ret->abstract);
  ret->syntaxes = *r;
  arpc__take(r, (size_t)ret->count * 20);
  return !r->error;
}

int arpc__read_ack(const arpc__pdu *p, arpc__pdu_ack *ret) {
  arpc__reader r = body_of(p);
  ret->max_xmit = arpc__get16(&r);
  ret->max_recv = arpc__get16(&r);
  ret->group = arpc__get32(&r);
  ret->address_len = arpc__get16(&r);
  ret->address = arpc__take(&r, ret->address_len);
  arpc__read_align(&r, 4);
  ret->count = arpc__get8(&r);
  arpc__take(&r, 3);
  ret->results = r;
  return !r.error;
}

int arpc__read_result(arpc__reader *r, arpc__pdu_result *ret) {
  ret->result = arpc__get16(r);
  ret->reason = arpc__get16(r);
  arpc__read_syntax(r, &ret->transfer);
  return !r->error;
}

int arpc__read_nak(const arpc__pdu *p, uint16_t *ret) {
  if (p->len < ARPC__HEADER + 2) return 0;
  *ret = arpc__load16(p->bytes + ARPC__HEADER, p->big);
  return 1;
}

/* ---- writing -----------------------------------------------------------------------------------*/

size_t arpc__begin_pdu(arpc__buf *out, uint8_t type, uint8_t flags, uint32_t call_id) {
  size_t start = out->len;
  uint8_t *at = arpc__buf_add(out, ARPC__HEADER);
  if (at) arpc__store_header(at, type, flags, 0, call_id);
  return start;
}

int arpc__end_pdu(arpc__buf *out, size_t start) {
  if (!out->error && out->len - start <= UINT16_MAX) {
    arpc__store16(out->data + start + 8, (uint16_t)(out->len - start));
    return 1;
  }
  out->len = start;
  out->error = 0;
  return 0;
}

static void write_syntax(arpc__buf *out, const arpc_syntax *syntax) {
  arpc__writer w = {out, 0};
  arpc__uuid_put(&w, &syntax->uuid);
  arpc__put32(&w, syntax->major | (uint32_t)syntax->minor << 16);
}

static void write_limits(arpc__writer *w, uint16_t max_xmit, uint16_t max_recv, uint32_t group) {
  arpc__put16(w, max_xmit);
  arpc__put16(w, max_recv);
  arpc__put32(w, group);
}

void arpc__write_bind_head(arpc__buf *out, uint16_t max_xmit, uint16_t max_recv, uint32_t group, uint8_t count) {
  arpc__writer w = {out, 0};
  write_limits(&w, max_xmit, max_recv, group);
  arpc__put32(&w, count);
}

void arpc__write_element(arpc__buf *out, uint16_t id, const arpc_syntax *abstract, const arpc_syntax *transfers,
                         uint8_t count) {
  arpc__writer w = {out, 0};
  arpc__put16(&w, id);
  arpc__put16(&w, count);
  write_syntax(out, abstract);
  for (uint8_t i = 0; i < count; i++) write_syntax(out, &transfers[i]);
}

void arpc__write_ack_head(arpc__buf *out, size_t start, uint16_t max_xmit, uint16_t max_recv, uint32_t group,
                          const char *address, uint8_t count) {
  arpc__writer w = {out, start};
  size_t len = address ? strlen(address) + 1 : 0;
  write_limits(&w, max_xmit, max_recv, group);
  arpc__put16(&w, (uint16_t)len);
  arpc__buf_put(out, address, len);
  arpc__write_align(&w, 4);
  arpc__put32(&w, count);
}

void arpc__write_result(arpc__buf *out, uint16_t result, uint16_t reason, const arpc_syntax *transfer) {
  static const arpc_syntax none;
  arpc__writer w = {out, 0};
  arpc__put16(&w, result);
  arpc__put16(&w, reason);
  write_syntax(out, transfer ? transfer : &none);
}

/* The versions we speak stand in every nak: some clients look for them. */
int arpc__write_nak(arpc__buf *out, uint32_t call_id, uint16_t reason) {
  static const uint8_t versions[6] = {1, 5, 0};
  size_t start = arpc__begin_pdu(out, ARPC__BIND_NAK, ARPC__PFC_WHOLE, call_id);
  arpc__writer w = {out, start};
  arpc__put16(&w, reason);
  arpc__buf_put(out, versions, sizeof versions);
  return arpc__end_pdu(out, start);
}

/* The hint is the one everybody sends: not 0, and no promise. */
int arpc__write_fault(arpc__buf *out, uint8_t flags, uint32_t call_id, uint16_t context_id, uint8_t cancels,
                      uint32_t status) {
  enum { LEN = 32, HINT = 24 };
  size_t start = out->len;
  uint8_t *at = arpc__buf_add(out, LEN);
  if (!at) return arpc__end_pdu(out, start);
  arpc__store_header(at, ARPC__FAULT, flags | ARPC__PFC_WHOLE, LEN, call_id);
  arpc__store32(at + 16, HINT);
  arpc__store16(at + 20, context_id);
  arpc__store16(at + 22, cancels);
  arpc__store32(at + 24, status);
  arpc__store32(at + 28, 0);
  return 1;
}

int arpc__write_header(arpc__buf *out, uint8_t type, uint32_t call_id) {
  return arpc__end_pdu(out, arpc__begin_pdu(out, type, ARPC__PFC_WHOLE, call_id));
}
