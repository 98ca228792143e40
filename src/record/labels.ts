/** The comments beside packets of a recording: which probe asks, which one is answered, what is foreign. ASCII. */

import { isEcho, PROTO_TCP } from '../batch.ts';

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
      for (let i = 0; i < words.length && label.length < LABEL_BYTES; i++) {
        bytes[label.length++] = words.charCodeAt(i);
      }
    },
    number(value) {
      let divisor = 1;
      while (value / divisor >= 10) divisor *= 10;
      for (; divisor >= 1 && label.length < LABEL_BYTES; divisor /= 10) {
        bytes[label.length++] = 48 + (Math.floor(value / divisor) % 10);
      }
    },
  };
  return label;
}

/** What a packet asks: `s17.1 asks 53/udp`, or `control c3 asks 29100/udp`. */
export function labelProbe(
  label: Label,
  asked: {
    readonly probe: number;
    readonly attempt: number;
    readonly tag: number;
    /** IP protocol number. */
    readonly protocol: number;
    readonly port: number;
  },
): void {
  label.length = 0;
  if (asked.tag > 0) {
    label.text('control c');
    label.number(asked.tag);
  } else {
    label.text('s');
    label.number(asked.probe + 1);
    label.text('.');
    label.number(asked.attempt);
  }
  label.text(' asks ');
  if (isEcho(asked.protocol)) {
    label.text('for an echo');
    return;
  }
  label.number(asked.port);
  label.text(asked.protocol === PROTO_TCP ? '/tcp' : '/udp');
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

const REFUSED: Readonly<Record<number, string>> = {
  [HEARD.NOTHING]: 'not looked at',
  [HEARD.NO_ANSWER]: 'unmatched: says nothing about a port that was asked',
  [HEARD.BAD_TOKEN]: 'foreign: about a port that was asked, without our token',
  [HEARD.FOREIGN]: 'foreign: about nothing that was asked',
};

/** What a packet answers: `r17.1.1 answers s17.1`, with what is to be known besides. */
export function labelAnswer(label: Label, row: HeardRow): void {
  label.length = 0;
  const refused = REFUSED[row.heard];
  if (refused !== undefined) {
    label.text(refused);
    return;
  }
  if (row.tag > 0) {
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
