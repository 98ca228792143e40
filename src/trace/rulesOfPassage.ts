/** Rules 8, 9 and 10 with passage known (`--passage`, `--fragment`): which of the two directions loses the port (ADR 0025). */
import type { PathPassage } from '../model.ts';
import type { TraceFacts } from './facts.ts';
import type { Located } from './locate.ts';
import { commonArgs, placeArgs } from './reasonArgs.ts';
import type { View } from './view.ts';

/** Where neither direction was settled, what follows from whether the port's packets come to the target. */
export function refineByPassage(view: View, located: Located): Located {
  const { passage, target } = view.facts;
  const { finding, whyArgs } = located;
  if (passage === null || finding === null || finding.direction !== 'either') return located;
  // A rule that looks behind no extension header would pass what it drops without one: never more than likely.
  const certainty = finding.certainty === 'low' ? 'low' : 'medium';
  if (passage.result === 'unknown') {
    return { ...located, whyArgs: { ...whyArgs, passage: passage.result } };
  }
  const isReassembly = passage.form === 'reassembly';
  if (passage.result === 'lost') {
    return {
      end: 'dropped',
      finding: { ...finding, kind: 'drop', direction: 'forward', certainty },
      whyId: isReassembly ? 'path.fragment.lost' : 'path.passage.lost',
      whyArgs: {
        ...commonArgs(view),
        ...placeArgs('after', finding.after),
        ...placeArgs('before', finding.before),
      },
    };
  }
  if (isReassembly) return reassembled(view, located, certainty);
  // A TCP stack always answers; a service of UDP need not.
  const isTcp = view.asked.facts.protocol === 'tcp';
  return {
    end: isTcp ? 'dropped' : 'reached',
    finding: {
      ...finding,
      kind: 'return-drop',
      after: view.targetHop === null ? null : { ttl: view.targetHop, ip: target },
      before: { ttl: 0, ip: null },
      direction: 'return',
      certainty: isTcp ? certainty : 'low',
    },
    whyId: isTcp ? 'path.passage.return' : 'path.passage.silent',
    whyArgs: commonArgs(view),
  };
}

/**
 * What comes to the target's IP layer is lost there or behind. Over IPv6 Linux waits for the rest behind INPUT, but for a
 * connection table, which does so before: that INPUT has passed it cannot be said.
 */
function reassembled(view: View, located: Located, certainty: 'low' | 'medium'): Located {
  const finding = located.finding!;
  const { facts, asked, targetHop } = view;
  const after = targetHop === null ? null : { ttl: targetHop, ip: facts.target };
  return {
    end: located.end,
    finding: {
      ...finding,
      after,
      before: null,
      // A service of UDP need not answer.
      certainty: asked.facts.protocol === 'tcp' ? certainty : 'low',
    },
    whyId: 'path.fragment.passes',
    whyArgs: commonArgs(view),
  };
}

/** Passage as a report has it. */
export function toPathPassage({ passage, passageFlows }: TraceFacts): PathPassage | null {
  if (passage === null) return null;
  const { form, result } = passage;
  const [asked, control] = passageFlows;
  const heard = (control?.hops[passage.ttl]?.answers ?? []).length;
  return {
    form,
    result,
    rounds: asked?.hops[passage.ttl]?.rounds ?? 0,
    control: control === undefined ? null : { port: control.port ?? 0, answered: heard },
  };
}
