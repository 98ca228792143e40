/* Route, link and neighbour towards one destination. */
#ifndef PU_PROBE_NETLINK_H
#define PU_PROBE_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

enum { NEIGHBOUR_UNKNOWN = -1, NEIGHBOUR_NONE = 0 };

/* A hardware address; without one, or with one longer than sockaddr_ll holds, the length is 0. */
struct link_address {
  uint8_t length;
  uint8_t bytes[8];
};

struct own_side {
  /* Why there is no route; 0 when there is one. */
  int error;
  /* RTN_LOCAL, RTN_UNICAST, ... */
  unsigned char type;
  /* 0 when the destination is on the link. */
  uint8_t gateway_family;
  uint8_t gateway[16];
  uint32_t index;
  char name[IFNAMSIZ];
  /* IFF_UP, IFF_RUNNING, ... */
  unsigned flags;
  /* NUD_ state of the next hop, or one of the two above. */
  int neighbour;
  /* What the kernel would send from (RTA_PREFSRC). */
  bool has_source;
  uint8_t source[16];
  /* ARPHRD_ number and hardware address of the interface, and its MTU in bytes. */
  unsigned short link_type;
  uint32_t mtu;
  struct link_address link_address;
  struct link_address neighbour_address;
};

void own_side_find(struct own_side *side, uint8_t family, const uint8_t *address, uint32_t scope_id);

/* Ascending; all look-ups from one edge up to the next have the same answer, but for the neighbour on the link itself. */
struct route_edges {
  uint8_t family;
  uint32_t count;
  uint8_t (*bytes)[16];
};

/* False where no edges can be told; otherwise `bytes` is the caller's to free. */
bool route_edges_find(struct route_edges *edges, uint8_t family);

/* How much has changed so far that edges and answers depend on; -1 when it cannot be known. */
int64_t route_changes(void);

#endif
