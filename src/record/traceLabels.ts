/** The comments beside packets of a trace: which flow and TTL asks, which one is answered. */
import type { SentPacket } from '../model.ts';
import { evidenceNumber, placeOfEvidence } from '../trace/evidenceIds.ts';
import { placeOf } from '../trace/flows.ts';
import { HEARD, type HeardRow, type Label, labelAnswer, labelWhat } from './labels.ts';

/** `s259.1 asks 443/tcp: flow 1, TTL 3`; flow 0 is the asked port, those after it are its controls. */
export function labelTraceProbe(
  label: Label,
  firstId: number,
  { probe, attempt }: Pick<SentPacket, 'probe' | 'attempt'>,
  protocol: number,
  port: number,
): void {
  const { run, flow, ttl } = placeOf(probe);
  label.length = 0;
  label.text('s');
  label.number(evidenceNumber(firstId, run, flow, ttl));
  label.text('.');
  label.number(attempt);
  labelWhat(label, protocol, port);
  label.text(': flow ');
  label.number(flow);
  label.text(', TTL ');
  label.number(ttl);
}

/** `r259.1.1 answers s259.1`, or of which flow it is where the TTL cannot be told. */
export function labelTraceAnswer(label: Label, row: HeardRow): void {
  if (row.heard === HEARD.FOREIGN) {
    label.length = 0;
    label.text('foreign: names no probe of this trace');
    return;
  }
  if (row.heard !== HEARD.ANSWER) {
    labelAnswer(label, row);
    return;
  }
  const { probe, attempt, idAttempt, idNumber } = row;
  const { flow, ttl } = placeOfEvidence(probe);
  const id = `${probe}.${idAttempt}`;
  label.length = 0;
  label.text(idNumber > 0 ? `r${id}.${idNumber} answers ` : 'about ');
  if (ttl === 0) label.text(`flow ${flow}, its TTL cannot be told`);
  else label.text(attempt === 0 && idAttempt > 1 ? `s${id} or an earlier one` : `s${id}`);
  if (idNumber > 1) label.text(', again');
}
