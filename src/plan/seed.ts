import { UsageError } from '../errors.ts';
import { quote } from './quote.ts';

/** Parses a seed: 1 to 16 hexadecimal digits, as a report prints it. Throws a UsageError for anything else. */
export function parseSeed(text: string): readonly [number, number] {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) {
    throw new UsageError(`--seed takes 1 to 16 hexadecimal digits, not ${quote(text)}`);
  }
  const digits = text.padStart(16, '0');
  return [Number.parseInt(digits.slice(0, 8), 16), Number.parseInt(digits.slice(8), 16)];
}

/** Formats a seed as 16 hexadecimal digits, the form that {@link parseSeed} reads. */
export function formatSeed(seed: readonly [number, number]): string {
  return seed.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
