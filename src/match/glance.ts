/** Which probe a packet seems to answer: what can be seen of it without reading it. */
import { PROTO_TCP } from '../batch.ts';
import type { Plan } from '../model.ts';

/** Headers without options; the source port stands behind them. */
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** Version 4 and a header of five words. */
const PLAIN_IPV4 = 0x45;

/**
 * The probe of the target and port that the TCP segment in `bytes[at, end)` names as its sender; -1 where it is none of this
 * run, or something else. Nothing of it is checked: it decides nothing, and serves to look ahead.
 */
export function glanceAt(
  { targets, space }: Pick<Plan, 'targets' | 'space'>,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const isV4 = bytes[at] === PLAIN_IPV4;
  const portAt = at + (isV4 ? IPV4_BYTES : IPV6_BYTES);
  if (portAt + 2 > end || bytes[at + (isV4 ? 9 : 6)] !== PROTO_TCP) return -1;
  const target = targets.indexOf(bytes, at + (isV4 ? 12 : 8), isV4 ? 4 : 6);
  if (target < 0) return -1;
  return space.indexOf(target, PROTO_TCP, (bytes[portAt]! << 8) | bytes[portAt + 1]!);
}
