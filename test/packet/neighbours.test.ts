import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../src/packet/address.ts';
import { createArpView, emitArpRequest, readArp } from '../../src/packet/arp.ts';
import { createIpView, readIp } from '../../src/packet/ip.ts';
import {
  createAdvertisementView,
  emitNeighbourSolicitation,
  multicastMac,
  readNeighbourAdvertisement,
  solicitedNode,
} from '../../src/packet/neighbourDiscovery.ts';
import { checkTransport } from '../../src/packet/transport.ts';

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const ip = (text: string): Uint8Array => parseIp(text)!.bytes;
const mac = hex('02 00 5e 00 53 01');

describe('ARP', () => {
  test('a request has the bytes of RFC 826', () => {
    const out = new Uint8Array(30).fill(0xee);
    const fields = { senderMac: mac, senderIp: ip('192.0.2.1'), targetIp: ip('192.0.2.9') };
    expect(emitArpRequest(out, 1, fields)).toBe(28);
    expect(Buffer.from(out.subarray(1, 29)).toString('hex')).toBe(
      '0001080006040001' + '02005e005301' + 'c0000201' + '000000000000' + 'c0000209',
    );
    expect([out[0], out[29]]).toEqual([0xee, 0xee]);
  });

  test('a reply is read', () => {
    const reply = hex('0001 0800 06 04 0002 02005e005302 c0000209 02005e005301 c0000201 0000');
    const view = createArpView();
    expect(readArp(reply, 0, reply.length, view)).toBe(true);
    expect(view).toEqual({ operation: 2, senderMacAt: 8, senderIpAt: 14, targetIpAt: 24 });
  });

  test.each([
    ['cut', '0001 0800 06 04 0002 02005e005302 c0000209 02005e005301 c00002'],
    ['not Ethernet', '0006 0800 06 04 0002 02005e005302 c0000209 02005e005301 c0000201'],
    ['not IPv4', '0001 86dd 06 04 0002 02005e005302 c0000209 02005e005301 c0000201'],
    ['long addresses', '0001 0800 08 04 0002 02005e005302 c0000209 02005e005301 c0000201'],
  ])('%s is refused', (_, text) => {
    expect(readArp(hex(text), 0, hex(text).length, createArpView())).toBe(false);
  });
});

describe('neighbour discovery', () => {
  const target = ip('2001:db8::1:2345:6789');

  test('a solicitation goes to the group of its target, with a hop limit of 255 and a right checksum', () => {
    const out = new Uint8Array(80);
    const source = ip('2001:db8::5');
    expect(emitNeighbourSolicitation(out, 4, { source, target, sourceMac: mac })).toBe(72);
    const view = createIpView();
    expect(readIp(out, 4, 76, view)).toBe(true);
    expect(view).toMatchObject({ family: 6, ttl: 255, protocol: 58, truncated: false });
    expect(checkTransport(out, view)).toBe('ok');
    expect(out.subarray(view.dstAt, view.dstAt + 16)).toEqual(ip('ff02::1:ff45:6789'));
    expect(
      Buffer.from(out.subarray(view.payloadAt, 76))
        .toString('hex')
        .replace(/^(....)..../, '$1'),
    ).toBe('8700' + '00000000' + '20010db8000000000000000123456789' + '0101' + '02005e005301');
  });

  test('its Ethernet address ends like the target', () => {
    expect(multicastMac(solicitedNode(target))).toEqual(hex('3333 ff45 6789'));
  });

  const advertisement = (hopLimit: number, options: string): Uint8Array => {
    const body = `88 00 0000 60000000 20010db8000000000000000123456789 ${options}`;
    const length = hex(body).length.toString(16).padStart(4, '0');
    const head = `60000000 ${length} 3a ${hopLimit.toString(16).padStart(2, '0')}`;
    return hex(`${head} 20010db8000000000000000123456789 20010db8000000000000000000000005 ${body}`);
  };
  const read = (bytes: Uint8Array) => {
    const view = createIpView();
    const found = createAdvertisementView();
    if (!readIp(bytes, 0, bytes.length, view)) return null;
    return readNeighbourAdvertisement(bytes, view, found) ? found : null;
  };

  test.each([
    ['with its link address', 255, '02 01 02005e005302', { targetAt: 48, macAt: 66 }],
    [
      'behind another option',
      255,
      '0e 01 000000000000 02 01 02005e005302',
      { targetAt: 48, macAt: 74 },
    ],
    ['without one', 255, '', { targetAt: 48, macAt: -1 }],
    ['that came through a router', 254, '02 01 02005e005302', null],
    ['with an option of no length', 255, '02 00 02005e005302', null],
  ])('an advertisement %s', (_, hopLimit, options, expected) => {
    expect(read(advertisement(hopLimit, options))).toEqual(expected);
  });

  test('no bytes throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        read(Uint8Array.of(0x60, 0, 0, 0, 0, 80, 58, 255, ...bytes));
        readArp(bytes, 0, bytes.length, createArpView());
      }),
    );
  });
});
