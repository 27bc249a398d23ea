#include "lua/state.h"

#include "lua/error.h"

#include <stdlib.h>

typedef struct late_report late_report;
struct late_report {
  arpc__list node; /* on state.reports */
  arpc_status status;
  char text[160];
};

int arpc__message_handler(lua_State *L) {
  lua_settop(L, 1);
  arpc__state *st = arpc__state_find(L);
  luaL_traceback(L, L, NULL, 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->traceback);
  return 1;
}

/* on_error(error, traceback, where). What it raises itself goes where the host wants errors to go, and not up
 * through the core. */
void arpc__report(lua_State *L, arpc__state *st, const char *where) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->on_error);
  lua_insert(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->traceback);
  lua_pushstring(L, where);
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->traceback);
  st->pcall(L, 3, 0, 0);
}

static void report_now(arpc__deferred *d) {
  arpc__state *st = arpc__of(arpc__state, report, d);
  for (arpc__list *n; (n = arpc__list_pop(&st->reports));) {
    late_report *r = arpc__of(late_report, node, n);
    arpc_reply failure = {.status = r->status, .phase = ARPC_PHASE_WAIT};
    arpc__push_error(st->main, &failure, r->text);
    free(r);
    if (!arpc__list_empty(&st->reports)) arpc__defer(st->rt, &st->report, report_now);
    arpc__report(st->main, st, "collector");
  }
}

void arpc__report_later(arpc__state *st, arpc_status status, const char *text) {
  late_report *r = st->rt ? malloc(sizeof *r) : NULL;
  if (!r) return;
  r->status = status;
  strncpy(r->text, text, sizeof r->text - 1);
  r->text[sizeof r->text - 1] = 0;
  arpc__list_append(&st->reports, &r->node);
  arpc__defer(st->rt, &st->report, report_now);
}

void arpc__reports_free(arpc__state *st) {
  for (arpc__list *n; (n = arpc__list_pop(&st->reports));) free(arpc__of(late_report, node, n));
}
