/* Reading and writing integers at a place in bytes.
 *
 * Writing goes to the end of a buffer, little endian always, aligned relative to `base`: the offset
 * in the buffer where the stub (or the PDU) begins. Reading goes over borrowed bytes in either byte
 * order, aligned relative to their first byte. Both remember the first failure and where it was, so
 * that code in between is a straight line and one check at the end suffices. */
#ifndef ARPC_BASE_CURSOR_H
#define ARPC_BASE_CURSOR_H

#include "base/buf.h"

typedef struct arpc__writer arpc__writer;
struct arpc__writer {
  arpc__buf *buf; /* its sticky error is the writer's */
  size_t base;    /* alignment counts from here */
};

typedef struct arpc__reader arpc__reader;
struct arpc__reader {
  const uint8_t *data; /* borrowed */
  size_t len;
  size_t pos;
  uint8_t big;         /* integers are big endian */
  uint8_t ran_out;     /* the failure is that there are too few bytes */
  arpc_status error;   /* first failure */
  size_t error_at;     /* its offset in data */
};

static inline arpc__reader arpc__reader_of(const void *data, size_t len, int big) {
  return (arpc__reader){.data = data, .len = len, .big = big != 0};
}

static inline void arpc__fail(arpc__reader *r, arpc_status error) {
  if (r->error) return;
  r->error = error;
  r->error_at = r->pos;
}

/* What is to come is not there. */
static inline void arpc__run_out(arpc__reader *r) {
  if (!r->error) r->ran_out = 1;
  arpc__fail(r, ARPC_X_BAD_STUB_DATA);
}

static inline size_t arpc__left(const arpc__reader *r) {
  return r->error ? 0 : r->len - r->pos;
}

/* n bytes at the cursor, which moves past them; NULL and a failure when there are fewer. */
static inline const uint8_t *arpc__take(arpc__reader *r, size_t n) {
  if (r->error || r->len - r->pos < n) {
    arpc__run_out(r);
    return NULL;
  }
  const uint8_t *at = r->data + r->pos;
  r->pos += n;
  return at;
}

/* n is a power of two. A gap that the bytes do not hold is a failure. */
static inline void arpc__read_align(arpc__reader *r, size_t n) {
  size_t gap = (0 - r->pos) & (n - 1);
  if (gap) arpc__take(r, gap);
}

#define ARPC__READ(bits, swap)                                    \
  static inline uint##bits##_t arpc__get##bits(arpc__reader *r) { \
    uint##bits##_t v;                                             \
    const uint8_t *at = arpc__take(r, sizeof v);                  \
    if (!at) return 0;                                            \
    memcpy(&v, at, sizeof v);                                     \
    return r->big == ARPC__HOST_BIG ? v : swap(v);                \
  }                                                               \
  static inline void arpc__put##bits(arpc__writer *w, uint##bits##_t v) { \
    uint8_t *at = arpc__buf_add(w->buf, sizeof v);                \
    if (ARPC__HOST_BIG) v = swap(v);                              \
    if (at) memcpy(at, &v, sizeof v);                             \
  }

#define ARPC__HOST_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define ARPC__SAME(v) (v)
ARPC__READ(8, ARPC__SAME)
ARPC__READ(16, __builtin_bswap16)
ARPC__READ(32, __builtin_bswap32)
ARPC__READ(64, __builtin_bswap64)
#undef ARPC__SAME
#undef ARPC__READ

static inline void arpc__write_align(arpc__writer *w, size_t n) {
  size_t gap = (w->base - w->buf->len) & (n - 1);
  uint8_t *at = gap ? arpc__buf_add(w->buf, gap) : NULL;
  if (at) memset(at, 0, gap);
}

/* Overwrites four bytes written before; offset counts from the buffer's start. */
static inline void arpc__patch32(arpc__writer *w, size_t offset, uint32_t v) {
  if (ARPC__HOST_BIG) v = __builtin_bswap32(v);
  if (!w->buf->error) memcpy(w->buf->data + offset, &v, sizeof v);
}

static inline void arpc__patch16(arpc__writer *w, size_t offset, uint16_t v) {
  if (ARPC__HOST_BIG) v = __builtin_bswap16(v);
  if (!w->buf->error) memcpy(w->buf->data + offset, &v, sizeof v);
}

#endif
