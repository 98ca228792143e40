import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createIpView,
  emitIp,
  emitIpv4,
  emitIpv6,
  type IpFields,
  type IpView,
  isHeaderIntact,
  MAX_EXTENSION_HEADERS,
  readIp,
} from '../../src/packet/ip.ts';
import { dirty, emitted, hex, slowChecksum, syn6, udp4, udp6 } from './golden.ts';

function read(bytes: Uint8Array, at = 0, end: number = bytes.length): IpView | null {
  const view = createIpView();
  return readIp(bytes, at, end, view) ? view : null;
}

/** An IPv6 header before extension headers; `length` is that of what follows. */
function ipv6(nextHeader: string, length: number): string {
  const lengthHex = length.toString(16).padStart(4, '0');
  return `60000000 ${lengthHex} ${nextHeader} 40 ${'20'.repeat(16)} ${'21'.repeat(16)}`;
}

const src = hex('a5a5 0a090101 000000000000000000000000');
const dst = hex('0a090201 000000000000000000000000');
const fields4: IpFields = {
  tos: 0,
  id: 0xa057,
  dontFragment: true,
  flowLabel: 0,
  ttl: 64,
  protocol: 17,
  src,
  srcAt: 2,
  dst,
  dstAt: 0,
  payloadLength: 13,
};
const fields6: IpFields = {
  ...fields4,
  flowLabel: 0x21528,
  src: udp6.slice(8, 24),
  srcAt: 0,
  dst: udp6.slice(24, 40),
  dstAt: 0,
};

describe('readIp, IPv4', () => {
  it('reads a header wherever it stands', () => {
    const padded = hex('a5a5a5', [...udp4].map((b) => b.toString(16).padStart(2, '0')).join(''));
    expect(read(padded, 3)).toEqual({
      family: 4,
      headerAt: 3,
      payloadAt: 23,
      payloadEnd: 36,
      truncated: false,
      totalLength: 33,
      protocol: 17,
      ttl: 64,
      tos: 0,
      id: 0xa057,
      flowLabel: 0,
      dontFragment: true,
      fragmentOffset: 0,
      moreFragments: false,
      segmentsLeft: 0,
      srcAt: 15,
      dstAt: 19,
    });
  });

  it('leaves out what follows the total length, such as the padding of a short frame', () => {
    const padded = new Uint8Array(46);
    padded.set(udp4);
    expect(read(padded)).toMatchObject({ payloadAt: 20, payloadEnd: 33, truncated: false });
  });

  it('says when less is there than the total length', () => {
    expect(read(udp4.slice(0, 30))).toMatchObject({ payloadEnd: 30, truncated: true });
    expect(read(udp4.slice(0, 19))).toBeNull();
  });

  it('takes a total length of 0 for segmentation offload', () => {
    const bytes = udp4.slice();
    bytes.fill(0, 2, 4);
    expect(read(bytes)).toMatchObject({ payloadEnd: 33, truncated: false, totalLength: 0 });
  });

  it('steps over options', () => {
    const bytes = hex('4620001c 00012000 4011 0000 0a090101 0a090201', '94040000', '00090035');
    bytes.set([...hex(slowChecksum(bytes.subarray(0, 24)).toString(16).padStart(4, '0'))], 10);
    expect(read(bytes)).toMatchObject({
      payloadAt: 24,
      payloadEnd: 28,
      tos: 0x20,
      moreFragments: true,
      dontFragment: false,
    });
    expect(isHeaderIntact(bytes, 0, bytes.length)).toBe(true);
  });

  it('reads a later fragment', () => {
    const bytes = hex('4500001c 00010003 4011 0000 0a090101 0a090201', '0009003500080000');
    expect(read(bytes)).toMatchObject({ fragmentOffset: 24, moreFragments: false });
  });

  it.each([
    ['no byte', ''],
    ['another version', '55000021'],
    ['a header length under 20', '44000021 a0574000 40118361 0a090101 0a090201'],
    ['options that are cut', '46000021 a0574000 40118361 0a090101 0a090201'],
    ['a total length within the header', '45000013 a0574000 40118361 0a090101 0a090201'],
  ])('refuses %s', (_, text) => {
    expect(read(hex(text))).toBeNull();
  });

  it('sees a wrong header checksum', () => {
    const bytes = udp4.slice();
    bytes[8] = 63;
    expect(isHeaderIntact(udp4, 0, udp4.length)).toBe(true);
    expect(isHeaderIntact(bytes, 0, bytes.length)).toBe(false);
    bytes[0] = 0x46;
    expect(isHeaderIntact(bytes.subarray(0, 20), 0, 20)).toBe(false);
    expect(isHeaderIntact(udp6, 0, udp6.length)).toBe(true);
  });
});

describe('readIp, IPv6', () => {
  it('reads a header', () => {
    expect(read(udp6)).toEqual({
      family: 6,
      headerAt: 0,
      payloadAt: 40,
      payloadEnd: 53,
      truncated: false,
      totalLength: 53,
      protocol: 17,
      ttl: 64,
      tos: 0,
      id: -1,
      flowLabel: 0x21528,
      dontFragment: false,
      fragmentOffset: 0,
      moreFragments: false,
      segmentsLeft: 0,
      srcAt: 8,
      dstAt: 24,
    });
    expect(read(udp6.slice(0, 39))).toBeNull();
    expect(read(udp6.slice(0, 45))).toMatchObject({ payloadEnd: 45, truncated: true });
    expect(read(syn6)).toMatchObject({ protocol: 6, flowLabel: 0x2c5b7 });
  });

  it('walks every kind of extension header', () => {
    const bytes = hex(
      ipv6('00', 72),
      '2b00 050200000000', // hop-by-hop: router alert-like option
      '3c02 0401 00000000 22222222222222222222222222222222', // routing, type 4, one segment left
      '3301 0104 00000000 0000000000000000', // destination options, 16 bytes
      '2c02 0000 00000001 00000002 aabbccdd', // authentication header: (2 + 2) * 4 bytes
      '1100 0001 cafef00d', // first fragment
    );
    expect(bytes.length).toBe(40 + 72);
    expect(read(bytes)).toMatchObject({
      protocol: 17,
      payloadAt: 112,
      segmentsLeft: 1,
      id: 0xcafef00d,
      fragmentOffset: 0,
      moreFragments: true,
    });
  });

  it('stops after the header of a later fragment', () => {
    const bytes = hex(ipv6('2c', 16), '3c00 05a9 00000001', '1100 0104 00000000');
    expect(read(bytes)).toMatchObject({
      protocol: 60,
      payloadAt: 48,
      fragmentOffset: 0x5a8,
      moreFragments: true,
    });
  });

  it('stops at an extension header that is cut, and names it', () => {
    const bytes = hex(ipv6('00', 24), '3c00 010400000000', '1101 010400000000');
    expect(read(bytes)).toMatchObject({ protocol: 60, payloadAt: 48, truncated: true });
    expect(read(bytes.slice(0, 47))).toMatchObject({ protocol: 0, payloadAt: 40 });
  });

  it('does not walk beyond the payload length', () => {
    const bytes = hex(ipv6('00', 4), '1100 010400000000', '0009003500080000');
    expect(read(bytes)).toMatchObject({ protocol: 0, payloadAt: 40, payloadEnd: 44 });
  });

  it('walks no more headers than the limit', () => {
    const chain = (count: number) =>
      hex(ipv6('3c', 8 * count), '3c00 010400000000'.repeat(count - 1), '1100 010400000000');
    expect(read(chain(MAX_EXTENSION_HEADERS))).toMatchObject({ protocol: 17 });
    expect(read(chain(MAX_EXTENSION_HEADERS + 1))).toMatchObject({ protocol: 60 });
  });
});

describe('emitIp', () => {
  it('writes the header of a kernel', () => {
    expect(emitted((out, at) => emitIpv4(out, at, fields4))).toEqual(udp4.slice(0, 20));
    expect(emitted((out, at) => emitIpv6(out, at, fields6))).toEqual(udp6.slice(0, 40));
    expect(emitted((out, at) => emitIp(out, at, 4, fields4))).toEqual(udp4.slice(0, 20));
    expect(emitted((out, at) => emitIp(out, at, 6, fields6))).toEqual(udp6.slice(0, 40));
  });

  it('property: reads what it writes, for both families', () => {
    const fields = fc.record({
      tos: fc.nat(0xff),
      id: fc.nat(0xffff),
      dontFragment: fc.boolean(),
      flowLabel: fc.nat(0xfffff),
      ttl: fc.nat(0xff),
      protocol: fc.constantFrom(1, 6, 17, 58, 132, 255),
      src: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      dst: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      payloadLength: fc.integer({ min: 1, max: 1400 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(4 as const, 6 as const), fields, fc.nat(9), (family, f, at) => {
        const out = dirty(1500);
        const length = emitIp(out, at, family, { ...f, srcAt: 0, dstAt: 0 });
        const view = read(out, at, at + length + f.payloadLength)!;
        const addressLength = family === 4 ? 4 : 16;
        expect(isHeaderIntact(out, at, at + length)).toBe(true);
        expect(view).toMatchObject({
          family,
          headerAt: at,
          payloadAt: at + length,
          payloadEnd: at + length + f.payloadLength,
          truncated: false,
          tos: f.tos,
          ttl: f.ttl,
          protocol: f.protocol,
          fragmentOffset: 0,
          moreFragments: false,
          id: family === 4 ? f.id : -1,
          dontFragment: family === 4 ? f.dontFragment : false,
          flowLabel: family === 4 ? 0 : f.flowLabel,
        });
        const written = (from: number) => out.slice(from, from + addressLength);
        expect(written(view.srcAt)).toEqual(f.src.slice(0, addressLength));
        expect(written(view.dstAt)).toEqual(f.dst.slice(0, addressLength));
        if (family === 4) expect(slowChecksum(out.subarray(at, at + 20))).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
