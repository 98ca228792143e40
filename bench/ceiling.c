// What the kernel lets a bare loop do: the same SYNs as `scan -sS -p-`, written in advance, sent by sendmmsg and their
// answers counted in a packet ring. It judges nothing and asks nothing again.
//   ceiling DEVICE SOURCE TARGET_MAC FIRST_TARGET COUNT
// Asks all ports of COUNT addresses from FIRST_TARGET on; ends with 1 where answers are lost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// As many as the scan puts into one call, and so many unanswered that the target's queue (net.core.netdev_max_backlog,
// 1000) does not overflow. Answers that do not come within WAIT_MS are lost.
enum { BATCH = 64, WINDOW = 512, WAIT_MS = 500, PORTS = 65535, SOURCE_PORT = 40000, BLOCK = 1 << 18, BLOCKS = 32 };

struct frame {
  struct ethhdr link;
  struct iphdr ip;
  struct tcphdr tcp;
  uint8_t maxSegment[4];
} __attribute__((packed));

static struct frame frames[BATCH];

static void fail(const char *what) {
  fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint32_t sum(const void *bytes, size_t length, uint32_t total) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i + 1 < length; i += 2) total += (uint32_t)(at[i] << 8 | at[i + 1]);
  return total;
}

static uint16_t folded(uint32_t total) {
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return htons((uint16_t)~total);
}

static int openSocket(int index, uint16_t protocol) {
  int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, version = TPACKET_V3;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = index, .sll_protocol = htons(protocol)};
  struct tpacket_req3 ring = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
                              .tp_frame_nr = BLOCK / 2048 * BLOCKS, .tp_retire_blk_tov = 1};
  if (fd < 0) fail("socket");
  if (protocol != 0) {
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0) fail("PACKET_IGNORE_OUTGOING");
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) fail("TPACKET_V3");
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) fail("PACKET_RX_RING");
  }
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  return fd;
}

static void readMac(const char *text, uint8_t *mac) {
  if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6) {
    errno = EINVAL;
    fail(text);
  }
}

// The parts that are the same in all.
static void prepare(const char *mac, in_addr_t source) {
  for (int i = 0; i < BATCH; i++) {
    struct frame *f = &frames[i];
    readMac(mac, f->link.h_dest);
    f->link.h_proto = htons(ETH_P_IP);
    f->ip = (struct iphdr){.version = 4, .ihl = 5, .tot_len = htons(sizeof *f - sizeof f->link), .ttl = 64,
                           .protocol = IPPROTO_TCP, .frag_off = htons(IP_DF), .saddr = source};
    f->tcp = (struct tcphdr){.source = htons(SOURCE_PORT), .doff = 6, .syn = 1, .window = htons(1024)};
    memcpy(f->maxSegment, (uint8_t[]){2, 4, 5, 180}, sizeof f->maxSegment);
  }
}

static void aim(struct frame *f, in_addr_t target, uint16_t port) {
  f->ip.daddr = target;
  f->ip.check = 0;
  f->ip.check = folded(sum(&f->ip, sizeof f->ip, 0));
  f->tcp.dest = htons(port);
  f->tcp.seq = target * 2654435761u ^ port;
  f->tcp.check = 0;
  uint32_t pseudo = sum(&f->ip.saddr, 8, IPPROTO_TCP + sizeof f->tcp + sizeof f->maxSegment);
  f->tcp.check = folded(sum(&f->tcp, sizeof f->tcp + sizeof f->maxSegment, pseudo));
}

// Answers in the ring: TCP to our port.
static unsigned long drain(uint8_t *ring, unsigned *block) {
  unsigned long answers = 0;
  for (;;) {
    struct tpacket_block_desc *at = (void *)(ring + (size_t)*block * BLOCK);
    if (!(__atomic_load_n(&at->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return answers;
    struct tpacket3_hdr *one = (void *)((uint8_t *)at + at->hdr.bh1.offset_to_first_pkt);
    for (uint32_t i = 0; i < at->hdr.bh1.num_pkts; i++) {
      const struct frame *f = (void *)((uint8_t *)one + one->tp_mac);
      answers += f->ip.protocol == IPPROTO_TCP && f->tcp.dest == htons(SOURCE_PORT);
      one = (void *)((uint8_t *)one + one->tp_next_offset);
    }
    __atomic_store_n(&at->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    *block = (*block + 1) % BLOCKS;
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int index = (int)if_nametoindex(argv[1]), sender, receiver;
  uint32_t first = ntohl(inet_addr(argv[4]));
  unsigned long all = strtoul(argv[5], NULL, 10) * PORTS, sent = 0, answered = 0, lost = 0;
  unsigned block = 0;
  struct mmsghdr messages[BATCH] = {0};
  struct iovec parts[BATCH];
  if (index == 0) fail(argv[1]);
  receiver = openSocket(index, ETH_P_IP);
  sender = openSocket(index, 0);
  uint8_t *ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, receiver, 0);
  if (ring == MAP_FAILED) fail("mmap");
  prepare(argv[3], inet_addr(argv[2]));
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){&frames[i], sizeof frames[i]};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  while (answered + lost < all) {
    unsigned long open = sent - answered - lost, room = WINDOW - (open < WINDOW ? open : WINDOW);
    unsigned count = (unsigned)(room < BATCH ? room : BATCH);
    if (count > all - sent) count = (unsigned)(all - sent);
    for (unsigned i = 0; i < count; i++) {
      aim(&frames[i], htonl(first + (uint32_t)((sent + i) / PORTS)), (uint16_t)((sent + i) % PORTS + 1));
    }
    for (unsigned done = 0; done < count;) {
      int more = sendmmsg(sender, messages + done, count - done, 0);
      if (more < 0 && errno != EINTR && errno != ENOBUFS) fail("sendmmsg");
      if (more > 0) done += (unsigned)more;
    }
    sent += count;
    unsigned long came = drain(ring, &block);
    answered += came;
    if (came > 0 || count > 0) continue;
    struct pollfd wait = {.fd = receiver, .events = POLLIN};
    if (poll(&wait, 1, WAIT_MS) == 0) lost = sent - answered;
  }
  if (lost > 0) fprintf(stderr, "ceiling: %lu of %lu without an answer\n", lost, sent);
  return lost > 0;
}
