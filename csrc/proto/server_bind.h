/* The part of the server machine that is about bind and alter_context. */
#ifndef ARPC_PROTO_SERVER_BIND_H
#define ARPC_PROTO_SERVER_BIND_H

#include "proto/conn.h"

enum { ARPC__FAULT_ACCESS = 5, ARPC__FAULT_PROTO = 0x1C01000B };

/* Answers the first PDU of a connection, whatever it is. 0: with a bind_nak, and that was that. */
int arpc__server_bind(arpc__server_conn *c, const arpc__pdu *p);
/* Answers an alter_context; or gives the code of the fault that must end the connection. */
uint32_t arpc__server_alter(arpc__server_conn *c, const arpc__pdu *p);
/* NULL when there is none. */
arpc__server_context *arpc__server_context_of(const arpc__server_conn *c, uint16_t id);

#endif
