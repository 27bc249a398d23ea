/* What the documents' tables say of a call's pipes, as far as both sides know of each other: for rpc_pipe_model_test.c,
 * which does to both what it likes, and notes here what came of it. */
#ifndef ARPC_SPEC_PIPE_MODEL_H
#define ARPC_SPEC_PIPE_MODEL_H

#include "asyncrpc.h"
#include "test.h"

enum { PIPES = 4, CODE = 0x12345 }; /* the latter: what managers abort with */
enum { REPLIED = 1, ABORTED = 2, GIVEN_UP = 4, LOST = 8 }; /* how a client's call may end */
enum { AWAY, HERE, OVER };                                 /* where a manager's is */

typedef struct model_side {
  arpc_async handle;
  uint8_t way;           /* what it pushes: ARPC_PIPE_IN or OUT */
  unsigned push_at, pull_at;
  size_t pushed[PIPES], pulled[PIPES]; /* elements */
  unsigned armed[2];     /* a push, a pull was refused, and nothing was told since */
  unsigned arms[2], told[2];
  unsigned owed, most_owed; /* a push is to be told of because of the flags; how many were */
  int woken;             /* told that a pull is worth it, and not tried yet */
} model_side;

typedef struct model_call {
  unsigned number;
  const arpc_pipe_type *types;
  uint32_t npipes;
  int syntax;            /* 0 NDR20, 1 NDR64 */
  model_side c, s;
  unsigned may, must, told;
  arpc_status status;
  int collected, dropped;
  int asked, called_off; /* a cancel is on its way; the client did that itself */
  int gone, sure;        /* its client is, perhaps; the manager has heard of either */
  uint64_t ends;
  int server;
} model_call;

/* Bytes of an element, from one to the next, and number b of element k of what `from` pushes into a pipe. */
size_t model_size(const model_call *k, unsigned pipe);
size_t model_stride(const model_call *k, unsigned pipe);
uint8_t model_byte(const model_call *k, const model_side *from, unsigned pipe, size_t element, size_t b);
/* The pipe at or after `at` that goes a way; npipes when there is none. */
unsigned model_next(const model_call *k, unsigned at, unsigned way);
model_side *model_other(model_call *k, const model_side *x);
/* Bytes that this side pushed and the other one has not pulled. */
size_t model_between(model_call *k, const model_side *x);
int model_pushed_all(const model_call *k, const model_side *x);
int model_pulled_all(const model_call *k, const model_side *x);

/* What order alone makes a push, or a pull, answer. 0: it is this pipe's turn. */
arpc_status model_push_order(const model_call *k, const model_side *x, unsigned pipe);
arpc_status model_pull_order(const model_call *k, const model_side *x, unsigned pipe);
/* Whether a call may end with that status. */
int model_one_of(unsigned may, arpc_status status);
/* Whether the side's pipes may answer with that because the call is over, or will be; whether they must. */
int model_may_be_over(const model_call *k, const model_side *x, arpc_status status);
int model_must_be_over(const model_call *k, const model_side *x);

#endif
