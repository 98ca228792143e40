/** Silence that something in the capture explains. */
import type { Evidence } from './evidence.ts';
import { type Flow, FROM_ASKER, LOOP_PASSES, SURE_LOOP_PASSES } from './flow.ts';
import type { FlowSign } from './flowSigns.ts';
import { isProbing } from './probes.ts';
import { hostDistance } from './sender.ts';

/** How other flows of this asker to the same port fared; null where nothing came back to any. */
export function othersOf(evidence: Evidence, flow: Flow): Record<string, number> | null {
  const { answered, refused } = evidence.portFate(flow);
  if (answered + refused === 0) return null;
  return { ...(answered > 0 ? { answered } : {}), ...(refused > 0 ? { refused } : {}) };
}

/** Flows of one finding: what was answered differs from port to port, refusals need no numbers. */
export function someVariant({ askedPort }: Flow, others: Record<string, number> | null): string {
  if (others === null) return '';
  return others['answered'] === undefined ? 'refused' : String(askedPort);
}

/** Packets that a host at this distance, or an unknown one, never got, as their TTLs were too small; null for others. */
export function readSilentProbe({ addresses }: Evidence, flow: Flow): FlowSign | null {
  const [side] = flow.sides;
  const distance = hostDistance(addresses, flow.asked);
  if (!isProbing(flow) || (distance !== null && side.highestTtl >= distance)) return null;
  return {
    kind: 'silent',
    whyId: 'explain.probe.silent',
    rank: 130,
    certainty: 'low',
    citing: {
      from: FROM_ASKER,
      also: '',
      count: ({ sides }) => sides[FROM_ASKER].packets,
      frames: ({ sides }) => sides[FROM_ASKER].frames,
    },
    args: { attempts: side.packets, highestTtl: side.highestTtl },
    variant: '',
    by: null,
  };
}

/** Packets of an unanswered flow that came by again and again; null where they did not. */
export function readLoop({ sides: [side] }: Flow): FlowSign | null {
  if (side.loopMost < LOOP_PASSES) return null;
  return {
    kind: 'silent',
    whyId: 'explain.loop',
    rank: 990,
    certainty: side.loopMost >= SURE_LOOP_PASSES ? 'high' : 'medium',
    citing: {
      from: FROM_ASKER,
      also: '',
      count: ({ sides }) => sides[FROM_ASKER].packets,
      frames: ({ sides }) => sides[FROM_ASKER].frames,
    },
    args: { passes: side.loopMost + 1, attempts: side.packets - side.copies },
    variant: '',
    by: null,
  };
}
