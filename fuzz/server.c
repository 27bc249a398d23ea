/* The server machine under an owner that does what csrc/rpc does: every call in memory of its own, freed when
 * it ends. What the machine says about a call is compared with what the owner told it. */
#include "fuzz.h"

enum { HELD = 24, MAX_CONTEXTS = 6, MAX_REQUEST = 4096, OP_RANGE = 0x1C010002 };
#define SAYS (1u << ARPC__FAULT | 3u << ARPC__BIND_ACK | 1u << ARPC__ALTER_RESP | 1u << ARPC__SHUTDOWN) /* ack, nak */

typedef struct world {
  arpc__server_conn c;
  arpc__server_call *held[HELD];
  const uint8_t *knobs;
  unsigned turn, broken;
  const arpc__server_call *streamed; /* what DATA is for, NULL = nobody */
  int short_of_memory; /* of room in `out` */
} world;

static const arpc_syntax served[2] = {
    {{0xafa8bd80, 0x7d8a, 0x11c9, {0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89}}, 1, 0},
    {{0x60a15ec5, 0x4de8, 0x11d7, {0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82}}, 1, 0}};

/* Anything else of version 1.x is there too, so that there are contexts enough. */
static const void *find(void *arg, const arpc_syntax *wanted) {
  (void)arg;
  for (int i = 0; i < 2; i++)
    if (arpc__syntax_equal(wanted, &served[i])) return &served[i];
  return wanted->major == 1 ? served : NULL;
}

static uint32_t group(void *arg, uint32_t wanted) {
  const world *w = arg;
  return wanted ? wanted & 1 ? 0 : wanted : w->knobs[0] & 0x20 && w->knobs[7] == 0xff ? 0 : 0x1234;
}

static int streams(void *arg, const arpc__server_context *context, uint16_t opnum) {
  (void)arg;
  FUZZ_CHECK(context->interface == find(NULL, &context->abstract));
  return opnum & 1;
}

static void begin(world *w) {
  uint8_t o = w->knobs[0];
  arpc__server_init(&w->c, &(arpc__server_options){.max_fragment = o & 1 ? 2048 : 5840,
                                                   .max_request = MAX_REQUEST,
                                                   .max_contexts = MAX_CONTEXTS,
                                                   .transfer = o & 2 ? ARPC_NDR20 : ARPC_NDR20 | ARPC_NDR64,
                                                   .prefer = o & 4 ? ARPC_NDR64 : ARPC_NDR20,
                                                   .features = o >> 3 & 3,
                                                   .address = o & 0x40 ? "49152" : NULL,
                                                   .host = {w, find, group, streams}});
  if ((w->short_of_memory = o & 0x80)) w->c.out.max = 200 + w->knobs[7];
}

static void check_state(const world *w) {
  unsigned running = 0, awaited = 0;
  for (int i = 0; i < HELD; i++) {
    running += w->held[i] != NULL;
    awaited += w->held[i] && !w->held[i]->unheard;
  }
  FUZZ_CHECK(w->c.running == running && w->c.awaited == awaited && w->c.calls.used <= running);
  FUZZ_CHECK(w->c.ncontexts <= MAX_CONTEXTS && w->c.request.stub.len <= MAX_REQUEST);
}

static void drain(world *w) {
  arpc__pdu p;
  while (fuzz_said(&w->c.out, SAYS, &p)) continue;
  arpc__buf_clear(&w->c.out);
}

/* What ending a call says: fragments that hold the stub, or a fault, or nothing at all. */
static void check_answer(world *w, const arpc__server_call *was, const uint8_t *stub, size_t len, int heard) {
  arpc__pdu p;
  fuzz_answer want = {was->call_id, (uint8_t)was->context_id, was->cancels, w->c.max_xmit, stub, len};
  int said = heard && stub && fuzz_said_answer(&w->c.out, &want);
  if (!said && heard && (!stub || w->short_of_memory) && fuzz_said(&w->c.out, 1u << ARPC__FAULT, &p)) {
    FUZZ_CHECK(p.call_id == was->call_id);
    said = 1;
  }
  FUZZ_CHECK((said == heard || w->c.broken) && !arpc__buf_unread(&w->c.out));
}

/* How: 1 a fault, 2 nothing, else an answer. */
static void end(world *w, arpc__server_call **at, unsigned how, size_t len) {
  static uint8_t bytes[16384];
  arpc__server_call *call = *at, was = *call;
  arpc__server_follow(&w->c, call, 0);
  if (w->streamed == call) w->streamed = NULL;
  int heard = !was.unheard && !w->c.broken && how != 2;
  for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
  drain(w);
  if (how == 1) arpc__server_fault(&w->c, call, 0x1C000012, 0);
  else if (how == 2) arpc__server_drop(&w->c, call);
  else arpc__server_respond(&w->c, call, bytes, len);
  FUZZ_CHECK(!call->on);
  *at = NULL;
  free(call);
  check_answer(w, &was, how == 1 ? NULL : bytes, len, heard);
}

static void serve(world *w, const arpc__server_event *ev) {
  uint8_t decide = w->knobs[1 + w->turn++ % 6];
  arpc__server_call **at = w->held;
  while (at < w->held + HELD - 1 && *at) at++;
  fuzz_read(ev->stub, ev->len);
  FUZZ_CHECK((ev->len <= MAX_REQUEST || !ev->last) && ev->context->interface == find(NULL, &ev->context->abstract));
  FUZZ_CHECK(ev->last || ev->opnum & 1);
  w->streamed = NULL;
  if ((decide & 7) == 2) {
    arpc__server_refuse(&w->c, ev, OP_RANGE);
    return;
  }
  *at = malloc(sizeof **at);
  FUZZ_CHECK(!arpc__server_accept(&w->c, *at, ev));
  FUZZ_CHECK((*at)->on && (*at)->call_id == ev->call_id && (*at)->unheard == ev->maybe && !(*at)->cancels);
  if (!ev->last) arpc__server_follow(&w->c, *at, 1), w->streamed = *at;
  if (*at == w->held[HELD - 1] || (decide & 7) < 2) end(w, at, decide & 1, (decide >> 3) * 200u);
}

static void heard_of(const world *w, const arpc__server_call *call) {
  int known = 0;
  for (int i = 0; i < HELD; i++) known |= w->held[i] == call;
  FUZZ_CHECK(known && call->on);
}

static void data(world *w, const arpc__server_event *ev) {
  FUZZ_CHECK(ev->call && ev->call == w->streamed && ev->last == !w->c.request.open);
  fuzz_read(ev->stub, ev->len);
  heard_of(w, ev->call);
  if (ev->last) w->streamed = NULL;
}

static void take_events(world *w) {
  arpc__server_event ev;
  while (arpc__server_next(&w->c, &ev)) {
    FUZZ_CHECK(!w->broken);
    if (ev.kind == ARPC__S_REQUEST) serve(w, &ev);
    if (ev.kind == ARPC__S_CANCEL || ev.kind == ARPC__S_ORPHAN) heard_of(w, ev.call);
    if (ev.kind == ARPC__S_DATA) data(w, &ev);
    w->broken += ev.kind == ARPC__S_BROKEN;
  }
  check_state(w);
  arpc__server_midway(&w->c);
}

static void feed(void *arg, const uint8_t *bytes, size_t n) {
  arpc__server_feed(&((world *)arg)->c, bytes, n);
  take_events(arg);
}

static void act(void *arg, unsigned what, uint8_t how) {
  world *w = arg;
  arpc__server_call **at = &w->held[how % HELD];
  if (what < 3 && *at) end(w, at, what, how * 40u);
  else if (how & 1) drain(w);
  else if (how == 2) arpc__server_shutdown(&w->c);
  take_events(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz_machine machine = {feed, act, NULL};
  world w = {.knobs = data};
  if (size < FUZZ_KNOBS) return 0;
  begin(&w);
  fuzz_drive(&machine, &w, (fuzz_input){data + FUZZ_KNOBS, size - FUZZ_KNOBS});
  drain(&w);
  for (int i = 0; i < HELD; i++)
    if (w.held[i]) end(&w, &w.held[i], 2, 0);
  arpc__server_fini(&w.c);
  return 0;
}
