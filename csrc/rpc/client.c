#include "rpc/client.h"

#include <stdlib.h>

enum { FRAGMENT = 65528, RESPONSE = 64 * 1024 * 1024, CONNECTIONS = 8, PENDING = 1024 * 1024, CONNECT_MS = 30000, PIPED = 128 };
enum { KEEP_ALIVE_USUAL = 5, KEEP_ALIVE_OFF = 10 };

static uint32_t or_default(uint32_t value, uint32_t fallback) {
  return value ? value : fallback;
}

static void set_options(arpc_client *c, const arpc_client_options *given) {
  arpc_client_options o = given ? *given : (arpc_client_options){0};
  o.max_fragment = or_default(o.max_fragment, FRAGMENT);
  if (o.max_fragment > FRAGMENT) o.max_fragment = FRAGMENT;
  if (o.max_fragment < ARPC__MIN_GRANT) o.max_fragment = ARPC__MIN_GRANT;
  o.max_fragment &= ~7u;
  o.max_response = or_default(o.max_response, RESPONSE);
  o.max_connections = or_default(o.max_connections, CONNECTIONS);
  o.max_pending = or_default(o.max_pending, PENDING);
  o.connect_timeout = or_default(o.connect_timeout, CONNECT_MS);
  o.transfer = o.transfer & (ARPC_NDR20 | ARPC_NDR64) ? o.transfer & (ARPC_NDR20 | ARPC_NDR64) : ARPC_NDR20 | ARPC_NDR64;
  o.max_pipe_calls = or_default(o.max_pipe_calls, PIPED);
  arpc__pipes_marks(&o.pipe_high, &o.pipe_low);
  o.keep_alive = or_default(o.keep_alive, 1 + KEEP_ALIVE_USUAL);
  o.local_dir = NULL;
  c->options = o;
  c->transfer = (uint8_t)o.transfer;
}

static void free_client(arpc_client *c) {
  arpc_binding_free(c->binding);
  free(c->local_dir);
  free(c);
}

arpc_status arpc_client_new(arpc_client **ret, arpc_runtime *rt, const arpc_binding *binding,
                            const arpc_syntax *interface, const arpc_client_options *options) {
  if (rt->closing) return ARPC_S_INVALID_BINDING;
  if (options && options->keep_alive > 1 + KEEP_ALIVE_OFF) return ARPC_S_INVALID_TIMEOUT;
  if (!*arpc_binding_endpoint(binding)) return ARPC_S_BINDING_INCOMPLETE;
  arpc_client *c = calloc(1, sizeof *c);
  if (!c) return ARPC_S_OUT_OF_MEMORY;
  c->rt = rt;
  c->interface = *interface;
  set_options(c, options);
  c->binding = arpc_binding_copy(binding);
  if (options && options->local_dir) c->local_dir = strdup(options->local_dir);
  if (!c->binding || (options && options->local_dir && !c->local_dir)) {
    free_client(c);
    return ARPC_S_OUT_OF_MEMORY;
  }
  arpc__list_init(&c->links);
  arpc__list_init(&c->waiting);
  arpc__list_init(&c->piped);
  arpc__list_init(&c->draining);
  arpc__list_init(&c->sending);
  arpc__list_append(&rt->clients, &c->runtime_node);
  *ret = c;
  return ARPC_S_OK;
}

uint32_t arpc_client_transfer(const arpc_client *client) {
  return client->transfer;
}

size_t arpc_client_binding(const arpc_client *client, char *ret, size_t size) {
  return arpc_binding_format(client->binding, ret, size);
}

arpc_status arpc_client_keep_alive(arpc_client *c, unsigned level) {
  if (level > KEEP_ALIVE_OFF) return ARPC_S_INVALID_TIMEOUT;
  c->options.keep_alive = 1 + level;
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next) arpc__link_keep_alive(arpc__of(arpc__link, node, n));
  return ARPC_S_OK;
}

arpc_status arpc_client_set_option(arpc_client *c, unsigned option, uint32_t value) {
  if (option == ARPC_OPT_DONT_LINGER && !c->called) return ARPC_S_WRONG_KIND_OF_BINDING;
  if (option == ARPC_OPT_CALL_TIMEOUT) c->options.timeout = value;
  else if (option == ARPC_OPT_NONCAUSAL) c->noncausal = value != 0;
  else if (option == ARPC_OPT_UNIQUE_BINDING) c->unique = value != 0;
  else if (option == ARPC_OPT_DONT_LINGER) c->dont_linger = value != 0;
  else return ARPC_S_CANNOT_SUPPORT;
  return ARPC_S_OK;
}

arpc_status arpc_client_option(const arpc_client *c, unsigned option, uint32_t *ret) {
  if (option == ARPC_OPT_CALL_TIMEOUT) *ret = c->options.timeout;
  else if (option == ARPC_OPT_NONCAUSAL) *ret = c->noncausal;
  else if (option == ARPC_OPT_UNIQUE_BINDING) *ret = c->unique;
  else if (option == ARPC_OPT_DONT_LINGER) *ret = c->dont_linger;
  else return ARPC_S_CANNOT_SUPPORT;
  return ARPC_S_OK;
}

/* ---- carrying calls ----------------------------------------------------------------------------*/

static arpc__link *free_link(arpc_client *c) {
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next) {
    arpc__link *link = arpc__of(arpc__link, node, n);
    if (arpc__link_free_for_call(link)) return link;
  }
  return NULL;
}

/* One link is opened at a time: the first one tells the group, and whether more are needed at all. */
static int may_open(const arpc_client *c) {
  uint32_t live = 0, alone = 0;
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next) {
    arpc__link *link = arpc__of(arpc__link, node, n);
    if (link->state < ARPC__READY) return 0;
    if (link->state == ARPC__READY && !link->conn.shutdown) live++;
    alone += link->state == ARPC__ALONE;
  }
  if (live == 0) return !alone || !c->enough;
  int more = c->noncausal || (c->serial && !c->options.causal_strict);
  return more && !c->enough && live < c->options.max_connections;
}

static arpc__link *idle_link(arpc_client *c) {
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next) {
    arpc__link *link = arpc__of(arpc__link, node, n);
    if (arpc__link_free_for_call(link) && arpc__client_idle(&link->conn)) return link;
  }
  return NULL;
}

static int may_carry_piped(const arpc_client *c) {
  uint32_t carrying = 0;
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next)
    carrying += !arpc__list_empty(&arpc__of(arpc__link, node, n)->piped);
  return carrying < c->options.max_pipe_calls;
}

/* A call with pipes needs a link for itself. */
static int may_open_piped(const arpc_client *c) {
  uint32_t live = 0;
  for (arpc__list *n = c->links.next; n != &c->links; n = n->next) {
    arpc__link *link = arpc__of(arpc__link, node, n);
    if (link->state < ARPC__READY) return 0;
    live += (uint32_t)arpc__link_is_of_use(link);
  }
  return (!live || !c->enough) && may_carry_piped(c);
}

/* The stub in the syntax of the link; a server that now picks another one than before is refused. */
static void send_waiting(arpc__link *link, arpc__call *call) {
  arpc__unsent *u = call->unsent;
  int small = link->context->transfer == ARPC_NDR20;
  arpc_reply failure = arpc__failure(ARPC_S_UNSUPPORTED_TRANS_SYN, ARPC_PHASE_CONNECT, ARPC_WHERE_LOCAL, 0);
  arpc__list_remove(&call->node);
  call->unsent = NULL;
  if (u->transfer & link->context->transfer)
    failure.status = (call->piped ? arpc__piped_send : arpc__link_send)(link, call, u->has_object ? &u->object : NULL,
                                                                        small ? u->bytes : u->bytes + u->len,
                                                                        small ? u->len : u->len64);
  if (failure.status) arpc__call_settle_later(call, &failure);
  free(u);
}

static void open_link(arpc_client *c) {
  arpc_status status = arpc__link_open(c);
  if (!status || c->nlinks) return;
  arpc_reply reply = arpc__failure(status, ARPC_PHASE_CONNECT, ARPC_WHERE_LOCAL, 0);
  arpc__client_fail_waiting(c, &reply);
}

void arpc__client_pump(arpc_client *c) {
  if (c->pumping || c->closed) return;
  c->pumping = 1;
  while (!arpc__list_empty(&c->waiting)) {
    arpc__link *link = free_link(c);
    if (!link) break;
    send_waiting(link, arpc__of(arpc__call, node, c->waiting.next));
  }
  while (!arpc__list_empty(&c->piped) && may_carry_piped(c)) {
    arpc__link *link = idle_link(c);
    if (!link) break;
    send_waiting(link, arpc__of(arpc__call, node, c->piped.next));
  }
  c->pumping = 0;
  if (!arpc__list_empty(&c->waiting) && may_open(c)) open_link(c);
  if (!arpc__list_empty(&c->piped) && may_open_piped(c)) open_link(c);
}

void arpc__client_fail_waiting(arpc_client *c, const arpc_reply *reply) {
  while (!arpc__list_empty(&c->waiting)) arpc__call_settle_later(arpc__of(arpc__call, node, c->waiting.next), reply);
  while (!arpc__list_empty(&c->piped)) arpc__call_settle_later(arpc__of(arpc__call, node, c->piped.next), reply);
}

/* ---- closing -----------------------------------------------------------------------------------*/

static void end(arpc__deferred *d) {
  arpc_client *c = arpc__of(arpc_client, later, d);
  arpc__list_remove(&c->runtime_node);
  arpc__undefer(c->rt, &c->sent);
  free_client(c);
}

void arpc__client_try_end(arpc_client *c) {
  if (c->released && !c->pending && arpc__list_empty(&c->links)) arpc__defer(c->rt, &c->later, end);
}

void arpc__client_link_gone(arpc_client *c) {
  if (c->closed) arpc__client_try_end(c);
  else arpc__client_pump(c);
}

void arpc__client_shut(arpc_client *c) {
  if (c->closed) return;
  c->closed = 1;
  arpc_reply lost = arpc__failure(ARPC_S_CALL_FAILED_DNE, ARPC_PHASE_SEND, ARPC_WHERE_LOCAL, 0);
  arpc__client_fail_waiting(c, &lost);
  arpc_reply unread = arpc__failure(ARPC_S_CALL_FAILED, ARPC_PHASE_WAIT, ARPC_WHERE_LOCAL, 1);
  while (!arpc__list_empty(&c->draining)) arpc__call_settle_later(arpc__of(arpc__call, node, c->draining.next), &unread);
  for (arpc__list *n = c->links.next, *next; n != &c->links; n = next) {
    next = n->next;
    arpc__link_kill(arpc__of(arpc__link, node, n), NULL);
  }
}

void arpc_client_close(arpc_client *c) {
  if (c->released) return;
  c->released = 1;
  arpc__client_shut(c);
  arpc__client_try_end(c);
}
