import { describe, expect, it } from 'vitest';
import {
  checkExtensions,
  type ExtensionFields,
  emitExtensions,
  isTiledByObjects,
  MAX_EXTENSION_OBJECTS,
  readExtensions,
} from '../../src/packet/extensions.ts';
import { emitted, hex, slowChecksum } from './golden.ts';

/** Two labels of a stack (RFC 4950): 16004 with traffic class 5, and 3 at the bottom. */
const mpls = hex('2000 0000', '000c 01 01 03e84a01 000031ff');

/** What came in by interface 7, `eth0/1`, 10.9.1.2, MTU 1500 (RFC 5837). */
const interfaceInformation = hex(
  '2000 0000',
  '001c 02 0f',
  '00000007',
  '0001 0000 0a090102',
  '08 657468302f31 00',
  '000005dc',
);

function withChecksum(bytes: Uint8Array): Uint8Array {
  const checked = bytes.slice();
  const checksum = slowChecksum(checked);
  checked[2] = checksum >> 8;
  checked[3] = checksum & 0xff;
  return checked;
}

function objectsOf(bytes: Uint8Array) {
  return readExtensions(bytes, 0, bytes.length);
}

describe('checkExtensions', () => {
  const check = (bytes: Uint8Array) => checkExtensions(bytes, 0, bytes.length);

  it('wants version 2 and a checksum that is right or left out', () => {
    expect(check(withChecksum(mpls))).toBe('ok');
    expect(check(mpls)).toBe('unchecked');
    const wrong = withChecksum(mpls);
    wrong[9]! ^= 1;
    expect(check(wrong)).toBe('no');
    expect(check(hex('1000 0000'))).toBe('no');
    expect(check(hex('2000 00'))).toBe('no');
  });
});

describe('isTiledByObjects', () => {
  const isTiled = (text: string) => isTiledByObjects(hex(text), 0, hex(text).length);

  it('wants lengths that lead exactly to the end', () => {
    expect(isTiled('2000 0000')).toBe(true);
    expect(isTiled('2000 0000 0008 0101 00000000 0004 0909')).toBe(true);
    expect(isTiled('2000 0000 0008 0101 00000000 0009')).toBe(false);
    expect(isTiled('2000 0000 000c 0101 00000000')).toBe(false);
    expect(isTiled('2000 0000 0000 0101')).toBe(false);
    expect(isTiled(`2000 0000${'0004 0909'.repeat(MAX_EXTENSION_OBJECTS)}`)).toBe(true);
    expect(isTiled(`2000 0000${'0004 0909'.repeat(MAX_EXTENSION_OBJECTS + 1)}`)).toBe(false);
  });
});

describe('readExtensions', () => {
  it('reads a label stack', () => {
    expect(objectsOf(mpls)).toEqual({
      complete: true,
      objects: [
        {
          kind: 'mpls',
          labels: [
            { label: 16004, trafficClass: 5, bottomOfStack: false, ttl: 1 },
            { label: 3, trafficClass: 0, bottomOfStack: true, ttl: 255 },
          ],
        },
      ],
    });
  });

  it('reads interface information', () => {
    expect(objectsOf(interfaceInformation)).toEqual({
      complete: true,
      objects: [
        {
          kind: 'interface',
          role: 'incoming',
          ifIndex: 7,
          address: hex('0a090102'),
          name: 'eth0/1',
          mtu: 1500,
        },
      ],
    });
  });

  it('reads the parts that the type names, and the role', () => {
    const v6 = '0002 0000 fd000001000000000000000000000002';
    expect(objectsOf(hex('2000 0000', '0018 02 84', v6)).objects).toEqual([
      {
        kind: 'interface',
        role: 'outgoing',
        ifIndex: null,
        address: hex('fd000001000000000000000000000002'),
        name: null,
        mtu: null,
      },
    ]);
    expect(objectsOf(hex('2000 0000', '0008 02 c1', '00000500')).objects).toMatchObject([
      { role: 'next-hop', mtu: 1280, ifIndex: null },
    ]);
    expect(objectsOf(hex('2000 0000', '0008 02 48', 'ffffffff')).objects).toMatchObject([
      { role: 'incoming-sub-ip', ifIndex: 0xffffffff },
    ]);
  });

  it('lets no control character of a name through', () => {
    const name = hex('2000 0000', '0010 02 02', '0c 1b5b324a 0a ff e280ae 62 00');
    expect(objectsOf(name).objects).toMatchObject([{ name: '\ufffd[2J\ufffd\ufffd\ufffdb' }]);
  });

  it.each([
    ['another class', '0008 03 01 00000001', 3, 1],
    ['another type of MPLS', '0008 01 02 00000001', 1, 2],
    ['an empty label stack', '0004 01 01', 1, 1],
    ['half a label', '0006 01 01 0000', 1, 1],
    ['a cut interface index', '0006 02 08 0000', 2, 8],
    ['an unknown address family', '000c 02 04 0003 0000 00000000', 2, 4],
    ['a cut address', '0008 02 04 0001 0000', 2, 4],
    ['a name of length 0', '0008 02 02 00 000000', 2, 2],
    ['a name beyond its object', '0008 02 02 0c 616263', 2, 2],
    ['a cut MTU', '0006 02 01 05dc', 2, 1],
  ])('leaves %s raw', (_, text, classNumber, classType) => {
    const bytes = hex('2000 0000', text);
    expect(objectsOf(bytes)).toEqual({
      complete: true,
      objects: [{ kind: 'raw', classNumber, classType, bytes: bytes.slice(8) }],
    });
  });

  it('keeps what comes before an impossible length, and says so', () => {
    const bytes = hex('2000 0000', '0004 09 09', '0003 09 09');
    expect(objectsOf(bytes)).toMatchObject({ complete: false, objects: [{ classNumber: 9 }] });
    const many = hex('2000 0000', '0004 09 09'.repeat(MAX_EXTENSION_OBJECTS + 1));
    expect(objectsOf(many).complete).toBe(false);
    expect(objectsOf(many).objects).toHaveLength(MAX_EXTENSION_OBJECTS);
  });
});

describe('emitExtensions', () => {
  it('writes what it reads, with its checksum', () => {
    const objects: ExtensionFields[] = [
      { classNumber: 1, classType: 1, bytes: mpls.slice(8) },
      { classNumber: 2, classType: 0x0f, bytes: interfaceInformation.slice(8) },
    ];
    const written = emitted((out, at) => emitExtensions(out, at, objects));
    const expected = Uint8Array.from([...mpls, ...interfaceInformation.slice(4)]);
    expect(written).toEqual(withChecksum(expected));
    expect(checkExtensions(written, 0, written.length)).toBe('ok');
    expect(objectsOf(written).objects).toHaveLength(2);
  });
});
