#include "base/buf.h"
#include "test.h"

TEST("buf: what is put is there, in order") {
  arpc__buf b;
  arpc__buf_init(&b, 0);
  arpc__buf_put(&b, "abc", 3);
  arpc__buf_put(&b, "", 0);
  arpc__buf_put(&b, "defg", 4);
  CHECK_BYTES(b.data, b.len, "abcdefg", 7);
  b.pos = 3;
  CHECK_EQ(arpc__buf_unread(&b), 4);
  arpc__buf_free(&b);
  CHECK(!b.data && !b.len && !b.cap);
}

TEST("buf: the first failure sticks, later appends do nothing") {
  arpc__buf b;
  arpc__buf_init(&b, 10);
  arpc__buf_put(&b, "12345678", 8);
  arpc__buf_put(&b, "123", 3);
  CHECK_EQ(b.error, ARPC_S_OUT_OF_MEMORY);
  arpc__buf_put(&b, "1", 1);
  CHECK(!arpc__buf_add(&b, 1));
  CHECK(!arpc__buf_grow(&b, 0));
  CHECK_EQ(b.len, 8);
  arpc__buf_clear(&b);
  arpc__buf_put(&b, "1234567890", 10);
  CHECK(!b.error && b.len == 10);
  arpc__buf_free(&b);
}

TEST("buf: a length that overflows is refused") {
  arpc__buf b;
  arpc__buf_init(&b, 0);
  arpc__buf_put(&b, "x", 1);
  CHECK(!arpc__buf_grow(&b, SIZE_MAX));
  CHECK_EQ(b.error, ARPC_S_OUT_OF_MEMORY);
  arpc__buf_clear(&b);
  CHECK(!arpc__buf_grow(&b, SIZE_MAX / 2 + 1));
  arpc__buf_free(&b);
}

TEST("buf: it never allocates past its bound") {
  arpc__buf b;
  arpc__buf_init(&b, 1000);
  for (int i = 0; i < 1000; i++) arpc__buf_put(&b, "x", 1);
  CHECK(!b.error && b.len == 1000 && b.cap <= 1000);
  arpc__buf_put(&b, "x", 1);
  CHECK_EQ(b.error, ARPC_S_OUT_OF_MEMORY);
  arpc__buf_free(&b);
}

TEST("buf: a used buffer after free is a new one") {
  arpc__buf b;
  arpc__buf_init(&b, 4);
  arpc__buf_put(&b, "12345", 5);
  arpc__buf_free(&b);
  arpc__buf_put(&b, "1234", 4);
  CHECK_BYTES(b.data, b.len, "1234", 4);
  arpc__buf_free(&b);
}

TEST("buf: random appends equal a plain array") {
  for (unsigned round = test_scale(200); round > 0; round--) {
    static uint8_t model[65536];
    size_t len = 0, max = test_random() % sizeof model;
    arpc__buf b;
    arpc__buf_init(&b, max ? max : 1);
    max = max ? max : 1;
    while (!b.error) {
      uint8_t piece[700];
      size_t n = test_random() % sizeof piece;
      memset(piece, (int)(n & 0xff), n);
      arpc__buf_put(&b, piece, n);
      if (n > max - len) break;
      memcpy(model + len, piece, n);
      len += n;
    }
    CHECK_EQ(b.error, ARPC_S_OUT_OF_MEMORY);
    CHECK_BYTES(b.data, b.len, model, len);
    arpc__buf_free(&b);
  }
}

TEST("checked sums answer 0 and leave the result alone when it does not fit") {
  size_t n = 7;
  CHECK(!arpc__add(SIZE_MAX, 1, &n) && n == 7);
  CHECK(!arpc__mul(SIZE_MAX / 2 + 1, 2, &n) && n == 7);
  CHECK(arpc__add(SIZE_MAX - 1, 1, &n) && n == SIZE_MAX);
  CHECK(arpc__mul(1000, 1000, &n) && n == 1000000);
}
