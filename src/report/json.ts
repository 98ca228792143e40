import type { Report, Verdict } from '../model.ts';

/** Digits after the point of a time in ms, and of a confidence (contract.md). */
const RTT_DIGITS = 1e3;
const CONFIDENCE_DIGITS = 1e4;

/** A report as one JSON document, ending in a newline (contract.md, schema pu-probe/report/1). */
export function toJson(report: Report): string {
  return [...jsonChunks(report)].join('');
}

/** The document of {@link toJson} piece by piece, one verdict a line: large reports are longer than a string may be. */
export function* jsonChunks(report: Report): Generator<string> {
  const { verdicts, hosts, paths, counters, warnings, ...head } = report;
  const { schema, tool, command, startedAt, durationMs, wire, plan } = head;
  const { complete, notDone, seed, recording } = head;
  const begun = { schema, tool, command, startedAt, durationMs: roundMs(durationMs), wire, plan };
  const entries = Object.entries({ ...begun, complete, notDone, seed, recording });
  yield `{\n${entries.map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`).join('')}`;
  yield* list('verdicts', verdicts, verdictFields);
  yield* list('hosts', hosts, (host) => host);
  yield* list('paths', paths, (path) => path);
  yield `  "counters": ${JSON.stringify(counters)},\n`;
  yield `  "warnings": ${JSON.stringify(warnings)}\n}\n`;
}

/** A verdict with the names, order and digits of the contract; `detail` and `between` only where there is one. */
export function verdictFields(verdict: Verdict): Readonly<Record<string, unknown>> {
  const { target, name, port, protocol, state, reason, detail, service, by, icmp } = verdict;
  const { ttl, quotedTtl, rttMs, attempts, confidence, why, whyId, whyArgs, wire } = verdict;
  return {
    target,
    name,
    port,
    protocol,
    state,
    reason,
    ...(detail === null ? {} : { detail }),
    service,
    by,
    icmp,
    ttl,
    quotedTtl,
    rttMs: rttMs === null ? null : roundMs(rttMs),
    attempts,
    confidence: roundConfidence(confidence),
    why,
    whyId,
    whyArgs: roundArgs(whyArgs),
    wire,
    evidence: verdict.evidence,
    ...(verdict.between === undefined ? {} : { between: verdict.between }),
  };
}

/** Times to 3 decimals. */
export function roundMs(ms: number): number {
  return Math.round(ms * RTT_DIGITS) / RTT_DIGITS;
}

/** Confidence to 4 decimals, downwards: rounding must not make anything certain. */
export function roundConfidence(confidence: number): number {
  // The addend makes up for products like 0.0003 * 1e4 = 2.9999999999999996.
  return Math.floor(confidence * CONFIDENCE_DIGITS + 1e-9) / CONFIDENCE_DIGITS;
}

function roundArgs(args: Verdict['whyArgs']): Verdict['whyArgs'] {
  return typeof args['rttMs'] === 'number' ? { ...args, rttMs: roundMs(args['rttMs']) } : args;
}

function* list<Item>(
  key: string,
  items: readonly Item[],
  fields: (item: Item) => unknown,
): Generator<string> {
  if (items.length === 0) {
    yield `  "${key}": [],\n`;
    return;
  }
  yield `  "${key}": [`;
  let separator = '\n';
  for (const item of items) {
    yield `${separator}    ${JSON.stringify(fields(item))}`;
    separator = ',\n';
  }
  yield '\n  ],\n';
}
