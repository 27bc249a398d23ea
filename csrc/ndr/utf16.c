#include "ndr/utf16.h"

#define BAD UINT32_MAX

static int tail(const uint8_t *at, const uint8_t *end, int n) {
  if (end - at < n) return 0;
  for (int i = 0; i < n; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  return 1;
}

/* The character at *at, which moves past it; BAD for what is no UTF-8 (surrogates are let through). */
static uint32_t next(const uint8_t **at, const uint8_t *end) {
  const uint8_t *s = *at;
  uint32_t c = *s++;
  int more = c < 0x80 ? 0 : c < 0xC2 ? -1 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : -1;
  if (more < 0 || !tail(s, end, more)) return BAD;
  if (more) c &= 0x3Fu >> more;
  for (int i = 0; i < more; i++) c = c << 6 | (*s++ & 0x3F);
  *at = s;
  return (more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10FFFF)) ? BAD : c;
}

int arpc__utf16_count(const char *text, size_t n, size_t *ret) {
  const uint8_t *at = (const uint8_t *)text, *end = at + n;
  size_t units = 0;
  while (at < end) {
    uint32_t c = next(&at, end);
    if (c == BAD) return 0;
    units += c < 0x10000 ? 1 : 2;
  }
  *ret = units;
  return 1;
}

static uint8_t *put(uint8_t *ret, uint32_t unit) {
  ret[0] = (uint8_t)unit;
  ret[1] = (uint8_t)(unit >> 8);
  return ret + 2;
}

void arpc__utf16_put(const char *text, size_t n, uint8_t *ret) {
  const uint8_t *at = (const uint8_t *)text, *end = at + n;
  while (at < end) {
    uint32_t c = next(&at, end);
    if (c < 0x10000) {
      ret = put(ret, c);
    } else {
      ret = put(ret, 0xD7C0 + (c >> 10));
      ret = put(ret, 0xDC00 | (c & 0x3FF));
    }
  }
}

static uint32_t unit(const uint8_t *units, size_t i, int big) {
  return (uint32_t)units[2 * i + !big] << 8 | units[2 * i + !!big];
}

/* The character at unit *i of n. */
static uint32_t join(const uint8_t *units, size_t n, size_t *i, int big) {
  uint32_t c = unit(units, (*i)++, big);
  if ((c & 0xFC00) != 0xD800 || *i == n) return c;
  uint32_t low = unit(units, *i, big);
  if ((low & 0xFC00) != 0xDC00) return c;
  ++*i;
  return 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
}

size_t arpc__utf16_length(const uint8_t *units, size_t n, int big) {
  size_t length = 0;
  for (size_t i = 0; i < n;) {
    uint32_t c = join(units, n, &i, big);
    length += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  }
  return length;
}

static char *put_tail(char *ret, uint32_t c, int more) {
  while (more--) *ret++ = (char)(0x80 | (c >> 6 * more & 0x3F));
  return ret;
}

void arpc__utf16_get(const uint8_t *units, size_t n, int big, char *ret) {
  for (size_t i = 0; i < n;) {
    uint32_t c = join(units, n, &i, big);
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *ret++ = (char)(more ? (0xFF00u >> (more + 1) & 0xFF) | c >> 6 * more : c);
    ret = put_tail(ret, c, more);
  }
}
