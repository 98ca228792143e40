/**
 * Whether a RST comes from the target or from somebody nearer who wears its address.
 *
 * First the target's distance by an answer of another kind; where the run has none, control datagrams to ports that
 * nobody asked for. Packet wires then compare TTLs. Socket wires see no TTL of a RST, so the port is asked again with a
 * smallest accepted TTL (IP_MINTTL, IPV6_MINHOPCOUNT): a RST that passes at the target's distance and not one above
 * comes from there; one that still passes above it was made on the way (truth.md, "RST forged by a router").
 */
import { PROTO_TCP, PROTO_UDP } from '../batch.ts';
import { INITIAL_TTLS, initialTtl } from '../match/distance.ts';
import { RESET_CHECK } from '../match/facts.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';

/** One control row: what is asked, and what came of it. */
export interface ControlRow {
  readonly tag: number;
  readonly target: number;
  readonly protocol: number;
  readonly port: number;
  /** 0 for a distance control. */
  readonly minTtl: number;
  /** The probe whose RST is checked, -1 for a distance control. */
  readonly probe: number;
  /** `unsent`: it did not leave this machine, and so is no silence. */
  outcome: 'waiting' | 'answered' | 'silent' | 'unsent';
}

/** Control datagrams for one target: two at once, so that a lost one costs no second round (contract.md allows three). */
export const DISTANCE_CONTROLS = 2;
/** More refused ports than this on one target are not asked again one by one; their verdict stays below certain. */
export const MAX_CHECKED_RESETS = 128;
/**
 * Copies of each rung, so that losses do not pass for a silence: "the same" needs every copy at the distance answered and
 * every copy above it silent. Were the RST forged and each copy lost with chance p, that has the chance (1-p)^5 p^5, at
 * most 0.00098 for any p.
 */
const COPIES = 5;
/** Ports for control datagrams: above what services use, below the usual range of ephemeral ports. */
const CONTROL_PORT_FIRST = 20_000;
const CONTROL_PORT_COUNT = 12_000;

/** Chooses control ports of a target by the seed, none of which was asked. */
export function controlPorts(
  seed: readonly [number, number],
  target: number,
  isAsked: (port: number) => boolean,
): readonly number[] {
  const ports: number[] = [];
  for (let draw = 0; ports.length < DISTANCE_CONTROLS && draw < 64; draw++) {
    const word = tokenWord(seed[0], seed[1], target * 64 + draw, TOKEN.CONTROL);
    const port = CONTROL_PORT_FIRST + (word % CONTROL_PORT_COUNT);
    if (!isAsked(port) && !ports.includes(port)) ports.push(port);
  }
  return ports;
}

/** The control datagram has this protocol. */
export const CONTROL_PROTOCOL: number = PROTO_UDP;
/** The comparison is made by this protocol. */
export const COMPARISON_PROTOCOL: number = PROTO_TCP;

/** TTL at arrival of a packet from `distance` hops that started with `initial`. */
const arrivalTtl = (initial: number, distance: number): number => initial - distance + 1;

/** Smallest TTLs to ask with first: at the target's distance, and one above it; each with its copies. */
export function firstLadder(distance: number): readonly number[] {
  const at = arrivalTtl(INITIAL_TTLS[0], distance);
  return [...repeat(at), ...repeat(at + 1)];
}

/**
 * The rest of the ladder, for a RST that passed above the target's distance: it comes from nearer, or its sender begins
 * with a larger TTL.
 */
export function secondLadder(distance: number): readonly number[] {
  const first = arrivalTtl(INITIAL_TTLS[0], distance);
  const steps = new Set<number>();
  for (let ttl = first + 2; ttl <= INITIAL_TTLS[0]; ttl++) steps.add(ttl);
  for (const [index, initial] of INITIAL_TTLS.entries()) {
    if (index === 0) continue;
    steps.add(INITIAL_TTLS[index - 1]! + 1);
    const at = arrivalTtl(initial, distance);
    steps.add(at);
    if (at + 1 <= 255) steps.add(at + 1);
  }
  return [...steps].flatMap(repeat);
}

const repeat = (ttl: number): number[] => Array.from({ length: COPIES }, () => ttl);

/** What the answers of a ladder say of a RST. */
export interface LadderResult {
  /** One of RESET_CHECK, or `again` when the second ladder is needed. */
  readonly check: number | 'again';
  /** The RST's TTL where the ladder pins it down, else 0. */
  readonly ttl: number;
}

/** Reads the answers of a ladder: pairs of (smallest TTL asked with, whether a RST came). */
export function readLadder(
  distance: number,
  rows: readonly { readonly minTtl: number; readonly answered: boolean }[],
): LadderResult {
  const passed = rows.filter((row) => row.answered).map((row) => row.minTtl);
  if (passed.length === 0) return { check: RESET_CHECK.UNCLEAR, ttl: 0 };
  // The RST's TTL lies between the highest rung that it passed and the one above, which it did not.
  const low = Math.max(...passed);
  const above = rows.map((row) => row.minTtl).filter((ttl) => ttl > low);
  if (above.length === 0 && low <= INITIAL_TTLS[0] + 1) return { check: 'again', ttl: 0 };
  const high = above.length === 0 ? 255 : Math.min(...above) - 1;
  const initial = initialTtl(low);
  if (initial !== initialTtl(high)) return { check: RESET_CHECK.UNCLEAR, ttl: 0 };
  const expected = arrivalTtl(initial, distance);
  const ttl = low === high ? low : 0;
  if (low > expected) return { check: RESET_CHECK.NEARER, ttl };
  const isWhole = rows.every((row) => row.minTtl !== low || row.answered);
  return { check: ttl === expected && isWhole ? RESET_CHECK.SAME : RESET_CHECK.UNCLEAR, ttl };
}
