/*
 * The native part of the packet wire: packet sockets, a receive ring, raw sockets for loopback, reserved ports. It moves
 * rows of bytes; of the bytes themselves it reads only where a raw socket has to be told the destination (IP version and
 * destination address).
 *
 * All functions run on the JavaScript thread; the asynchronous wait touches nothing but the epoll set, and the second
 * sender only the rows of the call that is under way.
 */
#ifndef PU_PROBE_PACKET_H
#define PU_PROBE_PACKET_H

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_limits {
  /*
   * One block of the ring (packet(7), TPACKET_V3); a longer packet is cut to it. A packet alone takes a whole block when
   * the block is handed over before it is full, so a ring of n blocks overflows when nobody reads for n ms.
   */
  RING_BLOCK = 1 << 15,
  /* A ring is a multiple of it. */
  RING_STEP = 1 << 20,
  /* Memory of received rows when there is no ring. */
  PACKET_ARENA = 1 << 20,
  MAX_RING = 1 << 30,
  /* Messages of one sendmmsg; more gain nothing (a larger chunk only blurs the times of sending). */
  SEND_CHUNK = 64,
  /* Rows of one call from which on a second thread helps; waking it costs as much as some ten packets. */
  SHARED_ROWS = 256,
  /* Messages of one recvmmsg, and the bytes kept of each: more than any answer but a jumbo or an assembled one. */
  PACKET_MAILBOX = 32,
  PACKET_SNAP = 8192,
  /* Ports held by one packet port. */
  MAX_RESERVED = 64,
  MAX_LINK_ADDRESS = 8,
};

/* Bits of the column `flags`; src/wire/native.ts tells them. */
enum packet_flag {
  PACKET_NO_CHECKSUM = 1,
  PACKET_CHECKSUM_VALID = 2,
  PACKET_CUT = 4,
  PACKET_LATE_STAMP = 8,
};

/* What `hops` of packetSend holds, 48 bytes each. */
struct packet_hop {
  /* 0: a raw socket sends the row. */
  uint32_t ifindex;
  uint16_t ethertype;
  uint16_t address_length;
  uint8_t address[MAX_LINK_ADDRESS];
  uint32_t scope_id;
  uint8_t reserved[28];
};

/* Rows to be sent; checked before. */
struct packet_rows {
  uint8_t *arena;
  const uint32_t *offset;
  const uint16_t *length;
  const uint16_t *hop;
  const uint8_t *hops;
  double *sent_ms;
  uint16_t *error;
};

/* Columns of packetDrain. */
struct arrived_rows {
  size_t rows;
  uint32_t *offset;
  uint16_t *length;
  double *at_ms;
  uint16_t *protocol;
  uint32_t *ifindex;
  uint8_t *flags;
};

/* Memory that JavaScript sees: it stays mapped until the last owner is gone, after `memory_cut` without the socket. */
struct packet_memory {
  uint8_t *bytes;
  size_t size;
  int owners;
};

/* Where reading of the ring stands. */
struct ring {
  /* 0 when there is no ring. */
  uint32_t blocks;
  /* The block that is read, how many of its packets are left, where in it the next one is. */
  uint32_t block;
  uint32_t left;
  uint32_t at;
  /* Blocks before `block` that are handed out wholly and go back at the next drain. */
  uint32_t finished;
};

struct reserved_port {
  /* UDP and TCP of IPv4, of IPv6; -1 where there is none. */
  int fds[4];
};

struct packet_counters {
  uint64_t received;
  uint64_t dropped;
  uint64_t frozen;
  uint64_t sent;
  uint64_t send_failed;
};

struct second_sender;

struct packet_port {
  int epoll_fd;
  int wake_fd;
  int receive_fd;
  int send_fd;
  /* IPv4, IPv6; the second is -1 on a system without IPv6. */
  int raw_fds[2];
  bool closed;
  bool waiting;
  int64_t opened_ns;
  struct packet_memory *memory;
  struct ring ring;
  struct packet_counters counters;
  /* NULL until a call is large enough, or where there is none. */
  struct second_sender *second;
  bool has_no_second;
  uint32_t reserved_count;
  struct reserved_port reserved[MAX_RESERVED];
};

/* packet_open.c: what could not be had is told in `what`. 0 or an errno. */
int packet_open(struct packet_port *port, const struct sock_fprog *filter, uint32_t ring_blocks,
                const char **what);
void packet_close(struct packet_port *port);
void packet_free(struct packet_port *port);
void memory_release(struct packet_memory *memory);
void packet_count(struct packet_port *port);

/* packet_reserve.c: the port, or a negative errno. */
int packet_reserve(struct packet_port *port, uint16_t wanted);
void packet_unreserve(struct packet_port *port);

/* packet_send.c, packet_drain.c */
uint32_t packet_send(struct packet_port *port, const struct packet_rows *rows, uint32_t from,
                     uint32_t count);
/* Sends the rows on the calling thread and counts nothing; returns how many failed. */
uint32_t send_rows(const struct packet_port *port, const struct packet_rows *rows, uint32_t from, uint32_t count);
uint32_t packet_drain(struct packet_port *port, const struct arrived_rows *rows);

/* second_sender.c */
struct second_sender *second_sender_start(void);
uint32_t second_sender_share(struct second_sender *s, const struct packet_port *port,
                             const struct packet_rows *rows, uint32_t from, uint32_t count);
void second_sender_end(struct second_sender *s);

/* privilege.c: 0 or an errno. */
int drop_privileges(void);

#endif
