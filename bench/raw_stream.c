/* W3 on bare libuv: raw_stream ADDR serves; raw_stream ADDR down|up mib=N receives or sends so much in chunks of 64 KiB.
 * The header and the chunk go out in one write from where they lie; what the socket does not take follows when it can. */
#include "bench.h"
#include "chunks.h"
#include "raw.h"

enum { DOWN = 1, DATA, END };

static union {
  uv_stream_t s;
  uv_tcp_t t;
  uv_pipe_t p;
} listener, conn;
static uv_write_t rest;
static uint64_t to_send, sent, wanted, got;
static int up, warm;

static void fail(const char *what) {
  fprintf(stderr, "raw_stream: %s\n", what);
  exit(1);
}

static void send_frame(uint32_t id, uint64_t number) {
  raw_send(id, &number, sizeof number);
  raw_flush(&conn.s);
}

/* ---- sending ---- */

static void on_written(uv_write_t *req, int status);

static int send_chunk(void) {
  static raw_header h = {.len = sizeof h + CHUNK, .id = DATA};
  char *chunk = chunks[sent / CHUNK % CHUNKS];
  uv_buf_t both[2] = {uv_buf_init((char *)&h, sizeof h), uv_buf_init(chunk, CHUNK)};
  int n = uv_try_write(&conn.s, both, 2);
  if (n < 0 && n != UV_EAGAIN) fail(uv_strerror(n));
  size_t done = n < 0 ? 0 : (size_t)n;
  sent += CHUNK;
  if (done == sizeof h + CHUNK) return 1;
  if (done < sizeof h) both[0] = uv_buf_init((char *)&h + done, (unsigned)(sizeof h - done));
  else both[1] = uv_buf_init(chunk + done - sizeof h, (unsigned)(CHUNK + sizeof h - done));
  if (uv_write(&rest, &conn.s, done < sizeof h ? both : both + 1, done < sizeof h ? 2 : 1, on_written)) fail("uv_write");
  return 0;
}

static void send_chunks(void) {
  while (sent < to_send)
    if (!send_chunk()) return;
  if (to_send && up) send_frame(END, sent);
  to_send = 0;
}

static void on_written(uv_write_t *req, int status) {
  (void)req;
  if (status) exit(0);
  send_chunks();
}

static void send_bytes(uint64_t n) {
  to_send = n;
  sent = 0;
  send_chunks();
}

/* ---- the measurement ---- */

static void begin(uint64_t bytes) {
  wanted = bytes;
  got = 0;
  if (up) send_bytes(bytes);
  else send_frame(DOWN, bytes);
}

static void over(void) {
  if (warm) {
    warm = 0;
    b_begin();
    begin((uint64_t)b_opt("mib", 1024) << 20);
    return;
  }
  B.calls = (long)(wanted / CHUNK);
  b_end();
  uv_stop(conn.s.loop);
}

static void on_frame(const raw_header *h, const char *body, size_t len) {
  uint64_t number;
  memcpy(&number, body, sizeof number);
  if (h->id == DATA) {
    if (len != CHUNK || !chunks_good(got, body, len)) fail("wrong bytes");
    got += len;
    if (got == wanted) over();
  } else if (h->id == DOWN) {
    send_bytes(number);
  } else if (h->id == END && B.argc > 2) {
    if (number != wanted) fail("not all arrived");
    over();
  } else {
    if (number != got) fail("not all arrived");
    got = 0;
    send_frame(END, number);
  }
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
  (void)buf;
  (void)s;
  if (n < 0) exit(0);
  raw_frames(n, on_frame);
}

/* ---- the connection ---- */

static void on_connection(uv_stream_t *s, int status) {
  if (status) exit(1);
  if (s->type == UV_TCP) uv_tcp_init(s->loop, &conn.t);
  else uv_pipe_init(s->loop, &conn.p, 0);
  uv_accept(s, &conn.s);
  if (s->type == UV_TCP) uv_tcp_nodelay(&conn.t, 1);
  uv_read_start(&conn.s, raw_alloc, on_read);
}

static void on_connect(uv_connect_t *req, int status) {
  if (status) exit(1);
  if (req->handle->type == UV_TCP) uv_tcp_nodelay(&conn.t, 1);
  uv_read_start(&conn.s, raw_alloc, on_read);
  warm = 1;
  begin(16 << 20);
}

int main(int argc, char **argv) {
  struct sockaddr_in in;
  uv_connect_t req;
  const char *path;
  uv_loop_t *loop = uv_default_loop();
  b_init(argc, argv);
  chunks_make();
  if (argc < 2 || raw_address(argv[1], &in, &path)) return 2;
  int client = argc > 2;
  uv_stream_t *s = client ? &conn.s : &listener.s;
  up = client && strcmp(argv[2], "up") == 0;
  if (path) uv_pipe_init(loop, (uv_pipe_t *)s, 0);
  else uv_tcp_init(loop, (uv_tcp_t *)s);
  if (client && path) uv_pipe_connect(&req, (uv_pipe_t *)s, path, on_connect);
  else if (client) uv_tcp_connect(&req, (uv_tcp_t *)s, (struct sockaddr *)&in, on_connect);
  else if (path) uv_pipe_bind((uv_pipe_t *)s, path);
  else uv_tcp_bind((uv_tcp_t *)s, (struct sockaddr *)&in, 0);
  if (!client && uv_listen(s, 8, on_connection)) return 1;
  uv_run(loop, UV_RUN_DEFAULT);
  if (client) b_report("");
  return 0;
}
