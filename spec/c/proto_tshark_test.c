/* What our readers find in the recorded PDUs is what tshark found in them: NAME.tshark.tsv beside NAME.hex.txt.
 *
 * A line there is a captured frame, which may have ended several PDUs: a column then holds their values in
 * turn, separated by commas, without a hole for a PDU that lacks the field. So every PDU takes from a column
 * the values it must have by its type, and a frame whose PDUs are through must have none left. PDUs are in
 * the same order in both files.
 *
 * Not held against anything of ours: opnum and object of responses and faults, which tshark repeats from the
 * request. Not in the columns: minor versions, versions of transfer syntaxes, the syntaxes of an
 * acknowledgement, its secondary address. No bind_nak and no authentication is in these exchanges. */
#include "proto/frame.h"
#include "proto/pdu.h"
#include "test.h"
#include "vectors.h"

enum {
  FRAME, STREAM, PORT, PROTOCOL, TYPE, FLAGS, DREP, FRAG_LEN, AUTH_LEN, CALL_ID, MAX_XMIT, MAX_RECV, GROUP, CONTEXT_ID,
  ABSTRACT, VERSION, TRANSFER, RESULT, REASON, REJECT_REASON, ALLOC_HINT, OPNUM, OBJECT, CANCELS, STATUS, AUTH_TYPE,
  AUTH_LEVEL, AUTH_PAD, AUTH_CONTEXT, INFO, COLUMNS
};

static const char *const names[COLUMNS] = {
    "frame.number", "tcp.stream", "tcp.srcport", "_ws.col.Protocol", "dcerpc.pkt_type", "dcerpc.cn_flags",
    "dcerpc.drep.byteorder", "dcerpc.cn_frag_len", "dcerpc.cn_auth_len", "dcerpc.cn_call_id", "dcerpc.cn_max_xmit",
    "dcerpc.cn_max_recv", "dcerpc.cn_assoc_group", "dcerpc.cn_ctx_id", "dcerpc.cn_bind_to_uuid", "dcerpc.cn_bind_if_ver",
    "dcerpc.cn_bind_trans_id", "dcerpc.cn_ack_result", "dcerpc.cn_ack_reason", "dcerpc.cn_reject_reason",
    "dcerpc.cn_alloc_hint", "dcerpc.opnum", "dcerpc.obj_id", "dcerpc.cn_cancel_count", "dcerpc.cn_status",
    "dcerpc.auth_type", "dcerpc.auth_level", "dcerpc.auth_pad_len", "dcerpc.auth_ctx_id", "_ws.col.Info"};

static struct {
  const char *name; /* of the exchange */
  FILE *file;
  char *line;
  size_t size;
  char *at[COLUMNS]; /* what is still to be taken from the current line */
  size_t pdus;       /* seen of the current frame */
  size_t all_pdus, values;
} T;

#define REFUSE(format, ...) \
  test_fail(__FILE__, __LINE__, "%s, frame %s, its PDU %zu: " format, T.name, T.at[FRAME], T.pdus, __VA_ARGS__)

/* ---- the lines ---- */

/* The next line, cut into its columns; 0 when there is none. */
static int read_line(void) {
  if (getline(&T.line, &T.size, T.file) < 0) return 0;
  T.line[strcspn(T.line, "\n")] = 0;
  char *rest = T.line;
  for (int i = 0; i < COLUMNS; i++) {
    T.at[i] = strsep(&rest, "\t");
    if (!T.at[i]) test_fail(__FILE__, __LINE__, "%s: a line without %s", T.name, names[i]);
  }
  return 1;
}

static void open_lines(const char *name) {
  char path[512];
  const char *data = getenv("ARPC_SPEC_DATA");
  snprintf(path, sizeof path, "%s/vectors/%s.tshark.tsv", data ? data : "spec/data", name);
  T.name = name;
  T.file = fopen(path, "r");
  if (!T.file) test_fail(__FILE__, __LINE__, "%s cannot be read", path);
  if (!read_line()) test_fail(__FILE__, __LINE__, "%s is empty", path);
  for (int i = 0; i < COLUMNS; i++) CHECK_STR(T.at[i], names[i]);
}

static void close_lines(void) {
  fclose(T.file);
  free(T.line);
  T.file = NULL;
  T.line = NULL;
  T.size = 0;
}

/* All that tshark saw in a frame has been seen by us. */
static void end_frame(void) {
  for (int i = TYPE; i < INFO; i++)
    if (*T.at[i]) REFUSE("we do not have %s %s", names[i], T.at[i]);
}

/* Sees to it that the current line has a PDU left. */
static void reach_pdu(void) {
  while (!*T.at[TYPE]) {
    end_frame();
    if (!read_line()) test_fail(__FILE__, __LINE__, "%s has more PDUs than frames", T.name);
    T.pdus = 0;
  }
  T.pdus++;
}

static void end_lines(void) {
  end_frame();
  if (read_line()) REFUSE("is not among the bytes%s", "");
}

/* ---- a value of ours against the next one of a column ---- */

static const char *take(int column) {
  if (!*T.at[column]) REFUSE("tshark has no %s", names[column]);
  char *value = strsep(&T.at[column], ",");
  if (!T.at[column]) T.at[column] = value + strlen(value);
  T.values++;
  return value;
}

static void same(int column, uint32_t ours) {
  const char *value = take(column);
  char *end;
  unsigned long long theirs = strtoull(value, &end, strncmp(value, "0x", 2) ? 10 : 16);
  if (end == value || *end || theirs != ours) REFUSE("%s is %u (0x%x), not %s", names[column], ours, ours, value);
}

static void same_uuid(int column, const arpc_uuid *ours) {
  char text[ARPC__UUID_TEXT];
  const char *value = take(column);
  arpc__uuid_format(ours, text);
  if (strcmp(text, value) != 0) REFUSE("%s is %s, not %s", names[column], text, value);
}

/* ---- PDUs ---- */

static void check_bind(const arpc__pdu *p) {
  arpc__pdu_bind b;
  CHECK(arpc__read_bind(p, &b));
  same(MAX_XMIT, b.max_xmit);
  same(MAX_RECV, b.max_recv);
  same(GROUP, b.group);
  for (int i = 0; i < b.count; i++) {
    arpc__pdu_element e;
    CHECK(arpc__read_element(&b.elements, &e));
    same(CONTEXT_ID, e.id);
    same_uuid(ABSTRACT, &e.abstract.uuid);
    same(VERSION, e.abstract.major);
    for (int k = 0; k < e.count; k++) {
      arpc_syntax transfer;
      arpc__read_syntax(&e.syntaxes, &transfer);
      CHECK(!e.syntaxes.error);
      same_uuid(TRANSFER, &transfer.uuid);
    }
  }
  CHECK_EQ(arpc__left(&b.elements), 0);
}

/* An acceptance has no reason for tshark, and in a negotiate_ack it takes the field for the features. */
static void check_ack(const arpc__pdu *p) {
  arpc__pdu_ack a;
  CHECK(arpc__read_ack(p, &a));
  same(MAX_XMIT, a.max_xmit);
  same(MAX_RECV, a.max_recv);
  same(GROUP, a.group);
  for (int i = 0; i < a.count; i++) {
    arpc__pdu_result r;
    CHECK(arpc__read_result(&a.results, &r));
    same(RESULT, r.result);
    if (r.result != ARPC__ACCEPTANCE && r.result != ARPC__NEGOTIATE_ACK) same(REASON, r.reason);
  }
  CHECK_EQ(arpc__left(&a.results), 0);
}

static void check_nak(const arpc__pdu *p) {
  uint16_t reason;
  CHECK(arpc__read_nak(p, &reason));
  same(REJECT_REASON, reason);
}

static void check_request(const arpc__pdu *p) {
  arpc__pdu_stub s;
  CHECK(arpc__read_request(p, &s));
  same(ALLOC_HINT, s.alloc_hint);
  same(CONTEXT_ID, s.context_id);
  same(OPNUM, s.opnum);
  if (s.object) {
    arpc_uuid object;
    arpc__reader r = arpc__reader_of(s.object, 16, p->big);
    arpc__uuid_get(&r, &object);
    same_uuid(OBJECT, &object);
  }
}

static void forget_request(void) {
  T.at[OPNUM] += strlen(T.at[OPNUM]);
  T.at[OBJECT] += strlen(T.at[OBJECT]);
}

static void check_response(const arpc__pdu *p) {
  arpc__pdu_stub s;
  CHECK(arpc__read_response(p, &s));
  same(ALLOC_HINT, s.alloc_hint);
  same(CONTEXT_ID, s.context_id);
  same(CANCELS, s.cancels);
  forget_request();
}

static void check_fault(const arpc__pdu *p) {
  arpc__pdu_fault f;
  CHECK(arpc__read_fault(p, &f));
  same(ALLOC_HINT, f.alloc_hint);
  same(CONTEXT_ID, f.context_id);
  same(CANCELS, f.cancels);
  same(STATUS, f.status);
  forget_request();
}

static void check_body(const arpc__pdu *p) {
  switch (p->type) {
    case ARPC__REQUEST: check_request(p); break;
    case ARPC__RESPONSE: check_response(p); break;
    case ARPC__FAULT: check_fault(p); break;
    case ARPC__BIND:
    case ARPC__ALTER: check_bind(p); break;
    case ARPC__BIND_ACK:
    case ARPC__ALTER_RESP: check_ack(p); break;
    case ARPC__BIND_NAK: check_nak(p); break;
    default: CHECK_EQ(p->len, ARPC__HEADER);
  }
}

/* How long our framing finds it to be. */
static uint32_t framed(const vector_step *s) {
  arpc__frame f;
  size_t len = 0;
  arpc__frame_init(&f);
  arpc__frame_feed(&f, s->bytes, s->len);
  CHECK(arpc__frame_next(&f, &len) == s->bytes);
  CHECK(!arpc__frame_pending(&f));
  arpc__frame_fini(&f);
  return (uint32_t)len;
}

static void check_pdu(const vector_step *s) {
  arpc__pdu p;
  CHECK(s->len >= ARPC__HEADER);
  arpc__read_pdu(&p, s->bytes, s->len);
  reach_pdu();
  if (s->conn != atoi(T.at[STREAM]) + 1) REFUSE("lies on connection %d, not stream %s", s->conn, T.at[STREAM]);
  same(TYPE, p.type);
  same(FLAGS, p.flags);
  same(DREP, !p.big);
  same(FRAG_LEN, framed(s));
  same(AUTH_LEN, p.auth_len);
  same(CALL_ID, p.call_id);
  CHECK_EQ(p.odd, 0);
  check_body(&p);
  T.all_pdus++;
}

static void check_exchange(const vectors *v) {
  open_lines(v->name);
  for (int i = TYPE; i < INFO; i++) T.at[i] = T.line + strlen(T.line); /* the headings are through */
  for (size_t i = 0; i < v->count; i++)
    if (v->steps[i].len) check_pdu(&v->steps[i]);
  end_lines();
  close_lines();
}

TEST("tshark: our decode of every PDU equals its, in all exchanges but raw_protocol/* (no decode beside them)") {
  CHECK_EQ(vectors_each("", check_exchange), 22);
  CHECK_EQ(T.all_pdus, 555);
  CHECK_EQ(T.values, 5473);
}
