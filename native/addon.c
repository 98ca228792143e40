/* Opening, closing and the table of functions. */
#include "js.h"

#include <stdlib.h>

static void wake_at_exit(void *data) { wire_close(data); }

static void finalize_wire(napi_env env, void *data, void *hint) {
  (void)hint;
  (void)napi_remove_env_cleanup_hook(env, wake_at_exit, data);
  wire_free(data);
  free(data);
}

napi_value js_open(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  napi_value handle;
  double slots;
  double timeout_ms;
  if (!get_arguments(env, info, argument, 2) ||
      !get_number(env, argument[0], 1, MAX_SLOTS, &slots) ||
      !get_number(env, argument[1], 1, LONGEST_WAIT_MS, &timeout_ms)) {
    return NULL;
  }
  struct wire *w = calloc(1, sizeof *w);
  if (w == NULL || !wire_open(w, (uint32_t)slots, (int64_t)(timeout_ms * 1e6))) {
    if (w != NULL) wire_free(w);
    free(w);
    (void)napi_throw_error(env, NULL, "no memory or no file descriptor for the wire");
    return NULL;
  }
  if (napi_create_object(env, &handle) != napi_ok ||
      napi_wrap(env, handle, w, finalize_wire, NULL, NULL) != napi_ok) {
    wire_free(w);
    free(w);
    return throw_type(env, "cannot make a handle");
  }
  if (napi_type_tag_object(env, handle, &wire_tag) != napi_ok ||
      napi_add_env_cleanup_hook(env, wake_at_exit, w) != napi_ok) {
    return throw_type(env, "cannot make a handle");
  }
  return handle;
}

napi_value js_close(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  struct wire *w;
  if (get_arguments(env, info, argument, 1) && (w = get_wire(env, argument[0])) != NULL) wire_close(w);
  return NULL;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"nowMs", js_now},       {"open", js_open},         {"send", js_send},
      {"drain", js_drain},     {"pause", js_pause},       {"wait", js_wait},
      {"close", js_close},     {"counters", js_counters}, {"ownSide", js_own_side},
      {"routeEdges", js_route_edges},         {"routeChanges", js_route_changes},
      {"ownAddresses", js_own_addresses}, {"fileLimit", js_file_limit},
      {"canEcho", js_can_echo},                {"largeMemory", js_large_memory},
      {"packetOpen", js_packet_open},         {"packetMemory", js_packet_memory},
      {"packetReserve", js_packet_reserve},   {"packetSend", js_packet_send},
      {"packetDrain", js_packet_drain},       {"packetPause", js_packet_pause},
      {"packetWait", js_packet_wait},         {"packetCounters", js_packet_counters},
      {"packetClose", js_packet_close},       {"dropPrivileges", js_drop_privileges},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL,
                             &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok) {
      return NULL;
    }
  }
  return set_number(env, exports, "abi", WIRE_ABI) ? exports : NULL;
}
