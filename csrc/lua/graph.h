/* An interface's description, a table as idl/compile.lua makes it, -> arpc__interface and its types. */
#ifndef ARPC_LUA_GRAPH_H
#define ARPC_LUA_GRAPH_H

#include "lua/marshal.h"

/* Reading the description at an index, which must be absolute. All raise a plain error when it is not of the
 * form. Strings stay where they are: the description must outlive what is made from it. */
const char *arpc__field_string(lua_State *L, int index, const char *name); /* NULL when absent */
lua_Integer arpc__field_integer(lua_State *L, int index, const char *name, lua_Integer low, lua_Integer high,
                                lua_Integer absent);
int arpc__field_true(lua_State *L, int index, const char *name);
/* Zeroed memory that lives as long as the table at stack index `blocks`. */
void *arpc__block(lua_State *L, int blocks, size_t n, size_t size);

/* Types, laid out. What graph points to lives as long as the blocks. */
typedef struct arpc__graph {
  lua_State *L;
  int description; /* stack index */
  int blocks; /* stack index of the table that anchors memory */
  arpc__ndr_type *types;
  uint32_t ntypes;
} arpc__graph;

void arpc__load_types(arpc__graph *g, int description);           /* description.types */
void arpc__load_list(arpc__graph *g, arpc__ndr_list *ret, int at); /* the list at an index */

#endif
