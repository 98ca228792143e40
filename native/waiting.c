/* Waiting: for moments on the JavaScript thread, for longer on a thread of the pool. */
#include "js.h"

#include <stdlib.h>
#include <string.h>

/* A worker thread that is terminated waits for its pool before any hook of ours runs, so no wait may be long. */
static const int64_t longest_wait_ns = 250000000;

/* An asynchronous wait under way. */
struct waiting {
  napi_async_work work;
  napi_deferred deferred;
  napi_ref handle;
  wait_done *done;
  void *owner;
  int epoll_fd;
  int64_t until_ns;
  int64_t ready_ns;
  int count;
  struct epoll_event ready[READY];
};

/* pause(wire, us): blocks until something is ready, at most 1 ms. */
napi_value js_pause(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  struct wire *w;
  double us;
  if (!get_arguments(env, info, argument, 2) || (w = get_wire(env, argument[0])) == NULL ||
      !get_number(env, argument[1], 0, LONGEST_PAUSE_US, &us)) {
    return NULL;
  }
  if (!w->closed) wire_wait(w->epoll_fd, wire_wait_until(w, now_ns() + (int64_t)(us * 1e3)));
  return NULL;
}

static void wait_execute(napi_env env, void *data) {
  (void)env;
  struct waiting *waiting = data;
  wire_wait(waiting->epoll_fd, waiting->until_ns);
  waiting->ready_ns = now_ns();
  waiting->count = epoll_wait(waiting->epoll_fd, waiting->ready, READY, 0);
}

static void wait_complete(napi_env env, napi_status status, void *data) {
  struct waiting *waiting = data;
  napi_value undefined;
  waiting->done(waiting->owner, waiting->ready, status == napi_ok ? waiting->count : 0, waiting->ready_ns);
  if (napi_get_undefined(env, &undefined) == napi_ok) {
    (void)napi_resolve_deferred(env, waiting->deferred, undefined);
  }
  (void)napi_delete_async_work(env, waiting->work);
  (void)napi_delete_reference(env, waiting->handle);
  free(waiting);
}

napi_value start_waiting(napi_env env, napi_value handle, int epoll_fd, int64_t until_ns, wait_done *done,
                         void *owner) {
  napi_value promise;
  napi_value name;
  int64_t longest = now_ns() + longest_wait_ns;
  struct waiting *waiting = calloc(1, sizeof *waiting);
  if (waiting == NULL) return throw_type(env, "no memory to wait");
  waiting->done = done;
  waiting->owner = owner;
  waiting->epoll_fd = epoll_fd;
  waiting->until_ns = until_ns < longest ? until_ns : longest;
  if (napi_create_promise(env, &waiting->deferred, &promise) != napi_ok ||
      napi_create_string_utf8(env, "pu-probe wait", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env, handle, 1, &waiting->handle) != napi_ok ||
      napi_create_async_work(env, NULL, name, wait_execute, wait_complete, waiting, &waiting->work) != napi_ok ||
      napi_queue_async_work(env, waiting->work) != napi_ok) {
    free(waiting);
    return throw_type(env, "cannot wait");
  }
  return promise;
}

static void wire_wait_done(void *owner, const struct epoll_event *ready, int count, int64_t at_ns) {
  struct wire *w = owner;
  w->waiting = false;
  if (count <= 0) return;
  memcpy(w->ready, ready, (size_t)count * sizeof *ready);
  w->ready_count = count;
  w->ready_ns = at_ns;
}

/* wait(wire, untilMs): a promise that is kept when something is ready, the time has come or the wire is closed; also after
 * 250 ms, the caller looks and waits again. */
napi_value js_wait(napi_env env, napi_callback_info info) {
  napi_value argument[2];
  struct wire *w;
  double until_ms;
  double now_ms = to_ms(now_ns());
  if (!get_arguments(env, info, argument, 2) || (w = get_wire(env, argument[0])) == NULL ||
      !get_number(env, argument[1], -LONGEST_WAIT_MS, now_ms + LONGEST_WAIT_MS, &until_ms)) {
    return NULL;
  }
  if (w->waiting) return throw_type(env, "the wire is waiting already");
  int64_t until_ns = w->closed ? 0 : wire_wait_until(w, (int64_t)(until_ms * 1e6));
  napi_value promise = start_waiting(env, argument[0], w->epoll_fd, until_ns, wire_wait_done, w);
  w->waiting = promise != NULL;
  return promise;
}
