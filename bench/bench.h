/* What every client measures, in the same way: a warm-up, then a window of time or a number of calls; the CPU
 * time of both processes over just that window; one line of JSON. The server's pid is in $BENCH_SRV.
 * Options after ADDR and WORKLOAD: n=, warmn= (calls), ms=, warm= (milliseconds), depth=. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

static struct {
  int argc;
  char **argv;
  pid_t server;
  double warm, secs;      /* seconds */
  long n, warmn;          /* or numbers of calls */
  int state;              /* 0 warm-up, 1 measuring, 2 done */
  long seen, calls;
  double t0, t1, client0, client1, server0, server1;
} B;

static inline double b_clock(clockid_t id) {
  struct timespec t = {0, 0};
  clock_gettime(id, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The CPU clock of another process, as Linux numbers it. */
static inline double b_server_cpu(void) {
  return B.server ? b_clock((clockid_t)((~(unsigned)B.server) << 3 | 2)) : 0;
}

static inline long b_opt(const char *key, long fallback) {
  size_t n = strlen(key);
  for (int i = 3; i < B.argc; i++)
    if (!strncmp(B.argv[i], key, n) && B.argv[i][n] == '=') return atol(B.argv[i] + n + 1);
  return fallback;
}

static inline void b_init(int argc, char **argv) {
  const char *server = getenv("BENCH_SRV");
  B.argc = argc;
  B.argv = argv;
  B.server = server ? atoi(server) : 0;
  B.n = b_opt("n", 0);
  B.warmn = b_opt("warmn", 200);
  B.secs = (double)b_opt("ms", 1000) / 1e3;
  B.warm = (double)b_opt("warm", 300) / 1e3;
  B.t0 = b_clock(CLOCK_MONOTONIC);
}

static inline void b_begin(void) {
  B.state = 1;
  B.calls = 0;
  B.client0 = b_clock(CLOCK_PROCESS_CPUTIME_ID);
  B.server0 = b_server_cpu();
  B.t0 = b_clock(CLOCK_MONOTONIC);
}

static inline void b_end(void) {
  B.state = 2;
  B.t1 = b_clock(CLOCK_MONOTONIC);
  B.client1 = b_clock(CLOCK_PROCESS_CPUTIME_ID);
  B.server1 = b_server_cpu();
}

static inline int b_counted(void) {
  if (B.state == 0 && B.seen >= B.warmn) b_begin();
  else if (B.state == 1 && ++B.calls >= B.n) b_end();
  return B.state == 2;
}

/* One call has ended. True once the measurement is over. The clock is looked at every 32nd call. */
static inline int b_step(void) {
  if (B.state == 2) return 1;
  B.seen++;
  if (B.n) return b_counted();
  B.calls += B.state;
  if (B.seen % 32) return 0;
  double passed = b_clock(CLOCK_MONOTONIC) - B.t0;
  if (B.state == 0 && passed > B.warm) b_begin();
  else if (B.state == 1 && passed > B.secs) b_end();
  return B.state == 2;
}

static inline void b_report(const char *more) {
  printf("{\"calls\":%ld,\"secs\":%.6f,\"ccpu\":%.6f,\"scpu\":%.6f%s}\n", B.calls, B.t1 - B.t0, B.client1 - B.client0,
         B.server1 - B.server0, more);
  fflush(stdout);
}

#endif
