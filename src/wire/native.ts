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
const ABI = 1;
/** From `dist/cli.cjs`, `dist/wire/` or `src/wire/` up to the package root. */
const MAX_LEVELS = 4;

declare const nativeBrand: unique symbol;

/** A wire of the addon, opaque. */
export interface NativeWire {
  readonly [nativeBrand]: true;
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
  /** Sends the UDP and TCP rows; returns how many rows were of other protocols. */
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
  ownAddresses(): readonly OwnAddress[];
  /** How many files this process may open (RLIMIT_NOFILE). */
  fileLimit(): number;
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
  'ownAddresses',
  'fileLimit',
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
