#include "pipe_rig.h"

const arpc_syntax RIG_INTERFACE = {{0x55667788, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}}, 1, 0};

/* Those of the recorded exchanges: freedce_test and efsrpc. */
static const arpc_syntax recorded_interfaces[] = {
    {{0x7c3a5e10, 0x1f2b, 0x4d3c, {0x8a, 0x4e, 0x5b, 0x6c, 0x7d, 0x8e, 0x9f, 0x10}}, 1, 0},
    {{0xc681d488, 0xd850, 0x11d0, {0x8c, 0x52, 0x00, 0xc0, 0x4f, 0xd9, 0x0f, 0x7e}}, 1, 0}};

/* ---- jobs --------------------------------------------------------------------------------------*/

enum { BLOCK = 65536 * 16 };
static uint8_t block[BLOCK];

static int waits(job *j, arpc_event_kind kind) {
  j->waits = 1u << kind;
  return 0;
}

/* 0: not now, or never. */
static int failed(job *j, arpc_status status) {
  j->failed = status;
  return 0;
}

static int push_all(job *j) {
  size_t unit = recorded_type(j->kind, 0).size[0];
  for (; j->next < j->nchunks; j->next++) {
    uint32_t n = j->chunks[j->next];
    CHECK(n * unit <= BLOCK);
    for (uint32_t i = 0; i < n; i++) recorded_element(j->kind, 0, j->pushed + i, block + i * unit);
    arpc_status is = arpc_pipe_push(j->rt, &j->async, 0, block, n);
    memset(block, 0xdd, n * unit); /* they are ours again */
    if (is == 997) return waits(j, ARPC_SEND_COMPLETE);
    if (is) return failed(j, is);
    j->pushed += n;
  }
  arpc_status is = arpc_pipe_close(j->rt, &j->async, 0);
  if (is) return failed(j, is);
  CHECK_EQ(arpc_pipe_push(j->rt, &j->async, 0, block, 1), 1916);
  j->pushes = 0;
  return 1;
}

static int pull_all(job *j) {
  for (;;) {
    size_t n = 99;
    const void *at = block;
    arpc_status is = j->looks ? arpc_pipe_look(j->rt, &j->async, 0, j->most, &at, &n)
                              : arpc_pipe_pull(j->rt, &j->async, 0, block, j->most, &n);
    if (is == 997) return waits(j, ARPC_RECEIVE_COMPLETE);
    if (is) return failed(j, is);
    if (!n) break;
    CHECK(n <= j->most);
    CHECK(recorded_are(j->kind, j->big, j->pulled, at, n));
    j->pulled += n;
  }
  j->pulls = 0;
  return 1;
}

void job_go(job *j) {
  j->waits = 0;
  int on = j->server ? (!j->pulls || pull_all(j)) && (!j->pushes || push_all(j))
                     : (!j->pushes || push_all(j)) && (!j->pulls || pull_all(j));
  if (!j->server || (!on && !j->failed)) return;
  if (j->failed) CHECK_EQ(arpc_async_abort(j->rt, &j->async, j->failed), 0);
  else CHECK_EQ(arpc_async_reply(j->rt, &j->async, j->tail, j->ntail), 0);
  j->done = 1;
}

/* One notification for each wait, and none without. */
void job_notified(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event) {
  job *j = async->user_info;
  CHECK(rt == j->rt && async->id == j->async.id && !j->done);
  if (event == ARPC_CALL_COMPLETE) {
    CHECK(!j->server);
    j->done = 1;
    return;
  }
  CHECK_EQ(1u << event, j->waits);
  job_go(j);
}

/* ---- our server --------------------------------------------------------------------------------*/

static const arpc_pipe_type *pipes(void *arg, uint16_t opnum, uint32_t *ret_n) {
  (void)opnum;
  *ret_n = 1;
  return &((rig *)arg)->type;
}

static arpc_status head(void *arg, const arpc_incoming *in, size_t *ret_len) {
  rig *r = arg;
  if (in->len < r->nhead) return 234;
  *ret_len = r->nhead;
  return 0;
}

static void manager(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg) {
  rig *r = arg;
  job *j = &r->served;
  CHECK_BYTES(in->stub, in->len, r->head, r->nhead);
  *j = r->plan;
  j->rt = rt;
  j->async = *call;
  j->async.notification = ARPC_NOTIFY_CALLBACK;
  j->async.routine = job_notified;
  j->async.user_info = j;
  CHECK_EQ(arpc_async_notify(rt, &j->async), 0);
  r->calls++;
  job_go(j);
}

void rig_procedure(rig *r, arpc_pipe_type type, const void *bytes, size_t n, const job *plan) {
  CHECK(n <= sizeof r->head);
  r->type = type;
  r->nhead = n;
  if (n) memcpy(r->head, bytes, n);
  r->plan = *plan;
  r->plan.server = 1;
}

/* ---- raw ends ----------------------------------------------------------------------------------*/

static void on_opened(void *owner, int error) {
  (void)owner;
  CHECK_EQ(error, 0);
}
static void on_received(void *owner, const uint8_t *bytes, size_t n) {
  arpc__buf_put(&((rig *)owner)->heard, bytes, n);
}
static void on_ended(void *owner, int error) {
  (void)error;
  ((rig *)owner)->ended++;
}
static void on_drained(void *owner) {
  (void)owner;
}
static const arpc__transport_owner raw_ops = {on_opened, on_received, on_ended, on_drained, NULL};

static void begin(rig *r, arpc__transport *t) {
  CHECK(!r->transport || t == r->transport);
  r->transport = t;
  r->ended = 0;
  arpc__buf_clear(&r->heard);
  arpc__transport_reading(t, 1);
}

void raw_hang_up(rig *r) {
  if (r->transport) arpc__transport_close(r->transport);
  r->transport = NULL;
  for (int i = 0; i < 4; i++) rig_turn(r);
}

void raw_say(rig *r, const void *bytes, size_t n) {
  arpc__buf out = {0};
  arpc__buf_put(&out, bytes, n);
  arpc__transport_write(r->transport, &out);
  arpc__buf_free(&out);
}

void raw_say_slowly(rig *r, const uint8_t *bytes, size_t n, size_t step) {
  for (size_t k; n; n -= k, bytes += k) {
    k = n < step ? n : step;
    raw_say(r, bytes, k);
    for (int i = 0; r->transport->unsent && i < 1000; i++) rig_turn(r);
  }
}

/* Waits for a whole one. */
static void hear_pdu(rig *r, arpc__pdu *ret) {
  uint64_t limit = uv_hrtime() + (uint64_t)10e9;
  for (;; rig_turn(r)) {
    size_t n = arpc__buf_unread(&r->heard);
    const uint8_t *at = r->heard.data + r->heard.pos;
    size_t len = n < ARPC__HEADER ? 0 : arpc__load16(at + 8, 0);
    CHECK(n < ARPC__HEADER || (len >= ARPC__HEADER && at[4] == 0x10));
    if (len && n >= len) {
      arpc__read_pdu(ret, at, len);
      r->heard.pos += len;
      return;
    }
    CHECK(!r->ended);
    CHECK(uv_hrtime() < limit);
  }
}

arpc__buf raw_hear(rig *r, arpc__pdu *ret) {
  arpc__buf all = {0};
  arpc__pdu_stub s;
  for (unsigned n = 0;; n++) {
    hear_pdu(r, ret);
    CHECK_EQ(ret->flags & ARPC__PFC_FIRST, n ? 0 : ARPC__PFC_FIRST);
    if (ret->type == ARPC__FAULT) return all;
    CHECK(ret->type == ARPC__REQUEST ? arpc__read_request(ret, &s) : ret->type == ARPC__RESPONSE && arpc__read_response(ret, &s));
    arpc__buf_put(&all, s.stub, s.len);
    if (ret->flags & ARPC__PFC_LAST) return all;
  }
}

/* A bind of one element. */
static arpc__buf bind_in(int transfer) {
  arpc__buf out = {0};
  size_t start = arpc__begin_pdu(&out, ARPC__BIND, ARPC__PFC_WHOLE, 1);
  arpc__write_bind_head(&out, 65528, 65528, 0, 1);
  arpc__write_element(&out, 0, &RIG_INTERFACE, transfer == ARPC_NDR64 ? &arpc__ndr64 : &arpc__ndr20, 1);
  CHECK(arpc__end_pdu(&out, start));
  return out;
}

void raw_dial(rig *r, const void *bind, size_t n) {
  arpc__transport *t;
  arpc__pdu p;
  CHECK_EQ(arpc__memory_dial(&t, r->rt, "rig", &raw_ops, r), 0);
  begin(r, t);
  rig_turn(r);
  raw_say(r, bind, n);
  hear_pdu(r, &p);
  CHECK_EQ(p.type, ARPC__BIND_ACK);
}

void raw_dial_in(rig *r, int transfer) {
  arpc__buf bind = bind_in(transfer);
  raw_dial(r, bind.data, bind.len);
  arpc__buf_free(&bind);
}

static void on_accepted(arpc__listener *l, arpc__transport *t) {
  rig *r = l->owner;
  arpc__transport_own(t, &raw_ops, r);
  begin(r, t);
  r->accepted++;
}

/* The one transfer syntax is taken, and no feature. */
static void acknowledge(rig *r, int transfer) {
  arpc__pdu p;
  arpc__pdu_bind b;
  arpc__buf out = {0};
  hear_pdu(r, &p);
  CHECK(p.type == ARPC__BIND && arpc__read_bind(&p, &b));
  size_t start = arpc__begin_pdu(&out, ARPC__BIND_ACK, ARPC__PFC_WHOLE, p.call_id);
  arpc__write_ack_head(&out, start, b.max_recv, b.max_xmit, 7, NULL, b.count);
  for (unsigned i = 0; i < b.count; i++) {
    arpc__pdu_element e;
    arpc_syntax s;
    CHECK(arpc__read_element(&b.elements, &e) && e.count == 1);
    arpc__read_syntax(&e.syntaxes, &s);
    int good = arpc__transfer_of(&s) == transfer;
    arpc__write_result(&out, good ? ARPC__ACCEPTANCE : ARPC__PROVIDER_REJECTION, good ? 0 : ARPC__REASON_TRANSFER, good ? &s : NULL);
  }
  CHECK(arpc__end_pdu(&out, start));
  raw_say(r, out.data, out.len);
  arpc__buf_free(&out);
}

void raw_serve(rig *r, int transfer, job *j) {
  arpc_binding *b;
  CHECK_EQ(arpc_binding_parse(&b, "memory:[raw]"), 0);
  CHECK_EQ(arpc_client_new(&r->client, r->rt, b, &RIG_INTERFACE, &(arpc_client_options){.transfer = (uint32_t)transfer}), 0);
  arpc_binding_free(b);
  j->rt = r->rt;
  CHECK_EQ(arpc_async_init(&j->async, sizeof j->async), 0);
  j->async.notification = ARPC_NOTIFY_CALLBACK;
  j->async.routine = job_notified;
  j->async.user_info = j;
  r->accepted = 0;
  arpc_request q = {.opnum = 0, .stub = r->head, .len = r->nhead, .stub64 = r->head, .len64 = r->nhead, .pipes = &r->type, .npipes = 1};
  CHECK_EQ(arpc_client_call(r->client, &j->async, &q), 0);
  job_go(j);
  rig_until(r, &r->accepted, 1);
  acknowledge(r, transfer);
}

/* ---- the world of them -------------------------------------------------------------------------*/

static void serve(rig *r, const arpc_syntax *id) {
  arpc_interface i = {.id = *id, .procedures = 8, .manager = manager, .arg = r, .pipes = pipes, .head = head};
  CHECK_EQ(arpc_server_register(r->server, &i), 0);
}

void rig_open(rig *r) {
  arpc_binding *ours, *raw;
  memset(r, 0, sizeof *r);
  CHECK_EQ(uv_loop_init(&r->loop), 0);
  CHECK_EQ(arpc_runtime_new(&r->rt, &r->loop, NULL), 0);
  CHECK_EQ(arpc_server_new(&r->server, r->rt, NULL), 0);
  CHECK_EQ(arpc_binding_parse(&ours, "memory:[rig]"), 0);
  CHECK_EQ(arpc_binding_parse(&raw, "memory:[raw]"), 0);
  CHECK_EQ(arpc_server_use(r->server, ours), 0);
  serve(r, &RIG_INTERFACE);
  for (int i = 0; i < 2; i++) serve(r, &recorded_interfaces[i]);
  CHECK_EQ(arpc_server_listen(r->server), 0);
  CHECK_EQ(arpc__listener_new(&r->listener, r->rt, raw, NULL, on_accepted, NULL, r), 0);
  arpc__listener_start(r->listener);
  arpc_binding_free(ours);
  arpc_binding_free(raw);
}

void rig_close(rig *r) {
  arpc_stats s;
  raw_hang_up(r);
  arpc_server_close(r->server);
  arpc__listener_close(r->listener);
  for (int i = 0; i < 20; i++) rig_turn(r);
  arpc_runtime_stats(r->rt, &s);
  CHECK_EQ(s.pending + s.parked + s.handles + s.timers + s.connections, 0);
  CHECK_EQ(s.calls_issued, s.calls_completed);
  CHECK_EQ(s.calls_served, s.calls_ended);
  arpc_runtime_close(r->rt);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  CHECK_EQ(uv_loop_close(&r->loop), 0);
  arpc__buf_free(&r->heard);
}

void rig_turn(rig *r) {
  uv_run(&r->loop, UV_RUN_NOWAIT);
}

void rig_until(rig *r, const unsigned *flag, unsigned n) {
  uint64_t limit = uv_hrtime() + (uint64_t)10e9;
  while (*flag < n) {
    CHECK(uv_hrtime() < limit);
    rig_turn(r);
  }
}

/* ---- bytes -------------------------------------------------------------------------------------*/

static void put_number(arpc__buf *out, uint64_t v, unsigned size, int big) {
  for (unsigned i = 0; i < size; i++) *arpc__buf_add(out, 1) = (uint8_t)(v >> 8 * (big ? size - 1 - i : i));
}

static void put_gap(arpc__buf *out, size_t align) {
  while (out->len % align) *arpc__buf_add(out, 1) = 0;
}

void put_fragments(arpc__buf *out, const piece *p, const void *stub, size_t len, size_t first, size_t share) {
  size_t at = 0, n = first < len ? first : len;
  for (uint8_t flags = ARPC__PFC_FIRST;; flags = 0) {
    if (at + n == len) flags |= ARPC__PFC_LAST;
    const uint8_t start[8] = {5, 0, p->type, flags, p->big ? 0 : 0x10, 0, 0, 0};
    arpc__buf_put(out, start, 8);
    put_number(out, 24 + n, 2, p->big);
    put_number(out, 0, 2, p->big);
    put_number(out, p->call_id, 4, p->big);
    put_number(out, 0, 4, p->big); /* nobody knows how much will come */
    put_number(out, p->context, 2, p->big);
    put_number(out, p->opnum, 2, p->big);
    arpc__buf_put(out, (const uint8_t *)stub + at, n);
    at += n;
    if (at == len) return;
    n = share < len - at ? share : len - at;
  }
}

void put_pipe(arpc__buf *out, int kind, int transfer, int big, const uint32_t *chunks, size_t n) {
  unsigned word = transfer == ARPC_NDR64 ? 8 : 4;
  arpc_pipe_type t = recorded_type(kind, 0);
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    put_gap(out, word);
    put_number(out, chunks[i], word, big);
    put_gap(out, t.align[0]);
    for (uint32_t e = 0; e < chunks[i]; e++) recorded_element(kind, big, k++, arpc__buf_add(out, t.size[0]));
    put_gap(out, word);
    if (word == 8) put_number(out, 0 - (uint64_t)chunks[i], word, big);
  }
  put_gap(out, word);
  put_number(out, 0, word, big);
  if (word == 8) put_number(out, 0, word, big);
}
