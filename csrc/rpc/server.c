#include "rpc/server.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  FRAGMENT = 65528, REQUEST = 4 * 1024 * 1024, CONTEXTS = 64, CONNECTIONS = 16384, CALLS = 16384,
  UNSENT = 8 * 1024 * 1024, BIND_MS = 30000, STALL_MS = 60000
};

static void fall_back(uint32_t *value, uint32_t fallback) {
  if (!*value) *value = fallback;
}

static void set_options(arpc_server *s, const arpc_server_options *given) {
  arpc_server_options *o = &s->options;
  if (given) *o = *given;
  fall_back(&o->max_fragment, FRAGMENT);
  if (o->max_fragment > FRAGMENT) o->max_fragment = FRAGMENT;
  if (o->max_fragment < ARPC__MIN_GRANT) o->max_fragment = ARPC__MIN_GRANT;
  o->max_fragment &= ~7u;
  fall_back(&o->max_request, REQUEST);
  fall_back(&o->max_contexts, CONTEXTS);
  fall_back(&o->max_connections, CONNECTIONS);
  fall_back(&o->max_calls, CALLS);
  fall_back(&o->max_unsent, UNSENT);
  fall_back(&o->bind_timeout, BIND_MS);
  fall_back(&o->stall_timeout, STALL_MS);
  o->transfer &= ARPC_NDR20 | ARPC_NDR64;
  fall_back(&o->transfer, ARPC_NDR20 | ARPC_NDR64);
  arpc__pipes_marks(&o->pipe_high, &o->pipe_low);
  fall_back(&o->pipe_stall, STALL_MS);
  if (o->pipe_stall == ARPC_FOREVER) o->pipe_stall = 0;
  fall_back(&o->prefer, ARPC_NDR20);
  o->local_dir = NULL;
}

arpc_status arpc_server_new(arpc_server **ret, arpc_runtime *rt, const arpc_server_options *options) {
  arpc_server *s = rt->closing ? NULL : calloc(1, sizeof *s);
  if (!s) return rt->closing ? ARPC_S_INVALID_BINDING : ARPC_S_OUT_OF_MEMORY;
  if (options && options->local_dir && !(s->local_dir = strdup(options->local_dir))) {
    free(s);
    return ARPC_S_OUT_OF_MEMORY;
  }
  s->rt = rt;
  set_options(s, options);
  arpc__list_init(&s->interfaces);
  arpc__list_init(&s->endpoints);
  arpc__list_init(&s->peers);
  arpc__list_append(&rt->servers, &s->runtime_node);
  *ret = s;
  return ARPC_S_OK;
}

/* ---- ending ------------------------------------------------------------------------------------*/

static void free_server(arpc__deferred *d) {
  arpc_server *s = arpc__of(arpc_server, later, d);
  for (arpc__list *n; (n = arpc__list_pop(&s->interfaces));) free(arpc__of(arpc__registered, node, n));
  for (arpc__list *n; (n = arpc__list_pop(&s->endpoints));) {
    arpc__endpoint *e = arpc__of(arpc__endpoint, node, n);
    arpc__map_free(&e->groups);
    free(e);
  }
  arpc__list_remove(&s->runtime_node);
  free(s->local_dir);
  free(s);
}

static void try_end(arpc_server *s) {
  if (!s->released || s->npeers) return;
  for (arpc__list *n = s->endpoints.next; n != &s->endpoints; n = n->next)
    if (!arpc__of(arpc__endpoint, node, n)->closed) return;
  arpc__defer(s->rt, &s->later, free_server);
}

static void leave_group(arpc__peer *peer) {
  arpc__map *groups = &peer->endpoint->groups;
  uint32_t group = peer->conn.group;
  uintptr_t members = group ? (uintptr_t)arpc__map_get(groups, group) : 0;
  if (members > 1) arpc__map_put(groups, group, (void *)(members - 1));
  else if (members) arpc__map_remove(groups, group);
}

void arpc__server_peer_gone(arpc__peer *peer) {
  arpc_server *s = peer->server;
  leave_group(peer);
  arpc__list_remove(&peer->node);
  s->npeers--;
  try_end(s);
}

void arpc__server_shut(arpc_server *s) {
  if (s->closed) return;
  s->closed = 1;
  for (arpc__list *n = s->endpoints.next; n != &s->endpoints; n = n->next) {
    arpc__endpoint *e = arpc__of(arpc__endpoint, node, n);
    if (e->listener) arpc__listener_close(e->listener);
  }
  for (arpc__list *n = s->peers.next, *next; n != &s->peers; n = next) {
    next = n->next;
    arpc__peer_close(arpc__of(arpc__peer, node, n));
  }
}

void arpc_server_close(arpc_server *s) {
  if (s->released) return;
  s->released = 1;
  arpc__server_shut(s);
  try_end(s);
}

/* ---- endpoints ---------------------------------------------------------------------------------*/

static void on_accepted(arpc__listener *l, arpc__transport *t) {
  arpc__peer_new(l->owner, t);
}

static void on_listener_closed(arpc__listener *l) {
  arpc__endpoint *e = l->owner;
  e->listener = NULL;
  e->closed = 1;
  try_end(e->server);
}

arpc_status arpc_server_use(arpc_server *s, const arpc_binding *binding) {
  arpc__endpoint *e = s->closed ? NULL : calloc(1, sizeof *e);
  if (!e) return s->closed ? ARPC_S_INVALID_BINDING : ARPC_S_OUT_OF_MEMORY;
  arpc_status status =
      arpc__listener_new(&e->listener, s->rt, binding, s->local_dir, on_accepted, on_listener_closed, e);
  if (status) {
    free(e);
    return status;
  }
  e->server = s;
  snprintf(e->address, sizeof e->address, "%s", arpc_binding_endpoint(e->listener->binding));
  arpc__list_append(&s->endpoints, &e->node);
  if (s->listening) arpc__listener_start(e->listener);
  return ARPC_S_OK;
}

size_t arpc_server_binding(const arpc_server *s, unsigned i, char *ret, size_t size) {
  for (const arpc__list *n = s->endpoints.next; n != &s->endpoints; n = n->next, i--) {
    const arpc__endpoint *e = arpc__of(arpc__endpoint, node, n);
    if (i == 0) return e->listener ? arpc_binding_format(e->listener->binding, ret, size) : 0;
  }
  return 0;
}

arpc_status arpc_server_listen(arpc_server *s) {
  if (s->closed) return ARPC_S_INVALID_BINDING;
  if (s->listening) return ARPC_S_ALREADY_LISTENING;
  if (arpc__list_empty(&s->endpoints)) return ARPC_S_NO_PROTSEQS_REGISTERED;
  s->listening = 1;
  for (arpc__list *n = s->endpoints.next; n != &s->endpoints; n = n->next)
    arpc__listener_start(arpc__of(arpc__endpoint, node, n)->listener);
  return ARPC_S_OK;
}

/* ---- interfaces --------------------------------------------------------------------------------*/

arpc_status arpc_server_register(arpc_server *s, const arpc_interface *interface) {
  if (s->closed || !interface->manager) return ARPC_S_INVALID_ARG;
  for (arpc__list *n = s->interfaces.next; n != &s->interfaces; n = n->next) {
    const arpc_syntax *id = &arpc__of(arpc__registered, node, n)->interface.id;
    if (arpc__uuid_equal(&id->uuid, &interface->id.uuid) && id->major == interface->id.major)
      return ARPC_S_TYPE_ALREADY_REGISTERED;
  }
  uint32_t n = interface->pipes ? interface->procedures : 0, npipes;
  if (n > UINT16_MAX + 1) n = UINT16_MAX + 1;
  arpc__registered *r = malloc(sizeof *r + n);
  if (!r) return ARPC_S_OUT_OF_MEMORY;
  r->interface = *interface;
  for (uint32_t i = 0; i < n; i++) r->piped[i] = interface->pipes(interface->arg, (uint16_t)i, &npipes) != NULL;
  arpc__list_append(&s->interfaces, &r->node);
  return ARPC_S_OK;
}
