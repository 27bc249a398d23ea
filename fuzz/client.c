/* The client machine under an owner that does what csrc/rpc does: every call in memory of its own, freed when
 * it is over. Answers are remembered as they come in and compared with what is told. */
#include "fuzz.h"

enum { CALLS = 16, INTERFACES = 8, MAX_RESPONSE = 4096 };
#define SAYS (1u << ARPC__REQUEST | 1u << ARPC__BIND | 1u << ARPC__ALTER | 3u << ARPC__CO_CANCEL) /* cancel, orphaned */

typedef struct world {
  arpc__client_conn c;
  arpc__client_call *calls[CALLS];
  uint32_t ids[CALLS], last_id; /* what the calls were given */
  arpc__client_context *contexts[INTERFACES];
  const uint8_t *knobs;
  unsigned forgotten, broken;
} world;

static arpc_syntax interface(unsigned n) {
  return (arpc_syntax){{0x60a15ec5 + n, 0x4de8, 0x11d7, {0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82}}, 1, 0};
}

static void begin(world *w) {
  uint8_t o = w->knobs[0];
  arpc__client_init(&w->c, &(arpc__client_options){.max_fragment = o & 1 ? 2048 : 5840,
                                                   .max_response = MAX_RESPONSE,
                                                   .transfer = o & 2 ? ARPC_NDR20 : ARPC_NDR20 | ARPC_NDR64,
                                                   .multiplex = !(o & 4), .features = o >> 3 & 3, .group = o & 0x20});
  w->c.out.max = o & 0x80 ? 100 + w->knobs[7] * 8u : 0;
  w->c.next_call_id = o & 0x40 ? INT32_MAX - 4 : 1;
}

static void check_state(const world *w) {
  unsigned on = 0, marks = w->forgotten - w->c.late; /* of calls whose answers are still to come */
  for (int i = 0; i < CALLS; i++) on += w->calls[i] && w->calls[i]->call_id == w->ids[i];
  FUZZ_CHECK(w->c.calls.used == on + marks);
  FUZZ_CHECK(arpc__client_idle(&w->c) == (!on && !marks && !w->c.asking));
}

/* Everything said is well-formed and about ids that were given. */
static void drain(world *w) {
  arpc__pdu p;
  while (fuzz_said(&w->c.out, SAYS, &p)) {
    FUZZ_CHECK(p.call_id && p.call_id < w->c.next_call_id);
    FUZZ_CHECK(p.type != ARPC__REQUEST || (p.len <= w->c.max_xmit && w->c.bound));
  }
  arpc__buf_clear(&w->c.out);
}

/* A question in two fragments, the answer to which is told of as it comes. */
static arpc_status stream(world *w, arpc__client_call *call, const arpc__client_context *x, uint8_t how) {
  arpc__stub_head head = {.word = 7, .object = how & 32 ? &x->abstract.uuid : NULL};
  arpc_status status = arpc__client_open(&w->c, call, x, &head);
  if (status) return status;
  if (how & 128 && !arpc__write_stub_head(&w->c.out, &head, ARPC__PFC_FIRST, 0)) return ARPC_S_OK;
  arpc__write_stub_head(&w->c.out, &head, how & 128 ? ARPC__PFC_LAST : ARPC__PFC_WHOLE, 0);
  return ARPC_S_OK;
}

static void request(world *w, uint8_t how) {
  static const uint8_t stub[16384];
  unsigned i = how % CALLS;
  arpc__client_context *x = w->contexts[how / CALLS % INTERFACES];
  int may = !w->c.broken && (arpc__client_idle(&w->c) || w->c.multiplex);
  if (w->calls[i] || !(x = x ? x : w->contexts[0])) return;
  arpc__client_call *call = calloc(1, sizeof *call);
  drain(w);
  arpc_status status = how & 64 ? stream(w, call, x, how)
                                : arpc__client_request(&w->c, call, x, 7, how & 32 ? &x->abstract.uuid : NULL, stub, how * 50u);
  if (status) {
    FUZZ_CHECK(!call->call_id && !arpc__buf_unread(&w->c.out));
    free(call);
    return;
  }
  FUZZ_CHECK(may && x->state == ARPC__ACCEPTED && call->call_id > w->last_id);
  w->calls[i] = call;
  w->last_id = w->ids[i] = call->call_id;
}

static void present(world *w, uint8_t how) {
  arpc__client_context *x = NULL, **at = &w->contexts[how % INTERFACES];
  arpc_syntax abstract = interface(how % INTERFACES);
  FUZZ_CHECK((arpc__client_present(&w->c, &abstract, &x) == 0) == (x != NULL) && (!*at || *at == x));
  *at = x;
}

static void forget(world *w, uint8_t how, int orphan) {
  arpc__client_call **at = &w->calls[how % CALLS];
  if (!*at) return;
  if (orphan) arpc__client_orphan(&w->c, *at);
  arpc__client_forget(&w->c, *at);
  FUZZ_CHECK(!(*at)->call_id && !(*at)->answer);
  w->forgotten++;
  free(*at);
  *at = NULL;
}

static void piece(const world *w, const arpc__client_event *ev) {
  int i = 0;
  while (i < CALLS && w->calls[i] != ev->call) i++;
  FUZZ_CHECK(ev->call && i < CALLS && ev->call->mode & ARPC__STREAMING && !ev->call->answer);
  FUZZ_CHECK((ev->call->call_id == 0) == ev->last);
  fuzz_read(ev->stub, ev->len);
}

/* The end of a call: once, and the call is not on the connection any more. */
static void over(world *w, const arpc__client_event *ev) {
  int i = 0;
  while (i < CALLS && w->calls[i] != ev->call) i++;
  FUZZ_CHECK(ev->call && i < CALLS && !ev->call->call_id && (ev->kind != ARPC__C_RESPONSE || ev->len <= MAX_RESPONSE));
  FUZZ_CHECK(ev->kind != ARPC__C_RESPONSE || !(ev->call->mode & ARPC__STREAMING));
  fuzz_read(ev->stub, ev->len);
  arpc__client_free_answer(ev->call);
  free(ev->call);
  w->calls[i] = NULL;
}

static void bound(const world *w, const arpc__client_event *ev) {
  int i = 0;
  while (i < INTERFACES && w->contexts[i] != ev->context) i++;
  FUZZ_CHECK(i < INTERFACES && ev->context && !w->c.asking && w->c.bound);
  if (ev->context->state == ARPC__REFUSED) FUZZ_CHECK(ev->context->error);
  else FUZZ_CHECK(ev->context->state == ARPC__ACCEPTED && ev->context->transfer & w->c.options.transfer);
}

static void take_events(world *w) {
  arpc__client_event ev;
  while (arpc__client_next(&w->c, &ev)) {
    FUZZ_CHECK(!w->broken);
    if (ev.kind == ARPC__C_DATA) piece(w, &ev);
    if (ev.kind == ARPC__C_RESPONSE || ev.kind == ARPC__C_FAULT || ev.last) over(w, &ev);
    if (ev.kind == ARPC__C_BOUND) bound(w, &ev);
    if (ev.kind == ARPC__C_BROKEN) w->broken++;
  }
  check_state(w);
}

/* Recorded servers counted otherwise: an answer gets the id of a question. */
static void mend_id(void *arg, uint8_t *pdu) {
  const world *w = arg;
  uint32_t id = w->c.asking;
  unsigned n = pdu[pdu[4] & 0x10 ? 12 : 15];
  for (unsigned i = n; !id && i < n + CALLS; i++) id = w->calls[i % CALLS] ? w->ids[i % CALLS] : 0;
  if (!(pdu[4] & 0x10)) id = __builtin_bswap32(id);
  arpc__store32(pdu + 12, id);
}

static void feed(void *arg, const uint8_t *bytes, size_t n) {
  arpc__client_feed(&((world *)arg)->c, bytes, n);
  take_events(arg);
}

static void act(void *arg, unsigned what, uint8_t how) {
  world *w = arg;
  if (what == 0) request(w, how);
  else if (what == 1) present(w, how);
  else if (what == 2) forget(w, how, how & 0x80);
  else if (how & 0x80) drain(w);
  else if (w->calls[how % CALLS]) arpc__client_cancel(&w->c, w->calls[how % CALLS]);
  take_events(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz_machine machine = {feed, act, mend_id};
  world w = {.knobs = data};
  if (size < FUZZ_KNOBS) return 0;
  begin(&w);
  fuzz_drive(&machine, &w, (fuzz_input){data + FUZZ_KNOBS, size - FUZZ_KNOBS});
  drain(&w);
  for (uint8_t i = 0; i < CALLS; i++) forget(&w, i, i & 1);
  arpc__client_fini(&w.c);
  return 0;
}
