/**
 * The contract of a wire (model.ts, Wire; batch.ts), one suite for all of them. What a wire cannot do switches cases off,
 * and the name of the case says so.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createProbeBatch,
  isEcho,
  NO_PROBE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../../src/batch.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatchingEngine } from '../../src/match/matchingEngine.ts';
import type { Family, Plan, Wire, WireCan } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createSpace } from '../../src/plan/space.ts';
import { writeEcho } from '../../src/probe/echo.ts';
import { payloadFor } from '../../src/probe/payload.ts';
import { TOKEN, tokenWord } from '../../src/probe/token.ts';
import { findClosedPort } from './closedPort.ts';

/** A wire for a plan, with the source port that its packets have (0 on socket wires). */
export interface Opened {
  readonly wire: Wire;
  readonly srcPort: number;
}

/** Where the suite finds its four kinds of port, for IPv4 and IPv6 alike. */
export interface Scene {
  readonly targets: Readonly<Record<Family, string>>;
  readonly tcpOpen: number;
  readonly tcpClosed: number;
  readonly udpEcho: number;
  readonly udpClosed: number;
  close(): void;
}

export interface Subject {
  /** Opens a wire for the plan, or says why it cannot be had here. */
  readonly open: (plan: Plan, scene: Scene) => Opened | { readonly unavailable: string };
  /** Real responders on loopback, or the same scene in a simulated world. */
  readonly scene: () => Promise<Scene>;
  readonly can: Pick<WireCan, 'icmpSender' | 'resetKnown'>;
  /** Why the wire cannot be opened here, asked before the cases are named. */
  readonly unavailable: string | null;
}

/** How long an answer over loopback is waited for, in the wire's time: it comes in a millisecond, or something is wrong. */
const PATIENCE_MS = 5000;
const BATCH = 1000;
/** Nobody knows how many answers hostile rows have: they are waited for this long. */
const HOSTILE_MS = 300;

/** Describes the contract for one wire. */
export function describeWire(name: string, subject: Subject): void {
  const { unavailable } = subject;
  const title = unavailable === null ? name : `${name} (skipped: ${unavailable})`;
  describe.skipIf(unavailable !== null)(title, () => describeOpened(subject));
}

function describeOpened({ open, scene: createScene, can }: Subject): void {
  let scene: Scene;
  let plan: Plan;
  let opened: Wire[] = [];

  beforeAll(async () => {
    scene = await createScene();
    const { tcpOpen, tcpClosed, udpEcho, udpClosed } = scene;
    const asked = await createPlan(
      {
        targets: [scene.targets[4], scene.targets[6]],
        ports: `T:${tcpOpen},T:${tcpClosed},U:${udpEcho},U:${udpClosed}`,
        tcp: true,
        udp: true,
      },
      { resolve: async () => [], interfaces: [], seed: [1, 2] },
    );
    const groups = asked.groups.map((group) => ({ ...group, echo: true }));
    plan = { ...asked, groups, space: createSpace(groups, asked.targets.families) };
  });
  afterEach(() => {
    for (const wire of opened) wire.close();
    opened = [];
  });
  afterAll(() => scene.close());

  const openOne = () => {
    const one = open(plan, scene);
    if ('unavailable' in one) throw new Error(one.unavailable);
    opened.push(one.wire);
    const matching = createMatchingEngine({ plan, srcPort: one.srcPort, controlAt: () => 0 });
    return { wire: one.wire, matching };
  };

  /** A batch of these rows; the number of a row that the plan has is the plan's. */
  const toBatch = (rows: readonly Row[]): ProbeBatch => {
    const batch = createProbeBatch(Math.max(1, rows.length), 65_536);
    let used = 0;
    for (const [row, { protocol, target, port, payload, tag = 0 }] of rows.entries()) {
      const probe = plan.space.indexOf(target, protocol, port);
      const bytes =
        payload === undefined ? ownPayload(plan.seed, protocol, probe, port) : Buffer.from(payload);
      batch.probe[row] = probe < 0 ? NO_PROBE : probe;
      batch.attempt[row] = 1;
      batch.tag[row] = tag;
      batch.protocol[row] = protocol;
      batch.target[row] = target;
      batch.port[row] = port;
      batch.offset[row] = used;
      batch.length[row] = bytes.length;
      batch.bytes.set(bytes, used);
      used += bytes.length;
    }
    batch.count = rows.length;
    return batch;
  };

  /** Sends rows and takes signals until `isEnough` of them have come, or the patience is at its end. */
  const ask = async (rows: readonly Row[], expected = rows.length, withinMs = PATIENCE_MS) => {
    const { wire, matching } = openOne();
    const batch = toBatch(rows);
    const startMs = wire.nowMs();
    wire.send(batch);
    const seen: Seen[] = [];
    while (seen.length < expected) {
      const signals = await wire.next(startMs + withinMs);
      if (signals.count === 0) break;
      for (let row = 0; row < signals.count; row++) {
        checkColumns(signals, row);
        const result = matching.read(signals, row);
        const { probe, answer, fromIsTarget, sentMs } = matching.match;
        const atMs = signals.atMs[row]!;
        const own = signals.ownSide[row] ?? null;
        const kind = signals.kind[row]!;
        seen.push({ kind, result, probe, answer, fromIsTarget, sentMs, atMs, own });
      }
    }
    return { wire, batch, startMs, seen };
  };

  it('says what it is', () => {
    const { wire } = openOne();
    expect(wire.note).not.toBe('');
    expect(wire.can.icmpSender).toBe(can.icmpSender);
    expect(wire.can.resetKnown).toBe(can.resetKnown);
    expect(wire.can.maxTcpInFlight).toBeGreaterThan(0);
    expect(wire.can.tcpSilenceMs).toBeGreaterThanOrEqual(0);
    const before = wire.nowMs();
    expect(wire.nowMs()).toBeGreaterThanOrEqual(before);
  });

  describe.each([
    [4, 0],
    [6, 1],
  ] as const)('IPv%i', (_, target) => {
    it('a UDP answer, a closed UDP port, an open and a closed TCP port are all told', async () => {
      const { udpEcho, udpClosed, tcpOpen, tcpClosed } = scene;
      const rows: Row[] = [
        { protocol: PROTO_UDP, target, port: udpEcho },
        { protocol: PROTO_UDP, target, port: udpClosed },
        { protocol: PROTO_TCP, target, port: tcpOpen },
        { protocol: PROTO_TCP, target, port: tcpClosed },
      ];
      const { batch, seen, startMs, wire } = await ask(rows);
      const answerOf = (row: number) =>
        seen.find((one) => one.result === 'matched' && one.probe === batch.probe[row])?.answer;
      expect(answerOf(0)).toBe(ANSWER.DATAGRAM);
      expect(answerOf(1)).toBe(can.icmpSender ? ANSWER.ICMP : ANSWER.SOCKET_ERROR);
      expect([ANSWER.ESTABLISHED, ANSWER.SYN_ACK]).toContain(answerOf(2));
      expect(answerOf(3)).toBe(ANSWER.RESET);
      for (const one of seen) {
        const row = batch.probe.indexOf(one.probe);
        expect(one.atMs).toBeGreaterThanOrEqual(batch.sentMs[row]!);
        expect(one.atMs).toBeLessThanOrEqual(wire.nowMs());
        if (one.sentMs > 0) expect(one.sentMs).toBeLessThanOrEqual(one.atMs);
        if (one.answer === ANSWER.ICMP) expect(one.fromIsTarget).toBe(true);
      }
      for (let row = 0; row < batch.count; row++) {
        expect(batch.sentMs[row]).toBeGreaterThanOrEqual(startMs);
        expect(batch.sentMs[row]).toBeLessThanOrEqual(wire.nowMs());
      }
    });

    it('an echo request is answered, or refused at once where the wire can send none', async () => {
      const protocol = target === 0 ? PROTO_ICMP : PROTO_ICMPV6;
      const { batch, seen, wire } = await ask([{ protocol, target, port: 0 }]);
      const answer = wire.can.echo ? ANSWER.ECHO_REPLY : ANSWER.SEND_FAILED;
      const known = { result: 'matched', probe: batch.probe[0], answer };
      expect(seen).toMatchObject([wire.can.echo ? { ...known, fromIsTarget: true } : known]);
    });

    it('an own-side inquiry is answered, with its tag', async () => {
      const { seen } = await ask([{ protocol: PROTO_OWN_SIDE, target, port: 0, tag: 7 }]);
      expect(seen.map(({ kind }) => kind)).toEqual([SIGNAL.OWN_SIDE]);
      expect(seen[0]!.own).toMatchObject({ target, overflow: false });
      expect(['local', 'on-link', 'gateway', 'unknown']).toContain(seen[0]!.own!.route);
    });

    it(`${BATCH} rows of one batch are all answered`, async () => {
      // TCP alone: one UDP socket for each port is all that some wires have, and ICMP errors are limited. The open port
      // once: packets of one flow from two cores at once may meet a connection half made, and get no answer of their own.
      const rows = Array.from({ length: BATCH }, (_, row): Row => {
        return { protocol: PROTO_TCP, target, port: row > 0 ? scene.tcpClosed : scene.tcpOpen };
      });
      const { seen, batch } = await ask(rows);
      expect(seen).toHaveLength(BATCH);
      expect(seen.filter(({ answer }) => answer === ANSWER.RESET)).toHaveLength(BATCH - 1);
      for (let row = 0; row < BATCH; row++) expect(batch.sentMs[row]).toBeGreaterThanOrEqual(0);
    });

    it('hostile rows throw nothing, and the wire lives on', async () => {
      const { tcpOpen, udpEcho } = scene;
      const rows: Row[] = [
        { protocol: PROTO_UDP, target, port: 0 },
        { protocol: PROTO_TCP, target, port: 0 },
        { protocol: PROTO_UDP, target, port: udpEcho, payload: '' },
        { protocol: PROTO_UDP, target, port: 65_535, payload: 'x'.repeat(1400) },
        { protocol: target === 0 ? PROTO_ICMPV6 : PROTO_ICMP, target, port: 0 },
        { protocol: PROTO_TCP, target, port: tcpOpen },
      ];
      const { seen } = await ask(rows, Number.POSITIVE_INFINITY, HOSTILE_MS);
      expect(
        seen.some(({ answer }) => answer === ANSWER.ESTABLISHED || answer === ANSWER.SYN_ACK),
      ).toBe(true);
    });
  });

  it.skipIf(!can.icmpSender)(
    `a closed UDP port names its sender${can.icmpSender ? '' : ' (skipped: can.icmpSender is false)'}`,
    async () => {
      const { seen } = await ask([{ protocol: PROTO_UDP, target: 0, port: scene.udpClosed }]);
      expect(seen).toMatchObject([{ answer: ANSWER.ICMP, fromIsTarget: true }]);
    },
  );

  it('a wait without anything to come ends in time, with nothing', async () => {
    const { wire } = openOne();
    const untilMs = wire.nowMs() + 30;
    const signals = await wire.next(untilMs);
    expect(signals.count).toBe(0);
    // Timers of Node may be a millisecond or two early; how late they are is the machine's affair.
    expect(wire.nowMs()).toBeGreaterThanOrEqual(untilMs - 2);
    expect((await wire.next(wire.nowMs() - 1)).count).toBe(0);
  });

  it('an empty batch is nothing', async () => {
    const { wire } = openOne();
    wire.send(toBatch([]));
    expect((await wire.next(wire.nowMs() + 5)).count).toBe(0);
  });

  it('counters are finite numbers', async () => {
    const { wire } = await ask([{ protocol: PROTO_TCP, target: 0, port: scene.tcpOpen }]);
    for (const [key, value] of Object.entries(wire.counters())) {
      expect(Number.isFinite(value), key).toBe(true);
      expect(value, key).toBeGreaterThanOrEqual(0);
    }
  });

  it('closing twice is fine, and a wait after it returns with nothing', async () => {
    const { wire } = openOne();
    wire.send(toBatch([{ protocol: PROTO_TCP, target: 0, port: scene.tcpOpen }]));
    wire.close();
    wire.close();
    expect((await wire.next(wire.nowMs() + 60_000)).count).toBe(0);
  });
}

interface Row {
  readonly protocol: number;
  readonly target: number;
  readonly port: number;
  readonly payload?: string;
  readonly tag?: number;
}

interface Seen {
  readonly kind: number;
  readonly result: string;
  readonly probe: number;
  readonly answer: number;
  readonly fromIsTarget: boolean;
  readonly sentMs: number;
  readonly atMs: number;
  readonly own: SignalBatch['ownSide'][number] | null;
}

const KINDS: ReadonlySet<number> = new Set(Object.values(SIGNAL));

/** Every column within its range, whatever came. */
function checkColumns(signals: SignalBatch, row: number): void {
  expect(signals.count).toBeLessThanOrEqual(signals.capacity);
  expect(KINDS.has(signals.kind[row]!)).toBe(true);
  expect([4, 6]).toContain(signals.family[row]);
  expect(signals.atMs[row]).toBeGreaterThanOrEqual(0);
  expect(Number.isFinite(signals.sentMs[row]!)).toBe(true);
  expect(signals.offset[row]! + signals.length[row]!).toBeLessThanOrEqual(signals.bytes.length);
  if (signals.kind[row] === SIGNAL.OWN_SIDE) expect(signals.ownSide[row]).toBeDefined();
  else expect(signals.ownSide[row]).toBeUndefined();
}

/** Responders on 127.0.0.1 and ::1: one TCP listener, one UDP echo, and ports that were just given back. */
export async function openLoopbackScene(): Promise<Scene> {
  const server: Server = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((done) => server.listen(0, '::', 4096, done));
  const echo: Socket = createSocket('udp6');
  echo.on('message', (message, from) => echo.send(message, from.port, from.address));
  await new Promise<void>((done) => echo.bind(0, '::', done));
  const closed = await findClosedPort();
  return {
    targets: { 4: '127.0.0.1', 6: '::1' },
    tcpOpen: (server.address() as { port: number }).port,
    tcpClosed: closed,
    udpEcho: echo.address().port,
    udpClosed: closed,
    close() {
      server.close();
      echo.close();
    },
  };
}

/** What the scheduler sends: its bytes carry the probe's token, which a quote is checked for. */
function ownPayload(
  seed: readonly [number, number],
  protocol: number,
  probe: number,
  port: number,
): Buffer {
  if (isEcho(protocol)) {
    const bytes = Buffer.alloc(64);
    const asked = { keyHi: seed[0], keyLo: seed[1], probe, attempt: 1 };
    return bytes.subarray(0, writeEcho(bytes, 0, protocol === PROTO_ICMP ? 4 : 6, asked));
  }
  if (protocol !== PROTO_UDP) return Buffer.alloc(0);
  const kind = payloadFor(port);
  const bytes = Buffer.alloc(kind.maxLength);
  const [hi, lo] = [TOKEN.PAYLOAD_HI, TOKEN.PAYLOAD_LO].map((purpose) =>
    tokenWord(seed[0], seed[1], probe, purpose),
  );
  return bytes.subarray(0, kind.write(bytes, 0, hi!, lo!));
}
