/** The studies that a trace was asked for, and what they have found. */
import { isEcho, SHAPE } from '../batch.ts';
import type { Family, OwnSide } from '../model.ts';
import type { Cells } from './cells.ts';
import type { FlowFacts, PassageFacts, TraceFacts } from './facts.ts';
import type { Flow, Flows, ProbeNames } from './flows.ts';
import { createFragmentStudy } from './fragmentStudy.ts';
import { createMtuStudy } from './mtuStudy.ts';
import { createPassageStudy } from './passageStudy.ts';
import { isOverBefore, lastHopOf } from './sourceGroups.ts';
import { createSourcesStudy } from './sourcesStudy.ts';
import { createStudies, type Studies } from './studies.ts';

/** The part of the facts that studies find. */
type StudyFacts = Pick<TraceFacts, 'sources' | 'mtu' | 'passage' | 'passageFlows'>;

/** What they are made from. */
export interface AskedStudiesOptions {
  /** Source ports from which the asked port is walked; 0: its own alone. */
  readonly sources?: number;
  readonly mtu?: boolean;
  readonly passage?: boolean;
  readonly fragment?: boolean;
  readonly family: Family;
  readonly chosen: Flows;
  /** All flows of the trace, to which those of other sizes are added. */
  readonly flows: Flow[];
  readonly cells: Cells;
  readonly names: ProbeNames;
  readonly srcPort: number;
  readonly ownSide: () => OwnSide | null;
  readonly facts: () => TraceFacts;
}

/** Creates them; `found` reads them out of the facts of all flows. */
export function createAskedStudies(options: AskedStudiesOptions): Studies & {
  found(all: readonly FlowFacts[]): StudyFacts;
} {
  const { chosen, flows, cells, srcPort, ownSide, facts, family } = options;
  const { main, variants } = chosen;
  const walked = [main[0]!, ...variants, ...chosen.further].slice(0, options.sources ?? 0);
  const sources = createSourcesStudy({
    flows: walked,
    controls: main.slice(1),
    cells,
    lastHop: () => (walked.length === 0 ? 0 : lastHopOf(facts())),
    isOver: ({ index }, ttl) => isOverBefore(cells.flow(index), ttl),
  });
  const further = (flow: Flow, rest: Partial<Flow>): Flow => {
    const added = { ...flow, ...rest, index: flows.length };
    flows.push(added);
    return added;
  };
  const mtu = createMtuStudy({
    family,
    carriers: options.mtu ? main.filter(({ protocol }) => !isEcho(protocol)) : [],
    cells,
    padded: (carrier, dataBytes) => further(carrier, { dataBytes }),
    linkMtu: () => ownSide()?.mtu ?? null,
  });
  const [asked, ...controls] = main;
  const control = controls.find(({ protocol }) => protocol === asked!.protocol);
  const ttl = (): number => facts().maxTtl;
  const passage = createPassageStudy({
    ...{ control, cells, ttl },
    asked: options.passage && family === 6 ? asked! : null,
    shaped: (flow, shape) =>
      further(flow, {
        shape,
        ...(shape === SHAPE.FIRST_FRAGMENT && { dataBytes: oddBytes(options.names, flow) }),
      }),
  });
  const fragment = createFragmentStudy({
    ...{ family, control, cells, ttl },
    asked: options.fragment ? asked! : null,
    shaped: (flow, shape) => further(flow, { shape, dataBytes: wholeBytes(options.names, flow) }),
  });
  return {
    ...createStudies([sources, mtu, passage, fragment], cells, () => ownSide() !== null),
    found: (all) => ({
      sources: walked.map((flow) => ({
        srcPort: srcPort + flow.lane,
        flow: all[flow.index]!,
        silent: sources.silent(flow),
      })),
      mtu: mtu.facts(),
      ...passageOf(passage.facts() ?? fragment.facts(), all),
    }),
  };
}

/** Data with which a fragment does not end at 8 bytes: the headers of both transports do. */
function oddBytes(names: ProbeNames, flow: Flow): number {
  const { length } = names.payloadOf(flow, 1);
  return length + ((12 - (length % 8)) % 8);
}

/** Data with which a fragment ends at 8 bytes, as all but the last must (RFC 791 section 3.2, RFC 8200 section 4.5). */
function wholeBytes(names: ProbeNames, flow: Flow): number {
  return Math.ceil(names.payloadOf(flow, 1).length / 8) * 8;
}

function passageOf(
  passage: PassageFacts | null,
  all: readonly FlowFacts[],
): Pick<TraceFacts, 'passage' | 'passageFlows'> {
  if (passage === null) return { passage, passageFlows: [] };
  const indices = [passage.asked, ...(passage.control === null ? [] : [passage.control])];
  return { passage, passageFlows: indices.map((index) => all[index]!) };
}
