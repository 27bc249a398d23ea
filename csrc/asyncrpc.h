/* asyncrpc: asynchronous Microsoft RPC (DCE/RPC v5, NDR) on libuv.
 *
 * The whole C API, top to bottom: status, runtime, events, ports and queues, the async handle, pipes, bindings,
 * clients, servers, stub bytes; the list of statuses stands last.
 *
 * Rules that hold everywhere:
 * - A runtime and all that was made with it belong to the thread that runs its loop. Only functions
 *   marked THREAD-SAFE may be called from another.
 * - A function that can fail returns an arpc_status, 0 is success; out parameters stay untouched when
 *   it fails. A failure that is returned is never also notified.
 * - An accepted call completes exactly once, on a later turn of the loop, whatever dies.
 * - Strings and bytes passed in are copied before the function returns, unless it says otherwise.
 */
#ifndef ASYNCRPC_H
#define ASYNCRPC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARPC_VERSION "0.1.0"

struct uv_loop_s;

/* ---- status ------------------------------------------------------------------------------------
 * The Windows numbers: ARPC_S_CALL_FAILED is RPC_S_CALL_FAILED is 1726. A remote fault arrives as the
 * status it maps to, any other 32-bit code passes through. All of these are THREAD-SAFE. */
typedef uint32_t arpc_status;

const char *arpc_status_name(arpc_status status); /* "RPC_S_CALL_FAILED"; NULL for a code that has none */
const char *arpc_status_text(arpc_status status); /* never NULL */
int arpc_status_by_name(const char *name, arpc_status *ret); /* 1 when found */
arpc_status arpc_status_from_fault(uint32_t code);           /* a fault's code on the wire -> status */
uint32_t arpc_status_to_fault(arpc_status status);           /* the reverse */

/* ---- identities --------------------------------------------------------------------------------*/
typedef struct arpc_uuid {
  uint32_t a;
  uint16_t b, c;
  uint8_t d[8];
} arpc_uuid;

arpc_status arpc_uuid_parse(const char *text, arpc_uuid *ret); /* 1705; THREAD-SAFE */

/* An interface or a transfer syntax: uuid and version. */
typedef struct arpc_syntax {
  arpc_uuid uuid;
  uint16_t major, minor;
} arpc_syntax;

/* Transfer syntaxes, also as bits of a mask. */
enum { ARPC_NDR20 = 1, ARPC_NDR64 = 2 };

/* ---- runtime -----------------------------------------------------------------------------------
 * One per loop. Pending calls and listening servers keep the loop alive; idle connections do not. */
typedef struct arpc_runtime arpc_runtime;

/* What an embedder (a scripting runtime) hooks in. Every field may be zero. */
typedef struct arpc_host {
  void *arg;
  /* Wraps each entry from the loop into code that may call back: it must call fn(p) once. */
  void (*enter)(void *arg, void (*fn)(void *p), void *p);
  /* What `data` of every uv handle of ours holds; for hosts that walk the handles of their loop.
   * Must outlive the last handle: `released` is called once after that. */
  void *handle_data;
  void (*released)(void *handle_data);
} arpc_host;

typedef struct arpc_runtime_options {
  arpc_host host;
  int manual_clock; /* time stands still but for arpc_runtime_advance; for tests */
} arpc_runtime_options;

typedef struct arpc_stats {
  uint64_t calls_issued;    /* accepted, by clients */
  uint64_t calls_completed; /* notified or collected, by clients */
  uint64_t calls_served;    /* dispatched to a manager */
  uint64_t calls_ended;     /* replied, aborted or dropped, by servers */
  uint64_t late_answers;    /* answers to calls given up before, drained */
  uint64_t bytes_in, bytes_out;
  uint64_t reads, writes;   /* system calls, as far as known */
  uint32_t connections;     /* open now, both sides */
  uint32_t pending;         /* client calls not yet complete */
  uint32_t parked;          /* server calls not yet ended */
  uint32_t handles;         /* async handles that hold a call's state, both sides */
  uint32_t timers;          /* armed now */
} arpc_stats;

/* The loop is the caller's and must outlive the runtime. options may be NULL. SIGPIPE is caught from here on,
 * unless the process has dealt with it: a peer that goes away must not end it. */
arpc_status arpc_runtime_new(arpc_runtime **ret, struct uv_loop_s *loop, const arpc_runtime_options *options);
/* Closes every client, server and connection. Pending calls complete (1726 or 1727) and notify on the
 * following turns of the loop; then the runtime takes its handles off the loop and frees itself.
 * The pointer, and those of its clients and servers, are dead for the caller as soon as this returns;
 * notifications still receive the runtime. */
void arpc_runtime_close(arpc_runtime *rt);
/* The same at once, without notifications: for a host whose own state is going down. */
void arpc_runtime_abandon(arpc_runtime *rt);
/* Closes every client, server and connection, and leaves the runtime usable. Clients and servers then
 * refuse everything; their owners still close them. */
void arpc_runtime_reset(arpc_runtime *rt);
void arpc_runtime_stats(const arpc_runtime *rt, arpc_stats *ret);
uint64_t arpc_runtime_now(const arpc_runtime *rt);             /* milliseconds on the runtime's clock */
void arpc_runtime_advance(arpc_runtime *rt, uint64_t ms);      /* manual clock: moves on, fires on later turns */
/* Runs fn(rt, arg) on the loop's thread, in the order posted. THREAD-SAFE until arpc_runtime_close. */
arpc_status arpc_post(arpc_runtime *rt, void (*fn)(arpc_runtime *rt, void *arg), void *arg);

/* ---- events, completion ports, message queues --------------------------------------------------
 * What threads share. Each is counted: new and open give a reference, free gives it back, and the last one
 * frees the object; what a handle notifies, or a thread waits for, it must hold a reference of. A token is a
 * text that names the object in this process as long as anybody holds it: open finds it from any thread, or
 * answers ARPC_S_ENTRY_NOT_FOUND. All of these are THREAD-SAFE; waiting is done on rt's thread by running its
 * loop, never inside a callback: 0, or ARPC_S_TIMEOUT after ms (negative: for ever), or ARPC_S_NO_CALL_ACTIVE
 * when the object has no token and nothing on the loop is left that could end the wait. Whatever is waited for
 * goes to waiters in the order they came; what came for one that had just given up goes to the next. */
typedef struct arpc_event arpc_event;

enum { ARPC_EVENT_MANUAL = 1, ARPC_EVENT_SET = 2 };

arpc_status arpc_event_new(arpc_event **ret, unsigned flags);
arpc_status arpc_event_open(arpc_event **ret, const char *token);
void arpc_event_free(arpc_event *event);
size_t arpc_event_token(arpc_event *event, char *ret, size_t size); /* like snprintf */
void arpc_event_set(arpc_event *event);
void arpc_event_reset(arpc_event *event);
arpc_status arpc_event_wait(arpc_event *event, arpc_runtime *rt, int64_t ms);

typedef struct arpc_port arpc_port;
typedef struct arpc_packet {
  uint64_t bytes, key; /* as the poster chose them */
  void *overlapped;    /* likewise */
  uint64_t handle;     /* id of the async handle; 0 for a packet that a program posted */
  int event;           /* arpc_event_kind */
} arpc_packet;

arpc_status arpc_port_new(arpc_port **ret);
arpc_status arpc_port_open(arpc_port **ret, const char *token);
void arpc_port_free(arpc_port *port); /* with the last reference go the packets nobody got */
size_t arpc_port_token(arpc_port *port, char *ret, size_t size);
arpc_status arpc_port_post(arpc_port *port, const arpc_packet *packet);
arpc_status arpc_port_get(arpc_port *port, arpc_runtime *rt, int64_t ms, arpc_packet *ret);

typedef struct arpc_queue arpc_queue;
typedef struct arpc_message {
  uint32_t msg;
  uint64_t wparam; /* 0 in a notification */
  uint64_t lparam; /* there the id of the async handle */
} arpc_message;

arpc_status arpc_queue_new(arpc_queue **ret);
arpc_status arpc_queue_open(arpc_queue **ret, const char *token);
void arpc_queue_free(arpc_queue *queue);
size_t arpc_queue_token(arpc_queue *queue, char *ret, size_t size);
arpc_status arpc_queue_post(arpc_queue *queue, const arpc_message *message);
arpc_status arpc_queue_get(arpc_queue *queue, arpc_runtime *rt, int64_t ms, arpc_message *ret);

/* ---- the async handle --------------------------------------------------------------------------
 * A value the caller holds. It may be copied and it may go stale: every function answers 1914 for a
 * handle that was never initialised, is corrupt, or whose call is over. */
typedef enum arpc_notification {
  ARPC_NOTIFY_NONE = 0, /* polling: arpc_async_status */
  ARPC_NOTIFY_EVENT = 1,
  ARPC_NOTIFY_APC = 2,      /* the routine runs on the thread of another runtime's loop, by arpc_post */
  ARPC_NOTIFY_PORT = 3,
  ARPC_NOTIFY_QUEUE = 4,
  ARPC_NOTIFY_CALLBACK = 5  /* the routine runs in the loop of the handle's own runtime */
} arpc_notification;

typedef enum arpc_event_kind {
  ARPC_CALL_COMPLETE = 0,
  ARPC_SEND_COMPLETE = 1,
  ARPC_RECEIVE_COMPLETE = 2,
  ARPC_CLIENT_DISCONNECT = 3,
  ARPC_CLIENT_CANCEL = 4
} arpc_event_kind;

/* Flags of a handle. The first: tell ARPC_SEND_COMPLETE too, when the request has left this runtime (not: when the
 * server has it). It counts when the request is put on a connection, and when it is told. The second, on a server: what the client
 * does is kept, and told once arpc_async_notify comes without it. */
enum { ARPC_NOTIFY_ON_SEND_COMPLETE = 1, ARPC_NOTIFY_PIPES_ONLY = 2 };

typedef struct arpc_async arpc_async;
/* async points to a copy that lives until the routine returns; its user_info is the caller's. An APC's rt is the
 * runtime whose thread it runs on, where the handle itself cannot be used. */
typedef void (*arpc_routine)(arpc_runtime *rt, const arpc_async *async, arpc_event_kind event);

struct arpc_async {
  uint32_t size;      /* set by arpc_async_init */
  uint32_t signature; /* set by arpc_async_init */
  uint64_t id;        /* the call it stands for; 0 = none */
  /* The caller's, to be filled in before issuing: */
  arpc_notification notification;
  uint32_t flags;
  union {               /* what fits it; must outlive the last notification */
    arpc_event *event;
    arpc_routine routine; /* with ARPC_NOTIFY_CALLBACK */
    struct { arpc_routine routine; arpc_runtime *thread; } apc; /* thread: the runtime in whose loop */
    struct {
      arpc_port *port;
      uint64_t bytes, key;  /* as the packet shall have them */
      void *overlapped;
    } ioc;
    struct { arpc_queue *queue; uint32_t msg; } hwnd;
  };
  void *user_info;
};

/* 87 when size is not sizeof(arpc_async), 1914 when async is NULL. */
arpc_status arpc_async_init(arpc_async *async, size_t size);

/* Where a failure happened. */
typedef enum arpc_phase { ARPC_PHASE_ISSUE, ARPC_PHASE_CONNECT, ARPC_PHASE_SEND, ARPC_PHASE_WAIT, ARPC_PHASE_HARVEST } arpc_phase;
typedef enum arpc_where { ARPC_WHERE_LOCAL, ARPC_WHERE_TRANSPORT, ARPC_WHERE_FAULT } arpc_where;

/* What a finished client call brought. The stub is valid until the next call into asyncrpc or the
 * return to the loop, whichever is first: decode it at once. */
typedef struct arpc_reply {
  arpc_status status;
  uint32_t fault;     /* the code as it was on the wire, 0 when no fault was received */
  const uint8_t *stub;
  size_t len;
  uint8_t transfer;   /* ARPC_NDR20 or ARPC_NDR64 */
  uint8_t big_endian; /* byte order of the stub's integers */
  uint8_t phase;      /* of a failure: arpc_phase */
  uint8_t where;      /* of a failure: arpc_where */
  uint8_t maybe_executed; /* of a failure: the server may have run the call */
  uint8_t timed_out;  /* the failure is an expired timeout */
  uint8_t offset;     /* where the stub begins, modulo 8: not at 0 behind pipes. As many bytes in front of it are readable */
} arpc_reply;

/* Client: 997 while pending, then 0 or the failure, without consuming anything. 1915 on a server's handle. */
arpc_status arpc_async_status(arpc_runtime *rt, const arpc_async *async);
/* Client: 997 while pending. Otherwise the call is over, its state is freed, *ret (may be NULL) is
 * filled and the call's status returned; the handle may be used for another call. */
arpc_status arpc_async_complete(arpc_runtime *rt, const arpc_async *async, arpc_reply *ret);
/* Client: asks the server to stop (abortive 0) or gives the call up (1: completes with 1818 on a later
 * turn without the server). The notification still comes. No effect on a finished call. A call that has not
 * left yet completes with 1818 in either case, and is never sent. Asking twice is asking once; giving up
 * may follow asking. May be called from any routine, also the call's own. */
arpc_status arpc_async_cancel(arpc_runtime *rt, const arpc_async *async, int abortive);
/* Client: asks now, and gives the call up unless it has completed `grace` ms later. Its timeout may be earlier. */
arpc_status arpc_async_cancel_within(arpc_runtime *rt, const arpc_async *async, uint32_t grace);
/* Changes how a pending call is notified, from the fields of async. On a server: how its handle is told, at most
 * once each, that the client asks for cancellation or is gone; what happened before is told too. */
arpc_status arpc_async_notify(arpc_runtime *rt, const arpc_async *async);
/* Client: lets a call go on without any further notification: nobody will ask for its result. The handle names it
 * until it is over, or is initialised anew. */
arpc_status arpc_async_drop(arpc_runtime *rt, const arpc_async *async);

/* Server: ends the call with the [out] stub, or with a fault. 1914 when it is over, 1915 on a client's
 * handle. 1917 when a pipe was not pulled to its end, or not closed: the call goes on. A status that no fault may carry (0, hardware exceptions) is refused with 87. */
arpc_status arpc_async_reply(arpc_runtime *rt, const arpc_async *async, const void *stub, size_t len);
arpc_status arpc_async_abort(arpc_runtime *rt, const arpc_async *async, arpc_status status);
/* Both sides: until when the call is to be done, on the runtime's clock; 0 = no time was set. A server knows
 * only what a client handed over: see pass_deadline. */
arpc_status arpc_async_deadline(arpc_runtime *rt, const arpc_async *async, uint64_t *ret);

/* Server: 0 = cancelled or disconnected (*ret_why, may be NULL: which), 1791 = still wanted, 1702 = no call of a
 * server. async NULL: the call whose manager is running, 1725 = none is. */
arpc_status arpc_server_test_cancel(arpc_runtime *rt, const arpc_async *async, arpc_event_kind *ret_why);

/* Server: has the caller told, once for each kind in `what`, on a later turn, that the client cancelled the call or
 * is gone; also when that has happened before. `how` is borrowed: its notification fields say how to tell, a routine
 * receives the call's handle with how's user_info. Subscriptions end with the call, and nothing is told after that.
 * A second subscription to a kind changes how it is told; what was told is not told again. 1764: other kinds;
 * 87: no notification, or one event for two kinds; async and the other failures as for arpc_server_test_cancel. */
enum { ARPC_SUBSCRIBE_DISCONNECT = 1, ARPC_SUBSCRIBE_CANCEL = 2 };
arpc_status arpc_server_subscribe(arpc_runtime *rt, const arpc_async *async, unsigned what, const arpc_async *how);
/* One kind at a time (else 1764). *ret_queued (may be NULL): how many notices there have been, 0 or 1. One that is
 * on its way still comes; none comes that is not counted. */
arpc_status arpc_server_unsubscribe(arpc_runtime *rt, const arpc_async *async, unsigned what, uint32_t *ret_queued);
/* Server: the object uuid of the request; 1900 = it had none, 1914. */
arpc_status arpc_server_object(arpc_runtime *rt, const arpc_async *async, arpc_uuid *ret);
/* Server: where the call came from, as the string binding of the client's end, like snprintf; 0 when the call
 * is over or its client is gone. */
size_t arpc_server_client(arpc_runtime *rt, const arpc_async *async, char *ret, size_t size);

/* ---- pipes -------------------------------------------------------------------------------------
 * Streams of elements inside a call. A client pushes its [in] pipes, in declared order, ends each, then pulls its
 * [out] pipes, each to its end; then the call completes. A server's manager pulls and pushes in the same order, and
 * then replies. Nothing blocks. An [in, out] pipe is used once in each direction.
 *
 * Elements are bytes as NDR lays them out in the call's transfer syntax (arpc_pipe_format): those pushed in
 * little endian, those pulled in the sender's byte order. From one to the next it is `size`, rounded up to `align`; for
 * base types and most structs that is how C lays out an array.
 *
 * Flow: a pull that answers 997 is followed by one ARPC_RECEIVE_COMPLETE, a push that answers 997 by one
 * ARPC_SEND_COMPLETE, when it is worth trying again, also when that is because the call has failed. A push that was
 * taken is followed by one too if the handle's flags ask for it then: once all that was pushed has left this
 * runtime. A server is told as it has said with arpc_async_notify by then. What is pushed waits here while the peer
 * does not read, up to pipe_high bytes (but one push is always taken), what comes while nobody pulls up to that and
 * a fragment: then the connection is not read, so that the peer has to wait, until no more than pipe_low are left.
 * Meanwhile nobody sees that the peer cancels or is gone: pipe_stall is the end of that. A client's call with pipes
 * has a connection of its own. Failures of a pipe do not end the call: the client completes or cancels it, the
 * server aborts it. */
enum { ARPC_PIPE_IN = 1, ARPC_PIPE_OUT = 2 };

typedef struct arpc_pipe_type {
  uint32_t size[2];   /* bytes of an element, in NDR20 and in NDR64 */
  uint8_t align[2];   /* its alignment: 1, 2, 4 or 8 */
  uint8_t directions; /* ARPC_PIPE_IN, ARPC_PIPE_OUT or both */
  uint8_t ranged;     /* a chunk has low to high elements, */
  uint32_t low, high; /* if so */
} arpc_pipe_type;

/* pipe: its number in declared order, from 0. Failures of all four: 1831 another pipe is first, or this one does not
 * go that way; 1818 the call was cancelled; 1820 the peer is gone; 1914; of a client's finished call its status. */
/* Takes n elements as one chunk; the bytes are the caller's again. 997: none were taken; 1916: it was closed; 1734: no
 * such number of elements may be in a chunk; 14. No elements are no chunk. */
arpc_status arpc_pipe_push(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, const void *elements, size_t n);
/* The end of what is pushed: the null push. 1916. */
arpc_status arpc_pipe_close(arpc_runtime *rt, const arpc_async *async, uint32_t pipe);
/* *ret_n elements, at most `most`: as many as are here, of whatever chunks. 0 of them is the end, which is told once:
 * then 1918. 997: nothing is here yet; 1783: what came is no pipe, or breaks off. */
arpc_status arpc_pipe_pull(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, void *elements, size_t most, size_t *ret_n);
/* The same where they lie, and so of one chunk only: good until the next call into asyncrpc, or the return to the loop. */
arpc_status arpc_pipe_look(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, size_t most, const void **ret, size_t *ret_n);
/* ARPC_NDR20 or ARPC_NDR64, and the byte order of what is pulled. 997 while a client has not agreed on it yet. */
arpc_status arpc_pipe_format(arpc_runtime *rt, const arpc_async *async, int *ret_transfer, int *ret_big_endian);
/* Server: where the [out] stub of arpc_async_reply will begin, modulo 8, behind the pipes that were pushed: it must be
 * encoded so. 0 without pipes. */
unsigned arpc_pipe_offset(arpc_runtime *rt, const arpc_async *async);

/* ---- bindings ----------------------------------------------------------------------------------
 * [object@]protseq:[address]['['[endpoint][,option=value...]']'], immutable once made. THREAD-SAFE. */
typedef struct arpc_binding arpc_binding;

typedef enum arpc_protseq { ARPC_TCP, ARPC_LOCAL, ARPC_MEMORY } arpc_protseq; /* ncacn_ip_tcp, ncalrpc, memory */

arpc_status arpc_binding_parse(arpc_binding **ret, const char *text);
arpc_binding *arpc_binding_copy(const arpc_binding *b); /* NULL: out of memory */
void arpc_binding_free(arpc_binding *b);
arpc_protseq arpc_binding_protseq(const arpc_binding *b);
const char *arpc_binding_address(const arpc_binding *b);  /* "" = local host */
const char *arpc_binding_endpoint(const arpc_binding *b); /* "" = partially bound */
const arpc_uuid *arpc_binding_object(const arpc_binding *b); /* NULL = none */
const char *arpc_binding_option(const arpc_binding *b, const char *name); /* NULL = absent */
/* The text form, escaped; returns its length without NUL and writes at most size bytes, like snprintf. */
size_t arpc_binding_format(const arpc_binding *b, char *ret, size_t size);
/* Composes the text from parts (NULL = absent): 1705 for a bad object. Like snprintf in *ret_len. */
arpc_status arpc_binding_compose(const char *object, const char *protseq, const char *address,
                                 const char *endpoint, const char *options, char *ret, size_t size, size_t *ret_len);

/* ---- clients -----------------------------------------------------------------------------------
 * A client speaks one interface to one server. Its calls share an association: one connection when
 * both ends agree to multiplex, else a few. */
typedef struct arpc_client arpc_client;

#define ARPC_FOREVER UINT32_MAX

typedef struct arpc_client_options {
  uint32_t max_fragment;    /* offered; default 65528 */
  uint32_t max_response;    /* bytes of one answer; default 64 MiB */
  uint32_t max_connections; /* of the association; default 8 */
  uint32_t max_pending;     /* calls not complete; default 1 Mi; one more is refused with 1721 */
  uint32_t connect_timeout; /* ms for resolve, connect and bind together; default 30000; ARPC_FOREVER */
  uint32_t timeout;         /* ms of each call that says nothing else; default none */
  uint32_t grace;           /* ms a call that timed out waits for the server after cancelling; default 0 */
  int pass_deadline;        /* hand deadlines to servers that agree to it: asyncrpc's. Others hear nothing, nor do
                               any of calls with pipes */
  unsigned keep_alive;      /* 1 + level (0 to 10) of arpc_client_keep_alive; default 1 + 5 */
  uint32_t transfer;        /* offered, mask; default both */
  int no_multiplex;         /* do not ask for CONC_MPX */
  int no_keep_on_orphan;    /* do not ask for it: a connection on which a call was given up ends */
  int causal_strict;        /* without CONC_MPX: wait instead of opening another connection */
  uint32_t max_pipe_calls;  /* calls with pipes that have a connection at a time, beside max_connections; the others
                               wait; default 128 */
  uint32_t pipe_high;       /* water marks of a pipe, see there; default 256 KiB */
  uint32_t pipe_low;        /* default a quarter of pipe_high */
  uint32_t pipe_stall;      /* ms a pipe may stand still because its reader does not read; default none */
  const char *local_dir;    /* of ncalrpc sockets; default as for a server */
} arpc_client_options;

/* Does no I/O: the first call connects. binding is borrowed for the call only. options may be NULL,
 * fields left zero take their defaults. 1703, 1706, 1819 for a binding that cannot be called, 1709. */
arpc_status arpc_client_new(arpc_client **ret, arpc_runtime *rt, const arpc_binding *binding,
                            const arpc_syntax *interface, const arpc_client_options *options);
/* Refuses new calls, completes pending ones (1726/1727) on a later turn, frees itself after that. */
void arpc_client_close(arpc_client *client);
/* The transfer syntaxes the next call must bring stubs for: one bit once an answer to bind has come. */
uint32_t arpc_client_transfer(const arpc_client *client);
/* Its string binding, like snprintf. */
size_t arpc_client_binding(const arpc_client *client, char *ret, size_t size);

/* When a silent TCP connection is asked for a sign of life, and given up after 3 s without one: level 0 to 9 is
 * 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 minutes, 10 is never; else 1709. For open connections and later ones. */
arpc_status arpc_client_keep_alive(arpc_client *client, unsigned level);

/* Binding options, by their Windows numbers; any other is 1764. Values are 0 or 1, and ms for the timeout. */
enum {
  ARPC_OPT_NONCAUSAL = 9,       /* calls need not be dispatched in the order of issue: they pass what is still unsent */
  ARPC_OPT_UNIQUE_BINDING = 11, /* no connections shared with another client; none are in any case */
  ARPC_OPT_CALL_TIMEOUT = 12,   /* as the option timeout; 0 and ARPC_FOREVER = none */
  ARPC_OPT_DONT_LINGER = 13     /* connections end with the client, as they do in any case; 1701 before the first call */
};
arpc_status arpc_client_set_option(arpc_client *client, unsigned option, uint32_t value);
arpc_status arpc_client_option(const arpc_client *client, unsigned option, uint32_t *ret);

typedef struct arpc_request {
  uint16_t opnum;
  const arpc_uuid *object;   /* NULL: the binding's */
  const void *stub;          /* in NDR20; copied */
  size_t len;
  const void *stub64;        /* in NDR64; only looked at when arpc_client_transfer asked for it */
  size_t len64;
  uint32_t timeout;          /* ms for everything; 0 = the client's, ARPC_FOREVER = none */
  uint64_t deadline;         /* until when, on the runtime's clock; 0 = none. The earlier of the two counts */
  uint32_t grace;            /* ms after that for the cancelled server; 0 = the client's */
  const arpc_pipe_type *pipes; /* the procedure's, in declared order; copied */
  uint32_t npipes;
} arpc_request;

/* Issues a call and returns at once. The handle must not stand for a pending call: 1915. On failure
 * nothing is pending and nothing will be notified. On success async->id names the call. */
arpc_status arpc_client_call(arpc_client *client, arpc_async *async, const arpc_request *request);

/* ---- servers -----------------------------------------------------------------------------------*/
typedef struct arpc_server arpc_server;

typedef struct arpc_server_options {
  uint32_t max_fragment;        /* granted at most; default 65528 */
  uint32_t max_request;         /* bytes of one request's stub; default 4 MiB */
  uint32_t max_contexts;        /* presentation contexts of a connection; default 64 */
  uint32_t max_connections;     /* of the server; default 16384; one more is closed at once */
  uint32_t max_calls;           /* of a connection, running or parked; default 16384; then fault 1723 */
  uint32_t max_unsent;          /* bytes a slow reader may owe before its requests are not read; default 8 MiB */
  uint32_t bind_timeout;        /* ms from accept to bind; default 30000 */
  uint32_t stall_timeout;       /* ms in which a begun PDU or request must go on; default 60000 */
  uint32_t transfer;            /* spoken, mask; default both */
  uint32_t prefer;              /* of the two; default ARPC_NDR20 */
  uint32_t pipe_high;           /* water marks of a pipe, see there; default 256 KiB */
  uint32_t pipe_low;            /* default a quarter of pipe_high */
  uint32_t pipe_stall;          /* ms a pipe may stand still because its reader does not read; default 60000 */
  const char *local_dir;        /* of ncalrpc sockets; default $XDG_RUNTIME_DIR/asyncrpc, else a folder of
                                   the user's under the temporary directory; made with mode 0700 */
} arpc_server_options;

/* A request as its manager gets it; valid until the manager returns. */
typedef struct arpc_incoming {
  uint16_t opnum;
  const arpc_uuid *object; /* NULL = none was sent */
  const uint8_t *stub;
  size_t len;
  int transfer;
  int big_endian;
} arpc_incoming;

/* Called once per request. call may be copied; whoever holds it ends the call, now or later, with
 * arpc_async_reply or arpc_async_abort, also when nobody waits any more. */
typedef void (*arpc_manager)(arpc_runtime *rt, const arpc_async *call, const arpc_incoming *in, void *arg);

typedef struct arpc_interface {
  arpc_syntax id;
  uint32_t procedures; /* an opnum from here on is answered with 1745 */
  arpc_manager manager;
  void *arg;
  /* For interfaces with pipes, else NULL. The pipes of a procedure, in declared order, good as long as the
   * interface; NULL = none. Asked of every procedure when the interface is registered, and always the same. */
  const arpc_pipe_type *(*pipes)(void *arg, uint16_t opnum, uint32_t *ret_n);
  /* How many bytes of in->stub, which may be the beginning only, the [in] parameters that are no pipes take:
   * the manager gets them once they are here. 234: not all are here; another status: the fault to answer with.
   * NULL: there are no such parameters. Must not call back into the library. */
  arpc_status (*head)(void *arg, const arpc_incoming *in, size_t *ret_len);
} arpc_interface;

arpc_status arpc_server_new(arpc_server **ret, arpc_runtime *rt, const arpc_server_options *options);
/* Binds an endpoint (1720, 1740, 1703, 1706). Connections are accepted once the server listens. */
arpc_status arpc_server_use(arpc_server *server, const arpc_binding *binding);
/* The bindings with their real ports: number i as text, like snprintf; 0 when there is no such. */
size_t arpc_server_binding(const arpc_server *server, unsigned i, char *ret, size_t size);
/* The interface is copied. 1712 when its uuid and major version are registered already. */
arpc_status arpc_server_register(arpc_server *server, const arpc_interface *interface);
arpc_status arpc_server_listen(arpc_server *server); /* 1713, 1714 */
/* Closes endpoints and connections. Calls in progress become disconnected; their handles stay good
 * until they are ended. */
void arpc_server_close(arpc_server *server);

/* ---- stub bytes --------------------------------------------------------------------------------
 * For C programs that marshal by hand. A writer grows; both remember the first failure. */
typedef struct arpc_stub arpc_stub;

arpc_stub *arpc_stub_new(int transfer); /* NULL: out of memory */
void arpc_stub_at(arpc_stub *s, unsigned offset); /* before anything is put: where it will begin, modulo 8 */
void arpc_stub_free(arpc_stub *s);
const void *arpc_stub_bytes(const arpc_stub *s, size_t *ret_len); /* NULL after a failure */
void arpc_put_u8(arpc_stub *s, uint8_t v);
void arpc_put_u16(arpc_stub *s, uint16_t v);
void arpc_put_u32(arpc_stub *s, uint32_t v);
void arpc_put_u64(arpc_stub *s, uint64_t v);
void arpc_put_count(arpc_stub *s, uint64_t v); /* a conformance, offset or length word */
void arpc_put_bytes(arpc_stub *s, const void *bytes, size_t n);
void arpc_put_string(arpc_stub *s, const char *text); /* [string] char*, ref */

typedef struct arpc_stub_reader {
  const uint8_t *data;
  size_t len, pos;
  int transfer, big_endian;
  arpc_status error; /* the first failure, 0 while there is none */
} arpc_stub_reader;

uint8_t arpc_get_u8(arpc_stub_reader *r);
uint16_t arpc_get_u16(arpc_stub_reader *r);
uint32_t arpc_get_u32(arpc_stub_reader *r);
uint64_t arpc_get_u64(arpc_stub_reader *r);
uint64_t arpc_get_count(arpc_stub_reader *r);
const uint8_t *arpc_get_bytes(arpc_stub_reader *r, size_t n);           /* NULL on failure */
const char *arpc_get_string(arpc_stub_reader *r, size_t *ret_len);      /* [string] char*, NUL-terminated in place */

/* ---- the statuses ------------------------------------------------------------------------------
 * X(constant, Windows name, number, text), ascending; of names that share a number the first is
 * the one printed. */
#define ARPC_STATUS_MAP(X) \
  X(S_OK, "RPC_S_OK", 0, "success") \
  X(S_ACCESS_DENIED, "RPC_S_ACCESS_DENIED", 5, "access denied") \
  X(X_SS_CONTEXT_MISMATCH, "RPC_X_SS_CONTEXT_MISMATCH", 6, "the context handle is unknown or belongs elsewhere") \
  X(S_OUT_OF_MEMORY, "RPC_S_OUT_OF_MEMORY", 14, "out of memory, or over a limit that bounds it") \
  X(X_NO_MEMORY, "RPC_X_NO_MEMORY", 14, "out of memory") \
  X(X_PIPE_APP_MEMORY, "RPC_X_PIPE_APP_MEMORY", 14, "no memory for a pipe's chunk") \
  X(S_INVALID_ARG, "RPC_S_INVALID_ARG", 87, "invalid argument") \
  X(S_INVALID_LEVEL, "RPC_S_INVALID_LEVEL", 87, "invalid level") \
  X(S_BUFFER_TOO_SMALL, "RPC_S_BUFFER_TOO_SMALL", 122, "the buffer is too small") \
  X(S_OUT_OF_THREADS, "RPC_S_OUT_OF_THREADS", 164, "no thread could be made") \
  X(ERROR_MORE_DATA, "ERROR_MORE_DATA", 234, "more data is available") \
  X(S_ASYNC_CALL_PENDING, "RPC_S_ASYNC_CALL_PENDING", 997, "the asynchronous call has not completed yet") \
  X(ERROR_MORE_WRITES, "ERROR_MORE_WRITES", 1120, "others wrote while the lock was upgraded") \
  X(S_SERVER_OUT_OF_MEMORY, "RPC_S_SERVER_OUT_OF_MEMORY", 1130, "the server is out of memory") \
  X(S_UNKNOWN_PRINCIPAL, "RPC_S_UNKNOWN_PRINCIPAL", 1332, "the principal is unknown") \
  X(S_INVALID_SECURITY_DESC, "RPC_S_INVALID_SECURITY_DESC", 1338, "the security descriptor is invalid") \
  X(S_TIMEOUT, "RPC_S_TIMEOUT", 1460, "the wait timed out") \
  X(S_INVALID_STRING_BINDING, "RPC_S_INVALID_STRING_BINDING", 1700, "the string binding is invalid") \
  X(S_WRONG_KIND_OF_BINDING, "RPC_S_WRONG_KIND_OF_BINDING", 1701, "the binding is not of the right kind") \
  X(S_INVALID_BINDING, "RPC_S_INVALID_BINDING", 1702, "the binding is invalid") \
  X(S_PROTSEQ_NOT_SUPPORTED, "RPC_S_PROTSEQ_NOT_SUPPORTED", 1703, "the protocol sequence is not supported here") \
  X(S_INVALID_RPC_PROTSEQ, "RPC_S_INVALID_RPC_PROTSEQ", 1704, "the protocol sequence is unknown") \
  X(S_INVALID_STRING_UUID, "RPC_S_INVALID_STRING_UUID", 1705, "the UUID text is invalid") \
  X(S_INVALID_ENDPOINT_FORMAT, "RPC_S_INVALID_ENDPOINT_FORMAT", 1706, "the endpoint's format is invalid") \
  X(S_INVALID_NET_ADDR, "RPC_S_INVALID_NET_ADDR", 1707, "the network address is invalid") \
  X(S_NO_ENDPOINT_FOUND, "RPC_S_NO_ENDPOINT_FOUND", 1708, "no endpoint was found") \
  X(S_INVALID_TIMEOUT, "RPC_S_INVALID_TIMEOUT", 1709, "the timeout value is invalid") \
  X(S_OBJECT_NOT_FOUND, "RPC_S_OBJECT_NOT_FOUND", 1710, "the object UUID was not found") \
  X(S_ALREADY_REGISTERED, "RPC_S_ALREADY_REGISTERED", 1711, "the object UUID is already registered") \
  X(S_TYPE_ALREADY_REGISTERED, "RPC_S_TYPE_ALREADY_REGISTERED", 1712, "the interface or its type is already registered") \
  X(S_ALREADY_LISTENING, "RPC_S_ALREADY_LISTENING", 1713, "the server is already listening") \
  X(S_NO_PROTSEQS_REGISTERED, "RPC_S_NO_PROTSEQS_REGISTERED", 1714, "no protocol sequence is registered") \
  X(S_NOT_LISTENING, "RPC_S_NOT_LISTENING", 1715, "the server is not listening") \
  X(S_UNKNOWN_MGR_TYPE, "RPC_S_UNKNOWN_MGR_TYPE", 1716, "the manager type is unknown") \
  X(S_UNKNOWN_IF, "RPC_S_UNKNOWN_IF", 1717, "the interface is unknown to the server") \
  X(S_NO_BINDINGS, "RPC_S_NO_BINDINGS", 1718, "there are no bindings") \
  X(S_NO_PROTSEQS, "RPC_S_NO_PROTSEQS", 1719, "there are no protocol sequences") \
  X(S_CANT_CREATE_ENDPOINT, "RPC_S_CANT_CREATE_ENDPOINT", 1720, "the endpoint cannot be created") \
  X(S_OUT_OF_RESOURCES, "RPC_S_OUT_OF_RESOURCES", 1721, "not enough resources for the operation") \
  X(S_SERVER_UNAVAILABLE, "RPC_S_SERVER_UNAVAILABLE", 1722, "the server is unavailable") \
  X(S_SERVER_TOO_BUSY, "RPC_S_SERVER_TOO_BUSY", 1723, "the server is too busy") \
  X(S_INVALID_NETWORK_OPTIONS, "RPC_S_INVALID_NETWORK_OPTIONS", 1724, "the network options are invalid") \
  X(S_NO_CALL_ACTIVE, "RPC_S_NO_CALL_ACTIVE", 1725, "no remote procedure call is active") \
  X(S_CALL_FAILED, "RPC_S_CALL_FAILED", 1726, "the call failed and may have executed") \
  X(S_CALL_FAILED_DNE, "RPC_S_CALL_FAILED_DNE", 1727, "the call failed and did not execute") \
  X(S_PROTOCOL_ERROR, "RPC_S_PROTOCOL_ERROR", 1728, "the RPC protocol was violated") \
  X(S_PROXY_ACCESS_DENIED, "RPC_S_PROXY_ACCESS_DENIED", 1729, "the HTTP proxy denied access") \
  X(S_UNSUPPORTED_TRANS_SYN, "RPC_S_UNSUPPORTED_TRANS_SYN", 1730, "no transfer syntax in common") \
  X(S_UNSUPPORTED_TYPE, "RPC_S_UNSUPPORTED_TYPE", 1732, "no manager for the object's type") \
  X(S_INVALID_TAG, "RPC_S_INVALID_TAG", 1733, "a union's discriminant has no arm") \
  X(X_INVALID_TAG, "RPC_X_INVALID_TAG", 1733, "a union's discriminant is invalid") \
  X(S_INVALID_BOUND, "RPC_S_INVALID_BOUND", 1734, "an array's bounds or a range are violated") \
  X(X_INVALID_BOUND, "RPC_X_INVALID_BOUND", 1734, "an array's bounds are invalid") \
  X(S_NO_ENTRY_NAME, "RPC_S_NO_ENTRY_NAME", 1735, "the binding has no entry name") \
  X(S_INVALID_NAME_SYNTAX, "RPC_S_INVALID_NAME_SYNTAX", 1736, "the name syntax is invalid") \
  X(S_UNSUPPORTED_NAME_SYNTAX, "RPC_S_UNSUPPORTED_NAME_SYNTAX", 1737, "the name syntax is not supported") \
  X(S_UUID_NO_ADDRESS, "RPC_S_UUID_NO_ADDRESS", 1739, "no network address for a UUID") \
  X(S_DUPLICATE_ENDPOINT, "RPC_S_DUPLICATE_ENDPOINT", 1740, "the endpoint is a duplicate") \
  X(S_UNKNOWN_AUTHN_TYPE, "RPC_S_UNKNOWN_AUTHN_TYPE", 1741, "the authentication type is unknown") \
  X(S_MAX_CALLS_TOO_SMALL, "RPC_S_MAX_CALLS_TOO_SMALL", 1742, "the maximum number of calls is too small") \
  X(S_STRING_TOO_LONG, "RPC_S_STRING_TOO_LONG", 1743, "the string is too long") \
  X(S_PROTSEQ_NOT_FOUND, "RPC_S_PROTSEQ_NOT_FOUND", 1744, "the server does not use the protocol sequence") \
  X(S_PROCNUM_OUT_OF_RANGE, "RPC_S_PROCNUM_OUT_OF_RANGE", 1745, "the procedure number is out of range") \
  X(S_BINDING_HAS_NO_AUTH, "RPC_S_BINDING_HAS_NO_AUTH", 1746, "the binding carries no authentication") \
  X(S_UNKNOWN_AUTHN_SERVICE, "RPC_S_UNKNOWN_AUTHN_SERVICE", 1747, "the authentication service is unknown") \
  X(S_UNKNOWN_AUTHN_LEVEL, "RPC_S_UNKNOWN_AUTHN_LEVEL", 1748, "the authentication level is unknown") \
  X(S_INVALID_AUTH_IDENTITY, "RPC_S_INVALID_AUTH_IDENTITY", 1749, "the identity is unusable") \
  X(S_UNKNOWN_AUTHZ_SERVICE, "RPC_S_UNKNOWN_AUTHZ_SERVICE", 1750, "the authorization service is unknown") \
  X(EPT_S_INVALID_ENTRY, "EPT_S_INVALID_ENTRY", 1751, "the endpoint mapper entry is invalid") \
  X(EPT_S_CANT_PERFORM_OP, "EPT_S_CANT_PERFORM_OP", 1752, "the endpoint mapper cannot do that") \
  X(EPT_S_NOT_REGISTERED, "EPT_S_NOT_REGISTERED", 1753, "the endpoint mapper has no endpoint for it") \
  X(S_NOTHING_TO_EXPORT, "RPC_S_NOTHING_TO_EXPORT", 1754, "there is nothing to export") \
  X(S_INCOMPLETE_NAME, "RPC_S_INCOMPLETE_NAME", 1755, "the entry name is incomplete") \
  X(S_INVALID_VERS_OPTION, "RPC_S_INVALID_VERS_OPTION", 1756, "the version option is invalid") \
  X(S_NO_MORE_MEMBERS, "RPC_S_NO_MORE_MEMBERS", 1757, "there are no more members") \
  X(S_NOT_ALL_OBJS_UNEXPORTED, "RPC_S_NOT_ALL_OBJS_UNEXPORTED", 1758, "not all objects were unexported") \
  X(S_INTERFACE_NOT_FOUND, "RPC_S_INTERFACE_NOT_FOUND", 1759, "the interface was not found") \
  X(S_ENTRY_ALREADY_EXISTS, "RPC_S_ENTRY_ALREADY_EXISTS", 1760, "the entry exists already") \
  X(S_ENTRY_NOT_FOUND, "RPC_S_ENTRY_NOT_FOUND", 1761, "the entry was not found") \
  X(S_NAME_SERVICE_UNAVAILABLE, "RPC_S_NAME_SERVICE_UNAVAILABLE", 1762, "the name service is unavailable") \
  X(S_INVALID_NAF_ID, "RPC_S_INVALID_NAF_ID", 1763, "the network address family is invalid") \
  X(S_CANNOT_SUPPORT, "RPC_S_CANNOT_SUPPORT", 1764, "the operation is not supported") \
  X(S_NO_CONTEXT_AVAILABLE, "RPC_S_NO_CONTEXT_AVAILABLE", 1765, "no security context is available") \
  X(S_INTERNAL_ERROR, "RPC_S_INTERNAL_ERROR", 1766, "internal error") \
  X(S_ZERO_DIVIDE, "RPC_S_ZERO_DIVIDE", 1767, "the server divided by zero") \
  X(S_ADDRESS_ERROR, "RPC_S_ADDRESS_ERROR", 1768, "the server had an addressing error") \
  X(S_FP_DIV_ZERO, "RPC_S_FP_DIV_ZERO", 1769, "the server divided a floating number by zero") \
  X(S_FP_UNDERFLOW, "RPC_S_FP_UNDERFLOW", 1770, "the server had a floating underflow") \
  X(S_FP_OVERFLOW, "RPC_S_FP_OVERFLOW", 1771, "the server had a floating overflow") \
  X(X_NO_MORE_ENTRIES, "RPC_X_NO_MORE_ENTRIES", 1772, "there are no more entries") \
  X(X_SS_CHAR_TRANS_OPEN_FAIL, "RPC_X_SS_CHAR_TRANS_OPEN_FAIL", 1773, "the character table cannot be opened") \
  X(X_SS_CHAR_TRANS_SHORT_FILE, "RPC_X_SS_CHAR_TRANS_SHORT_FILE", 1774, "the character table is too short") \
  X(X_SS_IN_NULL_CONTEXT, "RPC_X_SS_IN_NULL_CONTEXT", 1775, "a null context handle was passed in") \
  X(X_SS_CONTEXT_DAMAGED, "RPC_X_SS_CONTEXT_DAMAGED", 1777, "the context handle changed during the call") \
  X(X_SS_HANDLES_MISMATCH, "RPC_X_SS_HANDLES_MISMATCH", 1778, "the call's binding handles disagree") \
  X(X_SS_CANNOT_GET_CALL_HANDLE, "RPC_X_SS_CANNOT_GET_CALL_HANDLE", 1779, "no handle of the call") \
  X(X_NULL_REF_POINTER, "RPC_X_NULL_REF_POINTER", 1780, "null for a reference pointer") \
  X(X_ENUM_VALUE_OUT_OF_RANGE, "RPC_X_ENUM_VALUE_OUT_OF_RANGE", 1781, "the enumeration value is out of range") \
  X(X_ENUM_VALUE_TOO_LARGE, "RPC_X_ENUM_VALUE_TOO_LARGE", 1781, "the enumeration value is too large") \
  X(X_BYTE_COUNT_TOO_SMALL, "RPC_X_BYTE_COUNT_TOO_SMALL", 1782, "the byte count is too small") \
  X(X_BAD_STUB_DATA, "RPC_X_BAD_STUB_DATA", 1783, "bad stub data") \
  X(X_INVALID_BUFFER, "RPC_X_INVALID_BUFFER", 1784, "the buffer is invalid") \
  X(S_CALL_IN_PROGRESS, "RPC_S_CALL_IN_PROGRESS", 1791, "the call is still in progress and not cancelled") \
  X(S_NO_MORE_BINDINGS, "RPC_S_NO_MORE_BINDINGS", 1806, "there are no more bindings") \
  X(S_NO_INTERFACES, "RPC_S_NO_INTERFACES", 1817, "no interface is registered") \
  X(S_CALL_CANCELLED, "RPC_S_CALL_CANCELLED", 1818, "the call was cancelled") \
  X(S_BINDING_INCOMPLETE, "RPC_S_BINDING_INCOMPLETE", 1819, "the binding is incomplete") \
  X(S_COMM_FAILURE, "RPC_S_COMM_FAILURE", 1820, "communication failed during the call") \
  X(S_UNSUPPORTED_AUTHN_LEVEL, "RPC_S_UNSUPPORTED_AUTHN_LEVEL", 1821, "the authentication level is not supported") \
  X(S_NO_PRINC_NAME, "RPC_S_NO_PRINC_NAME", 1822, "no principal name is registered") \
  X(S_NOT_RPC_ERROR, "RPC_S_NOT_RPC_ERROR", 1823, "the code is no RPC status") \
  X(S_UUID_LOCAL_ONLY, "RPC_S_UUID_LOCAL_ONLY", 1824, "the UUID is unique to this computer only") \
  X(S_SEC_PKG_ERROR, "RPC_S_SEC_PKG_ERROR", 1825, "the security package failed") \
  X(S_NOT_CANCELLED, "RPC_S_NOT_CANCELLED", 1826, "the thread is not cancelled") \
  X(X_INVALID_ES_ACTION, "RPC_X_INVALID_ES_ACTION", 1827, "the encoding handle does not allow it") \
  X(X_WRONG_ES_VERSION, "RPC_X_WRONG_ES_VERSION", 1828, "the serializing package's version is wrong") \
  X(X_WRONG_STUB_VERSION, "RPC_X_WRONG_STUB_VERSION", 1829, "the stub's version is wrong") \
  X(X_INVALID_PIPE_OBJECT, "RPC_X_INVALID_PIPE_OBJECT", 1830, "the pipe object is invalid") \
  X(X_WRONG_PIPE_ORDER, "RPC_X_WRONG_PIPE_ORDER", 1831, "the pipe is used out of order") \
  X(X_INVALID_PIPE_OPERATION, "RPC_X_INVALID_PIPE_OPERATION", 1831, "the pipe operation is invalid") \
  X(X_WRONG_PIPE_VERSION, "RPC_X_WRONG_PIPE_VERSION", 1832, "the pipe's version is wrong") \
  X(S_COOKIE_AUTH_FAILED, "RPC_S_COOKIE_AUTH_FAILED", 1833, "cookie authentication failed") \
  X(S_DO_NOT_DISTURB, "RPC_S_DO_NOT_DISTURB", 1834, "the server asks not to be disturbed") \
  X(S_SYSTEM_HANDLE_COUNT_EXCEEDED, "RPC_S_SYSTEM_HANDLE_COUNT_EXCEEDED", 1835, "too many system handles") \
  X(S_SYSTEM_HANDLE_TYPE_MISMATCH, "RPC_S_SYSTEM_HANDLE_TYPE_MISMATCH", 1836, "the system handle's type differs") \
  X(S_GROUP_MEMBER_NOT_FOUND, "RPC_S_GROUP_MEMBER_NOT_FOUND", 1898, "the group member was not found") \
  X(EPT_S_CANT_CREATE, "EPT_S_CANT_CREATE", 1899, "the endpoint mapper database cannot be made") \
  X(S_INVALID_OBJECT, "RPC_S_INVALID_OBJECT", 1900, "the object UUID is nil") \
  X(S_SEND_INCOMPLETE, "RPC_S_SEND_INCOMPLETE", 1913, "part of a send is still buffered") \
  X(S_INVALID_ASYNC_HANDLE, "RPC_S_INVALID_ASYNC_HANDLE", 1914, "the asynchronous handle is invalid") \
  X(S_INVALID_ASYNC_CALL, "RPC_S_INVALID_ASYNC_CALL", 1915, "the asynchronous handle does not allow that here") \
  X(X_PIPE_CLOSED, "RPC_X_PIPE_CLOSED", 1916, "the pipe is closed") \
  X(X_PIPE_DISCIPLINE_ERROR, "RPC_X_PIPE_DISCIPLINE_ERROR", 1917, "the call was completed before its pipes were") \
  X(X_PIPE_EMPTY, "RPC_X_PIPE_EMPTY", 1918, "the pipe has no more data")

enum arpc_status_constant {
#define X(constant, name, number, text) ARPC_##constant = number,
  ARPC_STATUS_MAP(X)
#undef X
  ARPC_STATUS_CONSTANT_END
};

#ifdef __cplusplus
}
#endif

#endif
