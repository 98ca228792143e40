/** What a quote shows of address translation: the packet as its last reader saw it, beside the packet as it was captured. */
import type { AddressTable } from './addressTable.ts';
import type { Flow, Original } from './flow.ts';
import type { ErrorGroup, QuotedFlow } from './icmpErrors.ts';

/**
 * Signs of a translation, each a short sentence; empty where there are none.
 *
 * `flow` is the quoted one where it was captured. A checksum counts only where the original is whole and the quote fits
 * neither what was captured nor what should have been: hardware fills in checksums after the capture.
 */
export function natSigns(
  addresses: AddressTable,
  group: ErrorGroup,
  quoted: QuotedFlow,
  flow: Flow | null,
): string[] {
  const signs: string[] = [];
  const { src, dst } = quoted.tuple;
  if (src !== group.receiver && group.sender !== src) {
    signs.push(
      `the error went to ${addresses.ip(group.receiver)}, but quotes a packet from ${addresses.ip(src)}`,
    );
  }
  if (flow === null) return signs;
  if (flow.asked !== dst || (quoted.hasPorts && flow.askedPort !== quoted.tuple.dstPort)) {
    signs.push(
      `asked was ${ends(addresses, flow.asked, flow.askedPort)}, quoted is ` +
        `${ends(addresses, dst, quoted.tuple.dstPort)}`,
    );
    return signs;
  }
  if (hasForeignChecksum(quoted, flow)) {
    signs.push('the quoted UDP checksum is not that of the packet that was sent');
  }
  return signs;
}

function ends(addresses: AddressTable, host: number, port: number): string {
  const ip = addresses.ip(host);
  return addresses.family(host) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function hasForeignChecksum(quoted: QuotedFlow, flow: Flow): boolean {
  if (quoted.quotedChecksum < 0 || flow.protocol !== UDP) return false;
  const { originals } = flow;
  if (flow.sides[0].packets > originals.length || originals.length === 0) return false;
  return originals.every(
    ({ checksum, computed }) =>
      computed >= 0 &&
      checksum !== 0 &&
      quoted.quotedChecksum !== checksum &&
      quoted.quotedChecksum !== (computed || 0xffff),
  );
}

const UDP = 17;

/** Whether a quote is of a packet that was captured, whatever addresses and ports it wears by now. */
export function isQuoteOf(quoted: QuotedFlow, original: Original): boolean {
  if (quoted.quotedSeq >= 0) return original.seq === quoted.quotedSeq;
  // 0 is what many stacks write into packets that must not be fragmented.
  if (quoted.quotedId > 0) return original.ipId === quoted.quotedId;
  return false;
}
