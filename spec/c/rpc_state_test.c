/* Random sequences of every operation on handles, in every state, on both sides, against a model of the tables in
 * Microsoft's documents: the client's states are R ready, P pending, N finished and not collected (D done is R again),
 * a server's H handed off and F finished; what is undefined there has a status here.
 *
 * The model knows for each call what may end it (`may`) and what must have by the time nothing is under way any more
 * (`must`). A call completes only while the loop runs, once, with one of the outcomes that may be. */
#include "rpc_world.h"

enum { SEQUENCES = 10000, STEPS = 40, HANDLES = 3, CALLS = STEPS + 1, CODE = 0x12345, QUIET = 14 };
enum { REPLIED = 1, ABORTED = 2, GIVEN_UP = 4, LOST = 8 };
enum { READY, PENDING, FINISHED };
enum { AWAY, HANDED_OFF, OVER };

typedef struct call {
  unsigned told, notices[2], news[2]; /* disconnect, cancel */
  arpc_status status;        /* it ended with */
  unsigned may, must;
  int dropped;
  uint64_t ends;             /* by its timeout or the grace of a cancel, 0 = never */
  int asked, sure;           /* a cancel is on its way, has arrived */
  int gone;                  /* its client is */
  unsigned wanted;           /* subscriptions */
  int server;                /* AWAY, HANDED_OFF, OVER */
  arpc_async parked;
} call;

typedef struct handle {
  arpc_async async;
  int state;
  call *call;
} handle;

typedef struct model {
  world w;
  handle handles[HANDLES];
  call calls[CALLS];
  unsigned ncalls, seen, told;
  int closed;
} model;

static unsigned below(unsigned n) {
  return (unsigned)(test_random() % n);
}

static void on_told(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  call *c = async->user_info;
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  CHECK_EQ(c->told, 0);
  CHECK(!c->dropped);
  c->told = 1;
  c->status = arpc_async_status(rt, async);
}

static void on_notice(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  call *c = async->user_info;
  int cancel = event == ARPC_CLIENT_CANCEL;
  (void)rt;
  CHECK(cancel || event == ARPC_CLIENT_DISCONNECT);
  CHECK_EQ(async->id, c->parked.id);
  CHECK_EQ(c->server, HANDED_OFF);
  CHECK(c->wanted & (cancel ? ARPC_SUBSCRIBE_CANCEL : ARPC_SUBSCRIBE_DISCONNECT));
  CHECK(cancel ? c->asked : c->gone);
  CHECK_EQ(c->notices[cancel]++, 0);
}

/* ---- what the loop brings ----------------------------------------------------------------------*/

static int one_of(unsigned may, arpc_status status) {
  if (status == 0) return (may & REPLIED) != 0;
  if (status == CODE) return (may & ABORTED) != 0;
  if (status == 1818) return (may & GIVEN_UP) != 0;
  return (status == 1726 || status == 1727) && (may & LOST) != 0;
}

static void look(model *m, int quiet) {
  for (; m->seen < m->w.nparked; m->seen++) {
    call *c = &m->calls[m->w.tags[m->seen]];
    CHECK_EQ(c->server, AWAY);
    c->server = HANDED_OFF;
    c->parked = m->w.parked[m->seen];
  }
  for (unsigned i = 0; i < m->ncalls; i++) {
    call *c = &m->calls[i];
    if (c->told) CHECK(one_of(c->may, c->status));
    if (!quiet) continue;
    CHECK(c->told || c->dropped || !c->must);
    if (c->server == HANDED_OFF && c->asked) c->sure = 1;
    if (c->server == HANDED_OFF && c->wanted & ARPC_SUBSCRIBE_DISCONNECT && c->gone) CHECK_EQ(c->notices[0], 1);
  }
  for (int i = 0; i < HANDLES; i++)
    if (m->handles[i].state == PENDING && m->handles[i].call->told) m->handles[i].state = FINISHED;
}

static void turns(model *m, unsigned n) {
  world_turns(&m->w, n);
  look(m, n >= QUIET);
}

static void advance(model *m, unsigned ms) {
  uint64_t now = arpc_runtime_now(m->w.rt) + ms;
  for (unsigned i = 0; i < m->ncalls; i++) {
    call *c = &m->calls[i];
    if (!c->ends || c->ends > now || c->told) continue;
    c->may |= GIVEN_UP;
    c->must = 1;
    c->asked = 1;
  }
  arpc_runtime_advance(m->w.rt, ms);
}

/* ---- the client's operations -------------------------------------------------------------------*/

static arpc_status unless_over(const handle *h, arpc_status pending, arpc_status finished) {
  return h->state == PENDING ? pending : h->state == FINISHED ? finished : 1914;
}

static void issue(model *m, handle *h) {
  call *c = &m->calls[m->ncalls];
  uint32_t tag = m->ncalls, timeout = below(4) ? 0 : 1 + below(30);
  arpc_async async = h->async;
  async.notification = ARPC_NOTIFY_CALLBACK;
  async.routine = on_told;
  async.user_info = c;
  arpc_request r = {.opnum = PARK_IT, .stub = &tag, .len = 4, .timeout = timeout};
  arpc_status want = m->closed ? 1702 : h->state == READY ? 0 : 1915;
  if (m->closed) return;
  CHECK_EQ(arpc_client_call(m->w.client, &async, &r), want);
  if (want) return;
  h->async = async;
  h->state = PENDING;
  h->call = c;
  if (timeout) c->ends = arpc_runtime_now(m->w.rt) + timeout;
  m->ncalls++;
}

static void status(model *m, handle *h) {
  CHECK_EQ(arpc_async_status(m->w.rt, &h->async), unless_over(h, 997, h->call ? h->call->status : 0));
}

static void complete(model *m, handle *h) {
  arpc_reply reply;
  CHECK_EQ(arpc_async_complete(m->w.rt, &h->async, &reply), unless_over(h, 997, h->call ? h->call->status : 0));
  if (h->state == FINISHED) h->state = READY;
}

static void cancel(model *m, handle *h) {
  int abortive = !below(2);
  CHECK_EQ(arpc_async_cancel(m->w.rt, &h->async, abortive), unless_over(h, 0, 0));
  if (h->state != PENDING) return;
  h->call->asked = 1;
  if (abortive) h->call->must = 1;
  if (abortive || h->call->server == AWAY) h->call->may |= GIVEN_UP; /* it may not have left yet */
}

static void cancel_within(model *m, handle *h) {
  uint32_t grace = below(20);
  CHECK_EQ(arpc_async_cancel_within(m->w.rt, &h->async, grace), unless_over(h, 0, 0));
  if (h->state != PENDING) return;
  call *c = h->call;
  uint64_t ends = arpc_runtime_now(m->w.rt) + grace;
  c->asked = 1;
  if (!c->ends || ends < c->ends) c->ends = ends;
  if (!grace) c->must = 1;
  if (!grace || c->server == AWAY) c->may |= GIVEN_UP;
}

static void drop(model *m, handle *h) {
  CHECK_EQ(arpc_async_drop(m->w.rt, &h->async), unless_over(h, 0, 0));
  if (h->state == READY) return;
  if (h->state == PENDING) h->call->dropped = 1;
  CHECK_EQ(arpc_async_init(&h->async, sizeof h->async), 0);
  h->state = READY;
}

static void notify_anew(model *m, handle *h) {
  CHECK_EQ(arpc_async_notify(m->w.rt, &h->async), unless_over(h, 0, 1915));
}

static void init_and_corrupt(model *m, handle *h) {
  arpc_async kept = h->async, bad = h->async;
  CHECK_EQ(arpc_async_init(&h->async, sizeof h->async), 0); /* of one in use: the copy is as good */
  CHECK_EQ(arpc_async_status(m->w.rt, &h->async), 1914);
  h->async = kept;
  ((uint8_t *)&bad)[below(8)] ^= (uint8_t)(1 + below(255));
  CHECK_EQ(arpc_async_status(m->w.rt, &bad), 1914);
  CHECK_EQ(arpc_async_cancel(m->w.rt, &bad, 1), 1914);
  CHECK_EQ(arpc_async_complete(m->w.rt, &bad, NULL), 1914);
}

static void servers_verbs(model *m, handle *h) {
  arpc_status want = h->state == READY ? 1914 : 1915;
  CHECK_EQ(arpc_async_reply(m->w.rt, &h->async, "", 0), want);
  CHECK_EQ(arpc_async_abort(m->w.rt, &h->async, CODE), want);
  CHECK_EQ(arpc_server_test_cancel(m->w.rt, &h->async, NULL), 1702);
  CHECK_EQ(arpc_server_subscribe(m->w.rt, &h->async, ARPC_SUBSCRIBE_CANCEL, &h->async),
           h->async.notification == ARPC_NOTIFY_NONE ? 87 : 1702);
}

/* ---- the server's operations -------------------------------------------------------------------*/

static void reply(model *m, call *c) {
  CHECK_EQ(arpc_async_reply(m->w.rt, &c->parked, "abcd", 4), c->server == HANDED_OFF ? 0 : 1914);
  if (c->server != HANDED_OFF) return;
  c->server = OVER;
  if (!c->gone) c->may |= REPLIED;
  if (!c->gone) c->must = 1;
}

static void abort_call(model *m, call *c) {
  int on = c->server == HANDED_OFF;
  CHECK_EQ(arpc_async_abort(m->w.rt, &c->parked, 0), on ? 87 : 1914);
  CHECK_EQ(arpc_async_abort(m->w.rt, &c->parked, 0xC0000005), on ? 87 : 1914);
  CHECK_EQ(arpc_async_abort(m->w.rt, &c->parked, CODE), on ? 0 : 1914);
  if (!on) return;
  c->server = OVER;
  if (!c->gone) c->may |= ABORTED;
  if (!c->gone) c->must = 1;
}

static void test_cancel(model *m, call *c) {
  arpc_status is = arpc_server_test_cancel(m->w.rt, &c->parked, NULL);
  if (c->server == OVER) CHECK_EQ(is, 1702);
  else if (c->sure) CHECK_EQ(is, 0);
  else if (!c->asked && !c->gone) CHECK_EQ(is, 1791);
  else CHECK(is == 0 || is == 1791);
}

static void subscribe(model *m, call *c) {
  arpc_async how = world_handle(on_notice, c);
  unsigned what = 1 + below(3);
  uint32_t queued = 9;
  CHECK_EQ(arpc_server_subscribe(m->w.rt, &c->parked, what, &how), c->server == HANDED_OFF ? 0 : 1702);
  CHECK_EQ(arpc_server_subscribe(m->w.rt, &c->parked, 4, &how), 1764);
  if (c->server != HANDED_OFF) return;
  c->wanted |= what;
  if (below(4)) return;
  CHECK_EQ(arpc_server_unsubscribe(m->w.rt, &c->parked, ARPC_SUBSCRIBE_CANCEL, &queued), 0);
  CHECK(queued <= 1 && queued >= c->notices[1]);
  if (!queued) c->wanted &= ~(unsigned)ARPC_SUBSCRIBE_CANCEL;
}

/* As its own handle asks for: each once, and nothing when the call is over. */
static void on_news(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  call *c = async->user_info;
  (void)rt;
  CHECK(event == ARPC_CLIENT_CANCEL || event == ARPC_CLIENT_DISCONNECT);
  CHECK_EQ(c->server, HANDED_OFF);
  CHECK_EQ(c->news[event == ARPC_CLIENT_CANCEL]++, 0);
}

static void watch(model *m, call *c) {
  arpc_async how = c->parked;
  how.notification = below(3) ? ARPC_NOTIFY_CALLBACK : ARPC_NOTIFY_NONE;
  how.routine = on_news;
  how.user_info = c;
  CHECK_EQ(arpc_async_notify(m->w.rt, &how), c->server == HANDED_OFF ? 0 : 1914);
  how.notification = ARPC_NOTIFY_QUEUE;
  how.hwnd.queue = NULL;
  CHECK_EQ(arpc_async_notify(m->w.rt, &how), c->server == HANDED_OFF ? 87 : 1914);
}

static void clients_verbs(model *m, call *c) {
  arpc_status want = c->server == HANDED_OFF ? 1915 : 1914;
  CHECK_EQ(arpc_async_status(m->w.rt, &c->parked), want);
  CHECK_EQ(arpc_async_complete(m->w.rt, &c->parked, NULL), want);
  CHECK_EQ(arpc_async_cancel(m->w.rt, &c->parked, (int)below(2)), want);
  CHECK_EQ(arpc_async_cancel_within(m->w.rt, &c->parked, 5), want);
  CHECK_EQ(arpc_async_drop(m->w.rt, &c->parked), want);
}

/* ---- sequences ---------------------------------------------------------------------------------*/

static void lose(model *m) {
  if (m->closed || below(12)) return;
  m->closed = 1;
  for (unsigned i = 0; i < m->ncalls; i++) {
    call *c = &m->calls[i];
    c->gone = 1;
    if (c->told) continue;
    c->may |= LOST;
    c->must = 1;
  }
  arpc_client_close(m->w.client);
  m->w.client = NULL;
}

static unsigned all_told(const model *m) {
  unsigned n = 0;
  for (unsigned i = 0; i < m->ncalls; i++) n += m->calls[i].told;
  return n;
}

static void step(model *m) {
  static void (*const of_client[])(model *, handle *) = {issue,         issue, issue,       status,           complete,     cancel,
                                                         cancel_within, drop,  notify_anew, init_and_corrupt, servers_verbs};
  static void (*const of_server[])(model *, call *) = {reply, abort_call, test_cancel, subscribe, watch,
                                                       clients_verbs};
  unsigned told = all_told(m), kind = below(20);
  if (kind < 10) of_client[below(sizeof of_client / sizeof *of_client)](m, &m->handles[below(HANDLES)]);
  else if (kind < 14 && m->seen)
    of_server[below(sizeof of_server / sizeof *of_server)](m, &m->calls[m->w.tags[below(m->seen)]]);
  else if (kind == 14) advance(m, below(15));
  else if (kind == 15) lose(m);
  CHECK_EQ(all_told(m), told); /* never inside of a function */
  if (kind > 15) turns(m, kind == 19 ? QUIET : 1 + below(3));
}

static void finish(model *m) {
  turns(m, QUIET);
  for (unsigned i = 0; i < m->ncalls; i++)
    if (m->calls[i].server == HANDED_OFF) reply(m, &m->calls[i]);
  turns(m, QUIET);
  for (unsigned i = 0; i < m->ncalls; i++) {
    const call *c = &m->calls[i];
    CHECK_EQ(c->told, !c->dropped);
    CHECK(c->server == OVER || c->may & (GIVEN_UP | LOST));
  }
  for (int i = 0; i < HANDLES; i++) complete(m, &m->handles[i]);
  arpc_stats s;
  arpc_runtime_stats(m->w.rt, &s);
  CHECK_EQ(s.pending + s.parked + s.handles + s.timers, 0);
  CHECK_EQ(s.calls_issued, s.calls_completed);
  CHECK_EQ(s.calls_served, s.calls_ended);
}

static model m;

static void end_world(void) {
  if (m.w.rt) world_close(&m.w);
  memset(&m.w, 0, offsetof(world, parked));
}

/* In the world of the one before, unless its client is closed. */
static void sequence(const char *transport) {
  if (!m.w.client) world_open(&m.w, transport, &world_manual, NULL);
  memset(&m.handles, 0, sizeof m - offsetof(model, handles));
  m.w.nparked = 0;
  for (int i = 0; i < HANDLES; i++)
    if (below(4)) m.handles[i].async = world_handle(NULL, NULL);
  for (int i = 0; i < HANDLES; i++) { /* never initialised: 1914, and then it is */
    CHECK_EQ(arpc_async_status(m.w.rt, &m.handles[i].async), 1914);
    if (m.handles[i].async.size) continue;
    CHECK_EQ(world_call(&m.w, &m.handles[i].async, PARK_IT, "", 0), 1914);
    m.handles[i].async = world_handle(NULL, NULL);
  }
  for (int i = 0; i < STEPS; i++) step(&m);
  finish(&m);
  if (!m.w.client || !below(10)) end_world();
}

enum { PARTS = 5 };

static void part(unsigned n) {
  while (n--) test_random();
  for (unsigned i = test_scale(SEQUENCES / PARTS); i-- > 0;) sequence("memory");
  end_world();
}

/* In parts, because a test has a deadline. */
TEST("state: #5 #12 #26 random sequences of all operations do as the tables say, and leave nothing, 1 [memory]") {
  part(0);
}
TEST("state: #5 #12 #26 random sequences of all operations do as the tables say, and leave nothing, 2 [memory]") {
  part(1);
}
TEST("state: #5 #12 #26 random sequences of all operations do as the tables say, and leave nothing, 3 [memory]") {
  part(2);
}
TEST("state: #5 #12 #26 random sequences of all operations do as the tables say, and leave nothing, 4 [memory]") {
  part(3);
}
TEST("state: #5 #12 #26 random sequences of all operations do as the tables say, and leave nothing, 5 [memory]") {
  part(4);
}

TEST("state: #5 #12 #26 random sequences of all operations over sockets [tcp] [unix]") {
  for (int unix_ones = 0; unix_ones < 2; unix_ones++) {
    for (unsigned i = test_scale(SEQUENCES / 40); i-- > 0;) sequence(unix_ones ? "unix" : "tcp");
    end_world();
  }
}
