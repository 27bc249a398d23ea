/* Pipes' chunks: the worked examples, what other implementations sent, and what nobody should. */
#include "test.h"

#include "ndr/pipe.h"
#include "recorded_pipes.h"

static arpc__ndr_type types[8];
static arpc__ndr_member record[] = {{.name = "a", .type = &types[0], .slot = -1}, {.name = "b", .type = &types[1], .slot = -1}};

enum { LONG, HYPER, RECORD, SHORT, LONGS, HYPERS, RECORDS, SHORTS };

static const arpc__ndr_type bytes_chunk = {.kind = ARPC__NDR_TEXT, .flags = ARPC__NDR_CONFORMANT, .align = {1, 1}};

static const arpc__ndr_type *chunks_of(int which) {
  uint32_t at;
  const arpc__ndr_type all[8] = {
      [LONG] = {.kind = ARPC__NDR_INT, .flags = ARPC__NDR_SIGNED, .size = {4, 4}},
      [HYPER] = {.kind = ARPC__NDR_INT, .flags = ARPC__NDR_SIGNED, .size = {8, 8}},
      [RECORD] = {.kind = ARPC__NDR_STRUCT, .list = {.members = record, .count = 2}},
      [SHORT] = {.kind = ARPC__NDR_INT, .size = {2, 2}},
      [LONGS] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[LONG]},
      [HYPERS] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[HYPER]},
      [RECORDS] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[RECORD]},
      [SHORTS] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[SHORT]}};
  memcpy(types, all, sizeof types);
  CHECK(!arpc__ndr_layout(types, 8, &at));
  return &types[which];
}

/* ---- values: a flat list of numbers, or bytes --------------------------------------------------*/
typedef struct values {
  int64_t number[30000];
  uint8_t bytes[30000];
  size_t n, nbytes;
  uint32_t chunk[8192]; /* elements of each portion given */
  size_t nchunks;
} values;

static void on_integer(void *arg, const arpc__ndr_type *t, int64_t v) {
  values *x = arg;
  (void)t;
  CHECK(x->n < 30000);
  x->number[x->n++] = v;
}
static void on_text(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big) {
  values *x = arg;
  (void)t, (void)big;
  CHECK(x->nbytes + n <= sizeof x->bytes);
  memcpy(x->bytes + x->nbytes, units, n);
  x->nbytes += n;
}
static int on_begin(void *arg, const arpc__ndr_type *t, size_t n) {
  (void)arg, (void)t;
  return n <= INT32_MAX;
}
static void on_set(void *arg, const arpc__ndr_member *m, size_t i) {
  (void)arg, (void)m, (void)i;
}
static const arpc__ndr_sink sink = {.integer = on_integer, .text = on_text, .begin = on_begin, .set = on_set};

/* A stub that arrives `step` bytes at a time; gives how many of its bytes were the pipe's, or the failure. */
static size_t read_pipe(const arpc__ndr_type *chunk, int transfer, int big, const uint8_t *stub, size_t offset, size_t len,
                        size_t step, values *ret, arpc_status *error) {
  arpc__ndr_pipe p;
  arpc__ndr_pipe_event event = ARPC__NDR_PIPE_MORE;
  size_t arrived = offset;
  arpc__reader r = arpc__reader_of(stub, 0, big);
  memset(ret, 0, sizeof *ret);
  r.pos = r.len = offset;
  arpc__ndr_pipe_begin(&p, chunk, transfer);
  while (event != ARPC__NDR_PIPE_END && !r.error && arrived < len) {
    arrived = arrived + step < len ? arrived + step : len;
    r.len = arrived;
    uint32_t n;
    const uint8_t *at;
    while ((event = arpc__ndr_pipe_next(&p, &r, step == 1 ? 3 : UINT32_MAX, &n, &at)) == ARPC__NDR_PIPE_ELEMENTS) {
      CHECK_EQ(arpc__ndr_pipe_give(&p, at, n, big, &sink, ret), 0);
      if (p.left + n == p.count) ret->chunk[ret->nchunks++] = p.count;
    }
  }
  *error = event == ARPC__NDR_PIPE_END ? ARPC_S_OK : r.error ? r.error : ARPC_X_BAD_STUB_DATA;
  return r.pos - offset;
}

/* ---- writing -----------------------------------------------------------------------------------*/
typedef struct cursor {
  const values *from;
  size_t at, width, field; /* numbers; of an element; which of them is current */
  uint32_t n;
  size_t byte;
} cursor;

static size_t from_count(void *arg, const arpc__ndr_type *t) {
  (void)t;
  return ((cursor *)arg)->n;
}
static int64_t from_integer(void *arg, const arpc__ndr_type *t, int s) {
  cursor *c = arg;
  (void)t, (void)s;
  return c->from->number[c->at++];
}
static const char *from_text(void *arg, const arpc__ndr_type *t, size_t *ret) {
  cursor *c = arg;
  (void)t;
  *ret = c->n;
  return (const char *)c->from->bytes + c->byte;
}
static void from_open(void *arg, const arpc__ndr_type *t) {
  (void)arg, (void)t;
}
static void from_member(void *arg, const arpc__ndr_member *m) {
  (void)arg, (void)m;
}
static void from_element(void *arg, size_t i) {
  (void)arg, (void)i;
}
static void from_leave(void *arg) {
  (void)arg;
}
static void from_refuse(void *arg, const char *why) {
  (void)arg, (void)why;
}
static const arpc__ndr_source source = {.count = from_count, .integer = from_integer, .text = from_text, .open = from_open,
                                        .member = from_member, .element = from_element, .leave = from_leave,
                                        .refuse = from_refuse};

static void write_pipe(const arpc__ndr_type *chunk, int transfer, const values *v, size_t offset, arpc__buf *out) {
  cursor c = {.from = v};
  arpc__buf_init(out, 0);
  arpc__writer w = {.buf = out, .base = 8 - offset % 8};
  for (size_t i = 0; i < v->nchunks; i++) {
    c.n = v->chunk[i];
    arpc__ndr_pipe_put(chunk, transfer, &w, &source, &c);
    c.byte += c.n;
  }
  arpc__ndr_pipe_end(transfer, &w);
}

static size_t unhex(const char *text, uint8_t *ret) {
  size_t n = 0;
  for (; *text; text++) {
    unsigned v;
    if (*text == ' ') continue;
    sscanf(text++, "%2x", &v);
    ret[n++] = (uint8_t)v;
  }
  return n;
}

static values got;

/* The pipe behind `offset` bytes gives so many numbers or bytes, however it arrives, and makes the same again. */
static void both_ways(const arpc__ndr_type *chunk, int transfer, const uint8_t *stub, size_t offset, size_t len, size_t rest) {
  static const size_t steps[] = {1, 2, 3, 5, 7, 8, 13, 1000, 1 << 20};
  arpc_status error;
  arpc__buf out;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    size_t used = read_pipe(chunk, transfer, 0, stub, offset, len, steps[i], &got, &error);
    CHECK_EQ(error, 0);
    CHECK_EQ(used, len - offset - rest);
  }
  write_pipe(chunk, transfer, &got, offset, &out);
  CHECK_BYTES(out.data, out.len, stub + offset, len - offset - rest);
  arpc__buf_free(&out);
}

static void example(const arpc__ndr_type *chunk, int transfer, const char *text, size_t offset) {
  uint8_t stub[256];
  both_ways(chunk, transfer, stub, offset, unhex(text, stub), 0);
}

TEST("pipes: #48 #49 the worked examples I1 to I3, in both syntaxes and byte orders") {
  uint8_t stub[64];
  arpc_status error;
  example(&bytes_chunk, ARPC_NDR20, "07000000 03000000 414243 00 00000000", 4);
  CHECK_BYTES(got.bytes, got.nbytes, "ABC", 3);
  example(&bytes_chunk, ARPC_NDR64, "07000000 00000000 0300000000000000 414243 0000000000 fdffffffffffffff"
                                    "0000000000000000 0000000000000000", 4);
  CHECK_BYTES(got.bytes, got.nbytes, "ABC", 3);
  size_t n = unhex("00000007 00000003 414243 00 00000000", stub);
  CHECK_EQ(read_pipe(&bytes_chunk, ARPC_NDR20, 1, stub, 4, n, 1, &got, &error), 12);
  CHECK_BYTES(got.bytes, got.nbytes, "ABC", 3);
  const arpc__ndr_type *hypers = chunks_of(HYPERS);
  example(hypers, ARPC_NDR20, "02000000 00000000 0100000000000000 0200000000000000 00000000", 0);
  CHECK(got.n == 2 && got.number[0] == 1 && got.number[1] == 2);
  example(hypers, ARPC_NDR64, "0200000000000000 0100000000000000 0200000000000000 feffffffffffffff"
                              "0000000000000000 0000000000000000", 0);
  n = unhex("00000002 00000000 0000000000000001 0000000000000002 00000000", stub);
  read_pipe(hypers, ARPC_NDR20, 1, stub, 0, n, 1, &got, &error);
  CHECK(got.n == 2 && got.number[1] == 2);
  example(chunks_of(SHORTS), ARPC_NDR20, "01000000 0100 0000 00000000", 0);
}

TEST("pipes: elements of structs keep their gaps") {
  const arpc__ndr_type *records = chunks_of(RECORDS);
  example(records, ARPC_NDR20, "02000000 00000000 01000000 00000000 0200000000000000 03000000 00000000 0400000000000000"
                               "00000000", 0);
  CHECK(got.n == 4 && got.number[0] == 1 && got.number[3] == 4);
  example(records, ARPC_NDR64, "0100000000000000 01000000 00000000 0200000000000000 ffffffffffffffff"
                               "0000000000000000 0000000000000000", 0);
}

TEST("pipes: elements of structs begin aligned, though NDR20 has no gap behind the last") {
  const arpc__ndr_type *records = chunks_of(RECORDS);
  const arpc__ndr_member front = record[0];
  uint32_t at;
  record[0] = record[1];
  record[1] = front;
  CHECK(!arpc__ndr_layout(types, 8, &at));
  example(records, ARPC_NDR20, "02000000 00000000 0100000000000000 02000000 00000000 0300000000000000 04000000 00000000", 0);
  CHECK(got.n == 4 && got.number[2] == 3 && got.number[3] == 4);
  example(records, ARPC_NDR64, "0100000000000000 0100000000000000 02000000 00000000 ffffffffffffffff"
                               "0000000000000000 0000000000000000", 0);
}

/* ---- recorded ----------------------------------------------------------------------------------*/
/* What was read last are the elements of a recorded pipe. */
static void are_elements(const recorded_pipe *call) {
  size_t numbers = call->kind == RECORDED_BYTES ? 0 : call->kind == RECORDED_LONGS ? 1 : 2;
  CHECK_EQ(got.n, call->elements * numbers);
  CHECK_EQ(got.nbytes, numbers ? 0 : call->elements);
  for (size_t k = 0; k < call->elements; k++) {
    if (!numbers) CHECK_EQ(got.bytes[k], k & 255);
    else CHECK_EQ(got.number[numbers * k], k);
    if (numbers == 2) CHECK_EQ(got.number[2 * k + 1], 1ll << 36);
  }
}

static size_t in_pipes, out_pipes;

static void recorded(const recorded_pipe *call, void *arg) {
  (void)arg;
  const arpc__ndr_type *chunk = call->kind == RECORDED_BYTES ? &bytes_chunk : chunks_of(call->kind == RECORDED_LONGS ? LONGS : RECORDS);
  if (call->directions & ARPC_PIPE_IN) {
    in_pipes++;
    both_ways(chunk, ARPC_NDR20, call->in, call->head, call->in_len, 0);
    are_elements(call);
  }
  if (call->directions & ARPC_PIPE_OUT) {
    out_pipes++;
    both_ways(chunk, ARPC_NDR20, call->out, 0, call->out_len, call->tail);
    are_elements(call);
  }
}

TEST("pipes: #48 #54 what FreeDCE and go-msrpc sent, over one fragment or many, gives its elements, and these the same bytes") {
  CHECK_EQ(recorded_pipes(recorded, NULL), 32);
  CHECK_EQ(in_pipes, 18);
  CHECK_EQ(out_pipes, 16);
}

/* ---- malformed ---------------------------------------------------------------------------------*/
static void refused(const arpc__ndr_type *chunk, int transfer, const char *text) {
  uint8_t stub[64];
  arpc_status error;
  for (size_t step = 1; step < 64; step++) {
    read_pipe(chunk, transfer, 0, stub, 0, unhex(text, stub), step, &got, &error);
    CHECK_EQ(error, ARPC_X_BAD_STUB_DATA);
  }
}

TEST("pipes: #50 counts that cannot be, or do not agree, are refused") {
  arpc__ndr_type ranged = bytes_chunk;
  arpc_status error;
  uint8_t stub[64];
  ranged.flags |= ARPC__NDR_RANGED;
  ranged.low[0] = ranged.low[1] = 2;
  ranged.high[0] = ranged.high[1] = 3;
  refused(&bytes_chunk, ARPC_NDR20, "00000080 4142");
  refused(&bytes_chunk, ARPC_NDR20, "ffffff7f 4142");
  refused(&bytes_chunk, ARPC_NDR64, "0000000001000000 4142");
  refused(&bytes_chunk, ARPC_NDR64, "0200000000000000 4142 000000000000 0200000000000000 0000000000000000 0000000000000000");
  refused(&bytes_chunk, ARPC_NDR64, "0200000000000000 4142 000000000000 ffffffffffffffff 0000000000000000 0000000000000000");
  refused(&bytes_chunk, ARPC_NDR64, "0000000000000000 0100000000000000");
  refused(&ranged, ARPC_NDR20, "01000000 41 000000 00000000");
  refused(&ranged, ARPC_NDR20, "04000000 41424344 00000000");
  read_pipe(&ranged, ARPC_NDR20, 0, stub, 0, unhex("03000000 414243 00 00000000", stub), 1, &got, &error);
  CHECK_EQ(error, 0);
  got.chunk[0] = 4;
  arpc__buf out;
  write_pipe(&ranged, ARPC_NDR20, &got, 0, &out);
  CHECK_EQ(out.error, ARPC_S_INVALID_ARG);
  arpc__buf_free(&out);
}

TEST("pipes: what is no array, or has elements of no fixed size, is none") {
  chunks_of(LONGS);
  CHECK(arpc__ndr_pipe_check(&types[LONG]));
  CHECK(!arpc__ndr_pipe_check(&types[LONGS]));
  CHECK(!arpc__ndr_pipe_check(&bytes_chunk));
  arpc__ndr_type wide = bytes_chunk, nested = types[LONGS], pointer = {.kind = ARPC__NDR_POINTER, .flags = ARPC__NDR_POINTERS};
  wide.flags |= ARPC__NDR_WIDE;
  CHECK(arpc__ndr_pipe_check(&wide));
  nested.of = &types[SHORTS];
  CHECK(arpc__ndr_pipe_check(&nested));
  nested.of = &pointer;
  CHECK(arpc__ndr_pipe_check(&nested));
}
