/* Locks, outermost first: the tokens' lock, an object's lock, a runtime's post_lock. */
#include "rpc/shared.h"

#include <stdlib.h>

/* The one thing of the process: a token must be found from any thread. */
static struct {
  uv_once_t once;
  uv_mutex_t lock;
  arpc__list all;
  uint64_t salt; /* a token of another process names nothing here */
  uint64_t last;
} tokens = {.once = UV_ONCE_INIT};

static void init_tokens(void) {
  uv_mutex_init(&tokens.lock);
  arpc__list_init(&tokens.all);
  if (uv_random(NULL, NULL, &tokens.salt, sizeof tokens.salt, 0, NULL)) tokens.salt = uv_hrtime();
}

/* ---- life --------------------------------------------------------------------------------------*/

arpc_status arpc__shared_init(arpc__shared *s, const arpc__shared_kind *kind) {
  if (uv_mutex_init(&s->lock)) return ARPC_S_OUT_OF_MEMORY;
  s->kind = kind;
  s->serial = 0;
  atomic_init(&s->references, 1);
  atomic_init(&s->has_token, 0);
  arpc__list_init(&s->waiters);
  arpc__list_init(&s->token_node);
  return ARPC_S_OK;
}

void arpc__shared_fini(arpc__shared *s) {
  uv_mutex_destroy(&s->lock);
}

void arpc__shared_ref(arpc__shared *s) {
  atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
}

void arpc__shared_unref(arpc__shared *s) {
  if (atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1) return;
  if (atomic_load_explicit(&s->has_token, memory_order_relaxed)) {
    uv_mutex_lock(&tokens.lock);
    arpc__list_remove(&s->token_node);
    uv_mutex_unlock(&tokens.lock);
  }
  s->kind->destroy(s);
}

/* Not one that is on its way out. */
static int ref_living(arpc__shared *s) {
  unsigned n = atomic_load_explicit(&s->references, memory_order_relaxed);
  while (n)
    if (atomic_compare_exchange_weak_explicit(&s->references, &n, n + 1, memory_order_acquire, memory_order_relaxed))
      return 1;
  return 0;
}

/* ---- tokens ------------------------------------------------------------------------------------*/

static size_t format_token(const arpc__shared *s, char *ret, size_t size) {
  int n = snprintf(ret, size, "asyncrpc-%s-%016llx-%llx", s->kind->name, (unsigned long long)tokens.salt,
                   (unsigned long long)s->serial);
  return n > 0 ? (size_t)n : 0;
}

static void hold_waiters(arpc__shared *s) {
  uv_thread_t self = uv_thread_self();
  uv_mutex_lock(&s->lock);
  atomic_store_explicit(&s->has_token, 1, memory_order_relaxed);
  for (arpc__list *n = s->waiters.next; n != &s->waiters; n = n->next) {
    arpc__waiter *w = arpc__of(arpc__waiter, node, n);
    if (w->holds || !uv_thread_equal(&w->thread, &self)) continue;
    w->holds = 1;
    arpc__hold(w->rt);
  }
  uv_mutex_unlock(&s->lock);
}

size_t arpc__shared_token(arpc__shared *s, char *ret, size_t size) {
  uv_once(&tokens.once, init_tokens);
  uv_mutex_lock(&tokens.lock);
  if (!s->serial) {
    s->serial = ++tokens.last;
    arpc__list_append(&tokens.all, &s->token_node);
    hold_waiters(s);
  }
  size_t n = format_token(s, ret, size);
  uv_mutex_unlock(&tokens.lock);
  return n;
}

static int has_token(const arpc__shared *s, const char *token) {
  char text[80];
  format_token(s, text, sizeof text);
  return strcmp(text, token) == 0;
}

arpc__shared *arpc__shared_open(const arpc__shared_kind *kind, const char *token) {
  arpc__shared *found = NULL;
  const char *last = strrchr(token, '-');
  uint64_t serial = last ? strtoull(last + 1, NULL, 16) : 0;
  uv_once(&tokens.once, init_tokens);
  uv_mutex_lock(&tokens.lock);
  for (arpc__list *n = tokens.all.next; n != &tokens.all && !found; n = n->next) {
    arpc__shared *s = arpc__of(arpc__shared, token_node, n);
    if (s->serial == serial && s->kind == kind && has_token(s, token)) found = ref_living(s) ? s : NULL;
  }
  uv_mutex_unlock(&tokens.lock);
  return found;
}

/* ---- waking ------------------------------------------------------------------------------------*/

static void release_hold(arpc__waiter *w) {
  if (w->holds) arpc__release(w->rt);
  w->holds = 0;
}

/* Once the lock is free its thread may be done with w, and with the runtime. */
static void wake_from_elsewhere(arpc__waiter *w) {
  arpc_runtime *rt = w->rt;
  uv_mutex_lock(&rt->post_lock);
  arpc__list_append(&rt->woken, &w->node);
  uv_async_send(&rt->post);
  uv_mutex_unlock(&rt->post_lock);
}

int arpc__wake_next(arpc_runtime *rt) {
  uv_mutex_lock(&rt->post_lock);
  arpc__list *n = arpc__list_pop(&rt->woken);
  uv_mutex_unlock(&rt->post_lock);
  if (!n) return 0;
  arpc__waiter *w = arpc__of(arpc__waiter, node, n);
  w->wake(w);
  return 1;
}

/* Those of this thread are woken when the lock is free again: nobody else ends their wait. */
void arpc__shared_serve(arpc__shared *s) {
  arpc__list here;
  uv_thread_t self = uv_thread_self();
  arpc__list_init(&here);
  while (!arpc__list_empty(&s->waiters)) {
    arpc__waiter *w = arpc__of(arpc__waiter, node, s->waiters.next);
    if (!s->kind->give(s, w)) break;
    w->given = 1;
    arpc__list_remove(&w->node);
    if (uv_thread_equal(&w->thread, &self)) arpc__list_append(&here, &w->node);
    else wake_from_elsewhere(w);
  }
  uv_mutex_unlock(&s->lock);
  for (arpc__list *n; (n = arpc__list_pop(&here));) {
    arpc__waiter *w = arpc__of(arpc__waiter, node, n);
    w->wake(w);
  }
}

/* ---- waiting -----------------------------------------------------------------------------------*/

int arpc__await(arpc__shared *s, arpc_runtime *rt, arpc__waiter *w) {
  w->rt = rt;
  w->object = s;
  w->thread = uv_thread_self();
  w->parcel = NULL;
  w->holds = 0;
  arpc__list_init(&w->node);
  arpc__shared_ref(s);
  uv_mutex_lock(&s->lock);
  int given = s->kind->give(s, w);
  w->given = (uint8_t)given;
  if (!given) {
    arpc__list_append(&s->waiters, &w->node);
    w->holds = atomic_load_explicit(&s->has_token, memory_order_relaxed) != 0;
    if (w->holds) arpc__hold(rt);
  }
  uv_mutex_unlock(&s->lock);
  return given;
}

/* What another thread gave is known here through the runtime's post_lock, under which w was woken. */
int arpc__take_given(arpc__waiter *w) {
  arpc__shared *s = w->object;
  if (!s || !w->given) return 0;
  w->given = 0;
  w->object = NULL;
  release_hold(w);
  arpc__shared_unref(s);
  return 1;
}

void arpc__leave(arpc__waiter *w) {
  arpc__shared *s = w->object;
  if (!s) return;
  w->object = NULL;
  release_hold(w);
  uv_mutex_lock(&s->lock);
  uv_mutex_lock(&w->rt->post_lock);
  arpc__list_remove(&w->node);
  uv_mutex_unlock(&w->rt->post_lock);
  int given = w->given;
  w->given = 0;
  if (given) {
    s->kind->restore(s, w);
    arpc__shared_serve(s);
  } else uv_mutex_unlock(&s->lock);
  arpc__shared_unref(s);
}

/* ---- running the loop meanwhile ----------------------------------------------------------------*/

typedef struct blocked blocked;
struct blocked {
  arpc__waiter *waiter;
  arpc__timer timer;
  arpc_runtime *rt;
  int timed_out;
};

static void on_wake(arpc__waiter *w) {
  w->wake = NULL;
  arpc__stay_awake(w->rt);
}

static void on_timeout(arpc__timer *t) {
  blocked *b = arpc__of(blocked, timer, t);
  b->timed_out = 1;
  arpc__stay_awake(b->rt);
}

/* A timer does not keep the loop alive; a wait with a timeout does. */
arpc_status arpc__wait_given(arpc__shared *s, arpc_runtime *rt, arpc__waiter *w, int64_t ms) {
  blocked b = {.waiter = w, .rt = rt};
  w->wake = on_wake;
  if (arpc__await(s, rt, w)) return arpc__take_given(w), ARPC_S_OK;
  if (ms == 0) return arpc__leave(w), ARPC_S_TIMEOUT;
  if (ms > 0 && !arpc__timer_start(rt, &b.timer, (uint64_t)ms, on_timeout)) {
    arpc__leave(w);
    return ARPC_S_OUT_OF_MEMORY;
  }
  if (ms > 0) arpc__hold(rt);
  for (int alive = 1; w->wake && !b.timed_out && alive;) alive = uv_run(rt->loop, UV_RUN_ONCE);
  arpc__timer_stop(rt, &b.timer);
  if (ms > 0) arpc__release(rt);
  if (!w->wake) return arpc__take_given(w), ARPC_S_OK;
  arpc__leave(w);
  return b.timed_out ? ARPC_S_TIMEOUT : ARPC_S_NO_CALL_ACTIVE;
}
