/** The addresses of a capture, numbered in the order in which they appear, with the TTLs that were seen of each. */
import type { Family, Ip } from '../model.ts';
import { formatIp } from '../packet/address.ts';
import { read32 } from '../packet/bytes.ts';

/** What sort of packet a TTL was seen on: stacks and boxes on the way start these with different values. */
export const TTL_OF = { TCP: 0, RESET: 1, UDP: 2, ICMP_ERROR: 3, ECHO: 4 } as const;
const TTL_KINDS = 5;

/** Numbers addresses, up to a limit; all state of one capture. */
export interface AddressTable {
  readonly count: () => number;
  /** The number of the address at `bytes[at]`, a new one where it was not seen before; -1 when the table is full. */
  numberOf(bytes: Uint8Array, at: number, family: Family): number;
  ip(address: number): Ip;
  family(address: number): Family;
  /** Remembers the TTL of a packet from this address; `kind` is one of TTL_OF. */
  saw(address: number, kind: number, ttl: number): void;
  /** The TTL of its packets of this kind: 0 none seen, -1 several. */
  ttlOf(address: number, kind: number): number;
}

/** About 2.5 MB; a capture with more hosts than that is a flood or a scan of the Internet. */
export const MAX_ADDRESSES = 131_072;
/** Slots looked through before the table counts as full: made-up addresses that collide must not cost a walk each. */
const MAX_STEPS = 64;

const SLOTS = MAX_ADDRESSES * 2;

/** Creates an empty table. */
export function createAddressTable(): AddressTable {
  const slots = new Int32Array(SLOTS).fill(-1);
  const bytesOf = new Uint8Array(MAX_ADDRESSES * 16);
  const families = new Uint8Array(MAX_ADDRESSES);
  const ttls = new Uint8Array(MAX_ADDRESSES * TTL_KINDS);
  const areSeveral = new Uint8Array(MAX_ADDRESSES * TTL_KINDS);
  let count = 0;

  const isSame = (address: number, bytes: Uint8Array, at: number, family: Family): boolean => {
    if (families[address] !== family) return false;
    const length = family === 4 ? 4 : 16;
    const from = address * 16;
    for (let i = 0; i < length; i++) if (bytesOf[from + i] !== bytes[at + i]) return false;
    return true;
  };

  const add = (slot: number, bytes: Uint8Array, at: number, family: Family): number => {
    if (count === MAX_ADDRESSES) return -1;
    const length = family === 4 ? 4 : 16;
    for (let i = 0; i < length; i++) bytesOf[count * 16 + i] = bytes[at + i]!;
    families[count] = family;
    slots[slot] = count;
    return count++;
  };

  return {
    count: () => count,
    numberOf(bytes, at, family) {
      let slot = hashOf(bytes, at, family) & (SLOTS - 1);
      for (let step = 0; step < MAX_STEPS; step++) {
        const address = slots[slot]!;
        if (address < 0) return add(slot, bytes, at, family);
        if (isSame(address, bytes, at, family)) return address;
        slot = (slot + 1) & (SLOTS - 1);
      }
      return -1;
    },
    ip: (address) => formatIp(bytesOf, address * 16, families[address] === 6 ? 6 : 4),
    family: (address) => (families[address] === 6 ? 6 : 4),
    saw(address, kind, ttl) {
      const at = address * TTL_KINDS + kind;
      const known = ttls[at]!;
      if (known === 0) ttls[at] = ttl;
      else if (known !== ttl) areSeveral[at] = 1;
    },
    ttlOf(address, kind) {
      const at = address * TTL_KINDS + kind;
      return areSeveral[at] === 1 ? -1 : ttls[at]!;
    },
  };
}

function hashOf(bytes: Uint8Array, at: number, family: Family): number {
  const words = family === 4 ? 1 : 4;
  let hash: number = family;
  for (let i = 0; i < words; i++) hash = mixWord(hash, read32(bytes, at + i * 4));
  return hash >>> 0;
}

/** One round of a multiplicative hash (the constants are those of MurmurHash3's finaliser). */
export function mixWord(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ word, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
