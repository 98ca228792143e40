import { describe, expect, it } from 'vitest';
import type { LocalInterface } from '../../src/model.ts';
import { createPlan, type PlanRequest } from '../../src/plan/plan.ts';

const interfaces: readonly LocalInterface[] = [
  { name: 'lo', cidr: '127.0.0.1/8', scopeId: 0 },
  { name: 'eth0', cidr: '10.0.0.2/24', scopeId: 0 },
  { name: 'eth0', cidr: '10.0.0.3/24', scopeId: 0 },
  { name: 'eth0', cidr: 'fd00::2/64', scopeId: 0 },
  { name: 'eth1', cidr: 'fd01::2/64', scopeId: 0 },
];
const sendingOf = async (request: Partial<PlanRequest>) =>
  (
    await createPlan(
      { targets: ['10.0.0.5'], ports: '80', ...request },
      { resolve: async () => [], interfaces, seed: [1, 2] },
    )
  ).sending;

describe('how probes leave', () => {
  it('is the system’s choice unless asked for', async () => {
    const own = { interface: null, sources: [], sourcePort: null, ttl: null };
    expect(await sendingOf({})).toEqual(own);
  });

  it('takes an interface, an own address, a port and a time to live', async () => {
    const asked = { interface: 'eth0', source: '10.0.0.2', sourcePort: 53, ttl: 3 };
    const sending = await sendingOf(asked);
    expect(sending).toMatchObject({ interface: 'eth0', sourcePort: 53, ttl: 3 });
    expect(sending.sources).toMatchObject([{ ip: '10.0.0.2', family: 4 }]);
    expect([...sending.sources[0]!.bytes.subarray(0, 4)]).toEqual([10, 0, 0, 2]);
  });

  it('takes an IPv6 address in any spelling', async () => {
    const sending = await sendingOf({ targets: ['fd00::5'], source: 'FD00:0::2' });
    expect(sending.sources).toMatchObject([{ ip: 'fd00::2', family: 6 }]);
  });

  it('takes several own addresses, each once, in the order given', async () => {
    const { sources } = await sendingOf({ udp: true, source: '10.0.0.3,10.0.0.2,10.0.0.3' });
    expect(sources.map(({ ip }) => ip)).toEqual(['10.0.0.3', '10.0.0.2']);
  });

  it('takes all addresses of the targets’ family on one interface', async () => {
    const sourcesOf = async (request: Partial<PlanRequest>) =>
      (await sendingOf({ udp: true, source: 'auto', ...request })).sources.map(({ ip }) => ip);
    expect(await sourcesOf({})).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(await sourcesOf({ targets: ['fd00::5'], interface: 'eth0' })).toEqual(['fd00::2']);
    await expect(sourcesOf({ targets: ['fd00::5'] })).rejects.toThrow(
      '-S auto: which interface? -e takes one of eth0, eth1',
    );
  });

  it.each<[Partial<PlanRequest>, string]>([
    [
      { interface: 'eth9' },
      '-e "eth9": no such interface here with an address (there are lo, eth0, eth1)',
    ],
    [{ source: '10.0.0.4' }, '-S "10.0.0.4": not an address of this machine'],
    [{ source: '10.0.0.2,10.0.0.4' }, '-S "10.0.0.4": not an address of this machine'],
    [{ source: '10.0.0.2,10.0.0.3' }, '-S takes one address where no UDP port is asked, not 2'],
    [{ source: '10.0.0.2,' }, '-S takes an address of this machine, not ""'],
    [{ source: 'auto', targets: ['10.0.0.5', 'fd00::5'] }, '-S auto takes targets of one family'],
    [{ source: 'me' }, '-S takes an address of this machine, not "me"'],
    [{ source: 'fd00::2' }, '-S "fd00::2" is IPv6, and 10.0.0.5 is not'],
    [{ sourcePort: 0 }, '-g takes a port from 1 to 65535, not "0"'],
    [{ sourcePort: 1.5 }, '-g takes a port from 1 to 65535, not "1.5"'],
    [{ ttl: 256 }, '--ttl takes 1 to 255, not "256"'],
  ])('refuses %j', async (request, message) => {
    await expect(sendingOf(request)).rejects.toThrow(message);
  });
});
