/* The one growable buffer. Bytes are appended at the end and consumed from the front; the first
 * failure (no memory, or past `max`) sticks in `error`, later appends do nothing, and the owner
 * checks once at the end. Alignment and byte order are the cursor's business (cursor.h). */
#ifndef ARPC_BASE_BUF_H
#define ARPC_BASE_BUF_H

#include "asyncrpc.h"

#include <string.h>

/* What is not on the way of an ordinary call: kept out of it. */
#define ARPC__COLD __attribute__((cold, noinline))

typedef struct arpc__buf arpc__buf;
struct arpc__buf {
  uint8_t *data;      /* owned; NULL until the first append */
  size_t len;         /* end of the valid bytes */
  size_t pos;         /* bytes in front of it are consumed */
  size_t cap;         /* allocated */
  size_t max;         /* appending past it fails with ARPC_S_OUT_OF_MEMORY; 0 = no bound but SIZE_MAX/2 */
  arpc_status error;  /* the first failure, 0 while there is none */
};

/* Makes room for n more bytes. 0 on failure, which also sticks. */
int arpc__buf_grow(arpc__buf *b, size_t n);

/* Frees the memory and forgets an error. The buffer is empty and usable afterwards. */
void arpc__buf_free(arpc__buf *b);

static inline void arpc__buf_init(arpc__buf *b, size_t max) {
  memset(b, 0, sizeof *b);
  b->max = max;
}

/* Empties without freeing, forgets an error. */
static inline void arpc__buf_clear(arpc__buf *b) {
  b->len = b->pos = 0;
  b->error = 0;
}

static inline size_t arpc__buf_unread(const arpc__buf *b) {
  return b->len - b->pos;
}

/* Room for n bytes at the end, already counted in len; NULL on failure. Uninitialised. */
static inline uint8_t *arpc__buf_add(arpc__buf *b, size_t n) {
  if ((b->cap - b->len < n || b->error) && !arpc__buf_grow(b, n)) return NULL;
  uint8_t *at = b->data + b->len;
  b->len += n;
  return at;
}

static inline void arpc__buf_put(arpc__buf *b, const void *bytes, size_t n) {
  uint8_t *at = n ? arpc__buf_add(b, n) : NULL;
  if (at) memcpy(at, bytes, n);
}

/* Checked sums: 0 and *ret untouched when the result does not fit. */
static inline int arpc__add(size_t a, size_t b, size_t *ret) {
  if (b > SIZE_MAX - a) return 0;
  *ret = a + b;
  return 1;
}

static inline int arpc__mul(size_t a, size_t b, size_t *ret) {
  size_t product;
  if (__builtin_mul_overflow(a, b, &product)) return 0;
  *ret = product;
  return 1;
}

#endif
