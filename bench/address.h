/* The lab's addresses as string bindings: unix:DIR/NAME is ncalrpc:[NAME] in DIR, tcp:PORT is on loopback. */
#ifndef BENCH_ADDRESS_H
#define BENCH_ADDRESS_H

#include <stdio.h>
#include <string.h>

#define BENCH_INTERFACE \
  { {0x7a0b1c2d, 0x3e4f, 0x5061, {0x72, 0x83, 0x94, 0xa5, 0xb6, 0xc7, 0xd8, 0xe9}}, 1, 0 }

static int bench_address(const char *address, char ret_binding[256], char ret_dir[256]) {
  ret_dir[0] = 0;
  if (strncmp(address, "tcp:", 4) == 0) return snprintf(ret_binding, 256, "ncacn_ip_tcp:127.0.0.1[%s]", address + 4) < 256;
  const char *slash = strrchr(address, '/');
  if (strncmp(address, "unix:", 5) != 0 || !slash || slash - address >= 250) return 0;
  memcpy(ret_dir, address + 5, (size_t)(slash - address - 5));
  ret_dir[slash - address - 5] = 0;
  return snprintf(ret_binding, 256, "ncalrpc:[%s]", slash + 1) < 256;
}

#endif
