/** What the journal says of a run at its beginning and at its end, as JSON; read strictly, since files may hold anything. */
import type { Ip, Plan, WireCan, WireKind } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { loadPlan, type SavedPlan } from '../plan/savedPlan.ts';
import { MAX_TTL, type TraceOptions } from '../trace/traceroute.ts';

/** The head of a recording. */
export interface RecordedHead {
  readonly tool: { readonly name: string; readonly version: string };
  readonly startedAt: string;
  /** Null: too large a run to be computed again. */
  readonly plan: SavedPlan | null;
  readonly wire: { readonly kind: WireKind; readonly note: string; readonly can: WireCan };
  readonly ownAddresses: readonly Ip[];
  readonly srcPort: number;
  /** Notes of the wire. */
  readonly warnings: readonly string[];
  readonly synRequested: boolean;
  /** A run of traces: what it went by (trace/traceroute.ts). Else a scan, or a discovery by its plan. */
  readonly trace?: Required<
    Pick<TraceOptions, 'maxHops' | 'sources' | 'mtu' | 'passage' | 'fragment' | 'firstId'>
  >;
  /** The ports that somebody filters are traced afterwards: each run of traces is a recording of its own behind this one. */
  readonly isTraced?: boolean;
  /** Routers are asked when the traces are over: by a scan, a recording of its own behind this one. */
  readonly asksHops?: boolean;
}

/** The end of a recording. */
export interface RecordedEnd {
  /** The engine was done; false: it was stopped. */
  readonly finished: boolean;
  readonly durationMs: number;
  /** Probes that ordinary sockets could not send. */
  readonly failedAtHome: readonly number[];
  /** Those of the wire. */
  readonly counters: Readonly<Record<string, number>>;
  /** Names of hops as they were known when each path was reported; a list a path. */
  readonly names?: readonly (readonly HopName[])[];
}

/** The name of an address. */
export type HopName = readonly [ip: Ip, name: string];

/** The head with its plan loaded; a text says why it is none. */
export function readHead(value: unknown): (RecordedHead & { readonly loaded: Plan }) | string {
  const damaged = 'its head is damaged';
  if (!isRecord(value)) return damaged;
  const { tool, startedAt, wire, ownAddresses, srcPort, warnings, synRequested, trace } = value;
  const isGood =
    isRecord(tool) &&
    isText(tool['name']) &&
    isText(tool['version']) &&
    isText(startedAt) &&
    isRecord(wire) &&
    KINDS.includes(wire['kind']) &&
    isText(wire['note']) &&
    isCan(wire['can']) &&
    isListOf(ownAddresses, (ip) => isText(ip) && parseIp(ip) !== null) &&
    isNumber(srcPort) &&
    isListOf(warnings, isText) &&
    typeof synRequested === 'boolean' &&
    (trace === undefined || isTrace(trace)) &&
    ['isTraced', 'asksHops'].every((key) => FLAGS.includes(value[key]));
  if (!isGood) return damaged;
  if (value['plan'] === null) return 'the run was too large, over 1,000,000 probes';
  const loaded = loadPlan(value['plan']);
  if (loaded === null) return damaged;
  return { ...(value as unknown as RecordedHead), loaded };
}

/** The end; null where the value is none. */
export function readEnd(value: unknown): RecordedEnd | null {
  if (!isRecord(value)) return null;
  const { finished, durationMs, failedAtHome, counters, names = [] } = value;
  const isGood =
    typeof finished === 'boolean' &&
    isNumber(durationMs) &&
    isListOf(failedAtHome, (probe) => isNumber(probe) && Number.isInteger(probe) && probe >= 0) &&
    isRecord(counters) &&
    Object.values(counters).every(isNumber) &&
    isListOf(names, (list) => isListOf(list, isHopName));
  return isGood ? (value as unknown as RecordedEnd) : null;
}

/** Ids begin behind the probes of a scan: more than any has. */
const MAX_FIRST_ID = 2 ** 48;
/** Reserved source ports: more than any wire has, and few enough for a trace. */
const MAX_LANES = 64;

const isTrace = (value: unknown): boolean =>
  isRecord(value) &&
  isWhole(value['maxHops'], 1, MAX_TTL) &&
  isWhole(value['sources'], 0, MAX_LANES) &&
  // Recordings of before have none.
  ['mtu', 'passage', 'fragment'].every((key) =>
    ['boolean', 'undefined'].includes(typeof value[key]),
  ) &&
  isWhole(value['firstId'], 0, MAX_FIRST_ID);

/** What a flag may be. */
const FLAGS: readonly unknown[] = [undefined, true, false];
const KINDS: readonly unknown[] = ['packet', 'raw-socket', 'errqueue', 'connect', 'sim'];

/** Each property with the type that it must have. */
const CAN: Readonly<Record<keyof WireCan, 'boolean' | 'number'>> = {
  packets: 'boolean',
  passesHooks: 'boolean',
  icmpSender: 'boolean',
  replyTtl: 'boolean',
  setTtl: 'boolean',
  sendOrder: 'boolean',
  minTtl: 'boolean',
  resetKnown: 'boolean',
  strangers: 'boolean',
  window: 'boolean',
  echo: 'boolean',
  neighbours: 'boolean',
  lanes: 'number',
  maxTcpInFlight: 'number',
  tcpSilenceMs: 'number',
};

const isCan = (value: unknown): boolean =>
  isRecord(value) &&
  Object.entries(CAN).every(([key, type]) => typeof value[key] === type) &&
  isWhole(value['lanes'], 1, MAX_LANES);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isWhole = (value: unknown, least: number, most: number): boolean =>
  isNumber(value) && Number.isInteger(value) && value >= least && value <= most;
const isHopName = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isText(value[0]) && isText(value[1]);
const isListOf = (value: unknown, isGood: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isGood);
