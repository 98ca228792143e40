# Sends IP packets (one hex line each on stdin) as they are, and prints what comes back as hex lines.
# usage: sendAndSee.py DEVICE SECONDS; runs inside a namespace, as root.
import select, socket, sys, time

device, seconds = sys.argv[1], float(sys.argv[2])
PACKET_IGNORE_OUTGOING, SOL_PACKET, ETH_P_ALL = 23, 263, 3
see = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
see.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
see.bind((device, ETH_P_ALL))
v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for line in sys.stdin:
    packet = bytes.fromhex(line.strip())
    if packet[0] >> 4 == 4:
        v4.sendto(packet, (socket.inet_ntop(socket.AF_INET, packet[16:20]), 0))
    else:
        v6.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))
end = time.monotonic() + seconds
while time.monotonic() < end:
    ready, _, _ = select.select([see], [], [], max(0, end - time.monotonic()))
    if ready:
        packet, address = see.recvfrom(70000)
        if address[1] in (0x0800, 0x86DD):
            print(packet.hex())
