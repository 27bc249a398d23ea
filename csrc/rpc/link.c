/* A client's connection: transport below, client machine above. Failures found inside a call of the owner
 * settle calls later; what arrives from the loop settles them at once. */
#include "rpc/client.h"

#include <stdlib.h>

static void flush(arpc__writing *w) {
  arpc__link *link = arpc__of(arpc__link, writing, w);
  link->flushed += arpc__buf_unread(&link->conn.out);
  arpc__transport_write(link->transport, &link->conn.out);
  arpc__sent_look(link->client);
  arpc__pipes_sent(&link->piped);
}

void arpc__link_write_now(arpc__link *link, const void *bytes, size_t n) {
  if (link->conn.out.error) {
    arpc__link_kill(link, NULL);
    return;
  }
  arpc__clean(&link->writing);
  link->flushed += arpc__buf_unread(&link->conn.out) + n;
  arpc__transport_write_more(link->transport, &link->conn.out, bytes, n);
}

/* Before the machine puts something out, and after. */
void arpc__link_writes(arpc__link *link) {
  arpc__lend(link->client->rt, &link->conn.out);
}

void arpc__link_wrote(arpc__link *link) {
  if (link->conn.out.error) { /* there is a hole in what was to be said */
    arpc__link_kill(link, NULL);
    return;
  }
  size_t unread = arpc__buf_unread(&link->conn.out);
  if (!unread) {
    arpc__give_back(link->client->rt, &link->conn.out);
  } else if (unread > ARPC__EARLY_FLUSH && link->transport->open) {
    arpc__clean(&link->writing);
    flush(&link->writing);
  } else {
    arpc__dirty(link->client->rt, &link->writing);
  }
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void on_closed(void *owner) {
  arpc__link *link = owner;
  arpc_client *client = link->client;
  link->gone = 1;
  if (link->feeding) return; /* a nested loop closed it: on_received calls again */
  arpc__client_fini(&link->conn);
  arpc__buf_free(&link->backlog);
  arpc__list_remove(&link->node);
  client->rt->stats.late_answers += link->conn.late;
  free(link);
  client->nlinks--;
  arpc__client_link_gone(client);
}

void arpc__link_kill(arpc__link *link, const arpc_reply *reply) {
  if (link->state == ARPC__DEAD) return;
  link->state = ARPC__DEAD;
  for (arpc__list *n; (n = link->calls.next) != &link->calls;) {
    arpc__call *call = arpc__of(arpc__call, node, n);
    arpc_reply lost = reply ? *reply : arpc__call_lost(call);
    arpc__call_settle_later(call, &lost);
  }
  arpc__timer_stop(link->client->rt, &link->timer);
  arpc__clean(&link->writing);
  arpc__transport_close(link->transport);
}

/* A link that was never of use takes what waits with it, unless another one is there. */
static void fail_to_open(arpc__link *link, arpc_status status, arpc_where where, int timed_out) {
  arpc_client *client = link->client;
  arpc_reply reply = arpc__failure(status, ARPC_PHASE_CONNECT, where, 0);
  reply.timed_out = (uint8_t)timed_out;
  arpc__link_kill(link, &reply);
  for (arpc__list *n = client->links.next; n != &client->links; n = n->next)
    if (arpc__link_is_of_use(arpc__of(arpc__link, node, n))) {
      client->enough = 1;
      return;
    }
  arpc__client_fail_waiting(client, &reply);
}

/* Takes no further calls, and ends with the last one it has. */
void arpc__link_retire(arpc__link *link) {
  if (arpc__link_is_of_use(link)) link->state = ARPC__RETIRING;
  if (link->state != ARPC__RETIRING || !arpc__list_empty(&link->calls)) return;
  flush(&link->writing);
  arpc__link_kill(link, NULL);
}

static int is_spare(const arpc__link *link) {
  return link->state == ARPC__READY && !link->conn.shutdown;
}

void arpc__link_spare(arpc__link *link) {
  arpc_client *client = link->client;
  if (!arpc__list_empty(&client->piped)) return; /* the next pump has a use for it */
  for (arpc__list *n = client->links.next; n != &client->links; n = n->next)
    if (n != &link->node && is_spare(arpc__of(arpc__link, node, n))) {
      arpc__link_retire(link);
      return;
    }
}

static void on_bind_timeout(arpc__timer *t) {
  fail_to_open(arpc__of(arpc__link, timer, t), ARPC_S_SERVER_UNAVAILABLE, ARPC_WHERE_TRANSPORT, 1);
}

void arpc__link_keep_alive(arpc__link *link) {
  arpc__transport_keep_alive(link->transport, link->client->options.keep_alive - 1);
}

/* ---- binding -----------------------------------------------------------------------------------*/

static void on_opened(void *owner, int error) {
  arpc__link *link = owner;
  if (error) {
    fail_to_open(link, ARPC_S_SERVER_UNAVAILABLE, ARPC_WHERE_TRANSPORT, 0);
    return;
  }
  link->state = ARPC__BINDING;
  arpc__link_keep_alive(link);
  arpc__link_writes(link);
  arpc_status status = arpc__client_present(&link->conn, &link->client->interface, &link->context);
  arpc__link_wrote(link);
  if (status) fail_to_open(link, status, ARPC_WHERE_LOCAL, 0);
  else arpc__transport_reading(link->transport, 1);
}

static void bound(arpc__link *link) {
  arpc_client *client = link->client;
  arpc__timer_stop(client->rt, &link->timer);
  if (link->context->state != ARPC__ACCEPTED) {
    fail_to_open(link, link->context->error, ARPC_WHERE_FAULT, 0);
    return;
  }
  if (link->conn.shutdown) { /* it ends before it began, and another one might too */
    fail_to_open(link, ARPC_S_SERVER_UNAVAILABLE, ARPC_WHERE_TRANSPORT, 0);
    return;
  }
  link->state = ARPC__READY;
  client->enough = 0;
  client->group = link->conn.group;
  client->transfer = link->context->transfer;
  client->serial = !link->conn.multiplex;
  arpc__client_pump(client);
}

/* A group dies with its last connection; a server that does not know ours any more gets a new one. */
static int group_is_stale(const arpc__link *link, const arpc__client_event *ev) {
  return link->state == ARPC__BINDING && ev->reject == 1 && link->conn.options.group != 0;
}

static void broken(arpc__link *link, const arpc__client_event *ev) {
  arpc_client *client = link->client;
  if (group_is_stale(link, ev)) {
    client->group = 0;
    arpc__link_kill(link, NULL);
    arpc__client_pump(client);
  } else if (link->state == ARPC__BINDING) {
    fail_to_open(link, ev->status, ev->reject ? ARPC_WHERE_FAULT : ARPC_WHERE_TRANSPORT, 0);
  } else {
    arpc_reply reply = arpc__failure(ev->status, ARPC_PHASE_WAIT, ARPC_WHERE_TRANSPORT, 1);
    arpc__link_kill(link, &reply);
    arpc__client_pump(client);
  }
}

/* ---- answers -----------------------------------------------------------------------------------*/

static void answered(arpc__link *link, const arpc__client_event *ev) {
  arpc__call *call = arpc__of(arpc__call, wire, ev->call);
  arpc_reply reply = {.stub = ev->stub,
                      .len = ev->len,
                      .transfer = link->context->transfer,
                      .big_endian = ev->big_endian};
  arpc__call_settle(call, &reply);
}

static int did_not_run(uint32_t code, uint8_t flags) {
  return (flags & ARPC__PFC_DID_NOT_EXECUTE) || code == 0x1C00000C || code == 0x1C000009 || code == 0x1C010002 ||
         code == 0x1C010003;
}

static void faulted(const arpc__client_event *ev) {
  arpc__call *call = arpc__of(arpc__call, wire, ev->call);
  arpc_reply reply = arpc__failure(arpc_status_from_fault(ev->status), ARPC_PHASE_WAIT, ARPC_WHERE_FAULT,
                                   !did_not_run(ev->status, ev->flags));
  reply.fault = ev->status;
  arpc__call_settle(call, &reply);
}

/* After answers: links that only waited for them end, calls that waited for a free link go. */
static void settled_some(arpc__link *link) {
  if (link->state == ARPC__RETIRING || link->conn.shutdown) arpc__link_retire(link);
  if (!arpc__list_empty(&link->client->waiting) || !arpc__list_empty(&link->client->piped)) arpc__client_pump(link->client);
}

/* A copy, so that the answers, which are nearly all there is, need no event in memory. */
static ARPC__COLD void handle_other(arpc__link *link, arpc__client_event ev) {
  switch (ev.kind) {
  case ARPC__C_BOUND:
    bound(link);
    break;
  case ARPC__C_DATA:
    arpc__piped_data(link, arpc__of(arpc__call, wire, ev.call), ev.stub, ev.len, ev.big_endian, ev.last);
    break;
  case ARPC__C_FAULT:
    faulted(&ev);
    break;
  case ARPC__C_BROKEN:
    broken(link, &ev);
    break;
  case ARPC__C_NONE:
  case ARPC__C_RESPONSE:
  case ARPC__C_SHUTDOWN:
    break;
  }
}

static void handle_events(arpc__link *link) {
  arpc__client_event ev;
  arpc__client_event_kind kind;
  while (link->state != ARPC__DEAD && (kind = arpc__client_next(&link->conn, &ev)) != ARPC__C_NONE) {
    if (kind == ARPC__C_RESPONSE) answered(link, &ev);
    else handle_other(link, ev);
  }
}

static void feed(arpc__link *link, const uint8_t *bytes, size_t len) {
  arpc__client_feed(&link->conn, bytes, len);
  handle_events(link);
  if (link->state == ARPC__DEAD) return;
  if (arpc__buf_unread(&link->conn.out) || link->conn.out.error) arpc__link_wrote(link);
  settled_some(link);
}

/* Callbacks may run a nested loop, which may read: those bytes wait until the machine is done with these. */
static void on_received(void *owner, const uint8_t *bytes, size_t len) {
  arpc__link *link = owner;
  if (link->feeding) {
    arpc__buf_put(&link->backlog, bytes, len);
    return;
  }
  link->feeding = 1;
  feed(link, bytes, len);
  while (link->backlog.len && link->state != ARPC__DEAD) {
    arpc__buf more = link->backlog;
    arpc__buf_init(&link->backlog, 0);
    feed(link, more.data, more.len);
    arpc__buf_free(&more);
  }
  link->feeding = 0;
  if (link->gone) on_closed(link);
}

static void on_ended(void *owner, int error) {
  arpc__link *link = owner;
  arpc_client *client = link->client;
  (void)error;
  if (link->state < ARPC__READY) {
    fail_to_open(link, ARPC_S_CALL_FAILED_DNE, ARPC_WHERE_TRANSPORT, 0);
    return;
  }
  arpc__link_kill(link, NULL);
  arpc__client_pump(client);
}

static void on_drained(void *owner) {
  arpc__link *link = owner;
  arpc__sent_look(link->client);
  arpc__pipes_sent(&link->piped);
  if (!arpc__list_empty(&link->client->waiting)) arpc__client_pump(link->client);
}

/* ---- for the client ----------------------------------------------------------------------------*/

static const arpc__transport_owner owner_ops = {on_opened, on_received, on_ended, on_drained, on_closed};

arpc_status arpc__link_open(arpc_client *client) {
  const arpc_client_options *o = &client->options;
  arpc__link *link = calloc(1, sizeof *link);
  if (!link) return ARPC_S_OUT_OF_MEMORY;
  link->client = client;
  link->writing.flush = flush;
  arpc__list_init(&link->calls);
  arpc__list_init(&link->piped);
  arpc_status status =
      arpc__transport_dial(&link->transport, client->rt, client->binding, client->local_dir, &owner_ops, link);
  if (status) {
    free(link);
    return status;
  }
  arpc__client_init(&link->conn, &(arpc__client_options){.max_fragment = (uint16_t)o->max_fragment,
                                                         .max_response = o->max_response,
                                                         .transfer = client->transfer,
                                                         .multiplex = !o->no_multiplex,
                                                         .features = o->no_keep_on_orphan ? 0 : ARPC__BTFN_KEEP_ON_ORPHAN,
                                                         .deadlines = o->pass_deadline != 0,
                                                         .group = client->group});
  arpc__list_append(&client->links, &link->node);
  client->nlinks++;
  if (o->connect_timeout != ARPC_FOREVER) arpc__timer_start(client->rt, &link->timer, o->connect_timeout, on_bind_timeout);
  return ARPC_S_OK;
}

int arpc__link_free_for_call(const arpc__link *link) {
  if (link->state != ARPC__READY || link->conn.shutdown) return 0;
  size_t unsent = link->transport->unsent;
  if (unsent && (link->client->noncausal || unsent > ARPC__CLIENT_UNSENT)) return 0;
  return link->conn.multiplex || arpc__client_idle(&link->conn);
}

enum { DEADLINE = 4 };

/* Where both ends agreed to it, the ms that are left stand behind the stub, little endian: UINT32_MAX = no end. */
static void *with_deadline(arpc__link *link, arpc__call *call, const void *stub, size_t len) {
  uint64_t now = arpc__clock_look(link->client->rt), left = call->deadline > now ? call->deadline - now : 0;
  if (!call->deadline || left > UINT32_MAX) left = UINT32_MAX;
  uint8_t *whole = len <= SIZE_MAX - DEADLINE ? malloc(len + DEADLINE) : NULL;
  if (!whole) return NULL;
  if (len) memcpy(whole, stub, len);
  arpc__store32(whole + len, (uint32_t)left);
  return whole;
}

arpc_status arpc__link_send(arpc__link *link, arpc__call *call, const arpc_uuid *object, const void *stub, size_t len) {
  void *whole = NULL;
  if (link->conn.deadlines) {
    stub = whole = with_deadline(link, call, stub, len);
    len += DEADLINE;
    if (!whole) return ARPC_S_OUT_OF_MEMORY;
  }
  arpc__link_writes(link);
  call->mark = link->flushed + arpc__buf_unread(&link->conn.out);
  arpc_status status =
      arpc__client_request(&link->conn, &call->wire, link->context, call->opnum, object, stub, len);
  if (whole) free(whole);
  if (status) return status;
  link->client->called = 1;
  call->state = ARPC__SENT;
  call->link = link;
  arpc__list_append(&link->calls, &call->node);
  arpc__link_wrote(link);
  if (call->flags & ARPC_NOTIFY_ON_SEND_COMPLETE) arpc__sent_expect(link, call);
  return ARPC_S_OK;
}

void arpc__link_give_up(arpc__link *link, arpc__call *call, int orphan) {
  if (call->wire.call_id && orphan) {
    arpc__link_writes(link);
    arpc__client_orphan(&link->conn, &call->wire);
    arpc__link_wrote(link);
    if (link->state == ARPC__DEAD) return; /* the call was settled with the others */
  }
  if (call->wire.call_id) arpc__client_forget(&link->conn, &call->wire);
  arpc__list_remove(&call->node);
  call->state = ARPC__WAITING;
  call->unsent = NULL;
  int keep = link->conn.features & ARPC__BTFN_KEEP_ON_ORPHAN;
  if (link->state == ARPC__RETIRING || (orphan && !keep) || call->piped) arpc__link_retire(link);
}

void arpc__link_cancel(arpc__link *link, arpc__call *call) {
  if (call->piped && call->state == ARPC__SENT) arpc__piped_before_cancel(call);
  if (link->state == ARPC__DEAD) return;
  arpc__link_writes(link);
  arpc__client_cancel(&link->conn, &call->wire);
  arpc__link_wrote(link);
  if (call->piped && call->state == ARPC__SENT) arpc__piped_cancel(call);
}
