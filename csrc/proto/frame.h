/* Received bytes on their way to PDUs: whole PDUs are read where they lie, a partial one is kept. */
#ifndef ARPC_PROTO_FRAME_H
#define ARPC_PROTO_FRAME_H

#include "base/buf.h"

typedef struct arpc__frame arpc__frame;
struct arpc__frame {
  const uint8_t *fed; /* borrowed from the last feed */
  size_t fed_len;
  arpc__buf part;     /* a PDU whose end has not come */
  arpc_status error;  /* no more PDUs: 1728 after a header that cannot be, 14 without memory */
  uint8_t strict;     /* a version other than 5 is no header: nothing is waited for behind it */
};

void arpc__frame_init(arpc__frame *f);
void arpc__frame_fini(arpc__frame *f);

/* Lends bytes until the next feed. What an earlier feed left over is copied. */
void arpc__frame_feed(arpc__frame *f, const void *bytes, size_t len);
/* The next whole PDU, valid until the next call of next, feed or fini; NULL when there is none. */
const uint8_t *arpc__frame_next(arpc__frame *f, size_t *ret_len);
/* Bytes wait that are no whole PDU, or were not asked for. */
int arpc__frame_pending(const arpc__frame *f);

#endif
