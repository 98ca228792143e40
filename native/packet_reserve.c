/* Ports that are ours while probes are under way. */
#define _GNU_SOURCE
#include "packet.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

/* A port that is free for one kind of socket is rarely taken for another. */
static const int max_tries = 16;

static const struct {
  int family;
  int type;
} kinds[4] = {{AF_INET, SOCK_DGRAM}, {AF_INET, SOCK_STREAM}, {AF_INET6, SOCK_DGRAM}, {AF_INET6, SOCK_STREAM}};

/* A bound socket that is never read: 0 or an errno. `port` 0 asks for any and is told which. */
static int bind_one(int *fd, int kind, uint16_t *port) {
  int family = kinds[kind].family;
  union address any = {0};
  *fd = socket(family, kinds[kind].type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (*fd < 0) return errno;
  any.any.sa_family = (sa_family_t)family;
  if (family == AF_INET) {
    any.v4.sin_port = htons(*port);
  } else {
    any.v6.sin6_port = htons(*port);
    if (set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) return errno;
  }
  /* The kernel raises it to its least size. What does not fit is dropped without a word, which is what we want. */
  if (kinds[kind].type == SOCK_DGRAM) (void)set_option(*fd, SOL_SOCKET, SO_RCVBUF, 1);
  socklen_t length = address_length(&any);
  if (bind(*fd, &any.any, length) != 0 || getsockname(*fd, &any.any, &length) != 0) return errno;
  *port = ntohs(family == AF_INET ? any.v4.sin_port : any.v6.sin6_port);
  return 0;
}

static void close_all(struct reserved_port *reserved) {
  for (int i = 0; i < 4; i++) {
    if (reserved->fds[i] >= 0) close(reserved->fds[i]);
    reserved->fds[i] = -1;
  }
}

static int bind_all(struct reserved_port *reserved, uint16_t *port) {
  int error = 0;
  for (int i = 0; i < 4; i++) reserved->fds[i] = -1;
  for (int i = 0; error == 0 && i < 4; i++) {
    error = bind_one(&reserved->fds[i], i, port);
    if (error == EAFNOSUPPORT && kinds[i].family == AF_INET6) error = 0;
  }
  if (error != 0) close_all(reserved);
  return error;
}

int packet_reserve(struct packet_port *port, uint16_t wanted) {
  if (port->closed) return -EBADF;
  if (port->reserved_count == MAX_RESERVED) return -ENOSPC;
  struct reserved_port *reserved = &port->reserved[port->reserved_count];
  int error = EADDRINUSE;
  for (int i = 0; error == EADDRINUSE && i < max_tries; i++) {
    uint16_t number = wanted;
    error = bind_all(reserved, &number);
    if (error == 0) {
      port->reserved_count++;
      return number;
    }
    if (wanted != 0) break;
  }
  return -error;
}

void packet_unreserve(struct packet_port *port) {
  while (port->reserved_count > 0) close_all(&port->reserved[--port->reserved_count]);
}
