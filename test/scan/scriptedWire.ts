/**
 * A wire whose answers a test writes down: virtual time, no packets, no sockets. It is a fake at the Wire seam, so
 * everything above it is the product itself.
 */
import {
  createSignalBatch,
  NO_PROBE,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
} from '../../src/batch.ts';
import { drive } from '../../src/drive.ts';
import { ERRNO, type ErrnoName } from '../../src/errno.ts';
import type { Ip, Judgement, OwnSide, Plan, Wire, WireCan } from '../../src/model.ts';
import { parseIp } from '../../src/packet/address.ts';
import { createPlan, type PlanRequest } from '../../src/plan/plan.ts';
import { createDeadlines } from '../../src/scan/deadlines.ts';
import { createScheduler, type ScanEngine, type ScanResult } from '../../src/scan/scheduler.ts';
import { CAN } from '../../src/wire/can.ts';

/** One row that was sent. */
export interface Asked {
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: 'tcp' | 'udp';
  readonly target: number;
  readonly port: number;
  readonly minTtl: number;
  readonly atMs: number;
  readonly payload: Uint8Array;
}

/** One signal that comes back `afterMs` after the row left. */
export interface Answer {
  readonly afterMs: number;
  readonly kind: keyof typeof SIGNAL;
  /** The sender; the asked target where it is left out. */
  readonly from?: string;
  readonly fromPort?: number;
  readonly icmp?: readonly [number, number];
  readonly errno?: ErrnoName;
  readonly window?: number;
  readonly ttl?: number;
  readonly payload?: Uint8Array;
}

export interface Script {
  readonly can?: Partial<WireCan>;
  /** What a row is answered with; nothing is silence. */
  readonly answer?: (asked: Asked) => readonly Answer[];
  /** The number of the gateway by which a target is reached; not known where it is left out. */
  readonly way?: (target: number) => number;
  /** What our own side is, at each inquiry. */
  readonly ownSide?: (target: number, nowMs: number) => Partial<OwnSide>;
}

/** A healthy machine with a route over a gateway. */
export const HEALTHY: OwnSide = {
  target: 0,
  route: 'gateway',
  routeErrno: null,
  gateway: '10.0.0.1' as Ip,
  interface: 'eth0',
  carrier: true,
  neighbour: 'reachable',
  outDropped: 0,
  inDropped: 0,
  retransFailed: 0,
  unsent: 0,
  overflow: false,
};

const NO_PAYLOAD = new Uint8Array(0);
const OWN_SIDE_ANSWER: Answer = { afterMs: 0, kind: 'OWN_SIDE' };

interface Pending {
  readonly asked: Asked;
  readonly answer: Answer | null;
  readonly atMs: number;
}

export interface ScriptedWire extends Wire {
  /** All rows but own-side inquiries, in the order in which they left. */
  readonly log: readonly Asked[];
  readonly inquiries: readonly { readonly target: number; readonly atMs: number }[];
}

/** Opens the wire at virtual time 1000: an engine may not take 0 for the beginning. */
export function createScriptedWire(plan: Plan, script: Script): ScriptedWire {
  const { targets } = plan;
  const signals = createSignalBatch();
  const log: Asked[] = [];
  const inquiries: { target: number; atMs: number }[] = [];
  const pending: Pending[] = [];
  const due = createDeadlines();
  let clockMs = 1000;

  const push = (asked: Asked, answer: Answer | null, afterMs: number): void => {
    const atMs = clockMs + afterMs;
    due.push(atMs, pending.push({ asked, answer, atMs }) - 1);
  };

  const sendRow = (batch: ProbeBatch, row: number): void => {
    batch.sentMs[row] = clockMs;
    batch.way[row] = script.way?.(batch.target[row]!) ?? 0;
    const at = batch.offset[row]!;
    const asked: Asked = {
      probe: batch.probe[row]!,
      attempt: batch.attempt[row]!,
      tag: batch.tag[row]!,
      protocol: batch.protocol[row] === PROTO_TCP ? 'tcp' : 'udp',
      target: batch.target[row]!,
      port: batch.port[row]!,
      minTtl: batch.minTtl[row]!,
      atMs: clockMs,
      payload: batch.bytes.slice(at, at + batch.length[row]!),
    };
    if (batch.protocol[row] === PROTO_OWN_SIDE) {
      inquiries.push({ target: asked.target, atMs: clockMs });
      push(asked, null, 0);
      return;
    }
    log.push(asked);
    for (const answer of script.answer?.(asked) ?? []) push(asked, answer, answer.afterMs);
  };

  const write = ({ asked, answer, atMs }: Pending): void => {
    const row = signals.count++;
    const { target } = asked;
    const isTcp = asked.protocol === 'tcp';
    const asTarget = targets.bytes.subarray(target * 16, target * 16 + 16);
    signals.protocol[row] = isTcp ? PROTO_TCP : PROTO_UDP;
    // UDP sockets are not connected: the engine has to find the probe.
    signals.probe[row] = isTcp || answer?.kind === 'SEND_FAILED' ? asked.probe : NO_PROBE;
    signals.attempt[row] = isTcp ? asked.attempt : 0;
    signals.tag[row] = isTcp ? asked.tag : 0;
    signals.atMs[row] = atMs;
    signals.sentMs[row] = isTcp ? asked.atMs : 0;
    signals.family[row] = targets.families[target]!;
    signals.dst.set(asTarget, row * 16);
    signals.dstPort[row] = asked.port;
    signals.ownSide[row] = undefined;
    writeAnswer(row, answer ?? OWN_SIDE_ANSWER, asTarget, asked.port);
    if (answer !== null) return;
    signals.protocol[row] = PROTO_OWN_SIDE;
    signals.ownSide[row] = { ...HEALTHY, ...script.ownSide?.(target, clockMs), target };
  };

  const writeAnswer = (row: number, answer: Answer, asTarget: Uint8Array, port: number): void => {
    const { icmp = [0, 0], payload = NO_PAYLOAD } = answer;
    const offset = row === 0 ? 0 : signals.offset[row - 1]! + signals.length[row - 1]!;
    signals.kind[row] = SIGNAL[answer.kind];
    signals.from.set(answer.from === undefined ? asTarget : parseIp(answer.from)!.bytes, row * 16);
    signals.fromPort[row] = answer.fromPort ?? port;
    signals.icmpType[row] = icmp[0];
    signals.icmpCode[row] = icmp[1];
    signals.ttl[row] = answer.ttl ?? 0;
    signals.errno[row] = answer.errno === undefined ? 0 : ERRNO[answer.errno];
    signals.info[row] = answer.window ?? 0;
    signals.offset[row] = offset;
    signals.length[row] = payload.length;
    signals.bytes.set(payload, offset);
  };

  return {
    kind: 'sim',
    note: 'scripted',
    can: { ...CAN.errqueue, ...script.can },
    log,
    inquiries,
    nowMs: () => clockMs,
    send(batch) {
      for (let row = 0; row < batch.count; row++) sendRow(batch, row);
    },
    async next(untilMs) {
      signals.count = 0;
      const atMs = Math.min(due.peekMs(), untilMs);
      if (Number.isFinite(atMs)) clockMs = Math.max(clockMs, atMs);
      while (due.peekMs() <= clockMs && signals.count < signals.capacity) {
        write(pending[due.pop()]!);
      }
      return signals;
    },
    counters: () => ({}),
    close() {},
  };
}

export interface ScriptedRun {
  readonly plan: Plan;
  readonly wire: ScriptedWire;
  readonly engine: ScanEngine;
  readonly result: ScanResult;
  /** False: the run was aborted. */
  readonly finished: boolean;
  /** The judgement of a port. */
  of(port: number, protocol: 'tcp' | 'udp', target?: number): Judgement;
  /** What was sent for a port. */
  sentTo(port: number, target?: number): readonly Asked[];
  /** Virtual time from the first to the last turn. */
  readonly lastedMs: number;
}

export interface RunOptions {
  readonly ownAddresses?: readonly string[];
  readonly seed?: number;
  /** Turns of the loop after which a run counts as hanging. */
  readonly maxTurns?: number;
  /** Aborts the run at this virtual time, counted from its beginning. */
  readonly abortAfterMs?: number;
}

/** The plan of a request with a fixed seed. */
function planOf(request: PlanRequest, seed = 1): Promise<Plan> {
  return createPlan(request, { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] });
}

/** Scans over a scripted wire until the engine says that it is done. Throws when it never does. */
export async function runScripted(
  request: PlanRequest,
  script: Script,
  options: RunOptions = {},
): Promise<ScriptedRun> {
  const plan = await planOf(request, options.seed);
  const wire = createScriptedWire(plan, script);
  const own = new Set((options.ownAddresses ?? ['10.0.0.2']) as Ip[]);
  const engine = createScheduler({ plan, can: wire.can, ownAddresses: own, srcPort: 0 });
  const stop = new AbortController();
  const startMs = wire.nowMs();
  let turns = 0;
  let isHanging = false;
  const finished = await drive(engine, wire, {
    signal: stop.signal,
    onTurn: () => {
      turns += 1;
      isHanging = turns > (options.maxTurns ?? 20_000);
      const isOver = wire.nowMs() - startMs >= (options.abortAfterMs ?? Number.POSITIVE_INFINITY);
      if (isHanging || isOver) stop.abort();
    },
  });
  if (isHanging) throw new Error(`no end after ${turns} turns, at ${wire.nowMs() - startMs} ms`);
  return {
    plan,
    wire,
    engine,
    result: engine.result(),
    finished,
    of: (port, protocol, target = 0) =>
      engine.judgementOf(plan.space.indexOf(target, protocol === 'tcp' ? 6 : 17, port)),
    sentTo: (port, target = 0) =>
      wire.log.filter((asked) => asked.port === port && asked.target === target && asked.tag === 0),
    lastedMs: wire.nowMs() - startMs,
  };
}
