/* For the specs of pipes in csrc/rpc: our server, our clients and raw ends on the in-process pair. A raw end says any
 * bytes in any portions and keeps what it hears. A job pushes and pulls the pipe of a call, on either side, as it is
 * told. There is one procedure, with one pipe of the recorded elements. */
#ifndef ARPC_SPEC_PIPE_RIG_H
#define ARPC_SPEC_PIPE_RIG_H

#include "proto/pdu.h"
#include "recorded_pipes.h"
#include "rpc/transport.h"
#include "test.h"

typedef struct job {
  arpc_runtime *rt;
  arpc_async async;
  int server, kind;
  int big;                /* byte order of what is pulled */
  int pushes, pulls;      /* what is still to be done */
  size_t most;            /* elements of one pull */
  int looks;              /* pulls where they lie */
  const uint32_t *chunks; /* to be pushed, */
  size_t nchunks, next;
  size_t pulled, pushed;  /* elements */
  const void *tail;       /* a server's answer behind the pipe */
  size_t ntail;
  unsigned waits;         /* for 1 << arpc_event_kind; 0 = for nothing */
  arpc_status failed;     /* a push or a pull did; a server then aborts */
  unsigned done;          /* a server's call is ended, a client's complete */
} job;

typedef struct rig {
  uv_loop_t loop;
  arpc_runtime *rt;
  arpc_server *server;
  arpc_client *client;
  arpc__listener *listener;   /* of the raw server, */
  arpc__transport *transport; /* and of the raw end there is; NULL = none */
  arpc__buf heard;
  unsigned ended, accepted;
  arpc_pipe_type type;        /* the procedure's pipe */
  uint8_t head[32];           /* the [in] stub in front of it */
  size_t nhead;
  job plan, served;           /* the manager's, before and after */
  unsigned calls;             /* it was called */
} rig;

extern const arpc_syntax RIG_INTERFACE;

void rig_open(rig *r);
void rig_close(rig *r); /* and checks that nothing is left */
void rig_turn(rig *r);
void rig_until(rig *r, const unsigned *flag, unsigned n); /* or fails after ten seconds */
void rig_procedure(rig *r, arpc_pipe_type type, const void *head, size_t n, const job *plan);

/* ---- a raw client of our server ----*/
void raw_dial(rig *r, const void *bind, size_t n); /* says the bind and waits for the answer; NULL: one of its own, */
void raw_dial_in(rig *r, int transfer);            /* which is this */
void raw_hang_up(rig *r);
void raw_say(rig *r, const void *bytes, size_t n);
/* In portions of `step` bytes that arrive one by one. */
void raw_say_slowly(rig *r, const uint8_t *bytes, size_t n, size_t step);
/* The stub of the fragments that come next, with the last PDU; waits for it. */
arpc__buf raw_hear(rig *r, arpc__pdu *ret);

/* ---- a raw server of our client ----*/
/* Issues the job's call with r->head in front of the pipe, on a new connection, and accepts its bind. */
void raw_serve(rig *r, int transfer, job *j);

void job_go(job *j);
void job_notified(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event); /* user_info: the job */

/* ---- bytes, made by hand ----*/
typedef struct piece { /* what the PDUs of a call have in common */
  uint8_t type, big;
  uint16_t context, opnum;
  uint32_t call_id;
} piece;

/* A stub in fragments: the first with `first` bytes of it, the others with `share`. */
void put_fragments(arpc__buf *out, const piece *p, const void *stub, size_t len, size_t first, size_t share);
/* A pipe behind what is in out, where a stub begins. */
void put_pipe(arpc__buf *out, int kind, int transfer, int big, const uint32_t *chunks, size_t n);

#endif
