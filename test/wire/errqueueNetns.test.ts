/** The error-queue wire against real kernels: client - router - target (errqueueLab.ts), as `nobody`. */
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
const errno = { EACCES: 13, ECONNREFUSED: 111 };

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
    const silence = (ip: string, rows: readonly Row[]) => ask(ip, rows, 1, SILENCE_MS);

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

      test('the target answers, two hops away', () => {
        const seen = ask(ip, [
          { protocol: 'udp', port: ports.echo, payload: 'hi' },
          { protocol: 'udp', port: ports.closed },
          { protocol: 'tcp', port: ports.open },
          { protocol: 'tcp', port: ports.closed },
        ]);
        expect(seen).toHaveLength(4);
        expect(seen).toContainEqual(
          expect.objectContaining({ kind: 'DATAGRAM', from: ip, ttl: 63, payload: 'hi' }),
        );
        expect(seen).toContainEqual(
          expect.objectContaining({ kind: 'ICMP', from: ip, ttl: 63, icmp: code.portUnreach }),
        );
        expect(seen).toContainEqual(expect.objectContaining({ kind: 'CONNECTED', probe: 2 }));
        expect(seen).toContainEqual(expect.objectContaining({ kind: 'REFUSED', probe: 3 }));
      });

      test('as root it is the same', () => {
        const rows: Row[] = [
          { protocol: 'udp', port: ports.closed },
          { protocol: 'tcp', port: ports.closed },
        ];
        const { outcomes } = lab.probe([ip], [{ rows, expect: 2, withinMs: LONG_MS }], 'as-root');
        expect(outcomes[0]!.map(({ kind }) => kind).sort()).toEqual(['ICMP', 'REFUSED']);
      });

      test('a reject by the router names the router, UDP and TCP', () => {
        lab.firewall(
          lab.router,
          table(
            'forward',
            `meta l4proto { tcp, udp } reject with ${icmpWord} type admin-prohibited`,
          ),
        );
        for (const protocol of ['udp', 'tcp'] as const) {
          const seen = one(ip, { protocol, port: ports.open });
          expect(seen).toMatchObject({ kind: 'ICMP', icmp: code.prohibited, from: router });
          expect(seen).toMatchObject({ ttl: 64, dst: ip, dstPort: ports.open, localOrigin: 0 });
        }
      });

      test('a reject by port unreachable is no RST: one record for TCP', () => {
        lab.firewall(
          lab.target,
          table('input', `meta l4proto tcp reject with ${icmpWord} type port-unreachable`),
        );
        const seen = ask(ip, [{ protocol: 'tcp', port: ports.open }], 2, SILENCE_MS);
        expect(seen).toMatchObject([{ kind: 'ICMP', icmp: code.portUnreach, from: ip, ttl: 63 }]);
        expect(seen[0]!.errno).toBe(errno.ECONNREFUSED);
      });

      test('a drop is silence', () => {
        lab.firewall(lab.router, table('forward', 'drop'));
        const rows: Row[] = [
          { protocol: 'udp', port: ports.echo },
          { protocol: 'tcp', port: ports.open },
        ];
        expect(silence(ip, rows)).toEqual([]);
      });

      test('a TTL that ends at the router comes back from there, UDP and TCP', () => {
        for (const protocol of ['udp', 'tcp'] as const) {
          const seen = one(ip, { protocol, port: ports.open, ttl: 1 });
          expect(seen).toMatchObject({ kind: 'ICMP', icmp: code.expired, from: router, ttl: 64 });
        }
      });

      test('a forged RST passes the smallest TTL that the true one fails', () => {
        const rows: Row[] = [{ protocol: 'tcp', port: ports.closed, minTtl: 64 }];
        expect(silence(ip, rows)).toEqual([]);
        lab.firewall(lab.router, table('forward', 'meta l4proto tcp reject with tcp reset'));
        expect(ask(ip, rows)).toMatchObject([{ kind: 'REFUSED' }]);
      });

      test('a pending error of one target is no failed send to another', () => {
        const other = family === 4 ? '10.2.0.99' : 'fd02::99';
        const rule = `${ipWord} daddr ${other} reject with ${icmpWord} type ${family === 4 ? 'host-unreachable' : 'addr-unreachable'}`;
        lab.firewall(lab.router, table('forward', rule));
        const rows = Array.from({ length: 200 }, (_, i): Row => {
          return { protocol: 'udp', target: i % 2, port: i % 2 ? ports.echo : 7, payload: `${i}` };
        });
        const { outcomes, counters } = lab.probe(
          [other, ip],
          [{ rows, expect: 200, withinMs: LONG_MS }],
        );
        const kinds = outcomes[0]!.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'ICMP')).toHaveLength(100);
        expect(kinds.filter((kind) => kind === 'DATAGRAM')).toHaveLength(100);
        expect(counters['sendRetries']).toBeGreaterThan(0);
      });

      test('a service that resets what it accepts is still connected', () => {
        const seen = one(ip, { protocol: 'tcp', port: ports.resetting });
        expect(seen).toMatchObject({ kind: 'CONNECTED' });
        expect(seen!.info).toBeGreaterThan(0);
      });

      test('an echo request where the group may have it: reply, router, and no hop limit that sticks', () => {
        const protocol = `echo${family}` as const;
        expect(one(ip, { protocol })).toMatchObject({ kind: 'SEND_FAILED', errno: errno.EACCES });
        setSysctl(lab.client, 'net.ipv4.ping_group_range', '0 2147483647');
        const far = one(ip, { protocol });
        const steps = [
          { rows: [{ protocol, ttl: 1 }], expect: 1, withinMs: LONG_MS },
          { rows: [{ protocol }], expect: 1, withinMs: LONG_MS },
        ];
        const [near, again] = lab.probe([ip], steps).outcomes;
        lab.firewall(lab.router, table('forward', 'drop'));
        const dropped = silence(ip, [{ protocol }]);
        setSysctl(lab.client, 'net.ipv4.ping_group_range', '1 0');
        expect(far).toMatchObject({ kind: 'ECHO_REPLY', from: ip, ttl: 63 });
        expect(far!.rttMs).toBeGreaterThanOrEqual(0);
        expect(near).toMatchObject([
          { kind: 'ICMP', icmp: code.expired, from: router, dst: ip, dstPort: 0, ttl: 64 },
        ]);
        expect(again).toMatchObject([{ kind: 'ECHO_REPLY', from: ip }]);
        expect(dropped).toEqual([]);
      });

      test('a SYN proxy is connected with no window; what stands behind it decides', () => {
        const proxy = `table ${ipWord} raw { chain pre { type filter hook prerouting priority raw;
          iif "left" tcp dport { ${ports.open}, ${ports.closed} } tcp flags syn notrack } }
        table ${ipWord} lab { chain c { type filter hook forward priority 0;
          ct state { invalid, untracked } synproxy mss 1460 wscale 7 timestamp sack-perm
          ct state invalid drop } }`;
        lab.firewall(lab.router, proxy);
        setSysctl(lab.router, 'net.netfilter.nf_conntrack_tcp_loose', 0);
        // Without a delay behind the proxy the window is open before anybody can look: the datagram empties a bucket of
        // tokens, and the proxy's own SYN has to wait for it to fill.
        const behind = ['dev', 'right', 'root'];
        run(lab.router, [
          'tc',
          'qdisc',
          'add',
          ...behind,
          ...'tbf rate 8kbit burst 140 latency 5s'.split(' '),
        ]);
        const afterDatagram = (port: number) => {
          const rows: Row[] = [
            { protocol: 'udp', port: ports.echo, payload: 'x'.repeat(60) },
            { protocol: 'tcp', port },
          ];
          return ask(ip, rows, 3).filter(({ protocol }) => protocol === 6);
        };
        const open = afterDatagram(ports.open);
        const closed = afterDatagram(ports.closed);
        run(lab.router, ['tc', 'qdisc', 'del', ...behind]);
        expect(open).toMatchObject([{ kind: 'CONNECTED', info: 0 }, { kind: 'WINDOW_OPENED' }]);
        expect(open[1]!.info).toBeGreaterThan(0);
        expect(closed).toMatchObject([{ kind: 'CONNECTED', info: 0 }, { kind: 'RESET_AFTER' }]);
      });
    });
  },
);
