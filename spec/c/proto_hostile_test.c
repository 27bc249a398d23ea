/* Bytes in any portions, and bytes nobody should send. Every portion is fed from memory of its own that is
 * freed right after, so that a sanitizer sees a machine that reads on or keeps what it only borrowed. */
#include "proto/stub.h"
#include "proto_rig.h"
#include "vectors.h"

typedef struct stream {
  uint8_t *bytes;
  size_t len;
} stream;

static unsigned below(unsigned n) {
  return (unsigned)(test_random() % n);
}

static void append(stream *s, const void *bytes, size_t len) {
  s->bytes = realloc(s->bytes, s->len + len + 1);
  if (!s->bytes) abort();
  if (len) memcpy(s->bytes + s->len, bytes, len);
  s->len += len;
}

static void append_pdu(stream *s, uint8_t drep, int type, int flags, uint32_t call_id, const char *body) {
  uint8_t pdu[512];
  append(s, pdu, make_pdu(pdu, sizeof pdu, drep, type, flags, call_id, body));
}

/* ---- the server machine, any portions ---- */

static server_rig R;

static void serve_portion(const uint8_t *bytes, size_t len) {
  uint8_t *own = malloc(len ? len : 1);
  if (len) memcpy(own, bytes, len);
  server_feed(&R, own, len);
  free(own);
}

static void serve_cut(const stream *s, size_t cut, size_t portion) {
  server_rig_init(&R, 5840);
  serve_portion(s->bytes, cut);
  for (size_t at = cut; at < s->len; at += portion) serve_portion(s->bytes + at, s->len - at < portion ? s->len - at : portion);
}

static stream client_side_of(const char *name, int conn) {
  stream s = {0};
  vectors *v = vectors_load(name);
  for (size_t i = 0; i < v->count; i++)
    if (v->steps[i].conn == conn && v->steps[i].from_client) append(&s, v->steps[i].bytes, v->steps[i].len);
  vectors_free(v);
  return s;
}

static void check_portions(const char *name) {
  stream s = client_side_of(name, 1);
  serve_cut(&s, s.len, 1);
  int requests = R.requests, broken = R.broken;
  arpc__buf want = R.c.out;
  R.c.out = (arpc__buf){0};
  CHECK(requests > 1 && want.len > 100 && !broken);
  server_rig_free(&R);
  size_t stride = test_scale(8) < 8 ? 97 : s.len > 4000 ? 13 : 1;
  for (size_t cut = 0; cut <= s.len; cut += stride) {
    serve_cut(&s, cut, cut == 0 ? 1 : s.len);
    CHECK_EQ(R.requests, requests);
    CHECK_EQ(R.broken, broken);
    CHECK_BYTES(R.c.out.data, R.c.out.len, want.data, want.len);
    CHECK(!arpc__server_midway(&R.c) && !R.c.in.part.data);
    server_rig_free(&R);
  }
  arpc__buf_free(&want);
  free(s.bytes);
}

TEST("server: recorded clients, byte by byte and cut in two at every place") {
  check_portions("samba_echo_calls");
  check_portions("samba_echo_calls_bigendian");
  check_portions("impacket_to_samba_l0_f200");
  check_portions("raw_protocol/test_no_auth_presentation_ctx_no_ndr64");
}

/* ---- the client machine, any portions ---- */

static client_rig C;
static arpc__client_call calls[24];

static stream answers(void) {
  stream s = {0};
  append_pdu(&s, 0x10, ARPC__BIND_ACK, 0x13, 1, "d016 d016 44332211 0600 343931353200" THREE ACCEPT NO_TRANSFER "0300 0300" ZERO);
  append_pdu(&s, 0x10, ARPC__RESPONSE, 3, 2, "04000000 0000 0000 01020304");
  append_pdu(&s, 0x00, ARPC__RESPONSE, 1, 3, "00000004 0000 0000 0102");
  append_pdu(&s, 0x10, ARPC__RESPONSE, 1, 4, "04000000 0000 0000 0506");
  append_pdu(&s, 0x10, ARPC__RESPONSE, 3, 5, "00000000 0000 0000");
  append_pdu(&s, 0x00, ARPC__RESPONSE, 2, 3, "00000004 0000 0000 0304");
  append_pdu(&s, 0x10, ARPC__FAULT, 0x23, 6, "18000000 0000 0000 0200011c 00000000");
  append_pdu(&s, 0x10, ARPC__RESPONSE, 0, 4, "00000000 0000 0000 0708");
  append_pdu(&s, 0x10, ARPC__RESPONSE, 3, 99, "00000000 0000 0000 ffff");
  append_pdu(&s, 0x10, ARPC__RESPONSE, 2, 4, "00000000 0000 0000 090a");
  append_pdu(&s, 0x10, ARPC__FAULT, 3, 7, "00000000 0000 0000 05000000");
  append_pdu(&s, 0x10, ARPC__SHUTDOWN, 3, 0, "");
  return s;
}

/* Everything that was told, as bytes. */
static void write_down(arpc__buf *log, const arpc__client_event *ev) {
  uint8_t head[4] = {(uint8_t)ev->kind, ev->call ? (uint8_t)(ev->call - calls) : 255, ev->big_endian, ev->flags};
  arpc__buf_put(log, head, sizeof head);
  arpc__buf_put(log, &ev->status, sizeof ev->status);
  arpc__buf_put(log, ev->stub, ev->len);
}

static void receive_portion(arpc__buf *log, const uint8_t *bytes, size_t len) {
  uint8_t *own = malloc(len ? len : 1);
  if (len) memcpy(own, bytes, len);
  for (arpc__client_event_kind kind = client_feed(&C, own, len); kind; kind = client_next(&C)) {
    write_down(log, &C.last);
    if (kind == ARPC__C_BOUND)
      for (int i = 0; i < 6; i++) CHECK_EQ(arpc__client_request(&C.c, &calls[i], C.context, 0, NULL, "", 0), 0);
    if (C.last.call) arpc__client_free_answer(C.last.call);
  }
  free(own);
}

static arpc__buf receive_cut(const stream *s, size_t cut, size_t portion) {
  arpc__buf log = {0};
  memset(calls, 0, sizeof calls);
  client_rig_init(&C, NULL);
  CHECK_EQ(arpc__client_present(&C.c, &spec_echo, &C.context), 0);
  receive_portion(&log, s->bytes, cut);
  for (size_t at = cut; at < s->len; at += portion) receive_portion(&log, s->bytes + at, s->len - at < portion ? s->len - at : portion);
  CHECK(arpc__client_idle(&C.c) && C.c.in.part.data == NULL);
  client_rig_free(&C);
  return log;
}

TEST("client: answers, byte by byte and cut in two at every place") {
  stream s = answers();
  arpc__buf want = receive_cut(&s, s.len, 1);
  CHECK(want.len > 8 * 8);
  for (size_t cut = 0; cut <= s.len; cut++) {
    arpc__buf log = receive_cut(&s, cut, cut == 0 ? 1 : s.len);
    CHECK_BYTES(log.data, log.len, want.data, want.len);
    arpc__buf_free(&log);
  }
  arpc__buf_free(&want);
  free(s.bytes);
}

/* ---- hostile bytes ---- */

enum { STREAMS = 10000 };

/* Half of the time the header makes sense, so that bodies are looked at. */
static stream random_stream(void) {
  static const uint8_t types[] = {0, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  uint8_t pdu[400];
  stream s = {0};
  for (unsigned n = below(12); n; n--) {
    size_t len = 16 + below(below(4) ? 60 : sizeof pdu - 16);
    for (size_t i = 0; i < len; i++) pdu[i] = below(3) ? (uint8_t)test_random() : (uint8_t)below(4);
    if (below(8)) {
      arpc__store_header(pdu, types[below(sizeof types)], (uint8_t)(below(2) ? below(4) : below(256)), (uint16_t)len, below(12));
      if (!below(4)) arpc__store16(pdu + 10, (uint16_t)below(below(2) ? 40 : 65536));
      if (!below(6)) arpc__store16(pdu + 8, (uint16_t)below(65536));
      if (!below(4)) arpc__store16(pdu + 20, 0);
    }
    append(&s, pdu, len);
  }
  return s;
}

static void mutate(stream *s) {
  static const uint8_t edges[] = {0, 1, 2, 3, 0x0f, 0x10, 0x7f, 0x80, 0xfe, 0xff};
  for (unsigned n = 1 + below(6); n && s->len > 16; n--) {
    size_t at = below(4) ? below((unsigned)s->len) : below(32) % s->len;
    switch (below(6)) {
      case 0: s->bytes[at] ^= (uint8_t)(1u << below(8)); break;
      case 1: s->bytes[at] = edges[below(sizeof edges)]; break;
      case 2: s->bytes[at] = (uint8_t)test_random(); break;
      case 3: /* a piece goes */
        memmove(s->bytes + at, s->bytes + at + (s->len - at) / 4, s->len - at - (s->len - at) / 4);
        s->len -= (s->len - at) / 4;
        break;
      case 4: /* a piece comes twice */
        if (s->len < 60000) {
          uint8_t piece[64];
          size_t size = s->len - at < sizeof piece ? s->len - at : sizeof piece;
          memcpy(piece, s->bytes + at, size);
          append(s, piece, size);
        }
        break;
      default: s->len = below(8) ? s->len : at; break;
    }
  }
}

static struct {
  stream server[400], client[400]; /* what servers and clients sent, a connection each */
  unsigned servers, clients;
} recorded;

static void record(const vectors *v) {
  for (int conn = 1; conn <= v->conns; conn++) {
    stream from[2] = {{0}, {0}};
    for (size_t i = 0; i < v->count; i++)
      if (v->steps[i].conn == conn && from[v->steps[i].from_client].len < 20000)
        append(&from[v->steps[i].from_client], v->steps[i].bytes, v->steps[i].len);
    if (from[0].len && recorded.servers < 400) recorded.server[recorded.servers++] = from[0];
    else free(from[0].bytes);
    if (from[1].len && recorded.clients < 400) recorded.client[recorded.clients++] = from[1];
    else free(from[1].bytes);
  }
}

static stream mutation_of(const stream *all, unsigned n) {
  stream s = {0};
  const stream *one = &all[below(n)];
  append(&s, one->bytes, one->len);
  mutate(&s);
  return s;
}

/* What is kept is bounded by what came. */
static void check_server_memory(size_t fed) {
  CHECK(R.c.in.part.cap <= 2 * 65536);
  CHECK(R.c.request.stub.cap <= 2 * fed + 256);
  CHECK(R.c.out.len <= 4 * fed + 100);
  CHECK(R.c.ncontexts <= 64 && R.c.running <= RIG_CALLS && R.c.calls.size <= 4 * RIG_CALLS);
}

static void attack_server(const stream *s, int bound) {
  size_t fed = 0;
  server_rig_init(&R, below(2) ? 5840 : 65528);
  R.c.options.transfer = ARPC_NDR20 | ARPC_NDR64;
  R.c.options.prefer = below(2) ? ARPC_NDR20 : ARPC_NDR64;
  if (bound) server_bind(&R, below(2) ? 3 : 0x13, 0);
  while (fed < s->len) {
    size_t n = 1 + below(below(2) ? 40 : 4000);
    if (n > s->len - fed) n = s->len - fed;
    serve_portion(s->bytes + fed, n);
    fed += n;
    check_server_memory(fed);
    if (R.ncalls && !below(3)) arpc__server_respond(&R.c, &R.calls[R.ncalls], "abc", 3);
  }
  CHECK(R.broken <= 1);
  server_rig_free(&R);
}

TEST("server: random bytes") {
  for (unsigned i = test_scale(STREAMS); i; i--) {
    stream s = random_stream();
    attack_server(&s, below(4) != 0);
    free(s.bytes);
  }
}

TEST("server: recorded clients, mutated") {
  vectors_each("", record);
  vectors_each("raw_protocol", record);
  CHECK(recorded.clients > 100);
  for (unsigned i = test_scale(STREAMS); i; i--) {
    stream s = mutation_of(recorded.client, recorded.clients);
    attack_server(&s, 0);
    free(s.bytes);
  }
}

static void check_client_memory(size_t fed) {
  size_t answers_held = 0;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) answers_held += calls[i].answer ? calls[i].answer->cap : 0;
  CHECK(C.c.in.part.cap <= 2 * 65536);
  CHECK(answers_held <= 2 * fed + 256 * 24);
  CHECK(C.c.calls.size <= 128);
}

static void disturb(void) {
  arpc__client_call *call = &calls[below(24)];
  if (!below(3)) arpc__client_cancel(&C.c, call);
  if (!below(3)) arpc__client_orphan(&C.c, call);
  if (!below(3)) arpc__client_forget(&C.c, call);
  if (call->call_id == 0 && C.context->state == ARPC__ACCEPTED && C.c.calls.used < 24)
    arpc__client_request(&C.c, call, C.context, 0, NULL, "abc", 3);
}

static void attack_client(const stream *s, int bound) {
  int broken = 0;
  client_rig_init(&C, &(arpc__client_options){.max_fragment = 5840, .max_response = 4096, .transfer = (uint8_t)(1 + 2 * below(2)),
                                              .multiplex = 1, .features = (uint8_t)(3 * below(2))});
  memset(calls, 0, sizeof calls);
  if (bound) client_bind(&C, 0x13);
  else CHECK_EQ(arpc__client_present(&C.c, &spec_echo, &C.context), 0);
  for (int i = 0; bound && i < 8; i++) CHECK_EQ(arpc__client_request(&C.c, &calls[i], C.context, 0, NULL, "", 0), 0);
  for (size_t fed = 0, n; fed < s->len; fed += n) {
    n = 1 + below(below(2) ? 40 : 4000);
    if (n > s->len - fed) n = s->len - fed;
    uint8_t *own = malloc(n);
    memcpy(own, s->bytes + fed, n);
    for (arpc__client_event_kind kind = client_feed(&C, own, n); kind; kind = client_next(&C)) {
      uint8_t sum = 0;
      for (size_t i = 0; i < C.last.len; i++) sum ^= C.last.stub[i];
      CHECK(sum == 0 || C.last.len);
      if (kind == ARPC__C_RESPONSE) arpc__client_free_answer(C.last.call);
      broken += kind == ARPC__C_BROKEN;
      disturb();
    }
    free(own);
    check_client_memory(fed + n);
    disturb();
  }
  CHECK(broken <= 1);
  client_rig_free(&C);
}

TEST("client: random bytes") {
  for (unsigned i = test_scale(STREAMS); i; i--) {
    stream s = random_stream();
    attack_client(&s, below(4) != 0);
    free(s.bytes);
  }
}

TEST("client: recorded servers, mutated") {
  vectors_each("", record);
  vectors_each("raw_protocol", record);
  CHECK(recorded.servers > 100);
  for (unsigned i = test_scale(STREAMS); i; i--) {
    stream s = mutation_of(recorded.server, recorded.servers);
    attack_client(&s, (int)below(2));
    free(s.bytes);
  }
}

/* ---- bounded for long ---- */

TEST("client: a million forgotten calls whose answers come cost nothing that stays") {
  static uint8_t pdu[32];
  client_rig_init(&C, NULL);
  client_bind(&C, 0x13);
  for (unsigned i = test_scale(1000000); i; i--) {
    CHECK_EQ(arpc__client_request(&C.c, &calls[0], C.context, 0, NULL, "", 0), 0);
    arpc__store_header(pdu, ARPC__RESPONSE, 3, 24, calls[0].call_id);
    arpc__client_forget(&C.c, &calls[0]);
    CHECK_EQ(client_feed(&C, pdu, 24), ARPC__C_NONE);
    arpc__buf_clear(&C.c.out);
  }
  CHECK_EQ(C.c.late, test_scale(1000000));
  CHECK_EQ(C.c.calls.size, 8);
  client_rig_free(&C);
}

TEST("server: alter_contexts without end add no memory past the bound") {
  char body[256];
  server_rig_init(&R, 5840);
  server_bind(&R, 3, 0);
  for (unsigned i = 1; i < 2000; i++) {
    snprintf(body, sizeof body, SIZES ONE "%02x%02x 0100" MGMT NDR20, i & 255, i >> 8);
    server_send(&R, ARPC__ALTER, 3, i, body);
    arpc__buf_clear(&R.c.out);
  }
  CHECK_EQ(R.c.ncontexts, 64);
  server_alive(&R);
  server_rig_free(&R);
}
