/* PDUs byte by byte, framing, fragments. P1 to P8 are worked examples that other implementations agree on. */
#include "proto/frame.h"
#include "proto/stub.h"
#include "proto_rig.h"

static uint8_t bytes[65536];

static arpc__pdu pdu_of(const char *hex) {
  arpc__pdu p;
  arpc__read_pdu(&p, bytes, from_hex(bytes, sizeof bytes, hex));
  return p;
}

static void check_out(arpc__buf *out, const char *hex) {
  uint8_t want[512];
  CHECK_BYTES(out->data, out->len, want, from_hex(want, sizeof want, hex));
  arpc__buf_free(out);
}

#define P1                                                                                      \
  "05 00 0b 17 10000000 a000 0000 01000000 d016 d016 00000000 03 000000"                        \
  "0000 01 00" ECHO NDR20 "0100 01 00" ECHO NDR64 "0200 01 00" ECHO BTFN("03")
#define P2                                                                                            \
  "05 00 0c 17 10000000 6c00 0000 01000000 d016 d016 44332211 0600 343931353200 03 000000"            \
  "0000 0000" NDR20 "0200 0200" ZERO "0300 0300" ZERO
#define P3 "05 00 0f 03 10000000 3800 0000 01000000 d016 d016 44332211 0000 0000 01 000000 0000 0000" NDR20
#define P4 "05 00 0d 03 10000000 1800 0000 01000000 0400 01 05 00 000000"
#define P5 "05 00 00 03 10000000 1c00 0000 01000000 04000000 0000 0000 04030201"
#define P6 "05 00 02 03 10000000 1c00 0000 01000000 04000000 0000 00 00 05030201"
#define P7 "05 00 03 23 10000000 2000 0000 01000000 18000000 0000 00 00 0200011c 00000000"

TEST("pdu: P1 a bind, read and written") {
  arpc__pdu p = pdu_of(P1);
  arpc__pdu_bind b;
  CHECK_EQ(p.type, ARPC__BIND);
  CHECK_EQ(p.flags, 0x17);
  CHECK_EQ(p.call_id, 1);
  CHECK(!p.odd && !p.big && !p.auth_len);
  CHECK(arpc__read_bind(&p, &b));
  CHECK_EQ(b.max_xmit, 5840);
  CHECK_EQ(b.max_recv, 5840);
  CHECK_EQ(b.count, 3);
  const arpc_syntax transfers[3] = {arpc__ndr20, arpc__ndr64, arpc__features_syntax(3)};
  arpc__buf out = {0};
  size_t start = arpc__begin_pdu(&out, ARPC__BIND, 0x17, 1);
  arpc__write_bind_head(&out, 5840, 5840, 0, 3);
  for (uint16_t i = 0; i < 3; i++) {
    arpc__pdu_element e;
    arpc_syntax s;
    CHECK(arpc__read_element(&b.elements, &e));
    arpc__read_syntax(&e.syntaxes, &s);
    CHECK_EQ(e.id, i);
    CHECK_EQ(e.count, 1);
    CHECK(arpc__syntax_equal(&e.abstract, &spec_echo));
    CHECK(arpc__syntax_equal(&s, &transfers[i]));
    arpc__write_element(&out, i, &spec_echo, &transfers[i], 1);
  }
  CHECK_EQ(arpc__left(&b.elements), 0);
  CHECK(arpc__end_pdu(&out, start));
  check_out(&out, P1);
}

TEST("pdu: P2 a bind_ack, read and written") {
  arpc__pdu p = pdu_of(P2);
  arpc__pdu_ack a;
  CHECK(arpc__read_ack(&p, &a));
  CHECK_EQ(a.group, 0x11223344);
  CHECK_BYTES(a.address, a.address_len, "49152", 6);
  static const uint16_t want[3][2] = {{0, 0}, {2, 2}, {3, 3}};
  CHECK_EQ(a.count, 3);
  arpc__buf out = {0};
  size_t start = arpc__begin_pdu(&out, ARPC__BIND_ACK, 0x17, 1);
  arpc__write_ack_head(&out, start, 5840, 5840, 0x11223344, "49152", 3);
  for (int i = 0; i < 3; i++) {
    arpc__pdu_result r;
    CHECK(arpc__read_result(&a.results, &r));
    CHECK_EQ(r.result, want[i][0]);
    CHECK_EQ(r.reason, want[i][1]);
    CHECK_EQ(arpc__transfer_of(&r.transfer), i ? 0 : ARPC_NDR20);
    arpc__write_result(&out, r.result, r.reason, i ? NULL : &arpc__ndr20);
  }
  CHECK(arpc__end_pdu(&out, start));
  check_out(&out, P2);
}

TEST("pdu: P3 an alter_context_resp, written behind another PDU") {
  arpc__buf out = {0};
  arpc__buf_put(&out, "xyz", 3);
  size_t start = arpc__begin_pdu(&out, ARPC__ALTER_RESP, 3, 1);
  arpc__write_ack_head(&out, start, 5840, 5840, 0x11223344, NULL, 1);
  arpc__write_result(&out, 0, 0, &arpc__ndr20);
  CHECK(arpc__end_pdu(&out, start));
  check_out(&out, "78797a" P3);
  arpc__pdu p = pdu_of(P3);
  arpc__pdu_ack a;
  CHECK(arpc__read_ack(&p, &a));
  CHECK_EQ(a.address_len, 0);
  CHECK_EQ(a.count, 1);
}

TEST("pdu: P4 a bind_nak, read and written") {
  arpc__buf out = {0};
  arpc__pdu p = pdu_of(P4);
  uint16_t reason = 99;
  CHECK(arpc__read_nak(&p, &reason));
  CHECK_EQ(reason, 4);
  CHECK(arpc__write_nak(&out, 1, 4));
  check_out(&out, P4);
}

TEST("pdu: P5 P6 request and response, written and read") {
  arpc__buf out = {0};
  CHECK(arpc__write_stub(&out, &(arpc__stub_head){ARPC__REQUEST, 0, 0, 1, NULL}, 5840, "\x04\x03\x02\x01", 4));
  check_out(&out, P5);
  CHECK(arpc__write_stub(&out, &(arpc__stub_head){ARPC__RESPONSE, 0, 0, 1, NULL}, 5840, "\x05\x03\x02\x01", 4));
  check_out(&out, P6);
  arpc__pdu p = pdu_of(P5);
  arpc__pdu_stub s;
  CHECK(arpc__read_request(&p, &s));
  CHECK_EQ(s.alloc_hint, 4);
  CHECK_BYTES(s.stub, s.len, "\x04\x03\x02\x01", 4);
  p = pdu_of("05 00 02 03 10000000 1c00 0000 01000000 04000000 0700 03 00 05030201");
  CHECK(arpc__read_response(&p, &s));
  CHECK_EQ(s.context_id, 7);
  CHECK_EQ(s.cancels, 3);
  CHECK_EQ(s.len, 4);
}

TEST("pdu: P7 a fault, written and read; also one that is four bytes short, and one with a stub") {
  arpc__buf out = {0};
  arpc__pdu_fault f;
  CHECK(arpc__write_fault(&out, ARPC__PFC_DID_NOT_EXECUTE, 1, 0, 0, 0x1c010002));
  check_out(&out, P7);
  arpc__pdu p = pdu_of("05 00 03 03 10000000 1c00 0000 04000000 00000000 0000 4d 00 e4060000");
  CHECK(arpc__read_fault(&p, &f));
  CHECK_EQ(f.status, 0x6e4);
  CHECK_EQ(f.cancels, 77);
  CHECK_EQ(f.len, 0);
  p = pdu_of("05 00 03 03 10000000 2400 0000 04000000 00000000 0000 00 00 00000000 00000000 0d00001c");
  CHECK(arpc__read_fault(&p, &f));
  CHECK_EQ(f.status, 0);
  CHECK_EQ(f.len, 4);
  CHECK_EQ(f.stub[0], 0x0d);
  p = pdu_of("05 00 03 03 10000000 1b00 0000 04000000 00000000 0000 4d 00 e40600");
  CHECK(!arpc__read_fault(&p, &f));
}

TEST("pdu: P8 shutdown, co_cancel, orphaned") {
  arpc__buf out = {0};
  for (int type = ARPC__SHUTDOWN; type <= ARPC__ORPHANED; type++) {
    char hex[64];
    snprintf(hex, sizeof hex, "05 00 %02x 03 10000000 1000 0000 01000000", type);
    CHECK(arpc__write_header(&out, (uint8_t)type, 1));
    check_out(&out, hex);
  }
}

TEST("pdu: a request with an object, in either byte order") {
  arpc__buf out = {0};
  arpc_uuid u = {0x00112233, 0x4455, 0x6677, {0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
  CHECK(arpc__write_stub(&out, &(arpc__stub_head){ARPC__REQUEST, 3, 9, 2, &u}, 5840, "ab", 2));
  check_out(&out, "05000083 10000000 2a00 0000 02000000 02000000 0300 0900 33221100 5544 7766 8899aabbccddeeff 6162");
  arpc__pdu p = pdu_of("05000083 00000000 002a 0000 00000002 00000002 0003 0009 00112233 4455 6677 8899aabbccddeeff 6162");
  arpc__pdu_stub s;
  CHECK(arpc__read_request(&p, &s));
  CHECK(p.big && s.object);
  CHECK_EQ(p.call_id, 2);
  CHECK_EQ(s.context_id, 3);
  CHECK_EQ(s.opnum, 9);
  CHECK_EQ(s.object[0], 0);
  CHECK_EQ(s.len, 2);
}

TEST("pdu: a trailer is found from the end, or it does not fit") {
  arpc__pdu p = pdu_of("05000003 10000000 2c00 0800 03000000 00000000 0000 0000 01020000 0a050200 07000000 1111111122222222");
  arpc__pdu_trailer t;
  CHECK(arpc__read_trailer(&p, 24, &t));
  CHECK_EQ(t.offset, 28);
  CHECK_EQ(t.type, 10);
  CHECK_EQ(t.level, 5);
  CHECK_EQ(t.pad, 2);
  CHECK_EQ(t.context_id, 7);
  CHECK_EQ(t.value[0], 0x11);
  CHECK(arpc__read_trailer(&p, 28, &t));
  CHECK(!arpc__read_trailer(&p, 29, &t));
}

TEST("pdu: every reader refuses every shorter PDU, and reads no further") {
  static const char *const whole[] = {P1, P2, P3, P4, P5, P6, P7};
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
    size_t len = from_hex(bytes, sizeof bytes, whole[i]);
    for (size_t n = 16; n <= len; n++) {
      uint8_t *cut = malloc(n); /* so that a sanitizer sees the end */
      arpc__pdu p;
      arpc__pdu_bind b;
      arpc__pdu_ack a;
      arpc__pdu_element e;
      arpc__pdu_result r;
      arpc__pdu_stub s;
      arpc__pdu_fault f;
      uint16_t reason;
      memcpy(cut, bytes, n);
      arpc__read_pdu(&p, cut, n);
      int ok = i == 0 ? arpc__read_bind(&p, &b) : i < 3 ? arpc__read_ack(&p, &a) : i == 3 ? arpc__read_nak(&p, &reason)
               : i == 4 ? arpc__read_request(&p, &s) : i == 5 ? arpc__read_response(&p, &s) : arpc__read_fault(&p, &f);
      for (int k = 0; ok && i == 0 && k < b.count; k++) ok = arpc__read_element(&b.elements, &e);
      for (int k = 0; ok && (i == 1 || i == 2) && k < a.count; k++) ok = arpc__read_result(&a.results, &r);
      size_t need = i < 3 ? len : i == 3 ? 18 : i == 6 ? 28 : 24;
      CHECK_EQ(ok != 0, n >= need);
      free(cut);
    }
  }
}

TEST("pdu: what does not fit into a buffer leaves nothing behind") {
  arpc__buf out;
  arpc__buf_init(&out, 40);
  CHECK(arpc__write_header(&out, ARPC__SHUTDOWN, 1));
  CHECK(!arpc__write_fault(&out, 0, 1, 0, 0, 5));
  CHECK_EQ(out.len, 16);
  CHECK(!arpc__write_stub(&out, &(arpc__stub_head){ARPC__RESPONSE, 0, 0, 1, NULL}, 5840, bytes, 6000));
  CHECK_EQ(out.len, 16);
  CHECK(arpc__write_nak(&out, 1, 4));
  CHECK_EQ(out.len, 40);
  CHECK(!arpc__write_nak(&out, 1, 4));
  CHECK_EQ(out.len, 40);
  CHECK_EQ(out.error, 0);
  arpc__buf_free(&out);
}

TEST("pdu: fragments of a request carry its object each, and never more than fits") {
  arpc_uuid u = {1, 2, 3, {4}};
  static uint8_t stub[20000];
  for (size_t len = 0; len < sizeof stub; len += 731) {
    arpc__buf out = {0}, all = {0};
    uint16_t empty = 0;
    CHECK(arpc__write_stub(&out, &(arpc__stub_head){ARPC__REQUEST, 3, 9, 2, &u}, 1432, stub, len));
    for (int first = 1; arpc__buf_unread(&out); first = 0) {
      arpc__pdu p;
      arpc__pdu_stub s;
      const uint8_t *at = out.data + out.pos;
      size_t n = arpc__load16(at + 8, 0);
      CHECK(n <= 1432 && n <= arpc__buf_unread(&out));
      out.pos += n;
      arpc__read_pdu(&p, at, n);
      CHECK(arpc__read_request(&p, &s));
      CHECK(s.object && s.object[0] == 1);
      CHECK_EQ(p.flags, 0x80 | first | (out.pos == out.len ? 2 : 0));
      CHECK_EQ(s.alloc_hint, len - all.len);
      CHECK(out.pos == out.len || s.len % 16 == 0);
      CHECK_EQ(arpc__join_stub(&all, &empty, len, s.stub, s.len), 0);
    }
    CHECK_BYTES(all.data ? all.data : stub, all.len, stub, len);
    CHECK_EQ(arpc__join_stub(&all, &empty, len, stub, 1), 14);
    arpc__buf_free(&all);
    arpc__buf_free(&out);
  }
}

TEST("frame: a whole PDU is read where it lies, a partial one is kept until its end") {
  arpc__frame f;
  uint8_t two[56];
  size_t len;
  from_hex(two, 28, P5);
  from_hex(two + 28, 28, P6);
  arpc__frame_init(&f);
  arpc__frame_feed(&f, two, 40);
  CHECK(arpc__frame_next(&f, &len) == two);
  CHECK_EQ(len, 28);
  CHECK(arpc__frame_next(&f, &len) == NULL);
  CHECK(arpc__frame_pending(&f));
  arpc__frame_feed(&f, two + 40, 16);
  const uint8_t *pdu = arpc__frame_next(&f, &len);
  CHECK_BYTES(pdu, len, two + 28, 28);
  CHECK(!arpc__frame_pending(&f));
  CHECK(arpc__frame_next(&f, &len) == NULL);
  CHECK(f.part.data == NULL);
  arpc__frame_fini(&f);
}

TEST("frame: bytes that were not asked for are kept") {
  arpc__frame f;
  uint8_t two[56];
  size_t len, n = 0;
  from_hex(two, 28, P5);
  from_hex(two + 28, 28, P6);
  arpc__frame_init(&f);
  for (size_t i = 0; i < 4; i++) arpc__frame_feed(&f, two + 14 * i, 14);
  for (const uint8_t *pdu; (pdu = arpc__frame_next(&f, &len)); n++) CHECK_BYTES(pdu, len, two + 28 * n, 28);
  CHECK_EQ(n, 2);
  arpc__frame_fini(&f);
}

TEST("frame: a length below 16 is the end, in either byte order, also in pieces") {
  for (int big = 0; big < 2; big++) {
    for (size_t cut = 0; cut < 16; cut++) {
      arpc__frame f;
      uint8_t b[16];
      size_t len;
      from_hex(b, 16, big ? "05000003 00000000 000f 0000 00000001" : "05000003 10000000 0f00 0000 01000000");
      arpc__frame_init(&f);
      arpc__frame_feed(&f, b, cut);
      CHECK(arpc__frame_next(&f, &len) == NULL && !f.error);
      arpc__frame_feed(&f, b + cut, 16 - cut);
      CHECK(arpc__frame_next(&f, &len) == NULL);
      CHECK_EQ(f.error, 1728);
      arpc__frame_feed(&f, b, 16);
      CHECK(arpc__frame_next(&f, &len) == NULL);
      arpc__frame_fini(&f);
    }
  }
}

TEST("frame: memory follows the bytes that came, not the length they claim") {
  arpc__frame f;
  size_t len;
  from_hex(bytes, 16, "05000003 10000000 ffff 0000 01000000");
  arpc__frame_init(&f);
  arpc__frame_feed(&f, bytes, 100);
  CHECK(arpc__frame_next(&f, &len) == NULL);
  CHECK(f.part.cap <= 256);
  for (size_t at = 100; at < 65535; at += 100) {
    arpc__frame_feed(&f, bytes + at, at + 100 > 65535 ? 65535 - at : 100);
    const uint8_t *pdu = arpc__frame_next(&f, &len);
    CHECK(f.part.cap <= 2 * f.part.len + 256);
    CHECK_EQ(pdu != NULL, at + 100 > 65535);
  }
  CHECK_EQ(len, 65535);
  arpc__frame_fini(&f);
}
