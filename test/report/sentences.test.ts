import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brief, meaning, nextSteps, sentence, WHY_IDS } from '../../src/report/sentences.ts';

const full = {
  target: '10.0.0.5',
  port: 53,
  protocol: 'udp',
  by: '10.77.1.2',
  hop: 2,
  targetHop: 4,
  icmp: 'ICMP 3/13',
  attempts: 3,
  rttMs: 0.5,
  waitedMs: 1234,
  errno: 'EHOSTUNREACH',
  interface: 'eth0',
  gateway: '10.0.0.1',
  service: 'dns',
  info: 'version 9.18',
  fromPort: 5353,
  icmpAnswers: 6,
  count: 2,
};

/** Ids in quotes in the sources of the matching engine and the scheduler. */
function idsInUse(): string[] {
  const ids = new Set<string>();
  for (const folder of ['match', 'scan']) {
    for (const file of readdirSync(`src/${folder}`)) {
      const source = readFileSync(`src/${folder}/${file}`, 'utf8');
      for (const [, id] of source.matchAll(
        /'((?:udp|tcp|own|icmp)\.[a-z.-]+|no-neighbour|not-asked)'/g,
      ))
        ids.add(id!);
      for (const [, rest] of source.matchAll(/`\$\{port\.protocol\}\.([a-z.-]+)`/g))
        ids.add(`udp.${rest}`).add(`tcp.${rest}`);
    }
  }
  return [...ids];
}

describe('the sentence catalogue', () => {
  it('has words for every id that is in use', () => {
    const ids = idsInUse();
    expect(ids.length).toBeGreaterThan(20);
    expect(WHY_IDS).toEqual(expect.arrayContaining(ids));
  });

  it.each(WHY_IDS)('%s is one sentence, with and without facts', (id) => {
    const several = { ...full, port: '', ports: '53,123', icmpBy: '10.77.1.2' };
    const { target: _, ...targets } = { ...several, targets: 2 };
    const variants = [full, { ...full, protocol: 'tcp', icmp: 'ICMP 3/1' }, {}, several, targets];
    for (const args of variants) {
      const text = sentence(id, args);
      expect(text).toMatch(/^[A-Z0-9].*\.$/);
      expect(text.slice(0, -1)).not.toMatch(/\. |undefined|null|NaN| {2}/);
      expect(meaning(id, args)).toMatch(/^[A-Z].*\.$/);
      for (const command of nextSteps(id, args)) {
        expect(command).toMatch(
          /^(ss|nft|ip|tc|tcpdump|traceroute|ulimit|sysctl|pu-probe (scan|trace)) /,
        );
        expect(command).not.toMatch(/undefined|null|\n/);
      }
    }
  });

  it('names who and where', () => {
    expect(sentence('tcp.reject.path', { ...full, protocol: 'tcp' })).toBe(
      '10.77.1.2 at hop 2, not the target, rejects the connection to TCP port 53 of 10.0.0.5: administratively prohibited ' +
        '(ICMP 3/13).',
    );
    expect(sentence('udp.port-unreach.target', { ...full, icmp: 'ICMP 3/3' })).toBe(
      '10.0.0.5 itself says that UDP port 53 is unreachable (ICMP 3/3): nothing listens there, or its host firewall rejects ' +
        'in the same words.',
    );
  });

  it('proposes over IPv6 alone what asks by IPv6 headers', () => {
    const commandsOf = (target: string) =>
      ['udp.silent', 'udp.silent.certified'].flatMap((id) => nextSteps(id, { ...full, target }));
    expect(commandsOf('10.0.0.5').join('\n')).not.toContain('--passage');
    const asked = commandsOf('fd00::5').filter((command) => command.includes('--passage'));
    expect(asked).toEqual(
      Array(2).fill(
        'pu-probe trace fd00::5 -p 53 -sU --passage  # as root: do packets come through?',
      ),
    );
  });

  it('names the host firewall where it cannot be told apart', () => {
    for (const id of ['udp.port-unreach.target', 'tcp.reset.confirmed']) {
      expect(sentence(id, full)).toContain('host firewall');
    }
  });

  it('speaks of several ports as several', () => {
    const said = WHY_IDS.map((id) => sentence(id, { ...full, ports: '53,123' })).join('\n');
    expect(said).not.toMatch(/these ports (is|was|itself)|to these ports was|probe to these ports/);
    expect(said).not.toMatch(/port 53\b/);
  });

  it.each([
    ['ENETUNREACH', 'no route from this machine', 'ip route; ip -br link'],
    [
      'EHOSTUNREACH',
      'an unreachable route of this machine',
      'ip route show type unreachable; ip rule',
    ],
    ['EACCES', 'a prohibit route of this machine', 'ip route show type prohibit; ip rule'],
    ['EINVAL', 'a blackhole route of this machine', 'ip route show type blackhole; ip rule'],
  ])('shows the kind of route that %s means', (errno, words, command) => {
    expect(brief('own.no-route', { ...full, errno })).toBe(words);
    expect(nextSteps('own.no-route', { ...full, errno })[1]).toBe(`${command}  # here`);
    expect(nextSteps('own.no-route', { ...full, errno, target: 'fd90::1' })[1]).toBe(
      `${command.replaceAll(/ip (r)/g, 'ip -6 $1')}  # here`,
    );
  });

  it('asks for all ports that share a cause', () => {
    expect(nextSteps('udp.silent', { ...full, ports: '53,123' })[1]).toBe(
      "ss -lunp 'sport = :53 or sport = :123'  # on 10.0.0.5: what is bound, and where",
    );
    expect(nextSteps('udp.silent', { ...full, ports: '1,2,3,4,5' })[1]).toMatch(/^ss -lunp {2}#/);
  });

  it('keeps control characters of facts out', () => {
    expect(sentence('udp.answered.parsed', { ...full, info: 'a\x1b[2Jb\u202e' })).toContain(
      'a\\x1b[2Jb\\u{202e}',
    );
  });

  it('gives back an id that it does not know', () => {
    expect(sentence('later.id', full)).toBe('later.id.');
    expect(sentence('toString', full)).toBe('toString.');
    expect(meaning('later.id', full)).toBe('');
    expect(nextSteps('later.id', full)).toEqual([]);
    expect(brief('later.id', full)).toBeNull();
  });
});
