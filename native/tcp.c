/*
 * TCP connects from a pool of sockets.
 *
 * A socket is used again for the next connect: connect(AF_UNSPEC) takes it back to the start from any state (after an open
 * connection by a RST, so that no side keeps TIME_WAIT), and the next connect chooses a new source port. That saves
 * socket(), close() and the options: a fifth of the cost of a connect.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How often we look again although it did not pay. */
static const uint32_t eager_every = 64;

static int fresh_socket(struct wire *w, struct slot *slot, int family) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return errno;
  int error = prepare_socket(fd, family);
  if (error != 0) {
    close(fd);
    return error;
  }
  slot->fd = fd;
  slot->registered = slot->used = slot->ttl_set = slot->min_ttl_set = false;
  w->counters.tcp_sockets++;
  return 0;
}

/* Closes without lingering: an open connection is reset. */
static void close_socket(struct slot *slot) {
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  if (slot->fd < 0) return;
  (void)setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(slot->fd);
  slot->fd = -1;
}

static bool disconnect(struct slot *slot) {
  struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
  slot->used = false;
  return connect(slot->fd, &unspecified, sizeof unspecified) == 0;
}

/* Ends the attempt and keeps the socket; a finished connect is taken back when the socket is needed. */
void tcp_release(struct wire *w, uint32_t index) {
  struct slot *slot = &w->tcp.slots[index];
  slot_unname(&w->tcp, index);
  enum slot_list list = slot->peer.any.sa_family == AF_INET ? LIST_FREE4 : LIST_FREE6;
  slot_move(&w->tcp, index, slot->fd < 0 ? LIST_EMPTY : list);
}

/* Ends the attempt on the wire too: a pending one stops sending SYNs, an open one is reset. */
void tcp_abort(struct wire *w, uint32_t index) {
  struct slot *slot = &w->tcp.slots[index];
  if (!disconnect(slot)) close_socket(slot);
  tcp_release(w, index);
}

/* A slot that carries no attempt, given up ones included; its socket is of this family or missing. */
static uint32_t take_slot(struct wire *w, int family) {
  struct tcp_pool *pool = &w->tcp;
  enum slot_list own = family == AF_INET ? LIST_FREE4 : LIST_FREE6;
  enum slot_list other = family == AF_INET ? LIST_FREE6 : LIST_FREE4;
  if (pool->tails[own] != NO_SLOT) return pool->tails[own];
  uint32_t index = slot_without_socket(pool);
  if (index != NO_SLOT) return index;
  index = pool->tails[other];
  if (index == NO_SLOT) {
    index = pool->heads[LIST_STALE];
    if (index == NO_SLOT) index = pool->heads[LIST_PENDING];
    if (index == NO_SLOT) index = pool->heads[LIST_HELD];
    if (index == NO_SLOT) return NO_SLOT;
    w->counters.tcp_evicted++;
    tcp_abort(w, index);
  }
  struct slot *slot = &pool->slots[index];
  if (slot->peer.any.sa_family != family) close_socket(slot);
  return index;
}

static int set_hops(struct slot *slot, int ttl, int min_ttl) {
  bool is_v4 = slot->peer.any.sa_family == AF_INET;
  int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (ttl != 0 || slot->ttl_set) {
    int name = is_v4 ? IP_TTL : IPV6_UNICAST_HOPS;
    if (set_option(slot->fd, level, name, ttl == 0 ? -1 : ttl) != 0) return errno;
    slot->ttl_set = ttl != 0;
  }
  if (min_ttl != 0 || slot->min_ttl_set) {
    int name = is_v4 ? IP_MINTTL : IPV6_MINHOPCOUNT;
    if (set_option(slot->fd, level, name, min_ttl) != 0) return errno;
    slot->min_ttl_set = min_ttl != 0;
  }
  return 0;
}

static int watch(struct wire *w, uint32_t index) {
  struct slot *slot = &w->tcp.slots[index];
  /* Edge-triggered: a socket that was used and waits in the pool must not be reported again and again. */
  struct epoll_event interest = {
      .events = EPOLLIN | EPOLLOUT | EPOLLET,
      .data.u64 = EPOLL_SLOTS + index,
  };
  if (slot->registered) return 0;
  if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, slot->fd, &interest) != 0) return errno;
  slot->registered = true;
  return 0;
}

/* Calls connect() on the slot's socket; 0 when it is under way. */
int tcp_connect(struct wire *w, uint32_t index) {
  struct slot *slot = &w->tcp.slots[index];
  if (slot->used && !disconnect(slot)) return ECONNABORTED;
  slot->sent_ns = now_ns();
  slot->used = true;
  int result = connect(slot->fd, &slot->peer.any, address_length(&slot->peer));
  return result == 0 || errno == EINPROGRESS || errno == EINTR ? 0 : errno;
}

/*
 * Over loopback and veth the answer is here when connect() returns, and looking at once costs less than epoll. Whether it
 * pays is learnt from the last looks.
 */
static bool is_refused_at_once(struct wire *w, uint32_t index) {
  struct tcp_pool *pool = &w->tcp;
  if (pool->eager <= 0 && ++pool->connects % eager_every != 0) return false;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(pool->slots[index].fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return false;
  pool->eager = error != 0 ? EAGER_CONNECTS : pool->eager - 1;
  if (error == 0) return false;
  tcp_outcome(w, index, now_ns(), error);
  return true;
}

static int start(struct wire *w, uint32_t index, const struct probe_rows *rows, uint32_t row) {
  struct slot *slot = &w->tcp.slots[index];
  bool is_reused = slot->fd >= 0;
  int error = is_reused ? 0 : fresh_socket(w, slot, slot->peer.any.sa_family);
  if (error == 0) error = set_hops(slot, rows->ttl[row], rows->min_ttl[row]);
  if (error == 0) error = tcp_connect(w, index);
  if (error == 0 || !is_reused) return error;
  /* Whatever a used socket complains of is believed only from a new one. */
  close_socket(slot);
  error = fresh_socket(w, slot, slot->peer.any.sa_family);
  if (error == 0) error = set_hops(slot, rows->ttl[row], rows->min_ttl[row]);
  return error == 0 ? tcp_connect(w, index) : error;
}

void tcp_send(struct wire *w, const struct probe_rows *rows, uint32_t row, const union address *to) {
  rows->sent_ms[row] = to_ms(now_ns());
  uint32_t index = take_slot(w, to->any.sa_family);
  if (index == NO_SLOT) {
    send_failed(w, rows, row, to, EMFILE);
    return;
  }
  struct slot *slot = &w->tcp.slots[index];
  slot->peer = *to;
  slot->attempt = rows->attempt[row];
  slot->self_connects = 0;
  int error = start(w, index, rows, row);
  if (error == 0) rows->sent_ms[row] = to_ms(slot->sent_ns);
  if (rows->attempt[row] > 1) slot_supersede(&w->tcp, rows->probe[row], rows->tag[row]);
  slot_name(&w->tcp, index, rows->probe[row], rows->tag[row]);
  slot_move(&w->tcp, index, LIST_PENDING);
  if (error == 0) {
    w->counters.tcp_sent++;
    if (is_refused_at_once(w, index)) return;
    error = watch(w, index);
    if (error == 0) return;
  }
  close_socket(slot);
  tcp_release(w, index);
  send_failed(w, rows, row, to, error);
}

void tcp_service(struct wire *w, uint32_t index, int64_t at_ns) {
  struct slot *slot = &w->tcp.slots[index];
  int error = 0;
  socklen_t length = sizeof error;
  if (slot->list < LIST_PENDING) return;
  if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  tcp_outcome(w, index, at_ns, error);
}

/* Attempts that nobody can be waiting for any more; the kernel alone would send SYNs for two minutes. */
void tcp_expire(struct wire *w) {
  static const enum slot_list lists[] = {LIST_PENDING, LIST_STALE, LIST_HELD};
  struct tcp_pool *pool = &w->tcp;
  int64_t oldest = now_ns() - pool->connect_timeout_ns;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    uint32_t index;
    while ((index = pool->heads[lists[i]]) != NO_SLOT && pool->slots[index].sent_ns < oldest) {
      tcp_abort(w, index);
      w->counters.tcp_expired++;
    }
  }
}

void tcp_close(struct wire *w) {
  for (uint32_t i = 0; i < w->tcp.made; i++) close_socket(&w->tcp.slots[i]);
  slots_free(&w->tcp);
}
