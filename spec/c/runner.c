/* Each test is a child process: what it writes to its pipe is the text of its failure, and how it ends
 * decides. See test.h. With -r the results also go to a file, one line each: verdict, name, place. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PASSED, FAILED, SKIPPED, VERDICTS };
enum { EXIT_FAILED = 111, EXIT_SKIPPED = 112 };

static test *tests;
static int failure_fd = 2;
static unsigned seconds = 60;
static uint64_t seed = 20240229, random_state;
static char folder[64];

void test_add(test *t) {
  test **at = &tests;
  while (*at && (strcmp((*at)->file, t->file) < 0 || ((*at)->file == t->file && (*at)->line < t->line)))
    at = &(*at)->next;
  t->next = *at;
  *at = t;
}

static void stop(int code, const char *file, int line, const char *format, va_list args) {
  dprintf(failure_fd, "%s:%d: ", file, line);
  vdprintf(failure_fd, format, args);
  fflush(NULL);
  _exit(code);
}

void test_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  stop(EXIT_FAILED, file, line, format, args);
  abort();
}

void test_skip_at(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  stop(EXIT_SKIPPED, file, line, format, args);
  abort();
}

static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t n) {
  size_t i = 0;
  while (i < n && a[i] == b[i]) i++;
  return i;
}

static void hex(char *ret, size_t size, const uint8_t *bytes, size_t len) {
  size_t used = 0;
  for (size_t i = 0; i < len && used + 4 < size; i++)
    used += (size_t)snprintf(ret + used, size - used, "%02x ", bytes[i]);
  ret[used] = 0;
}

void test_bytes(const char *file, int line, const void *is, size_t is_len, const void *want, size_t want_len) {
  size_t at = first_difference(is, want, is_len < want_len ? is_len : want_len);
  char left[100], right[100];
  if (is_len == want_len && at == is_len) return;
  hex(left, sizeof left, (const uint8_t *)is + at, is_len - at);
  hex(right, sizeof right, (const uint8_t *)want + at, want_len - at);
  test_fail(file, line, "%zu bytes, not %zu; from offset %zu on\n    is   %s\n    want %s", is_len, want_len, at, left,
            right);
}

unsigned test_scale(unsigned n) {
  const char *text = getenv("ARPC_SCALE");
  unsigned by = text ? (unsigned)strtoul(text, NULL, 10) : 1;
  return by < 2 ? n : n / by ? n / by : 1;
}

/* splitmix64 */
uint64_t test_random(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

const char *test_folder(void) {
  return folder;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *place) {
  (void)s, (void)kind, (void)place;
  return remove(path);
}

static void run_child(const test *t, int fd) {
  failure_fd = fd;
  random_state = seed;
  t->fn();
  fflush(NULL);
  exit(0);
}

/* The child's words until it closes the pipe or the deadline comes; 0 when it came. */
static int listen_to(int fd, char *words, size_t size) {
  struct timespec now;
  size_t len = 0;
  clock_gettime(CLOCK_MONOTONIC, &now);
  for (time_t end = now.tv_sec + seconds;; clock_gettime(CLOCK_MONOTONIC, &now)) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (now.tv_sec >= end) return 0;
    if (poll(&p, 1, 200) <= 0) continue;
    ssize_t n = read(fd, words + len, size - 1 - len);
    if (n <= 0) return 1;
    len += (size_t)n;
    words[len] = 0;
  }
}

static int verdict_of(int status, int in_time, char *words, size_t size) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return PASSED;
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) return SKIPPED;
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED) return FAILED;
  if (!in_time) snprintf(words, size, "not done after %u s", seconds);
  else if (WIFSIGNALED(status))
    snprintf(words, size, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  else snprintf(words, size, "ended with exit code %d", WEXITSTATUS(status));
  return FAILED;
}

static int run(const test *t, char *words, size_t size) {
  int ends[2], status = 0;
  snprintf(folder, sizeof folder, "%s/arpc-spec-XXXXXX", P_tmpdir);
  if (!mkdtemp(folder) || pipe2(ends, O_CLOEXEC)) return FAILED;
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) return FAILED;
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    run_child(t, ends[1]);
  }
  setpgid(child, child);
  close(ends[1]);
  int in_time = listen_to(ends[0], words, size);
  if (!in_time) kill(-child, SIGKILL);
  close(ends[0]);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return verdict_of(status, in_time, words, size);
}

static void report(FILE *results, const test *t, int verdict, const char *words) {
  static const char *const names[VERDICTS] = {"passed", "failed", "skipped"};
  if (verdict != PASSED) printf("%s: %s\n    %s\n", names[verdict], t->name, words);
  if (verdict == FAILED) printf("    (ARPC_SEED=%llu)\n", (unsigned long long)seed);
  if (results)
    fprintf(results, "%s\t%s\t%s:%d\t%s\n", names[verdict], t->name, t->file, t->line, verdict == SKIPPED ? words : "");
}

int main(int argc, char **argv) {
  unsigned count[VERDICTS] = {0};
  FILE *results = NULL;
  const char *part = "", *text = getenv("ARPC_SEED");
  for (int option; (option = getopt(argc, argv, "t:r:")) != -1;) {
    if (option == 't') seconds = (unsigned)strtoul(optarg, NULL, 10);
    else if (option == 'r') results = fopen(optarg, "w");
    else return 2;
  }
  if (optind < argc) part = argv[optind];
  if (text) seed = strtoull(text, NULL, 10);
  for (const test *t = tests; t; t = t->next) {
    char words[4096] = "";
    if (!strstr(t->name, part) && !strstr(t->file, part)) continue;
    int verdict = run(t, words, sizeof words);
    report(results, t, verdict, words);
    count[verdict]++;
  }
  if (results) {
    fputs("end\n", results);
    fclose(results);
  } else printf("%u passed, %u failed, %u skipped\n", count[PASSED], count[FAILED], count[SKIPPED]);
  return count[FAILED] > 0;
}
