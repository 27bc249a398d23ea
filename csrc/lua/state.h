/* What the binding keeps for one Lua state. Functions of the module have a light pointer to it as their
 * first upvalue; it lives in a userdata of the registry and is freed after every finalizer has run. */
#ifndef ARPC_LUA_STATE_H
#define ARPC_LUA_STATE_H

#include "rpc/runtime.h"

#include <lauxlib.h>
#include <lua.h>

typedef struct arpc__state arpc__state;
typedef struct arpc__wait arpc__wait;
typedef struct arpc__task arpc__task;
typedef struct arpc__home arpc__home;

typedef int (*arpc__pcall)(lua_State *L, int nargs, int nresults, int flags);

struct arpc__state {
  arpc_runtime *rt;         /* NULL once the Lua state is closing */
  lua_State *main;
  uv_loop_t *loop;
  arpc__pcall pcall;        /* the host's policy for calls out of the loop */
  void *handle_data;        /* shaped as luv wants it, see loop.c */
  int anchors;              /* registry: table of what must not be collected, by slot */
  uint32_t *free_slots;     /* slots of anchors to be used again */
  uint32_t nfree, free_size, nslots;
  int on_error;             /* registry: the function that reports errors */
  int uv;                   /* registry: luv's module table */
  int stream;               /* registry: what drives the pipes of a synchronous call */
  int closer;               /* registry: the value whose __close ends a coroutine's wait */
  int traceback;            /* registry: traceback of the error being handled */
  arpc__list *waits, *brief_waits; /* stacks of free records */
  arpc__list waiting;       /* waits in coroutines, found by coroutine when one is closed */
  arpc__wait *again;        /* what a finisher goes on to wait in */
  lua_State *finishing;     /* the coroutine whose wait just ended, until its closer ran */
  arpc__list busy_tasks;    /* running or waiting */
  arpc__list idle_tasks;    /* pooled coroutines */
  arpc__list ended_tasks;   /* to be pooled once they have returned */
  uint32_t nidle;
  uint32_t blocked;         /* waits of the main chunk on the C stack */
  arpc__buf scratch;        /* stubs are made here */
  uint32_t encodings;       /* counts uses of scratch */
  arpc__list reports;       /* errors found where Lua cannot be entered */
  arpc__deferred report;
  arpc__home *home;         /* of the parcels this state posts */
  uint64_t last_slot;       /* of what they keep here */
  uint32_t apc_queues;      /* of tasks that have not ended */
  int metatables[16];        /* registry: by class */
  arpc__task *running;      /* the task whose coroutine was resumed last, NULL = none */
};

#define arpc__state_of(L) ((arpc__state *)lua_touserdata(L, lua_upvalueindex(1)))

/* The same from anywhere, with a look-up. */
arpc__state *arpc__state_find(lua_State *L);

/* In the gc-stress build everything collectable goes at every entry from Lua and before every resume. */
#ifdef ARPC_GC_STRESS
#define ARPC__STRESS(L) lua_gc(L, LUA_GCCOLLECT, 0)
#else
#define ARPC__STRESS(L) (void)(L)
#endif

/* ---- loop.c ---- */
/* Finds luv's loop, refuses a luv built on another libuv, makes the runtime. Raises. */
void arpc__loop_open(lua_State *L, arpc__state *st, int manual_clock);
/* luv's idea of whether its loop is running: its mode, NULL when it is not. Pushes nothing. */
int arpc__loop_running(lua_State *L, arpc__state *st);
/* Runs one turn through luv. 0 when nothing is left on the loop. Raises what the host lets through. */
int arpc__loop_turn(lua_State *L, arpc__state *st);

/* ---- ref.c: the lifetime of userdata and of what is in flight ---- */
enum arpc__class {
  ARPC__CLIENT,
  ARPC__ASYNC_VIEW,
  ARPC__HANDLE,
  ARPC__SYNC_HANDLE, /* a handle without a finalizer; passes for an ARPC__HANDLE */
  ARPC__SERVER,
  ARPC__EVENT,
  ARPC__PORT,
  ARPC__QUEUE,
  ARPC__APCS,
  ARPC__PIPE,
  ARPC__CALL_PIPES
};

/* Keeps the value on top (popped) from being collected until unanchored. The slot, never 0. */
uint32_t arpc__anchor(lua_State *L, arpc__state *st);
void arpc__unanchor(lua_State *L, arpc__state *st, uint32_t slot);
void arpc__push_anchored(lua_State *L, arpc__state *st, uint32_t slot);

/* A new table whose values may be collected. */
void arpc__push_weak(lua_State *L);

/* What every object of ours begins with: tells them apart from each other, from foreign userdata, and from
 * copies that strayed into another Lua state. */
typedef struct arpc__object {
  arpc__state *st;
  uint8_t class;
} arpc__object;

/* A class: its metatable with methods (upvalue 1 = the state) and metamethods. __index of methods unless
 * meta brings its own. */
void arpc__class_new(lua_State *L, arpc__state *st, enum arpc__class class, const char *name, const luaL_Reg *methods,
                     const luaL_Reg *meta);
/* A userdata of a class, on top of the stack: behind its head all zero. */
void *arpc__object_new(lua_State *L, arpc__state *st, enum arpc__class class, size_t size, int nuservalues);
/* The same with a metatable of its own, by its place in the registry, that arpc__class_copy made. */
void *arpc__object_with(lua_State *L, arpc__state *st, enum arpc__class class, size_t size, int nuservalues,
                        int metatable);
/* A copy of a class's metatable, on top of the stack. */
void arpc__class_copy(lua_State *L, arpc__state *st, enum arpc__class class);
void *arpc__object_test(lua_State *L, arpc__state *st, int index, enum arpc__class class); /* NULL: not one */
void *arpc__object_check(lua_State *L, arpc__state *st, int index, enum arpc__class class); /* raises */
/* For a finalizer: the userdata at 1; NULL when it is a copy that strayed here from another Lua state. */
void *arpc__object_own(lua_State *L);
/* Registers functions in the table on top, with the state as upvalue. */
void arpc__functions(lua_State *L, arpc__state *st, const luaL_Reg *functions);

/* ---- report.c: errors nobody can be raised to ---- */
/* The error on top (popped) goes to rpc.on_error, with the traceback kept by the message handler. */
void arpc__report(lua_State *L, arpc__state *st, const char *where);
/* From a finalizer: on a later turn, an error object of this status and text. */
void arpc__report_later(arpc__state *st, arpc_status status, const char *text);
/* Message handler: keeps a traceback for arpc__report, hands the error on. */
int arpc__message_handler(lua_State *L);
void arpc__reports_free(arpc__state *st);

/* ---- the classes ---- */
void arpc__open_wait(lua_State *L, arpc__state *st);
void arpc__open_event(lua_State *L, arpc__state *st);
void arpc__open_port(lua_State *L, arpc__state *st);
void arpc__open_handle(lua_State *L, arpc__state *st);
void arpc__open_pipe(lua_State *L, arpc__state *st);
void arpc__open_call(lua_State *L, arpc__state *st);
void arpc__open_client(lua_State *L, arpc__state *st);
void arpc__open_server(lua_State *L, arpc__state *st);

#endif
