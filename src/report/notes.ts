/** Notes of a run for its report: what a reader must know besides the verdicts. */
import type { Ip, Plan, Verdict } from '../model.ts';
import { brief } from './sentences.ts';

/** Targets named one by one in a note. */
const MAX_NAMED = 8;

/** Targets that are this machine: the verdicts are true, but say nothing of how others reach it. */
export function selfNotes(
  { targets }: Pick<Plan, 'targets'>,
  ownAddresses: ReadonlySet<Ip>,
): readonly string[] {
  const self: Ip[] = [];
  for (let target = 0; target < targets.count && self.length < MAX_NAMED; target++) {
    const ip = targets.ip(target);
    if (ip.startsWith('127.') || ip === '::1' || ownAddresses.has(ip)) self.push(ip);
  }
  return self.map(
    (ip) => `${ip} was scanned from itself: firewalls towards others were not passed`,
  );
}

/** Control ports that the tool chose itself (contract.md: printed). */
export function controlNotes(
  { targets }: Pick<Plan, 'targets'>,
  controls: readonly { readonly target: number; readonly port: number }[],
): readonly string[] {
  const byTarget = new Map<number, string[]>();
  for (const { target, port } of controls) {
    byTarget.set(target, [...(byTarget.get(target) ?? []), `${port}/udp`]);
  }
  const notes = [...byTarget].map(
    ([target, ports]) =>
      `${targets.ip(target)}: ${ports.join(' and ')} asked too, to learn how far it is (--no-control forbids this)`,
  );
  const more = notes.length - MAX_NAMED;
  return more > 0 ? [...notes.slice(0, MAX_NAMED), `and control ports of ${more} more`] : notes;
}

/** What our own side kept from being checked, one line a cause, and answers that were lost (truth.md, "counted; a warning"). */
export function ownSideNotes(
  ruled: Iterable<{ readonly verdict: Pick<Verdict, 'state' | 'whyId'>; readonly ports: number }>,
  answersLost: number,
): readonly string[] {
  const byCause = new Map<string, number>();
  for (const { verdict, ports } of ruled) {
    if (verdict.state !== 'unknown') continue;
    byCause.set(verdict.whyId, (byCause.get(verdict.whyId) ?? 0) + ports);
  }
  const lost =
    answersLost > 0
      ? ['the receive buffer of this machine was full, and answers were lost; --rate asks slower']
      : [];
  const causes = [...byCause].map(
    ([whyId, ports]) =>
      `${ports} ${ports === 1 ? 'port' : 'ports'} could not be checked: ${brief(whyId, {}) ?? whyId}`,
  );
  return [...causes, ...lost];
}

/** `-sS` without a wire that sends packets. */
export function synNote(synRequested: boolean, sendsPackets: boolean): readonly string[] {
  return synRequested && !sendsPackets
    ? ['SYN scan asked for, connect used: this wire sends no packets of our own']
    : [];
}
