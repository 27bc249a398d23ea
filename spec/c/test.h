/* The C specs' runner. A file includes this and writes
 *
 *   TEST("what must hold") { CHECK(1 + 1 == 2); CHECK_EQ(f(), 7); }
 *
 * All files are linked with runner.c into one program: `build/spec-c [-t SECONDS] [part of a name]`. Each
 * test runs in a process of its own under a deadline; a test that fails, crashes or hangs is counted and
 * the others go on. `test_scale(n)` divides a count of repetitions by ARPC_SCALE, and is at least 1. */
#ifndef ARPC_SPEC_TEST_H
#define ARPC_SPEC_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct test test;
struct test {
  const char *name, *file;
  int line;
  void (*fn)(void);
  test *next;
};

void test_add(test *t);
void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));
void test_skip_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));
unsigned test_scale(unsigned n);
uint64_t test_random(void); /* seeded: ARPC_SEED, else a fixed number; printed when a test fails */
const char *test_folder(void); /* of the running test alone; it and what is in it are removed behind the test */

#define TEST_CAT_(a, b) a##b
#define TEST_CAT(a, b) TEST_CAT_(a, b)
#define TEST(title)                                                                                       \
  static void TEST_CAT(test_fn_, __LINE__)(void);                                                         \
  static test TEST_CAT(test_of_, __LINE__) = {title, __FILE__, __LINE__, TEST_CAT(test_fn_, __LINE__), 0}; \
  __attribute__((constructor)) static void TEST_CAT(test_register_, __LINE__)(void) {                     \
    test_add(&TEST_CAT(test_of_, __LINE__));                                                              \
  }                                                                                                       \
  static void TEST_CAT(test_fn_, __LINE__)(void)

#define SKIP(reason) test_skip_at(__FILE__, __LINE__, "%s", reason)
#define CHECK(cond)                                              \
  do {                                                           \
    if (!(cond)) test_fail(__FILE__, __LINE__, "not so: %s", #cond); \
  } while (0)
#define CHECK_EQ(is, want)                                                                                \
  do {                                                                                                    \
    long long is_ = (long long)(is), want_ = (long long)(want);                                           \
    if (is_ != want_)                                                                                     \
      test_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), not %s = %lld (0x%llx)", #is, is_, is_, #want, want_, want_); \
  } while (0)
#define CHECK_STR(is, want)                                                                       \
  do {                                                                                            \
    const char *is_ = (is), *want_ = (want);                                                      \
    if (!is_ || strcmp(is_, want_)) test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #is, is_ ? is_ : "(null)", want_); \
  } while (0)
#define CHECK_BYTES(is, is_len, want, want_len) test_bytes(__FILE__, __LINE__, is, is_len, want, want_len)

void test_bytes(const char *file, int line, const void *is, size_t is_len, const void *want, size_t want_len);

#endif
