import { describe, expect, it } from 'vitest';
import { createIpView, emitIp, readIp } from '../../src/packet/ip.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import { goldenPackets, hex, portUnreachable6, syn4, udp4, udp6 } from './golden.ts';

function check(bytes: Uint8Array, end: number = bytes.length): string {
  const view = createIpView();
  expect(readIp(bytes, 0, end, view)).toBe(true);
  return checkTransport(bytes, view);
}

describe('checkTransport', () => {
  it.each(Object.entries(goldenPackets))('verifies %s, and finds a flipped bit', (_, packet) => {
    expect(check(packet)).toBe('ok');
    const flipped = packet.slice();
    flipped[packet.length - 1]! ^= 1;
    expect(check(flipped)).toBe('bad');
  });

  it('checks nothing that is not all there', () => {
    expect(check(syn4, 50)).toBe('unchecked');
    expect(check(udp4.slice(0, 26))).toBe('unchecked');
    const first = syn4.slice();
    first[6] = 0x20;
    expect(check(first)).toBe('unchecked');
    const later = syn4.slice();
    later[7] = 1;
    expect(check(later)).toBe('unchecked');
  });

  it('lets UDP go without a checksum over IPv4 only', () => {
    const without4 = udp4.slice();
    without4.fill(0, 26, 28);
    expect(check(without4)).toBe('unchecked');
    const without6 = udp6.slice();
    without6.fill(0, 46, 48);
    expect(check(without6)).toBe('bad');
  });

  it('knows no other protocols, and none of the other family', () => {
    const other = portUnreachable6.slice();
    other[6] = 1;
    expect(check(other)).toBe('unchecked');
    const out = new Uint8Array(40);
    const address = new Uint8Array(4);
    const fields = { tos: 0, id: 0, dontFragment: false, flowLabel: 0, ttl: 1, payloadLength: 20 };
    const ends = { src: address, srcAt: 0, dst: address, dstAt: 0 };
    emitIp(out, 0, 4, { ...fields, ...ends, protocol: 58 });
    expect(check(out)).toBe('unchecked');
    emitIp(out, 0, 4, { ...fields, ...ends, protocol: 132 });
    expect(check(out)).toBe('unchecked');
  });

  it('does not judge a packet whose last destination is another one', () => {
    const routed = hex(
      '60000000 0025 2b 40',
      '20'.repeat(16),
      '21'.repeat(16),
      '1102 0401 00000000 22222222222222222222222222222222',
      '00090035 000d1234 68656c6c6f',
    );
    expect(check(routed)).toBe('unchecked');
  });
});
