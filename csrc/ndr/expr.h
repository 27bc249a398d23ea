/* Size expressions: what ndr.h says of them, and the check that makes evaluating them safe. */
#ifndef ARPC_NDR_EXPR_H
#define ARPC_NDR_EXPR_H

#include "ndr/ndr.h"

/* NULL, or what is wrong. An expression that passed never leaves its stack or the slots. */
const char *arpc__ndr_check_expr(const arpc__ndr_expr *e);

#endif
