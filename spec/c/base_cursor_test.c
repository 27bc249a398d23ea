#include "base/cursor.h"
#include "test.h"

static arpc__buf buf;

static arpc__writer writer(void) {
  arpc__buf_init(&buf, 0);
  return (arpc__writer){&buf, 0};
}

TEST("cursor: integers are written little endian") {
  arpc__writer w = writer();
  arpc__put8(&w, 0x01);
  arpc__put16(&w, 0x0302);
  arpc__put32(&w, 0x07060504);
  arpc__put64(&w, 0x0f0e0d0c0b0a0908);
  CHECK_BYTES(buf.data, buf.len, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf", 15);
  arpc__buf_free(&buf);
}

TEST("cursor: integers are read in either byte order") {
  static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  arpc__reader little = arpc__reader_of(bytes, sizeof bytes, 0), big = arpc__reader_of(bytes, sizeof bytes, 1);
  CHECK_EQ(arpc__get8(&little), 1);
  CHECK_EQ(arpc__get16(&little), 0x0302);
  CHECK_EQ(arpc__get32(&little), 0x07060504);
  CHECK(arpc__get64(&little) == 0x0f0e0d0c0b0a0908);
  CHECK_EQ(arpc__get8(&big), 1);
  CHECK_EQ(arpc__get16(&big), 0x0203);
  CHECK_EQ(arpc__get32(&big), 0x04050607);
  CHECK(arpc__get64(&big) == 0x08090a0b0c0d0e0f);
  CHECK(!little.error && !arpc__left(&little) && !big.error);
}

TEST("cursor: the first failure is kept with its place, and nothing is read after it") {
  arpc__reader r = arpc__reader_of("\1\2\3", 3, 0);
  CHECK_EQ(arpc__get16(&r), 0x0201);
  CHECK_EQ(arpc__get32(&r), 0);
  CHECK_EQ(r.error, ARPC_X_BAD_STUB_DATA);
  CHECK_EQ(r.error_at, 2);
  CHECK_EQ(arpc__get8(&r), 0);
  CHECK_EQ(arpc__left(&r), 0);
  arpc__fail(&r, ARPC_S_PROTOCOL_ERROR);
  CHECK_EQ(r.error, ARPC_X_BAD_STUB_DATA);
}

TEST("cursor: a length that would wrap is a failure") {
  arpc__reader r = arpc__reader_of("\1\2\3", 3, 0);
  arpc__get8(&r);
  CHECK(!arpc__take(&r, SIZE_MAX));
  CHECK_EQ(r.error_at, 1);
}

TEST("cursor: reading aligns from the first byte, and fails where the gap is cut off") {
  arpc__reader r = arpc__reader_of("\1\0\0\0\5\0\0\0\x9", 9, 0);
  arpc__read_align(&r, 8);
  CHECK_EQ(r.pos, 0);
  CHECK_EQ(arpc__get8(&r), 1);
  arpc__read_align(&r, 4);
  CHECK_EQ(arpc__get8(&r), 5);
  arpc__read_align(&r, 8);
  CHECK_EQ(arpc__get8(&r), 9);
  arpc__read_align(&r, 2);
  CHECK_EQ(r.error, ARPC_X_BAD_STUB_DATA);
}

TEST("cursor: writing aligns from its base with zeros") {
  arpc__buf_init(&buf, 0);
  arpc__buf_put(&buf, "abc", 3);
  arpc__writer w = {&buf, 3};
  arpc__write_align(&w, 8);
  arpc__put8(&w, 1);
  arpc__write_align(&w, 4);
  arpc__put8(&w, 2);
  arpc__write_align(&w, 2);
  CHECK_BYTES(buf.data, buf.len, "abc\1\0\0\0\2\0", 9);
  arpc__buf_free(&buf);
}

TEST("cursor: patches overwrite in place") {
  arpc__writer w = writer();
  arpc__put64(&w, 0);
  arpc__patch32(&w, 2, 0x04030201);
  arpc__patch16(&w, 6, 0x0605);
  CHECK_BYTES(buf.data, buf.len, "\0\0\1\2\3\4\5\6", 8);
  arpc__buf_free(&buf);
}

TEST("cursor: a failed buffer swallows writes and patches") {
  arpc__buf_init(&buf, 3);
  arpc__writer w = {&buf, 0};
  arpc__put16(&w, 1);
  arpc__put32(&w, 2);
  arpc__patch32(&w, 0, 7);
  arpc__write_align(&w, 8);
  CHECK_EQ(buf.error, ARPC_S_OUT_OF_MEMORY);
  CHECK_EQ(buf.len, 2);
  arpc__buf_free(&buf);
}

TEST("cursor: random sequences of integers come back in both byte orders") {
  for (unsigned round = test_scale(500); round > 0; round--) {
    uint64_t v[64];
    int width[64];
    arpc__writer w = writer();
    for (int i = 0; i < 64; i++) {
      v[i] = test_random();
      width[i] = (int)(test_random() & 3);
      arpc__write_align(&w, (size_t)1 << width[i]);
      if (width[i] == 0) arpc__put8(&w, (uint8_t)v[i]);
      if (width[i] == 1) arpc__put16(&w, (uint16_t)v[i]);
      if (width[i] == 2) arpc__put32(&w, (uint32_t)v[i]);
      if (width[i] == 3) arpc__put64(&w, v[i]);
    }
    arpc__reader little = arpc__reader_of(buf.data, buf.len, 0), big = arpc__reader_of(buf.data, buf.len, 1);
    for (int i = 0; i < 64; i++) {
      arpc__read_align(&little, (size_t)1 << width[i]);
      arpc__read_align(&big, (size_t)1 << width[i]);
      if (width[i] == 0) CHECK(arpc__get8(&little) == (uint8_t)v[i] && arpc__get8(&big) == (uint8_t)v[i]);
      if (width[i] == 1) CHECK(arpc__get16(&little) == (uint16_t)v[i] && arpc__get16(&big) == __builtin_bswap16((uint16_t)v[i]));
      if (width[i] == 2) CHECK(arpc__get32(&little) == (uint32_t)v[i] && arpc__get32(&big) == __builtin_bswap32((uint32_t)v[i]));
      if (width[i] == 3) CHECK(arpc__get64(&little) == v[i] && arpc__get64(&big) == __builtin_bswap64(v[i]));
    }
    CHECK(!arpc__left(&little) && !little.error && !big.error);
    arpc__buf_free(&buf);
  }
}
