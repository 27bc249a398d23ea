/* Pipes by the handle of their call. A client's call that is over answers for its pipes with its status. */
#include "rpc/client.h"
#include "rpc/pipe.h"
#include "rpc/server.h"

static arpc__pipes *pipes_of(arpc_runtime *rt, const arpc_async *async, arpc_status *ret_error) {
  arpc__slot *s = rt ? arpc__slot_of(rt, async) : NULL;
  if (!s) {
    *ret_error = ARPC_S_INVALID_ASYNC_HANDLE;
    return NULL;
  }
  const arpc__call *call = s->server ? NULL : s->call;
  arpc__pipes *p = !call ? ((arpc__served *)s->call)->pipes : call->piped ? call->pipes : NULL;
  if (!p) *ret_error = ARPC_S_INVALID_ARG;
  if (!p || !call || call->state < ARPC__SETTLING || !call->reply.status) return p;
  *ret_error = call->reply.status;
  return NULL;
}

arpc_status arpc_pipe_push(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, const void *elements, size_t n) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  return p ? arpc__pipes_push(p, pipe, elements, n) : error;
}

arpc_status arpc_pipe_close(arpc_runtime *rt, const arpc_async *async, uint32_t pipe) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  return p ? arpc__pipes_close(p, pipe) : error;
}

arpc_status arpc_pipe_pull(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, void *elements, size_t most,
                           size_t *ret_n) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  return p ? arpc__pipes_pull(p, pipe, elements, most, ret_n) : error;
}

arpc_status arpc_pipe_look(arpc_runtime *rt, const arpc_async *async, uint32_t pipe, size_t most, const void **ret,
                           size_t *ret_n) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  return p ? arpc__pipes_look(p, pipe, most, ret, ret_n) : error;
}

arpc_status arpc_pipe_format(arpc_runtime *rt, const arpc_async *async, int *ret_transfer, int *ret_big_endian) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  if (!p) return error;
  if (!p->transfer) return p->over ? p->over : ARPC_S_ASYNC_CALL_PENDING;
  if (ret_transfer) *ret_transfer = p->transfer;
  if (ret_big_endian) *ret_big_endian = p->big;
  return ARPC_S_OK;
}

unsigned arpc_pipe_offset(arpc_runtime *rt, const arpc_async *async) {
  arpc_status error = ARPC_S_OK;
  arpc__pipes *p = pipes_of(rt, async, &error);
  return p && p->server ? p->written & 7 : 0;
}
