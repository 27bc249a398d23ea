/* Random sequences of everything that can be done with pipes, on both sides, in and out of notifications, against a
 * model of the tables in Microsoft's documents: which pipe's turn it is, what each operation answers then, what was
 * pushed and not pulled yet, how a call may end and when it must have, how often a handle may be told of what.
 *
 * The two sides learn of each other only when the loop runs: until it was quiet a cancel, an abort or a loss may have
 * arrived or not, and an operation may answer as before or as after. */
#include "pipe_model.h"
#include "pipe_world.h"

enum { SEQUENCES = 10000, STEPS = 80, CALLS = 24, QUIET = 16, LARGEST = 300 };

static struct model {
  pipe_world w;
  pipe_options o;
  uint32_t high[2], low[2]; /* the server's, the client's */
  int closed;
  model_call calls[CALLS];
  unsigned ncalls, seen;
  int inside, deep; /* of a function of the library, of a notification */
  unsigned happened;
} m;

/* Nothing is told from inside a function. */
static arpc_status did(arpc_status status) {
  m.inside--;
  return status;
}
#define DO(expr) (m.inside++, did((expr)))

static unsigned below(unsigned n) {
  return (unsigned)(test_random() % n);
}

/* ---- operations on pipes -----------------------------------------------------------------------*/

/* 0: not a status that is explained by order alone; the caller goes on. */
static int settled_by(model_call *k, const model_side *x, arpc_status is, arpc_status order) {
  if (model_must_be_over(k, x)) CHECK(model_may_be_over(k, x, is));
  if (model_may_be_over(k, x, is)) return 1;
  if (order) CHECK_EQ(is, order);
  return order != 0;
}

static int lives(const model_call *k, const model_side *x) {
  return x == &k->s ? k->server == HERE : !k->collected && !k->dropped;
}

static int flagged(const model_side *x) {
  return (x->handle.flags & ARPC_NOTIFY_ON_SEND_COMPLETE) != 0;
}

static void owe(model_side *x) {
  x->owed = (unsigned)flagged(x);
  x->most_owed++;
}

static void arm(model_side *x, int pull) {
  x->arms[pull] += !x->armed[pull];
  x->armed[pull] = 1;
}

static unsigned some_pipe(const model_call *k, unsigned turn) {
  return below(6) && turn < k->npipes ? turn : below(k->npipes + !below(20));
}

static size_t some_elements(void) {
  switch (below(8)) {
  case 0: return 0;
  case 1: return 1 + below(LARGEST);
  case 2: return 1;
  default: return 1 + below(12);
  }
}

static void push(model_call *k, model_side *x) {
  static uint8_t block[LARGEST * 16];
  unsigned pipe = some_pipe(k, x->push_at);
  size_t n = some_elements();
  arpc_status order = model_push_order(k, x, pipe);
  if (!order)
    for (size_t i = 0; i < n; i++)
      for (size_t b = 0; b < model_size(k, pipe); b++) block[i * model_stride(k, pipe) + b] = model_byte(k, x, pipe, x->pushed[pipe] + i, b);
  arpc_status is = DO(arpc_pipe_push(m.w.rt, &x->handle, pipe, block, n));
  memset(block, 0xdd, sizeof block);
  if (settled_by(k, x, is, order)) return;
  const arpc_pipe_type *t = &k->types[pipe];
  if (!n) CHECK_EQ(is, 0);
  else if (t->ranged && (n < t->low || n > t->high)) CHECK_EQ(is, 1734);
  else if (is == 997) arm(x, 0);
  else CHECK_EQ(is, 0);
  if (is || !n) return;
  x->pushed[pipe] += n;
  x->armed[0] = 0;
  owe(x);
}

static void close_pipe(model_call *k, model_side *x) {
  unsigned pipe = some_pipe(k, x->push_at);
  arpc_status is = DO(arpc_pipe_close(m.w.rt, &x->handle, pipe)), order = model_push_order(k, x, pipe);
  if (settled_by(k, x, is, order)) return;
  CHECK_EQ(is, 0);
  x->push_at = model_next(k, pipe + 1, x->way);
  x->armed[0] = 0;
  owe(x);
}

static void take(model_call *k, model_side *x, unsigned pipe, const uint8_t *at, size_t n) {
  const model_side *from = model_other(k, x);
  CHECK(from->pushed[pipe] >= x->pulled[pipe] + n);
  for (size_t i = 0; i < n; i++)
    for (size_t b = 0; b < model_size(k, pipe); b++)
      CHECK_EQ(at[i * model_stride(k, pipe) + b], model_byte(k, from, pipe, x->pulled[pipe] + i, b));
  x->pulled[pipe] += n;
}

static void pull(model_call *k, model_side *x) {
  static uint8_t block[LARGEST * 16];
  unsigned pipe = some_pipe(k, x->pull_at);
  size_t most = 1 + below(below(2) ? 10 : LARGEST), n = 12345;
  const void *at = block;
  arpc_status order = model_pull_order(k, x, pipe);
  arpc_status is = below(2) ? DO(arpc_pipe_pull(m.w.rt, &x->handle, pipe, block, most, &n))
                            : DO(arpc_pipe_look(m.w.rt, &x->handle, pipe, most, &at, &n));
  if (settled_by(k, x, is, order)) return;
  if (is == 997) {
    CHECK(!x->woken);
    arm(x, 1);
    return;
  }
  CHECK_EQ(is, 0);
  CHECK(n <= most);
  x->woken = 0;
  x->armed[1] = 0;
  take(k, x, pipe, at, n);
  if (n) return;
  CHECK_EQ(x->pulled[pipe], model_other(k, x)->pushed[pipe]);
  CHECK(model_other(k, x)->push_at > pipe);
  x->pull_at = model_next(k, pipe + 1, ~x->way & 3);
}

static void format(model_call *k, model_side *x) {
  int transfer = 0, big = 9;
  arpc_status is = DO(arpc_pipe_format(m.w.rt, &x->handle, &transfer, &big));
  if (is == 997) CHECK(x == &k->c && k->server == AWAY);
  else if (is) CHECK(model_may_be_over(k, x, is));
  else CHECK(transfer == (int)m.o.transfer && big == 0);
}

static void flags(model_call *k, model_side *x) {
  arpc_async how = x->handle;
  how.flags = below(2);
  arpc_status is = DO(arpc_async_notify(m.w.rt, &how));
  CHECK_EQ(is, x == &k->c && k->told ? 1915 : 0);
  if (is) return;
  x->handle = how;
  if (!how.flags) x->owed = 0;
}

static void of_pipes(model_call *k, model_side *x) {
  static void (*const all[])(model_call *, model_side *) = {push, push, push, close_pipe, pull, pull, pull, pull, format, flags};
  if (lives(k, x)) all[below(sizeof all / sizeof *all)](k, x);
}

/* ---- operations on calls -----------------------------------------------------------------------*/

static int all_done(const model_call *k) {
  return model_pulled_all(k, &k->s) && model_pushed_all(k, &k->s);
}

static void reply(model_call *k) {
  uint8_t tail[12] = {0};
  arpc_async *a = &k->s.handle;
  if (k->server == AWAY) return;
  unsigned gap = k->server == HERE ? (4 - arpc_pipe_offset(m.w.rt, a) % 4) % 4 : 0;
  memcpy(tail + gap, &k->number, 4);
  arpc_status is = DO(arpc_async_reply(m.w.rt, a, tail, gap + 4));
  if (k->server == OVER) {
    CHECK_EQ(is, 1914);
    return;
  }
  if (is == 1818) CHECK(k->asked && !all_done(k));
  else if (is == 1917) CHECK(!all_done(k) && !k->sure);
  else if (is) CHECK(is == 1820 && k->gone);
  else CHECK(all_done(k) || k->gone);
  if (is) return;
  k->server = OVER;
  k->may |= REPLIED;
}

static void abort_call(model_call *k) {
  if (k->server == AWAY) return;
  CHECK_EQ(DO(arpc_async_abort(m.w.rt, &k->s.handle, CODE)), k->server == HERE ? 0 : 1914);
  if (k->server == HERE) k->may |= ABORTED;
  k->server = OVER;
}

static void give_up(model_call *k) {
  k->must = 1;
  k->asked = 1;
  k->may |= GIVEN_UP;
  k->gone = 1; /* its connection ends with it */
}

static void cancel(model_call *k) {
  int abortive = !below(3);
  CHECK_EQ(DO(arpc_async_cancel(m.w.rt, &k->c.handle, abortive)), 0);
  if (k->told) return;
  k->asked = k->called_off = 1;
  if (abortive) give_up(k);
  else k->may |= GIVEN_UP; /* it may not have left yet, or all of its answer be here */
}

static void collect(model_call *k) {
  arpc_reply r;
  CHECK_EQ(DO(arpc_async_complete(m.w.rt, &k->c.handle, &r)), k->told ? k->status : 997);
  if (!k->told) return;
  k->collected = 1;
  if (k->status) return;
  uint32_t number;
  CHECK_EQ((r.len + (unsigned)r.offset) % 4, 0);
  CHECK(r.len >= 4 && (model_pulled_all(k, &k->c) || k->asked));
  memcpy(&number, r.stub + r.len - 4, 4);
  CHECK_EQ(number, k->number);
}

static void drop(model_call *k) {
  CHECK_EQ(DO(arpc_async_drop(m.w.rt, &k->c.handle)), 0);
  k->dropped = 1;
  k->collected = k->told != 0;
}

static void of_client(model_call *k) {
  unsigned what = below(16);
  if (!lives(k, &k->c)) return;
  if (what == 0) cancel(k);
  else if (what == 3 && !below(3)) drop(k);
  else if (what < 7) collect(k);
  else CHECK_EQ(DO(arpc_async_status(m.w.rt, &k->c.handle)), k->told ? k->status : 997);
}

static void of_server(model_call *k) {
  if (below(8)) reply(k);
  else if (!below(3)) abort_call(k);
}

/* ---- what is told ------------------------------------------------------------------------------*/

/* A program may do anything there. */
static void act_in_it(model_call *k, model_side *x) {
  m.happened++;
  if (m.deep > 2) return;
  m.deep++;
  for (unsigned n = below(4); n--;) of_pipes(k, x);
  if (!below(12)) x == &k->s ? of_server(k) : of_client(k);
  m.deep--;
}

static void told_of_pipe(model_call *k, model_side *x, int pull_side) {
  CHECK(lives(k, x) && !(x == &k->c && k->told));
  x->told[pull_side]++;
  CHECK(x->told[pull_side] <= x->arms[pull_side] + (pull_side ? 0 : x->most_owed));
  if (pull_side) {
    CHECK(x->armed[1] || k->asked || k->gone);
    x->woken = x->armed[1] && !model_may_be_over(k, x, x == &k->s ? 1818 : CODE);
  } else {
    x->owed = 0;
  }
  x->armed[pull_side] = 0;
}

static void on_client(arpc_runtime *rt, const arpc_async *a, arpc_event_kind event) {
  model_call *k = a->user_info;
  CHECK(!m.inside && !k->dropped && !k->told && a->id == k->c.handle.id);
  if (event == ARPC_CALL_COMPLETE) {
    k->status = arpc_async_status(rt, a);
    CHECK(model_one_of(k->may, k->status));
    if (!k->status) CHECK(model_pulled_all(k, &k->c) || k->asked);
    k->told = 1;
  } else {
    CHECK(event == ARPC_SEND_COMPLETE || event == ARPC_RECEIVE_COMPLETE);
    told_of_pipe(k, &k->c, event == ARPC_RECEIVE_COMPLETE);
  }
  act_in_it(k, &k->c);
}

static void on_server(arpc_runtime *rt, const arpc_async *a, arpc_event_kind event) {
  model_call *k = a->user_info;
  (void)rt;
  CHECK(!m.inside && k->server == HERE && a->id == k->s.handle.id);
  if (event == ARPC_CLIENT_CANCEL) CHECK(k->asked);
  else if (event == ARPC_CLIENT_DISCONNECT) CHECK(k->gone);
  else told_of_pipe(k, &k->s, event == ARPC_RECEIVE_COMPLETE);
  if (event == ARPC_CLIENT_CANCEL || event == ARPC_CLIENT_DISCONNECT) k->sure = 1;
  act_in_it(k, &k->s);
}

/* ---- turns of the loop -------------------------------------------------------------------------*/

static void look(void) {
  for (; m.seen < m.w.nserved; m.seen++, m.happened++) {
    model_call *k = &m.calls[m.w.given[m.seen]];
    CHECK_EQ(k->server, AWAY);
    k->server = HERE;
    k->s.handle = m.w.served[m.seen];
    k->s.handle.routine = on_server;
    k->s.handle.user_info = k;
    k->s.handle.flags = below(2);
    CHECK_EQ(DO(arpc_async_notify(m.w.rt, &k->s.handle)), 0);
  }
}

/* Nothing is on its way from this side: nobody waits for a notification in vain. */
static void check_quiet_side(model_call *k, model_side *x) {
  model_side *from = model_other(k, x);
  if (!lives(k, x) || model_may_be_over(k, x, 1818) || model_may_be_over(k, x, 1820) || (x == &k->c && k->may)) return;
  unsigned at = x->pull_at;
  if (x->armed[1] && at < k->npipes) CHECK(from->pushed[at] == x->pulled[at] && from->push_at <= at);
  int read = m.low[x == &k->s] > 100; /* by the other side, though there are counts that it has not taken */
  if (k->server == HERE && !model_between(k, x) && read) CHECK(!x->armed[0] && !x->owed);
}

/* A fault may stand behind what a client does not pull, unless that was always little. */
static int is_read(const model_call *k) {
  size_t n = 100;
  for (unsigned i = 0; i < k->npipes; i++) n += k->s.pushed[i] * (16 + model_stride(k, i));
  return n < m.high[1] || k->c.armed[1] || k->called_off;
}

static void check_quiet(void) {
  for (unsigned i = 0; i < m.ncalls; i++) {
    model_call *k = &m.calls[i];
    if (k->server == HERE && k->sure) CHECK(!k->s.armed[0] && !k->s.armed[1]);
    if (k->must && !k->dropped) CHECK(k->told);
    if (k->server == OVER && !k->dropped && (k->may & ABORTED ? is_read(k) : model_pulled_all(k, &k->c))) CHECK(k->told);
    check_quiet_side(k, &k->c);
    check_quiet_side(k, &k->s);
  }
}

/* What lies between the two is bounded: what waits here and there, one push, and one read. */
static void check_bounds(void) {
  for (unsigned i = 0; i < m.ncalls; i++) {
    model_call *k = &m.calls[i];
    size_t most = m.high[0] + m.high[1] + 2 * (LARGEST * 16 + (m.high[0] > m.high[1] ? m.high[0] : m.high[1]));
    if (!k->asked && !k->gone && !k->told) CHECK(model_between(k, &k->c) <= most && model_between(k, &k->s) <= most);
  }
}

static void turns(unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    pipe_turns(&m.w, 1);
    look();
  }
  check_bounds();
}

/* Until a while passes in which nothing happens. */
static void quiet(void) {
  m.deep = 100;
  for (unsigned before = m.happened - 1, n = 0; before != m.happened || n < QUIET; n++) {
    if (before != m.happened) n = 0;
    before = m.happened;
    turns(1);
  }
  m.deep = 0;
  check_quiet();
}

static void advance(unsigned ms) {
  uint64_t now = arpc_runtime_now(m.w.rt) + ms;
  for (unsigned i = 0; i < m.ncalls; i++)
    if (m.calls[i].ends && m.calls[i].ends <= now && !m.calls[i].told) give_up(&m.calls[i]);
  DO((arpc_runtime_advance(m.w.rt, ms), 0));
}

/* ---- sequences ---------------------------------------------------------------------------------*/

static void issue(void) {
  model_call *k = &m.calls[m.ncalls];
  uint16_t opnum = (uint16_t)below(PLAIN);
  if (m.ncalls == CALLS || m.closed) return;
  k->number = m.ncalls++;
  k->syntax = m.o.transfer == ARPC_NDR64;
  k->types = pipe_types(opnum, &k->npipes);
  k->c.way = ARPC_PIPE_IN;
  k->s.way = ARPC_PIPE_OUT;
  k->c.push_at = k->s.pull_at = model_next(k, 0, ARPC_PIPE_IN);
  k->c.pull_at = k->s.push_at = model_next(k, 0, ARPC_PIPE_OUT);
  k->c.most_owed = 1; /* the request */
  CHECK_EQ(arpc_async_init(&k->c.handle, sizeof k->c.handle), 0);
  k->c.handle.notification = ARPC_NOTIFY_CALLBACK;
  k->c.handle.routine = on_client;
  k->c.handle.user_info = k;
  k->c.handle.flags = below(2);
  uint32_t timeout = below(6) ? 0 : 1 + below(40);
  if (timeout) k->ends = arpc_runtime_now(m.w.rt) + timeout;
  arpc_request r = {.opnum = opnum, .stub = &k->number, .len = 4, .stub64 = &k->number, .len64 = 4,
                    .timeout = timeout, .pipes = k->types, .npipes = k->npipes};
  CHECK_EQ(DO(arpc_client_call(m.w.client, &k->c.handle, &r)), 0);
}

static void lose(void) {
  if (m.closed || below(10)) return;
  m.closed = 1;
  for (unsigned i = 0; i < m.ncalls; i++) {
    model_call *k = &m.calls[i];
    k->gone = 1;
    if (k->told) continue;
    k->may |= LOST;
    k->must = 1;
  }
  DO((arpc_client_close(m.w.client), 0));
  m.w.client = NULL;
}

static void step(void) {
  unsigned what = below(40);
  model_call *k = m.ncalls ? &m.calls[m.ncalls - 1 - below(m.ncalls < 3 ? m.ncalls : 3)] : NULL;
  if (!k || what == 0) issue();
  else if (what < 13) of_pipes(k, &k->c);
  else if (what < 25) of_pipes(k, &k->s);
  else if (what < 27) of_client(k);
  else if (what < 30) of_server(k);
  else if (what == 30) advance(below(15));
  else if (what == 31) lose();
  else if (what < 38) turns(1 + below(3));
  else quiet();
}

/* Whatever is still on is ended, by both sides doing what is left to do, or by one of them having enough of it. */
static void finish_call(model_call *k) {
  if (k->server == HERE && (k->sure || !below(40))) abort_call(k);
  reply(k);
  for (unsigned i = 0; i < 6; i++) of_pipes(k, &k->s), of_pipes(k, &k->c);
  if (!k->told && !below(k->asked ? 4 : 40)) {
    arpc_status is = DO(arpc_async_cancel(m.w.rt, &k->c.handle, 1));
    CHECK(is == 0 || (is == 1914 && k->dropped));
    if (!is) give_up(k);
  }
}

/* The handle names a dropped call until it is over. */
static int over(const model_call *k) {
  return (k->told || (k->dropped && arpc_async_status(m.w.rt, &k->c.handle) == 1914)) && (k->server == OVER || (k->server == AWAY && k->may & (GIVEN_UP | LOST)));
}

static void finish(void) {
  unsigned left = 1;
  for (unsigned round = 0; left; round++) {
    CHECK(round < 1000);
    left = 0;
    for (unsigned i = 0; i < m.ncalls; i++)
      if (!over(&m.calls[i])) finish_call(&m.calls[i]), left++;
    quiet();
  }
  for (unsigned i = 0; i < m.ncalls; i++) {
    CHECK(m.calls[i].told || m.calls[i].dropped);
    if (!m.calls[i].collected && !m.calls[i].dropped) collect(&m.calls[i]);
    if (m.calls[i].server == HERE) abort_call(&m.calls[i]);
  }
  arpc_stats s;
  arpc_runtime_stats(m.w.rt, &s);
  CHECK_EQ(s.pending + s.parked + s.handles + s.timers, 0);
  CHECK_EQ(s.calls_issued, s.calls_completed);
  CHECK_EQ(s.calls_served, s.calls_ended);
}

static void open_world(const char *transport) {
  static const uint32_t highs[] = {64, 600, 3000, 40000};
  m.high[0] = highs[below(4)];
  m.high[1] = highs[below(4)];
  for (int i = 0; i < 2; i++) m.low[i] = below(2) ? m.high[i] / 4 : 1;
  m.o = (pipe_options){.transport = transport, .transfer = below(2) ? ARPC_NDR20 : ARPC_NDR64, .manual_clock = 1,
                       .client = {.pipe_high = m.high[1], .pipe_low = m.low[1], .max_pipe_calls = below(3) ? 0 : 1,
                                  .max_fragment = below(2) ? 0 : 2048},
                       .server = {.pipe_high = m.high[0], .pipe_low = m.low[0]}};
  pipe_open(&m.w, &m.o);
}

static void close_world(void) {
  if (m.w.rt) pipe_close(&m.w);
  memset(&m.w, 0, sizeof m.w);
}

static void sequence(const char *transport) {
  if (!m.w.client) open_world(transport);
  memset(&m.closed, 0, sizeof m - offsetof(struct model, closed));
  m.w.nserved = 0;
  for (int i = 0; i < STEPS; i++) step();
  finish();
  if (!m.w.client || !below(8)) close_world();
}

enum { PARTS = 5 };

static void part(unsigned n) {
  while (n--) test_random();
  for (unsigned i = test_scale(SEQUENCES / PARTS); i-- > 0;) sequence("memory");
  close_world();
}

/* In parts, because a test has a deadline. */
#define PART(n)                                                                                                       \
  TEST("pipes, a model: #33 #35 #36 #39 #40 #43 #44 #46 #47 random sequences of everything do as the tables say, " #n \
       " [memory]") {                                                                                                 \
    part(n);                                                                                                          \
  }
PART(1)
PART(2)
PART(3)
PART(4)
PART(5)
