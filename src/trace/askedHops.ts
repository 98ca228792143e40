/**
 * What follows when the routers of a path were asked themselves (methods B5): a SYN to the lost port and one to a control
 * port, addressed to each. Their answers have the port as their source, as those of the target have, and cross the routers
 * before them: who answers the control port alone tells where answers of the lost port are dropped on their way back. Beyond
 * a hop that drops the asked flow they tell whether the rule names the port alone.
 *
 * A router may filter the port for itself, and looks the same: no silence here makes anything certain (ADR 0024).
 */
import type {
  AskedHop,
  Finding,
  Hop,
  Ip,
  Location,
  Path,
  PathAskedHops,
  PathPlace,
} from '../model.ts';
import { classifyIp, parseIp } from '../packet/address.ts';
import { placeArgs } from './reasonArgs.ts';

/** What the routers of a path have added to its finding. */
export interface RefinedByHops {
  readonly finding: Location;
  readonly whyId: string;
  readonly whyArgs: Path['whyArgs'];
  /** The routers that decided. */
  readonly by: readonly AskedHop[];
}

/** A router to ask. */
export type LearnedHop = Pick<AskedHop, 'ttl' | 'ip'>;

/** Findings that routers may tell more about: a loss of the asked flow alone, that no other host behind a NAT explains. */
const ASKED_WHY: ReadonlySet<string> = new Set([
  'path.drop',
  'path.drop.last',
  'path.drop.silent-hops',
]);

/**
 * The routers of a path that are worth asking, nearest first: the one that was heard at each hop before the target, where it
 * was one. None where the finding leaves nothing for them to tell, or addresses are translated on the way.
 */
export function learnedHops({
  protocol,
  target,
  finding,
  whyId,
  flows,
}: Path): readonly LearnedHop[] {
  if (protocol !== 'tcp' || finding === null || !ASKED_WHY.has(whyId)) return [];
  const heard = flows.flatMap(({ hops }) => hops.filter(isOfRouter));
  const isTranslated = heard.some(
    ({ ip, notes }) => ip === target || (notes?.translated?.destination ?? null) !== null,
  );
  if (isTranslated || flows.some(({ isEstimated }) => isEstimated)) return [];
  const known = new Set<Ip>();
  const last = Math.max(0, ...heard.map(({ ttl }) => ttl));
  return Array.from({ length: last }, (_, index) => index + 1).flatMap((ttl) => {
    const here = heard.filter((hop) => hop.ttl === ttl);
    const [ip, ...others] = new Set(here.flatMap((hop) => [hop.ip!, ...hop.others]));
    if (ip === undefined || others.length > 0 || known.has(ip)) return [];
    known.add(ip);
    return [{ ttl, ip }];
  });
}

const isOfRouter = ({ ip, reason }: Hop): boolean => ip !== null && reason === 'time-exceeded';

/** Whether a router's address names one host by itself: what a stranger may have written there might not. */
export function canBeAsked({ ip }: LearnedHop): boolean {
  const parsed = parseIp(ip);
  return parsed !== null && classifyIp(parsed.bytes, 0, parsed.family) === 'unicast';
}

/** What follows from the answers of the routers; null: nothing, and the finding stays as it is. */
export function refineByHops(path: Path, { control, hops }: PathAskedHops): RefinedByHops | null {
  const { finding, whyArgs } = path;
  if (finding === null) return null;
  // A router that does not refuse the control port, or is unclear about the other, says nothing by its silence.
  const speakers = hops.filter((hop) => hop.control === 'answered' && hop.port !== 'unclear');
  if (speakers.length === 0) return null;
  const args = { ...whyArgs, controlPort: control };
  return finding.direction === 'either'
    ? refineReturn(finding, args, speakers)
    : refineScope(finding, args, speakers);
}

/** Rule 9: it came to the last router. Which of those before it get their answers back from the same port? */
function refineReturn(
  finding: Finding,
  args: Path['whyArgs'],
  speakers: readonly AskedHop[],
): RefinedByHops {
  const { heard, last } = furthestHeard(speakers);
  const lost = speakers.filter(({ ttl, port }) => port === 'silent' && ttl > last.ttl);
  const [first] = lost;
  const told = { ...args, heard: heard.length, heardHop: last.ttl };
  if (first === undefined) {
    const ip = last.ip === null ? {} : { heardIp: last.ip };
    return refined(finding, 'path.drop.answers-pass', { ...told, ...ip }, heard);
  }
  // One that is silent although others beyond it are heard filters the port for itself: then others may, too.
  const areOrdered = heard.length + lost.length === speakers.length;
  const isLikely = areOrdered && heard.length > 0 && lost.length >= LIKELY_SILENT;
  const location: Location = {
    kind: 'return-drop',
    after: { ttl: first.ttl, ip: first.ip },
    before: last,
    direction: 'return',
    by: null,
    rule: finding.rule,
    certainty: isLikely ? 'medium' : 'low',
  };
  const whyArgs = {
    ...told,
    lastHop: finding.after?.ttl ?? 0,
    lost: lost.length,
    ...placeArgs('after', location.after),
    ...placeArgs('before', location.before),
  };
  return refined(location, 'path.return-drop', whyArgs, speakers);
}

/** Routers that must be silent for a drop on the way back to be the likeliest: the last one alone may filter for itself. */
const LIKELY_SILENT = 2;

/** Rules 7 and 8: lost on its way out. Do routers beyond get the same port? */
function refineScope(
  { hypotheses: _, next: __, evidence: ___, ...location }: Finding,
  args: Path['whyArgs'],
  speakers: readonly AskedHop[],
): RefinedByHops | null {
  const beyond = speakers.filter(({ ttl }) => ttl > (location.after?.ttl ?? 0));
  const passed = beyond.filter(({ port }) => port === 'answered');
  if (beyond.length === 0) return null;
  const scope = passed.length > 0 ? 'destination' : 'port';
  const by = scope === 'port' ? beyond : passed;
  const whyArgs = { ...args, beyond: by.length, beyondHop: by[0]!.ttl, beyondIp: by[0]!.ip };
  const whyId = scope === 'port' ? 'path.drop.port' : 'path.drop.destination';
  return refined({ ...location, scope }, whyId, whyArgs, by);
}

/** The routers that answered the port, and the furthest of them; this machine where none did. */
function furthestHeard(speakers: readonly AskedHop[]): {
  readonly heard: readonly AskedHop[];
  readonly last: PathPlace;
} {
  const heard = speakers.filter(({ port }) => port === 'answered');
  const last = heard.at(-1);
  return {
    heard,
    last: last === undefined ? { ttl: 0, ip: null } : { ttl: last.ttl, ip: last.ip },
  };
}

const refined = (
  finding: Location,
  whyId: string,
  whyArgs: Path['whyArgs'],
  by: readonly AskedHop[],
): RefinedByHops => ({ finding, whyId, whyArgs, by });
