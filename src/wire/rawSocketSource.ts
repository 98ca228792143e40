/**
 * What ordinary UDP sockets of Node's do for raw sockets: one a family keeps the source port, and tells the address that we
 * send from.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { ERRNO, type ErrnoName } from '../errno.ts';
import type { Family, TargetTable } from '../model.ts';
import { parseIp } from '../packet/address.ts';

/** Our addresses by target, and the port that is ours until `close`. */
export interface Sources {
  /** The address that we send from, 16 bytes; undefined when there is none or it was not asked for yet. */
  known(target: number): Uint8Array | undefined;
  /** The same, asked for where it is not known. Without one `whenNone` gets the errno, now or in a moment. */
  find(target: number, whenNone: (errno: number) => void): Uint8Array | undefined;
  close(): void;
}

interface Source {
  readonly bytes: Uint8Array | undefined;
  /** 0: none, or not known yet. */
  errno: number;
  waiting: ((errno: number) => void)[];
}

/** RFC 863, discard; a UDP socket that is connected sends nothing. */
const DISCARD_PORT = 9;
/** Addresses need no look-up; called back at once, `bind` and `connect` are done when they return. */
const literal = (
  address: string,
  _options: unknown,
  found: (error: null, address: string, family: number) => void,
): void => found(null, address, isIPv6(address) ? 6 : 4);

/**
 * Takes a UDP port of these families; undefined when somebody has it. Its sockets discard what comes, so that our kernel
 * does not refuse the answers with port-unreachables; the raw sockets get copies. TCP needs no such thing, and Node has
 * none: for an answer to a port without a socket the kernel sends the reset that is wanted.
 */
export function openSources(
  targets: TargetTable,
  port: number,
  families: readonly Family[],
): Sources | undefined {
  const sockets = new Map<Family, Socket>();
  const sources = new Map<number, Source>();
  const close = (): void => {
    for (const socket of sockets.values()) socket.close();
    sockets.clear();
  };
  let isTaken = false;
  for (const family of families) {
    const socket = bindUdp(family, port, () => {
      isTaken = true;
    });
    sockets.set(family, socket);
  }
  if (isTaken) {
    close();
    return undefined;
  }

  const ask = (target: number): Source => {
    const socket = sockets.get(targets.families[target] === 6 ? 6 : 4)!;
    const connected = (error?: Error | null): void => {
      if (error == null) return;
      const { code } = error as NodeJS.ErrnoException;
      source.errno = ERRNO[code as ErrnoName] ?? ERRNO.EPROTO;
      for (const tell of source.waiting) tell(source.errno);
      source.waiting = [];
    };
    // Node hands a failed connect to the callback, but its types say that there is none.
    socket.connect(DISCARD_PORT, targets.ip(target), connected as () => void);
    const source: Source = { bytes: connectedFrom(socket), errno: 0, waiting: [] };
    // The port has to hear everybody again.
    if (source.bytes !== undefined) socket.disconnect();
    sources.set(target, source);
    return source;
  };

  return {
    known: (target) => sources.get(target)?.bytes,
    find(target, whenNone) {
      const source = sources.get(target) ?? ask(target);
      if (source.bytes !== undefined) return source.bytes;
      if (source.errno > 0) whenNone(source.errno);
      else source.waiting.push(whenNone);
      return undefined;
    },
    close,
  };
}

function bindUdp(family: Family, port: number, failed: () => void): Socket {
  const type = family === 4 ? 'udp4' : 'udp6';
  const socket = createSocket({ type, ipv6Only: family === 6, lookup: literal });
  // One listener a connect is pending, for a turn of the event loop, and a batch may hold a thousand.
  socket.setMaxListeners(0);
  socket.on('error', failed);
  socket.bind({ port, address: family === 4 ? '0.0.0.0' : '::', exclusive: true });
  return socket;
}

/** The address of a socket that is connected. */
function connectedFrom(socket: Socket): Uint8Array | undefined {
  try {
    socket.remoteAddress();
  } catch {
    return undefined;
  }
  return parseIp(socket.address().address)?.bytes;
}
