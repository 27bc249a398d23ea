/* `part` is empty while whole PDUs come. Once it is not, it is topped up from the fed bytes to a header,
 * then to the PDU's end, and freed when what it holds was given out: an idle connection keeps nothing.
 * It grows with what really came, never by the length a header claims. */
#include "proto/frame.h"

#include "base/plant.h"
#include "proto/pdu.h"

void arpc__frame_init(arpc__frame *f) {
  *f = (arpc__frame){0};
}

void arpc__frame_fini(arpc__frame *f) {
  arpc__buf_free(&f->part);
  f->fed_len = 0;
}

/* Moves fed bytes to part until that has `want` unread ones; 0 when they do not suffice. */
static int top_up(arpc__frame *f, size_t want) {
  size_t have = arpc__buf_unread(&f->part), n = want > have ? want - have : 0;
  if (n > f->fed_len && !ARPC__PLANTED(1)) n = f->fed_len;
  arpc__buf_put(&f->part, f->fed, n);
  if (f->part.error) {
    f->error = ARPC_S_OUT_OF_MEMORY;
    return 0;
  }
  f->fed += n;
  f->fed_len -= n;
  return have + n >= want;
}

void arpc__frame_feed(arpc__frame *f, const void *bytes, size_t len) {
  if (f->error) return;
  if (f->fed_len && !(ARPC__PLANTED(2) && f->part.len)) top_up(f, arpc__buf_unread(&f->part) + f->fed_len);
  f->fed = bytes;
  f->fed_len = len;
}

static size_t length_at(arpc__frame *f, const uint8_t *header) {
  size_t len = arpc__load16(header + 8, !(header[4] & 0x10));
  if (len < ARPC__HEADER || (f->strict && header[0] != 5)) f->error = ARPC_S_PROTOCOL_ERROR;
  return len;
}

static const uint8_t *next_in_part(arpc__frame *f, size_t *ret_len) {
  if (!top_up(f, ARPC__HEADER)) return NULL;
  size_t len = length_at(f, f->part.data + f->part.pos);
  if (f->error || !top_up(f, len)) return NULL;
  const uint8_t *pdu = f->part.data + f->part.pos;
  f->part.pos += len;
  *ret_len = len;
  return pdu;
}

const uint8_t *arpc__frame_next(arpc__frame *f, size_t *ret_len) {
  if (f->error) return NULL;
  if (f->part.len) {
    if (f->part.pos < f->part.len) return next_in_part(f, ret_len);
    arpc__buf_free(&f->part);
  }
  if (f->fed_len < ARPC__HEADER) return f->fed_len ? next_in_part(f, ret_len) : NULL;
  size_t len = length_at(f, f->fed);
  if (f->error) return NULL;
  if (len > f->fed_len) return next_in_part(f, ret_len);
  const uint8_t *pdu = f->fed;
  f->fed += len;
  f->fed_len -= len;
  *ret_len = len;
  return pdu;
}

int arpc__frame_pending(const arpc__frame *f) {
  return f->fed_len || arpc__buf_unread(&f->part);
}
