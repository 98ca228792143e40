// A link with a delay: copies frames between two devices, both ways, each DELAY_US after the kernel's stamp of its arrival.
//   delayLine carry NEAR FAR DELAY_US          carries until standard input ends; a line there prints and resets the counts
//   delayLine flood DEVICE MAC RATE SECONDS    sends frames of an experimental EtherType, to find what a line can carry
// No reordering, no loss of its own: what the kernel dropped, what did not fit and what could not be sent is counted as lost.
// Checksums that the sender left to its device travel as such (PACKET_VNET_HDR).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  BATCH = 64,
  SLOT_BYTES = 2048,
  // The queue holds this many frames a second for the time of the delay.
  QUEUE_RATE = 1000000,
  SOCKET_BYTES = 64 << 20,
  // Frames that are due within this time leave together: the jitter of the line, besides what the machine adds.
  TOGETHER_NS = 30000,
  // Lateness is counted in steps of this.
  LATE_STEP_NS = 5000,
  LATE_STEPS = 4000,
  WINDOW_NS = 10000000,
  EXPERIMENTAL_ETHERTYPE = 0x88b5,
  FLOOD_FRAME_BYTES = 60,
  // Above everything ordinary: a link does not get slower when the host at its end is busy.
  PRIORITY = 10,
};
static const int64_t SECOND_NS = 1000000000;

struct lane {
  int from, to;
  uint32_t capacity, head, count;
  uint8_t *bytes;
  uint32_t *length;
  int64_t *dueNs;
};

static struct {
  uint64_t carried, lost, late[LATE_STEPS], windowFrames, busiest;
  int64_t windowNs, latestNs;
} counts;

static void fail(const char *what) {
  fprintf(stderr, "delayLine: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t nowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleepUntil(int64_t ns) {
  struct timespec at = {ns / SECOND_NS, ns % SECOND_NS};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

static int openDevice(const char *name, uint16_t protocol) {
  int one = 1, bytes = SOCKET_BYTES;
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
  address.sll_ifindex = (int)if_nametoindex(name);
  if (fd < 0 || address.sll_ifindex == 0) fail(name);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) fail("SO_RCVBUFFORCE");
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) fail("SO_SNDBUFFORCE");
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) != 0) fail("SO_TIMESTAMPNS");
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0) fail("PACKET_IGNORE_OUTGOING");
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) != 0) fail("PACKET_VNET_HDR");
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  return fd;
}

static struct lane openLane(int from, int to, int64_t delayNs) {
  struct lane lane = {.from = from, .to = to, .capacity = 4096};
  while (lane.capacity < (double)QUEUE_RATE * (double)delayNs / 1e9) lane.capacity *= 2;
  lane.bytes = malloc((size_t)lane.capacity * SLOT_BYTES);
  lane.length = malloc(lane.capacity * sizeof *lane.length);
  lane.dueNs = malloc(lane.capacity * sizeof *lane.dueNs);
  if (lane.bytes == NULL || lane.length == NULL || lane.dueNs == NULL) fail("malloc");
  return lane;
}

static int64_t stampOf(struct msghdr *message) {
  struct cmsghdr *part = CMSG_FIRSTHDR(message);
  struct timespec stamp;
  if (part == NULL || part->cmsg_type != SO_TIMESTAMPNS) return nowNs();
  memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
  return stamp.tv_sec * SECOND_NS + stamp.tv_nsec;
}

// Takes what has arrived, as far as there is room; the rest waits in the socket.
static void takeIn(struct lane *lane, int64_t delayNs) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  char control[BATCH][64];
  for (;;) {
    uint32_t room = lane->capacity - lane->count, tail = lane->head + lane->count;
    unsigned wanted = room < BATCH ? room : BATCH;
    if (wanted == 0) return;
    for (unsigned i = 0; i < wanted; i++) {
      parts[i].iov_base = lane->bytes + (size_t)((tail + i) % lane->capacity) * SLOT_BYTES;
      parts[i].iov_len = SLOT_BYTES;
      messages[i].msg_hdr = (struct msghdr){
          .msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i]};
    }
    int got = recvmmsg(lane->from, messages, wanted, MSG_DONTWAIT, NULL);
    if (got <= 0) return;
    for (int i = 0; i < got; i++) {
      uint32_t slot = (lane->head + lane->count) % lane->capacity;
      // A frame that was cut cannot be carried; its slot is used again by the next call.
      lane->length[slot] = messages[i].msg_hdr.msg_flags & MSG_TRUNC ? 0 : messages[i].msg_len;
      lane->dueNs[slot] = stampOf(&messages[i].msg_hdr) + delayNs;
      lane->count++;
    }
    if ((unsigned)got < wanted) return;
  }
}

static void countSent(int64_t dueNs, int64_t sentNs) {
  int64_t lateNs = sentNs > dueNs ? sentNs - dueNs : 0;
  int64_t step = lateNs / LATE_STEP_NS;
  counts.late[step < LATE_STEPS ? step : LATE_STEPS - 1]++;
  if (lateNs > counts.latestNs) counts.latestNs = lateNs;
  if (sentNs - counts.windowNs > WINDOW_NS) {
    counts.windowNs = sentNs;
    counts.windowFrames = 0;
  }
  if (++counts.windowFrames > counts.busiest) counts.busiest = counts.windowFrames;
  counts.carried++;
}

// Sends what is due.
static void putOut(struct lane *lane) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  for (;;) {
    int64_t now = nowNs();
    unsigned due = 0;
    while (due < BATCH && due < lane->count) {
      uint32_t slot = (lane->head + due) % lane->capacity;
      if (lane->dueNs[slot] > now) break;
      parts[due] = (struct iovec){lane->bytes + (size_t)slot * SLOT_BYTES, lane->length[slot]};
      messages[due].msg_hdr = (struct msghdr){.msg_iov = &parts[due], .msg_iovlen = 1};
      due++;
    }
    if (due == 0) return;
    int sent = sendmmsg(lane->to, messages, due, 0);
    // The first of the rest cannot be sent at all.
    unsigned done = sent < 0 ? 0 : (unsigned)sent;
    for (unsigned i = 0; i < done; i++) countSent(lane->dueNs[(lane->head + i) % lane->capacity], now);
    if (done < due) {
      counts.lost++;
      done++;
    }
    lane->head = (lane->head + done) % lane->capacity;
    lane->count -= done;
  }
}

static uint64_t dropped(int fd) {
  struct tpacket_stats stats;
  socklen_t size = sizeof stats;
  return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0 ? stats.tp_drops : 0;
}

static double lateUs(double share) {
  uint64_t seen = 0;
  for (int step = 0; step < LATE_STEPS; step++) {
    seen += counts.late[step];
    if ((double)seen >= share * (double)counts.carried) return (double)(step + 1) * LATE_STEP_NS / 1000;
  }
  return 0;
}

static void report(const struct lane *lanes) {
  counts.lost += dropped(lanes[0].from) + dropped(lanes[1].from);
  printf("{\"carried\":%llu,\"lost\":%llu,\"busiestPerS\":%llu,\"lateUs\":{\"p50\":%.0f,\"p99\":%.0f,\"max\":%.0f}}\n",
         (unsigned long long)counts.carried, (unsigned long long)counts.lost,
         (unsigned long long)counts.busiest * (SECOND_NS / WINDOW_NS), lateUs(0.5), lateUs(0.99),
         (double)counts.latestNs / 1000);
  fflush(stdout);
  memset(&counts, 0, sizeof counts);
}

static int carry(const char *near, const char *far, int64_t delayNs) {
  int ends[2] = {openDevice(near, 0x0003), openDevice(far, 0x0003)};
  struct lane lanes[2] = {openLane(ends[0], ends[1], delayNs), openLane(ends[1], ends[0], delayNs)};
  struct sched_param priority = {.sched_priority = PRIORITY};
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) fail("SCHED_FIFO");
  prctl(PR_SET_TIMERSLACK, 1);
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct pollfd waiting[3] = {{0, POLLIN, 0}, {ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}};
    int64_t nextNs = INT64_MAX;
    for (int i = 0; i < 2; i++) {
      takeIn(&lanes[i], delayNs);
      putOut(&lanes[i]);
      if (lanes[i].count > 0 && lanes[i].dueNs[lanes[i].head] < nextNs) nextNs = lanes[i].dueNs[lanes[i].head];
    }
    if (nextNs != INT64_MAX) {
      // What arrives meanwhile has its stamp, and is due later than this.
      int64_t togetherNs = nowNs() + TOGETHER_NS;
      sleepUntil(nextNs > togetherNs ? nextNs : togetherNs);
      if (poll(waiting, 1, 0) <= 0) continue;
    } else if (poll(waiting, 3, -1) < 0) {
      fail("poll");
    }
    if (waiting[0].revents == 0) continue;
    char line[64];
    if (read(0, line, sizeof line) <= 0) return 0;
    report(lanes);
  }
}

static int flood(const char *device, const char *mac, double rate, double seconds) {
  static uint8_t frame[sizeof(struct virtio_net_hdr) + FLOOD_FRAME_BYTES];
  uint8_t *ethernet = frame + sizeof(struct virtio_net_hdr);
  unsigned octets[6];
  if (sscanf(mac, "%x:%x:%x:%x:%x:%x", octets, octets + 1, octets + 2, octets + 3, octets + 4, octets + 5) != 6) {
    errno = EINVAL;
    fail(mac);
  }
  for (int i = 0; i < 6; i++) ethernet[i] = (uint8_t)octets[i];
  ethernet[6] = 0x02;
  ethernet[12] = EXPERIMENTAL_ETHERTYPE >> 8;
  ethernet[13] = EXPERIMENTAL_ETHERTYPE & 0xff;
  struct iovec part = {frame, sizeof frame};
  struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
  int fd = openDevice(device, 0);
  int64_t begunNs = nowNs(), endNs = begunNs + (int64_t)(seconds * 1e9);
  uint64_t sent = 0;
  for (int64_t now = begunNs; now < endNs; now = nowNs()) {
    double due = (double)(now - begunNs) / 1e9 * rate - (double)sent;
    if (due < 1) {
      sleepUntil(now + TOGETHER_NS);
      continue;
    }
    int put = sendmmsg(fd, messages, due < BATCH ? (unsigned)due : BATCH, 0);
    if (put < 0) fail("sendmmsg");
    sent += (unsigned)put;
  }
  printf("{\"sent\":%llu,\"perS\":%.0f}\n", (unsigned long long)sent, (double)sent / seconds);
  return 0;
}

int main(int count, char **argv) {
  if (count == 5 && strcmp(argv[1], "carry") == 0) return carry(argv[2], argv[3], (int64_t)(atof(argv[4]) * 1000));
  if (count == 6 && strcmp(argv[1], "flood") == 0) return flood(argv[2], argv[3], atof(argv[4]), atof(argv[5]));
  fputs("usage: delayLine carry NEAR FAR DELAY_US | delayLine flood DEVICE MAC RATE SECONDS\n", stderr);
  return 2;
}
