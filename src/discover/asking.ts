/** What leaves now: the next step of hosts that are being asked, then new hosts in the seeded order, within the pace. */
import {
  isEcho,
  NO_PROBE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_NEIGHBOUR,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
} from '../batch.ts';
import type { Plan } from '../model.ts';
import { DISCOVERY_PORTS } from '../plan/discovery.ts';
import { createOrder } from '../plan/order.ts';
import { createRows } from '../scan/rows.ts';
import { type DiscoveryContext, familyOf } from './context.ts';
import { STEP, WAY, WAYS } from './hostState.ts';
import { type Steps, waysOf } from './steps.ts';

/** The sending side of a discovery. */
export interface Asking {
  /** Fills the batch for `nowMs`. */
  fill(nowMs: number): ProbeBatch;
  /** Takes over when the wire says that the rows of the last batch left. */
  commit(): void;
  /** When there is more to send, ms; Infinity: only an answer or a timeout makes room, or nothing is left. */
  nextSendMs(nowMs: number): number;
  readonly hasMore: () => boolean;
}

/** An own-side inquiry, or a question on the link, that is not answered by then is done without, ms. */
const ROUTE_WAIT_MS = 1000;
const LINK_WAIT_MS = 4000;
/** The ports of {@link DISCOVERY_PORTS} by the way that they are. */
const PORT_OF: Readonly<Record<number, number>> = {
  [WAY.HTTPS]: DISCOVERY_PORTS.https,
  [WAY.HTTP]: DISCOVERY_PORTS.http,
  [WAY.UDP]: DISCOVERY_PORTS.udp,
};

/** The way that a probe of a discovery is. */
export function wayOf({ space }: Plan, probe: number): number {
  const protocol = space.protocolOf(probe);
  if (isEcho(protocol)) return WAY.ECHO;
  if (protocol === PROTO_UDP) return WAY.UDP;
  return space.portOf(probe) === DISCOVERY_PORTS.https ? WAY.HTTPS : WAY.HTTP;
}

/** Creates the sending side of a run. */
export function createAsking(context: DiscoveryContext, steps: Steps): Asking {
  const { plan, can, template, pace, hosts, counters } = context;
  const { targets, space } = plan;
  const rows = createRows(plan);
  const { batch } = rows;
  const order = createOrder(targets.count, plan.seed);
  let begun = 0;
  let isFull = false;
  const hasMore = (): boolean => steps.hasReady() || begun < targets.count;

  const protocolOf = (way: number, target: number): number => {
    if (way === WAY.ECHO) return familyOf(context, target) === 4 ? PROTO_ICMP : PROTO_ICMPV6;
    return way === WAY.UDP ? PROTO_UDP : PROTO_TCP;
  };

  const sendOwn = (target: number, protocol: number, untilMs: number): void => {
    rows.add(NO_PROBE, 1, target, protocol, 0);
    batch.tag[batch.count - 1] = target + 1;
    steps.wait(target, untilMs);
  };

  const sendRound = (target: number, nowMs: number): void => {
    const ways = waysOf(context, target);
    const attempt = hosts.rounds[target]! + 1;
    hosts.rounds[target] = attempt;
    hosts.roundMs[target] = nowMs;
    hosts.errno[target] = 0;
    for (const way of WAYS) {
      if ((ways & way) === 0) continue;
      const protocol = protocolOf(way, target);
      const port = PORT_OF[way] ?? 0;
      rows.add(space.indexOf(target, protocol, port), attempt, target, protocol, port);
      const cohort = pace.sent(attempt === 1 && hosts.cohort[target] === 0);
      if (cohort > 0) hosts.cohort[target] = cohort;
      counters.sent += 1;
      if (attempt > 1) counters.retransmitted += 1;
    }
    steps.launch(target, ways);
    steps.wait(target, nowMs + Math.max(template.initialRtoMs, can.tcpSilenceMs));
  };

  const send = (target: number, nowMs: number): void => {
    const step = hosts.step[target];
    if (step === STEP.NEW) steps.begin(target, nowMs);
    if (step === STEP.NEW || step === STEP.LOOK) {
      sendOwn(target, PROTO_OWN_SIDE, nowMs + ROUTE_WAIT_MS);
    } else if (step === STEP.LINK) {
      sendOwn(target, PROTO_NEIGHBOUR, nowMs + LINK_WAIT_MS);
      pace.sent(false);
      counters.sent += 1;
    } else sendRound(target, nowMs);
  };

  return {
    fill(nowMs) {
      rows.clear();
      isFull = false;
      for (let allowed = pace.allowance(nowMs, steps.inFlight()); allowed > 0; allowed--) {
        isFull = batch.count + WAYS.length > batch.capacity;
        if (isFull) break;
        const next = steps.takeReady();
        if (next < 0 && begun >= targets.count) break;
        send(next < 0 ? order(begun++) : next, nowMs);
      }
      return batch;
    },
    commit() {
      for (let row = 0; row < batch.count; row++) {
        const sentMs = batch.sentMs[row]!;
        if (batch.probe[row] !== NO_PROBE && sentMs > 0) {
          hosts.roundMs[batch.target[row]!] = sentMs;
        }
      }
      rows.clear();
    },
    nextSendMs(nowMs) {
      if (!hasMore()) return Number.POSITIVE_INFINITY;
      if (isFull || pace.allowance(nowMs, steps.inFlight()) > 0) return nowMs;
      return pace.nextSendMs(nowMs, steps.inFlight());
    },
    hasMore,
  };
}
