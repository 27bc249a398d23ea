/* Recorded exchanges between other implementations, played again: what a client sent goes to our server
 * machine, what a server sent to our client machine. Samba's server reacts like Windows, so ours must say
 * the same bytes; other servers are only asked whether their requests arrive whole.
 *
 * The owner in here knows from the recording what a server's owner decides: which interfaces there are,
 * the association group, the secondary address, the answers to requests. */
#include "proto/stub.h"
#include "proto_rig.h"
#include "vectors.h"

static arpc__pdu pdu_of(const vector_step *s) {
  arpc__pdu p;
  arpc__read_pdu(&p, s->bytes, s->len);
  return p;
}

static int is_pdu(const vector_step *s, int conn, int from_client) {
  return s->conn == conn && s->from_client == from_client && !s->eof && s->len >= 16;
}

/* The first PDU of a type on a connection from that side, at or after i; NULL when there is none. */
static const vector_step *find_pdu(const vectors *v, size_t i, int conn, int from_client, int type) {
  for (; i < v->count; i++)
    if (is_pdu(&v->steps[i], conn, from_client) && v->steps[i].bytes[2] == type) return &v->steps[i];
  return NULL;
}

/* The stub of a request or response over all its fragments from step i on. */
static arpc__buf whole_stub(const vectors *v, size_t i) {
  arpc__buf all = {0};
  arpc__pdu first = pdu_of(&v->steps[i]);
  for (size_t k = i; k < v->count; k++) {
    arpc__pdu_stub s;
    if (!is_pdu(&v->steps[k], v->steps[i].conn, v->steps[i].from_client)) continue;
    arpc__pdu p = pdu_of(&v->steps[k]);
    if (p.type != first.type || p.call_id != first.call_id) continue;
    CHECK(p.type == ARPC__REQUEST ? arpc__read_request(&p, &s) : arpc__read_response(&p, &s));
    arpc__buf_put(&all, s.stub, s.len);
    if (p.flags & ARPC__PFC_LAST) break;
  }
  return all;
}

/* ---- the server machine ---- */

enum { MAX_KNOWN = 64, MAX_CALLS = 256 };

static struct {
  const vectors *v;
  int conn, strict;
  arpc__server_conn c;
  arpc_syntax known[MAX_KNOWN];
  int nknown, broken;
  uint32_t group;
  arpc__server_call calls[MAX_CALLS];
  int ncalls;
  size_t step;
  size_t compared, requests;
} S;

static const void *find(void *arg, const arpc_syntax *wanted) {
  (void)arg;
  for (int i = 0; i < S.nknown; i++)
    if (arpc__syntax_equal(&S.known[i], wanted)) return &S.known[i];
  return NULL;
}

static uint32_t group(void *arg, uint32_t wanted) {
  (void)arg;
  return wanted && wanted != S.group ? 0 : S.group;
}

static char address[256];

/* Interfaces are those the recorded server did not reject as unknown. */
static void learn_interfaces(const vector_step *question, const vector_step *answer) {
  arpc__pdu q = pdu_of(question), a = pdu_of(answer);
  arpc__pdu_bind b;
  arpc__pdu_ack ack;
  CHECK(arpc__read_bind(&q, &b) && arpc__read_ack(&a, &ack));
  for (int i = 0; i < ack.count; i++) {
    arpc__pdu_element e;
    arpc__pdu_result r;
    CHECK(arpc__read_element(&b.elements, &e) && arpc__read_result(&ack.results, &r));
    if (r.result == ARPC__ACCEPTANCE && S.nknown < MAX_KNOWN) S.known[S.nknown++] = e.abstract;
  }
}

static void learn(void) {
  const vectors *v = S.v;
  S.nknown = 0;
  S.group = 0;
  arpc__server_options o = {.max_fragment = 5840, .max_request = 4 << 20, .max_contexts = 64, .transfer = ARPC_NDR20,
                            .prefer = ARPC_NDR20, .features = 3, .host = {NULL, find, group, NULL}};
  const vector_step *ack = find_pdu(v, 0, S.conn, 0, ARPC__BIND_ACK), *q = NULL;
  address[0] = 0;
  for (size_t i = 0; i < v->count; i++) {
    const vector_step *s = &v->steps[i];
    if (is_pdu(s, S.conn, 1) && (s->bytes[2] == ARPC__BIND || s->bytes[2] == ARPC__ALTER)) q = s;
    if (is_pdu(s, S.conn, 0) && (s->bytes[2] == ARPC__BIND_ACK || s->bytes[2] == ARPC__ALTER_RESP) && q) learn_interfaces(q, s);
  }
  if (ack) {
    arpc__pdu p = pdu_of(ack);
    arpc__pdu_ack a;
    CHECK(arpc__read_ack(&p, &a));
    S.group = a.group;
    if (a.address_len > 1) memcpy(address, a.address, a.address_len);
    if (!S.strict) o.max_fragment = a.max_recv < 65528 ? a.max_recv : 65528;
  }
  o.address = address;
  arpc__server_init(&S.c, &o);
}

static void run_server(void) {
  arpc__server_event ev;
  for (arpc__server_event_kind kind; (kind = arpc__server_next(&S.c, &ev));) {
    if (kind == ARPC__S_BROKEN) S.broken++;
    if (kind != ARPC__S_REQUEST || S.ncalls == MAX_CALLS) continue;
    CHECK_EQ(arpc__server_accept(&S.c, &S.calls[S.ncalls++], &ev), 0);
    S.requests++;
  }
}

static arpc__server_call *running_call(uint32_t id) {
  for (int i = S.ncalls - 1; i >= 0; i--)
    if (S.calls[i].on && S.calls[i].call_id == id) return &S.calls[i];
  return NULL;
}

/* What only the owner can decide: it says what the recorded one said. */
static void act_as_owner(const vector_step *s) {
  arpc__pdu p = pdu_of(s);
  arpc__pdu_fault f;
  arpc__server_call *call = running_call(p.call_id);
  if (!call && !S.strict && S.ncalls) call = &S.calls[S.ncalls - 1]; /* Wine's server calls every call 1 */
  if (arpc__buf_unread(&S.c.out) || !call) return;
  if (p.type == ARPC__RESPONSE) {
    arpc__buf stub = whole_stub(S.v, (size_t)(s - S.v->steps));
    arpc__server_respond(&S.c, call, stub.data, stub.len);
    arpc__buf_free(&stub);
  } else if (p.type == ARPC__FAULT && arpc__read_fault(&p, &f)) {
    arpc__server_fault(&S.c, call, f.status, p.flags & ARPC__PFC_DID_NOT_EXECUTE);
  }
}

static arpc__buf our_stub;

/* Long responses may be cut elsewhere: their stubs are compared. */
static void compare_response(const vector_step *s) {
  arpc__pdu p = pdu_of(s), ours;
  arpc__pdu_stub stub;
  if (p.flags & ARPC__PFC_FIRST) arpc__buf_clear(&our_stub);
  while (arpc__buf_unread(&S.c.out)) {
    const uint8_t *at = S.c.out.data + S.c.out.pos;
    arpc__read_pdu(&ours, at, arpc__load16(at + 8, 0));
    CHECK_EQ(ours.type, ARPC__RESPONSE);
    CHECK_EQ(ours.call_id, p.call_id);
    CHECK(arpc__read_response(&ours, &stub));
    arpc__buf_put(&our_stub, stub.stub, stub.len);
    S.c.out.pos += ours.len;
  }
  if (!(p.flags & ARPC__PFC_LAST)) return;
  for (size_t i = 0; i < S.v->count; i++) {
    arpc__pdu q = pdu_of(&S.v->steps[i]);
    if (!is_pdu(&S.v->steps[i], S.conn, 0) || q.type != ARPC__RESPONSE || q.call_id != p.call_id) continue;
    arpc__buf theirs = whole_stub(S.v, i);
    CHECK_BYTES(our_stub.data, our_stub.len, theirs.data, theirs.len);
    arpc__buf_free(&theirs);
    break;
  }
}

/* The recorded server does not count cancels. */
static int cancel_ignored(const vector_step *s) {
  const vector_step *c = find_pdu(S.v, 0, S.conn, 1, ARPC__CO_CANCEL);
  return c && s->bytes[2] == ARPC__RESPONSE && c->bytes[12] == s->bytes[12] && strncmp(S.v->name, "raw", 3) != 0;
}

static void compare(const vector_step *s) {
  size_t there = arpc__buf_unread(&S.c.out), step = (size_t)(s - S.v->steps);
  int whole = (s->bytes[3] & ARPC__PFC_WHOLE) == ARPC__PFC_WHOLE;
  S.compared++;
  if (s->bytes[2] == ARPC__RESPONSE && !whole) {
    compare_response(s);
    return;
  }
  const uint8_t *at = S.c.out.data + S.c.out.pos;
  if (there < 16) test_fail(__FILE__, __LINE__, "%s step %zu: nothing was said", S.v->name, step);
  size_t n = arpc__load16(at + 8, 0);
  if (cancel_ignored(s)) S.c.out.data[S.c.out.pos + 22] = 0;
  if (n != s->len || memcmp(at, s->bytes, n) != 0) fprintf(stderr, "%s step %zu:\n", S.v->name, step);
  CHECK_BYTES(at, n, s->bytes, s->len);
  S.c.out.pos += n;
}

static int orphans_a_running_call(const vector_step *s) {
  return s->bytes[2] == ARPC__ORPHANED && running_call(pdu_of(s).call_id) != NULL;
}

/* Stops where the recorded server is known to be another than we want: it goes on with an orphaned call. */
static void play_server(const vectors *v, int conn) {
  memset(&S.calls, 0, sizeof S.calls);
  S.v = v;
  S.conn = conn;
  S.ncalls = S.broken = 0;
  learn();
  for (size_t i = 0; i < v->count; i++) {
    const vector_step *s = &v->steps[i];
    if (s->conn != conn) continue;
    if (is_pdu(s, conn, 1)) {
      if (S.strict && orphans_a_running_call(s)) break;
      arpc__server_feed(&S.c, s->bytes, s->len);
      run_server();
    } else if (is_pdu(s, conn, 0)) {
      act_as_owner(s);
      if (S.strict) compare(s);
      else arpc__buf_clear(&S.c.out);
    } else if (s->eof && !s->from_client && !strncmp(v->name, "raw", 3)) {
      CHECK_EQ(S.broken, 1);
    } else if (s->eof && s->from_client && !strncmp(v->name, "raw", 3) && !strstr(v->name, "invalid4")) {
      CHECK_EQ(arpc__buf_unread(&S.c.out), 0);
    }
  }
  arpc__buf_free(&our_stub);
  arpc__server_fini(&S.c);
}

/* Lines of these do not say to which of two connections they belong. */
static int unclear(const vectors *v) {
  return strstr(v->name, "assoc_group_ok1") != NULL;
}

static void play_strictly(const vectors *v) {
  S.strict = 1;
  if (unclear(v) || strstr(v->name, "ctx_invalid4")) return; /* known to fail there: B5 */
  for (int conn = 1; conn <= v->conns; conn++) play_server(v, conn);
}

TEST("replay: Samba's raw_protocol against the server machine, byte by byte") {
  S.compared = 0;
  CHECK(vectors_each("raw_protocol", play_strictly) >= 80);
  CHECK(S.compared > 220);
}

static int of_samba_server(const vectors *v) {
  static const char *const names[] = {"samba_echo_calls", "samba_echo_calls_bigendian", "samba_echo_sleep", "samba_epm_mgmt",
                                      "samba_server_async_probe", "samba_altercontext", "impacket_to_samba_l0_f0",
                                      "impacket_to_samba_l0_f200", "wine_to_samba_l0_svc10"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(v->name, names[i])) return 1;
  return 0;
}

static void play_if_samba(const vectors *v) {
  if (of_samba_server(v)) play_strictly(v);
}

TEST("replay: clients of Samba's server against the server machine, byte by byte") {
  S.compared = 0;
  vectors_each("", play_if_samba);
  CHECK(S.compared > 110);
}

static size_t whole_requests(const vectors *v) {
  size_t n = 0;
  for (size_t i = 0; i < v->count; i++)
    n += v->steps[i].from_client && v->steps[i].len >= 24 && v->steps[i].bytes[2] == ARPC__REQUEST && v->steps[i].bytes[3] & ARPC__PFC_LAST;
  return n;
}

/* Two clients pipeline on a connection that does not multiplex, or use a context they never bound. */
static void play_others(const vectors *v) {
  if (of_samba_server(v) || !strcmp(v->name, "go_client_mux") || !strcmp(v->name, "wine_server_mux")) return;
  S.strict = 0;
  S.requests = 0;
  for (int conn = 1; conn <= v->conns; conn++) {
    play_server(v, conn);
    if (S.broken) test_fail(__FILE__, __LINE__, "%s conn%d broke off", v->name, conn);
  }
  if (S.requests != whole_requests(v)) test_fail(__FILE__, __LINE__, "%s: %zu of %zu requests", v->name, S.requests, whole_requests(v));
}

TEST("replay: FreeDCE, Wine, go-msrpc and impacket as clients of the server machine") {
  CHECK(vectors_each("", play_others) >= 20);
}

/* ---- the client machine ---- */

static struct {
  const vectors *v;
  int conn;
  arpc__client_conn c;
  arpc__client_context *contexts[64];
  uint16_t ids[64];
  int ncontexts;
  arpc__client_call calls[MAX_CALLS];
  uint32_t call_ids[MAX_CALLS];
  int ncalls;
  size_t said, answered;
} C;

/* Would our machine ask like this? One interface, one syntax in each element, in our order and numbering. */
static int like_ours(const vector_step *s, arpc_syntax *ret_abstract, uint8_t *ret_transfer, uint8_t *ret_features,
                     uint16_t *ret_id) {
  arpc__pdu p = pdu_of(s);
  arpc__pdu_bind b;
  int last = 0;
  *ret_transfer = *ret_features = 0;
  if (!arpc__read_bind(&p, &b)) return 0;
  for (int i = 0; i < b.count; i++) {
    arpc__pdu_element e;
    arpc_syntax t;
    if (!arpc__read_element(&b.elements, &e) || e.count != 1) return 0;
    arpc__read_syntax(&e.syntaxes, &t);
    int transfer = arpc__transfer_of(&t), kind = transfer ? transfer : arpc__features_of(&t, ret_features) ? 3 : 0;
    if (kind <= last || (i && !arpc__syntax_equal(&e.abstract, ret_abstract)) || (i && e.id != *ret_id + i)) return 0;
    if (!i) *ret_id = e.id;
    *ret_abstract = e.abstract;
    *ret_transfer |= (uint8_t)transfer;
    last = kind;
  }
  return *ret_transfer != 0 && p.call_id != 0;
}

static void must_say(const vector_step *s) {
  int canonical = !(s->bytes[3] & ~0x93) && s->bytes[4] == 0x10;
  size_t n = arpc__buf_unread(&C.c.out);
  if (canonical && n == s->len) {
    C.c.out.data[C.c.out.pos + 3] = s->bytes[3];
    memcpy(C.c.out.data + C.c.out.pos + 16, s->bytes + 16, 4); /* hints differ; sizes do in a bind */
    CHECK_BYTES(C.c.out.data + C.c.out.pos, n, s->bytes, s->len);
    C.said++;
  }
  arpc__buf_clear(&C.c.out);
}

static int ask(const vector_step *s) {
  arpc_syntax abstract;
  uint8_t transfer, features;
  uint16_t id = 0;
  arpc__pdu p = pdu_of(s);
  arpc__pdu_bind b;
  if (!like_ours(s, &abstract, &transfer, &features, &id)) return 0;
  arpc__read_bind(&p, &b);
  if (p.type == ARPC__BIND) {
    arpc__client_init(&C.c, &(arpc__client_options){.max_fragment = b.max_xmit, .max_response = 1 << 20, .transfer = transfer,
                                                    .multiplex = 1, .features = features, .group = b.group});
  } else {
    C.c.options.transfer = transfer;
  }
  C.c.next_call_id = p.call_id;
  C.c.next_context_id = id;
  if (arpc__client_present(&C.c, &abstract, &C.contexts[C.ncontexts]) || !C.c.asking) return 0;
  C.ids[C.ncontexts++] = id;
  must_say(s);
  return 1;
}

static const arpc__client_context *context_by(uint16_t id) {
  for (int i = 0; i < C.ncontexts; i++)
    if (C.contexts[i]->state == ARPC__ACCEPTED && C.contexts[i]->id == id) return C.contexts[i];
  return NULL;
}

static arpc__client_call *call_by(uint32_t id) {
  for (int i = C.ncalls - 1; i >= 0; i--)
    if (C.call_ids[i] == id && C.calls[i].call_id == id) return &C.calls[i];
  return NULL;
}

static void issue(const vectors *v, size_t i) {
  arpc__pdu p = pdu_of(&v->steps[i]);
  arpc__pdu_stub r;
  arpc_uuid object = {0};
  if (!(p.flags & ARPC__PFC_FIRST) || !p.call_id || call_by(p.call_id) || !arpc__read_request(&p, &r) || !context_by(r.context_id)) return;
  if (r.object) {
    arpc__reader at = arpc__reader_of(r.object, 16, p.big);
    arpc__uuid_get(&at, &object);
  }
  arpc__buf stub = whole_stub(v, i);
  C.c.next_call_id = p.call_id;
  if (!arpc__client_request(&C.c, &C.calls[C.ncalls], context_by(r.context_id), r.opnum, r.object ? &object : NULL, stub.data, stub.len)) {
    C.call_ids[C.ncalls++] = p.call_id;
    must_say(&v->steps[i]);
  }
  arpc__buf_free(&stub);
}

static void check_answer(const vectors *v, size_t i, arpc__client_event_kind kind, const arpc__client_event *ev) {
  arpc__pdu p = pdu_of(&v->steps[i]);
  arpc__pdu_fault f;
  if (p.type == ARPC__FAULT) {
    CHECK_EQ(kind, ARPC__C_FAULT);
    CHECK(arpc__read_fault(&p, &f) && ev->status && (ev->status == f.status || !f.status));
  } else {
    size_t first = i;
    CHECK_EQ(kind, ARPC__C_RESPONSE);
    while (!is_pdu(&v->steps[first], C.conn, 0) || pdu_of(&v->steps[first]).call_id != p.call_id ||
           !(v->steps[first].bytes[3] & ARPC__PFC_FIRST))
      first--;
    arpc__buf stub = whole_stub(v, first);
    CHECK_BYTES(ev->stub ? ev->stub : (const uint8_t *)"", ev->len, stub.data ? stub.data : (const uint8_t *)"", stub.len);
    CHECK_EQ(ev->big_endian, p.big);
    arpc__buf_free(&stub);
    arpc__client_free_answer(ev->call);
  }
  C.answered++;
}

static void receive(const vectors *v, size_t i) {
  const vector_step *s = &v->steps[i];
  arpc__client_event ev;
  arpc__pdu p = pdu_of(s);
  arpc__client_call *call = p.type == ARPC__RESPONSE || p.type == ARPC__FAULT ? call_by(p.call_id) : NULL;
  int without_first = call && !(call->mode & ARPC__ANSWERING) && p.type == ARPC__RESPONSE && !(p.flags & ARPC__PFC_FIRST);
  arpc__client_feed(&C.c, s->bytes, s->len);
  arpc__client_event_kind kind = arpc__client_next(&C.c, &ev);
  if (without_first) CHECK_EQ(kind, ARPC__C_BROKEN); /* impacket's server */
  else if (!call) CHECK(kind == ARPC__C_NONE || kind == ARPC__C_BOUND || (p.type == ARPC__BIND_NAK && kind == ARPC__C_BROKEN));
  else if (p.type == ARPC__FAULT || p.flags & ARPC__PFC_LAST) check_answer(v, i, kind, &ev);
  else CHECK_EQ(kind, ARPC__C_NONE);
}

static void play_client(const vectors *v, int conn) {
  int open = 0, skip_answer = 0;
  memset(&C.calls, 0, sizeof C.calls);
  C.v = v;
  C.conn = conn;
  C.ncontexts = C.ncalls = 0;
  for (size_t i = 0; i < v->count; i++) {
    const vector_step *s = &v->steps[i];
    int type = s->len >= 16 ? s->bytes[2] : -1;
    if (is_pdu(s, conn, 1) && (type == ARPC__BIND || type == ARPC__ALTER)) {
      if (type == ARPC__BIND && open) break;
      if (type == ARPC__BIND && !(open = ask(s))) break;
      else if (type == ARPC__ALTER) skip_answer = !ask(s);
    } else if (is_pdu(s, conn, 1) && type == ARPC__REQUEST && open) {
      issue(v, i);
    } else if (is_pdu(s, conn, 0) && open && !(skip_answer && type == ARPC__ALTER_RESP)) {
      receive(v, i);
    }
  }
  if (open) arpc__client_fini(&C.c);
}

static void play_clients(const vectors *v) {
  for (int conn = 1; conn <= v->conns && !unclear(v); conn++) play_client(v, conn);
}

TEST("replay: servers of all makes against the client machine") {
  C.said = C.answered = 0;
  vectors_each("", play_clients);
  CHECK(C.answered > 110);
  CHECK(C.said > 100);
  vectors_each("raw_protocol", play_clients);
}

/* ---- reading and writing every PDU ---- */

static size_t rewritten;

static void rewrite_bind(const arpc__pdu *p, arpc__buf *out) {
  arpc__pdu_bind b;
  arpc_syntax list[255];
  if (!arpc__read_bind(p, &b)) return;
  arpc__write_bind_head(out, b.max_xmit, b.max_recv, b.group, b.count);
  for (int i = 0; i < b.count; i++) {
    arpc__pdu_element e;
    CHECK(arpc__read_element(&b.elements, &e));
    for (int k = 0; k < e.count; k++) arpc__read_syntax(&e.syntaxes, &list[k]);
    arpc__write_element(out, e.id, &e.abstract, list, e.count);
  }
}

static void rewrite_ack(const arpc__pdu *p, arpc__buf *out, size_t start) {
  arpc__pdu_ack a;
  char text[256] = "";
  CHECK(arpc__read_ack(p, &a));
  if (a.address_len) memcpy(text, a.address, a.address_len);
  arpc__write_ack_head(out, start, a.max_xmit, a.max_recv, a.group, a.address_len ? text : NULL, a.count);
  for (int i = 0; i < a.count; i++) {
    arpc__pdu_result r;
    CHECK(arpc__read_result(&a.results, &r));
    arpc__write_result(out, r.result, r.reason, &r.transfer);
  }
}

static void rewrite_stub(const arpc__pdu *p, arpc__buf *out) {
  arpc__pdu_stub s;
  arpc_uuid object;
  CHECK(p->type == ARPC__REQUEST ? arpc__read_request(p, &s) : arpc__read_response(p, &s));
  if (s.object) {
    arpc__reader r = arpc__reader_of(s.object, 16, p->big);
    arpc__uuid_get(&r, &object);
  }
  arpc__stub_head h = {p->type, s.context_id, p->type == ARPC__REQUEST ? s.opnum : s.cancels, p->call_id, s.object ? &object : NULL};
  CHECK(arpc__write_stub(out, &h, 65535, s.stub, s.len));
  out->data[3] = p->flags;
  arpc__store32(out->data + 16, s.alloc_hint);
}

/* Gives 0 for a PDU that has more to it than we would write. */
static int rewrite(const arpc__pdu *p, arpc__buf *out) {
  arpc__pdu_fault f;
  uint16_t reason;
  size_t start;
  switch (p->type) {
  case ARPC__REQUEST: case ARPC__RESPONSE:
    rewrite_stub(p, out);
    return 1;
  case ARPC__FAULT:
    CHECK(arpc__read_fault(p, &f));
    CHECK(arpc__write_fault(out, p->flags & ~3, p->call_id, f.context_id, f.cancels, f.status));
    arpc__store32(out->data + 16, f.alloc_hint);
    return p->len == 32;
  case ARPC__BIND_NAK:
    CHECK(arpc__read_nak(p, &reason) && arpc__write_nak(out, p->call_id, reason));
    return 1;
  case ARPC__CO_CANCEL: case ARPC__ORPHANED:
    CHECK(arpc__write_header(out, p->type, p->call_id));
    out->data[3] = p->flags;
    return 1;
  default:
    start = arpc__begin_pdu(out, p->type, p->flags, p->call_id);
    if (p->type == ARPC__BIND || p->type == ARPC__ALTER) rewrite_bind(p, out);
    else rewrite_ack(p, out, start);
    return arpc__end_pdu(out, start);
  }
}

static void rewrite_all(const vectors *v) {
  for (size_t i = 0; i < v->count; i++) {
    const vector_step *s = &v->steps[i];
    arpc__buf out = {0};
    if (s->eof) continue;
    arpc__pdu p = pdu_of(s);
    CHECK_EQ(p.len, s->len);
    CHECK_EQ(p.len, arpc__load16(p.bytes + 8, p.big));
    int canonical = rewrite(&p, &out) && !p.big && !p.auth_len && out.len >= s->len && s->len != 25;
    if (!strcmp(v->name, "impacket_custom") && p.type == ARPC__BIND_ACK) canonical = 0; /* its padding is not zero */
    if (canonical) {
      if (out.len != s->len || memcmp(out.data, s->bytes, s->len) != 0) fprintf(stderr, "%s step %zu\n", v->name, i);
      CHECK_BYTES(out.data, out.len, s->bytes, s->len);
      rewritten++;
    }
    arpc__buf_free(&out);
  }
}

TEST("replay: every recorded PDU, read and written again, is the same") {
  rewritten = 0;
  vectors_each("", rewrite_all);
  vectors_each("raw_protocol", rewrite_all);
  CHECK(rewritten > 1000);
}
