/* bind and alter_context as the server machine answers them: rows A, B, C and I. */
#include "proto_rig.h"

static server_rig R;

static void fresh(void) {
  server_rig_free(&R);
  server_rig_init(&R, 5840);
}

static void bind_with(int flags, const char *elements) {
  char body[4096];
  snprintf(body, sizeof body, "%s%s", SIZES, elements);
  server_send(&R, ARPC__BIND, flags, 0, body);
}

static void alter_with(int flags, uint32_t call_id, const char *elements) {
  char body[4096];
  snprintf(body, sizeof body, "%s%s", SIZES, elements);
  server_send(&R, ARPC__ALTER, flags, call_id, body);
}

#define ACK_HEAD "d016 d016 44332211 0000 0000"
#define acked(flags, results) server_expect(&R, ARPC__BIND_ACK, flags, 0, ACK_HEAD results)
#define altered(flags, call_id, results) server_expect(&R, ARPC__ALTER_RESP, flags, call_id, ACK_HEAD results)

/* An opnum nobody has, on a context: known contexts say so. */
static void context_lives(uint16_t id) {
  char body[32];
  snprintf(body, sizeof body, "00000000 %02x%02x ffff", id & 255, id >> 8);
  server_send(&R, ARPC__REQUEST, 3, 77, body);
  server_fault(&R, 0x20, 77, id, 0x1c010002);
  server_alive(&R);
}

static void answers_on(uint16_t id) {
  char body[64];
  snprintf(body, sizeof body, "04000000 %02x%02x 0000 01020304", id & 255, id >> 8);
  server_send(&R, ARPC__REQUEST, 3, 78, body);
  snprintf(body, sizeof body, "04000000 %02x00 0000 01020304", id & 255);
  server_expect(&R, ARPC__RESPONSE, 3, 78, body);
  server_alive(&R);
}

/* ---- A ---- */

#define MGMT1 ONE "0100 0100" MGMT NDR20 /* one element, id 1 */

TEST("server: A1 a bind, then a request on its context") {
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  CHECK_EQ(R.bound, 1);
  answers_on(1);
  server_rig_free(&R);
}

static const struct {
  int asked, echoed;
} flag_sets[] = {{0, 0},       {1, 0},       {2, 0},       {3, 0},          {0x0b, 0},      {0x23, 0},
                 {0x43, 0},    {0x83, 0},    {0x07, 0x04}, {0x13, 0x10},    {0xff, 0x14}};

TEST("server: A2 A3 A4 A5 flags of a bind, and what of them is echoed") {
  for (size_t i = 0; i < sizeof flag_sets / sizeof *flag_sets; i++) {
    fresh();
    bind_with(flag_sets[i].asked, MGMT1);
    acked(3 | flag_sets[i].echoed, ONE ACCEPT);
    CHECK_EQ(R.c.multiplex, flag_sets[i].echoed >> 4);
    answers_on(1);
  }
  server_rig_free(&R);
}

TEST("server: A6 flags of an alter_context: multiplexing is echoed where the bind agreed to it") {
  for (size_t i = 0; i < sizeof flag_sets / sizeof *flag_sets; i++) {
    for (int multiplex = 0; multiplex <= 0x10; multiplex += 0x10) {
      fresh();
      bind_with(3 | multiplex, MGMT1);
      acked(3 | multiplex, ONE ACCEPT);
      alter_with(flag_sets[i].asked, 1, ONE "0200 0100" MGMT NDR20);
      altered(3 | (flag_sets[i].echoed & (0x04 | multiplex)), 1, ONE ACCEPT);
      CHECK_EQ(R.c.multiplex, multiplex != 0);
      answers_on(1);
      answers_on(2);
    }
  }
  server_rig_free(&R);
}

TEST("server: A7 a bind without contexts") {
  fresh();
  bind_with(3, "00000000");
  server_nak(&R, 0, 0);
  fresh();
  bind_with(3, "00");
  server_nak(&R, 0, 0);
  server_rig_free(&R);
}

TEST("server: A8 a bind without contexts, with a trailer that is not there") {
  fresh();
  server_send_raw(&R, "05000b03 10000000 1c00 0800 00000000" SIZES "00000000");
  server_nak(&R, 0, 4);
  fresh();
  server_send_raw(&R, "05000b03 10000000 1900 0800 00000000" SIZES "00");
  server_nak(&R, 0, 4);
  server_rig_free(&R);
}

TEST("server: A9 a second bind") {
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  bind_with(3, MGMT1);
  server_nak(&R, 0, 0);
  server_rig_free(&R);
}

TEST("server: A10 no second chance after a useless bind") {
  fresh();
  bind_with(3, "00000000");
  server_nak(&R, 0, 0);
  bind_with(3, MGMT1);
  server_over(&R);
  CHECK_EQ(R.bound, 0);
  server_rig_free(&R);
}

TEST("server: A11 an alter_context without contexts") {
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  alter_with(3, 9, "00000000");
  server_fault(&R, 0x20, 9, 0, 0x1c01000b);
  server_over(&R);
  server_rig_free(&R);
}

static void granted(uint16_t max, unsigned xmit, unsigned recv, unsigned want) {
  char body[256], ack[256];
  server_rig_init(&R, max);
  snprintf(body, sizeof body, "%04x %04x 00000000 " MGMT1, __builtin_bswap16((uint16_t)xmit), __builtin_bswap16((uint16_t)recv));
  snprintf(ack, sizeof ack, "%04x %04x 44332211 00000000" ONE ACCEPT, __builtin_bswap16((uint16_t)want), __builtin_bswap16((uint16_t)want));
  server_send(&R, ARPC__BIND, 3, 0, body);
  server_expect(&R, ARPC__BIND_ACK, 3, 0, ack);
  CHECK_EQ(R.c.max_xmit, want);
  CHECK_EQ(R.c.max_recv, want > 5840 ? want : 5840);
  server_rig_free(&R);
}

TEST("server: A12 fragment sizes asked for and granted") {
  granted(5840, 0xffff, 0xffff, 5840);
  granted(5840, 0, 0xffff, 2048);
  granted(5840, 0xffff, 0, 2048);
  granted(5840, 0, 0, 2048);
  granted(5840, 3199, 0, 2048);
  granted(5840, 0, 3199, 2048);
  granted(5840, 3199, 0xffff, 3192);
  granted(5840, 0xffff, 3199, 3192);
  granted(65528, 0xffff, 0xffff, 65528);
  granted(65528, 65528, 32000, 32000);
  granted(65528, 5840, 5840, 5840);
}

/* ---- B ---- */

TEST("server: B1 a list of a syntax nobody knows and NDR20, twice") {
  fresh();
  bind_with(3, ONE "0100 0200" MGMT ZERO NDR20);
  acked(3, ONE ACCEPT);
  alter_with(3, 1, ONE "0100 0200" MGMT ZERO NDR20);
  altered(3, 1, ONE ACCEPT);
  CHECK_EQ(R.c.ncontexts, 1);
  context_lives(1);
  server_rig_free(&R);
}

TEST("server: B2 an unknown interface leaves the connection usable") {
  fresh();
  bind_with(3, ONE "0100 0100" NDR20 NDR20);
  acked(3, ONE NO_ABSTRACT);
  alter_with(3, 1, ONE "0100 0100" NDR20 NDR20);
  altered(3, 1, ONE NO_ABSTRACT);
  server_send(&R, ARPC__REQUEST, 3, 2, "00000000 3930 0000");
  server_fault(&R, 0x20, 2, 0, 0x1c010003);
  server_alive(&R);
  alter_with(3, 3, ONE "0100 0100" NDR20 NDR20);
  altered(3, 3, ONE NO_ABSTRACT);
  server_alive(&R);
  server_rig_free(&R);
}

TEST("server: B3 an element without transfer syntaxes in a bind") {
  fresh();
  bind_with(3, ONE "0100 0000" MGMT);
  server_nak(&R, 0, 0);
  server_rig_free(&R);
}

TEST("server: B4 an element without transfer syntaxes in an alter_context") {
  fresh();
  bind_with(3, ONE "0100 0400" MGMT ZERO NDR20 NDR20 NDR20);
  acked(3, ONE ACCEPT);
  alter_with(3, 1, ONE "0100 0000" MGMT);
  server_fault(&R, 0x20, 1, 0, 0x1c01000b);
  server_over(&R);
  server_rig_free(&R);
}

TEST("server: B5 another known syntax for a context that has one") {
  fresh();
  bind_with(3, ONE "0100 0400" MGMT ZERO NDR20 NDR20 NDR20);
  acked(3, ONE ACCEPT);
  alter_with(3, 1, ONE "0100 0300" MGMT ZERO EPM NDR64);
  server_fault(&R, 0x20, 1, 0, 0x1c01000b);
  server_over(&R);
  server_rig_free(&R);
}

TEST("server: B6 only unknown syntaxes for a context that has one") {
  fresh();
  bind_with(3, ONE "0100 0400" MGMT ZERO NDR20 NDR20 NDR20);
  acked(3, ONE ACCEPT);
  alter_with(3, 1, ONE "0100 0200" MGMT ZERO EPM);
  altered(3, 1, ONE NO_TRANSFER);
  context_lives(1);
  server_rig_free(&R);
}

TEST("server: B7 B8 B9 B10 B11 B12 contexts come one by one, and stay") {
  fresh();
  bind_with(3, ONE "31d4 0100" ZERO ZERO);
  acked(3, ONE NO_ABSTRACT);
  alter_with(3, 0, ONE "0000 0100" MGMT NDR20);
  altered(3, 0, ONE ACCEPT);
  answers_on(0);
  alter_with(3, 1, ONE "0100 0200" MGMT ZERO NDR20);
  altered(3, 1, ONE ACCEPT);
  answers_on(1);
  alter_with(3, 2, ONE "0200 0200" MGMT NDR20 NDR20);
  altered(3, 2, ONE ACCEPT);
  answers_on(2);
  alter_with(3, 34, TWO "0300 0100" MGMT NDR20 "0400 0100" MGMT NDR20); /* B8 */
  altered(3, 34, TWO ACCEPT NO_TRANSFER);
  answers_on(3);
  alter_with(3, 43, TWO "0400 0100" MGMT NDR20 "0300 0100" MGMT NDR20); /* B9 */
  altered(3, 43, TWO ACCEPT NO_TRANSFER);
  answers_on(4);
  answers_on(3);
  alter_with(3, 44, TWO "0400 0100" MGMT NDR20 "0400 0100" MGMT NDR20); /* B10 */
  altered(3, 44, TWO ACCEPT NO_TRANSFER);
  answers_on(4);
  for (uint32_t twice = 0; twice < 2; twice++) { /* B11 */
    alter_with(3, 55, TWO "0500 0100" MGMT NDR20 "0500 0100" MGMT NDR20);
    altered(3, 55, TWO ACCEPT NO_TRANSFER);
    answers_on(5);
  }
  alter_with(3, 56, ONE "31d4 0100" MGMT NDR20); /* B12 */
  altered(3, 56, ONE ACCEPT);
  answers_on(54321);
  context_lives(54321);
  server_rig_free(&R);
}

TEST("server: B13 bind-time features, none asked for") {
  fresh();
  bind_with(3, ONE "0100 0100" ZERO BTFN("00"));
  acked(3, ONE "0300 0000" ZERO);
  CHECK_EQ(R.c.features, 0);
  server_alive(&R);
  server_rig_free(&R);
}

TEST("server: B14 the first mask counts, the rest of the element does not") {
  fresh();
  bind_with(3, ONE "0100 0300" NDR64 BTFN("01") BTFN("02") ZERO);
  acked(3, ONE "0300 0100" ZERO);
  CHECK_EQ(R.c.features, 1);
  fresh();
  bind_with(3, ONE "0100 0300" NDR64 BTFN("02") BTFN("01") ZERO);
  acked(3, ONE "0300 0200" ZERO);
  CHECK_EQ(R.c.features, 2);
  server_alive(&R);
  server_rig_free(&R);
}

TEST("server: B14 only features we have are granted, beside an interface") {
  fresh();
  R.c.options.features = ARPC__BTFN_KEEP_ON_ORPHAN;
  bind_with(3, TWO "0000 0100" ECHO NDR20 "0100 0100" ECHO BTFN("03"));
  acked(3, TWO ACCEPT "0300 0200" ZERO);
  answers_on(0);
  server_rig_free(&R);
}

TEST("server: B15 features that do not stand first are a syntax like any other") {
  fresh();
  bind_with(3, ONE "0100 0400" ZERO ZERO BTFN("02") BTFN("01") ZERO);
  acked(3, ONE NO_ABSTRACT);
  alter_with(3, 1, ONE "0100 0100" MGMT BTFN("01"));
  altered(3, 1, ONE NO_TRANSFER);
  server_alive(&R);
  server_rig_free(&R);
}

TEST("server: what only looks like the question for features is a syntax like any other") {
  static const char *const near[] = {"2d1cb76c12984045 0300000000000000 01000000", "2c1cb76c13984045 0300000000000000 01000000",
                                     "2c1cb76c12984145 0300000000000000 01000000", "2c1cb76c12984045 0300000000000000 02000000",
                                     "2c1cb76c12984045 0300000000000000 01000100"};
  for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
    char elements[256];
    fresh();
    snprintf(elements, sizeof elements, ONE "0100 0100" MGMT "%s", near[i]);
    bind_with(3, elements);
    acked(3, ONE NO_TRANSFER);
  }
  server_rig_free(&R);
}

TEST("server: the id of a question for features does not matter") {
  fresh();
  bind_with(3, TWO "0100 0100" ZERO BTFN("01") "0100 0100" MGMT NDR20);
  acked(3, TWO "0300 0100" ZERO ACCEPT);
  answers_on(1);
  server_rig_free(&R);
}

TEST("server: B16 two elements for features") {
  fresh();
  bind_with(3, TWO "0100 0100" ZERO BTFN("00") "0200 0100" ZERO BTFN("00"));
  server_nak(&R, 0, 0);
  server_rig_free(&R);
}

TEST("server: one id for two interfaces") {
  fresh();
  bind_with(3, TWO "0100 0100" MGMT NDR20 "0100 0100" ECHO NDR20);
  server_nak(&R, 0, 0);
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  alter_with(3, 5, ONE "0100 0100" ECHO NDR20);
  server_fault(&R, 0x20, 5, 0, 0x1c01000b);
  server_over(&R);
  server_rig_free(&R);
}

TEST("server: versions of an interface: the major one equal, the minor one not above ours") {
  fresh();
  bind_with(3, ONE "0100 0100" UUID_MGMT "02000000" NDR20);
  acked(3, ONE NO_ABSTRACT);
  alter_with(3, 1, ONE "0100 0100" UUID_MGMT "01000100" NDR20);
  altered(3, 1, ONE NO_ABSTRACT);
  server_rig_free(&R);
}

TEST("server: NDR64 is taken when preferred, else NDR20 first") {
  static const char both[] = TWO "0000 0100" ECHO NDR20 "0100 0100" ECHO NDR64;
  static const char list[] = ONE "0700 0200" ECHO NDR64 NDR20;
  fresh();
  R.c.options.transfer = ARPC_NDR20 | ARPC_NDR64;
  bind_with(3, both);
  acked(3, TWO ACCEPT NO_TRANSFER);
  alter_with(3, 1, list);
  altered(3, 1, ONE ACCEPT);
  fresh();
  R.c.options.transfer = ARPC_NDR20 | ARPC_NDR64;
  R.c.options.prefer = ARPC_NDR64;
  bind_with(3, both);
  acked(3, TWO NO_TRANSFER ACCEPT64);
  answers_on(1);
  CHECK_EQ(R.c.contexts[0].transfer, ARPC_NDR64);
  alter_with(3, 1, list);
  altered(3, 1, ONE ACCEPT64);
  alter_with(3, 2, ONE "0900 0100" MGMT NDR20);
  altered(3, 2, ONE ACCEPT);
  server_rig_free(&R);
}

TEST("server: NDR64 is not for big-endian clients") {
  fresh();
  R.drep = 0;
  R.c.options.transfer = ARPC_NDR20 | ARPC_NDR64;
  R.c.options.prefer = ARPC_NDR64;
  server_send(&R, ARPC__BIND, 3, 0x01020304, "16d0 16d0 00000000 02000000"
              "0001 0100 60a15ec5 4de8 11d7 a637005056a20182 00000001 71710533 beba 4937 8319b5dbef9ccc36 00000001"
              "0002 0100 60a15ec5 4de8 11d7 a637005056a20182 00000001 8a885d04 1ceb 11c9 9fe808002b104860 00000002");
  server_expect(&R, ARPC__BIND_ACK, 3, 0x01020304, ACK_HEAD TWO NO_TRANSFER ACCEPT);
  CHECK_EQ(R.c.contexts[0].id, 2);
  server_rig_free(&R);
}

TEST("server: contexts are bounded") {
  fresh();
  R.c.options.max_contexts = 3;
  server_bind(&R, 3, 0);
  for (uint32_t id = 1; id < 6; id++) {
    char body[256];
    snprintf(body, sizeof body, ONE "%02x00 0100" MGMT NDR20, id);
    alter_with(3, id, body);
    if (id < 3) altered(3, id, ONE ACCEPT);
    else altered(3, id, ONE NO_ROOM);
  }
  answers_on(2);
  alter_with(3, 9, ONE "0100 0100" MGMT NDR20);
  altered(3, 9, ONE ACCEPT);
  server_rig_free(&R);
}

/* ---- shape ---- */

TEST("server: anything but a good bind comes first") {
  static const char *const firsts[] = {
      "05000003 10000000 1800 0000 07000000 00000000 0000 0000", /* request */
      "05000e03 10000000 1c00 0000 07000000" SIZES "00000000",   /* alter_context */
      "05001203 10000000 1000 0000 07000000",                    /* co_cancel */
      "05000703 10000000 1000 0000 07000000",                    /* no such PDU */
      "05010b03 10000000 4800 0000 07000000" SIZES MGMT1,        /* version 5.1 */
      "04000b03 10000000 4800 0000 07000000" SIZES MGMT1,        /* version 4.0 */
      "05000b03 10000100 4800 0000 07000000" SIZES MGMT1,        /* data representation */
      "05000b03 11000000 4800 0000 07000000" SIZES MGMT1,        /* EBCDIC */
      "05000b03 10000000 1000 0000 07000000",                    /* nothing in it */
      "05000b03 10000000 4700 0000 07000000" SIZES ONE "0100 0100" MGMT "045d888aeb1cc9119fe808002b104860 020000", /* cut */
      "05000b03 10000000 4800 0000 07000000" SIZES TWO "0100 0100" MGMT NDR20, /* an element is missing */
      "05000b03 10000000 4800 0000 07000000" SIZES ONE "0100 ff00" MGMT NDR20, /* syntaxes are missing */
      "05000b03 10000000 4800 ffff 07000000" SIZES MGMT1,        /* no room for its trailer */
  };
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
    fresh();
    server_send_raw(&R, firsts[i]);
    server_nak(&R, 7, 4);
  }
  server_rig_free(&R);
}

TEST("server: a bind may be as long as a PDU can be") {
  uint8_t bytes[65535] = {0};
  fresh();
  size_t len = make_pdu(bytes, sizeof bytes, 0x10, ARPC__BIND, 3, 1, SIZES MGMT1);
  bytes[8] = bytes[9] = 0xff;
  CHECK_EQ(len, 72);
  server_feed(&R, bytes, sizeof bytes);
  server_expect(&R, ARPC__BIND_ACK, 3, 1, ACK_HEAD ONE ACCEPT);
  server_rig_free(&R);
}

TEST("server: the secondary address is said in the bind_ack, not later") {
  fresh();
  R.c.options.address = "49152";
  bind_with(3, MGMT1);
  server_expect(&R, ARPC__BIND_ACK, 3, 0, "d016 d016 44332211 0600 343931353200" ONE ACCEPT);
  alter_with(3, 1, ONE "0200 0100" MGMT NDR20);
  altered(3, 1, ONE ACCEPT);
  fresh();
  R.c.options.address = "135";
  bind_with(3, MGMT1);
  server_expect(&R, ARPC__BIND_ACK, 3, 0, "d016 d016 44332211 0400 31333500 0000" ONE ACCEPT);
  server_rig_free(&R);
}

/* ---- C ---- */

static void bind_secured(int type, int level, int pad, const char *before) {
  char hex[512];
  snprintf(hex, sizeof hex, "05000b03 10000000 %02x00 0400 00000000" SIZES MGMT1 "%s %02x%02x%02x00 01000000 6e6f6e65",
           84 + (int)strlen(before) / 2, before, type, level, pad);
  fresh();
  server_send_raw(&R, hex);
}

TEST("server: C1 C2 C3 security of a bind: the level is looked at before the type") {
  static const int bad[] = {0, 1, 7, 255}, types[] = {1, 0, 111};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    bind_secured(1, bad[i], 0, "");
    server_nak(&R, 0, 0);
  }
  for (int level = 2; level <= 6; level++) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
      bind_secured(types[i], level, 0, "");
      server_nak(&R, 0, 8);
    }
  }
  CHECK_EQ(R.bound, 0);
  server_rig_free(&R);
}

TEST("server: the trailer of a bind: padding, alignment, junk before it") {
  bind_secured(1, 5, 4, "00000000");
  server_nak(&R, 0, 4);
  bind_secured(1, 5, 0, "0000");
  server_nak(&R, 0, 0);
  bind_secured(1, 5, 0, "ffffffff");
  server_nak(&R, 0, 8);
  server_rig_free(&R);
}

TEST("server: security of an alter_context: contexts are looked at first") {
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  server_send_raw(&R, "05000e03 10000000 5400 0400 03000000" SIZES ONE "0200 0100" MGMT NDR20 "0a050000 01000000 00000000");
  server_fault(&R, 0x20, 3, 0, 5);
  server_over(&R);
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  server_send_raw(&R, "05000e03 10000000 5400 0400 03000000" SIZES ONE "0100 0100" ECHO NDR20 "0a050000 01000000 00000000");
  server_fault(&R, 0x20, 3, 0, 0x1c01000b);
  server_over(&R);
  fresh();
  bind_with(3, MGMT1);
  acked(3, ONE ACCEPT);
  server_send_raw(&R, "05000e03 10000000 5400 0400 03000000" SIZES ONE "0200 0100" MGMT NDR20 "0a050100 01000000 00000000");
  server_fault(&R, 0x20, 3, 0, 0x1c01000b);
  server_over(&R);
  server_rig_free(&R);
}

/* ---- I ---- */

TEST("server: I1 I2 an unknown association group") {
  fresh();
  server_send(&R, ARPC__BIND, 3, 0, "d016 d016 01000000" MGMT1);
  server_nak(&R, 0, 0);
  CHECK_EQ(R.c.group, 0);
  server_rig_free(&R);
}

TEST("server: I3 new groups have ids of their own") {
  static server_rig other;
  fresh();
  server_rig_init(&other, 5840);
  other.next_group = 0x11223345;
  server_bind(&R, 3, 1);
  server_bind(&other, 3, 1);
  CHECK_EQ(R.c.group, 0x11223344);
  CHECK_EQ(other.c.group, 0x11223345);
  server_rig_free(&other);
  server_rig_free(&R);
}

TEST("server: I4 a group is joined; contexts are not shared in it") {
  fresh();
  R.live_group = 0x55667788;
  server_send(&R, ARPC__BIND, 3, 0, "d016 d016 88776655" ONE "0200 0100" MGMT NDR20);
  server_expect(&R, ARPC__BIND_ACK, 3, 0, "d016 d016 88776655 00000000" ONE ACCEPT);
  answers_on(2);
  server_send(&R, ARPC__REQUEST, 3, 1, "00000000 0100 0000");
  server_fault(&R, 0x20, 1, 0, 0x1c010003);
  server_alive(&R);
  server_rig_free(&R);
}

TEST("server: an alter_context's group does not matter") {
  fresh();
  server_bind(&R, 3, 1);
  server_send(&R, ARPC__ALTER, 3, 2, "ffff ffff efbeadde" ONE "0200 0100" MGMT NDR20);
  altered(3, 2, ONE ACCEPT);
  server_rig_free(&R);
}
