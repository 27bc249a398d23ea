#include "rpc/binding.h"

#include "base/uuid.h"
#include "test.h"

#define OBJECT "60a15ec5-4de8-11d7-a637-005056a20182"

static arpc_binding *parse(const char *text) {
  arpc_binding *b = NULL;
  arpc_status status = arpc_binding_parse(&b, text);
  if (status) test_fail(__FILE__, __LINE__, "%s: %u", text, status);
  return b;
}

static const char *formatted(const arpc_binding *b) {
  static char text[4 * ARPC__BINDING_TEXT_MAX];
  CHECK(arpc_binding_format(b, text, sizeof text) < sizeof text);
  return text;
}

TEST("binding: what is good is taken apart and written in one way #105") {
  static const struct {
    const char *text;
    arpc_protseq protseq;
    const char *address, *endpoint, *format; /* NULL: the text itself */
  } good[] = {
      {"ncacn_ip_tcp:127.0.0.1[135]", ARPC_TCP, "127.0.0.1", "135", NULL},
      {"ncacn_ip_tcp:server.example.org[49152]", ARPC_TCP, "server.example.org", "49152", NULL},
      {"ncacn_ip_tcp:", ARPC_TCP, "", "", NULL},
      {"ncacn_ip_tcp:host", ARPC_TCP, "host", "", NULL},
      {"ncacn_ip_tcp:host[]", ARPC_TCP, "host", "", "ncacn_ip_tcp:host"},
      {"ncacn_ip_tcp:[1]", ARPC_TCP, "", "1", NULL},
      {"ncacn_ip_tcp:host[0]", ARPC_TCP, "host", "0", NULL},
      {"ncacn_ip_tcp:host[65535]", ARPC_TCP, "host", "65535", NULL},
      {"ncacn_ip_tcp:host[endpoint=135]", ARPC_TCP, "host", "135", "ncacn_ip_tcp:host[135]"},
      {"ncacn_ip_tcp:host[EndPoint=135,a=b]", ARPC_TCP, "host", "135", "ncacn_ip_tcp:host[135,a=b]"},
      {"NCACN_IP_TCP:Host[135]", ARPC_TCP, "Host", "135", "ncacn_ip_tcp:Host[135]"},
      {"ncacn_ip_tcp:::1[135]", ARPC_TCP, "::1", "135", NULL},
      {"ncacn_ip_tcp:fe80::1[135]", ARPC_TCP, "fe80::1", "135", NULL},
      {"ncacn_ip_tcp:fe80::1%eth0[135]", ARPC_TCP, "fe80::1%eth0", "135", NULL},
      {"ncacn_ip_tcp:::ffff:1.2.3.4", ARPC_TCP, "::ffff:1.2.3.4", "", NULL},
      {"ncacn_ip_tcp:h\\ost[1\\35]", ARPC_TCP, "host", "135", "ncacn_ip_tcp:host[135]"},
      {"ncalrpc:[name]", ARPC_LOCAL, "", "name", NULL},
      {"ncalrpc:", ARPC_LOCAL, "", "", NULL},
      {"ncalrpc:localhost[name]", ARPC_LOCAL, "localhost", "name", NULL},
      {"ncalrpc:[a.b-c_d\\,\\[\\]\\=\\@]", ARPC_LOCAL, "", "a.b-c_d,[]=@", NULL},
      {"ncalrpc:[12345678901234567890123456789012345678901234567890123]", ARPC_LOCAL, "",
       "12345678901234567890123456789012345678901234567890123", NULL},
      {"memory:[here]", ARPC_MEMORY, "", "here", NULL},
      {OBJECT "@ncacn_ip_tcp:host[1]", ARPC_TCP, "host", "1", NULL},
      {"00000000-0000-0000-0000-000000000000@ncalrpc:[x]", ARPC_LOCAL, "", "x", "ncalrpc:[x]"},
      {"ncacn_ip_tcp:h[1,a=b,c=]", ARPC_TCP, "h", "1", NULL},
      {"ncacn_ip_tcp:h[,a=b]", ARPC_TCP, "h", "", NULL},
      {"ncalrpc:[x,Security=impersonation dynamic true]", ARPC_LOCAL, "", "x", NULL},
      {"ncacn_ip_tcp:h[1,a=b=c:d]", ARPC_TCP, "h", "1", "ncacn_ip_tcp:h[1,a=b\\=c:d]"},
  };
  for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
    arpc_binding *b = parse(good[i].text);
    CHECK_EQ(arpc_binding_protseq(b), good[i].protseq);
    CHECK_STR(arpc_binding_address(b), good[i].address);
    CHECK_STR(arpc_binding_endpoint(b), good[i].endpoint);
    CHECK_STR(formatted(b), good[i].format ? good[i].format : good[i].text);
    arpc_binding_free(b);
  }
}

TEST("binding: what is bad has its exact status, and the result is left alone #105") {
  static const struct {
    arpc_status status;
    const char *text;
  } bad[] = {
      {1700, ""}, {1700, "host"}, {1700, ":"}, {1700, ":host[1]"}, {1700, "::1"}, {1700, OBJECT "@"}, {1700, OBJECT "@:h[1]"},
      {1700, "ncacn_ip_tcp"}, {1700, "ncacn_ip_tcp:host[135"}, {1700, "ncacn_ip_tcp:host135]"}, {1700, "ncacn_ip_tcp:host["},
      {1700, "ncacn_ip_tcp:host]"}, {1700, "ncacn_ip_tcp:host[135]x"}, {1700, "ncacn_ip_tcp:host[135] "},
      {1700, "ncacn_ip_tcp:host[135]]"}, {1700, "ncacn_ip_tcp:host[[135]"}, {1700, "ncacn_ip_tcp:host[135][136]"},
      {1700, "ncacn_ip_tcp:host[135\\]"}, {1700, "ncacn_ip_tcp:host\\"}, {1700, "ncacn_ip_tcp:host[135,a\\"},
      {1700, "ncacn_ip_tcp:host[135,]"}, {1700, "ncacn_ip_tcp:host[135,bare]"}, {1700, "ncacn_ip_tcp:host[135,=x]"},
      {1700, "ncacn_ip_tcp:host[135,,a=b]"}, {1700, "ncacn_ip_tcp:host[135,a=b,]"}, {1700, "ncacn_ip_tcp:host[135,a=b,A=c]"},
      {1700, "ncacn_ip_tcp:host[135,endpoint=136]"}, {1700, "ncacn_ip_tcp:host[a=b]"}, {1700, "ncacn_ip_tcp:host[135,a b=c]"},
      {1700, "ncacn_ip_tcp:host[135,a=\tb]"}, {1700, "ncacn_np:host[\\pipe\\x"},
      {1703, "ncacn_np:\\\\\\\\srv[\\\\pipe\\\\lsarpc]"}, {1703, "ncacn_http:srv[593,RpcProxy=p:443]"}, {1703, "ncadg_ip_udp:h[135]"},
      {1703, "ncacn_spx:h[1]"}, {1703, "ncacn_unix_stream:[x]"}, {1703, "NCACN_NP:h"}, {1703, "ncadg_mq:h"}, {1703, "ncacn_nb_tcp:h"},
      {1704, "ncacn_ip_tcq:h[1]"}, {1704, "ncacn_ip_tc:h[1]"}, {1704, "ncacn_ip_tcp2:h[1]"}, {1704, "tcp:h[1]"}, {1704, "http://x"},
      {1704, " ncacn_ip_tcp:h[1]"}, {1704, "ncacn_ip_tcp :h[1]"}, {1704, "fe80::1[135]"}, {1704, "ncacn\\_ip_tcp:h[1]"},
      {1705, "@ncacn_ip_tcp:h[1]"}, {1705, "x@ncacn_ip_tcp:h[1]"}, {1705, "60a15ec5@ncacn_ip_tcp:h[1]"},
      {1705, "60a15ec5-4de8-11d7-a637-005056a2018x@ncacn_ip_tcp:h[1]"}, {1705, "{" OBJECT "}@ncacn_ip_tcp:h[1]"},
      {1705, OBJECT "0@ncacn_ip_tcp:h[1]"}, {1705, "bad@ncacn_np:h[1]"},
      {1706, "ncacn_ip_tcp:h[65536]"}, {1706, "ncacn_ip_tcp:h[99999]"}, {1706, "ncacn_ip_tcp:h[100000]"}, {1706, "ncacn_ip_tcp:h[-1]"},
      {1706, "ncacn_ip_tcp:h[+1]"}, {1706, "ncacn_ip_tcp:h[0x87]"}, {1706, "ncacn_ip_tcp:h[135x]"}, {1706, "ncacn_ip_tcp:h[ 135]"},
      {1706, "ncacn_ip_tcp:h[135 ]"}, {1706, "ncacn_ip_tcp:h[bigendian]"}, {1706, "ncacn_ip_tcp:h[\\\\pipe\\\\x]"},
      {1706, "ncacn_ip_tcp:h[4294967431]"}, {1706, "ncacn_ip_tcp:h[18446744073709551751]"},
      {1706, "ncalrpc:[a/b]"}, {1706, "ncalrpc:[/tmp/x]"}, {1706, "ncalrpc:[..]"}, {1706, "ncalrpc:[a..b]"}, {1706, "ncalrpc:[.]"},
      {1706, "ncalrpc:[a\\\\b]"}, {1706, "ncalrpc:[a b]"}, {1706, "ncalrpc:[a\nb]"},
      {1706, "ncalrpc:[123456789012345678901234567890123456789012345678901234]"}, {1706, "memory:[a/b]"},
      {1706, "memory:[123456789012345678901234567890123456789012345678901234]"},
      {1707, "ncacn_ip_tcp:a b[1]"}, {1707, "ncacn_ip_tcp: host[1]"}, {1707, "ncacn_ip_tcp:host\t[1]"}, {1707, "ncacn_ip_tcp:ho\nst"},
      {1707, "ncacn_ip_tcp:\\\\\\\\srv[1]"}, {1707, "ncacn_ip_tcp:a/b[1]"}, {1707, "ncacn_ip_tcp:u@h[1]"}, {1707, "ncacn_ip_tcp:a,b[1]"},
      {1707, "ncacn_ip_tcp:host:135"}, {1707, "ncacn_ip_tcp:::g[1]"}, {1707, "ncacn_ip_tcp:1:2:3[1]"}, {1707, "ncacn_ip_tcp:::1%[1]"},
      {1707, "ncacn_ip_tcp:.host[1]"}, {1707, "ncacn_ip_tcp:a..b[1]"}, {1707, "ncacn_ip_tcp:\\[::1\\][1]"},
      {1707, "ncalrpc:elsewhere[x]"}, {1707, "memory:elsewhere[x]"},
  };
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    arpc_binding *const none = (arpc_binding *)&bad, *b = none;
    arpc_status status = arpc_binding_parse(&b, bad[i].text);
    if (status != bad[i].status) test_fail(__FILE__, __LINE__, "%s: %u, not %u", bad[i].text, status, bad[i].status);
    CHECK(b == none);
  }
}

TEST("binding: too long is 1743, null is 87 #105") {
  char text[ARPC__BINDING_TEXT_MAX + 2] = "ncacn_ip_tcp:";
  arpc_binding *b = NULL;
  memset(text + strlen(text), 'a', sizeof text - strlen(text) - 1);
  CHECK_EQ(arpc_binding_parse(&b, text), 1743);
  text[13 + ARPC__ADDRESS_MAX + 1] = 0;
  CHECK_EQ(arpc_binding_parse(&b, text), 1743);
  text[13 + ARPC__ADDRESS_MAX] = 0;
  CHECK_EQ(arpc_binding_parse(&b, text), 0);
  arpc_binding_free(b);
  b = NULL;
  CHECK_EQ(arpc_binding_parse(&b, NULL), 87);
  CHECK_EQ(arpc_binding_parse(NULL, "ncalrpc:[x]"), 87);
  CHECK(!b);
}

TEST("binding: options and the object are found #105") {
  arpc_binding *b = parse(OBJECT "@ncacn_ip_tcp:h[endpoint=7,One=1,two=t\\,w\\]o,empty=]");
  arpc_uuid object;
  CHECK(!arpc_uuid_parse(OBJECT, &object) && arpc__uuid_equal(arpc_binding_object(b), &object));
  CHECK_STR(arpc_binding_option(b, "one"), "1");
  CHECK_STR(arpc_binding_option(b, "TWO"), "t,w]o");
  CHECK_STR(arpc_binding_option(b, "empty"), "");
  CHECK(!arpc_binding_option(b, "three") && !arpc_binding_option(b, "1") && !arpc_binding_option(b, ""));
  CHECK_STR(arpc_binding_endpoint(b), "7");
  arpc_binding_free(b);
  b = parse("00000000-0000-0000-0000-000000000000@ncalrpc:[x]");
  CHECK(!arpc_binding_object(b) && !arpc_binding_option(b, "x"));
  arpc_binding_free(b);
}

TEST("binding: a copy outlives its original #105") {
  arpc_binding *b = parse(OBJECT "@ncacn_ip_tcp:host[7,a=b]"), *copy = arpc_binding_copy(b);
  arpc_binding_free(b);
  CHECK_STR(formatted(copy), OBJECT "@ncacn_ip_tcp:host[7,a=b]");
  CHECK_STR(arpc_binding_option(copy, "a"), "b");
  arpc_binding_free(copy);
  arpc_binding_free(NULL);
}

TEST("binding: formatting writes no more than there is room for #105") {
  arpc_binding *b = parse("ncacn_ip_tcp:host[7,a=\\,]");
  char text[64], small[8] = "1234567";
  size_t len = arpc_binding_format(b, text, sizeof text);
  CHECK_EQ(len, strlen(text));
  CHECK_EQ(arpc_binding_format(b, NULL, 0), len);
  CHECK_EQ(arpc_binding_format(b, small, 5), len);
  CHECK_BYTES(small, sizeof small, "ncac\0" "67", 8);
  CHECK_EQ(arpc_binding_format(b, text, len), len);
  CHECK_EQ(strlen(text), len - 1);
  arpc_binding_free(b);
}

TEST("binding: parts are composed, escaped, absent ones left out #105") {
  char text[256];
  size_t len = 0;
  CHECK_EQ(arpc_binding_compose(OBJECT, "ncacn_ip_tcp", "host", "135", "a=b,c=d", text, sizeof text, &len), 0);
  CHECK_STR(text, OBJECT "@ncacn_ip_tcp:host[135,a=b,c=d]");
  CHECK_EQ(len, strlen(text));
  CHECK_EQ(arpc_binding_compose(NULL, "ncalrpc", NULL, "a[b]", NULL, text, sizeof text, &len), 0);
  CHECK_STR(text, "ncalrpc:[a\\[b\\]]");
  CHECK_EQ(arpc_binding_compose("", "ncalrpc", "", "", "", text, sizeof text, &len), 0);
  CHECK_STR(text, "ncalrpc:");
  CHECK_EQ(arpc_binding_compose(NULL, "ncacn_np", "\\\\srv", "\\pipe\\x", NULL, text, sizeof text, &len), 0);
  CHECK_STR(text, "ncacn_np:\\\\\\\\srv[\\\\pipe\\\\x]");
  CHECK_EQ(arpc_binding_compose(NULL, "ncalrpc", NULL, NULL, "a=b", text, sizeof text, &len), 0);
  CHECK_STR(text, "ncalrpc:[,a=b]");
}

TEST("binding: composing with a bad object is 1705, without a place for the result 87 #105") {
  char text[16] = "as it was";
  size_t len = 7;
  CHECK_EQ(arpc_binding_compose("x", "ncalrpc", NULL, NULL, NULL, text, sizeof text, &len), 1705);
  CHECK_EQ(arpc_binding_compose(NULL, "ncalrpc", NULL, NULL, NULL, NULL, 1, &len), 87);
  CHECK_EQ(arpc_binding_compose(NULL, "ncalrpc", NULL, NULL, NULL, text, sizeof text, NULL), 87);
  CHECK_STR(text, "as it was");
  CHECK_EQ(len, 7);
  CHECK_EQ(arpc_binding_compose(NULL, "ncalrpc", NULL, "x", NULL, NULL, 0, &len), 0);
  CHECK_EQ(len, 11);
}

/* ---- random ones */

static unsigned below(unsigned n) {
  return (unsigned)(test_random() % n);
}

static void random_text(char *ret, unsigned max, const char *letters) {
  unsigned n = below(max + 1);
  for (unsigned i = 0; i < n; i++) ret[i] = letters[below((unsigned)strlen(letters))];
  ret[n] = 0;
}

typedef struct parts {
  char object[ARPC__UUID_TEXT], address[64], endpoint[64];
  char name[3][16], value[3][32];
  unsigned options;
  arpc_protseq protseq;
} parts;

static void random_options(parts *p) {
  p->options = below(4);
  for (unsigned i = 0; i < p->options; i++) {
    p->name[i][0] = (char)('a' + i);
    random_text(p->name[i] + 1, 12, "xyz09_,[]=@\\");
    random_text(p->value[i], 30, "abc \\,[]=@:%/\x80\xff");
  }
}

static void random_parts(parts *p) {
  static const char *const literals[] = {"", "::1", "fe80::1%lo", "10.0.0.1", "localhost"};
  arpc_uuid u = {0};
  memset(p, 0, sizeof *p);
  p->protseq = (arpc_protseq)below(3);
  if (below(2) && !arpc__uuid_random(&u)) arpc__uuid_format(&u, p->object);
  if (p->protseq == ARPC_TCP) {
    snprintf(p->endpoint, sizeof p->endpoint, "%u", below(65536));
    strcpy(p->address, literals[below(5)]);
    if (below(2)) random_text(p->address, 60, "abcz019-_\xc3");
  } else {
    random_text(p->endpoint, 53, "abcz019-_,[]=@\xc3:;'");
  }
  if (below(4) == 0) p->endpoint[0] = 0;
  random_options(p);
}

static void join_options(const parts *p, char *ret) {
  char *at = ret;
  for (unsigned i = 0; i < p->options; i++) {
    if (i) *at++ = ',';
    for (const char *s = p->name[i]; *s; *at++ = *s++)
      if (strchr("\\,[]=@", *s)) *at++ = '\\';
    *at++ = '=';
    for (const char *s = p->value[i]; *s; *at++ = *s++)
      if (strchr("\\,[]=@", *s)) *at++ = '\\';
  }
  *at = 0;
}

static void check_parts(const arpc_binding *b, const parts *p) {
  char object[ARPC__UUID_TEXT] = "";
  if (arpc_binding_object(b)) arpc__uuid_format(arpc_binding_object(b), object);
  CHECK_STR(object, p->object);
  CHECK_EQ(arpc_binding_protseq(b), p->protseq);
  CHECK_STR(arpc_binding_address(b), p->address);
  CHECK_STR(arpc_binding_endpoint(b), p->endpoint);
  for (unsigned i = 0; i < p->options; i++) CHECK_STR(arpc_binding_option(b, p->name[i]), p->value[i]);
}

TEST("binding: random parts survive compose, parse, format, parse #105") {
  for (unsigned round = test_scale(20000); round > 0; round--) {
    char options[512], text[ARPC__BINDING_TEXT_MAX], again[ARPC__BINDING_TEXT_MAX];
    size_t len = 0;
    parts p;
    random_parts(&p);
    join_options(&p, options);
    CHECK(!arpc_binding_compose(p.object, arpc__protseq_name(p.protseq), p.address, p.endpoint, options, text, sizeof text, &len));
    arpc_binding *one = parse(text);
    check_parts(one, &p);
    CHECK(arpc_binding_format(one, again, sizeof again) == len && !strcmp(text, again));
    arpc_binding_free(one);
  }
}

/* Whatever is taken must be written in a form that is taken too, and then stays. */
static void try_hostile(const char *text) {
  arpc_binding *b = NULL;
  char once[2048], twice[2048];
  arpc_status status = arpc_binding_parse(&b, text);
  if (status) {
    CHECK(!b && (status == 1743 || (status >= 1700 && status <= 1707 && status != 1701 && status != 1702)));
    return;
  }
  arpc_binding_format(b, once, sizeof once);
  arpc_binding_free(b);
  b = parse(once);
  arpc_binding_format(b, twice, sizeof twice);
  CHECK_STR(twice, once);
  arpc_binding_free(b);
}

TEST("binding: hostile strings are refused or normalised, never more #105") {
  static const char *const pieces[] = {"ncacn_ip_tcp", "ncalrpc", "memory", ":", "[", "]", ",", "=", "@", "\\", "endpoint", "135", "a",
                                       OBJECT, "::1", "%", "..", "/", " ", "\x01", "\xff", "65536", "x=y", "host"};
  for (unsigned round = test_scale(100000); round > 0; round--) {
    char *text = calloc(1, 1200);
    unsigned n = below(12);
    if (below(2)) strcpy(text, below(2) ? "ncalrpc:" : "ncacn_ip_tcp:h[");
    for (unsigned i = 0; i < n; i++) strcat(text, pieces[below(sizeof pieces / sizeof *pieces)]);
    if (below(2)) strcat(text, "]");
    char *exact = strdup(text); /* so that a step past the end is seen */
    try_hostile(exact);
    free(exact);
    free(text);
  }
}

TEST("binding: random bytes are refused or normalised, never more #105") {
  for (unsigned round = test_scale(100000); round > 0; round--) {
    unsigned n = below(60);
    char *text = calloc(1, n + 1);
    for (unsigned i = 0; i < n; i++) text[i] = (char)test_random();
    if (n > 12 && below(2)) memcpy(text, "memory:[", 8);
    try_hostile(text);
    free(text);
  }
}
