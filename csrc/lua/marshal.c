#include "lua/marshal.h"

#include "lua/error.h"
#include "lua/value.h"

#include <lauxlib.h>

static void too_many(lua_State *L, const arpc__proc *p, const char *what, int most, int got) {
  arpc__raise(L, ARPC_S_INVALID_ARG, "%s: %d %s%s at most, got %d", p->name, most, what, most == 1 ? "" : "s", got);
}

/* Values left out are a nil pushed on top; an error leaves the stack to whoever catches it. */
static void marshal(arpc__source *s, const arpc__ndr_list *list, int most, int transfer, arpc__writer *w,
                    int64_t *slots) {
  lua_State *L = s->L;
  if (s->first < 0) s->first = lua_absindex(L, s->first);
  while (s->n > most && lua_isnil(L, s->first + s->n - 1)) s->n--;
  if (s->n > most) too_many(L, s->proc, s->what, most + s->shift, s->n + s->shift);
  s->absent = 0;
  if (s->n < most) {
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    s->absent = lua_gettop(L);
  }
  if (list->aliases) s->known = arpc__push_aliases(L);
  s->fields = 0;
  s->safe = s->top = lua_gettop(L);
  arpc__ndr_encode(list, transfer, w, &arpc__lua_source, s, slots);
  if (list->aliases) lua_pop(L, 1);
  if (s->absent) lua_pop(L, 1);
}

/* The numbers of full pointers are those of a call: the out-direction goes on where the in-direction ended. */
static void begin_call(const arpc__proc *p, arpc__kept *kept) {
  if (p->program->in.aliases) kept->value[p->program->in.aliases - 1] = 0;
}

void arpc__marshal_in(lua_State *L, const arpc__proc *p, int first, int n, int shift, int piped, int transfer,
                      arpc__writer *w, arpc__kept *kept) {
  arpc__source s;
  s.L = L, s.proc = p, s.what = "argument";
  s.first = first, s.n = n, s.shift = shift, s.piped = piped, s.depth = 0;
  begin_call(p, kept);
  marshal(&s, &p->program->in, p->nin, transfer, w, kept->value);
}

/* Only what the procedure uses is there. */
static void take_kept(const arpc__proc *p, const arpc__kept *kept, arpc__kept *ret) {
  for (int i = 0; i < p->nkept; i++) ret->value[i] = kept->value[i];
}

void arpc__marshal_out(lua_State *L, const arpc__proc *p, int first, int n, int transfer, arpc__writer *w,
                       const arpc__kept *kept) {
  arpc__source s;
  arpc__kept slots;
  take_kept(p, kept, &slots);
  s.L = L, s.proc = p, s.what = "result";
  s.first = first, s.n = n, s.shift = s.piped = 0, s.depth = 0;
  marshal(&s, &p->program->out, p->nout, transfer, w, slots.value);
}

/* Pushes the list's values, or nothing when the stub is bad. */
static arpc_status unmarshal(lua_State *L, const arpc__ndr_list *list, int n, int transfer, arpc__reader *r,
                             int64_t *slots, const char **ret_limit) {
  int base = lua_gettop(L);
  *ret_limit = NULL;
  if (!lua_checkstack(L, n + 8)) return ARPC_S_OUT_OF_MEMORY;
  if (list->aliases) arpc__sink_begin_aliases(L);
  *ret_limit = arpc__ndr_decode(list, transfer, r, &arpc__lua_sink, L, slots);
  if (list->aliases) arpc__sink_end_aliases(L, base);
  if (r->error) lua_settop(L, base);
  return r->error;
}

arpc_status arpc__unmarshal_in(lua_State *L, const arpc__proc *p, arpc__reader *r, int transfer, arpc__kept *kept,
                               const char **ret_limit) {
  begin_call(p, kept);
  return unmarshal(L, &p->program->in, p->nin, transfer, r, kept->value, ret_limit);
}

/* The return value comes last on the wire and first in the list. */
arpc_status arpc__unmarshal_out(lua_State *L, const arpc__proc *p, arpc__reader *r, int transfer,
                                const arpc__kept *kept, const char **ret_limit) {
  const arpc__ndr_list *list = &p->program->out;
  arpc__kept slots;
  take_kept(p, kept, &slots);
  arpc_status status = unmarshal(L, list, p->nout, transfer, r, slots.value, ret_limit);
  if (!status && p->nout > 1 && list->members[list->count - 1].place == 1) lua_insert(L, -p->nout);
  for (int i = 0; !status && i < p->nextra; i++) lua_pushinteger(L, 0);
  return status;
}

/* What the server says is a fault, all else is communication. */
int arpc__push_failed(lua_State *L, const arpc__proc *p, const arpc_reply *failure) {
  int place = failure->where == ARPC_WHERE_FAULT ? p->fault : p->comm, n = p->nout + p->nextra;
  if (!place) return 0;
  luaL_checkstack(L, n, NULL);
  for (int i = 1; i <= n; i++) {
    if (i == place) lua_pushinteger(L, failure->status);
    else if (i == p->comm || i == p->fault) lua_pushinteger(L, 0);
    else lua_pushnil(L);
  }
  return n;
}
