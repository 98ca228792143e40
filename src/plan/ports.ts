import { UsageError } from '../errors.ts';
import { portOfName } from './portNames.ts';
import { quote } from './quote.ts';

const MAX_PORT = 65_535;

/** Port numbers of each protocol, each once, in the order in which they were named. */
export interface PortLists {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /**
   * UDP ports that were named one by one where ranges stand beside them; absent where nothing is to tell apart. With `keepsNamed`
   * also where there are no ranges.
   */
  readonly udpNamed?: readonly number[];
}

/** One piece of a port list between commas. `protocol` null: for every protocol that is asked. */
interface Piece {
  readonly text: string;
  readonly protocol: 'tcp' | 'udp' | null;
  readonly first: number;
  readonly last: number;
}

/**
 * Parses a port list: `53,123`, `1-1024`, `-` (all), `-1024`, `60000-`, names, `U:53,T:21-25`.
 *
 * A prefix holds for all pieces up to the next prefix, as in nmap; pieces before the first prefix are for both protocols.
 * Duplicates are merged. Throws a UsageError that names the piece, also when a prefix names a protocol that is not asked.
 */
export function parsePorts(
  text: string,
  asked: { readonly tcp: boolean; readonly udp: boolean },
  keepsNamed = false,
): PortLists {
  const tcp = createPortList();
  const udp = createPortList();
  for (const piece of parsePieces(text)) {
    if (piece.protocol !== null && !asked[piece.protocol]) {
      const [name, other, option] =
        piece.protocol === 'tcp' ? ['TCP', 'UDP', '-sT'] : ['UDP', 'TCP', '-sU'];
      throw new UsageError(
        `-p ${quote(piece.text)} names ${name} ports, but only ${other} is asked: add ${option}`,
      );
    }
    if (asked.tcp && piece.protocol !== 'udp') tcp.add(piece);
    if (asked.udp && piece.protocol !== 'tcp') udp.add(piece);
  }
  return toLists(tcp, udp, keepsNamed);
}

function toLists(tcp: PortList, udp: PortList, keepsNamed: boolean): PortLists {
  const lists = { tcp: tcp.ports, udp: udp.ports };
  const isMixed = udp.named.length > 0 && udp.named.length < udp.ports.length;
  return isMixed || (keepsNamed && udp.named.length > 0)
    ? { ...lists, udpNamed: udp.named }
    : lists;
}

/**
 * Parses a port list for a run that names no scan type: TCP is meant, and UDP only where a `U:` prefix says so.
 *
 * Throws as {@link parsePorts}.
 */
export function parsePortsByPrefix(text: string, keepsNamed = false): PortLists {
  const tcp = createPortList();
  const udp = createPortList();
  for (const piece of parsePieces(text)) (piece.protocol === 'udp' ? udp : tcp).add(piece);
  return toLists(tcp, udp, keepsNamed);
}

interface PortList {
  readonly ports: readonly number[];
  /** Those that were named by themselves. */
  readonly named: readonly number[];
  add(piece: Piece): void;
}

/** Ports in the order in which they are added, each once. A table and no Set, which takes 7 ms for all ports. */
function createPortList(): PortList {
  const ports: number[] = [];
  const named: number[] = [];
  const isListed = new Uint8Array(MAX_PORT + 1);
  const isNamed = new Uint8Array(MAX_PORT + 1);
  return {
    ports,
    named,
    add({ first, last }) {
      if (first === last && isNamed[first] === 0) {
        isNamed[first] = 1;
        named.push(first);
      }
      for (let port = first; port <= last; port++) {
        if (isListed[port] === 1) continue;
        isListed[port] = 1;
        ports.push(port);
      }
    },
  };
}

/** Parses one port, a number or a name; null when it is neither. */
export function parsePort(text: string): number | null {
  if (/^\d{1,9}$/.test(text)) {
    const port = Number(text);
    return port >= 1 && port <= MAX_PORT ? port : null;
  }
  return portOfName(text);
}

function parsePieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let protocol: Piece['protocol'] = null;
  for (const raw of text.split(',')) {
    let piece = raw.trim();
    const prefix = /^([a-z]):/i.exec(piece);
    if (prefix !== null) {
      protocol = parsePrefix(prefix[1]!, raw.trim());
      piece = piece.slice(2).trim();
    }
    pieces.push({ text: raw.trim(), protocol, ...parseRange(piece, raw.trim(), text) });
  }
  return pieces;
}

function parsePrefix(letter: string, piece: string): 'tcp' | 'udp' {
  const upper = letter.toUpperCase();
  if (upper === 'T') return 'tcp';
  if (upper === 'U') return 'udp';
  throw new UsageError(`-p ${quote(piece)}: the prefix is T: for TCP or U: for UDP`);
}

function parseRange(piece: string, shown: string, whole: string): { first: number; last: number } {
  if (piece === '') {
    const where = shown === '' ? quote(whole) : quote(shown);
    throw new UsageError(`-p ${where}: a port is missing`);
  }
  const range = /^(\d*)-(\d*)$/.exec(piece);
  if (range === null) {
    const port = parseListed(piece, shown);
    return { first: port, last: port };
  }
  const first = range[1] === '' ? 1 : parseListed(range[1]!, shown);
  const last = range[2] === '' ? MAX_PORT : parseListed(range[2]!, shown);
  if (first > last) {
    throw new UsageError(`-p ${quote(shown)}: the range ends before it begins`);
  }
  return { first, last };
}

function parseListed(text: string, shown: string): number {
  const port = parsePort(text);
  if (port !== null) return port;
  if (/^\d+$/.test(text)) {
    throw new UsageError(`-p ${quote(shown)}: a port is 1 to ${MAX_PORT}`);
  }
  throw new UsageError(`-p ${quote(shown)}: neither a port, a range nor a known service name`);
}
