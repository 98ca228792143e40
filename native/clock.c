/* One clock: CLOCK_MONOTONIC, in ns inside and ms at the border. */
#define _GNU_SOURCE
#include "wire.h"

#include <time.h>

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

double to_ms(int64_t ns) { return (double)ns / 1e6; }

/*
 * The kernel stamps packets by CLOCK_REALTIME. The difference of the two clocks is read at every use, so that only a step
 * of the wall clock between arrival and reading can bend a stamp; one that falls outside what is possible is replaced by now.
 */
int64_t monotonic_of(int64_t realtime_stamp_ns, int64_t not_before_ns) {
  int64_t now = now_ns();
  if (realtime_stamp_ns == 0) return now;
  int64_t at = now - (read_clock(CLOCK_REALTIME) - realtime_stamp_ns);
  return at > now || at < not_before_ns ? now : at;
}
