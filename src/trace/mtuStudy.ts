/**
 * How large a packet may be on this way (`--mtu`), with DF set: whether somebody says that it is too big, and where large
 * packets are lost while small ones pass (a black hole: RFC 2923 section 2.1).
 *
 * Every large packet is asked beside a small one of the same kind, which leaves behind it: a large one is lost where the
 * small one was answered, three times. By bisection (as RFC 4821 searches) it takes eleven sizes at most.
 */
import { PROTO_TCP } from '../batch.ts';
import type { Family } from '../model.ts';
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import { UDP_HEADER_BYTES } from '../packet/udp.ts';
import { SYN_BYTES } from '../probe/frame.ts';
import type { Cells } from './cells.ts';
import { LIMITER_MS } from './errorBudget.ts';
import type { HoleFacts, MtuFacts, Observation } from './facts.ts';
import type { Flow } from './flows.ts';
import type { Study, StudyRound } from './studies.ts';
import type { TraceAsk } from './traceRows.ts';
import { flowView } from './view.ts';

/** The study of packet sizes. */
export interface MtuStudy extends Study {
  /** Null: nothing was heard that could be measured. */
  facts(): MtuFacts | null;
}

/** What it is made from. */
export interface MtuOptions {
  readonly family: Family;
  /** Flows that may carry a size, the asked one first. */
  readonly carriers: readonly Flow[];
  readonly cells: Cells;
  /** A further flow of the same ports with this many bytes of data. */
  readonly padded: (carrier: Flow, dataBytes: number) => Flow;
  /** Largest packet that our own link takes; null: not known. */
  readonly linkMtu: () => number | null;
}

/** Ethernet, where the own link does not say; and what is tried at most: jumbo frames. */
const USUAL_MTU = 1500;
const MOST_BYTES = 9216;
/** What every link must pass: IPv6 (RFC 8200 section 5); for IPv4 what is usual, and what is the least with room for data. */
const LEAST_BYTES = { 4: [576, 128], 6: [1280] } as const;
/** Silences of a large packet, each beside an answer to a small one; and where packets were seen to be lost. */
const SILENCES = 3;
const SILENCES_UNDER_LOSS = 6;
/** Times that one size is asked: an identity has 15 attempts (probe/token.ts). */
const MAX_ROUNDS = 12;
/** Routers that may say one after the other that it is too big. */
const MAX_SAID = 6;
/** Our own side answers at once; what takes longer is done without. */
const INQUIRY_MS = 100;

type Passage = 'passes' | 'lost' | 'unknown' | Observation;
type Run<Result> = Generator<StudyRound, Result, undefined>;

/** Creates the study. */
export function createMtuStudy(options: MtuOptions): MtuStudy {
  const { family, carriers, cells, padded, linkMtu } = options;
  let found: MtuFacts | null = null;
  /** Set once both were silent: a limiter had no answer left, or both were lost. */
  let pauseMs = 0;
  /** Set by what a limiter does not explain: silence of both after a pause, or an answer after a silence that counted. */
  let hasLoss = false;
  const needed = (): number => (hasLoss ? SILENCES_UNDER_LOSS : SILENCES);

  const withSize = (carrier: Flow, bytes: number): Flow =>
    padded(carrier, bytes - headersOf(family, carrier));
  const askOf = (flow: Flow, ttl: number): TraceAsk => ({
    flow,
    ttl,
    round: cells.rounds(flow.index, ttl) + 1,
  });
  const answerOf = (flow: Flow, ttl: number): Observation | undefined =>
    cells.flow(flow.index).hops[ttl]!.answers[0];

  /** Asks a large packet, and a small one behind it: what is said of the large one. */
  function* askBoth(large: Flow, small: Flow, ttl: number): Run<Observation | null> {
    const before = cells.answeredRounds(small.index, ttl);
    yield { asks: [askOf(large, ttl), askOf(small, ttl)], pauseMs };
    const said = answerOf(large, ttl) ?? null;
    if (said === null && cells.answeredRounds(small.index, ttl) === before) {
      hasLoss ||= pauseMs > 0;
      pauseMs = LIMITER_MS;
    }
    return said;
  }

  /** Whether a packet of this size comes to the hop; `least` is a size that does. */
  function* tryAt(carrier: Flow, bytes: number, least: number, ttl: number): Run<Passage> {
    const [large, small] = [withSize(carrier, bytes), withSize(carrier, least)];
    // Rounds, not answers: one may come late, while the next round is waited for, or twice.
    const silences = (): number => cells.answeredRounds(small.index, ttl);
    for (let round = 1; round <= MAX_ROUNDS && silences() < needed(); round++) {
      const before = silences();
      const said = yield* askBoth(large, small, ttl);
      if (said !== null) {
        hasLoss ||= before > 0;
        return said.answer === 'too-big' ? said : 'passes';
      }
      if (cells.flow(large.index).sendErrno !== 0) return 'unknown';
    }
    return silences() >= needed() ? 'lost' : 'unknown';
  }

  /** The largest of the least sizes that comes to the hop, all of them padded as the large ones are; null: none. */
  function* leastAt(carrier: Flow, ttl: number): Run<number | null> {
    for (const bytes of LEAST_BYTES[family]) {
      const flow = withSize(carrier, bytes);
      for (let round = 1; round <= SILENCES; round++) {
        yield { asks: [askOf(flow, ttl)], pauseMs };
        const said = answerOf(flow, ttl);
        if (said !== undefined && said.answer !== 'too-big') return bytes;
        pauseMs = LIMITER_MS;
      }
    }
    return null;
  }

  /** Where packets of this size are lost, by the hops at which they and small ones run out. */
  function* holeOf(carrier: Flow, bytes: number, least: number, last: number): Run<HoleFacts> {
    const [large, small] = [withSize(carrier, bytes), withSize(carrier, least)];
    const ttls = Array.from({ length: last }, (_, i) => i + 1);
    const heard = (flow: Flow, ttl: number): boolean => cells.isAnswered(flow.index, ttl);
    for (let round = 1; round <= needed(); round++) {
      const asks = [large, small].flatMap((flow) =>
        ttls.filter((ttl) => !heard(flow, ttl) || flow === small).map((ttl) => askOf(flow, ttl)),
      );
      yield { asks, pauseMs: LIMITER_MS };
    }
    const after = ttls.findLast((ttl) => heard(large, ttl)) ?? 0;
    const before = ttls.find((ttl) => ttl > after && heard(small, ttl)) ?? last;
    const place = (ttl: number) => ({
      ttl,
      ip: answerOf(small, ttl)?.ip ?? answerOf(large, ttl)?.ip ?? null,
    });
    const isProven =
      cells.answeredRounds(small.index, before) >= needed() &&
      answerOf(small, before)?.answer === 'time-exceeded' &&
      before === after + 1;
    return { after: place(after), before: place(before), isProven };
  }

  /** The largest size that passes, between one that does and one that does not; null: it cannot be told. */
  function* bisect(carrier: Flow, least: number, most: number, end: number): Run<number | null> {
    let [passes, lost] = [least, most];
    while (lost - passes > 1) {
      const middle = (passes + lost) >> 1;
      const at = yield* tryAt(carrier, middle, least, end);
      if (at === 'passes') passes = middle;
      else if (at === 'lost') lost = middle;
      else return null;
    }
    return passes;
  }

  function* measureWith(carrier: Flow, end: number): Run<void> {
    const linkBytes = Math.min(MOST_BYTES, linkMtu() ?? USUAL_MTU);
    const said: Observation[] = [];
    const result = (bytes: number | null, hole: HoleFacts | null = null): void => {
      const { protocol, port } = cells.flow(carrier.index);
      found = { linkBytes, bytes, end, protocol, port, said, hole };
    };
    result(null);
    const least = yield* leastAt(carrier, end);
    if (least === null) return;
    let bytes = linkBytes;
    let passage = yield* tryAt(carrier, bytes, least, end);
    while (typeof passage === 'object' && said.length < MAX_SAID) {
      said.push(passage);
      if (passage.mtu < least || passage.mtu >= bytes) return;
      bytes = passage.mtu;
      passage = yield* tryAt(carrier, bytes, least, end);
    }
    if (passage === 'passes') result(bytes);
    if (passage !== 'lost') return;
    const passes = yield* bisect(carrier, least, bytes, end);
    if (passes !== null) result(passes, yield* holeOf(carrier, passes + 1, least, end));
  }

  function* measure(): Run<void> {
    if (carriers.length === 0) return;
    yield { asks: [], pauseMs: 0, inquire: true, waitMs: INQUIRY_MS };
    const chosen = furthest(carriers.map((flow) => ({ flow, end: endOf(cells, flow) })));
    if (chosen !== null) yield* measureWith(chosen.flow, chosen.end);
  }

  const run = measure();
  return {
    name: 'mtu',
    facts: () => found,
    next: () => run.next().value ?? null,
  };
}

/** Bytes before the data of a probe. */
function headersOf(family: Family, { protocol }: Flow): number {
  const transport = protocol === PROTO_TCP ? SYN_BYTES : UDP_HEADER_BYTES;
  return transport + (family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
}

/**
 * Where a flow was answered by the target's stack, else by the last router; 0: nowhere. A service of UDP may keep silent to
 * a request with more behind it than it knows.
 */
function endOf(cells: Cells, { index }: Flow): number {
  const { reached, refused, furthest: last } = flowView(cells.flow(index));
  const isByStack = reached !== null && (reached.answer !== 'udp-response' || last === 0);
  return refused === null && isByStack ? reached.ttl : last;
}

/** The first flow that was heard at most one hop nearer than the furthest, which may be the target; null: none was heard. */
function furthest(
  flows: readonly { readonly flow: Flow; readonly end: number }[],
): { readonly flow: Flow; readonly end: number } | null {
  const most = Math.max(...flows.map(({ end }) => end));
  return flows.find(({ end }) => end > 0 && end >= most - 1) ?? null;
}
