/**
 * Reads JSON that a person wrote: every key must be known, every mistake is one line with the place and the text.
 */
import { UsageError } from '../errors.ts';

/** A value and where it stands, e.g. `routers[0].rules[2].hook`. */
export interface JsonPlace {
  /** Name of the file or of what else the text came from. */
  readonly source: string;
  /** Empty at the top. */
  readonly path: string;
  readonly value: unknown;
}

/** Throws the one line about a mistake: source, place, the text itself, what would be right. */
export function failAt(place: JsonPlace, wanted: string): never {
  const text = JSON.stringify(place.value) ?? 'undefined';
  const shown = text.length > MAX_SHOWN_TEXT ? `${text.slice(0, MAX_SHOWN_TEXT)}…` : text;
  throw new UsageError(`${place.source}: ${place.path || 'top level'}: ${shown}: ${wanted}`);
}

/** A whole file may stand there: a line for a person holds about this much. */
const MAX_SHOWN_TEXT = 80;

/**
 * Opens an object and refuses keys other than the given ones.
 *
 * Returns a look-up: the place of a key, or undefined when it is not there. Keys that begin with `//` are comments.
 */
export function openObject<Key extends string>(
  place: JsonPlace,
  keys: readonly Key[],
): (key: Key) => JsonPlace | undefined {
  const { value } = place;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    failAt(place, 'an object is wanted here');
  }
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record)) {
    if (!key.startsWith('//') && !(keys as readonly string[]).includes(key)) {
      const at = place.path === '' ? key : `${place.path}.${key}`;
      throw new UsageError(
        `${place.source}: ${at}: unknown key ${JSON.stringify(key)}; known here: ${keys.join(', ')}`,
      );
    }
  }
  return (key) =>
    Object.hasOwn(record, key)
      ? {
          source: place.source,
          path: place.path === '' ? key : `${place.path}.${key}`,
          value: record[key],
        }
      : undefined;
}

/** Opens an array; nothing there is an empty one. */
export function openArray(place: JsonPlace | undefined): readonly JsonPlace[] {
  if (place === undefined) return [];
  if (!Array.isArray(place.value)) failAt(place, 'an array is wanted here');
  return place.value.map((value: unknown, index) => ({
    source: place.source,
    path: `${place.path}[${index}]`,
    value,
  }));
}

/** Opens an object whose keys are free, e.g. ports: pairs of key and place. */
export function openEntries(
  place: JsonPlace | undefined,
): readonly (readonly [string, JsonPlace])[] {
  if (place === undefined) return [];
  const { value } = place;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    failAt(place, 'an object is wanted here');
  }
  return Object.entries(value).map(([key, item]) => [
    key,
    { source: place.source, path: `${place.path}[${JSON.stringify(key)}]`, value: item as unknown },
  ]);
}

/** Reads a number within bounds, or gives the default. */
export function readNumber(
  place: JsonPlace | undefined,
  bounds: { readonly min: number; readonly max: number; readonly whole?: true },
  fallback: number,
): number {
  if (place === undefined) return fallback;
  const { value } = place;
  const { min, max, whole } = bounds;
  if (
    typeof value !== 'number' ||
    !(value >= min && value <= max) ||
    (whole === true && !Number.isInteger(value))
  ) {
    failAt(place, `a ${whole ? 'whole ' : ''}number from ${min} to ${max} is wanted here`);
  }
  return value;
}

/** Reads true or false, or gives the default. */
export function readBoolean(place: JsonPlace | undefined, fallback: boolean): boolean {
  if (place === undefined) return fallback;
  if (typeof place.value !== 'boolean') failAt(place, 'true or false is wanted here');
  return place.value;
}

/** Reads a text. */
export function readText(place: JsonPlace): string {
  if (typeof place.value !== 'string') failAt(place, 'a text is wanted here');
  return place.value;
}

/** Reads one of a closed set of words. */
export function readWord<Word extends string>(place: JsonPlace, words: readonly Word[]): Word {
  if (typeof place.value !== 'string' || !(words as readonly string[]).includes(place.value)) {
    failAt(place, `one of ${words.join(', ')} is wanted here`);
  }
  return place.value as Word;
}
