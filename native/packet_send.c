/* Sending rows: packets to a link-layer address, or through a raw socket by our own route. */
#define _GNU_SOURCE
#include "packet.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

_Static_assert(sizeof(struct packet_hop) == 48, "src/wire/native.ts says 48 bytes");

union packet_address {
  struct sockaddr_ll link;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* Messages of one sendmmsg. */
struct chunk {
  struct mmsghdr messages[SEND_CHUNK];
  struct iovec vectors[SEND_CHUNK];
  union packet_address names[SEND_CHUNK];
};

/* A raw socket wants the destination beside the packet. The socket, or a negative errno. */
static int address_raw(const struct packet_port *port, const struct packet_hop *hop, const uint8_t *packet,
                       size_t length, union packet_address *name, socklen_t *name_length) {
  int version = length > 0 ? packet[0] >> 4 : 0;
  if (version == 4 && length >= 20) {
    name->v4 = (struct sockaddr_in){.sin_family = AF_INET};
    memcpy(&name->v4.sin_addr, packet + 16, 4);
    *name_length = sizeof name->v4;
    return port->raw_fds[0];
  }
  if (version == 6 && length >= 40) {
    name->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_scope_id = hop->scope_id};
    memcpy(&name->v6.sin6_addr, packet + 24, 16);
    *name_length = sizeof name->v6;
    return port->raw_fds[1] >= 0 ? port->raw_fds[1] : -EAFNOSUPPORT;
  }
  return -EINVAL;
}

/* Fills message `at` of the chunk; the socket that it goes out of, or a negative errno. */
static int address_row(const struct packet_port *port, const struct packet_rows *rows, uint32_t row,
                       struct chunk *chunk, uint32_t at) {
  struct msghdr *message = &chunk->messages[at].msg_hdr;
  union packet_address *name = &chunk->names[at];
  uint8_t *packet = rows->arena + rows->offset[row];
  struct packet_hop hop;
  memcpy(&hop, rows->hops + (size_t)rows->hop[row] * sizeof hop, sizeof hop);
  chunk->vectors[at] = (struct iovec){packet, rows->length[row]};
  *message = (struct msghdr){.msg_name = name, .msg_iov = &chunk->vectors[at], .msg_iovlen = 1};
  if (hop.ifindex == 0) {
    return address_raw(port, &hop, packet, rows->length[row], name, &message->msg_namelen);
  }
  name->link = (struct sockaddr_ll){
      .sll_family = AF_PACKET,
      .sll_protocol = htons(hop.ethertype),
      .sll_ifindex = (int)hop.ifindex,
      .sll_halen = (unsigned char)hop.address_length,
  };
  memcpy(name->link.sll_addr, hop.address, sizeof hop.address);
  message->msg_namelen = sizeof name->link;
  return port->send_fd;
}

static void tell_times(const struct packet_rows *rows, uint32_t row, uint32_t count, int64_t begin_ns) {
  double begin_ms = to_ms(begin_ns);
  double step_ms = (to_ms(now_ns()) - begin_ms) / count;
  for (uint32_t i = 0; i < count; i++) rows->sent_ms[row + i] = begin_ms + i * step_ms;
}

/* Sends the filled messages out of one socket; returns how many failed. */
static uint32_t send_chunk(const struct packet_rows *rows, uint32_t row, struct chunk *chunk, uint32_t count,
                           int fd) {
  uint32_t failed = 0;
  uint32_t done = 0;
  int64_t begin_ns = now_ns();
  while (done < count) {
    int sent = sendmmsg(fd, &chunk->messages[done], count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      memset(&rows->error[row + done], 0, (size_t)sent * sizeof *rows->error);
      done += (uint32_t)sent;
    } else if (errno != EINTR) {
      /* The one that failed is the first that was not sent. */
      rows->error[row + done++] = (uint16_t)errno;
      failed++;
    }
  }
  tell_times(rows, row, count, begin_ns);
  return failed;
}

/* Sends the rows that go out of the same socket as the first one, SEND_CHUNK at most; returns how many rows it took. */
static uint32_t send_some(const struct packet_port *port, const struct packet_rows *rows, uint32_t row,
                          uint32_t count, uint32_t *failed) {
  struct chunk chunk;
  int fd = address_row(port, rows, row, &chunk, 0);
  uint32_t taken = 1;
  if (fd < 0) {
    rows->error[row] = (uint16_t)-fd;
    tell_times(rows, row, 1, now_ns());
    *failed += 1;
    return 1;
  }
  while (taken < count && taken < SEND_CHUNK && address_row(port, rows, row + taken, &chunk, taken) == fd) taken++;
  *failed += send_chunk(rows, row, &chunk, taken, fd);
  return taken;
}

static void fail_all(const struct packet_rows *rows, uint32_t from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) rows->error[from + i] = EBADF;
  if (count > 0) tell_times(rows, from, count, now_ns());
}

uint32_t send_rows(const struct packet_port *port, const struct packet_rows *rows, uint32_t from, uint32_t count) {
  uint32_t failed = 0;
  for (uint32_t done = 0; done < count;) {
    done += send_some(port, rows, from + done, count - done, &failed);
  }
  return failed;
}

/* On one core two threads are slower than one. */
static bool has_two_cores(void) {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) > 1;
}

static struct second_sender *second_of(struct packet_port *port) {
  if (port->second == NULL && !port->has_no_second) {
    port->second = has_two_cores() ? second_sender_start() : NULL;
    port->has_no_second = port->second == NULL;
  }
  return port->second;
}

uint32_t packet_send(struct packet_port *port, const struct packet_rows *rows, uint32_t from,
                     uint32_t count) {
  uint32_t failed = 0;
  struct second_sender *second = NULL;
  if (!port->closed && count >= SHARED_ROWS) second = second_of(port);
  if (port->closed) {
    fail_all(rows, from, count);
    failed = count;
  } else if (second != NULL) {
    failed = second_sender_share(second, port, rows, from, count);
  } else {
    failed = send_rows(port, rows, from, count);
  }
  port->counters.sent += count - failed;
  port->counters.send_failed += failed;
  return failed;
}
