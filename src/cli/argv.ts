/**
 * Translates what users type, nmap's spellings included, into plain long options, which any option parser reads: `-sU`,
 * `-p53`, `-T4`, `-sUT`, `-vv` are no short options by the common rules.
 */
import { UsageError } from '../index.ts';
import { nearest } from './nearest.ts';
import { insteadOf } from './nmapOptions.ts';
import type { OptionRow } from './options.ts';
import { OPTIONS } from './options.ts';

interface Spelling {
  readonly text: string;
  readonly row: OptionRow;
}

/** All spellings; longer ones first, so that `-sU` is tried before `-S`. */
function spellingsOf(options: readonly OptionRow[]): readonly Spelling[] {
  return options
    .flatMap((row) => [...row.short, `--${row.long}`].map((text) => ({ text, row })))
    .sort((a, b) => b.text.length - a.text.length);
}

/**
 * Translates arguments: every option comes out as `--long` or `--long=value`, everything else after `--`.
 *
 * Throws a UsageError for an unknown option (with what serves instead, or the nearest known one), a missing or
 * superfluous value, and an option that is not built yet.
 */
export function translateArgv(
  argv: readonly string[],
  table: readonly OptionRow[] = OPTIONS,
): string[] {
  const known = spellingsOf(table);
  const options: string[] = [];
  const operands: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') {
      operands.push(...argv.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const { found, usedNext } = readOption(known, word, argv[i + 1]);
    options.push(...found);
    if (usedNext) i++;
  }
  return [...options, '--', ...operands];
}

interface Read {
  readonly found: readonly string[];
  readonly usedNext: boolean;
}

function readOption(known: readonly Spelling[], word: string, next: string | undefined): Read {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  const exact = known.find(({ text }) => text === name);
  if (exact !== undefined) {
    const attached = equals < 0 ? null : word.slice(equals + 1);
    return readValue(exact.row, name, attached, next);
  }
  if (word.startsWith('--')) throw unknownOption(known, name);
  const combined = combinedRows(known, word);
  if (combined !== null) {
    return { found: combined.flatMap((row) => built(row, word)), usedNext: false };
  }
  const attached = known.find(
    ({ text, row }) => row.argument !== null && !text.startsWith('--') && word.startsWith(text),
  );
  if (attached === undefined) throw unknownOption(known, word);
  const value = word.slice(attached.text.length).replace(/^=/, '');
  return readValue(attached.row, attached.text, value, undefined);
}

function readValue(
  row: OptionRow,
  name: string,
  attached: string | null,
  next: string | undefined,
): Read {
  if (row.argument === null) {
    if (attached !== null) throw new UsageError(`option ${name} takes no value: ${show(attached)}`);
    return { found: built(row, name), usedNext: false };
  }
  const value = attached ?? next;
  if (row.isLater) built(row, name);
  if (value === undefined || value === '') {
    throw new UsageError(`option ${name} needs ${row.argument}`);
  }
  return { found: [`--${row.long}=${value}`], usedNext: attached === null };
}

/** `-sUT` is `-sU -sT`; `-nv` is `-n -v`. Null when a letter is no switch. */
function combinedRows(known: readonly Spelling[], word: string): OptionRow[] | null {
  const type = /^-s([A-Za-z]{2,})$/.exec(word);
  const spellings =
    type === null
      ? [...word.slice(1)].map((letter) => `-${letter}`)
      : [...type[1]!].map((letter) => `-s${letter}`);
  const rows = spellings.map((text) => known.find((spelling) => spelling.text === text)?.row);
  return rows.every((row) => row !== undefined && row.argument === null)
    ? (rows as OptionRow[])
    : null;
}

function built(row: OptionRow, name: string): string[] {
  const long = name === `--${row.long}` ? '' : ` (--${row.long})`;
  if (row.isLater) {
    const instead = insteadOf([name, ...row.short]);
    const hint = instead === null ? '' : `; ${instead}`;
    throw new UsageError(`option ${name}${long} is not built yet${hint}`);
  }
  return row.isAlways ? [] : [`--${row.long}`];
}

function unknownOption(spellings: readonly Spelling[], name: string): UsageError {
  const instead = insteadOf([name]);
  if (instead !== null) return new UsageError(`unknown option ${show(name)}: ${instead}`);
  const known = spellings.filter(({ row }) => !row.isLater).map(({ text }) => text);
  const suggestion = nearest(name, known);
  return new UsageError(
    `unknown option ${show(name)}${suggestion === null ? '' : `; the nearest is ${suggestion}`}`,
  );
}

/** Text of the user in quotes, without what would disturb a terminal. */
export function show(text: string): string {
  const shown = safe(text);
  return `"${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}"`;
}

/** Text without what would disturb a terminal. */
export function safe(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, '?');
}
