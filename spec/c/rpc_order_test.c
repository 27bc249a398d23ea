/* Row 84: calls are dispatched in the order of issue, whatever their size, unless option 9 says they need not. */
#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/stream.h"
#include "rpc_world.h"

enum { CALLS = 60, LARGE = 3900000 };

static uint8_t large[LARGE];

static size_t size_of(uint32_t i) {
  static const size_t sizes[] = {LARGE, 4, 9000, 4, 70000, 300000, 4};
  return sizes[i % (sizeof sizes / sizeof *sizes)];
}

static arpc_async park(world *w, uint32_t tag, size_t size) {
  arpc_async a = world_handle(NULL, NULL);
  memcpy(large, &tag, sizeof tag);
  CHECK_EQ(world_call(w, &a, PARK_IT, large, size), 0);
  return a;
}

static const arpc__peer *peers[3]; /* whose connections brought the first parked calls */

static void answer_all(world *w, arpc_async *calls, unsigned n) {
  world_parked(w, n - 1);
  for (unsigned i = 0; i < n && i < 3; i++)
    peers[i] = ((const arpc__served *)arpc__slot_of(w->rt, &w->parked[i])->call)->peer;
  for (unsigned i = n; i-- > 0;) CHECK_EQ(arpc_async_reply(w->rt, &w->parked[i], "", 0), 0);
  for (unsigned i = 0; i < n; i++) CHECK_EQ(world_result(w, &calls[i], NULL), 0);
}

TEST("order: #84 large and small, connected or not, calls are dispatched as they were issued [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int connected = 0; connected < 2; connected++)
      for (int strict = 0; strict < 2; strict++) { /* strict: one connection, one call at a time */
        world w;
        unsigned n = strict ? 6 : CALLS;
        arpc_async a[CALLS];
        arpc_client_options o = {.no_multiplex = strict, .causal_strict = strict, .max_pending = CALLS};
        world_open(&w, t, NULL, &o);
        if (connected) {
          arpc_async first = world_handle(NULL, NULL);
          CHECK_EQ(world_call(&w, &first, ECHO_IT, "", 0), 0);
          CHECK_EQ(world_result(&w, &first, NULL), 0);
        }
        for (uint32_t i = 0; i < n; i++) a[i] = park(&w, i, size_of(i));
        if (strict) {
          for (uint32_t i = 0; i < n; i++) {
            world_parked(&w, i);
            CHECK_EQ(w.tags[i], i);
            CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
            CHECK_EQ(world_result(&w, &a[i], NULL), 0);
          }
        } else {
          answer_all(&w, a, n);
          for (uint32_t i = 0; i < n; i++) CHECK_EQ(w.tags[i], i);
        }
        world_close(&w);
      }
  }
}

/* Sockets that take little at a time. */
static void shorten(world *w) {
  int size = 65536;
  for (arpc__list *n = w->client->links.next; n != &w->client->links; n = n->next) {
    uv_os_fd_t fd;
    CHECK_EQ(uv_fileno(&((arpc__stream *)arpc__of(arpc__link, node, n)->transport)->uv.handle, &fd), 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  }
}

TEST("order: #84 #115 with option 9 a small call passes a large one that is still leaving [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int noncausal = 0; noncausal < 2; noncausal++) {
      world w;
      arpc_async a[3];
      arpc_stats s;
      world_open(&w, t, NULL, &(arpc_client_options){.max_connections = 4});
      CHECK_EQ(arpc_client_set_option(w.client, ARPC_OPT_NONCAUSAL, (uint32_t)noncausal), 0);
      for (uint32_t i = 0; i < 3; i++) a[i] = park(&w, i, LARGE);
      answer_all(&w, a, 3); /* there are as many connections as were wanted */
      arpc_runtime_stats(w.rt, &s);
      CHECK(noncausal ? s.connections > 2 : s.connections == 2);
      w.nparked = 0;
      if (!strcmp(t, "tcp")) shorten(&w);
      a[0] = park(&w, 0, 700000); /* less than a connection may owe in any case */
      a[1] = park(&w, 1, 4);
      answer_all(&w, a, 2);
      CHECK_EQ(peers[0] != peers[1], noncausal);
      if (strcmp(t, "memory")) CHECK_EQ(w.tags[0], noncausal); /* memory takes all at once */
      world_close(&w);
    }
  }
}

TEST("order: #17 #85 without multiplexing a call beside a pending one takes another connection of the group [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    arpc_async slow = world_handle(NULL, NULL), quick = world_handle(NULL, NULL);
    world_open(&w, t, NULL, &(arpc_client_options){.no_multiplex = 1});
    CHECK_EQ(world_call(&w, &slow, PARK_IT, "", 0), 0);
    world_parked(&w, 0);
    CHECK_EQ(world_call(&w, &quick, ECHO_IT, "", 0), 0);
    CHECK_EQ(world_result(&w, &quick, NULL), 0);
    CHECK_EQ(w.client->nlinks, 2);
    CHECK_EQ(w.server->npeers, 2);
    for (arpc__list *n = w.server->peers.next; n != &w.server->peers; n = n->next)
      CHECK_EQ(arpc__of(arpc__peer, node, n)->conn.group, w.client->group);
    CHECK(w.client->group != 0);
    CHECK_EQ(arpc_async_status(w.rt, &slow), 997);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(world_result(&w, &slow, NULL), 0);
    world_close(&w);
  }
}
