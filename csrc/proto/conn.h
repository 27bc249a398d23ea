/* One connection of the DCE/RPC connection-oriented protocol, as a value: no I/O, no clock.
 *
 * Both machines work alike. The owner feeds received bytes and asks for events until there are none;
 * whatever the machine has to say stands in `out`, from which the owner takes bytes whenever it likes.
 * A machine that met a violation says so once with BROKEN, has put its last words into `out`, and from
 * then on ignores what it is fed: the owner writes `out`, then closes.
 *
 * Nothing is re-entered: no function calls back (but the two questions of arpc__server_host, which must
 * not touch the machine). Between two events the owner may call anything. Bytes in an event are valid
 * until the next call of feed, next or fini. */
#ifndef ARPC_PROTO_CONN_H
#define ARPC_PROTO_CONN_H

#include "base/buf.h"
#include "base/map.h"
#include "proto/frame.h"
#include "proto/pdu.h"
#include "proto/stub.h"

/* ---- client ------------------------------------------------------------------------------------*/

/* The part of a call that the client machine needs; embedded in the owner's call. Zero before use. */
typedef struct arpc__client_call arpc__client_call;
struct arpc__client_call {
  uint32_t call_id;   /* given by arpc__client_request; 0 = not on a connection */
  uint8_t mode;       /* ARPC__STREAMING: made by arpc__client_open; ARPC__ANSWERING: a first response fragment has come */
  uint8_t drep0;      /* of that fragment */
  uint16_t empty;     /* response fragments without bytes */
  arpc__buf *answer;  /* response of several fragments, NULL = none; freed by arpc__client_forget, or by the owner */
};
void arpc__client_free_answer(arpc__client_call *call);

enum { ARPC__STREAMING = 1, ARPC__ANSWERING = 2 };

typedef struct arpc__client_context arpc__client_context; /* one abstract syntax asked for */
struct arpc__client_context {
  arpc_syntax abstract;
  uint8_t state;     /* ASKED, ACCEPTED or REFUSED below */
  uint8_t transfer;  /* accepted: ARPC_NDR20 or ARPC_NDR64 */
  uint16_t id;       /* accepted: its p_cont_id */
  arpc_status error; /* refused: 1717, 1730, 1723, or what the fault that answered says */
  uint16_t asked_id; /* p_cont_id of the first element asked with; the others follow it */
  arpc__client_context *next;
};
enum { ARPC__ASKED = 1, ARPC__ACCEPTED, ARPC__REFUSED };

typedef struct arpc__client_options {
  uint16_t max_fragment; /* offered */
  uint32_t max_response; /* stub bytes of one answer */
  uint8_t transfer;      /* mask of ARPC_NDR20, ARPC_NDR64 to offer, one element each */
  uint8_t multiplex;     /* ask for CONC_MPX */
  uint8_t features;      /* bind-time features to ask for: ARPC__BTFN_* ; 0 = send no such element */
  uint8_t deadlines;     /* ask for deadlines behind stubs */
  uint32_t group;        /* association group to join, 0 = a new one */
} arpc__client_options;

typedef struct arpc__client_conn arpc__client_conn;
struct arpc__client_conn {
  arpc__client_options options;
  arpc__buf out;
  arpc__frame in;
  uint8_t bound;       /* bind_ack has come */
  uint8_t broken;
  uint8_t shutdown;    /* the server asked for the end: issue nothing new */
  uint8_t multiplex;   /* agreed */
  uint8_t features;    /* agreed, mask */
  uint8_t deadlines;   /* agreed */
  uint16_t max_xmit;   /* of a fragment we send */
  uint16_t max_recv;   /* of a response we accept */
  uint32_t group;      /* as bind_ack said */
  uint32_t next_call_id; /* ascends, never wraps: at 0x7fffffff the machine refuses further calls */
  uint32_t asking;     /* call_id of the outstanding bind or alter_context, 0 = none */
  uint32_t late;       /* answers drained */
  arpc__map calls;     /* call_id -> arpc__client_call, or the mark of a forgotten one */
  arpc__client_context *contexts; /* a list */
  uint32_t ncontexts;
  uint16_t next_context_id; /* stays below 256: answers bring only eight bits of it */
};

typedef enum arpc__client_event_kind {
  ARPC__C_NONE,     /* feed more */
  ARPC__C_BOUND,    /* `context` is accepted or refused; the first one also settles multiplex, group ... */
  ARPC__C_RESPONSE, /* `call` is answered with `stub`; it is off the connection */
  ARPC__C_DATA,     /* a fragment of the answer to a streaming `call`: `stub`; the `last` one takes it off the connection */
  ARPC__C_FAULT,    /* `call` ended with `status` (code as on the wire) and `flags`; it is off the connection */
  ARPC__C_SHUTDOWN, /* finish, then close */
  ARPC__C_BROKEN    /* `status` says why: 1728, bind_nak's 1723, 1747, 5, 1727 ... */
} arpc__client_event_kind;

typedef struct arpc__client_event {
  arpc__client_event_kind kind;
  arpc__client_call *call;
  arpc__client_context *context;
  const uint8_t *stub;
  size_t len;
  uint8_t big_endian;
  uint8_t last;
  uint8_t flags;      /* pfc_flags of the fault: DID_NOT_EXECUTE */
  uint8_t reject;     /* BROKEN by a bind_nak: 1 + its reason */
  uint32_t status;
} arpc__client_event;

void arpc__client_init(arpc__client_conn *c, const arpc__client_options *options);
void arpc__client_fini(arpc__client_conn *c); /* its calls are forgotten, not freed */

/* The context of an interface: asks for it with a bind or an alter_context unless that was done.
 * *ret is owned by the machine and good until fini. 997 while another question is outstanding: ask again
 * after its BOUND. Limited to 64 per connection: 1721. */
arpc_status arpc__client_present(arpc__client_conn *c, const arpc_syntax *abstract, arpc__client_context **ret);
/* Appends the request's fragments. The context must be ACCEPTED. Without multiplex the owner asks only when
 * arpc__client_idle: else 1791. 1721 when the call ids are used up, 1727 once broken, 14. */
arpc_status arpc__client_request(arpc__client_conn *c, arpc__client_call *call, const arpc__client_context *context,
                                 uint16_t opnum, const arpc_uuid *object, const void *stub, size_t len);
/* The same for a call whose request goes out in pieces, and whose answer comes in pieces, as DATA: ret->call_id is
 * its id, and the owner puts fragments (arpc__write_stub_head) into `out`, the last one with LAST. */
ARPC__COLD arpc_status arpc__client_open(arpc__client_conn *c, arpc__client_call *call, const arpc__client_context *context,
                              arpc__stub_head *ret);
int arpc__client_idle(const arpc__client_conn *c); /* no call is outstanding */
void arpc__client_cancel(arpc__client_conn *c, arpc__client_call *call); /* sends co_cancel */
void arpc__client_orphan(arpc__client_conn *c, arpc__client_call *call); /* sends orphaned; forget it then */
/* The call is the owner's again; its id stays reserved until the answer has come and been drained. */
void arpc__client_forget(arpc__client_conn *c, arpc__client_call *call);

void arpc__client_feed(arpc__client_conn *c, const void *bytes, size_t len);
arpc__client_event_kind arpc__client_next(arpc__client_conn *c, arpc__client_event *ret);

/* ---- server ------------------------------------------------------------------------------------*/

/* The part of a call that the server machine needs; embedded in the owner's call. Zero before use. */
typedef struct arpc__server_call arpc__server_call;
struct arpc__server_call {
  uint32_t call_id;
  uint16_t context_id;
  uint8_t maybe;      /* the client wants no answer: none is sent */
  uint8_t on;         /* accepted and not ended */
  uint8_t unheard;    /* maybe, or orphaned: nobody waits for an answer, none is sent */
  uint8_t cancels;    /* received since it was accepted: goes into the answer's cancel_count */
};

typedef struct arpc__server_context arpc__server_context;

typedef struct arpc__server_host {
  void *arg;
  /* The registered interface that serves `abstract` (uuid and major equal, our minor >= theirs), or NULL. */
  const void *(*find)(void *arg, const arpc_syntax *abstract);
  /* A new association group's id (wanted 0), or `wanted` when it lives and was joined; 0 = refused. The
   * owner leaves it when the connection ends. */
  uint32_t (*group)(void *arg, uint32_t wanted);
  /* Whether a procedure's requests are to be told of with their first fragment. NULL: none. */
  int (*streams)(void *arg, const arpc__server_context *context, uint16_t opnum);
} arpc__server_host;

typedef struct arpc__server_options {
  uint16_t max_fragment; /* granted at most */
  uint32_t max_request;  /* stub bytes of one request */
  uint32_t max_contexts;
  uint8_t transfer;      /* mask spoken */
  uint8_t prefer;        /* of two acceptable ones */
  uint8_t features;      /* bind-time features granted: mask */
  uint8_t deadlines;     /* deadlines behind stubs are granted */
  const char *address;   /* secondary address for bind_ack, borrowed for good; "" = none */
  arpc__server_host host;
} arpc__server_options;

struct arpc__server_context {
  uint16_t id;
  uint8_t transfer;      /* ARPC_NDR20 or ARPC_NDR64 */
  arpc_syntax abstract;
  const void *interface; /* as host.find said */
};

typedef struct arpc__server_conn arpc__server_conn;
struct arpc__server_conn {
  arpc__server_options options;
  arpc__buf out;
  arpc__frame in;
  uint8_t bound;
  uint8_t broken;        /* 1, and 2 once it was said */
  uint8_t multiplex;
  uint8_t features;
  uint8_t deadlines;     /* agreed */
  uint16_t max_xmit;     /* of a fragment, granted both ways */
  uint16_t max_recv;     /* of a request we accept */
  uint32_t group;        /* 0 = in none */
  arpc__map calls;       /* call_id -> arpc__server_call, accepted and not ended; a repeated id shadows */
  uint32_t running;      /* how many are accepted and not ended */
  uint32_t awaited;      /* those of them that somebody waits for */
  arpc__server_context *contexts;
  uint32_t ncontexts;
  struct {               /* the one request under reassembly */
    uint8_t open;
    uint8_t drep0;
    uint8_t flags;       /* of the first fragment */
    uint8_t cancels;
    uint8_t streaming;   /* told of; what comes now is DATA */
    uint16_t empty;      /* fragments without bytes; of a stream, in a row */
    arpc__server_call *call; /* of a stream: whose; NULL = nobody's any more, thrown away */
    uint32_t call_id;
    uint16_t context_id;
    uint16_t opnum;
    arpc_uuid object;
    arpc__buf stub;      /* still holds the bytes of the last event when not open */
  } request;
};

typedef enum arpc__server_event_kind {
  ARPC__S_NONE,
  ARPC__S_BOUND,   /* the bind was acknowledged */
  ARPC__S_REQUEST, /* complete, or of a stream the beginning; the owner answers it with arpc__server_accept or
                      arpc__server_refuse */
  ARPC__S_DATA,    /* what follows of a stream: `call`, `stub`, `last` */
  ARPC__S_CANCEL,  /* `call` */
  ARPC__S_ORPHAN,  /* `call` */
  ARPC__S_BROKEN
} arpc__server_event_kind;

typedef struct arpc__server_event {
  arpc__server_event_kind kind;
  arpc__server_call *call;       /* CANCEL, ORPHAN, DATA */
  const arpc__server_context *context; /* REQUEST */
  uint32_t call_id;
  uint16_t opnum;
  uint8_t has_object;
  uint8_t maybe;
  uint8_t big_endian;
  uint8_t cancels;
  uint8_t last;                  /* no more of the request is to come */
  arpc_uuid object;
  const uint8_t *stub;
  size_t len;
} arpc__server_event;

void arpc__server_init(arpc__server_conn *c, const arpc__server_options *options);
void arpc__server_fini(arpc__server_conn *c);

/* Takes the request of the last REQUEST event on; *call keeps nothing of what it held before. 14 when memory fails (it is then refused with 1130). */
arpc_status arpc__server_accept(arpc__server_conn *c, arpc__server_call *call, const arpc__server_event *ev);
/* Answers it with a fault that says "did not execute". The connection lives. */
void arpc__server_refuse(arpc__server_conn *c, const arpc__server_event *ev, uint32_t code);
/* Ends an accepted call: response fragments, or a fault (flags: ARPC__PFC_DID_NOT_EXECUTE or 0). */
void arpc__server_respond(arpc__server_conn *c, arpc__server_call *call, const void *stub, size_t len);
void arpc__server_fault(arpc__server_conn *c, arpc__server_call *call, uint32_t code, uint8_t flags);
/* Of a streaming request: whose what follows is; off: nobody's any more, before the call's memory goes. */
ARPC__COLD void arpc__server_follow(arpc__server_conn *c, arpc__server_call *call, int on);
/* Ends an accepted call; 1 = somebody waits for the answer, and the owner puts its last fragment into `out` itself. */
ARPC__COLD int arpc__server_finish(arpc__server_conn *c, arpc__server_call *call);
/* Ends an accepted call without a word (orphaned). */
void arpc__server_drop(arpc__server_conn *c, arpc__server_call *call);
void arpc__server_shutdown(arpc__server_conn *c); /* says shutdown */

void arpc__server_feed(arpc__server_conn *c, const void *bytes, size_t len);
arpc__server_event_kind arpc__server_next(arpc__server_conn *c, arpc__server_event *ret);
/* What the owner's stall timer is about: bytes of a PDU or fragments of a request are here, the rest is not. Streams
 * may pause between fragments. */
int arpc__server_midway(const arpc__server_conn *c);

#endif
