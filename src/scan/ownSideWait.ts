/** How long our own kernel may still be finding out what it says about a target. */
import type { OwnSide } from '../model.ts';

/** How long the kernel asks for a neighbour before it gives up: 3 probes, 1 s each (net.ipv4.neigh.*.mcast_solicit). */
const NEIGHBOUR_GIVES_UP_MS = 3500;
const NEIGHBOUR_POLL_MS = 200;
/** When the kernel's own second SYN of a first attempt has failed as well: 1 s (TCP_TIMEOUT_INIT) and some slack. */
const RETRANSMIT_FAILED_MS = 1250;

/**
 * When our own side has to be asked again, ms; undefined: what it said stands.
 *
 * @param startedMs When the first probe of the target left.
 */
export function askOwnSideAgainMs(
  { neighbour, unsent }: OwnSide,
  startedMs: number,
  nowMs: number,
): number | undefined {
  if (neighbour === 'stale') return nowMs + NEIGHBOUR_POLL_MS;
  if (neighbour === 'incomplete' && nowMs < startedMs + NEIGHBOUR_GIVES_UP_MS) {
    return nowMs + NEIGHBOUR_POLL_MS;
  }
  const knownMs = startedMs + RETRANSMIT_FAILED_MS;
  return (unsent ?? 0) > 0 && nowMs < knownMs ? knownMs : undefined;
}
