/* Rows 68-73 and 115: timeouts, deadlines, keep-alive, binding options. */
#include "rpc/client.h"
#include "rpc/stream.h"
#include "rpc_world.h"

#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

static void count(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  (void)rt;
  CHECK_EQ(event, ARPC_CALL_COMPLETE);
  ++*(unsigned *)async->user_info;
}

static arpc_async issue(world *w, unsigned *told, uint16_t opnum, uint32_t timeout, uint64_t deadline) {
  arpc_async a = world_handle(count, told);
  arpc_request r = {.opnum = opnum, .stub = "", .timeout = timeout, .deadline = deadline};
  CHECK_EQ(arpc_client_call(w->client, &a, &r), 0);
  return a;
}

static void pass(world *w, uint64_t ms) {
  arpc_runtime_advance(w->rt, ms);
  world_turns(w, 5);
}

TEST("time: #68 a deadline ends an asynchronous call: timeout and deadline, the earlier of the two [tcp] [unix] [memory]") {
  static const struct { uint32_t own, client; uint64_t deadline; int ends; } cases[] = {
      {100, 0, 0, 100}, {0, 100, 0, 100}, {50, 100, 0, 50}, {200, 100, 0, 200}, {0, 0, 70, 70},
      {100, 0, 70, 70}, {50, 0, 70, 50},  {0, 60, 70, 60},  {ARPC_FOREVER, 60, 0, -1},
  };
  EACH_TRANSPORT(t) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      world w;
      unsigned told = 0;
      uint64_t until = 1;
      arpc_reply reply;
      world_open(&w, t, &world_manual, &(arpc_client_options){.timeout = cases[i].client});
      uint64_t now = arpc_runtime_now(w.rt), deadline = cases[i].deadline ? now + cases[i].deadline : 0;
      arpc_async a = issue(&w, &told, PARK_IT, cases[i].own, deadline);
      world_parked(&w, 0);
      CHECK_EQ(arpc_async_deadline(w.rt, &a, &until), 0);
      CHECK_EQ(until, cases[i].ends < 0 ? 0 : now + (unsigned)cases[i].ends);
      pass(&w, cases[i].ends < 0 ? 1000 : (unsigned)cases[i].ends - 1);
      CHECK_EQ(told, 0);
      if (cases[i].ends >= 0) {
        arpc_runtime_advance(w.rt, 1);
        CHECK_EQ(world_result(&w, &a, &reply), 1818);
        CHECK(reply.timed_out && reply.maybe_executed);
        CHECK_EQ(reply.phase, ARPC_PHASE_WAIT);
        while (arpc_server_test_cancel(w.rt, &w.parked[0], NULL)) world_turns(&w, 1);
      }
      CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
      if (cases[i].ends < 0) CHECK_EQ(world_result(&w, &a, NULL), 0);
      CHECK_EQ(told, 1);
      world_close(&w);
    }
  }
}

TEST("time: #68 a deadline that has passed: accepted, never sent, told on a later turn [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_stats s;
    arpc_reply reply;
    world_open(&w, t, &world_manual, NULL);
    arpc_async a = issue(&w, &told, PARK_IT, 0, arpc_runtime_now(w.rt));
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_status(w.rt, &a), 997);
    CHECK_EQ(world_result(&w, &a, &reply), 1818);
    CHECK(reply.timed_out && !reply.maybe_executed);
    world_turns(&w, 10);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.connections, 0);
    CHECK_EQ(told, 1);
    world_close(&w);
  }
}

TEST("time: #68 on expiry the server is cancelled and has the grace: its result counts, its 1818 says timed out [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_reply reply;
    arpc_async a[4];
    world_open(&w, t, &world_manual, &(arpc_client_options){.timeout = 100, .grace = 50});
    for (unsigned i = 0; i < 4; i++) {
      a[i] = issue(&w, &told, PARK_IT, 0, 0);
      world_parked(&w, i);
    }
    pass(&w, 100);
    while (arpc_server_test_cancel(w.rt, &w.parked[3], NULL)) world_turns(&w, 1);
    pass(&w, 49);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[1], 1818), 0);
    CHECK_EQ(arpc_async_abort(w.rt, &w.parked[2], 5), 0);
    CHECK_EQ(world_result(&w, &a[0], &reply), 0);
    CHECK_EQ(reply.timed_out, 0);
    CHECK_EQ(world_result(&w, &a[1], &reply), 1818);
    CHECK_EQ(reply.timed_out, 1);
    CHECK_EQ(reply.where, ARPC_WHERE_FAULT);
    CHECK_EQ(world_result(&w, &a[2], &reply), 5);
    CHECK_EQ(reply.timed_out, 0);
    arpc_runtime_advance(w.rt, 1);
    CHECK_EQ(world_result(&w, &a[3], &reply), 1818);
    CHECK_EQ(reply.timed_out, 1);
    CHECK_EQ(reply.where, ARPC_WHERE_LOCAL);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[3], "", 0), 0);
    CHECK_EQ(told, 4);
    world_close(&w);
  }
}

TEST("time: #68 a cancelled call's deadline still ends it, and says so [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    for (int escalate = 0; escalate < 2; escalate++) {
      world w;
      unsigned told = 0;
      arpc_reply reply;
      world_open(&w, t, &world_manual, NULL);
      arpc_async a = issue(&w, &told, PARK_IT, 100, 0);
      world_parked(&w, 0);
      if (escalate) CHECK_EQ(arpc_async_cancel_within(w.rt, &a, 1000), 0);
      else CHECK_EQ(arpc_async_cancel(w.rt, &a, 0), 0);
      pass(&w, 99);
      CHECK_EQ(told, 0);
      arpc_runtime_advance(w.rt, 1);
      CHECK_EQ(world_result(&w, &a, &reply), 1818);
      CHECK_EQ(reply.timed_out, 1);
      CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
      world_close(&w);
    }
  }
}

/* ---- a server that accepts and says nothing -----------------------------------------------------*/

typedef struct silent {
  int fd;
  arpc_server *server; /* memory: it does not listen */
  arpc_binding *binding;
} silent;

static void silent_open(silent *s, world *w, const char *t) {
  char text[128] = "memory:[silent]";
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_un un = {.sun_family = AF_UNIX};
  socklen_t len = sizeof in;
  *s = (silent){.fd = -1};
  if (!strcmp(t, "tcp")) {
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(s->fd, (struct sockaddr *)&in, sizeof in), 0);
    CHECK_EQ(getsockname(s->fd, (struct sockaddr *)&in, &len), 0);
    snprintf(text, sizeof text, "ncacn_ip_tcp:127.0.0.1[%u]", ntohs(in.sin_port));
  } else if (!strcmp(t, "unix")) {
    s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(un.sun_path, sizeof un.sun_path, "%s/silent", w->dir);
    CHECK_EQ(bind(s->fd, (struct sockaddr *)&un, sizeof un), 0);
    snprintf(text, sizeof text, "ncalrpc:[silent]");
  }
  CHECK_EQ(arpc_binding_parse(&s->binding, text), 0);
  if (s->fd >= 0) CHECK_EQ(listen(s->fd, 8), 0);
  else CHECK_EQ(arpc_server_new(&s->server, w->rt, NULL), 0);
  if (s->server) CHECK_EQ(arpc_server_use(s->server, s->binding), 0);
}

static void silent_close(silent *s, world *w) {
  char path[128];
  snprintf(path, sizeof path, "%s/silent", w->dir);
  arpc_binding_free(s->binding);
  if (s->server) arpc_server_close(s->server);
  if (s->fd >= 0) close(s->fd);
  unlink(path);
}

static arpc_client *client_of(world *w, const silent *s, uint32_t connect_timeout) {
  arpc_client *c;
  arpc_client_options o = {.local_dir = w->dir, .transfer = ARPC_NDR20, .connect_timeout = connect_timeout};
  CHECK_EQ(arpc_client_new(&c, w->rt, s->binding, &WORLD_INTERFACE, &o), 0);
  return c;
}

TEST("time: #68 connecting and binding are in the time; nothing executed then [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    silent s;
    unsigned told = 0;
    arpc_reply reply;
    arpc_async a = world_handle(count, &told);
    world_open(&w, t, &world_manual, NULL);
    silent_open(&s, &w, t);
    arpc_client *c = client_of(&w, &s, 0);
    CHECK_EQ(arpc_client_call(c, &a, &(arpc_request){.opnum = ECHO_IT, .stub = "", .timeout = 100}), 0);
    world_turns(&w, 20);
    pass(&w, 99);
    CHECK_EQ(told, 0);
    arpc_runtime_advance(w.rt, 1);
    CHECK_EQ(world_result(&w, &a, &reply), 1818);
    CHECK(reply.timed_out && !reply.maybe_executed);
    CHECK_EQ(reply.phase, ARPC_PHASE_CONNECT);
    arpc_client_close(c);
    silent_close(&s, &w);
    world_close(&w);
  }
}

TEST("time: #71 reaching a server has a limit that is an option, 30 s unless said otherwise, and may have none [tcp] [unix] [memory]") {
  static const struct { uint32_t option; uint64_t ms; } cases[] = {{0, 30000}, {700, 700}, {ARPC_FOREVER, 0}};
  EACH_TRANSPORT(t) {
    for (int i = 0; i < 3; i++) {
      world w;
      silent s;
      unsigned told = 0;
      arpc_reply reply;
      arpc_async a = world_handle(count, &told);
      world_open(&w, t, &world_manual, NULL);
      silent_open(&s, &w, t);
      arpc_client *c = client_of(&w, &s, cases[i].option);
      CHECK_EQ(arpc_client_call(c, &a, &(arpc_request){.opnum = ECHO_IT, .stub = ""}), 0);
      world_turns(&w, 20);
      pass(&w, cases[i].ms ? cases[i].ms - 1 : 1000ull * 60 * 60 * 24 * 60);
      CHECK_EQ(told, 0);
      if (cases[i].ms) {
        arpc_runtime_advance(w.rt, 1);
        CHECK_EQ(world_result(&w, &a, &reply), 1722);
        CHECK(reply.timed_out && !reply.maybe_executed);
      }
      arpc_client_close(c);
      world_turns(&w, 5);
      if (!cases[i].ms) CHECK_EQ(world_result(&w, &a, NULL), 1727);
      silent_close(&s, &w);
      world_close(&w);
    }
  }
}

TEST("time: #71 a call without a timeout waits as long as its server takes [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    uint64_t until = 1;
    world_open(&w, t, &world_manual, NULL);
    arpc_async a = issue(&w, &told, PARK_IT, 0, 0);
    world_parked(&w, 0);
    CHECK_EQ(arpc_async_deadline(w.rt, &a, &until), 0);
    CHECK_EQ(until, 0);
    for (int day = 0; day < 100; day++) pass(&w, 1000ull * 60 * 60 * 24);
    CHECK_EQ(told, 0);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    CHECK_EQ(world_result(&w, &a, NULL), 0);
    world_close(&w);
  }
}

/* ---- handing a deadline over -------------------------------------------------------------------*/

TEST("time: #69 the rest of a deadline is handed over if asked for, with stubs of any length [tcp] [unix] [memory]") {
  static uint8_t big[200000];
  EACH_TRANSPORT(t) {
    for (int asked = 0; asked < 2; asked++) {
      world w;
      unsigned told = 0;
      uint64_t until = 1;
      arpc_reply reply;
      world_open(&w, t, &world_manual, &(arpc_client_options){.pass_deadline = asked});
      arpc_async a = issue(&w, &told, PARK_IT, 500, 0), b = issue(&w, &told, PARK_IT, 0, 0);
      world_parked(&w, 1);
      CHECK_EQ(arpc_async_deadline(w.rt, &w.parked[0], &until), 0);
      CHECK_EQ(until, asked ? arpc_runtime_now(w.rt) + 500 : 0);
      CHECK_EQ(arpc_async_deadline(w.rt, &w.parked[1], &until), 0);
      CHECK_EQ(until, 0);
      pass(&w, 200);
      uint64_t now = arpc_runtime_now(w.rt);
      arpc_async onward = issue(&w, &told, PARK_IT, 0, now + 300);
      world_parked(&w, 2);
      CHECK_EQ(arpc_async_deadline(w.rt, &w.parked[2], &until), 0);
      CHECK_EQ(until, asked ? now + 300 : 0);
      for (size_t len = 0; len < sizeof big; len = len * 9 + 1) {
        arpc_async c = world_handle(count, &told);
        memset(big, (int)len, sizeof big);
        CHECK_EQ(world_call(&w, &c, ECHO_IT, big, len), 0);
        CHECK_EQ(world_result(&w, &c, &reply), 0);
        CHECK_BYTES(reply.stub, reply.len, big, len);
      }
      for (int i = 0; i < 3; i++) CHECK_EQ(arpc_async_reply(w.rt, &w.parked[i], "", 0), 0);
      CHECK_EQ(world_result(&w, &a, NULL), 0);
      CHECK_EQ(world_result(&w, &b, NULL), 0);
      CHECK_EQ(world_result(&w, &onward, NULL), 0);
      CHECK_EQ(arpc_async_deadline(w.rt, &a, &until), 1914);
      world_close(&w);
    }
  }
}

/* ---- keep-alive --------------------------------------------------------------------------------*/

static int socket_option(world *w, int level, int name) {
  arpc__link *link = arpc__of(arpc__link, node, w->client->links.next);
  uv_os_fd_t fd;
  int value = -1;
  socklen_t len = sizeof value;
  CHECK_EQ(uv_fileno(&((arpc__stream *)link->transport)->uv.handle, &fd), 0);
  CHECK_EQ(getsockopt(fd, level, name, &value, &len), 0);
  return value;
}

TEST("time: #70 keep-alive levels 0 to 10 are set on the socket with the documented seconds, others are 1709 [tcp] [unix] [memory]") {
  static const int seconds[] = {120, 240, 360, 480, 600, 720, 840, 960, 1080, 1200, 0};
  EACH_TRANSPORT(t) {
    for (int level = -1; level <= 10; level++) {
      world w;
      unsigned told = 0;
      world_open(&w, t, NULL, &(arpc_client_options){.keep_alive = (unsigned)(level + 1)});
      arpc_async a = issue(&w, &told, ECHO_IT, 0, 0);
      CHECK_EQ(world_result(&w, &a, NULL), 0);
      for (int later = 0; later < 2; later++) { /* as an option, and changed on an open connection */
        int now = later ? (level + 6) % 11 : level < 0 ? 5 : level;
        if (later) CHECK_EQ(arpc_client_keep_alive(w.client, (unsigned)now), 0);
        if (strcmp(t, "tcp")) continue;
        CHECK_EQ(socket_option(&w, SOL_SOCKET, SO_KEEPALIVE), now != 10);
        if (now == 10) continue;
        CHECK_EQ(socket_option(&w, IPPROTO_TCP, TCP_KEEPIDLE), seconds[now]);
        CHECK_EQ(socket_option(&w, IPPROTO_TCP, TCP_KEEPINTVL), 1);
        CHECK_EQ(socket_option(&w, IPPROTO_TCP, TCP_KEEPCNT), 3);
      }
      CHECK_EQ(arpc_client_keep_alive(w.client, 11), 1709);
      CHECK_EQ(arpc_client_keep_alive(w.client, UINT32_MAX), 1709);
      arpc_binding *b;
      arpc_client *none = NULL;
      CHECK_EQ(arpc_binding_parse(&b, w.binding), 0);
      CHECK_EQ(arpc_client_new(&none, w.rt, b, &WORLD_INTERFACE, &(arpc_client_options){.keep_alive = 12}), 1709);
      CHECK(none == NULL);
      arpc_binding_free(b);
      world_close(&w);
    }
  }
}

/* ---- what was executed -------------------------------------------------------------------------*/

TEST("time: #72 #73 a lost call is 1727 when it was not sent, 1726 when it was, and is never sent again [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    arpc_stats s;
    arpc_reply reply;
    world_open(&w, t, NULL, &(arpc_client_options){.no_multiplex = 1, .max_connections = 1});
    arpc_async sent = issue(&w, &told, PARK_IT, 0, 0), waits = issue(&w, &told, PARK_IT, 0, 0);
    world_parked(&w, 0);
    arpc_server_close(w.server);
    w.server = NULL;
    CHECK_EQ(world_result(&w, &sent, &reply), 1726);
    CHECK_EQ(reply.maybe_executed, 1);
    CHECK_EQ(reply.where, ARPC_WHERE_TRANSPORT);
    CHECK_EQ(world_result(&w, &waits, &reply), 1722); /* it went on to another connection, which nobody accepts */
    CHECK_EQ(reply.maybe_executed, 0);
    world_turns(&w, 20);
    arpc_runtime_stats(w.rt, &s);
    CHECK_EQ(s.calls_served, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    arpc_async unsent = issue(&w, &told, PARK_IT, 0, 0);
    arpc_client_close(w.client);
    w.client = NULL;
    CHECK_EQ(world_result(&w, &unsent, &reply), 1727);
    CHECK_EQ(reply.maybe_executed, 0);
    world_close(&w);
  }
}

/* ---- options -----------------------------------------------------------------------------------*/

TEST("time: #115 binding options 9, 11, 12 and 13 are set and read back, others are 1764 [tcp] [unix] [memory]") {
  EACH_TRANSPORT(t) {
    world w;
    unsigned told = 0;
    uint32_t value = 77;
    arpc_reply reply;
    world_open(&w, t, &world_manual, NULL);
    for (unsigned option = 0; option < 40; option++) {
      int known = option == 9 || option == 11 || option == 12 || option == 13;
      CHECK_EQ(arpc_client_set_option(w.client, option, 1), !known ? 1764 : option == 13 ? 1701 : 0);
      value = 77;
      CHECK_EQ(arpc_client_option(w.client, option, &value), known ? 0 : 1764);
      CHECK_EQ(value, !known ? 77 : option != 13);
    }
    CHECK_EQ(arpc_client_set_option(w.client, ARPC_OPT_CALL_TIMEOUT, 100), 0);
    CHECK_EQ(arpc_client_option(w.client, ARPC_OPT_CALL_TIMEOUT, &value), 0);
    CHECK_EQ(value, 100);
    arpc_async a = issue(&w, &told, PARK_IT, 0, 0);
    world_parked(&w, 0);
    pass(&w, 100);
    CHECK_EQ(world_result(&w, &a, &reply), 1818);
    CHECK_EQ(reply.timed_out, 1);
    CHECK_EQ(arpc_client_set_option(w.client, ARPC_OPT_DONT_LINGER, 1), 0); /* there has been a call */
    CHECK_EQ(arpc_client_option(w.client, ARPC_OPT_DONT_LINGER, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(arpc_async_reply(w.rt, &w.parked[0], "", 0), 0);
    world_close(&w);
  }
}
