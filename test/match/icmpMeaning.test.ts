import { describe, expect, it } from 'vitest';
import { icmpMeaning, isPortUnreachable } from '../../src/match/icmpMeaning.ts';
import type { Family } from '../../src/model.ts';

/** Every message that decides a port; all others of the 65,536 of a family must not. */
const DECIDES: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  4: {
    '3/0': 'net-unreach',
    '3/1': 'host-unreach',
    '3/2': 'proto-unreach',
    '3/3': 'port-unreach',
    '3/5': 'host-unreach',
    '3/6': 'net-unreach',
    '3/7': 'host-unreach',
    '3/8': 'host-unreach',
    '3/9': 'net-prohibited',
    '3/10': 'host-prohibited',
    '3/11': 'net-unreach',
    '3/12': 'host-unreach',
    '3/13': 'admin-prohibited',
    '3/14': 'admin-prohibited',
    '3/15': 'admin-prohibited',
  },
  6: {
    '1/0': 'no-route',
    '1/1': 'admin-prohibited',
    '1/2': 'beyond-scope',
    '1/3': 'host-unreach',
    '1/4': 'port-unreach',
    '1/5': 'admin-prohibited',
    '1/6': 'reject-route',
    '1/7': 'no-route',
  },
};
const TOO_BIG: Readonly<Record<Family, string>> = { 4: '3/4', 6: '2/' };
const ANY_CODE: Readonly<Record<Family, Readonly<Record<number, string>>>> = {
  4: { 11: 'time-exceeded', 12: 'param-problem' },
  6: { 3: 'time-exceeded', 4: 'param-problem' },
};
const UNREACHABLE: Readonly<Record<Family, number>> = { 4: 3, 6: 1 };

describe.each([4, 6] as const)('every ICMP message of IPv%i', (family) => {
  const expected = (type: number, code: number): object => {
    const key = `${type}/${code}`;
    const reason = DECIDES[family][key] ?? ANY_CODE[family][type];
    if (key.startsWith(TOO_BIG[family]) && (family === 6 || key === TOO_BIG[family])) {
      return { kind: 'smaller' };
    }
    if (reason !== undefined) return { kind: 'state', reason };
    return type === UNREACHABLE[family]
      ? { kind: 'state', reason: 'net-unreach' }
      : { kind: 'none' };
  };

  it('means what the table of truth.md says', () => {
    for (let type = 0; type < 256; type++) {
      for (let code = 0; code < 256; code++) {
        const meaning = icmpMeaning(family, type, code);
        expect(meaning, `${type}/${code}`).toMatchObject(expected(type, code));
      }
    }
  });

  it('has one port-unreachable', () => {
    const found: string[] = [];
    for (let type = 0; type < 256; type++) {
      for (let code = 0; code < 256; code++) {
        if (isPortUnreachable(family, type, code)) found.push(`${type}/${code}`);
      }
    }
    expect(found).toEqual([family === 4 ? '3/3' : '1/4']);
  });
});
