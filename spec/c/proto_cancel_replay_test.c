/* The recorded cancels (FreeDCE, both ends): answered by a normal reply, by a fault with the code in its stub and
 * cancel_count 1, and followed by orphaned. The recorded client speaks to our server machine, the recorded server to
 * our client machine. Its first call has the id 0, which ours never gives: there, and only there, it is ours. */
#include "proto_rig.h"
#include "vectors.h"

enum { CLIENT = 1, SERVER = 0 };

static arpc__pdu pdu_of(const vector_step *s) {
  arpc__pdu p;
  arpc__read_pdu(&p, s->bytes, s->len);
  return p;
}

static arpc__pdu_stub stub_of(const vector_step *s, int request) {
  arpc__pdu_stub r;
  arpc__pdu p = pdu_of(s);
  CHECK(request ? arpc__read_request(&p, &r) : arpc__read_response(&p, &r));
  return r;
}

static const vector_step *step(const vectors *v, size_t i, int from, int type) {
  CHECK(i < v->count && v->steps[i].conn == 1 && !v->steps[i].eof);
  CHECK_EQ(v->steps[i].from_client, from);
  CHECK_EQ(v->steps[i].bytes[2], type);
  return &v->steps[i];
}

/* ---- our server --------------------------------------------------------------------------------*/

static int known;

static const void *find(void *arg, const arpc_syntax *wanted) {
  (void)wanted;
  return arg;
}

static uint32_t group(void *arg, uint32_t wanted) {
  (void)arg;
  (void)wanted;
  return 0x000a590b;
}

static arpc__server_conn bound_server(const vectors *v) {
  arpc__server_conn c;
  arpc__server_event ev;
  arpc__server_init(&c, &(arpc__server_options){.max_fragment = 65528, .max_request = 1 << 20, .max_contexts = 4,
                                                .transfer = ARPC_NDR20, .prefer = ARPC_NDR20, .address = "6213",
                                                .host = {&known, find, group, NULL}});
  const vector_step *bind = step(v, 0, CLIENT, ARPC__BIND);
  arpc__server_feed(&c, bind->bytes, bind->len);
  CHECK_EQ(arpc__server_next(&c, &ev), ARPC__S_BOUND);
  arpc__buf_clear(&c.out);
  return c;
}

static void server_takes(arpc__server_conn *c, const vector_step *s, arpc__server_event_kind kind, arpc__server_call *call) {
  arpc__server_event ev;
  arpc__server_feed(c, s->bytes, s->len);
  CHECK_EQ(arpc__server_next(c, &ev), kind);
  if (kind == ARPC__S_REQUEST) {
    arpc__pdu_stub r = stub_of(s, 1);
    CHECK_BYTES(ev.stub, ev.len, r.stub, r.len);
    CHECK_EQ(arpc__server_accept(c, call, &ev), 0);
  } else if (kind == ARPC__S_CANCEL || kind == ARPC__S_ORPHAN) {
    CHECK(ev.call == call);
  }
  CHECK_EQ(arpc__server_next(c, &ev), ARPC__S_NONE);
  CHECK_EQ(arpc__buf_unread(&c->out), 0);
}

TEST("replay: #65 #67 recorded cancels reach our server, and are counted in its answers as recorded") {
  vectors *v = vectors_load("freedce_cancel_fault");
  arpc__server_conn c = bound_server(v);
  arpc__server_call call = {0};
  server_takes(&c, step(v, 2, CLIENT, ARPC__REQUEST), ARPC__S_REQUEST, &call);
  server_takes(&c, step(v, 3, CLIENT, ARPC__CO_CANCEL), ARPC__S_CANCEL, &call);
  const vector_step *want = step(v, 4, SERVER, ARPC__RESPONSE);
  arpc__pdu_stub r = stub_of(want, 0);
  arpc__server_respond(&c, &call, r.stub, r.len);
  CHECK_BYTES(c.out.data + c.out.pos, arpc__buf_unread(&c.out), want->bytes, want->len);
  arpc__buf_clear(&c.out);
  server_takes(&c, step(v, 5, CLIENT, ARPC__REQUEST), ARPC__S_REQUEST, &call);
  server_takes(&c, step(v, 6, CLIENT, ARPC__CO_CANCEL), ARPC__S_CANCEL, &call);
  arpc__server_fault(&c, &call, 0x1C00000D, 0);
  arpc__pdu ours, theirs = pdu_of(step(v, 7, SERVER, ARPC__FAULT));
  arpc__pdu_fault f, g;
  arpc__read_pdu(&ours, c.out.data + c.out.pos, arpc__buf_unread(&c.out));
  CHECK(arpc__read_fault(&ours, &f) && arpc__read_fault(&theirs, &g));
  CHECK_EQ(ours.call_id, theirs.call_id);
  CHECK_EQ(f.cancels, g.cancels);
  CHECK_EQ(f.cancels, 1);
  CHECK_EQ(g.status, 0); /* theirs has the code in the stub, ours in its place */
  CHECK_EQ(f.status, arpc__load32(g.stub, 0));
  arpc__server_fini(&c);
  vectors_free(v);
}

TEST("replay: #65 a recorded orphaned ends our server's answering, whatever the manager then does") {
  vectors *v = vectors_load("freedce_cancel_orphaned");
  for (int faults = 0; faults < 2; faults++) {
    arpc__server_conn c = bound_server(v);
    arpc__server_call call = {0};
    server_takes(&c, step(v, 2, CLIENT, ARPC__REQUEST), ARPC__S_REQUEST, &call);
    server_takes(&c, step(v, 3, CLIENT, ARPC__CO_CANCEL), ARPC__S_CANCEL, &call);
    server_takes(&c, step(v, 4, CLIENT, ARPC__ORPHANED), ARPC__S_ORPHAN, &call);
    if (faults) arpc__server_fault(&c, &call, 5, 0);
    else arpc__server_respond(&c, &call, "late", 4);
    CHECK_EQ(arpc__buf_unread(&c.out), 0);
    CHECK_EQ(c.running, 0);
    arpc__server_fini(&c);
  }
  vectors_free(v);
}

/* ---- our client --------------------------------------------------------------------------------*/

typedef struct player {
  arpc__client_conn c;
  arpc__client_context *context;
} player;

static void bound_client(player *p, const vectors *v) {
  arpc__client_event ev;
  arpc__pdu_bind b;
  arpc__pdu_element e;
  arpc__pdu bind = pdu_of(step(v, 0, CLIENT, ARPC__BIND));
  CHECK(arpc__read_bind(&bind, &b) && arpc__read_element(&b.elements, &e));
  arpc__client_init(&p->c, &(arpc__client_options){.max_fragment = 65528, .max_response = 1 << 20, .transfer = ARPC_NDR20});
  CHECK_EQ(arpc__client_present(&p->c, &e.abstract, &p->context), 0);
  const vector_step *ack = step(v, 1, SERVER, ARPC__BIND_ACK);
  arpc__client_feed(&p->c, ack->bytes, ack->len);
  CHECK_EQ(arpc__client_next(&p->c, &ev), ARPC__C_BOUND);
  CHECK_EQ(p->context->state, ARPC__ACCEPTED);
  arpc__buf_clear(&p->c.out);
}

/* The request as recorded but for its call id. */
static void ask(player *p, const vector_step *s, arpc__client_call *call) {
  arpc__pdu_stub r = stub_of(s, 1);
  uint32_t id = pdu_of(s).call_id;
  if (id) p->c.next_call_id = id;
  CHECK_EQ(arpc__client_request(&p->c, call, p->context, r.opnum, NULL, r.stub, r.len), 0);
  uint8_t *said = p->c.out.data + p->c.out.pos;
  CHECK_EQ(arpc__buf_unread(&p->c.out), s->len);
  memcpy(said + 12, s->bytes + 12, 4);
  memcpy(said + 16, s->bytes + 16, 4); /* alloc_hint */
  CHECK_BYTES(said, s->len, s->bytes, s->len);
  arpc__buf_clear(&p->c.out);
}

/* Ours says first and last fragment, theirs last only: of a PDU without a body it is the same. */
static void says(player *p, const vector_step *s, const arpc__client_call *call) {
  arpc__pdu ours, theirs = pdu_of(s);
  arpc__read_pdu(&ours, p->c.out.data + p->c.out.pos, arpc__buf_unread(&p->c.out));
  CHECK_EQ(arpc__buf_unread(&p->c.out), s->len);
  CHECK_EQ(ours.type, theirs.type);
  CHECK_EQ(ours.call_id, call->call_id);
  arpc__buf_clear(&p->c.out);
}

static arpc__client_event answer(player *p, const vector_step *s, uint32_t id, uint8_t *bytes) {
  arpc__client_event ev;
  memcpy(bytes, s->bytes, s->len);
  if (!pdu_of(s).call_id) bytes[12] = (uint8_t)id;
  arpc__client_feed(&p->c, bytes, s->len);
  arpc__client_next(&p->c, &ev);
  return ev;
}

TEST("replay: #65 #67 #59 our client takes the recorded answers to a cancel: a reply, and a fault that says cancelled") {
  vectors *v = vectors_load("freedce_cancel_fault");
  player p;
  arpc__client_call call = {0};
  uint8_t bytes[64];
  bound_client(&p, v);
  ask(&p, step(v, 2, CLIENT, ARPC__REQUEST), &call);
  arpc__client_cancel(&p.c, &call);
  says(&p, step(v, 3, CLIENT, ARPC__CO_CANCEL), &call);
  const vector_step *reply = step(v, 4, SERVER, ARPC__RESPONSE);
  arpc__pdu_stub r = stub_of(reply, 0);
  arpc__client_event ev = answer(&p, reply, call.call_id, bytes);
  CHECK_EQ(ev.kind, ARPC__C_RESPONSE);
  CHECK_BYTES(ev.stub, ev.len, r.stub, r.len);
  ask(&p, step(v, 5, CLIENT, ARPC__REQUEST), &call);
  arpc__client_cancel(&p.c, &call);
  says(&p, step(v, 6, CLIENT, ARPC__CO_CANCEL), &call);
  ev = answer(&p, step(v, 7, SERVER, ARPC__FAULT), call.call_id, bytes);
  CHECK_EQ(ev.kind, ARPC__C_FAULT);
  CHECK_EQ(ev.status, 0x1C00000D);
  CHECK_EQ(arpc_status_from_fault(ev.status), ARPC_S_CALL_CANCELLED);
  arpc__client_fini(&p.c);
  vectors_free(v);
}

TEST("replay: #65 our client says what the recorded one says when it gives up, and drains what comes after") {
  vectors *v = vectors_load("freedce_cancel_orphaned"), *other = vectors_load("freedce_cancel_fault");
  player p;
  arpc__client_call call = {0};
  uint8_t bytes[64];
  bound_client(&p, v);
  ask(&p, step(v, 2, CLIENT, ARPC__REQUEST), &call);
  uint32_t id = call.call_id;
  arpc__client_cancel(&p.c, &call);
  says(&p, step(v, 3, CLIENT, ARPC__CO_CANCEL), &call);
  arpc__client_orphan(&p.c, &call);
  says(&p, step(v, 4, CLIENT, ARPC__ORPHANED), &call);
  arpc__client_forget(&p.c, &call);
  CHECK(!arpc__client_idle(&p.c));
  CHECK_EQ(answer(&p, step(other, 4, SERVER, ARPC__RESPONSE), id, bytes).kind, ARPC__C_NONE);
  CHECK_EQ(p.c.late, 1);
  CHECK(arpc__client_idle(&p.c) && !p.c.broken);
  arpc__client_fini(&p.c);
  vectors_free(v);
  vectors_free(other);
}
