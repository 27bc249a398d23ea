/* Any bytes in any portions: the PDUs that come out, one after the other, are the bytes that went in.
 * Input: a byte of options, 7 sizes of portions that take turns (0: the rest), the stream. */
#include "fuzz.h"

#include <limits.h>

typedef struct world {
  arpc__frame f;
  const uint8_t *stream; /* all that is fed */
  size_t fed, given;
} world;

static void check_pdu(world *w, const uint8_t *pdu, size_t len) {
  FUZZ_CHECK(len >= ARPC__HEADER && len <= w->fed - w->given);
  FUZZ_CHECK(len == arpc__load16(pdu + 8, !(pdu[4] & 0x10)));
  FUZZ_CHECK(!memcmp(pdu, w->stream + w->given, len));
  FUZZ_CHECK(!w->f.strict || pdu[0] == 5);
  w->given += len;
}

/* Nothing more comes: either there is no whole PDU, or its header cannot be. */
static void check_rest(const world *w) {
  size_t left = w->fed - w->given;
  const uint8_t *at = w->stream + w->given;
  if (w->f.error == ARPC_S_OUT_OF_MEMORY) return;
  FUZZ_CHECK(!arpc__frame_pending(&w->f) == !left);
  if (left < ARPC__HEADER) return;
  size_t len = arpc__load16(at + 8, !(at[4] & 0x10));
  int bad = len < ARPC__HEADER || (w->f.strict && at[0] != 5);
  FUZZ_CHECK(bad ? w->f.error == ARPC_S_PROTOCOL_ERROR : !w->f.error && len > left);
}

static void take_some(world *w, unsigned most) {
  const uint8_t *pdu;
  size_t len;
  for (; most; most--) {
    if (!(pdu = arpc__frame_next(&w->f, &len))) {
      check_rest(w);
      return;
    }
    check_pdu(w, pdu, len);
  }
}

static void run(world *w, const uint8_t *sizes, uint8_t options, size_t size) {
  uint8_t *lent = NULL;
  for (unsigned turn = 0; w->fed < size; turn++) {
    size_t n = sizes[turn % 7];
    if (!n || n > size - w->fed) n = size - w->fed;
    uint8_t *portion = fuzz_own(w->stream + w->fed, n);
    arpc__frame_feed(&w->f, portion, n);
    if (!w->f.error) w->fed += n;
    free(lent);
    lent = portion;
    take_some(w, options & 2 && turn & 1 ? options >> 6 : UINT_MAX);
    if (w->f.error) break;
  }
  take_some(w, UINT_MAX);
  free(lent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < FUZZ_KNOBS) return 0;
  world w = {.stream = data + FUZZ_KNOBS};
  arpc__frame_init(&w.f);
  w.f.strict = data[0] & 1;
  if (data[0] & 4) w.f.part.max = 64;
  run(&w, data + 1, data[0], size - FUZZ_KNOBS);
  arpc__frame_fini(&w.f);
  FUZZ_CHECK(!w.f.part.data && !w.f.fed_len);
  return 0;
}
