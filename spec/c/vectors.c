#include "vectors.h"

#include "test.h"

#include <dirent.h>

static const char *data(void) {
  const char *path = getenv("ARPC_SPEC_DATA");
  return path ? path : "spec/data";
}

static vector_step *add_step(vectors *v) {
  v->steps = realloc(v->steps, (v->count + 1) * sizeof *v->steps);
  if (!v->steps) abort();
  v->steps[v->count] = (vector_step){.conn = v->conns};
  return &v->steps[v->count++];
}

static void add_mark(vectors *v, const char *line) {
  const char *conn = strstr(line, "conn"), *from = strstr(line, "C>S");
  if (!strncmp(line, "## connect", 10)) {
    v->conns++;
    return;
  }
  vector_step *s = add_step(v);
  if (conn && conn < strchr(line, '>')) s->conn = atoi(conn + 4);
  if (s->conn > v->conns) v->conns = s->conn;
  s->from_client = from || !strncmp(line, "## C ", 5);
  s->eof = strstr(line, "EOF") || strstr(line, "TCP FIN") || strstr(line, "TCP RST") || strstr(line, "closes");
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_bytes(vectors *v, const char *line) {
  vector_step *s = &v->steps[v->count - 1];
  for (; hex_digit(line[0]) >= 0 && hex_digit(line[1]) >= 0; line += 2) {
    if (!(s->len & (s->len - 1))) s->bytes = realloc(s->bytes, s->len ? s->len * 2 : 1);
    if (!s->bytes) abort();
    s->bytes[s->len++] = (uint8_t)(hex_digit(line[0]) * 16 + hex_digit(line[1]));
  }
}

vectors *vectors_load(const char *name) {
  char path[512], line[1024];
  vectors *v = calloc(1, sizeof *v);
  snprintf(path, sizeof path, "%s/vectors/%s.hex.txt", data(), name);
  FILE *f = fopen(path, "r");
  if (!v || !f) test_fail(__FILE__, __LINE__, "%s cannot be read", path);
  snprintf(v->name, sizeof v->name, "%s", name);
  while (fgets(line, sizeof line, f)) {
    if (!strncmp(line, "## ", 3)) add_mark(v, line);
    else if (v->count && line[0] != '#') add_bytes(v, line);
  }
  fclose(f);
  return v;
}

void vectors_free(vectors *v) {
  for (size_t i = 0; i < v->count; i++) free(v->steps[i].bytes);
  free(v->steps);
  free(v);
}

size_t vectors_each(const char *folder, void (*fn)(const vectors *v)) {
  static const char suffix[] = ".hex.txt";
  char path[512], name[128];
  struct dirent **files;
  size_t found = 0;
  snprintf(path, sizeof path, "%s/vectors/%s", data(), folder);
  int n = scandir(path, &files, NULL, alphasort);
  if (n < 0) test_fail(__FILE__, __LINE__, "%s cannot be read", path);
  for (int i = 0; i < n; i++) {
    const char *end = strstr(files[i]->d_name, suffix);
    if (end) {
      snprintf(name, sizeof name, "%s%s%.*s", folder, *folder ? "/" : "", (int)(end - files[i]->d_name), files[i]->d_name);
      vectors *v = vectors_load(name);
      fn(v);
      vectors_free(v);
      found++;
    }
    free(files[i]);
  }
  free(files);
  return found;
}
