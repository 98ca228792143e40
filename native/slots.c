/*
 * The pool of TCP sockets: each slot is in one list, and slots that carry an attempt can be found by (probe, tag).
 *
 * An attempt is given up only when its slot is needed: first those that a newer attempt of the same probe has overtaken,
 * then the oldest. A late answer to an earlier attempt is evidence, so it keeps its socket while there are others.
 */
#include "wire.h"

#include <stdlib.h>

bool slots_create(struct tcp_pool *pool, uint32_t limit) {
  pool->slots = calloc(limit, sizeof *pool->slots);
  if (pool->slots == NULL) return false;
  pool->limit = limit;
  for (int i = 0; i < LISTS; i++) pool->heads[i] = pool->tails[i] = NO_SLOT;
  for (int i = 0; i < SLOT_BUCKETS; i++) pool->buckets[i] = NO_SLOT;
  return true;
}

void slots_free(struct tcp_pool *pool) {
  free(pool->slots);
  pool->slots = NULL;
  pool->limit = pool->made = 0;
}

static void unlink_slot(struct tcp_pool *pool, struct slot *slot) {
  if (slot->list == LISTS) return;
  if (slot->prev != NO_SLOT) {
    pool->slots[slot->prev].next = slot->next;
  } else {
    pool->heads[slot->list] = slot->next;
  }
  if (slot->next != NO_SLOT) {
    pool->slots[slot->next].prev = slot->prev;
  } else {
    pool->tails[slot->list] = slot->prev;
  }
  pool->counts[slot->list]--;
}

/* Free slots are taken from the end where they were put last, so that one warm socket serves a target that answers at once;
 * attempts are given up from the other end. */
void slot_move(struct tcp_pool *pool, uint32_t index, enum slot_list to) {
  struct slot *slot = &pool->slots[index];
  unlink_slot(pool, slot);
  slot->list = (uint8_t)to;
  slot->next = NO_SLOT;
  slot->prev = pool->tails[to];
  if (slot->prev != NO_SLOT) {
    pool->slots[slot->prev].next = index;
  } else {
    pool->heads[to] = index;
  }
  pool->tails[to] = index;
  pool->counts[to]++;
}

/* A slot without a socket; NO_SLOT when the pool is at its limit. Slots are made as they are needed: a run of two ports must
 * not touch the memory of four thousand. */
uint32_t slot_without_socket(struct tcp_pool *pool) {
  if (pool->tails[LIST_EMPTY] != NO_SLOT) return pool->tails[LIST_EMPTY];
  if (pool->made == pool->limit) return NO_SLOT;
  uint32_t index = pool->made++;
  pool->slots[index] = (struct slot){.fd = -1, .chain = NO_SLOT, .list = LISTS};
  slot_move(pool, index, LIST_EMPTY);
  return index;
}

static uint32_t *bucket_of(struct tcp_pool *pool, uint32_t probe, uint32_t tag) {
  uint32_t mixed = (probe ^ tag * 0x9e3779b1u) * 0x85ebca6bu;
  return &pool->buckets[(mixed >> 16) % SLOT_BUCKETS];
}

void slot_name(struct tcp_pool *pool, uint32_t index, uint32_t probe, uint32_t tag) {
  struct slot *slot = &pool->slots[index];
  uint32_t *bucket = bucket_of(pool, probe, tag);
  slot->probe = probe;
  slot->tag = tag;
  slot->chain = *bucket;
  *bucket = index;
}

void slot_unname(struct tcp_pool *pool, uint32_t index) {
  struct slot *slot = &pool->slots[index];
  uint32_t *link = bucket_of(pool, slot->probe, slot->tag);
  while (*link != NO_SLOT && *link != index) link = &pool->slots[*link].chain;
  if (*link == index) *link = slot->chain;
  slot->chain = NO_SLOT;
}

/* Marks earlier attempts of this probe as the first to be given up. */
void slot_supersede(struct tcp_pool *pool, uint32_t probe, uint32_t tag) {
  for (uint32_t i = *bucket_of(pool, probe, tag); i != NO_SLOT; i = pool->slots[i].chain) {
    const struct slot *slot = &pool->slots[i];
    if (slot->probe == probe && slot->tag == tag && slot->list == LIST_PENDING) {
      slot_move(pool, i, LIST_STALE);
    }
  }
}
