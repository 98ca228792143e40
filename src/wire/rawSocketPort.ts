/**
 * The raw sockets of a wire: one that sends and three that receive (TCP, UDP, ICMP) for each family. Sending has sockets of
 * its own because the package looks at a socket that has something to read as readable only, never as writable.
 */
import { ERRNO } from '../errno.ts';
import type { Family } from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { errnoOf, type RawSocket, type RawSocketPackage } from './rawSocketPackage.ts';

/** Who gets what is received; the bytes are those of the next packet after the call. */
export interface RawListener {
  /** `bytes[0, length)`: IPv4 with its header, IPv6 without; `source` is the sender's address, without a zone. */
  packet(family: Family, protocol: number, bytes: Buffer, length: number, source: string): void;
  isFull(): boolean;
  /** Something was received in a turn of the event loop. */
  arrived(): void;
}

/** The open sockets. */
export interface RawSocketPort {
  /** Sends an IP packet, its header included; returns 0, or the errno that our own kernel gave at once. */
  send(family: Family, packet: Buffer, length: number, address: string): number;
  /** Takes what has arrived, without waiting, until the listener is full. Events of the sockets do the same. */
  drain(): void;
  /** The listener has room again: its sockets are heard. */
  resume(): void;
  /** Packets that found a receive buffer full, and sockets that failed. */
  lost(): number;
  close(): void;
}

/** include/uapi/linux/in.h, in6.h; arch-independent but for alpha, parisc and sparc, where Node does not run. */
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const IPPROTO_RAW = 255;
const IP_HDRINCL = 3;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;
const IPV6_HDRINCL = 36;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** The place of SK_MEMINFO_DROPS (include/uapi/linux/sock_diag.h), and the length of the array that it ends. */
const MEMINFO_DROPS = 8;
const MEMINFO_BYTES = 4 * (MEMINFO_DROPS + 1);

/** A burst at 100,000 packets a second for 80 ms; without CAP_NET_ADMIN the system's own limit holds (net.core.rmem_max). */
const RECEIVE_BYTES = 8 * 1024 * 1024;
/** The longest IP packet. */
const PACKET_BYTES = 65_536;

/** Opens the sockets; throws what the package throws. */
export function openRawSocketPort(
  raw: RawSocketPackage,
  families: readonly Family[],
  listener: RawListener,
): RawSocketPort {
  const senders = new Map<Family, RawSocket>();
  const receivers: Receiver[] = [];
  const buffer = Buffer.alloc(PACKET_BYTES);
  let isOpen = true;
  let isPaused = false;
  let failures = 0;
  let dropsAtEnd = 0;

  const open = (family: Family, protocol: number): RawSocket => {
    const { IPv4, IPv6 } = raw.AddressFamily;
    return raw.createSocket({
      protocol,
      addressFamily: family === 4 ? IPv4 : IPv6,
      bufferSize: PACKET_BYTES,
    });
  };

  const pauseWhenFull = (): void => {
    if (isPaused || !listener.isFull()) return;
    isPaused = true;
    for (const { socket } of receivers) socket.pauseRecv();
  };

  /** What has come to one socket; the package throws EAGAIN when there is no more. */
  const drainOne = ({ socket, take }: Receiver): void => {
    try {
      while (isOpen && !listener.isFull()) socket.wrap.recv(buffer, take);
    } catch (error) {
      if (errnoOf(error) !== ERRNO.EAGAIN) failures += 1;
    }
  };

  const openSender = (family: Family): void => {
    const socket = open(family, IPPROTO_RAW);
    senders.set(family, socket);
    // Nothing comes here, and a local error that is queued (IP_RECVERR) would be told without end.
    socket.pauseRecv();
    socket.on('error', () => undefined);
    const level = family === 4 ? IPPROTO_IP : IPPROTO_IPV6;
    socket.setOption(level, family === 4 ? IP_HDRINCL : IPV6_HDRINCL, 1);
    // Without it a drop behind the OUTPUT hook (ENOBUFS) looks like success (net/ipv4/raw.c, net/ipv6/raw.c).
    socket.setOption(level, family === 4 ? IP_RECVERR : IPV6_RECVERR, 1);
  };

  const openReceiver = (family: Family, protocol: number): void => {
    const socket = open(family, protocol);
    const take = (bytes: Buffer, length: number, source: string): void =>
      listener.packet(family, protocol, bytes, length, source);
    const receiver = { socket, take };
    receivers.push(receiver);
    enlarge(socket);
    socket.on('message', (bytes, source) => {
      if (!isOpen) return;
      take(bytes, bytes.length, source);
      drainOne(receiver);
      pauseWhenFull();
      listener.arrived();
    });
    // EAGAIN: a drain between two turns has taken what this event was about.
    socket.on('error', (error) => {
      if (errnoOf(error) !== ERRNO.EAGAIN) failures += 1;
    });
    socket.on('close', () => {
      if (isOpen) failures += 1;
    });
  };

  const close = (): void => {
    if (!isOpen) return;
    dropsAtEnd = receivers.reduce((sum, { socket }) => sum + dropsOf(socket), 0);
    isOpen = false;
    for (const socket of senders.values()) socket.close();
    for (const { socket } of receivers) socket.close();
  };

  try {
    for (const family of families) {
      openSender(family);
      const icmp = family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
      for (const protocol of [IP_PROTOCOL.TCP, IP_PROTOCOL.UDP, icmp]) {
        openReceiver(family, protocol);
      }
    }
  } catch (error) {
    close();
    throw error;
  }

  return {
    send(family, packet, length, address) {
      try {
        senders.get(family)!.wrap.send(packet, 0, length, address, nothing);
        return 0;
      } catch (error) {
        return errnoOf(error);
      }
    },
    drain() {
      for (const receiver of receivers) drainOne(receiver);
      pauseWhenFull();
    },
    resume() {
      if (!isPaused || !isOpen || listener.isFull()) return;
      isPaused = false;
      for (const { socket } of receivers) socket.resumeRecv();
    },
    lost: () =>
      failures +
      (isOpen ? receivers.reduce((sum, { socket }) => sum + dropsOf(socket), 0) : dropsAtEnd),
    close,
  };
}

interface Receiver {
  readonly socket: RawSocket;
  readonly take: (bytes: Buffer, length: number, source: string) => void;
}

const nothing = (): void => undefined;

function enlarge(socket: RawSocket): void {
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES);
  } catch {
    socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  }
}

/** Packets that the kernel did not put into the socket's buffer; the package cannot read the count beside a packet. */
function dropsOf(socket: RawSocket): number {
  const info = Buffer.alloc(MEMINFO_BYTES);
  socket.getOption(SOL_SOCKET, SO_MEMINFO, info, MEMINFO_BYTES);
  return info.readUInt32LE(4 * MEMINFO_DROPS);
}
