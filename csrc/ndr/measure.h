/* How long a stub is that may still be arriving: it is decoded, and nothing is kept of it. */
#ifndef ARPC_NDR_MEASURE_H
#define ARPC_NDR_MEASURE_H

#include "ndr/ndr.h"

/* The bytes of the list's stub, at the beginning of the reader. 234: the stub goes on behind them; else a failure as of
 * arpc__ndr_decode. There must be no full pointers in it. */
arpc_status arpc__ndr_measure(const arpc__ndr_list *list, int transfer, arpc__reader *r, size_t *ret_len);

#endif
