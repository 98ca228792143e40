import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ip, Verdict } from '../../src/model.ts';
import { nameOfPort } from '../../src/plan/portNames.ts';
import { wrap } from '../../src/report/layout.ts';
import { COLLAPSE_HOSTS_OVER, COLLAPSE_OVER } from '../../src/report/summary.ts';
import { renderText } from '../../src/report/text.ts';
import { dnsOpen, ntpClosed, report, troubles, verdict } from './sample.ts';

const plain = { color: false, width: 80, verbose: 0, portName: nameOfPort };
const golden = (name: string) => `./golden/${name}.txt`;

const silentTcp = (target: string, port: number) =>
  verdict({
    whyId: 'tcp.silent',
    target: target as Ip,
    protocol: 'tcp',
    port,
    state: 'filtered',
    reason: 'no-response',
    attempts: 3,
    confidence: 0.99,
  });

const resets = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    verdict({
      whyId: 'tcp.reset.confirmed',
      protocol: 'tcp',
      port: 1000 + index,
      state: 'closed',
      reason: 'reset',
      by: { ip: '10.0.0.5' as Ip, role: 'target', hop: 1 },
    }),
  );

describe('renderText', () => {
  it('shows the main job', async () => {
    const text = renderText(report([dnsOpen, ntpClosed]), plain);
    await expect(text).toMatchFileSnapshot(golden('mainJob'));
  });

  it('explains every kind of trouble', async () => {
    const text = renderText(
      report(troubles, {
        complete: false,
        notDone: ['10.0.0.5 9/udp'],
        warnings: ['10.0.0.5 was scanned from itself: firewalls towards others were not passed'],
      }),
      plain,
    );
    await expect(text).toMatchFileSnapshot(golden('troubles'));
  });

  it('adds facts under -v', async () => {
    const text = renderText(report([dnsOpen, ntpClosed]), { ...plain, verbose: 1 });
    await expect(text).toMatchFileSnapshot(golden('verbose'));
  });

  it('counts ports that are alike', async () => {
    const text = renderText(report([...resets(COLLAPSE_OVER + 1), dnsOpen]), plain);
    await expect(text).toMatchFileSnapshot(golden('collapsed'));
    expect(renderText(report(resets(COLLAPSE_OVER)), plain)).not.toContain('Not shown');
  });

  it('counts hosts of which nothing came back', async () => {
    const hosts = Array.from({ length: 6 }, (_, index) => silentTcp(`10.0.1.${index + 1}`, 22));
    const text = renderText(report([dnsOpen, ...hosts]), plain);
    await expect(text).toMatchFileSnapshot(golden('silentHosts'));
  });

  it('tells many hosts that say the same as one, but an open port with its host', async () => {
    const many = Array.from({ length: COLLAPSE_HOSTS_OVER + 1 }, (_, index) => {
      const target = `10.0.2.${index + 1}` as Ip;
      const name = index === 0 ? 'first.example' : null;
      const host = { target, name, protocol: 'tcp' as const, attempts: 1 };
      const reset = verdict({
        ...host,
        whyId: 'tcp.reset.confirmed',
        port: 22,
        state: 'closed',
        reason: 'reset',
        by: { ip: target, role: 'target', hop: 2 },
        rttMs: 0.1 * index,
        ttl: 62,
        whyArgs: { by: target, hop: 2, rttMs: 0.1 * index },
      });
      const rejected = verdict({
        ...host,
        whyId: 'tcp.reject.path',
        port: 80,
        state: 'filtered',
        reason: 'admin-prohibited',
        detail: 'rejected',
        by: { ip: '10.77.1.2' as Ip, role: 'path', hop: 1 },
        icmp: { type: 3, code: 13 },
        whyArgs: { icmp: 'ICMP 3/13', by: '10.77.1.2', hop: 1 },
      });
      return [reset, rejected];
    }).flat();
    const silent = Array.from({ length: COLLAPSE_HOSTS_OVER + 1 }, (_, index) =>
      silentTcp(`10.0.3.${index + 1}`, 22),
    );
    const text = renderText(report([dnsOpen, ...many, ...silent]), { ...plain, verbose: 1 });
    await expect(text).toMatchFileSnapshot(golden('manyHosts'));
    const few = renderText(report(many.slice(0, 2 * COLLAPSE_HOSTS_OVER)), plain);
    expect(few).not.toContain('more hosts');
  });

  it('shows several hosts with their names', async () => {
    const six = verdict({
      whyId: 'no-neighbour',
      target: 'fe80::1%eth0' as Ip,
      name: 'printer.example',
      state: 'filtered',
      reason: 'host-unreach',
      detail: 'no-neighbour',
      by: { ip: null, role: 'local', hop: null },
      whyArgs: { interface: 'eth0' },
    });
    const text = renderText(report([dnsOpen, six]), plain);
    await expect(text).toMatchFileSnapshot(golden('severalHosts'));
  });

  it('colours states and nothing is lost with it', () => {
    const colored = renderText(report(troubles), { ...plain, color: true });
    expect(colored).toContain('\x1b[32mopen');
    expect(colored).toContain('\x1b[31mclosed');
    const stripped = colored.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
    expect(stripped).toBe(renderText(report(troubles), plain));
  });

  it('keeps to 80 columns but for commands', () => {
    const text = renderText(report(troubles), plain);
    for (const line of text.split('\n')) {
      if (!line.startsWith('    ')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it.each([40, 50])('stays readable in %d columns', async (width) => {
    const text = renderText(report(troubles), { ...plain, width });
    await expect(text).toMatchFileSnapshot(golden(`narrow${width}`));
    const isCommand = (line: string) => /^ {4}(ss|nft|tcpdump|ip) /.test(line);
    for (const line of text.split('\n')) {
      if (!isCommand(line)) expect(line.length, line).toBeLessThanOrEqual(width);
    }
  });

  it('names who and how many where several ports share a cause', async () => {
    const { port: _, ...args } = troubles[3]!.whyArgs;
    const rejected = [22, 80, 443].map((port) => ({
      ...troubles[3]!,
      port,
      whyArgs: { ...args, port },
    }));
    const refused = [9, 123].map((port) => ({
      ...ntpClosed,
      port,
      whyArgs: { ...ntpClosed.whyArgs, port },
    }));
    const silent = [silentTcp('10.0.0.5', 8080), silentTcp('10.0.0.5', 8443)];
    const thrice = silentTcp('10.0.0.6', 8080);
    const other = { ...thrice, attempts: 2, whyArgs: { ...thrice.whyArgs, attempts: 2 } };
    const absent = ['10.0.0.7', '10.0.0.8'].map((target) =>
      verdict({
        whyId: 'no-neighbour',
        target: target as Ip,
        state: 'filtered',
        reason: 'host-unreach',
        detail: 'no-neighbour',
        by: { ip: null, role: 'local', hop: null },
        whyArgs: { interface: 'eth0' },
      }),
    );
    const text = renderText(report([...rejected, ...refused, ...silent, other, ...absent]), plain);
    await expect(text).toMatchFileSnapshot(golden('groups'));
    const flat = text.replace(/\n +/g, ' ');
    expect(flat).toContain(
      '10.77.1.2 at hop 2, not the target, rejects the connections to these ports:',
    );
    expect(flat).toContain('10.0.0.5 itself says that these ports are unreachable (ICMP 3/3):');
    expect(flat).toContain('These ports did not answer.');
    expect(flat).toContain('No host answers for these targets on this link (eth0).');
  });

  it('keeps causes apart that another gateway or stranger makes', () => {
    const silentGateway = (target: string, gateway: string) =>
      verdict({
        whyId: 'own.gateway-silent',
        target: target as Ip,
        state: 'unknown',
        reason: 'local-error',
        by: { ip: null, role: 'local', hop: null },
        whyArgs: { gateway, interface: 'eth0' },
      });
    const text = renderText(
      report([silentGateway('10.1.0.5', '10.0.0.1'), silentGateway('10.2.0.5', '10.0.0.2')]),
      plain,
    );
    expect(text).toContain('The gateway 10.0.0.1 towards 10.1.0.5 does not answer');
    expect(text).toContain('The gateway 10.0.0.2 towards 10.2.0.5 does not answer');
  });

  it('says the same advice once', () => {
    const icmp = (port: number, code: number) =>
      verdict({
        whyId: 'tcp.reject.target',
        protocol: 'tcp',
        port,
        state: 'filtered',
        reason: 'admin-prohibited',
        by: { ip: '10.0.0.5' as Ip, role: 'target', hop: 1 },
        icmp: { type: 3, code },
        whyArgs: { icmp: `ICMP 3/${code}` },
      });
    const text = renderText(report([icmp(22, 13), icmp(23, 10)]), plain);
    expect(text.split('A closed TCP port answers with a RST').length).toBe(2);
    expect(text).toContain('Meaning and next steps as above.');
  });

  it('says beside a silence who may have rejected it unheard', () => {
    const silent = silentTcp('10.0.0.5', 8443);
    const flat = (verdicts: readonly Verdict[]) =>
      renderText(report(verdicts), plain).replace(/\n +/g, ' ');
    expect(flat([silent, troubles[3]!])).toContain(
      '10.77.1.2 sent ICMP errors about other ports in this run; as such errors are limited in number, it may reject ' +
        'this one too, unheard.',
    );
    expect(flat([silent, ntpClosed])).not.toContain('unheard');
    expect(flat([silentTcp('10.0.0.6', 8443), troubles[3]!])).toContain(
      'it may reject this one too',
    );
    expect(flat([silentTcp('10.0.1.6', 8443), troubles[3]!])).not.toContain('unheard');
  });

  it('lets no control character through, wherever it comes from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const evil = verdict({
          whyId: 'udp.answered.parsed',
          name: text,
          service: { protocol: text, info: text },
          whyArgs: { service: text, info: text, by: text },
        });
        const other = verdict({
          whyId: 'udp.stranger',
          detail: 'other-source',
          state: 'open|filtered',
          reason: 'no-response',
          whyArgs: { by: text, fromPort: text },
        });
        const parts = { warnings: [text], notDone: [text], complete: false };
        const wire = { kind: 'sim', note: text } as const;
        const shown = renderText(report([evil, other], { ...parts, wire }), plain);
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
  });

  it('renders nothing found', () => {
    const host = {
      target: '10.0.0.5' as Ip,
      name: 'db1',
      state: 'unknown',
      reason: 'no-response',
    } as const;
    const part = { complete: false, notDone: ['10.0.0.5 22/tcp', '10.0.0.5 80/tcp'] };
    const planned = { targets: 1, probes: 2, unresolved: [] };
    const one = renderText(report([], { ...part, hosts: [host], plan: planned }), plain);
    expect(one).toMatch(/^pu-probe 0\.1\.0: scan of db1 \(10\.0\.0\.5\)\n/);
    expect(one).toContain('0 of 2 ports of 1 target in 52.5 ms: nothing found yet.');
    expect(one).toContain('Not finished: 10.0.0.5 22/tcp, 10.0.0.5 80/tcp.');
    const many = { targets: 256, probes: 65_536, unresolved: [] };
    const some = renderText(report([dnsOpen], { ...part, plan: many }), plain);
    expect(some).toMatch(/^pu-probe 0\.1\.0: scan of 256 targets\n/);
    expect(some).toContain('1 of 65,536 ports of 256 targets in 52.5 ms: 1 open.');
  });

  it('breaks no line inside of a time, a share or the port of a target', () => {
    const words = (text: string) => wrap(text, 1);
    expect(words('took < 0.01 ms, 99 % sure')).toEqual(['took', '< 0.01 ms,', '99 % sure']);
    expect(words('filtered: 10.0.0.5 22/tcp, 10.0.0.5 53/udp')).toEqual([
      'filtered:',
      '10.0.0.5 22/tcp,',
      '10.0.0.5 53/udp',
    ]);
    expect(words('filtered: 22/tcp, 53/udp')).toEqual(['filtered:', '22/tcp,', '53/udp']);
  });

  it('renders 65,535 open ports', () => {
    const open = Array.from({ length: 65_535 }, (_, index) => ({ ...dnsOpen, port: index + 1 }));
    const text = renderText(report(open), { ...plain, verbose: 1 });
    expect(text.split('\n').length).toBeGreaterThan(65_535);
  });
});
