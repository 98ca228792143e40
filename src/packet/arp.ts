/** ARP for IPv4 over Ethernet (RFC 826): asking who has an address, and reading who says so. */
import { copyBytes, read16, write16 } from './bytes.ts';

/** Length of an ARP message for IPv4 over Ethernet. */
export const ARP_BYTES = 28;
/** Length of an Ethernet address. */
export const MAC_BYTES = 6;

/** Operations. */
export const ARP_OPERATION = { REQUEST: 1, REPLY: 2 } as const;

const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;

/** What an ARP message says; offsets are indices into the array that was read. */
export interface ArpView {
  operation: number;
  senderMacAt: number;
  senderIpAt: number;
  targetIpAt: number;
}

/** Creates a view for `readArp`. */
export function createArpView(): ArpView {
  return { operation: 0, senderMacAt: 0, senderIpAt: 0, targetIpAt: 0 };
}

/** Reads the message at `at`; false unless it is whole and for IPv4 over Ethernet. */
export function readArp(bytes: Uint8Array, at: number, end: number, view: ArpView): boolean {
  if (end - at < ARP_BYTES) return false;
  if (read16(bytes, at) !== HARDWARE_ETHERNET || read16(bytes, at + 2) !== PROTOCOL_IPV4)
    return false;
  if (bytes[at + 4] !== MAC_BYTES || bytes[at + 5] !== 4) return false;
  view.operation = read16(bytes, at + 6);
  view.senderMacAt = at + 8;
  view.senderIpAt = at + 14;
  view.targetIpAt = at + 24;
  return true;
}

/** What a caller says about a request to write. */
export interface ArpRequestFields {
  /** 6 bytes. */
  readonly senderMac: Uint8Array;
  /** 4 bytes; zeros for a probe without an address (RFC 5227 section 1.1). */
  readonly senderIp: Uint8Array;
  /** 4 bytes. */
  readonly targetIp: Uint8Array;
}

/** Writes a request at `out[at]`; returns its length. */
export function emitArpRequest(out: Uint8Array, at: number, fields: ArpRequestFields): number {
  write16(out, at, HARDWARE_ETHERNET);
  write16(out, at + 2, PROTOCOL_IPV4);
  out[at + 4] = MAC_BYTES;
  out[at + 5] = 4;
  write16(out, at + 6, ARP_OPERATION.REQUEST);
  copyBytes(out, at + 8, fields.senderMac, 0, MAC_BYTES);
  copyBytes(out, at + 14, fields.senderIp, 0, 4);
  out.fill(0, at + 18, at + 24);
  copyBytes(out, at + 24, fields.targetIp, 0, 4);
  return ARP_BYTES;
}
