/* The pipes of csrc/rpc, both sides played by hand: see pipe_world.h. */
#include "pipe_world.h"

static void fill(uint8_t *at, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) at[i] = (uint8_t)(i * 7 + (i >> 8) + seed);
}

TEST("pipe: #33 an [in] pipe: chunks and the end come to the manager, the result to the client [tcp] [unix] [memory]") {
  static uint8_t out[100000], in[100001];
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    size_t n;
    uint32_t result;
    fill(out, sizeof out, 3);
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 77, 0), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, out, 5), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, out + 5, 70000), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 0, out + 70005, 29995), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(w.given[0], 77);
    CHECK_EQ(pipe_drain(&w, m, 0, in, 1, sizeof in, &n), 0);
    CHECK_BYTES(in, n, out, sizeof out);
    CHECK_EQ(w.told.complete, 0);
    CHECK_EQ(pipe_reply(&w, m, 4711), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(result, 4711);
    CHECK_EQ(w.told.complete, 1);
    pipe_close(&w);
  }
}

TEST("pipe: #34 #42 an [out] pipe, then the other results, which come only with the call's end [tcp] [unix] [memory]") {
  static uint8_t out[200000], in[200001];
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    size_t n = 0;
    uint32_t result;
    fill(out, sizeof out, 9);
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_OUT, 1, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    for (size_t at = 0; at < sizeof out; at += 777) {
      size_t k = sizeof out - at < 777 ? sizeof out - at : 777;
      CHECK_EQ(pipe_push(&w, m, 0, out + at, k), 0);
    }
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(pipe_reply(&w, m, 5), 0);
    pipe_turns(&w, 50);
    CHECK_EQ(w.told.complete, 0);
    CHECK_EQ(arpc_async_complete(w.rt, &w.call, NULL), 997);
    CHECK_EQ(pipe_drain(&w, &w.call, 0, in, 1, sizeof in, &n), 0);
    CHECK_BYTES(in, n, out, sizeof out);
    CHECK_EQ(w.told.complete, 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(result, 5);
    CHECK_EQ(w.told.complete, 1);
    pipe_close(&w);
  }
}

TEST("pipe: #35 an [in, out] pipe: the whole input, then the whole output [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint32_t out[1000], in[1001], result;
    size_t n;
    for (uint32_t i = 0; i < 1000; i++) out[i] = i * 65537;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, LONGS_BOTH, 0, 0), 0);
    for (int i = 0; i < 10; i++) CHECK_EQ(pipe_push(&w, &w.call, 0, out + 100 * i, 100), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_push(w.rt, m, 0, out, 1), 1831);
    CHECK_EQ(arpc_pipe_pull(w.rt, &w.call, 0, in, 1, &n), 1831);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    CHECK_EQ(pipe_drain(&w, m, 0, in, 4, 1001, &n), 0);
    CHECK_BYTES(in, n * 4, out, sizeof out);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 0, in, 1, &n), 1918);
    CHECK_EQ(pipe_push(&w, m, 0, out, 999), 0);
    CHECK_EQ(pipe_push(&w, m, 0, out + 999, 1), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 0), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, m, 0, out, 1), 1916);
    memset(in, 0, sizeof in);
    CHECK_EQ(pipe_drain(&w, &w.call, 0, in, 4, 1001, &n), 0);
    CHECK_BYTES(in, n * 4, out, sizeof out);
    CHECK_EQ(pipe_reply(&w, m, 6), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(result, 6);
    pipe_close(&w);
  }
}

TEST("pipe: #43 several pipes of one call, left to right, elements and structs as the syntax lays them out [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    uint8_t bytes[64];
    uint64_t words[3] = {1, 1ULL << 40, ~0ULL}, got[4];
    uint16_t halves[5] = {1, 2, 3, 4, 5}, half[6];
    struct { uint64_t a; uint32_t b, gap; } structs[3] = {{1, 2, 0}, {3, 4, 0}, {5, 6, 0}}, back[4];
    uint32_t result;
    size_t n;
    memset(back, 0, sizeof back);
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, MANY, 3, 0), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 1, words, 3), 1831);
    CHECK_EQ(pipe_push(&w, &w.call, 0, "hello", 5), 0);
    CHECK_EQ(arpc_pipe_push(w.rt, &w.call, 2, halves, 3), 1831);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 1, words, 2), 0);
    CHECK_EQ(pipe_push(&w, &w.call, 1, words + 2, 1), 0);
    const arpc_async *m = pipe_served(&w, 0);
    CHECK_EQ(arpc_pipe_pull(w.rt, m, 1, got, 1, &n), 1831);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 1), 0);
    CHECK_EQ(pipe_drain(&w, m, 0, bytes, 1, 64, &n), 0);
    CHECK_BYTES(bytes, n, "hello", 5);
    CHECK_EQ(pipe_drain(&w, m, 1, got, 8, 4, &n), 0);
    CHECK_BYTES(got, n * 8, words, sizeof words);
    CHECK_EQ(arpc_pipe_push(w.rt, m, 3, structs, 1), 1831);
    CHECK_EQ(pipe_push(&w, m, 2, halves, 5), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 2), 0);
    CHECK_EQ(pipe_push(&w, m, 3, structs, 2), 0);
    CHECK_EQ(pipe_push(&w, m, 3, structs + 2, 1), 0);
    CHECK_EQ(pipe_reply(&w, m, 8), 1917);
    CHECK_EQ(arpc_pipe_close(w.rt, m, 3), 0);
    CHECK_EQ(pipe_reply(&w, m, 8), 0);
    CHECK_EQ(pipe_drain(&w, &w.call, 2, half, 2, 6, &n), 0);
    CHECK_BYTES(half, n * 2, halves, sizeof halves);
    CHECK_EQ(pipe_drain(&w, &w.call, 3, back, 16, 4, &n), 0);
    CHECK_EQ(n, 3);
    for (int i = 0; i < 3; i++) CHECK(back[i].a == structs[i].a && back[i].b == structs[i].b);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    CHECK_EQ(result, 8);
    pipe_close(&w);
  }
}

TEST("pipe: a plain call beside it goes on another connection, and is not held up [tcp] [unix] [memory]") {
  EACH_PIPE_WORLD(o) {
    pipe_world w;
    pipe_told told = {0};
    arpc_async plain = pipe_handle(&told, 0);
    static uint8_t block[65536];
    uint32_t result;
    size_t n, taken = 0;
    pipe_open(&w, &o);
    CHECK_EQ(pipe_call(&w, BYTES_IN, 1, 0), 0);
    const arpc_async *m = pipe_served(&w, 0);
    for (unsigned quiet = 0; quiet < 100; pipe_turns(&w, 1)) { /* until nothing more is taken */
      if (arpc_pipe_push(w.rt, &w.call, 0, block, sizeof block) == 0) taken += sizeof block, quiet = 0;
      else quiet++;
    }
    CHECK(taken >= 256 * 1024 && taken < 8 * 1024 * 1024);
    CHECK_EQ(pipe_call_with(&w, &plain, PLAIN, 2), 0);
    CHECK_EQ(pipe_reply(&w, pipe_served(&w, 1), 3), 0);
    CHECK_EQ(pipe_result(&w, &plain, &result), 0);
    CHECK_EQ(arpc_pipe_close(w.rt, &w.call, 0), 0);
    size_t all = 0;
    while (pipe_pull(&w, m, 0, block, sizeof block, &n) == 0 && n) all += n;
    CHECK_EQ(all, taken);
    CHECK_EQ(pipe_reply(&w, m, 4), 0);
    CHECK_EQ(pipe_result(&w, &w.call, &result), 0);
    pipe_close(&w);
  }
}
