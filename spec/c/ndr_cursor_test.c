#include "test.h"

#include "asyncrpc.h"

static arpc_stub_reader reader_of(const arpc_stub *s, int transfer) {
  arpc_stub_reader r = {.transfer = transfer};
  r.data = arpc_stub_bytes(s, &r.len);
  return r;
}

TEST("what is put into a stub is got from it, in both syntaxes") {
  for (int transfer = ARPC_NDR20; transfer <= ARPC_NDR64; transfer++) {
    size_t len;
    arpc_stub *s = arpc_stub_new(transfer);
    arpc_put_u8(s, 1);
    arpc_put_u16(s, 2);
    arpc_put_u8(s, 3);
    arpc_put_u32(s, 4);
    arpc_put_u64(s, 5);
    arpc_put_count(s, 2);
    arpc_put_bytes(s, "ab", 2);
    arpc_put_string(s, "text");
    arpc_stub_reader r = reader_of(s, transfer);
    CHECK_EQ(arpc_get_u8(&r), 1);
    CHECK_EQ(arpc_get_u16(&r), 2);
    CHECK_EQ(arpc_get_u8(&r), 3);
    CHECK_EQ(arpc_get_u32(&r), 4);
    CHECK_EQ(arpc_get_u64(&r), 5);
    CHECK_EQ(arpc_get_count(&r), 2);
    CHECK_BYTES(arpc_get_bytes(&r, 2), 2, "ab", 2);
    CHECK_STR(arpc_get_string(&r, &len), "text");
    CHECK_EQ(len, 4);
    CHECK_EQ(r.error, 0);
    CHECK_EQ(r.pos, r.len);
    arpc_stub_free(s);
  }
}

TEST("a stub is little endian and aligned") {
  size_t len;
  arpc_stub *s = arpc_stub_new(ARPC_NDR64);
  arpc_put_u8(s, 1);
  arpc_put_string(s, "x");
  const void *bytes = arpc_stub_bytes(s, &len);
  CHECK_BYTES(bytes, len, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0x", 34);
  arpc_stub_free(s);
  s = arpc_stub_new(ARPC_NDR20);
  CHECK(arpc_stub_bytes(s, &len) != NULL);
  CHECK_EQ(len, 0);
  arpc_put_count(s, (uint64_t)1 << 31);
  CHECK(arpc_stub_bytes(s, &len) == NULL);
  arpc_stub_free(s);
  arpc_stub_free(NULL);
}

TEST("a reader takes either byte order and remembers its first failure") {
  arpc_stub_reader r = {.data = (const uint8_t *)"\1\2\3\4\0\0\0\5", .len = 8, .transfer = ARPC_NDR20, .big_endian = 1};
  CHECK_EQ(arpc_get_u32(&r), 0x01020304);
  CHECK_EQ(arpc_get_u32(&r), 5);
  CHECK_EQ(arpc_get_u8(&r), 0);
  CHECK_EQ(r.error, ARPC_X_BAD_STUB_DATA);
  CHECK_EQ(r.pos, 8);
  r.pos = 0;
  CHECK_EQ(arpc_get_u32(&r), 0);
}

static int string_is_bad(const char *bytes, size_t len) {
  arpc_stub_reader r = {.data = (const uint8_t *)bytes, .len = len, .transfer = ARPC_NDR20};
  return arpc_get_string(&r, NULL) == NULL && r.error == ARPC_X_BAD_STUB_DATA;
}

TEST("bad strings are refused") {
  CHECK(!string_is_bad("\2\0\0\0\0\0\0\0\2\0\0\0x", 14));
  CHECK(string_is_bad("\2\0\0\0\0\0\0\0\2\0\0\0xy", 14));
  CHECK(string_is_bad("\1\0\0\0\0\0\0\0\2\0\0\0x", 14));
  CHECK(string_is_bad("\2\0\0\0\1\0\0\0\2\0\0\0x", 14));
  CHECK(string_is_bad("\2\0\0\0\0\0\0\0\0\0\0\0x", 14));
  CHECK(string_is_bad("\2\0\0\0\0\0\0\0\2\0\0\0x", 13));
  CHECK(string_is_bad("\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff", 12));
}
