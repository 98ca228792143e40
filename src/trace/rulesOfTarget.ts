/** Rules 1 and 4 to 6: the asked flow was answered by the target, or in its name. */
import { isPortUnreachable } from '../match/icmpMeaning.ts';
import type { Location } from '../model.ts';
import type { Observation } from './facts.ts';
import type { Located, Rule } from './locate.ts';
import { commonArgs, labelOf } from './reasonArgs.ts';
import { differingHops, distance, type FlowView, placeAt, travelled, type View } from './view.ts';

/** Rule 1: the flow is translated on the way; it decides nothing of who answered, and is told where nothing else is wrong. */
function natFinding(view: View, hop: number): Location {
  const before = placeAt(view.asked, hop);
  const isMasked = before.ip === null || before.ip === view.facts.target;
  return {
    kind: 'nat',
    after: placeAt(view.asked, hop - 1),
    before,
    direction: 'forward',
    // Who wears the target's address is known by the hop alone; who is told by a quote may stand on either side of the link.
    by: isMasked ? { ip: null, hop } : null,
    rule: 1,
    certainty: isMasked || isQuotedTwice(view) ? 'high' : 'medium',
  };
}

/** Whether two machines quote another address or port: one alone may quote wrong, and so may all of one make a checksum. */
function isQuotedTwice({ asked }: View): boolean {
  const quoters = asked.facts.hops
    .flatMap(({ answers }) => answers)
    .filter(({ notes }) => {
      const { isChecksumOff: _, ...changes } = notes?.translated ?? {};
      return Object.values(changes).some((change) => change !== null);
    });
  return new Set(quoters.map(({ ip }) => ip)).size > 1;
}

/** What a quote has that the probe had not, in words. */
function changesOf({ notes }: Observation): string {
  const { source, sourcePort, destination, destinationPort, isChecksumOff } = notes!.translated!;
  const words = [
    ...(source === null ? [] : [`source ${source}`]),
    ...(sourcePort === null ? [] : [`source port ${sourcePort}`]),
    ...(destination === null ? [] : [`destination ${destination}`]),
    ...(destinationPort === null ? [] : [`destination port ${destinationPort}`]),
    ...(isChecksumOff ? ['a checksum that fits other addresses'] : []),
  ];
  return words.join(', ');
}

/** The flow ended at the target, as far as can be told; behind a NAT that is said. */
function atTarget(view: View, whyId: string, extra: Record<string, string | number>): Located {
  const { natHop, translated } = view;
  const args = {
    ...commonArgs(view),
    ...extra,
    ...(natHop === null ? {} : { natHop }),
    ...(translated === null ? {} : { quotedHop: translated.ttl, quotedAs: changesOf(translated) }),
  };
  const hop = natHop ?? translated?.ttl ?? null;
  const finding = hop === null ? null : natFinding(view, hop);
  return { end: 'reached', finding, whyId, whyArgs: args };
}

/** Rule 4: an ICMP error under the target's address. */
export const rejectedByTarget: Rule = (view) => {
  const said = view.asked.reached;
  if (said?.answer !== 'unreachable') return null;
  const extra = { icmp: labelOf(view, said), hop: said.ttl };
  const { targetHop } = view;
  const quoted = travelled(said);
  const isNearer =
    view.natHop === null &&
    targetHop !== null &&
    (said.ttl < targetHop || (quoted !== null && quoted < targetHop - 1));
  const certainty = isNearer && isProvenNearer(view, said) ? 'high' : 'medium';
  if (isNearer) {
    const hop = said.ttl - 1;
    return {
      end: 'rejected',
      finding: nearerFinding(view, 'reject', hop, 4, certainty),
      whyId: 'path.reject.forged',
      whyArgs: { ...commonArgs(view), ...extra, hop, targetHop },
    };
  }
  const isUdp = view.asked.facts.protocol === 'udp';
  if (isUdp && isPortUnreachable(view.facts.family, said.icmpType, said.icmpCode)) {
    return atTarget(view, 'path.closed.udp', extra);
  }
  const finding: Location = {
    kind: 'reject',
    after: placeAt(view.asked, said.ttl - 1),
    before: { ttl: said.ttl, ip: said.ip },
    direction: 'forward',
    by: { ip: said.ip, hop: said.ttl },
    rule: 4,
    certainty: view.natHop === null && distance(said) === said.ttl ? 'high' : 'medium',
  };
  return {
    end: 'rejected',
    finding,
    whyId: 'path.reject.target',
    whyArgs: { ...commonArgs(view), ...extra },
  };
};

/** A finding about somebody at `hop` who answers in the target's name. */
function nearerFinding(
  view: View,
  kind: Location['kind'],
  hop: number,
  rule: number,
  certainty: Location['certainty'],
): Location {
  const after = placeAt(view.asked, hop);
  return {
    kind,
    after,
    before: { ttl: hop + 1, ip: null },
    direction: 'forward',
    // Who wears the target's address is known by the hop alone.
    by: { ip: null, hop: hop < 1 ? null : hop },
    rule,
    certainty,
  };
}

/**
 * Whether an answer in the target's name is proven to come from the hop before its TTL: its outer TTL says the same, and a
 * control that went the same way is passed on there, by others than the target, so that the target is further away.
 */
function isProvenNearer(view: View, said: Observation): boolean {
  const hop = said.ttl - 1;
  if (hop < 1 || distance(said) !== hop) return false;
  const sender = view.asked.exceededAt(hop);
  return view.controls.some((control) => {
    const beyond = control.exceededAt(said.ttl);
    if (beyond === null || beyond.isTarget || beyond.ip === sender?.ip) return false;
    return sender !== null && differingHops(view.asked, control, hop).length === 0;
  });
}

/** Outer TTL of TCP answers of the target in a control flow, at its own hop; 0: none is known. */
function tcpTtlOfTarget({ controls, targetHop }: View): number {
  const answer = controls
    .filter(({ facts }) => facts.protocol === 'tcp')
    .map(({ reached }) => reached)
    .find((one) => one !== null && one.ttl === targetHop && isTcp(one));
  return answer?.outerTtl ?? 0;
}

const isTcp = ({ answer }: Observation): boolean => answer === 'reset' || answer === 'syn-ack';

/** Rule 5: a RST. */
export const resetBy: Rule = (view) => {
  const said = view.asked.reached;
  if (said?.answer !== 'reset') return null;
  const { targetHop, natHop } = view;
  const isNearer = natHop === null && targetHop !== null && said.ttl < targetHop;
  if (!isNearer) return atTarget(view, 'path.closed.tcp', { hop: said.ttl });
  if (said.outerTtl !== 0 && said.outerTtl === tcpTtlOfTarget(view)) {
    return rewritten(view, said, 'path.ttl-rewrite.closed');
  }
  const hop = said.ttl - 1;
  const certainty = isProvenNearer(view, said) ? 'high' : 'medium';
  return {
    end: 'rejected',
    finding: nearerFinding(view, 'forged-reset', hop, 5, certainty),
    whyId: 'path.forged-reset',
    whyArgs: { ...commonArgs(view), hop, targetHop, ...byArgs(view.asked, hop) },
  };
};

const byArgs = (flow: FlowView, hop: number): Record<string, string> => {
  const { ip } = placeAt(flow, hop);
  return ip === null ? {} : { by: ip };
};

/** The target's own answer, to a packet that should have run out before: its TTL was set anew on the way. */
function rewritten(view: View, said: Observation, whyId: string): Located {
  return {
    end: 'reached',
    finding: {
      ...nearerFinding(view, 'ttl-rewrite', said.ttl - 1, 6, 'medium'),
      by: { ip: null, hop: said.ttl },
    },
    whyId,
    whyArgs: { ...commonArgs(view), hop: said.ttl, targetHop: view.targetHop ?? 0 },
  };
}

/** Rule 6: the port answers. */
export const answered: Rule = (view) => {
  const { asked, targetHop, natHop } = view;
  const accepted = (one: Observation): boolean =>
    one.answer === 'syn-ack' || (one.answer === 'udp-response' && one.isTarget);
  const all = asked.facts.hops.flatMap(({ answers }) => answers.filter(accepted));
  const [said] = all.toSorted((a, b) => a.ttl - b.ttl);
  if (said === undefined) {
    return asked.facts.unplaced.some(accepted) ? atTarget(view, 'path.open', {}) : null;
  }
  if (natHop !== null || targetHop === null || said.ttl >= targetHop) {
    return atTarget(view, 'path.open', { hop: said.ttl });
  }
  const isTargets =
    said.outerTtl !== 0 &&
    (said.answer === 'syn-ack'
      ? said.outerTtl === tcpTtlOfTarget(view)
      : distance(said) === targetHop);
  if (isTargets) return rewritten(view, said, 'path.ttl-rewrite.open');
  const hop = distance(said) ?? said.ttl;
  // Without its TTL the answer may as well be the target's own.
  const certainty = said.outerTtl === 0 ? 'low' : 'medium';
  return {
    end: 'reached',
    finding: { ...nearerFinding(view, 'proxy', said.ttl - 1, 6, certainty), by: { ip: null, hop } },
    whyId: 'path.proxy',
    whyArgs: { ...commonArgs(view), hop, targetHop },
  };
};
