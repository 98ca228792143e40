/**
 * The sentence catalogue: every `whyId` of the matching engine in English words. Another language is another catalogue
 * with the same keys.
 */
import { printable } from './printable.ts';
import type { WhyArgs, WhyEntry } from './why.ts';
import type { OwnWhyId } from './whyOwn.ts';
import { OWN_WHY } from './whyOwn.ts';
import type { TcpWhyId } from './whyTcp.ts';
import { TCP_WHY } from './whyTcp.ts';
import type { UdpWhyId } from './whyUdp.ts';
import { UDP_WHY } from './whyUdp.ts';

/** Every reason for a verdict that has words. */
export type WhyId = UdpWhyId | TcpWhyId | OwnWhyId;

const CATALOGUE: Readonly<Record<WhyId, WhyEntry>> = { ...UDP_WHY, ...TCP_WHY, ...OWN_WHY };

/** All ids of the catalogue, for tests that every id in use has words. */
export const WHY_IDS: readonly WhyId[] = Object.keys(CATALOGUE) as WhyId[];

/**
 * One English sentence that says what was seen. Facts missing in `args` are left out, control characters in them escaped.
 * Of several ports, which `args.ports` lists with commas, it says `these ports`.
 * An id without words (a recording of a later version) gives the id itself.
 */
export function sentence(whyId: string, args: WhyArgs): string {
  const entry = entryOf(whyId);
  return entry === null ? `${printable(whyId)}.` : upperFirst(entry.sentence(safeArgs(args)));
}

/** What it means, and what else it could be; empty for an id without words. */
export function meaning(whyId: string, args: WhyArgs): string {
  return entryOf(whyId)?.meaning(safeArgs(args)) ?? '';
}

/**
 * Shell commands to copy, most telling first; a comment says on which machine. Where several ports share the reason,
 * `args.ports` holds them, comma-separated; more than fit into one command need not be complete.
 */
export function nextSteps(whyId: string, args: WhyArgs): readonly string[] {
  return entryOf(whyId)?.next(safeArgs(args)) ?? [];
}

/** A few words for a table, or null where the verdict's reason says as much. */
export function brief(whyId: string, args: WhyArgs): string | null {
  return entryOf(whyId)?.brief?.(safeArgs(args)) ?? null;
}

function entryOf(whyId: string): WhyEntry | null {
  return Object.hasOwn(CATALOGUE, whyId) ? CATALOGUE[whyId as WhyId] : null;
}

/** Printable ASCII: nearly all there is, and a scan of all ports has 65,535 sentences. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Arguments whose texts are safe for a terminal. */
export function safeArgs(args: WhyArgs): WhyArgs {
  for (const key in args) {
    const value = args[key];
    if (typeof value === 'string' && !PLAIN.test(value)) return allPrintable(args);
  }
  return args;
}

function allPrintable(args: WhyArgs): WhyArgs {
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      typeof value === 'string' ? printable(value) : value,
    ]),
  );
}

/** Begins a sentence with a capital, unless it begins with an address: `fd90::1 itself says`. */
export function upperFirst(text: string): string {
  const firstWord = text.slice(0, text.indexOf(' '));
  return firstWord.includes(':') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
