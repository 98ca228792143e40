/** What is written is read again, in any chunks; and what is read of random bytes harms nobody. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LINK_TYPE } from '../../src/packet/linkLayer.ts';
import { createPcapngWriter, type PcapngWriter } from '../../src/packet/pcapngWriter.ts';
import { readCapture } from './captures.ts';
import { hex, udp4 } from './golden.ts';

const encoder = new TextEncoder();
const SEED = 20_260_102;

function writePacket(
  writer: PcapngWriter,
  data: Uint8Array,
  comment: string,
  stamp: { readonly seconds: number; readonly nanoseconds: number },
): void {
  const bytes = encoder.encode(comment);
  const place = { interface: 0, bytes: data, at: 0, length: data.length };
  const said = { direction: 'out', comment: bytes, commentLength: bytes.length } as const;
  writer.packet({ ...place, ...said, ...stamp });
}

function begun(): PcapngWriter {
  const writer = createPcapngWriter();
  writer.section('x');
  writer.addInterface({ linkType: LINK_TYPE.RAW, name: 'n', description: 'd' });
  return writer;
}

it('a file byte by byte', () => {
  const writer = begun();
  writePacket(writer, hex('45'), 's1.1', { seconds: 1_767_225_600, nanoseconds: 5 });
  writer.local(0x80000001, hex('aabb'), 2);
  expect(writer.take()).toEqual(
    hex(
      '0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffff ffffffff 0400 0100 78000000 00000000 28000000',
      '01000000 30000000 6500 0000 00000000 0200 0100 6e000000 0300 0100 64000000',
      '0900 0100 09000000 00000000 30000000',
      '06000000 38000000 00000000 51728618 0500faed 01000000 01000000 45000000',
      '0200 0400 02000000 0100 0400 73312e31 00000000 38000000',
      '01000080 10000000 aabb0000 10000000',
    ),
  );
  expect(writer.size()).toBe(0);
});

it('packets, comments and stamps come back, in chunks of any size', () => {
  const packets = fc.array(
    fc.record({
      data: fc.uint8Array({ maxLength: 300 }),
      comment: fc.string({ unit: 'binary', maxLength: 60 }),
      seconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 400 }), (all, chunkBytes) => {
      const writer = begun();
      for (const { data, comment, ...stamp } of all) writePacket(writer, data, comment, stamp);
      const { frames, fault } = readCapture(writer.take().slice(), chunkBytes);
      expect(fault).toBeNull();
      expect(frames).toEqual(
        all.map(({ data, comment, seconds, nanoseconds }, index) => ({
          number: index + 1,
          interface: expect.objectContaining({ linkType: LINK_TYPE.RAW, name: 'n' }),
          seconds,
          nanoseconds,
          originalLength: data.length,
          direction: 'out',
          data,
          texts: comment === '' ? [] : [comment],
        })),
      );
    }),
    { seed: SEED, numRuns: 300 },
  );
});

it('names and statistics come back; a name that is too long is left out', () => {
  const writer = begun();
  const [address, address6] = [Uint8Array.of(10, 0, 0, 1), new Uint8Array(16).fill(7)];
  writer.names([
    { address, name: 'dns1.example' },
    { address, name: 'x'.repeat(2000) },
    { address: address6, name: 'dns2.example' },
  ]);
  const stamp = { seconds: 5, nanoseconds: 6 };
  writer.statistics({ interface: 0, ...stamp, received: 2 ** 40, dropped: 3 });
  const { names, statistics, fault } = readCapture(writer.take().slice());
  expect(fault).toBeNull();
  expect(names).toEqual([
    { family: 4, address, name: 'dns1.example' },
    { family: 6, address: address6, name: 'dns2.example' },
  ]);
  expect(statistics).toMatchObject([{ received: 2 ** 40, dropped: 3 }]);
});

it('a packet longer than the buffer is taken as one block', () => {
  const writer = begun();
  const data = new Uint8Array(600_000).map((_, i) => i % 251);
  writePacket(writer, data, 'long', { seconds: 1, nanoseconds: 2 });
  const { frames, fault } = readCapture(writer.take().slice(), 65_536);
  expect(fault).toBeNull();
  expect(frames[0]!.data).toEqual(data);
});

it('damaged files are read in chunks as whole, and never throw', () => {
  const writer = begun();
  for (let i = 0; i < 8; i++) writePacket(writer, udp4, `s${i}.1`, { seconds: i, nanoseconds: i });
  writer.names([{ address: Uint8Array.of(10, 0, 0, 1), name: 'a' }]);
  writer.local(0x80000001, udp4, udp4.length);
  const good = writer.take().slice();
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(damage, fc.nat(good.length), fc.integer({ min: 1, max: 99 }), (at, cut, chunk) => {
      const bytes = good.slice(0, at.length === 0 ? cut : good.length);
      for (const [place, value] of at) bytes[place] = value;
      const whole = readCapture(bytes);
      expect(readCapture(bytes, chunk)).toEqual(whole);
      for (const { data } of whole.frames) expect(data.length).toBeLessThanOrEqual(bytes.length);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
