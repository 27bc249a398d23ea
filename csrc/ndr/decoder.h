/* The decoder, to those of its parts that stand in files of their own. */
#ifndef ARPC_NDR_DECODER_H
#define ARPC_NDR_DECODER_H

#include "ndr/ndr.h"

typedef struct arpc__frame {
  int64_t *slots;
  uint32_t seen; /* arrays met in this walk, by check */
  uint32_t maximum[ARPC__NDR_CHECKS], actual[ARPC__NDR_CHECKS], first[ARPC__NDR_CHECKS]; /* first: of dimensions */
} arpc__frame;

typedef struct arpc__decoder {
  arpc__reader *r;
  const arpc__ndr_sink *to;
  void *arg;
  arpc__frame *frame; /* the innermost */
  uint16_t depth, deepest;
  uint8_t s;    /* 0 NDR20, 1 NDR64 */
  uint8_t hoisted, tail; /* whether there is an array to come whose counts were; alignment of the struct it ends */
  int64_t memory;       /* left for values */
  const char *limit;    /* the one that was hit, NULL = none */
  uint64_t highest;     /* number of a full pointer */
  const uint64_t *most; /* hoisted: the maximum counts of the struct's last array */
} arpc__decoder;

void arpc__decode_flat(arpc__decoder *d, const arpc__ndr_type *t); /* pushes a value, the flat image of which is next */
uint64_t arpc__decode_word(arpc__decoder *d);
int arpc__decode_deeper(arpc__decoder *d); /* 0: too deep; else d->depth-- undoes it */
int arpc__decode_array(arpc__decoder *d, const arpc__ndr_type *t, size_t n); /* begins it; 0 and a failure */
int arpc__decode_charge(arpc__decoder *d, size_t units); /* for a text; 0 and a failure: there is no memory left */
/* The counts of an array with expressions, to be compared at the end of the frame. */
void arpc__decode_note(arpc__decoder *d, const arpc__ndr_type *t, uint32_t most, uint32_t first, uint32_t n);

/* decode_grid.c */
void arpc__decode_grid(arpc__decoder *d, const arpc__ndr_type *t);

#endif
