#include "base/uuid.h"

#include <stdio.h>
#include <sys/random.h>

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The 16 bytes in the order they are written in text; 0 when the text is not of the form. */
static int bytes_of(const char *text, uint8_t ret[16]) {
  for (int i = 0, n = 0; i < 36; i++) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return 0;
      continue;
    }
    int high = hex(text[i]), low = high < 0 ? -1 : hex(text[i + 1]);
    if (low < 0) return 0;
    ret[n++] = (uint8_t)(high << 4 | low);
    i++;
  }
  return 1;
}

arpc_status arpc__uuid_parse(const char *text, size_t len, arpc_uuid *ret) {
  uint8_t raw[16];
  if (len != 36 || !bytes_of(text, raw)) return ARPC_S_INVALID_STRING_UUID;
  arpc__reader r = arpc__reader_of(raw, sizeof raw, 1);
  arpc__uuid_get(&r, ret);
  return ARPC_S_OK;
}

void arpc__uuid_format(const arpc_uuid *u, char ret[ARPC__UUID_TEXT]) {
  snprintf(ret, ARPC__UUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", u->a, u->b, u->c,
           u->d[0], u->d[1], u->d[2], u->d[3], u->d[4], u->d[5], u->d[6], u->d[7]);
}

void arpc__uuid_get(arpc__reader *r, arpc_uuid *ret) {
  arpc_uuid u = {arpc__get32(r), arpc__get16(r), arpc__get16(r), {0}};
  const uint8_t *rest = arpc__take(r, sizeof u.d);
  if (!rest) {
    memset(ret, 0, sizeof *ret);
    return;
  }
  memcpy(u.d, rest, sizeof u.d);
  *ret = u;
}

void arpc__uuid_put(arpc__writer *w, const arpc_uuid *u) {
  arpc__put32(w, u->a);
  arpc__put16(w, u->b);
  arpc__put16(w, u->c);
  arpc__buf_put(w->buf, u->d, sizeof u->d);
}

arpc_status arpc__uuid_random(arpc_uuid *ret) {
  arpc_uuid u;
  if (getrandom(&u, sizeof u, 0) != sizeof u) return ARPC_S_OUT_OF_RESOURCES;
  u.c = (uint16_t)((u.c & 0x0fff) | 0x4000);
  u.d[0] = (uint8_t)((u.d[0] & 0x3f) | 0x80);
  *ret = u;
  return ARPC_S_OK;
}

arpc_status arpc_uuid_parse(const char *text, arpc_uuid *ret) {
  return text ? arpc__uuid_parse(text, strlen(text), ret) : ARPC_S_INVALID_STRING_UUID;
}
