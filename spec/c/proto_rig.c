#include "proto_rig.h"

const arpc_syntax spec_mgmt = {{0xafa8bd80, 0x7d8a, 0x11c9, {0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89}}, 1, 0};
const arpc_syntax spec_echo = {{0x60a15ec5, 0x4de8, 0x11d7, {0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82}}, 1, 0};

/* ---- bytes ---- */

static int digit(char c) {
  const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

size_t from_hex(uint8_t *ret, size_t size, const char *hex) {
  size_t n = 0;
  for (; *hex; hex++) {
    if (digit(*hex) < 0) continue;
    if (n == size || digit(hex[1]) < 0) abort();
    ret[n++] = (uint8_t)(digit(hex[0]) * 16 + digit(hex[1]));
    hex++;
  }
  return n;
}

static void put(uint8_t *at, uint32_t v, int n, int big) {
  for (int i = 0; i < n; i++) at[i] = (uint8_t)(v >> 8 * (big ? n - 1 - i : i));
}

size_t make_pdu(uint8_t *ret, size_t size, uint8_t drep, int type, int flags, uint32_t call_id, const char *body) {
  const uint8_t head[10] = {5, 0, (uint8_t)type, (uint8_t)flags, drep};
  size_t len = 16 + from_hex(ret + 16, size - 16, body);
  memcpy(ret, head, sizeof head);
  put(ret + 8, (uint32_t)len, 2, !drep);
  put(ret + 10, 0, 2, 0);
  put(ret + 12, call_id, 4, !drep);
  return len;
}

/* ---- server ---- */

static const void *find(void *arg, const arpc_syntax *wanted) {
  (void)arg;
  if (arpc__syntax_equal(wanted, &spec_mgmt)) return &spec_mgmt;
  return arpc__syntax_equal(wanted, &spec_echo) ? &spec_echo : NULL;
}

static uint32_t group(void *arg, uint32_t wanted) {
  server_rig *r = arg;
  if (wanted) return wanted == r->live_group ? wanted : 0;
  return r->next_group;
}

void server_rig_init(server_rig *r, uint16_t max_fragment) {
  memset(r, 0, sizeof *r);
  r->drep = 0x10;
  r->next_group = 0x11223344;
  arpc__server_init(&r->c, &(arpc__server_options){.max_fragment = max_fragment,
                                                   .max_request = 4 << 20,
                                                   .max_contexts = 64,
                                                   .transfer = ARPC_NDR20,
                                                   .prefer = ARPC_NDR20,
                                                   .features = 3,
                                                   .address = "",
                                                   .host = {r, find, group, NULL}});
}

void server_rig_free(server_rig *r) {
  arpc__server_fini(&r->c);
}

static void serve(server_rig *r, arpc__server_event *ev) {
  r->requests++;
  r->last = *ev;
  if (ev->len && ev->len < sizeof r->last_stub) memcpy(r->last_stub, ev->stub, ev->len);
  if (ev->opnum >= OP_COUNT) {
    arpc__server_refuse(&r->c, ev, 0x1c010002);
  } else if (ev->opnum >= OP_HOLD && r->ncalls < RIG_CALLS - 1) {
    CHECK_EQ(arpc__server_accept(&r->c, &r->calls[++r->ncalls], ev), 0);
  } else {
    CHECK_EQ(arpc__server_accept(&r->c, &r->calls[0], ev), 0);
    arpc__server_respond(&r->c, &r->calls[0], ev->stub, ev->len);
  }
}

static void run(server_rig *r) {
  arpc__server_event ev;
  for (;;) {
    switch (arpc__server_next(&r->c, &ev)) {
    case ARPC__S_NONE: return;
    case ARPC__S_BOUND: r->bound++; break;
    case ARPC__S_REQUEST: serve(r, &ev); break;
    case ARPC__S_DATA: break;
    case ARPC__S_CANCEL: r->cancels++; break;
    case ARPC__S_ORPHAN: r->orphans++; break;
    case ARPC__S_BROKEN: r->broken++; break;
    }
  }
}

void server_feed(server_rig *r, const void *bytes, size_t len) {
  arpc__server_feed(&r->c, bytes, len);
  run(r);
}

void server_send(server_rig *r, int type, int flags, uint32_t call_id, const char *body) {
  uint8_t pdu[65536];
  server_feed(r, pdu, make_pdu(pdu, sizeof pdu, r->drep, type, flags, call_id, body));
}

void server_send_raw(server_rig *r, const char *hex) {
  uint8_t bytes[65536];
  server_feed(r, bytes, from_hex(bytes, sizeof bytes, hex));
}

void server_bind(server_rig *r, int flags, uint16_t id) {
  char body[256];
  snprintf(body, sizeof body, SIZES ONE "%02x%02x 0100" MGMT NDR20, id & 255, id >> 8);
  server_send(r, ARPC__BIND, flags, 0, body);
  CHECK_EQ(r->bound, 1);
  arpc__buf_clear(&r->c.out);
}

/* Takes the first PDU off `out` and compares. */
static void take(const char *file, int line, arpc__buf *out, const uint8_t *want, size_t len) {
  const uint8_t *at = out->data ? out->data + out->pos : want;
  size_t there = arpc__buf_unread(out), n = there >= 16 ? arpc__load16(at + 8, 0) : there;
  if (!there) test_fail(file, line, "nothing was said");
  if (n > there) test_fail(file, line, "a PDU of %zu bytes claims %zu", there, n);
  test_bytes(file, line, at, n, want, len);
  out->pos += n;
}

void server_expect_at(const char *file, int line, server_rig *r, int type, int flags, uint32_t call_id, const char *body) {
  uint8_t pdu[65536];
  take(file, line, &r->c.out, pdu, make_pdu(pdu, sizeof pdu, 0x10, type, flags, call_id, body));
}

void server_fault_at(const char *file, int line, server_rig *r, int flags, uint32_t call_id, uint16_t ctx, uint32_t code) {
  char body[64];
  snprintf(body, sizeof body, "18000000 %02x%02x 0000 %08x 00000000", ctx & 255, ctx >> 8, __builtin_bswap32(code));
  server_expect_at(file, line, r, ARPC__FAULT, flags | 3, call_id, body);
}

void server_nak_at(const char *file, int line, server_rig *r, uint32_t call_id, int reason) {
  char body[64];
  snprintf(body, sizeof body, "%02x00 010500 000000", reason);
  server_expect_at(file, line, r, ARPC__BIND_NAK, 3, call_id, body);
  server_state_at(file, line, r, 1);
}

void server_state_at(const char *file, int line, server_rig *r, int over) {
  if (arpc__buf_unread(&r->c.out)) test_fail(file, line, "%zu more bytes were said", arpc__buf_unread(&r->c.out));
  if (r->broken != over) test_fail(file, line, over ? "the connection is not over" : "the connection is over");
}

/* ---- client ---- */

void client_rig_init(client_rig *r, const arpc__client_options *options) {
  static const arpc__client_options usual = {
      .max_fragment = 5840, .max_response = 1 << 20, .transfer = ARPC_NDR20 | ARPC_NDR64, .multiplex = 1, .features = 3};
  memset(r, 0, sizeof *r);
  arpc__client_init(&r->c, options ? options : &usual);
}

void client_rig_free(client_rig *r) {
  arpc__client_fini(&r->c);
}

arpc__client_event_kind client_next(client_rig *r) {
  return arpc__client_next(&r->c, &r->last);
}

arpc__client_event_kind client_feed(client_rig *r, const void *bytes, size_t len) {
  arpc__client_feed(&r->c, bytes, len);
  return client_next(r);
}

/* The bytes must stay for the event. */
arpc__client_event_kind client_receive(client_rig *r, int type, int flags, uint32_t call_id, const char *body) {
  static uint8_t pdu[65536];
  return client_feed(r, pdu, make_pdu(pdu, sizeof pdu, 0x10, type, flags, call_id, body));
}

void client_bind(client_rig *r, int flags) {
  CHECK_EQ(arpc__client_present(&r->c, &spec_echo, &r->context), 0);
  arpc__buf_clear(&r->c.out);
  const char *results[4] = {"01000000" ACCEPT, "01000000" ACCEPT, "02000000" ACCEPT NO_TRANSFER,
                            "03000000" ACCEPT NO_TRANSFER "0300 0300" ZERO};
  int n = (r->c.options.transfer == 3) + 1 + (r->c.options.features != 0);
  char body[512];
  snprintf(body, sizeof body, "d016 d016 44332211 0000 0000 %s", results[n]);
  CHECK_EQ(client_receive(r, ARPC__BIND_ACK, flags, r->c.asking, body), ARPC__C_BOUND);
  CHECK_EQ(r->context->state, ARPC__ACCEPTED);
}

void client_said_at(const char *file, int line, client_rig *r, int type, int flags, uint32_t call_id, const char *body) {
  uint8_t pdu[65536];
  take(file, line, &r->c.out, pdu, make_pdu(pdu, sizeof pdu, 0x10, type, flags, call_id, body));
}
