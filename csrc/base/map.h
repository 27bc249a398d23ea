/* A map from 32-bit numbers to pointers: open addressing, made for call ids, which ascend and leave
 * in about the order they came, so that the home slot nearly always hits. */
#ifndef ARPC_BASE_MAP_H
#define ARPC_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct arpc__map arpc__map;
struct arpc__map {
  struct arpc__map_slot *slots; /* NULL until the first insertion */
  uint32_t size;                /* slots, a power of two */
  uint32_t used;
  uint32_t displaced;          /* values not in their home slot; while 0, removal need not look around */
};
struct arpc__map_slot {
  void *value; /* NULL = empty */
  uint32_t key;
};

/* The slow ways, for keys that are not, or cannot be, at home. */
struct arpc__map_slot *arpc__map_seek(const arpc__map *m, uint32_t key);
int arpc__map_insert(arpc__map *m, uint32_t key, void *value);
void arpc__map_take_out(arpc__map *m, struct arpc__map_slot *s);

static inline struct arpc__map_slot *arpc__map_home(const arpc__map *m, uint32_t key) {
  return &m->slots[key & (m->size - 1)];
}

/* Where a value stands, until the map changes; NULL when there is none. */
static inline __attribute__((always_inline)) struct arpc__map_slot *arpc__map_find(const arpc__map *m, uint32_t key) {
  if (!m->used) return NULL;
  struct arpc__map_slot *s = arpc__map_home(m, key);
  return s->key == key && s->value ? s : arpc__map_seek(m, key);
}

/* The value; NULL when there is none. */
static inline void *arpc__map_get(const arpc__map *m, uint32_t key) {
  struct arpc__map_slot *s = arpc__map_find(m, key);
  return s ? s->value : NULL;
}

/* Replaces; 0 = out of memory, not when replacing. */
static inline int arpc__map_put(arpc__map *m, uint32_t key, void *value) {
  if (m->used >= m->size / 2 || m->displaced) return arpc__map_insert(m, key, value);
  struct arpc__map_slot *s = arpc__map_home(m, key);
  if (s->value) return arpc__map_insert(m, key, value);
  s->key = key;
  s->value = value;
  m->used++;
  return 1;
}

/* Removes what was found there. */
static inline void arpc__map_clear(arpc__map *m, struct arpc__map_slot *s) {
  if (m->displaced) {
    arpc__map_take_out(m, s);
    return;
  }
  m->used--;
  s->value = NULL;
}

/* The value it had; NULL when there was none. */
static inline void *arpc__map_remove(arpc__map *m, uint32_t key) {
  struct arpc__map_slot *s = arpc__map_find(m, key);
  if (!s) return NULL;
  void *value = s->value;
  arpc__map_clear(m, s);
  return value;
}

void arpc__map_free(arpc__map *m); /* empty and usable afterwards */

/* Walks in no order: start with *at = 0; NULL at the end. Removal during a walk is not allowed. */
void *arpc__map_next(const arpc__map *m, uint32_t *at);

#endif
