#include "base/uuid.h"
#include "test.h"

static const char text[] = "60a15ec5-4de8-11d7-a637-005056a20182";
static const arpc_uuid value = {0x60a15ec5, 0x4de8, 0x11d7, {0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82}};

TEST("uuid: text is read in either case and written in lower case") {
  arpc_uuid u;
  char out[ARPC__UUID_TEXT];
  CHECK_EQ(arpc_uuid_parse(text, &u), 0);
  CHECK(arpc__uuid_equal(&u, &value));
  CHECK_EQ(arpc_uuid_parse("60A15EC5-4DE8-11D7-A637-005056A20182", &u), 0);
  arpc__uuid_format(&u, out);
  CHECK_STR(out, text);
}

TEST("uuid: any other text is 1705 and leaves the result alone") {
  static const char *const bad[] = {
      "", "60a15ec5", "60a15ec5-4de8-11d7-a637-005056a2018", "60a15ec5-4de8-11d7-a637-005056a201822",
      "60a15ec5-4de8-11d7-a637-005056a2018g", "60a15ec504de8-11d7-a637-005056a20182", "{0a15ec5-4de8-11d7-a637-005056a20182",
      "60a15ec5-4de8-11d7-a637_005056a20182", " 0a15ec5-4de8-11d7-a637-005056a20182", "-0a15ec5-4de8-11d7-a637-005056a20182",
      "60a15ec-54de8-11d7-a637-005056a20182"};
  arpc_uuid u = value;
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_EQ(arpc_uuid_parse(bad[i], &u), 1705);
  CHECK_EQ(arpc_uuid_parse(NULL, &u), 1705);
  CHECK_EQ(arpc__uuid_parse(text, 35, &u), 1705);
  CHECK(arpc__uuid_equal(&u, &value));
}

TEST("uuid: the wire form follows the byte order, but for its tail") {
  static const uint8_t little[] = {0xc5, 0x5e, 0xa1, 0x60, 0xe8, 0x4d, 0xd7, 0x11, 0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82};
  static const uint8_t big[] = {0x60, 0xa1, 0x5e, 0xc5, 0x4d, 0xe8, 0x11, 0xd7, 0xa6, 0x37, 0x00, 0x50, 0x56, 0xa2, 0x01, 0x82};
  arpc__buf b;
  arpc_uuid u;
  arpc__buf_init(&b, 0);
  arpc__writer w = {&b, 0};
  arpc__uuid_put(&w, &value);
  CHECK_BYTES(b.data, b.len, little, 16);
  for (int is_big = 0; is_big < 2; is_big++) {
    arpc__reader r = arpc__reader_of(is_big ? big : little, 16, is_big);
    arpc__uuid_get(&r, &u);
    CHECK(arpc__uuid_equal(&u, &value) && !r.error);
  }
  arpc__buf_free(&b);
}

TEST("uuid: cut off it is nil and a failure") {
  for (size_t n = 0; n < 16; n++) {
    arpc__reader r = arpc__reader_of("0123456789abcdef", n, 0);
    arpc_uuid u = value;
    arpc__uuid_get(&r, &u);
    CHECK(r.error && arpc__uuid_nil(&u));
  }
}

TEST("uuid: random ones are of version 4, not nil, and differ") {
  arpc_uuid a, b;
  for (unsigned i = test_scale(1000); i > 0; i--) {
    char out[ARPC__UUID_TEXT];
    CHECK(!arpc__uuid_random(&a) && !arpc__uuid_random(&b));
    CHECK(!arpc__uuid_equal(&a, &b) && !arpc__uuid_nil(&a));
    CHECK_EQ(a.c >> 12, 4);
    CHECK_EQ(a.d[0] >> 6, 2);
    arpc__uuid_format(&a, out);
    CHECK(!arpc_uuid_parse(out, &b) && arpc__uuid_equal(&a, &b));
  }
}

TEST("uuid: syntaxes are equal when uuid and both versions are") {
  arpc_syntax a = {value, 1, 0}, b = a;
  CHECK(arpc__syntax_equal(&a, &b));
  b.minor = 1;
  CHECK(!arpc__syntax_equal(&a, &b));
  b = (arpc_syntax){value, 2, 0};
  CHECK(!arpc__syntax_equal(&a, &b));
}
