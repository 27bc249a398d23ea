/* A server machine and a client machine with an owner that does as little as possible, and PDUs written
 * down as hex. Bodies stand in the tests as they are on the wire, blanks ignored; headers and their
 * lengths are made from type, flags and call id. */
#ifndef ARPC_SPEC_PROTO_RIG_H
#define ARPC_SPEC_PROTO_RIG_H

#include "proto/conn.h"
#include "test.h"

#define UUID_MGMT "80bda8af8a7dc911bef408002b102989"
#define MGMT UUID_MGMT "01000000"                            /* registered by the rig, version 1.0 */
#define ECHO "c55ea160e84dd711a637005056a20182 01000000"     /* the same */
#define EPM "0883afe11f5dc91191a408002b14a0fa 03000000"      /* not registered */
#define NDR20 "045d888aeb1cc9119fe808002b104860 02000000"
#define NDR64 "33057171babe37498319b5dbef9ccc36 01000000"
#define ZERO "00000000000000000000000000000000 00000000"
#define BTFN(mask) "2c1cb76c12984045" mask "00000000000000 01000000"
#define SIZES "d016 d016 00000000"                           /* 5840 both ways, no group */
#define ONE "01000000"                                       /* counts of elements or results */
#define TWO "02000000"
#define THREE "03000000"
#define ACCEPT "0000 0000" NDR20
#define ACCEPT64 "0000 0000" NDR64
#define NO_ABSTRACT "0200 0100" ZERO
#define NO_TRANSFER "0200 0200" ZERO
#define NO_ROOM "0200 0300" ZERO

extern const arpc_syntax spec_mgmt, spec_echo;

/* ---- server ---- */

enum { RIG_CALLS = 64, OP_HOLD = 50, OP_COUNT = 60 };

typedef struct server_rig {
  arpc__server_conn c;
  arpc__server_call calls[RIG_CALLS]; /* slot 0 is for calls that are answered at once */
  uint32_t ncalls;                    /* held ones */
  uint8_t drep;                       /* of PDUs sent; 0x10 */
  int broken;                         /* times BROKEN was said */
  int bound, requests, cancels, orphans;
  arpc__server_event last;            /* REQUEST; its stub is in last_stub */
  uint8_t last_stub[65536];
  uint32_t live_group;                /* the one group that can be joined, 0 = none */
  uint32_t next_group;
} server_rig;

/* The owner answers opnum n < OP_HOLD at once with the request's stub, keeps n < OP_COUNT, refuses others. */
void server_rig_init(server_rig *r, uint16_t max_fragment);
void server_rig_free(server_rig *r);
void server_feed(server_rig *r, const void *bytes, size_t len);
void server_send(server_rig *r, int type, int flags, uint32_t call_id, const char *body);
void server_send_raw(server_rig *r, const char *hex);
/* Binds MGMT (element as given) and expects it to be accepted. */
void server_bind(server_rig *r, int flags, uint16_t id);

#define server_expect(r, type, flags, call_id, body) server_expect_at(__FILE__, __LINE__, r, type, flags, call_id, body)
#define server_fault(r, flags, call_id, ctx, code) server_fault_at(__FILE__, __LINE__, r, flags, call_id, ctx, code)
#define server_nak(r, call_id, reason) server_nak_at(__FILE__, __LINE__, r, call_id, reason)
#define server_alive(r) server_state_at(__FILE__, __LINE__, r, 0)
#define server_over(r) server_state_at(__FILE__, __LINE__, r, 1)

/* The next PDU that came out is this one. */
void server_expect_at(const char *file, int line, server_rig *r, int type, int flags, uint32_t call_id, const char *body);
void server_fault_at(const char *file, int line, server_rig *r, int flags, uint32_t call_id, uint16_t ctx, uint32_t code);
void server_nak_at(const char *file, int line, server_rig *r, uint32_t call_id, int reason); /* and it is over */
/* Nothing more came out, and the connection is over or not. */
void server_state_at(const char *file, int line, server_rig *r, int over);

/* ---- client ---- */

typedef struct client_rig {
  arpc__client_conn c;
  arpc__client_context *context; /* of spec_echo */
  arpc__client_event last;       /* of the last call of client_next */
} client_rig;

void client_rig_init(client_rig *r, const arpc__client_options *options); /* NULL: the usual ones */
void client_rig_free(client_rig *r);
/* Asks for spec_echo, throws away what was said, has it accepted with flags. */
void client_bind(client_rig *r, int flags);
arpc__client_event_kind client_feed(client_rig *r, const void *bytes, size_t len); /* and the first event */
arpc__client_event_kind client_next(client_rig *r);
arpc__client_event_kind client_receive(client_rig *r, int type, int flags, uint32_t call_id, const char *body);

#define client_said(r, type, flags, call_id, body) client_said_at(__FILE__, __LINE__, r, type, flags, call_id, body)
void client_said_at(const char *file, int line, client_rig *r, int type, int flags, uint32_t call_id, const char *body);

/* ---- bytes ---- */

/* Fills at most size bytes; gives how many. */
size_t from_hex(uint8_t *ret, size_t size, const char *hex);
size_t make_pdu(uint8_t *ret, size_t size, uint8_t drep, int type, int flags, uint32_t call_id, const char *body);

#endif
