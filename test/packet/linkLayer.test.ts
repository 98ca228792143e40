import { describe, expect, it } from 'vitest';
import { createLinkView, isIp, LINK_TYPE, readLink } from '../../src/packet/linkLayer.ts';
import { hex } from './golden.ts';

const V4 = '45000021';
const V6 = '60000000';
const MACS = '020000000001 020000000002';
const view = createLinkView();

const { NULL, ETHERNET, RAW, LOOP, LINUX_SLL, LINUX_SLL2, IPV4, IPV6, RAW_BSD, RAW_OPENBSD } =
  LINK_TYPE;

describe('the IP packet inside a frame', () => {
  it.each([
    ['Ethernet, IPv4', ETHERNET, `${MACS} 0800`, V4, {}],
    ['Ethernet, IPv6', ETHERNET, `${MACS} 86dd`, V6, {}],
    ['a VLAN', ETHERNET, `${MACS} 8100 2064 0800`, V4, { vlan: 100 }],
    ['QinQ', ETHERNET, `${MACS} 88a8 0005 8100 0064 86dd`, V6, { vlan: 5 }],
    [
      'cooked, received',
      LINUX_SLL,
      '0000 0001 0006 020000000001 0000 0800',
      V4,
      { direction: 'in' },
    ],
    ['cooked, sent', LINUX_SLL, '0004 0001 0006 020000000001 0000 86dd', V6, { direction: 'out' }],
    [
      'cooked v2, sent',
      LINUX_SLL2,
      '0800 0000 00000002 0001 04 06 020000000001 0000',
      V4,
      { direction: 'out' },
    ],
    ['raw IPv4', RAW, '', V4, {}],
    ['raw IPv6', RAW, '', V6, {}],
    ['raw by the number of the BSDs', RAW_BSD, '', V4, {}],
    ['raw by the number of OpenBSD', RAW_OPENBSD, '', V6, {}],
    ['IPv4 alone', IPV4, '', V4, {}],
    ['IPv6 alone', IPV6, '', V6, {}],
    ['BSD loopback, little endian', NULL, '02000000', V4, {}],
    ['BSD loopback, big endian', NULL, '00000002', V4, {}],
    ['BSD loopback, IPv6 of macOS', NULL, '1e000000', V6, {}],
    ['BSD loopback, IPv6 of FreeBSD, big endian', NULL, '0000001c', V6, {}],
    ['OpenBSD loopback', LOOP, '00000018', V6, {}],
  ] as const)('%s', (_, linkType, header, packet, more) => {
    const bytes = hex('ff', header, packet, 'ff');
    expect(readLink(bytes, 1, bytes.length - 1, linkType, view)).toBe(true);
    expect(isIp(view)).toBe(true);
    const { payloadAt, etherType, vlan, direction } = view;
    expect(payloadAt).toBe(1 + hex(header).length);
    expect(etherType).toBe(packet === V4 ? 0x0800 : 0x86dd);
    expect({ vlan, direction }).toEqual({ vlan: -1, direction: null, ...more });
    // Cut anywhere in its header it is none.
    for (let end = 1; end < payloadAt; end++) {
      expect(readLink(bytes, 1, end, linkType, view), `cut at ${end}`).toBe(false);
    }
  });

  it.each([
    ['ARP', ETHERNET, `${MACS} 0806 0001`],
    ['another family', NULL, '07000000 45'],
    ['a version that is none', RAW, '75'],
  ] as const)('%s is read and is not IP', (_, linkType, frame) => {
    const bytes = hex(frame);
    expect(readLink(bytes, 0, bytes.length, linkType, view)).toBe(true);
    expect(isIp(view)).toBe(false);
  });

  it.each([
    ['a link type that is not known', 147, V4],
    ['too many tags', ETHERNET, `${MACS} ${'8100 0001'.repeat(5)} 0800 ${V4}`],
    ['a family in no order', NULL, '02000100 45'],
  ] as const)('%s is not read', (_, linkType, frame) => {
    const bytes = hex(frame);
    expect(readLink(bytes, 0, bytes.length, linkType, view)).toBe(false);
  });
});
