/* raw_client ADDR w1|w2|w5 [depth=N ...]: as many frames outstanding as depth says. */
#include "bench.h"
#include "raw.h"
#include "raw_records.h"

static union {
  uv_stream_t s;
  uv_tcp_t t;
  uv_pipe_t p;
} conn;
static char body[RAW_RECORDS * RAW_RECORD];
static size_t body_len;
static int over, records;

static void answered(const raw_header *h, const char *bytes, size_t len) {
  if (len != body_len) exit(1);
  if (records) {
    if (!raw_records_in(bytes, len)) exit(1);
    body_len = raw_records_out(body);
  } else if (memcmp(bytes, body, len)) {
    exit(1);
  }
  if (over || b_step()) over = 1;
  else raw_send(h->id, body, body_len);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
  (void)buf;
  if (n < 0) exit(1);
  raw_frames(n, answered);
  raw_flush(s);
  if (over) uv_stop(s->loop);
}

static void on_connect(uv_connect_t *req, int status) {
  if (status) exit(1);
  if (req->handle->type == UV_TCP) uv_tcp_nodelay(&conn.t, 1);
  uv_read_start(&conn.s, raw_alloc, on_read);
  for (long i = 0; i < b_opt("depth", 1); i++) raw_send((uint32_t)i, body, body_len);
  raw_flush(&conn.s);
}

int main(int argc, char **argv) {
  struct sockaddr_in in;
  uv_connect_t req;
  const char *path;
  uv_loop_t *loop = uv_default_loop();
  b_init(argc, argv);
  if (argc < 3 || raw_address(argv[1], &in, &path)) return 2;
  body_len = strcmp(argv[2], "w2") ? 4 : 36;
  memset(body, 'x', sizeof body);
  records = !strcmp(argv[2], "w5");
  if (records) {
    raw_records_make();
    body_len = raw_records_out(body);
  }
  if (path) {
    uv_pipe_init(loop, &conn.p, 0);
    uv_pipe_connect(&req, &conn.p, path, on_connect);
  } else {
    uv_tcp_init(loop, &conn.t);
    uv_tcp_connect(&req, &conn.t, (struct sockaddr *)&in, on_connect);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  b_report("");
  return 0;
}
