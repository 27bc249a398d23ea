/* A pipe's place in a stub: chunks, each a count and as many elements, until a count of 0. NDR64 repeats every
 * count, negated, behind the elements.
 *
 * Chunks are typed as arrays of no fixed size: a TEXT of bytes, or an ARRAY of what stands in the pipe, whose
 * elements have a size of their own, the same for all. A range of the type is that of the counts of chunks. */
#ifndef ARPC_NDR_PIPE_H
#define ARPC_NDR_PIPE_H

#include "ndr/ndr.h"

/* NULL, or why there can be no pipe of such chunks, which have been laid out. */
const char *arpc__ndr_pipe_check(const arpc__ndr_type *chunk);

/* ---- writing -----------------------------------------------------------------------------------*/
/* The source's current value becomes one chunk; an empty one nothing. The writer's base must be where the stub
 * began, modulo 8. Failures are the writer's. */
void arpc__ndr_pipe_put(const arpc__ndr_type *chunk, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                        void *arg);
void arpc__ndr_pipe_end(int transfer, arpc__writer *w);
/* Elements first to first + n - 1 of the source's current value, without the counts, as the machine lays out an array:
 * the writer's base is where they begin. */
void arpc__ndr_pipe_elements(const arpc__ndr_type *chunk, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                             void *arg, size_t first, size_t n);

/* ---- reading: a machine that takes a stub as it arrives, in portions of any size ---------------*/
typedef enum arpc__ndr_pipe_event {
  ARPC__NDR_PIPE_MORE,     /* there is nothing without more bytes */
  ARPC__NDR_PIPE_ELEMENTS, /* some, see below */
  ARPC__NDR_PIPE_END       /* the last chunk has been; what follows is not the pipe's */
} arpc__ndr_pipe_event;

typedef struct arpc__ndr_pipe {
  const arpc__ndr_type *chunk; /* NULL: known by its sizes only */
  uint32_t unit, stride; /* bytes of an element, from one to the next */
  uint32_t low, high;    /* how many a chunk may have */
  uint32_t count, left;  /* elements of the chunk, and how many of them have not been given yet */
  uint8_t align, s, state;
} arpc__ndr_pipe;

void arpc__ndr_pipe_begin(arpc__ndr_pipe *p, const arpc__ndr_type *chunk, int transfer);
void arpc__ndr_pipe_open(arpc__ndr_pipe *p, const arpc_pipe_type *type, int transfer);
/* What arpc__ndr_pipe_next would say. Takes counts, and no elements. */
arpc__ndr_pipe_event arpc__ndr_pipe_ready(arpc__ndr_pipe *p, arpc__reader *r);
/* After MORE: how many bytes there must be at the cursor for anything to happen. */
size_t arpc__ndr_pipe_need(const arpc__ndr_pipe *p, const arpc__reader *r);
/* Goes on from the reader's cursor, which must be aligned as the stub is, modulo 8. ELEMENTS: n elements, at most
 * `most` (not 0) and of one chunk, lie at *ret_at, and the cursor is behind them. MORE: bytes that are left over, less
 * than an element and its gap, are to be there again in front of the next ones. 1783 is the reader's failure, and
 * comes as MORE. */
arpc__ndr_pipe_event arpc__ndr_pipe_next(arpc__ndr_pipe *p, arpc__reader *r, uint32_t most, uint32_t *ret_n,
                                         const uint8_t **ret_at);
/* Pushes n such elements as one value of the chunk's type. A failure, of their contents. */
arpc_status arpc__ndr_pipe_give(const arpc__ndr_pipe *p, const uint8_t *at, uint32_t n, int big,
                                const arpc__ndr_sink *sink, void *arg);

#endif
