/**
 * The traceroute: walks the path of the asked port beside control flows, all TTLs at once.
 *
 * A parallel Paris sweep: every flow keeps its ports, so that routers send it one way (Augustin et al. 2006). The asked
 * flow goes first at every TTL: a router has six ICMP errors for us and then one a second (Linux, RFC 1812 section 4.3.2.8),
 * and what it refuses to say about a control costs less. Only the edge, where the asked flow falls silent, is asked again.
 *
 * An engine as the scheduler is one: no clock, no socket, no randomness but the seed of the plan.
 */
import { NO_PROBE, SIGNAL, type SignalBatch } from '../batch.ts';
import type { MatchListener } from '../match/match.ts';
import type { Engine, Family, Ip, OwnSide, Plan, WireCan } from '../model.ts';
import { isOwnIp } from '../packet/address.ts';
import { createApart } from './apart.ts';
import { createAskedStudies } from './askedStudies.ts';
import { createCells } from './cells.ts';
import { createErrorBudget, type ErrorBudget } from './errorBudget.ts';
import { createAnswerIds } from './evidenceIds.ts';
import type { Answer, TraceFacts } from './facts.ts';
import { chooseFlows, createProbeNames, placeOf } from './flows.ts';
import { placeByDistance, placeBySender, withoutRetold } from './placing.ts';
import { createProbeReader } from './quotedProbe.ts';
import { createAnswerReader } from './readAnswer.ts';
import type { Read } from './readPacketAnswer.ts';
import { createSteps, type Step } from './steps.ts';
import type { StudyNow } from './studies.ts';
import { createTraceRows } from './traceRows.ts';

/** What a trace is made of. */
export interface TraceOptions {
  readonly plan: Pick<Plan, 'targets' | 'seed' | 'control'>;
  /** Number of this trace among those of the plan's seed, 0 to 255. */
  readonly run: number;
  readonly target: number;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  readonly can: WireCan;
  /** Reserved source port of a wire of packets. */
  readonly srcPort: number;
  readonly ownAddresses: ReadonlySet<Ip>;
  /** 1 to {@link MAX_TTL}. */
  readonly maxHops: number;
  /** Source ports from which the asked port is walked, at most `can.lanes`; 0: its own alone. */
  readonly sources?: number;
  /** Whether the sizes of packets that pass are measured; needs a wire of packets. */
  readonly mtu?: boolean;
  /** Whether packets to a silent port come to the target's stack: IPv6 alone, and a wire of packets. */
  readonly passage?: boolean;
  /** Whether fragments to a silent port come to the target's IP layer, which takes a minute; a wire of packets. */
  readonly fragment?: boolean;
  /** Where the ids of the run's traces begin (evidenceIds.ts); 0 unless given. */
  readonly firstId?: number;
  /** That of the traces of a run together; one of its own unless given. */
  readonly budget?: ErrorBudget;
  /** Told what each received row was. */
  readonly onMatch?: MatchListener | undefined;
}

/** What a trace counts. */
export interface TraceCounters {
  readonly sent: number;
  readonly received: number;
  readonly matched: number;
  readonly foreign: number;
}

/** A trace of one port. */
export interface Traceroute extends Engine<TraceFacts> {
  counters(): TraceCounters;
  /** Time for which errors of routers were waited for that had been taken, by earlier traces most often, ms. */
  waitedMs(): number;
  /** What is looked into besides the path; null: nothing yet, or no more. */
  study(): StudyNow | null;
  /** Addresses of which answers came since the last call, each once. */
  takeSenders(): readonly Ip[];
}

/** Longest path that can be walked: a longer one is a loop, and a TTL has to fit beside flow and draw. */
export const MAX_TTL = 64;

/** Answers that a limiter bounds: what path MTU discovery needs is not (net/ipv4/icmp.c, icmpv4_xrlim_allow). */
const LIMITED: ReadonlySet<Answer> = new Set(['time-exceeded', 'unreachable']);

/** Creates the traceroute of one port. */
export function createTraceroute(options: TraceOptions): Traceroute {
  const { plan, run, target, can, srcPort, ownAddresses, maxHops, firstId = 0 } = options;
  const { budget = createErrorBudget() } = options;
  const { targets, seed } = plan;
  const { family, chosen, flows } = flowsOf(options);
  const names = createProbeNames(seed, run);
  const apart = createApart(can);
  const rows = createTraceRows({ target, family, seed, names, isApart: apart.isApart });
  const cells = createCells(flows, maxHops, apart.isConstant);
  let sentTtl = 0;
  let ownSide: OwnSide | null = null;
  const senders = new Set<Ip>();
  const counted = { sent: 0, received: 0, matched: 0, foreign: 0 };
  const probes = createProbeReader(seed, names, () => sentTtl);
  const ids = createAnswerIds({ firstId, run }, cells.rounds, options.onMatch);
  const readAnswer = createAnswerReader({ targets, target, run, flows, probes, srcPort });

  const facts = (): TraceFacts => {
    const all = placeByDistance(placeBySender(withoutRetold(cells.flows())));
    return {
      family,
      target: targets.ip(target),
      isSelf: isOwnIp(targets.ip(target), ownAddresses),
      flows: all.slice(0, chosen.main.length),
      variants: all.slice(chosen.main.length, chosen.main.length + chosen.variants.length),
      ...studies.found(all),
      seesTtl: can.replyTtl,
      seesQuote: can.packets,
      ownSide,
      maxTtl: sentTtl,
    };
  };
  const steps = createSteps({ ...chosen, cells, maxHops, facts, budget, part: apart.part });
  const studies = createAskedStudies({
    ...options,
    family,
    chosen,
    flows,
    cells,
    names,
    srcPort,
    ownSide: () => ownSide,
    facts,
  });

  /** The steps of the trace itself, then what was asked for besides. */
  const nextStep = (nowMs: number): Step => {
    const step = steps.next(nowMs);
    const isDone = step.asks.length === 0 && !step.inquire && step.wakeAtMs === undefined;
    return isDone ? studies.next(nowMs) : step;
  };

  const noteSent = (): void => {
    for (const { flow, ttl, sentMs } of rows.takeSent()) {
      cells.noteSent(flow.index, ttl, sentMs);
      steps.noteSent(sentMs);
      studies.noteSent(sentMs);
      counted.sent += 1;
    }
  };

  const takeFailed = (signals: SignalBatch, row: number): void => {
    const failed = placeOf(signals.probe[row]!);
    if (failed.run !== run || failed.flow >= flows.length) {
      ids.refuse(row, 'foreign');
      return;
    }
    cells.noteFailed(failed.flow, signals.errno[row]!);
    ids.about(row, failed.flow, failed.ttl, signals.attempt[row]!);
  };

  const noteTaken = ({ ip, answer, atMs }: Read): void => {
    counted.matched += 1;
    senders.add(ip);
    if (LIMITED.has(answer)) budget.note(ip, family, atMs);
  };

  const take = (signals: SignalBatch, row: number): void => {
    if (signals.kind[row] === SIGNAL.OWN_SIDE) {
      ownSide = signals.ownSide[row] ?? null;
      return;
    }
    if (signals.kind[row] === SIGNAL.SEND_FAILED) {
      takeFailed(signals, row);
      return;
    }
    counted.received += 1;
    const found = readAnswer(signals, row);
    // Our own kernel says that nobody answers on the link (net/ipv4/route.c, ipv4_link_failure).
    const isOwn = found !== null && !found.isTarget && ownAddresses.has(found.ip);
    const read: Read | null = isOwn ? { ...found, answer: 'own' } : found;
    const isAsked = read !== null && read.ttl <= sentTtl;
    if (!isAsked) ids.refuse(row, signals.probe[row] === NO_PROBE ? 'foreign' : 'not-an-answer');
    const isTaken = isAsked && cells.noteAnswer(read, ids.next(row, read));
    if (isTaken) noteTaken(read);
    if (!isTaken) counted.foreign += 1;
  };

  return {
    advance(nowMs) {
      noteSent();
      rows.clear();
      const { asks, inquire, wakeAtMs } = nextStep(nowMs);
      for (const ask of asks) {
        sentTtl = Math.max(sentTtl, ask.ttl);
        rows.add(ask);
      }
      if (inquire) rows.addInquiry();
      return { send: rows.batch, wakeAtMs };
    },
    receive(signals) {
      noteSent();
      for (let row = 0; row < signals.count; row++) take(signals, row);
    },
    result: facts,
    counters: () => counted,
    waitedMs: steps.waitedMs,
    study: studies.now,
    takeSenders() {
      const taken = [...senders];
      senders.clear();
      return taken;
    },
  };
}

/** The flows of a trace, and those of its asked port that are walked for themselves. */
function flowsOf({ plan, run, target, protocol, port, can, sources = 0 }: TraceOptions) {
  const family: Family = plan.targets.families[target] === 6 ? 6 : 4;
  const { control, seed } = plan;
  const chosen = chooseFlows({ protocol, port, family, control, seed, run, can, sources });
  const flows = [...chosen.main, ...chosen.variants, ...chosen.further];
  return { family, chosen, flows };
}
