/* What the fuzz targets share: input taken piece by piece, memory that ends where the bytes end, and a
 * reader of what a machine says.
 *
 * A machine's input is 8 knobs, then items until the end. An item is a byte and what its low three bits say:
 *   0 1 2  a PDU as on the wire. 0 and 1: its length is mended to what is there; 1: a byte before it says where
 *          it is cut in two portions
 *   3      a byte n, and n raw bytes
 *   4..7   something the owner does, with a byte that says how
 * The seeds (seed.lua) are recorded exchanges in this form. */
#ifndef ARPC_FUZZ_H
#define ARPC_FUZZ_H

#include "proto/conn.h"

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(cond)                                                        \
  do {                                                                          \
    if (!(cond)) {                                                              \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);        \
      abort();                                                                  \
    }                                                                           \
  } while (0)

typedef struct fuzz_input {
  const uint8_t *at;
  size_t left;
} fuzz_input;

enum { FUZZ_KNOBS = 8, FUZZ_PDU, FUZZ_CUT, FUZZ_RAW, FUZZ_OWNER, FUZZ_END };

typedef struct fuzz_item {
  int kind;
  uint8_t op;     /* the item's first byte */
  uint8_t arg;    /* CUT: where; OWNER: how */
  uint8_t *bytes; /* PDU, CUT, RAW: len of them, to be freed */
  size_t len;
} fuzz_item;

/* A machine and its owner. Portions are freed when feed returns. */
typedef struct fuzz_machine {
  void (*feed)(void *arg, const uint8_t *bytes, size_t n);
  void (*act)(void *arg, unsigned what, uint8_t how); /* what: 0..3 */
  void (*mend)(void *arg, uint8_t *pdu);              /* a PDU whose item has 8 in its first byte; may be NULL */
} fuzz_machine;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

uint8_t fuzz_byte(fuzz_input *in);                     /* 0 at the end */
uint8_t *fuzz_own(const void *bytes, size_t n);        /* a copy that ends where it ends */
void fuzz_read(const void *bytes, size_t n);           /* touches every byte */
void fuzz_item_next(fuzz_input *in, fuzz_item *ret);
void fuzz_drive(const fuzz_machine *m, void *arg, fuzz_input in);

/* Takes the next PDU off what a machine said; 0 = none. It must be well-formed: a header of ours, a type out
 * of the mask, a body that fits it. */
int fuzz_said(arpc__buf *out, uint32_t types, arpc__pdu *ret);

/* The fragments of a response; 0 = it is not there. If it is, it must be this one. */
typedef struct fuzz_answer {
  uint32_t call_id;
  uint8_t context_id, cancels;
  uint16_t max;
  const uint8_t *stub;
  size_t len;
} fuzz_answer;

int fuzz_said_answer(arpc__buf *out, const fuzz_answer *want);

#endif
