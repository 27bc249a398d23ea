/* How calls with pipes end before they should. */
#include "pipe_world.h"

static uint8_t block[65536], other[65536];

TEST("pipe: #44 the wrong order is 1831, after the end 1916 and 1918, an answer before it 1917 [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t v[4] = {1, 2, 3, 4}, result;
    size_t n;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, LONGS_BOTH, 0, 0), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 7, v, 1), 87);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 7, v, 1, &n), 87);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 7), 87);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_push(w.rt, m, 0, v, 1), 1831);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 1831);
    CHECK_EQ(pipe_reply(&w, m, 0), 1917);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, v, 1, &n), 1831);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 1916);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, v, 1), 1916);
    CHECK_EQ(pipe_reply(&w, m, 0), 1917);
    CHECK_EQ(pipe_pull(&w, m, 0, v, 1, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, v, 1, &n), 1918);
    CHECK_EQ(pipe_reply(&w, m, 0), 1917);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, m, 0, v, 1), 1916);
    CHECK_EQ(arpc_async_complete(w.rt, &w.call, NULL), 997);
    CHECK_EQ(pipe_reply(&w, m, 0), 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, v, 1, &n), 1914);
    CHECK_EQ(pipe_pull(&w, &w.call, 0, v, 1, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, v, 1, &n), 1918);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
    arpc_async undrained = *pipe_served(&w, 1);
    CHECK_EQ(pipe_reply(&w, &undrained, 0), 1917);
    CHECK_EQ(arpc_async_abort(w.rt, &undrained, 1917), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 1917);
    pipe_close(&w);
  }
}

TEST("pipe: an answer begins where the pipes end, and is to be encoded so [memory]") {
  for (uint32_t transfer = ARPC_NDR20; transfer <= ARPC_NDR64; transfer++) {
    pipe_options o = {.transport = "memory", .transfer = transfer};
    pipe_world w;
    size_t n;
    arpc_reply reply;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_offset(w.rt, m), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(arpc_pipe_offset(w.rt, m), transfer == ARPC_NDR20 ? 4 : 0);
    arpc_stub *s = arpc_stub_new((int)transfer);
    arpc_stub_at(s, arpc_pipe_offset(w.rt, m));
    arpc_put_u64(s, 0x1122334455667788);
    const void *bytes = arpc_stub_bytes(s, &n);
    CHECK_EQ(n, transfer == ARPC_NDR20 ? 12 : 8);
    CHECK_EQ(arpc_async_reply(w.rt, m, bytes, n), 0);
    arpc_stub_free(s);
    CHECK_EQ(pipe_pull(&w, &w.call, 0, other, 1, &n), 0);
    PIPE_UNTIL(&w, w.told.complete);
    CHECK_EQ(arpc_async_complete(w.rt, &w.call, &reply), 0);
    arpc_stub_reader r = {.data = reply.stub - reply.offset, .len = reply.len + reply.offset, .pos = reply.offset,
                          .transfer = reply.transfer, .big_endian = reply.big_endian};
    CHECK(arpc_get_u64(&r) == 0x1122334455667788 && !r.error);
    pipe_close(&w);
  }
}

TEST("pipe: a call without pipes has none to use, a type that cannot be is refused [memory]") {
  pipe_world w;
  pipe_options o = {.transport = "memory", .transfer = ARPC_NDR20};
  arpc_pipe_type bad[] = {{.size = {0, 4}, .align = {4, 4}, .directions = 1}, {.size = {4, 4}, .align = {4, 3}, .directions = 1},
                          {.size = {4, 4}, .align = {4, 4}, .directions = 0}, {.size = {4, 4}, .align = {4, 16}, .directions = 1},
                          {.size = {4, 4}, .align = {4, 4}, .directions = 4}, {.size = {4, 70000}, .align = {4, 4}, .directions = 1}};
  size_t n;
  int transfer;
  uint32_t result;
  pipe_open(&w, &o);
  CHECK_EQ(pipe_call(&w, PLAIN, 0, 0), 0);
  CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 87);
  CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, block, 1, &n), 87);
  CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 87);
  CHECK_EQ(arpc_pipe_format(w.rt, &w.call, &transfer, NULL), 87);
  CHECK_EQ(arpc_pipe_offset(w.rt, pipe_served(&w, 0)), 0);
  CHECK_EQ(pipe_reply(&w, &w.served[0], 0), 0);
  CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
  CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 1914);
  CHECK_EQ(arpc_pipe_push(w.rt, NULL, 0, block, 1), 1914);
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    arpc_async a = pipe_handle(&w.told, 0);
    CHECK_EQ(arpc_client_call(w.client, &a, &(arpc_request){.opnum = BYTES_IN, .pipes = &bad[i], .npipes = 1}), 87);
  }
  CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
  arpc_async m = *pipe_served(&w, 1);
  CHECK_EQ(arpc_pipe_format(w.rt, &w.call, &transfer, NULL), 0);
  CHECK_EQ(transfer, ARPC_NDR20);
  CHECK_EQ(arpc_async_abort(w.rt, &m, 5), 0);
  CHECK_EQ(pipe_result(&w, &w.call, &result), 5);
  pipe_close(&w);
}

TEST("pipe: #46 a manager's abort ends a client's pull as a completed call, in either direction [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (int up = 0; up < 2; up++) {
      pipe_world w;
      uint32_t result;
      size_t n;
      pipe_open(&w, &o);
      CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
      const arpc_async *m = pipe_served(&w, 0);
      CHECK_EQ(pipe_push(&w, up ? &w.call : m, 0, "abc", 3), 0);
      CHECK_EQ(pipe_pull(&w, up ? m : &w.call, 0, other, 9, &n), 0);
      w.told.receive = 0;
      if (!up) CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, other, 9, &n), 997);
      CHECK_EQ(arpc_async_abort(w.rt, m, 0x1234), 0);
      PIPE_UNTIL(&w, w.told.complete);
      CHECK_EQ(w.told.receive, 0);
      CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 0x1234);
      CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, other, 9, &n), 0x1234);
      CHECK_EQ(pipe_result(&w, &w.call, &result), 0x1234);
      CHECK_EQ(w.told.complete, 1);
      CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0); /* the client goes on */
      m = pipe_served(&w, 1);
      CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
      CHECK_EQ(pipe_reply(&w, m, 3), 0);
      CHECK_EQ(pipe_pull(&w, &w.call, 0, other, 9, &n), 0);
      CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
      CHECK_EQ(result, 3);
      pipe_close(&w);
    }
  }
}

TEST("pipe: #47 a client's cancel wakes a manager that waits in pull or push; both are over then [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (int up = 0; up < 2; up++) {
      pipe_world w;
      uint32_t result;
      size_t n;
      pipe_open(&w, &o);
      CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
      const arpc_async *m = pipe_served(&w, 0);
      if (up) CHECK_EQ(pipe_push(&w, &w.call, 0, "abc", 3), 0);
      if (up) CHECK_EQ(pipe_pull(&w, m, 0, other, 9, &n), 0);
      if (up) CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, other, 9, &n), 997);
      else while (arpc_pipe_push(w.rt, m, 0, block, sizeof block) == 0) continue;
      unsigned before = w.server_told.send;
      CHECK_EQ(arpc_async_cancel(w.rt, &w.call, 0), 0);
      CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 1818);
      CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, other, 9, &n), 1818);
      CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 1818);
      if (up) PIPE_UNTIL(&w, w.server_told.receive == 1);
      else PIPE_UNTIL(&w, w.server_told.send > before);
      PIPE_UNTIL(&w, w.server_told.cancel == 1);
      CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, other, 9, &n), up ? 1818 : 1818);
      CHECK_EQ(arpc_pipe_push(w.rt, m, 0, block, 1), 1818);
      CHECK_EQ(pipe_reply(&w, m, 1), 1818);
      CHECK_EQ(w.told.complete, 0);
      CHECK_EQ(arpc_async_abort(w.rt, m, 1818), 0);
      CHECK_EQ(pipe_result(&w, &w.call, &result), 1818);
      CHECK_EQ(w.told.complete, 1);
      pipe_close(&w);
    }
  }
}

TEST("pipe: a cancel that comes too late changes nothing: what the manager pushed and answered is thrown away or taken [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t result;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(pipe_push(&w, m, 0, block, 30000), 0);
    CHECK_EQ(pipe_push(&w, m, 0, block, 3), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(pipe_reply(&w, m, 21), 0);
    CHECK_EQ(arpc_async_cancel(w.rt, &w.call, 0), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(result, 21);
    pipe_close(&w);
  }
}

TEST("pipe: a client that gives its call up is done at once, the manager learns that it is gone [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (int up = 0; up < 2; up++) {
      pipe_world w;
      uint32_t result;
      size_t n;
      pipe_open(&w, &o);
      CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
      const arpc_async *m = pipe_served(&w, 0);
      if (up) CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, other, 9, &n), 997);
      CHECK_EQ(arpc_async_cancel(w.rt, &w.call, 1), 0);
      CHECK_EQ(w.told.complete, 0);
      PIPE_UNTIL(&w, w.told.complete);
      CHECK_EQ(pipe_result(&w, &w.call, &result), 1818);
      PIPE_UNTIL(&w, w.server_told.disconnect == 1);
      if (up) CHECK_EQ(w.server_told.receive, 1);
      arpc_status status = up ? arpc_pipe_pull(w.rt, m, 0, other, 9, &n) : arpc_pipe_push(w.rt, m, 0, block, 1);
      CHECK(status == 1818 || status == 1820); /* orphaned, and then gone */
      CHECK_EQ(pipe_reply(&w, m, 0), 0);
      pipe_close(&w);
    }
  }
}

TEST("pipe: #45 a connection that is lost ends both sides [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (int up = 0; up < 2; up++)
      for (int by_server = 0; by_server < 2; by_server++) {
        pipe_world w;
        uint32_t result;
        size_t n;
        pipe_open(&w, &o);
        CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
        arpc_async m = *pipe_served(&w, 0);
        CHECK_EQ(pipe_push(&w, up ? &w.call : &m, 0, "abc", 3), 0);
        CHECK_EQ(pipe_pull(&w, up ? &m : &w.call, 0, other, 9, &n), 0);
        w.told.receive = w.server_told.receive = 0;
        CHECK_EQ(arpc_pipe_pull(w.rt, up ? &m : &w.call, 0, other, 9, &n), 997);
        if (by_server) arpc_server_close(w.server), w.server = NULL;
        else arpc_client_close(w.client), w.client = NULL;
        PIPE_UNTIL(&w, w.told.complete);
        PIPE_UNTIL(&w, w.server_told.disconnect);
        CHECK_EQ(w.told.receive, 0);
        CHECK_EQ(w.server_told.receive, up);
        CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, other, 9, &n), 1726);
        CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 9), 1726);
        CHECK_EQ(pipe_result(&w, &w.call, &result), 1726);
        CHECK_EQ(arpc_pipe_pull(w.rt, &m, 0, other, 9, &n), 1820);
        CHECK_EQ(arpc_pipe_push(w.rt, &m, 0, block, 9), 1820);
        CHECK_EQ(arpc_async_abort(w.rt, &m, 1820), 0);
        CHECK_EQ(w.told.complete, 1);
        pipe_close(&w);
      }
  }
}

TEST("pipe: before there is a connection a push is 997, a close is remembered, and a call that gets none fails once [memory]") {
  pipe_world w;
  uint32_t result;
  size_t n;
  pipe_options o = {.transport = "memory", .transfer = ARPC_NDR64};
  pipe_open(&w, &o);
  CHECK_EQ(pipe_call(&w, MANY, 0, 0), 0);
  CHECK_EQ(arpc_pipe_format(w.rt, &w.call, NULL, NULL), 997);
  CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 997);
  CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
  CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 1, block, 1), 997);
  CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 1), 0);
  CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 2, other, 1, &n), 997);
  const arpc_async *m = pipe_served(&w, 0);
  CHECK_EQ(pipe_pull(&w, m, 0, other, 1, &n), 0);
  CHECK_EQ(n, 0);
  CHECK_EQ(pipe_pull(&w, m, 1, other, 1, &n), 0);
  CHECK_EQ(n, 0);
  CHECK_EQ(arpc_pipe_close(w.rt, m, 2), 0);
  CHECK_EQ(arpc_pipe_close(w.rt, m, 3), 0);
  CHECK_EQ(pipe_reply(&w, m, 11), 0);
  CHECK_EQ(pipe_pull(&w, &w.call, 2, other, 1, &n), 0);
  CHECK_EQ(pipe_pull(&w, &w.call, 3, other, 1, &n), 0);
  CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
  CHECK_EQ(result, 11);
  arpc_server_close(w.server);
  w.server = NULL;
  pipe_turns(&w, 20);
  CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
  CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, 1), 997);
  CHECK_EQ(pipe_result(&w, &w.call, &result), 1722);
  CHECK_EQ(w.told.complete, 1);
  pipe_close(&w);
}

TEST("pipe: a timeout gives the call up wherever it stands [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    arpc_reply reply;
    o.manual_clock = 1;
    o.client.timeout = 1000;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
    arpc_async m = *pipe_served(&w, 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "abc", 3), 0);
    arpc_runtime_advance(w.rt, 1000);
    PIPE_UNTIL(&w, w.told.complete);
    CHECK_EQ(arpc_async_complete(w.rt, &w.call, &reply), 1818);
    CHECK(reply.timed_out);
    PIPE_UNTIL(&w, w.server_told.disconnect);
    CHECK_EQ(arpc_async_abort(w.rt, &m, 1818), 0);
    pipe_close(&w);
  }
}

TEST("pipe: a reader that never comes back is given up when the pipe may stand still no longer [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (int up = 0; up < 2; up++) {
      pipe_world w;
      arpc_reply reply;
      size_t n;
      o.manual_clock = 1;
      o.server.pipe_stall = up ? 5000 : 0;
      o.client.pipe_stall = up ? 0 : 5000;
      pipe_open(&w, &o);
      CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
      arpc_async m = *pipe_served(&w, 0);
      const arpc_async *writer = up ? &w.call : &m, *reader = up ? &m : &w.call;
      for (unsigned quiet = 0; quiet < 100; pipe_turns(&w, 1))
        quiet = arpc_pipe_push(w.rt, writer, 0, block, sizeof block) ? quiet + 1 : 0;
      arpc_runtime_advance(w.rt, 4999);
      pipe_turns(&w, 20);
      CHECK_EQ(w.told.complete, 0);
      for (unsigned i = 0; i < 100; i++) arpc_pipe_pull(w.rt, reader, 0, other, sizeof other, &n); /* it moves */
      for (unsigned quiet = 0; quiet < 100; pipe_turns(&w, 1))
        quiet = arpc_pipe_push(w.rt, writer, 0, block, sizeof block) ? quiet + 1 : 0;
      arpc_runtime_advance(w.rt, 4999);
      pipe_turns(&w, 20);
      CHECK_EQ(w.told.complete, 0);
      arpc_runtime_advance(w.rt, 1);
      PIPE_UNTIL(&w, w.told.complete);
      PIPE_UNTIL(&w, w.server_told.disconnect || w.server_told.cancel);
      arpc_status status = arpc_async_complete(w.rt, &w.call, &reply);
      CHECK_EQ(status, up ? 1726 : 1818);
      CHECK_EQ(reply.timed_out, !up);
      CHECK_EQ(arpc_async_abort(w.rt, &m, 1820), 0);
      pipe_close(&w);
    }
  }
}

TEST("pipe: as long as bytes leave a pipe does not stand still, however slowly [unix]") {
  pipe_options o = {.transport = "unix", .transfer = ARPC_NDR20, .manual_clock = 1};
  pipe_world w;
  arpc_reply reply;
  size_t n;
  o.client.pipe_stall = 5000;
  o.client.pipe_high = 32 * 1024 * 1024; /* more than what is pulled here and what sockets hold */
  o.server.pipe_stall = ARPC_FOREVER;
  pipe_open(&w, &o);
  CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
  arpc_async m = *pipe_served(&w, 0);
  for (unsigned i = 0; i < 512; i++) CHECK_EQ(pipe_push(&w, &w.call, 0, block, sizeof block), 0);
  for (unsigned i = 0; i < 8; i++) {
    pipe_turns(&w, 20);
    arpc_runtime_advance(w.rt, 4000);
    pipe_turns(&w, 5);
    CHECK_EQ(w.told.complete, 0);
    for (size_t all = 0; all < 1024 * 1024; all += n) CHECK_EQ(pipe_pull(&w, &m, 0, other, sizeof other, &n), 0);
  }
  pipe_turns(&w, 50);
  arpc_runtime_advance(w.rt, 5000);
  PIPE_UNTIL(&w, w.told.complete);
  CHECK_EQ(arpc_async_complete(w.rt, &w.call, &reply), 1818);
  CHECK(reply.timed_out);
  while (pipe_pull(&w, &m, 0, other, sizeof other, &n) == 0) continue; /* who does not read does not see the end */
  CHECK_EQ(w.server_told.disconnect, 1);
  CHECK_EQ(arpc_async_abort(w.rt, &m, 1820), 0);
  pipe_close(&w);
}

TEST("pipe: a runtime that closes or is abandoned ends calls with pipes in every state [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    for (unsigned how = 0; how < 2; how++)
      for (unsigned turns = 0; turns < 24; turns++) {
        pipe_world w;
        size_t n;
        pipe_open(&w, &o);
        CHECK_EQ(pipe_call(&w, LONGS_BOTH, 0, 0), 0);
        for (unsigned i = 0; i < turns; i++) {
          arpc_pipe_push(w.rt, &w.call, 0, block, 5000);
          if (i == 8) arpc_pipe_close(w.rt, &w.call, 0);
          if (w.nserved) arpc_pipe_pull(w.rt, &w.served[0], 0, other, 100, &n);
          if (w.nserved) arpc_pipe_push(w.rt, &w.served[0], 0, other, 5000);
          arpc_pipe_pull(w.rt, &w.call, 0, other, 100, &n);
          pipe_turns(&w, 1);
        }
        if (how) arpc_runtime_abandon(w.rt);
        else arpc_runtime_close(w.rt);
        uv_run(&w.loop, UV_RUN_DEFAULT);
        CHECK_EQ(w.told.complete, !how);
        CHECK_EQ(uv_loop_close(&w.loop), 0);
      }
  }
}
