/* How long a list's stub is, told from its beginning on. */
#include "test.h"

#include "ndr/measure.h"

enum { LONG, UNIQUE, NODE, NODES, TEXT, EITHER, TYPES };

static arpc__ndr_type types[TYPES];
static arpc__ndr_member node[] = {{.name = "n", .type = &types[LONG], .slot = -1},
                                  {.name = "next", .type = &types[UNIQUE], .slot = -1}};
static arpc__ndr_member arms[] = {{.name = "tag", .type = &types[LONG], .slot = -1},
                                  {.name = "value", .type = &types[UNIQUE], .slot = -1},
                                  {.name = "value", .type = &types[LONG], .slot = -1}};
static const arpc__ndr_case cases[] = {{1, 1}, {2, 2}};
static arpc__ndr_member members[] = {{.name = "a", .type = &types[LONG], .slot = -1, .place = 1},
                                     {.name = "list", .type = &types[NODES], .slot = -1, .place = 2},
                                     {.name = "text", .type = &types[TEXT], .slot = -1, .place = 3},
                                     {.name = "either", .type = &types[EITHER], .slot = -1, .place = 4}};
static const arpc__ndr_list list = {.members = members, .count = 4};

static void lay_out(void) {
  uint32_t at;
  const arpc__ndr_type all[TYPES] = {
      [LONG] = {.kind = ARPC__NDR_INT, .flags = ARPC__NDR_SIGNED, .size = {4, 4}},
      [UNIQUE] = {.kind = ARPC__NDR_POINTER, .of = &types[NODE]},
      [NODE] = {.kind = ARPC__NDR_STRUCT, .list = {.members = node, .count = 2}},
      [NODES] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[NODE]},
      [TEXT] = {.kind = ARPC__NDR_TEXT, .flags = ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING | ARPC__NDR_STRING},
      [EITHER] = {.kind = ARPC__NDR_UNION, .of = &types[LONG], .list = {.members = arms, .count = 3}, .cases = cases,
                  .ncases = 2}};
  memcpy(types, all, sizeof types);
  CHECK(!arpc__ndr_layout(types, TYPES, &at));
  CHECK(!arpc__ndr_check_list(&list));
}

/* a = 7, two nodes, the first of which leads to two more, "ab", the first arm with one node. */
static const uint32_t words[] = {7, 2, 1, 0x20000, 2, 0, 3, 0x20004, 4, 0, 3, 0, 3, 0x6261, 1, 0x20008, 5, 0};
enum { LEN = sizeof words };

static arpc_status measure(const void *stub, size_t len, size_t *ret) {
  arpc__reader r = arpc__reader_of(stub, len, 0);
  return arpc__ndr_measure(&list, ARPC_NDR20, &r, ret);
}

TEST("ndr: a stub's length is known once it is all there, and no sooner") {
  uint8_t stub[LEN + 9] = {0};
  size_t n = 12345;
  lay_out();
  memcpy(stub, words, LEN);
  for (size_t len = 0; len < LEN; len++) {
    uint8_t *exact = malloc(len + !len); /* reading behind it is seen */
    memcpy(exact, stub, len);
    CHECK_EQ(measure(exact, len, &n), ARPC_ERROR_MORE_DATA);
    CHECK_EQ(n, 12345);
    free(exact);
  }
  for (size_t len = LEN; len <= sizeof stub; len++) {
    CHECK_EQ(measure(stub, len, &n), 0);
    CHECK_EQ(n, LEN);
  }
}

TEST("ndr: what is bad in a stub is told however much of it is there") {
  uint32_t bad[LEN / 4];
  size_t n;
  lay_out();
  memcpy(bad, words, LEN);
  bad[1] = 0x80000000u;
  CHECK_EQ(measure(bad, 12, &n), ARPC_X_BAD_STUB_DATA);
  memcpy(bad, words, LEN);
  bad[14] = 3; /* no such arm */
  CHECK_EQ(measure(bad, LEN, &n), ARPC_S_INVALID_TAG);
}
