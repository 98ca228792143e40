import { expect, it } from 'vitest';
import { parseFibTrie } from '../../src/wire/rawSocketAddresses.ts';

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
