/**
 * The native addon: the only file that sees its object.
 *
 * It is looked for in `prebuilds/<platform>-<arch>/` and `build/` of the package, or where PU_PROBE_NATIVE says. A missing,
 * stale or broken addon is a reason in words, never an exception: the tool then works on plain sockets.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Same number as WIRE_ABI in native/wire.h. */
const ABI = 5;
/** From `dist/cli.cjs`, `dist/wire/` or `src/wire/` up to the package root. */
const MAX_LEVELS = 4;

declare const nativeBrand: unique symbol;

/** A wire of the addon, opaque. */
export interface NativeWire {
  readonly [nativeBrand]: true;
}

declare const packetBrand: unique symbol;

/** A packet port of the addon, opaque: packet sockets, raw sockets for loopback, the memory of received rows. */
export interface NativePacketPort {
  readonly [packetBrand]: true;
}

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Columns in the order of the interface that they come from (batch.ts; TargetTable in model.ts). */
export type Columns = readonly TypedArray[];

/** What the kernel says about the way to one destination; numbers as in rtnetlink(7). */
export interface NativeOwnSide {
  /** Why there is no route, 0 when there is one. */
  readonly errno: number;
  /** RTN_LOCAL is 2. */
  readonly type: number;
  /** 0 when the destination is on the link. */
  readonly gatewayFamily: number;
  readonly gateway: Uint8Array;
  readonly index: number;
  readonly name: string;
  /** IFF_UP 1, IFF_RUNNING 0x40. */
  readonly flags: number;
  /** NUD_ state of the next hop; 0 no entry, -1 not known. */
  readonly neighbour: number;
  /** What the kernel would send from, 16 bytes; zeros without `hasSource`. */
  readonly source: Uint8Array;
  readonly hasSource: boolean;
  /** ARPHRD_ number of the interface: 1 Ethernet, 772 loopback, 65534 none. */
  readonly linkType: number;
  /** Own hardware address on the interface, 0 to 8 bytes; empty when there is none or it is longer. */
  readonly linkAddress: Uint8Array;
  /** Hardware address of the next hop, 0 to 8 bytes; empty while it is not known. */
  readonly neighbourAddress: Uint8Array;
  /** Of the interface, in bytes; 0 when not known. */
  readonly mtu: number;
}

/** An address of this machine. */
export interface OwnAddress {
  readonly family: 4 | 6;
  /** 16 bytes, IPv4 in the first four. */
  readonly bytes: Uint8Array;
  /** Interface index for a link-local address, else 0. */
  readonly scopeId: number;
  readonly interface: string;
}

/** The addon's functions. Wrong arguments throw a TypeError or RangeError; network outcomes never throw. */
export interface NativeAddon {
  readonly abi: number;
  /** CLOCK_MONOTONIC in ms. */
  nowMs(): number;
  /** Opens a wire with at most `slots` TCP sockets whose connects are given up after `connectTimeoutMs`. */
  open(slots: number, connectTimeoutMs: number): NativeWire;
  /** Sends the UDP and TCP rows and the echo requests of the target's family; returns how many rows were of other protocols. */
  send(wire: NativeWire, targets: Columns, probes: Columns, count: number): number;
  /** Writes what arrived into the columns, without waiting; returns how many rows. */
  drain(wire: NativeWire, signals: Columns): number;
  /** Blocks until something is ready, at most 1000 us. */
  pause(wire: NativeWire, us: number): void;
  /** Waits until something is ready or the time has come; may return early. */
  wait(wire: NativeWire, untilMs: number): Promise<void>;
  close(wire: NativeWire): void;
  counters(wire: NativeWire): Readonly<Record<string, number>>;
  ownSide(family: number, bytes: Uint8Array, scopeId: number): NativeOwnSide;
  /**
   * Where the answer of `ownSide` may change from one destination to the next: ascending addresses of 16 bytes, the first
   * of them zero. From one up to the next it is the same, but for the neighbour where there is no gateway. Null where that
   * cannot be told: routes with several next hops choose by the whole address, and of very many routes none are read.
   */
  routeEdges(family: number): Uint8Array | null;
  /** Grows when routes, rules, links or own addresses have changed; -1: that is not to be known. */
  routeChanges(): number;
  ownAddresses(): readonly OwnAddress[];
  /** How many files this process may open (RLIMIT_NOFILE). */
  fileLimit(): number;
  /** Zeroed memory that begins a line of the cache, in large pages where the kernel has them; null where there is no room. */
  largeMemory(bytes: number): ArrayBuffer | null;
  /** Whether the kernel gives this process sockets for echo requests (net.ipv4.ping_group_range). */
  canEcho(): boolean;
  /**
   * Opens packet sockets for all links; the rows that they receive begin at the IP header. Needs CAP_NET_RAW.
   *
   * `filter` is a classic BPF program, 8 bytes an instruction (struct sock_filter, host byte order), attached before the
   * first packet can be queued; its offset 0 is the first byte behind the link-layer header, whatever the link, and what
   * it returns is how much of a packet is kept. `ringBytes` 0 reads a plain socket (for few packets: a ring takes longer
   * to open), else a TPACKET_V3 ring of this size, a multiple of 1 MiB, 1 GiB at most. Each MiB is eight blocks, and a
   * block is handed over full or after 1 ms: a ring of 32 MiB bears a pause of 256 ms between two drains, however few the
   * packets, as long as they fit.
   *
   * Throws an Error whose `code` is the errno's name (`EPERM`, `ENOMEM`, ...) when it cannot be had.
   */
  packetOpen(filter: Uint8Array, ringBytes: number): NativePacketPort;
  /** Where received rows lie: always the same array. After `packetClose` it reads as zeros. */
  packetMemory(port: NativePacketPort): Uint8Array;
  /**
   * Takes a UDP and a TCP port of both families and never reads them: our kernel neither answers what comes there with
   * ICMP nor gives the port to somebody else. `wanted` 0 asks for a free one. At most 64 for one packet port, until it is
   * closed. Returns the port, or a negative errno.
   */
  packetReserve(port: NativePacketPort, wanted: number): number;
  /**
   * Sends the rows `from` to `from + count`: `length` bytes of `arena` from `offset`, an IP packet each. `hop` is an index
   * into `hops`, 48 bytes each, host byte order:
   *
   *     0  u32 ifindex      0: a raw socket sends by our own routes (loopback), to the packet's destination
   *     4  u16 ethertype
   *     6  u16 length of the link-layer address, 0 to 8
   *     8  8 bytes link-layer address
   *    16  u32 scope id of a link-local destination (raw sockets only)
   *    20  28 bytes reserved
   *
   * Writes `sentMs` (CLOCK_MONOTONIC in ms, spread evenly over a chunk of at most 64) and `error` (0 or an errno) of each
   * row. A row that fails does not stop the others; nothing is tried again but EINTR. Returns how many rows failed.
   */
  packetSend(
    port: NativePacketPort,
    arena: Uint8Array,
    offset: Uint32Array,
    length: Uint16Array,
    hop: Uint16Array,
    hops: Uint8Array,
    sentMs: Float64Array,
    error: Uint16Array,
    from: number,
    count: number,
  ): number;
  /**
   * Writes what arrived into the columns, without waiting; returns how many rows, at most the shortest column. The rows of
   * the previous call lose their memory. Columns in this order: `offset` (Uint32Array, into `packetMemory`), `length`
   * (Uint16Array, bytes kept), `atMs` (Float64Array, the kernel's receive stamp as CLOCK_MONOTONIC in ms), `protocol`
   * (Uint16Array, ethertype), `ifindex` (Uint32Array), `flags` (Uint8Array: 1 transport checksum not computed yet, 2
   * transport checksum verified, 4 cut: the packet was longer, 8 the kernel had no stamp, so `atMs` is the time of this
   * call: within the first moments after the opening of a plain socket). A plain socket keeps 8192 bytes of a packet.
   */
  packetDrain(port: NativePacketPort, columns: Columns): number;
  /** Blocks until rows are ready, at most 1000 us. A ring that still holds rows of the last drain may count as ready. */
  packetPause(port: NativePacketPort, us: number): void;
  /** Waits until rows are ready, the time has come or the port is closed; may return early, at the latest after 250 ms. */
  packetWait(port: NativePacketPort, untilMs: number): Promise<void>;
  /**
   * Since the opening: `received` rows that passed the filter and were queued, `dropped` ones that found no room, `frozen`
   * (how often the ring was full), `sent`, `sendFailed`.
   */
  packetCounters(port: NativePacketPort): Readonly<Record<string, number>>;
  /** Gives sockets, ring and ports back; may be called again. Sending then fails with EBADF, draining gives nothing. */
  packetClose(port: NativePacketPort): void;
  /**
   * Gives up all capabilities of the calling thread but CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_CHOWN and
   * CAP_KILL; open ports work on. Returns 0 or an errno.
   */
  dropPrivileges(): number;
}

const functionNames = [
  'nowMs',
  'open',
  'send',
  'drain',
  'pause',
  'wait',
  'close',
  'counters',
  'ownSide',
  'routeEdges',
  'routeChanges',
  'ownAddresses',
  'fileLimit',
  'canEcho',
  'packetOpen',
  'packetMemory',
  'packetReserve',
  'packetSend',
  'packetDrain',
  'packetPause',
  'packetWait',
  'packetCounters',
  'packetClose',
  'dropPrivileges',
] as const satisfies readonly (keyof NativeAddon)[];

/** The addon, or why there is none. */
export type LoadedNative = { readonly addon: NativeAddon } | { readonly unavailable: string };

let loaded: LoadedNative | undefined;

/** Loads the addon once for the process; says why when there is none. */
export function loadNative(): LoadedNative {
  loaded ??= loadNativeFrom(import.meta.url, process.env['PU_PROBE_NATIVE']);
  return loaded;
}

/** Loads the addon of the package that holds the module at `moduleUrl`, or the file that is named. */
export function loadNativeFrom(moduleUrl: string, namedFile?: string): LoadedNative {
  const files = namedFile ? [namedFile] : findAddons(moduleUrl);
  let first: LoadedNative | undefined;
  for (const file of files) {
    const result = loadFile(moduleUrl, file);
    if ('addon' in result) return result;
    first ??= result;
  }
  return first ?? { unavailable: 'the native addon is not built' };
}

function loadFile(moduleUrl: string, file: string): LoadedNative {
  let addon: unknown;
  try {
    addon = createRequire(moduleUrl)(file);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { unavailable: `the native addon ${file} cannot be loaded: ${text.split('\n')[0]}` };
  }
  if (isAddon(addon)) return { addon };
  return { unavailable: `the native addon ${file} is of another version; build it anew` };
}

/** A fresh build comes before what was shipped: it fits this machine's C library. */
function findAddons(moduleUrl: string): string[] {
  const places = [
    'build/pu_probe.node',
    `prebuilds/${process.platform}-${process.arch}/pu_probe.node`,
  ];
  // In the bundle of the command it is a file name: making a URL costs start-up time.
  let folder = dirname(moduleUrl.startsWith('file:') ? fileURLToPath(moduleUrl) : moduleUrl);
  for (let level = 0; level < MAX_LEVELS; level++) {
    if (existsSync(join(folder, 'package.json'))) {
      return places.map((place) => join(folder, place)).filter((path) => existsSync(path));
    }
    folder = dirname(folder);
  }
  return [];
}

function isAddon(value: unknown): value is NativeAddon {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return record['abi'] === ABI && functionNames.every((name) => typeof record[name] === 'function');
}
