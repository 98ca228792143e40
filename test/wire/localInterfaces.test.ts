import { expect, it } from 'vitest';
import { localAddresses, parseIfInet6 } from '../../src/wire/localInterfaces.ts';

it('takes addresses that only the addon knows: Node leaves out interfaces without a carrier', () => {
  const bytes = Uint8Array.of(192, 0, 2, 1, ...new Uint8Array(12));
  const address = { family: 4 as const, bytes, scopeId: 0, interface: 'down0' };
  expect(localAddresses({ ownAddresses: () => [address] })).toContain('192.0.2.1');
  expect(localAddresses(null)).not.toContain('192.0.2.1');
});

it('finds addresses and names in /proc/net/if_inet6, and none in other text', () => {
  const text = `fd900000000000000000000000000001 02 40 00 80      out
00000000000000000000000000000001 01 80 10 80       lo
`;
  expect(parseIfInet6(text)).toEqual([
    { ip: 'fd90::1', name: 'out' },
    { ip: '::1', name: 'lo' },
  ]);
  expect(parseIfInet6('no such file\n')).toEqual([]);
  expect(parseIfInet6('fd90 02 40 00 80 out\n')).toEqual([]);
});
