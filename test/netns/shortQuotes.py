# A path of so many routers behind a TUN device, and a target with no open port: `shortQuotes.py ROUTERS DROPPING`. All quote
# 8 bytes behind the IP header, which a kernel cannot be told to, and answer with a TTL that looks further away than they are.
# Each has six ICMP errors and then one a second, the stock limit of IPv4. Router n is 10.91.0.n or fd91::n; the one called
# DROPPING forwards nothing to port 53. No echo is answered. Prints READY when the device is up.
import fcntl
import ipaddress
import os
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
UDP = 17
ANSWER_TTL = 200
DROPPED_PORT = 53
BURST = 6

routers, dropping = int(sys.argv[1]), int(sys.argv[2])
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"short0", IFF_TUN | IFF_NO_PI))
for words in (
    "link set short0 up",
    "address add 10.91.1.1/32 dev short0",
    "-6 address add fd91:1::1/128 dev short0 nodad",
    "route add 10.91.0.0/16 dev short0 src 10.91.1.1",
    "-6 route add fd91::/16 dev short0 src fd91:1::1",
):
    subprocess.run(["ip", *words.split()], check=True)
print("READY", flush=True)


left = {}


def is_allowed(sender):
    now = time.monotonic()
    tokens, at = left.get(sender, (BURST, now))
    tokens = min(BURST, tokens + now - at)
    left[sender] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
    return tokens >= 1


def is_dropped(ttl, datagram):
    return ttl > dropping and struct.unpack("!H", datagram[2:4])[0] == DROPPED_PORT


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(kind, code, quote, pseudo):
    body = struct.pack("!BBHI", kind, code, 0, 0) + quote
    return body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]


def answer4(packet):
    ttl, src, dst = packet[8], packet[12:16], packet[16:20]
    if packet[9] != UDP or is_dropped(ttl, packet[20:]):
        return None
    passed = ttl > routers
    sender = dst if passed else ipaddress.ip_address(f"10.91.0.{ttl}").packed
    if not is_allowed(sender):
        return None
    # Time exceeded, or port unreachable (RFC 792).
    message = icmp(3 if passed else 11, 3 if passed else 0, packet[:28], b"")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, ANSWER_TTL, 1, 0) + sender + src
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + message


def answer6(packet):
    hops, src, dst = packet[7], packet[8:24], packet[24:40]
    if packet[6] != UDP or is_dropped(hops, packet[40:]):
        return None
    passed = hops > routers
    sender = dst if passed else ipaddress.ip_address(f"fd91::{hops:x}").packed
    if not is_allowed(sender):
        return None
    # Time exceeded, or port unreachable (RFC 4443).
    kind, code = (1, 4) if passed else (3, 0)
    pseudo = sender + src + struct.pack("!II", 8 + 48, 58)
    message = icmp(kind, code, packet[:48], pseudo)
    return struct.pack("!IHBB", 6 << 28, len(message), 58, ANSWER_TTL) + sender + src + message


while True:
    packet = os.read(tun, 65536)
    answer = answer4(packet) if packet[0] >> 4 == 4 else answer6(packet)
    if answer is not None:
        os.write(tun, answer)
