/** The three views of the simulated wire: which rows the scenes of truth.md give on each. */
import { describe, expect, test } from 'vitest';
import {
  createProbeBatch,
  NO_PROBE,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  SIGNAL,
  type SignalBatch,
} from '../../src/batch.ts';
import type { Family, TargetTable, Wire } from '../../src/model.ts';
import { formatIp, parseIp } from '../../src/packet/address.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { openSimWire, type SimView } from '../../src/wire/simWire.ts';
import { addressOf, describePacket } from './packets.ts';

interface Asked {
  readonly protocol: number;
  readonly port?: number;
  readonly minTtl?: number;
}

function targetsOf(text: string): TargetTable {
  const ip = parseIp(text)!;
  return {
    count: 1,
    bytes: ip.bytes,
    families: Uint8Array.of(ip.family),
    scopeIds: new Uint32Array(1),
    ip: () => formatIp(ip.bytes, 0, ip.family),
    name: () => null,
    indexOf: () => 0,
  };
}

function open(json: unknown, view: SimView, target: string): Wire {
  const world = parseWorld(json, 'test');
  return openSimWire({ world, view, seed: 3, targets: targetsOf(target) });
}

function send(wire: Wire, rows: readonly Asked[]): void {
  const batch = createProbeBatch(rows.length);
  for (const [row, { protocol, port = 0, minTtl = 0 }] of rows.entries()) {
    batch.probe[row] = 100 + row;
    batch.attempt[row] = 1;
    batch.tag[row] = 7;
    batch.protocol[row] = protocol;
    batch.port[row] = port;
    batch.minTtl[row] = minTtl;
    batch.length[row] = 4;
  }
  batch.count = rows.length;
  wire.send(batch);
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(SIGNAL).map(([name, kind]) => [kind, name]),
);

function describeRow(batch: SignalBatch, row: number): string {
  const kind = NAMES.get(batch.kind[row]!)!;
  const family = batch.family[row] === 6 ? 6 : 4;
  const from = formatIp(batch.from, row * 16, family);
  const probe = batch.probe[row] === NO_PROBE ? '-' : String(batch.probe[row]);
  switch (batch.kind[row]) {
    case SIGNAL.PACKET: {
      const at = batch.offset[row]!;
      return describePacket(batch.bytes.slice(at, at + batch.length[row]!));
    }
    case SIGNAL.ICMP:
      return `${kind} ${probe} ${batch.icmpType[row]}/${batch.icmpCode[row]} from ${from} ttl ${batch.ttl[row]} about ${batch.dstPort[row]}`;
    case SIGNAL.DATAGRAM:
      return `${kind} ${probe} from ${from}:${batch.fromPort[row]} ttl ${batch.ttl[row]}`;
    case SIGNAL.CONNECTED:
      return `${kind} ${probe} window ${batch.info[row]}`;
    default:
      return batch.errno[row] === 0
        ? `${kind} ${probe}`
        : `${kind} ${probe} errno ${batch.errno[row]}`;
  }
}

async function collect(wire: Wire, untilMs: number): Promise<readonly string[]> {
  const texts: string[] = [];
  for (;;) {
    const batch = await wire.next(untilMs);
    if (batch.count === 0) return texts;
    for (let row = 0; row < batch.count; row++) texts.push(describeRow(batch, row));
  }
}

async function ask(
  json: unknown,
  view: SimView,
  rows: readonly Asked[],
  family: Family = 4,
  target?: string,
) {
  const routers = (json as { routers?: unknown[] }).routers ?? [];
  const wire = open(json, view, target ?? addressOf(routers.length, 10, family));
  send(wire, rows);
  const texts = await collect(wire, 900);
  wire.close();
  return texts;
}

const tcp = (port: number, minTtl = 0): Asked => ({ protocol: PROTO_TCP, port, minTtl });
const udp = (port: number): Asked => ({ protocol: PROTO_UDP, port });
const SERVED = {
  routers: [{}],
  targets: [{ tcp: { 22: 'accept' }, udp: { 7: 'echo', 8: { kind: 'echo', from: 'other-port' } } }],
};
const KINDS = [tcp(22), tcp(23), udp(7), udp(8), udp(9)];

describe('what a served and a closed port look like', () => {
  test('packet', async () => {
    expect(await ask(SERVED, 'packet', KINDS)).toEqual([
      '10.90.1.10 63 tcp 22 SYN+ACK window 64240',
      '10.90.1.10 63 tcp 23 RST+ACK window 0',
      '10.90.1.10 63 udp 7 4',
      '10.90.1.10 63 udp 16392 4',
      '10.90.1.10 63 icmp 3/3 quoted 63',
    ]);
  });

  test('errqueue', async () => {
    expect(await ask(SERVED, 'errqueue', KINDS, 6)).toEqual([
      'CONNECTED 100 window 64800',
      'REFUSED 101 errno 111',
      'DATAGRAM - from fd90:0:0:1::a:7 ttl 63',
      'DATAGRAM - from fd90:0:0:1::a:16392 ttl 63',
      'ICMP - 1/4 from fd90:0:0:1::a ttl 63 about 9',
    ]);
  });

  test('connect: no window, no stranger, no ICMP', async () => {
    expect(await ask(SERVED, 'connect', KINDS)).toEqual([
      'CONNECTED 100 window 4294967295',
      'REFUSED 101 errno 111',
      'DATAGRAM 102 from 10.90.1.10:7 ttl 0',
      'SOCKET_ERROR 104 errno 111',
    ]);
  });
});

describe('what a reject of the second router looks like', () => {
  const rules = (['tcp', 'udp'] as const).flatMap((protocol) => [
    { hook: 'forward', protocol, dport: 1, verdict: 'reject', with: 'port-unreach' },
    { hook: 'forward', protocol, dport: 2, verdict: 'reject', with: 'host-unreach' },
  ]);
  const world = { routers: [{}, { rules }] };

  test('errqueue', async () => {
    expect(await ask(world, 'errqueue', [tcp(1), tcp(2), udp(1), udp(2)])).toEqual([
      'ICMP 100 3/3 from 10.90.1.2 ttl 63 about 1',
      'ICMP 101 3/1 from 10.90.1.2 ttl 63 about 2',
      'ICMP - 3/3 from 10.90.1.2 ttl 63 about 1',
      'ICMP - 3/1 from 10.90.1.2 ttl 63 about 2',
    ]);
  });

  test('connect: errno alone, and none for what is not fatal to UDP', async () => {
    expect(await ask(world, 'connect', [tcp(1), tcp(2), udp(1), udp(2)])).toEqual([
      'REFUSED 100 errno 111',
      'SOCKET_ERROR 101 errno 113',
      'SOCKET_ERROR 102 errno 111',
    ]);
  });

  test('connect over IPv6: the errno shows with the next SYN', async () => {
    const wire = open(world, 'connect', addressOf(2, 10, 6));
    send(wire, [tcp(1)]);
    expect(await collect(wire, 999)).toEqual([]);
    expect(await collect(wire, 1100)).toEqual(['REFUSED 100 errno 111']);
    expect(wire.nowMs()).toBe(1100);
  });
});

test('minTtl: a reset from nearer than the target is not heard, one from the target is', async () => {
  const reset = {
    hook: 'forward',
    protocol: 'tcp',
    dport: 81,
    verdict: 'reject',
    with: 'tcp-reset',
  };
  const world = { routers: [{ rules: [reset] }, {}] };
  expect(await ask(world, 'errqueue', [tcp(81, 63), tcp(82, 62), tcp(82, 63)])).toEqual([
    'REFUSED 100 errno 111',
    'REFUSED 101 errno 111',
  ]);
});

test('a window that opens and a service that resets behind a SYN proxy', async () => {
  const rules = [{ hook: 'forward', protocol: 'tcp', verdict: 'synproxy' }];
  const world = { routers: [{ rules }], targets: [{ tcp: { 443: 'accept', 444: 'zero-window' } }] };
  expect(await ask(world, 'errqueue', [tcp(443), tcp(445)], 6)).toEqual([
    'CONNECTED 100 window 0',
    'CONNECTED 101 window 0',
    'WINDOW_OPENED 100',
    'RESET_AFTER 101 errno 111',
  ]);
});

describe('our own side', () => {
  const ERRNO = { unreachable: 113, prohibit: 13, blackhole: 22, none: 101 } as const;
  test.each(Object.entries(ERRNO))('%s: every view fails at once', async (route, errno) => {
    for (const view of ['packet', 'errqueue', 'connect'] as const) {
      expect(await ask({ scanner: { route } }, view, [tcp(1), udp(2)])).toEqual([
        `SEND_FAILED 100 errno ${errno}`,
        `SEND_FAILED 101 errno ${errno}`,
      ]);
    }
  });

  const dropping = {
    scanner: {
      rules: [
        { hook: 'output', protocol: 'tcp', verdict: 'drop' },
        { hook: 'output', protocol: 'udp', verdict: 'drop' },
      ],
    },
    targets: [{ tcp: { 22: 'accept' } }],
  };

  async function inquire(wire: Wire) {
    send(wire, [{ protocol: PROTO_OWN_SIDE }]);
    const batch = await wire.next(wire.nowMs());
    expect([batch.count, batch.kind[0], batch.tag[0]]).toEqual([1, SIGNAL.OWN_SIDE, 7]);
    return batch.ownSide[0]!;
  }

  test('own OUTPUT drop: EPERM for UDP, silence and counters for TCP, nothing on packet', async () => {
    const wire = open(dropping, 'errqueue', '10.90.0.10');
    send(wire, [tcp(22), udp(53)]);
    expect(await collect(wire, 900)).toEqual(['SEND_FAILED 101 errno 1']);
    expect(await inquire(wire)).toMatchObject({
      route: 'on-link',
      outDropped: 2,
      retransFailed: 0,
    });
    expect(await collect(wire, 1500)).toEqual([]);
    expect(await inquire(wire)).toMatchObject({ outDropped: 3, retransFailed: 1 });
    expect(await ask(dropping, 'packet', [tcp(22)])).toHaveLength(1);
  });

  test('own OUTPUT reject: a record from an own address; the reset form looks like closed', async () => {
    const rules = [
      { hook: 'output', protocol: 'tcp', dport: 1, verdict: 'reject', with: 'port-unreach' },
      { hook: 'output', protocol: 'tcp', dport: 2, verdict: 'reject', with: 'tcp-reset' },
      { hook: 'output', protocol: 'udp', verdict: 'reject', with: 'port-unreach' },
    ];
    expect(await ask({ scanner: { rules } }, 'errqueue', [tcp(1), tcp(2), udp(3)])).toEqual([
      'ICMP 100 3/3 from 10.90.0.1 ttl 64 about 1',
      'REFUSED 101 errno 111',
      'ICMP - 3/3 from 10.90.0.1 ttl 64 about 3',
      'SEND_FAILED 102 errno 1',
    ]);
  });

  test('own INPUT drop: silence and a counter for sockets, the truth for packets', async () => {
    const world = { scanner: { rules: [{ hook: 'input', verdict: 'drop' }] } };
    const wire = open(world, 'errqueue', '10.90.0.10');
    send(wire, [tcp(22), udp(53)]);
    expect(await collect(wire, 900)).toEqual([]);
    expect(await inquire(wire)).toMatchObject({ inDropped: 2, outDropped: 0 });
    expect(await ask(world, 'packet', [tcp(22), udp(53)])).toHaveLength(2);
  });

  test('a dead neighbour: incomplete, then failed with a record from an own address', async () => {
    const wire = open({ targets: [{ present: false }] }, 'errqueue', 'fd90::a');
    expect(await inquire(wire)).toMatchObject({ neighbour: 'none' });
    send(wire, [tcp(22), udp(53)]);
    expect(await inquire(wire)).toMatchObject({ route: 'on-link', neighbour: 'incomplete' });
    expect(await collect(wire, 3049)).toEqual([]);
    expect(await collect(wire, 3060)).toEqual([
      'ICMP 100 1/3 from fd90::1 ttl 64 about 22',
      'ICMP - 1/3 from fd90::1 ttl 64 about 53',
    ]);
    expect(await inquire(wire)).toMatchObject({ neighbour: 'failed', carrier: true });
  });

  test('a dead gateway and a link that is down', async () => {
    const dead = open(
      { scanner: { gatewayAnswers: false }, routers: [{}] },
      'packet',
      '10.90.1.10',
    );
    send(dead, [tcp(22)]);
    expect(await collect(dead, 5000)).toEqual([]);
    expect(await inquire(dead)).toMatchObject({
      route: 'gateway',
      gateway: '10.90.0.2',
      neighbour: 'failed',
    });
    const down = open({ links: [{ up: false }] }, 'connect', '10.90.0.10');
    expect(await inquire(down)).toMatchObject({
      route: 'none',
      routeErrno: 'ENETUNREACH',
      carrier: false,
    });
  });

  test.each(['10.90.0.1', '127.0.0.1', '::1'])('%s is this machine', async (target) => {
    const world = { scanner: { tcp: { 22: 'accept' } } };
    for (const view of ['packet', 'errqueue', 'connect'] as const) {
      expect(await ask(world, view, [tcp(22), tcp(23)], 4, target)).toHaveLength(2);
    }
    expect(await inquire(open(world, 'errqueue', target))).toMatchObject({ route: 'local' });
  });
});

describe('virtual time', () => {
  test('jumps to what arrives, or to the end of the wait', async () => {
    const wire = open({ links: [{ delayMs: 40 }] }, 'packet', '10.90.0.10');
    send(wire, [tcp(22)]);
    const batch = await wire.next(1000);
    expect([batch.count, batch.atMs[0], wire.nowMs()]).toEqual([1, 80, 80]);
    expect((await wire.next(500)).count).toBe(0);
    expect(wire.nowMs()).toBe(500);
    expect((await wire.next(Infinity)).count).toBe(0);
  });

  test('more answers than a batch holds come in several', async () => {
    const wire = open({}, 'packet', '10.90.0.10');
    for (let i = 0; i < 3; i++) {
      send(
        wire,
        Array.from({ length: 1000 }, (_, row) => tcp(1 + i * 1000 + row)),
      );
    }
    const counts: number[] = [];
    for (;;) {
      const { count } = await wire.next(wire.nowMs() + 1);
      if (count === 0) break;
      counts.push(count);
    }
    expect(counts.reduce((sum, count) => sum + count)).toBe(3000);
    expect(Math.max(...counts)).toBeLessThanOrEqual(1024);
  });

  test('the same seed gives the same run', async () => {
    const world = { routers: [{}], links: [{ loss: 0.3 }] };
    const ports = Array.from({ length: 50 }, (_, index) => tcp(index + 1));
    const run = () => ask(world, 'errqueue', ports);
    expect(await run()).toEqual(await run());
  });
});
