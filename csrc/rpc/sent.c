/* Telling that a request has left: for calls whose handle asks for it, on a later turn than the one it left in, or
 * together with the answer, if that is sooner. A request that is lost on its way is not told of. */
#include "rpc/client.h"
#include "rpc/notify.h"

#include <stdlib.h>

struct arpc__sending {
  arpc__list node; /* on client.sending */
  arpc__call *call;
  uint64_t mark;   /* bytes that go to the link up to the request's last one */
};

static void forget(arpc__sending *s) {
  s->call->sending = NULL;
  arpc__list_remove(&s->node);
  free(s);
}

void arpc__sent_forget(arpc__call *call) {
  if (call->sending) forget(call->sending);
}

static void tell(arpc__call *call) {
  arpc_runtime *rt = call->client->rt;
  arpc_async handle = arpc__call_handle(call);
  forget(call->sending);
  if (handle.flags & ARPC_NOTIFY_ON_SEND_COMPLETE && !rt->silent) arpc__notify(rt, &handle, ARPC_SEND_COMPLETE);
}

static int has_left(const arpc__sending *s) {
  const arpc__link *link = s->call->state == ARPC__SENT ? s->call->link : NULL;
  return link && s->mark <= link->flushed - link->transport->unsent;
}

/* Whoever is told may end any call: it is then on `due` no more. */
static void tell_all(arpc__deferred *d) {
  arpc_client *client = arpc__of(arpc_client, sent, d);
  arpc__list due;
  arpc__list_init(&due);
  for (arpc__list *n = client->sending.next, *next; n != &client->sending; n = next) {
    next = n->next;
    if (!has_left(arpc__of(arpc__sending, node, n))) continue;
    arpc__list_remove(n);
    arpc__list_append(&due, n);
  }
  while (!arpc__list_empty(&due)) tell(arpc__of(arpc__sending, node, due.next)->call);
}

void arpc__sent_look(arpc_client *client) {
  if (!arpc__list_empty(&client->sending)) arpc__defer(client->rt, &client->sent, tell_all);
}

void arpc__sent_expect(arpc__link *link, arpc__call *call) {
  arpc__sending *s = link->state == ARPC__DEAD ? NULL : malloc(sizeof *s);
  if (!s) return;
  s->call = call;
  s->mark = link->flushed + arpc__buf_unread(&link->conn.out);
  call->sending = s;
  arpc__list_append(&link->client->sending, &s->node);
  arpc__sent_look(link->client); /* it may have left with the others already */
}

void arpc__sent_before_end(arpc__call *call) {
  const arpc_reply *reply = &call->reply;
  if (reply->status && reply->where != ARPC_WHERE_FAULT) forget(call->sending);
  else tell(call);
}
