/* Rows in, rows out. */
#include "js.h"

#include <arpa/inet.h>
#include <string.h>

/* How long one call of send may stand still for back-pressure, all rows together. */
static const int64_t patience_ns = 20000000;

static void address_of(const struct target_rows *targets, uint32_t target, uint16_t port,
                       union address *to) {
  const uint8_t *bytes = targets->bytes + 16 * (size_t)target;
  memset(to, 0, sizeof *to);
  if (targets->families[target] == 4) {
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(port);
    memcpy(&to->v4.sin_addr, bytes, 4);
  } else {
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(port);
    to->v6.sin6_scope_id = targets->scope_ids[target];
    memcpy(&to->v6.sin6_addr, bytes, 16);
  }
}

/* An echo request of the target's family. */
static bool is_echo(uint8_t protocol, const union address *to) {
  return protocol == (to->any.sa_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* send(wire, targetColumns, probeColumns, count): how many rows were of a protocol that is not sent here. */
napi_value js_send(napi_env env, napi_callback_info info) {
  napi_value argument[4];
  napi_value result;
  struct target_rows targets;
  struct probe_rows rows;
  struct wire *w;
  double count;
  if (!get_arguments(env, info, argument, 4) || (w = get_wire(env, argument[0])) == NULL ||
      !read_target_rows(env, argument[1], &targets) || !read_probe_rows(env, argument[2], &rows) ||
      !get_number(env, argument[3], 0, UINT32_MAX, &count) ||
      !check_probe_rows(env, &rows, &targets, (uint32_t)count)) {
    return NULL;
  }
  uint32_t others = 0;
  w->patience_ns = patience_ns;
  for (uint32_t row = 0; row < (uint32_t)count && !w->closed; row++) {
    union address to;
    address_of(&targets, rows.target[row], rows.port[row], &to);
    if (rows.protocol[row] == IPPROTO_UDP || is_echo(rows.protocol[row], &to)) {
      udp_send(w, &rows, row, &to);
    } else if (rows.protocol[row] == IPPROTO_TCP) {
      tcp_send(w, &rows, row, &to);
    } else {
      others++;
    }
    if (row % ROWS_PER_SERVICE == ROWS_PER_SERVICE - 1) wire_service(w);
  }
  /* Answers that are here already get the time of their arrival, not that of the next drain. */
  wire_service(w);
  return napi_create_uint32(env, others, &result) == napi_ok ? result : NULL;
}

/* drain(wire, signalColumns): how many rows were written. */
napi_value js_drain(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  napi_value result;
  struct signal_rows rows;
  struct wire *w;
  if (!get_arguments(env, info, argument, 2) || (w = get_wire(env, argument[0])) == NULL ||
      !read_signal_rows(env, argument[1], &rows)) {
    return NULL;
  }
  wire_service(w);
  uint32_t count = events_drain(w, &rows);
  return napi_create_uint32(env, count, &result) == napi_ok ? result : NULL;
}
