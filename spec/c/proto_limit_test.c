/* Exactly at a limit, and exactly at the end of a portion. */
#include "proto/stub.h"
#include "proto_rig.h"

TEST("client: an answer in fragments may be as long as the limit") {
  static client_rig r;
  arpc__client_call call = {0};
  client_rig_init(&r, NULL);
  r.c.options.max_response = 4;
  client_bind(&r, 3);
  CHECK_EQ(arpc__client_request(&r.c, &call, r.context, 0, NULL, "", 0), 0);
  CHECK_EQ(client_receive(&r, ARPC__RESPONSE, ARPC__PFC_FIRST, 2, "00000000 0000 0000 6162"), ARPC__C_NONE);
  CHECK_EQ(client_receive(&r, ARPC__RESPONSE, ARPC__PFC_LAST, 2, "00000000 0000 0000 6364"), ARPC__C_RESPONSE);
  CHECK_BYTES(r.last.stub, r.last.len, "abcd", 4);
  arpc__client_free_answer(&call);
  client_rig_free(&r);
}

TEST("server: a request in fragments may be as long as the limit") {
  static server_rig r;
  server_rig_init(&r, 5840);
  r.c.options.max_request = 4;
  server_bind(&r, 3, 0);
  server_send(&r, ARPC__REQUEST, ARPC__PFC_FIRST, 2, "04000000 0000 0000 6162");
  server_send(&r, ARPC__REQUEST, ARPC__PFC_LAST, 2, "02000000 0000 0000 6364");
  CHECK_EQ(r.requests, 1);
  CHECK_BYTES(r.last_stub, r.last.len, "abcd", 4);
  arpc__buf_clear(&r.c.out);
  server_alive(&r);
  server_rig_free(&r);
}

TEST("frame: a PDU that fills the portion is read where it lies") {
  arpc__frame f;
  uint8_t pdu[28];
  size_t len;
  make_pdu(pdu, sizeof pdu, 0x10, ARPC__REQUEST, 3, 1, "04000000 0000 0000 61626364");
  arpc__frame_init(&f);
  arpc__frame_feed(&f, pdu, sizeof pdu);
  CHECK(arpc__frame_next(&f, &len) == pdu && len == sizeof pdu);
  CHECK(!f.part.data && !arpc__frame_pending(&f));
  arpc__frame_fini(&f);
}
