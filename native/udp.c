/*
 * One unconnected UDP socket for each family: answers from strangers and the errors of all targets arrive on it. A row of
 * LANE_OWN has a socket of its own, connected to its target: it tells the probe where a quote is too short to. A ping
 * socket is the same for echo requests: its messages begin at the ICMP header, whose identifier and checksum are the
 * kernel's (net/ipv4/ping.c).
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Asked of the kernel; without privilege it gives what rmem_max allows, hence the look at the queues while sending. */
static const int receive_buffer_bytes = 8 << 20;
/* A record that repeats in the error queue can fail any number of sends, but not for ever. */
static const int max_send_tries = 64;
/* Failures in a row without a record that explains them before an errno counts as our own. More than one: the kernel queues
 * a record before it sets the socket's error, so that on another core the two can be seen apart. */
static const int own_failures = 3;
/* Looks at one socket in a row; the others must have their turn. */
static const int max_rounds = 64;
static const int64_t retry_after_ns = 200000;
static const int busy_tries = 5;
/* The most that one ICMP message takes from the buffer. */
static const uint32_t record_bytes = 4096;

static int open_socket(struct wire *w, int index, int family, int protocol) {
  struct udp_socket *s = &w->udp[index];
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return errno;
  int error = prepare_socket(fd, family);
  if (error == 0 && set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) != 0) error = errno;
  if (error == 0 && set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes) != 0) {
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  }
  struct epoll_event interest = {
      .events = EPOLLIN,
      .data.u64 = EPOLL_UDP + (uint64_t)index,
  };
  if (error == 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &interest) != 0) error = errno;
  if (error != 0) {
    close(fd);
    return error;
  }
  s->fd = fd;
  s->protocol = (uint8_t)protocol;
  s->family = family == AF_INET ? 4 : 6;
  s->hops = -1;
  s->seen_drops = 0;
  s->probe = NO_PROBE;
  s->emptied_ns = now_ns();
  return 0;
}

/* The kernel counts dropped datagrams, but not records that found the error queue full: a nearly full buffer says so. */
static void watch_buffer(struct wire *w, struct udp_socket *s) {
  uint32_t memory[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof memory;
  if (getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, memory, &length) != 0) return;
  w->counters.kernel_drops += memory[SK_MEMINFO_DROPS] - s->seen_drops;
  s->seen_drops = memory[SK_MEMINFO_DROPS];
  if (memory[SK_MEMINFO_RMEM_ALLOC] + record_bytes >= memory[SK_MEMINFO_RCVBUF]) {
    w->counters.buffer_full++;
  }
}

static void push_record(struct wire *w, const struct udp_socket *s, const struct record *record) {
  bool is_error = record->has_err;
  bool is_udp = s->protocol == IPPROTO_UDP;
  uint8_t answer = is_udp ? SIGNAL_DATAGRAM : SIGNAL_ECHO_REPLY;
  struct event *event = event_push(w, is_error ? SIGNAL_ICMP : answer, s->protocol);
  event->at_ms = to_ms(monotonic_of(record->stamp_ns, s->emptied_ns));
  event->family = s->family;
  if (s->probe != NO_PROBE) {
    event->probe = s->probe;
    event->tag = s->tag;
    event->attempt = s->attempt;
    event->sent_ms = s->sent_ms;
  }
  if (is_error) {
    event_icmp(event, record);
    event_address(&record->name, event->dst, &event->dst_port);
    w->counters.icmp_records++;
  } else {
    event->ttl = (uint8_t)record->ttl;
    event_address(&record->name, event->from, &event->from_port);
    if (is_udp) {
      w->counters.datagrams++;
    } else {
      w->counters.echo_replies++;
    }
  }
  if (record->truncated) w->counters.truncated++;
  event_payload(w, event, record->payload, record->length);
}

/* Empties one queue; says whether an ICMP record with this errno was in it. */
static bool read_queue(struct wire *w, struct udp_socket *s, int flags, int sought) {
  struct record records[MAILBOX];
  bool found = false;
  for (int round = 0; round < max_rounds; round++) {
    int count = receive_many(w, s->fd, flags, records);
    for (int i = 0; i < count; i++) {
      push_record(w, s, &records[i]);
      found |= records[i].has_err && records[i].err.ee_origin != SO_EE_ORIGIN_LOCAL &&
               (int)records[i].err.ee_errno == sought;
    }
    if (count < MAILBOX) break;
  }
  return found;
}

void udp_service(struct wire *w, struct udp_socket *s) {
  if (s->fd < 0) return;
  int64_t started = now_ns();
  watch_buffer(w, s);
  (void)read_queue(w, s, MSG_ERRQUEUE, 0);
  (void)read_queue(w, s, 0, 0);
  s->emptied_ns = started;
  /* An error whose record is gone would keep the socket ready for ever; its record is in the queue of events. */
  int error;
  socklen_t length = sizeof error;
  (void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

enum blame { OURS, THEIRS, EITHER, BUSY };

/* Whose a failed send is: a pending ICMP error fails the next send once, whatever that send's destination. */
static enum blame blame_of(int error) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return BUSY;
    case ECONNREFUSED:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EHOSTDOWN:
    case ENONET:
    case EPROTO:
      return THEIRS;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
    case EMSGSIZE:
      return EITHER;
    default:
      return OURS;
  }
}

/* Waits a little for room; false when this call of send has waited enough. */
static bool wait_for_room(struct wire *w, int fd) {
  if (w->patience_ns <= 0) return false;
  int64_t before = now_ns();
  struct pollfd writable = {.fd = fd, .events = POLLOUT};
  struct timespec pause = {.tv_nsec = retry_after_ns};
  if (poll(&writable, 1, 0) == 0) {
    (void)ppoll(&writable, 1, &pause, NULL);
  } else {
    (void)nanosleep(&pause, NULL);
  }
  w->patience_ns -= now_ns() - before;
  return true;
}

/* Sends one message; 0 or the errno that is our own. */
static int send_message(struct wire *w, struct udp_socket *s, const struct msghdr *message,
                        double *sent_ms) {
  int unexplained = 0;
  int busy = 0;
  int error = 0;
  for (int try = 0; try < max_send_tries; try++) {
    *sent_ms = to_ms(now_ns());
    if (sendmsg(s->fd, message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    error = errno;
    if (error == EINTR) continue;
    switch (blame_of(error)) {
      case OURS:
        return error;
      case BUSY:
        if (++busy > busy_tries || !wait_for_room(w, s->fd)) return error;
        break;
      case THEIRS:
        /* The failed send took the error away; its record is read with the others. */
        break;
      case EITHER:
        /* Emptying the queue would hide that it was full. */
        watch_buffer(w, s);
        unexplained = read_queue(w, s, MSG_ERRQUEUE, error) ? 0 : unexplained + 1;
        if (unexplained == own_failures) return error;
        break;
    }
    w->counters.send_retries++;
  }
  return error;
}

static void set_ttl(struct msghdr *message, void *control, int family, int ttl) {
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE(sizeof ttl);
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  header->cmsg_type = family == AF_INET ? IP_TTL : IPV6_HOPLIMIT;
  header->cmsg_len = CMSG_LEN(sizeof ttl);
  memcpy(CMSG_DATA(header), &ttl, sizeof ttl);
}

/* Before Linux 5.18 the hop limit beside a message was ignored here: it is set on the socket. */
static int set_ping_hops(struct udp_socket *s, int ttl) {
  int hops = ttl == 0 ? -1 : ttl;
  if (hops == s->hops) return 0;
  bool is_v4 = s->family == 4;
  int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (set_option(s->fd, level, is_v4 ? IP_TTL : IPV6_UNICAST_HOPS, hops) != 0) return errno;
  s->hops = hops;
  return 0;
}

static void close_socket(struct udp_socket *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

/* A new socket for this row alone, in place of the oldest; 0 or an errno. Connected: strangers are not taken for the target. */
static int own_socket(struct wire *w, const struct probe_rows *rows, uint32_t row,
                      const union address *to, struct udp_socket **opened) {
  int index = SHARED_SOCKETS + (int)(w->owned++ % OWN_SOCKETS);
  struct udp_socket *s = *opened = &w->udp[index];
  /* What has come for the oldest is not lost with it. */
  udp_service(w, s);
  close_socket(s);
  int error = open_socket(w, index, to->any.sa_family, IPPROTO_UDP);
  if (error == 0 && connect(s->fd, &to->any, address_length(to)) != 0) error = errno;
  if (error != 0) {
    close_socket(s);
    return error;
  }
  s->probe = rows->probe[row];
  s->tag = rows->tag[row];
  s->attempt = rows->attempt[row];
  s->sent_ms = to_ms(now_ns());
  return 0;
}

/* The socket that the row leaves from; 0 or an errno. */
static int socket_of(struct wire *w, const struct probe_rows *rows, uint32_t row,
                     const union address *to, struct udp_socket **found) {
  int family = to->any.sa_family;
  int protocol = rows->protocol[row];
  bool is_udp = protocol == IPPROTO_UDP;
  if (is_udp && rows->lane[row] == LANE_OWN) {
    int error = own_socket(w, rows, row, to, found);
    /* Without another file a shared socket is better than nothing. */
    if (error != EMFILE && error != ENFILE) return error;
  }
  int index = (is_udp ? 0 : 2) + (family == AF_INET ? 0 : 1);
  *found = &w->udp[index];
  return w->udp[index].fd < 0 ? open_socket(w, index, family, protocol) : 0;
}

void udp_send(struct wire *w, const struct probe_rows *rows, uint32_t row, const union address *to) {
  int family = to->any.sa_family;
  bool is_udp = rows->protocol[row] == IPPROTO_UDP;
  struct udp_socket *s = NULL;
  int error = socket_of(w, rows, row, to, &s);
  if (error == 0 && !is_udp) error = set_ping_hops(s, rows->ttl[row]);
  rows->sent_ms[row] = to_ms(now_ns());
  if (error == 0) {
    union address name = *to;
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec vector = {rows->bytes + rows->offset[row], rows->length[row]};
    struct msghdr message = {
        .msg_name = &name,
        .msg_namelen = address_length(to),
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };
    if (is_udp && rows->ttl[row] != 0) set_ttl(&message, control, family, rows->ttl[row]);
    error = send_message(w, s, &message, &rows->sent_ms[row]);
    s->sent_ms = rows->sent_ms[row];
  }
  if (error == 0 && is_udp) {
    w->counters.udp_sent++;
  } else if (error == 0) {
    w->counters.echo_sent++;
  } else {
    send_failed(w, rows, row, to, error);
  }
}

void udp_close(struct wire *w) {
  for (int i = 0; i < UDP_SOCKETS; i++) close_socket(&w->udp[i]);
}
