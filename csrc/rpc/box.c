/* Completion ports and message queues: parcels in the order they were posted, each for one waiter. */
#include "rpc/shared.h"

#include <stdlib.h>

static arpc__box *box_of(arpc__shared *s) {
  return arpc__of(arpc__box, shared, s);
}

static int give(arpc__shared *s, arpc__waiter *w) {
  arpc__list *n = arpc__list_pop(&box_of(s)->parcels);
  w->parcel = n ? arpc__of(arpc__parcel, node, n) : NULL;
  return n != NULL;
}

/* In its old place: in front of what was posted after it. */
static void restore(arpc__shared *s, arpc__waiter *w) {
  arpc__list *head = &box_of(s)->parcels, *n = head->next;
  while (n != head && arpc__of(arpc__parcel, node, n)->sequence < w->parcel->sequence) n = n->next;
  arpc__list_append(n, &w->parcel->node);
  w->parcel = NULL;
}

static void destroy(arpc__shared *s) {
  arpc__box *box = box_of(s);
  for (arpc__list *n; (n = arpc__list_pop(&box->parcels));) {
    arpc__parcel *p = arpc__of(arpc__parcel, node, n);
    p->drop(p);
  }
  arpc__shared_fini(s);
  free(box);
}

const arpc__shared_kind arpc__port_kind = {"port", give, restore, destroy};
const arpc__shared_kind arpc__queue_kind = {"queue", give, restore, destroy};

arpc_status arpc__box_new(arpc__box **ret, const arpc__shared_kind *kind) {
  arpc__box *box = malloc(sizeof *box);
  if (!box || arpc__shared_init(&box->shared, kind)) {
    free(box);
    return ARPC_S_OUT_OF_MEMORY;
  }
  arpc__list_init(&box->parcels);
  box->posted = 0;
  *ret = box;
  return ARPC_S_OK;
}

void arpc__box_post(arpc__box *box, arpc__parcel *p) {
  uv_mutex_lock(&box->shared.lock);
  p->sequence = box->posted++;
  arpc__list_append(&box->parcels, &p->node);
  arpc__shared_serve(&box->shared);
}

static void drop(arpc__parcel *p) {
  free(p);
}

static arpc_status post(arpc__box *box, const arpc_packet *packet) {
  arpc__parcel *p = malloc(sizeof *p);
  if (!p) return ARPC_S_OUT_OF_MEMORY;
  p->packet = *packet;
  p->drop = drop;
  arpc__list_init(&p->node);
  arpc__box_post(box, p);
  return ARPC_S_OK;
}

static arpc_status get(arpc__box *box, arpc_runtime *rt, int64_t ms, arpc_packet *ret) {
  arpc__waiter w = {0};
  arpc_status status = arpc__wait_given(&box->shared, rt, &w, ms);
  if (status) return status;
  *ret = w.parcel->packet;
  w.parcel->drop(w.parcel);
  return ARPC_S_OK;
}

/* ---- ports -------------------------------------------------------------------------------------*/

arpc_status arpc_port_new(arpc_port **ret) {
  return arpc__box_new((arpc__box **)ret, &arpc__port_kind);
}

arpc_status arpc_port_open(arpc_port **ret, const char *token) {
  arpc__shared *s = arpc__shared_open(&arpc__port_kind, token);
  if (!s) return ARPC_S_ENTRY_NOT_FOUND;
  *ret = (arpc_port *)box_of(s);
  return ARPC_S_OK;
}

void arpc_port_free(arpc_port *port) {
  if (port) arpc__shared_unref(&arpc__box_of_port(port)->shared);
}

size_t arpc_port_token(arpc_port *port, char *ret, size_t size) {
  return arpc__shared_token(&arpc__box_of_port(port)->shared, ret, size);
}

arpc_status arpc_port_post(arpc_port *port, const arpc_packet *packet) {
  return post(arpc__box_of_port(port), packet);
}

arpc_status arpc_port_get(arpc_port *port, arpc_runtime *rt, int64_t ms, arpc_packet *ret) {
  return get(arpc__box_of_port(port), rt, ms, ret);
}

/* ---- queues ------------------------------------------------------------------------------------*/

/* A message is a packet whose bytes are its number, key its wparam and handle its lparam. */

arpc_status arpc_queue_new(arpc_queue **ret) {
  return arpc__box_new((arpc__box **)ret, &arpc__queue_kind);
}

arpc_status arpc_queue_open(arpc_queue **ret, const char *token) {
  arpc__shared *s = arpc__shared_open(&arpc__queue_kind, token);
  if (!s) return ARPC_S_ENTRY_NOT_FOUND;
  *ret = (arpc_queue *)box_of(s);
  return ARPC_S_OK;
}

void arpc_queue_free(arpc_queue *queue) {
  if (queue) arpc__shared_unref(&arpc__box_of_queue(queue)->shared);
}

size_t arpc_queue_token(arpc_queue *queue, char *ret, size_t size) {
  return arpc__shared_token(&arpc__box_of_queue(queue)->shared, ret, size);
}

arpc_status arpc_queue_post(arpc_queue *queue, const arpc_message *m) {
  return post(arpc__box_of_queue(queue), &(arpc_packet){.bytes = m->msg, .key = m->wparam, .handle = m->lparam});
}

arpc_status arpc_queue_get(arpc_queue *queue, arpc_runtime *rt, int64_t ms, arpc_message *ret) {
  arpc_packet p;
  arpc_status status = get(arpc__box_of_queue(queue), rt, ms, &p);
  if (!status) *ret = (arpc_message){.msg = (uint32_t)p.bytes, .wparam = p.key, .lparam = p.handle};
  return status;
}
