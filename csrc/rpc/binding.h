/* Bindings inside the library. Making, reading and formatting them is public: see asyncrpc.h. */
#ifndef ARPC_RPC_BINDING_H
#define ARPC_RPC_BINDING_H

#include "asyncrpc.h"

enum {
  ARPC__BINDING_TEXT_MAX = 1024, /* characters of a string binding; more is 1743 */
  ARPC__ADDRESS_MAX = 255,       /* characters of a network address; more is 1743 */
  ARPC__LOCAL_NAME_MAX = 53      /* characters of an ncalrpc or memory endpoint; more is 1706 */
};

/* "ncacn_ip_tcp", "ncalrpc", "memory". */
const char *arpc__protseq_name(arpc_protseq protseq);

#endif
