/* The NDR decoder over one type of a fixed set, into a tree. Input: the type's number, a byte of options, the stub. */
#include "fuzz.h"
#include "ndr_types.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int laid_out;
  uint32_t at;
  if (!laid_out++) FUZZ_CHECK(!arpc__ndr_layout(types, TYPES, &at));
  if (size < 2) return 0;
  fuzz_tree w = {.fed = size - 2, .most = data[1] & 4 ? 8 : SIZE_MAX};
  int64_t slots[ARPC__NDR_SLOTS] = {0};
  arpc__ndr_member one[2] = {{.name = "n", .type = &types[U32], .slot = 0},
                             {.name = "p", .type = &types[data[0] % TYPES], .slot = -1}};
  arpc__ndr_list list = {.members = one, .checked = row_checked, .count = 2, .nslots = 1, .nchecked = 1};
  int small = data[1] & 1;
  uint8_t *stub = fuzz_own(data + 2, size - 2);
  arpc__reader r = arpc__reader_of(stub, size - 2, small && data[1] & 2);
  arpc__ndr_decode(&list, small ? ARPC_NDR20 : ARPC_NDR64, &r, &fuzz_tree_sink, &w, slots);
  FUZZ_CHECK(r.error || w.top == 2);
  fuzz_tree_drop(&w);
  free(stub);
  return 0;
}
