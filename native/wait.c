/* The life of a wire: opening, looking at all that is ready, waiting, closing. */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* While sending, events are gathered only up to here: what is not read waits in the kernel. */
static const size_t enough_events = 8192;
/* epoll_waits in a row; a socket that stays ready must not hold the thread. */
static const int max_rounds = 256;
/* Connections with a closed window raise no event when it opens. */
static const int64_t held_wait_ns = 5000000;

bool wire_open(struct wire *w, uint32_t slots, int64_t connect_timeout_ns) {
  for (int i = 0; i < UDP_SOCKETS; i++) w->udp[i].fd = -1;
  w->wake_fd = -1;
  w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (w->epoll_fd < 0) return false;
  w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event interest = {.events = EPOLLIN, .data.u64 = EPOLL_WAKE};
  w->tcp.connect_timeout_ns = connect_timeout_ns;
  w->tcp.eager = EAGER_CONNECTS;
  return w->wake_fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &interest) == 0 &&
         slots_create(&w->tcp, slots);
}

static void handle(struct wire *w, const struct epoll_event *ready, int count, int64_t at_ns) {
  for (int i = 0; i < count; i++) {
    uint64_t what = ready[i].data.u64;
    if (what >= EPOLL_UDP && what < EPOLL_SLOTS) {
      udp_service(w, &w->udp[what - EPOLL_UDP]);
    } else if (what >= EPOLL_SLOTS && what - EPOLL_SLOTS < w->tcp.made) {
      tcp_service(w, (uint32_t)(what - EPOLL_SLOTS), at_ns);
    }
  }
}

/* Turns all that is ready into events; never waits. */
void wire_service(struct wire *w) {
  struct epoll_event ready[READY];
  if (w->closed) return;
  handle(w, w->ready, w->ready_count, w->ready_ns);
  w->ready_count = 0;
  for (int round = 0; round < max_rounds; round++) {
    if (w->queue.tail - w->queue.head >= enough_events) break;
    int count = epoll_wait(w->epoll_fd, ready, READY, 0);
    if (count > 0) handle(w, ready, count, now_ns());
    if (count < READY) break;
  }
  tcp_poll_held(w);
  tcp_expire(w);
}

int64_t wire_wait_until(const struct wire *w, int64_t until_ns) {
  int64_t soon = now_ns() + held_wait_ns;
  return w->tcp.counts[LIST_HELD] > 0 && soon < until_ns ? soon : until_ns;
}

/* Waits until something is ready or the time has come; called on either thread. ppoll because epoll_wait counts in ms. */
void wire_wait(int epoll_fd, int64_t until_ns) {
  struct pollfd readable = {.fd = epoll_fd, .events = POLLIN};
  for (;;) {
    int64_t left = until_ns - now_ns();
    if (left <= 0) return;
    struct timespec timeout = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    int count = ppoll(&readable, 1, &timeout, NULL);
    if (count > 0 || (count < 0 && errno != EINTR)) return;
  }
}

/* Gives everything back to the network at once; a waiting thread is woken and keeps the epoll set until it is done. */
void wire_close(struct wire *w) {
  if (w->closed) return;
  w->closed = true;
  tcp_close(w);
  udp_close(w);
  events_free(&w->queue);
  if (w->waiting) (void)eventfd_write(w->wake_fd, 1);
}

void wire_free(struct wire *w) {
  wire_close(w);
  if (w->wake_fd >= 0) close(w->wake_fd);
  if (w->epoll_fd >= 0) close(w->epoll_fd);
  w->wake_fd = w->epoll_fd = -1;
}
