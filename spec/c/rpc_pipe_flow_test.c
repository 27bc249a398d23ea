/* What a call's pipes tell of themselves, and how they hold back. */
#include "pipe_world.h"

static uint8_t block[65536], other[65536];

TEST("pipe: #36 #41 a manager runs before pipe data comes; a pull without any is told of once, and then succeeds [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    char got[16];
    size_t n;
    uint32_t result;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 1234, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(w.given[0], 1234);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 997);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 997);
    pipe_turns(&w, 20);
    CHECK_EQ(w.server_told.receive, 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "abc", 3), 0);
    PIPE_UNTIL(&w, w.server_told.receive);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 0);
    CHECK_BYTES(got, n, "abc", 3);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "defg", 4), 0);
    pipe_turns(&w, 20);
    CHECK_EQ(w.server_told.receive, 1); /* nobody asked */
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 997);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "defg", 4), 0);
    PIPE_UNTIL(&w, w.server_told.receive == 2);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "hi", 2), 0);
    pipe_turns(&w, 20);
    CHECK_EQ(w.server_told.receive, 2); /* once, though nobody has pulled yet */
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 997);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    PIPE_UNTIL(&w, w.server_told.receive == 3);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 16, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(pipe_reply(&w, m, 1), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(w.server_told.receive, 3);
    CHECK_EQ(w.server_told.send, 0);
    pipe_close(&w);
  }
}

TEST("pipe: #36 a client's pull likewise, told before its call is [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    char got[16];
    size_t n;
    uint32_t result;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 997);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(pipe_push(&w, m, 0, "xyz", 3), 0);
    PIPE_UNTIL(&w, w.told.receive);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 0);
    CHECK_BYTES(got, n, "xyz", 3);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 997);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(pipe_reply(&w, m, 1), 0);
    PIPE_UNTIL(&w, w.told.receive == 2);
    pipe_turns(&w, 20);
    CHECK_EQ(w.told.complete, 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(w.told.complete, 0); /* on a later turn */
    PIPE_UNTIL(&w, w.told.complete);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 1918);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, got, 16, &n), 1914);
    CHECK_EQ(w.told.receive, 2);
    CHECK_EQ(w.told.complete, 1);
    pipe_close(&w);
  }
}

TEST("pipe: #37 #38 a pull takes what it has room for; what was pushed may be overwritten at once [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t out[3], got[8], expect = 0, result;
    size_t n;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, LONGS_BOTH, 0, 0), 0);
    for (uint32_t i = 0; i < 30; i += 3) {
      for (uint32_t k = 0; k < 3; k++) out[k] = i + k;
      CHECK_EQ(pipe_push(&w, &w.call, 0, out, 3), 0);
      memset(out, 0xff, sizeof out);
    }
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    pipe_turns(&w, 20);
    for (size_t room = 1; expect < 30; room = room % 7 + 1) {
      CHECK_EQ(pipe_pull(&w, m, 0, got, room, &n), 0);
      CHECK_EQ(n, room < 30 - expect ? room : 30 - expect); /* all of it is here, across chunks */
      for (size_t k = 0; k < n; k++) CHECK_EQ(got[k], expect++);
    }
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, got, 0, &n), 87);
    CHECK_EQ(pipe_pull(&w, m, 0, got, 1, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(pipe_drain(&w, &w.call, 0, got, 4, 8, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(pipe_reply(&w, m, 1), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    pipe_close(&w);
  }
}

TEST("pipe: #39 #40 each push alone is told of once when it has left, several at least once, with the flag only [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t result;
    size_t n;
    pipe_open(&w, &o);
    w.flags = ARPC_NOTIFY_ON_SEND_COMPLETE;
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, ARPC_NOTIFY_ON_SEND_COMPLETE), 0);
    PIPE_UNTIL(&w, w.told.send); /* the call itself */
    for (unsigned i = 0; i < 5; i++) {
      CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, block, i % 2 ? 10 : 50000), 0);
      CHECK_EQ(w.told.send, 1 + i);
      PIPE_UNTIL(&w, w.told.send == 2 + i);
      const arpc_async *m = pipe_served(&w, 0);
      while (arpc_pipe_pull(w.rt, m, 0, other, sizeof other, &n) == 0) continue;
      pipe_turns(&w, 20);
      CHECK_EQ(w.told.send, 2 + i);
    }
    CHECK_EQ(pipe_push(&w, &w.call, 0, block, 10), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, block, 10), 0);
    pipe_turns(&w, 20);
    CHECK(w.told.send >= 7 && w.told.send <= 8);
    arpc_async quiet = w.call; /* the flag is changed in mid-call */
    quiet.flags = 0;
    CHECK_EQ(arpc_async_notify(w.rt, &quiet), 0);
    unsigned before = w.told.send;
    CHECK_EQ(pipe_push(&w, &w.call, 0, block, 10), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    while (pipe_pull(&w, m, 0, other, sizeof other, &n) == 0 && n) continue;
    CHECK_EQ(pipe_reply(&w, m, 0), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(w.told.send, before);
    pipe_close(&w);
  }
}

TEST("pipe: #39 a manager's pushes likewise; its flag is changed in mid-call [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t result;
    size_t n;
    pipe_open(&w, &o);
    w.flags = ARPC_NOTIFY_ON_SEND_COMPLETE;
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    arpc_async m = *pipe_served(&w, 0);
    for (unsigned i = 0; i < 5; i++) {
      CHECK_EQ(arpc_pipe_push(w.rt, &m, 0, block, 20000), 0);
      PIPE_UNTIL(&w, w.server_told.send == 1 + i);
      while (arpc_pipe_pull(w.rt, &w.call, 0, other, sizeof other, &n) == 0) continue;
    }
    m.flags = 0;
    CHECK_EQ(arpc_async_notify(w.rt, &m), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &m, 0), 0);
    pipe_turns(&w, 20);
    CHECK_EQ(w.server_told.send, 5);
    CHECK_EQ(pipe_reply(&w, &m, 0), 0);
    while (pipe_pull(&w, &w.call, 0, other, sizeof other, &n) == 0 && n) continue;
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(w.told.send, 0);
    pipe_close(&w);
  }
}

/* Pushes until that is refused for good; gives what was taken. */
static size_t push_until_full(pipe_world *w, const arpc_async *a, size_t n) {
  size_t taken = 0;
  for (unsigned quiet = 0; quiet < 200; pipe_turns(w, 1)) {
    arpc_status status = arpc_pipe_push(w->rt, a, 0, block, n);
    if (!status) taken += n, quiet = 0;
    else CHECK_EQ(status, 997);
    if (status) quiet++;
  }
  return taken;
}

/* The most that sockets hold for themselves here. */
enum { SOCKETS = 8 * 1024 * 1024, HIGH = 64 * 1024, LOW = 16 * 1024 };

TEST("pipe: #51 #52 a reader that does not pull stops the writer, both ways, and is told when there is room [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    o.client.pipe_high = o.server.pipe_high = HIGH;
    o.client.pipe_low = o.server.pipe_low = LOW;
    for (int up = 0; up < 2; up++) {
      uint32_t result;
      size_t n, all = 0;
      pipe_open(&w, &o);
      CHECK_EQ(pipe_call(&w, up ? BYTES_IN : BYTES_OUT, 0, 0), 0);
      const arpc_async *m = pipe_served(&w, 0), *writer = up ? &w.call : m, *reader = up ? m : &w.call;
      pipe_told *told = up ? &w.told : &w.server_told;
      size_t taken = push_until_full(&w, writer, 10000), bound = 4 * HIGH + 65536;
      CHECK(taken >= HIGH);
      if (!strcmp(o.transport, "memory")) CHECK(taken <= bound);
      else CHECK(taken <= bound + SOCKETS);
      unsigned before = told->send;
      pipe_turns(&w, 20);
      CHECK_EQ(told->send, before);
      while (told->send == before) { /* the reader makes room */
        arpc_status status = arpc_pipe_pull(w.rt, reader, 0, other, 4096, &n);
        if (!status) all += n;
        else CHECK_EQ(status, 997);
        pipe_turns(&w, 1);
      }
      CHECK_EQ(arpc_pipe_push(w.rt, writer, 0, block, 10000), 0);
      CHECK_EQ(arpc_pipe_close(w.rt, writer, 0), 0);
      if (!up) CHECK_EQ(pipe_reply(&w, m, 0), 0);
      while (pipe_pull(&w, reader, 0, other, sizeof other, &n) == 0 && n) all += n;
      CHECK_EQ(all, taken + 10000);
      if (up) CHECK_EQ(pipe_reply(&w, m, 0), 0);
      CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
      pipe_close(&w);
    }
  }
}

TEST("pipe: #39 a push that the peer does not take in has not left [memory]") {
  for (uint32_t transfer = ARPC_NDR20; transfer <= ARPC_NDR64; transfer++) {
    static uint8_t large[100000];
    pipe_options o = {.transport = "memory", .transfer = transfer, .server = {.pipe_high = HIGH}, .client = {.pipe_high = HIGH}};
    pipe_world w;
    size_t n, all = 0;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, ARPC_NOTIFY_ON_SEND_COMPLETE), 0);
    arpc_async m = *pipe_served(&w, 0);
    PIPE_UNTIL(&w, w.told.send == 1); /* the call */
    CHECK_EQ(pipe_push(&w, &w.call, 0, large, 40000), 0);
    PIPE_UNTIL(&w, w.told.send == 2);
    CHECK_EQ(pipe_push(&w, &w.call, 0, large, sizeof large), 0); /* more than the manager's side is to take in */
    pipe_turns(&w, 50);
    int left = w.told.send == 3;
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, large, sizeof large), left ? 0 : 997); /* one is taken when none waits */
    pipe_turns(&w, 50);
    CHECK_EQ(w.told.send, 2 + left);
    size_t pushed = 40000 + (1 + (size_t)left) * sizeof large;
    while (all < pushed) {
      CHECK_EQ(pipe_pull(&w, &m, 0, other, sizeof other, &n), 0);
      all += n;
    }
    PIPE_UNTIL(&w, w.told.send > 2u + (unsigned)left);
    CHECK_EQ(arpc_async_abort(w.rt, &m, 5), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &(uint32_t){0}), 5);
    pipe_close(&w);
  }
}

/* Pushes as much as goes in each turn, until nothing goes any more; gives what was taken. */
static size_t push_all_that_goes(pipe_world *w, const arpc_async *a) {
  size_t taken = 0;
  for (unsigned quiet = 0; quiet++ < 200; pipe_turns(w, 1))
    while (arpc_pipe_push(w->rt, a, 0, block, 10000) == 0) taken += 10000, quiet = 0;
  return taken;
}

static size_t bytes_in(pipe_world *w) {
  arpc_stats stats;
  arpc_runtime_stats(w->rt, &stats);
  return stats.bytes_in;
}

TEST("pipe: what nobody pulls is not read beyond the high water mark, at first and when there is room again [tcp] [unix]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t result;
    size_t n, all = 0, high = 256 * 1024, heads = 8192;
    if (!strcmp(o.transport, "memory")) continue;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    arpc_async m = *pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, other, sizeof other, &n), 997);
    size_t before = bytes_in(&w), taken = push_all_that_goes(&w, &m);
    CHECK(bytes_in(&w) - before >= high / 2);
    CHECK(bytes_in(&w) - before <= high + heads);
    while (all < high / 2 + high / 4 && arpc_pipe_pull(w.rt, &w.call, 0, other, 1000, &n) == 0) all += n;
    taken += push_all_that_goes(&w, &m);
    CHECK(bytes_in(&w) - before <= all + high + heads);
    CHECK_EQ(arpc_pipe_close(w.rt, &m, 0), 0);
    CHECK_EQ(pipe_reply(&w, &m, 0), 0);
    while (pipe_pull(&w, &w.call, 0, other, sizeof other, &n) == 0 && n) all += n;
    CHECK_EQ(all, taken);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    pipe_close(&w);
  }
}

TEST("pipe: a push larger than the high water mark is taken when nothing waits, and goes through [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    size_t big = 3000000, n, all = 0;
    uint8_t *bytes = malloc(big);
    uint32_t result;
    for (size_t i = 0; i < big; i++) bytes[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, bytes, big), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, bytes, 1), 997);
    while (all < big) {
      CHECK_EQ(pipe_pull(&w, m, 0, other, sizeof other, &n), 0);
      CHECK_BYTES(other, n, bytes + all, n);
      all += n;
    }
    CHECK_EQ(pipe_push(&w, &w.call, 0, bytes, 1), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    CHECK_EQ(pipe_drain(&w, m, 0, other, 1, 10, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(pipe_reply(&w, m, 0), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    free(bytes);
    pipe_close(&w);
  }
}

TEST("pipe: whoever pushes without end lets the loop turn: others are served meanwhile [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    size_t n, in_a_turn = 0;
    uint32_t result;
    o.client.pipe_high = 20000; /* less than a socket takes at once */
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 0, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    while (arpc_pipe_push(w.rt, &w.call, 0, block, 5000) == 0) in_a_turn += 5000;
    CHECK(in_a_turn >= 20000 - 5000 && in_a_turn <= 30000);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    while (pipe_pull(&w, m, 0, other, sizeof other, &n) == 0 && n) in_a_turn -= n;
    CHECK_EQ(in_a_turn, 0);
    CHECK_EQ(pipe_reply(&w, m, 0), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    pipe_close(&w);
  }
}

TEST("pipe: #50 a chunk out of its range is refused here, and is bad stub data from elsewhere [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint16_t five[6] = {1, 2, 3, 4, 5, 6}, got[8];
    uint32_t result;
    size_t n;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, RANGED_IN, 0, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, five, 1), 1734);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, five, 6), 1734);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 0, five, 0), 0); /* nothing */
    CHECK_EQ(pipe_push(&w, &w.call, 0, five, 5), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, five, 2), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    CHECK_EQ(pipe_drain(&w, m, 0, got, 2, 8, &n), 0);
    CHECK_EQ(n, 7);
    CHECK_EQ(pipe_reply(&w, m, 0), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    pipe_close(&w);
  }
}

TEST("pipe: where a server takes one connection, other calls wait for the call with pipes to end, and do not try on and on [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    pipe_told told = {0};
    arpc_async plain = pipe_handle(&told, 0);
    arpc_stats before, after;
    uint32_t result;
    size_t n;
    o.server.max_connections = 1;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 0, 0), 0);
    arpc_async m = *pipe_served(&w, 0);
    CHECK_EQ(pipe_call_with(&w, &plain, PLAIN, 1), 0);
    pipe_turns(&w, 100);
    arpc_runtime_stats(w.rt, &before);
    pipe_turns(&w, 300);
    arpc_runtime_stats(w.rt, &after);
    CHECK(after.reads + after.writes - before.reads - before.writes < 10);
    CHECK_EQ(w.nserved, 1);
    CHECK_EQ(arpc_pipe_close(w.rt, &m, 0), 0);
    CHECK_EQ(pipe_reply(&w, &m, 5), 0);
    CHECK_EQ(pipe_drain(&w, &w.call, 0, other, 1, 10, &n), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(pipe_reply(&w, pipe_served(&w, 1), 6), 0);
    CHECK_EQ(pipe_result(&w, &plain, &result), 0);
    CHECK_EQ(result, 6);
    pipe_close(&w);
  }
}

TEST("pipe: many calls with pipes at once each have a connection, as many as max_pipe_calls; then one is left [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    pipe_told told[20] = {{0}};
    arpc_async calls[20];
    arpc_stats s;
    uint32_t result;
    size_t n;
    o.client.max_pipe_calls = 6;
    pipe_open(&w, &o);
    for (unsigned i = 0; i < 20; i++) {
      calls[i] = pipe_handle(&told[i], 0);
      CHECK_EQ(pipe_call_with(&w, &calls[i], BYTES_OUT, i), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
      const arpc_async *m = pipe_served(&w, i);
      pipe_turns(&w, 30);
      CHECK_EQ(w.nserved, i + 6 < 20 ? i + 6 : 20);
      CHECK_EQ(pipe_push(&w, m, 0, "k", 1), 0);
      CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
      CHECK_EQ(pipe_reply(&w, m, 100 + w.given[i]), 0);
      CHECK_EQ(pipe_drain(&w, &calls[w.given[i]], 0, other, 1, 10, &n), 0);
      CHECK_EQ(pipe_result(&w, &calls[w.given[i]], &result), 0);
      CHECK_EQ(result, 100 + w.given[i]);
    }
    pipe_turns(&w, 30);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.connections, 2); /* both ends of one */
    pipe_close(&w);
  }
}
