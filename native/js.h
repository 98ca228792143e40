/* What the functions of the addon share: arguments from JavaScript, values for it, and the columns of the batches. */
#ifndef PU_PROBE_JS_H
#define PU_PROBE_JS_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "wire.h"

/* About a day: keeps the arithmetic of the clock far from its ends. */
#define LONGEST_WAIT_MS 1e8

/* These throw a JavaScript error and return NULL or false when an argument is not what it should be. */
napi_value throw_type(napi_env env, const char *text);
bool get_arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);
bool get_number(napi_env env, napi_value value, double low, double high, double *number);
struct wire *get_wire(napi_env env, napi_value value);
napi_value tag_wire(napi_env env, napi_value handle);

bool set_number(napi_env env, napi_value object, const char *name, double number);
bool set_text(napi_env env, napi_value object, const char *name, const char *text);
/* 16 bytes as a Uint8Array. */
bool set_bytes(napi_env env, napi_value object, const char *name, const uint8_t *bytes);

/* Columns as src/batch.ts and src/model.ts (TargetTable) have them; these throw as well. */
bool read_probe_rows(napi_env env, napi_value columns, struct probe_rows *rows);
bool read_signal_rows(napi_env env, napi_value columns, struct signal_rows *rows);
bool read_target_rows(napi_env env, napi_value columns, struct target_rows *rows);
/* Every row that will be sent points to a target and to payload bytes that exist. */
bool check_probe_rows(napi_env env, const struct probe_rows *rows, const struct target_rows *targets,
                      uint32_t count);

/* The functions of the addon; src/wire/native.ts declares them. */
napi_value js_now(napi_env env, napi_callback_info info);
napi_value js_open(napi_env env, napi_callback_info info);
napi_value js_send(napi_env env, napi_callback_info info);
napi_value js_drain(napi_env env, napi_callback_info info);
napi_value js_pause(napi_env env, napi_callback_info info);
napi_value js_wait(napi_env env, napi_callback_info info);
napi_value js_close(napi_env env, napi_callback_info info);
napi_value js_counters(napi_env env, napi_callback_info info);
napi_value js_own_side(napi_env env, napi_callback_info info);
napi_value js_own_addresses(napi_env env, napi_callback_info info);
napi_value js_file_limit(napi_env env, napi_callback_info info);

#endif
