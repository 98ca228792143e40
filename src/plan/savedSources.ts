/** Own addresses in a saved plan: the walks of a replay ask from as many as those of the run did. */
import type { OwnAddress, Sending } from '../model.ts';
import { formatIp, parseIp } from '../packet/address.ts';

/** Left out where the user named none. */
export interface SavedSources {
  readonly sources?: readonly string[];
}

/** The addresses as JSON. */
export function saveSources({ sources }: Sending): SavedSources {
  return sources.length === 0 ? {} : { sources: sources.map(({ ip }) => ip) };
}

/** The addresses again; null where the value holds something else. */
export function loadSources({
  sources = [],
}: {
  readonly sources?: unknown;
}): readonly OwnAddress[] | null {
  if (!Array.isArray(sources)) return null;
  const loaded: OwnAddress[] = [];
  for (const text of sources as readonly unknown[]) {
    const parsed = typeof text === 'string' ? parseIp(text) : null;
    if (parsed === null) return null;
    loaded.push({ ...parsed, ip: formatIp(parsed.bytes, 0, parsed.family) });
  }
  return loaded;
}
