/** Echo replies, and ICMP errors that quote an echo request: what is ours decides, what is nearly ours does not. */
import { describe, expect, it } from 'vitest';
import { createSignalBatch, NO_PROBE, SIGNAL } from '../../src/batch.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatchingEngine } from '../../src/match/matchingEngine.ts';
import type { Family } from '../../src/model.ts';
import { parseIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createSpace } from '../../src/plan/space.ts';
import { writeProbePacket } from '../../src/probe/frame.ts';
import { createRows } from '../../src/scan/rows.ts';

const SRC_PORT = 40_000;
const SEED: readonly [number, number] = [0x12345678, 0x9abcdef0];
const SOURCE = { 4: parseIp('10.0.0.2')!.bytes, 6: parseIp('fd00::2')!.bytes };
const ROUTER = { 4: parseIp('10.1.0.1')!.bytes, 6: parseIp('fd01::1')!.bytes };

const asked = await createPlan(
  { targets: ['10.2.0.5', 'fd02::5'], ports: '22' },
  { resolve: async () => [], interfaces: [], seed: SEED },
);
const groups = asked.groups.map((group) => ({ ...group, echo: true }));
const plan = { ...asked, groups, space: createSpace(groups, asked.targets.families) };
const engine = createMatchingEngine({ plan, srcPort: SRC_PORT, controlAt: () => 0 });
const signals = createSignalBatch(1, 4096);

const targetOf = (family: Family): number => (family === 4 ? 0 : 1);
const protocolOf = (family: Family): number => (family === 4 ? 1 : 58);
const probeOf = (family: Family): number =>
  plan.space.indexOf(targetOf(family), protocolOf(family), 0);
const headerBytes = (family: Family): number => (family === 4 ? 20 : 40);
const destinationAt = (family: Family): number => (family === 4 ? 16 : 24);

/** The packet of the third attempt. */
function question(family: Family): Uint8Array {
  const rows = createRows(plan);
  rows.add(probeOf(family), 3, targetOf(family), protocolOf(family), 0);
  const out = new Uint8Array(200);
  const context = {
    targets: plan.targets,
    source4: SOURCE[4],
    source6: SOURCE[6],
    srcPort: SRC_PORT,
    keyHi: SEED[0],
    keyLo: SEED[1],
  };
  return out.slice(0, writeProbePacket(rows.batch, 0, context, out, 0));
}

/** The question turned round, as a host answers it; `change` spoils a byte behind the IP header. */
function reply(family: Family, change?: readonly [at: number, value: number]): Uint8Array {
  const bytes = question(family);
  const length = family === 4 ? 4 : 16;
  const dst = destinationAt(family);
  const from = bytes.slice(dst, dst + length);
  bytes.copyWithin(dst, dst - length, dst);
  bytes.set(from, dst - length);
  bytes[headerBytes(family)] = family === 4 ? 0 : 129;
  if (change !== undefined) bytes[headerBytes(family) + change[0]]! ^= change[1];
  return bytes;
}

/** A router's "time exceeded" with `quoted` bytes of the question. */
function exceeded(family: Family, quoted: number, change?: readonly [number, number]): Uint8Array {
  const quote = question(family);
  if (change !== undefined) quote[headerBytes(family) + change[0]]! ^= change[1];
  const head = question(family).slice(0, headerBytes(family));
  const length = family === 4 ? 4 : 16;
  const dst = destinationAt(family);
  head.set(SOURCE[family].subarray(0, length), dst);
  head.set(ROUTER[family].subarray(0, length), dst - length);
  const body = [...(family === 4 ? [11, 0] : [3, 0]), 0, 0, 0, 0, 0, 0];
  const bytes = Uint8Array.of(...head, ...body, ...quote.subarray(0, quoted));
  const sized = family === 4 ? bytes.length : bytes.length - 40;
  bytes[family === 4 ? 2 : 4] = sized >> 8;
  bytes[family === 4 ? 3 : 5] = sized & 0xff;
  return bytes;
}

function read(bytes: Uint8Array) {
  signals.count = 1;
  signals.kind[0] = SIGNAL.PACKET;
  signals.probe[0] = NO_PROBE;
  signals.offset[0] = 0;
  signals.length[0] = bytes.length;
  signals.bytes.set(bytes);
  const result = engine.read(signals, 0);
  const { probe, attempt, answer, fromIsTarget } = engine.match;
  return { result, probe, attempt, answer, fromIsTarget };
}

describe.each([4, 6] as const)('IPv%i', (family) => {
  const probe = probeOf(family);

  it('a reply is tied to its attempt', () => {
    const known = { result: 'matched', probe, attempt: 3, answer: ANSWER.ECHO_REPLY };
    expect(read(reply(family))).toEqual({ ...known, fromIsTarget: true });
  });

  it.each<[string, readonly [number, number], string]>([
    ['another identifier', [4, 1], 'foreign'],
    ['another sequence number', [6, 1], 'bad-token'],
    ['other data', [8, 1], 'bad-token'],
    ['other data at the end of the token', [15, 1], 'bad-token'],
  ])('a reply with %s decides nothing', (_, change, result) => {
    expect(read(reply(family, change)).result).toBe(result);
  });

  it('cut at any byte, a reply throws nothing and decides nothing until the token is whole', () => {
    const whole = reply(family);
    for (let end = 0; end < headerBytes(family) + 16; end++) {
      const cut = whole.slice(0, end);
      if (end >= headerBytes(family)) cut[family === 4 ? 3 : 5] = family === 4 ? end : end - 40;
      expect(read(cut).result, String(end)).not.toBe('matched');
    }
  });

  it('an error with 8 quoted bytes names the attempt and the router', () => {
    const known = { result: 'matched', probe, attempt: 3, answer: ANSWER.ICMP };
    expect(read(exceeded(family, headerBytes(family) + 8))).toEqual({
      ...known,
      fromIsTarget: false,
    });
  });

  it.each<[string, readonly [number, number], string]>([
    ['another identifier', [4, 1], 'foreign'],
    ['another sequence number', [6, 1], 'bad-token'],
    ['another checksum', [2, 1], 'bad-token'],
  ])('an error whose 8 quoted bytes have %s decides nothing', (_, change, result) => {
    expect(read(exceeded(family, headerBytes(family) + 8, change)).result).toBe(result);
  });

  it('a stale checksum is forgiven where the whole token is quoted', () => {
    expect(read(exceeded(family, headerBytes(family) + 16, [2, 1])).result).toBe('matched');
  });
});
