/* The public stub functions of asyncrpc.h, over the cursors of base. */
#include "base/cursor.h"
#include "ndr/ndr.h"

#include <stdlib.h>

struct arpc_stub {
  arpc__buf buf;
  int transfer;
  unsigned offset; /* of its first byte */
};

arpc_stub *arpc_stub_new(int transfer) {
  arpc_stub *s = malloc(sizeof *s);
  if (!s) return NULL;
  arpc__buf_init(&s->buf, 0);
  s->transfer = transfer;
  s->offset = 0;
  return s;
}

void arpc_stub_at(arpc_stub *s, unsigned offset) {
  s->offset = offset;
}

void arpc_stub_free(arpc_stub *s) {
  if (s) arpc__buf_free(&s->buf);
  free(s);
}

const void *arpc_stub_bytes(const arpc_stub *s, size_t *ret_len) {
  if (s->buf.error) return NULL;
  *ret_len = s->buf.len;
  return s->buf.len ? (const void *)s->buf.data : "";
}

static arpc__writer writer(arpc_stub *s) {
  return (arpc__writer){.buf = &s->buf, .base = 0 - (size_t)s->offset};
}

static arpc__reader begin(const arpc_stub_reader *from) {
  arpc__reader r = arpc__reader_of(from->data, from->len, from->big_endian);
  r.pos = from->pos;
  r.error = from->pos > from->len ? ARPC_X_BAD_STUB_DATA : from->error;
  return r;
}

/* Takes over where the reader got to; 0 after a failure. */
static int end(arpc_stub_reader *from, const arpc__reader *r) {
  from->error = r->error;
  if (!r->error) from->pos = r->pos;
  return !r->error;
}

#define SCALAR(bits)                                              \
  void arpc_put_u##bits(arpc_stub *s, uint##bits##_t v) {         \
    arpc__writer w = writer(s);                                   \
    arpc__write_align(&w, sizeof v);                              \
    arpc__put##bits(&w, v);                                       \
  }                                                               \
  uint##bits##_t arpc_get_u##bits(arpc_stub_reader *from) {       \
    arpc__reader r = begin(from);                                 \
    arpc__read_align(&r, bits / 8);                               \
    uint##bits##_t v = arpc__get##bits(&r);                       \
    return end(from, &r) ? v : 0;                                 \
  }

SCALAR(8)
SCALAR(16)
SCALAR(32)
SCALAR(64)

void arpc_put_count(arpc_stub *s, uint64_t v) {
  if (v > INT32_MAX && !s->buf.error) s->buf.error = ARPC_S_INVALID_ARG;
  if (s->transfer == ARPC_NDR64) arpc_put_u64(s, v);
  else arpc_put_u32(s, (uint32_t)v);
}

void arpc_put_bytes(arpc_stub *s, const void *bytes, size_t n) {
  arpc__buf_put(&s->buf, bytes, n);
}

void arpc_put_string(arpc_stub *s, const char *text) {
  size_t n = strlen(text) + 1;
  arpc_put_count(s, n);
  arpc_put_count(s, 0);
  arpc_put_count(s, n);
  arpc_put_bytes(s, text, n);
}

uint64_t arpc_get_count(arpc_stub_reader *r) {
  uint64_t n = r->transfer == ARPC_NDR64 ? arpc_get_u64(r) : arpc_get_u32(r);
  if (n <= INT32_MAX) return n;
  if (!r->error) r->error = ARPC_X_BAD_STUB_DATA;
  return 0;
}

const uint8_t *arpc_get_bytes(arpc_stub_reader *from, size_t n) {
  arpc__reader r = begin(from);
  const uint8_t *at = arpc__take(&r, n);
  end(from, &r);
  return at;
}

const char *arpc_get_string(arpc_stub_reader *r, size_t *ret_len) {
  uint64_t most = arpc_get_count(r), offset = arpc_get_count(r), n = arpc_get_count(r);
  const uint8_t *at = arpc_get_bytes(r, (size_t)n);
  if (!at) return NULL;
  if (offset || n > most || !n || at[n - 1]) {
    r->error = ARPC_X_BAD_STUB_DATA;
    return NULL;
  }
  if (ret_len) *ret_len = (size_t)n - 1;
  return (const char *)at;
}
