/* A sink that keeps what the decoder gives it as a tree, and holds the decoder to the order it promises. */
#ifndef ARPC_FUZZ_TREE_H
#define ARPC_FUZZ_TREE_H

#include "ndr/ndr.h"

typedef struct fuzz_node fuzz_node;
struct fuzz_node {
  const arpc__ndr_type *type; /* of a struct or an array */
  fuzz_node **kids;
  size_t n;
  int64_t v;
  int waits;
};

enum { FUZZ_TREE_DEPTH = 512, FUZZ_TREE_KNOWN = 16 };

typedef struct fuzz_tree {
  fuzz_node *stack[FUZZ_TREE_DEPTH];
  uint8_t opened[FUZZ_TREE_DEPTH]; /* belongs to the composite below */
  unsigned top;
  struct {
    uint64_t number;
    const arpc__ndr_type *type;
  } known[FUZZ_TREE_KNOWN]; /* the first full pointers */
  unsigned nknown;
  size_t fed, nodes, most; /* bytes there are, nodes made, when to say that there is no more room */
} fuzz_tree;

extern const arpc__ndr_sink fuzz_tree_sink; /* arg: a fuzz_tree */
void fuzz_tree_drop(fuzz_tree *w);

#endif
