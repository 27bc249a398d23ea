/* Deadlines behind stubs are agreed to in the bind, and strangers of either side are left in peace. */
#include "proto_rig.h"

/* 1d0f7c52-8a36-4e0b-b194-5e2760c31a8d, version 1.0 */
#define DEADLINES "527c0f1d368a0b4eb1945e2760c31a8d 01000000"

static const arpc__client_options asks = {
    .max_fragment = 5840, .max_response = 100, .transfer = ARPC_NDR20, .features = 2, .deadlines = 1};

static void answered(const char *result, int agreed) {
  client_rig r;
  char body[512];
  client_rig_init(&r, &asks);
  CHECK_EQ(arpc__client_present(&r.c, &spec_echo, &r.context), 0);
  client_said(&r, ARPC__BIND, 3, 1,
              "d016 d016 00000000" THREE "0000 0100" ECHO NDR20 "0100 0100" ECHO BTFN("02") "0200 0100" ECHO DEADLINES);
  snprintf(body, sizeof body, "d016 d016 44332211 0000 0000" THREE ACCEPT "0300 0200" ZERO "%s", result);
  CHECK_EQ(client_receive(&r, ARPC__BIND_ACK, 3, 1, body), ARPC__C_BOUND);
  CHECK_EQ(r.context->state, ARPC__ACCEPTED);
  CHECK_EQ(r.c.features, 2);
  CHECK_EQ(r.c.deadlines, agreed);
  client_rig_free(&r);
}

TEST("client: #69 deadlines are asked for as one element more, and only our own answer agrees") {
  answered("0300 0100" ZERO, 1);
  answered(NO_TRANSFER, 0);
  answered(NO_ABSTRACT, 0);
  answered("0300 0000" ZERO, 0);
  answered("0300 0300" ZERO, 0);
}

static void bound(int grants, const char *result, int agreed) {
  server_rig r;
  char want[512];
  server_rig_init(&r, 5840);
  r.c.options.deadlines = (uint8_t)grants;
  server_send(&r, ARPC__BIND, 3, 1, SIZES TWO "0000 0100" ECHO NDR20 "0100 0100" ECHO DEADLINES);
  snprintf(want, sizeof want, "d016 d016 44332211 0000 0000" TWO ACCEPT "%s", result);
  server_expect(&r, ARPC__BIND_ACK, 3, 1, want);
  server_alive(&r);
  CHECK_EQ(r.c.deadlines, agreed);
  server_rig_free(&r);
}

TEST("server: #69 deadlines are granted beside an interface; without them the element is a syntax like any other") {
  bound(1, "0300 0100" ZERO, 1);
  bound(0, NO_TRANSFER, 0);
}

TEST("server: #69 deadlines are settled in the bind: an alter_context does not ask for them") {
  server_rig r;
  server_rig_init(&r, 5840);
  r.c.options.deadlines = 1;
  server_bind(&r, 3, 0);
  server_send(&r, ARPC__ALTER, 3, 2, SIZES ONE "0100 0100" MGMT DEADLINES);
  server_expect(&r, ARPC__ALTER_RESP, 3, 2, "d016 d016 44332211 0000 0000" ONE NO_TRANSFER);
  CHECK_EQ(r.c.deadlines, 0);
  server_rig_free(&r);
}
