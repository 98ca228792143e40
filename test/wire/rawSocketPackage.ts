/** The npm package raw-socket as a test writes it: what it sends is kept, what it receives is given. No privilege is needed. */
import type { Family } from '../../src/model.ts';
import type { RawSocket, RawSocketPackage } from '../../src/wire/rawSocketPackage.ts';

/** One socket of the package. */
interface Played {
  readonly family: Family;
  readonly protocol: number;
  readonly queue: { readonly bytes: Uint8Array; readonly source: string }[];
  readonly listeners: Map<string, (...args: never[]) => void>;
  isPaused: boolean;
  isClosed: boolean;
}

export interface PlayedPackage {
  readonly raw: RawSocketPackage;
  readonly sent: { readonly packet: Buffer; readonly address: string }[];
  readonly sockets: readonly Played[];
  /** Words of the error that the next sends throw; null: they succeed. */
  failure: string | null;
  /** Packets that the kernel of each receiving socket has dropped. */
  drops: number;
  /** An IP packet comes to the socket of its protocol, which shows what the real one would. */
  deliver(family: Family, protocol: number, packet: Uint8Array, source: string): void;
}

const MEMINFO_DROPS_AT = 32;

export function playRawSocket(): PlayedPackage {
  const sockets: Played[] = [];
  const sent: { packet: Buffer; address: string }[] = [];

  const createSocket: RawSocketPackage['createSocket'] = ({ protocol, addressFamily }) => {
    const played: Played = {
      family: addressFamily === 1 ? 4 : 6,
      protocol,
      queue: [],
      listeners: new Map(),
      isPaused: false,
      isClosed: false,
    };
    sockets.push(played);
    const socket: RawSocket = {
      wrap: {
        send(buffer, at, length, address, done) {
          if (self.failure !== null) throw new Error(self.failure);
          sent.push({ packet: Buffer.from(buffer.subarray(at, at + length)), address });
          done();
        },
        recv(buffer, take) {
          const next = played.queue.shift();
          if (next === undefined) throw new Error('Resource temporarily unavailable');
          buffer.set(next.bytes);
          take(buffer, next.bytes.length, next.source);
        },
      },
      on(event: string, listener: (...args: never[]) => void) {
        played.listeners.set(event, listener);
        return socket;
      },
      setOption() {},
      getOption(_level, _option, value) {
        if (played.isClosed) throw new Error('Bad file descriptor');
        value.writeUInt32LE(self.drops, MEMINFO_DROPS_AT);
        return value.length;
      },
      pauseRecv() {
        played.isPaused = true;
        return socket;
      },
      resumeRecv() {
        played.isPaused = false;
        return socket;
      },
      close() {
        played.isClosed = true;
        return socket;
      },
    };
    return socket;
  };

  const self: PlayedPackage = {
    raw: { createSocket, AddressFamily: { IPv4: 1, IPv6: 2 } },
    sent,
    sockets,
    failure: null,
    drops: 0,
    deliver(family, protocol, packet, source) {
      const to = sockets.find((one) => one.family === family && one.protocol === protocol)!;
      const bytes = family === 4 ? packet : packet.subarray(40);
      if (to.isPaused) to.queue.push({ bytes, source });
      else
        (to.listeners.get('message') as (...args: unknown[]) => void)(Buffer.from(bytes), source);
    },
  };
  return self;
}
