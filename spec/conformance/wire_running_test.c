/* Calls of the server machine that run: cancels and orphans (row E), and answers. */
#include "wire_server.h"

/* ---- E ---- */

TEST("server: #65 E1 E3 cancelling or orphaning nothing") {
  begin(F | L);
  server_send(&R, ARPC__CO_CANCEL, 3, 5, "");
  server_send(&R, ARPC__ORPHANED, 3, 5, "");
  server_alive(&R);
  request(F | L, 6, "");
  answered(6, "00000000", "");
  CHECK_EQ(R.cancels + R.orphans, 0);
  end();
}

TEST("server: E2 a request cancelled before it is whole completes") {
  begin(F | L);
  request(F, 1, "");
  server_send(&R, ARPC__CO_CANCEL, 3, 1, "");
  server_alive(&R);
  request(L, 1, "0102");
  answered(1, "02000000", "0102");
  CHECK_EQ(R.last.cancels, 1);
  request(F | L, 2, "");
  answered(2, "00000000", "");
  CHECK_EQ(R.last.cancels, 0);
  end();
}

TEST("server: E4 a request orphaned before it is whole completes and is answered") {
  for (int multiplex = 0; multiplex <= MPX; multiplex += MPX) {
    begin(F | L | multiplex);
    request(F, 1, "");
    server_send(&R, ARPC__ORPHANED, 3, 1, "");
    server_alive(&R);
    request(L, 1, "0102");
    answered(1, "02000000", "0102");
    request(F | L, 2, "");
    answered(2, "00000000", "");
    server_alive(&R);
  }
  end();
}

TEST("server: E5 an orphaned request is still open") {
  begin(F | L);
  request(F, 1, "");
  server_send(&R, ARPC__ORPHANED, 3, 1, "");
  request(F | L, 2, "");
  over_by(0, 1, CTX_ID, PROTO);
  end();
}

TEST("server: E6 an orphaned request is still open, multiplexed") {
  begin(F | L | MPX);
  request(F, 1, "");
  server_send(&R, ARPC__ORPHANED, 3, 1, "");
  server_send(&R, ARPC__REQUEST, F | L, 2, "00000000 feff 0000");
  over_by(0, 2, 0, PROTO);
  end();
}

TEST("server: cancels of a running call are told and counted in its answer") {
  begin(F | L | MPX);
  request_held(4);
  server_send(&R, ARPC__CO_CANCEL, 6, 4, "");
  server_send(&R, ARPC__CO_CANCEL, 2, 4, "");
  CHECK_EQ(R.cancels, 2);
  arpc__server_fault(&R.c, &R.calls[1], 0x1c00000d, 0);
  server_expect(&R, ARPC__FAULT, 3, 4, "18000000" CTX "0200 0d00001c 00000000");
  server_send(&R, ARPC__CO_CANCEL, 3, 4, "");
  CHECK_EQ(R.cancels, 2);
  server_alive(&R);
  end();
}

TEST("server: running calls are cancelled and orphaned while another request is open") {
  begin(F | L | MPX);
  request_held(4);
  request_held(5);
  request(F, 6, "01020304");
  server_send(&R, ARPC__CO_CANCEL, 3, 4, "");
  server_send(&R, ARPC__ORPHANED, 3, 5, "");
  CHECK_EQ(R.cancels, 1);
  CHECK_EQ(R.orphans, 1);
  request(L, 6, "");
  answered(6, "04000000", "01020304");
  CHECK_EQ(R.last.cancels, 0);
  end();
}

TEST("server: cancels are counted up to 255") {
  begin(F | L | MPX);
  request_held(4);
  request(F, 5, "");
  for (int i = 0; i < 300; i++) {
    server_send(&R, ARPC__CO_CANCEL, 3, 4, "");
    if (i & 1) server_send(&R, ARPC__CO_CANCEL, 3, 5, "");
    else request(PENDING_CANCEL, 5, "");
  }
  request(L, 5, "");
  CHECK_EQ(R.last.cancels, 255);
  CHECK_EQ(R.calls[1].cancels, 255);
  end();
}

TEST("server: an orphaned running call is told once more and never answered; the next may come") {
  begin(F | L);
  request_held(4);
  server_send(&R, ARPC__ORPHANED, 3, 4, "");
  CHECK_EQ(R.orphans, 1);
  request(F | L, 5, "");
  answered(5, "00000000", "");
  arpc__server_respond(&R.c, &R.calls[1], "x", 1);
  server_alive(&R);
  CHECK_EQ(R.c.running, 0);
  end();
}

/* ---- answers ---- */

TEST("server: two running calls of one id: each is answered, the later one is the one cancelled") {
  begin(F | L | MPX);
  request_held(9);
  request_held(9);
  server_send(&R, ARPC__CO_CANCEL, 3, 9, "");
  CHECK_EQ(R.calls[1].cancels, 0);
  CHECK_EQ(R.calls[2].cancels, 1);
  arpc__server_respond(&R.c, &R.calls[1], "a", 1);
  server_expect(&R, ARPC__RESPONSE, 3, 9, "01000000 0700 0000 61");
  server_send(&R, ARPC__CO_CANCEL, 3, 9, "");
  CHECK_EQ(R.calls[2].cancels, 2);
  arpc__server_respond(&R.c, &R.calls[2], "b", 1);
  server_expect(&R, ARPC__RESPONSE, 3, 9, "01000000 0700 0200 62");
  CHECK_EQ(R.c.running, 0);
  CHECK_EQ(R.c.calls.used, 0);
  end();
}

TEST("server: a long answer goes in fragments that fit and carry a multiple of 16") {
  static uint8_t stub[100000];
  begin(F | L);
  for (size_t i = 0; i < sizeof stub; i++) stub[i] = (uint8_t)(i * 7);
  for (size_t len = 5816 - 20; len < sizeof stub; len += len < 5900 ? 1 : len % 5808 ? 5808 - len % 5808 : 9973) {
    request_held(2);
    uint32_t n = R.ncalls;
    arpc__server_respond(&R.c, &R.calls[n], stub, len);
    R.ncalls = 0;
    size_t got = 0;
    for (const uint8_t *at; arpc__buf_unread(&R.c.out); got += arpc__load16(at + 8, 0) - 24u) {
      at = R.c.out.data + R.c.out.pos;
      size_t size = arpc__load16(at + 8, 0), share = size - 24;
      CHECK(size <= 5840 && (share % 16 == 0 || got + share == len));
      CHECK(share == len || len > 5816);
      CHECK_EQ(at[3], (got ? 0 : F) | (got + share == len ? L : 0));
      CHECK_EQ(arpc__load32(at + 16, 0), len - got);
      CHECK_BYTES(at + 24, share, stub + got, share);
      R.c.out.pos += size;
    }
    CHECK_EQ(got, len);
    arpc__buf_clear(&R.c.out);
  }
  end();
}

TEST("server: a shutdown is said once bound") {
  server_rig_init(&R, 5840);
  arpc__server_shutdown(&R.c);
  server_alive(&R);
  server_bind(&R, 3, 1);
  arpc__server_shutdown(&R.c);
  server_expect(&R, ARPC__SHUTDOWN, 3, 0, "");
  end();
}

TEST("server: memory that is not there ends a call with a fault, or the connection") {
  begin(F | L);
  request_held(2);
  R.c.out.max = R.c.out.len + 100;
  static uint8_t stub[4096];
  arpc__server_respond(&R.c, &R.calls[1], stub, sizeof stub);
  server_fault(&R, 0, 2, CTX_ID, 0x1c00001b);
  server_alive(&R);
  request_held(3);
  arpc__buf_free(&R.c.out);
  R.c.out.max = 1;
  arpc__server_respond(&R.c, &R.calls[2], stub, sizeof stub);
  server_feed(&R, "", 0);
  server_over(&R);
  end();
}
