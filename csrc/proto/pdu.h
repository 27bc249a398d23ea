/* PDUs as values: numbers, readers that lay a struct over received bytes, writers that append to a buffer.
 *
 * Nothing here allocates and nothing here judges: a reader says 0 when the bytes are too short for the
 * layout, everything else is the connection machines' business. Structs borrow from the PDU's bytes. */
#ifndef ARPC_PROTO_PDU_H
#define ARPC_PROTO_PDU_H

#include "base/cursor.h"
#include "base/uuid.h"

enum {
  ARPC__REQUEST = 0, ARPC__RESPONSE = 2, ARPC__FAULT = 3, ARPC__BIND = 11, ARPC__BIND_ACK = 12, ARPC__BIND_NAK = 13,
  ARPC__ALTER = 14, ARPC__ALTER_RESP = 15, ARPC__AUTH3 = 16, ARPC__SHUTDOWN = 17, ARPC__CO_CANCEL = 18,
  ARPC__ORPHANED = 19
};

enum {
  ARPC__PFC_FIRST = 0x01, ARPC__PFC_LAST = 0x02, ARPC__PFC_PENDING_CANCEL = 0x04, ARPC__PFC_HEADER_SIGN = 0x04,
  ARPC__PFC_MULTIPLEX = 0x10, ARPC__PFC_DID_NOT_EXECUTE = 0x20, ARPC__PFC_MAYBE = 0x40, ARPC__PFC_OBJECT = 0x80,
  ARPC__PFC_WHOLE = ARPC__PFC_FIRST | ARPC__PFC_LAST
};

enum { ARPC__BTFN_SECURITY = 1, ARPC__BTFN_KEEP_ON_ORPHAN = 2 };

enum {
  ARPC__HEADER = 16, ARPC__REQUEST_HEADER = 24, ARPC__MUST_RECEIVE = 1432, ARPC__MIN_GRANT = 2048,
  ARPC__USUAL_FRAGMENT = 5840 /* what every peer takes in, whatever was granted */
};

/* Results of a presentation context, and the reasons of a rejection. */
enum { ARPC__ACCEPTANCE = 0, ARPC__USER_REJECTION = 1, ARPC__PROVIDER_REJECTION = 2, ARPC__NEGOTIATE_ACK = 3 };
enum { ARPC__REASON_NONE = 0, ARPC__REASON_ABSTRACT = 1, ARPC__REASON_TRANSFER = 2, ARPC__REASON_LIMIT = 3 };

/* Reasons of a bind_nak. */
enum {
  ARPC__NAK_NONE = 0, ARPC__NAK_CONGESTION = 1, ARPC__NAK_LIMIT = 2, ARPC__NAK_VERSION = 4, ARPC__NAK_AUTH_TYPE = 8,
  ARPC__NAK_CHECKSUM = 9
};

extern const arpc_syntax arpc__ndr20, arpc__ndr64;

/* ARPC_NDR20, ARPC_NDR64, or 0 for another syntax. */
int arpc__transfer_of(const arpc_syntax *syntax);
/* The bind-time feature negotiation "syntax" that asks for a mask of features. */
arpc_syntax arpc__features_syntax(uint8_t features);
/* 1 and the mask when the syntax is one. */
int arpc__features_of(const arpc_syntax *syntax, uint8_t *ret);
/* A "syntax" of our own, asked for in the same manner: every request's stub ends with the ms that are left of its
 * deadline. Whoever does not know it refuses the element, as any other transfer syntax it does not speak. */
extern const arpc_syntax arpc__deadlines_syntax;

/* ---- integers at a place known to be there ------------------------------------------------------*/

static inline uint16_t arpc__load16(const uint8_t *at, int big) {
  uint16_t v;
  memcpy(&v, at, sizeof v);
  return big == ARPC__HOST_BIG ? v : __builtin_bswap16(v);
}

static inline uint32_t arpc__load32(const uint8_t *at, int big) {
  uint32_t v;
  memcpy(&v, at, sizeof v);
  return big == ARPC__HOST_BIG ? v : __builtin_bswap32(v);
}

static inline void arpc__store16(uint8_t *at, uint16_t v) {
  if (ARPC__HOST_BIG) v = __builtin_bswap16(v);
  memcpy(at, &v, sizeof v);
}

static inline void arpc__store32(uint8_t *at, uint32_t v) {
  if (ARPC__HOST_BIG) v = __builtin_bswap32(v);
  memcpy(at, &v, sizeof v);
}

/* ---- reading -----------------------------------------------------------------------------------*/

/* A whole PDU where it lies, its common header read. */
typedef struct arpc__pdu {
  const uint8_t *bytes; /* borrowed, len of them */
  uint16_t len;
  uint16_t auth_len;
  uint32_t call_id;
  uint8_t type;
  uint8_t flags;
  uint8_t drep0;        /* byte order and character set, as sent */
  uint8_t big;
  uint8_t odd;          /* not version 5.0, or a data representation nobody sends */
} arpc__pdu;

/* bytes hold a whole PDU of len >= ARPC__HEADER bytes. */
void arpc__read_pdu(arpc__pdu *ret, const uint8_t *bytes, size_t len);

/* The authentication trailer. 0 when auth_len says more than there is behind the first `body` bytes. */
typedef struct arpc__pdu_trailer {
  uint16_t offset;      /* of the trailer in the PDU; must be a multiple of 4, which is not checked here */
  uint8_t type, level;
  uint8_t pad;          /* bytes directly before it that belong to nobody; not checked either */
  uint32_t context_id;
  const uint8_t *value; /* auth_len bytes */
} arpc__pdu_trailer;

int arpc__read_trailer(const arpc__pdu *p, size_t body, arpc__pdu_trailer *ret);

/* A request or response; a trailer, if there is one, still counts as stub. */
typedef struct arpc__pdu_stub {
  uint32_t alloc_hint;
  uint16_t context_id;
  uint16_t opnum;        /* of a request */
  uint8_t cancels;       /* of a response */
  const uint8_t *object; /* of a request: 16 bytes in the PDU's byte order, or NULL */
  const uint8_t *stub;
  size_t len;
} arpc__pdu_stub;

int arpc__read_request(const arpc__pdu *p, arpc__pdu_stub *ret);
int arpc__read_response(const arpc__pdu *p, arpc__pdu_stub *ret);

typedef struct arpc__pdu_fault {
  uint32_t alloc_hint;
  uint16_t context_id;
  uint8_t cancels;
  uint32_t status;
  const uint8_t *stub;
  size_t len;
} arpc__pdu_fault;

/* Takes faults that end right behind the status, as some senders make them. */
int arpc__read_fault(const arpc__pdu *p, arpc__pdu_fault *ret);

/* bind and alter_context. `elements` reads the list: call arpc__read_element on it `count` times. */
typedef struct arpc__pdu_bind {
  uint16_t max_xmit, max_recv;
  uint32_t group;
  uint8_t count;
  arpc__reader elements;
} arpc__pdu_bind;

typedef struct arpc__pdu_element {
  uint16_t id;
  uint8_t count;         /* transfer syntaxes: call arpc__read_syntax that often on a copy of `syntaxes` */
  arpc_syntax abstract;
  arpc__reader syntaxes;
} arpc__pdu_element;

int arpc__read_bind(const arpc__pdu *p, arpc__pdu_bind *ret);
int arpc__read_element(arpc__reader *r, arpc__pdu_element *ret);
void arpc__read_syntax(arpc__reader *r, arpc_syntax *ret); /* the reader remembers a failure */

/* bind_ack and alter_context_resp. Call arpc__read_result `count` times on `results`. */
typedef struct arpc__pdu_ack {
  uint16_t max_xmit, max_recv;
  uint32_t group;
  const uint8_t *address; /* secondary address, as sent */
  uint16_t address_len;
  uint8_t count;
  arpc__reader results;
} arpc__pdu_ack;

typedef struct arpc__pdu_result {
  uint16_t result;
  uint16_t reason;        /* with ARPC__NEGOTIATE_ACK: the features */
  arpc_syntax transfer;
} arpc__pdu_result;

int arpc__read_ack(const arpc__pdu *p, arpc__pdu_ack *ret);
int arpc__read_result(arpc__reader *r, arpc__pdu_result *ret);

/* The reject reason of a bind_nak. */
int arpc__read_nak(const arpc__pdu *p, uint16_t *ret);

/* ---- writing -----------------------------------------------------------------------------------
 * Little endian, at the end of a buffer. arpc__begin_pdu .. arpc__end_pdu hold the parts of a PDU that
 * is made of several; all others write a whole one and give 0 when memory fails. What fails leaves
 * nothing behind: the buffer ends where it ended, without an error. */

size_t arpc__begin_pdu(arpc__buf *out, uint8_t type, uint8_t flags, uint32_t call_id); /* gives `start` */
void arpc__write_bind_head(arpc__buf *out, uint16_t max_xmit, uint16_t max_recv, uint32_t group, uint8_t count);
void arpc__write_element(arpc__buf *out, uint16_t id, const arpc_syntax *abstract, const arpc_syntax *transfers,
                         uint8_t count);
/* address: NULL = no address at all, length 0; otherwise it goes with its NUL. */
void arpc__write_ack_head(arpc__buf *out, size_t start, uint16_t max_xmit, uint16_t max_recv, uint32_t group,
                          const char *address, uint8_t count);
/* transfer: NULL = all zero. */
void arpc__write_result(arpc__buf *out, uint16_t result, uint16_t reason, const arpc_syntax *transfer);
int arpc__end_pdu(arpc__buf *out, size_t start);

int arpc__write_nak(arpc__buf *out, uint32_t call_id, uint16_t reason);
int arpc__write_fault(arpc__buf *out, uint8_t flags, uint32_t call_id, uint16_t context_id, uint8_t cancels,
                      uint32_t status); /* FIRST and LAST are added */
int arpc__write_header(arpc__buf *out, uint8_t type, uint32_t call_id); /* shutdown, co_cancel, orphaned */

/* The first 16 bytes of a PDU of len bytes, at a place that has them. */
static inline void arpc__store_header(uint8_t *at, uint8_t type, uint8_t flags, uint16_t len, uint32_t call_id) {
  const uint8_t head[8] = {5, 0, type, flags, 0x10, 0, 0, 0};
  memcpy(at, head, sizeof head);
  arpc__store16(at + 8, len);
  arpc__store16(at + 10, 0);
  arpc__store32(at + 12, call_id);
}

#endif
