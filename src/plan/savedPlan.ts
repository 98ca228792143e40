/** Plans as JSON and back: what a recording keeps of the plan of its run. */
import type { Plan, PlanGroup, Sending, TargetTable, Unresolved } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { fromRuns, isRuns, type Runs, toRuns } from './portRuns.ts';
import { loadSources, type SavedSources, saveSources } from './savedSources.ts';
import { createSpace } from './space.ts';
import type { NamedRange, Span } from './spans.ts';
import { createTargetTable } from './targetTable.ts';

/** A plan as JSON. */
export interface SavedPlan extends SavedSources {
  /** Neighbouring addresses: the first as text, how many, and the zone with its index where there is one. */
  readonly ranges: readonly {
    readonly first: string;
    readonly count: number;
    readonly scopeId: number;
    readonly zone: string | null;
  }[];
  readonly names: readonly (readonly [target: number, name: string])[];
  readonly groups: readonly {
    readonly targetCount: number;
    readonly tcp: Runs;
    readonly udp: Runs;
    /** Absent: none is named before the others. */
    readonly udpNamed?: Runs;
    readonly echo: boolean;
  }[];
  readonly seed: readonly [number, number];
  readonly timing: Plan['timing'];
  /** `max`: Infinity, which JSON has not. */
  readonly ratePps: number | 'max' | null;
  readonly retries: number | null;
  readonly hostTimeoutMs: number | null;
  readonly control: boolean;
  readonly discover?: boolean;
  readonly inferRanges?: true;
  readonly passage?: true;
  readonly certainty: number;
  readonly ttl: number | null;
  readonly snmpCommunity: Plan['snmpCommunity'];
  readonly unresolved: readonly Unresolved[];
  readonly warnings: readonly string[];
}

/** Most targets and probes of a plan that is saved and loaded. */
export const MAX_SAVED_PROBES = 1_000_000;

/** The plan as JSON. Interface and port of the sending are left out: they matter to a wire alone. */
export function savePlan(plan: Plan): SavedPlan {
  const { ratePps } = plan;
  return {
    ranges: rangesOf(plan.targets),
    names: namesOf(plan.targets),
    groups: plan.groups.map(({ targetCount, tcpPorts, udpPorts, udpNamed, echo = false }) => ({
      targetCount,
      tcp: toRuns(tcpPorts),
      udp: toRuns(udpPorts),
      ...(udpNamed === undefined ? {} : { udpNamed: toRuns(udpNamed) }),
      echo,
    })),
    seed: plan.seed,
    timing: plan.timing,
    ratePps: ratePps === undefined ? null : ratePps === Number.POSITIVE_INFINITY ? 'max' : ratePps,
    retries: plan.retries ?? null,
    hostTimeoutMs: plan.hostTimeoutMs ?? null,
    control: plan.control,
    ...(plan.discover ? { discover: true } : {}),
    certainty: plan.certainty,
    ...(plan.inferRanges ? { inferRanges: true as const } : {}),
    ...(plan.passage ? { passage: true as const } : {}),
    ttl: plan.sending.ttl,
    ...saveSources(plan.sending),
    snmpCommunity: plan.snmpCommunity,
    unresolved: plan.unresolved,
    warnings: plan.warnings,
  };
}

/** The last 32 bits of an address. */
const lowAt = (bytes: Uint8Array, target: number, family: number): number => {
  const at = 16 * target + (family === 4 ? 0 : 12);
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
};

function isNext({ bytes, families, scopeIds }: TargetTable, target: number): boolean {
  const family = families[target]!;
  if (families[target - 1] !== family || scopeIds[target - 1] !== scopeIds[target]) return false;
  if (lowAt(bytes, target, family) !== lowAt(bytes, target - 1, family) + 1) return false;
  if (family === 4) return true;
  const high = bytes.subarray(16 * target, 16 * target + 12);
  return high.every((byte, i) => byte === bytes[16 * (target - 1) + i]);
}

function rangesOf(targets: TargetTable): SavedPlan['ranges'] {
  const ranges: { first: string; count: number; scopeId: number; zone: string | null }[] = [];
  for (let target = 0; target < targets.count; target++) {
    if (target > 0 && isNext(targets, target)) ranges.at(-1)!.count += 1;
    else {
      const [first, zone] = targets.ip(target).split('%') as [string, string | undefined];
      ranges.push({ first, count: 1, scopeId: targets.scopeIds[target]!, zone: zone ?? null });
    }
  }
  return ranges;
}

function namesOf(targets: TargetTable): SavedPlan['names'] {
  const names: [number, string][] = [];
  for (let target = 0; target < targets.count; target++) {
    const name = targets.name(target);
    if (name !== null) names.push([target, name]);
  }
  return names;
}

/** The plan again; null where the value is none that `savePlan` makes, or a larger one than {@link MAX_SAVED_PROBES}. */
export function loadPlan(value: unknown): Plan | null {
  if (!isSavedPlan(value)) return null;
  const groups = loadGroups(value);
  const targets = loadTargets(value);
  const sources = loadSources(value);
  if (groups === null || targets === null || sources === null) return null;
  const grouped = groups.reduce((sum, { targetCount }) => sum + targetCount, 0);
  if (grouped !== targets.count) return null;
  const sending: Sending = { interface: null, sources, sourcePort: null, ttl: value.ttl };
  return {
    targets,
    groups,
    space: createSpace(groups),
    seed: [value.seed[0], value.seed[1]],
    timing: value.timing,
    ratePps: value.ratePps === 'max' ? Number.POSITIVE_INFINITY : (value.ratePps ?? undefined),
    retries: value.retries ?? undefined,
    hostTimeoutMs: value.hostTimeoutMs ?? undefined,
    control: value.control,
    certainty: value.certainty,
    ...(value.inferRanges ? { inferRanges: true as const } : {}),
    ...(value.passage ? { passage: true as const } : {}),
    sending,
    discover: value.discover === true,
    snmpCommunity: value.snmpCommunity,
    unresolved: value.unresolved,
    warnings: value.warnings,
  };
}

function loadGroups({ groups: saved }: SavedPlan): readonly PlanGroup[] | null {
  const groups: PlanGroup[] = [];
  let firstTarget = 0;
  let probes = 0;
  for (const { targetCount, tcp, udp, udpNamed, echo } of saved) {
    const tcpPorts = fromRuns(tcp);
    const udpPorts = fromRuns(udp);
    const named = udpNamed && fromRuns(udpNamed);
    if (tcpPorts === null || udpPorts === null || named === null) return null;
    if (named?.some((port) => !udpPorts.includes(port))) return null;
    probes += targetCount * (tcpPorts.length + udpPorts.length + (echo ? 1 : 0));
    if (probes > MAX_SAVED_PROBES) return null;
    const chosen = { ...(named && { udpNamed: named }), ...(echo && { echo }) };
    groups.push({ firstTarget, targetCount, tcpPorts, udpPorts, ...chosen });
    firstTarget += targetCount;
  }
  return groups;
}

function loadTargets({ ranges, names }: SavedPlan): TargetTable | null {
  const spans: Span[] = [];
  const zones = new Map<number, string>();
  let count = 0;
  for (const range of ranges) {
    const span = toSpan(range, spans.length);
    count += range.count;
    if (span === null || count > MAX_SAVED_PROBES) return null;
    if (range.zone !== null) zones.set(range.scopeId, range.zone);
    spans.push(span);
  }
  const named = names.map(([target, name]) => ({ name, range: rangeOf(spans, target) }));
  if (named.some(({ range }) => range === null)) return null;
  return createTargetTable(
    spans,
    zones,
    named.map(({ name, range }) => ({ name, range: range! })),
  );
}

const NO_PORTS = { tcp: [], udp: [] };

function toSpan(
  { first, count, scopeId }: SavedPlan['ranges'][number],
  order: number,
): Span | null {
  const parsed = parseIp(first);
  if (parsed === null || parsed.zone !== null) return null;
  const { family, bytes } = parsed;
  const low = lowAt(bytes, 0, family);
  if (low + count > 2 ** 32) return null;
  const view = new DataView(bytes.buffer);
  const high = family === 4 ? 0n : (view.getBigUint64(0) << 32n) | BigInt(view.getUint32(8));
  return { family, scopeId, high, first: low, last: low + count - 1, order, ports: NO_PORTS };
}

/** The range of one target. */
function rangeOf(spans: readonly Span[], target: number): NamedRange | null {
  let first = 0;
  for (const span of spans) {
    const size = span.last - span.first + 1;
    if (target < first + size) {
      const low = span.first + target - first;
      return { ...span, first: low, last: low };
    }
    first += size;
  }
  return null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
const isList = (value: unknown, isGood: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isGood);
const isText = (value: unknown): value is string => typeof value === 'string';
const orNull = (value: unknown, isGood: (one: unknown) => boolean): boolean =>
  value === null || isGood(value);
const isPositive = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;

function isSavedPlan(value: unknown): value is SavedPlan {
  if (!isRecord(value)) return false;
  const { seed, unresolved } = value;
  return (
    isList(value['ranges'], isSavedRange) &&
    isList(value['names'], isSavedName) &&
    isList(value['groups'], isSavedGroup) &&
    isList(seed, (word) => isWhole(word, -0x8000_0000, 0xffff_ffff)) &&
    (seed as unknown[]).length === 2 &&
    isWhole(value['timing'], 0, 5) &&
    orNull(value['ratePps'], (rate) => rate === 'max' || isPositive(rate)) &&
    orNull(value['retries'], (count) => isWhole(count, 0, 254)) &&
    orNull(value['hostTimeoutMs'], isPositive) &&
    typeof value['control'] === 'boolean' &&
    ['undefined', 'boolean'].includes(typeof value['discover']) &&
    ['undefined', 'boolean'].includes(typeof value['inferRanges']) &&
    ['undefined', 'boolean'].includes(typeof value['passage']) &&
    isPositive(value['certainty']) &&
    orNull(value['ttl'], (ttl) => isWhole(ttl, 1, 255)) &&
    orNull(value['snmpCommunity'], isCommunity) &&
    isList(unresolved, isUnresolved) &&
    isList(value['warnings'], isText)
  );
}

const isSavedRange = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value['first']) &&
  isWhole(value['count'], 1, MAX_SAVED_PROBES) &&
  isWhole(value['scopeId'], 0, 0xffff_ffff) &&
  orNull(value['zone'], isText);

const isSavedName = (value: unknown): boolean =>
  Array.isArray(value) && isWhole(value[0], 0, MAX_SAVED_PROBES) && isText(value[1]);

const isSavedGroup = (value: unknown): boolean =>
  isRecord(value) &&
  isWhole(value['targetCount'], 1, MAX_SAVED_PROBES) &&
  isRuns(value['tcp']) &&
  isRuns(value['udp']) &&
  (value['udpNamed'] === undefined || isRuns(value['udpNamed'])) &&
  typeof value['echo'] === 'boolean';

const isCommunity = (value: unknown): boolean =>
  isRecord(value) && isText(value['name']) && ['v1', 'v2c'].includes(String(value['version']));

const isUnresolved = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value['name']) &&
  isText(value['why']) &&
  typeof value['isOurSide'] === 'boolean' &&
  orNull(value['place'], isText);
