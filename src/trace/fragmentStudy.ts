/**
 * Whether packets to a silent port come to the target's own IP layer (`--fragment`): the first fragment of a packet of which
 * no more is sent. Who waits for the rest gives up and says so (RFC 792, Time Exceeded code 1; RFC 4443 section 3.3), whatever
 * stands behind the port: Linux after 30 s over IPv4, before INPUT is asked, and after 60 s over IPv6, behind INPUT.
 *
 * A control port is asked before it in each round: a silence counts where the control was told. All wait at once, a limiter
 * apart; where one tick of a timer ends several, Linux begins with the last (hlist_add_head): the control takes no error from
 * the asked port.
 */
import { SHAPE } from '../batch.ts';
import type { Family } from '../model.ts';
import { ICMP4_TYPE, ICMP6_TYPE } from '../packet/icmp.ts';
import { LIMITER_MS } from './errorBudget.ts';
import type { PassageFacts } from './facts.ts';
import type { Flow } from './flows.ts';
import { isSettled, type PassageOptions, type PassageStudy } from './passageStudy.ts';
import type { StudyRound } from './studies.ts';

/** Times that both are asked: as many silences beside a control count (ADR 0020). */
const ROUNDS = 3;
/**
 * How long it is waited for after the last fragment, ms: the timers of Linux (IP_FRAG_TIME, IPV6_FRAG_TIMEOUT; RFC 8200 section
 * 4.5), and what its timer wheel and HZ may add (kernel/time/timer.c: 2.05 s to the one, 5.12 s to the other).
 */
const WAIT_MS: Readonly<Record<Family, number>> = { 4: 33_000, 6: 66_000 };

/** What it is made from. */
export interface FragmentOptions extends PassageOptions {
  readonly family: Family;
}

/** Code 1 of Time Exceeded: fragment reassembly time exceeded, in both families. */
const REASSEMBLY = 1;

/** Creates the study; without a control nothing is asked. */
export function createFragmentStudy(options: FragmentOptions): PassageStudy {
  const { asked, control, cells, shaped, family } = options;
  let found: PassageFacts | null = null;

  // Over IPv6 a quoted datagram does not tell its round.
  const told = ({ index }: Flow, ttl: number): number =>
    (cells.flow(index).hops[ttl]?.answers ?? []).filter(
      (one) => one.isTarget && isReassembly(family, one),
    ).length;

  function* ask(): Generator<StudyRound, void, undefined> {
    if (asked === null || control === undefined || isSettled(cells, asked)) return;
    const ttl = options.ttl();
    const [port, other] = [asked, control].map((flow) => shaped(flow, SHAPE.FIRST_FRAGMENT)) as [
      Flow,
      Flow,
    ];
    found = { form: 'reassembly', result: 'unknown', ttl, asked: port.index, control: other.index };
    const asks = Array.from({ length: ROUNDS }, (_, index) => index + 1).flatMap((round) =>
      [other, port].map((flow) => ({ flow, ttl, round })),
    );
    for (const [index, one] of asks.entries()) {
      const isLast = index === asks.length - 1;
      yield {
        asks: [one],
        pauseMs: LIMITER_MS,
        waitMs: isLast ? WAIT_MS[family] : 0,
        ...(isLast && { isWhole: (): boolean => told(port, ttl) > 0 }),
      };
    }
    if (told(port, ttl) > 0) found = { ...found, result: 'passes' };
    else if (told(other, ttl) >= ROUNDS) found = { ...found, result: 'lost' };
  }

  const run = ask();
  return {
    name: 'fragment',
    mostMs: (2 * ROUNDS - 1) * LIMITER_MS + WAIT_MS[family],
    facts: () => found,
    next: () => run.next().value ?? null,
  };
}

/** Whether an ICMP error says that the rest of a packet did not come. */
function isReassembly(
  family: Family,
  { icmpType, icmpCode }: { readonly icmpType: number; readonly icmpCode: number },
): boolean {
  const type = family === 4 ? ICMP4_TYPE.TIME_EXCEEDED : ICMP6_TYPE.TIME_EXCEEDED;
  return icmpType === type && icmpCode === REASSEMBLY;
}
