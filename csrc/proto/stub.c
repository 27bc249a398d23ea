/* Every fragment but the last carries a multiple of 16 bytes, so that no receiver ever has to know about
 * padding in the middle. alloc_hint is what remains, this fragment included. */
#include "proto/stub.h"

enum { SHARE = 16 };

static size_t head_len(const arpc__stub_head *h) {
  return h->object ? ARPC__REQUEST_HEADER + sizeof(arpc_uuid) : ARPC__REQUEST_HEADER;
}

static void store_uuid(uint8_t *at, const arpc_uuid *u) {
  arpc__store32(at, u->a);
  arpc__store16(at + 4, u->b);
  arpc__store16(at + 6, u->c);
  memcpy(at + 8, u->d, sizeof u->d);
}

/* The head of a fragment with n of the `left` bytes. */
static inline void store_head(uint8_t *at, const arpc__stub_head *h, size_t head, uint8_t flags, size_t n,
                              size_t left) {
  if (h->object) flags |= ARPC__PFC_OBJECT;
  arpc__store_header(at, h->type, flags, (uint16_t)(head + n), h->call_id);
  arpc__store32(at + 16, left > UINT32_MAX ? UINT32_MAX : (uint32_t)left);
  arpc__store16(at + 20, h->context_id);
  arpc__store16(at + 22, h->word);
  if (h->object) store_uuid(at + ARPC__REQUEST_HEADER, h->object);
}

/* One fragment; gives the place behind it. */
static inline uint8_t *store_fragment(uint8_t *at, const arpc__stub_head *h, size_t head, uint8_t flags,
                                      const uint8_t *stub, size_t n, size_t left) {
  store_head(at, h, head, flags, n, left);
  if (n) memcpy(at + head, stub, n);
  return at + head + n;
}

static uint8_t *reserve(arpc__buf *out, size_t n) {
  uint8_t *at = arpc__buf_add(out, n);
  if (!at) out->error = 0;
  return at;
}

static int write_several(arpc__buf *out, const arpc__stub_head *h, size_t head, size_t share, const uint8_t *stub,
                         size_t len) {
  size_t total;
  if (!arpc__mul((len - 1) / share + 1, head, &total) || !arpc__add(total, len, &total)) return 0;
  uint8_t flags = ARPC__PFC_FIRST, *at = reserve(out, total);
  if (!at) return 0;
  for (; len > share; stub += share, len -= share, flags = 0)
    at = store_fragment(at, h, head, flags, stub, share, len);
  store_fragment(at, h, head, flags | ARPC__PFC_LAST, stub, len, len);
  return 1;
}

int arpc__write_stub(arpc__buf *out, const arpc__stub_head *h, uint16_t max_fragment, const void *stub, size_t len) {
  size_t head = head_len(h), room = max_fragment - head;
  if (len > room) return write_several(out, h, head, room & ~(size_t)(SHARE - 1), stub, len);
  uint8_t *at = reserve(out, head + len);
  if (at) store_fragment(at, h, head, ARPC__PFC_WHOLE, stub, len, len);
  return at != NULL;
}

size_t arpc__stub_share(const arpc__stub_head *h, uint16_t max_fragment) {
  return (max_fragment - head_len(h)) & ~(size_t)(SHARE - 1);
}

int arpc__write_stub_head(arpc__buf *out, const arpc__stub_head *h, uint8_t flags, size_t n) {
  size_t head = head_len(h);
  uint8_t *at = reserve(out, head);
  if (at) store_head(at, h, head, flags, n, n);
  return at != NULL;
}

arpc_status arpc__join_stub(arpc__buf *all, uint16_t *empty, size_t max, const uint8_t *bytes, size_t n) {
  if (!n) return ++*empty > ARPC__EMPTY_FRAGMENTS ? ARPC_S_PROTOCOL_ERROR : ARPC_S_OK;
  if (n > max || all->len > max - n) return ARPC_S_OUT_OF_MEMORY;
  arpc__buf_put(all, bytes, n);
  return all->error;
}
