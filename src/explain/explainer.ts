/** A capture in, findings out: the engine of `explain`. It knows no file, no clock and no words. */
import { createCapture } from './capture.ts';
import type { CaptureCounts, CapturedPacket } from './captureTables.ts';
import { fittingCauses } from './causes.ts';
import { readDatagramFlow } from './datagramFindings.ts';
import { findDistances } from './distances.ts';
import { type Evidence, toEvidence } from './evidence.ts';
import type { FindingDraft } from './finding.ts';
import type { Flow } from './flow.ts';
import { type FlowSign, joinSigns } from './flowSigns.ts';
import { judgeErrors, toErrorFinding } from './icmpFindings.ts';
import { limiterFindings } from './limiter.ts';
import { type CaptureLimit, captureLimits } from './limits.ts';
import type { Narrowing } from './narrowing.ts';
import { readReset } from './resetFindings.ts';
import { readSynProxy, readTcpFlow } from './tcpFindings.ts';
import { findTraceroutes } from './traceroutes.ts';

/** A finding with the known causes that fit it. */
export interface ExplainedFinding extends FindingDraft {
  readonly causeIds: readonly string[];
}

/** What a capture showed, most telling first. */
export interface Explained {
  readonly counts: CaptureCounts;
  readonly flows: number;
  readonly findings: readonly ExplainedFinding[];
  /** Findings beyond the limit. */
  readonly furtherFindings: number;
  readonly limits: readonly CaptureLimit[];
}

/** Takes packets in the order of the file, then says what they show. */
export interface Explainer {
  take(packet: CapturedPacket): void;
  result(): Explained;
}

/** A person reads a few; a program that wants more narrows the capture. */
const MAX_FINDINGS = 256;

/** Creates the engine; `narrowing` takes only some flows, null all. */
export function createExplainer(narrowing: Narrowing | null): Explainer {
  const capture = createCapture(narrowing);
  return {
    take: capture.take,
    result() {
      const evidence = toEvidence(capture);
      const errors = judgeErrors(evidence);
      const traceroutes = findTraceroutes(evidence, errors);
      const signs = [...readFlows(evidence, traceroutes.flows), ...findDistances(evidence)];
      const ofFlows = joinSigns(evidence, signs, MAX_FINDINGS);
      const drafts = [
        ...errors
          .filter((judged) => !traceroutes.errors.has(judged))
          .map((judged) => toErrorFinding(evidence, judged)),
        ...traceroutes.drafts,
        ...limiterFindings(evidence),
        ...ofFlows.drafts,
      ].sort((a, b) => b.rank - a.rank || a.firstMs - b.firstMs);
      return {
        counts: capture.counts,
        flows: capture.table.flows.length,
        findings: drafts
          .slice(0, MAX_FINDINGS)
          .map((draft) => ({ ...draft, causeIds: fittingCauses(draft) })),
        furtherFindings: Math.max(0, drafts.length - MAX_FINDINGS) + ofFlows.further,
        limits: captureLimits(evidence),
      };
    },
  };
}

/** `told`: their silence is part of another finding. */
function readFlows(evidence: Evidence, told: ReadonlySet<Flow>): [Flow, FlowSign][] {
  const signs: [Flow, FlowSign][] = [];
  for (const flow of evidence.table.flows) {
    if (evidence.strangerAnswers.has(flow)) continue;
    for (const sign of readFlow(evidence, flow)) {
      if (sign.kind !== 'silent' || !told.has(flow)) signs.push([flow, sign]);
    }
  }
  return signs;
}

function readFlow(evidence: Evidence, flow: Flow): FlowSign[] {
  const { tcp } = flow;
  if (tcp === null) {
    const sign = flow.datagrams === null ? null : readDatagramFlow(evidence, flow);
    return sign === null ? [] : [sign];
  }
  const ended =
    tcp.resets.length > 0 ? readReset(evidence, flow, tcp) : readTcpFlow(evidence, flow, tcp);
  return [ended, readSynProxy(flow, tcp)].filter((sign) => sign !== null);
}
