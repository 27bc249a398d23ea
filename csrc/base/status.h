/* Statuses are the Windows numbers. One list (in asyncrpc.h) holds number, name and text of each, a
 * second one (fault_list.h) the fault codes of the wire and what they become; everything else is made from them. */
#ifndef ARPC_BASE_STATUS_H
#define ARPC_BASE_STATUS_H

#include "asyncrpc.h"

/* arpc_status_name, arpc_status_text, arpc_status_by_name, arpc_status_from_fault and
 * arpc_status_to_fault are public: see asyncrpc.h. */

/* Walks the list: name and number of entry i; NULL past the last one. */
const char *arpc__status_entry(unsigned i, arpc_status *ret);
/* The same for the wire's fault codes ("nca_op_rng_error", ...). */
const char *arpc__fault_entry(unsigned i, uint32_t *ret);
/* 1 for 0 and for the hardware exceptions that no fault may carry (semantics: they decode as 1728). */
int arpc__fault_forbidden(uint32_t code);

#endif
