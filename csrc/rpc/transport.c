#include "rpc/transport.h"

#include "rpc/local.h"

#include <stdlib.h>

arpc_status arpc__transport_dial(arpc__transport **ret, arpc_runtime *rt, const arpc_binding *b, const char *local_dir,
                                 const arpc__transport_owner *ops, void *owner) {
  char path[ARPC__LOCAL_PATH];
  const char *endpoint = arpc_binding_endpoint(b);
  switch (arpc_binding_protseq(b)) {
  case ARPC_TCP:
    return arpc__stream_dial_tcp(ret, rt, arpc_binding_address(b), endpoint, ops, owner);
  case ARPC_LOCAL: {
    arpc_status status = arpc__local_path(local_dir, endpoint, path);
    return status ? status : arpc__stream_dial_unix(ret, rt, path, ops, owner);
  }
  case ARPC_MEMORY:
    return arpc__memory_dial(ret, rt, endpoint, ops, owner);
  }
  return ARPC_S_PROTSEQ_NOT_SUPPORTED;
}

static arpc_status listen_local(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *b, const char *local_dir) {
  char path[ARPC__LOCAL_PATH];
  arpc_status status = arpc__local_path(local_dir, arpc_binding_endpoint(b), path);
  if (!status) status = arpc__local_prepare(path);
  return status ? status : arpc__stream_listen(ret, rt, b, path);
}

arpc_status arpc__listener_new(arpc__listener **ret, arpc_runtime *rt, const arpc_binding *b, const char *local_dir,
                               void (*accepted)(arpc__listener *l, arpc__transport *t),
                               void (*closed)(arpc__listener *l), void *owner) {
  arpc__listener *l = NULL;
  arpc_status status = ARPC_S_PROTSEQ_NOT_SUPPORTED;
  switch (arpc_binding_protseq(b)) {
  case ARPC_TCP:
    status = arpc__stream_listen(&l, rt, b, NULL);
    break;
  case ARPC_LOCAL:
    status = listen_local(&l, rt, b, local_dir);
    break;
  case ARPC_MEMORY:
    status = arpc__memory_listen(&l, rt, b);
    break;
  }
  if (status) return status;
  l->accepted = accepted;
  l->closed = closed;
  l->owner = owner;
  *ret = l;
  return ARPC_S_OK;
}
