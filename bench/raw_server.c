/* raw_server ADDR: echoes every frame; those of W5, the large ones, by way of structs. One connection at a time is enough. */
#include "raw.h"
#include "raw_records.h"

static union {
  uv_stream_t s;
  uv_tcp_t t;
  uv_pipe_t p;
} listener, peer;

static void echo(const raw_header *h, const char *body, size_t len) {
  static char records[RAW_RECORDS * RAW_RECORD];
  if (len < RAW_RECORDS) {
    raw_send(h->id, body, len);
    return;
  }
  if (!raw_records_in(body, len)) exit(1);
  raw_send(h->id, records, raw_records_out(records));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
  (void)buf;
  if (n < 0) exit(0);
  raw_frames(n, echo);
  raw_flush(s);
}

static void on_connection(uv_stream_t *s, int status) {
  if (status) exit(1);
  if (s->type == UV_TCP) uv_tcp_init(s->loop, &peer.t);
  else uv_pipe_init(s->loop, &peer.p, 0);
  uv_accept(s, &peer.s);
  if (s->type == UV_TCP) uv_tcp_nodelay(&peer.t, 1);
  uv_read_start(&peer.s, raw_alloc, on_read);
}

int main(int argc, char **argv) {
  struct sockaddr_in in;
  const char *path;
  uv_loop_t *loop = uv_default_loop();
  if (argc < 2 || raw_address(argv[1], &in, &path)) return 2;
  if (path) {
    uv_pipe_init(loop, &listener.p, 0);
    uv_pipe_bind(&listener.p, path);
  } else {
    uv_tcp_init(loop, &listener.t);
    uv_tcp_bind(&listener.t, (struct sockaddr *)&in, 0);
  }
  if (uv_listen(&listener.s, 8, on_connection)) return 1;
  return uv_run(loop, UV_RUN_DEFAULT);
}
