/* The recorded calls of procedures with pipes (recorded.idl has their interfaces), one by one. All are in NDR20 and
 * little endian: nobody we could record sends pipes in NDR64 that end as they must. */
#ifndef ARPC_SPEC_RECORDED_PIPES_H
#define ARPC_SPEC_RECORDED_PIPES_H

#include "asyncrpc.h"
#include "vectors.h"

enum { RECORDED_BYTES, RECORDED_LONGS, RECORDED_RECORDS, RECORDED_KINDS };

typedef struct recorded_pipe {
  const vectors *v;
  int conn;
  uint32_t call_id;
  uint16_t opnum, context;
  int kind;            /* of the elements */
  unsigned directions; /* ARPC_PIPE_IN, ARPC_PIPE_OUT */
  size_t head;         /* bytes of the request in front of the pipe */
  size_t tail;         /* bytes of the response behind the pipe */
  size_t elements;     /* in each direction; element k is recorded_element(kind, k) */
  uint8_t *in, *out;   /* the stubs */
  size_t in_len, out_len;
  uint32_t fault;      /* what the server answered instead, 0 = nothing */
  const vector_step *bind;
  uint8_t *said[2];    /* the server's PDUs, the client's, one behind the other */
  size_t said_len[2];
} recorded_pipe;

/* Calls fn with every one; gives their number. */
size_t recorded_pipes(void (*fn)(const recorded_pipe *call, void *arg), void *arg);

/* Elements are numbered from 0, and the same in both syntaxes. */
arpc_pipe_type recorded_type(int kind, unsigned directions);
void recorded_element(int kind, int big, size_t k, uint8_t *ret);
/* Whether n elements, one behind the other, are those from number k on. */
int recorded_are(int kind, int big, size_t k, const uint8_t *at, size_t n);

#endif
