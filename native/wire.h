/*
 * The native part of the error-queue wire: sockets in, rows out. It knows sockets and their errors; what an answer means
 * is decided in TypeScript.
 *
 * A wire is one epoll set with a UDP and a ping socket for each family and a pool of TCP sockets ("slots"). Whatever is learnt, while
 * sending or later, becomes an event in one queue; `drain` moves events into the columns of a signal batch. All functions
 * run on the JavaScript thread, except the body of the asynchronous wait (wait.c), which touches nothing but the epoll set.
 */
#ifndef PU_PROBE_WIRE_H
#define PU_PROBE_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <linux/errqueue.h>

#include "batch.h"

/* Raised whenever a function, a column or its order changes; src/wire/native.ts holds the same number. */
#define WIRE_ABI 5

/* Values of SIGNAL in src/batch.ts. */
enum signal_kind {
  SIGNAL_DATAGRAM = 2,
  SIGNAL_ICMP = 3,
  SIGNAL_CONNECTED = 4,
  SIGNAL_REFUSED = 5,
  SIGNAL_WINDOW_OPENED = 6,
  SIGNAL_RESET_AFTER = 7,
  SIGNAL_SEND_FAILED = 8,
  SIGNAL_SOCKET_ERROR = 9,
  SIGNAL_ECHO_REPLY = 11,
};

#define NO_PROBE UINT32_MAX
/* LANE_OWN in src/batch.ts: the datagram leaves from a socket of its own. */
#define LANE_OWN 255
#define WINDOW_UNKNOWN UINT32_MAX
#define NO_SLOT UINT32_MAX

enum limits {
  /* Longest answer kept; DNS over UDP announces at most 4096 bytes. */
  MAX_PAYLOAD = 4096,
  /* Messages of one recvmmsg. */
  MAILBOX = 32,
  /* Rows sent between two looks at the sockets: an error queue of the smallest usual buffer holds some 300 records. */
  ROWS_PER_SERVICE = 32,
  /* Ready sockets of one epoll_wait. */
  READY = 64,
  /* Events that may wait for `drain`; further ones are counted as lost. 100 MB at the very most. */
  MAX_EVENTS = 1 << 20,
  /* Sockets in the TCP pool; 4096 in flight outrun any target, and each costs kernel memory. */
  MAX_SLOTS = 4096,
  /* Connections with a closed window that are watched; more than any honest scan has at once. */
  MAX_HELD = 256,
  SLOT_BUCKETS = 8192,
  /* Connects in a row without an answer within the call before we stop looking at once. */
  EAGER_CONNECTS = 16,
  /* UDP, then ping; IPv4, then IPv6 of each. */
  SHARED_SOCKETS = 4,
  /* Datagrams with a socket of their own whose answers are waited for; the oldest is closed for a new one. Traces take turns
   * at a wire, and one asks 64 TTLs of two flows at a time at most. */
  OWN_SOCKETS = 256,
  UDP_SOCKETS = SHARED_SOCKETS + OWN_SOCKETS,
};

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

struct event {
  double at_ms;
  double sent_ms;
  uint8_t *payload;
  uint32_t probe;
  uint32_t tag;
  uint32_t info;
  uint16_t from_port;
  uint16_t dst_port;
  uint16_t error;
  uint16_t length;
  uint8_t kind;
  uint8_t attempt;
  uint8_t protocol;
  uint8_t family;
  uint8_t icmp_type;
  uint8_t icmp_code;
  uint8_t local_origin;
  uint8_t ttl;
  uint8_t from[16];
  uint8_t dst[16];
};

struct event_queue {
  struct event *items;
  size_t head;
  size_t tail;
  size_t capacity;
};

/* One message of an error queue or a receive queue. */
struct record {
  union address name;
  union address offender;
  struct sock_extended_err err;
  bool has_err;
  int ttl;
  int64_t stamp_ns;
  const uint8_t *payload;
  size_t length;
  bool truncated;
};

struct mailbox {
  uint8_t payload[MAILBOX][MAX_PAYLOAD];
  _Alignas(8) uint8_t control[MAILBOX][512];
  union address names[MAILBOX];
};

/* Of one family: datagrams, or echo requests where the kernel lets this process have them (ping_group_range). */
struct udp_socket {
  int fd;
  uint8_t protocol;
  uint8_t family;
  /* The hop limit that was set on a ping socket, -1: the system's. */
  int hops;
  /* When both queues were last seen empty: no later message can be older. */
  int64_t emptied_ns;
  uint32_t seen_drops;
  /* Of the one datagram that left here; NO_PROBE: the socket is shared. */
  uint32_t probe;
  uint32_t tag;
  uint8_t attempt;
  double sent_ms;
};

enum slot_list { LIST_FREE4, LIST_FREE6, LIST_EMPTY, LIST_PENDING, LIST_STALE, LIST_HELD, LISTS };

struct slot {
  union address peer;
  int64_t sent_ns;
  int fd;
  uint32_t probe;
  uint32_t tag;
  uint32_t next;
  uint32_t prev;
  uint32_t chain;
  uint8_t list;
  uint8_t attempt;
  uint8_t self_connects;
  bool registered;
  bool used;
  bool ttl_set;
  bool min_ttl_set;
};

struct tcp_pool {
  struct slot *slots;
  uint32_t limit;
  uint32_t made;
  uint32_t heads[LISTS];
  uint32_t tails[LISTS];
  uint32_t counts[LISTS];
  uint32_t buckets[SLOT_BUCKETS];
  int64_t connect_timeout_ns;
  int64_t held_polled_ns;
  /* How many more connects are looked at right after the call. */
  int eager;
  uint32_t connects;
};

struct counters {
  uint32_t udp_sent;
  uint32_t echo_sent;
  uint32_t tcp_sent;
  uint32_t send_failed;
  uint32_t send_retries;
  uint32_t icmp_records;
  uint32_t datagrams;
  uint32_t echo_replies;
  uint32_t truncated;
  uint32_t stale_records;
  uint32_t tcp_sockets;
  uint32_t tcp_evicted;
  uint32_t tcp_expired;
  uint32_t self_connects;
  uint32_t held_overflow;
  uint32_t kernel_drops;
  uint32_t buffer_full;
  uint32_t events_lost;
};

struct wire {
  int epoll_fd;
  int wake_fd;
  bool closed;
  bool waiting;
  /* Time left for back-pressure in this call of send. */
  int64_t patience_ns;
  struct udp_socket udp[UDP_SOCKETS];
  /* How many datagrams had a socket of their own. */
  uint32_t owned;
  struct tcp_pool tcp;
  struct event_queue queue;
  struct counters counters;
  /* What the asynchronous wait found, with the time when it found it. */
  struct epoll_event ready[READY];
  int ready_count;
  int64_t ready_ns;
  struct mailbox mailbox;
};

/* epoll data of what is no slot; slot n is EPOLL_SLOTS + n. */
enum { EPOLL_WAKE = 0, EPOLL_UDP = 1, EPOLL_SLOTS = EPOLL_UDP + UDP_SOCKETS };

/* clock.c */
int64_t now_ns(void);
double to_ms(int64_t ns);
int64_t clock_offset(void);
int64_t monotonic_of(int64_t realtime_stamp_ns, int64_t not_before_ns);

/* events.c */
struct event *event_push(struct wire *w, uint8_t kind, uint8_t protocol);
void event_address(const union address *address, uint8_t *bytes, uint16_t *port);
void event_payload(struct wire *w, struct event *event, const uint8_t *bytes, size_t length);
void event_icmp(struct event *event, const struct record *record);
uint32_t events_drain(struct wire *w, const struct signal_rows *rows);
void events_free(struct event_queue *queue);
void send_failed(struct wire *w, const struct probe_rows *rows, uint32_t row,
                 const union address *to, int error);

/* receive.c */
int set_option(int fd, int level, int name, int value);
int prepare_socket(int fd, int family);
int receive_many(struct wire *w, int fd, int flags, struct record *records);
int receive_error(int fd, struct record *record);
socklen_t address_length(const union address *address);
bool same_address(const union address *a, const union address *b);

/* udp.c */
void udp_send(struct wire *w, const struct probe_rows *rows, uint32_t row, const union address *to);
void udp_service(struct wire *w, struct udp_socket *socket);
void udp_close(struct wire *w);

/* slots.c */
bool slots_create(struct tcp_pool *pool, uint32_t limit);
void slots_free(struct tcp_pool *pool);
uint32_t slot_without_socket(struct tcp_pool *pool);
void slot_move(struct tcp_pool *pool, uint32_t index, enum slot_list to);
void slot_name(struct tcp_pool *pool, uint32_t index, uint32_t probe, uint32_t tag);
void slot_unname(struct tcp_pool *pool, uint32_t index);
void slot_supersede(struct tcp_pool *pool, uint32_t probe, uint32_t tag);

/* tcp.c, tcp_outcome.c */
void tcp_send(struct wire *w, const struct probe_rows *rows, uint32_t row, const union address *to);
void tcp_release(struct wire *w, uint32_t index);
void tcp_abort(struct wire *w, uint32_t index);
int tcp_connect(struct wire *w, uint32_t index);
void tcp_service(struct wire *w, uint32_t index, int64_t at_ns);
void tcp_outcome(struct wire *w, uint32_t index, int64_t at_ns, int error);
void tcp_poll_held(struct wire *w);
void tcp_expire(struct wire *w);
void tcp_close(struct wire *w);

/* wait.c */
bool wire_open(struct wire *w, uint32_t slots, int64_t connect_timeout_ns);
void wire_service(struct wire *w);
void wire_close(struct wire *w);
void wire_free(struct wire *w);
int64_t wire_wait_until(const struct wire *w, int64_t until_ns);
void wire_wait(int epoll_fd, int64_t until_ns);

#endif
