/** What an ICMP error tells of a hop besides its sender: labels, interfaces, a changed DSCP, a translation. */
import type { HopNotes, Translated } from '../model.ts';
import { readExtensions } from '../packet/extensions.ts';
import type { IcmpView } from '../packet/icmp.ts';
import type { QuoteView } from '../packet/quote.ts';

/** Bits of the type-of-service byte below the DSCP: ECN (RFC 3168). */
const ECN_BITS = 2;

/** Reads what there is; null where the error says nothing besides. Probes leave with DSCP 0. */
export function readHopNotes(
  bytes: Uint8Array,
  { extensionsAt, extensionsEnd }: IcmpView,
  quote: QuoteView,
  translated: Translated | null,
): HopNotes | null {
  const dscp = quote.tos >> ECN_BITS;
  if (extensionsAt < 0 && dscp === 0 && translated === null) return null;
  const { objects } =
    extensionsAt < 0 ? { objects: [] } : readExtensions(bytes, extensionsAt, extensionsEnd);
  const mpls = objects.flatMap((object) =>
    object.kind === 'mpls' ? object.labels.map(({ label }) => label) : [],
  );
  const interfaces = objects.flatMap((object) =>
    object.kind === 'interface' && object.name !== null ? [object.name] : [],
  );
  return { mpls, interfaces, dscp: dscp === 0 ? null : dscp, ...(translated && { translated }) };
}
