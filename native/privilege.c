/* Giving up what is not needed once the sockets are open (capabilities(7)). */
#define _GNU_SOURCE
#include "packet.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* To read lists, write results wherever the user may, and end our own children: none of them sends a packet. */
static const uint64_t kept = 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH |
                             1ull << CAP_FOWNER | 1ull << CAP_CHOWN | 1ull << CAP_KILL;

/* Of the calling thread, as all capabilities are. */
int drop_privileges(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2];
  if (syscall(SYS_capget, &header, sets) != 0) return errno;
  for (int i = 0; i < 2; i++) {
    uint32_t mask = (uint32_t)(kept >> (32 * i));
    sets[i].effective &= mask;
    sets[i].permitted &= mask;
    sets[i].inheritable &= mask;
  }
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return errno;
  return syscall(SYS_capset, &header, sets) != 0 ? errno : 0;
}
