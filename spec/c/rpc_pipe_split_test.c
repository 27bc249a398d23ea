/* Pipes however they are cut: over fragments, over chunks, over what a read brings. What independent implementations
 * sent each other goes to our server and to our client; what ours say is then theirs, byte for byte, where the chunks
 * are the same. And pipes made by hand, in both syntaxes and byte orders. */
#include "pipe_rig.h"

enum { WHOLE = 1 << 30 };

static unsigned below(unsigned n) {
  return (unsigned)(test_random() % n);
}

/* ---- one call ----------------------------------------------------------------------------------*/

typedef struct exchange {
  arpc_pipe_type type;
  int kind, transfer, big;
  const uint8_t *head;
  size_t nhead;
  const uint32_t *in, *out; /* chunks */
  size_t nin, nout;
  const uint8_t *tail;
  size_t ntail;
  size_t elements;
  const vector_step *bind;  /* NULL: one of ours */
  uint32_t fault;           /* the answer is one */
} exchange;

/* How bytes come: all at once, the first `split` and the rest, or `step` at a time. */
typedef struct portions {
  size_t split, step;
} portions;

static void say(rig *r, const uint8_t *bytes, size_t n, portions how) {
  if (how.split) raw_say_slowly(r, bytes, how.split, WHOLE);
  raw_say_slowly(r, bytes + how.split, n - how.split, how.step ? how.step : WHOLE);
}

static job job_of(const exchange *x, int server, size_t i) {
  int in = (x->type.directions & ARPC_PIPE_IN) != 0, out = (x->type.directions & ARPC_PIPE_OUT) != 0;
  return (job){.kind = x->kind, .big = x->big, .server = server, .pulls = server ? in : out, .pushes = server ? out : in,
               .most = i % 7 ? 65536 : 1 + i % 50, .looks = i & 1, .chunks = server ? x->out : x->in,
               .nchunks = server ? x->nout : x->nin, .tail = x->tail, .ntail = x->ntail};
}

static void check_job(const exchange *x, const job *j) {
  int in = (x->type.directions & ARPC_PIPE_IN) != 0, out = (x->type.directions & ARPC_PIPE_OUT) != 0;
  CHECK_EQ(j->failed, 0);
  CHECK_EQ(j->done, 1);
  CHECK_EQ(j->pulled, (j->server ? in : out) ? x->elements : 0);
  CHECK_EQ(j->pushed, (j->server ? out : in) ? x->elements : 0);
}

/* These PDUs make our server answer with this stub. */
static void asked(rig *r, const exchange *x, const uint8_t *pdus, size_t n, const arpc__buf *answer, portions how) {
  arpc__pdu last;
  job plan = job_of(x, 1, how.split);
  unsigned calls = r->calls;
  rig_procedure(r, x->type, x->head, x->nhead, &plan);
  if (x->bind) raw_dial(r, x->bind->bytes, x->bind->len);
  else raw_dial_in(r, x->transfer);
  say(r, pdus, n, how);
  arpc__buf got = raw_hear(r, &last);
  CHECK_EQ(last.type, ARPC__RESPONSE);
  if (answer) CHECK_BYTES(got.data, got.len, answer->data, answer->len);
  arpc__buf_free(&got);
  CHECK_EQ(r->calls, calls + 1);
  check_job(x, &r->served);
  raw_hang_up(r);
}

/* The PDUs of an answer, with the ids of our question. */
static void readdress(uint8_t *pdus, size_t n, const arpc__pdu *question) {
  arpc__pdu_stub s;
  CHECK(arpc__read_request(question, &s));
  for (size_t at = 0; at < n; at += arpc__load16(pdus + at + 8, !(pdus[at + 4] & 0x10))) {
    int big = !(pdus[at + 4] & 0x10);
    uint32_t id = question->call_id;
    for (int i = 0; i < 4; i++) pdus[at + 12 + (size_t)i] = (uint8_t)(id >> 8 * (big ? 3 - i : i));
    pdus[at + 20 + (size_t)big] = (uint8_t)s.context_id;
    pdus[at + 21 - (size_t)big] = (uint8_t)(s.context_id >> 8);
  }
}

/* Our client asks with this stub, and is content with these PDUs. */
static void answered(rig *r, const exchange *x, const arpc__buf *question, const uint8_t *pdus, size_t n, portions how) {
  static job j;
  arpc__pdu last;
  arpc_reply reply;
  j = job_of(x, 0, how.split);
  rig_procedure(r, x->type, x->head, x->nhead, &j);
  raw_serve(r, x->transfer, &j);
  arpc__buf got = raw_hear(r, &last);
  CHECK_EQ(last.type, ARPC__REQUEST);
  CHECK_BYTES(got.data, got.len, question->data, question->len);
  arpc__buf_free(&got);
  uint8_t *ours = malloc(n);
  memcpy(ours, pdus, n);
  readdress(ours, n, &last);
  say(r, ours, n, how);
  free(ours);
  rig_until(r, &j.done, 1);
  CHECK_EQ(arpc_async_complete(r->rt, &j.async, &reply), x->fault ? arpc_status_from_fault(x->fault) : 0);
  if (!x->fault) {
    CHECK_BYTES(reply.stub, reply.len, x->tail, x->ntail);
    CHECK_EQ(reply.big_endian, x->big);
    check_job(x, &j);
  }
  arpc_client_close(r->client);
  raw_hang_up(r);
}

/* ---- recorded ones -----------------------------------------------------------------------------*/

/* The chunks of a recorded pipe, which begins at `at`. */
static size_t chunks_of(const recorded_pipe *call, const uint8_t *stub, size_t at, uint32_t *ret) {
  arpc_pipe_type t = recorded_type(call->kind, 0);
  for (size_t n = 0;; n++) {
    at = (at + 3) & ~(size_t)3;
    if (!(ret[n] = arpc__load32(stub + at, 0))) return n;
    at = ((at + 4 + t.align[0] - 1) & ~(size_t)(t.align[0] - 1)) + (size_t)ret[n] * t.size[0];
  }
}

static struct {
  rig r;
  exchange x;
  uint32_t in[2048], out[2048];
  const recorded_pipe *call;
  arpc__buf question, answer; /* borrowed stubs */
  size_t only, n;             /* which calls: those with n % 4 == only */
} R;

static void learn(const recorded_pipe *call) {
  R.call = call;
  R.x = (exchange){.type = recorded_type(call->kind, call->directions), .kind = call->kind, .transfer = ARPC_NDR20,
                   .head = call->in, .nhead = call->head, .in = R.in, .out = R.out, .elements = call->elements,
                   .tail = call->out ? call->out + call->out_len - call->tail : NULL, .ntail = call->tail, .bind = call->bind, .fault = call->fault};
  if (call->fault) R.x.tail = (const uint8_t *)"\0\0\0", R.x.ntail = 4;
  if (call->directions & ARPC_PIPE_IN) R.x.nin = chunks_of(call, call->in, call->head, R.in);
  if (call->directions & ARPC_PIPE_OUT) R.x.nout = chunks_of(call, call->out, 0, R.out);
  R.question = (arpc__buf){.data = call->in, .len = call->in_len};
  R.answer = (arpc__buf){.data = call->out, .len = call->out_len};
}

static void to_server(portions how) {
  asked(&R.r, &R.x, R.call->said[1], R.call->said_len[1], R.x.fault ? NULL : &R.answer, how);
}

static void to_client(portions how) {
  answered(&R.r, &R.x, &R.question, R.call->said[0], R.call->said_len[0], how);
}

static void slowly(const recorded_pipe *call, void *arg) {
  void (*const *feed)(portions) = arg;
  learn(call);
  (*feed)((portions){0, 0});
  (*feed)((portions){0, 1});
}

enum { LONGEST = 16384, MANY = 2000 };
static uint8_t border[LONGEST]; /* by place in what was said: a PDU, its stub, a chunk or its elements begin there */

static void mark(size_t at, size_t len) {
  for (size_t i = at ? at - 1 : 0; i <= at + 1 && i < len; i++) border[i] = 1;
}

/* A place in the stub -> in the PDUs that bring it. */
static size_t place_of(const uint8_t *pdus, size_t len, size_t stub) {
  size_t at = 0;
  for (size_t n; at < len; at += n) {
    n = arpc__load16(pdus + at + 8, 0);
    mark(at, len);
    mark(at + 24, len);
    if (stub < n - 24) return at + 24 + stub;
    stub -= n - 24;
  }
  return at;
}

static void mark_borders(const recorded_pipe *call, int request) {
  const uint32_t *chunks = request ? R.x.in : R.x.out;
  size_t n = request ? R.x.nin : R.x.nout, at = request ? call->head : 0, len = call->said_len[request];
  CHECK(len < LONGEST);
  memset(border, 0, sizeof border);
  for (size_t i = 0; i <= n; i++) {
    at = (at + 3) & ~(size_t)3;
    mark(place_of(call->said[request], len, at), len);
    if (i == n) break;
    at = (at + 4 + R.x.type.align[0] - 1) & ~(size_t)(R.x.type.align[0] - 1u);
    mark(place_of(call->said[request], len, at), len);
    at += chunks[i] * R.x.type.size[0];
  }
}

/* In two reads: at every place, or if there are too many at the borders and some others. */
static void everywhere(const recorded_pipe *call, void *arg) {
  void (*const *feed)(portions) = arg;
  int request = *feed == to_server;
  if (R.n++ % 4 != R.only) return;
  learn(call);
  mark_borders(call, request);
  size_t len = call->said_len[request], most = test_scale(MANY), step = len > most ? len / most : 1;
  size_t phase = below((unsigned)step);
  for (size_t at = 1; at < len; at++)
    if (border[at] || at % step == phase) (*feed)((portions){at, 0});
}

static void recorded(void (*fn)(const recorded_pipe *call, void *arg), void (*feed)(portions), size_t only) {
  R.only = only;
  R.n = 0;
  rig_open(&R.r);
  CHECK_EQ(recorded_pipes(fn, &feed), 32);
  rig_close(&R.r);
}

TEST("pipes cut: #33 #48 #54 recorded requests, at once and byte by byte, and the answers are theirs byte for byte [memory]") {
  recorded(slowly, to_server, 0);
}

TEST("pipes cut: #34 #48 #54 recorded answers, at once and byte by byte, to questions that are theirs byte for byte [memory]") {
  recorded(slowly, to_client, 0);
}

TEST("pipes cut: #48 #54 recorded requests and answers in two reads, at every border and many other places, 1 [memory]") {
  recorded(everywhere, to_server, 0);
  recorded(everywhere, to_client, 0);
}
TEST("pipes cut: #48 #54 recorded requests and answers in two reads, at every border and many other places, 2 [memory]") {
  recorded(everywhere, to_server, 1);
  recorded(everywhere, to_client, 1);
}
TEST("pipes cut: #48 #54 recorded requests and answers in two reads, at every border and many other places, 3 [memory]") {
  recorded(everywhere, to_server, 2);
  recorded(everywhere, to_client, 2);
}
TEST("pipes cut: #48 #54 recorded requests and answers in two reads, at every border and many other places, 4 [memory]") {
  recorded(everywhere, to_server, 3);
  recorded(everywhere, to_client, 3);
}

/* ---- made by hand ------------------------------------------------------------------------------*/

enum { MOST_CHUNKS = 64 };
static const uint8_t head_bytes[4] = {1, 2, 3, 4}, tail_bytes[4] = {5, 6, 7, 8};

typedef struct made {
  exchange x;
  arpc__buf question, answer; /* as the raw end says them: in x.big's byte order */
  arpc__buf ours_in, ours_out; /* as ours must: in little endian */
} made;

static void make_stub(arpc__buf *out, const exchange *x, int big, int question) {
  memset(out, 0, sizeof *out);
  if (question) arpc__buf_put(out, x->head, x->nhead);
  put_pipe(out, x->kind, x->transfer, big, question ? x->in : x->out, question ? x->nin : x->nout);
  if (!question) arpc__buf_put(out, x->tail, x->ntail);
}

static made make(int kind, int transfer, int big, const uint32_t *chunks, size_t n) {
  made m = {.x = {.type = recorded_type(kind, ARPC_PIPE_IN | ARPC_PIPE_OUT), .kind = kind, .transfer = transfer, .big = big,
                  .head = head_bytes, .nhead = 4, .tail = tail_bytes, .ntail = 4, .in = chunks, .nin = n, .out = chunks, .nout = n}};
  for (size_t i = 0; i < n; i++) m.x.elements += chunks[i];
  make_stub(&m.question, &m.x, big, 1);
  make_stub(&m.answer, &m.x, big, 0);
  make_stub(&m.ours_in, &m.x, 0, 1);
  make_stub(&m.ours_out, &m.x, 0, 0);
  return m;
}

static void unmake(made *m) {
  arpc__buf_free(&m->question);
  arpc__buf_free(&m->answer);
  arpc__buf_free(&m->ours_in);
  arpc__buf_free(&m->ours_out);
}

/* Both of our ends, with fragments of so many bytes. */
static void both(rig *r, const made *m, size_t first, size_t share, portions how) {
  arpc__buf pdus = {0};
  piece p = {.type = ARPC__REQUEST, .big = (uint8_t)m->x.big, .call_id = 9};
  put_fragments(&pdus, &p, m->question.data, m->question.len, first, share);
  asked(r, &m->x, pdus.data, pdus.len, &m->ours_out, how);
  arpc__buf_clear(&pdus);
  p.type = ARPC__RESPONSE;
  put_fragments(&pdus, &p, m->answer.data, m->answer.len, first, share);
  answered(r, &m->x, &m->ours_in, pdus.data, pdus.len, how);
  arpc__buf_free(&pdus);
}

static const int transfers[] = {ARPC_NDR20, ARPC_NDR64};

static void each_made(const uint32_t *chunks, size_t n, void (*fn)(rig *r, const made *m)) {
  rig r;
  rig_open(&r);
  for (int i = 0; i < 2 * 2 * RECORDED_KINDS; i++) {
    made m = make(i / 4, transfers[i & 1], i >> 1 & 1, chunks, n);
    fn(&r, &m);
    unmake(&m);
  }
  rig_close(&r);
}

static const uint32_t ones[MOST_CHUNKS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint32_t mixed[] = {3, 1, 7, 2, 5}, few[] = {2, 3};

static void fragments_everywhere(rig *r, const made *m) {
  size_t most = m->question.len > m->answer.len ? m->question.len : m->answer.len, step = most / test_scale((unsigned)most);
  for (size_t first = below((unsigned)step); first < most; first += step) both(r, m, first, WHOLE, (portions){0, 0});
  for (size_t share = 1; share < 40; share += 1 + step / 20) both(r, m, share, share, (portions){0, 0});
}

TEST("pipes cut: #48 #49 #54 chunks of one element, fragments that end at every place [memory]") {
  each_made(ones, 20, fragments_everywhere);
}

TEST("pipes cut: #48 #49 #54 chunks of a few elements, fragments that end at every place [memory]") {
  each_made(mixed, 5, fragments_everywhere);
}

static void reads_everywhere(rig *r, const made *m) {
  both(r, m, WHOLE, WHOLE, (portions){0, 1});
  both(r, m, 5, 13, (portions){0, 1});
  size_t most = m->ours_in.len + 24 * 10, step = most / test_scale((unsigned)most);
  for (size_t at = 1 + below((unsigned)step); at < m->ours_in.len + 24; at += step) both(r, m, 37, 37, (portions){at, 0});
}

TEST("pipes cut: #48 #49 #54 chunks of one and of a few elements, read byte by byte, and in two reads at every place [memory]") {
  each_made(ones, 12, reads_everywhere);
  each_made(mixed, 5, reads_everywhere);
}

static const uint32_t large[] = {65535, 1, 65535};

static void large_ones(rig *r, const made *m) {
  static const size_t shares[] = {65480, 4256, 1001};
  for (size_t i = 0; i < 3; i++) both(r, m, shares[i], shares[i], (portions){0, i ? 1 + below(60000) : 4093});
  if (m->x.kind == RECORDED_RECORDS) return;
  if (m->x.kind == RECORDED_BYTES && test_scale(4) == 4) both(r, m, 5808, 5808, (portions){0, 1});
  /* Around the borders of its chunks. */
  size_t unit = m->x.type.size[0], word = m->x.transfer == ARPC_NDR64 ? 8 : 4, chunk = 65535 * unit;
  size_t borders[] = {28, 28 + word, 28 + word + chunk, 28 + 2 * word + chunk};
  for (size_t i = 0; i < 4; i++)
    for (size_t at = borders[i] - 1; at <= borders[i] + 1; at++) both(r, m, 65480, 65480, (portions){at, 0});
}

TEST("pipes cut: #48 #49 #54 chunks of 65,535 elements [memory]") {
  each_made(large, 3, large_ones);
}

/* Chunks of all sizes, those of many turns in one fragment and those of one in many. */
static void random_ones(rig *r, const made *as) {
  static uint32_t chunks[MOST_CHUNKS];
  for (unsigned i = test_scale(40); i--;) {
    size_t n = below(MOST_CHUNKS);
    for (size_t k = 0; k < n; k++) chunks[k] = 1 + below(below(8) ? below(2) ? 10 : 4000 : 40000) / as->x.type.size[0];
    made m = make(as->x.kind, as->x.transfer, as->x.big, chunks, n);
    size_t share = below(3) ? 1000 + below(60000) : 1 + below(4000);
    both(r, &m, below(4) ? share : below((unsigned)share), share, (portions){0, below(2) ? 0 : 200 + below(60000)});
    unmake(&m);
  }
}

TEST("pipes cut: #48 #49 #54 chunks of all sizes at random, in fragments and reads of all sizes [memory]") {
  each_made(few, 1, random_ones);
}

/* ---- what is no pipe ---------------------------------------------------------------------------*/

static const uint32_t one[] = {1}, many[] = {3, 6};

/* Both of our ends find it malformed, however it comes. */
static void refused(rig *r, made *m, portions how) {
  arpc__buf pdus = {0};
  arpc__pdu last;
  arpc__pdu_fault f;
  arpc_reply reply;
  static job j;
  piece p = {.type = ARPC__REQUEST, .big = (uint8_t)m->x.big, .call_id = 9};
  job plan = job_of(&m->x, 1, 0);
  rig_procedure(r, m->x.type, m->x.head, m->x.nhead, &plan);
  raw_dial_in(r, m->x.transfer);
  put_fragments(&pdus, &p, m->question.data, m->question.len, 16, 16);
  say(r, pdus.data, pdus.len, how);
  arpc__buf none = raw_hear(r, &last);
  CHECK(last.type == ARPC__FAULT && arpc__read_fault(&last, &f) && arpc_status_from_fault(f.status) == 1783);
  CHECK_EQ(r->served.failed, 1783);
  raw_hang_up(r);
  j = job_of(&m->x, 0, 0);
  j.nchunks = 0;
  raw_serve(r, m->x.transfer, &j);
  arpc__buf question = raw_hear(r, &last);
  arpc__buf_clear(&pdus);
  p.type = ARPC__RESPONSE;
  put_fragments(&pdus, &p, m->answer.data, m->answer.len, 16, 16);
  readdress(pdus.data, pdus.len, &last);
  say(r, pdus.data, pdus.len, how);
  rig_until(r, &j.done, 1);
  CHECK_EQ(arpc_async_complete(r->rt, &j.async, &reply), 1783);
  arpc_client_close(r->client);
  raw_hang_up(r);
  arpc__buf_free(&none);
  arpc__buf_free(&question);
  arpc__buf_free(&pdus);
}

static void ranged(rig *r, const made *as) {
  made m = make(as->x.kind, as->x.transfer, as->x.big, few, 2);
  m.x.type.ranged = 1;
  m.x.type.low = 2;
  m.x.type.high = 5;
  both(r, &m, WHOLE, WHOLE, (portions){0, 3});
  unmake(&m);
  for (int i = 0; i < 2; i++) {
    m = make(as->x.kind, as->x.transfer, as->x.big, i ? one : many, i ? 1 : 2);
    m.x.type.ranged = 1;
    m.x.type.low = 2;
    m.x.type.high = 5;
    refused(r, &m, (portions){0, 0});
    refused(r, &m, (portions){0, 1});
    unmake(&m);
  }
}

TEST("pipes cut: #50 a chunk with fewer or more elements than its range allows is no pipe, however it comes [memory]") {
  each_made(few, 1, ranged);
}

/* A trailer that does not agree, a count nobody can have, and a pipe that breaks off. */
static void broken(rig *r, const made *as) {
  static const uint64_t bad[] = {0x80000000u, 0xffffffffu};
  for (int i = 0; i < 4; i++) {
    made m = make(as->x.kind, as->x.transfer, as->x.big, few, 2);
    unsigned word = m.x.transfer == ARPC_NDR64 ? 8 : 4;
    size_t in = word, out = 0; /* where the first counts are */
    for (unsigned b = 0; i < 2 && b < word; b++) {
      uint8_t v = (uint8_t)(bad[i] >> 8 * (m.x.big ? word - 1 - b : b));
      m.question.data[in + b] = m.answer.data[out + b] = v;
    }
    if (i == 2 && word == 8) m.question.data[m.question.len - 1] = m.answer.data[m.answer.len - 5] = 1;
    if (i == 3) m.question.len -= 1, m.answer.len -= 5;
    for (size_t step = 0; step < 2 && !(i == 2 && word == 4); step++) refused(r, &m, (portions){0, step});
    unmake(&m);
  }
}

TEST("pipes cut: #48 #49 counts that cannot be, trailers that do not agree and pipes that break off are found, however they come [memory]") {
  each_made(few, 2, broken);
}
