/** Captures as fixtures, and what is explained of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ExplainReport } from '../../src/explain/finding.ts';
import type { Narrowing } from '../../src/explain/narrowing.ts';
import { explainCapture } from '../../src/explainCapture.ts';

/** The folder of the fixtures; lab/ makes them (scripts/makeCaptures.mjs). */
export const FOLDER: string = fileURLToPath(new URL('./captures/', import.meta.url));

/** `SCENE.PLACE.FAMILY`, in order. */
export const CAPTURES: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.pcap'))
  .map((file) => file.slice(0, -'.pcap'.length))
  .sort();

/** Where a capture lies. */
export function pathOf(name: string): string {
  return `${FOLDER}${name}.pcap`;
}

/** Explains bytes of a capture. */
export function explainBytes(
  bytes: Uint8Array,
  narrowing: Narrowing | null = null,
): Promise<ExplainReport> {
  return explainCapture([bytes], { narrowing, name: 'a capture' }, (ms) => String(ms));
}

/** Explains a fixture. */
export function explainFixture(
  name: string,
  narrowing: Narrowing | null = null,
): Promise<ExplainReport> {
  return explainBytes(readFileSync(pathOf(name)), narrowing);
}
