/* The records of waits: made, used again, given back. */
#include "lua/apc.h"
#include "lua/wait.h"

#include <stdlib.h>

static arpc__wait *init(arpc__wait *w, size_t size, arpc__state *st, const arpc__wait_kind *kind) {
  memset(w, 0, size);
  w->st = st;
  w->kind = kind;
  arpc__list_init(&w->node);
  return w;
}

arpc__wait *arpc__wait_new(lua_State *L, arpc__state *st, const arpc__wait_kind *kind) {
  arpc__list *n = arpc__pool_pop(&st->waits);
  arpc__wait *w = n ? arpc__of(arpc__wait, node, n) : malloc(sizeof *w);
  if (!w) return luaL_error(L, "not enough memory"), NULL;
  return init(w, sizeof *w, st, kind);
}

/* Those that keep something are not used again. */
arpc__wait *arpc__wait_new_brief(lua_State *L, arpc__state *st, const arpc__wait_kind *kind, const arpc__proc *proc) {
  arpc__list *n = proc->nkept ? NULL : arpc__pool_pop(&st->brief_waits);
  arpc__wait *w = n ? arpc__of(arpc__wait, node, n)
                    : malloc(offsetof(arpc__wait, kept) + proc->nkept * sizeof *w->kept.value);
  if (!w) return luaL_error(L, "not enough memory"), NULL;
  init(w, offsetof(arpc__wait, kept), st, kind);
  w->brief = 1;
  w->proc = proc;
  return w;
}

static void detach(arpc__state *st, arpc__wait *w) {
  arpc__timer_stop(st->rt, &w->timer);
  arpc__undefer(st->rt, &w->later);
  if (w->holds) arpc__release(st->rt);
}

void arpc__wait_release(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc__list_remove(&w->node);
  if (!w->brief) {
    if (st->rt) detach(st, w);
    w->holds = 0;
    if (w->apcs) arpc__apc_detach(w);
  }
  if (w->task) w->task->wait = NULL;
  if (w->slot) arpc__unanchor(L, st, w->slot);
  w->slot = 0;
}

void arpc__wait_free(lua_State *L, arpc__wait *w) {
  arpc__state *st = w->st;
  arpc__wait_release(L, w);
  if (!w->brief) arpc__pool_push(&st->waits, &w->node);
  else if (!w->proc->nkept) arpc__pool_push(&st->brief_waits, &w->node);
  else free(w);
}

void arpc__waits_free(arpc__state *st) {
  for (arpc__list *n; (n = arpc__list_pop(&st->waiting));) {
    arpc__wait *w = arpc__of(arpc__wait, node, n);
    if (!w->brief) {
      detach(st, w);
      arpc__leave(&w->waiter);
    }
    free(w);
  }
  for (arpc__list *n; (n = arpc__pool_pop(&st->waits));) free(arpc__of(arpc__wait, node, n));
  for (arpc__list *n; (n = arpc__pool_pop(&st->brief_waits));) free(arpc__of(arpc__wait, node, n));
}

void arpc__wait_give_up(lua_State *L, arpc__wait *w) {
  if (!w->brief) arpc__leave(&w->waiter);
  if (w->kind->cancel) w->kind->cancel(w);
  arpc__wait_free(L, w);
}
