import { expect, it } from 'vitest';
import { longestMatch, parseRoutes4, parseRoutes6 } from '../../src/wire/procRoute.ts';

const ROUTES4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0101000A	0003	0	0	100	00000000	0	0	0
eth1	00000000	0102000A	0003	0	0	50	00000000	0	0	0
eth0	0001000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
*	0000580A	00000000	0201	0	0	0	0000FFFF	0	0	0
garbage
`;

const ROUTES6 = `fd900000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;

it('finds the IPv4 route with the longest prefix, then the lowest metric, and leaves rejecting ones out', () => {
  const rows = parseRoutes4(ROUTES4);
  expect(rows.length).toBe(3);
  expect(longestMatch(rows, Uint8Array.of(10, 0, 1, 77), 0)).toMatchObject({
    interface: 'eth0',
    bits: 24,
    gateway: null,
  });
  const byDefault = longestMatch(rows, Uint8Array.of(10, 88, 0, 1), 0);
  expect(byDefault).toMatchObject({ interface: 'eth1', bits: 0 });
  expect([...byDefault!.gateway!]).toEqual([10, 0, 2, 1]);
});

it('finds the IPv6 route', () => {
  const rows = parseRoutes6(ROUTES6);
  expect(rows.length).toBe(2);
  const onLink = Uint8Array.from(Buffer.from('fd900000000000000000000000000005', 'hex'));
  expect(longestMatch(rows, onLink, 0)).toMatchObject({ bits: 64, gateway: null });
  const far = Uint8Array.from(Buffer.from('fd910000000000000000000000000005', 'hex'));
  expect(longestMatch(rows, far, 0)!.gateway![15]).toBe(1);
});

it('says undefined without any route', () => {
  expect(longestMatch([], Uint8Array.of(10, 0, 0, 1), 0)).toBeUndefined();
});
