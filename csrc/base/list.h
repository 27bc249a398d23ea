/* Intrusive doubly linked lists. A node names the list it is on: `send_node`, `turn_node`. */
#ifndef ARPC_BASE_LIST_H
#define ARPC_BASE_LIST_H

#include <stddef.h>

typedef struct arpc__list arpc__list;
struct arpc__list {
  arpc__list *next; /* first element of a head, following element of a node */
  arpc__list *prev; /* last element of a head, preceding element of a node */
};

#define arpc__of(type, member, node) ((type *)((char *)(node)-offsetof(type, member)))

static inline void arpc__list_init(arpc__list *l) {
  l->next = l->prev = l;
}

static inline int arpc__list_empty(const arpc__list *l) {
  return l->next == l;
}

static inline void arpc__list_append(arpc__list *head, arpc__list *node) {
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}

/* Of a node that will be appended or initialised before it is removed again. */
static inline void arpc__list_unlink(arpc__list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
}

/* Legal on a node that is on no list, provided it was initialised. */
static inline void arpc__list_remove(arpc__list *node) {
  arpc__list_unlink(node);
  arpc__list_init(node);
}

static inline arpc__list *arpc__list_pop(arpc__list *head) {
  arpc__list *first = head->next;
  if (first == head) return NULL;
  arpc__list_remove(first);
  return first;
}

/* Moves everything from one list to the end of another, which keeps its order. */
static inline void arpc__list_splice(arpc__list *to, arpc__list *from) {
  if (arpc__list_empty(from)) return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  arpc__list_init(from);
}

#endif
