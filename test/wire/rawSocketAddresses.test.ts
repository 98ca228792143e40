import { expect, it } from 'vitest';
import { parseFibTrie, parseIfInet6 } from '../../src/wire/rawSocketAddresses.ts';

it('finds the local addresses among the routes', () => {
  const text = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
        |-- 192.0.2.7
           /32 universe UNICAST
`;
  expect(parseFibTrie(text)).toEqual(['192.0.2.2']);
  expect(parseFibTrie('no such file\n')).toEqual([]);
});

it('finds the IPv6 addresses of all interfaces', () => {
  const text = `fd900000000000000000000000000001 02 40 00 80      out
00000000000000000000000000000001 01 80 10 80       lo
`;
  expect(parseIfInet6(text)).toEqual(['fd90::1', '::1']);
  expect(parseIfInet6('fd90 02 40 00 80 out\n')).toEqual([]);
});
