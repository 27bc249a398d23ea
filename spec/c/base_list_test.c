#include "base/list.h"
#include "test.h"

typedef struct thing {
  int number;
  arpc__list node;
} thing;

static thing things[8];

static void fill(arpc__list *head, int from, int to) {
  arpc__list_init(head);
  for (int i = from; i < to; i++) {
    things[i].number = i;
    arpc__list_init(&things[i].node);
    arpc__list_append(head, &things[i].node);
  }
}

static void expect(arpc__list *head, const char *numbers) {
  for (; *numbers; numbers++) {
    arpc__list *node = arpc__list_pop(head);
    CHECK(node != NULL);
    CHECK_EQ(arpc__of(thing, node, node)->number, *numbers - '0');
  }
  CHECK(arpc__list_empty(head) && !arpc__list_pop(head));
}

TEST("list: first in, first out") {
  arpc__list head;
  fill(&head, 0, 4);
  expect(&head, "0123");
}

TEST("list: removal from the ends and the middle, and of a node on no list") {
  arpc__list head;
  fill(&head, 0, 5);
  arpc__list_remove(&things[0].node);
  arpc__list_remove(&things[2].node);
  arpc__list_remove(&things[2].node);
  arpc__list_remove(&things[4].node);
  expect(&head, "13");
}

TEST("list: a removed node can be appended again") {
  arpc__list head;
  fill(&head, 0, 3);
  arpc__list_remove(&things[0].node);
  arpc__list_append(&head, &things[0].node);
  expect(&head, "120");
}

TEST("list: splicing moves all, keeps order, and empties the other") {
  arpc__list one, two;
  fill(&one, 0, 2);
  fill(&two, 2, 5);
  arpc__list_splice(&one, &two);
  CHECK(arpc__list_empty(&two));
  arpc__list_splice(&one, &two);
  arpc__list_splice(&two, &one);
  CHECK(arpc__list_empty(&one));
  expect(&two, "01234");
}
