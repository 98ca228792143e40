/** Answers that come from another address or port than was asked. */
import type { AskerIndex } from './askerIndex.ts';
import type { Capture } from './capture.ts';
import { type Flow, FROM_ASKED, FROM_ASKER } from './flow.ts';
import { hasPorts } from './protocols.ts';
import { answerToken } from './request.ts';

/** A flow that another one answers. */
export interface StrangerAnswer {
  readonly answer: Flow;
  /** Its identity fits the request: certain. */
  readonly isProven: boolean;
}

/** Finds, for every unanswered request, the flow that answers it from another address or port. */
export function findStrangers(
  capture: Capture,
  askers: AskerIndex,
): ReadonlyMap<Flow, StrangerAnswer> {
  const found = new Map<Flow, StrangerAnswer>();
  for (const flow of capture.table.flows) {
    if (flow.datagrams === null || !hasPorts(flow.protocol)) continue;
    const ends = oneWayEnds(flow);
    if (ends === null) continue;
    const { to, toPort, from, firstMs } = ends;
    for (const asking of askers.flowsOf(flow.protocol, to, toPort)) {
      const isElsewhere = asking.asked !== from || asking.askedPort !== ends.fromPort;
      if (asking === flow || !isElsewhere || !isUnanswered(asking)) continue;
      if (asking.sides[FROM_ASKER].firstMs > firstMs) continue;
      const fit = fits(capture, flow, asking);
      if (fit !== null && !found.has(asking)) found.set(asking, { answer: flow, isProven: fit });
    }
  }
  return found;
}

function isUnanswered({ datagrams, sides, errorCount }: Flow): boolean {
  return datagrams !== null && sides[FROM_ASKED].packets === 0 && errorCount === 0;
}

interface Ends {
  readonly from: number;
  readonly fromPort: number;
  readonly to: number;
  readonly toPort: number;
  readonly firstMs: number;
}

/** Where a flow of one direction comes from and goes to; null when both directions were seen. */
export function oneWayEnds({ sides, asker, askerPort, asked, askedPort }: Flow): Ends | null {
  const [forward, back] = sides;
  if (forward.packets > 0 && back.packets > 0) return null;
  if (forward.packets > 0) {
    return {
      from: asker,
      fromPort: askerPort,
      to: asked,
      toPort: askedPort,
      firstMs: forward.firstMs,
    };
  }
  return { from: asked, fromPort: askedPort, to: asker, toPort: askerPort, firstMs: back.firstMs };
}

/** True: by its identity; false: by address and port of the asker alone; null: it answers something else. */
function fits(
  { firstBytes }: Capture,
  answer: Flow,
  { datagrams, asked, askedPort }: Flow,
): boolean | null {
  const request = datagrams?.request ?? null;
  if (request?.token === null || request?.token === undefined) {
    // Without an identity at least the host, or the port that was asked, must be the same.
    const { from, fromPort } = oneWayEnds(answer)!;
    return from === asked || fromPort === askedPort ? false : null;
  }
  const token = answerToken(request.protocol, firstBytes.of(answer.number));
  return token === request.token ? true : null;
}
