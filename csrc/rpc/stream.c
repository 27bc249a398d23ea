/* tcp and unix sockets: one uv stream, one shared read buffer, try-write first.
 *
 * Nothing reports from inside a call of the owner: a write or a connect that fails at once defers its
 * report. The struct dies in the close callback, which libuv runs after the callbacks of connects and
 * writes in flight; a name resolution in flight outlives it and finds its `data` cleared. */
#include "rpc/stream.h"

#include <netinet/tcp.h>
#include <stdlib.h>

static void on_reported(arpc__deferred *d);

void arpc__stream_report(arpc__stream *s, int error) {
  s->error = error;
  arpc__defer(s->base.rt, &s->report, on_reported);
}

static void end(arpc__stream *s, int error) {
  if (s->base.closing || s->ended) return;
  s->ended = 1;
  s->base.open = 0;
  s->base.owner_ops->ended(s->base.owner, error);
}

static void on_reported(arpc__deferred *d) {
  arpc__stream *s = arpc__of(arpc__stream, report, d);
  if (s->base.closing) return;
  if (s->dialled) {
    end(s, s->error);
    return;
  }
  s->dialled = 1;
  s->base.owner_ops->opened(s->base.owner, s->error);
}

/* ---- closing -----------------------------------------------------------------------------------*/

void arpc__stream_free(arpc__stream *s) {
  void (*closed)(void *) = s->base.owner_ops ? s->base.owner_ops->closed : NULL;
  void *owner = s->base.owner;
  if (s->addresses) uv_freeaddrinfo(s->addresses);
  arpc__undefer(s->base.rt, &s->report);
  s->base.rt->stats.connections--;
  free(s);
  if (closed) closed(owner);
}

static void on_closed_late(arpc__deferred *d) {
  arpc__stream_free(arpc__of(arpc__stream, report, d));
}

static void on_closed(uv_handle_t *handle) {
  arpc__stream *s = arpc__of(arpc__stream, uv, handle);
  arpc_runtime *rt = s->base.rt;
  s->gone = s->reading;
  if (s->gone) return;
  arpc__stream_free(s);
  arpc__disown(rt);
}

static void on_gone(arpc__deferred *d) {
  on_closed(&arpc__of(arpc__stream, report, d)->uv.handle);
}

static void stream_close(arpc__transport *t) {
  arpc__stream *s = (arpc__stream *)t;
  if (t->closing) return;
  t->closing = 1;
  t->open = 0;
  arpc__undefer(t->rt, &s->report);
  if (s->resolve) {
    s->resolve->data = NULL;
    uv_cancel((uv_req_t *)s->resolve);
    s->resolve = NULL;
  }
  if (!s->handle_open) arpc__defer(t->rt, &s->report, on_closed_late);
  else if (!uv_is_closing(&s->uv.handle)) uv_close(&s->uv.handle, on_closed); /* else: on_retry sees it */
}

/* ---- reading -----------------------------------------------------------------------------------*/

typedef struct arrival arrival;
struct arrival {
  arpc__stream *s;
  const uint8_t *bytes;
  ssize_t n;
};

static void arrived(void *p) {
  arrival *a = p;
  if (a->n < 0) end(a->s, a->n == UV_EOF ? 0 : (int)a->n);
  else a->s->base.owner_ops->received(a->s->base.owner, a->bytes, (size_t)a->n);
}

/* The shared buffer, or one of its own for a read inside a read: the host may nest its loop. */
static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  arpc_runtime *rt = arpc__of(arpc__stream, uv, handle)->base.rt;
  uint32_t most = arpc__of(arpc__stream, uv, handle)->base.read_most;
  buf->base = rt->reading ? malloc(size) : rt->read_buffer;
  buf->len = !buf->base ? 0 : rt->reading ? size : ARPC__READ_SIZE;
  if (most && buf->len > most) buf->len = most;
  if (buf->base == rt->read_buffer) rt->reading = 1;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  arrival a = {arpc__of(arpc__stream, uv, stream), (const uint8_t *)buf->base, n};
  arpc_runtime *rt = a.s->base.rt;
  rt->stats.reads++;
  if (n > 0) rt->stats.bytes_in += (uint64_t)n;
  if (n < 0) uv_read_stop(stream);
  a.s->reading++;
  if (n) arpc__enter(rt, arrived, &a);
  if (--a.s->reading == 0 && a.s->gone) arpc__defer(rt, &a.s->report, on_gone);
  if (buf->base == rt->read_buffer) rt->reading = 0;
  else free(buf->base);
  arpc__flush(rt);
}

static void stream_reading(arpc__transport *t, int on) {
  arpc__stream *s = (arpc__stream *)t;
  if (!t->open || t->closing) return;
  if (!on) {
    uv_read_stop(&s->uv.stream);
    return;
  }
  int error = uv_read_start(&s->uv.stream, on_alloc, on_read);
  if (error && error != UV_EALREADY) arpc__stream_report(s, error);
}

/* ---- writing -----------------------------------------------------------------------------------*/

typedef struct pending_write pending_write;
struct pending_write {
  uv_write_t req;
  arpc__buf bytes;
  size_t len;
};

typedef struct writing_done {
  arpc__stream *s;
  int error;
} writing_done;

static void written(void *p) {
  writing_done *w = p;
  arpc__transport *t = &w->s->base;
  if (w->error) end(w->s, w->error);
  else t->owner_ops->drained(t->owner);
}

static void on_write(uv_write_t *req, int error) {
  pending_write *w = arpc__of(pending_write, req, req);
  writing_done done = {arpc__of(arpc__stream, uv, req->handle), error};
  arpc__transport *t = &done.s->base;
  t->unsent -= w->len;
  arpc__buf_free(&w->bytes);
  free(w);
  if (t->closing) return;
  arpc__enter(t->rt, written, &done);
  arpc__flush(t->rt);
}

static void fail_write(arpc__stream *s, arpc__buf *out, int error) {
  arpc__buf_clear(out);
  arpc__stream_report(s, error);
}

static void queue_rest(arpc__stream *s, arpc__buf *out) {
  pending_write *w = malloc(sizeof *w);
  if (!w) {
    fail_write(s, out, UV_ENOMEM);
    return;
  }
  w->bytes = *out;
  w->len = arpc__buf_unread(out);
  out->data = NULL;
  out->len = out->pos = out->cap = 0;
  uv_buf_t buf = uv_buf_init((char *)w->bytes.data + w->bytes.pos, (unsigned)w->len);
  s->base.unsent += w->len;
  int error = uv_write(&w->req, &s->uv.stream, &buf, 1, on_write);
  if (!error) return;
  s->base.unsent -= w->len;
  arpc__buf_free(&w->bytes);
  free(w);
  arpc__stream_report(s, error);
}

/* What the socket takes at once, of out and of the n bytes behind it: how many of those. */
static size_t try_write(arpc__stream *s, arpc__buf *out, const void *more, size_t n) {
  size_t first = arpc__buf_unread(out);
  uv_buf_t bufs[2] = {uv_buf_init((char *)out->data + out->pos, (unsigned)first), uv_buf_init((char *)more, (unsigned)n)};
  int sent = uv_try_write(&s->uv.stream, bufs, n ? 2 : 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    fail_write(s, out, sent);
    return n;
  }
  size_t of_first = sent < 0 ? 0 : (size_t)sent < first ? (size_t)sent : first;
  out->pos += of_first;
  return sent < 0 ? 0 : (size_t)sent - of_first;
}

static void stream_write(arpc__transport *t, arpc__buf *out, const void *more, size_t n) {
  arpc__stream *s = (arpc__stream *)t;
  if (!t->open || t->closing || !(arpc__buf_unread(out) + n)) {
    arpc__buf_clear(out);
    return;
  }
  t->rt->stats.writes++;
  t->rt->stats.bytes_out += arpc__buf_unread(out) + n;
  size_t sent = t->unsent ? 0 : try_write(s, out, more, n);
  if (sent < n) arpc__buf_put(out, (const uint8_t *)more + sent, n - sent);
  if (out->error) fail_write(s, out, UV_ENOMEM);
  if (arpc__buf_unread(out)) {
    queue_rest(s, out);
    return;
  }
  arpc__buf_clear(out);
  arpc__give_back(t->rt, out);
}

static void on_shutdown(uv_shutdown_t *req, int error) {
  (void)error;
  free(req);
}

static void stream_finish(arpc__transport *t) {
  arpc__stream *s = (arpc__stream *)t;
  if (!t->open || t->closing || s->wants_end) return;
  s->wants_end = 1;
  uv_shutdown_t *req = malloc(sizeof *req);
  if (!req || uv_shutdown(req, &s->uv.stream, on_shutdown)) free(req);
}

static int stream_remote(const arpc__transport *t, struct sockaddr_storage *ret) {
  const arpc__stream *s = (const arpc__stream *)t;
  int len = sizeof *ret;
  if (t->closing || s->uv.handle.type != UV_TCP) return 0;
  return uv_tcp_getpeername(&s->uv.tcp, (struct sockaddr *)ret, &len) == 0;
}

/* A probe a second, three of them. */
static void stream_keep_alive(arpc__transport *t, unsigned level) {
  arpc__stream *s = (arpc__stream *)t;
  int on = level < 10, idle = 120 * ((int)level + 1), each = 1, tries = 3;
  uv_os_fd_t fd;
  if (!t->open || t->closing || s->uv.handle.type != UV_TCP || uv_fileno(&s->uv.handle, &fd)) return;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (!on) return;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, sizeof each);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
}

static const arpc__transport_ops stream_ops = {stream_write, stream_reading, stream_finish, stream_close,
                                               stream_remote, stream_keep_alive};

/* ---- making ------------------------------------------------------------------------------------*/

arpc__stream *arpc__stream_new(arpc_runtime *rt, const arpc__transport_owner *ops, void *owner) {
  arpc__stream *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->base.ops = &stream_ops;
  s->base.rt = rt;
  arpc__transport_own(&s->base, ops, owner);
  rt->stats.connections++;
  return s;
}

void arpc__stream_init_tcp(arpc__stream *s) {
  uv_tcp_init(s->base.rt->loop, &s->uv.tcp);
  uv_tcp_nodelay(&s->uv.tcp, 1);
  s->handle_open = 1;
  arpc__adopt(s->base.rt, &s->uv.handle);
}

void arpc__stream_init_pipe(arpc__stream *s) {
  uv_pipe_init(s->base.rt->loop, &s->uv.pipe, 0);
  s->handle_open = 1;
  arpc__adopt(s->base.rt, &s->uv.handle);
}
