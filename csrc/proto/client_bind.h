/* The part of the client machine that is about bind and alter_context. */
#ifndef ARPC_PROTO_CLIENT_BIND_H
#define ARPC_PROTO_CLIENT_BIND_H

#include "proto/conn.h"

/* The context that waits for an answer, NULL = none. */
arpc__client_context *arpc__client_asked(const arpc__client_conn *c);
/* Takes a bind_ack or alter_context_resp in: 0, or the status that ends the connection. */
arpc_status arpc__client_acked(arpc__client_conn *c, const arpc__pdu *p, arpc__client_context *asked);
/* What a bind_nak means. */
arpc_status arpc__client_nak_status(uint16_t reason);

#endif
