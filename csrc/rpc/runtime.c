/* How a turn goes: uv runs timers, then `prepare` flushes what was issued outside of the loop or by the
 * last turn, the loop sleeps unless deferred work waits, read callbacks feed the machines and flush what
 * they answered, `check` runs the work deferred before this point, `prepare` flushes again.
 *
 * Closing: clients and servers close first, which defers the completion of what was pending; `idle`
 * keeps the turns coming; when no work is left and all connections are gone, the runtime's own handles
 * go, and the last close callback frees it. */
#include "rpc/runtime.h"

#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/shared.h"

#include <signal.h>
#include <stdlib.h>

typedef struct posted posted;
struct posted {
  arpc__list node; /* on runtime.posted */
  void (*fn)(arpc_runtime *rt, void *arg);
  void *arg;
};

void arpc__enter(arpc_runtime *rt, void (*fn)(void *p), void *p) {
  if (rt->entered < UINT8_MAX) rt->entered++;
  if (rt->host.enter && !rt->silent) rt->host.enter(rt->host.arg, fn, p);
  else fn(p);
  rt->entered--;
}

void arpc__hold(arpc_runtime *rt) {
  if (rt->holds++ == 0) uv_ref((uv_handle_t *)&rt->post);
}

void arpc__release(arpc_runtime *rt) {
  if (--rt->holds == 0) uv_unref((uv_handle_t *)&rt->post);
}

/* ---- deferred work -----------------------------------------------------------------------------*/

static void on_idle(uv_idle_t *idle) {
  (void)idle;
}

void arpc__stay_awake(arpc_runtime *rt) {
  if (rt->closing < 2) uv_idle_start(&rt->idle, on_idle);
}

void arpc__defer(arpc_runtime *rt, arpc__deferred *d, void (*fn)(arpc__deferred *d)) {
  if (d->waiting) return;
  d->waiting = 1;
  d->fn = fn;
  if (arpc__list_empty(&rt->deferred)) arpc__stay_awake(rt);
  arpc__list_append(&rt->deferred, &d->turn_node);
  arpc__hold(rt);
}

void arpc__undefer(arpc_runtime *rt, arpc__deferred *d) {
  if (!d->waiting) return;
  d->waiting = 0;
  arpc__list_remove(&d->turn_node);
  arpc__release(rt);
}

static void finish_close(arpc_runtime *rt);

static void run_deferred(void *p) {
  arpc_runtime *rt = p;
  arpc__list now;
  arpc__list_init(&now);
  arpc__list_splice(&now, &rt->deferred);
  for (arpc__list *node; (node = arpc__list_pop(&now));) {
    arpc__deferred *d = arpc__of(arpc__deferred, turn_node, node);
    d->waiting = 0;
    arpc__release(rt);
    d->fn(d);
  }
}

static void on_check(uv_check_t *check) {
  arpc_runtime *rt = arpc__of(arpc_runtime, check, check);
  if (!arpc__list_empty(&rt->deferred)) arpc__enter(rt, run_deferred, rt);
  if (arpc__list_empty(&rt->deferred)) uv_idle_stop(&rt->idle);
  if (rt->closing) finish_close(rt);
}

/* ---- output ------------------------------------------------------------------------------------*/

void arpc__dirty(arpc_runtime *rt, arpc__writing *w) {
  if (w->dirty) return;
  w->dirty = 1;
  arpc__list_append(&rt->dirty, &w->dirty_node);
}

void arpc__clean(arpc__writing *w) {
  if (!w->dirty) return;
  w->dirty = 0;
  arpc__list_remove(&w->dirty_node);
}

void arpc__flush(arpc_runtime *rt) {
  for (arpc__list *node; (node = arpc__list_pop(&rt->dirty));) {
    arpc__writing *w = arpc__of(arpc__writing, dirty_node, node);
    w->dirty = 0;
    w->flush(w);
  }
}

static void on_prepare(uv_prepare_t *prepare) {
  arpc_runtime *rt = arpc__of(arpc_runtime, prepare, prepare);
  arpc__flush(rt);
  if (rt->harvested.cap > ARPC__EARLY_FLUSH) arpc__buf_free(&rt->harvested);
}

void arpc__lend(arpc_runtime *rt, arpc__buf *out) {
  if (out->data) return;
  out->data = rt->spare.data;
  out->cap = rt->spare.cap;
  rt->spare.data = NULL;
  rt->spare.cap = 0;
}

void arpc__give_back(arpc_runtime *rt, arpc__buf *out) {
  if (rt->spare.data || out->cap > 4 * ARPC__EARLY_FLUSH) {
    arpc__buf_free(out);
    return;
  }
  rt->spare.data = out->data;
  rt->spare.cap = out->cap;
  out->data = NULL;
  out->len = out->pos = out->cap = 0;
}

/* ---- posts from other threads ------------------------------------------------------------------*/

arpc_status arpc_post(arpc_runtime *rt, void (*fn)(arpc_runtime *rt, void *arg), void *arg) {
  posted *p = malloc(sizeof *p);
  if (!p) return ARPC_S_OUT_OF_MEMORY;
  p->fn = fn;
  p->arg = arg;
  uv_mutex_lock(&rt->post_lock);
  arpc__list_append(&rt->posted, &p->node);
  uv_mutex_unlock(&rt->post_lock);
  uv_async_send(&rt->post);
  return ARPC_S_OK;
}

static posted *next_posted(arpc_runtime *rt) {
  uv_mutex_lock(&rt->post_lock);
  arpc__list *node = arpc__list_pop(&rt->posted);
  uv_mutex_unlock(&rt->post_lock);
  return node ? arpc__of(posted, node, node) : NULL;
}

static void run_posted(void *ptr) {
  arpc_runtime *rt = ptr;
  while (arpc__wake_next(rt)) continue;
  for (posted *p; (p = next_posted(rt));) {
    if (!rt->silent) p->fn(rt, p->arg);
    free(p);
  }
}

static void on_post(uv_async_t *post) {
  arpc_runtime *rt = arpc__of(arpc_runtime, post, post);
  arpc__enter(rt, run_posted, rt);
}

/* ---- async handles -----------------------------------------------------------------------------*/

static int more_slots(arpc_runtime *rt) {
  uint32_t size = rt->slots_size ? rt->slots_size * 2 : 64;
  arpc__slot *slots = rt->slots_size < UINT32_MAX / 4 ? realloc(rt->slots, size * sizeof *slots) : NULL;
  if (!slots) return 0;
  rt->slots = slots;
  rt->slots_size = size;
  return 1;
}

/* None was given back. */
int arpc__slot_first_use(arpc_runtime *rt) {
  if (rt->nslots == rt->slots_size && !more_slots(rt)) return 0;
  rt->slots[rt->nslots] = (arpc__slot){.generation = 1, .next = UINT32_MAX};
  rt->free_slot = rt->nslots++;
  return 1;
}

/* ---- life --------------------------------------------------------------------------------------*/

void arpc__adopt(arpc_runtime *rt, uv_handle_t *handle) {
  handle->data = rt->host.handle_data;
  uv_unref(handle);
  rt->uv_handles++;
}

static void free_pool(arpc__list **pool, size_t offset) {
  for (arpc__list *node; (node = arpc__pool_pop(pool));) free((char *)node - offset);
}

/* What abandoned connections deferred when they were gone: freeing their owners. */
static void drain(arpc_runtime *rt) {
  for (arpc__list *node; (node = rt->deferred.next) != &rt->deferred;) {
    arpc__deferred *d = arpc__of(arpc__deferred, turn_node, node);
    arpc__undefer(rt, d);
    d->fn(d);
  }
}

static void free_runtime(arpc_runtime *rt) {
  arpc_host host = rt->host;
  drain(rt);
  free_pool(&rt->call_pool, offsetof(arpc__call, node));
  free_pool(&rt->served_pool, offsetof(arpc__served, node));
  arpc__buf_free(&rt->spare);
  arpc__buf_free(&rt->harvested);
  free(rt->read_buffer);
  free(rt->slots);
  uv_mutex_destroy(&rt->post_lock);
  free(rt);
  if (host.released) host.released(host.handle_data);
}

void arpc__disown(arpc_runtime *rt) {
  if (--rt->uv_handles == 0 && rt->closing) free_runtime(rt);
}

#define CLOSED(member)                                            \
  static void member##_closed(uv_handle_t *handle) {              \
    arpc__disown(arpc__of(arpc_runtime, member, handle));         \
  }
CLOSED(prepare)
CLOSED(check)
CLOSED(idle)
CLOSED(post)
#undef CLOSED

static void init_handles(arpc_runtime *rt, int manual_clock) {
  uv_prepare_init(rt->loop, &rt->prepare);
  uv_prepare_start(&rt->prepare, on_prepare);
  arpc__adopt(rt, (uv_handle_t *)&rt->prepare);
  uv_check_init(rt->loop, &rt->check);
  uv_check_start(&rt->check, on_check);
  arpc__adopt(rt, (uv_handle_t *)&rt->check);
  uv_idle_init(rt->loop, &rt->idle);
  arpc__adopt(rt, (uv_handle_t *)&rt->idle);
  arpc__adopt(rt, (uv_handle_t *)&rt->post);
  arpc__clock_init(rt, manual_clock);
}

static void on_broken_pipe(int number) {
  (void)number;
}

/* A write to a socket whose other end is gone must fail, not kill the process. A handler and not SIG_IGN:
 * programs that are started do not inherit it. */
static void survive_broken_pipes(void) {
  struct sigaction now, ours = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
  if (!sigaction(SIGPIPE, NULL, &now) && now.sa_handler == SIG_DFL) sigaction(SIGPIPE, &ours, NULL);
}

arpc_status arpc_runtime_new(arpc_runtime **ret, uv_loop_t *loop, const arpc_runtime_options *options) {
  arpc_runtime *rt = calloc(1, sizeof *rt);
  if (!rt || !(rt->read_buffer = malloc(ARPC__READ_SIZE)) || uv_mutex_init(&rt->post_lock)) goto fail;
  rt->loop = loop;
  if (options) rt->host = options->host;
  rt->free_slot = UINT32_MAX;
  arpc__list *lists[] = {&rt->dirty, &rt->deferred, &rt->settling, &rt->clients, &rt->servers, &rt->endpoints, &rt->posted,
                         &rt->woken};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) arpc__list_init(lists[i]);
  survive_broken_pipes();
  if (uv_async_init(loop, &rt->post, on_post)) {
    uv_mutex_destroy(&rt->post_lock);
    goto fail;
  }
  init_handles(rt, options && options->manual_clock);
  *ret = rt;
  return ARPC_S_OK;
fail:
  if (rt) free(rt->read_buffer);
  free(rt);
  return ARPC_S_OUT_OF_MEMORY;
}

static void close_handles(arpc_runtime *rt) {
  rt->closing = 2;
  run_posted(rt);
  arpc__clock_close(rt);
  uv_close((uv_handle_t *)&rt->prepare, prepare_closed);
  uv_close((uv_handle_t *)&rt->check, check_closed);
  uv_close((uv_handle_t *)&rt->idle, idle_closed);
  uv_close((uv_handle_t *)&rt->post, post_closed);
}

/* Own handles left: prepare, check, idle, post, timer. */
static void finish_close(arpc_runtime *rt) {
  if (rt->closing != 1 || !arpc__list_empty(&rt->deferred)) return;
  if (!arpc__list_empty(&rt->clients) || !arpc__list_empty(&rt->servers)) return;
  arpc__call_free_all(rt);
  arpc__served_free_all(rt);
  arpc__release(rt);
  close_handles(rt);
}

static void close_all(arpc_runtime *rt, void (*client)(arpc_client *c), void (*server)(arpc_server *s)) {
  for (arpc__list *node = rt->clients.next, *next; node != &rt->clients; node = next) {
    next = node->next;
    client(arpc__of(arpc_client, runtime_node, node));
  }
  for (arpc__list *node = rt->servers.next, *next; node != &rt->servers; node = next) {
    next = node->next;
    server(arpc__of(arpc_server, runtime_node, node));
  }
}

void arpc_runtime_reset(arpc_runtime *rt) {
  close_all(rt, arpc__client_shut, arpc__server_shut);
}

static void nothing(arpc__deferred *d) {
  (void)d;
}

void arpc_runtime_close(arpc_runtime *rt) {
  if (rt->closing) return;
  rt->closing = 1;
  arpc__hold(rt); /* the turns that close everything must come */
  close_all(rt, arpc_client_close, arpc_server_close);
  arpc__defer(rt, &rt->advanced, nothing);
}

void arpc_runtime_abandon(arpc_runtime *rt) {
  if (rt->closing == 2) return;
  rt->silent = 1;
  rt->closing = 1;
  close_all(rt, arpc_client_close, arpc_server_close);
  drain(rt);
  arpc__call_free_all(rt);
  arpc__served_free_all(rt);
  close_handles(rt);
}

void arpc_runtime_stats(const arpc_runtime *rt, arpc_stats *ret) {
  *ret = rt->stats;
  ret->pending = (uint32_t)(ret->calls_issued - ret->calls_completed);
  ret->parked = (uint32_t)(ret->calls_served - ret->calls_ended);
  for (uint32_t i = 0; i < rt->nslots; i++) ret->handles += rt->slots[i].call != NULL;
}
