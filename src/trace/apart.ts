/**
 * Flows that do not stay one flow: a TCP probe of a wire of sockets has a socket of its own, and so has from then on each
 * datagram of a flow whose quotes are too short to tell the probe.
 */
import { PROTO_TCP, PROTO_UDP } from '../batch.ts';
import type { WireCan } from '../model.ts';
import type { Cells } from './cells.ts';
import type { ErrorBudget } from './errorBudget.ts';
import type { Flow } from './flows.ts';
import type { TraceAsk } from './traceRows.ts';
import type { FlowView, View } from './view.ts';

/** Whose probes have source ports of their own. */
export interface Apart {
  /** Gives each further datagram of a flow a socket of its own; false: this wire cannot, or they have it. */
  part(flow: Flow): boolean;
  /** Whether its datagrams have one. */
  isApart(flow: Flow): boolean;
  /** Whether all its probes have the same source port. */
  isConstant(flow: Flow): boolean;
}

/** Creates it with no flow apart. */
export function createApart({ packets, icmpSender }: WireCan): Apart {
  const apart = new Set<number>();
  const isApart = ({ index }: Flow): boolean => apart.has(index);
  return {
    part(flow) {
      const isNew = !packets && icmpSender && flow.protocol === PROTO_UDP && !isApart(flow);
      if (isNew) apart.add(flow.index);
      return isNew;
    },
    isApart,
    isConstant: (flow) => packets || (flow.protocol !== PROTO_TCP && !isApart(flow)),
  };
}

/** Errors that a router needs for a flow that is asked apart: that its TTL ran out there, and that it is rejected. */
const NEEDED = 2;

/** Asking flows apart, once each, where their quotes are too short. */
export interface Parting {
  /** What is asked next, and when its routers have errors for it; null: nothing. */
  next(
    view: View,
    sweptTo: number,
    nowMs: number,
  ): { readonly asks: readonly TraceAsk[]; readonly sendAtMs: number } | null;
  /** Time for which errors of routers were waited for, ms. */
  waitedMs(): number;
}

/** What it asks of. */
export interface PartingOptions {
  /** The asked flow and its controls. */
  readonly main: readonly Flow[];
  readonly cells: Cells;
  readonly part: Apart['part'];
  readonly budget: ErrorBudget;
}

/**
 * Creates it. The asked flow goes first, at all hops: where its routers are known, those of a control are, too, so that a
 * control is asked only beyond. A router before a drop then says four errors of its six (ADR 0019).
 */
export function createParting({ main, cells, part, budget }: PartingOptions): Parting {
  let waitedMs = 0;
  const asksOf = (flow: Flow, from: number, to: number): readonly TraceAsk[] =>
    Array.from({ length: Math.max(0, to + 1 - from) }, (_, index) => from + index)
      .filter((ttl) => !cells.isAnswered(flow.index, ttl))
      .map((ttl) => ({ flow, ttl, round: cells.rounds(flow.index, ttl) + 1 }));
  /** What the flows whose quotes are too short are asked apart, from this hop on. */
  const apartOf = (views: readonly FlowView[], from: number, to: number): readonly TraceAsk[] =>
    views
      .filter(isUnclear)
      .map(({ facts }) => main[facts.index]!)
      .flatMap((flow) => {
        const asks = asksOf(flow, from, to);
        return asks.length > 0 && part(flow) ? asks : [];
      });
  return {
    next({ asked, controls }, sweptTo, nowMs) {
      const first = apartOf([asked], 1, sweptTo);
      const asks = first.length > 0 ? first : apartOf(controls, asked.furthest + 1, sweptTo);
      if (asks.length === 0) return null;
      const sendAtMs = Math.max(nowMs, budget.readyAtMs(NEEDED));
      waitedMs += sendAtMs - nowMs;
      return { asks, sendAtMs };
    },
    waitedMs: () => waitedMs,
  };
}

/** Some of its answers do not tell at which hop they were given. */
const isUnclear = ({ facts }: FlowView): boolean => facts.isEstimated || facts.unplaced.length > 0;
