/* Facts about the wire and about this machine: the clock, counters, own side, own addresses. */
#define _GNU_SOURCE
#include "js.h"
#include "netlink.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

napi_value js_now(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  return napi_create_double(env, to_ms(now_ns()), &value) == napi_ok ? value : NULL;
}

napi_value js_counters(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value object;
  struct wire *w;
  if (!get_arguments(env, info, argument, 1) || (w = get_wire(env, argument[0])) == NULL ||
      napi_create_object(env, &object) != napi_ok) {
    return NULL;
  }
  const struct counters *c = &w->counters;
  const struct {
    const char *name;
    uint32_t value;
  } all[] = {
      {"udpSent", c->udp_sent},           {"tcpSent", c->tcp_sent},
      {"sendFailed", c->send_failed},     {"sendRetries", c->send_retries},
      {"icmpRecords", c->icmp_records},   {"datagrams", c->datagrams},
      {"truncated", c->truncated},        {"staleRecords", c->stale_records},
      {"tcpSockets", c->tcp_sockets},     {"tcpEvicted", c->tcp_evicted},
      {"tcpExpired", c->tcp_expired},     {"selfConnects", c->self_connects},
      {"heldOverflow", c->held_overflow}, {"kernelDrops", c->kernel_drops},
      {"bufferFull", c->buffer_full},     {"eventsLost", c->events_lost},
      {"echoSent", c->echo_sent},         {"echoReplies", c->echo_replies},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!set_number(env, object, all[i].name, all[i].value)) return NULL;
  }
  return object;
}

/* A Uint8Array of an address in the 16-byte layout. */
static bool get_address(napi_env env, napi_value value, const uint8_t **bytes) {
  bool is_typed = false;
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_is_typedarray(env, value, &is_typed) == napi_ok && is_typed &&
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array && length >= 16) {
    *bytes = data;
    return true;
  }
  (void)throw_type(env, "not an address of 16 bytes");
  return false;
}

static bool set_link_address(napi_env env, napi_value object, const char *name,
                             const struct link_address *address) {
  return set_bytes(env, object, name, address->bytes, address->length);
}

/* ownSide(family, bytes, scopeId) */
napi_value js_own_side(napi_env env, napi_callback_info info) {
  napi_value argument[3];
  napi_value object;
  napi_value has_source;
  const uint8_t *address;
  double family;
  double scope_id;
  struct own_side side;
  if (!get_arguments(env, info, argument, 3) || !get_number(env, argument[0], 4, 6, &family) ||
      !get_address(env, argument[1], &address) ||
      !get_number(env, argument[2], 0, UINT32_MAX, &scope_id)) {
    return NULL;
  }
  own_side_find(&side, family == 4 ? 4 : 6, address, (uint32_t)scope_id);
  bool is_made = napi_create_object(env, &object) == napi_ok &&
                 set_number(env, object, "errno", side.error) &&
                 set_number(env, object, "type", side.type) &&
                 set_number(env, object, "gatewayFamily", side.gateway_family) &&
                 set_bytes(env, object, "gateway", side.gateway, 16) &&
                 set_number(env, object, "index", side.index) &&
                 set_text(env, object, "name", side.name) &&
                 set_number(env, object, "flags", side.flags) &&
                 set_number(env, object, "neighbour", side.neighbour) &&
                 set_bytes(env, object, "source", side.source, 16) &&
                 napi_get_boolean(env, side.has_source, &has_source) == napi_ok &&
                 napi_set_named_property(env, object, "hasSource", has_source) == napi_ok &&
                 set_number(env, object, "linkType", side.link_type) &&
                 set_link_address(env, object, "linkAddress", &side.link_address) &&
                 set_link_address(env, object, "neighbourAddress", &side.neighbour_address) &&
                 set_number(env, object, "mtu", side.mtu);
  return is_made ? object : NULL;
}

/* routeEdges(family) */
napi_value js_route_edges(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value value = NULL;
  double family;
  struct route_edges edges;
  void *data;
  if (!get_arguments(env, info, argument, 1) || !get_number(env, argument[0], 4, 6, &family)) return NULL;
  if (!route_edges_find(&edges, family == 4 ? 4 : 6)) return napi_get_null(env, &value) == napi_ok ? value : NULL;
  size_t length = (size_t)edges.count * sizeof *edges.bytes;
  napi_value buffer;
  if (napi_create_arraybuffer(env, length, &data, &buffer) == napi_ok) {
    memcpy(data, edges.bytes, length);
    if (napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &value) != napi_ok) value = NULL;
  }
  free(edges.bytes);
  return value;
}

napi_value js_route_changes(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  return napi_create_double(env, (double)route_changes(), &value) == napi_ok ? value : NULL;
}

static bool add_address(napi_env env, napi_value list, uint32_t at, const struct ifaddrs *entry) {
  napi_value object;
  uint8_t bytes[16] = {0};
  union address address = {0};
  bool is_v4 = entry->ifa_addr->sa_family == AF_INET;
  memcpy(&address, entry->ifa_addr, is_v4 ? sizeof address.v4 : sizeof address.v6);
  event_address(&address, bytes, NULL);
  return napi_create_object(env, &object) == napi_ok &&
         set_number(env, object, "family", is_v4 ? 4 : 6) &&
         set_bytes(env, object, "bytes", bytes, 16) &&
         set_number(env, object, "scopeId", is_v4 ? 0 : address.v6.sin6_scope_id) &&
         set_text(env, object, "interface", entry->ifa_name) &&
         napi_set_element(env, list, at, object) == napi_ok;
}

napi_value js_own_addresses(napi_env env, napi_callback_info info) {
  (void)info;
  struct ifaddrs *entries = NULL;
  napi_value list;
  uint32_t count = 0;
  bool is_made = napi_create_array(env, &list) == napi_ok;
  if (!is_made || getifaddrs(&entries) != 0) return is_made ? list : NULL;
  for (const struct ifaddrs *entry = entries; is_made && entry != NULL; entry = entry->ifa_next) {
    if (entry->ifa_addr == NULL) continue;
    int family = entry->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) is_made = add_address(env, list, count++, entry);
  }
  freeifaddrs(entries);
  return is_made ? list : NULL;
}

napi_value js_file_limit(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  struct rlimit limit = {0};
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  return napi_create_double(env, (double)limit.rlim_cur, &value) == napi_ok ? value : NULL;
}

/* Whether this process may have ping sockets; the one range holds for both families. */
static bool can_echo(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (fd < 0) return false;
  close(fd);
  return true;
}

napi_value js_can_echo(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  return napi_get_boolean(env, can_echo(), &value) == napi_ok ? value : NULL;
}
