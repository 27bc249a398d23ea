/* The thread-safe functions, from threads with a loop and a runtime each. `make tsan` runs these alone. */
#include "test.h"

#include "asyncrpc.h"

#include <stdatomic.h>
#include <uv.h>

enum { GETTERS = 4, POSTERS = 3, PATIENCE = 60000 };

typedef struct member member;
struct member {
  uv_thread_t thread;
  unsigned index, n;
  const char *token, *second;
  uint8_t *seen; /* of each packet, by whom */
  atomic_uint *total;
  uint64_t random;
};

static uint64_t next_random(member *m) {
  m->random ^= m->random << 13;
  m->random ^= m->random >> 7;
  return m->random ^= m->random << 17;
}

typedef struct loop {
  uv_loop_t uv;
  arpc_runtime *rt;
} loop;

static void open_loop(loop *l) {
  CHECK_EQ(uv_loop_init(&l->uv), 0);
  CHECK_EQ(arpc_runtime_new(&l->rt, &l->uv, NULL), 0);
}

static void close_loop(loop *l) {
  arpc_runtime_close(l->rt);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  CHECK_EQ(uv_loop_close(&l->uv), 0);
}

static void start(member *m, unsigned n, const member *like, void (*fn)(void *)) {
  for (unsigned i = 0; i < n; i++) {
    m[i] = *like;
    m[i].index = i;
    m[i].random = test_random() | 1;
    CHECK_EQ(uv_thread_create(&m[i].thread, fn, &m[i]), 0);
  }
}

static void join(member *m, unsigned n) {
  for (unsigned i = 0; i < n; i++) CHECK_EQ(uv_thread_join(&m[i].thread), 0);
}

/* ---- ports -------------------------------------------------------------------------------------*/

static void post_packets(void *p) {
  member *m = p;
  arpc_port *port;
  CHECK_EQ(arpc_port_open(&port, m->token), 0);
  for (unsigned i = 0; i < m->n; i++)
    CHECK_EQ(arpc_port_post(port, &(arpc_packet){.bytes = m->index, .key = (uint64_t)m->index * m->n + i + 1}), 0);
  arpc_port_free(port);
}

/* Waits of no time, of little and of any, until a packet says that it is over. */
static void get_packets(void *p) {
  member *m = p;
  loop l;
  arpc_port *port;
  arpc_packet packet;
  open_loop(&l);
  CHECK_EQ(arpc_port_open(&port, m->token), 0);
  for (;;) {
    static const int64_t waits[] = {0, 1, 2, -1};
    arpc_status status = arpc_port_get(port, l.rt, waits[next_random(m) % 4], &packet);
    CHECK(status == 0 || status == ARPC_S_TIMEOUT);
    if (status) continue;
    if (!packet.key) break;
    m->seen[packet.key - 1]++; /* each by one alone: the checker would tell */
    atomic_fetch_add(m->total, 1);
  }
  arpc_port_free(port);
  close_loop(&l);
}

TEST("threads: packets of many posters go to many getters, each to one, and none is lost") {
  member getters[GETTERS], posters[POSTERS];
  unsigned n = 200 + test_scale(20000), all = n * POSTERS;
  char token[96];
  atomic_uint total = 0;
  arpc_port *port;
  CHECK_EQ(arpc_port_new(&port), 0);
  arpc_port_token(port, token, sizeof token);
  member like = {.n = n, .token = token, .seen = calloc(all, 1), .total = &total};
  start(getters, GETTERS, &like, get_packets);
  start(posters, POSTERS, &like, post_packets);
  join(posters, POSTERS);
  for (unsigned i = 0; i < GETTERS; i++) CHECK_EQ(arpc_port_post(port, &(arpc_packet){.key = 0}), 0);
  join(getters, GETTERS);
  CHECK_EQ(total, all);
  for (unsigned i = 0; i < all; i++) CHECK_EQ(like.seen[i], 1);
  free(like.seen);
  arpc_port_free(port);
  CHECK_EQ(arpc_port_open(&port, token), ARPC_S_ENTRY_NOT_FOUND);
}

/* ---- events ------------------------------------------------------------------------------------*/

static void play(void *p) {
  member *m = p;
  loop l;
  arpc_event *mine, *other;
  open_loop(&l);
  CHECK_EQ(arpc_event_open(&mine, m->index ? m->second : m->token), 0);
  CHECK_EQ(arpc_event_open(&other, m->index ? m->token : m->second), 0);
  for (unsigned i = 0; i < m->n; i++) {
    if (m->index == 0) arpc_event_set(other);
    while (next_random(m) % 4 == 0 && arpc_event_wait(mine, l.rt, 0) == 0) arpc_event_set(mine);
    CHECK_EQ(arpc_event_wait(mine, l.rt, PATIENCE), 0);
    if (m->index == 1) arpc_event_set(other);
  }
  arpc_event_free(mine);
  arpc_event_free(other);
  close_loop(&l);
}

TEST("threads: two that wait for each other's event in turn never miss one") {
  member players[2];
  char tokens[2][96];
  arpc_event *events[2];
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(arpc_event_new(&events[i], 0), 0);
    arpc_event_token(events[i], tokens[i], sizeof tokens[i]);
  }
  start(players, 2, &(member){.n = 100 + test_scale(5000), .token = tokens[0], .second = tokens[1]}, play);
  join(players, 2);
  for (int i = 0; i < 2; i++) arpc_event_free(events[i]);
}

static void wait_all(void *p) {
  member *m = p;
  loop l;
  arpc_event *event;
  open_loop(&l);
  CHECK_EQ(arpc_event_open(&event, m->token), 0);
  CHECK_EQ(arpc_event_wait(event, l.rt, PATIENCE), 0);
  atomic_fetch_add(m->total, 1);
  arpc_event_free(event);
  close_loop(&l);
}

TEST("threads: a manual-reset event wakes all who wait for it") {
  member waiters[GETTERS];
  char token[96];
  for (unsigned round = 0; round < 3 + test_scale(30); round++) {
    atomic_uint total = 0;
    arpc_event *event;
    CHECK_EQ(arpc_event_new(&event, ARPC_EVENT_MANUAL), 0);
    arpc_event_token(event, token, sizeof token);
    start(waiters, GETTERS, &(member){.token = token, .total = &total}, wait_all);
    if (round % 2) uv_sleep(1);
    arpc_event_set(event);
    join(waiters, GETTERS);
    CHECK_EQ(total, GETTERS);
    arpc_event_free(event);
  }
}

/* ---- queues, tokens, posts ---------------------------------------------------------------------*/

static void open_and_free(void *p) {
  member *m = p;
  for (unsigned i = 0; i < m->n; i++) {
    arpc_queue *queue;
    if (arpc_queue_open(&queue, m->token)) break; /* the last one is gone */
    arpc_queue_post(queue, &(arpc_message){.msg = i});
    arpc_queue_free(queue);
  }
}

TEST("threads: opening by token races freeing, and finds the object whole or not at all") {
  member openers[GETTERS];
  for (unsigned round = 0; round < 5 + test_scale(200); round++) {
    char token[96];
    arpc_queue *queue;
    CHECK_EQ(arpc_queue_new(&queue), 0);
    arpc_queue_token(queue, token, sizeof token);
    start(openers, GETTERS, &(member){.n = 50, .token = token}, open_and_free);
    arpc_queue_free(queue);
    join(openers, GETTERS);
    CHECK_EQ(arpc_queue_open(&queue, token), ARPC_S_ENTRY_NOT_FOUND);
  }
}

static unsigned ran;

static void on_posted(arpc_runtime *rt, void *arg) {
  (void)rt;
  ran++;
  arpc_event_set(arg);
}

typedef struct posting {
  arpc_runtime *rt;
  arpc_event *event;
  unsigned n;
} posting;

static void post_work(void *p) {
  posting *job = p;
  for (unsigned i = 0; i < job->n; i++) CHECK_EQ(arpc_post(job->rt, on_posted, job->event), 0);
}

TEST("threads: work posted to a loop runs on it, all of it") {
  loop l;
  uv_thread_t threads[POSTERS];
  posting job = {.n = 100 + test_scale(5000)};
  open_loop(&l);
  job.rt = l.rt;
  CHECK_EQ(arpc_event_new(&job.event, 0), 0);
  char token[96];
  arpc_event_token(job.event, token, sizeof token);
  for (int i = 0; i < POSTERS; i++) CHECK_EQ(uv_thread_create(&threads[i], post_work, &job), 0);
  while (ran < job.n * POSTERS) CHECK_EQ(arpc_event_wait(job.event, l.rt, PATIENCE), 0);
  for (int i = 0; i < POSTERS; i++) CHECK_EQ(uv_thread_join(&threads[i]), 0);
  arpc_event_free(job.event);
  close_loop(&l);
}
