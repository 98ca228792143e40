/**
 * Overlapping ranges of addresses -> disjoint spans, each with the ports that it is asked for.
 *
 * Ranges that share their upper 96 bits, family and zone lie on one line of 32-bit numbers; lines do not meet. On each
 * line a sweep over the sorted ends cuts the ranges where they overlap. Nothing here is the size of the address count.
 */
import type { PortLists } from './ports.ts';

/** A range as it was named, or an exclusion (`ports` null). */
export interface NamedRange {
  readonly family: 4 | 6;
  readonly scopeId: number;
  readonly high: bigint;
  readonly first: number;
  readonly last: number;
  /** Position in what the user wrote. */
  readonly order: number;
  readonly ports: PortLists | null;
}

/** Addresses that belong together; no two spans share one. */
export interface Span {
  readonly family: 4 | 6;
  readonly scopeId: number;
  readonly high: bigint;
  readonly first: number;
  readonly last: number;
  readonly order: number;
  readonly ports: PortLists;
}

/** The addresses that were named more than once for the same ports: the first of them, and how many. */
export interface Duplicates {
  readonly first: Span | null;
  readonly count: number;
}

/**
 * Cuts and merges ranges; the result is in the order in which the addresses were first named.
 *
 * An address named for different port lists is asked for all of them; an excluded one is left out.
 */
export function mergeRanges(ranges: readonly NamedRange[]): {
  readonly spans: readonly Span[];
  readonly duplicates: Duplicates;
} {
  const union = createUnion();
  const pieces = linesOf(ranges).flatMap((line) =>
    clustersOf(line).flatMap((cluster) => sweep(cluster, union)),
  );
  const spans: Span[] = [];
  let first: Span | null = null;
  let count = 0;
  for (const { span, isDuplicate } of pieces) {
    const before = spans.at(-1);
    if (before !== undefined && isContinued(before, span)) {
      spans[spans.length - 1] = { ...before, last: span.last };
    } else {
      spans.push(span);
    }
    if (!isDuplicate) continue;
    if (first === null || span.order < first.order) first = span;
    count += span.last - span.first + 1;
  }
  // Stable: spans of one range stay in the order of their addresses.
  spans.sort((a, b) => a.order - b.order);
  return { spans, duplicates: { first, count } };
}

/** The ranges by line, each line ascending. */
function linesOf(ranges: readonly NamedRange[]): NamedRange[][] {
  const lines = new Map<string, NamedRange[]>();
  for (const range of ranges) {
    const key = `${range.family}/${range.scopeId}/${range.high}`;
    const line = lines.get(key);
    if (line === undefined) lines.set(key, [range]);
    else line.push(range);
  }
  for (const line of lines.values()) line.sort((a, b) => a.first - b.first || a.order - b.order);
  return [...lines.values()];
}

/** Runs of ranges of which each touches an earlier one. */
function clustersOf(line: readonly NamedRange[]): NamedRange[][] {
  const clusters: NamedRange[][] = [];
  let end = -1;
  for (const range of line) {
    if (range.first > end) clusters.push([range]);
    else clusters.at(-1)!.push(range);
    end = Math.max(end, range.last);
  }
  return clusters;
}

type Union = (active: ReadonlySet<NamedRange>) => PortLists;

function sweep(
  cluster: readonly NamedRange[],
  union: Union,
): { span: Span; isDuplicate: boolean }[] {
  const [head] = cluster;
  if (cluster.length === 1) {
    return head!.ports === null
      ? []
      : [{ span: { ...head!, ports: head!.ports }, isDuplicate: false }];
  }
  const ends = [...cluster].sort((a, b) => a.last - b.last);
  const cuts = [...new Set(cluster.flatMap(({ first, last }) => [first, last + 1]))];
  cuts.sort((a, b) => a - b);
  const active = new Set<NamedRange>();
  const result: { span: Span; isDuplicate: boolean }[] = [];
  let begun = 0;
  let ended = 0;
  for (const [index, first] of cuts.entries()) {
    while (ended < ends.length && ends[ended]!.last < first) active.delete(ends[ended++]!);
    while (begun < cluster.length && cluster[begun]!.first === first) active.add(cluster[begun++]!);
    const next = cuts[index + 1];
    if (next === undefined || active.size === 0) continue;
    if ([...active].some((range) => range.ports === null)) continue;
    const { family, scopeId, high } = head!;
    const order = Math.min(...[...active].map((range) => range.order));
    const span = { family, scopeId, high, first, last: next - 1, order, ports: union(active) };
    const kinds = new Set([...active].map((range) => range.ports));
    result.push({ span, isDuplicate: kinds.size < active.size });
  }
  return result;
}

function isContinued(before: Span, span: Span): boolean {
  return (
    before.last + 1 === span.first &&
    before.order === span.order &&
    before.ports === span.ports &&
    before.high === span.high &&
    before.family === span.family &&
    before.scopeId === span.scopeId
  );
}

/** Joins port lists; equal joins are the same object, so that spans and groups can be compared by identity. */
function createUnion(): Union {
  const ids = new Map<PortLists, number>();
  const joined = new Map<string, PortLists>();
  return (active) => {
    const lists = [
      ...new Set([...active].sort((a, b) => a.order - b.order).map((range) => range.ports!)),
    ];
    if (lists.length === 1) return lists[0]!;
    const key = lists
      .map((list) => {
        const id = ids.get(list) ?? ids.size;
        ids.set(list, id);
        return id;
      })
      .join();
    const known = joined.get(key);
    if (known !== undefined) return known;
    const join = (protocol: 'tcp' | 'udp') => [...new Set(lists.flatMap((list) => list[protocol]))];
    const udpNamed = [...new Set(lists.flatMap((list) => list.udpNamed ?? []))];
    const both = { tcp: join('tcp'), udp: join('udp') };
    const ports = udpNamed.length === 0 ? both : { ...both, udpNamed };
    joined.set(key, ports);
    return ports;
  };
}
