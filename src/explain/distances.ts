/** One address whose ports answer from different distances: a note, as nothing fails by it. */
import { distanceOf } from '../match/distance.ts';
import type { Evidence } from './evidence.ts';
import type { Flow } from './flow.ts';
import type { FlowSign } from './flowSigns.ts';
import { SYN_ACKS } from './tcpFindings.ts';

interface Answer {
  readonly flow: Flow;
  readonly distance: number;
}

/** Signs of the flows that are answered from the nearest of several places. */
export function findDistances({ table }: Evidence): [Flow, FlowSign][] {
  const byHost = new Map<number, Answer[]>();
  for (const flow of table.flows) {
    const answer = answerOf(flow);
    if (answer === null) continue;
    const known = byHost.get(flow.asked);
    if (known === undefined) byHost.set(flow.asked, [answer]);
    else known.push(answer);
  }
  return [...byHost.values()].flatMap(nearest);
}

/** Of SYN-ACKs alone: other packets may start with another TTL. A SYN proxy (window 0) has a finding of its own. */
function answerOf(flow: Flow): Answer | null {
  const { tcp } = flow;
  if (tcp === null || tcp.synAckCount === 0 || tcp.synAckWindow === 0) return null;
  const distance = distanceOf(tcp.synAckTtl);
  return distance === null ? null : { flow, distance };
}

function nearest(answers: readonly Answer[]): [Flow, FlowSign][] {
  const near = Math.min(...answers.map(({ distance }) => distance));
  const far = answers.find(({ distance }) => distance > near);
  if (far === undefined) return [];
  const isSamePort = ({ flow, distance }: Answer) =>
    distance === near && flow.askedPort === far.flow.askedPort;
  // The same port from two places is several ways back, or several servers: no port is another machine's.
  if (answers.some(isSamePort)) return [];
  return answers
    .filter(({ distance }) => distance === near)
    .map(({ flow }): [Flow, FlowSign] => [flow, toSign(flow, near, far)]);
}

function toSign({ askedPort }: Flow, near: number, far: Answer): FlowSign {
  return {
    kind: 'note',
    whyId: 'explain.two-distances',
    rank: 160,
    certainty: 'medium',
    citing: SYN_ACKS,
    args: {
      nearPort: askedPort,
      nearDistance: near,
      farPort: far.flow.askedPort,
      farDistance: far.distance,
    },
    variant: String(askedPort),
    by: { ip: null, role: 'path', hop: near },
  };
}
