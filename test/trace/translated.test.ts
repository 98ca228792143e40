/** What a quote shows of translations on the way, and whose probe it still is. */
import { describe, expect, it } from 'vitest';
import { PROTO_TCP, PROTO_UDP } from '../../src/batch.ts';
import type { TargetTable, Translated } from '../../src/model.ts';
import { parseIp } from '../../src/packet/address.ts';
import { read16, write16 } from '../../src/packet/bytes.ts';
import { toChecksum } from '../../src/packet/checksum.ts';
import { createIpView } from '../../src/packet/ip.ts';
import { createQuoteView, readQuote } from '../../src/packet/quote.ts';
import { writeProbePacket } from '../../src/probe/frame.ts';
import { chooseFlows, createProbeNames } from '../../src/trace/flows.ts';
import { locate } from '../../src/trace/locate.ts';
import { createProbeReader } from '../../src/trace/quotedProbe.ts';
import { createTraceRows } from '../../src/trace/traceRows.ts';
import { findTranslated, translatedOf } from '../../src/trace/translated.ts';
import { factsOf, router } from './paths.ts';

const SEED = [0x1234, 0x5678] as const;
const SRC_PORT = 50_000;
const TTL = 5;
const ADDRESSES = { 4: ['10.0.0.1', '10.0.0.2'], 6: ['fd00::1', 'fd00::2'] } as const;
/** Where the packet begins: before it stands the address to which the ICMP error comes, our own. */
const AT = 16;

const padded = (text: string): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes.set(parseIp(text)!.bytes);
  return bytes;
};

const ROWS = ([4, 6] as const).flatMap((family) =>
  ([PROTO_TCP, PROTO_UDP] as const).map((protocol) => ({ family, protocol })),
);

describe.each(ROWS)('IPv$family, protocol $protocol', ({ family, protocol }) => {
  const port = protocol === PROTO_TCP ? 443 : 53;
  const [own, targetIp] = ADDRESSES[family].map(padded) as [Uint8Array, Uint8Array];
  const targets = { bytes: targetIp, families: Uint8Array.of(family) } as unknown as TargetTable;
  const can = { echo: true, lanes: 8 };
  const { main, variants } = chooseFlows({
    ...{ protocol, port, family, can, control: true, seed: SEED, run: 3, sources: 0 },
  });
  const flows = [...main, ...variants];
  const names = createProbeNames(SEED, 3);
  const probes = createProbeReader(SEED, names, () => 32);
  const context = { targets, target: 0, flows, probes, srcPort: SRC_PORT };
  const head = AT + (family === 4 ? 20 : 40);
  const checksumAt = head + (protocol === PROTO_TCP ? 16 : 6);
  const [keyHi, keyLo] = SEED;

  /** The packet of the second variant behind our address. */
  const sent = (): Uint8Array => {
    const rows = createTraceRows({ target: 0, family, seed: SEED, names });
    rows.add({ flow: variants[1]!, ttl: TTL, round: 1 });
    const out = new Uint8Array(2000);
    out.set(own);
    const frame = { targets, source4: own, source6: own, srcPort: SRC_PORT, keyHi, keyLo };
    return out.slice(0, AT + writeProbePacket(rows.batch, 0, frame, out, AT));
  };
  /** Writes a word as a NAT does: the checksum follows (RFC 1624). */
  const rewrite = (bytes: Uint8Array, at: number, value: number): void => {
    const total = (~read16(bytes, checksumAt) & 0xffff) + (~read16(bytes, at) & 0xffff) + value;
    write16(bytes, checksumAt, toChecksum(total));
    write16(bytes, at, value);
  };
  const read = (bytes: Uint8Array) => {
    const quote = createQuoteView();
    expect(readQuote(bytes, AT, bytes.length, quote)).toBe(true);
    const found = findTranslated(context, bytes, quote);
    const outer = { ...createIpView(), dstAt: 0 };
    return { found, changes: translatedOf(context, bytes, outer, quote, variants[1]!) };
  };
  const NONE: Translated = {
    ...{ source: null, sourcePort: null, destination: null, destinationPort: null },
    isChecksumOff: false,
  };

  it('nothing, where it is quoted as it was sent', () => {
    expect(read(sent()).changes).toBeNull();
  });

  it('nothing about our address, where the wire does not know it', () => {
    const bytes = sent();
    bytes.fill(0, 0, AT);
    expect(read(bytes).changes).toBeNull();
  });

  it('another port, at either end', () => {
    const bytes = sent();
    rewrite(bytes, head + 2, 8443);
    const { found, changes } = read(bytes);
    expect(found).toMatchObject({ flow: variants[1], probe: { ttl: TTL } });
    expect(changes).toEqual({ ...NONE, destinationPort: 8443 });
    const other = sent();
    rewrite(other, head, 1024);
    expect(read(other).found).toMatchObject({ flow: { port }, probe: { ttl: TTL } });
    expect(read(other).changes).toEqual({ ...NONE, sourcePort: 1024 });
  });

  it('another address', () => {
    const bytes = sent();
    rewrite(bytes, head - 2, 9);
    const ip = family === 4 ? '10.0.0.9' : 'fd00::9';
    expect(read(bytes)).toMatchObject({
      found: { flow: variants[1], probe: { ttl: TTL } },
      changes: { ...NONE, destination: ip },
    });
  });

  it('a checksum that was left when the quote was changed back', () => {
    const bytes = sent();
    write16(bytes, checksumAt, read16(bytes, checksumAt) ^ 0x0101);
    expect(read(bytes).changes).toEqual({ ...NONE, isChecksumOff: true });
    // Of a part nothing follows.
    expect(read(bytes.slice(0, head + 8)).changes).toBeNull();
  });

  it('is none of ours with both ends changed, or without our words', () => {
    const bytes = sent();
    rewrite(bytes, head, 1024);
    rewrite(bytes, head + 2, 8443);
    expect(read(bytes).found).toBeNull();
    const strange = sent();
    rewrite(strange, head + 2, 8443);
    strange.fill(0x55, protocol === PROTO_TCP ? head + 4 : head + 8);
    expect(read(strange).found).toBeNull();
  });
});

describe('as a finding', () => {
  const NOTES = { mpls: [], interfaces: [], dscp: null };
  const change = {
    ...{ source: null, sourcePort: null, destination: null, destinationPort: 8443 },
    isChecksumOff: false,
  };
  const said = (hops: readonly number[], translated: Translated) => {
    const facts = factsOf({ asked: 'r1 r2 r3 T:syn', same: 'r1 r2 r3 T:rst' });
    const [asked, ...controls] = facts.flows;
    const changed = asked!.hops.map(({ rounds, answers }, ttl) => ({
      rounds,
      answers: hops.includes(ttl)
        ? answers.map((one) => ({ ...one, notes: { ...NOTES, translated } }))
        : answers,
    }));
    return locate({ ...facts, flows: [{ ...asked!, hops: changed }, ...controls] });
  };

  it('stands between who quotes it as sent and who does not', () => {
    expect(said([2, 3], change)).toMatchObject({
      end: 'reached',
      whyArgs: { quotedHop: 2, quotedAs: 'destination port 8443' },
      finding: {
        kind: 'nat',
        rule: 1,
        after: { ttl: 1, ip: router(1) },
        before: { ttl: 2, ip: router(2) },
        by: null,
        certainty: 'high',
      },
    });
  });

  it('is not certain by one witness, nor by checksums', () => {
    expect(said([2], change).finding?.certainty).toBe('medium');
    const checksum = { ...change, destinationPort: null, isChecksumOff: true };
    expect(said([2, 3], checksum).finding?.certainty).toBe('medium');
  });
});
