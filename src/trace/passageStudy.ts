/**
 * Whether packets to a silent port come to the target's own stack (`--passage`, IPv6 alone): a probe that the stack has to
 * refuse by an ICMP error, whatever stands behind its port. Linux looks at it behind INPUT and before UDP and TCP.
 *
 * First behind a destination option that nobody knows (Parameter Problem, code 2: RFC 8200 section 4.2); where such packets
 * are dropped on the way, as a first fragment that does not end at 8 bytes (code 0: section 4.5). The same probe to a
 * control port leaves behind it: a silence counts where the control was answered.
 */
import { SHAPE } from '../batch.ts';
import { ICMP6_TYPE } from '../packet/icmp.ts';
import type { Cells } from './cells.ts';
import { LIMITER_MS } from './errorBudget.ts';
import type { PassageFacts } from './facts.ts';
import type { Flow } from './flows.ts';
import type { Study, StudyRound } from './studies.ts';
import type { TraceAsk } from './traceRows.ts';
import { flowView } from './view.ts';

/** The study of passage. */
export interface PassageStudy extends Study {
  /** Null: nothing was asked. */
  facts(): PassageFacts | null;
}

/** What it is made from. */
export interface PassageOptions {
  /** The asked flow; null: the study was not asked for. */
  readonly asked: Flow | null;
  /** The control of its protocol; undefined: none. */
  readonly control: Flow | undefined;
  readonly cells: Cells;
  /** A further flow of the same ports, in another shape. */
  readonly shaped: (flow: Flow, shape: number) => Flow;
  /** TTL that comes to the target. */
  readonly ttl: () => number;
}

/** Both forms, in the order in which they are tried. */
const FORMS = [
  { name: 'dst-option', shape: SHAPE.DST_OPTION, code: 2 },
  { name: 'first-fragment', shape: SHAPE.FIRST_FRAGMENT, code: 0 },
] as const;
type Form = (typeof FORMS)[number];

/** Silences of the asked port, each beside an answer to the control; and where packets were seen to be lost (ADR 0020). */
const SILENCES = 3;
const SILENCES_UNDER_LOSS = 6;
/** Times that one form is asked: an identity has 15 attempts (probe/token.ts). */
const MAX_ROUNDS = 12;
/** Rounds in which nobody was answered, after which this form does not pass. */
const UNHEARD_ROUNDS = 3;

type Run<Result> = Generator<StudyRound, Result, undefined>;

/** Creates the study. */
export function createPassageStudy(options: PassageOptions): PassageStudy {
  const { cells, shaped } = options;
  let found: PassageFacts | null = null;
  let pauseMs = 0;
  let hasLoss = false;
  const needed = (): number => (hasLoss ? SILENCES_UNDER_LOSS : SILENCES);

  const askOf = (flow: Flow, ttl: number): TraceAsk => ({
    flow,
    ttl,
    round: cells.rounds(flow.index, ttl) + 1,
  });
  /** Rounds that the stack has refused: an answer may come late, while the next round is waited for, or twice. */
  const refusedRounds = ({ index }: Flow, ttl: number, { code }: Form): number => {
    const refusals = (cells.flow(index).hops[ttl]?.answers ?? []).filter(
      (one) =>
        one.isTarget && one.icmpType === ICMP6_TYPE.PARAMETER_PROBLEM && one.icmpCode === code,
    );
    return new Set(refusals.map(({ round }) => round)).size;
  };

  /** Asks in one form; `unknown`: too few were answered. */
  function* tryForm(form: Form, port: Flow, ttl: number): Run<PassageFacts['result']> {
    const asked = shaped(port, form.shape);
    const controls = options.control === undefined ? [] : [shaped(options.control, form.shape)];
    const [control] = controls;
    /** A silence of the asked port counts where the control was answered. */
    const silences = (): number => (control === undefined ? 0 : refusedRounds(control, ttl, form));
    found = {
      form: form.name,
      result: 'unknown',
      ttl,
      asked: asked.index,
      control: control?.index ?? null,
    };
    let unheard = 0;
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const before = silences();
      yield { asks: [asked, ...controls].map((flow) => askOf(flow, ttl)), pauseMs };
      if (refusedRounds(asked, ttl, form) > 0) return 'passes';
      if (silences() === before) {
        unheard += 1;
        hasLoss ||= pauseMs > 0 && before > 0;
        pauseMs = LIMITER_MS;
      }
      if (silences() >= needed()) return 'lost';
      if (silences() === 0 && unheard >= UNHEARD_ROUNDS) return 'unknown';
    }
    return 'unknown';
  }

  function* ask(): Run<void> {
    const { asked } = options;
    if (asked === null || isSettled(cells, asked)) return;
    const ttl = options.ttl();
    for (const form of FORMS) {
      const result = yield* tryForm(form, asked, ttl);
      found = { ...found!, result };
      if (result !== 'unknown') return;
    }
  }

  const run = ask();
  return {
    name: 'passage',
    facts: () => found,
    next: () => run.next().value ?? null,
  };
}

/** Who answers has said more than this could, and what does not leave asks nothing. */
export function isSettled(cells: Cells, { index }: Flow): boolean {
  const { facts, reached, refused } = flowView(cells.flow(index));
  return reached !== null || refused !== null || facts.sendErrno !== 0;
}
