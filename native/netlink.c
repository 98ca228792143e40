/* What our own side looks like: route, link and neighbour of one destination, asked of the kernel (rtnetlink(7)). */
#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
  struct nlmsghdr header;
  union {
    struct rtmsg route;
    struct ndmsg neighbour;
    struct ifinfomsg link;
  } body;
  char attributes[64];
};

/* A link with all that may hang on it; one that does not fit is told as cut. */
struct answer {
  _Alignas(struct nlmsghdr) char bytes[16384];
};

/* The kernel answers before send() returns; this only keeps a kernel that does not from hanging us. */
static const struct timeval answer_timeout = {.tv_sec = 0, .tv_usec = 200000};
/* Answers to earlier requests that are passed over; the socket is made anew after any doubt, so there are none. */
static const int max_strangers = 8;
/* Headers older than Linux 5.19 lack it; older kernels ignore it. */
static const uint32_t skip_statistics = 1u << 3;

/*
 * One socket for the process: opening and closing cost more than asking. Node's worker threads load the addon too, hence
 * the mutex. Each request is one answer, told by its number.
 */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static int socket_fd = -1;
static uint32_t last_number;

static void add_attribute(struct request *request, unsigned short type, const void *data,
                          size_t length) {
  struct nlmsghdr *header = &request->header;
  struct rtattr attribute = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(length)};
  char *at = (char *)request + NLMSG_ALIGN(header->nlmsg_len);
  memcpy(at, &attribute, sizeof attribute);
  memcpy(at + RTA_LENGTH(0), data, length);
  header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute.rta_len));
}

static int open_socket(void) {
  socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket_fd < 0) return errno;
  (void)setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &answer_timeout, sizeof answer_timeout);
  return 0;
}

/* Sends the request and receives its answer; 0 or why there is none. */
static int exchange(struct request *request, struct answer *answer) {
  int error = socket_fd < 0 ? open_socket() : 0;
  if (error != 0) return error;
  request->header.nlmsg_flags = NLM_F_REQUEST;
  request->header.nlmsg_seq = ++last_number;
  ssize_t got = send(socket_fd, request, request->header.nlmsg_len, 0);
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer->bytes;
  for (int i = 0; got >= 0 && i < max_strangers; i++) {
    got = recv(socket_fd, answer->bytes, sizeof answer->bytes, MSG_TRUNC);
    if (got < 0) break;
    if ((size_t)got > sizeof answer->bytes || !NLMSG_OK(header, (unsigned)got)) return EBADMSG;
    if (header->nlmsg_seq == last_number) return 0;
  }
  return got < 0 ? errno : EBADMSG;
}

/* Sends one request and reads its one answer; 0 or the errno of either side. */
static int ask(struct request *request, struct answer *answer) {
  (void)pthread_mutex_lock(&asking);
  int error = exchange(request, answer);
  if (error != 0 && socket_fd >= 0) {
    close(socket_fd);
    socket_fd = -1;
  }
  (void)pthread_mutex_unlock(&asking);
  if (error != 0) return error;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer->bytes;
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
    } else if (a->rta_type == RTA_PREFSRC && (length == 4 || length == 16)) {
      side->has_source = true;
      memcpy(side->source, RTA_DATA(a), length);
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
  struct answer answer;
  struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                                       .nlmsg_type = RTM_GETROUTE},
                            .body.route = {.rtm_family = family == 4 ? AF_INET : AF_INET6,
                                           .rtm_dst_len = family == 4 ? 32 : 128}};
  add_attribute(&request, RTA_DST, address, family == 4 ? 4 : 16);
  if (scope_id != 0) add_attribute(&request, RTA_OIF, &scope_id, sizeof scope_id);
  side->error = ask(&request, &answer);
  if (side->error == 0) read_route(side, (const struct nlmsghdr *)answer.bytes);
}

static void copy_link_address(struct link_address *address, const struct rtattr *a) {
  size_t length = RTA_PAYLOAD(a);
  if (length > sizeof address->bytes) return;
  address->length = (uint8_t)length;
  memcpy(address->bytes, RTA_DATA(a), length);
}

static void find_link(struct own_side *side) {
  struct answer answer;
  struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                                       .nlmsg_type = RTM_GETLINK},
                            .body.link = {.ifi_index = (int)side->index}};
  add_attribute(&request, IFLA_EXT_MASK, &skip_statistics, sizeof skip_statistics);
  if (ask(&request, &answer) != 0) return;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer.bytes;
  const struct ifinfomsg *message = NLMSG_DATA(header);
  int left = (int)IFLA_PAYLOAD(header);
  /* The flags of netdevice(7); the kernel's own are above. */
  side->flags = message->ifi_flags & 0xffff;
  side->link_type = message->ifi_type;
  for (const struct rtattr *a = IFLA_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    size_t length = RTA_PAYLOAD(a);
    if (a->rta_type == IFLA_IFNAME) {
      memcpy(side->name, RTA_DATA(a), length < sizeof side->name ? length : sizeof side->name - 1);
    } else if (a->rta_type == IFLA_MTU && length >= sizeof side->mtu) {
      memcpy(&side->mtu, RTA_DATA(a), sizeof side->mtu);
    } else if (a->rta_type == IFLA_ADDRESS) {
      copy_link_address(&side->link_address, a);
    }
  }
}

static void find_neighbour(struct own_side *side, uint8_t family, const uint8_t *address) {
  struct answer answer;
  struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
                                       .nlmsg_type = RTM_GETNEIGH},
                            .body.neighbour = {.ndm_family = family == 4 ? AF_INET : AF_INET6,
                                               .ndm_ifindex = (int)side->index}};
  add_attribute(&request, NDA_DST, address, family == 4 ? 4 : 16);
  int error = ask(&request, &answer);
  if (error == ENOENT) side->neighbour = NEIGHBOUR_NONE;
  if (error != 0) return;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer.bytes;
  const struct ndmsg *message = NLMSG_DATA(header);
  int left = (int)NLMSG_PAYLOAD(header, sizeof *message);
  side->neighbour = message->ndm_state;
  const char *first = (const char *)message + NLMSG_ALIGN(sizeof *message);
  for (const struct rtattr *a = (const struct rtattr *)first; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == NDA_LLADDR) copy_link_address(&side->neighbour_address, a);
  }
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
