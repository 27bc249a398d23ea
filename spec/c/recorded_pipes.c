#include "recorded_pipes.h"

#include "test.h"

#include "proto/pdu.h"

#define IN ARPC_PIPE_IN
#define OUT ARPC_PIPE_OUT

/* Whose calls of a procedure had so many elements, one after the other. */
static const struct {
  const char *file;
  uint16_t opnum;
  int kind;
  unsigned directions;
  size_t head, tail, elements[8];
  unsigned calls;
} known[] = {
    {"freedce_pipes", 1, RECORDED_LONGS, IN, 4, 8, {0, 5, 1000, 2500}, 4},
    {"freedce_pipes", 2, RECORDED_LONGS, OUT, 4, 4, {0, 5, 120, 2500}, 4},
    {"freedce_pipes", 3, RECORDED_BYTES, IN | OUT, 0, 4, {10000, 11}, 2},
    {"freedce_pipes", 4, RECORDED_RECORDS, IN, 0, 8, {5}, 1},
    {"freedce_pipes_out_multifrag", 2, RECORDED_LONGS, OUT, 4, 4, {0, 5, 120, 2500}, 4},
    {"freedce_pipes_in_multifrag_sender", 1, RECORDED_LONGS, IN, 4, 8, {0, 5, 1000, 2500}, 4},
    {"go_freedce_pipes", 1, RECORDED_BYTES, OUT, 20, 4, {5, 700, 1500, 2000, 3900}, 5},
    {"go_freedce_pipes", 2, RECORDED_BYTES, IN, 20, 4, {5, 700, 1500, 2000, 3900, 9000}, 6},
    {"go_client_pipes_multifrag", 1, RECORDED_BYTES, OUT, 20, 4, {9000}, 1},
    {"go_client_pipes_multifrag", 2, RECORDED_BYTES, IN, 20, 4, {9000}, 1},
};
enum { KNOWN = sizeof known / sizeof *known };

static void append(uint8_t **to, size_t *len, const uint8_t *bytes, size_t n) {
  *to = realloc(*to, *len + n + 1);
  CHECK(*to != NULL);
  memcpy(*to + *len, bytes, n);
  *len += n;
}

static const vector_step *bind_of(const vectors *v, int conn) {
  for (size_t i = 0; i < v->count; i++)
    if (v->steps[i].conn == conn && v->steps[i].len && v->steps[i].bytes[2] == ARPC__BIND) return &v->steps[i];
  return NULL;
}

/* The fragments of the call that begins with step i. */
static void collect(const vectors *v, size_t i, recorded_pipe *ret) {
  const vector_step *first = &v->steps[i];
  ret->bind = bind_of(v, first->conn);
  ret->v = v;
  ret->conn = first->conn;
  ret->call_id = arpc__load32(first->bytes + 12, 0);
  ret->context = arpc__load16(first->bytes + 20, 0);
  ret->opnum = arpc__load16(first->bytes + 22, 0);
  for (; i < v->count; i++) {
    const vector_step *s = &v->steps[i];
    if (s->eof || s->conn != first->conn || s->len < 24 || arpc__load32(s->bytes + 12, 0) != ret->call_id) continue;
    CHECK_EQ(s->bytes[4], 0x10);
    append(&ret->said[s->from_client], &ret->said_len[s->from_client], s->bytes, s->len);
    if (s->bytes[2] == 3) ret->fault = arpc__load32(s->bytes + 24, 0);
    else if (s->from_client) append(&ret->in, &ret->in_len, s->bytes + 24, s->len - 24);
    else append(&ret->out, &ret->out_len, s->bytes + 24, s->len - 24);
  }
}

static int begins_call(const vector_step *s, uint16_t opnum) {
  return s->from_client && !s->eof && s->len >= 24 && s->bytes[2] == 0 && s->bytes[3] & 1 && arpc__load16(s->bytes + 22, 0) == opnum;
}

static void each_of(unsigned k, const vectors *v, void (*fn)(const recorded_pipe *call, void *arg), void *arg) {
  unsigned n = 0;
  for (size_t i = 0; i < v->count; i++) {
    if (!begins_call(&v->steps[i], known[k].opnum)) continue;
    CHECK(n < known[k].calls);
    recorded_pipe call = {.kind = known[k].kind, .directions = known[k].directions, .head = known[k].head,
                          .tail = known[k].tail, .elements = known[k].elements[n++]};
    collect(v, i, &call);
    fn(&call, arg);
    free(call.in);
    free(call.out);
    free(call.said[0]);
    free(call.said[1]);
  }
  CHECK_EQ(n, known[k].calls);
}

size_t recorded_pipes(void (*fn)(const recorded_pipe *call, void *arg), void *arg) {
  size_t n = 0;
  for (unsigned k = 0; k < KNOWN; k++) {
    vectors *v = vectors_load(known[k].file);
    each_of(k, v, fn, arg);
    vectors_free(v);
    n += known[k].calls;
  }
  return n;
}

arpc_pipe_type recorded_type(int kind, unsigned directions) {
  static const uint8_t sizes[RECORDED_KINDS] = {1, 4, 16}, aligns[RECORDED_KINDS] = {1, 4, 8};
  return (arpc_pipe_type){.size = {sizes[kind], sizes[kind]}, .align = {aligns[kind], aligns[kind]}, .directions = (uint8_t)directions};
}

/* Bytes and longs count up; records are {long, hyper} with a gap between them. */
void recorded_element(int kind, int big, size_t k, uint8_t *ret) {
  if (kind == RECORDED_RECORDS) memset(ret, 0, 16);
  if (kind == RECORDED_RECORDS) ret[big ? 11 : 12] = 0x10;
  if (kind == RECORDED_BYTES) *ret = (uint8_t)k;
  else arpc__store32(ret, big ? __builtin_bswap32((uint32_t)k) : (uint32_t)k);
}

int recorded_are(int kind, int big, size_t k, const uint8_t *at, size_t n) {
  uint8_t want[16];
  size_t unit = recorded_type(kind, 0).size[0];
  for (size_t i = 0; i < n; i++) {
    recorded_element(kind, big, k + i, want);
    if (memcmp(at + i * unit, want, unit) != 0) return 0;
  }
  return 1;
}
