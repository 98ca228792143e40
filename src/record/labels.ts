/** The comments beside packets of a recording: which probe asks, which one is answered, what is foreign. ASCII. */

import { isEcho, PROTO_TCP, SHAPED_TAG } from '../batch.ts';
import type { SentPacket } from '../model.ts';

/** One comment, put together piece by piece; the bytes are used again for the next. */
export interface Label {
  readonly bytes: Uint8Array;
  length: number;
  text(words: string): void;
  number(value: number): void;
}

/** A comment is a line: ids and a few words. */
const LABEL_BYTES = 256;

/** Creates an empty label; set `length` to 0 to begin another. */
export function createLabel(): Label {
  const bytes = new Uint8Array(LABEL_BYTES);
  const label: Label = {
    bytes,
    length: 0,
    text(words) {
      const begin = label.length;
      // What lies beyond the bytes is not written.
      for (let i = 0; i < words.length; i++) bytes[begin + i] = words.charCodeAt(i);
      label.length = Math.min(LABEL_BYTES, begin + words.length);
    },
    number(value) {
      let digits = 1;
      for (let bound = 10; value >= bound; bound *= 10) digits++;
      const begin = label.length;
      let rest = value;
      for (let at = begin + digits - 1; at >= begin; at--) {
        const next = (rest / 10) >>> 0;
        bytes[at] = 48 + rest - 10 * next;
        rest = next;
      }
      label.length = Math.min(LABEL_BYTES, begin + digits);
    },
  };
  return label;
}

/** Whether a row is about no probe of the plan. */
export const isControl = (tag: number): boolean => tag > 0 && tag !== SHAPED_TAG;

/** What a packet of this IP protocol asks: `s17.1 asks 53/udp`, or `control c3 asks 29100/udp`. */
export function labelProbe(
  label: Label,
  { probe, attempt, tag }: Pick<SentPacket, 'probe' | 'attempt' | 'tag'>,
  protocol: number,
  port: number,
): void {
  label.length = 0;
  if (isControl(tag)) {
    label.text('control c');
    label.number(tag);
  } else {
    label.text('s');
    label.number(probe + 1);
    label.text('.');
    label.number(attempt);
  }
  labelWhat(label, protocol, port);
}

/** ` asks 53/udp`. */
export function labelWhat(label: Label, protocol: number, port: number): void {
  label.text(' asks ');
  if (isEcho(protocol)) {
    label.text('for an echo');
    return;
  }
  label.number(port);
  label.text(protocol === PROTO_TCP ? '/tcp' : '/udp');
}

/** A received row as the matching engine has understood it. */
export interface HeardRow {
  /** One of HEARD. */
  readonly heard: number;
  readonly probe: number;
  readonly tag: number;
  /** 0 = not known. */
  readonly attempt: number;
  readonly idAttempt: number;
  readonly idNumber: number;
  /** One of ANSWER (match/facts.ts). */
  readonly answer: number;
}

/** What became of a received row. */
export const HEARD = {
  NOTHING: 0,
  ANSWER: 1,
  LATE: 2,
  NO_ANSWER: 3,
  BAD_TOKEN: 4,
  FOREIGN: 5,
} as const;

/** By HEARD; empty where it is an answer. */
const REFUSED: readonly string[] = [
  'not looked at',
  '',
  '',
  'unmatched: says nothing about a port that was asked',
  'foreign: about a port that was asked, without our token',
  'foreign: about nothing that was asked',
];

/** What a packet answers: `r17.1.1 answers s17.1`, with what is to be known besides. */
export function labelAnswer(label: Label, row: HeardRow): void {
  label.length = 0;
  const refused = REFUSED[row.heard]!;
  if (refused !== '') {
    label.text(refused);
    return;
  }
  if (isControl(row.tag)) {
    label.text('answers control c');
    label.number(row.tag);
    return;
  }
  if (row.idNumber === 0) {
    label.text('about s');
    id(label, row);
    return;
  }
  label.text('r');
  id(label, row);
  label.text('.');
  label.number(row.idNumber);
  label.text(' answers s');
  id(label, row);
  if (row.attempt === 0 && row.idAttempt > 1) label.text(' or an earlier one');
  if (row.idNumber > 1) label.text(', again');
  if (row.heard === HEARD.LATE) label.text(', late');
}

function id(label: Label, { probe, idAttempt }: HeardRow): void {
  label.number(probe + 1);
  label.text('.');
  label.number(idAttempt);
}
