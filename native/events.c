/* The queue between the sockets and the signal batch. */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct event_queue *queue) {
  if (queue->head == queue->tail) queue->head = queue->tail = 0;
  if (queue->tail < queue->capacity) return true;
  if (queue->head > queue->capacity / 2) {
    memmove(queue->items, queue->items + queue->head,
            (queue->tail - queue->head) * sizeof *queue->items);
    queue->tail -= queue->head;
    queue->head = 0;
    return true;
  }
  size_t capacity = queue->capacity == 0 ? 256 : queue->capacity * 2;
  if (capacity > MAX_EVENTS) return false;
  struct event *items = realloc(queue->items, capacity * sizeof *items);
  if (items == NULL) return false;
  queue->items = items;
  queue->capacity = capacity;
  return true;
}

/* A new event at the end of the queue; a scratch one that nobody reads when there is no room (counted). */
struct event *event_push(struct wire *w, uint8_t kind, uint8_t protocol) {
  static _Thread_local struct event lost;
  struct event *event = &lost;
  if (make_room(&w->queue)) {
    event = &w->queue.items[w->queue.tail++];
  } else {
    w->counters.events_lost++;
  }
  *event = (struct event){.kind = kind, .protocol = protocol, .probe = NO_PROBE};
  return event;
}

void event_address(const union address *address, uint8_t *bytes, uint16_t *port) {
  if (address->any.sa_family == AF_INET) {
    memcpy(bytes, &address->v4.sin_addr, 4);
    if (port != NULL) *port = ntohs(address->v4.sin_port);
  } else if (address->any.sa_family == AF_INET6) {
    memcpy(bytes, &address->v6.sin6_addr, 16);
    if (port != NULL) *port = ntohs(address->v6.sin6_port);
  }
}

void event_payload(struct wire *w, struct event *event, const uint8_t *bytes, size_t length) {
  bool is_queued = w->queue.tail > 0 && event == &w->queue.items[w->queue.tail - 1];
  if (length == 0 || !is_queued) return;
  event->payload = malloc(length);
  if (event->payload == NULL) {
    w->counters.truncated++;
    return;
  }
  memcpy(event->payload, bytes, length);
  event->length = (uint16_t)length;
}

void event_icmp(struct event *event, const struct record *record) {
  event->icmp_type = record->err.ee_type;
  event->icmp_code = record->err.ee_code;
  event->local_origin = record->err.ee_origin == SO_EE_ORIGIN_LOCAL;
  event->error = (uint16_t)record->err.ee_errno;
  event->info = record->err.ee_info;
  event->ttl = (uint8_t)record->ttl;
  event_address(&record->offender, event->from, NULL);
}

void send_failed(struct wire *w, const struct probe_rows *rows, uint32_t row,
                 const union address *to, int error) {
  struct event *event = event_push(w, SIGNAL_SEND_FAILED, rows->protocol[row]);
  event->at_ms = event->sent_ms = rows->sent_ms[row];
  event->probe = rows->probe[row];
  event->attempt = rows->attempt[row];
  event->tag = rows->tag[row];
  event->error = (uint16_t)error;
  event->family = to->any.sa_family == AF_INET ? 4 : 6;
  event_address(to, event->dst, &event->dst_port);
  w->counters.send_failed++;
}

static void write_row(const struct signal_rows *rows, uint32_t row, const struct event *event) {
  rows->kind[row] = event->kind;
  rows->probe[row] = event->probe;
  rows->attempt[row] = event->attempt;
  rows->tag[row] = event->tag;
  rows->protocol[row] = event->protocol;
  rows->at_ms[row] = event->at_ms;
  rows->sent_ms[row] = event->sent_ms;
  rows->family[row] = event->family;
  memcpy(rows->from + 16 * (size_t)row, event->from, 16);
  rows->from_port[row] = event->from_port;
  memcpy(rows->dst + 16 * (size_t)row, event->dst, 16);
  rows->dst_port[row] = event->dst_port;
  rows->icmp_type[row] = event->icmp_type;
  rows->icmp_code[row] = event->icmp_code;
  rows->local_origin[row] = event->local_origin;
  rows->ttl[row] = event->ttl;
  rows->error[row] = event->error;
  rows->info[row] = event->info;
}

/* Moves as many events as rows and arena hold; the rest waits for the next call. */
uint32_t events_drain(struct wire *w, const struct signal_rows *rows) {
  struct event_queue *queue = &w->queue;
  uint32_t row = 0;
  size_t used = 0;
  while (row < rows->rows && queue->head < queue->tail) {
    struct event *event = &queue->items[queue->head];
    if (event->length > rows->arena - used) {
      if (row > 0) break;
      /* An arena smaller than one payload must not stop the queue for ever. */
      event->length = (uint16_t)(rows->arena - used);
      w->counters.truncated++;
    }
    write_row(rows, row, event);
    if (event->length > 0) memcpy(rows->bytes + used, event->payload, event->length);
    rows->offset[row] = (uint32_t)used;
    rows->length[row] = event->length;
    used += event->length;
    free(event->payload);
    event->payload = NULL;
    queue->head++;
    row++;
  }
  return row;
}

void events_free(struct event_queue *queue) {
  for (size_t i = queue->head; i < queue->tail; i++) free(queue->items[i].payload);
  free(queue->items);
  *queue = (struct event_queue){0};
}
