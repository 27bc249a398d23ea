/* APCs: notifications that a task runs itself, in order, while it is in an alertable wait. */
#ifndef ARPC_LUA_APC_H
#define ARPC_LUA_APC_H

#include "lua/wait.h"

/* nil or "alertable" at an index; raises otherwise. */
int arpc__check_alertable(lua_State *L, int index);
/* The wait, not begun yet, is one of the running task in which APCs may run: 1 = some are there already, and the
 * wait is over. Whoever gets 1 leaves what else the wait is for. */
int arpc__apc_attach(lua_State *L, arpc__wait *w);
void arpc__apc_detach(arpc__wait *w);
/* Runs the APCs of the running task; to be returned by a finisher that has pushed n results. */
int arpc__apc_run(lua_State *L, int n);

/* Pushes the APC queue of the coroutine at an index (0: of the running one): a value to keep. */
void arpc__apc_push_queue(lua_State *L, arpc__state *st, int index);
/* Queues function, handle and event, which lie on top of the stack (popped), to the queue at an index. To a task
 * that has ended: reports it. */
void arpc__apc_queue(lua_State *L, arpc__state *st, int queue);
/* A task's function has ended in the coroutine L: what is queued to it is reported. */
void arpc__apc_end(lua_State *L, arpc__state *st);

void arpc__open_apc(lua_State *L, arpc__state *st);

#endif
