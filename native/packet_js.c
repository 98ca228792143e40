/* The functions of the packet wire as JavaScript sees them. */
#define _GNU_SOURCE
#include "js.h"
#include "packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What JavaScript's handle wraps. */
struct handle {
  struct packet_port *port;
  /* The Uint8Array of received rows. */
  napi_ref memory;
};

static const struct {
  int number;
  const char *name;
} errno_names[] = {
    {EPERM, "EPERM"},     {EACCES, "EACCES"},   {ENOMEM, "ENOMEM"},
    {EMFILE, "EMFILE"},   {ENFILE, "ENFILE"},   {ENOBUFS, "ENOBUFS"},
    {EINVAL, "EINVAL"},   {ENODEV, "ENODEV"},   {ENOSPC, "ENOSPC"},
    {EBUSY, "EBUSY"},     {EAGAIN, "EAGAIN"},   {ENOPROTOOPT, "ENOPROTOOPT"},
    {ENOSYS, "ENOSYS"},   {EFAULT, "EFAULT"},   {EAFNOSUPPORT, "EAFNOSUPPORT"},
    {ENETDOWN, "ENETDOWN"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
};

static napi_value throw_errno(napi_env env, const char *what, int error) {
  char code[24];
  char text[128];
  (void)snprintf(code, sizeof code, "errno %d", error);
  for (size_t i = 0; i < sizeof errno_names / sizeof *errno_names; i++) {
    if (errno_names[i].number == error) (void)snprintf(code, sizeof code, "%s", errno_names[i].name);
  }
  (void)snprintf(text, sizeof text, "cannot have %s: %s", what, strerror(error));
  (void)napi_throw_error(env, code, text);
  return NULL;
}

static void close_at_exit(void *data) { packet_close(data); }

static void finalize_port(napi_env env, void *data, void *hint) {
  (void)hint;
  struct handle *handle = data;
  (void)napi_remove_env_cleanup_hook(env, close_at_exit, handle->port);
  if (handle->memory != NULL) (void)napi_delete_reference(env, handle->memory);
  packet_free(handle->port);
  free(handle);
}

static void finalize_memory(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  memory_release(hint);
}

static bool get_port(napi_env env, napi_value value, struct handle **handle) {
  *handle = get_tagged(env, value, &packet_tag, "not a packet port");
  return *handle != NULL;
}

/* The array of the port's memory, which from then on both own. */
static bool share_memory(napi_env env, struct handle *handle) {
  struct packet_memory *memory = handle->port->memory;
  napi_value buffer;
  napi_value array;
  memory->owners++;
  if (napi_create_external_arraybuffer(env, memory->bytes, memory->size, finalize_memory, memory, &buffer) !=
      napi_ok) {
    memory_release(memory);
    return false;
  }
  return napi_create_typedarray(env, napi_uint8_array, memory->size, buffer, 0, &array) == napi_ok &&
         napi_create_reference(env, array, 1, &handle->memory) == napi_ok;
}

static bool get_open_arguments(napi_env env, napi_callback_info info, struct sock_fprog *filter,
                               uint32_t *ring_blocks) {
  napi_value argument[2];
  uint8_t *program;
  size_t length;
  double ring_bytes;
  if (!get_arguments(env, info, argument, 2) ||
      !get_array(env, argument[0], napi_uint8_array, "filter", (void **)&program, &length) ||
      !get_number(env, argument[1], 0, MAX_RING, &ring_bytes)) {
    return false;
  }
  uint32_t steps = (uint32_t)(ring_bytes / RING_STEP);
  *ring_blocks = steps * (RING_STEP / RING_BLOCK);
  if ((double)steps * RING_STEP != ring_bytes) {
    return throw_range(env, "the size of a ring is a multiple of 1 MiB") != NULL;
  }
  size_t count = length / sizeof(struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || length % sizeof(struct sock_filter) != 0) {
    return throw_range(env, "a filter is 1 to 4096 instructions of 8 bytes") != NULL;
  }
  filter->len = (unsigned short)count;
  filter->filter = malloc(length);
  if (filter->filter == NULL) return throw_errno(env, "memory for the filter", ENOMEM) != NULL;
  memcpy(filter->filter, program, length);
  return true;
}

static struct packet_port *open_port(napi_env env, const struct sock_fprog *filter, uint32_t ring_blocks) {
  struct packet_port *port = calloc(1, sizeof *port);
  const char *what = "memory for a packet port";
  int error = port == NULL ? ENOMEM : packet_open(port, filter, ring_blocks, &what);
  if (error == 0) return port;
  if (port != NULL) packet_free(port);
  (void)throw_errno(env, what, error);
  return NULL;
}

/* packetOpen(filter, ringBytes) */
napi_value js_packet_open(napi_env env, napi_callback_info info) {
  struct sock_fprog filter;
  uint32_t ring_blocks;
  napi_value object;
  if (!get_open_arguments(env, info, &filter, &ring_blocks)) return NULL;
  struct packet_port *port = open_port(env, &filter, ring_blocks);
  free(filter.filter);
  if (port == NULL) return NULL;
  struct handle *handle = calloc(1, sizeof *handle);
  if (handle != NULL) handle->port = port;
  if (handle == NULL || napi_create_object(env, &object) != napi_ok ||
      napi_wrap(env, object, handle, finalize_port, NULL, NULL) != napi_ok) {
    free(handle);
    packet_free(port);
    return throw_type(env, "cannot make a handle");
  }
  if (napi_type_tag_object(env, object, &packet_tag) != napi_ok ||
      napi_add_env_cleanup_hook(env, close_at_exit, port) != napi_ok || !share_memory(env, handle)) {
    packet_close(port);
    return throw_type(env, "cannot make a handle");
  }
  return object;
}

/* packetMemory(port) */
napi_value js_packet_memory(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value array;
  struct handle *handle;
  if (!get_arguments(env, info, argument, 1) || !get_port(env, argument[0], &handle)) return NULL;
  return napi_get_reference_value(env, handle->memory, &array) == napi_ok ? array : NULL;
}

/* packetReserve(port, wanted) */
napi_value js_packet_reserve(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  napi_value value;
  struct handle *handle;
  double wanted;
  if (!get_arguments(env, info, argument, 2) || !get_port(env, argument[0], &handle) ||
      !get_number(env, argument[1], 0, UINT16_MAX, &wanted)) {
    return NULL;
  }
  int port = packet_reserve(handle->port, (uint16_t)wanted);
  return napi_create_int32(env, port, &value) == napi_ok ? value : NULL;
}

/* Every row lies inside its columns, its packet inside the arena, its hop inside the hops. */
static bool check_rows(napi_env env, const struct packet_rows *rows, size_t arena, size_t hops, uint32_t from,
                       uint32_t count) {
  const char *what = NULL;
  for (uint32_t row = from; what == NULL && row < from + count; row++) {
    struct packet_hop hop;
    if (rows->offset[row] > arena || rows->length[row] > arena - rows->offset[row]) {
      what = "a row's packet lies outside the arena";
    } else if (rows->hop[row] >= hops / sizeof hop) {
      what = "a row names a hop that does not exist";
    } else {
      memcpy(&hop, rows->hops + (size_t)rows->hop[row] * sizeof hop, sizeof hop);
      if (hop.address_length > MAX_LINK_ADDRESS) what = "a hop's link-layer address is longer than 8 bytes";
      if (hop.ifindex > INT32_MAX) what = "a hop's ifindex is no ifindex";
    }
  }
  if (what != NULL) (void)throw_range(env, what);
  return what == NULL;
}

/* packetSend(port, arena, offset, length, hop, hops, sentMs, error, from, count) */
napi_value js_packet_send(napi_env env, napi_callback_info info) {
  enum { ARGUMENTS = 10, ARRAYS = 7 };
  static const struct {
    const char *name;
    napi_typedarray_type type;
    bool is_column;
  } arrays[ARRAYS] = {
      {"arena", napi_uint8_array, false}, {"offset", napi_uint32_array, true},
      {"length", napi_uint16_array, true}, {"hop", napi_uint16_array, true},
      {"hops", napi_uint8_array, false},  {"sentMs", napi_float64_array, true},
      {"error", napi_uint16_array, true},
  };
  napi_value argument[ARGUMENTS];
  napi_value value;
  struct handle *handle;
  void *d[ARRAYS];
  size_t lengths[ARRAYS];
  size_t columns = UINT32_MAX;
  double from;
  double count;
  if (!get_arguments(env, info, argument, ARGUMENTS) || !get_port(env, argument[0], &handle)) return NULL;
  for (int i = 0; i < ARRAYS; i++) {
    if (!get_array(env, argument[1 + i], arrays[i].type, arrays[i].name, &d[i], &lengths[i])) return NULL;
    if (arrays[i].is_column && lengths[i] < columns) columns = lengths[i];
  }
  if (!get_number(env, argument[8], 0, UINT32_MAX, &from) || !get_number(env, argument[9], 0, UINT32_MAX, &count)) {
    return NULL;
  }
  if (from + count > (double)columns) return throw_range(env, "more rows than the columns hold");
  struct packet_rows rows = {.arena = d[0], .offset = d[1], .length = d[2], .hop = d[3],
                             .hops = d[4], .sent_ms = d[5], .error = d[6]};
  if (!check_rows(env, &rows, lengths[0], lengths[4], (uint32_t)from, (uint32_t)count)) return NULL;
  uint32_t failed = packet_send(handle->port, &rows, (uint32_t)from, (uint32_t)count);
  return napi_create_uint32(env, failed, &value) == napi_ok ? value : NULL;
}

/* packetDrain(port, columns) */
napi_value js_packet_drain(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  napi_value value;
  struct handle *handle;
  struct arrived_rows rows;
  if (!get_arguments(env, info, argument, 2) || !get_port(env, argument[0], &handle) ||
      !read_arrived_rows(env, argument[1], &rows)) {
    return NULL;
  }
  return napi_create_uint32(env, packet_drain(handle->port, &rows), &value) == napi_ok ? value : NULL;
}

/* packetPause(port, us) */
napi_value js_packet_pause(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  struct handle *handle;
  double us;
  if (!get_arguments(env, info, argument, 2) || !get_port(env, argument[0], &handle) ||
      !get_number(env, argument[1], 0, LONGEST_PAUSE_US, &us)) {
    return NULL;
  }
  if (!handle->port->closed) wire_wait(handle->port->epoll_fd, now_ns() + (int64_t)(us * 1e3));
  return NULL;
}

static void wait_is_over(void *owner, const struct epoll_event *ready, int count, int64_t at_ns) {
  (void)ready, (void)count, (void)at_ns;
  ((struct packet_port *)owner)->waiting = false;
}

/* packetWait(port, untilMs) */
napi_value js_packet_wait(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  struct handle *handle;
  double until_ms;
  double now_ms = to_ms(now_ns());
  if (!get_arguments(env, info, argument, 2) || !get_port(env, argument[0], &handle) ||
      !get_number(env, argument[1], -LONGEST_WAIT_MS, now_ms + LONGEST_WAIT_MS, &until_ms)) {
    return NULL;
  }
  struct packet_port *port = handle->port;
  if (port->waiting) return throw_type(env, "the packet port is waiting already");
  int64_t until_ns = port->closed ? 0 : (int64_t)(until_ms * 1e6);
  napi_value promise = start_waiting(env, argument[0], port->epoll_fd, until_ns, wait_is_over, port);
  port->waiting = promise != NULL;
  return promise;
}

/* packetCounters(port) */
napi_value js_packet_counters(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value object;
  struct handle *handle;
  if (!get_arguments(env, info, argument, 1) || !get_port(env, argument[0], &handle)) return NULL;
  packet_count(handle->port);
  const struct packet_counters *counters = &handle->port->counters;
  bool is_made = napi_create_object(env, &object) == napi_ok &&
                 set_number(env, object, "received", (double)counters->received) &&
                 set_number(env, object, "dropped", (double)counters->dropped) &&
                 set_number(env, object, "frozen", (double)counters->frozen) &&
                 set_number(env, object, "sent", (double)counters->sent) &&
                 set_number(env, object, "sendFailed", (double)counters->send_failed);
  return is_made ? object : NULL;
}

napi_value js_drop_privileges(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  return napi_create_int32(env, drop_privileges(), &value) == napi_ok ? value : NULL;
}

napi_value js_packet_close(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  struct handle *handle;
  if (get_arguments(env, info, argument, 1) && get_port(env, argument[0], &handle)) packet_close(handle->port);
  return NULL;
}
