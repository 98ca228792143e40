import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumIp } from '../../src/packet/checksum.ts';
import { emitExtensions } from '../../src/packet/extensions.ts';
import {
  createIcmpView,
  emitIcmpEcho,
  emitIcmpError,
  ICMP4_TYPE,
  ICMP6_TYPE,
  type IcmpView,
  readIcmp,
} from '../../src/packet/icmp.ts';
import {
  adminProhibited4,
  adminProhibited6,
  dirty,
  emitted,
  fragmentationNeeded4,
  hex,
  packetTooBig6,
  portUnreachable4,
  portUnreachable6,
  slowChecksum,
  timeExceeded4,
  timeExceeded6,
} from './golden.ts';

const headerLength = { 4: 20, 6: 40 };

function read(
  bytes: Uint8Array,
  family: 4 | 6,
  at = 0,
  end: number = bytes.length,
): IcmpView | null {
  const view = createIcmpView();
  return readIcmp(bytes, at, end, family, view) ? view : null;
}

function addressSumOf(packet: Uint8Array): number {
  return sumIp(packet, 8, 6) + sumIp(packet, 24, 6);
}

const none = {
  echoId: -1,
  echoSeq: -1,
  mtu: -1,
  pointer: -1,
  gatewayAt: -1,
  extensionsAt: -1,
  extensionsEnd: -1,
};

/** Label 16004, bottom of stack, TTL 1 (RFC 4950). */
const label = hex('0008 01 01 03e84101');
const labelStructure = emitted((out, at) =>
  emitExtensions(out, at, [{ classNumber: 1, classType: 1, bytes: label.slice(4) }]),
);

describe('readIcmp', () => {
  it.each([
    ['port unreachable', portUnreachable4, 4, { type: 3, code: 3, ...none }],
    ['port unreachable', portUnreachable6, 6, { type: 1, code: 4, ...none }],
    ['administratively prohibited', adminProhibited4, 4, { type: 3, code: 13, ...none }],
    ['administratively prohibited', adminProhibited6, 6, { type: 1, code: 1, ...none }],
    ['time exceeded', timeExceeded4, 4, { type: 11, code: 0, ...none }],
    ['time exceeded', timeExceeded6, 6, { type: 3, code: 0, ...none }],
    ['fragmentation needed', fragmentationNeeded4, 4, { type: 3, code: 4, ...none, mtu: 1400 }],
    ['packet too big', packetTooBig6, 6, { type: 2, code: 0, ...none, mtu: 1400 }],
  ] as const)('reads %s', (_, packet, family, expected) => {
    const at = headerLength[family];
    expect(read(packet, family, at)).toEqual({
      ...expected,
      family,
      checksum: packet[at + 2]! * 256 + packet[at + 3]!,
      isError: true,
      quoteAt: at + 8,
      quoteEnd: packet.length,
      payloadAt: at + 8,
      payloadEnd: packet.length,
    });
  });

  it('reads pointers, gateways and an MTU that an old router left out', () => {
    const quote = '45000021 a0574000 40118361 0a090101 0a090201 d03d0009 000dd4a7';
    expect(read(hex('0c000000 14000000', quote), 4)).toMatchObject({ pointer: 20, isError: true });
    expect(read(hex('04010000 00000028', quote), 6)).toMatchObject({ pointer: 40, mtu: -1 });
    expect(read(hex('05010000 0a090102', quote), 4)).toMatchObject({ gatewayAt: 4, isError: true });
    expect(read(hex('04000000 00000000', quote), 4)).toMatchObject({ isError: true, pointer: -1 });
    expect(read(hex('03040000 00000000', quote), 4)).toMatchObject({ mtu: 0 });
    expect(read(hex('03030000 00000578', quote), 4)).toMatchObject({ mtu: -1 });
  });

  it('reads echo messages', () => {
    const expected = { echoId: 0x1234, echoSeq: 7, isError: false, quoteAt: -1, quoteEnd: -1 };
    const rest = '00 0000 12340007 70696e67';
    expect(read(hex('08', rest), 4)).toMatchObject({ ...expected, payloadAt: 8, payloadEnd: 12 });
    expect(read(hex('00', rest), 4)).toMatchObject(expected);
    expect(read(hex('80', rest), 6)).toMatchObject(expected);
    expect(read(hex('81', rest), 6)).toMatchObject(expected);
    expect(read(hex('80', rest), 4)).toMatchObject({ echoId: -1, isError: false });
    expect(read(hex('08', rest), 6)).toMatchObject({ echoId: -1, isError: false });
  });

  it('refuses less than 8 bytes, and takes 8', () => {
    expect(read(portUnreachable4, 4, 20, 27)).toBeNull();
    expect(read(portUnreachable4, 4, 20, 28)).toMatchObject({ quoteAt: 28, quoteEnd: 28 });
  });
});

describe('readIcmp, RFC 4884', () => {
  const quote = new Uint8Array(128);
  quote.set(portUnreachable4.subarray(28));

  function message(typeAndLength: string, body: Uint8Array, tail: Uint8Array): Uint8Array {
    return Uint8Array.from([...hex(typeAndLength), ...body, ...tail]);
  }

  it('ends the quote at the length and finds the structure behind it', () => {
    const found = { quoteAt: 8, quoteEnd: 136, extensionsAt: 136, extensionsEnd: 148 };
    expect(read(message('0b000000 00200000', quote, labelStructure), 4)).toMatchObject(found);
    expect(read(message('03000000 10000000', quote, labelStructure), 6)).toMatchObject(found);
    expect(read(message('0c000000 14200000', quote, labelStructure), 4)).toMatchObject({
      ...found,
      pointer: 20,
    });
  });

  it('finds the structure of a sender that announces none, at byte 128', () => {
    const bytes = message('0b000000 00000000', quote, labelStructure);
    expect(read(bytes, 4)).toMatchObject({ quoteEnd: 136, extensionsAt: 136, extensionsEnd: 148 });
    bytes[138]! ^= 1;
    expect(read(bytes, 4)).toMatchObject({ quoteEnd: 148, extensionsAt: -1 });
  });

  it('believes an unannounced structure by a right checksum only', () => {
    const unchecked = labelStructure.slice();
    unchecked.fill(0, 2, 4);
    const at128 = message('0b000000 00000000', quote, unchecked);
    expect(read(at128, 4)).toMatchObject({ quoteEnd: 148, extensionsAt: -1 });
    const announced = message('0b000000 00200000', quote, unchecked);
    expect(read(announced, 4)).toMatchObject({ quoteEnd: 136, extensionsAt: 136 });
  });

  it('believes an unannounced structure only when its objects fill it', () => {
    // The checksum is right, the object claims 12 bytes where 8 are.
    const untiled = hex('2000 def2 000c 0101 00000000');
    expect(slowChecksum(untiled)).toBe(0);
    const bytes = message('0b000000 00000000', quote, untiled);
    expect(read(bytes, 4)).toMatchObject({ quoteEnd: 148, extensionsAt: -1 });
  });

  it('finds the structure of a sender that does not pad', () => {
    const bytes = message('0b000000 00070000', quote.slice(0, 28), labelStructure);
    expect(read(bytes, 4)).toMatchObject({ quoteEnd: 36, extensionsAt: 36, extensionsEnd: 48 });
  });

  it('takes a dirty length field for none', () => {
    const dirtyShort = message('0b000000 00050000', quote, new Uint8Array(0));
    expect(read(dirtyShort, 4)).toMatchObject({ quoteEnd: 136, extensionsAt: -1 });
    const dirtyLong = message('0b000000 00ff0000', quote, new Uint8Array(0));
    expect(read(dirtyLong, 4)).toMatchObject({ quoteEnd: 136, extensionsAt: -1 });
  });

  it('ends the quote at a regular length even when no structure follows', () => {
    const bytes = message('0b000000 00200000', quote, hex('ffffffff'));
    expect(read(bytes, 4)).toMatchObject({ quoteEnd: 136, extensionsAt: -1 });
  });

  it('looks for no length in messages that have none', () => {
    const tooBig = message('02000000 10000000', quote, labelStructure);
    expect(read(tooBig, 6)).toMatchObject({ mtu: 0x10000000, quoteEnd: 148, extensionsAt: -1 });
    const redirect = message('05000000 0a200000', quote, labelStructure);
    expect(read(redirect, 4)).toMatchObject({ quoteEnd: 148, extensionsAt: -1 });
  });
});

describe('emitIcmpError', () => {
  it.each([
    ['port unreachable', portUnreachable4, 4, { type: 3, code: 3 }],
    ['port unreachable', portUnreachable6, 6, { type: 1, code: 4 }],
    ['administratively prohibited', adminProhibited6, 6, { type: 1, code: 1 }],
    ['time exceeded', timeExceeded4, 4, { type: ICMP4_TYPE.TIME_EXCEEDED, code: 0 }],
    ['fragmentation needed', fragmentationNeeded4, 4, { type: 3, code: 4, mtu: 1400 }],
    ['packet too big', packetTooBig6, 6, { type: ICMP6_TYPE.PACKET_TOO_BIG, code: 0, mtu: 1400 }],
  ] as const)('writes %s as a kernel', (_, packet, family, given) => {
    const at = headerLength[family];
    const fields = { ...given, addressSum: family === 4 ? 0 : addressSumOf(packet) };
    const quote = packet.slice(at + 8);
    const written = emitted((out, to) => emitIcmpError(out, to, family, fields, quote));
    expect(written).toEqual(packet.slice(at));
  });

  it('writes pointers and gateways', () => {
    const of = (family: 4 | 6, fields: object) =>
      emitted((out, at) =>
        emitIcmpError(out, at, family, { type: 0, code: 0, addressSum: 0, ...fields }, hex('')),
      ).slice(4);
    expect(of(4, { type: 12, pointer: 20 })).toEqual(hex('14000000'));
    expect(of(6, { type: 4, pointer: 40 })).toEqual(hex('00000028'));
    expect(of(4, { type: 5, gateway: hex('0a090102') })).toEqual(hex('0a090102'));
  });

  it('pads the quote before extensions and announces its length', () => {
    const quote = portUnreachable4.slice(28);
    const fields = { type: 11, code: 0, addressSum: 0, extensions: labelStructure };
    const written = emitted((out, at) => emitIcmpError(out, at, 4, fields, quote));
    expect(written.slice(4, 8)).toEqual(hex('00200000'));
    expect(written.slice(8 + quote.length, 136)).toEqual(new Uint8Array(128 - quote.length));
    expect(written.slice(136)).toEqual(labelStructure);
    expect(slowChecksum(written)).toBe(0);
  });

  it('property: reads what it writes', () => {
    const given = fc.record({
      code: fc.nat(15),
      quote: fc.uint8Array({ minLength: 28, maxLength: 300 }),
      withExtensions: fc.boolean(),
    });
    const kind = fc.constantFrom(
      [4, 3] as const,
      [4, 11] as const,
      [6, 1] as const,
      [6, 3] as const,
    );
    fc.assert(
      fc.property(kind, given, ([family, type], { code, quote, withExtensions }) => {
        const out = dirty(600);
        const addressSum = addressSumOf(timeExceeded6);
        const extensions = withExtensions ? { extensions: labelStructure } : {};
        const fields = { type, code, addressSum, ...extensions };
        const length = emitIcmpError(out, 9, family, fields, quote);
        const view = read(out, family, 9, 9 + length)!;
        expect(view).toMatchObject({ type, code, quoteAt: 17, isError: true });
        expect(out.slice(17, 17 + quote.length)).toEqual(quote);
        if (withExtensions) {
          const unit = family === 4 ? 4 : 8;
          const padded = Math.max(128, Math.ceil(quote.length / unit) * unit);
          expect(view).toMatchObject({ quoteEnd: 17 + padded, extensionsAt: 17 + padded });
          expect(view.extensionsEnd).toBe(9 + length);
        } else {
          expect(view).toMatchObject({ quoteEnd: 9 + length, extensionsAt: -1 });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('emitIcmpEcho', () => {
  it('property: reads what it writes, with a checksum that verifies the slow way', () => {
    const payload = fc.uint8Array({ maxLength: 64 });
    const kind = fc.constantFrom([4, 8] as const, [4, 0] as const, [6, 128] as const);
    fc.assert(
      fc.property(kind, fc.nat(0xffff), fc.nat(0xffff), payload, ([family, type], id, seq, p) => {
        const out = dirty(128);
        const addressSum = addressSumOf(timeExceeded6);
        const fields = { type, id, seq, addressSum };
        const length = emitIcmpEcho(out, 3, family, {
          ...fields,
          payload: p,
          payloadAt: 0,
          payloadLength: p.length,
        });
        const view = read(out, family, 3, 3 + length)!;
        expect(view).toMatchObject({ type, code: 0, echoId: id, echoSeq: seq, isError: false });
        expect(out.slice(view.payloadAt, view.payloadEnd)).toEqual(p);
        const tail = Uint8Array.from([0, 0, 0, length, 0, 0, 0, 58]);
        const pseudo = family === 4 ? [] : [timeExceeded6.slice(8, 40), tail];
        expect(slowChecksum(...pseudo, out.subarray(3, 3 + length))).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
