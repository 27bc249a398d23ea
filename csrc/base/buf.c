#include "base/buf.h"

#include <stdlib.h>

int arpc__buf_grow(arpc__buf *b, size_t n) {
  size_t want, max = b->max ? b->max : SIZE_MAX / 2, cap = b->cap ? b->cap : max < 256 ? max : 256;
  if (b->error) return 0;
  if (!arpc__add(b->len, n, &want) || want > max) {
    b->error = ARPC_S_OUT_OF_MEMORY;
    return 0;
  }
  while (cap < want) cap = cap > max / 2 ? max : cap * 2;
  if (cap == b->cap) return 1;
  uint8_t *data = realloc(b->data, cap);
  if (!data) {
    b->error = ARPC_S_OUT_OF_MEMORY;
    return 0;
  }
  b->data = data;
  b->cap = cap;
  return 1;
}

void arpc__buf_free(arpc__buf *b) {
  free(b->data);
  b->data = NULL;
  b->len = b->pos = b->cap = 0;
  b->error = 0;
}
