import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Family } from '../../src/model.ts';
import {
  diffCounters,
  diffSendErrors,
  parseCounters,
  readCounterTexts,
} from '../../src/wire/kernelCounters.ts';

const nothing = {
  snmp: undefined,
  snmp6: undefined,
  netstat: undefined,
  loopback6: undefined,
  dev: undefined,
};

describe('parseCounters', () => {
  test('reads pairs of lines, and lines of names and values', () => {
    const table = parseCounters({
      snmp: 'Ip: Forwarding InReceives\nIp: 1 42\nTcp: MaxConn\nTcp: -1\n',
      snmp6: 'Ip6InReceives                   \t7\n',
      netstat: 'TcpExt: SyncookiesSent TCPRetransFail\nTcpExt: 0 3\n',
      loopback6: 'Ip6OutTransmits 5\n',
      dev:
        'Inter-|   Receive                 |  Transmit\n' +
        ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n' +
        '    lo:      10       1    0    0    0     0          0         0       10       1    0\n' +
        '  eth0:99999999       2    0    0    0     0          0         0      918      11    0\n',
    });
    expect(Object.fromEntries(table)).toEqual({
      'Ip.Forwarding': 1,
      'Ip.InReceives': 42,
      'Tcp.MaxConn': -1,
      Ip6InReceives: 7,
      'lo.Ip6OutTransmits': 5,
      'TcpExt.SyncookiesSent': 0,
      'TcpExt.TCPRetransFail': 3,
      'dev.TxPackets': 12,
    });
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (snmp, snmp6) => {
        parseCounters({ snmp, snmp6, netstat: snmp, loopback6: snmp6, dev: snmp });
      }),
    );
  });

  test('reads only what the families need', () => {
    const read: string[] = [];
    readCounterTexts(
      (path) => {
        read.push(path);
        return '';
      },
      [6],
    );
    const both = ['/proc/net/snmp', '/proc/net/snmp6', '/proc/net/netstat', '/proc/net/dev'];
    expect(new Set(read)).toEqual(new Set([...both, '/proc/net/dev_snmp6/lo']));
    read.length = 0;
    readCounterTexts((path) => read.push(path).toString(), [4]);
    expect(new Set(read)).toEqual(new Set(both));
  });
});

describe('diffCounters', () => {
  test('an IPv6 RST of our own firewall does not hide the drop of what it answers', () => {
    const zero = {
      Ip6OutRequests: 0,
      Ip6OutTransmits: 0,
      'lo.Ip6InReceives': 0,
      'lo.Ip6OutTransmits': 0,
    };
    const dropped = (grown: Record<string, number>) => {
      const table = (values: Record<string, number>) => new Map(Object.entries(values));
      return diffCounters(table(zero), table({ ...zero, ...grown }), 6, 0).outDropped;
    };
    // Three connects: each SYN is requested and dropped, its RST transmitted instead and received over loopback.
    const rejected = { Ip6OutRequests: 3, Ip6OutTransmits: 3, 'lo.Ip6InReceives': 3 };
    expect(dropped(rejected)).toBe(3);
    const local = { 'lo.Ip6InReceives': 4, 'lo.Ip6OutTransmits': 4 };
    expect(dropped({ Ip6OutRequests: 9, Ip6OutTransmits: 9, ...local })).toBe(0);
  });

  test.each<[string, Record<string, number>, number | null]>([
    [
      'all that IP transmitted was sent',
      { 'Ip.OutTransmits': 3, Ip6OutTransmits: 2, 'dev.TxPackets': 6 },
      0,
    ],
    [
      'some was not, of either family',
      { 'Ip.OutTransmits': 3, Ip6OutTransmits: 2, 'dev.TxPackets': 1 },
      4,
    ],
    ['one family is asked', { Ip6OutTransmits: 2, 'dev.TxPackets': 0 }, 2],
    ['no interface is counted', { 'Ip.OutTransmits': 3 }, null],
    ['no transmission is counted', { 'dev.TxPackets': 3 }, null],
  ])('unsent: %s', (_, grown, unsent) => {
    const before = new Map(Object.keys(grown).map((name) => [name, 100]));
    const after = new Map(Object.entries(grown).map(([name, value]) => [name, 100 + value]));
    expect(diffCounters(before, after, 4, 0).unsent).toBe(unsent);
  });

  const v4 = (values: Record<string, number>) =>
    new Map(Object.entries(values).map(([name, value]) => [`Ip.${name}`, value]));
  const v6 = (values: Record<string, number>) => new Map(Object.entries(values));
  const quiet = { OutRequests: 0, OutTransmits: 0, InReceives: 0, InDelivers: 0, ForwDatagrams: 0 };
  const grow = (values: Record<string, number>) => {
    const before = Object.fromEntries(
      Object.keys({ ...quiet, ...values }).map((name) => [name, 100]),
    );
    const after = Object.fromEntries(
      Object.entries({ ...quiet, ...values }).map(([name, value]) => [name, 100 + value]),
    );
    return diffCounters(v4(before), v4(after), 4, 0);
  };

  test.each<[string, Record<string, number>, number, number]>([
    ['a quiet scan', { OutRequests: 9, OutTransmits: 9, InReceives: 9, InDelivers: 9 }, 0, 0],
    ['OUTPUT drops', { OutRequests: 9, OutTransmits: 4 }, 5, 0],
    ['INPUT drops', { InReceives: 9, InDelivers: 2 }, 0, 7],
    [
      'a router that forwards and drops of its own',
      { OutRequests: 5, OutTransmits: 12, ForwDatagrams: 10, InReceives: 14, InDelivers: 4 },
      3,
      0,
    ],
    ['raw senders, which pass no request', { OutRequests: 1, OutTransmits: 8 }, 0, 0],
    [
      'faulty packets and fragments',
      {
        InReceives: 10,
        InDelivers: 1,
        InHdrErrors: 2,
        InAddrErrors: 1,
        InUnknownProtos: 2,
        ReasmReqds: 5,
        ReasmOKs: 1,
      },
      0,
      0,
    ],
  ])('%s', (_, values, outDropped, inDropped) => {
    expect(grow(values)).toMatchObject({ outDropped, inDropped });
  });

  test('a kernel without OutTransmits leaves the retransmissions', () => {
    const before = new Map([
      ['Ip.OutRequests', 1],
      ['TcpExt.TCPRetransFail', 1],
    ]);
    const after = new Map([
      ['Ip.OutRequests', 2],
      ['TcpExt.TCPRetransFail', 4],
    ]);
    expect(diffCounters(before, after, 4, 0)).toEqual({
      outDropped: null,
      inDropped: null,
      retransFailed: 3,
      unsent: null,
    });
  });

  test('datagrams that no device took', () => {
    const table = (value: number) =>
      new Map([
        ['Udp.SndbufErrors', value],
        ['Udp6SndbufErrors', 7],
      ]);
    expect(diffSendErrors(table(3), table(8), 4)).toBe(5);
    expect(diffSendErrors(table(3), table(8), 6)).toBe(0);
    expect(diffSendErrors(new Map(), table(8), 4)).toBeNull();
  });

  test('nothing to read is not countable', () => {
    const none = parseCounters(nothing);
    for (const family of [4, 6] as Family[]) {
      expect(diffCounters(none, none, family, 0)).toEqual({
        outDropped: null,
        inDropped: null,
        retransFailed: null,
        unsent: null,
      });
    }
  });

  test.each<[string, Record<string, number>, number, number]>([
    ['MLD reports of a neighbour', { Ip6InReceives: 4, Ip6InMcastPkts: 4 }, 0, 0],
    [
      'a solicitation for us, and one answer dropped',
      { Ip6InReceives: 3, Ip6InDelivers: 2, Ip6InMcastPkts: 1, Icmp6InNeighborSolicits: 1 },
      0,
      1,
    ],
    [
      'a multicast DNS packet that somebody here takes, and one answer dropped',
      { Ip6InReceives: 2, Ip6InDelivers: 1, Ip6InMcastPkts: 1, Udp6InDatagrams: 1 },
      0,
      1,
    ],
    [
      'a report of a neighbour, and an answer to us',
      { Ip6InReceives: 2, Ip6InDelivers: 1, Ip6InMcastPkts: 1, Udp6InDatagrams: 1 },
      1,
      0,
    ],
  ])('IPv6 multicast: %s', (_, values, ownDatagrams, inDropped) => {
    const all = { Ip6InReceives: 0, Ip6InDelivers: 0, ...values };
    const before = Object.fromEntries(Object.keys(all).map((name) => [name, 0]));
    expect(diffCounters(v6(before), v6(all), 6, ownDatagrams)).toMatchObject({ inDropped });
  });
});
