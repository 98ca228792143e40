/**
 * The matching half: probes as frame.ts writes them, answers as bytes made here by hand. A stranger's packet never
 * decides, whatever it looks like.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createProbeBatch,
  createSignalBatch,
  NO_PROBE,
  PROTO_TCP,
  PROTO_UDP,
  SHAPE,
  SHAPED_TAG,
  SIGNAL,
} from '../../src/batch.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatchingEngine } from '../../src/match/matchingEngine.ts';
import type { Family, Plan } from '../../src/model.ts';
import { parseIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { writeProbePacket } from '../../src/probe/frame.ts';
import { payloadFor } from '../../src/probe/payload.ts';
import { TOKEN, tokenWord } from '../../src/probe/token.ts';
import { answerUdp } from '../../src/sim/services.ts';

const SRC_PORT = 40_000;
const SOURCE = { 4: parseIp('10.0.0.2')!.bytes, 6: parseIp('fd00::2')!.bytes };
const ROUTER = { 4: '10.1.0.1', 6: 'fd01::1' } as const;
const TARGET = { 4: '10.2.0.5', 6: 'fd02::5' } as const;
const SEED: readonly [number, number] = [0x12345678, 0x9abcdef0];
const CONTROL_PORT = 31_000;

const plan: Plan = await createPlan(
  { targets: [TARGET[4], TARGET[6]], ports: '22,80,53,9,69', tcp: true, udp: true },
  { resolve: async () => [], interfaces: [], seed: SEED },
);
const engine = createMatchingEngine({
  plan,
  srcPort: SRC_PORT,
  controlAt: (_target, protocol, port) =>
    protocol === PROTO_UDP && port === CONTROL_PORT ? 77 : 0,
});
const numbers = { tcp: PROTO_TCP, udp: PROTO_UDP } as const;

function probeOf(family: Family, protocol: 'tcp' | 'udp', port: number): number {
  return plan.space.indexOf(family === 4 ? 0 : 1, numbers[protocol], port);
}

/** The packet that asks this port. */
function question(
  family: Family,
  protocol: 'tcp' | 'udp',
  port: number,
  attempt = 1,
  shape: number = SHAPE.PLAIN,
): Uint8Array {
  const batch = createProbeBatch(1);
  const probe = port === CONTROL_PORT ? NO_PROBE : probeOf(family, protocol, port);
  batch.count = 1;
  batch.probe[0] = probe;
  batch.attempt[0] = attempt;
  batch.protocol[0] = numbers[protocol];
  batch.target[0] = family === 4 ? 0 : 1;
  batch.port[0] = port;
  batch.shape[0] = shape;
  if (protocol === 'udp') batch.length[0] = writePayload(batch.bytes, probe, port);
  const out = new Uint8Array(2000);
  const context = {
    targets: plan.targets,
    source4: SOURCE[4],
    source6: SOURCE[6],
    srcPort: SRC_PORT,
  };
  const keys = { keyHi: SEED[0], keyLo: SEED[1] };
  return out.slice(0, writeProbePacket(batch, 0, { ...context, ...keys }, out, 0));
}

function writePayload(out: Uint8Array, probe: number, port: number): number {
  const word = (purpose: number) => tokenWord(SEED[0], SEED[1], probe, purpose);
  return payloadFor(port).write(out, 0, word(TOKEN.PAYLOAD_HI), word(TOKEN.PAYLOAD_LO));
}

const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
};
const put32 = (bytes: Uint8Array, at: number, value: number): void => {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value & 0xffff);
};
const get32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);

interface Ip {
  readonly from: string;
  readonly ttl?: number;
  readonly protocol: number;
}

/** An IP packet to us. Checksums stay 0: the kernel has looked at them before anything is read here. */
function packet({ from, ttl = 62, protocol }: Ip, payload: Uint8Array): Uint8Array {
  const src = parseIp(from)!;
  const is4 = src.family === 4;
  const head = new Uint8Array(is4 ? 20 : 40);
  if (is4) {
    head.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, ttl, protocol]);
    put16(head, 2, 20 + payload.length);
    head.set(src.bytes.subarray(0, 4), 12);
    head.set(SOURCE[4].subarray(0, 4), 16);
  } else {
    head.set([0x60, 0, 0, 0, 0, 0, protocol, ttl]);
    put16(head, 4, payload.length);
    head.set(src.bytes, 8);
    head.set(SOURCE[6], 24);
  }
  return Uint8Array.of(...head, ...payload);
}

const headerBytes = (family: Family): number => (family === 4 ? 20 : 40);

/** A TCP answer to a question; `change` may spoil the header. */
function tcpAnswer(family: Family, asked: Uint8Array, flags: number, window = 64_240): Uint8Array {
  const at = headerBytes(family);
  const tcp = new Uint8Array(20);
  tcp.set(asked.subarray(at + 2, at + 4), 0);
  tcp.set(asked.subarray(at, at + 2), 2);
  put32(tcp, 4, 0xdeadbeef);
  put32(tcp, 8, (get32(asked, at + 4) + 1) >>> 0);
  tcp[12] = 0x50;
  tcp[13] = flags;
  put16(tcp, 14, window);
  return packet({ from: TARGET[family], protocol: PROTO_TCP }, tcp);
}
const SYN_ACK = 0x12;
const RST_ACK = 0x14;

function udpAnswer(
  from: string,
  srcPort: number,
  payload: Uint8Array,
  dstPort = SRC_PORT,
): Uint8Array {
  const head = new Uint8Array(8);
  put16(head, 0, srcPort);
  put16(head, 2, dstPort);
  put16(head, 4, 8 + payload.length);
  return packet({ from, protocol: PROTO_UDP }, Uint8Array.of(...head, ...payload));
}

/** An ICMP error with this quote. */
function icmpError(
  from: string,
  type: number,
  code: number,
  quote: Uint8Array,
  ttl = 63,
): Uint8Array {
  const is4 = parseIp(from)!.family === 4;
  const body = Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0, ...quote);
  return packet({ from, ttl, protocol: is4 ? 1 : 58 }, body);
}

const UNREACHABLE: Readonly<Record<Family, readonly [number, number]>> = { 4: [3, 3], 6: [1, 4] };

const signals = createSignalBatch(1, 4096);

/** What the engine makes of a packet: the result, and the match as far as a test looks at it. */
function read(bytes: Uint8Array) {
  signals.count = 1;
  signals.kind[0] = SIGNAL.PACKET;
  signals.probe[0] = NO_PROBE;
  signals.attempt[0] = 0;
  signals.tag[0] = 0;
  signals.offset[0] = 0;
  signals.length[0] = bytes.length;
  signals.bytes.set(bytes);
  const result = engine.read(signals, 0);
  const { probe, tag, attempt, answer, fromIsTarget, from, fromPort, ttl, service } = engine.match;
  return { result, probe, tag, attempt, answer, fromIsTarget, from, fromPort, ttl, service };
}

describe.each([4, 6] as const)('answers of TCP, IPv%i', (family) => {
  const asked = question(family, 'tcp', 80, 2);
  const probe = probeOf(family, 'tcp', 80);

  it.each([
    ['SYN-ACK', SYN_ACK, 64_240, ANSWER.ESTABLISHED],
    ['SYN-ACK without a window', SYN_ACK, 0, ANSWER.WINDOWLESS],
    ['RST', RST_ACK, 0, ANSWER.RESET],
  ])('%s', (_, flags, window, answer) => {
    const found = read(tcpAnswer(family, asked, flags, window));
    expect(found).toMatchObject({
      result: 'matched',
      probe,
      attempt: 2,
      answer,
      fromIsTarget: true,
      ttl: 62,
    });
  });

  it('a bare ACK is a half-open connection that has lost its SYN-ACK: open, at nobody knows which attempt', () => {
    const found = read(tcpAnswer(family, asked, 0x10, 64_240));
    expect(found).toMatchObject({ result: 'matched', probe, attempt: 0, answer: ANSWER.SYN_ACK });
  });

  it.each<[string, number, readonly number[], string]>([
    ['a wrong token', 8, [0, 0, 0x30, 0x39], 'bad-token'],
    ['the token of another port', 0, [0, 22], 'bad-token'],
    ['a port that was not asked', 0, [0, 81], 'foreign'],
    ['another port of ours', 2, [0x9c, 0x41], 'foreign'],
    ['a RST without ACK', 13, [0x04], 'not-an-answer'],
    ['a data segment', 13, [0x18], 'not-an-answer'],
    // The last byte of the sender's address.
    ['somebody else', family === 4 ? -5 : -17, [9], 'foreign'],
  ])('%s is no answer', (_, offset, bytes, result) => {
    const answer = tcpAnswer(family, asked, SYN_ACK);
    answer.set(bytes, headerBytes(family) + offset);
    expect(read(answer).result).toBe(result);
  });
});

describe.each([4, 6] as const)('answers of UDP, IPv%i', (family) => {
  const dnsAnswer = (asked: Uint8Array): Uint8Array => {
    const out = new Uint8Array(512);
    const request = { bytes: asked, at: headerBytes(family) + 8, end: asked.length };
    return out.slice(0, answerUdp('dns', request, out, 0));
  };
  const dns = dnsAnswer(question(family, 'udp', 53));
  const probe = probeOf(family, 'udp', 53);

  it('with our token proves the service', () => {
    const found = read(udpAnswer(TARGET[family], 53, dns));
    expect(found).toMatchObject({
      result: 'matched',
      probe,
      answer: ANSWER.DATAGRAM,
      fromIsTarget: true,
    });
    expect(found.service).toMatchObject({ protocol: 'dns' });
  });

  it('without our token proves that something answers', () => {
    const other = dns.slice();
    other[0]! ^= 0x40;
    const found = read(udpAnswer(TARGET[family], 53, other));
    expect(found).toMatchObject({
      result: 'matched',
      probe,
      answer: ANSWER.DATAGRAM,
      service: null,
    });
  });

  it('to another port of ours is foreign', () => {
    expect(read(udpAnswer(TARGET[family], 53, dns, 40_001)).result).toBe('foreign');
  });

  it.each([
    ['another port of the target', TARGET[family], 5353],
    ['another address', ROUTER[family], 53],
  ])('from %s, with our token: a stranger, kept and named', (_, from, port) => {
    const found = read(udpAnswer(from, port, dns));
    expect(found).toMatchObject({ result: 'matched', probe, answer: ANSWER.STRANGER });
    expect(found).toMatchObject({ from, fromPort: port, fromIsTarget: false, service: null });
  });

  it.each([
    ['another port of the target', TARGET[family], 5353],
    ['another address', ROUTER[family], 53],
  ])('from %s, without our token: foreign', (_, from, port) => {
    expect(read(udpAnswer(from, port, Uint8Array.of(1, 2, 3))).result).toBe('foreign');
  });

  it('of TFTP comes from another port of the target', () => {
    // ERROR 1, "File not found" (RFC 1350 section 5).
    const error = Uint8Array.of(0, 5, 0, 1, ...new TextEncoder().encode('File not found'), 0);
    const found = read(udpAnswer(TARGET[family], 50_123, error));
    expect(found).toMatchObject({ result: 'matched', probe: probeOf(family, 'udp', 69) });
    expect(found).toMatchObject({ answer: ANSWER.DATAGRAM, fromIsTarget: true });
    expect(found.service).toMatchObject({ protocol: 'tftp' });
    const stranger = read(udpAnswer(ROUTER[family], 50_123, error));
    expect(stranger.answer === ANSWER.DATAGRAM && stranger.result === 'matched').toBe(false);
  });
});

describe.each([4, 6] as const)('ICMP errors, IPv%i', (family) => {
  const [type, code] = UNREACHABLE[family];
  const error = (quote: Uint8Array, from: string = ROUTER[family]): Uint8Array =>
    icmpError(from, type, code, quote);

  it.each(['tcp', 'udp'] as const)(
    'find their %s probe by the whole quote and by 8 bytes of it',
    (protocol) => {
      const asked = question(family, protocol, protocol === 'tcp' ? 80 : 53, 3);
      const probe = probeOf(family, protocol, protocol === 'tcp' ? 80 : 53);
      for (const quote of [asked, asked.slice(0, headerBytes(family) + 8)]) {
        const found = read(error(quote));
        expect(found).toMatchObject({ result: 'matched', probe, answer: ANSWER.ICMP });
        expect(found).toMatchObject({ from: ROUTER[family], fromIsTarget: false, ttl: 63 });
        // IPv6 has no identification: of UDP the attempt stays open.
        expect(found.attempt).toBe(family === 6 && protocol === 'udp' ? 0 : 3);
      }
      expect(read(error(asked, TARGET[family]))).toMatchObject({ fromIsTarget: true, from: null });
    },
  );

  it('find a control row', () => {
    const found = read(error(question(family, 'udp', CONTROL_PORT), TARGET[family]));
    expect(found).toMatchObject({ result: 'matched', probe: NO_PROBE, tag: 77 });
  });

  it('about a TCP probe with another sequence number is refused', () => {
    const quote = question(family, 'tcp', 80);
    quote[headerBytes(family) + 5]! ^= 0x10;
    expect(read(error(quote)).result).toBe('bad-token');
  });

  it.each([
    ['another source port', 0, 1],
    ['a port that was not asked', 2, 0x20],
  ])('about %s is foreign', (_, offset, bit) => {
    const quote = question(family, 'udp', 9);
    quote[headerBytes(family) + offset]! ^= bit;
    expect(read(error(quote)).result).toBe('foreign');
  });

  it('about a target that was not asked is foreign', () => {
    const quote = question(family, 'udp', 9);
    quote[family === 4 ? 19 : 39]! ^= 1;
    expect(read(error(quote)).result).toBe('foreign');
  });

  it('cut before the ports is foreign', () => {
    const quote = question(family, 'udp', 9);
    for (let length = 0; length < headerBytes(family) + 4; length++) {
      expect(read(error(quote.slice(0, length))).result, `${length} bytes`).toBe('foreign');
    }
  });

  it('that speak of size, redirect or nothing decide nothing', () => {
    const quote = question(family, 'udp', 9);
    const silent =
      family === 4
        ? [
            [3, 4],
            [4, 0],
            [5, 1],
          ]
        : [[2, 0]];
    for (const [otherType, otherCode] of silent) {
      expect(read(icmpError(ROUTER[family], otherType!, otherCode!, quote)).result).toBe(
        'not-an-answer',
      );
    }
  });

  it('that carry none of our identity are foreign', () => {
    // Ports and addresses alone can be guessed. Identification, length, checksum and payload are not the ones sent.
    const quote = question(family, 'udp', 53);
    const at = headerBytes(family);
    if (family === 4) put16(quote, 4, (quote[4]! * 256 + quote[5]!) ^ 0xfff0);
    put16(quote, at + 4, 8 + 99);
    put16(quote, at + 6, (quote[at + 6]! * 256 + quote[at + 7]!) ^ 0x5a5a);
    quote.fill(0x7a, at + 8);
    expect(read(error(quote)).result).not.toBe('matched');
  });

  it.each([
    [3, 'too little of what the token makes', false],
    [4, 'four bytes from where the token begins', true],
  ])('%i payload bytes, %s: ours %s', (shown, _, isOurs) => {
    // A DNS question begins with its id; the checksum and the identification are not the ones sent.
    const quote = question(family, 'udp', 53);
    const at = headerBytes(family);
    if (family === 4) put16(quote, 4, (quote[4]! * 256 + quote[5]!) ^ 0xfff0);
    put16(quote, at + 6, (quote[at + 6]! * 256 + quote[at + 7]!) ^ 0x5a5a);
    expect(read(error(quote.slice(0, at + 8 + shown))).result === 'matched').toBe(isOurs);
  });
});

it('what is asked behind an option is told by the header in front of what is quoted', () => {
  const refused = (shape: number, spoilt = 0) => {
    const quote = question(6, 'udp', 9, 1, shape);
    quote[quote.length - 1]! ^= spoilt;
    quote[headerBytes(6) + 8 + 6]! ^= spoilt;
    return read(icmpError(TARGET[6], 4, 2, quote));
  };
  const probe = probeOf(6, 'udp', 9);
  expect(refused(SHAPE.DST_OPTION)).toMatchObject({ result: 'matched', probe, tag: SHAPED_TAG });
  expect(refused(SHAPE.PLAIN)).toMatchObject({ result: 'matched', probe, tag: 0 });
  expect(refused(SHAPE.DST_OPTION, 1).result).toBe('bad-token');
});

it('an identification that a NAT changed leaves the attempt open, not the probe', () => {
  const quote = question(4, 'udp', 53, 2);
  quote[4]! ^= 0xff;
  const found = read(icmpError(ROUTER[4], 3, 13, quote));
  expect(found).toMatchObject({ result: 'matched', probe: probeOf(4, 'udp', 53), attempt: 0 });
});

describe('hostile bytes', () => {
  const asked = (['tcp', 'udp'] as const).flatMap((protocol) =>
    ([4, 6] as const).map((family) => ({
      family,
      packet: question(family, protocol, protocol === 'tcp' ? 80 : 53),
    })),
  );
  const answers = asked.flatMap(({ family, packet: bytes }) => [
    icmpError(ROUTER[family], ...UNREACHABLE[family], bytes),
    ...(bytes[family === 4 ? 9 : 6] === PROTO_TCP
      ? [tcpAnswer(family, bytes, SYN_ACK), tcpAnswer(family, bytes, RST_ACK, 0)]
      : [udpAnswer(TARGET[family], 53, bytes.slice(headerBytes(family) + 8))]),
  ]);

  it('50,000 mutated answers: nothing throws, and what matches names a probe or a control row', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...answers),
        fc.array(fc.tuple(fc.nat(199), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(200),
        (answer, changes, cut) => {
          const bytes = answer.slice(0, Math.max(1, answer.length - (cut > 150 ? cut - 150 : 0)));
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const found = read(bytes);
          if (found.result !== 'matched') return;
          expect(found.probe < plan.space.count || found.tag !== 0).toBe(true);
          expect(found.answer).not.toBe(ANSWER.NONE);
        },
      ),
      { numRuns: 50_000, seed: 1 },
    );
  });

  it('random bytes are never an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), (bytes) => {
        expect(read(bytes).result).not.toBe('matched');
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });

  it.each([4, 6] as const)(
    'no change of the 28 keyed bits of a sequence number matches, IPv%i',
    (family) => {
      const syn = question(family, 'tcp', 80);
      const at = headerBytes(family);
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 2 ** 28 - 1 }), fc.boolean(), (change, quoted) => {
          const seq = (get32(syn, at + 4) ^ (change << 4)) >>> 0;
          const bytes = syn.slice();
          put32(bytes, at + 4, seq);
          const answer = quoted
            ? icmpError(ROUTER[family], ...UNREACHABLE[family], bytes)
            : tcpAnswer(family, bytes, SYN_ACK);
          expect(read(answer).result).toBe('bad-token');
        }),
        { numRuns: 20_000, seed: 1 },
      );
    },
  );
});

describe('signals of sockets', () => {
  const write = (
    kind: number,
    fields: { probe?: number; tag?: number; info?: number; dstPort?: number; protocol?: number },
  ) => {
    signals.count = 1;
    signals.kind[0] = kind;
    signals.probe[0] = fields.probe ?? NO_PROBE;
    signals.tag[0] = fields.tag ?? 0;
    signals.protocol[0] = fields.protocol ?? PROTO_TCP;
    signals.family[0] = 4;
    signals.info[0] = fields.info ?? 0;
    signals.dst.set(parseIp(TARGET[4])!.bytes, 0);
    signals.from.set(parseIp(TARGET[4])!.bytes, 0);
    signals.dstPort[0] = fields.dstPort ?? 0;
    signals.icmpType[0] = 3;
    signals.icmpCode[0] = 3;
    return { result: engine.read(signals, 0), ...engine.match };
  };
  const probe = probeOf(4, 'tcp', 80);

  it.each([
    ['CONNECTED, window open', SIGNAL.CONNECTED, 5000, ANSWER.ESTABLISHED],
    ['CONNECTED, no window', SIGNAL.CONNECTED, 0, ANSWER.WINDOWLESS],
    ['CONNECTED, window not known', SIGNAL.CONNECTED, 0xffffffff, ANSWER.SYN_ACK],
    ['REFUSED', SIGNAL.REFUSED, 0, ANSWER.RESET],
    ['WINDOW_OPENED', SIGNAL.WINDOW_OPENED, 0, ANSWER.ESTABLISHED],
    ['RESET_AFTER', SIGNAL.RESET_AFTER, 0, ANSWER.WINDOWLESS_RESET],
    ['SEND_FAILED', SIGNAL.SEND_FAILED, 0, ANSWER.SEND_FAILED],
    ['SOCKET_ERROR', SIGNAL.SOCKET_ERROR, 0, ANSWER.SOCKET_ERROR],
    ['ICMP', SIGNAL.ICMP, 0, ANSWER.ICMP],
  ])('%s', (_, kind, info, answer) => {
    expect(write(kind, { probe, info })).toMatchObject({ result: 'matched', probe, answer });
  });

  it('of a kind that nobody knows is no answer', () => {
    expect(write(99, { probe }).result).toBe('not-an-answer');
  });

  it('an ICMP record of UDP is found by its destination', () => {
    const found = write(SIGNAL.ICMP, { protocol: PROTO_UDP, dstPort: 9 });
    expect(found).toMatchObject({
      result: 'matched',
      probe: probeOf(4, 'udp', 9),
      fromIsTarget: true,
    });
    expect(write(SIGNAL.ICMP, { protocol: PROTO_UDP, dstPort: 10 }).result).toBe('foreign');
  });

  it('the tag of a control row is kept', () => {
    expect(write(SIGNAL.REFUSED, { tag: 5, dstPort: 80 })).toMatchObject({
      result: 'matched',
      tag: 5,
      probe: NO_PROBE,
    });
  });
});
