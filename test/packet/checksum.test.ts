import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, sum, sumIp, sumPseudoHeader, toChecksum } from '../../src/packet/checksum.ts';
import { hex, slowChecksum, syn4, syn6 } from './golden.ts';

describe('checksum', () => {
  it('adds the example of RFC 1071 section 3', () => {
    const bytes = hex('0001 f203 f4f5 f6f7');
    expect(fold(sum(bytes, 0, 8, 0))).toBe(0xddf2);
    expect(toChecksum(sum(bytes, 0, 8, 0))).toBe(0x220d);
  });

  it('takes a last odd byte for the high half of a word', () => {
    expect(sum(hex('0102 03'), 0, 3, 0)).toBe(0x0102 + 0x0300);
    expect(sum(hex('0102 03'), 1, 1, 5)).toBe(5);
  });

  it('folds whatever carries there are', () => {
    expect(fold(0)).toBe(0);
    expect(fold(0xffff)).toBe(0xffff);
    expect(fold(0x10000)).toBe(1);
    expect(fold(0x1ffff)).toBe(1);
    expect(fold(0xffffffff)).toBe(0xffff);
    expect(toChecksum(0xffff)).toBe(0);
  });

  it('holds for the largest packets', () => {
    const bytes = new Uint8Array(65_535).fill(0xff);
    expect(toChecksum(sum(bytes, 0, bytes.length, 16 * 0xffff))).toBe(
      slowChecksum(bytes, new Uint8Array(32).fill(0xff)),
    );
  });

  it.each([
    ['IPv4', syn4, 20, 12, 16, 4],
    ['IPv6', syn6, 40, 8, 24, 6],
  ] as const)(
    'verifies a TCP segment of a kernel over %s',
    (_, packet, at, srcAt, dstAt, family) => {
      const addressSum = sumIp(packet, srcAt, family) + sumIp(packet, dstAt, family);
      const pseudo = sumPseudoHeader(addressSum, 6, packet.length - at);
      expect(fold(sum(packet, at, packet.length, pseudo))).toBe(0xffff);
      expect(fold(sum(packet, at, packet.length, pseudo + 1))).not.toBe(0xffff);
    },
  );

  it('property: equals the slow way, whole or in two even parts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(100), (bytes, half) => {
        const cut = Math.min(2 * half, bytes.length - (bytes.length % 2));
        expect(toChecksum(sum(bytes, 0, bytes.length, 0))).toBe(slowChecksum(bytes));
        expect(sum(bytes, cut, bytes.length, sum(bytes, 0, cut, 0))).toBe(
          sum(bytes, 0, bytes.length, 0),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
