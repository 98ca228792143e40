/* Memory of large runs in large pages. */
#define _GNU_SOURCE
#include "js.h"

#include <stdlib.h>
#include <sys/mman.h>

/* The usual size of a large page; a multiple of it begins a line of the cache as well. */
#define LARGE_PAGE ((size_t)2 << 20)
/* A run has fewer than 2^32 probes. */
#define MOST_BYTES 1e13

struct mapping {
  void *start;
  size_t size;
};

static void finalize_mapping(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  struct mapping *mapping = hint;
  munmap(mapping->start, mapping->size);
  free(mapping);
}

static napi_value give_null(napi_env env) {
  napi_value value;
  return napi_get_null(env, &value) == napi_ok ? value : NULL;
}

/*
 * The state of probes is looked at in a random order, a line of it each time: what is known of a probe must not lie across
 * two lines, and in pages of 4 KiB each look is a miss of the TLB as well, which costs more than the line. The pages are
 * advice only: where the kernel has no large ones, these are small.
 */
napi_value js_large_memory(napi_env env, napi_callback_info info) {
  napi_value argument[1];
  napi_value buffer;
  double bytes;
  if (!get_arguments(env, info, argument, 1) || !get_number(env, argument[0], 1, MOST_BYTES, &bytes)) return NULL;
  struct mapping *mapping = malloc(sizeof *mapping);
  if (mapping == NULL) return give_null(env);
  mapping->size = (size_t)bytes + LARGE_PAGE;
  mapping->start = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping->start == MAP_FAILED) {
    free(mapping);
    return give_null(env);
  }
  uintptr_t from = ((uintptr_t)mapping->start + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
  (void)madvise((void *)from, (size_t)bytes, MADV_HUGEPAGE);
  if (napi_create_external_arraybuffer(env, (void *)from, (size_t)bytes, finalize_mapping, mapping, &buffer) ==
      napi_ok) {
    return buffer;
  }
  finalize_mapping(env, NULL, mapping);
  return give_null(env);
}
