/**
 * The message format that DNS and mDNS share (RFC 1035 section 4) and NetBIOS-NS borrows: read whole or not at all.
 */
import { readU16, readU32, toBytes, writeU16 } from './bytes.ts';

/** A resource record; `dataAt .. dataAt+dataLength` lies inside the message. */
interface DnsRecord {
  /** Lower-case, length-prefixed labels, see {@link DnsName}. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly dataAt: number;
  readonly dataLength: number;
}

/** What is asked: `name` is its length-prefixed labels without the final zero, type and class are 16-bit numbers. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/**
 * The name in a message: `key` is its labels in lower case, each after its length, so that two names are equal when
 * their keys are.
 */
export interface DnsName {
  readonly key: string;
  /** Place after the name in the message. */
  readonly next: number;
}

/** A message whose four sections fill its bytes exactly. */
export interface DnsMessage {
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** QR bit: this is a response (RFC 1035 section 4.1.1). */
export const DNS_RESPONSE = 0x8000;

/**
 * A query with this one question (RFC 1035 sections 4.1.1 and 4.1.2): id and flags zero, so a standard query without
 * recursion. Whoever sends it writes the id over the first two bytes.
 */
export function toDnsQuery(question: DnsQuestion): Uint8Array {
  const query = toBytes(`\0\0\0\0\0\x01\0\0\0\0\0\0${question.name}\0\0\0\0\0`);
  writeU16(query, query.length - 4, question.type);
  writeU16(query, query.length - 2, question.class);
  return query;
}

/** Labels and pointers of one name: 127 labels fill a name, and an honest one has a pointer for each at most. */
const MAX_NAME_STEPS = 255;
const POINTER_BITS = 0xc0;
const MAX_LABEL_LENGTH = 63;
/** Bytes of a name, RFC 1035 section 2.3.4. */
const MAX_NAME_LENGTH = 255;
/** Shortest record: root name, type, class, TTL, length. It bounds the counts before anything is read. */
const MIN_RECORD_LENGTH = 11;
const MIN_QUESTION_LENGTH = 5;

/** Reads a name at `at` (RFC 1035 section 4.1.4), or null when it is malformed or leaves the message. */
export function readDnsName(bytes: Uint8Array, at: number): DnsName | null {
  let key = '';
  let place = at;
  let next = -1;
  for (let steps = 0; steps < MAX_NAME_STEPS; steps++) {
    if (bytes[place] === 0) return { key, next: next < 0 ? place + 1 : next };
    const step = readNameStep(bytes, place);
    if (step === null) return null;
    if (step.label === '' && next < 0) next = place + 2;
    key += step.label;
    if (key.length >= MAX_NAME_LENGTH) return null;
    place = step.place;
  }
  return null;
}

/** Reads a whole message, or null when any part of it is malformed, missing or left over. */
export function readDnsMessage(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < 12) return null;
  const counts = [4, 6, 8, 10].map((at) => readU16(bytes, at));
  const records = counts[1]! + counts[2]! + counts[3]!;
  if (counts[0]! * MIN_QUESTION_LENGTH + records * MIN_RECORD_LENGTH > bytes.length - 12)
    return null;
  const questions: DnsQuestion[] = [];
  let at = 12;
  for (let i = 0; i < counts[0]!; i++) {
    const name = readDnsName(bytes, at);
    if (name === null || name.next + 4 > bytes.length) return null;
    const type = readU16(bytes, name.next);
    questions.push({ name: name.key, type, class: readU16(bytes, name.next + 2) });
    at = name.next + 4;
  }
  const sections: DnsRecord[][] = [];
  for (const count of counts.slice(1)) {
    const section: DnsRecord[] = [];
    for (let i = 0; i < count; i++) {
      const record = readRecord(bytes, at);
      if (record === null) return null;
      section.push(record);
      at = record.dataAt + record.dataLength;
    }
    sections.push(section);
  }
  if (at !== bytes.length) return null;
  return {
    id: readU16(bytes, 0),
    flags: readU16(bytes, 2),
    questions,
    answers: sections[0]!,
    authorities: sections[1]!,
    additionals: sections[2]!,
  };
}

/** The labels of a name's key, first label first. */
export function toLabels(key: string): string[] {
  const labels: string[] = [];
  for (let at = 0; at < key.length; at += 1 + key.charCodeAt(at)) {
    labels.push(key.slice(at + 1, at + 1 + key.charCodeAt(at)));
  }
  return labels;
}

/** One label with its length before it, or one pointer (label empty), and the place where the name goes on. */
function readNameStep(bytes: Uint8Array, at: number): { label: string; place: number } | null {
  const length = bytes[at] ?? -1;
  if (length >= POINTER_BITS) {
    const place = readU16(bytes, at) & 0x3fff;
    // A pointer goes back; forward ones have no honest use.
    return at + 2 <= bytes.length && place < at ? { label: '', place } : null;
  }
  if (length < 1 || length > MAX_LABEL_LENGTH || at + 1 + length > bytes.length) return null;
  let label = String.fromCharCode(length);
  for (let i = 1; i <= length; i++) {
    const byte = bytes[at + i]!;
    label += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
  }
  return { label, place: at + 1 + length };
}

function readRecord(bytes: Uint8Array, at: number): DnsRecord | null {
  const name = readDnsName(bytes, at);
  if (name === null) return null;
  const dataLength = readU16(bytes, name.next + 8);
  const dataAt = name.next + 10;
  if (dataLength < 0 || dataAt + dataLength > bytes.length || readU32(bytes, name.next + 4) < 0) {
    return null;
  }
  const type = readU16(bytes, name.next);
  return { name: name.key, type, class: readU16(bytes, name.next + 2), dataAt, dataLength };
}
