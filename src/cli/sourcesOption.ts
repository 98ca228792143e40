/** Own addresses to send from: `-S` and `--sources`. */
import { UsageError } from '../index.ts';

/** `--sources` is `-S` by another name; throws a UsageError where both are given. */
export function sourcesText(
  source: string | undefined,
  sources: string | undefined,
): string | undefined {
  if (source !== undefined && sources !== undefined) {
    throw new UsageError('-S and --sources both name own addresses: take one');
  }
  return source ?? sources;
}

/** Throws a UsageError where a trace is given more than one address. */
export function checkOneSource(source: string | undefined): void {
  if (source !== undefined && /,|^auto$/.test(source)) {
    throw new UsageError(`-S takes one address for a trace, not '${source}'`);
  }
}
