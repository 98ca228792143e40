/* Reading messages with all that the kernel says beside them. */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

/* What UDP and TCP sockets have in common: the error queue, and the TTL of what arrives. 0 or an errno. */
int prepare_socket(int fd, int family) {
  int failed = family == AF_INET ? set_option(fd, IPPROTO_IP, IP_RECVERR, 1) ||
                                       set_option(fd, IPPROTO_IP, IP_RECVTTL, 1)
                                 : set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) ||
                                       set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) ||
                                       set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  return failed ? errno : 0;
}

socklen_t address_length(const union address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

/* Same address and port; the zone is not compared, error queues do not always tell it. */
bool same_address(const union address *a, const union address *b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET) {
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  }
  return a->v6.sin6_port == b->v6.sin6_port &&
         memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

/* The offender follows the error in the same control message (ip(7), IP_RECVERR); AF_UNSPEC when there is none. */
static void read_error(const struct cmsghdr *control, struct record *record) {
  size_t length = control->cmsg_len - CMSG_LEN(0);
  const uint8_t *data = CMSG_DATA(control);
  if (length < sizeof record->err) return;
  memcpy(&record->err, data, sizeof record->err);
  record->has_err = true;
  size_t rest = length - sizeof record->err;
  memcpy(&record->offender, data + sizeof record->err,
         rest < sizeof record->offender ? rest : sizeof record->offender);
}

static void read_control(struct msghdr *message, struct record *record) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    int level = c->cmsg_level;
    int type = c->cmsg_type;
    if ((level == IPPROTO_IP && type == IP_RECVERR) ||
        (level == IPPROTO_IPV6 && type == IPV6_RECVERR)) {
      read_error(c, record);
    } else if (((level == IPPROTO_IP && type == IP_TTL) ||
                (level == IPPROTO_IPV6 && type == IPV6_HOPLIMIT)) &&
               c->cmsg_len >= CMSG_LEN(sizeof record->ttl)) {
      memcpy(&record->ttl, CMSG_DATA(c), sizeof record->ttl);
    } else if (level == SOL_SOCKET && type == SCM_TIMESTAMPNS &&
               c->cmsg_len >= CMSG_LEN(sizeof(struct timespec))) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      record->stamp_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    }
  }
}

static void read_message(struct msghdr *message, size_t length, struct record *record) {
  *record = (struct record){
      .payload = message->msg_iov->iov_base,
      .length = length,
      .truncated = (message->msg_flags & MSG_TRUNC) != 0,
  };
  const union address *name = message->msg_name;
  if (message->msg_namelen >= sizeof name->v4) {
    memcpy(&record->name, name,
           message->msg_namelen < sizeof *name ? message->msg_namelen : sizeof *name);
  }
  read_control(message, record);
}

/* Up to MAILBOX messages from the receive queue, or with MSG_ERRQUEUE from the error queue; 0 when it is empty. */
int receive_many(struct wire *w, int fd, int flags, struct record *records) {
  struct mmsghdr messages[MAILBOX];
  struct iovec vectors[MAILBOX];
  for (int i = 0; i < MAILBOX; i++) {
    vectors[i] = (struct iovec){w->mailbox.payload[i], MAX_PAYLOAD};
    messages[i] = (struct mmsghdr){.msg_hdr = {
                                       .msg_name = &w->mailbox.names[i],
                                       .msg_namelen = sizeof w->mailbox.names[i],
                                       .msg_iov = &vectors[i],
                                       .msg_iovlen = 1,
                                       .msg_control = w->mailbox.control[i],
                                       .msg_controllen = sizeof w->mailbox.control[i],
                                   }};
  }
  int count;
  do {
    count = recvmmsg(fd, messages, MAILBOX, flags | MSG_DONTWAIT, NULL);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++) {
    read_message(&messages[i].msg_hdr, messages[i].msg_len, &records[i]);
  }
  return count < 0 ? 0 : count;
}

/* One record of an error queue, its payload dropped; 0 when the queue is empty. */
int receive_error(int fd, struct record *record) {
  uint8_t quote[64];
  _Alignas(struct cmsghdr) uint8_t control[512];
  union address name;
  struct iovec vector = {quote, sizeof quote};
  struct msghdr message = {
      .msg_name = &name,
      .msg_namelen = sizeof name,
      .msg_iov = &vector,
      .msg_iovlen = 1,
      .msg_control = control,
      .msg_controllen = sizeof control,
  };
  ssize_t length;
  do {
    length = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return 0;
  read_message(&message, (size_t)length, record);
  record->payload = NULL;
  record->length = 0;
  return 1;
}
