/** IPv6 extension headers that probes carry, 8 bytes each (RFC 8200 sections 4.5 and 4.6). */
import { write16, write32 } from './bytes.ts';

/** Length of each header that is written here. */
export const EXTENSION_BYTES = 8;
/**
 * An option that nobody knows (experimental, RFC 4727), whose first two bits say: discard the packet and answer with
 * Parameter Problem, code 2 (RFC 8200 section 4.2).
 */
const UNKNOWN_OPTION = 0x9e;

/** Writes destination options that hold {@link UNKNOWN_OPTION}; returns {@link EXTENSION_BYTES}. */
export function emitUnknownOption(out: Uint8Array, at: number, nextHeader: number): number {
  out[at] = nextHeader;
  out[at + 1] = 0;
  out[at + 2] = UNKNOWN_OPTION;
  out[at + 3] = 2;
  write16(out, at + 4, 0);
  // PadN without data.
  write16(out, at + 6, 0x0100);
  return EXTENSION_BYTES;
}

/** Writes the header of a first fragment, of which more are to come; `id` has 32 bits. Returns {@link EXTENSION_BYTES}. */
export function emitFirstFragment(
  out: Uint8Array,
  at: number,
  nextHeader: number,
  id: number,
): number {
  out[at] = nextHeader;
  out[at + 1] = 0;
  write16(out, at + 2, 1);
  write32(out, at + 4, id);
  return EXTENSION_BYTES;
}
