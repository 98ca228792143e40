/* What it costs to hand rows to native code and to get rows back, as objects and as columns. Only batchShape.mjs builds it. */
#include <node_api.h>
#include <stdint.h>

enum { MAX_FIELDS = 16 };

static int arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  size_t given = count;
  return napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given == count;
}

static napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  (void)napi_create_double(env, value, &result);
  return result;
}

/* The names of the fields come from JavaScript, where they are internalised: a string a field and row would be dearer still. */
static int get_keys(napi_env env, napi_value names, napi_value *keys) {
  uint32_t count = 0;
  if (napi_get_array_length(env, names, &count) != napi_ok || count > MAX_FIELDS) return 0;
  for (uint32_t i = 0; i < count; i++) (void)napi_get_element(env, names, i, &keys[i]);
  return (int)count;
}

/* readObjects(probes, count, names): the sum of all fields. */
static napi_value read_objects(napi_env env, napi_callback_info info) {
  napi_value argument[3];
  napi_value keys[MAX_FIELDS];
  uint32_t count = 0;
  double sum = 0;
  if (!arguments(env, info, argument, 3)) return NULL;
  (void)napi_get_value_uint32(env, argument[1], &count);
  int width = get_keys(env, argument[2], keys);
  for (uint32_t row = 0; row < count; row++) {
    napi_handle_scope scope;
    napi_value probe;
    (void)napi_open_handle_scope(env, &scope);
    (void)napi_get_element(env, argument[0], row, &probe);
    for (int i = 0; i < width; i++) {
      napi_value field;
      double value = 0;
      (void)napi_get_property(env, probe, keys[i], &field);
      (void)napi_get_value_double(env, field, &value);
      sum += value;
    }
    (void)napi_close_handle_scope(env, scope);
  }
  return number(env, sum);
}

/* makeObjects(signals, count, names): puts objects with all fields into an array. */
static napi_value make_objects(napi_env env, napi_callback_info info) {
  napi_value argument[3];
  napi_value keys[MAX_FIELDS];
  uint32_t count = 0;
  if (!arguments(env, info, argument, 3)) return NULL;
  (void)napi_get_value_uint32(env, argument[1], &count);
  int width = get_keys(env, argument[2], keys);
  for (uint32_t row = 0; row < count; row++) {
    napi_handle_scope scope;
    napi_value signal;
    (void)napi_open_handle_scope(env, &scope);
    (void)napi_create_object(env, &signal);
    for (int i = 0; i < width; i++) {
      (void)napi_set_property(env, signal, keys[i], number(env, row + i));
    }
    (void)napi_set_element(env, argument[0], row, signal);
    (void)napi_close_handle_scope(env, scope);
  }
  return argument[0];
}

static int columns_of(napi_env env, napi_value array, uint32_t **columns) {
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok || length > MAX_FIELDS) return 0;
  for (uint32_t i = 0; i < length; i++) {
    napi_value column;
    void *data = NULL;
    (void)napi_get_element(env, array, i, &column);
    if (napi_get_typedarray_info(env, column, NULL, NULL, &data, NULL, NULL) != napi_ok) return 0;
    columns[i] = data;
  }
  return (int)length;
}

/* readColumns(columns, count) */
static napi_value read_columns(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  uint32_t *columns[MAX_FIELDS];
  uint32_t count = 0;
  double sum = 0;
  if (!arguments(env, info, argument, 2)) return NULL;
  (void)napi_get_value_uint32(env, argument[1], &count);
  int width = columns_of(env, argument[0], columns);
  for (uint32_t row = 0; row < count; row++) {
    for (int i = 0; i < width; i++) sum += columns[i][row];
  }
  return number(env, sum);
}

/* writeColumns(columns, count) */
static napi_value write_columns(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  uint32_t *columns[MAX_FIELDS];
  uint32_t count = 0;
  if (!arguments(env, info, argument, 2)) return NULL;
  (void)napi_get_value_uint32(env, argument[1], &count);
  int width = columns_of(env, argument[0], columns);
  for (uint32_t row = 0; row < count; row++) {
    for (int i = 0; i < width; i++) columns[i][row] = row + (uint32_t)i;
  }
  return argument[0];
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"readObjects", read_objects},
      {"makeObjects", make_objects},
      {"readColumns", read_columns},
      {"writeColumns", write_columns},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    (void)napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    (void)napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
