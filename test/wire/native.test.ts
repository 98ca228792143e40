import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProbeBatch, createSignalBatch } from '../../src/batch.ts';
import { toProbeColumns, toSignalColumns } from '../../src/wire/errqueueRows.ts';
import { type Columns, loadNative, loadNativeFrom } from '../../src/wire/native.ts';
import { toTargets } from './errqueueSteps.ts';

const loaded = loadNative();
const reason = 'addon' in loaded ? null : loaded.unavailable;

describe('loading the addon', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pu-probe-native-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const load = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return loadNativeFrom(import.meta.url, join(folder, name));
  };

  test.each([
    ['not a library', 'broken.node', 'no ELF', /cannot be loaded: .*broken\.node/],
    ['another ABI', 'stale.cjs', 'module.exports = { abi: 0 }', /of another version/],
    ['functions missing', 'short.cjs', 'module.exports = { abi: 5 }', /of another version/],
    ['no object', 'none.cjs', 'module.exports = null', /of another version/],
    ['throws', 'throws.cjs', 'throw "no"', /cannot be loaded: no/],
  ])('says why: %s', (_, name, content, expected) => {
    expect(load(name, content)).toEqual({ unavailable: expect.stringMatching(expected) });
  });

  test('says that a named file does not exist', () => {
    const file = join(folder, 'missing.node');
    expect(loadNativeFrom(import.meta.url, file)).toHaveProperty('unavailable');
  });

  test('finds nothing outside of the package', () => {
    const unavailable = 'the native addon is not built';
    expect(loadNativeFrom(`file://${folder}/dist/cli.cjs`)).toEqual({ unavailable });
  });
});

describe.skipIf(reason !== null)(
  `the addon${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    const native = 'addon' in loaded ? loaded.addon : (undefined as never);
    const targets = toTargets(['127.0.0.1', '::1']);

    test('gives zeroed memory of the size that was asked for, and refuses what is no size', () => {
      const memory = native.largeMemory(2 ** 22 + 3);
      if (memory === null) throw new Error('no memory');
      expect(memory.byteLength).toBe(2 ** 22 + 3);
      expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
      for (const wrong of ['memory' as never, 0, -1, Number.NaN, 1e300]) {
        expect(() => native.largeMemory(wrong)).toThrow('not a number in range');
      }
    });
    const targetColumns: Columns = [targets.bytes, targets.families, targets.scopeIds];
    const probes = createProbeBatch(8);
    const probeColumns = toProbeColumns(probes);
    const signalColumns = toSignalColumns(createSignalBatch(8));
    const wire = native?.open(4, 1000);
    afterAll(() => native.close(wire));

    const without = (columns: Columns, at: number): Columns => columns.filter((_, i) => i !== at);
    const replaced = (columns: Columns, at: number, by: unknown): Columns =>
      columns.map((column, i) => (i === at ? (by as Uint8Array) : column));
    const any = (value: unknown) => value as never;

    test.each<[string, () => unknown]>([
      ['open without arguments', () => (native.open as () => unknown)()],
      ['open with no slots', () => native.open(0, 1000)],
      ['open with too many slots', () => native.open(1e6, 1000)],
      ['open with NaN', () => native.open(Number.NaN, 1000)],
      ['open with text', () => native.open(any('4'), 1000)],
      ['a wire that is an empty object', () => native.drain(any({}), signalColumns)],
      ['a wire that is null', () => native.counters(any(null))],
      ['a wire that is a number', () => native.close(any(1))],
      ['a wire that is a function', () => native.close(any(() => 0))],
      ['send without columns', () => native.send(wire, any(null), any(undefined), 1)],
      ['send without targets', () => native.send(wire, [], probeColumns, 0)],
      ['a column missing', () => native.send(wire, targetColumns, without(probeColumns, 3), 0)],
      [
        'plain arrays as columns',
        () => native.send(wire, targetColumns, replaced(probeColumns, 0, []), 0),
      ],
      [
        'columns of another type',
        () => native.send(wire, targetColumns, replaced(probeColumns, 5, new Uint8Array(8)), 0),
      ],
      [
        'a DataView as column',
        () => native.drain(wire, replaced(signalColumns, 0, new DataView(new ArrayBuffer(8)))),
      ],
      ['signed columns', () => native.drain(wire, replaced(signalColumns, 1, new Int32Array(8)))],
      ['drain without columns', () => native.drain(wire, any(0))],
      ['pause for too long', () => native.pause(wire, 1e6)],
      ['pause for NaN', () => native.pause(wire, Number.NaN)],
      ['wait for ever', () => native.wait(wire, Number.POSITIVE_INFINITY)],
      ['wait without a wire', () => native.wait(any([]), 0)],
      ['own side of a short address', () => native.ownSide(4, new Uint8Array(4), 0)],
      ['own side of no address', () => native.ownSide(4, any('127.0.0.1'), 0)],
      ['own side of family 46', () => native.ownSide(46, new Uint8Array(16), 0)],
    ])('throws a TypeError: %s', (_, call) => {
      expect(call).toThrow(TypeError);
    });

    test.each<[string, () => unknown]>([
      ['more rows than the columns hold', () => native.send(wire, targetColumns, probeColumns, 9)],
      [
        'one column shorter than the count',
        () => native.send(wire, targetColumns, replaced(probeColumns, 5, new Uint16Array(2)), 3),
      ],
      [
        'a target that does not exist',
        () =>
          native.send(
            wire,
            targetColumns,
            replaced(probeColumns, 4, new Uint32Array(8).fill(2)),
            1,
          ),
      ],
      [
        'a target of no family',
        () => native.send(wire, replaced(targetColumns, 1, new Uint8Array(2)), probeColumns, 1),
      ],
      [
        'a payload behind the arena',
        () =>
          native.send(
            wire,
            targetColumns,
            replaced(probeColumns, 9, new Uint32Array(8).fill(2 ** 32 - 1)),
            1,
          ),
      ],
      [
        'a payload longer than the arena',
        () => {
          const shortArena = replaced(probeColumns, 11, new Uint8Array(3));
          native.send(wire, targetColumns, replaced(shortArena, 10, new Uint16Array(8).fill(4)), 1);
        },
      ],
    ])('throws a RangeError before anything is sent: %s', (_, call) => {
      const before = native.counters(wire);
      expect(call).toThrow(RangeError);
      expect(native.counters(wire)).toEqual(before);
    });

    test('does not touch a detached buffer', () => {
      const detached = new Uint32Array(8);
      structuredClone(detached, { transfer: [detached.buffer] });
      expect(() =>
        native.send(wire, targetColumns, replaced(probeColumns, 0, detached), 1),
      ).toThrow();
    });

    test('a closed wire sends nothing, brings nothing and does not wait', async () => {
      const closed = native.open(1, 1000);
      native.close(closed);
      native.close(closed);
      probes.protocol[0] = 17;
      expect(native.send(closed, targetColumns, probeColumns, 1)).toBe(0);
      expect(native.counters(closed)['udpSent']).toBe(0);
      expect(native.drain(closed, signalColumns)).toBe(0);
      native.pause(closed, 1000);
      await native.wait(closed, native.nowMs() + 60_000);
    });

    describe('the pool of connects, over loopback with a smallest TTL that no answer has', () => {
      const send = (
        pool: ReturnType<typeof native.open>,
        numbers: readonly number[],
        attempt: number,
      ) => {
        for (const [row, probe] of numbers.entries()) {
          probes.probe[row] = probe;
          probes.attempt[row] = attempt;
          probes.protocol[row] = 6;
          probes.target[row] = row % 2;
          probes.port[row] = 9;
          probes.minTtl[row] = 65;
        }
        native.send(pool, targetColumns, probeColumns, numbers.length);
        return native.counters(pool);
      };

      test('keeps earlier attempts while there is room, then gives up the overtaken, then the oldest', () => {
        const pool = native.open(4, 10_000);
        expect(send(pool, [1, 2], 1)).toMatchObject({ tcpSent: 2, tcpSockets: 2, tcpEvicted: 0 });
        expect(send(pool, [2, 3], 2)).toMatchObject({ tcpSent: 4, tcpSockets: 4, tcpEvicted: 0 });
        expect(send(pool, [4], 1)).toMatchObject({ tcpSent: 5, tcpEvicted: 1 });
        expect(send(pool, [5, 6, 7, 8, 9], 1)).toMatchObject({ tcpSent: 10, tcpEvicted: 6 });
        expect(native.drain(pool, signalColumns)).toBe(0);
        native.close(pool);
      });

      test('gives up what is too old', () => {
        const pool = native.open(8, 1);
        send(pool, [1, 2, 3], 1);
        native.pause(pool, 1000);
        native.pause(pool, 1000);
        native.drain(pool, signalColumns);
        expect(native.counters(pool)).toMatchObject({ tcpExpired: 3, tcpEvicted: 0 });
        native.close(pool);
      });
    });

    test('closing ends a wait', async () => {
      const waiting = native.open(1, 1000);
      const promise = native.wait(waiting, native.nowMs() + 1e7);
      expect(() => native.wait(waiting, 0)).toThrow(TypeError);
      native.close(waiting);
      await promise;
    });

    test('a process exits while a wire waits, and a lost wire is collected', () => {
      const script = `
      const native = require(process.argv[1]);
      for (let i = 0; i < 200; i++) native.open(64, 1000);
      global.gc();
      const kept = native.open(4, 1000);
      native.wait(kept, native.nowMs() + 1e7);
      setImmediate(() => process.exit(7));`;
      const file =
        process.env['PU_PROBE_NATIVE'] ?? join(import.meta.dirname, '../../build/pu_probe.node');
      const done = spawnSync(process.execPath, ['--expose-gc', '-e', script, file], {
        encoding: 'utf8',
      });
      expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 7, stderr: '' });
    });

    test('loads in a worker thread too', async () => {
      const { Worker } = await import('node:worker_threads');
      const file =
        process.env['PU_PROBE_NATIVE'] ?? join(import.meta.dirname, '../../build/pu_probe.node');
      const worker = new Worker(
        `const native = require(${JSON.stringify(file)});
       const wire = native.open(4, 1000);
       native.wait(wire, native.nowMs() + 1e7);
       require('node:worker_threads').parentPort.postMessage(native.abi);`,
        { eval: true },
      );
      const abi = await new Promise((resolve, reject) => {
        worker.once('message', resolve).once('error', reject);
      });
      await worker.terminate();
      expect(abi).toBe(native.abi);
    });

    test('knows the addresses of this machine', () => {
      const own = native.ownAddresses();
      expect(own).toContainEqual({
        family: 4,
        bytes: targets.bytes.slice(0, 16),
        scopeId: 0,
        interface: 'lo',
      });
      expect(native.fileLimit()).toBeGreaterThan(0);
    });
  },
);
