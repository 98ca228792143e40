/*
 * Preloaded into the command: UDP sockets whose receive buffer is at most PP_RECEIVE_BYTES, as net.core.rmem_max and
 * rmem_default would have it. Those can be set for the whole machine only, not for a namespace.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef int socket_function(int, int, int);
typedef int setsockopt_function(int, int, int, const void *, socklen_t);

static int set_receive_bytes(int fd) {
  setsockopt_function *next = (setsockopt_function *)dlsym(RTLD_NEXT, "setsockopt");
  const char *text = getenv("PP_RECEIVE_BYTES");
  /* The kernel doubles what it is given (socket(7)). */
  int half = text == NULL ? 0 : atoi(text) / 2;
  return next(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof half);
}

int socket(int domain, int type, int protocol) {
  socket_function *next = (socket_function *)dlsym(RTLD_NEXT, "socket");
  int fd = next(domain, type, protocol);
  int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && kind == SOCK_DGRAM && (domain == AF_INET || domain == AF_INET6)) {
    (void)set_receive_bytes(fd);
  }
  return fd;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  setsockopt_function *next = (setsockopt_function *)dlsym(RTLD_NEXT, "setsockopt");
  if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE)) {
    return set_receive_bytes(fd);
  }
  return next(fd, level, name, value, length);
}
