/**
 * The way out of the scanner's own kernel: its firewall, then its neighbour, then the link. What either refuses comes
 * back as the kernel's own answer, over loopback.
 */
import { ERRNO } from '../errno.ts';
import type { IcmpError } from './answers.ts';
import { writeIcmpError, writeReset } from './answers.ts';
import type { Filter } from './filter.ts';
import { createFlight, type Flight, readFlight } from './flight.ts';
import { createFlowTable } from './limits.ts';
import type { Network } from './network.ts';
import type { OwnSideView } from './ownSide.ts';
import { REJECTS, type Rule } from './rules.ts';
import type { Scanner } from './world.ts';

/** The way out, and what it still has waiting. */
export interface KernelOutput {
  /** Sends the first `length` bytes of `out` and returns 0, or the errno of why they stayed at home. */
  emit(out: Flight, length: number, nowMs: number): number;
  /** Fails what waited for neighbours that have not answered by now. */
  advance(nowMs: number): void;
}

/** What the way out stands on; `input` takes the first bytes of a flight as a packet that came in. */
export interface OutputContext {
  readonly scanner: Scanner;
  readonly filter: Filter;
  readonly network: Network;
  readonly own: OwnSideView<Uint8Array>;
  readonly input: (flight: Flight, length: number, atMs: number) => void;
}

/** Creates the way out of one scanner. */
export function createKernelOutput(context: OutputContext): KernelOutput {
  const { scanner, filter, network, own, input } = context;
  const answer = createFlight();
  const failed = createFlight();
  const flows = createFlowTable(scanner.limits.flows);

  /** The own firewall's answer comes back like any other packet. */
  function rejectOwn(about: Flight, rule: Rule): void {
    const { family, dstAt } = about.ip;
    const name = rule.with[family]!;
    if (name === 'tcp-reset') {
      const sender = { bytes: about.bytes, at: dstAt, ttl: scanner.ttl };
      input(answer, writeReset(about, sender, answer), about.atMs);
    } else {
      const [type, code] = REJECTS[name][family]!;
      tellOwnError(about, { type, code });
    }
  }

  /** An ICMP message of our own kernel to itself: its origin is ICMP, not local (measured on Linux 6.18). */
  function tellOwnError(about: Flight, error: IcmpError): void {
    const sender = { bytes: about.bytes, at: about.ip.srcAt, ttl: scanner.icmpTtl };
    input(answer, writeIcmpError(about, sender, error, answer), about.atMs);
  }

  return {
    emit(out, length, nowMs) {
      if (!readFlight(out, length, nowMs)) return ERRNO.EINVAL;
      const { bytes, ip, end } = out;
      if (!flows.admits(out)) {
        own.counters.outDropped[ip.family] += 1;
        return ERRNO.EPERM;
      }
      const rule = filter.match('output', out) ?? filter.match('postrouting', out);
      if (rule !== null && rule.verdict !== 'accept') {
        own.counters.outDropped[ip.family] += 1;
        if (rule.verdict === 'reject') rejectOwn(out, rule);
        return ERRNO.EPERM;
      }
      // Counted as transmitted before (ip_finish_output2); the device's own hook is told to the sender alone.
      if (filter.match('egress', out)?.verdict === 'drop') {
        own.counters.unsent += 1;
        return ERRNO.ENOBUFS;
      }
      if (own.hasNextHop(bytes, ip.dstAt, ip.family)) network.send(bytes, nowMs, 0, end);
      else own.wait(bytes, ip.dstAt, ip.family, nowMs, () => bytes.slice(0, end));
      return 0;
    },

    advance(nowMs) {
      for (;;) {
        const entry = own.neighbours.takeFailed(nowMs);
        if (entry === null) return;
        for (const packet of entry.waiting) {
          failed.bytes.set(packet);
          readFlight(failed, packet.length, entry.failedAtMs);
          const is4 = failed.ip.family === 4;
          tellOwnError(failed, is4 ? { type: 3, code: 1 } : { type: 1, code: 3 });
        }
      }
    },
  };
}
