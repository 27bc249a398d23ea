/* What the specs of a bound server machine share: the rig, and requests written short. */
#ifndef ARPC_SPEC_WIRE_SERVER_H
#define ARPC_SPEC_WIRE_SERVER_H

#include "proto_rig.h"

static server_rig R;

enum { F = 1, L = 2, PENDING_CANCEL = 4, MPX = 0x10, DNE = 0x20, MAYBE = 0x40, OBJECT = 0x80 };
enum { PROTO = 0x1c01000b };

/* Bound with flags, MGMT as context 0x0107: answers show only 07 of it, faults all. */
static void begin(int flags) {
  server_rig_free(&R);
  server_rig_init(&R, 5840);
  server_bind(&R, flags, 0x0107);
}

static void end(void) {
  server_rig_free(&R);
}

#define CTX "0701"
enum { CTX_ID = 0x0107 };

/* hint 0, opnum 0 */
static void request(int flags, uint32_t call_id, const char *stub) {
  char body[256];
  snprintf(body, sizeof body, "00000000" CTX "0000 %s", stub);
  server_send(&R, ARPC__REQUEST, flags, call_id, body);
}

static void request_held(uint32_t call_id) {
  server_send(&R, ARPC__REQUEST, F | L, call_id, "00000000" CTX "3200 11223344");
}

#define answered(call_id, hint, stub) server_expect(&R, ARPC__RESPONSE, 3, call_id, hint "0700 0000" stub)
#define over_by(flags, call_id, ctx, code) \
  do {                                     \
    server_fault(&R, flags, call_id, ctx, code); \
    server_over(&R);                       \
  } while (0)

#endif
