/* Route, link and neighbour towards one destination. */
#ifndef PU_PROBE_NETLINK_H
#define PU_PROBE_NETLINK_H

#include <net/if.h>
#include <stdint.h>

enum { NEIGHBOUR_UNKNOWN = -1, NEIGHBOUR_NONE = 0 };

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
};

void own_side_find(struct own_side *side, uint8_t family, const uint8_t *address, uint32_t scope_id);

#endif
