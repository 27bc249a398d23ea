/* UUIDs: text, comparison, and the wire form whose first three fields follow the sender's byte order. */
#ifndef ARPC_BASE_UUID_H
#define ARPC_BASE_UUID_H

#include "base/cursor.h"

#define ARPC__UUID_TEXT 37 /* characters with the final NUL */

/* Exactly 36 characters xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, either case. 1705 otherwise, *ret untouched. */
arpc_status arpc__uuid_parse(const char *text, size_t len, arpc_uuid *ret);
void arpc__uuid_format(const arpc_uuid *u, char ret[ARPC__UUID_TEXT]);
void arpc__uuid_get(arpc__reader *r, arpc_uuid *ret); /* all zero when the reader fails */
void arpc__uuid_put(arpc__writer *w, const arpc_uuid *u);
arpc_status arpc__uuid_random(arpc_uuid *ret);         /* version 4 */

static inline int arpc__uuid_equal(const arpc_uuid *a, const arpc_uuid *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

static inline int arpc__uuid_nil(const arpc_uuid *u) {
  static const arpc_uuid nil;
  return arpc__uuid_equal(u, &nil);
}

static inline int arpc__syntax_equal(const arpc_syntax *a, const arpc_syntax *b) {
  return arpc__uuid_equal(&a->uuid, &b->uuid) && a->major == b->major && a->minor == b->minor;
}

#endif
