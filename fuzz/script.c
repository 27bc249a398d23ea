/* A target written in Lua: FUZZ_SCRIPT is a file that gives a function, which gets each input as a string and raises
 * when something is not as it should be. Lines of Lua guide the search as branches of C do; at exit those that ran
 * are written to the file that ARPC_LINES names, "FILE LINE" each. Memory has a limit, and so has the
 * number of lines that one input may run. Leaks are looked for now and then, since garbage is none. */
#include "fuzz.h"

#include <lauxlib.h>
#include <lualib.h>
#include <sanitizer/lsan_interface.h>

enum { FILES = 64, LINES = 1024, COUNTERS = 1 << 16, MOST_MEMORY = 256 << 20, MOST_LINES = 20000000 };

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static struct {
  const char *name[FILES]; /* as Lua has them: one pointer a file */
  uint8_t ran[FILES][LINES];
  int n, last;
  unsigned before; /* where the line before was */
  long count;      /* lines of this input */
  size_t memory;
} seen;

int luaopen_asyncrpc_core(lua_State *L);

static void *allocate(void *arg, void *p, size_t old, size_t size) {
  (void)arg;
  if (!p) old = 0;
  if (!size) {
    free(p);
    seen.memory -= old;
    return NULL;
  }
  if (seen.memory - old + size > MOST_MEMORY) return NULL;
  void *made = realloc(p, size);
  if (made) seen.memory += size - old;
  return made;
}

/* The function that runs is kept, so that its file's name stays where it is. */
static int file_of(lua_State *L, lua_Debug *ar) {
  const char *source = ar->source;
  if (seen.n && seen.name[seen.last] == source) return seen.last;
  for (seen.last = 0; seen.last < seen.n; seen.last++)
    if (seen.name[seen.last] == source) return seen.last;
  FUZZ_CHECK(seen.n < FILES);
  lua_getinfo(L, "f", ar);
  luaL_ref(L, LUA_REGISTRYINDEX);
  seen.name[seen.n] = source;
  return seen.n++;
}

static void on_line(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "S", ar);
  if (++seen.count > MOST_LINES) luaL_error(L, "too many lines for one input");
  if (ar->source[0] != '@') return;
  int file = file_of(L, ar);
  unsigned at = (unsigned)(file * LINES + ar->currentline % LINES);
  uint8_t *counter = &counters[(at * 31u ^ seen.before >> 1) % COUNTERS];
  seen.ran[file][ar->currentline % LINES] = 1;
  if (*counter < 255) ++*counter;
  seen.before = at * 31u;
}

static void write_lines(void) {
  const char *path = getenv("ARPC_LINES");
  FILE *f = path ? fopen(path, "a") : NULL;
  for (int i = 0; f && i < seen.n; i++)
    for (int line = 0; line < LINES; line++)
      if (seen.ran[i][line]) fprintf(f, "%s %d\n", seen.name[i] + 1, line);
  if (f) fclose(f);
}

static int explain(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

static void finding(lua_State *L) {
  fprintf(stderr, "ERROR: %s\n", lua_tostring(L, -1));
  abort();
}

/* A state with the handler and the script's function on its stack. */
static lua_State *begin(void) {
  lua_State *L = lua_newstate(allocate, NULL);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_asyncrpc_core);
  lua_setfield(L, -2, "asyncrpc.core");
  lua_settop(L, 0);
  lua_pushcfunction(L, explain);
  lua_sethook(L, on_line, LUA_MASKLINE, 0);
  if (luaL_loadfile(L, FUZZ_SCRIPT) || lua_pcall(L, 0, 1, 1)) finding(L);
  atexit(write_lines);
  return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static lua_State *L;
  static unsigned runs;
  if (!L) L = begin();
  seen.count = 0;
  lua_pushvalue(L, 2);
  lua_pushlstring(L, (const char *)data, size);
  if (lua_pcall(L, 1, 0, 1)) finding(L);
  if (++runs % 512) return 0;
  lua_gc(L, LUA_GCCOLLECT);
  FUZZ_CHECK(!__lsan_do_recoverable_leak_check());
  return 0;
}
