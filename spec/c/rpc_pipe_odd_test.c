/* Calls with pipes among others: limits, and servers that do what ours do not. */
#include "pipe_rig.h"
#include "pipe_world.h"

#include "rpc/client.h"
#include "rpc/server.h"

TEST("pipe: max_pipe_calls also keeps calls with pipes from connections that plain calls have left [memory]") {
  pipe_options o = {.transport = "memory", .transfer = ARPC_NDR20, .client = {.max_pipe_calls = 1}};
  pipe_world w;
  uint32_t result;
  size_t n;
  pipe_open(&w, &o);
  arpc_async first = pipe_handle(&w.told, 0), plain = first, second = first;
  CHECK_EQ(pipe_call_with(&w, &first, BYTES_OUT, 0), 0);
  arpc_async m = *pipe_served(&w, 0);
  CHECK_EQ(pipe_call_with(&w, &plain, PLAIN, 1), 0);
  CHECK_EQ(pipe_reply(&w, pipe_served(&w, 1), 0), 0);
  CHECK_EQ(pipe_result(&w, &plain, &result), 0);
  CHECK_EQ(pipe_call_with(&w, &second, BYTES_OUT, 2), 0);
  pipe_turns(&w, 30);
  CHECK_EQ(w.nserved, 2);
  CHECK_EQ(arpc_pipe_close(w.rt, &m, 0), 0);
  CHECK_EQ(pipe_reply(&w, &m, 0), 0);
  CHECK_EQ(pipe_pull(&w, &first, 0, &result, 1, &n), 0);
  CHECK_EQ(pipe_result(&w, &first, &result), 0);
  m = *pipe_served(&w, 2);
  CHECK_EQ(arpc_pipe_close(w.rt, &m, 0), 0);
  CHECK_EQ(pipe_reply(&w, &m, 0), 0);
  CHECK_EQ(pipe_pull(&w, &second, 0, &result, 1, &n), 0);
  CHECK_EQ(pipe_result(&w, &second, &result), 0);
  pipe_close(&w);
}

/* ---- answers made by hand ----------------------------------------------------------------------*/

/* A call with one [out] pipe of bytes, that the raw server has heard. */
static piece asked(rig *r, job *j) {
  arpc__pdu last;
  rig_open(r);
  r->type = (arpc_pipe_type){.size = {1, 1}, .align = {1, 1}, .directions = ARPC_PIPE_OUT};
  raw_serve(r, ARPC_NDR20, j);
  arpc__buf question = raw_hear(r, &last);
  arpc__buf_free(&question);
  return (piece){.type = ARPC__RESPONSE, .call_id = last.call_id};
}

static void say(rig *r, const piece *p, const void *stub, size_t n, int first, int last) {
  arpc__buf out = {0};
  put_fragments(&out, p, stub, n, n, n);
  out.data[3] = (uint8_t)((first ? ARPC__PFC_FIRST : 0) | (last ? ARPC__PFC_LAST : 0));
  raw_say(r, out.data, out.len);
  arpc__buf_free(&out);
}

static void over(rig *r, job *j, arpc_status status) {
  rig_until(r, &j->done, 1);
  CHECK_EQ(arpc_async_complete(r->rt, &j->async, NULL), status);
  arpc_client_close(r->client);
  rig_close(r);
}

TEST("pipe: a cancelled call that is answered with what is no pipe completes [memory]") {
  static const uint8_t breaks_off[] = {9, 0, 0, 0, 1}, bad[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  for (int i = 0; i < 4; i++) {
    rig r;
    job j = {0};
    piece p = asked(&r, &j);
    if (i & 1) say(&r, &p, breaks_off, 5, 1, 0);
    for (int t = 0; t < 10; t++) rig_turn(&r);
    CHECK_EQ(arpc_async_cancel(r.rt, &j.async, 0), 0);
    if (i & 1) say(&r, &p, breaks_off, 1, 0, 1);
    else if (i) say(&r, &p, breaks_off, 5, 1, 1);
    else say(&r, &p, bad, 8, 1, 0);
    over(&r, &j, 1783);
  }
}

TEST("pipe: a cancelled call is not answered without end [memory]") {
  static const uint8_t block[32768];
  rig r;
  job j = {0};
  piece p = asked(&r, &j);
  CHECK_EQ(arpc_async_cancel(r.rt, &j.async, 0), 0);
  for (unsigned i = 0; !j.done; i++) {
    CHECK(i < 2100);
    say(&r, &p, block, sizeof block, !i, 0);
    rig_turn(&r);
  }
  over(&r, &j, 14);
}

TEST("pipe: behind the last pipe there may be nothing, which begins nowhere [memory]") {
  static const uint8_t end[4];
  rig r;
  job j = {0};
  arpc_reply reply;
  uint8_t got;
  size_t n = 1;
  piece p = asked(&r, &j);
  CHECK_EQ(arpc_pipe_pull(r.rt, &j.async, 0, &got, 1, &n), 997);
  j.waits = 1u << ARPC_RECEIVE_COMPLETE;
  say(&r, &p, end, 4, 1, 1);
  while (j.waits) rig_turn(&r);
  CHECK_EQ(arpc_pipe_pull(r.rt, &j.async, 0, &got, 1, &n), 0);
  CHECK_EQ(n, 0);
  rig_until(&r, &j.done, 1);
  CHECK_EQ(arpc_async_complete(r.rt, &j.async, &reply), 0);
  CHECK_EQ(reply.len, 0);
  CHECK(reply.stub || !reply.offset);
  arpc_client_close(r.client);
  rig_close(&r);
}

TEST("pipe: a manager that waits learns that there is no memory for what comes [memory]") {
  static const uint8_t chunk[20004] = {1};
  static uint8_t element[60000];
  rig r;
  arpc__buf out = {0};
  rig_open(&r);
  job plan = {.pulls = 1, .most = 1};
  rig_procedure(&r, (arpc_pipe_type){.size = {sizeof element, sizeof element}, .align = {1, 1}, .directions = ARPC_PIPE_IN}, NULL, 0, &plan);
  raw_dial_in(&r, ARPC_NDR20);
  put_fragments(&out, &(piece){.type = ARPC__REQUEST, .call_id = 7}, chunk, sizeof chunk, 4, 4096);
  raw_say(&r, out.data, 28);
  rig_until(&r, &r.calls, 1);
  for (int i = 0; i < 4; i++) rig_turn(&r);
  ((arpc__served *)arpc__slot_of(r.rt, &r.served.async)->call)->pipes->inbox.max = 1;
  raw_say(&r, out.data + 28, 24 + 4096);
  rig_until(&r, &r.served.done, 1);
  CHECK_EQ(r.served.failed, 14);
  arpc__buf_free(&out);
  rig_close(&r);
}

TEST("pipe: a request that no answer may come to is not answered with a pipe [memory]") {
  static const uint8_t whole[4];
  rig r;
  arpc__buf out = {0};
  arpc_stats s;
  rig_open(&r);
  job plan = {.pushes = 1, .chunks = (const uint32_t[]){5000}, .nchunks = 1, .kind = RECORDED_BYTES};
  rig_procedure(&r, recorded_type(RECORDED_BYTES, ARPC_PIPE_OUT), NULL, 0, &plan);
  raw_dial_in(&r, ARPC_NDR20);
  put_fragments(&out, &(piece){.type = ARPC__REQUEST, .call_id = 7}, whole, 4, 4, 4);
  out.data[3] |= ARPC__PFC_MAYBE;
  arpc__buf_clear(&r.heard);
  raw_say(&r, out.data, out.len);
  for (int i = 0; i < 30; i++) rig_turn(&r);
  CHECK_EQ(arpc__buf_unread(&r.heard), 0);
  arpc_runtime_stats(r.rt, &s);
  CHECK_EQ(s.parked, 0);
  CHECK(!r.ended);
  arpc__buf_free(&out);
  rig_close(&r);
}
