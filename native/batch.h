/* Columns of the batches that cross from and to JavaScript. */
#ifndef PU_PROBE_BATCH_H
#define PU_PROBE_BATCH_H

#include <stddef.h>
#include <stdint.h>

/* Columns of a ProbeBatch, of a SignalBatch and of a TargetTable, in the order of src/batch.ts. */
struct probe_rows {
  size_t rows;
  size_t arena;
  uint32_t *probe;
  uint8_t *attempt;
  uint32_t *tag;
  uint8_t *protocol;
  uint32_t *target;
  uint16_t *port;
  uint8_t *ttl;
  uint8_t *min_ttl;
  uint8_t *lane;
  uint32_t *offset;
  uint16_t *length;
  uint8_t *bytes;
  double *sent_ms;
};

struct signal_rows {
  size_t rows;
  size_t arena;
  uint8_t *kind;
  uint32_t *probe;
  uint8_t *attempt;
  uint32_t *tag;
  uint8_t *protocol;
  double *at_ms;
  double *sent_ms;
  uint8_t *family;
  uint8_t *from;
  uint16_t *from_port;
  uint8_t *dst;
  uint16_t *dst_port;
  uint8_t *icmp_type;
  uint8_t *icmp_code;
  uint8_t *local_origin;
  uint8_t *ttl;
  uint16_t *error;
  uint32_t *info;
  uint32_t *offset;
  uint16_t *length;
  uint8_t *bytes;
};

struct target_rows {
  size_t rows;
  uint8_t *bytes;
  uint8_t *families;
  uint32_t *scope_ids;
};

#endif
