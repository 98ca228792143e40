import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumIp } from '../../src/packet/checksum.ts';
import { createUdpView, emitUdp, readUdp, type UdpView } from '../../src/packet/udp.ts';
import { dirty, emitted, hex, slowChecksum, udp4, udp6 } from './golden.ts';

function read(bytes: Uint8Array, at = 0, end: number = bytes.length): UdpView | null {
  const view = createUdpView();
  return readUdp(bytes, at, end, view) ? view : null;
}

const addressSum4 = sumIp(udp4, 12, 4) + sumIp(udp4, 16, 4);
const addressSum6 = sumIp(udp6, 8, 6) + sumIp(udp6, 24, 6);
const hello = hex('a5a5 68656c6c6f a5');
const fields = { srcPort: 0xd03d, dstPort: 9, payload: hello, payloadAt: 2, payloadLength: 5 };

describe('readUdp', () => {
  it('reads a header', () => {
    expect(read(udp4, 20)).toEqual({
      srcPort: 53309,
      dstPort: 9,
      length: 13,
      checksum: 0xd4a7,
      payloadAt: 28,
      payloadEnd: 33,
      truncated: false,
    });
    expect(read(udp6, 40)).toMatchObject({ srcPort: 54918, payloadAt: 48, payloadEnd: 53 });
  });

  it('ends at the length field, or where the bytes end', () => {
    expect(read(hex('00350035 000a0000', '0102', 'ffff'))).toMatchObject({ payloadEnd: 10 });
    expect(read(udp4, 20, 30)).toMatchObject({ payloadEnd: 30, truncated: true });
    expect(read(hex('00350035 00000000', '0102'))).toMatchObject({ payloadEnd: 10 });
    expect(read(hex('00350035 00080000'))).toMatchObject({ payloadAt: 8, payloadEnd: 8 });
  });

  it('refuses a header that is cut, and a length within it', () => {
    expect(read(udp4, 20, 27)).toBeNull();
    expect(read(hex('00350035 00070000'))).toBeNull();
    expect(read(hex('00350035 00010000'))).toBeNull();
  });
});

describe('emitUdp', () => {
  it('writes the datagram of a kernel', () => {
    const first = { ...fields, addressSum: addressSum4 };
    const second = { ...fields, srcPort: 54918, addressSum: addressSum6 };
    expect(emitted((out, at) => emitUdp(out, at, first))).toEqual(udp4.slice(20));
    expect(emitted((out, at) => emitUdp(out, at, second))).toEqual(udp6.slice(40));
  });

  it('takes a payload that is in its place already', () => {
    const out = dirty(64);
    out.set(hex('68656c6c6f'), 18);
    const inPlace = { ...fields, addressSum: addressSum4, payload: out, payloadAt: 18 };
    expect(emitUdp(out, 10, inPlace)).toBe(13);
    expect(out.slice(10, 23)).toEqual(udp4.slice(20));
  });

  it('writes a computed checksum of 0 as all ones', () => {
    // Ports, lengths and protocol chosen so that the words add up to 0xffff.
    const empty = { srcPort: 0xffff - 17 - 16, dstPort: 0, addressSum: 0 };
    const written = emitted((out, at) =>
      emitUdp(out, at, { ...empty, payload: hello, payloadAt: 0, payloadLength: 0 }),
    );
    expect(written).toEqual(hex('ffde0000 0008ffff'));
  });

  it('property: reads what it writes, with a checksum that verifies the slow way', () => {
    const port = fc.nat(0xffff);
    fc.assert(
      fc.property(port, port, fc.uint8Array({ maxLength: 64 }), (srcPort, dstPort, payload) => {
        const out = dirty(128);
        const given = { srcPort, dstPort, payload, payloadAt: 0, payloadLength: payload.length };
        const length = emitUdp(out, 3, { ...given, addressSum: addressSum6 });
        const view = read(out, 3, 3 + length)!;
        expect(view).toMatchObject({ srcPort, dstPort, length, truncated: false });
        expect(out.slice(view.payloadAt, view.payloadEnd)).toEqual(payload);
        const pseudo = Uint8Array.from([...udp6.slice(8, 40), 0, 0, 0, length, 0, 0, 0, 17]);
        expect(slowChecksum(pseudo, out.subarray(3, 3 + length))).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
