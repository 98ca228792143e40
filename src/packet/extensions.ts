/**
 * The structure that routers append to ICMP errors (RFC 4884 section 7): labels of MPLS, names of interfaces.
 *
 * It is rare and for people to read, so it becomes records rather than views.
 */
import { read16, read32, write16 } from './bytes.ts';
import { fold, sum, toChecksum } from './checksum.ts';

/** Bytes of the header before the first object. */
export const EXTENSION_HEADER_BYTES = 4;

/** Objects that are read of one message; real ones carry one to four. */
export const MAX_EXTENSION_OBJECTS = 32;

/** One entry of a label stack (RFC 3032 section 2.1, RFC 5462). */
export interface MplsLabel {
  readonly label: number;
  /** Traffic class, formerly EXP. */
  readonly trafficClass: number;
  readonly bottomOfStack: boolean;
  readonly ttl: number;
}

/** Which interface an Interface Information object is about (RFC 5837 section 4.1), by its two role bits. */
export const INTERFACE_ROLES = ['incoming', 'incoming-sub-ip', 'outgoing', 'next-hop'] as const;

/** One object; whatever is not understood, or contradicts itself, stays raw. */
export type ExtensionObject =
  | { readonly kind: 'mpls'; readonly labels: readonly MplsLabel[] }
  | {
      readonly kind: 'interface';
      readonly role: (typeof INTERFACE_ROLES)[number];
      readonly ifIndex: number | null;
      /** 4 or 16 bytes. */
      readonly address: Uint8Array | null;
      /** The router's own text with control characters replaced by U+FFFD. */
      readonly name: string | null;
      readonly mtu: number | null;
    }
  | {
      readonly kind: 'raw';
      readonly classNumber: number;
      readonly classType: number;
      readonly bytes: Uint8Array;
    };

/** What an extension structure holds. */
export interface Extensions {
  readonly objects: readonly ExtensionObject[];
  /** False when an object's length was impossible or there were too many: what came before is there. */
  readonly complete: boolean;
}

/**
 * Tells whether an extension structure fills `[at, end)`.
 *
 * `no`: under 4 bytes, not version 2, or a wrong checksum. `unchecked`: the checksum field is 0, which RFC 4884 section 7
 * lets senders write.
 */
export function checkExtensions(
  bytes: Uint8Array,
  at: number,
  end: number,
): 'ok' | 'unchecked' | 'no' {
  if (end - at < EXTENSION_HEADER_BYTES || bytes[at]! >> 4 !== 2) return 'no';
  if (read16(bytes, at + 2) === 0) return 'unchecked';
  return fold(sum(bytes, at, end, 0)) === 0xffff ? 'ok' : 'no';
}

/** Tells whether the lengths of the objects lead exactly to `end`. */
export function isTiledByObjects(bytes: Uint8Array, at: number, end: number): boolean {
  let next = at + EXTENSION_HEADER_BYTES;
  for (let count = 0; count < MAX_EXTENSION_OBJECTS && next < end; count++) {
    const length = objectLength(bytes, next, end);
    if (length === 0) return false;
    next += length;
  }
  return next === end;
}

/** Reads the objects of the structure in `[at, end)`; the caller has checked its header with `checkExtensions`. */
export function readExtensions(bytes: Uint8Array, at: number, end: number): Extensions {
  const objects: ExtensionObject[] = [];
  let next = at + EXTENSION_HEADER_BYTES;
  while (next < end) {
    const length = objectLength(bytes, next, end);
    if (length === 0 || objects.length === MAX_EXTENSION_OBJECTS) {
      return { objects, complete: false };
    }
    objects.push(readObject(bytes, next, next + length));
    next += length;
  }
  return { objects, complete: true };
}

/** One object to write: its class, its type within the class, and its bytes (a multiple of 4). */
export interface ExtensionFields {
  readonly classNumber: number;
  readonly classType: number;
  readonly bytes: Uint8Array;
}

/** Writes a structure with its checksum at `out[at]`; returns how many bytes. */
export function emitExtensions(
  out: Uint8Array,
  at: number,
  objects: readonly ExtensionFields[],
): number {
  out[at] = 0x20;
  out[at + 1] = 0;
  write16(out, at + 2, 0);
  let next = at + EXTENSION_HEADER_BYTES;
  for (const object of objects) {
    write16(out, next, OBJECT_HEADER_BYTES + object.bytes.length);
    out[next + 2] = object.classNumber;
    out[next + 3] = object.classType;
    out.set(object.bytes, next + OBJECT_HEADER_BYTES);
    next += OBJECT_HEADER_BYTES + object.bytes.length;
  }
  write16(out, at + 2, toChecksum(sum(out, at, next, 0)) || 0xffff);
  return next - at;
}

const OBJECT_HEADER_BYTES = 4;
const CLASS_MPLS = 1;
const CLASS_INTERFACE = 2;

/** Length of the object at `at`, or 0 when it is impossible. */
function objectLength(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < OBJECT_HEADER_BYTES) return 0;
  const length = read16(bytes, at);
  return length < OBJECT_HEADER_BYTES || length > end - at ? 0 : length;
}

function readObject(bytes: Uint8Array, at: number, end: number): ExtensionObject {
  const classNumber = bytes[at + 2]!;
  const classType = bytes[at + 3]!;
  const bodyAt = at + OBJECT_HEADER_BYTES;
  let object: ExtensionObject | null = null;
  if (classNumber === CLASS_MPLS && classType === 1) object = readMpls(bytes, bodyAt, end);
  if (classNumber === CLASS_INTERFACE) object = readInterface(bytes, bodyAt, end, classType);
  return object ?? { kind: 'raw', classNumber, classType, bytes: bytes.slice(bodyAt, end) };
}

/** RFC 4950 section 3. */
function readMpls(bytes: Uint8Array, at: number, end: number): ExtensionObject | null {
  if (end === at || (end - at) % 4 !== 0) return null;
  const labels: MplsLabel[] = [];
  for (let next = at; next < end; next += 4) {
    const entry = read32(bytes, next);
    labels.push({
      label: entry >>> 12,
      trafficClass: (entry >>> 9) & 7,
      bottomOfStack: (entry & 0x100) !== 0,
      ttl: entry & 0xff,
    });
  }
  return { kind: 'mpls', labels };
}

/** Bits of the C-Type that say which parts follow, in this order (RFC 5837 section 4.1). */
const HAS_IF_INDEX = 0x08;
const HAS_ADDRESS = 0x04;
const HAS_NAME = 0x02;
const HAS_MTU = 0x01;

/** Length octet included (RFC 5837 section 4.3). */
const MAX_NAME_BYTES = 64;

function readInterface(
  bytes: Uint8Array,
  at: number,
  end: number,
  classType: number,
): ExtensionObject | null {
  let next = at;
  let ifIndex: number | null = null;
  let address: Uint8Array | null = null;
  let name: string | null = null;
  let mtu: number | null = null;
  if (classType & HAS_IF_INDEX) {
    if (end - next < 4) return null;
    ifIndex = read32(bytes, next);
    next += 4;
  }
  if (classType & HAS_ADDRESS) {
    const length = end - next < 4 ? 0 : addressLength(read16(bytes, next));
    if (length === 0 || end - next < 4 + length) return null;
    address = bytes.slice(next + 4, next + 4 + length);
    next += 4 + length;
  }
  if (classType & HAS_NAME) {
    const length = next < end ? bytes[next]! : 0;
    if (length === 0 || length > MAX_NAME_BYTES || end - next < length) return null;
    name = decodeName(bytes.subarray(next + 1, next + length));
    next += length;
  }
  if (classType & HAS_MTU) {
    if (end - next < 4) return null;
    mtu = read32(bytes, next);
  }
  const role = INTERFACE_ROLES[classType >> 6]!;
  return { kind: 'interface', role, ifIndex, address, name, mtu };
}

/** By address family number (RFC 5837 section 4.2): 1 is IPv4, 2 is IPv6. */
function addressLength(addressFamily: number): number {
  if (addressFamily === 1) return 4;
  return addressFamily === 2 ? 16 : 0;
}

function decodeName(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(/\0+$/, '');
  return text.replace(/\p{C}/gu, '\ufffd');
}
