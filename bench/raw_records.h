/* W5 as a C program would have it: bytes -> an array of structs, and back. */
#ifndef BENCH_RAW_RECORDS_H
#define BENCH_RAW_RECORDS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RAW_RECORDS = 1000, RAW_RECORD = 30 }; /* the most bytes of one: two numbers, a length, a name */

typedef struct raw_record {
  int32_t id;
  double x;
  char name[16];
} raw_record;

static raw_record raw_records[RAW_RECORDS];

static inline void raw_records_make(void) {
  for (int i = 0; i < RAW_RECORDS; i++) {
    raw_records[i].id = i;
    raw_records[i].x = i * .5;
    snprintf(raw_records[i].name, sizeof raw_records[i].name, "record-%08d", i);
  }
}

/* 0: the bytes are no records. */
static inline int raw_records_in(const char *at, size_t n) {
  const char *end = at + n;
  for (int i = 0; i < RAW_RECORDS; i++) {
    uint16_t len;
    raw_record *r = &raw_records[i];
    if (end - at < 14) return 0;
    memcpy(&r->id, at, 4);
    memcpy(&r->x, at + 4, 8);
    memcpy(&len, at + 12, 2);
    at += 14;
    if (len >= sizeof r->name || end - at < len) return 0;
    memcpy(r->name, at, len);
    r->name[len] = 0;
    at += len;
  }
  return at == end;
}

static inline size_t raw_records_out(char *to) {
  char *at = to;
  for (int i = 0; i < RAW_RECORDS; i++) {
    const raw_record *r = &raw_records[i];
    uint16_t len = (uint16_t)strlen(r->name);
    memcpy(at, &r->id, 4);
    memcpy(at + 4, &r->x, 8);
    memcpy(at + 12, &len, 2);
    memcpy(at + 14, r->name, len);
    at += 14 + len;
  }
  return (size_t)(at - to);
}

#endif
