/* Recorded exchanges between other implementations: spec/data/vectors, or $ARPC_SPEC_DATA/vectors.
 *
 * A file holds, in order of time, PDUs as a line "## [n connK] C>S|S>C ..." and their bytes in hex below
 * it, and marks: "## connect ..." (a new connection, where lines do not number them), "## S>C EOF". */
#ifndef ARPC_SPEC_VECTORS_H
#define ARPC_SPEC_VECTORS_H

#include <stddef.h>
#include <stdint.h>

typedef struct vector_step {
  int conn;             /* from 1 */
  int from_client;
  int eof;              /* no PDU: that side has ended the connection */
  uint8_t *bytes;       /* a PDU */
  size_t len;
} vector_step;

typedef struct vectors {
  char name[128];       /* "samba_echo_calls", "raw_protocol/test_alloc_hint" */
  int conns;
  size_t count;
  vector_step *steps;
} vectors;

/* Fails the test when there is no such file. */
vectors *vectors_load(const char *name);
void vectors_free(vectors *v);
/* Calls fn with every file below a folder ("" or "raw_protocol"), in the order of their names; gives their number. */
size_t vectors_each(const char *folder, void (*fn)(const vectors *v));

#endif
