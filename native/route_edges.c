/*
 * Where the kernel's answer to a route look-up may change from one destination to the next: the ends of all prefixes that
 * decide it. Between two of them each look-up matches the same rules and routes (rtnetlink(7), RFC 6724).
 */
#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer of a dump; the kernel fills as much of it as it likes, 32 KiB at most. */
struct page {
  _Alignas(struct nlmsghdr) char bytes[32768];
};

/* Two ends for each prefix: more cost more to read than a run over few targets saves. */
static const uint32_t max_edges = 8192;
static const struct timeval answer_timeout = {.tv_sec = 0, .tv_usec = 200000};

static size_t width_of(uint8_t family) { return family == 4 ? 4 : 16; }

static bool add_edge(struct route_edges *edges, const uint8_t *address) {
  if (edges->count == max_edges) return false;
  memset(edges->bytes[edges->count], 0, 16);
  memcpy(edges->bytes[edges->count++], address, width_of(edges->family));
  return true;
}

/* The first address of the prefix and the first one behind it. */
static bool add_prefix(struct route_edges *edges, const uint8_t *address, unsigned bits) {
  uint8_t edge[16] = {0};
  size_t width = width_of(edges->family);
  if (bits > 8 * width) return false;
  memcpy(edge, address, width);
  for (size_t bit = bits; bit < 8 * width; bit++) edge[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
  if (!add_edge(edges, edge)) return false;
  for (size_t bit = bits; bit-- > 0;) {
    edge[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    /* Without a carry that is it; carried out of the first bit, the prefix reaches to the last address. */
    if (edge[bit / 8] & (0x80 >> bit % 8)) return add_edge(edges, edge);
  }
  return true;
}

static const void *attribute(const struct nlmsghdr *header, size_t body, unsigned short type, size_t length) {
  int left = (int)NLMSG_PAYLOAD(header, body);
  const char *first = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(body);
  for (const struct rtattr *a = (const struct rtattr *)first; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if ((a->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(a) >= length) return RTA_DATA(a);
  }
  return NULL;
}

static const uint8_t no_address[16];

/* One that shares its prefix among several next hops chooses by the whole address. */
static bool take_route(struct route_edges *edges, const struct nlmsghdr *header) {
  const struct rtmsg *route = NLMSG_DATA(header);
  if (attribute(header, sizeof *route, RTA_MULTIPATH, 0) != NULL) return false;
  if (attribute(header, sizeof *route, RTA_NH_ID, 0) != NULL) return false;
  const uint8_t *to = attribute(header, sizeof *route, RTA_DST, width_of(edges->family));
  return add_prefix(edges, to == NULL ? no_address : to, to == NULL ? 0 : route->rtm_dst_len);
}

static bool take_rule(struct route_edges *edges, const struct nlmsghdr *header) {
  const struct fib_rule_hdr *rule = NLMSG_DATA(header);
  const uint8_t *to = attribute(header, sizeof *rule, FRA_DST, width_of(edges->family));
  return to == NULL || add_prefix(edges, to, rule->dst_len);
}

/* IPv6 takes the source that has most leading bits of its prefix in common with the destination (RFC 6724, rule 8). */
static bool take_own_address(struct route_edges *edges, const struct nlmsghdr *header) {
  const struct ifaddrmsg *own = NLMSG_DATA(header);
  const uint8_t *address = attribute(header, sizeof *own, IFA_LOCAL, 16);
  if (address == NULL) address = attribute(header, sizeof *own, IFA_ADDRESS, 16);
  for (unsigned bits = 1; address != NULL && bits <= own->ifa_prefixlen; bits++) {
    if (!add_prefix(edges, address, bits)) return false;
  }
  return true;
}

/* Policy labels (RFC 6724, rule 6). */
static bool take_label(struct route_edges *edges, const struct nlmsghdr *header) {
  const struct ifaddrlblmsg *label = NLMSG_DATA(header);
  const uint8_t *to = attribute(header, sizeof *label, IFAL_ADDRESS, 16);
  return to == NULL || add_prefix(edges, to, label->ifal_prefixlen);
}

struct dump {
  uint16_t request;
  uint16_t answer;
  /* Bytes of the header behind that of netlink. */
  uint16_t body;
  bool (*take)(struct route_edges *edges, const struct nlmsghdr *header);
};

/* Takes the messages of one answer; 1 at the end of the dump, 0 when more follow, or a negative errno. */
static int take_page(struct route_edges *edges, const struct dump *dump, const struct page *page, size_t got) {
  unsigned left = (unsigned)got;
  for (const struct nlmsghdr *h = (const struct nlmsghdr *)page->bytes; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
    /* Interrupted: something changed meanwhile, and what was read may not fit together. */
    if (h->nlmsg_flags & NLM_F_DUMP_INTR) return -EAGAIN;
    if (h->nlmsg_type == NLMSG_DONE) return 1;
    /* A kernel without rules or labels has none. */
    if (h->nlmsg_type == NLMSG_ERROR) return dump->request == RTM_GETROUTE ? -EIO : 1;
    if (h->nlmsg_type != dump->answer || NLMSG_PAYLOAD(h, 0) < dump->body) continue;
    if (!dump->take(edges, h)) return -ERANGE;
  }
  return 0;
}

static bool run_dump(struct route_edges *edges, const struct dump *dump, int fd, struct page *page) {
  struct {
    struct nlmsghdr header;
    /* The family is the first byte of each of the bodies. */
    char body[16];
  } request = {.header = {.nlmsg_len = NLMSG_LENGTH(dump->body),
                          .nlmsg_type = dump->request,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
  request.body[0] = edges->family == 4 ? AF_INET : AF_INET6;
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) return false;
  for (;;) {
    ssize_t got = recv(fd, page->bytes, sizeof page->bytes, MSG_TRUNC);
    if (got <= 0 || (size_t)got > sizeof page->bytes) return false;
    int state = take_page(edges, dump, page, (size_t)got);
    if (state != 0) return state > 0;
  }
}

static int by_address(const void *a, const void *b) { return memcmp(a, b, 16); }

static void sort_edges(struct route_edges *edges) {
  uint32_t kept = 0;
  qsort(edges->bytes, edges->count, sizeof *edges->bytes, by_address);
  for (uint32_t i = 0; i < edges->count; i++) {
    if (i > 0 && memcmp(edges->bytes[i], edges->bytes[kept - 1], 16) == 0) continue;
    memmove(edges->bytes[kept++], edges->bytes[i], 16);
  }
  edges->count = kept;
}

/* Link-local, site-local and compatible addresses have a scope of their own (net/ipv6/addrconf_core.c). */
static bool add_scopes(struct route_edges *edges) {
  static const uint8_t link_local[16] = {0xfe, 0x80};
  static const uint8_t site_local[16] = {0xfe, 0xc0};
  static const uint8_t multicast[16] = {0xff};
  return add_prefix(edges, no_address, 96) && add_prefix(edges, link_local, 10) &&
         add_prefix(edges, site_local, 10) && add_prefix(edges, multicast, 8);
}

bool route_edges_find(struct route_edges *edges, uint8_t family) {
  static const struct dump dumps[] = {
      {RTM_GETROUTE, RTM_NEWROUTE, sizeof(struct rtmsg), take_route},
      {RTM_GETRULE, RTM_NEWRULE, sizeof(struct fib_rule_hdr), take_rule},
      {RTM_GETADDR, RTM_NEWADDR, sizeof(struct ifaddrmsg), take_own_address},
      {RTM_GETADDRLABEL, RTM_NEWADDRLABEL, sizeof(struct ifaddrlblmsg), take_label},
  };
  /* The source of an IPv4 route is part of the route. */
  size_t wanted = family == 4 ? 2 : 4;
  *edges = (struct route_edges){.family = family, .bytes = malloc((size_t)max_edges * 16)};
  struct page *page = malloc(sizeof *page);
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  bool is_whole = edges->bytes != NULL && page != NULL && fd >= 0 && add_edge(edges, no_address) &&
                  (family == 4 || add_scopes(edges));
  if (is_whole) (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_timeout, sizeof answer_timeout);
  for (size_t i = 0; is_whole && i < wanted; i++) is_whole = run_dump(edges, &dumps[i], fd, page);
  if (fd >= 0) close(fd);
  free(page);
  if (is_whole) {
    sort_edges(edges);
    return true;
  }
  free(edges->bytes);
  edges->bytes = NULL;
  return false;
}

/* One watch for the process, like the socket of netlink.c; all that may move an edge or change what is between two. */
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;
static int watch_fd = -1;
static uint32_t changes = 0;
static const uint32_t watched_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE |
                                       RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE | 1u << (RTNLGRP_IPV6_RULE - 1) |
                                       1u << (RTNLGRP_NEXTHOP - 1);
/* Messages of a storm that are read in one look; the rest is read at the next. */
static const int max_messages = 1024;

static bool open_watch(void) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = watched_groups};
  watch_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (watch_fd < 0) return false;
  if (bind(watch_fd, (struct sockaddr *)&name, sizeof name) == 0) return true;
  close(watch_fd);
  watch_fd = -1;
  return false;
}

int64_t route_changes(void) {
  char byte;
  (void)pthread_mutex_lock(&watching);
  bool is_watched = watch_fd >= 0 || open_watch();
  for (int i = 0; is_watched && i < max_messages; i++) {
    ssize_t got = recv(watch_fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC);
    /* ENOBUFS: some were lost, so there were some. */
    if (got < 0 && errno != ENOBUFS) break;
    changes++;
  }
  int64_t count = is_watched ? (int64_t)changes : -1;
  (void)pthread_mutex_unlock(&watching);
  return count;
}
