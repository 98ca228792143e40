/* What the functions of the addon share: arguments from JavaScript, values for it, and the columns of the batches. */
#ifndef PU_PROBE_JS_H
#define PU_PROBE_JS_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "packet.h"
#include "wire.h"

/* About a day: keeps the arithmetic of the clock far from its ends. */
#define LONGEST_WAIT_MS 1e8
/* On the JavaScript thread. */
#define LONGEST_PAUSE_US 1000

/* These throw a JavaScript error and return NULL or false when an argument is not what it should be. */
napi_value throw_type(napi_env env, const char *text);
napi_value throw_range(napi_env env, const char *text);
bool get_arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);
bool get_number(napi_env env, napi_value value, double low, double high, double *number);
/* A typed array of this type; its length in elements. */
bool get_array(napi_env env, napi_value value, napi_typedarray_type type, const char *name, void **data,
               size_t *length);

/* Handles are marked, so that no other object is ever unwrapped as one. */
extern const napi_type_tag wire_tag;
extern const napi_type_tag packet_tag;
void *get_tagged(napi_env env, napi_value value, const napi_type_tag *tag, const char *otherwise);
struct wire *get_wire(napi_env env, napi_value value);

bool set_number(napi_env env, napi_value object, const char *name, double number);
bool set_text(napi_env env, napi_value object, const char *name, const char *text);
/* A copy of the bytes as a Uint8Array. */
bool set_bytes(napi_env env, napi_value object, const char *name, const uint8_t *bytes, size_t length);

/* Columns as src/batch.ts and src/model.ts (TargetTable) have them; these throw as well. */
bool read_probe_rows(napi_env env, napi_value columns, struct probe_rows *rows);
bool read_signal_rows(napi_env env, napi_value columns, struct signal_rows *rows);
bool read_target_rows(napi_env env, napi_value columns, struct target_rows *rows);
bool read_arrived_rows(napi_env env, napi_value columns, struct arrived_rows *rows);
/* Every row that will be sent points to a target and to payload bytes that exist. */
bool check_probe_rows(napi_env env, const struct probe_rows *rows, const struct target_rows *targets,
                      uint32_t count);

/*
 * A promise that is kept when the epoll set has something, the time has come or 250 ms are over; `done` is called first, on
 * the JavaScript thread. The handle lives as long as the wait. NULL after a throw.
 */
typedef void wait_done(void *owner, const struct epoll_event *ready, int count, int64_t at_ns);
napi_value start_waiting(napi_env env, napi_value handle, int epoll_fd, int64_t until_ns, wait_done *done,
                         void *owner);

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
napi_value js_route_edges(napi_env env, napi_callback_info info);
napi_value js_route_changes(napi_env env, napi_callback_info info);
napi_value js_own_addresses(napi_env env, napi_callback_info info);
napi_value js_file_limit(napi_env env, napi_callback_info info);
napi_value js_can_echo(napi_env env, napi_callback_info info);
napi_value js_packet_open(napi_env env, napi_callback_info info);
napi_value js_packet_memory(napi_env env, napi_callback_info info);
napi_value js_packet_reserve(napi_env env, napi_callback_info info);
napi_value js_packet_send(napi_env env, napi_callback_info info);
napi_value js_packet_drain(napi_env env, napi_callback_info info);
napi_value js_packet_pause(napi_env env, napi_callback_info info);
napi_value js_packet_wait(napi_env env, napi_callback_info info);
napi_value js_packet_counters(napi_env env, napi_callback_info info);
napi_value js_packet_close(napi_env env, napi_callback_info info);
napi_value js_drop_privileges(napi_env env, napi_callback_info info);
napi_value js_large_memory(napi_env env, napi_callback_info info);

#endif
