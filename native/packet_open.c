/* The life of a packet port: sockets, the memory of received rows, counters. */
#define _GNU_SOURCE
#include "packet.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 4.20; headers may be older. */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

static const int receive_buffer_bytes = 8 << 20;
static const int send_buffer_bytes = 4 << 20;
/* A block that is not full is handed over after this: answers come late by it, their stamps do not. */
static const unsigned retire_ms = 1;
/* Only a divisor of the block: TPACKET_V3 packs packets without frames. */
static const unsigned frame_bytes = 2048;

static struct packet_memory *memory_create(int fd, size_t size) {
  struct packet_memory *memory = malloc(sizeof *memory);
  if (memory == NULL) return NULL;
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (bytes == MAP_FAILED) {
    int error = errno;
    free(memory);
    errno = error;
    return NULL;
  }
  *memory = (struct packet_memory){.bytes = bytes, .size = size, .owners = 1};
  return memory;
}

/*
 * Takes the ring away from under the arrays that JavaScript still holds, which from now on read zeros: a mapped ring keeps
 * its socket open and receiving.
 */
static void memory_cut(const struct packet_memory *memory) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  (void)mmap(memory->bytes, memory->size, PROT_READ | PROT_WRITE, flags, -1, 0);
}

void memory_release(struct packet_memory *memory) {
  if (--memory->owners > 0) return;
  (void)munmap(memory->bytes, memory->size);
  free(memory);
}

static int make_ring(struct packet_port *port, uint32_t blocks) {
  struct tpacket_req3 request = {
      .tp_block_size = RING_BLOCK,
      .tp_block_nr = blocks,
      .tp_frame_size = frame_bytes,
      .tp_frame_nr = RING_BLOCK / frame_bytes * blocks,
      .tp_retire_blk_tov = retire_ms,
  };
  if (set_option(port->receive_fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3) != 0 ||
      setsockopt(port->receive_fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    return errno;
  }
  port->memory = memory_create(port->receive_fd, (size_t)blocks * RING_BLOCK);
  port->ring.blocks = blocks;
  return port->memory == NULL ? errno : 0;
}

static int make_arena(struct packet_port *port) {
  int fd = port->receive_fd;
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes) != 0) {
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  }
  if (set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1) != 0) return errno;
  port->memory = memory_create(-1, PACKET_ARENA);
  return port->memory == NULL ? errno : 0;
}

/* Protocol 0 receives nothing: a socket gets packets from the moment on when it is bound to a protocol. */
static int packet_socket(int *fd) {
  *fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return *fd < 0 ? errno : 0;
}

static int prepare_receiver(struct packet_port *port, const struct sock_fprog *filter) {
  int fd = port->receive_fd;
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof *filter) != 0) return errno;
  /* Older kernels deliver what we send; such rows are skipped. */
  (void)set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  /* Without it the ring stamps a packet where it is copied, not where it arrived. Not SO_TIMESTAMPNS, which gives a packet
   * without a stamp (the kernel takes some us to begin with stamps) the time of reading and does not say so. */
  int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  return set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, stamps) != 0 ? errno : 0;
}

static int make_sender(struct packet_port *port) {
  int error = packet_socket(&port->send_fd);
  if (error != 0) return error;
  if (set_option(port->send_fd, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer_bytes) != 0) {
    (void)set_option(port->send_fd, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  }
  return 0;
}

/* Sockets of IPPROTO_RAW take whole packets and receive nothing (raw(7)). */
static int make_raw(struct packet_port *port) {
  int type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  port->raw_fds[0] = socket(AF_INET, type, IPPROTO_RAW);
  if (port->raw_fds[0] < 0 || set_option(port->raw_fds[0], IPPROTO_IP, IP_HDRINCL, 1) != 0) return errno;
  port->raw_fds[1] = socket(AF_INET6, type, IPPROTO_RAW);
  if (port->raw_fds[1] < 0) return 0;
  return set_option(port->raw_fds[1], IPPROTO_IPV6, IPV6_HDRINCL, 1) != 0 ? errno : 0;
}

static int make_waiting(struct packet_port *port) {
  port->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (port->epoll_fd < 0) return errno;
  port->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event interest = {.events = EPOLLIN};
  if (port->wake_fd < 0 ||
      epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, port->wake_fd, &interest) != 0 ||
      epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, port->receive_fd, &interest) != 0) {
    return errno;
  }
  return 0;
}

static int start_receiver(const struct packet_port *port) {
  struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  return bind(port->receive_fd, (const struct sockaddr *)&all, sizeof all) != 0 ? errno : 0;
}

int packet_open(struct packet_port *port, const struct sock_fprog *filter, uint32_t ring_blocks,
                const char **what) {
  port->epoll_fd = port->wake_fd = port->receive_fd = port->send_fd = -1;
  port->raw_fds[0] = port->raw_fds[1] = -1;
  *what = "a packet socket";
  int error = packet_socket(&port->receive_fd);
  if (error == 0) error = make_sender(port);
  if (error == 0) {
    *what = "the filter or the stamps of a packet socket";
    error = prepare_receiver(port, filter);
  }
  if (error == 0) {
    *what = "memory for received packets";
    error = ring_blocks > 0 ? make_ring(port, ring_blocks) : make_arena(port);
  }
  if (error == 0) {
    *what = "a raw socket";
    error = make_raw(port);
  }
  if (error == 0) {
    *what = "an epoll set";
    error = make_waiting(port);
  }
  port->opened_ns = now_ns();
  if (error == 0) error = start_receiver(port);
  return error;
}

/* The kernel resets its counters at every reading. */
void packet_count(struct packet_port *port) {
  struct tpacket_stats_v3 counts = {0};
  socklen_t length = port->ring.blocks > 0 ? sizeof counts : sizeof(struct tpacket_stats);
  if (port->closed || getsockopt(port->receive_fd, SOL_PACKET, PACKET_STATISTICS, &counts, &length) != 0) {
    return;
  }
  /* tp_packets includes the dropped ones. */
  port->counters.received += counts.tp_packets - counts.tp_drops;
  port->counters.dropped += counts.tp_drops;
  port->counters.frozen += counts.tp_freeze_q_cnt;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/*
 * Leaves the last reference to a file in a pair of Unix sockets that hold each other: nobody can reach them any more, so
 * the kernel's collector of such cycles closes the file (net/unix/garbage.c), on a worker of its own from Linux 6.10 on.
 */
static bool give_to_collector(int fd) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  int fds[] = {fd, pair[0]};
  char byte = 0;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {0};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  memcpy(CMSG_DATA(header), fds, sizeof fds);
  bool given = sendmsg(pair[1], &message, MSG_NOSIGNAL) == 1;
  close(pair[0]);
  close(pair[1]);
  return given;
}

/*
 * The kernel holds whoever closes a packet socket until no core can still be using it, 8 to 20 ms (synchronize_net); that
 * would be a third of a short run. Before the last reference goes, the socket is shut: no packet reaches it any more.
 */
static void close_packet_socket(int *fd) {
  static const struct sock_filter nothing[] = {{.code = BPF_RET | BPF_K, .k = 0}};
  struct sock_fprog deaf = {.len = 1, .filter = (struct sock_filter *)nothing};
  if (*fd < 0) return;
  (void)setsockopt(*fd, SOL_SOCKET, SO_ATTACH_FILTER, &deaf, sizeof deaf);
  (void)give_to_collector(*fd);
  close_fd(fd);
}

/* A waiting thread is woken and keeps the epoll set until it is done. */
void packet_close(struct packet_port *port) {
  if (port->closed) return;
  packet_count(port);
  port->closed = true;
  second_sender_end(port->second);
  port->second = NULL;
  packet_unreserve(port);
  if (port->memory != NULL) memory_cut(port->memory);
  close_packet_socket(&port->receive_fd);
  close_packet_socket(&port->send_fd);
  close_fd(&port->raw_fds[0]);
  close_fd(&port->raw_fds[1]);
  if (port->waiting) (void)eventfd_write(port->wake_fd, 1);
}

void packet_free(struct packet_port *port) {
  packet_close(port);
  close_fd(&port->wake_fd);
  close_fd(&port->epoll_fd);
  if (port->memory != NULL) memory_release(port->memory);
  free(port);
}
