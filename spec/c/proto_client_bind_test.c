/* The client machine asking for interfaces, and its reactions to the answers. */
#include "proto_rig.h"

static client_rig R;
static arpc__client_call calls[1];

static const arpc__client_options plain = {.max_fragment = 5840, .max_response = 100, .transfer = ARPC_NDR20};

/* Bound, multiplexed or not, with nothing left to say. */
static void begin(int flags) {
  client_rig_free(&R);
  client_rig_init(&R, NULL);
  client_bind(&R, flags);
}

static void begin_asking(const arpc__client_options *options) {
  client_rig_free(&R);
  client_rig_init(&R, options);
  CHECK_EQ(arpc__client_present(&R.c, &spec_echo, &R.context), 0);
  arpc__buf_clear(&R.c.out);
}

static void end(void) {
  client_rig_free(&R);
}

TEST("client: the first question is a bind: an element for each syntax, one for features") {
  client_rig_init(&R, NULL);
  CHECK_EQ(arpc__client_present(&R.c, &spec_echo, &R.context), 0);
  client_said(&R, ARPC__BIND, 0x13, 1,
              "d016 d016 00000000" THREE "0000 0100" ECHO NDR20 "0100 0100" ECHO NDR64 "0200 0100" ECHO BTFN("03"));
  CHECK_EQ(R.context->state, ARPC__ASKED);
  CHECK_EQ(arpc__client_request(&R.c, &calls[0], R.context, 0, NULL, "", 0), 87);
  arpc__client_context *other = NULL, *same = NULL;
  CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &other), 997);
  CHECK_EQ(arpc__client_present(&R.c, &spec_echo, &same), 0);
  CHECK(same == R.context);
  CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, 0x13, 1,
                          "a00f a00f 44332211 0600 343931353200" THREE ACCEPT NO_TRANSFER "0300 0200" ZERO), ARPC__C_BOUND);
  CHECK(R.last.context == R.context);
  CHECK_EQ(R.context->state, ARPC__ACCEPTED);
  CHECK_EQ(R.context->transfer, ARPC_NDR20);
  CHECK_EQ(R.context->id, 0);
  CHECK_EQ(R.c.group, 0x11223344);
  CHECK_EQ(R.c.max_xmit, 4000);
  CHECK_EQ(R.c.features, 2);
  CHECK(R.c.multiplex && R.c.bound && !R.c.asking);
  end();
}

TEST("client: further interfaces are asked for by alter_context, without features, under new ids") {
  begin(0x13);
  arpc__client_context *mgmt = NULL, *none = NULL;
  CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &mgmt), 0);
  client_said(&R, ARPC__ALTER, 0x13, 2, "d016 d016 44332211" TWO "0300 0100" MGMT NDR20 "0400 0100" MGMT NDR64);
  CHECK_EQ(arpc__client_present(&R.c, &arpc__ndr20, &none), 997);
  CHECK_EQ(client_receive(&R, ARPC__ALTER_RESP, 3, 2, "0000 0000 00000000 0000 0000" TWO NO_TRANSFER ACCEPT64), ARPC__C_BOUND);
  CHECK(R.last.context == mgmt);
  CHECK_EQ(mgmt->id, 4);
  CHECK_EQ(mgmt->transfer, ARPC_NDR64);
  CHECK_EQ(R.c.group, 0x11223344);
  CHECK_EQ(arpc__client_request(&R.c, &calls[0], mgmt, 1, NULL, "", 0), 0);
  client_said(&R, ARPC__REQUEST, 3, 3, "00000000 0400 0100");
  end();
}

TEST("client: a group is joined") {
  arpc__client_options o = plain;
  o.group = 0x55667788;
  client_rig_init(&R, &o);
  CHECK_EQ(arpc__client_present(&R.c, &spec_echo, &R.context), 0);
  client_said(&R, ARPC__BIND, 3, 1, "d016 d016 88776655" ONE "0000 0100" ECHO NDR20);
  end();
}

TEST("client: 64 interfaces and no more, and what they point to stays") {
  begin(0x13);
  arpc__client_context *first = R.context, *x = NULL;
  arpc_syntax s = spec_mgmt;
  for (int i = 1; i < 64; i++) {
    s.minor = (uint16_t)i;
    CHECK_EQ(arpc__client_present(&R.c, &s, &x), 0);
    CHECK_EQ(client_receive(&R, ARPC__ALTER_RESP, 3, R.c.asking, "d016 d016 00000000 0000 0000" TWO ACCEPT NO_TRANSFER), ARPC__C_BOUND);
    CHECK(x->id < 256);
  }
  s.minor = 64;
  CHECK_EQ(arpc__client_present(&R.c, &s, &x), 1721);
  CHECK_EQ(first->id, 0);
  CHECK(arpc__uuid_equal(&first->abstract.uuid, &spec_echo.uuid));
  end();
}

static const struct {
  int reason;
  arpc_status status;
} naks[] = {{0, 1727}, {1, 1723}, {2, 1723}, {3, 1727}, {4, 1728}, {8, 1747}, {9, 5}, {300, 1727}};

TEST("client: bind_nak and its reasons") {
  for (size_t i = 0; i < sizeof naks / sizeof *naks; i++) {
    char body[32];
    begin_asking(NULL);
    snprintf(body, sizeof body, "%02x%02x 010500 000000", naks[i].reason & 255, naks[i].reason >> 8);
    CHECK_EQ(client_receive(&R, ARPC__BIND_NAK, 3, 1, body), ARPC__C_BROKEN);
    CHECK_EQ(R.last.status, naks[i].status);
    CHECK_EQ(R.last.reject, naks[i].reason < 255 ? naks[i].reason + 1 : 255);
    CHECK(R.c.broken);
    CHECK_EQ(client_next(&R), ARPC__C_NONE);
    CHECK_EQ(client_receive(&R, ARPC__SHUTDOWN, 3, 0, ""), ARPC__C_NONE);
  }
  end();
}

TEST("client: rejected elements and what they mean; the connection stays") {
  static const struct {
    const char *results;
    arpc_status status;
  } rejected[] = {
      {TWO NO_ABSTRACT NO_ABSTRACT, 1717}, {TWO NO_TRANSFER NO_TRANSFER, 1730}, {TWO NO_ROOM NO_ROOM, 1723},
      {TWO NO_TRANSFER NO_ABSTRACT, 1717}, {TWO NO_ABSTRACT NO_ROOM, 1717},     {TWO NO_TRANSFER NO_ROOM, 1723},
      {TWO "0100 0000" ZERO NO_TRANSFER, 1717},
  };
  for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++) {
    arpc__client_options o = plain;
    char body[256];
    o.transfer = 3;
    begin_asking(&o);
    snprintf(body, sizeof body, "d016 d016 01000000 0000 0000 %s", rejected[i].results);
    CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, 3, 1, body), ARPC__C_BOUND);
    CHECK_EQ(R.context->state, ARPC__REFUSED);
    CHECK_EQ(R.context->error, rejected[i].status);
    CHECK(R.c.bound && !R.c.broken);
    CHECK_EQ(arpc__client_request(&R.c, &calls[0], R.context, 0, NULL, "", 0), 87);
    arpc__client_context *mgmt = NULL;
    CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &mgmt), 0);
    client_said(&R, ARPC__ALTER, 3, 2, "d016 d016 01000000" TWO "0200 0100" MGMT NDR20 "0300 0100" MGMT NDR64);
  }
  end();
}

TEST("client: an acceptance of one element takes the rejection of the other back") {
  arpc__client_options o = plain;
  o.transfer = 3;
  begin_asking(&o);
  CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, 3, 1, "d016 d016 01000000 0000 0000" TWO NO_TRANSFER ACCEPT64), ARPC__C_BOUND);
  CHECK_EQ(R.context->state, ARPC__ACCEPTED);
  CHECK_EQ(R.context->error, 0);
  CHECK_EQ(R.context->id, 1);
  end();
}

#define GOOD_RESULTS THREE ACCEPT NO_TRANSFER "0300 0300" ZERO

TEST("client: a bind_ack that does not fit the bind") {
  static const struct {
    int type, call_id;
    const char *body;
  } bad[] = {
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" TWO ACCEPT NO_TRANSFER},                         /* too few */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000 04000000" ACCEPT NO_TRANSFER NO_TRANSFER NO_TRANSFER},
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE ACCEPT NO_TRANSFER},                       /* cut off */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE ACCEPT ACCEPT64 NO_TRANSFER},              /* two */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE ACCEPT64 NO_TRANSFER NO_TRANSFER},         /* not offered there */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE "0000 0000" EPM NO_TRANSFER NO_TRANSFER},  /* nor anywhere */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE ACCEPT NO_TRANSFER "0000 0000" BTFN("03")}, /* no interface */
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 0000 0000" THREE "0300 0300" ZERO NO_TRANSFER NO_TRANSFER}, /* no question */
      {ARPC__BIND_ACK, 1, "9705 d016 01000000 0000 0000" GOOD_RESULTS},                                   /* 1431 */
      {ARPC__BIND_ACK, 1, "d016 9705 01000000 0000 0000" GOOD_RESULTS},
      {ARPC__BIND_ACK, 1, "d016 d016 01000000 ffff 0000" GOOD_RESULTS}, /* its address is longer than it */
      {ARPC__BIND_ACK, 1, ""},
      {ARPC__BIND_ACK, 2, "d016 d016 01000000 0000 0000" GOOD_RESULTS}, /* of another question */
      {ARPC__ALTER_RESP, 1, "d016 d016 01000000 0000 0000" GOOD_RESULTS},
      {ARPC__BIND_NAK, 1, "00"},
      {ARPC__REQUEST, 1, "00000000 0000 0000"},
      {ARPC__BIND, 1, "d016 d016 00000000 00000000"},
      {ARPC__AUTH3, 1, "00000000"},
      {7, 1, ""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    begin_asking(NULL);
    CHECK_EQ(client_receive(&R, bad[i].type, 3, (uint32_t)bad[i].call_id, bad[i].body), ARPC__C_BROKEN);
    CHECK_EQ(R.last.status, 1728);
    CHECK_EQ(R.last.reject, 0);
    CHECK_EQ(client_next(&R), ARPC__C_NONE);
  }
  end();
}

TEST("client: addresses of any length, fragments of 1432, features refused") {
  static const struct {
    const char *body;
    uint16_t max_xmit;
    uint8_t features;
  } good[] = {
      {"9805 9805 01000000 0000 0000" GOOD_RESULTS, 1432, 3},
      {"ffff ffff 01000000 0100 00 00" GOOD_RESULTS, 5840, 3},
      {"ffff ffff 01000000 0500 31323334 35 00" GOOD_RESULTS, 5840, 3}, /* no NUL */
      {"d016 d016 01000000 0200 0000" THREE ACCEPT NO_TRANSFER NO_TRANSFER, 5840, 0},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    begin_asking(NULL);
    CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, 3, 1, good[i].body), ARPC__C_BOUND);
    CHECK_EQ(R.c.max_xmit, good[i].max_xmit);
    CHECK_EQ(R.c.features, good[i].features);
  }
  end();
}

TEST("client: a second bind_ack, or a bind_nak after the first") {
  begin(3);
  CHECK_EQ(client_receive(&R, ARPC__BIND_ACK, 3, 1, "d016 d016 01000000 0000 0000" GOOD_RESULTS), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  begin(3);
  CHECK_EQ(client_receive(&R, ARPC__BIND_NAK, 3, 1, "0000 010500 000000"), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  end();
}

TEST("client: a question that is answered with a fault") {
  begin_asking(NULL);
  CHECK_EQ(client_receive(&R, ARPC__FAULT, 3, 1, "18000000 0000 0000 0b00011c 00000000"), ARPC__C_BROKEN);
  CHECK_EQ(R.last.status, 1728);
  begin(0x13);
  arpc__client_context *mgmt = NULL;
  CHECK_EQ(arpc__client_present(&R.c, &spec_mgmt, &mgmt), 0);
  CHECK_EQ(client_receive(&R, ARPC__FAULT, 0x23, 2, "18000000 0000 0000 05000000 00000000"), ARPC__C_BOUND);
  CHECK(R.last.context == mgmt);
  CHECK_EQ(mgmt->state, ARPC__REFUSED);
  CHECK_EQ(mgmt->error, 5);
  CHECK(!R.c.broken && !R.c.asking);
  end();
}

TEST("client: a bind_ack in big endian") {
  uint8_t pdu[256];
  begin_asking(NULL);
  size_t len = make_pdu(pdu, sizeof pdu, 0, ARPC__BIND_ACK, 0x13, 1,
                        "16d0 16d0 11223344 0006 343931353200 03000000 0000 0000 8a885d04 1ceb 11c9 9fe808002b104860 00000002"
                        "0002 0002" ZERO "0003 0003" ZERO);
  CHECK_EQ(client_feed(&R, pdu, len), ARPC__C_BOUND);
  CHECK_EQ(R.context->state, ARPC__ACCEPTED);
  CHECK_EQ(R.c.group, 0x11223344);
  CHECK_EQ(R.c.features, 3);
  end();
}
