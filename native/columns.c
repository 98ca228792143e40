/* The columns of the batches, checked for type and length. */
#include "js.h"

#include <stdio.h>

struct column {
  const char *name;
  napi_typedarray_type type;
  /* Elements a row; 0 for the arena of payloads. */
  size_t per_row;
};

static const struct column probe_columns[] = {
    {"probe", napi_uint32_array, 1},   {"attempt", napi_uint8_array, 1},
    {"tag", napi_uint32_array, 1},     {"protocol", napi_uint8_array, 1},
    {"target", napi_uint32_array, 1},  {"port", napi_uint16_array, 1},
    {"ttl", napi_uint8_array, 1},      {"minTtl", napi_uint8_array, 1},
    {"lane", napi_uint8_array, 1},     {"offset", napi_uint32_array, 1},
    {"length", napi_uint16_array, 1},  {"bytes", napi_uint8_array, 0},
    {"sentMs", napi_float64_array, 1},
};

static const struct column signal_columns[] = {
    {"kind", napi_uint8_array, 1},        {"probe", napi_uint32_array, 1},
    {"attempt", napi_uint8_array, 1},     {"tag", napi_uint32_array, 1},
    {"protocol", napi_uint8_array, 1},    {"atMs", napi_float64_array, 1},
    {"sentMs", napi_float64_array, 1},    {"family", napi_uint8_array, 1},
    {"from", napi_uint8_array, 16},       {"fromPort", napi_uint16_array, 1},
    {"dst", napi_uint8_array, 16},        {"dstPort", napi_uint16_array, 1},
    {"icmpType", napi_uint8_array, 1},    {"icmpCode", napi_uint8_array, 1},
    {"localOrigin", napi_uint8_array, 1}, {"ttl", napi_uint8_array, 1},
    {"errno", napi_uint16_array, 1},      {"info", napi_uint32_array, 1},
    {"offset", napi_uint32_array, 1},     {"length", napi_uint16_array, 1},
    {"bytes", napi_uint8_array, 0},
};

static const struct column target_columns[] = {
    {"bytes", napi_uint8_array, 16},
    {"families", napi_uint8_array, 1},
    {"scopeIds", napi_uint32_array, 1},
};

static const struct column arrived_columns[] = {
    {"offset", napi_uint32_array, 1},   {"length", napi_uint16_array, 1},
    {"atMs", napi_float64_array, 1},    {"protocol", napi_uint16_array, 1},
    {"ifindex", napi_uint32_array, 1},  {"flags", napi_uint8_array, 1},
};

enum {
  PROBE_COLUMNS = sizeof probe_columns / sizeof *probe_columns,
  SIGNAL_COLUMNS = sizeof signal_columns / sizeof *signal_columns,
  TARGET_COLUMNS = sizeof target_columns / sizeof *target_columns,
  ARRIVED_COLUMNS = sizeof arrived_columns / sizeof *arrived_columns,
};

static bool fail(napi_env env, const struct column *column, const char *what) {
  char text[96];
  (void)snprintf(text, sizeof text, "column %s: %s", column->name, what);
  (void)napi_throw_type_error(env, NULL, text);
  return false;
}

/*
 * The arrays are looked up at every call, not kept: a caller that transfers a buffer away detaches it, and a kept pointer
 * would then be wild. It costs 2 us a batch.
 */
static bool read_columns(napi_env env, napi_value array, const struct column *layout, uint32_t count,
                         void **data, size_t *rows, size_t *arena) {
  bool is_array = false;
  *rows = SIZE_MAX;
  if (napi_is_array(env, array, &is_array) != napi_ok || !is_array) {
    (void)napi_throw_type_error(env, NULL, "columns must be an array of typed arrays");
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    napi_value value;
    bool is_typed = false;
    napi_typedarray_type type;
    size_t length;
    if (napi_get_element(env, array, i, &value) != napi_ok ||
        napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed ||
        napi_get_typedarray_info(env, value, &type, &length, &data[i], NULL, NULL) != napi_ok) {
      return fail(env, &layout[i], "not a typed array");
    }
    if (type != layout[i].type) return fail(env, &layout[i], "wrong element type");
    if (layout[i].per_row == 0) {
      *arena = length;
    } else if (length / layout[i].per_row < *rows) {
      *rows = length / layout[i].per_row;
    }
  }
  return true;
}

bool read_probe_rows(napi_env env, napi_value columns, struct probe_rows *rows) {
  void *d[PROBE_COLUMNS];
  size_t count;
  size_t arena = 0;
  if (!read_columns(env, columns, probe_columns, PROBE_COLUMNS, d, &count, &arena)) return false;
  *rows = (struct probe_rows){
      .rows = count, .arena = arena, .probe = d[0], .attempt = d[1], .tag = d[2], .protocol = d[3],
      .target = d[4], .port = d[5], .ttl = d[6], .min_ttl = d[7], .lane = d[8], .offset = d[9],
      .length = d[10], .bytes = d[11], .sent_ms = d[12]};
  return true;
}

bool read_signal_rows(napi_env env, napi_value columns, struct signal_rows *rows) {
  void *d[SIGNAL_COLUMNS];
  size_t count;
  size_t arena = 0;
  if (!read_columns(env, columns, signal_columns, SIGNAL_COLUMNS, d, &count, &arena)) return false;
  *rows = (struct signal_rows){
      .rows = count, .arena = arena, .kind = d[0], .probe = d[1], .attempt = d[2], .tag = d[3],
      .protocol = d[4], .at_ms = d[5], .sent_ms = d[6], .family = d[7], .from = d[8],
      .from_port = d[9], .dst = d[10], .dst_port = d[11], .icmp_type = d[12], .icmp_code = d[13],
      .local_origin = d[14], .ttl = d[15], .error = d[16], .info = d[17], .offset = d[18],
      .length = d[19], .bytes = d[20]};
  return true;
}

bool read_target_rows(napi_env env, napi_value columns, struct target_rows *rows) {
  void *d[TARGET_COLUMNS];
  size_t count;
  size_t arena = 0;
  if (!read_columns(env, columns, target_columns, TARGET_COLUMNS, d, &count, &arena)) return false;
  *rows = (struct target_rows){.rows = count, .bytes = d[0], .families = d[1], .scope_ids = d[2]};
  return true;
}

bool read_arrived_rows(napi_env env, napi_value columns, struct arrived_rows *rows) {
  void *d[ARRIVED_COLUMNS];
  size_t count;
  size_t arena = 0;
  if (!read_columns(env, columns, arrived_columns, ARRIVED_COLUMNS, d, &count, &arena)) return false;
  *rows = (struct arrived_rows){
      .rows = count, .offset = d[0], .length = d[1], .at_ms = d[2], .protocol = d[3], .ifindex = d[4],
      .flags = d[5]};
  return true;
}

bool check_probe_rows(napi_env env, const struct probe_rows *rows, const struct target_rows *targets,
                      uint32_t count) {
  const char *what = NULL;
  if (count > rows->rows) what = "more rows than the columns hold";
  for (uint32_t i = 0; what == NULL && i < count; i++) {
    uint32_t target = rows->target[i];
    if (target >= targets->rows) {
      what = "a row names a target that does not exist";
    } else if (targets->families[target] != 4 && targets->families[target] != 6) {
      what = "a target is neither IPv4 nor IPv6";
    } else if (rows->offset[i] > rows->arena || rows->length[i] > rows->arena - rows->offset[i]) {
      what = "a row's payload lies outside the arena";
    }
  }
  if (what != NULL) (void)napi_throw_range_error(env, NULL, what);
  return what == NULL;
}
