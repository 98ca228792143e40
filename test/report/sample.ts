import type { Ip, Report, Verdict } from '../../src/model.ts';
import { sentence } from '../../src/report/sentences.ts';

/** A verdict with everything that a test does not care about filled in. */
export function verdict(part: Partial<Verdict> & Pick<Verdict, 'whyId'>): Verdict {
  const target = part.target ?? ('10.0.0.5' as Ip);
  const port = part.port ?? 53;
  const protocol = part.protocol ?? 'udp';
  const whyArgs = { target, port, protocol, attempts: part.attempts ?? 1, ...part.whyArgs };
  return {
    name: null,
    state: 'open',
    reason: 'udp-response',
    detail: null,
    service: null,
    by: null,
    icmp: null,
    ttl: null,
    quotedTtl: null,
    rttMs: null,
    attempts: 1,
    confidence: 0.9995,
    wire: 'errqueue',
    evidence: ['s1.1', 'r1.1.1'],
    why: sentence(part.whyId, whyArgs),
    ...part,
    target,
    port,
    protocol,
    whyArgs,
  };
}

export function report(verdicts: readonly Verdict[], part: Partial<Report> = {}): Report {
  return {
    schema: 'pu-probe/report/1',
    tool: { name: 'pu-probe', version: '0.1.0' },
    command: 'scan',
    startedAt: '2026-01-02T03:04:05.678Z',
    durationMs: 52.4561,
    wire: { kind: 'errqueue', note: 'the kernel error queue names the sender of ICMP errors' },
    plan: {
      targets: new Set(verdicts.map(({ target }) => target)).size,
      probes: verdicts.length,
      unresolved: [],
    },
    complete: true,
    notDone: [],
    seed: '000000010000002a',
    recording: null,
    verdicts,
    hosts: [],
    paths: [],
    counters: { sent: 4, received: 2 },
    warnings: [],
    ...part,
  };
}

const ip = (text: string) => text as Ip;

export const dnsOpen: Verdict = verdict({
  whyId: 'udp.answered.parsed',
  service: { protocol: 'dns', info: 'recursive, version 9.18' },
  by: { ip: ip('10.0.0.5'), role: 'target', hop: 1 },
  ttl: 64,
  rttMs: 0.31249,
  whyArgs: { service: 'dns', info: 'recursive, version 9.18' },
});

export const ntpClosed: Verdict = verdict({
  whyId: 'udp.port-unreach.target',
  port: 123,
  state: 'closed',
  reason: 'port-unreach',
  by: { ip: ip('10.0.0.5'), role: 'target', hop: 1 },
  icmp: { type: 3, code: 3 },
  ttl: 64,
  rttMs: 0.12,
  whyArgs: { icmp: 'ICMP 3/3' },
});

/** One verdict for each thing that can be wrong. */
export const troubles: readonly Verdict[] = [
  dnsOpen,
  ntpClosed,
  verdict({
    whyId: 'udp.silent',
    port: 161,
    state: 'open|filtered',
    reason: 'no-response',
    detail: 'silent-unverified',
    attempts: 3,
    confidence: 0.98,
    whyArgs: { waitedMs: 1234 },
  }),
  verdict({
    whyId: 'tcp.reject.path',
    protocol: 'tcp',
    port: 22,
    state: 'filtered',
    reason: 'admin-prohibited',
    detail: 'rejected',
    by: { ip: ip('10.77.1.2'), role: 'path', hop: 2 },
    icmp: { type: 3, code: 13 },
    rttMs: 12.345,
    whyArgs: { icmp: 'ICMP 3/13', by: '10.77.1.2', hop: 2 },
  }),
  verdict({
    whyId: 'tcp.reset',
    protocol: 'tcp',
    port: 80,
    state: 'closed',
    reason: 'reset',
    by: { ip: ip('10.0.0.5'), role: 'target', hop: null },
    confidence: 0.95,
    rttMs: 0.2,
  }),
  verdict({
    whyId: 'tcp.reset.forged',
    protocol: 'tcp',
    port: 443,
    state: 'filtered',
    reason: 'reset',
    detail: 'forged-reset',
    by: { ip: null, role: 'path', hop: 2 },
    rttMs: 0.2,
    whyArgs: { hop: 2, targetHop: 4 },
  }),
  verdict({
    whyId: 'own.output-drop',
    protocol: 'tcp',
    port: 8080,
    state: 'unknown',
    reason: 'local-error',
    by: { ip: null, role: 'local', hop: null },
    whyArgs: { errno: 'EPERM' },
  }),
];
