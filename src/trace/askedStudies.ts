/** The studies that a trace was asked for, and what they have found. */
import { isEcho } from '../batch.ts';
import type { Family, OwnSide } from '../model.ts';
import type { Cells } from './cells.ts';
import type { FlowFacts, TraceFacts } from './facts.ts';
import type { Flow, Flows } from './flows.ts';
import { createMtuStudy } from './mtuStudy.ts';
import { isOverBefore, lastHopOf } from './sourceGroups.ts';
import { createSourcesStudy } from './sourcesStudy.ts';
import { createStudies, type Studies } from './studies.ts';

/** The part of the facts that studies find. */
type StudyFacts = Pick<TraceFacts, 'sources' | 'mtu'>;

/** What they are made from. */
export interface AskedStudiesOptions {
  /** Source ports from which the asked port is walked; 0: its own alone. */
  readonly sources: number;
  readonly mtu: boolean;
  readonly family: Family;
  readonly chosen: Flows;
  /** All flows of the trace, to which those of other sizes are added. */
  readonly flows: Flow[];
  readonly cells: Cells;
  readonly srcPort: number;
  readonly ownSide: () => OwnSide | null;
  readonly facts: () => TraceFacts;
}

/** Creates them; `found` reads them out of the facts of all flows. */
export function createAskedStudies(options: AskedStudiesOptions): Studies & {
  found(all: readonly FlowFacts[]): StudyFacts;
} {
  const { chosen, flows, cells, srcPort, ownSide, facts, family } = options;
  const { main, variants, further } = chosen;
  const walked = [main[0]!, ...variants, ...further].slice(0, options.sources);
  const sources = createSourcesStudy({
    flows: walked,
    controls: main.slice(1),
    cells,
    lastHop: () => (walked.length === 0 ? 0 : lastHopOf(facts())),
    isOver: ({ index }, ttl) => isOverBefore(cells.flow(index), ttl),
  });
  const mtu = createMtuStudy({
    family,
    carriers: options.mtu ? main.filter(({ protocol }) => !isEcho(protocol)) : [],
    cells,
    padded(carrier, dataBytes) {
      const flow = { ...carrier, index: flows.length, dataBytes };
      flows.push(flow);
      return flow;
    },
    linkMtu: () => ownSide()?.mtu ?? null,
  });
  return {
    ...createStudies([sources, mtu], cells, () => ownSide() !== null),
    found: (all) => ({
      sources: walked.map((flow) => ({
        srcPort: srcPort + flow.lane,
        flow: all[flow.index]!,
        silent: sources.silent(flow),
      })),
      mtu: mtu.facts(),
    }),
  };
}
