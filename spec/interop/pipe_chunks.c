/* pipe_chunks 20|64 LENGTH...: writes the answer of a procedure whose only result but its status is a pipe of
 * bytes, in chunks of these lengths; the bytes count up from 0. */
#include "ndr/pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bytes {
  char all[70000];
  size_t at, n;
} bytes;

static const char *text(void *arg, const arpc__ndr_type *t, size_t *ret_len) {
  bytes *b = arg;
  (void)t;
  *ret_len = b->n;
  return b->all + b->at;
}

static size_t count(void *arg, const arpc__ndr_type *t) {
  (void)t;
  return ((bytes *)arg)->n;
}

int main(int argc, char **argv) {
  static const arpc__ndr_type chunk = {.kind = ARPC__NDR_TEXT, .flags = ARPC__NDR_CONFORMANT, .align = {1, 1}};
  static const arpc__ndr_source source = {.text = text, .count = count};
  static bytes b;
  int transfer = argc > 1 && !strcmp(argv[1], "64") ? ARPC_NDR64 : ARPC_NDR20;
  arpc__buf out;
  arpc__buf_init(&out, 0);
  arpc__writer w = {.buf = &out};
  for (size_t i = 0; i < sizeof b.all; i++) b.all[i] = (char)i;
  for (int i = 2; i < argc; i++, b.at += b.n) {
    b.n = strtoul(argv[i], NULL, 10);
    if (b.n > sizeof b.all - b.at) return 2;
    arpc__ndr_pipe_put(&chunk, transfer, &w, &source, &b);
  }
  arpc__ndr_pipe_end(transfer, &w);
  arpc__write_align(&w, 4);
  arpc__put32(&w, 0);
  return out.error || fwrite(out.data, 1, out.len, stdout) != out.len;
}
