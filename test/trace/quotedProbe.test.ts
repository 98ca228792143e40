/** How a quote tells its probe, down to the 28 bytes that every router must quote. */
import { describe, expect, it } from 'vitest';
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP } from '../../src/batch.ts';
import type { TargetTable } from '../../src/model.ts';
import { parseIp } from '../../src/packet/address.ts';
import { createQuoteView, readQuote } from '../../src/packet/quote.ts';
import { writeProbePacket } from '../../src/probe/frame.ts';
import { chooseFlows, createProbeNames, type Flow, placeOf } from '../../src/trace/flows.ts';
import { createProbeReader } from '../../src/trace/quotedProbe.ts';
import { createTraceRows } from '../../src/trace/traceRows.ts';

const SEED = [0x1234, 0x5678] as const;
const MAX_TTL = 32;
const ADDRESSES = { 4: ['10.0.0.1', '10.0.0.2'], 6: ['fd00::1', 'fd00::2'] } as const;

const names = createProbeNames(SEED, 3);
const reader = createProbeReader(SEED, names, () => MAX_TTL);

const padded = (text: string): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes.set(parseIp(text)!.bytes);
  return bytes;
};

/** The packet of a probe, as it leaves. */
function packetOf(family: 4 | 6, flow: Flow, ttl: number, round: number): Uint8Array {
  const [own, target] = ADDRESSES[family].map(padded) as [Uint8Array, Uint8Array];
  const targets = { bytes: target, families: Uint8Array.of(family) } as unknown as TargetTable;
  const rows = createTraceRows({ target: 0, family, seed: SEED, names });
  rows.add({ flow, ttl, round });
  const frame = {
    targets,
    source4: own,
    source6: own,
    srcPort: 50_000,
    keyHi: SEED[0],
    keyLo: SEED[1],
  };
  const out = new Uint8Array(2000);
  return out.slice(0, writeProbePacket(rows.batch, 0, frame, out, 0));
}

function told(flow: Flow, bytes: Uint8Array, length: number) {
  const view = createQuoteView();
  expect(readQuote(bytes, 0, Math.min(length, bytes.length), view)).toBe(true);
  return reader.ofQuote(flow, bytes, view) ?? reader.ofChecksum(flow, bytes, view);
}

const FLOWS: readonly (readonly [string, Flow])[] = [
  ['tcp/443', PROTO_TCP, 443],
  ['udp/53, which has a token', PROTO_UDP, 53],
  ['udp/9999, blank text', PROTO_UDP, 9999],
  ['udp/514, which the scan asks without a byte', PROTO_UDP, 514],
  ['udp/443, QUIC', PROTO_UDP, 443],
].map(([name, protocol, port], index) => [
  name as string,
  { index, lane: index % 3, kind: 'asked', protocol: protocol as number, port: port as number },
]);

describe.each(FLOWS)('%s', (_, flow) => {
  it('IPv4: 28 bytes tell TTL and round', () => {
    for (let ttl = 1; ttl <= MAX_TTL; ttl++) {
      for (const round of [1, 3]) {
        expect(told(flow, packetOf(4, flow, ttl, round), 28)).toEqual({ ttl, round });
      }
    }
  });

  it('IPv6: a whole quote tells the TTL', () => {
    for (let ttl = 1; ttl <= MAX_TTL; ttl++) {
      expect(told(flow, packetOf(6, flow, ttl, 1), 1280)?.ttl).toBe(ttl);
    }
  });

  it('IPv6: a quote of 48 bytes tells the right TTL or none', () => {
    for (let ttl = 1; ttl <= MAX_TTL; ttl++) {
      const found = told(flow, packetOf(6, flow, ttl, 1), 48);
      if (found !== null) expect(found.ttl).toBe(ttl);
    }
  });

  it('a stranger who knows addresses and ports is not believed', () => {
    let believed = 0;
    for (let n = 1; n <= 500; n++) {
      const bytes = packetOf(4, flow, 5, 1);
      // Identification, sequence number or checksum of his own.
      bytes.set([n >> 8, n & 0xff, n, n, n ^ 0x55, n ^ 0xaa].slice(0, 2), 4);
      bytes.set([n & 0xff, n >> 8, (7 * n) & 0xff, n ^ 0x3c], 24);
      if (told(flow, bytes, 28) !== null) believed += 1;
    }
    // 32 of 4,096 identifications are in use, twice as many with what a checksum lets pass.
    expect(believed).toBeLessThan(20);
  });

  it('a NAT that renumbers packets leaves it to the payload', () => {
    const bytes = packetOf(4, flow, 9, 2);
    bytes[4]! ^= 0xff;
    expect(told(flow, bytes, bytes.length)?.ttl).toBe(9);
  });
});

const chosen = (protocol: number, port: number, run = 0) =>
  chooseFlows({
    protocol,
    port,
    family: 4,
    control: true,
    seed: SEED,
    run,
    can: { echo: true, lanes: 8 },
    sources: 0,
  });

it('datagrams of one flow differ, and no two probes share an identification', () => {
  const names = createProbeNames(SEED, 3);
  const { main, variants } = chosen(PROTO_UDP, 53);
  const flows = [...main, ...variants];
  const seen = new Set<string>();
  for (const flow of flows) {
    for (let ttl = 1; ttl <= MAX_TTL; ttl++) {
      if (flow.protocol === PROTO_UDP) seen.add(`${flow.port} ${names.payloadOf(flow, ttl)}`);
      else seen.add(`${flow.index} ${ttl}`);
      expect(placeOf(names.numberOf(flow, ttl))).toMatchObject({ run: 3, flow: flow.index, ttl });
    }
  }
  expect(seen.size).toBe(flows.length * MAX_TTL);
});

it('controls are neither the asked port nor each other', () => {
  for (const [protocol, port] of [
    [PROTO_TCP, 80],
    [PROTO_TCP, 443],
    [PROTO_TCP, 22],
    [PROTO_UDP, 53],
    ...Array.from({ length: 90 }, (_, n) => [PROTO_UDP, 33_434 + n] as const),
  ] as const) {
    for (let run = 0; run < 20; run++) {
      const flows = chosen(protocol, port, run).main;
      const keys = new Set(flows.map((flow) => `${flow.protocol}/${flow.port}`));
      expect(keys.size).toBe(3);
      // The control of the asked protocol comes first.
      expect(flows[1]!.protocol).toBe(protocol);
    }
  }
});

describe.each([4, 6] as const)('an echo request over IPv%i', (family) => {
  const protocol = family === 4 ? PROTO_ICMP : PROTO_ICMPV6;
  const flow: Flow = { index: 9, kind: 'icmp', protocol, port: 0, lane: 0 };

  it('is told by 8 bytes behind the IP header, TTL and round', () => {
    const length = family === 4 ? 28 : 48;
    for (let ttl = 1; ttl <= MAX_TTL; ttl++) {
      expect(told(flow, packetOf(family, flow, ttl, 2), length)).toEqual({ ttl, round: 2 });
    }
  });

  it('is told by its whole message, and by no other', () => {
    const message = packetOf(family, flow, 4, 1).subarray(family === 4 ? 20 : 40);
    expect(reader.ofEcho(flow, message)).toEqual({ ttl: 4, round: 1 });
    const other = message.slice();
    other[9]! ^= 1;
    expect(reader.ofEcho(flow, other)).toBeNull();
  });
});
