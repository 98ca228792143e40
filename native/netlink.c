/* What our own side looks like: route, link and neighbour of one destination, asked of the kernel (rtnetlink(7)). */
#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
  struct nlmsghdr header;
  union {
    struct rtmsg route;
    struct ndmsg neighbour;
  } body;
  char attributes[64];
};

/* The kernel answers before send() returns; this only keeps a kernel that does not from hanging us. */
static const struct timeval answer_timeout = {.tv_sec = 0, .tv_usec = 200000};

static void add_attribute(struct request *request, unsigned short type, const void *data,
                          size_t length) {
  struct nlmsghdr *header = &request->header;
  struct rtattr attribute = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(length)};
  char *at = (char *)request + NLMSG_ALIGN(header->nlmsg_len);
  memcpy(at, &attribute, sizeof attribute);
  memcpy(at + RTA_LENGTH(0), data, length);
  header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute.rta_len));
}

/* Sends one request and reads its one answer; 0 or the errno of either side. */
static int ask(struct request *request, char *answer, size_t capacity, int *length) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return errno;
  int error = 0;
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_timeout, sizeof answer_timeout);
  request->header.nlmsg_flags = NLM_F_REQUEST;
  ssize_t got = send(fd, request, request->header.nlmsg_len, 0);
  if (got >= 0) got = recv(fd, answer, capacity, 0);
  if (got < 0) error = errno;
  close(fd);
  *length = (int)got;
  if (error != 0) return error;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
  if (!NLMSG_OK(header, (unsigned)got)) return EBADMSG;
  if (header->nlmsg_type != NLMSG_ERROR) return 0;
  const struct nlmsgerr *failure = NLMSG_DATA(header);
  return failure->error == 0 ? EBADMSG : -failure->error;
}

static int error_of_type(unsigned char type) {
  switch (type) {
    case RTN_BLACKHOLE:
      return EINVAL;
    case RTN_PROHIBIT:
      return EACCES;
    case RTN_UNREACHABLE:
      return EHOSTUNREACH;
    default:
      return 0;
  }
}

static void copy_gateway(struct own_side *side, uint8_t family, const void *data, size_t length) {
  size_t needed = family == 4 ? 4 : 16;
  if (length < needed) return;
  side->gateway_family = family;
  memcpy(side->gateway, data, needed);
}

static void read_route(struct own_side *side, const struct nlmsghdr *header) {
  const struct rtmsg *message = NLMSG_DATA(header);
  int left = (int)RTM_PAYLOAD(header);
  side->type = message->rtm_type;
  side->error = error_of_type(message->rtm_type);
  for (const struct rtattr *a = RTM_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    size_t length = RTA_PAYLOAD(a);
    if (a->rta_type == RTA_OIF && length >= sizeof side->index) {
      memcpy(&side->index, RTA_DATA(a), sizeof side->index);
    } else if (a->rta_type == RTA_GATEWAY) {
      copy_gateway(side, message->rtm_family == AF_INET ? 4 : 6, RTA_DATA(a), length);
    } else if (a->rta_type == RTA_VIA && length > sizeof(unsigned short)) {
      const struct rtvia *via = RTA_DATA(a);
      copy_gateway(side, via->rtvia_family == AF_INET ? 4 : 6, via->rtvia_addr,
                   length - offsetof(struct rtvia, rtvia_addr));
    } else if (a->rta_type == RTA_CACHEINFO && length >= sizeof(struct rta_cacheinfo)) {
      struct rta_cacheinfo info;
      memcpy(&info, RTA_DATA(a), sizeof info);
      /* A negative errno in an unsigned field. */
      if (info.rta_error != 0) side->error = (int)-info.rta_error;
    }
  }
}

static void find_route(struct own_side *side, uint8_t family, const uint8_t *address,
                       uint32_t scope_id) {
  alignas(struct nlmsghdr) char answer[4096];
  struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                                       .nlmsg_type = RTM_GETROUTE},
                            .body.route = {.rtm_family = family == 4 ? AF_INET : AF_INET6,
                                           .rtm_dst_len = family == 4 ? 32 : 128}};
  int length = 0;
  add_attribute(&request, RTA_DST, address, family == 4 ? 4 : 16);
  if (scope_id != 0) add_attribute(&request, RTA_OIF, &scope_id, sizeof scope_id);
  side->error = ask(&request, answer, sizeof answer, &length);
  if (side->error == 0) read_route(side, (const struct nlmsghdr *)answer);
}

static void find_link(struct own_side *side) {
  struct ifreq request = {.ifr_ifindex = (int)side->index};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (ioctl(fd, SIOCGIFNAME, &request) == 0) {
    memcpy(side->name, request.ifr_name, sizeof side->name - 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) side->flags = (unsigned short)request.ifr_flags;
  }
  close(fd);
}

static void find_neighbour(struct own_side *side, uint8_t family, const uint8_t *address) {
  alignas(struct nlmsghdr) char answer[4096];
  struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
                                       .nlmsg_type = RTM_GETNEIGH},
                            .body.neighbour = {.ndm_family = family == 4 ? AF_INET : AF_INET6,
                                               .ndm_ifindex = (int)side->index}};
  int length = 0;
  add_attribute(&request, NDA_DST, address, family == 4 ? 4 : 16);
  int error = ask(&request, answer, sizeof answer, &length);
  if (error == ENOENT) side->neighbour = NEIGHBOUR_NONE;
  if (error != 0) return;
  const struct ndmsg *message = NLMSG_DATA((const struct nlmsghdr *)answer);
  side->neighbour = message->ndm_state;
}

void own_side_find(struct own_side *side, uint8_t family, const uint8_t *address,
                   uint32_t scope_id) {
  *side = (struct own_side){.neighbour = NEIGHBOUR_UNKNOWN};
  find_route(side, family, address, scope_id);
  if (side->index == 0) return;
  find_link(side);
  if (side->type == RTN_LOCAL || (side->flags & IFF_NOARP)) {
    side->neighbour = NEIGHBOUR_NONE;
  } else if (side->gateway_family != 0) {
    find_neighbour(side, side->gateway_family, side->gateway);
  } else {
    find_neighbour(side, family, address);
  }
}
