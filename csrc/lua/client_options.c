#include "lua/client_options.h"

#include "lua/error.h"
#include "lua/options.h"

#include <string.h>

static void object_option(lua_State *L, int index, arpc__call_options *c) {
  if (lua_getfield(L, index, "object") != LUA_TNIL) {
    arpc_status status = arpc_uuid_parse(lua_tostring(L, -1), &c->object);
    if (status) arpc__raise(L, status, "option 'object': %s", arpc_status_text(status));
    c->has_object = 1;
  }
  lua_pop(L, 1);
}

/* Of a call: until when, on the clock of rpc.now(). */
static uint64_t deadline_option(lua_State *L, int index) {
  uint64_t deadline = 0;
  if (lua_getfield(L, index, "deadline") != LUA_TNIL) {
    lua_Number ms = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(ms >= 0))
      arpc__raise(L, ARPC_S_INVALID_ARG, "option 'deadline': a time as rpc.now() gives it expected");
    if (ms < 1e15) deadline = ms < 1 ? 1 : (uint64_t)ms;
  }
  lua_pop(L, 1);
  return deadline;
}

void arpc__call_options_read(lua_State *L, int index, arpc__call_options *c) {
  if (lua_getfield(L, index, "timeout") != LUA_TNIL) c->timeout = arpc__ms_option(L, index, "timeout");
  if (lua_getfield(L, index, "grace") != LUA_TNIL) c->grace = arpc__ms_option(L, index, "grace");
  if (lua_getfield(L, index, "deadline") != LUA_TNIL) c->deadline = deadline_option(L, index);
  lua_pop(L, 3);
  object_option(L, index, c);
}

/* "strict": without multiplexing calls wait for each other; false: they need not be dispatched in order */
static int causal_option(lua_State *L, int index, int *ret_strict) {
  int type = lua_getfield(L, index, "causal"), loose = type == LUA_TBOOLEAN && !lua_toboolean(L, -1);
  *ret_strict = type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "strict") == 0;
  if (type != LUA_TNIL && !loose && !*ret_strict)
    arpc__raise(L, ARPC_S_INVALID_ARG, "option 'causal': \"strict\" or false expected");
  lua_pop(L, 1);
  return !loose;
}

static unsigned keep_alive_option(lua_State *L, int index) {
  int there = lua_getfield(L, index, "keep_alive") != LUA_TNIL, whole;
  lua_Integer level = lua_tointegerx(L, -1, &whole);
  lua_pop(L, 1);
  if (there && (!whole || level < 0 || level > 10))
    arpc__raise(L, ARPC_S_INVALID_TIMEOUT, "option 'keep_alive': a level from 0 to 10 expected");
  return there ? 1 + (unsigned)level : 0;
}

static int off(lua_State *L, int index, const char *name) {
  int is = lua_getfield(L, index, name) != LUA_TNIL && !lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

arpc_client_options arpc__client_options_read(lua_State *L, int index, int *ret_causal) {
  static const char *const names[] = {"timeout",      "deadline",      "grace",           "object",     "max_fragment",
                                      "max_response", "max_connections", "max_pending",   "connect_timeout", "transfer",
                                      "multiplex",    "causal",        "keep_on_orphan",  "keep_alive", "pass_deadline",
                                      "local_dir",    "max_pipe_calls", "pipe_high",     "pipe_low",        "pipe_stall", NULL};
  arpc_client_options o = {0};
  arpc__check_options(L, index, names);
  o.max_fragment = arpc__number_option(L, index, "max_fragment");
  o.max_response = arpc__number_option(L, index, "max_response");
  o.max_connections = arpc__number_option(L, index, "max_connections");
  o.max_pending = arpc__number_option(L, index, "max_pending");
  o.connect_timeout = arpc__ms_option(L, index, "connect_timeout");
  o.transfer = arpc__transfer_option(L, index, "transfer");
  o.max_pipe_calls = arpc__number_option(L, index, "max_pipe_calls");
  o.pipe_high = arpc__number_option(L, index, "pipe_high");
  o.pipe_low = arpc__number_option(L, index, "pipe_low");
  o.pipe_stall = arpc__ms_option(L, index, "pipe_stall");
  o.local_dir = arpc__string_option(L, index, "local_dir");
  o.no_multiplex = off(L, index, "multiplex");
  o.no_keep_on_orphan = off(L, index, "keep_on_orphan");
  o.keep_alive = keep_alive_option(L, index);
  lua_getfield(L, index, "pass_deadline");
  o.pass_deadline = lua_toboolean(L, -1);
  lua_pop(L, 1);
  *ret_causal = causal_option(L, index, &o.causal_strict);
  return o;
}
