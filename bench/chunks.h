/* The bytes of W3: chunk k of 64 KiB begins with k modulo 16, so that sixteen of them are all there are. */
#ifndef BENCH_CHUNKS_H
#define BENCH_CHUNKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CHUNK = 64 << 10, CHUNKS = 16 };

static char chunks[CHUNKS][CHUNK];

static inline void chunks_make(void) {
  for (uint64_t i = 0; i < CHUNKS; i++) {
    memset(chunks[i], 'a' + (int)i, CHUNK);
    memcpy(chunks[i], &i, sizeof i);
  }
}

/* n bytes that follow `at` others: do the beginnings of chunks that lie whole among them say what they should? */
static inline int chunks_good(uint64_t at, const void *bytes, size_t n) {
  uint64_t number;
  for (size_t skip = (size_t)(-at % CHUNK); skip + sizeof number <= n; skip += CHUNK) {
    memcpy(&number, (const char *)bytes + skip, sizeof number);
    if (number != (at + skip) / CHUNK % CHUNKS) return 0;
  }
  return 1;
}

#endif
