import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyIp, equalIp, formatIp, parseIp } from '../../src/packet/address.ts';
import { hex } from './golden.ts';

function canonical(text: string): string | null {
  const ip = parseIp(text);
  return ip === null ? null : formatIp(ip.bytes, 0, ip.family, ip.zone);
}

describe('parseIp and formatIp', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.0.0.5', '10.0.0.5'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3::5:6:7:8', '1:2:3:0:5:6:7:8'],
    // RFC 5952 section 4: zeros, case, the longest run, the first of equal ones.
    ['2001:0DB8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::ABCD:00ef', '2001:db8::abcd:ef'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
    ['::192.0.2.1', '::c000:201'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::FFFF:a00:5', '10.0.0.5'],
    ['0:0:0:0:0:ffff:10.0.0.5', '10.0.0.5'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['FE80::1%2', 'fe80::1%2'],
    ['fe80::1%br-lan.10', 'fe80::1%br-lan.10'],
  ])('reads %s as %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.256',
    '1.2.3.1000',
    '1.2.3.-4',
    '1.2.3.+4',
    '01.2.3.4',
    '1.2.3.00',
    '0x1.2.3.4',
    '1.2.3.4e0',
    '1.2..4',
    '1.2.3.4/32',
    '1.2.3.4%eth0',
    '١.2.3.4',
    ':',
    ':::',
    '::1::',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8:9:10:11',
    '1:2:3:4::5:6:7:8',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    '::g',
    '::-1',
    '::1.2.3',
    '::1.2.3.256',
    '::01.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
    '::1/128',
    'fe80::1%',
    'fe80::1%a%b',
    'fe80::1%a b',
    'fe80::1%a/64',
    'fe80::1%\u001b[2J',
    'fe80::1%\u202e',
    '::ffff:10.0.0.5%eth0',
    'localhost',
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeNull();
  });

  it('lays an address out in 16 bytes', () => {
    expect(parseIp('10.9.2.1')?.bytes).toEqual(hex('0a090201', '00'.repeat(12)));
    expect(parseIp('::ffff:10.9.2.1')).toEqual(parseIp('10.9.2.1'));
    expect(parseIp('fe80::1%eth0')).toEqual({
      family: 6,
      bytes: hex('fe80', '00'.repeat(13), '01'),
      zone: 'eth0',
    });
  });

  it('formats where the address stands, and a mapped one with its dotted tail', () => {
    const bytes = hex('a5a5 0a090201 a5', '00000000000000000000ffff 0a090201');
    expect(formatIp(bytes, 2, 4)).toBe('10.9.2.1');
    expect(formatIp(bytes, 7, 6)).toBe('::ffff:10.9.2.1');
    expect(formatIp(hex('fe80', '00'.repeat(13), '01'), 0, 6, 'eth0')).toBe('fe80::1%eth0');
    expect(formatIp(hex('fe80', '00'.repeat(13), '01'), 0, 6, null)).toBe('fe80::1');
    expect(formatIp(hex('0a090201'), 0, 4, 'eth0')).toBe('10.9.2.1');
  });

  it('property: parses back what it formats', () => {
    const octet = fc.constantFrom(0, 0, 0, 1, 0x7f, 0x80, 0xff);
    const address6 = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.array(octet, { minLength: 16, maxLength: 16 }).map((octets) => Uint8Array.from(octets)),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const parsed = parseIp(formatIp(bytes, 0, 4));
        expect(parsed?.family).toBe(4);
        expect(parsed?.bytes.slice(0, 4)).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(address6, (bytes) => {
        const text = formatIp(bytes, 0, 6);
        const parsed = parseIp(text);
        const isMapped = text.startsWith('::ffff:') && text.includes('.');
        expect(parsed?.family).toBe(isMapped ? 4 : 6);
        if (!isMapped) expect(parsed?.bytes).toEqual(bytes);
        // The URL parser of the platform knows RFC 5952 too; it writes mapped addresses in hexadecimal.
        if (!isMapped) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 1000 },
    );
  });

  it('property: any text is an address or null, and canonical text is a fixed point', () => {
    const piece = fc.constantFrom('0', '1', '255', '256', ':', '::', '.', 'ffff', 'g', '%', 'eth0');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 20 }).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const once = canonical(candidate);
        if (once !== null) expect(canonical(once)).toBe(once);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('classifyIp', () => {
  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.0.0.1', 'unicast'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['128.0.0.1', 'unicast'],
    ['169.253.0.1', 'unicast'],
    ['169.254.0.1', 'link-local'],
    ['223.255.255.255', 'unicast'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'unicast'],
    ['255.255.255.254', 'unicast'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::2', 'unicast'],
    ['1::', 'unicast'],
    ['fe7f::1', 'unicast'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'unicast'],
    ['fd00::1', 'unicast'],
    ['ff02::1', 'multicast'],
  ])('calls %s %s', (text, expected) => {
    const ip = parseIp(text)!;
    expect(classifyIp(ip.bytes, 0, ip.family)).toBe(expected);
  });

  it('judges a mapped address as IPv4', () => {
    expect(classifyIp(hex('00000000000000000000ffff 7f000001'), 0, 6)).toBe('loopback');
    expect(classifyIp(hex('00000000000000000000ffff ffffffff'), 0, 6)).toBe('broadcast');
  });
});

describe('equalIp', () => {
  it('compares as many bytes as the family has', () => {
    const a = hex('a5 0a090201 00');
    const b = hex('0a090201 ff');
    expect(equalIp(a, 1, b, 0, 4)).toBe(true);
    const c = hex('fd00', '00'.repeat(13), '01');
    const d = hex('fd00', '00'.repeat(13), '02');
    expect(equalIp(c, 0, c.slice(), 0, 6)).toBe(true);
    expect(equalIp(c, 0, d, 0, 6)).toBe(false);
  });
});
