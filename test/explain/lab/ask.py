"""An ordinary client: asks as a JSON list says, one thing after the other, and does not care for the answers."""
import json
import socket
import struct
import sys
import time

DNS = bytes.fromhex('1a2b01000001000000000000076578616d706c6503636f6d0000010001')
NTP = bytes.fromhex('23') + bytes(39) + bytes.fromhex('e9a1b2c3d4e5f607')
SNMP = bytes.fromhex('302602010104067075626c6963a019020412345678020100020100300b300906052b060102010500')
PAYLOADS = {53: DNS, 123: NTP, 161: SNMP}


def open_socket(ask, kind):
    family = socket.AF_INET6 if ':' in ask['to'] else socket.AF_INET
    sock = socket.socket(family, kind)
    if 'ttl' in ask:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ask['ttl'])
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ask['ttl'])
    return sock


def tcp(ask):
    sock = open_socket(ask, socket.SOCK_STREAM)
    sock.settimeout(ask.get('waitS', 2.5))
    try:
        sock.connect((ask['to'], ask['port']))
        if 'send' in ask:
            sock.sendall(b'x' * ask['send'])
        if 'holdS' in ask:
            sock.settimeout(ask['holdS'])
            while sock.recv(4096):
                pass
    except OSError:
        pass
    sock.close()


def udp(ask):
    sock = open_socket(ask, socket.SOCK_DGRAM)
    if 'fromPort' in ask:
        sock.bind(('', ask['fromPort']))
    sock.settimeout(ask.get('waitS', 0.7))
    if ask.get('connected', True):
        sock.connect((ask['to'], ask['port']))
    payload = PAYLOADS.get(ask['port'], b'\n')
    if 'size' in ask:
        payload = b'x' * ask['size']
    for _ in range(ask.get('times', 2)):
        try:
            sock.sendto(payload, (ask['to'], ask['port'])) if not ask.get('connected', True) else sock.send(payload)
            sock.recv(4096)
            break
        except OSError:
            time.sleep(ask.get('gapS', 0.05))
    sock.close()


def burst(ask):
    """All ports at once, from one socket, several rounds."""
    sock = open_socket(ask, socket.SOCK_DGRAM)
    for _ in range(ask['rounds']):
        for port in ask['ports']:
            try:
                sock.sendto(b'\n', (ask['to'], port))
            except OSError:
                pass
        time.sleep(ask['gapS'])
    sock.close()


def ping(ask):
    family = socket.AF_INET6 if ':' in ask['to'] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if ':' in ask['to'] else socket.IPPROTO_ICMP)
    body = struct.pack('!HH', 0x4d2, 1) + b'ping'
    kind = 128 if ':' in ask['to'] else 8
    head = struct.pack('!BBH', kind, 0, 0)
    total = sum(struct.unpack('!6H', head + body))
    total = (total & 0xffff) + (total >> 16)
    head = struct.pack('!BBH', kind, 0, ~total & 0xffff)
    for _ in range(3):
        try:
            sock.sendto(head + body, (ask['to'], 0))
        except OSError:
            pass
        time.sleep(0.3)


for one in json.loads(sys.argv[1]):
    {'tcp': tcp, 'udp': udp, 'burst': burst, 'ping': ping}[one['kind']](one)
