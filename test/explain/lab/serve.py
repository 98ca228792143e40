"""Servers with bad habits: `accept-reset PORT`, `accept-close PORT`, `late PORT SECONDS ADDRESS`, `sink PORT`, `chatter PORT`."""
import socket
import struct
import sys
import time

habit, port = sys.argv[1], int(sys.argv[2])
kind = socket.SOCK_DGRAM if habit == 'late' else socket.SOCK_STREAM
address = sys.argv[4] if len(sys.argv) > 4 else '::'
family = socket.AF_INET6 if ':' in address else socket.AF_INET
server = socket.socket(family, kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if family == socket.AF_INET6:
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind((address, port))
if kind == socket.SOCK_STREAM:
    server.listen()
print('READY', flush=True)
kept = []
while True:
    if habit == 'late':
        data, peer = server.recvfrom(4096)
        time.sleep(float(sys.argv[3]))
        server.sendto(data[:2] + b'\x81\x80' + data[4:], peer)
        continue
    connection, _ = server.accept()
    if habit == 'accept-reset':
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    if habit == 'chatter':
        # A server that has something to say each half second, whatever comes in: as BGP and SSH keep a connection alive.
        for _ in range(10):
            connection.sendall(b'still here')
            time.sleep(0.5)
    if habit == 'sink':
        kept.append(connection)
        while connection.recv(65536):
            pass
    connection.close()
