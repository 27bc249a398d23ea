#include "rpc/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int default_dir(char *ret, size_t size) {
  const char *run = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
  if (run && *run) return snprintf(ret, size, "%s/asyncrpc", run);
  return snprintf(ret, size, "%s/asyncrpc-%u", tmp && *tmp ? tmp : "/tmp", (unsigned)getuid());
}

arpc_status arpc__local_path(const char *dir, const char *endpoint, char ret[ARPC__LOCAL_PATH]) {
  char path[2 * ARPC__LOCAL_PATH], fallback[ARPC__LOCAL_PATH];
  if (!dir) {
    if (default_dir(fallback, sizeof fallback) >= (int)sizeof fallback) return ARPC_S_INVALID_ENDPOINT_FORMAT;
    dir = fallback;
  }
  int n = snprintf(path, sizeof path, "%s/%s", dir, endpoint);
  if (n < 0 || n >= ARPC__LOCAL_PATH) return ARPC_S_INVALID_ENDPOINT_FORMAT;
  memcpy(ret, path, (size_t)n + 1);
  return ARPC_S_OK;
}

static arpc_status make_dir(const char *path) {
  char dir[ARPC__LOCAL_PATH];
  struct stat st;
  snprintf(dir, sizeof dir, "%s", path);
  *strrchr(dir, '/') = 0;
  if (mkdir(dir, 0700) && errno != EEXIST) return ARPC_S_CANT_CREATE_ENDPOINT;
  if (lstat(dir, &st) || !S_ISDIR(st.st_mode)) return ARPC_S_CANT_CREATE_ENDPOINT;
  return st.st_uid == getuid() || getuid() == 0 ? ARPC_S_OK : ARPC_S_CANT_CREATE_ENDPOINT;
}

/* A connect that is refused shows that the listener is gone. It never blocks: nothing waits on it. */
static int alive(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return 1;
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int refused = connect(fd, (struct sockaddr *)&address, sizeof address) && errno == ECONNREFUSED;
  close(fd);
  return !refused;
}

arpc_status arpc__local_prepare(const char *path) {
  struct stat st;
  arpc_status status = make_dir(path);
  if (status || lstat(path, &st)) return status;
  if (!S_ISSOCK(st.st_mode)) return ARPC_S_CANT_CREATE_ENDPOINT;
  if (alive(path)) return ARPC_S_DUPLICATE_ENDPOINT;
  return unlink(path) ? ARPC_S_CANT_CREATE_ENDPOINT : ARPC_S_OK;
}
