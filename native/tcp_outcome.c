/*
 * What became of a connect.
 *
 * The order matters: SO_ERROR first, then the error queue, and a record overrules. A RST leaves ECONNREFUSED and an empty
 * queue; an ICMP port unreachable leaves ECONNREFUSED and a record. Reading the queue first can clear SO_ERROR, and the
 * failed connect would look open.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <linux/tcp.h>
#include <string.h>

/* States of tcpi_state (kernel: include/net/tcp_states.h; the C library's own header clashes with the kernel's). */
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_CLOSE_WAIT = 8 };

/* Records of one attempt that are looked at; the kernel queues each error twice. */
static const int max_records = 16;
/* Simultaneous opens with ourselves in a row that are believed to be chance. */
static const int max_self_connects = 4;
/* A window update raises no event, so held connections are asked; not more often than this. */
static const int64_t held_poll_ns = 1000000;
/* The kernel sends the first SYN again after 1 s; before that there is no need to ask. */
static const int64_t first_retransmission_ns = 900000000;

static struct event *push_event(struct wire *w, const struct slot *slot, uint8_t kind,
                                int64_t at_ns) {
  struct event *event = event_push(w, kind, IPPROTO_TCP);
  event->probe = slot->probe;
  event->tag = slot->tag;
  event->attempt = slot->attempt;
  event->at_ms = to_ms(at_ns);
  event->sent_ms = to_ms(slot->sent_ns);
  event->family = slot->peer.any.sa_family == AF_INET ? 4 : 6;
  event_address(&slot->peer, event->dst, &event->dst_port);
  if (kind != SIGNAL_ICMP && kind != SIGNAL_SOCKET_ERROR) {
    event_address(&slot->peer, event->from, &event->from_port);
  }
  return event;
}

static bool is_repeated(const struct record *a, const struct record *b) {
  return a->err.ee_type == b->err.ee_type && a->err.ee_code == b->err.ee_code &&
         a->err.ee_origin == b->err.ee_origin && a->err.ee_errno == b->err.ee_errno &&
         a->ttl == b->ttl && memcmp(&a->offender, &b->offender, sizeof a->offender) == 0;
}

/* Empties the error queue into events; says how many different records were about this attempt. */
static int read_records(struct wire *w, struct slot *slot, int64_t at_ns) {
  struct record seen = {0};
  struct record record;
  int count = 0;
  for (int i = 0; i < max_records && receive_error(slot->fd, &record); i++) {
    if (!record.has_err) continue;
    if (record.name.any.sa_family != AF_UNSPEC && !same_address(&record.name, &slot->peer)) {
      w->counters.stale_records++;
      continue;
    }
    if (count > 0 && is_repeated(&record, &seen)) continue;
    seen = record;
    event_icmp(push_event(w, slot, SIGNAL_ICMP, at_ns), &record);
    w->counters.icmp_records++;
    count++;
  }
  return count;
}

static void read_info(const struct slot *slot, struct tcp_info *info, socklen_t *length) {
  *length = sizeof *info;
  memset(info, 0, sizeof *info);
  if (getsockopt(slot->fd, IPPROTO_TCP, TCP_INFO, info, length) != 0) *length = 0;
}

static uint32_t window_of(const struct tcp_info *info, socklen_t length) {
  size_t needed = offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info->tcpi_snd_wnd;
  return length >= needed ? info->tcpi_snd_wnd : WINDOW_UNKNOWN;
}

/*
 * When the answered SYN was sent. After a retransmission by the kernel this is an estimate: the timers are 1 s apart
 * (tcp_syn_linear_timeouts) or double each time, and fire up to two ticks late.
 */
static void correct_sent(struct slot *slot, int64_t at_ns) {
  static const int64_t second = 1000000000;
  struct tcp_info info;
  socklen_t length;
  if (at_ns - slot->sent_ns < first_retransmission_ns) return;
  read_info(slot, &info, &length);
  int64_t count = info.tcpi_total_retrans < 8 ? info.tcpi_total_retrans : 7;
  int64_t doubling = ((1 << count) - 1) * second;
  int64_t linear = count * second;
  if (slot->sent_ns + doubling <= at_ns) {
    slot->sent_ns += doubling;
  } else if (slot->sent_ns + linear <= at_ns) {
    slot->sent_ns += linear;
  }
}

/* On loopback a connect can meet itself when the kernel picks the asked port as the source port (RFC 9293, simultaneous open). */
static bool is_self_connected(const struct slot *slot) {
  union address self;
  socklen_t length = sizeof self;
  memset(&self, 0, sizeof self);
  return getsockname(slot->fd, &self.any, &length) == 0 && same_address(&self, &slot->peer);
}

static void connect_again(struct wire *w, uint32_t index, int64_t at_ns) {
  struct slot *slot = &w->tcp.slots[index];
  w->counters.self_connects++;
  int error = ++slot->self_connects > max_self_connects ? EADDRINUSE : tcp_connect(w, index);
  if (error == 0) return;
  push_event(w, slot, SIGNAL_SOCKET_ERROR, at_ns)->error = (uint16_t)error;
  tcp_abort(w, index);
}

/* The handshake is done. The kernel's own RTT of the SYN replaces the time at which we came to look. */
static void connected(struct wire *w, uint32_t index, int64_t at_ns, const struct tcp_info *info,
                      uint32_t window) {
  struct slot *slot = &w->tcp.slots[index];
  int64_t rtt_ns = (int64_t)info->tcpi_rtt * 1000;
  if (rtt_ns > 0 && rtt_ns <= at_ns - slot->sent_ns) {
    if (info->tcpi_total_retrans == 0) {
      at_ns = slot->sent_ns + rtt_ns;
    } else {
      slot->sent_ns = at_ns - rtt_ns;
    }
  }
  push_event(w, slot, SIGNAL_CONNECTED, at_ns)->info = window;
  if (window != 0) {
    tcp_abort(w, index);
  } else if (w->tcp.counts[LIST_HELD] < MAX_HELD) {
    slot_move(&w->tcp, index, LIST_HELD);
  } else {
    w->counters.held_overflow++;
    tcp_abort(w, index);
  }
}

static void look_at_held(struct wire *w, uint32_t index, int64_t at_ns, int error) {
  struct slot *slot = &w->tcp.slots[index];
  struct tcp_info info;
  socklen_t length;
  read_info(slot, &info, &length);
  uint32_t window = window_of(&info, length);
  bool is_open = info.tcpi_bytes_received > 0 || (window != 0 && window != WINDOW_UNKNOWN);
  bool is_over = error != 0 || info.tcpi_state != TCP_ESTABLISHED;
  if (!is_open && !is_over) return;
  struct event *event =
      push_event(w, slot, is_open ? SIGNAL_WINDOW_OPENED : SIGNAL_RESET_AFTER, at_ns);
  event->info = is_open ? window : 0;
  event->error = (uint16_t)error;
  tcp_abort(w, index);
}

/* Reset after the handshake: the window that was offered before still tells what answered. */
static void reset_after(struct wire *w, uint32_t index, int64_t at_ns) {
  struct slot *slot = &w->tcp.slots[index];
  struct tcp_info info;
  socklen_t length;
  read_info(slot, &info, &length);
  uint32_t window = window_of(&info, length);
  push_event(w, slot, SIGNAL_CONNECTED, at_ns)->info = window;
  if (window == 0) push_event(w, slot, SIGNAL_RESET_AFTER, at_ns)->error = ECONNRESET;
  tcp_release(w, index);
}

void tcp_outcome(struct wire *w, uint32_t index, int64_t at_ns, int error) {
  struct slot *slot = &w->tcp.slots[index];
  if (slot->list == LIST_HELD) {
    look_at_held(w, index, at_ns, error);
    return;
  }
  correct_sent(slot, at_ns);
  if (read_records(w, slot, at_ns) > 0) {
    /* An ICMP error that met the socket inside connect() leaves the attempt running (kernel: sk_err_soft). */
    tcp_abort(w, index);
    return;
  }
  if (error == ECONNREFUSED) {
    push_event(w, slot, SIGNAL_REFUSED, at_ns);
    tcp_release(w, index);
    return;
  }
  if (error == ECONNRESET || error == EPIPE) {
    reset_after(w, index, at_ns);
    return;
  }
  struct tcp_info info = {0};
  socklen_t length = 0;
  if (error == 0) read_info(slot, &info, &length);
  if (error == 0 && (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT)) {
    if (is_self_connected(slot)) {
      connect_again(w, index, at_ns);
    } else {
      connected(w, index, at_ns, &info, window_of(&info, length));
    }
    return;
  }
  if (error == 0 && info.tcpi_state == TCP_SYN_SENT) return;
  push_event(w, slot, SIGNAL_SOCKET_ERROR, at_ns)->error =
      (uint16_t)(error == 0 ? ECONNABORTED : error);
  tcp_abort(w, index);
}

void tcp_poll_held(struct wire *w) {
  struct tcp_pool *pool = &w->tcp;
  int64_t now = now_ns();
  if (pool->counts[LIST_HELD] == 0 || now - pool->held_polled_ns < held_poll_ns) return;
  pool->held_polled_ns = now;
  for (uint32_t index = pool->heads[LIST_HELD]; index != NO_SLOT;) {
    uint32_t next = pool->slots[index].next;
    tcp_service(w, index, now);
    index = next;
  }
}
