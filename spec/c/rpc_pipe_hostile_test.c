/* Clients that do not end what they began. */
#include "pipe_rig.h"
#include "proto/stub.h"

#include <malloc.h>

enum { CALL_ID = 7 };

static void say_fragment(rig *r, const void *bytes, size_t n, uint8_t flags) {
  arpc__buf out = {0};
  arpc__stub_head head = {.type = ARPC__REQUEST, .call_id = CALL_ID};
  CHECK(arpc__write_stub_head(&out, &head, flags, n));
  arpc__buf_put(&out, bytes, n);
  raw_say(r, out.data, out.len);
  arpc__buf_free(&out);
}

static size_t held(void) {
  struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

TEST("pipe: what a client sends behind its last pipe is thrown away, however much, and waited for to end [memory]") {
  static uint8_t junk[60000];
  rig r;
  arpc__pdu last;
  job plan = {.kind = RECORDED_BYTES, .pulls = 1, .most = 100};
  arpc__buf stub = {0};
  rig_open(&r);
  rig_procedure(&r, (arpc_pipe_type){.size = {1, 1}, .align = {1, 1}, .directions = ARPC_PIPE_IN}, "", 0, &plan);
  raw_dial_in(&r, ARPC_NDR20);
  put_pipe(&stub, RECORDED_BYTES, ARPC_NDR20, 0, (const uint32_t[]){5}, 1);
  say_fragment(&r, stub.data, stub.len, ARPC__PFC_FIRST);
  rig_until(&r, &r.calls, 1);
  size_t before = held(), most = 0;
  for (int i = 0; i < 200; i++) {
    say_fragment(&r, junk, sizeof junk, 0);
    for (int k = 0; k < 4; k++) rig_turn(&r);
    size_t now = held();
    if (now > before && now - before > most) most = now - before;
  }
  CHECK(most < 1 << 20);
  CHECK_EQ(r.served.done, 0);
  say_fragment(&r, junk, 8, ARPC__PFC_LAST);
  arpc__buf answer = raw_hear(&r, &last);
  CHECK_EQ(last.type, ARPC__RESPONSE);
  CHECK_EQ(r.served.pulled, 5);
  arpc__buf_free(&answer);
  arpc__buf_free(&stub);
  raw_hang_up(&r);
  rig_close(&r);
}
