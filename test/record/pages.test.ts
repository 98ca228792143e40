/** A kill ends a file between two pages of one write: no block may lie across them. */
import { expect, it } from 'vitest';
import { createPcapngWriter } from '../../src/packet/pcapngWriter.ts';
import { readCapture } from '../packet/captures.ts';
import { loadScenarios } from '../scenarios/scenario.ts';
import { replayPieces } from './inMemory.ts';
import { recordScenario } from './recordSim.ts';

const PAGE_BYTES = 4096;
const scenarios = loadScenarios();

/** Offsets of the pages across whose beginning a block lies. */
function cutPages(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const cut: number[] = [];
  let page = PAGE_BYTES;
  for (let at = 0; at < file.length; ) {
    const end = at + view.getUint32(at + 4, true);
    for (; page < end; page += PAGE_BYTES) if (page > at) cut.push(page);
    at = end;
  }
  return cut;
}

it.each(['P', 'E', 'C'] as const)('%s: a recording may end at every page', async (column) => {
  const scenario = scenarios.find(({ name }) => name === 'tcpForgedReset')!;
  const wide = { ...scenario, command: ['scan', 'TARGET', '-p', '1-1500'] };
  const { pieces } = await recordScenario({ scenario: wide, column, family: 4, seed: 1 });
  const whole = Buffer.concat(pieces);
  expect(whole.length).toBeGreaterThan(50 * PAGE_BYTES);
  expect(cutPages(whole)).toEqual([]);
  // With turns before it that took several blocks, and perhaps within one.
  const front = whole.subarray(0, 20 * PAGE_BYTES);
  expect(readCapture(front).fault).toBeNull();
  const replayed = await replayPieces([front]);
  expect(replayed.warnings.join()).toContain('the run did not end; this is what was known by then');
});

it('blocks of any length keep within pages, taken in any pieces', () => {
  const writer = createPcapngWriter(PAGE_BYTES);
  writer.section('x');
  const pieces: Uint8Array[] = [];
  for (let length = 0; length <= 4000; length += 4) {
    writer.local(0x80000001, new Uint8Array(length).fill(0xff), length);
    if (length % 52 === 0) pieces.push(writer.take().slice());
  }
  const whole = Buffer.concat([...pieces, writer.take()]);
  expect(cutPages(whole)).toEqual([]);
  expect(readCapture(whole).fault).toBeNull();
});

it('a block longer than a page is written as it is, and those behind it keep within pages again', () => {
  const writer = createPcapngWriter(PAGE_BYTES);
  writer.section('x');
  for (const length of [5000, 40, 40, 4000, 4000]) {
    writer.local(0x80000001, new Uint8Array(length), length);
  }
  expect(cutPages(writer.take())).toEqual([PAGE_BYTES]);
});
