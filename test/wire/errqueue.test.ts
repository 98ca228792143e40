/** The error-queue wire over loopback, in this process. */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LANE_OWN } from '../../src/batch.ts';
import type { Wire } from '../../src/model.ts';
import { openErrqueueWire } from '../../src/wire/errqueueWire.ts';
import { findClosedPort } from './closedPort.ts';
import { fillProbes, type Row, type SeenSignal, toSeen, toTargets } from './errqueueSteps.ts';

const targets = toTargets(['127.0.0.1', '::1']);
const opened = openErrqueueWire({ targets });
const reason = 'unavailable' in opened ? opened.unavailable : null;

describe.skipIf(reason !== null)(
  `loopback${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    const wire = opened as Wire;
    const server: Server = createServer((socket) => socket.on('error', () => {}));
    const echo: Socket = createSocket('udp6');
    let open = 0;
    let echoing = 0;
    let closed = 0;

    beforeAll(async () => {
      await new Promise<void>((done) => server.listen(0, '::', done));
      echo.on('message', (message, from) => echo.send(message, from.port, from.address));
      await new Promise<void>((done) => echo.bind(0, '::', done));
      open = (server.address() as { port: number }).port;
      echoing = echo.address().port;
      closed = await findClosedPort();
    });
    afterAll(() => {
      wire.close();
      echo.close();
      server.close();
    });

    async function probe(rows: readonly Row[], expected = rows.length): Promise<SeenSignal[]> {
      const probes = fillProbes(rows);
      const untilMs = wire.nowMs() + 5000;
      const seen: SeenSignal[] = [];
      wire.send(probes);
      while (seen.length < expected) {
        const signals = await wire.next(untilMs);
        if (signals.count === 0) break;
        for (let row = 0; row < signals.count; row++) seen.push(toSeen(signals, row, probes));
      }
      return seen;
    }

    describe.each([
      [4, 0, '127.0.0.1', [3, 3]],
      [6, 1, '::1', [1, 4]],
    ] as const)('IPv%i', (_, target, ip, portUnreachable) => {
      test('a UDP answer comes with its sender, TTL and bytes', async () => {
        const [seen] = await probe([{ protocol: 'udp', target, port: echoing, payload: 'hello' }]);
        expect(seen).toMatchObject({ kind: 'DATAGRAM', from: ip, fromPort: echoing, ttl: 64 });
        expect(seen).toMatchObject({ payload: 'hello', probe: null, protocol: 17 });
        expect(seen!.rttMs).toBeGreaterThan(0);
      });

      test('a closed UDP port is an ICMP record with sender, destination, TTL and our payload', async () => {
        const [seen] = await probe([{ protocol: 'udp', target, port: closed, payload: 'hello' }]);
        expect(seen).toMatchObject({ kind: 'ICMP', icmp: portUnreachable, from: ip, ttl: 64 });
        expect(seen).toMatchObject({ dst: ip, dstPort: closed, payload: 'hello', localOrigin: 0 });
      });

      test('a datagram with a socket of its own is told by it, whatever answers', async () => {
        const own = { protocol: 'udp', target, lane: LANE_OWN, payload: 'hello' } as const;
        const seen = await probe([
          { ...own, port: closed, tag: 7, attempt: 2 },
          { ...own, port: echoing, tag: 8, attempt: 3 },
        ]);
        const told = seen.toSorted((a, b) => a.tag - b.tag);
        expect(told).toMatchObject([
          { kind: 'ICMP', icmp: portUnreachable, probe: 0, tag: 7, attempt: 2 },
          { kind: 'DATAGRAM', fromPort: echoing, probe: 1, tag: 8, attempt: 3, ttl: 64 },
        ]);
        expect(told.every(({ rttMs }) => rttMs > 0)).toBe(true);
      });

      test('the newest 256 of such sockets are open, and no more are needed', async () => {
        const own = { protocol: 'udp', target, port: closed, lane: LANE_OWN } as const;
        const seen = await probe(Array.from({ length: 300 }, () => own));
        expect(seen.every(({ kind }) => kind === 'ICMP')).toBe(true);
        const probes = new Set(seen.map((signal) => signal.probe));
        expect(probes.size).toBe(seen.length);
        for (let number = 300 - 256; number < 300; number++) expect(probes).toContain(number);
      });

      test('a listener is CONNECTED with its window', async () => {
        const [seen] = await probe([{ protocol: 'tcp', target, port: open, tag: 5, attempt: 3 }]);
        expect(seen).toMatchObject({
          kind: 'CONNECTED',
          probe: 0,
          tag: 5,
          attempt: 3,
          dstPort: open,
        });
        expect(seen!.info).toBeGreaterThan(0);
        expect(seen!.info).not.toBe(0xffffffff);
        expect(seen!.rttMs).toBeGreaterThan(0);
      });

      test('no listener is REFUSED', async () => {
        const [seen] = await probe([{ protocol: 'tcp', target, port: closed }]);
        expect(seen).toMatchObject({
          kind: 'REFUSED',
          probe: 0,
          from: ip,
          fromPort: closed,
          errno: 0,
        });
      });

      test('nothing is sent through for an own-side inquiry: this machine', async () => {
        const [seen] = await probe([{ protocol: 'own-side', target, tag: 9 }]);
        expect(seen).toMatchObject({ kind: 'OWN_SIDE', tag: 9 });
        expect(seen!.ownSide).toMatchObject({ target, route: 'local', overflow: false });
      });

      test('a full batch of closed ports is answered in full, UDP and TCP', async () => {
        const rows = Array.from({ length: 1000 }, (_, i): Row => {
          return { protocol: i % 2 ? 'udp' : 'tcp', target, port: closed, payload: 'x' };
        });
        const seen = await probe(rows);
        const kinds = seen.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'REFUSED')).toHaveLength(500);
        expect(kinds.filter((kind) => kind === 'ICMP')).toHaveLength(500);
      });
    });

    test('sockets are used again in all orders: open, closed, open, either family', async () => {
      const order = [open, closed, open, open, closed, closed, open];
      const rows = order.flatMap((port): Row[] => [
        { protocol: 'tcp', target: 0, port },
        { protocol: 'tcp', target: 1, port },
      ]);
      const seen = await probe(rows);
      const byProbe = new Map(seen.map((signal) => [signal.probe, signal.kind]));
      const expected = order.flatMap((port) => {
        const kind = port === open ? 'CONNECTED' : 'REFUSED';
        return [kind, kind];
      });
      expect(rows.map((_, i) => byProbe.get(i))).toEqual(expected);
    });

    test('a TTL of one attempt does not stick to the socket', async () => {
      await probe([{ protocol: 'tcp', port: closed, ttl: 1, minTtl: 64 }]);
      const [seen] = await probe([{ protocol: 'tcp', port: closed }]);
      expect(seen).toMatchObject({ kind: 'REFUSED' });
    });

    test('a smallest TTL that nothing reaches silences a port', async () => {
      const rows: Row[] = [
        { protocol: 'tcp', port: closed, minTtl: 65 },
        { protocol: 'tcp', port: closed, minTtl: 64 },
      ];
      expect(await probe(rows, 1)).toMatchObject([{ kind: 'REFUSED', probe: 1 }]);
    });

    test('a protocol without a socket is a failed send', async () => {
      expect(await probe([{ protocol: 'sctp' }])).toMatchObject([
        { kind: 'SEND_FAILED', errno: 93 },
      ]);
    });

    test('closing ends a wait with an empty batch', async () => {
      const other = openErrqueueWire({ targets }) as Wire;
      const waiting = other.next(other.nowMs() + 60_000);
      setImmediate(() => other.close());
      expect((await waiting).count).toBe(0);
      expect((await other.next(other.nowMs() + 60_000)).count).toBe(0);
    });

    test('timers run while answers keep coming', async () => {
      let fired = false;
      setTimeout(() => {
        fired = true;
      }, 0);
      for (let round = 0; round < 10_000 && !fired; round++) {
        await probe([{ protocol: 'udp', port: closed }]);
      }
      expect(fired).toBe(true);
    });
  },
);
