/**
 * Route and neighbour of a target as an ordinary process without native code can learn them on Linux: /proc/net/route,
 * arp and ipv6_route, and `ip neigh` for IPv6, whose neighbours /proc does not show. Only the main table is seen, not
 * policy routing; where something cannot be read, the answer is "unknown".
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Family, Ip, OwnSide } from '../model.ts';
import { formatIp } from '../packet/address.ts';

/** What /proc says of the way to an address. */
export type ProcRoute = Pick<OwnSide, 'route' | 'gateway' | 'interface' | 'neighbour'>;

/** RTF_UP, RTF_GATEWAY, RTF_REJECT of linux/route.h. */
const UP = 0x1;
const GATEWAY = 0x2;
const REJECT = 0x200;
/** Time given to the command, ms. */
const IP_COMMAND_MS = 1000;
/** ATF_COM of linux/if_arp.h: the entry has a hardware address. */
const ARP_COMPLETE = 0x2;

const UNKNOWN: ProcRoute = {
  route: 'unknown',
  gateway: null,
  interface: null,
  neighbour: 'unknown',
};

/** One row of a routing table. */
export interface RouteRow {
  readonly dst: Uint8Array;
  readonly bits: number;
  readonly gateway: Uint8Array | null;
  readonly metric: number;
  readonly interface: string;
}

/** What /proc says about the way to the address at `bytes[at]`. */
export async function readProcRoute(
  bytes: Uint8Array,
  at: number,
  family: Family,
): Promise<ProcRoute> {
  const text = readText(family === 4 ? '/proc/net/route' : '/proc/net/ipv6_route');
  const rows = family === 4 ? parseRoutes4(text) : parseRoutes6(text);
  const row = longestMatch(rows, bytes, at);
  if (row === undefined) return UNKNOWN;
  const gateway = row.gateway === null ? null : formatIp(row.gateway, 0, family);
  const nextHop = gateway ?? formatIp(bytes, at, family);
  return {
    route: gateway === null ? 'on-link' : 'gateway',
    gateway,
    interface: row.interface,
    neighbour: family === 4 ? neighbour4(nextHop) : await neighbour6(nextHop, row.interface),
  };
}

/** Rows of /proc/net/route: hexadecimal words in the byte order of the machine (little-endian wherever Node runs). */
export function parseRoutes4(text: string): readonly RouteRow[] {
  const [, ...lines] = text.split('\n');
  return lines.flatMap((line) => {
    const [name, dst, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
    const flagBits = Number.parseInt(flags ?? '', 16);
    if (mask === undefined || Number.isNaN(flagBits) || (flagBits & UP) === 0) return [];
    if ((flagBits & REJECT) !== 0) return [];
    return {
      dst: littleEndian(dst!),
      bits: bitCount(Number.parseInt(mask, 16)),
      gateway: (flagBits & GATEWAY) === 0 ? null : littleEndian(gateway!),
      metric: Number(metric),
      interface: name!,
    };
  });
}

/** Rows of /proc/net/ipv6_route: all fields hexadecimal, addresses in network order. */
export function parseRoutes6(text: string): readonly RouteRow[] {
  return text.split('\n').flatMap((line) => {
    const [dst, bits, , , gateway, metric, , , flags, name] = line.trim().split(/\s+/);
    const flagBits = Number.parseInt(flags ?? '', 16);
    if (name === undefined || (flagBits & UP) === 0 || (flagBits & REJECT) !== 0) return [];
    return {
      dst: Uint8Array.from(Buffer.from(dst!, 'hex')),
      bits: Number.parseInt(bits!, 16),
      gateway: (flagBits & GATEWAY) === 0 ? null : Uint8Array.from(Buffer.from(gateway!, 'hex')),
      metric: Number.parseInt(metric!, 16),
      interface: name,
    };
  });
}

/** The row with the longest prefix that holds the address, the lowest metric among equals. */
export function longestMatch(
  rows: readonly RouteRow[],
  bytes: Uint8Array,
  at: number,
): RouteRow | undefined {
  let best: RouteRow | undefined;
  for (const row of rows) {
    if (!holds(row, bytes, at)) continue;
    const isBetter =
      best === undefined ||
      row.bits > best.bits ||
      (row.bits === best.bits && row.metric < best.metric);
    if (isBetter) best = row;
  }
  return best;
}

function holds({ dst, bits }: RouteRow, bytes: Uint8Array, at: number): boolean {
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((dst[bit >> 3]! ^ bytes[at + (bit >> 3)]!) & mask) !== 0) return false;
  }
  return true;
}

function neighbour4(nextHop: Ip): OwnSide['neighbour'] {
  for (const line of readText('/proc/net/arp').split('\n')) {
    const [address, , flags] = line.trim().split(/\s+/);
    if (address !== nextHop) continue;
    return (Number(flags) & ARP_COMPLETE) === 0 ? 'failed' : 'reachable';
  }
  return 'none';
}

function neighbour6(nextHop: Ip, device: string): Promise<OwnSide['neighbour']> {
  const argv = ['-6', 'neigh', 'show', nextHop, 'dev', device];
  return new Promise((resolve) => {
    execFile('ip', argv, { timeout: IP_COMMAND_MS }, (error, stdout) => {
      // Without the command, as on a bare system, nobody here knows.
      if (error !== null) resolve('unknown');
      else if (/\bFAILED\b/.test(stdout)) resolve('failed');
      else if (/\bINCOMPLETE\b/.test(stdout)) resolve('incomplete');
      else resolve(stdout.trim() === '' ? 'none' : 'reachable');
    });
  });
}

function littleEndian(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex').reverse());
}

function bitCount(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** A file that a sandbox hides is "unknown", which every reader of the answer can say. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
