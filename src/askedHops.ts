/** `trace --ask-hops`: which routers of a run of traces are asked themselves, and what their answers add to its report. */
import type { HopAnswer, Ip, Path, Report, Verdict } from './model.ts';
import { parseSeed } from './plan/seed.ts';
import { TOKEN, tokenWord } from './probe/token.ts';
import { askedHopsNotes } from './report/notes.ts';
import { pathWords } from './report/whyPath.ts';
import { canBeAsked, type LearnedHop, learnedHops, refineByHops } from './trace/askedHops.ts';

/** Whom a scan asks behind the traces of a run: each port of each router, by SYN. */
export interface HopsToAsk {
  readonly targets: readonly Ip[];
  /** The lost ports, and behind them the control port. */
  readonly ports: readonly number[];
}

/** Routers of one run: as many as four of the longest paths have. */
export const MAX_ASKED_HOPS = 256;
/** Control ports: above what services use, and what a stranger would send a SYN to by chance. */
const FIRST_CONTROL = 40_000;
const CONTROLS = 20_000;

/** What there is to ask; null: nothing. */
export function hopsToAsk(report: Report): HopsToAsk | null {
  const asked = report.complete
    ? report.paths.filter((path) => askedOf(report, path).length > 0)
    : [];
  if (asked.length === 0) return null;
  const targets = new Set(asked.flatMap((path) => askedOf(report, path).map(({ ip }) => ip)));
  const ports = new Set(asked.map(({ port }) => port));
  return {
    targets: [...targets].slice(0, MAX_ASKED_HOPS),
    ports: [...ports, controlOf(report)],
  };
}

/** Routers of a path that may be asked: no target of the run is one. */
function askedOf({ paths }: Report, path: Path): readonly LearnedHop[] {
  const isTarget = ({ ip }: LearnedHop): boolean => paths.some(({ target }) => target === ip);
  return learnedHops(path).filter((hop) => canBeAsked(hop) && !isTarget(hop));
}

/** The control port of a run by its seed: none that is traced. */
function controlOf({ seed, paths }: Report): number {
  const traced = new Set(paths.map(({ port }) => port));
  const drawn = tokenWord(...parseSeed(seed), 0, TOKEN.CONTROL) % CONTROLS;
  for (let port = FIRST_CONTROL + drawn; ; port++) if (!traced.has(port)) return port;
}

/** The report with what the routers said: `scanned` is that of the scan behind the traces; null: there was none. */
export function withAskedHops(report: Report, scanned: Report | null): Report {
  if (scanned === null && !report.complete) return report;
  const verdicts = new Map(
    scanned?.verdicts.map((verdict) => [`${verdict.target} ${verdict.port}`, verdict]),
  );
  const paths = report.paths.map((path) => withAnswers(report, path, verdicts));
  return {
    ...report,
    paths,
    complete: report.complete && (scanned?.complete ?? true),
    durationMs: Math.round((report.durationMs + (scanned?.durationMs ?? 0)) * 1000) / 1000,
    counters: scanned === null ? report.counters : sum(report.counters, scanned.counters),
    warnings: [
      ...new Set([...report.warnings, ...(scanned?.warnings ?? []), ...askedHopsNotes(paths)]),
    ],
  };
}

function withAnswers(report: Report, path: Path, verdicts: ReadonlyMap<string, Verdict>): Path {
  const control = controlOf(report);
  const found = askedOf(report, path).flatMap(({ ttl, ip }) => {
    const [port, other] = [path.port, control].map((one) => verdicts.get(`${ip} ${one}`));
    if (port === undefined || other === undefined) return [];
    const hop = { ttl, ip, port: answerOf(port, other), control: answerOf(other, other) };
    return [{ hop, evidence: [...port.evidence, ...other.evidence] }];
  });
  if (found.length === 0) return path;
  const askedHops = { control, hops: found.map(({ hop }) => hop) };
  const refined = refineByHops(path, askedHops);
  if (refined === null || path.finding === null) return { ...path, askedHops };
  const { finding, whyId, whyArgs, by } = refined;
  const { why, hypotheses, next } = pathWords(whyId, whyArgs);
  const decided = found.filter(({ hop }) => by.includes(hop)).flatMap(({ evidence }) => evidence);
  const evidence = [...path.finding.evidence, ...decided];
  return {
    ...path,
    finding: { ...finding, hypotheses, next, evidence },
    why,
    whyId,
    whyArgs,
    askedHops,
  };
}

/** Attempts after which a silence is no chance: as many as a scan makes. */
const SILENT_ATTEMPTS = 3;

/** A RST or a SYN-ACK is the router's if it has come as far as the answer from its control port. */
function answerOf({ state, reason, detail, attempts, by }: Verdict, control: Verdict): HopAnswer {
  const isSilent = reason === 'no-response' && detail === null && attempts >= SILENT_ATTEMPTS;
  if (isSilent) return 'silent';
  const isTcp = (state === 'closed' && reason === 'reset') || state === 'open';
  return isTcp && by?.hop === control.by?.hop ? 'answered' : 'unclear';
}

function sum(one: Report['counters'], other: Report['counters']): Report['counters'] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)]));
}
