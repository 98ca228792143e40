/** What our own side does to probes and answers, in namespaces: firewall, routes, neighbours (errqueueLab.ts). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadNative } from '../../src/wire/native.ts';
import { run, setSysctl, whyNoNamespaces } from '../netns/namespaces.ts';
import { address, createErrqueueLab, type ErrqueueLab, ports } from './errqueueLab.ts';
import type { Row, SeenSignal } from './errqueueSteps.ts';

const loaded = loadNative();
const reason = whyNoNamespaces() ?? ('unavailable' in loaded ? loaded.unavailable : null);

/** Time for what must not come; an answer takes a hundredth of it. */
const SILENCE_MS = 300;
const LONG_MS = 8000;
const errno = {
  EPERM: 1,
  EACCES: 13,
  EINVAL: 22,
  ENETUNREACH: 101,
  EHOSTUNREACH: 113,
};

describe.skipIf(reason !== null)(
  `namespaces${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let lab: ErrqueueLab;
    beforeAll(async () => {
      lab = await createErrqueueLab();
    });
    afterEach(() => {
      for (const ns of [lab.client, lab.router, lab.target]) lab.firewall(ns);
    });
    afterAll(() => lab?.remove());

    const ask = (ip: string, rows: readonly Row[], expected = rows.length, withinMs = LONG_MS) =>
      lab.probe([ip], [{ rows, expect: expected, withinMs }]).outcomes[0]!;
    const one = (ip: string, row: Row): SeenSignal | undefined => ask(ip, [row])[0];
    const ownSide = (ip: string, rows: readonly Row[], silentMs: number) => {
      const steps = [
        { rows, expect: rows.length + 1, withinMs: silentMs },
        { rows: [{ protocol: 'own-side' } as const], expect: 1, withinMs: LONG_MS },
      ];
      return lab.probe([ip], steps).outcomes[1]![0]!.ownSide!;
    };

    describe.each([4, 6] as const)('IPv%i', (family) => {
      const ip = address.target[family];
      const router = address.router[family];
      const ipWord = family === 4 ? 'ip' : 'ip6';
      const icmpWord = family === 4 ? 'icmp' : 'icmpv6';
      /** A table with one chain on this hook, in which the rule decides. */
      const table = (hook: string, rule: string) =>
        `table ${ipWord} lab { chain c { type filter hook ${hook} priority 0; ${rule} } }`;
      const code =
        family === 4
          ? { portUnreach: [3, 3], prohibited: [3, 13], hostUnreach: [3, 1], expired: [11, 0] }
          : { portUnreach: [1, 4], prohibited: [1, 1], hostUnreach: [1, 3], expired: [3, 0] };

      test('a scan of ourselves counts no drop and is never open by meeting itself', () => {
        // Few source ports, and the asked one is among them: every 32nd connect would be answered by its own SYN.
        const loopback = family === 4 ? '127.0.0.1' : '::1';
        const range = run(lab.client, ['sysctl', '-n', 'net.ipv4.ip_local_port_range']).trim();
        setSysctl(lab.client, 'net.ipv4.ip_local_port_range', '40000 40063');
        const rows = Array.from({ length: 500 }, (): Row => ({ protocol: 'tcp', port: 40016 }));
        const { outcomes, counters } = lab.probe(
          [loopback],
          [
            { rows, expect: 500, withinMs: LONG_MS },
            { rows: [{ protocol: 'own-side' }], expect: 1, withinMs: LONG_MS },
          ],
        );
        setSysctl(lab.client, 'net.ipv4.ip_local_port_range', range);
        expect(new Set(outcomes[0]!.map(({ kind }) => kind))).toEqual(new Set(['REFUSED']));
        expect(outcomes[0]).toHaveLength(500);
        expect(counters['selfConnects']).toBeGreaterThan(0);
        expect(outcomes[1]![0]!.ownSide).toMatchObject({
          route: 'local',
          outDropped: 0,
          inDropped: 0,
        });
      });

      test('our own OUTPUT drop: EPERM for UDP, a count for TCP', () => {
        lab.firewall(lab.client, table('output', 'meta l4proto { tcp, udp } drop'));
        expect(one(ip, { protocol: 'udp', port: ports.echo })).toMatchObject({
          kind: 'SEND_FAILED',
          probe: 0,
          errno: errno.EPERM,
        });
        const side = ownSide(ip, [{ protocol: 'tcp', port: ports.open }], SILENCE_MS);
        expect(side.outDropped).toBeGreaterThanOrEqual(1);
      });

      test('our own INPUT drop of the answers is a count', () => {
        lab.firewall(lab.client, table('input', 'meta l4proto { tcp, udp } drop'));
        const rows: Row[] = [
          { protocol: 'udp', port: ports.echo },
          { protocol: 'tcp', port: ports.open },
        ];
        const side = ownSide(ip, rows, SILENCE_MS);
        expect(side.inDropped).toBeGreaterThanOrEqual(2);
        expect(side.outDropped).toBe(0);
      });

      test('a drop on the way counts nothing on our side', () => {
        lab.firewall(lab.router, table('forward', 'drop'));
        const rows: Row[] = [
          { protocol: 'udp', port: ports.echo },
          { protocol: 'tcp', port: ports.open },
        ];
        expect(ownSide(ip, rows, SILENCE_MS)).toMatchObject({
          route: 'gateway',
          gateway: router,
          interface: 'eth0',
          carrier: true,
          neighbour: 'reachable',
          outDropped: 0,
          inDropped: 0,
          overflow: false,
        });
      });

      test('our own reject is a record of an own address', () => {
        lab.firewall(
          lab.client,
          table('output', `meta l4proto tcp reject with ${icmpWord} type admin-prohibited`),
        );
        const seen = one(ip, { protocol: 'tcp', port: ports.open });
        expect(seen).toMatchObject({
          kind: 'ICMP',
          icmp: code.prohibited,
          from: address.client[family],
        });
      });

      test.each([
        ['unreachable', errno.EHOSTUNREACH],
        ['prohibit', errno.EACCES],
        ['blackhole', errno.EINVAL],
      ])('our own %s route fails the send', (type, expected) => {
        const prefix = family === 4 ? '10.9.9.0/24' : 'fd99::/64';
        const inside = family === 4 ? '10.9.9.9' : 'fd99::9';
        run(lab.client, ['ip', `-${family}`, 'route', 'add', type, prefix]);
        const [udp, tcp] = ask(inside, [
          { protocol: 'udp', port: 9 },
          { protocol: 'tcp', port: 9 },
        ]);
        expect(udp).toMatchObject({ kind: 'SEND_FAILED', probe: 0, errno: expected });
        expect(tcp).toMatchObject({ kind: 'SEND_FAILED', probe: 1, errno: expected });
        const side = ownSide(inside, [], 0);
        expect(side).toMatchObject({ route: 'none', outDropped: 0 });
        run(lab.client, ['ip', `-${family}`, 'route', 'del', type, prefix]);
      });

      test('a neighbour that does not answer: a record of our own address after three seconds', () => {
        const nobody = family === 4 ? '10.1.0.77' : 'fd01::77';
        const rows: Row[] = [
          { protocol: 'udp', port: 9 },
          { protocol: 'tcp', port: 9 },
        ];
        const { outcomes } = lab.probe(
          [nobody],
          [
            { rows, expect: 2, withinMs: LONG_MS },
            { rows: [{ protocol: 'own-side' }], expect: 1, withinMs: LONG_MS },
          ],
        );
        for (const seen of outcomes[0]!) {
          expect(seen).toMatchObject({
            kind: 'ICMP',
            icmp: code.hostUnreach,
            from: address.client[family],
          });
          expect(seen.rttMs).toBeGreaterThan(2900);
        }
        expect(outcomes[0]).toHaveLength(2);
        expect(outcomes[1]![0]!.ownSide).toMatchObject({ route: 'on-link', neighbour: 'failed' });
      });
    });

    test.each([
      ['192.0.2.1', '-4', '10.1.0.254'],
      ['2001:db8::1', '-6', 'fd01::ff'],
    ])('no route at all: %s', (ip, family, router) => {
      run(lab.client, ['ip', family, 'route', 'del', 'default']);
      const rows: Row[] = [
        { protocol: 'udp', port: 9 },
        { protocol: 'tcp', port: 9 },
        { protocol: 'own-side' },
      ];
      const seen = ask(ip, rows);
      run(lab.client, ['ip', family, 'route', 'add', 'default', 'via', router]);
      expect(seen).toContainEqual(
        expect.objectContaining({ kind: 'SEND_FAILED', probe: 0, errno: errno.ENETUNREACH }),
      );
      expect(seen).toContainEqual(
        expect.objectContaining({ kind: 'SEND_FAILED', probe: 1, errno: errno.ENETUNREACH }),
      );
      const side = seen.find(({ kind }) => kind === 'OWN_SIDE')!.ownSide;
      expect(side).toMatchObject({ route: 'none', routeErrno: 'ENETUNREACH', interface: null });
    });
  },
);
