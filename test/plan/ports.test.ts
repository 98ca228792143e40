import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { listedPorts } from '../../src/plan/portLists.ts';
import { knownPortNames, nameOfPort, portOfName } from '../../src/plan/portNames.ts';
import { parsePorts, parsePortsByPrefix } from '../../src/plan/ports.ts';

const both = { tcp: true, udp: true };
const tcp = { tcp: true, udp: false };
const udp = { tcp: false, udp: true };

describe('parsePorts', () => {
  it.each([
    ['53,123', udp, [], [53, 123]],
    ['123,53', tcp, [123, 53], []],
    ['1-3,2', tcp, [1, 2, 3], []],
    ['https,SSH', tcp, [443, 22], []],
    ['http-alt', tcp, [8080], []],
    ['U:53,123,T:21-23', both, [21, 22, 23], [53, 123]],
    ['80,U:53', both, [80], [80, 53]],
    [' 53 , u:123', both, [53], [53, 123]],
    ['65530-', tcp, [65530, 65531, 65532, 65533, 65534, 65535], []],
    ['-3', tcp, [1, 2, 3], []],
  ])('%s', (text, asked, tcpPorts, udpPorts) => {
    expect(parsePorts(text, asked)).toEqual({ tcp: tcpPorts, udp: udpPorts });
  });

  it('reads - as all ports', () => {
    const ports = parsePorts('-', tcp).tcp;
    expect([ports.length, ports[0], ports.at(-1)]).toEqual([65_535, 1, 65_535]);
  });

  it.each([
    ['', '-p "": a port is missing'],
    ['53,,80', '-p "53,,80": a port is missing'],
    ['U:', '-p "U:": a port is missing'],
    ['0', '-p "0": a port is 1 to 65535'],
    ['65536', '-p "65536": a port is 1 to 65535'],
    ['1-70000', '-p "1-70000": a port is 1 to 65535'],
    ['99999999999999999999', '-p "99999999999999999999": a port is 1 to 65535'],
    ['80,25-21', '-p "25-21": the range ends before it begins'],
    ['80,htttp', '-p "htttp": neither a port, a range nor a known service name'],
    ['1-2-3', '-p "1-2-3": neither a port, a range nor a known service name'],
    ['S:9', '-p "S:9": the prefix is T: for TCP or U: for UDP'],
    ['\x1b[2J', '-p "\\x1b[2J": neither a port, a range nor a known service name'],
  ])('refuses %j', (text, message) => {
    expect(() => parsePorts(text, both)).toThrow(new UsageError(message));
  });

  it('refuses a prefix of a protocol that is not asked', () => {
    expect(() => parsePorts('U:53', tcp)).toThrow(
      new UsageError('-p "U:53" names UDP ports, but only TCP is asked: add -sU'),
    );
    expect(() => parsePorts('T:53', udp)).toThrow(
      new UsageError('-p "T:53" names TCP ports, but only UDP is asked: add -sT'),
    );
  });

  it('reads back any list of ports, each once, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1 }), (list) => {
        expect(parsePorts([...list, ...list].join(), tcp).tcp).toEqual(list);
      }),
    );
  });

  it('never throws anything but a UsageError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parsePorts(text, both);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });
});

describe('parsePortsByPrefix', () => {
  it.each([
    ['80', [80], []],
    ['U:53', [], [53]],
    ['80,U:53,T:22', [80, 22], [53]],
  ])('%s', (text, tcpPorts, udpPorts) => {
    expect(parsePortsByPrefix(text)).toEqual({ tcp: tcpPorts, udp: udpPorts });
  });
});

describe('UDP ports that are named one by one', () => {
  it.each([
    ['53,123', undefined],
    ['1-1000', undefined],
    ['53,123,1-1000', [53, 123]],
    ['1-1000,53,2000,53', [53, 2000]],
    ['T:53,U:1-10,snmp', [161]],
  ])('%s', (text, named) => {
    expect(parsePorts(text, both).udpNamed).toEqual(named);
  });
});

describe('port names and lists', () => {
  it('holds well-formed rows', () => {
    for (const name of knownPortNames()) {
      expect(name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
      expect(portOfName(name)).toBeGreaterThan(0);
      expect(portOfName(name)).toBeLessThan(65_536);
    }
    expect(new Set(knownPortNames()).size).toBe(knownPortNames().length);
  });

  it('names ports by protocol', () => {
    expect(nameOfPort(53, 'udp')).toBe('domain');
    expect(nameOfPort(514, 'udp')).toBe('syslog');
    expect(nameOfPort(514, 'tcp')).toBe('shell');
    expect(nameOfPort(4, 'tcp')).toBeNull();
  });

  it.each([
    ['tcp', 95, 105],
    ['udp', 38, 50],
  ] as const)('lists about the promised number of %s ports, each once', (protocol, least, most) => {
    const ports = listedPorts(protocol, 'default');
    expect(ports.length).toBeGreaterThanOrEqual(least);
    expect(ports.length).toBeLessThanOrEqual(most);
    expect(new Set(ports).size).toBe(ports.length);
    const short = listedPorts(protocol, 'short');
    expect(ports.slice(0, short.length)).toEqual(short);
    expect(short.length).toBeLessThan(ports.length / 2);
  });
});
