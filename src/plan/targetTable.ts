import type { Family, Ip, TargetTable } from '../model.ts';
import { formatIp } from '../packet/address.ts';
import type { NamedRange, Span } from './spans.ts';

/** The spans of one family and zone, ascending, as columns: what a look-up by address searches. */
interface Index {
  readonly family: Family;
  readonly scopeId: number;
  /** Upper 96 bits as three words a span. */
  readonly high: Uint32Array;
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  readonly target: Uint32Array;
}

/**
 * Creates the table of numbered targets: the addresses of the spans, one after the other.
 *
 * `zones` names the interfaces; `names` says which range a host name stands for (the first name of an address is kept).
 */
export function createTargetTable(
  spans: readonly Span[],
  zones: ReadonlyMap<number, string>,
  names: readonly { readonly name: string; readonly range: NamedRange }[],
): TargetTable {
  let count = 0;
  for (const span of spans) count += span.last - span.first + 1;
  const bytes = new Uint8Array(count * 16);
  const families = new Uint8Array(count);
  const scopeIds = new Uint32Array(count);
  fill(spans, bytes, families, scopeIds);
  const indexes = indexesOf(spans);
  const nameOf = new Map<number, string>();
  const scratch = new Uint8Array(16);
  const table: TargetTable = {
    count,
    bytes,
    families,
    scopeIds,
    ip(target) {
      const scopeId = scopeIds[target]!;
      const zone = scopeId === 0 ? null : (zones.get(scopeId) ?? String(scopeId));
      return formatIp(bytes, target * 16, families[target] as Family, zone);
    },
    name: (target) => nameOf.get(target) ?? null,
    indexOf(source, at, family) {
      // Asked for each packet: V8 makes an iterator of `of` here.
      for (let i = 0; i < indexes.length; i++) {
        const index = indexes[i]!;
        if (index.family !== family) continue;
        const target = search(index, source, at);
        if (target >= 0) return target;
      }
      return -1;
    },
  };
  for (const { name, range } of names) {
    writeAddress(range, range.first, scratch, 0);
    for (const index of indexes) {
      if (index.family !== range.family || index.scopeId !== range.scopeId) continue;
      const target = search(index, scratch, 0);
      if (target >= 0 && !nameOf.has(target)) nameOf.set(target, name);
    }
  }
  return table;
}

/** Formats the address of a range whose lower 32 bits are `low`. */
export function formatLow(
  range: Pick<Span, 'family' | 'scopeId' | 'high'>,
  low: number,
  zones: ReadonlyMap<number, string>,
): Ip {
  const bytes = new Uint8Array(16);
  writeAddress(range, low, bytes, 0);
  const zone = range.scopeId === 0 ? null : (zones.get(range.scopeId) ?? String(range.scopeId));
  return formatIp(bytes, 0, range.family, zone);
}

function fill(
  spans: readonly Span[],
  bytes: Uint8Array,
  families: Uint8Array,
  scopeIds: Uint32Array,
): void {
  const view = new DataView(bytes.buffer);
  let target = 0;
  for (const span of spans) {
    const size = span.last - span.first + 1;
    families.fill(span.family, target, target + size);
    if (span.scopeId !== 0) scopeIds.fill(span.scopeId, target, target + size);
    const lowAt = span.family === 4 ? 0 : 12;
    for (let i = 0; i < size; i++) {
      const at = (target + i) * 16;
      if (span.family === 6) writeHigh(span.high, view, at);
      view.setUint32(at + lowAt, span.first + i);
    }
    target += size;
  }
}

function writeHigh(high: bigint, view: DataView, at: number): void {
  view.setBigUint64(at, high >> 32n);
  view.setUint32(at + 8, Number(high & 0xffff_ffffn));
}

function writeAddress(
  range: Pick<Span, 'family' | 'high'>,
  low: number,
  out: Uint8Array,
  at: number,
): void {
  const view = new DataView(out.buffer, out.byteOffset);
  out.fill(0, at, at + 16);
  if (range.family === 6) writeHigh(range.high, view, at);
  view.setUint32(at + (range.family === 4 ? 0 : 12), low);
}

function indexesOf(spans: readonly Span[]): Index[] {
  const parts = new Map<string, { span: Span; target: number }[]>();
  let target = 0;
  for (const span of spans) {
    const key = `${span.family}/${span.scopeId}`;
    const part = parts.get(key) ?? [];
    part.push({ span, target });
    parts.set(key, part);
    target += span.last - span.first + 1;
  }
  return [...parts.values()].map((part) => {
    part.sort(({ span: a }, { span: b }) => compareHigh(a, b) || a.first - b.first);
    const [{ span: head }] = part as [{ span: Span; target: number }];
    return {
      family: head.family,
      scopeId: head.scopeId,
      high: Uint32Array.from(
        part.flatMap(({ span }) =>
          [64n, 32n, 0n].map((shift) => Number((span.high >> shift) & 0xffff_ffffn)),
        ),
      ),
      first: Uint32Array.from(part, ({ span }) => span.first),
      last: Uint32Array.from(part, ({ span }) => span.last),
      target: Uint32Array.from(part, (entry) => entry.target),
    };
  });
}

function compareHigh(a: Span, b: Span): number {
  if (a.high === b.high) return 0;
  return a.high < b.high ? -1 : 1;
}

/** The target at this address, or -1: a binary search for the last span that begins at or before it. */
function search(index: Index, source: Uint8Array, at: number): number {
  const isV4 = index.family === 4;
  const high0 = isV4 ? 0 : readWord(source, at);
  const high1 = isV4 ? 0 : readWord(source, at + 4);
  const high2 = isV4 ? 0 : readWord(source, at + 8);
  const value = readWord(source, isV4 ? at : at + 12);
  const { high, first } = index;
  let low = 0;
  let top = first.length - 1;
  while (low <= top) {
    const middle = (low + top) >> 1;
    const compared =
      high[3 * middle]! - high0 ||
      high[3 * middle + 1]! - high1 ||
      high[3 * middle + 2]! - high2 ||
      first[middle]! - value;
    if (compared <= 0) low = middle + 1;
    else top = middle - 1;
  }
  if (top < 0 || index.last[top]! < value) return -1;
  const isSameLine =
    high[3 * top] === high0 && high[3 * top + 1] === high1 && high[3 * top + 2] === high2;
  return isSameLine ? index.target[top]! + value - first[top]! : -1;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
