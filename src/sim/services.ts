/**
 * What listens on the ports of a simulated host: the records, their parser, and the answers of UDP services.
 */
import { read16, write16, write32 } from '../packet/bytes.ts';
import { type PortRange, parsePortRange } from './rules.ts';
import {
  failAt,
  type JsonPlace,
  openEntries,
  openObject,
  readNumber,
  readWord,
} from './strictJson.ts';

/** `accept`: handshake with an open window. `zero-window`: handshake whose window never opens. `silent`: backlog full. */
export const TCP_SERVICES = ['accept', 'zero-window', 'silent'] as const;
/** One of {@link TCP_SERVICES}. */
export type TcpServiceKind = (typeof TCP_SERVICES)[number];

/** `silent` has a socket and says nothing. `echo` sends back what it got; `dns` and `ntp` answer real requests only. */
export const UDP_SERVICES = ['dns', 'ntp', 'echo', 'silent'] as const;
/** One of {@link UDP_SERVICES}. */
export type UdpServiceKind = (typeof UDP_SERVICES)[number];

/** Where answers come from. */
export const ANSWER_SOURCES = ['same', 'other-port', 'other-address'] as const;
/** One of {@link ANSWER_SOURCES}. */
export type AnswerSource = (typeof ANSWER_SOURCES)[number];

/** One listener on a range of ports. */
export interface Service<Kind extends string> {
  readonly ports: PortRange;
  readonly kind: Kind;
  /** Share of the addresses of a prefix that have it; the others do not listen. */
  readonly share: number;
  /** UDP only. */
  readonly from: AnswerSource;
}

/** Parses `{ "53": "dns", "8000-8999": { "kind": "accept", "share": 0.1 } }`. */
export function parseServices<Kind extends string>(
  place: JsonPlace | undefined,
  kinds: readonly Kind[],
): readonly Service<Kind>[] {
  return openEntries(place).map(([key, item]) => {
    const ports = parsePortRange({ ...item, value: key })!;
    if (typeof item.value === 'string') {
      return { ports, kind: readWord(item, kinds), share: 1, from: 'same' };
    }
    const at = openObject(item, ['kind', 'share', 'from']);
    const kind = at('kind');
    const from = at('from');
    if (kind === undefined) failAt(item, 'a service needs "kind"');
    return {
      ports,
      kind: readWord(kind, kinds),
      share: readNumber(at('share'), { min: 0, max: 1 }, 1),
      from: from === undefined ? 'same' : readWord(from, ANSWER_SOURCES),
    };
  });
}

/** From which port `other-port` services answer: far away, and never the same. */
export function otherPort(port: number): number {
  return port ^ 0x4000;
}

/**
 * Writes a UDP service's answer to `bytes[at, end)` into `out` from `outAt` and returns its length, or -1 for none.
 * `out` needs as much room as the request, and 48 bytes more.
 */
export function answerUdp(
  kind: UdpServiceKind,
  request: { readonly bytes: Uint8Array; readonly at: number; readonly end: number },
  out: Uint8Array,
  outAt: number,
): number {
  const { bytes, at, end } = request;
  switch (kind) {
    case 'silent':
      return -1;
    case 'echo':
      out.set(bytes.subarray(at, end), outAt);
      return end - at;
    case 'dns':
      return answerDns(bytes, at, end, out, outAt);
    case 'ntp':
      return answerNtp(bytes, at, end, out, outAt);
  }
}

/** RFC 1035 section 4: the header and the question come back, REFUSED, as a server without upstream says. */
function answerDns(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  outAt: number,
): number {
  const isQuery = end - at >= 17 && (bytes[at + 2]! & 0x80) === 0 && read16(bytes, at + 4) === 1;
  if (!isQuery) return -1;
  let questionEnd = at + 12;
  // A name has at most 127 labels (RFC 1035 section 2.3.4: 255 bytes); compression has no place in a question.
  for (let label = 0; label < 128; label++) {
    if (questionEnd >= end) return -1;
    const length = bytes[questionEnd]!;
    if (length > 63) return -1;
    questionEnd += 1 + length;
    if (length === 0) break;
  }
  questionEnd += 4;
  if (questionEnd > end) return -1;
  const length = questionEnd - at;
  out.set(bytes.subarray(at, questionEnd), outAt);
  const RCODE_REFUSED = 5;
  out[outAt + 2] = 0x80 | (bytes[at + 2]! & 0x79);
  out[outAt + 3] = RCODE_REFUSED;
  write16(out, outAt + 6, 0);
  write16(out, outAt + 8, 0);
  write16(out, outAt + 10, 0);
  return length;
}

/** RFC 5905 section 7.3: a server (mode 4) of stratum 10 whose clock stands still; the origin is the client's stamp. */
function answerNtp(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  outAt: number,
): number {
  const MODE_CLIENT = 3;
  const MODE_SERVER = 4;
  if (end - at < 48 || (bytes[at]! & 7) !== MODE_CLIENT) return -1;
  out.fill(0, outAt, outAt + 48);
  out[outAt] = (bytes[at]! & 0x38) | MODE_SERVER;
  out[outAt + 1] = 10;
  out[outAt + 2] = bytes[at + 2]!;
  out[outAt + 3] = 0xe9;
  write32(out, outAt + 12, 0x7f7f0101);
  out.set(bytes.subarray(at + 40, at + 48), outAt + 24);
  for (const stampAt of [16, 32, 40]) write32(out, outAt + stampAt, NTP_SECONDS);
  return 48;
}

/** 2026-01-01T00:00:00Z in seconds since 1900. */
const NTP_SECONDS = 3_976_214_400;
