#include "rpc/shared.h"

#include <stdlib.h>

static arpc_event *event_of(arpc__shared *s) {
  return arpc__of(arpc_event, shared, s);
}

static int give(arpc__shared *s, arpc__waiter *w) {
  arpc_event *e = event_of(s);
  (void)w;
  if (!e->set) return 0;
  e->set = e->manual;
  return 1;
}

/* An auto-reset event that was set for a waiter who left is set for the next. */
static void restore(arpc__shared *s, arpc__waiter *w) {
  arpc_event *e = event_of(s);
  (void)w;
  if (!e->manual) e->set = 1;
}

static void destroy(arpc__shared *s) {
  arpc__shared_fini(s);
  free(event_of(s));
}

const arpc__shared_kind arpc__event_kind = {"event", give, restore, destroy};

arpc_status arpc_event_new(arpc_event **ret, unsigned flags) {
  arpc_event *e = malloc(sizeof *e);
  if (!e || arpc__shared_init(&e->shared, &arpc__event_kind)) {
    free(e);
    return ARPC_S_OUT_OF_MEMORY;
  }
  e->manual = (flags & ARPC_EVENT_MANUAL) != 0;
  e->set = (flags & ARPC_EVENT_SET) != 0;
  *ret = e;
  return ARPC_S_OK;
}

arpc_status arpc_event_open(arpc_event **ret, const char *token) {
  arpc__shared *s = arpc__shared_open(&arpc__event_kind, token);
  if (!s) return ARPC_S_ENTRY_NOT_FOUND;
  *ret = event_of(s);
  return ARPC_S_OK;
}

void arpc_event_free(arpc_event *e) {
  if (e) arpc__shared_unref(&e->shared);
}

size_t arpc_event_token(arpc_event *e, char *ret, size_t size) {
  return arpc__shared_token(&e->shared, ret, size);
}

void arpc_event_set(arpc_event *e) {
  uv_mutex_lock(&e->shared.lock);
  e->set = 1;
  arpc__shared_serve(&e->shared);
}

void arpc_event_reset(arpc_event *e) {
  uv_mutex_lock(&e->shared.lock);
  e->set = 0;
  uv_mutex_unlock(&e->shared.lock);
}

int arpc__event_is_set(arpc_event *e) {
  uv_mutex_lock(&e->shared.lock);
  int set = e->set;
  uv_mutex_unlock(&e->shared.lock);
  return set;
}

arpc_status arpc_event_wait(arpc_event *e, arpc_runtime *rt, int64_t ms) {
  arpc__waiter w = {0};
  return arpc__wait_given(&e->shared, rt, &w, ms);
}
