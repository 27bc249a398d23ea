#include "base/map.h"
#include "test.h"

enum { KEYS = 512 };
static char things[KEYS];

TEST("map: an empty one has nothing, and is freed as it is") {
  arpc__map m = {0};
  uint32_t at = 0;
  CHECK(!arpc__map_get(&m, 0));
  CHECK(!arpc__map_remove(&m, 1));
  CHECK(!arpc__map_next(&m, &at));
  arpc__map_free(&m);
}

TEST("map: the keys 0 and 0xffffffff are keys like any other") {
  arpc__map m = {0};
  CHECK(arpc__map_put(&m, 0, things) && arpc__map_put(&m, 0xffffffff, things + 1));
  CHECK(arpc__map_get(&m, 0) == things && arpc__map_get(&m, 0xffffffff) == things + 1);
  CHECK(arpc__map_remove(&m, 0) == things && !arpc__map_get(&m, 0));
  arpc__map_free(&m);
  CHECK(!arpc__map_get(&m, 0xffffffff));
  CHECK(arpc__map_put(&m, 3, things) && arpc__map_get(&m, 3) == things);
  arpc__map_free(&m);
}

TEST("map: putting a key again replaces its value") {
  arpc__map m = {0};
  CHECK(arpc__map_put(&m, 5, things) && arpc__map_put(&m, 5, things + 1));
  CHECK(arpc__map_get(&m, 5) == things + 1);
  CHECK_EQ(m.used, 1);
  arpc__map_free(&m);
}

static void check_walk(const arpc__map *m, char *const model[KEYS]) {
  unsigned seen = 0, want = 0;
  uint32_t at = 0;
  for (char *v; (v = arpc__map_next(m, &at)); seen++) CHECK(model[v - things] == v);
  for (int i = 0; i < KEYS; i++) want += model[i] != NULL;
  CHECK_EQ(seen, want);
  CHECK_EQ(m->used, want);
}

/* Thing i always sits under the key key_of[i]; the model says whether it is in the map. */
static void random_round(const uint32_t key_of[KEYS]) {
  char *model[KEYS] = {0};
  arpc__map m = {0};
  for (int step = 0; step < 3000; step++) {
    unsigned i = (unsigned)(test_random() % (step % 1000 < 500 ? KEYS : 40));
    switch (test_random() % 3) {
      case 0: CHECK(arpc__map_get(&m, key_of[i]) == model[i]); break;
      case 1:
        CHECK(arpc__map_put(&m, key_of[i], things + i));
        model[i] = things + i;
        break;
      default:
        CHECK(arpc__map_remove(&m, key_of[i]) == model[i]);
        model[i] = NULL;
    }
    if (step % 100 == 0) check_walk(&m, model);
  }
  for (int i = 0; i < KEYS; i++) CHECK(arpc__map_get(&m, key_of[i]) == model[i]);
  arpc__map_free(&m);
}

TEST("map: random operations equal a plain table, with dense, colliding and scattered keys") {
  uint32_t keys[KEYS];
  for (unsigned round = test_scale(60); round > 0; round--) {
    uint32_t first = (uint32_t)test_random(), odd = (uint32_t)test_random() | 1;
    for (unsigned i = 0; i < KEYS; i++) keys[i] = round % 3 == 0 ? first + i : round % 3 == 1 ? i << 20 : i * odd;
    random_round(keys);
  }
}

TEST("map: ids that ascend and leave in order stay in a small table") {
  arpc__map m = {0};
  for (uint32_t id = 1; id < 100000; id++) {
    CHECK(arpc__map_put(&m, id, things));
    if (id > 10) CHECK(arpc__map_remove(&m, id - 10) == things);
  }
  CHECK_EQ(m.used, 10);
  CHECK(m.size <= 64);
  arpc__map_free(&m);
}
