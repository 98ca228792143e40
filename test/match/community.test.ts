/** `--snmp-community`: what is sent, and whose answer is genuine, come from the plan. */
import { describe, expect, it } from 'vitest';
import { createSignalBatch, NO_PROBE, PROTO_UDP, SIGNAL } from '../../src/batch.ts';
import { UsageError } from '../../src/errors.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatchingEngine } from '../../src/match/matchingEngine.ts';
import type { Plan } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { toBer, toBerId } from '../../src/probe/payloads/ber.ts';
import { TOKEN, tokenWord } from '../../src/probe/token.ts';
import { createRows } from '../../src/scan/rows.ts';

const SEED: readonly [number, number] = [7, 9];
const SYS_DESCR = Uint8Array.of(0x2b, 6, 1, 2, 1, 1, 1, 0);

const planOf = (snmpCommunity?: string, ports = '161'): Promise<Plan> =>
  createPlan(
    { targets: ['10.0.0.5'], udp: true, ports, ...(snmpCommunity && { snmpCommunity }) },
    { resolve: async () => [], interfaces: [], seed: SEED },
  );

function requestOf(plan: Plan): Buffer {
  const { batch, add } = createRows(plan);
  add(0, 1, 0, PROTO_UDP, 161);
  return Buffer.from(batch.bytes.subarray(0, batch.length[0]));
}

/** An agent's answer: its description, under this version and community. */
function replyOf(version: number, community: string): Uint8Array {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, toBerId(tokenWord(...SEED, 0, TOKEN.PAYLOAD_LO)));
  const variable = toBer(0x30, toBer(6, SYS_DESCR), toBer(4, Buffer.from('router')));
  const pdu = toBer(0xa2, toBer(2, id), toBer(2, '\0'), toBer(2, '\0'), toBer(0x30, variable));
  return toBer(0x30, toBer(2, Uint8Array.of(version)), toBer(4, Buffer.from(community)), pdu);
}

function serviceOf(plan: Plan, reply: Uint8Array) {
  const engine = createMatchingEngine({ plan, srcPort: 0, controlAt: () => 0 });
  const signals = createSignalBatch(1, 4096);
  signals.count = 1;
  signals.kind[0] = SIGNAL.DATAGRAM;
  signals.probe[0] = NO_PROBE;
  signals.protocol[0] = PROTO_UDP;
  signals.family[0] = 4;
  signals.from.set([10, 0, 0, 5]);
  signals.fromPort[0] = 161;
  signals.length[0] = reply.length;
  signals.bytes.set(reply);
  expect(engine.read(signals, 0)).toBe('matched');
  expect(engine.match.answer).toBe(ANSWER.DATAGRAM);
  return engine.match.service;
}

describe('a community', () => {
  it.each([
    ['labread', 1],
    ['v2c:labread', 1],
    ['v1:labread', 0],
  ])('%s is sent, and proves the agent', async (text, version) => {
    const plan = await planOf(text);
    const request = requestOf(plan);
    expect(request.includes('labread')).toBe(true);
    expect(request[4]).toBe(version);
    const info = expect.stringContaining('router') as string;
    expect(serviceOf(plan, replyOf(version, 'labread'))).toEqual({ protocol: 'snmp', info });
    expect(serviceOf(plan, replyOf(version, 'labreat'))).toBeNull();
    expect(serviceOf(plan, replyOf(1 - version, 'labread'))).toBeNull();
  });

  it('is sent only where one is named, and only to its port', async () => {
    const plan = await planOf();
    expect(requestOf(plan)[4]).toBe(3);
    const { batch, add } = createRows(await planOf('labread', '53,161'));
    add(0, 1, 0, PROTO_UDP, 53);
    expect(Buffer.from(batch.bytes).includes('labread')).toBe(false);
  });

  it.each([
    ['v1:', '161', /^--snmp-community takes 1 to 256 characters/],
    ['x'.repeat(257), '161', /^--snmp-community takes 1 to 256 characters/],
    ['l€b', '161', /^--snmp-community takes 1 to 256 characters/],
    ['labread', '53', /^--snmp-community has no use: UDP port 161 is not asked$/],
  ])('a mistake is one line that does not repeat it: %#', async (text, ports, message) => {
    const refused = await planOf(text, ports).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(message);
    expect((refused as Error).message).not.toContain('labread');
  });
});
