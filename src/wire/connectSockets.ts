/** Node's own sockets, one a probe, and what their events mean. */
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { SIGNAL } from '../batch.ts';
import { ERRNO, type ErrnoName } from '../errno.ts';
import type { TargetTable } from '../model.ts';
import type { Ask, SignalFields } from './signalSink.ts';

/** Node's sockets as the connect wire uses them. */
export interface ConnectSockets {
  /** Tries one connection; resolves when its socket is closed. */
  connectOnce(ask: Ask): Promise<void>;
  sendUdp(ask: Ask, payload: Uint8Array): void;
  /** Looks the route to a target up without sending anything: its errno name, or the address that we would use. */
  lookUpRoute(target: number, answer: (errno: string | null, source: string | null) => void): void;
  close(): void;
}

/** UDP sockets kept for late answers; the oldest is closed for a new one. */
const MAX_UDP_SOCKETS = 384;
/** A connect is given up after this where others wait for its place, ms: two SYNs (0 s, 1 s) and an answer to the second. */
const CONNECT_TIMEOUT_MS = 2500;
/** Where nobody waits it may stay longer, ms: a neighbour that does not answer is reported after 3.07 s. */
const CONNECT_PATIENCE_MS = 4000;
/** The send window of a connection is not seen by Node. */
const WINDOW_UNKNOWN = 0xffffffff;
/** RFC 863, discard; a UDP socket that is connected sends nothing. */
const DISCARD_PORT = 9;

/** errnos of a UDP send that our own kernel gave at once. */
const AT_HOME: ReadonlySet<number> = new Set([
  ERRNO.EPERM,
  ERRNO.EACCES,
  ERRNO.EINVAL,
  ERRNO.ENETUNREACH,
  ERRNO.EHOSTUNREACH,
  ERRNO.ENETDOWN,
  ERRNO.EADDRNOTAVAIL,
  ERRNO.ENOBUFS,
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.EMSGSIZE,
  ERRNO.EAFNOSUPPORT,
]);
/** errnos of a socket that never come from the network: no room, or forbidden. */
const NOT_FROM_NETWORK: ReadonlySet<number> = new Set([
  ERRNO.EPERM,
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.EADDRNOTAVAIL,
]);

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? 'EPROTO';
const errnoOf = (error: unknown): number => ERRNO[codeOf(error) as ErrnoName] ?? ERRNO.EPROTO;
/** Node binds to port 0 before it connects: in use is then every port of the range (net/ipv4/udp.c, udp_lib_get_port). */
const bindErrnoOf = (error: unknown): number =>
  codeOf(error) === 'EADDRINUSE' ? ERRNO.EADDRNOTAVAIL : errnoOf(error);

/**
 * Creates the sockets of a wire, none open yet; `tell` gets what their events mean, `isCrowded` says whether connects wait
 * for a place.
 */
export function createConnectSockets(
  targets: TargetTable,
  tell: (kind: number, ask: Ask, fields?: SignalFields) => void,
  isCrowded: () => boolean,
): ConnectSockets {
  const udpSockets = new Map<string, UdpSocket>();
  const connects = new Set<{ destroy(): void }>();
  let isClosed = false;

  const createUdp = (target: number): Socket =>
    createSocket(targets.families[target] === 6 ? 'udp6' : 'udp4');

  const closeUdp = (key: string): void => {
    const known = udpSockets.get(key);
    if (known === undefined) return;
    udpSockets.delete(key);
    known.socket.close();
  };

  const openUdp = (ask: Ask, key: string): UdpSocket => {
    if (udpSockets.size >= MAX_UDP_SOCKETS) closeUdp(udpSockets.keys().next().value!);
    const opened: UdpSocket = { socket: createUdp(ask.target), isConnected: false };
    udpSockets.set(key, opened);
    opened.socket.on('message', (payload) => tell(SIGNAL.DATAGRAM, ask, { payload }));
    opened.socket.on('error', (error) => {
      const errno = opened.isConnected ? errnoOf(error) : bindErrnoOf(error);
      const isOurs = NOT_FROM_NETWORK.has(errno);
      tell(isOurs ? SIGNAL.SEND_FAILED : SIGNAL.SOCKET_ERROR, ask, { errno });
      // It has no port and will never have one; the next attempt takes a new socket.
      if (isOurs && udpSockets.get(key) === opened) closeUdp(key);
    });
    return opened;
  };

  return {
    connectOnce: (ask) =>
      new Promise((resolve) => {
        if (isClosed) {
          resolve();
          return;
        }
        const socket = connect({ host: targets.ip(ask.target), port: ask.port });
        connects.add(socket);
        socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
          const isOver = isCrowded() || socket.timeout !== CONNECT_TIMEOUT_MS;
          if (isOver) socket.destroy();
          else socket.setTimeout(CONNECT_PATIENCE_MS - CONNECT_TIMEOUT_MS);
        });
        socket.once('connect', () => {
          tell(SIGNAL.CONNECTED, ask, { info: WINDOW_UNKNOWN });
          socket.resetAndDestroy();
        });
        socket.once('error', (error) => {
          const errno = errnoOf(error);
          if (errno === ERRNO.ECONNREFUSED) tell(SIGNAL.REFUSED, ask);
          // A handshake that was refused says ECONNREFUSED; this one was done, and then reset.
          else if (errno === ERRNO.ECONNRESET) tell(SIGNAL.RESET_AFTER, ask);
          else if (NOT_FROM_NETWORK.has(errno)) tell(SIGNAL.SEND_FAILED, ask, { errno });
          else tell(SIGNAL.SOCKET_ERROR, ask, { errno });
        });
        socket.once('close', () => {
          connects.delete(socket);
          resolve();
        });
      }),
    sendUdp(ask, payload) {
      if (ask.port === 0) {
        // Node throws for it; the kernel says EINVAL.
        tell(SIGNAL.SEND_FAILED, ask, { errno: ERRNO.EINVAL });
        return;
      }
      const key = `${ask.target}/${ask.port}`;
      const send = (socket: Socket): void => {
        socket.send(payload, (error) => {
          if (error === null) return;
          const errno = errnoOf(error);
          // An ICMP error that came before is told by the next send; it is no failure of this one.
          tell(AT_HOME.has(errno) ? SIGNAL.SEND_FAILED : SIGNAL.SOCKET_ERROR, ask, { errno });
        });
      };
      const known = udpSockets.get(key);
      if (known?.isConnected === true) {
        send(known.socket);
        return;
      }
      if (known !== undefined) return;
      const opened = openUdp(ask, key);
      connectUdp(opened.socket, ask.port, targets.ip(ask.target), (error) => {
        if (error === null) {
          opened.isConnected = true;
          send(opened.socket);
        } else {
          tell(SIGNAL.SEND_FAILED, ask, { errno: errnoOf(error) });
          closeUdp(key);
        }
      });
    },
    lookUpRoute(target, answer) {
      const socket = createUdp(target);
      // Without a descriptor or a port left there is no look-up, and Node calls no callback.
      socket.once('error', (error) => {
        answer(codeOf(error), null);
        socket.close();
      });
      connectUdp(socket, DISCARD_PORT, targets.ip(target), (error) => {
        if (error === null) answer(null, socket.address().address);
        else answer(codeOf(error), null);
        socket.close();
      });
    },
    close() {
      isClosed = true;
      for (const key of [...udpSockets.keys()]) closeUdp(key);
      for (const socket of connects) socket.destroy();
    },
  };
}

interface UdpSocket {
  readonly socket: Socket;
  isConnected: boolean;
}

/** Node hands a failed look-up to the callback, but its types say that there is none. */
function connectUdp(
  socket: Socket,
  port: number,
  address: string,
  done: (error: Error | null) => void,
): void {
  const callback = (error?: Error | null): void => done(error ?? null);
  socket.connect(port, address, callback as () => void);
}
