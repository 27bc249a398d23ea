#include "lua/notify.h"

#include "lua/apc.h"
#include "lua/error.h"
#include "lua/event.h"
#include "lua/options.h"
#include "lua/port.h"

/* What the tables hold. */
enum { APC_FN = 1, APC_THREAD, APC_QUEUE };
enum { PORT_PORT = 1, PORT_KEY, PORT_OVERLAPPED, PORT_BYTES };
enum { QUEUE_QUEUE = 1, QUEUE_MSG };

/* The kinds, by the option that chooses them; `with`: the options that go with it. */
static const struct kind {
  const char *option;
  uint8_t notification;
  const char *with[3];
} kinds[] = {{"event", ARPC_NOTIFY_EVENT, {0}},
             {"callback", ARPC_NOTIFY_CALLBACK, {0}},
             {"apc", ARPC_NOTIFY_APC, {"thread"}},
             {"port", ARPC_NOTIFY_PORT, {"key", "overlapped", "bytes"}},
             {"queue", ARPC_NOTIFY_QUEUE, {"msg"}}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int is_given(lua_State *L, int index, const char *option) {
  int given = lua_getfield(L, index, option) != LUA_TNIL;
  lua_pop(L, 1);
  return given;
}

static const struct kind *chosen(lua_State *L, int index) {
  const struct kind *k = NULL;
  for (int i = 0; i < KINDS; i++) {
    if (!is_given(L, index, kinds[i].option)) continue;
    if (k) arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: one of %s and %s, not both", k->option, kinds[i].option);
    k = &kinds[i];
  }
  for (int i = 0; i < KINDS; i++)
    for (int j = 0; j < 3 && kinds[i].with[j]; j++)
      if (&kinds[i] != k && is_given(L, index, kinds[i].with[j]))
        arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: '%s' goes with '%s' only", kinds[i].with[j], kinds[i].option);
  return k;
}

static int callable(lua_State *L, int index) {
  if (lua_isfunction(L, index)) return 1;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return 0;
  lua_pop(L, 1);
  return 1;
}

static void push_function(lua_State *L, int index, const char *option) {
  lua_getfield(L, index, option);
  if (!callable(L, -1)) arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: the %s is no function", option);
}

static void push_shared(lua_State *L, arpc__state *st, int index, const char *option, enum arpc__class class) {
  lua_getfield(L, index, option);
  if (!arpc__object_test(L, st, -1, class))
    arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: '%s': %s expected", option,
                class == ARPC__EVENT ? "an event" : class == ARPC__PORT ? "a completion port" : "a message queue");
}

/* {function, thread or false}; a task of rpc.spawn stands for its coroutine. */
static void push_apc(lua_State *L, int index) {
  lua_createtable(L, 3, 0);
  push_function(L, index, "apc");
  lua_rawseti(L, -2, APC_FN);
  int type = lua_getfield(L, index, "thread");
  if (type == LUA_TTABLE) {
    lua_getfield(L, -1, "thread");
    lua_remove(L, -2);
    type = lua_isthread(L, -1) ? LUA_TTHREAD : LUA_TTABLE;
  }
  if (type != LUA_TNIL && type != LUA_TTHREAD)
    arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: 'thread': a coroutine or a task expected");
  lua_rawseti(L, -2, APC_THREAD);
}

/* The option as an integer; an optional one that is not given is 0. */
static void push_integer(lua_State *L, int index, const char *option, int optional) {
  int good = lua_getfield(L, index, option) == LUA_TNIL && optional;
  lua_Integer value = good ? 0 : lua_tointegerx(L, -1, &good);
  if (!good) arpc__raise(L, ARPC_S_INVALID_ARG, "async handle: '%s': an integer expected", option);
  lua_pop(L, 1);
  lua_pushinteger(L, value);
}

static void push_port(lua_State *L, arpc__state *st, int index) {
  lua_createtable(L, 4, 0);
  push_shared(L, st, index, "port", ARPC__PORT);
  lua_rawseti(L, -2, PORT_PORT);
  lua_getfield(L, index, "key");
  lua_rawseti(L, -2, PORT_KEY);
  lua_getfield(L, index, "overlapped");
  lua_rawseti(L, -2, PORT_OVERLAPPED);
  push_integer(L, index, "bytes", 1);
  lua_rawseti(L, -2, PORT_BYTES);
}

static void push_queue(lua_State *L, arpc__state *st, int index) {
  lua_createtable(L, 2, 0);
  push_shared(L, st, index, "queue", ARPC__QUEUE);
  lua_rawseti(L, -2, QUEUE_QUEUE);
  push_integer(L, index, "msg", 0);
  lua_rawseti(L, -2, QUEUE_MSG);
}

static void push_target(lua_State *L, arpc__handle *h, int index, int notification) {
  switch (notification) {
  case ARPC_NOTIFY_EVENT: push_shared(L, h->st, index, "event", ARPC__EVENT); break;
  case ARPC_NOTIFY_CALLBACK: push_function(L, index, "callback"); break;
  case ARPC_NOTIFY_APC: push_apc(L, index); break;
  case ARPC_NOTIFY_PORT: push_port(L, h->st, index); break;
  case ARPC_NOTIFY_QUEUE: push_queue(L, h->st, index); break;
  default: lua_pushnil(L);
  }
}

void arpc__notify_configure(lua_State *L, arpc__handle *h, int index) {
  static const char *const known[] = {"event", "callback", "apc", "thread", "port", "key", "overlapped", "bytes", "queue",
                                      "msg", "user_info", "notify_on_send_complete", NULL};
  arpc__check_options(L, index, known);
  const struct kind *k = chosen(L, index);
  int notification = k ? k->notification : ARPC_NOTIFY_NONE;
  push_target(L, h, index, notification);
  h->notification = notification & 7;
  arpc__handle_set(L, 1, ARPC__SCRIPT_TARGET);
  lua_getfield(L, index, "user_info");
  if (lua_isnil(L, -1)) lua_pop(L, 1);
  else arpc__handle_set(L, 1, ARPC__SCRIPT_USER_INFO);
  if (lua_getfield(L, index, "notify_on_send_complete") != LUA_TNIL) h->send_complete = lua_toboolean(L, -1) & 1;
  lua_pop(L, 1);
}

void arpc__notify_by_task(lua_State *L, arpc__handle *h, int index) {
  if (h->notification != ARPC_NOTIFY_APC) return;
  arpc__handle_get(L, index, ARPC__SCRIPT_TARGET);
  int target = lua_gettop(L);
  int named = lua_rawgeti(L, target, APC_THREAD) == LUA_TTHREAD;
  arpc__apc_push_queue(L, h->st, named ? target + 1 : 0);
  lua_rawseti(L, target, APC_QUEUE);
  lua_settop(L, target - 1);
}

/* ---- telling -----------------------------------------------------------------------------------*/

static void set_event(lua_State *L) {
  arpc_event *e = arpc__to_event(L, -1);
  if (e) arpc_event_set(e);
}

/* function(handle, nil, event) in a task */
static void call_back(lua_State *L, arpc__state *st, int handle, arpc_event_kind event) {
  lua_pushvalue(L, -1);
  lua_pushvalue(L, handle);
  lua_pushnil(L);
  lua_pushinteger(L, event);
  arpc__go(L, st, 3, "notification");
}

static void queue_apc(lua_State *L, arpc__state *st, int handle, arpc_event_kind event) {
  int target = lua_gettop(L);
  lua_rawgeti(L, target, APC_QUEUE);
  lua_rawgeti(L, target, APC_FN);
  lua_pushvalue(L, handle);
  lua_pushinteger(L, event);
  arpc__apc_queue(L, st, target + 1);
}

static void post_packet(lua_State *L, arpc__state *st, int handle, arpc_packet packet) {
  int target = lua_gettop(L);
  lua_rawgeti(L, target, PORT_BYTES);
  packet.bytes = (uint64_t)lua_tointeger(L, -1);
  lua_rawgeti(L, target, PORT_PORT);
  lua_rawgeti(L, target, PORT_KEY);
  lua_rawgeti(L, target, PORT_OVERLAPPED);
  arpc__port_notify(L, st, handle, &packet);
}

static void post_message(lua_State *L, arpc__state *st, int handle, uint64_t id) {
  int target = lua_gettop(L);
  lua_rawgeti(L, target, QUEUE_MSG);
  lua_rawgeti(L, target, QUEUE_QUEUE);
  arpc__queue_notify(L, st, handle, lua_tointeger(L, -2), id);
}

void arpc__notify_tell(lua_State *L, arpc__state *st, int notification, uint64_t id, arpc_event_kind event) {
  int target = lua_gettop(L), handle = target - 1;
  switch (notification) {
  case ARPC_NOTIFY_EVENT: set_event(L); break;
  case ARPC_NOTIFY_CALLBACK: call_back(L, st, handle, event); break;
  case ARPC_NOTIFY_APC: queue_apc(L, st, handle, event); break;
  case ARPC_NOTIFY_PORT: post_packet(L, st, handle, (arpc_packet){.handle = id, .event = event}); break;
  case ARPC_NOTIFY_QUEUE: post_message(L, st, handle, id); break;
  default: break;
  }
  lua_settop(L, target);
}
