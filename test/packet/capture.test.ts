/** Reading captures: every byte order and unit, what pcapng says besides frames, and files that are cut or wrong. */
import { describe, expect, it } from 'vitest';
import { MAX_BLOCK_BYTES } from '../../src/packet/capture.ts';
import { block, joined, readCapture, word } from './captures.ts';
import { hex, udp4 } from './golden.ts';

/** 2026-01-01T00:00:00Z. */
const SECONDS = 1_767_225_600;

function pcap(isLittle: boolean, isNano: boolean, fraction: number): Uint8Array {
  const words = (values: readonly number[]) => values.flatMap((one) => word(isLittle, one, 4));
  return Uint8Array.from([
    ...word(isLittle, isNano ? 0xa1b23c4d : 0xa1b2c3d4, 4),
    ...word(isLittle, 2, 2),
    ...word(isLittle, 4, 2),
    ...words([0, 0, 262_144, 101]),
    ...words([SECONDS, fraction, udp4.length, udp4.length + 9]),
    ...udp4,
  ]);
}

describe('classic pcap', () => {
  it.each([
    ['little endian, microseconds', true, false, 123_456, 123_456_000],
    ['big endian, microseconds', false, false, 123_456, 123_456_000],
    ['little endian, nanoseconds', true, true, 123_456_789, 123_456_789],
    ['big endian, nanoseconds', false, true, 123_456_789, 123_456_789],
  ])('%s', (_, isLittle, isNano, fraction, nanoseconds) => {
    const { frames, fault } = readCapture(pcap(isLittle, isNano, fraction));
    expect(fault).toBeNull();
    expect(frames).toEqual([
      {
        number: 1,
        interface: { linkType: 101, name: null, snapLength: 262_144 },
        seconds: SECONDS,
        nanoseconds,
        originalLength: udp4.length + 9,
        direction: null,
        data: udp4,
        texts: [],
      },
    ]);
  });

  it('as tcpdump writes it, byte by byte', () => {
    const file = hex(
      'd4c3b2a1 0200 0400 00000000 00000000 00000400 65000000',
      '00b95569 40e20100 04000000 04000000 45000021',
    );
    const [frame] = readCapture(file).frames;
    expect(frame).toMatchObject({ seconds: SECONDS, nanoseconds: 123_456_000 });
    expect(frame!.data).toEqual(hex('45000021'));
  });

  it('a fraction of more than a second is carried over', () => {
    const [frame] = readCapture(pcap(true, false, 2_500_000)).frames;
    expect(frame).toMatchObject({ seconds: SECONDS + 2, nanoseconds: 500_000_000 });
  });

  it('a record that is too long is refused where it begins, after what came before', () => {
    const good = pcap(true, false, 0);
    const long = Uint8Array.from([0, 0, MAX_BLOCK_BYTES + 1, 0].flatMap((n) => word(true, n, 4)));
    const { frames, fault } = readCapture(joined(good, long, new Uint8Array(100)));
    expect(frames).toHaveLength(1);
    expect(fault).toEqual({
      reason: `a record of ${MAX_BLOCK_BYTES + 1} bytes is too long`,
      offsetBytes: good.length,
    });
  });
});

const section = (isLittle: boolean) =>
  block(
    isLittle,
    0x0a0d0d0a,
    { u32: 0x1a2b3c4d },
    { u16: 1 },
    { u16: 0 },
    { u32: 0xffffffff },
    { u32: 0xffffffff },
  );
const option = (isLittle: boolean, code: number, value: Uint8Array) =>
  Uint8Array.from([
    ...word(isLittle, code, 2),
    ...word(isLittle, value.length, 2),
    ...value,
    ...new Uint8Array((4 - (value.length % 4)) % 4),
  ]);
const text = (value: string) => new TextEncoder().encode(value);
const described = (isLittle: boolean, linkType: number, ...options: readonly Uint8Array[]) =>
  block(isLittle, 1, { u16: linkType }, { u16: 0 }, { u32: 0 }, ...options);
const packet = (
  isLittle: boolean,
  stamp: bigint,
  data: Uint8Array,
  ...options: readonly Uint8Array[]
) =>
  block(
    isLittle,
    6,
    { u32: 0 },
    { u32: Number(stamp >> 32n) },
    { u32: Number(stamp & 0xffffffffn) },
    { u32: data.length },
    { u32: data.length },
    data,
    new Uint8Array((4 - (data.length % 4)) % 4),
    ...options,
  );

describe.each([
  ['little endian', true],
  ['big endian', false],
])('pcapng, %s', (_, isLittle) => {
  it.each([
    ['microseconds unless it says otherwise', [], 1_500_000n, 1, 500_000_000],
    ['nanoseconds', [option(isLittle, 9, Uint8Array.of(9))], 1_500_000_001n, 1, 500_000_001],
    ['whole seconds', [option(isLittle, 9, Uint8Array.of(0))], 7n, 7, 0],
    ['units of 2^-10 s', [option(isLittle, 9, Uint8Array.of(0x8a))], 1536n, 1, 500_000_000],
    [
      'an offset',
      [option(isLittle, 14, hex(isLittle ? '0a00000000000000' : '000000000000000a'))],
      1_000_000n,
      11,
      0,
    ],
  ])('reads stamps in %s', (_, options, stamp, seconds, nanoseconds) => {
    const file = joined(
      section(isLittle),
      described(isLittle, 1, ...options),
      packet(isLittle, stamp, udp4),
    );
    const { frames, fault } = readCapture(file);
    expect(fault).toBeNull();
    expect(frames[0]).toMatchObject({ seconds, nanoseconds, data: udp4 });
  });

  it('reads comments, direction, names, statistics and custom blocks, and passes over the rest', () => {
    const file = joined(
      section(isLittle),
      described(isLittle, 101, option(isLittle, 2, text('eth0'))),
      block(isLittle, 0x0000_000a, { u32: 0x544c534b }, { u32: 0 }),
      packet(
        isLittle,
        0n,
        udp4,
        option(isLittle, 1, text('one')),
        option(isLittle, 2, Uint8Array.from(word(isLittle, 1, 4))),
        option(isLittle, 1, text('two ä')),
        option(isLittle, 0, new Uint8Array(0)),
        option(isLittle, 1, text('behind the end')),
      ),
      block(
        isLittle,
        4,
        { u16: 1 },
        { u16: 8 },
        Uint8Array.of(10, 0, 0, 1, ...text('a\0b\0')),
        { u16: 9 },
        { u16: 1 },
        Uint8Array.of(7, 0, 0, 0),
        { u16: 2 },
        { u16: 18 },
        new Uint8Array(15),
        Uint8Array.of(1, ...text('c\0'), 0, 0),
        { u32: 0 },
      ),
      block(
        isLittle,
        5,
        { u32: 0 },
        { u32: 0 },
        { u32: 0 },
        option(isLittle, 4, hex(isLittle ? '0700000000000000' : '0000000000000007')),
      ),
      block(isLittle, 0xbad, { u32: 32_473 }, text('mine')),
      block(isLittle, 0x40000bad, { u32: 1 }),
      block(isLittle, 0x80000002, text('here')),
    );
    const { frames, names, statistics, customs, locals, fault } = readCapture(file);
    expect(fault).toBeNull();
    expect(frames).toMatchObject([{ direction: 'in', texts: ['one', 'two ä'] }]);
    expect(names).toEqual([
      { family: 4, address: Uint8Array.of(10, 0, 0, 1), name: 'a' },
      { family: 4, address: Uint8Array.of(10, 0, 0, 1), name: 'b' },
      { family: 6, address: hex('00'.repeat(15), '01'), name: 'c' },
    ]);
    expect(statistics).toMatchObject([{ interface: { name: 'eth0' }, received: 7, dropped: null }]);
    expect(locals).toEqual([{ type: 0x80000002, data: text('here') }]);
    expect(customs).toEqual([
      { enterprise: 32_473, data: text('mine') },
      { enterprise: 1, data: new Uint8Array(0) },
    ]);
  });

  it('reads simple and obsolete packet blocks', () => {
    const file = joined(
      section(isLittle),
      block(isLittle, 1, { u16: 101 }, { u16: 0 }, { u32: 20 }),
      block(isLittle, 3, { u32: udp4.length }, udp4.subarray(0, 20)),
      block(
        isLittle,
        2,
        { u16: 0 },
        { u16: 3 },
        { u32: 0 },
        { u32: 5 },
        { u32: 4 },
        { u32: 40 },
        udp4.subarray(0, 4),
      ),
    );
    const { frames, fault } = readCapture(file);
    expect(fault).toBeNull();
    expect(frames).toMatchObject([
      { number: 1, seconds: Number.NaN, originalLength: udp4.length, data: udp4.subarray(0, 20) },
      { number: 2, seconds: 0, nanoseconds: 5000, originalLength: 40, data: udp4.subarray(0, 4) },
    ]);
  });

  it('a second section brings its own interfaces and byte order', () => {
    const file = joined(
      section(isLittle),
      described(isLittle, 1),
      section(!isLittle),
      described(!isLittle, 101),
      packet(!isLittle, 1n, udp4),
    );
    expect(readCapture(file).frames).toMatchObject([{ interface: { linkType: 101 } }]);
  });

  const whole = joined(section(isLittle), described(isLittle, 101), packet(isLittle, 1n, udp4));
  it.each([
    ['a packet of no interface', block(isLittle, 6, ...[9, 0, 0, 0, 0].map((u32) => ({ u32 })))],
    [
      'a packet longer than its block',
      block(isLittle, 6, ...[0, 0, 0, 5, 5].map((u32) => ({ u32 }))),
    ],
    ['a packet block that is too short', block(isLittle, 6, { u32: 0 })],
    ['an interface block that is too short', block(isLittle, 1)],
    ['a custom block that is too short', block(isLittle, 0xbad)],
    ['statistics of no interface', block(isLittle, 5, { u32: 4 }, { u32: 0 }, { u32: 0 })],
    [
      'a length that is no multiple of four',
      Uint8Array.from([6, 0, 0, 6, 13, 0, 0, 13, 0, 0, 0, 0]),
    ],
    ['a length below twelve', Uint8Array.from([6, 0, 0, 6, 8, 0, 0, 0, 0, 0, 0, 0])],
    ['lengths that differ', block(isLittle, 6, new Uint8Array(20)).with(-1, 1).with(-4, 1)],
    ['a section without byte order', block(isLittle, 0x0a0d0d0a, new Uint8Array(16))],
    ['a version that is not known', section(isLittle).with(12, 9).with(13, 9)],
  ])('%s ends the reading there', (_, wrong) => {
    const { frames, fault } = readCapture(joined(whole, wrong, whole));
    expect(frames).toHaveLength(1);
    expect(fault?.offsetBytes).toBe(whole.length);
    expect(fault?.reason).not.toBe('');
  });

  it('cut anywhere: what came before is handed out, and the offset is that of the cut block', () => {
    const packetAt = whole.length - packet(isLittle, 1n, udp4).length;
    for (let end = 0; end < whole.length; end++) {
      const { frames, fault } = readCapture(whole.subarray(0, end));
      expect(frames).toEqual([]);
      if (end === packetAt || end === section(isLittle).length) expect(fault).toBeNull();
      else expect(fault, `cut at ${end}`).not.toBeNull();
      if (end > packetAt) expect(fault?.offsetBytes).toBe(packetAt);
    }
  });
});

it('limits: a block that is too long, and too many interfaces', () => {
  const long = joined(section(true), Uint8Array.from([6, 0, 0, 0, 4, 0, 0, 2, 0, 0, 0, 0]));
  expect(readCapture(long).fault?.reason).toMatch(/too long/);
  const one = described(true, 1);
  const many = new Uint8Array(65_537 * one.length);
  for (let i = 0; i < 65_537; i++) many.set(one, i * one.length);
  expect(readCapture(joined(section(true), many)).fault?.reason).toMatch(/more interfaces/);
});

it.each([
  ['', 'the file is empty'],
  ['0a0d0d', 'the file ends in the middle of a block'],
  ['1f8b0800', 'compressed by gzip: unpack it first'],
  ['28b52ffd', 'compressed by zstd: unpack it first'],
  ['7f454c46', 'neither pcapng nor pcap'],
])('%s is no capture', (bytes, reason) => {
  expect(readCapture(hex(bytes)).fault).toEqual({ reason, offsetBytes: 0 });
});
