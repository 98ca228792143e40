/** Columns, wrapping and colour of plain text. */
import type { State } from '../model.ts';

const ESC = '\x1b[';

/** SGR codes: green good, yellow something is in the way, red refused, magenta our own side. */
const STATE_COLOR: Readonly<Record<State, string>> = {
  open: '32',
  closed: '31',
  filtered: '33',
  'open|filtered': '33',
  'closed|filtered': '33',
  unknown: '35',
};

/** How text is dressed; without colour every function gives its text back. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly state: (state: State, text: string) => string;
}

/** Creates the paint of a report. */
export function createPaint(color: boolean): Paint {
  const dress = (code: string, text: string) => (color ? `${ESC}${code}m${text}${ESC}0m` : text);
  return {
    bold: (text) => dress('1', text),
    dim: (text) => dress('2', text),
    state: (state, text) => dress(STATE_COLOR[state], text),
  };
}

/** Spaces but those in `0.31 ms`, `< 0.01 ms`, `99 % sure` and `10.0.0.5 53/udp`, which stay together. */
const BREAKS = /(?<!<) (?!(?:ms|s|%|sure)(?:\W|$))(?!(?<![,:] )\d+\/(?:tcp|udp))/;

/** Breaks text at spaces into lines of at most `width` characters; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAKS)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/** Wraps text into lines that all begin with `indent`. */
export function paragraph(text: string, width: number, indent: string): string[] {
  return wrap(text, Math.max(MIN_WRAP, width - indent.length)).map((line) => indent + line);
}

/**
 * Commands to copy, indented; each stays whole. Where a comment does not fit beside one of them, all comments stand above
 * their commands.
 */
export function commandLines(commands: readonly string[], width: number): string[] {
  const beside = commands.map((command) => COMMAND_INDENT + command);
  if (beside.every((line) => line.length <= width)) return beside;
  return commands.flatMap((text) => {
    const at = text.indexOf('  # ');
    if (at < 0) return [COMMAND_INDENT + text];
    const comment = paragraph(text.slice(at + 4), width, `${COMMAND_INDENT}# `);
    return [...comment, COMMAND_INDENT + text.slice(0, at)];
  });
}

const COMMAND_INDENT = '    ';

/** Narrower columns are not wrapped further: words would stand one below the other. */
export const MIN_WRAP = 24;

/** `1 port`, `2 ports`, `1,024 ports`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A count with thousands separators. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
