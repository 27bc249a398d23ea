/* Where the unix sockets of ncalrpc live, and how a dead server's socket is told from a live one's. */
#ifndef ARPC_RPC_LOCAL_H
#define ARPC_RPC_LOCAL_H

#include "asyncrpc.h"

enum { ARPC__LOCAL_PATH = 108 };

/* dir (NULL: the default one) joined with the endpoint. 1706 when the path is too long for a socket. */
arpc_status arpc__local_path(const char *dir, const char *endpoint, char ret[ARPC__LOCAL_PATH]);
/* Before a server binds: makes the directory (mode 0700, and refuses one that belongs to another user) and
 * removes a socket nobody listens on. 1740 when somebody does, 1720. */
arpc_status arpc__local_prepare(const char *path);

#endif
