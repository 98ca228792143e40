/* Memory of large runs in large pages. */
#define _GNU_SOURCE
#include "js.h"

#include <sys/mman.h>
#include <unistd.h>

/*
 * The state of probes is looked at in a random order, a line of it each time. In pages of 4 KiB each look is a miss of the
 * TLB as well, which costs more than the line. Advice only: where the kernel has no large pages nothing changes.
 */
napi_value js_large_pages(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value value;
  void *data;
  size_t length;
  if (!get_arguments(env, info, argument, 1) ||
      !get_array(env, argument[0], napi_uint8_array, "memory", &data, &length)) {
    return NULL;
  }
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)data + page - 1) & ~(page - 1);
  uintptr_t to = ((uintptr_t)data + length) & ~(page - 1);
  bool is_advised = from < to && madvise((void *)from, to - from, MADV_HUGEPAGE) == 0;
  return napi_get_boolean(env, is_advised, &value) == napi_ok ? value : NULL;
}
