/* A manager's calls with pipes. Until the parameters that are no pipes are here the call is opening: what comes lies
 * in the inbox, of which they are the beginning. */
#include "rpc/server.h"

#include <stdlib.h>

struct arpc__opening {
  const arpc_interface *interface;
  uint16_t opnum;
  uint32_t tries;
  size_t tried; /* with how many bytes last */
};

static arpc__peer *peer_of(const arpc__pipes *p) {
  return ((const arpc__served *)p->owner)->peer;
}

static void tell(arpc__pipes *p, arpc_event_kind kind, int asked) {
  arpc__served *call = p->owner;
  if (call->watch) arpc__watch_tell(call->watch, kind, asked);
}

static void before_write(arpc__pipes *p) {
  arpc__peer_writes(peer_of(p));
}

static void after_write(arpc__pipes *p) {
  arpc__peer_wrote(peer_of(p));
}

static void write_now(arpc__pipes *p, const void *bytes, size_t n) {
  arpc__peer_write_now(peer_of(p), bytes, n);
}

static void reading(arpc__pipes *p, int on) {
  if (peer_of(p)) arpc__peer_full(peer_of(p), on ? -1 : 1);
}

static void broken(arpc__pipes *p, arpc_status status) {
  (void)p;
  (void)status; /* the manager learns it when it pulls */
}

static void stalled(arpc__pipes *p) {
  if (peer_of(p)) arpc__peer_close(peer_of(p));
}

static const arpc__pipes_ops ops = {tell, before_write, after_write, write_now, reading, NULL, broken, stalled};

/* ---- opening -----------------------------------------------------------------------------------*/

enum { TRIES = 64 }; /* after so many the head is looked for only when there is an eighth more of it */

static int worth_trying(const struct arpc__opening *o, size_t len, int last) {
  return last || o->tries < TRIES || len >= o->tried + o->tried / 8;
}

static void close_opening(arpc__pipes *p) {
  free(p->opening);
  p->opening = NULL;
}

static void refuse(arpc__served *call, arpc_status status) {
  arpc_async handle = {.size = sizeof handle, .signature = ARPC__SIGNATURE, .id = call->id};
  close_opening(call->pipes);
  if (arpc_async_abort(call->rt, &handle, status)) arpc_async_abort(call->rt, &handle, ARPC_X_BAD_STUB_DATA);
}

/* The manager is called with the first `len` bytes of the inbox, which stay there while it runs. */
static void dispatch(arpc__served *call, arpc_incoming *in, size_t len) {
  arpc__pipes *p = call->pipes;
  const arpc_interface *interface = p->opening->interface;
  close_opening(p);
  in->len = len;
  p->taken = len;
  p->inbox.pos = len;
  if (call->cancelled) arpc__pipes_over(p, ARPC_S_CALL_CANCELLED);
  if (call->has_object) in->object = &call->object;
  p->busy++;
  arpc__serve_with(call, interface, in);
  p->busy--;
  if (p->dead) arpc__pipes_free(p);
  else arpc__pipes_data(p, NULL, 0, p->big, p->whole);
}

static void try_to_open(arpc__served *call, int last) {
  arpc__pipes *p = call->pipes;
  struct arpc__opening *o = p->opening;
  arpc_incoming in = {.opnum = o->opnum, .stub = p->inbox.data, .len = p->inbox.len, .transfer = p->transfer,
                      .big_endian = p->big};
  size_t len = 0;
  o->tries++;
  o->tried = in.len;
  arpc_status status = o->interface->head ? o->interface->head(o->interface->arg, &in, &len) : ARPC_S_OK;
  if (status == ARPC_ERROR_MORE_DATA && !last) return;
  if (status || len > in.len) refuse(call, status && status != ARPC_ERROR_MORE_DATA ? status : ARPC_X_BAD_STUB_DATA);
  else dispatch(call, &in, len);
}

static void open_with(arpc__served *call, const uint8_t *bytes, size_t n, int last) {
  arpc__pipes *p = call->pipes;
  size_t most = call->peer->server->options.max_request;
  p->whole = (uint8_t)last;
  if (n > most || p->inbox.len > most - n) {
    refuse(call, ARPC_S_OUT_OF_MEMORY);
    return;
  }
  arpc__buf_put(&p->inbox, bytes, n);
  if (p->inbox.error) refuse(call, ARPC_S_OUT_OF_MEMORY);
  else if (worth_trying(p->opening, p->inbox.len, last)) try_to_open(call, last);
}

/* ---- for the peer ------------------------------------------------------------------------------*/

static const arpc_pipe_type *types_of(const arpc_interface *interface, uint16_t opnum, uint32_t *ret_n) {
  return interface->pipes ? interface->pipes(interface->arg, opnum, ret_n) : NULL;
}

int arpc__served_streams(void *arg, const arpc__server_context *context, uint16_t opnum) {
  const arpc_interface *interface = &((const arpc__registered *)context->interface)->interface;
  uint32_t n;
  const arpc_pipe_type *types = opnum < interface->procedures ? types_of(interface, opnum, &n) : NULL;
  (void)arg;
  for (uint32_t i = 0; types && i < n; i++)
    if (types[i].directions & ARPC_PIPE_IN) return 1;
  return 0;
}

static arpc__pipes *make(arpc__served *call, const arpc_interface *interface, uint16_t opnum) {
  const arpc_server_options *o = &call->peer->server->options;
  arpc__pipes_options how = {
      .ops = &ops, .owner = call, .server = 1, .high = o->pipe_high, .low = o->pipe_low, .stall = o->pipe_stall};
  arpc_status error;
  uint32_t n;
  const arpc_pipe_type *types = types_of(interface, opnum, &n);
  arpc__pipes *p = arpc__pipes_new(call->rt, &how, types, n, &error);
  struct arpc__opening *opening = p ? calloc(1, sizeof *opening) : NULL;
  if (!opening) {
    if (p) arpc__pipes_free(p);
    return NULL;
  }
  opening->interface = interface;
  opening->opnum = opnum;
  p->opening = opening;
  return p;
}

void arpc__serve_piped(arpc__served *call, const arpc_interface *interface, const arpc__server_event *ev) {
  arpc__peer *peer = call->peer;
  if (!ev->last) arpc__server_follow(&peer->conn, &call->wire, 1);
  arpc__pipes *p = call->pipes = ev->maybe ? NULL : make(call, interface, ev->opnum); /* nothing answers a maybe */
  if (!p) {
    arpc__server_follow(&peer->conn, &call->wire, 0);
    arpc_async handle = {.size = sizeof handle, .signature = ARPC__SIGNATURE, .id = call->id};
    arpc_async_abort(call->rt, &handle, ARPC_S_SERVER_OUT_OF_MEMORY);
    return;
  }
  p->head = (arpc__stub_head){
      .type = ARPC__RESPONSE, .context_id = call->wire.context_id & 0xff, .word = call->wire.cancels, .call_id = ev->call_id};
  p->big = ev->big_endian;
  arpc__pipes_carry(p, peer->transport, &peer->conn.out, peer->conn.max_xmit, ev->context->transfer, &peer->piped);
  open_with(call, ev->stub, ev->len, ev->last);
}

void arpc__served_data(arpc__served *call, const arpc__server_event *ev) {
  arpc__pipes *p = call->pipes;
  if (p->opening) open_with(call, ev->stub, ev->len, ev->last);
  else arpc__pipes_data(p, ev->stub, ev->len, ev->big_endian, ev->last);
}

int arpc__served_opens_on(const arpc__server_conn *c) {
  const arpc__server_call *call = c->request.open && c->request.streaming ? c->request.call : NULL;
  return call && arpc__served_opening(arpc__of(arpc__served, wire, call));
}

int arpc__served_opening(const arpc__served *call) {
  return call->pipes && call->pipes->opening;
}

void arpc__served_pipes_over(arpc__served *call, arpc_status status) {
  call->pipes->head.word = call->wire.cancels;
  if (!call->pipes->opening) arpc__pipes_over(call->pipes, status);
}

/* 0, or why the call cannot be answered. */
arpc_status arpc__served_pipes_done(const arpc__served *call) {
  const arpc__pipes *p = call->pipes;
  if (!call->peer) return ARPC_S_OK;
  if (p->over) return p->done ? ARPC_S_OK : p->over;
  return arpc__pipes_pulled_all(p) && arpc__pipes_pushed_all(p) ? ARPC_S_OK : ARPC_X_PIPE_DISCIPLINE_ERROR;
}

void arpc__served_answer(arpc__served *call, const void *stub, size_t len) {
  arpc__pipes *p = call->pipes;
  arpc__pipes_put(p, stub, len);
  if (arpc__server_finish(&call->peer->conn, &call->wire)) arpc__pipes_emit(p, 1);
}

void arpc__served_pipes_free(arpc__served *call) {
  if (call->peer) arpc__server_follow(&call->peer->conn, &call->wire, 0);
  close_opening(call->pipes);
  arpc__pipes_free(call->pipes);
}
