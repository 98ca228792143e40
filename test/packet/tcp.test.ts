import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumIp } from '../../src/packet/checksum.ts';
import { createTcpView, emitTcp, readTcp, TCP_FLAG, type TcpView } from '../../src/packet/tcp.ts';
import {
  createTcpOptionsView,
  emitTcpOptions,
  readTcpOptions,
  type TcpOptionsView,
} from '../../src/packet/tcpOptions.ts';
import { dirty, emitted, hex, reset4, slowChecksum, syn4, syn6, synAck6 } from './golden.ts';

function read(bytes: Uint8Array, at = 0, end: number = bytes.length): TcpView | null {
  const view = createTcpView();
  return readTcp(bytes, at, end, view) ? view : null;
}

function readOptions(bytes: Uint8Array, at = 0, end: number = bytes.length): TcpOptionsView {
  const view = createTcpOptionsView();
  readTcpOptions(bytes, at, end, view);
  return view;
}

const nothing = new Uint8Array(0);
const addressSum4 = sumIp(syn4, 12, 4) + sumIp(syn4, 16, 4);
const addressSum6 = sumIp(syn6, 8, 6) + sumIp(syn6, 24, 6);
const absent = {
  mss: -1,
  windowScale: -1,
  sackPermitted: false,
  timestampValue: -1,
  timestampEcho: -1,
};

describe('readTcp', () => {
  it('reads a header with options', () => {
    expect(read(syn4, 20)).toEqual({
      srcPort: 60390,
      dstPort: 8080,
      seq: 0x42aae17b,
      ack: 0,
      flags: TCP_FLAG.SYN,
      window: 65280,
      checksum: 0x538b,
      urgent: 0,
      optionsAt: 40,
      optionsEnd: 60,
      payloadAt: 60,
      payloadEnd: 60,
      truncated: false,
    });
  });

  it('keeps sequence numbers unsigned', () => {
    expect(read(synAck6, 40)).toMatchObject({
      seq: 0xa5ac9045,
      ack: 0x515e9615,
      flags: TCP_FLAG.SYN | TCP_FLAG.ACK,
    });
  });

  it('reads a reset without options', () => {
    expect(read(reset4, 20)).toMatchObject({
      flags: TCP_FLAG.RST | TCP_FLAG.ACK,
      window: 0,
      optionsAt: 40,
      optionsEnd: 40,
      payloadAt: 40,
      payloadEnd: 40,
    });
  });

  it('reads all nine flags', () => {
    const bytes = hex('00010002 00000003 00000004 5fff0005 00060007');
    expect(read(bytes)).toMatchObject({ flags: 0x1ff, window: 5, checksum: 6, urgent: 7 });
  });

  it('says when the options are cut, and refuses what is no header', () => {
    expect(read(syn4, 20, 45)).toMatchObject({ optionsEnd: 45, payloadAt: 45, truncated: true });
    expect(read(syn4, 20, 39)).toBeNull();
    expect(read(hex('00010002 00000003 00000004 40020005 00060007'))).toBeNull();
  });
});

describe('emitTcp', () => {
  const syn = {
    ack: 0,
    flags: TCP_FLAG.SYN,
    payload: nothing,
    payloadAt: 0,
    payloadLength: 0,
  };

  it('writes the SYN of a kernel', () => {
    const first = {
      ...syn,
      srcPort: 60390,
      dstPort: 8080,
      seq: 0x42aae17b,
      window: 65280,
      options: syn4.slice(40),
      addressSum: addressSum4,
    };
    const second = {
      ...syn,
      srcPort: 37788,
      dstPort: 8080,
      seq: 0x515e9614,
      window: 64320,
      options: syn6.slice(60),
      addressSum: addressSum6,
    };
    expect(emitted((out, at) => emitTcp(out, at, first))).toEqual(syn4.slice(20));
    expect(emitted((out, at) => emitTcp(out, at, second))).toEqual(syn6.slice(40));
  });

  it('property: reads what it writes, with a checksum that verifies the slow way', () => {
    const fields = fc.record({
      srcPort: fc.nat(0xffff),
      dstPort: fc.nat(0xffff),
      seq: fc.nat(0xffffffff),
      ack: fc.nat(0xffffffff),
      flags: fc.nat(0x1ff),
      window: fc.nat(0xffff),
      options: fc.nat(10).map((words) => new Uint8Array(4 * words).fill(1)),
      payload: fc.uint8Array({ maxLength: 64 }),
    });
    fc.assert(
      fc.property(fields, (given) => {
        const out = dirty(256);
        const payloadLength = given.payload.length;
        const all = { ...given, addressSum: addressSum4, payloadAt: 0, payloadLength };
        const length = emitTcp(out, 5, all);
        const view = read(out, 5, 5 + length)!;
        const { options, payload, ...numbers } = given;
        expect(view).toMatchObject({ ...numbers, urgent: 0, truncated: false });
        expect(out.slice(view.optionsAt, view.optionsEnd)).toEqual(options);
        expect(out.slice(view.payloadAt, view.payloadEnd)).toEqual(payload);
        const pseudo = Uint8Array.from([...syn4.slice(12, 20), 0, 6, length >> 8, length & 255]);
        expect(slowChecksum(pseudo, out.subarray(5, 5 + length))).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('readTcpOptions', () => {
  const ofSyn4 = {
    mss: 1360,
    windowScale: 10,
    sackPermitted: true,
    timestampValue: 0xec35c2ee,
    timestampEcho: 0,
    wellFormed: true,
  };

  it('reads those of a SYN, and none', () => {
    expect(readOptions(syn4, 40)).toEqual(ofSyn4);
    expect(readOptions(nothing)).toEqual({ ...absent, wellFormed: true });
  });

  it.each([
    ['the end of the list', '00 02040550', { wellFormed: true, mss: -1 }],
    ['an unknown kind', 'fd04abcd 02040550', { wellFormed: true, mss: 1360 }],
    ['a known kind of a wrong length', '0203ff 030403ff 02040550', { mss: 1360, windowScale: -1 }],
    ['the last of two', '02040550 020405b4', { mss: 1460 }],
    ['an option that is cut', '02040550 080aec35', { wellFormed: false, mss: 1360 }],
    ['a kind without length', '02040550 08', { wellFormed: false, mss: 1360 }],
    ['a length of 0', '0200 02040550', { wellFormed: false, mss: -1 }],
    ['a length of 1', '0201 02040550', { wellFormed: false, mss: -1 }],
  ])('reads %s', (_, text, expected) => {
    expect(readOptions(hex(text))).toMatchObject(expected);
  });

  it('looks at 40 bytes and forgets what the view held', () => {
    const view = createTcpOptionsView();
    readTcpOptions(syn4, 40, 60, view);
    readTcpOptions(hex('01'.repeat(40), '02040550'), 0, 44, view);
    expect(view).toEqual({ ...absent, wellFormed: true });
  });
});

describe('emitTcpOptions', () => {
  it('writes those of a kernel', () => {
    const options = readOptions(syn6, 60);
    expect(emitted((out, at) => emitTcpOptions(out, at, options))).toEqual(syn6.slice(60));
  });

  it.each([
    ['none', {}, ''],
    ['MSS', { mss: 1460 }, '020405b4'],
    ['SACK', { sackPermitted: true }, '0101 0402'],
    ['timestamps', { timestampValue: 1, timestampEcho: 2 }, '0101 080a 00000001 00000002'],
    ['window scale', { windowScale: 7 }, '01 030307'],
  ])('writes %s alone, in whole words', (_, given, expected) => {
    const fields = { ...absent, ...given };
    const written = emitted((out, at) => emitTcpOptions(out, at, fields));
    expect(written).toEqual(hex(expected));
    expect(readOptions(written)).toEqual({ ...fields, wellFormed: true });
  });
});
