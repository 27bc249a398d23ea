/* Makes of Samba's rpcd_classic a server of rpcecho alone: preloaded, it stands before the two functions by
 * which that program finds its interfaces. Samba answers as ever but for two procedures: AddOne(0xfa01NNNN)
 * faults with 0x1c00NNNN, and TestSleep keeps its call and answers later when the client agreed to multiplex.
 * All bytes on the wire are Samba's. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <core/ntstatus.h>
#include <util/data_blob.h>
#include <util/time.h>

#include <talloc.h>
#include <tevent.h>

#include <dcerpc.h>
#include <gen_ndr/ndr_dcerpc.h>

#include <dcesrv_core.h>

struct add_one {
  struct { uint32_t value; } in;
};

struct test_sleep {
  struct { uint32_t seconds; } in;
  struct { uint32_t result; } out;
};

struct sleeper {
  struct dcesrv_call_state *call;
  struct test_sleep *args;
};

static const struct dcesrv_interface *original;
static struct dcesrv_interface changed;

/* ---- procedures ---- */

static void slept(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *arg) {
  struct sleeper *s = arg;
  (void)events, (void)timer, (void)now;
  s->args->out.result = s->args->in.seconds;
  dcesrv_reply(s->call);
}

static NTSTATUS test_sleep(struct dcesrv_call_state *call, struct test_sleep *args) {
  if (!(call->state_flags & DCESRV_CALL_STATE_FLAG_MAY_ASYNC)) {
    sleep(args->in.seconds);
    args->out.result = args->in.seconds;
    return NT_STATUS_OK;
  }
  struct sleeper *s = talloc(call, struct sleeper);
  s->call = call;
  s->args = args;
  tevent_add_timer(call->event_ctx, s, tevent_timeval_add(&call->time, args->in.seconds, 0), slept, s);
  call->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
  return NT_STATUS_OK;
}

static NTSTATUS dispatch(struct dcesrv_call_state *call, TALLOC_CTX *memory, void *args) {
  unsigned opnum = call->pkt.u.request.opnum;
  if (opnum == 6) return test_sleep(call, args);
  if (opnum == 0 && ((struct add_one *)args)->in.value >> 16 == 0xfa01) {
    call->fault_code = 0x1c000000 | (((struct add_one *)args)->in.value & 0xffff);
    return NT_STATUS_NET_WRITE_FAULT;
  }
  return original->dispatch(call, memory, args);
}

static NTSTATUS reply(struct dcesrv_call_state *call, TALLOC_CTX *memory, void *args) {
  (void)call, (void)memory, (void)args;
  return NT_STATUS_OK;
}

/* ---- what stands before Samba's own functions ---- */

NTSTATUS dcesrv_interface_register(struct dcesrv_context *context, const char *endpoint, const char *pipe,
                                   const struct dcesrv_interface *iface, const struct security_descriptor *sd) {
  NTSTATUS (*real)(struct dcesrv_context *, const char *, const char *, const struct dcesrv_interface *,
                   const struct security_descriptor *) = dlsym(RTLD_NEXT, "dcesrv_interface_register");
  if (strcmp(iface->name, "rpcecho") == 0) {
    original = iface;
    changed = *iface;
    changed.dispatch = dispatch;
    changed.reply = reply;
    changed.local = NULL;
    iface = &changed;
  }
  return real(context, endpoint, pipe, iface, sd);
}

typedef size_t interfaces_fn(const void ***ret, void *arg);
typedef size_t servers_fn(struct dcesrv_context *context, const void ***ret, void *arg);

static servers_fn *all_servers;

static size_t rpcecho_interface(const void ***ret, void *arg) {
  static const void *list[1];
  (void)arg;
  list[0] = dlsym(RTLD_DEFAULT, "ndr_table_rpcecho");
  *ret = list;
  return 1;
}

/* The real function is asked too, for what it sets up. */
static size_t rpcecho_server(struct dcesrv_context *context, const void ***ret, void *arg) {
  static const void *list[1];
  const void *(*server)(void) = dlsym(RTLD_DEFAULT, "rpcecho_get_ep_server");
  all_servers(context, ret, arg);
  list[0] = server();
  *ret = list;
  return 1;
}

int rpc_worker_main(int argc, const char **argv, const char *name, int workers, int idle, interfaces_fn *interfaces,
                    servers_fn *servers, void *arg) {
  int (*real)(int, const char **, const char *, int, int, interfaces_fn *, servers_fn *, void *) =
      dlsym(RTLD_NEXT, "rpc_worker_main");
  (void)name, (void)workers, (void)idle, (void)interfaces;
  all_servers = servers;
  return real(argc, argv, "rpcd_rpcecho", 1, 60, rpcecho_interface, rpcecho_server, arg);
}
