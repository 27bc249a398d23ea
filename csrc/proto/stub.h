/* Stub bytes as the fragments of a request or a response, and back. */
#ifndef ARPC_PROTO_STUB_H
#define ARPC_PROTO_STUB_H

#include "proto/pdu.h"

typedef struct arpc__stub_head {
  uint8_t type;            /* ARPC__REQUEST or ARPC__RESPONSE */
  uint16_t context_id;
  uint16_t word;           /* opnum, or the cancel count */
  uint32_t call_id;
  const arpc_uuid *object; /* of a request; goes with every fragment; NULL = none */
} arpc__stub_head;

/* Appends the fragments, none longer than max_fragment. All or nothing: 0 when memory fails. */
int arpc__write_stub(arpc__buf *out, const arpc__stub_head *head, uint16_t max_fragment, const void *stub, size_t len);

/* A stream's fragment: its head, to be followed in `out` by its n stub bytes. flags: FIRST, LAST. 0 when memory fails. */
int arpc__write_stub_head(arpc__buf *out, const arpc__stub_head *head, uint8_t flags, size_t n);
/* The stub bytes of a full one. */
size_t arpc__stub_share(const arpc__stub_head *head, uint16_t max_fragment);

/* Fragments that bring no stub bytes are legal, but not for ever: how many a call may have. */
enum { ARPC__EMPTY_FRAGMENTS = 1024 };

/* Appends a fragment's bytes to those that came before. 0; 14: more than max in all, or no memory;
 * 1728: *empty, which counts fragments without bytes, went past its bound. */
arpc_status arpc__join_stub(arpc__buf *all, uint16_t *empty, size_t max, const uint8_t *bytes, size_t n);

#endif
