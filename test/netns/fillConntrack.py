# Fills the connection tracking table of this namespace, but for ROOM entries: its size can be set in the first
# namespace alone (net.netfilter.nf_conntrack_max is read-only in others), while its entries are counted in each.
# The entries are confirmed, so that none of them is given up for a new one (nf_conntrack_core.c, early_drop).
# usage: fillConntrack.py ROOM; runs inside a namespace, as root.
import socket, struct, sys

NETLINK_NETFILTER, CT_NEW = 12, 1 << 8 | 0
REQUEST, CREATE, EXCL = 0x1, 0x400, 0x200
TUPLE_ORIG, TUPLE_REPLY, STATUS, TIMEOUT, NESTED = 1, 2, 3, 7, 0x8000
SEEN_REPLY, ASSURED, CONFIRMED = 2, 4, 8
UDP, PORTS, BATCH, HOUR_S = 17, 1 << 15, 200, 3600

def attribute(kind, data):
    return struct.pack('=HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)

def nest(kind, *parts):
    return attribute(kind | NESTED, b''.join(parts))

def end(kind, src, dst, src_port, dst_port):
    ports = attribute(2, struct.pack('!H', src_port)) + attribute(3, struct.pack('!H', dst_port))
    return nest(kind, nest(1, attribute(1, src), attribute(2, dst)), nest(2, attribute(1, bytes([UDP])), ports))

def entry(number):
    # Addresses of documentation and benchmarks (RFC 5737, RFC 2544); nothing is sent to them.
    here, there = socket.inet_aton('192.0.2.1'), struct.pack('!I', 0xC6120000 + number // PORTS)
    port = 1 + number % PORTS
    body = struct.pack('!BBH', socket.AF_INET, 0, 0)
    body += end(TUPLE_ORIG, here, there, port, 9) + end(TUPLE_REPLY, there, here, 9, port)
    body += attribute(STATUS, struct.pack('!I', SEEN_REPLY | ASSURED | CONFIRMED))
    body += attribute(TIMEOUT, struct.pack('!I', HOUR_S))
    return struct.pack('=IHHII', 16 + len(body), CT_NEW, REQUEST | CREATE | EXCL, number, 0) + body

def read(name):
    with open('/proc/sys/net/netfilter/nf_conntrack_' + name) as file:
        return int(file.read())

netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
netlink.bind((0, 0))
wanted, number = read('max') - int(sys.argv[1]), 0
while (missing := wanted - read('count')) > 0:
    batch = range(number, number + min(BATCH, missing))
    netlink.send(b''.join(map(entry, batch)))
    number += len(batch)
    if number > 2 * wanted:
        sys.exit('the table of connections cannot be filled')
