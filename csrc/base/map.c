#include "base/map.h"

#include <stdlib.h>

static uint32_t find(const arpc__map *m, uint32_t key) {
  uint32_t i = key & (m->size - 1);
  while (m->slots[i].value && m->slots[i].key != key) i = (i + 1) & (m->size - 1);
  return i;
}

static int away(const arpc__map *m, uint32_t i) {
  return i != (m->slots[i].key & (m->size - 1));
}

static void fill(arpc__map *m, uint32_t i, uint32_t key, void *value) {
  m->slots[i].key = key;
  m->slots[i].value = value;
  m->used++;
  m->displaced += (uint32_t)away(m, i);
}

static int resize(arpc__map *m, uint32_t size) {
  arpc__map bigger = {.slots = calloc(size, sizeof *m->slots), .size = size};
  if (!bigger.slots) return 0;
  for (uint32_t i = 0; i < m->size; i++)
    if (m->slots[i].value) fill(&bigger, find(&bigger, m->slots[i].key), m->slots[i].key, m->slots[i].value);
  free(m->slots);
  *m = bigger;
  return 1;
}

struct arpc__map_slot *arpc__map_seek(const arpc__map *m, uint32_t key) {
  struct arpc__map_slot *s = &m->slots[find(m, key)];
  return s->value ? s : NULL;
}

/* Replacing needs no memory, so it cannot fail. */
int arpc__map_insert(arpc__map *m, uint32_t key, void *value) {
  uint32_t i = m->size ? find(m, key) : 0;
  if (m->size && m->slots[i].value) {
    m->slots[i].value = value;
    return 1;
  }
  if (m->used >= m->size / 2) {
    if (!resize(m, m->size ? m->size * 2 : 8)) return 0;
    i = find(m, key);
  }
  fill(m, i, key, value);
  return 1;
}

/* Closes the gap: whatever probed past it moves back. */
void arpc__map_take_out(arpc__map *m, struct arpc__map_slot *s) {
  uint32_t mask = m->size - 1, gap = (uint32_t)(s - m->slots), i = gap;
  m->displaced -= (uint32_t)away(m, gap);
  while (m->displaced) {
    i = (i + 1) & mask;
    if (!m->slots[i].value) break;
    if (((i - m->slots[i].key) & mask) < ((i - gap) & mask)) continue;
    m->displaced--;
    m->slots[gap] = m->slots[i];
    m->displaced += (uint32_t)away(m, gap);
    gap = i;
  }
  m->slots[gap].value = NULL;
  m->used--;
}

void arpc__map_free(arpc__map *m) {
  free(m->slots);
  *m = (arpc__map){0};
}

void *arpc__map_next(const arpc__map *m, uint32_t *at) {
  while (*at < m->size) {
    void *value = m->slots[(*at)++].value;
    if (value) return value;
  }
  return NULL;
}
