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

/* Being interrupted between two readings makes the difference wrong by as much as it took; then it is read again. */
static const int64_t swift_ns = 1000;
static const int max_readings = 5;

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, exact to half of the quickest of a few readings: some 30 ns. */
int64_t clock_offset(void) {
  int64_t quickest = INT64_MAX;
  int64_t offset = 0;
  for (int i = 0; i < max_readings && quickest > swift_ns; i++) {
    int64_t before = now_ns();
    int64_t realtime = read_clock(CLOCK_REALTIME);
    int64_t took = now_ns() - before;
    if (took >= quickest) continue;
    quickest = took;
    offset = realtime - (before + took / 2);
  }
  return offset;
}

/*
 * The kernel stamps packets by CLOCK_REALTIME. The difference of the two clocks is read at every use, so that only a step
 * of the wall clock between arrival and reading can bend a stamp; one that falls outside what is possible is replaced by now.
 */
int64_t monotonic_of(int64_t realtime_stamp_ns, int64_t not_before_ns) {
  int64_t at = realtime_stamp_ns - clock_offset();
  int64_t now = now_ns();
  return realtime_stamp_ns == 0 || at > now || at < not_before_ns ? now : at;
}
