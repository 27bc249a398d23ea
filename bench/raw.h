/* The practical limit to compare with: a framed echo on bare libuv. 24 bytes of header, one read buffer, one
 * write buffer, everything one read brought is answered in one write, nothing allocated per call. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct raw_header {
  uint32_t len; /* of header and body */
  uint32_t id;
  uint64_t unused[2];
} raw_header;

enum { RAW_BUFFER = 256 << 10 };

static char raw_in[RAW_BUFFER], raw_out[RAW_BUFFER];
static size_t raw_part, raw_len; /* bytes of an unfinished frame, bytes to write */

/* Nothing is ever left over at the depths measured here: a short write ends the program. */
static inline void raw_flush(uv_stream_t *s) {
  uv_buf_t b = uv_buf_init(raw_out, (unsigned)raw_len);
  if (raw_len && uv_try_write(s, &b, 1) != (int)raw_len) exit(1);
  raw_len = 0;
}

static inline void raw_send(uint32_t id, const void *body, size_t n) {
  raw_header h = {.len = (uint32_t)(sizeof h + n), .id = id};
  memcpy(raw_out + raw_len, &h, sizeof h);
  memcpy(raw_out + raw_len + sizeof h, body, n);
  raw_len += sizeof h + n;
}

static void raw_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret) {
  (void)handle;
  (void)size;
  *ret = uv_buf_init(raw_in + raw_part, (unsigned)(RAW_BUFFER - raw_part));
}

/* Calls each for every frame of what was read. */
static void raw_frames(ssize_t n, void (*each)(const raw_header *h, const char *body, size_t len)) {
  char *p = raw_in;
  size_t left = raw_part + (size_t)n;
  raw_header h;
  while (left >= sizeof h && (memcpy(&h, p, sizeof h), left >= h.len)) {
    each(&h, p + sizeof h, h.len - sizeof h);
    left -= h.len;
    p += h.len;
  }
  memmove(raw_in, p, left);
  raw_part = left;
}

/* unix:PATH or tcp:PORT */
static int raw_address(const char *text, struct sockaddr_in *ret, const char **ret_path) {
  *ret_path = strncmp(text, "unix:", 5) ? NULL : text + 5;
  return *ret_path ? 0 : uv_ip4_addr("127.0.0.1", atoi(text + 4), ret);
}

#endif
