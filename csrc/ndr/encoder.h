/* The encoder, to those of its parts that stand in files of their own. */
#ifndef ARPC_NDR_ENCODER_H
#define ARPC_NDR_ENCODER_H

#include "ndr/ndr.h"

typedef struct arpc__encoder {
  arpc__writer *w;
  const arpc__ndr_source *from;
  void *arg;
  const int64_t *slots; /* of the innermost frame */
  size_t hoisted;       /* where the maximum counts of the struct's last array are to stand, plus 1; 0 = with the array */
  uint32_t pointers;    /* written so far */
  uint32_t numbers;     /* of full pointers, given so far */
  uint16_t depth, deepest;
  uint8_t s;            /* 0 NDR20, 1 NDR64 */
  uint8_t tail;         /* alignment of the struct that array ends */
} arpc__encoder;

void arpc__encode_flat(arpc__encoder *e, const arpc__ndr_type *t); /* the flat image of the current value */
void arpc__encode_word(arpc__encoder *e, uint64_t v);              /* a count or an offset */
void arpc__encode_refuse(arpc__encoder *e, const char *why);
void arpc__encode_miscounted(arpc__encoder *e, const arpc__ndr_type *t, int64_t want, size_t got, int most);
int arpc__encode_deeper(arpc__encoder *e); /* 0: too deep; else e->depth-- undoes it */
/* The value of an expression, or of none; 0 and a failure when it has none. */
int arpc__encode_eval(arpc__encoder *e, const arpc__ndr_expr *x, int64_t otherwise, int64_t *ret);
/* The maximum count for n elements; 0 and a failure when n is not what the sizes say. */
int arpc__encode_count(arpc__encoder *e, const arpc__ndr_type *t, size_t n, int64_t *ret_most);

/* encode_grid.c */
void arpc__encode_grid(arpc__encoder *e, const arpc__ndr_type *t);

#endif
