/* NDR: values <-> stub bytes, in both transfer syntaxes, driven by a graph of types.
 *
 * A graph is filled in by whoever knows an interface, then laid out once (sizes and alignments of NDR20
 * and NDR64), then never changed. One encoder and one decoder interpret it. They know nothing of where
 * values live: the encoder asks a source for them, the decoder hands them to a sink, and nothing is
 * built in between. There is no I/O here.
 *
 * Both walk a value as the wire does: the flat image of a construct first, then, walking the same value
 * once more, what its pointers point to. */
#ifndef ARPC_NDR_NDR_H
#define ARPC_NDR_NDR_H

#include "base/cursor.h"

enum {
  ARPC__NDR_SLOTS = 16,  /* of a frame: values that sizes are computed from */
  ARPC__NDR_CHECKS = 16, /* of a frame: arrays whose counts are compared with them */
  ARPC__NDR_DEPTH = 100, /* constructs within constructs, unless a list says otherwise */
  ARPC__NDR_DEEPEST = 1000, /* the most that it can say */
  ARPC__NDR_MEMORY = 16 << 20, /* of decoded values, in bytes, beyond 16 for each byte of the stub; unless a list says */
  ARPC__NDR_DIMENSIONS = 8, /* of an array whose dimensions have counts */
  ARPC__NDR_STACK = 8    /* operands of an expression */
};

/* ---- types -------------------------------------------------------------------------------------*/
typedef enum arpc__ndr_kind {
  ARPC__NDR_NONE,
  ARPC__NDR_INT,     /* every integer, and single characters */
  ARPC__NDR_BOOL,
  ARPC__NDR_ENUM,
  ARPC__NDR_FLOAT,
  ARPC__NDR_UUID,
  ARPC__NDR_POINTER, /* `of` is what it points to */
  ARPC__NDR_STRUCT,
  ARPC__NDR_ARRAY,   /* `of` is the element */
  ARPC__NDR_TEXT,    /* an array of bytes or of wchar_t, handed over in one piece */
  ARPC__NDR_UNION,   /* `of` is the tag */
  ARPC__NDR_CONTEXT, /* a context handle */
  ARPC__NDR_GRID     /* `of` is the outermost of `count` dimensions, whose counts all stand in front of the elements */
} arpc__ndr_kind;

enum {
  ARPC__NDR_SIGNED = 1,     /* INT, ENUM */
  ARPC__NDR_REF = 2,        /* POINTER, CONTEXT: never null */
  ARPC__NDR_CONFORMANT = 4, /* ARRAY, TEXT: a maximum count comes first. GRID: computed. STRUCT: computed, its last member is so */
  ARPC__NDR_VARYING = 8,    /* ARRAY, TEXT: offset and actual count come before the elements */
  ARPC__NDR_STRING = 16,    /* TEXT: ends with a NUL, which counts on the wire only */
  ARPC__NDR_WIDE = 32,      /* TEXT: UTF-16 on the wire, UTF-8 outside; without it the bytes themselves */
  ARPC__NDR_POINTERS = 64,  /* computed: something in the flat image has a referent that comes later */
  ARPC__NDR_RANGED = 256,   /* [range]: low and high are given. ARRAY, TEXT: of the maximum count */
  ARPC__NDR_FULL = 1024,    /* POINTER: others may point to the same, and be equal to it */
  ARPC__NDR_IGNORED = 2048, /* POINTER: [ignore], null whatever its value is; `of` is any type */
  ARPC__NDR_DIMENSION = 512, /* ARRAY, TEXT: of a GRID, and used nowhere else */
  ARPC__NDR_WIDEST = 128    /* UNION: [ms_union], the arm is aligned as the widest one in NDR20 too */
};

typedef struct arpc__ndr_type arpc__ndr_type;
typedef struct arpc__ndr_member arpc__ndr_member;

/* All zero: null. */
typedef struct arpc__ndr_context {
  uint32_t attributes;
  arpc_uuid uuid;
} arpc__ndr_context;

/* An expression in postfix form over the slots of the frame. No operation: there is no expression. */
typedef enum arpc__ndr_operator {
  ARPC__NDR_CONST, ARPC__NDR_SLOT, /* push value, push slot number value */
  ARPC__NDR_ADD, ARPC__NDR_SUB, ARPC__NDR_MUL, ARPC__NDR_DIV, ARPC__NDR_MOD, ARPC__NDR_SHL, ARPC__NDR_SHR,
  ARPC__NDR_AND, ARPC__NDR_OR, ARPC__NDR_XOR, ARPC__NDR_EQ, ARPC__NDR_NE, ARPC__NDR_LT, ARPC__NDR_GT,
  ARPC__NDR_LE, ARPC__NDR_GE, ARPC__NDR_BOTH, ARPC__NDR_EITHER, /* the logical && and || */
  ARPC__NDR_NEG, ARPC__NDR_NOT, ARPC__NDR_FLIP,                 /* - ! ~ */
  ARPC__NDR_PICK,                                               /* ?: */
  ARPC__NDR_OPERATORS
} arpc__ndr_operator;

typedef struct arpc__ndr_op {
  int64_t value;
  uint8_t code;
} arpc__ndr_op;

typedef struct arpc__ndr_expr {
  const arpc__ndr_op *ops;
  uint32_t count;
} arpc__ndr_expr;

/* The members of a struct, or the parameters of one direction of a procedure. A list whose members or
 * whose arrays take part in size expressions has a frame: slots and checks. */
typedef struct arpc__ndr_list {
  arpc__ndr_member *members;
  const arpc__ndr_type **checked; /* arrays with expressions, each at the index that is its `check` */
  uint16_t count;
  uint8_t nslots;
  uint8_t nchecked;
  uint16_t depth;  /* parameters: limits; where depth is 0, the defaults above */
  int64_t memory;
  uint8_t aliases; /* parameters: the slot of the highest number of a full pointer, plus 1; 0 = there are none */
} arpc__ndr_list;

/* A hidden member counts another one, or is the tag of a union, and is not the host's business: it is computed
 * from the count of elements in member `counts`, n = (count - add) / mul * div, or is that union's tag. */
struct arpc__ndr_member {
  const char *name;
  const void *key; /* the host's, to know the name by; may be NULL */
  uint16_t index;  /* the host's too: its number in the list, from 0 */
  const arpc__ndr_type *type;
  int8_t slot;    /* of the frame, where its value is kept (an integer, or a pointer to one); -1 = none */
  uint8_t hidden; /* struct members are never quite hidden: given, they must agree */
  uint16_t place; /* parameters: number in the host's list, from 1 */
  uint16_t counts; /* hidden: index of the member counted */
  uint8_t level;   /* hidden: the dimension of it that is counted, 0 = the outermost */
  int32_t add, mul, div;
};

typedef struct arpc__ndr_label {
  const char *name;
  int32_t value;
} arpc__ndr_label;

typedef struct arpc__ndr_case {
  int64_t value; /* as the tag's type has it */
  uint16_t arm;  /* index of a member */
} arpc__ndr_case;

/* Filled in by the maker but for what is marked as computed. [0] is NDR20, [1] NDR64.
 *
 * A union is a composite of two: its list has the member "tag", then one member "value" for each arm, whose
 * type is NULL where the arm is empty. It stands in the frame around it. */
struct arpc__ndr_type {
  uint8_t kind;
  uint16_t flags;
  uint8_t align[2];  /* computed; of a UNION: the widest */
  uint32_t size[2];  /* scalars: given. Else computed: the fewest bytes a value takes */
  int64_t low[2], high[2]; /* computed, INT and ENUM: what fits; given where RANGED */
  const char *name;  /* of a struct, union, enum or context handle, for messages; may be NULL */
  const arpc__ndr_type *of;
  uint32_t count;    /* ARRAY, TEXT that is not conformant: elements; of a string with its NUL. GRID: dimensions.
                        STRUCT: computed, the maximum counts in front of it */
  uint8_t check;     /* ARRAY, TEXT, UNION with expressions: index among the checks of its frame */
  uint16_t otherwise; /* UNION: index of the member for all other tags, 0 = there is none */
  arpc__ndr_expr maximum, actual; /* ARRAY, TEXT: size_is, length_is; UNION: switch_is, nothing */
  arpc__ndr_expr first;           /* of a DIMENSION: the offset, which is 0 for everything else */
  arpc__ndr_list list;            /* STRUCT, UNION */
  const arpc__ndr_label *labels;  /* ENUM */
  uint32_t nlabels, ncases;
  const arpc__ndr_case *cases;   /* UNION */
};

typedef struct arpc__ndr_program {
  arpc__ndr_list in, out;
} arpc__ndr_program;

/* Computes what is computed and refuses graphs that no value could have. Types that contain others by
 * value stand behind those. NULL, or what is wrong, with *ret_at the index of the type. */
const char *arpc__ndr_layout(arpc__ndr_type *types, uint32_t count, uint32_t *ret_at);
/* The same for a parameter list, whose types have been laid out. */
const char *arpc__ndr_check_list(const arpc__ndr_list *list);

/* 0 when it cannot be computed (division by zero, overflow) or, for a size, is negative. */
int arpc__ndr_eval(const arpc__ndr_expr *e, const int64_t *slots, int64_t *ret);
int arpc__ndr_eval_tag(const arpc__ndr_type *t, const int64_t *slots, int64_t *ret); /* UNION: as its tag would be */
/* Whether what a full pointer points to as one type can be what another one points to as the other. */
int arpc__ndr_alike(const arpc__ndr_type *a, const arpc__ndr_type *b);
/* The member of a union that its tag selects; NULL when there is none. */
const arpc__ndr_member *arpc__ndr_arm(const arpc__ndr_type *t, int64_t tag);

/* The index into the pairs above for ARPC_NDR20 or ARPC_NDR64. */
static inline int arpc__ndr_syntax(int transfer) {
  return transfer == ARPC_NDR64;
}

/* ---- encoding ----------------------------------------------------------------------------------
 * The source has a current value. All functions get `arg`; a source may also leave through longjmp. */
typedef struct arpc__ndr_source {
  int64_t (*integer)(void *arg, const arpc__ndr_type *t, int syntax); /* INT, BOOL, ENUM; must fit t */
  double (*number)(void *arg);
  void (*uuid)(void *arg, arpc_uuid *ret);
  void (*context)(void *arg, const arpc__ndr_type *t, arpc__ndr_context *ret); /* *ret is null */
  /* The bytes of a TEXT, without NUL; they last until the current value changes. */
  const char *(*text)(void *arg, const arpc__ndr_type *t, size_t *ret_len);
  size_t (*count)(void *arg, const arpc__ndr_type *t); /* elements of an ARRAY, units of a TEXT, with its NUL */
  int (*null)(void *arg, const arpc__ndr_type *t);     /* whether a POINTER that may be is null, or a hidden member is not given */
  void (*open)(void *arg, const arpc__ndr_type *t);    /* the current value is to be a struct or union t: checks it */
  void (*member)(void *arg, const arpc__ndr_member *m); /* member m becomes current */
  void (*element)(void *arg, size_t i);
  /* Full pointers of type t, to the current value: the number it has among such values, or from now on the fresh
   * one; and whether this has been asked before. Numbers begin anew with every list, sources keep them. */
  uint32_t (*number_of)(void *arg, const arpc__ndr_type *t, uint32_t fresh);
  int (*sent)(void *arg, const arpc__ndr_type *t);
  void (*leave)(void *arg); /* the value before the last member or element becomes current again */
  /* The current value is unusable: its count is `got` (with `most` set: more than `want`), or the text says
   * why. The writer fails with ARPC_S_INVALID_ARG if this returns. */
  void (*miscounted)(void *arg, const arpc__ndr_type *t, int64_t want, size_t got, int most);
  void (*refuse)(void *arg, const char *why);
} arpc__ndr_source;

/* Appends the list's stub. slots has ARPC__NDR_SLOTS entries: those of [in] parameters are filled by the
 * in-direction and given back to the out-direction. The writer's base must be where the stub begins. */
void arpc__ndr_encode(const arpc__ndr_list *list, int transfer, arpc__writer *w, const arpc__ndr_source *source,
                      void *arg, int64_t *slots);

/* ---- decoding ----------------------------------------------------------------------------------
 * The sink works like a stack: values are pushed, `set` moves the top one into the composite below. */
typedef struct arpc__ndr_sink {
  void (*integer)(void *arg, const arpc__ndr_type *t, int64_t v); /* INT, BOOL, ENUM */
  void (*number)(void *arg, double v);
  void (*uuid)(void *arg, const arpc_uuid *v);
  void (*context)(void *arg, const arpc__ndr_type *t, const arpc__ndr_context *v);
  void (*text)(void *arg, const arpc__ndr_type *t, const uint8_t *units, size_t n, int big);
  void (*null)(void *arg, int inner); /* inner: a pointer to it is not null, and could have been */
  void (*pending)(void *arg); /* a pointer that is not null; its referent takes this place later */
  /* Full pointers. A promise is pending; alias pushes what was learned by that number and gives its type, or
   * does nothing and gives NULL; the value on top is learned before what it points to is complete. */
  void (*promise)(void *arg, uint64_t number);
  const arpc__ndr_type *(*alias)(void *arg, uint64_t number);
  void (*learn)(void *arg, uint64_t number, const arpc__ndr_type *t);
  uint64_t (*promised)(void *arg, const arpc__ndr_member *m, size_t i); /* second walk: 0 = none */
  /* A struct or a union, or an array that is to get n elements. 0: nothing more can be pushed. */
  int (*begin)(void *arg, const arpc__ndr_type *t, size_t n);
  void (*set)(void *arg, const arpc__ndr_member *m, size_t i); /* member m, or element i if m is NULL */
  /* For the second walk, over the composite on top. */
  int (*waits)(void *arg, const arpc__ndr_member *m, size_t i); /* whether what was set there is pending */
  void (*open)(void *arg, const arpc__ndr_member *m, size_t i); /* pushes the composite that was set there */
  void (*drop)(void *arg); /* pops */
  size_t (*count)(void *arg, const arpc__ndr_type *t); /* elements of the array on top */
  int64_t (*recall)(void *arg, const arpc__ndr_member *m); /* the integer that set put there; NULL: the one on top */
} arpc__ndr_sink;

/* Gives the limit that made it fail, or NULL. Reads the list's stub, pushing a value for each member that is not hidden. Failures are the reader's:
 * 1783 (also for what is too deep), 1734, 1733, 1780, 6, and 14 for what would take too much memory; what was pushed by
 * then is to be thrown away. Bytes left over are not an error.
 * Work is linear in the bytes; nothing is begun whose elements the remaining bytes cannot hold. */
const char *arpc__ndr_decode(const arpc__ndr_list *list, int transfer, arpc__reader *r, const arpc__ndr_sink *sink,
                             void *arg, int64_t *slots);

#endif
