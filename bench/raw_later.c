/* W4b on bare libuv: raw_later ADDR answers every frame a second after it came; raw_later ADDR w4b n=N sends N frames at
 * once and waits for all answers. */
#include "bench.h"
#include "raw.h"

enum { MS = 1000, BODY = 4, FRAME = sizeof(raw_header) + BODY };

typedef struct held {
  uint64_t due;
  uint32_t id;
} held;

static union {
  uv_stream_t s;
  uv_tcp_t t;
  uv_pipe_t p;
} listener, conn;
static uv_timer_t timer;
static held *queue;
static size_t first, last, room;
static long wanted, seen;
static double began;

static void on_written(uv_write_t *req, int status) {
  if (status) exit(0);
  free(req->data);
  free(req);
}

static void send_frames(char *bytes, size_t len) {
  uv_write_t *req = malloc(sizeof *req);
  uv_buf_t buf = uv_buf_init(bytes, (unsigned)len);
  req->data = bytes;
  if (uv_write(req, &conn.s, &buf, 1, on_written)) exit(1);
}

static void put_frame(char *at, uint32_t id) {
  raw_header h = {.len = FRAME, .id = id};
  memcpy(at, &h, sizeof h);
  memset(at + sizeof h, 0, BODY);
}

/* ---- answering ---- */

static void on_tick(uv_timer_t *t) {
  size_t n = first;
  while (n < last && queue[n].due <= uv_now(t->loop)) n++;
  if (n == first) return;
  char *bytes = malloc((n - first) * FRAME), *at = bytes;
  for (; first < n; first++, at += FRAME) put_frame(at, queue[first].id);
  send_frames(bytes, (size_t)(at - bytes));
}

static void hold(const raw_header *h, const char *body, size_t len) {
  (void)body;
  (void)len;
  if (last == room && !(queue = realloc(queue, (room = room ? room * 2 : 1024) * sizeof *queue))) exit(1);
  queue[last++] = (held){uv_now(timer.loop) + MS, h->id};
}

/* ---- asking ---- */

static void count(const raw_header *h, const char *body, size_t len) {
  (void)h;
  (void)body;
  if (len != BODY) exit(1);
  if (++seen < wanted) return;
  printf("{\"n\":%ld,\"secs\":%.6f,\"client\":0,\"server\":0}\n", wanted, b_clock(CLOCK_MONOTONIC) - began);
  fflush(stdout);
  exit(0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
  (void)s;
  (void)buf;
  if (n < 0) exit(0);
  raw_frames(n, wanted ? count : hold);
}

static void on_connection(uv_stream_t *s, int status) {
  if (status) exit(1);
  if (s->type == UV_TCP) uv_tcp_init(s->loop, &conn.t);
  else uv_pipe_init(s->loop, &conn.p, 0);
  uv_accept(s, &conn.s);
  uv_read_start(&conn.s, raw_alloc, on_read);
  uv_timer_start(&timer, on_tick, 1, 1);
}

static void on_connect(uv_connect_t *req, int status) {
  if (status) exit(1);
  (void)req;
  uv_read_start(&conn.s, raw_alloc, on_read);
  char *bytes = malloc((size_t)wanted * FRAME);
  began = b_clock(CLOCK_MONOTONIC);
  for (long i = 0; i < wanted; i++) put_frame(bytes + i * FRAME, (uint32_t)i);
  send_frames(bytes, (size_t)wanted * FRAME);
}

int main(int argc, char **argv) {
  struct sockaddr_in in;
  uv_connect_t req;
  const char *path;
  uv_loop_t *loop = uv_default_loop();
  b_init(argc, argv);
  if (argc < 2 || raw_address(argv[1], &in, &path)) return 2;
  wanted = argc > 2 ? b_opt("n", 100000) : 0;
  uv_timer_init(loop, &timer);
  uv_stream_t *s = wanted ? &conn.s : &listener.s;
  if (path) uv_pipe_init(loop, (uv_pipe_t *)s, 0);
  else uv_tcp_init(loop, (uv_tcp_t *)s);
  if (wanted && path) uv_pipe_connect(&req, (uv_pipe_t *)s, path, on_connect);
  else if (wanted) uv_tcp_connect(&req, (uv_tcp_t *)s, (struct sockaddr *)&in, on_connect);
  else if (path) uv_pipe_bind((uv_pipe_t *)s, path);
  else uv_tcp_bind((uv_tcp_t *)s, (struct sockaddr *)&in, 0);
  if (!wanted && uv_listen(s, 8, on_connection)) return 1;
  return uv_run(loop, UV_RUN_DEFAULT);
}
