/* What arrived: rows out of the ring, or out of a plain packet socket. */
#define _GNU_SOURCE
#include "packet.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { ROW_ALIGN = 8 };

/* Columns being filled, and the clocks of this drain. */
struct filling {
  const struct arrived_rows *rows;
  uint32_t count;
  int64_t offset_ns;
  int64_t now_ns;
  int64_t opened_ns;
};

struct arrived {
  uint32_t offset;
  uint32_t captured;
  uint32_t length;
  uint32_t status;
  int64_t stamp_ns;
  const struct sockaddr_ll *from;
};

/* A stamp that cannot be true (the wall clock was set since) is replaced by now. */
static double arrival_ms(struct filling *filling, int64_t stamp_ns) {
  int64_t at = stamp_ns - filling->offset_ns;
  if (at > filling->now_ns) filling->now_ns = now_ns();
  bool is_possible = stamp_ns != 0 && at <= filling->now_ns && at >= filling->opened_ns;
  return to_ms(is_possible ? at : filling->now_ns);
}

static void add_row(struct filling *filling, const struct arrived *packet) {
  if (packet->from->sll_pkttype == PACKET_OUTGOING) return;
  const struct arrived_rows *rows = filling->rows;
  uint32_t row = filling->count++;
  uint32_t captured = packet->captured > UINT16_MAX ? UINT16_MAX : packet->captured;
  rows->offset[row] = packet->offset;
  rows->length[row] = (uint16_t)captured;
  rows->at_ms[row] = arrival_ms(filling, packet->stamp_ns);
  rows->protocol[row] = ntohs(packet->from->sll_protocol);
  rows->ifindex[row] = (uint32_t)packet->from->sll_ifindex;
  rows->flags[row] = (uint8_t)((packet->stamp_ns == 0 ? PACKET_LATE_STAMP : 0) |
                               (packet->status & TP_STATUS_CSUMNOTREADY ? PACKET_NO_CHECKSUM : 0) |
                               (packet->status & TP_STATUS_CSUM_VALID ? PACKET_CHECKSUM_VALID : 0) |
                               (captured < packet->length ? PACKET_CUT : 0));
}

static struct tpacket_hdr_v1 *block_header(const struct packet_port *port, uint32_t block) {
  struct tpacket_block_desc *description = (void *)(port->memory->bytes + (size_t)block * RING_BLOCK);
  return &description->hdr.bh1;
}

/* Gives the blocks that the last drain finished back to the kernel. */
static void give_back(struct packet_port *port) {
  struct ring *ring = &port->ring;
  uint32_t block = (ring->block + ring->blocks - ring->finished % ring->blocks) % ring->blocks;
  for (; ring->finished > 0; ring->finished--) {
    __atomic_store_n(&block_header(port, block)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    block = (block + 1) % ring->blocks;
  }
}

/* Begins with the next block; false when the kernel still has it, or all blocks are handed out. */
static bool begin_block(struct packet_port *port) {
  struct ring *ring = &port->ring;
  if (ring->finished == ring->blocks) return false;
  const struct tpacket_hdr_v1 *header = block_header(port, ring->block);
  if ((__atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) return false;
  ring->left = header->num_pkts;
  ring->at = header->offset_to_first_pkt;
  return true;
}

static void finish_block(struct ring *ring) {
  ring->left = 0;
  ring->block = (ring->block + 1) % ring->blocks;
  ring->finished++;
}

/*
 * Reads the packet at ring->at and steps on. JavaScript can write where these numbers are read, so all are checked against
 * the block; false when they are not the kernel's.
 */
static bool read_ring(struct packet_port *port, struct filling *filling) {
  static const uint32_t name_at = TPACKET_ALIGN(sizeof(struct tpacket3_hdr));
  static const uint32_t header_bytes = TPACKET_ALIGN(sizeof(struct tpacket3_hdr)) + sizeof(struct sockaddr_ll);
  struct ring *ring = &port->ring;
  size_t base = (size_t)ring->block * RING_BLOCK;
  struct tpacket3_hdr header;
  struct sockaddr_ll from;
  if (ring->at > RING_BLOCK - header_bytes) return false;
  memcpy(&header, port->memory->bytes + base + ring->at, sizeof header);
  memcpy(&from, port->memory->bytes + base + ring->at + name_at, sizeof from);
  uint32_t room = RING_BLOCK - ring->at;
  if (header.tp_mac > room || header.tp_snaplen > room - header.tp_mac) return false;
  struct arrived packet = {
      .offset = (uint32_t)base + ring->at + header.tp_mac,
      .captured = header.tp_snaplen,
      .length = header.tp_len,
      .status = header.tp_status,
      .stamp_ns = (int64_t)header.tp_sec * 1000000000 + header.tp_nsec,
      .from = &from,
  };
  add_row(filling, &packet);
  ring->left--;
  if (ring->left > 0 && (header.tp_next_offset == 0 || header.tp_next_offset > room)) return false;
  ring->at += header.tp_next_offset;
  return true;
}

static void drain_ring(struct packet_port *port, struct filling *filling) {
  struct ring *ring = &port->ring;
  give_back(port);
  while (filling->count < filling->rows->rows) {
    if (ring->left == 0 && !begin_block(port)) return;
    bool is_sound = true;
    while (is_sound && ring->left > 0 && filling->count < filling->rows->rows) {
      is_sound = read_ring(port, filling);
    }
    if (!is_sound || ring->left == 0) finish_block(ring);
  }
}

struct packet_mail {
  struct mmsghdr messages[PACKET_MAILBOX];
  struct iovec vectors[PACKET_MAILBOX];
  struct sockaddr_ll names[PACKET_MAILBOX];
  _Alignas(struct cmsghdr) uint8_t control[PACKET_MAILBOX][128];
};

static int receive_mail(const struct packet_port *port, struct packet_mail *mail, size_t at, unsigned wanted) {
  for (unsigned i = 0; i < wanted; i++) {
    mail->vectors[i] = (struct iovec){port->memory->bytes + at + (size_t)i * PACKET_SNAP, PACKET_SNAP};
    mail->messages[i] = (struct mmsghdr){.msg_hdr = {
                                             .msg_name = &mail->names[i],
                                             .msg_namelen = sizeof mail->names[i],
                                             .msg_iov = &mail->vectors[i],
                                             .msg_iovlen = 1,
                                             .msg_control = mail->control[i],
                                             .msg_controllen = sizeof mail->control[i],
                                         }};
  }
  int count;
  do {
    count = recvmmsg(port->receive_fd, mail->messages, wanted, MSG_DONTWAIT, NULL);
  } while (count < 0 && errno == EINTR);
  return count;
}

static void read_control(struct msghdr *message, struct arrived *packet) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
      struct tpacket_auxdata aux;
      memcpy(&aux, CMSG_DATA(c), sizeof aux);
      packet->status = aux.tp_status;
      packet->length = aux.tp_len;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
      /* The first of three is the software's. */
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      packet->stamp_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    }
  }
}

/* Packets are received into places of PACKET_SNAP bytes and moved together, so that a megabyte holds many small ones. */
static void drain_socket(struct packet_port *port, struct filling *filling) {
  struct packet_mail mail;
  uint8_t *bytes = port->memory->bytes;
  size_t used = 0;
  while (filling->count < filling->rows->rows && used + (size_t)PACKET_MAILBOX * PACKET_SNAP <= PACKET_ARENA) {
    size_t free_rows = filling->rows->rows - filling->count;
    unsigned wanted = free_rows < PACKET_MAILBOX ? (unsigned)free_rows : PACKET_MAILBOX;
    int count = receive_mail(port, &mail, used, wanted);
    for (int i = 0; i < count; i++) {
      uint32_t captured = mail.messages[i].msg_len;
      struct arrived packet = {
          .offset = (uint32_t)used, .captured = captured, .length = captured, .from = &mail.names[i]};
      read_control(&mail.messages[i].msg_hdr, &packet);
      memmove(bytes + used, mail.vectors[i].iov_base, captured);
      add_row(filling, &packet);
      used += (captured + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    }
    if (count < (int)wanted) return;
  }
}

uint32_t packet_drain(struct packet_port *port, const struct arrived_rows *rows) {
  if (port->closed) return 0;
  struct filling filling = {
      .rows = rows,
      .offset_ns = clock_offset(),
      .now_ns = now_ns(),
      .opened_ns = port->opened_ns,
  };
  if (port->ring.blocks > 0) {
    drain_ring(port, &filling);
  } else {
    drain_socket(port, &filling);
  }
  if (filling.count == 0) {
    /* An error left on the socket would keep it ready for ever. */
    int error;
    socklen_t length = sizeof error;
    (void)getsockopt(port->receive_fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  return filling.count;
}
