/** The addon's packet port against the kernel, in a namespace with both ends of a link (nativePacketChild.ts). */
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadNative } from '../../src/wire/native.ts';
import {
  createNamespace,
  link,
  type Namespace,
  removeAll,
  run,
  setSysctl,
  whyNoNamespaces,
} from '../netns/namespaces.ts';
import type { SceneName } from './nativePacketChild.ts';
import type { SceneArguments } from './nativePacketGround.ts';
import { ETHERTYPE, type SeenRow } from './nativePacketRows.ts';

const loaded = loadNative();
const reason = whyNoNamespaces() ?? ('unavailable' in loaded ? loaded.unavailable : null);

const MIB = 1 << 20;
const FLAG = { noChecksum: 1, checksumValid: 2, cut: 4 };
const errno = { EBADF: 9, EACCES: 13, EINVAL: 22, ENXIO: 6, EMSGSIZE: 90, EADDRINUSE: 98 };
/** CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_KILL. */
const KEPT_CAPABILITIES = 0x2f;
const both = [
  ['a plain socket', 0],
  ['a ring', 2 * MIB],
] as const;

describe.skipIf(reason !== null)(
  `the packet port${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let folder = '';
    let ns: Namespace;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'pu-probe-packet-'));
      const outfile = join(folder, 'child.mjs');
      buildSync({
        entryPoints: [join(import.meta.dirname, 'nativePacketChild.ts')],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
      });
      const addon =
        process.env['PU_PROBE_NATIVE'] ?? join(import.meta.dirname, '../../build/pu_probe.node');
      copyFileSync(addon, join(folder, 'pu_probe.node'));
      for (const name of ['.', 'child.mjs', 'pu_probe.node']) chmodSync(join(folder, name), 0o755);
      ns = createNamespace('packet');
      link(
        { ns, device: 'left', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
        { ns, device: 'right', addresses: [] },
      );
      const [, mac] = /ether (\S+)/.exec(run(ns, ['ip', 'link', 'show', 'right']))!;
      for (const there of ['10.1.0.9', 'fd01::9']) {
        run(ns, ['ip', 'neigh', 'add', there, 'lladdr', mac!, 'dev', 'left', 'nud', 'permanent']);
      }
      setSysctl(ns, 'net.ipv4.icmp_ratelimit', 0);
      setSysctl(ns, 'net.ipv6.icmp.ratelimit', 0);
    });
    afterAll(() => {
      removeAll();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Runs a scene and returns what it saw. */
    function scene<T>(name: SceneName, given: Partial<SceneArguments> = {}, asNobody = false): T {
      const text = run(ns, [process.execPath, '--expose-gc', join(folder, 'child.mjs'), name], {
        input: JSON.stringify({ family: 4, ringBytes: 0, ...given }),
        env: { PU_PROBE_NATIVE: join(folder, 'pu_probe.node') },
        asNobody,
      });
      return JSON.parse(text) as T;
    }

    describe.each(both)('%s', (_, ringBytes) => {
      test('needs a privilege', () => {
        expect(scene('open', { ringBytes }, true)).toBe('EPERM');
        expect(scene('open', { ringBytes })).toBe(null);
      });

      describe.each([4, 6] as const)('IPv%i', (family) => {
        test('what goes out of one end of a link arrives at the other, byte for byte', () => {
          const seen = scene<{
            packets: string[];
            rows: SeenRow[];
            errors: number[];
            sentMs: number[];
            beginMs: number;
            endMs: number;
            right: number;
            counters: object;
          }>('link', { family, ringBytes });
          expect(seen.errors).toEqual([0, 0, 0, 0, 0]);
          expect(seen.rows.map(({ hex }) => hex)).toEqual(seen.packets);
          expect(seen.counters).toEqual({
            received: 5,
            dropped: 0,
            frozen: 0,
            sent: 5,
            sendFailed: 0,
          });
          let lastMs = seen.beginMs;
          for (const { atMs, protocol, ifindex, flags } of seen.rows) {
            expect({ protocol, ifindex }).toEqual({
              protocol: ETHERTYPE[family],
              ifindex: seen.right,
            });
            expect(flags & (FLAG.noChecksum | FLAG.cut)).toBe(0);
            expect(atMs).toBeGreaterThanOrEqual(lastMs);
            lastMs = atMs;
          }
          expect(lastMs).toBeLessThanOrEqual(seen.endMs);
          expect(seen.sentMs).toEqual([...seen.sentMs].sort((a, b) => a - b));
          expect(seen.sentMs[0]).toBeGreaterThanOrEqual(seen.beginMs);
          expect(seen.sentMs.at(-1)).toBeLessThanOrEqual(seen.endMs);
        });

        test('a raw socket sends to loopback', () => {
          const seen = scene<{ packets: string[]; rows: SeenRow[]; errors: number[]; lo: number }>(
            'loopback',
            { family, ringBytes },
          );
          expect(seen.errors).toEqual([0, 0, 0]);
          expect(seen.rows.map(({ hex }) => hex)).toEqual(seen.packets);
          for (const row of seen.rows) {
            expect(row).toMatchObject({ ifindex: seen.lo, protocol: ETHERTYPE[family] });
          }
        });
      });

      test('hears nothing that the filter rejects, from the first packet on', () => {
        expect(scene('filter', { ringBytes })).toEqual({ heard: 10, others: 0, foreign: true });
      });

      test('loses nothing that is drained, far beyond its size', () => {
        expect(scene('wrap', { ringBytes })).toMatchObject({
          inOrder: true,
          count: 12_000,
          counters: { received: 12_000, dropped: 0, sent: 12_000 },
        });
      });

      test('two threads send each row once, and tell which failed', () => {
        expect(scene('shared', { ringBytes })).toEqual({
          wrong: [],
          isWhole: true,
          count: 10_000,
          counters: { received: 10_000, dropped: 0, frozen: 0, sent: 10_000, sendFailed: 10_000 },
        });
      });

      test('counts what it has no room for, and goes on', () => {
        const seen = scene<{ full: Record<string, number>; rows: number; after: number[] }>(
          'overflow',
          { ringBytes },
        );
        expect(seen.full['dropped']).toBeGreaterThan(0);
        expect(seen.full['received']! + seen.full['dropped']!).toBe(20_000);
        expect(seen.full['frozen']! > 0).toBe(ringBytes > 0);
        expect(seen.rows).toBe(seen.full['received']);
        expect(seen.after).toEqual([0, 1, 2, 3, 4]);
      });

      test('closing ends a wait; what is done with a closed port is harmless', () => {
        expect(scene('closing', { ringBytes })).toEqual({
          before: 3,
          secondWait: undefined,
          memory: [true, ringBytes || MIB, true],
          drained: 0,
          sent: { failed: 2, errors: [errno.EBADF, errno.EBADF], sentMs: expect.anything() },
          reserved: -errno.EBADF,
          counters: { received: 3, dropped: 0, frozen: 0, sent: 3, sendFailed: 2 },
        });
      });

      test('lost ports are collected, their memory stays readable', () => {
        expect(scene('collected', { ringBytes })).toEqual({ sockets: [40, 0], readable: true });
      });

      test('tells the errno of each row, and sends the others', () => {
        expect(scene('errors', { ringBytes })).toEqual({
          mixed: [0, errno.EMSGSIZE, errno.ENXIO, errno.EINVAL],
          failed: 3,
          many: 100,
          rows: 101,
          counters: { received: 101, dropped: 0, frozen: 0, sent: 101, sendFailed: 103 },
        });
      });

      test('tells what was cut and what has no checksum yet', () => {
        const { cut, unsummed } = scene<{ cut: SeenRow; unsummed: SeenRow }>('flags', {
          ringBytes,
        });
        expect(cut.flags & FLAG.cut).toBe(FLAG.cut);
        expect(cut.hex).toHaveLength(80);
        expect(unsummed.flags & (FLAG.cut | FLAG.noChecksum)).toBe(FLAG.noChecksum);
      });

      test('works on without privileges, and cannot be opened again', () => {
        expect(scene('privileges', { ringBytes })).toEqual({
          dropped: 0,
          again: 0,
          set: { Inh: 0, Prm: KEPT_CAPABILITIES, Eff: KEPT_CAPABILITIES, Amb: 0 },
          errors: [0, 0],
          rows: 2,
          reserved: true,
          low: -errno.EACCES,
          next: 'EPERM',
        });
      });

      test('a process and a worker end while a port waits', () => {
        expect(scene('exit', { ringBytes })).toBe('left');
        expect(scene('worker', { ringBytes })).toBe(ringBytes || MIB);
      });
    });

    test('wrong arguments throw what they should, before anything is sent', () => {
      const { sent, sendFailed, ...thrown } = scene<Record<string, string>>('arguments');
      expect({ sent, sendFailed }).toEqual({ sent: '0', sendFailed: '0' });
      expect(Object.keys(thrown).length).toBeGreaterThan(40);
      for (const [name, error] of Object.entries(thrown)) {
        expect([name, error]).toEqual([name, name.split(':')[0]]);
      }
    });

    test('what is written into the ring leads nowhere', () => {
      expect(scene('scribbled', { ringBytes: 2 * MIB })).toBe(true);
    });

    describe.each([4, 6] as const)('IPv%i', (family) => {
      test('our kernel is silent at a reserved port', () => {
        const seen = scene<Record<string, unknown>>('reserve', { family });
        expect(seen['reserved']).toBeGreaterThan(1023);
        expect(seen).toMatchObject({
          again: -errno.EADDRINUSE,
          taken: 'EADDRINUSE',
          errors: [seen['free']],
          afterClose: seen['reserved'],
        });
      });

      test('the own side knows source, link and neighbour', () => {
        const { side, expected, local } = scene<Record<string, object>>('ownSide', { family });
        expect(side).toMatchObject({
          ...expected,
          hasSource: true,
          linkType: 1,
          mtu: 1500,
          name: 'left',
        });
        const source = family === 4 ? `7f000001${'0'.repeat(24)}` : `${'0'.repeat(31)}1`;
        expect(local).toEqual({ type: 772, source, next: '' });
      });
    });
  },
);
