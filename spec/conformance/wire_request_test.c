/* Requests as the server machine takes and answers them: rows C4, C5, D, J, and multiplexing. */
#include "wire_server.h"

static void request_hint(int flags, uint32_t call_id, const char *hint, const char *stub) {
  char body[256];
  snprintf(body, sizeof body, "%s" CTX "0000 %s", hint, stub);
  server_send(&R, ARPC__REQUEST, flags, call_id, body);
}

/* ---- C ---- */

TEST("server: C4 a trailer on a request of a connection without security") {
  for (int level = 1; level <= 4; level++) {
    char hex[128];
    begin(F | L);
    request(F | L, 2, "01020304");
    answered(2, "04000000", "01020304");
    snprintf(hex, sizeof hex, "05000003 10000000 2400 0400 03000000 00000000" CTX "0000 00%02x0000 00000000 6e6f6e65", level);
    server_send_raw(&R, hex);
    over_by(0, 3, CTX_ID, 5);
  }
  end();
}

TEST("server: trailers that cannot be: longer than the PDU, askew, padded beyond the stub") {
  static const char *const bad[] = {
      "05000003 10000000 2400 0500 03000000 00000000" CTX "0000 00010000 00000000 6e6f6e65",
      "05000003 10000000 2400 ffff 03000000 00000000" CTX "0000 00010000 00000000 6e6f6e65",
      "05000003 10000000 2600 0400 03000000 00000000" CTX "0000 0000 00010200 00000000 6e6f6e65",
      "05000003 10000000 2800 0400 03000000 00000000" CTX "0000 00000000 00010500 00000000 6e6f6e65",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    begin(F | L);
    server_send_raw(&R, bad[i]);
    over_by(0, 3, CTX_ID, PROTO);
  }
  end();
}

TEST("server: a trailer on a later fragment ends the call it belongs to") {
  begin(F | L);
  request(F, 3, "01020304");
  server_send_raw(&R, "05000002 10000000 2400 0400 03000000 00000000" CTX "0000 0a050000 00000000 6e6f6e65");
  over_by(0, 3, CTX_ID, 5);
  end();
}

TEST("server: C5 the hint of a whole request does not matter") {
  begin(F | L);
  request_hint(F | L, 1, "ffffffff", "01020304");
  answered(1, "04000000", "01020304");
  request_hint(F | L, 2, "01000000", "01020304");
  answered(2, "04000000", "01020304");
  server_alive(&R);
  end();
}

/* ---- D ---- */

TEST("server: D1 the same request begins twice") {
  static const int extra[] = {0, MAYBE, DNE, MPX, 0x08};
  for (int multiplex = 0; multiplex <= MPX; multiplex += MPX) {
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++) {
      begin(F | L | multiplex);
      request(F | extra[i], 2, "01020304");
      server_alive(&R);
      request(F | extra[i], 2, "01020304");
      over_by(0, 2, CTX_ID, PROTO);
    }
  }
  end();
}

TEST("server: D2 a fragment of no request") {
  for (int flags = 0; flags <= L; flags += L) {
    begin(F | L);
    request(flags, 2, "");
    over_by(0, 2, 0, PROTO);
  }
  end();
}

TEST("server: D2 a fragment of no request, multiplexed, on a context or on none") {
  begin(F | L | MPX);
  request(L, 2, "");
  over_by(0, 2, CTX_ID, PROTO);
  begin(F | L | MPX);
  server_send(&R, ARPC__REQUEST, L, 2, "00000000 6f00 0000");
  server_fault(&R, DNE, 2, 0, 0x1c010003);
  server_alive(&R);
  request(F | L, 3, "");
  answered(3, "00000000", "");
  end();
}

TEST("server: D3 a request that begins cancelled") {
  begin(F | L);
  request(F | PENDING_CANCEL, 2, "");
  over_by(DNE, 2, 0, 0x6bd);
  end();
}

TEST("server: D4 D5 a cancel pending with later fragments") {
  begin(F | L);
  request(F, 2, "01020304");
  request(PENDING_CANCEL, 2, "05060708");
  request(L, 2, "090a0b0c");
  answered(2, "0c000000", "0102030405060708090a0b0c");
  CHECK_EQ(R.last.cancels, 1);
  request(F, 3, "01020304");
  request(L | PENDING_CANCEL, 3, "05060708");
  answered(3, "08000000", "0102030405060708");
  server_alive(&R);
  end();
}

TEST("server: D6 another request begins while one is open") {
  begin(F | L);
  request(F, 50, "01020304");
  request(F, 51, "01020304");
  over_by(0, 50, CTX_ID, PROTO);
  begin(F | L | MPX);
  request(F, 50, "01020304");
  request(F, 51, "01020304");
  over_by(0, 51, 0, PROTO);
  end();
}

TEST("server: a fragment of another request while one is open") {
  begin(F | L);
  request(F, 50, "01020304");
  request(L, 51, "01020304");
  over_by(0, 50, CTX_ID, PROTO);
  begin(F | L | MPX);
  request(F, 50, "01020304");
  request(L, 51, "01020304");
  over_by(0, 51, 0, PROTO);
  end();
}

/* A request of `total` bytes in fragments of 5816, whose hints count down from `hint` to 0. */
static void send_big(size_t total, uint32_t hint) {
  static uint8_t pdu[5840];
  size_t left = total;
  for (int first = 1; left && !R.broken; first = 0) {
    size_t n = left < 5816 ? left : 5816;
    left -= n;
    arpc__store_header(pdu, ARPC__REQUEST, (uint8_t)((first ? F : 0) | (left ? 0 : L)), (uint16_t)(24 + n), 0x21234);
    arpc__store32(pdu + 16, hint);
    arpc__store16(pdu + 20, CTX_ID);
    arpc__store16(pdu + 22, OP_HOLD);
    hint = hint >= n ? hint - (uint32_t)n : 0;
    server_feed(&R, pdu, 24 + n);
    CHECK(R.c.request.stub.cap <= 2 * R.c.request.stub.len + 256);
  }
}

TEST("server: D7 four megabytes in fragments, whatever the hints") {
  static const uint32_t hints[] = {0x400000, 0x100000, 0};
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
    begin(F | L);
    send_big(0x400000, hints[i]);
    server_alive(&R);
    CHECK_EQ(R.requests, 1);
    CHECK_EQ(R.last.len, 0x400000);
  }
  end();
}

TEST("server: D8 a hint of more than four megabytes") {
  begin(F | L);
  send_big(0x400000, 0x400001);
  over_by(0, 0x21234, CTX_ID, 5);
  begin(F | L);
  request(F, 3, "01020304");
  request_hint(0, 3, "fdff3f00", "01020304"); /* 4 of 4 MiB have come: one too many */
  over_by(0, 3, CTX_ID, 5);
  end();
}

TEST("server: a hint that lies within the bound costs no memory") {
  begin(F | L);
  request_hint(F, 3, "00004000", "01020304");
  server_alive(&R);
  CHECK(R.c.request.stub.cap <= 256);
  end();
}

TEST("server: D9 more than four megabytes") {
  begin(F | L);
  send_big(0x500001, 0);
  over_by(0, 0x21234, CTX_ID, 5);
  CHECK_EQ(R.requests, 0);
  end();
}

TEST("server: fragments without bytes are legal, but not for ever") {
  begin(F | L);
  request(F, 2, "");
  for (int i = 0; i < 1000; i++) request(0, 2, "");
  request(L, 2, "0102");
  answered(2, "02000000", "0102");
  request(F, 3, "");
  for (int i = 0; i < 2000 && !R.broken; i++) request(0, 3, "");
  over_by(0, 3, CTX_ID, PROTO);
  end();
}

TEST("server: a whole request over the bound") {
  begin(F | L);
  R.c.options.max_request = 8;
  request(F | L, 2, "0102030405060708");
  answered(2, "08000000", "0102030405060708");
  request(F | L, 3, "010203040506070809");
  over_by(0, 3, CTX_ID, 5);
  end();
}

/* ---- J ---- */

TEST("server: J1 fragments longer than the received limit") {
  uint8_t bytes[65535] = {0};
  begin(F | L);
  make_pdu(bytes, sizeof bytes, 0x10, ARPC__REQUEST, 3, 2, "00000000" CTX "0000");
  arpc__store16(bytes + 8, 5840);
  server_feed(&R, bytes, 5840);
  CHECK_EQ(R.requests, 1);
  arpc__buf_clear(&R.c.out);
  arpc__store16(bytes + 8, 5841);
  server_feed(&R, bytes, 5841);
  over_by(0, 2, 0, PROTO);
  end();
}

TEST("server: J1 the received limit follows what was granted") {
  uint8_t bytes[65535] = {0};
  server_rig_init(&R, 65528);
  server_send(&R, ARPC__BIND, 3, 0, "20ee 20ee 00000000" ONE CTX "0100" MGMT NDR20); /* 60960 */
  arpc__buf_clear(&R.c.out);
  make_pdu(bytes, sizeof bytes, 0x10, ARPC__REQUEST, 3, 2, "00000000" CTX "3200");
  arpc__store16(bytes + 8, 60960);
  server_feed(&R, bytes, 60960);
  CHECK_EQ(R.requests, 1);
  arpc__store16(bytes + 8, 60961);
  server_feed(&R, bytes, 60961);
  CHECK_EQ(R.broken, 1);
  end();
}

TEST("server: J2 the byte order changes in a request") {
  begin(F | L);
  request(F, 2, "01020304");
  R.drep = 0;
  server_send(&R, ARPC__REQUEST, L, 2, "00000000 0107 0000");
  over_by(DNE, 2, CTX_ID, PROTO);
  end();
}

TEST("server: J3 PDUs that no client sends") {
  static const int types[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 17, 20, 255};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    begin(F | L);
    server_send(&R, types[i], 3, 9, "00000000 0701 0000 00000000 00000000");
    over_by(DNE, 9, 0, PROTO);
  }
  end();
}

TEST("server: headers nobody sends") {
  static const char *const bad[] = {
      "05010003 10000000 1800 0000 05000000 00000000" CTX "0000", "04000003 10000000 1800 0000 05000000 00000000" CTX "0000",
      "05000003 20000000 0018 0000 00000005 00000000" CTX "0000", "05000003 10010000 1800 0000 05000000 00000000" CTX "0000",
      "05000003 10000001 1800 0000 05000000 00000000" CTX "0000", "05001203 11000000 1000 0000 05000000",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    begin(F | L);
    server_send_raw(&R, bad[i]);
    over_by(DNE, 5, 0, PROTO);
  }
  end();
}

TEST("server: bytes that are no PDU end the connection without a word") {
  static const char *const bad[] = {
      "05000003 10000000 0f00 0000 05000000", "05000003 10000000 0000 0000 05000000",
      "05000003 10000000 1700 0000 05000000 00000000 070100", /* shorter than a request */
      "05000083 10000000 2700 0000 05000000 00000000" CTX "0000 000102030405060708090a0b0c0d0e", /* than its object */
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    begin(F | L);
    server_send_raw(&R, bad[i]);
    server_over(&R);
  }
  end();
}

TEST("server: J5 surplus bytes behind the arguments are the manager's to ignore") {
  begin(F | L);
  request(F | L, 2, "01020304 00000000 8ae3137102f43671 0140040000000000");
  CHECK_EQ(R.last.len, 24);
  CHECK_EQ(R.broken, 0);
  end();
}

TEST("server: J6 multiplexed calls are answered in any order; #83") {
  begin(F | L | MPX);
  for (uint32_t id = 1; id <= 5; id++) request_held(id);
  server_alive(&R);
  CHECK_EQ(R.c.running, 5);
  static const int order[] = {3, 1, 5, 2, 4};
  for (int i = 0; i < 5; i++) {
    arpc__server_respond(&R.c, &R.calls[order[i]], "abcd", 4);
    server_expect(&R, ARPC__RESPONSE, 3, (uint32_t)order[i], "04000000 0700 0000 61626364");
  }
  CHECK_EQ(R.c.running, 0);
  server_alive(&R);
  end();
}

TEST("server: J7 a big-endian client gets full service, in little endian") {
  server_rig_init(&R, 5840);
  R.drep = 0;
  server_send(&R, ARPC__BIND, 0x13, 0x01020304,
              "16d0 16d0 00000000 01000000 0107 0100 afa8bd80 7d8a 11c9 bef408002b102989 00000001"
              "8a885d04 1ceb 11c9 9fe808002b104860 00000002");
  server_expect(&R, ARPC__BIND_ACK, 0x13, 0x01020304, "d016 d016 44332211 00000000" ONE ACCEPT);
  server_send(&R, ARPC__REQUEST, 0x83, 0x01020305,
              "00000004 0107 0005 00112233 4455 6677 8899aabbccddeeff 01020304");
  server_expect(&R, ARPC__RESPONSE, 3, 0x01020305, "04000000 0700 0000 01020304");
  CHECK_EQ(R.last.opnum, 5);
  CHECK(R.last.big_endian && R.last.has_object);
  CHECK_EQ(R.last.object.a, 0x00112233);
  CHECK_EQ(R.last.object.c, 0x6677);
  CHECK_EQ(R.last.object.d[0], 0x88);
  server_send(&R, ARPC__REQUEST, 1, 0x01020306, "00000004 0107 0005 01020304");
  server_send(&R, ARPC__REQUEST, 2, 0x01020306, "00000004 0107 0005 05060708");
  server_expect(&R, ARPC__RESPONSE, 3, 0x01020306, "08000000 0700 0000 0102030405060708");
  CHECK(R.last.big_endian && !R.last.has_object);
  server_send(&R, ARPC__CO_CANCEL, 3, 0x01020307, "");
  server_alive(&R);
  end();
}

/* ---- what is not in the table's rows ---- */

TEST("server: the object of the first fragment is the request's, each fragment says whether it has one") {
  begin(F | L);
  server_send(&R, ARPC__REQUEST, F | OBJECT, 2, "00000000" CTX "0000 00112233445566778899aabbccddeeff 0102");
  server_send(&R, ARPC__REQUEST, OBJECT, 2, "00000000 1111 1111 ffffffffffffffffffffffffffffffff 0304");
  server_send(&R, ARPC__REQUEST, L, 2, "00000000 1111 1111 0506");
  answered(2, "06000000", "010203040506");
  CHECK(R.last.has_object);
  CHECK_EQ(R.last.object.a, 0x33221100);
  CHECK_EQ(R.last.object.d[7], 0xff);
  CHECK_EQ(R.last.opnum, 0);
  end();
}

TEST("server: nothing is said to a maybe call, be it answered, faulted, refused or unknown") {
  begin(F | L);
  request(F | L | MAYBE, 2, "0102");
  server_send(&R, ARPC__REQUEST, F | L | MAYBE, 3, "00000000" CTX "ffff");
  server_send(&R, ARPC__REQUEST, F | L | MAYBE, 4, "00000000 6f00 0000");
  server_send(&R, ARPC__REQUEST, F | L | MAYBE, 5, "00000000" CTX "3200");
  server_alive(&R);
  CHECK_EQ(R.requests, 3);
  CHECK(R.last.maybe);
  request(F | L, 6, "0102"); /* nobody waits for 5 */
  answered(6, "02000000", "0102");
  arpc__server_fault(&R.c, &R.calls[1], 1726, 0);
  server_alive(&R);
  CHECK_EQ(R.c.running, 0);
  end();
}

TEST("server: #85 without multiplexing agreed at bind a second call is refused while one runs") {
  begin(F | L);
  request_held(2);
  request(F | L, 3, "");
  over_by(0, 3, 0, PROTO);
  arpc__server_respond(&R.c, &R.calls[1], "x", 1);
  server_over(&R);
  end();
}

TEST("server: a call is over once: a second end says nothing") {
  begin(F | L | MPX);
  request_held(2);
  arpc__server_drop(&R.c, &R.calls[1]);
  arpc__server_respond(&R.c, &R.calls[1], "x", 1);
  arpc__server_fault(&R.c, &R.calls[1], 5, 0);
  server_alive(&R);
  CHECK_EQ(R.c.running, 0);
  end();
}

TEST("server: midway is a begun PDU or an open request") {
  uint8_t pdu[64];
  begin(F | L);
  CHECK(!arpc__server_midway(&R.c));
  size_t len = make_pdu(pdu, sizeof pdu, 0x10, ARPC__REQUEST, F, 2, "00000000" CTX "0000 0102");
  server_feed(&R, pdu, 5);
  CHECK(arpc__server_midway(&R.c));
  server_feed(&R, pdu + 5, len - 5);
  CHECK(arpc__server_midway(&R.c));
  request(L, 2, "");
  CHECK(!arpc__server_midway(&R.c));
  end();
}
