/** What the journal says of a run at its beginning and at its end, as JSON; read strictly, since files may hold anything. */
import type { Ip, Plan, WireCan, WireKind } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { loadPlan, type SavedPlan } from '../plan/savedPlan.ts';

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
}

/** The head with its plan loaded; a text says why it is none. */
export function readHead(value: unknown): (RecordedHead & { readonly loaded: Plan }) | string {
  const damaged = 'its head is damaged';
  if (!isRecord(value)) return damaged;
  const { tool, startedAt, wire, ownAddresses, srcPort, warnings, synRequested } = value;
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
    typeof synRequested === 'boolean';
  if (!isGood) return damaged;
  if (value['plan'] === null) return 'the run was too large, over 1,000,000 probes';
  const loaded = loadPlan(value['plan']);
  if (loaded === null) return damaged;
  return { ...(value as unknown as RecordedHead), loaded };
}

/** The end; null where the value is none. */
export function readEnd(value: unknown): RecordedEnd | null {
  if (!isRecord(value)) return null;
  const { finished, durationMs, failedAtHome, counters } = value;
  const isGood =
    typeof finished === 'boolean' &&
    isNumber(durationMs) &&
    isListOf(failedAtHome, (probe) => isNumber(probe) && Number.isInteger(probe) && probe >= 0) &&
    isRecord(counters) &&
    Object.values(counters).every(isNumber);
  return isGood ? (value as unknown as RecordedEnd) : null;
}

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
  isRecord(value) && Object.entries(CAN).every(([key, type]) => typeof value[key] === type);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isListOf = (value: unknown, isGood: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isGood);
