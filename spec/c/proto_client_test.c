/* The client machine: calls, answers, faults, giving up, call ids. */
#include "proto_rig.h"

static client_rig R;
static arpc__client_call calls[40];

enum { F = 1, L = 2, MPX = 0x10 };

static const arpc__client_options plain = {.max_fragment = 5840, .max_response = 100, .transfer = ARPC_NDR20};

/* Bound, multiplexed or not, with nothing left to say. */
static void begin(int flags) {
  client_rig_free(&R);
  memset(calls, 0, sizeof calls);
  client_rig_init(&R, NULL);
  client_bind(&R, flags);
}

static void issue(int i, const char *stub) {
  CHECK_EQ(arpc__client_request(&R.c, &calls[i], R.context, 7, NULL, stub, strlen(stub)), 0);
}

static void end(void) {
  client_rig_free(&R);
}

/* ---- answers ---- */

#define RESPONSE_HEAD "00000000 0000 0000"

TEST("client: an answer of one fragment is delivered where it lies") {
  begin(0x13);
  issue(0, "abcd");
  client_said(&R, ARPC__REQUEST, 3, 2, "04000000 0000 0700 61626364");
  CHECK_EQ(calls[0].call_id, 2);
  uint8_t pdu[64];
  size_t len = make_pdu(pdu, sizeof pdu, 0x10, ARPC__RESPONSE, 3, 2, "efbeadde ff00 0700 01020304");
  CHECK_EQ(client_feed(&R, pdu, len), ARPC__C_RESPONSE);
  CHECK(R.last.call == &calls[0]);
  CHECK(R.last.stub == pdu + 24);
  CHECK_EQ(R.last.len, 4);
  CHECK(!R.last.big_endian);
  CHECK_EQ(calls[0].call_id, 0);
  CHECK(calls[0].answer == NULL);
  CHECK(arpc__client_idle(&R.c));
  CHECK_EQ(client_next(&R), ARPC__C_NONE);
  end();
}

TEST("client: an object goes with the request") {
  arpc_uuid u = {0x00112233, 0x4455, 0x6677, {0x88}};
  begin(0x13);
  CHECK_EQ(arpc__client_request(&R.c, &calls[0], R.context, 7, &u, "ab", 2), 0);
  client_said(&R, ARPC__REQUEST, 0x83, 2, "02000000 0000 0700 33221100 5544 7766 8800000000000000 6162");
  end();
}

TEST("client: fragments of two answers interleave") {
  begin(0x13);
  issue(0, "");
  issue(1, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 3, RESPONSE_HEAD "6161"), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, RESPONSE_HEAD "6262"), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 0, 3, RESPONSE_HEAD "6363"), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 0, 2, RESPONSE_HEAD ""), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, 3, RESPONSE_HEAD "6464"), ARPC__C_RESPONSE);
  CHECK(R.last.call == &calls[1]);
  CHECK_BYTES(R.last.stub, R.last.len, "aaccdd", 6);
  CHECK(calls[1].answer && R.last.stub == calls[1].answer->data);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, 2, RESPONSE_HEAD "6565"), ARPC__C_RESPONSE);
  CHECK(R.last.call == &calls[0]);
  CHECK_BYTES(R.last.stub, R.last.len, "bbee", 4);
  arpc__client_free_answer(&calls[0]);
  arpc__client_free_answer(&calls[1]);
  end();
}

TEST("client: an answer without FIRST, and one with FIRST twice") {
  static const int bad[][2] = {{L, 0}, {0, 0}, {F, F}, {F, F | L}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    begin(0x13);
    issue(0, "");
    int kind = (int)client_receive(&R, ARPC__RESPONSE, bad[i][0], 2, RESPONSE_HEAD "61");
    if (bad[i][1]) {
      CHECK_EQ(kind, ARPC__C_NONE);
      kind = (int)client_receive(&R, ARPC__RESPONSE, bad[i][1], 2, RESPONSE_HEAD "61");
    }
    CHECK_EQ(kind, ARPC__C_BROKEN);
    CHECK_EQ(R.last.status, 1728);
    arpc__client_forget(&R.c, &calls[0]);
    CHECK(calls[0].answer == NULL && calls[0].call_id == 0);
  }
  end();
}

TEST("client: the byte order changes in an answer") {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, RESPONSE_HEAD "61"), ARPC__C_NONE);
  uint8_t pdu[64];
  CHECK_EQ(client_feed(&R, pdu, make_pdu(pdu, sizeof pdu, 0, ARPC__RESPONSE, L, 2, RESPONSE_HEAD "61")), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: answers over the limit, in one fragment or in several") {
  char body[512] = RESPONSE_HEAD;
  for (int i = 0; i < 60; i++) strcat(body, "61");
  client_rig_init(&R, &plain);
  client_bind(&R, 3);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, body), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, 2, body), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 14);
  client_rig_free(&R);
  client_rig_init(&R, &plain);
  R.c.options.max_response = 60;
  client_bind(&R, 3);
  calls[0] = (arpc__client_call){0};
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F | L, 2, body), ARPC__C_RESPONSE);
  client_rig_free(&R);
  client_rig_init(&R, &plain);
  R.c.options.max_response = 59;
  client_bind(&R, 3);
  calls[0] = (arpc__client_call){0};
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F | L, 2, body), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 14);
  end();
}

TEST("client: fragments without bytes are legal, but not for ever") {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, RESPONSE_HEAD), ARPC__C_NONE);
  for (int i = 0; i < 1000; i++) CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 0, 2, RESPONSE_HEAD), ARPC__C_NONE);
  for (int i = 0; i < 100 && !R.c.broken; i++) client_receive(&R, ARPC__RESPONSE, 0, 2, RESPONSE_HEAD);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: a fragment longer than we offered, and a response shorter than its header") {
  static uint8_t pdu[6000];
  begin(0x13);
  issue(0, "");
  make_pdu(pdu, sizeof pdu, 0x10, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD);
  arpc__store16(pdu + 8, 5840);
  CHECK_EQ(client_feed(&R, pdu, 5840), ARPC__C_RESPONSE);
  issue(0, "");
  arpc__store16(pdu + 8, 5841);
  arpc__store32(pdu + 12, 3);
  CHECK_EQ(client_feed(&R, pdu, 5841), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  begin(0x13);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, "00000000 000000"), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: a trailer on an answer nobody agreed to sign") {
  begin(0x13);
  issue(0, "");
  uint8_t pdu[64];
  size_t len = from_hex(pdu, sizeof pdu, "05000203 10000000 2800 0400 02000000" RESPONSE_HEAD "01020304 0a050000 00000000");
  arpc__store16(pdu + 8, (uint16_t)len);
  CHECK_EQ(client_feed(&R, pdu, len), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: answers to nobody are dropped") {
  begin(0x13);
  issue(0, "");
  static const uint32_t ids[] = {0, 1, 3, 0x80000000, 0xffffffff};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, ids[i], RESPONSE_HEAD "61"), ARPC__C_NONE);
    CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, ids[i], RESPONSE_HEAD "61"), ARPC__C_NONE);
    CHECK_EQ(client_receive(&R, ARPC__FAULT, 3, ids[i], "18000000 0000 0000 05000000 00000000"), ARPC__C_NONE);
  }
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD "61"), ARPC__C_RESPONSE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD "61"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 0);
  end();
}

/* ---- faults ---- */

static void faulted(int flags, const char *body, uint32_t status) {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__FAULT, flags, 2, body), ARPC__C_FAULT);
  CHECK(R.last.call == &calls[0]);
  CHECK_EQ(R.last.status, status);
  CHECK_EQ(R.last.flags, flags);
  CHECK(arpc__client_idle(&R.c) && !R.c.broken);
  CHECK_EQ(calls[0].call_id, 0);
}

TEST("client: a fault ends its call, in any of the shapes that are about") {
  faulted(3, "18000000 0000 0000 02000100 00000000", 0x00010002);
  faulted(0x23, "18000000 0000 0000 0200011c 00000000", 0x1c010002);
  faulted(3, "00000000 0000 4d00 e4060000", 0x6e4);                            /* 28 bytes */
  faulted(3, "ffffffff 0000 0000 e4060000 0000", 0x6e4);
  faulted(3, "04000000 0000 0100 00000000 00000000 0d00001c", 0x1c00000d);      /* the code in the stub */
  faulted(3, "04000000 0000 0100 00000000 00000000 0d00", 0); /* which decodes to 1728 */
  faulted(3, "00000000 0000 0000 00000000", 0);
  faulted(3, "04000000 0000 0100 05000000 00000000 0d00001c", 5);
  CHECK_EQ(R.last.len, 4);
  end();
}

TEST("client: a fault shorter than its status") {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__FAULT, 3, 2, "18000000 0000 0000 020001"), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: a fault after fragments of an answer throws them away") {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, RESPONSE_HEAD "6161"), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__FAULT, 3, 2, "18000000 0000 0000 05000000 00000000"), ARPC__C_FAULT);
  CHECK(calls[0].answer == NULL);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, 2, RESPONSE_HEAD "6161"), ARPC__C_NONE);
  end();
}

TEST("client: a fault may carry a trailer") {
  begin(0x13);
  issue(0, "");
  uint8_t pdu[64];
  size_t len = from_hex(pdu, sizeof pdu, "05000303 10000000 2c00 0400 02000000 18000000 0000 0000 05000000 00000000 0a050000 00000000 11111111");
  CHECK_EQ(len, 44);
  CHECK_EQ(client_feed(&R, pdu, len), ARPC__C_FAULT);
  CHECK_EQ(R.last.status, 5);
  end();
}

TEST("client: faults and answers in big endian") {
  uint8_t pdu[64];
  begin(0x13);
  issue(0, "");
  issue(1, "");
  CHECK_EQ(client_feed(&R, pdu, make_pdu(pdu, sizeof pdu, 0, ARPC__FAULT, 0x23, 2, "00000018 0000 0000 1c010002 00000000")), ARPC__C_FAULT);
  CHECK_EQ(R.last.status, 0x1c010002);
  CHECK_EQ(client_feed(&R, pdu, make_pdu(pdu, sizeof pdu, 0, ARPC__RESPONSE, 3, 3, "00000004 0000 0000 01020304")), ARPC__C_RESPONSE);
  CHECK(R.last.big_endian);
  CHECK_EQ(R.last.len, 4);
  end();
}

/* ---- giving up ---- */

TEST("client: late answers are drained and counted, whole, in fragments, or faults") {
  begin(0x13);
  for (int i = 0; i < 4; i++) issue(i, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 3, RESPONSE_HEAD "6161"), ARPC__C_NONE);
  for (int i = 0; i < 3; i++) arpc__client_forget(&R.c, &calls[i]);
  CHECK(calls[1].answer == NULL);
  memset(calls, 0xee, 3 * sizeof *calls); /* the machine does not look at them any more */
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD "61"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 1);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 0, 3, RESPONSE_HEAD "61"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 1);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, L, 3, RESPONSE_HEAD "61"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 2);
  CHECK_EQ(client_receive(&R, ARPC__FAULT, 3, 4, "18000000 0000 0000 0d00001c 00000000"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 3);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 4, RESPONSE_HEAD "61"), ARPC__C_NONE);
  CHECK_EQ(R.c.late, 3);
  CHECK_EQ(R.c.calls.used, 1);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 5, RESPONSE_HEAD "61"), ARPC__C_RESPONSE);
  CHECK(R.last.call == &calls[3]);
  end();
}

TEST("client: cancel and orphan say so, and only while the call is out") {
  begin(0x13);
  issue(0, "");
  arpc__buf_clear(&R.c.out);
  arpc__client_cancel(&R.c, &calls[0]);
  client_said(&R, ARPC__CO_CANCEL, 3, 2, "");
  arpc__client_orphan(&R.c, &calls[0]);
  client_said(&R, ARPC__ORPHANED, 3, 2, "");
  arpc__client_forget(&R.c, &calls[0]);
  arpc__client_forget(&R.c, &calls[0]);
  arpc__client_cancel(&R.c, &calls[0]);
  arpc__client_orphan(&R.c, &calls[0]);
  CHECK_EQ(arpc__buf_unread(&R.c.out), 0);
  CHECK(!arpc__client_idle(&R.c));
  end();
}

TEST("client: the end of a machine lets its calls go") {
  begin(0x13);
  issue(0, "");
  issue(1, "");
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, F, 2, RESPONSE_HEAD "6161"), ARPC__C_NONE);
  arpc__client_forget(&R.c, &calls[1]);
  end();
  CHECK_EQ(calls[0].call_id, 0);
  CHECK(calls[0].answer == NULL);
}

TEST("client: a shutdown is told once; calls that are out are still answered") {
  begin(0x13);
  issue(0, "");
  CHECK_EQ(client_receive(&R, ARPC__SHUTDOWN, 3, 0, ""), ARPC__C_SHUTDOWN);
  CHECK(R.c.shutdown && !R.c.broken);
  CHECK_EQ(client_next(&R), ARPC__C_NONE);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD "61"), ARPC__C_RESPONSE);
  end();
}

TEST("client: bytes that are no PDU, and headers nobody sends") {
  static const char *const bad[] = {"05000203 10000000 0f00 0000 02000000", "05010203 10000000 1800 0000 02000000" RESPONSE_HEAD,
                                    "04000203 10000000 1800 0000 02000000" RESPONSE_HEAD, "05000203 10010000 1800 0000 02000000" RESPONSE_HEAD,
                                    "485454502f312e3120343030"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t b[9000] = {0};
    begin(0x13);
    issue(0, "");
    size_t len = from_hex(b, sizeof b, bad[i]);
    CHECK_EQ(client_feed(&R, b, i == 4 ? sizeof b : len), ARPC__C_BROKEN);
    CHECK_EQ(R.last.status, 1728);
    CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), 1727);
    arpc__client_context *x = NULL;
    CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &x), 1727);
  }
  end();
}

/* ---- multiplexing and call ids ---- */

TEST("client: #85 calls are multiplexed only if both ends agreed at bind, else one at a time") {
  static const struct {
    uint8_t asked;
    int flags, agreed;
  } ways[] = {{1, 0x13, 1}, {1, 0x03, 0}, {0, 0x13, 0}, {0, 0x03, 0}};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    arpc__client_options o = plain;
    o.multiplex = ways[i].asked;
    client_rig_free(&R);
    memset(calls, 0, sizeof calls);
    client_rig_init(&R, &o);
    CHECK_EQ(arpc__client_present(&R.c, &spec_echo, &R.context), 0);
    CHECK_EQ(R.c.out.data[3], 3 | (o.multiplex ? MPX : 0));
    arpc__buf_clear(&R.c.out);
    CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, ways[i].flags, 1, "d016 d016 01000000 0000 0000" ONE ACCEPT), ARPC__C_BOUND);
    CHECK_EQ(R.c.multiplex != 0, ways[i].agreed);
    issue(0, "");
    CHECK(!arpc__client_idle(&R.c));
    CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), ways[i].agreed ? 0 : 1791);
    if (ways[i].agreed) continue;
    arpc__client_forget(&R.c, &calls[0]); /* given up, but not answered yet */
    CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), 1791);
    CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 2, RESPONSE_HEAD), ARPC__C_NONE);
    CHECK(arpc__client_idle(&R.c));
    CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), 0);
  }
  end();
}

TEST("client: #86 call ids ascend, over questions and calls, and are not used twice") {
  begin(0x13);
  uint32_t last = 1;
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 3; i++) {
      issue(i, "");
      CHECK(calls[i].call_id > last);
      last = calls[i].call_id;
    }
    arpc__client_forget(&R.c, &calls[0]);
    CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, last - 1, RESPONSE_HEAD), ARPC__C_RESPONSE);
    if (round & 1) client_receive(&R, ARPC__RESPONSE, 3, last - 2, RESPONSE_HEAD);
    arpc__client_forget(&R.c, &calls[2]);
  }
  end();
}

TEST("client: #86 call ids never wrap: the last one is the end") {
  begin(0x13);
  R.c.next_call_id = 0x7ffffffe;
  issue(0, "");
  CHECK_EQ(calls[0].call_id, 0x7ffffffe);
  CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), 1721);
  arpc__client_context *x = NULL;
  CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &x), 1721);
  CHECK_EQ(client_receive(&R, ARPC__RESPONSE, 3, 0x7ffffffe, RESPONSE_HEAD), ARPC__C_RESPONSE);
  CHECK_EQ(arpc__client_request(&R.c, &calls[1], R.context, 0, NULL, "", 0), 1721);
  CHECK_EQ(R.c.next_call_id, 0x7fffffff);
  end();
}

TEST("client: a request without memory is as if it had not been") {
  static uint8_t stub[4096];
  begin(0x13);
  arpc__buf_free(&R.c.out);
  R.c.out.max = 1000;
  CHECK_EQ(arpc__client_request(&R.c, &calls[0], R.context, 0, NULL, stub, sizeof stub), 14);
  CHECK(arpc__client_idle(&R.c));
  issue(1, "");
  CHECK_EQ(calls[1].call_id, 2);
  end();
}
