/*
 * A second thread for large batches. The kernel's way out of a packet takes some microseconds of the sending core, on a
 * virtual link also all that the neighbour does with it: two cores send nearly twice as much as one.
 *
 * Both threads take pieces of SEND_CHUNK rows until none is left, so that one that gets no core holds up one piece at
 * most. packet_send returns when all rows are out: the thread touches memory of a call only while that call lasts.
 */
#define _GNU_SOURCE
#include "packet.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct second_sender {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t has_work;
  pthread_cond_t is_idle;
  /* Under the mutex: the call that is under way, whether the thread is at it, whether it shall end. */
  const struct packet_port *port;
  const struct packet_rows *rows;
  bool offered;
  bool busy;
  bool ending;
  /* The rows from `next` to `end` are not taken yet. */
  atomic_uint next;
  uint32_t end;
  atomic_uint failed;
};

static void send_pieces(struct second_sender *s, const struct packet_port *port, const struct packet_rows *rows) {
  for (;;) {
    uint32_t from = atomic_fetch_add(&s->next, SEND_CHUNK);
    if (from >= s->end) return;
    uint32_t left = s->end - from;
    atomic_fetch_add(&s->failed, send_rows(port, rows, from, left < SEND_CHUNK ? left : SEND_CHUNK));
  }
}

static void *run(void *data) {
  struct second_sender *s = data;
  pthread_mutex_lock(&s->mutex);
  while (!s->ending) {
    if (!s->offered) {
      pthread_cond_wait(&s->has_work, &s->mutex);
      continue;
    }
    s->offered = false;
    s->busy = true;
    pthread_mutex_unlock(&s->mutex);
    send_pieces(s, s->port, s->rows);
    pthread_mutex_lock(&s->mutex);
    s->busy = false;
    pthread_cond_signal(&s->is_idle);
  }
  pthread_mutex_unlock(&s->mutex);
  return NULL;
}

/* NULL where there is no memory or no thread to be had: one thread then sends alone. */
struct second_sender *second_sender_start(void) {
  sigset_t all;
  sigset_t before;
  struct second_sender *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  pthread_mutex_init(&s->mutex, NULL);
  pthread_cond_init(&s->has_work, NULL);
  pthread_cond_init(&s->is_idle, NULL);
  /* Signals are for the threads of the program. */
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = pthread_create(&s->thread, NULL, run, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) return s;
  free(s);
  return NULL;
}

/* Sends the rows on both threads; returns how many failed. */
uint32_t second_sender_share(struct second_sender *s, const struct packet_port *port,
                             const struct packet_rows *rows, uint32_t from, uint32_t count) {
  pthread_mutex_lock(&s->mutex);
  s->port = port;
  s->rows = rows;
  s->end = from + count;
  atomic_store(&s->next, from);
  atomic_store(&s->failed, 0);
  s->offered = true;
  pthread_cond_signal(&s->has_work);
  pthread_mutex_unlock(&s->mutex);
  send_pieces(s, port, rows);
  pthread_mutex_lock(&s->mutex);
  /* A thread that has not begun shall not begin: `rows` is ours. */
  s->offered = false;
  while (s->busy) pthread_cond_wait(&s->is_idle, &s->mutex);
  pthread_mutex_unlock(&s->mutex);
  return atomic_load(&s->failed);
}

void second_sender_end(struct second_sender *s) {
  if (s == NULL) return;
  pthread_mutex_lock(&s->mutex);
  s->ending = true;
  pthread_cond_signal(&s->has_work);
  pthread_mutex_unlock(&s->mutex);
  pthread_join(s->thread, NULL);
  pthread_mutex_destroy(&s->mutex);
  pthread_cond_destroy(&s->has_work);
  pthread_cond_destroy(&s->is_idle);
  free(s);
}
