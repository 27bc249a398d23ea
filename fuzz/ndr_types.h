/* The types ndr.c decodes. Those that contain others by value stand behind them. */
#ifndef ARPC_FUZZ_NDR_TYPES_H
#define ARPC_FUZZ_NDR_TYPES_H

#include "ndr/ndr.h"

enum {
  U8, I16, U32, I64, BOOL, ENUM, F32, F64, UUID, PTR, REF, WIDE, TEXT, NAME, SIZED, MANY, ROW, ROWS, NAMES, ITEM, CHOICE, CHOICES, OPEN, TAIL, OUTER, FEW, TYPES
};
#define INT_OF(n, f) {.kind = ARPC__NDR_INT, .flags = f, .size = {n, n}}
#define TO(t) {.kind = ARPC__NDR_POINTER, .of = &types[t]}
#define CV ARPC__NDR_CONFORMANT | ARPC__NDR_VARYING
static const arpc__ndr_op n_twice[] = {{0, ARPC__NDR_SLOT}, {2, ARPC__NDR_CONST}, {0, ARPC__NDR_MUL}};
static arpc__ndr_type types[TYPES];
static const arpc__ndr_type *row_checked[] = {&types[SIZED]};
static arpc__ndr_member row[] = {{.name = "n", .type = &types[U8], .slot = 0},
                                 {.name = "p", .type = &types[MANY], .slot = -1},
                                 {.name = "s", .type = &types[NAME], .slot = -1},
                                 {.name = "u", .type = &types[UUID], .slot = -1}};
static arpc__ndr_member item[] = {{.name = "v", .type = &types[I16], .slot = -1},
                                  {.name = "next", .type = &types[PTR], .slot = -1}};
static arpc__ndr_member choice[] = {{.name = "tag", .type = &types[I16], .slot = -1},
                                    {.name = "value", .type = &types[F64], .slot = -1},
                                    {.name = "value", .slot = -1},
                                    {.name = "value", .type = &types[PTR], .slot = -1},
                                    {.name = "value", .type = &types[ITEM], .slot = -1}};
static const arpc__ndr_case choice_cases[] = {{1, 1}, {2, 2}, {3, 3}, {-1, 4}};
static const arpc__ndr_op n_itself[] = {{0, ARPC__NDR_SLOT}};
static const arpc__ndr_type *open_checked[] = {&types[CHOICE]};
static arpc__ndr_member open_members[] = {{.name = "n", .type = &types[I16], .slot = 0},
                                          {.name = "a", .type = &types[CHOICES], .slot = -1}};
static const arpc__ndr_type *tail_checked[] = {&types[SIZED]};
static arpc__ndr_member tail[] = {{.name = "n", .type = &types[I16], .slot = 0},
                                  {.name = "a", .type = &types[SIZED], .slot = -1}};
static arpc__ndr_member outer[] = {{.name = "h", .type = &types[F64], .slot = -1},
                                   {.name = "p", .type = &types[PTR], .slot = -1},
                                   {.name = "t", .type = &types[TAIL], .slot = -1}};
static arpc__ndr_type types[TYPES] = {
    [U8] = INT_OF(1, 0), [I16] = INT_OF(2, ARPC__NDR_SIGNED), [U32] = INT_OF(4, 0), [I64] = INT_OF(8, ARPC__NDR_SIGNED),
    [BOOL] = {.kind = ARPC__NDR_BOOL, .size = {1, 1}}, [ENUM] = {.kind = ARPC__NDR_ENUM, .size = {2, 4}},
    [F32] = {.kind = ARPC__NDR_FLOAT, .size = {4, 4}}, [F64] = {.kind = ARPC__NDR_FLOAT, .size = {8, 8}},
    [UUID] = {.kind = ARPC__NDR_UUID, .size = {16, 16}}, [PTR] = TO(ITEM),
    [REF] = {.kind = ARPC__NDR_POINTER, .flags = ARPC__NDR_REF, .of = &types[ROW]},
    [WIDE] = {.kind = ARPC__NDR_TEXT, .flags = CV | ARPC__NDR_STRING | ARPC__NDR_WIDE},
    [TEXT] = {.kind = ARPC__NDR_TEXT, .flags = CV | ARPC__NDR_STRING}, [NAME] = TO(WIDE),
    [SIZED] = {.kind = ARPC__NDR_ARRAY, .flags = ARPC__NDR_CONFORMANT, .of = &types[U32], .maximum = {n_twice, 3}},
    [ROW] = {.kind = ARPC__NDR_STRUCT, .list = {row, row_checked, .count = 4, .nslots = 1, .nchecked = 1}},
    [ROWS] = {.kind = ARPC__NDR_ARRAY, .of = &types[ROW], .count = 3},
    [NAMES] = {.kind = ARPC__NDR_ARRAY, .flags = CV, .of = &types[NAME]},
    [ITEM] = {.kind = ARPC__NDR_STRUCT, .list = {item, .count = 2}},
    [CHOICE] = {.kind = ARPC__NDR_UNION, .of = &types[I16], .maximum = {n_itself, 1}, .list = {choice, .count = 5},
                .cases = choice_cases, .ncases = 4},
    [OPEN] = {.kind = ARPC__NDR_STRUCT, .list = {open_members, open_checked, .count = 2, .nslots = 1, .nchecked = 1}},
    [TAIL] = {.kind = ARPC__NDR_STRUCT, .list = {tail, tail_checked, .count = 2, .nslots = 1, .nchecked = 1}},
    [FEW] = {.kind = ARPC__NDR_ENUM, .flags = ARPC__NDR_RANGED, .size = {2, 4}, .low = {1, 1}, .high = {3, 3}},
    [OUTER] = {.kind = ARPC__NDR_STRUCT, .list = {outer, .count = 3}},
    [CHOICES] = {.kind = ARPC__NDR_ARRAY, .of = &types[CHOICE], .count = 2},
    [MANY] = TO(SIZED)};

#endif
