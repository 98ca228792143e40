/** Probes and signals as short JSON records, for the tests of the errqueue wire inside and outside of namespaces. */
import {
  createProbeBatch,
  isEcho,
  NO_PROBE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../../src/batch.ts';
import type { Family, OwnSide, TargetTable } from '../../src/model.ts';
import { formatIp, parseIp } from '../../src/packet/address.ts';
import { ECHO_BYTES, writeEcho } from '../../src/probe/echo.ts';

export interface Row {
  readonly protocol: 'udp' | 'tcp' | 'own-side' | 'sctp' | 'echo4' | 'echo6';
  /** Number in the script's targets, 0 when left out. */
  readonly target?: number;
  readonly port?: number;
  readonly ttl?: number;
  readonly minTtl?: number;
  readonly lane?: number;
  readonly attempt?: number;
  readonly tag?: number;
  readonly payload?: string;
}

/** Rows to send, how many signals to wait for, and for how long at most. */
export interface Step {
  readonly rows: readonly Row[];
  readonly expect: number;
  readonly withinMs: number;
}

export type SignalName = keyof typeof SIGNAL;

/** One signal, all columns. */
export interface SeenSignal {
  readonly kind: SignalName;
  readonly probe: number | null;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: number;
  readonly from: string;
  readonly fromPort: number;
  readonly dst: string;
  readonly dstPort: number;
  readonly icmp: readonly [number, number];
  readonly localOrigin: number;
  readonly ttl: number;
  readonly errno: number;
  readonly info: number;
  readonly payload: string;
  /** Since the send of the row that it belongs to, or of the first row. */
  readonly rttMs: number;
  readonly ownSide: OwnSide | null;
}

const protocols = {
  udp: PROTO_UDP,
  tcp: PROTO_TCP,
  'own-side': PROTO_OWN_SIDE,
  sctp: 132,
  echo4: PROTO_ICMP,
  echo6: PROTO_ICMPV6,
} as const satisfies Record<Row['protocol'], number>;

const kinds = new Map(
  Object.entries(SIGNAL).map(([name, value]) => [value as number, name as SignalName]),
);

/** A target table of these addresses; zones are interface indexes (`fe80::1%2`). */
export function toTargets(texts: readonly string[]): TargetTable {
  const bytes = new Uint8Array(16 * texts.length);
  const families = new Uint8Array(texts.length);
  const scopeIds = new Uint32Array(texts.length);
  for (const [i, text] of texts.entries()) {
    const parsed = parseIp(text)!;
    bytes.set(parsed.bytes, 16 * i);
    families[i] = parsed.family;
    scopeIds[i] = Number(parsed.zone ?? 0);
  }
  return {
    count: texts.length,
    bytes,
    families,
    scopeIds,
    ip: (target) => formatIp(bytes, 16 * target, families[target] as Family),
    name: () => null,
    indexOf: () => -1,
  };
}

/** A batch of these rows; the probe number of a row is its place. */
export function fillProbes(rows: readonly Row[]): ProbeBatch {
  const batch = createProbeBatch(Math.max(1, rows.length));
  let used = 0;
  for (const [i, row] of rows.entries()) {
    const payload = isEcho(protocols[row.protocol])
      ? echoOf(row, i)
      : Buffer.from(row.payload ?? '');
    batch.probe[i] = i;
    batch.attempt[i] = row.attempt ?? 1;
    batch.tag[i] = row.tag ?? 0;
    batch.protocol[i] = protocols[row.protocol];
    batch.target[i] = row.target ?? 0;
    batch.port[i] = row.port ?? 0;
    batch.ttl[i] = row.ttl ?? 0;
    batch.minTtl[i] = row.minTtl ?? 0;
    batch.lane[i] = row.lane ?? 0;
    batch.offset[i] = used;
    batch.length[i] = payload.length;
    batch.bytes.set(payload, used);
    used += payload.length;
  }
  batch.count = rows.length;
  return batch;
}

/** The request of a row; nothing here looks at its token. */
function echoOf(row: Row, probe: number): Buffer {
  const bytes = Buffer.alloc(ECHO_BYTES);
  const asked = { keyHi: 1, keyLo: 2, probe, attempt: row.attempt ?? 1 };
  writeEcho(bytes, 0, row.protocol === 'echo4' ? 4 : 6, asked);
  return bytes;
}

export function toSeen(signals: SignalBatch, row: number, probes: ProbeBatch): SeenSignal {
  const probe = signals.probe[row]!;
  const family = signals.family[row] as Family;
  const offset = signals.offset[row]!;
  const sentMs = signals.sentMs[row] || probes.sentMs[probe === NO_PROBE ? 0 : probe]!;
  return {
    kind: kinds.get(signals.kind[row]!)!,
    probe: probe === NO_PROBE ? null : probe,
    attempt: signals.attempt[row]!,
    tag: signals.tag[row]!,
    protocol: signals.protocol[row]!,
    from: formatIp(signals.from, 16 * row, family),
    fromPort: signals.fromPort[row]!,
    dst: formatIp(signals.dst, 16 * row, family),
    dstPort: signals.dstPort[row]!,
    icmp: [signals.icmpType[row]!, signals.icmpCode[row]!],
    localOrigin: signals.localOrigin[row]!,
    ttl: signals.ttl[row]!,
    errno: signals.errno[row]!,
    info: signals.info[row]!,
    payload: Buffer.from(signals.bytes.subarray(offset, offset + signals.length[row]!)).toString(),
    rttMs: signals.atMs[row]! - sentMs,
    ownSide: signals.kind[row] === SIGNAL.OWN_SIDE ? (signals.ownSide[row] ?? null) : null,
  };
}
